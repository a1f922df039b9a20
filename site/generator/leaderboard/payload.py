"""What the leaderboard page loads: the core (ImageNet and the models), then a file per data set and per environment.

Results and speeds are keyed by the model's name and the image size, so files cannot get out of step with each other;
inside the core, results point into its list of models instead of naming them again (5 kB less after gzip).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from catalog.fields import FIELDS, MAIN_AXIS, PANELS, Field, Metric, fields_from
from catalog.identity import address
from catalog.leaderboard import environments_by_coverage
from catalog.schema import DATASETS
from catalog.speed_tables import SHOWN
from catalog.vocabulary import IMAGENET, NOTE_WORDS, OURS, RANKED_EVIDENCE
from generator.charts.style import TRAIN_GROUPS
from generator.charts.writer_plotly import SYMBOLS
from generator.leaderboard.packing import Packed, pack, refer
from generator.project import project
from generator.provenance import line_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog import Catalog

FORMAT = 3  # of the files; the page refuses another
KEY = ["model", "img_size"]
# The tables of the catalog whose columns travel with the models, with the results and with the speeds.
MODEL_TABLES = ("models", "architectures", "families")
RESULT_TABLES = ("evaluations", "costs")
SPEED_TABLES = ("measurements",)


def payloads(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Every data file by its stem: `core`, each other data set under its key, each environment under `speed_file`."""
    results = {dataset: catalog.leaderboard(dataset) for dataset in DATASETS}
    results = {dataset: frame for dataset, frame in results.items() if len(frame)}
    speeds = _speeds(catalog, results)
    files: dict[str, dict[str, Any]] = {"core": {}}
    for dataset, frame in results.items():
        if dataset != IMAGENET:
            files[dataset] = {"format": FORMAT, "dataset": dataset, "results": _pack_results(dataset, frame)}
    for environment, frame in speeds.items():
        files[speed_file(environment)] = {"format": FORMAT, "environment": environment, "speeds": pack(frame)}
    files["core"] = _core(catalog, results, speeds)
    return files


def _core(catalog: Catalog, results: Mapping[str, pd.DataFrame], speeds: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    every = pd.concat(list(results.values()), ignore_index=True) if results else catalog.leaderboard(IMAGENET)
    models = every[_names(MODEL_TABLES)].drop_duplicates("model").sort_values("model", kind="stable")
    # timm's names begin with that of the architecture: the page completes those that are left out here.
    own = models["architecture"] != [str(model).split(".")[0] for model in models["model"]]
    models = models.assign(architecture=models["architecture"].where(own))
    used = pd.concat([every["source"], every["cost_source"], *(frame["speed_source"] for frame in speeds.values())])
    main = results.get(IMAGENET, every.iloc[:0])
    return {
        "format": FORMAT,
        "as_of": catalog.as_of,
        "author": project().author,
        "year": catalog.refreshed[:4],
        "dataset": IMAGENET,
        "datasets": [{"key": key, "label": DATASETS[key], "rows": len(frame)} for key, frame in results.items()],
        "environments": _environments(catalog, speeds),
        "sources": _sources(catalog, set(used.dropna())),
        **vocabulary(),
        "models": pack(models),
        "pages": {name: page for name in models["model"] if (page := address(name)) != name},
        "results": refer(_pack_results(IMAGENET, main), "model", models["model"]),
    }


def vocabulary() -> dict[str, Any]:
    """The columns, and the words and rules that the page shares with the catalog."""
    return {
        "columns": [_column(field) for field in FIELDS.values() if field.key],
        "panels": PANELS,
        "axis": MAIN_AXIS,
        "ranked": RANKED_EVIDENCE,
        "notes": NOTE_WORDS,
        "groups": [
            {"name": group.name, "members": group.members, "colour": group.colour, "symbol": SYMBOLS[group.marker]}
            for group in TRAIN_GROUPS
        ],
    }


def _column(field: Field) -> dict[str, Any]:
    """What the script needs of a column; what is blank or false is left out."""
    column = {
        "key": field.key,
        "property": field.column,
        "head": field.head,
        "help": field.description[:1].upper() + field.description[1:],
        "type": "" if field.type == "text" else field.type,
        "width": field.width,
        "shown": field.shown,
        "difference": field.difference,
        "descending": field.descending,
        "values": field.values,
        "range": (field.range_key or field.key) if field.range else "",
        "panel": field.panel if field.values or field.range else "",
        "searchable": field.searchable,
        "keyedBy": field.keyed_by,
        "words": field.words,
        "short": field.short,
    }
    if isinstance(field, Metric):
        column |= {
            "label": field.label,
            "heading": field.heading,
            "decimals": field.decimals,
            "threeFigures": field.three_figures,
            "plain": field.plain,
            "note": field.note,
            "comparableNotes": field.comparable_notes if field.note else "",
            "axis": bool(field.frontier),
        }
    return {name: value for name, value in column.items() if value or name == "decimals"}


def _pack_results(dataset: str, frame: pd.DataFrame) -> Packed:
    """The results in the leaderboard's order; those of other data sets than ImageNet with the differences to it."""
    return pack(frame[[*KEY, *_names(RESULT_TABLES, differences=dataset != IMAGENET)]])


def _names(tables: tuple[str, ...], *, differences: bool = False) -> list[str]:
    """The columns that are joined from some tables, but for the image size, which is a key."""
    found = [field for field in fields_from(*tables) if field.column not in KEY[1:]]
    return [field.column for field in found if differences or not field.difference]


def _speeds(catalog: Catalog, results: Mapping[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
    """By environment, the widest coverage first: the speed of every (model, image size) that any data set lists."""
    # Each (model, image size) is looked up in one data set only: nearly all are in ImageNet.
    asked: list[str] = []
    seen: set[tuple[str, int]] = set()
    for dataset, frame in results.items():
        keys = set(zip(frame["model"], frame["img_size"], strict=True))
        if keys - seen:
            asked.append(dataset)
            seen |= keys
    speeds = {}
    speed_columns = [*KEY, *_names(SPEED_TABLES)]
    for environment in environments_by_coverage(catalog).index:
        frames = [catalog.leaderboard(dataset, environment) for dataset in asked]
        frame = pd.concat([frame.loc[frame["images_per_s"].notna(), speed_columns] for frame in frames])
        speeds[str(environment)] = frame.drop_duplicates(KEY).sort_values(KEY, kind="stable")
    return speeds


def _environments(catalog: Catalog, speeds: Mapping[str, pd.DataFrame]) -> list[dict[str, Any]]:
    by_key = catalog.environments.set_index("environment")
    return [
        {
            "key": key,
            "file": speed_file(key),
            "label": f"{by_key.at[key, 'label']}{_whose(catalog, key)}",
            "kind": str(by_key.at[key, "kind"]),
            "origin": str(by_key.at[key, "origin"]),
            "rows": len(frame),
        }
        for key, frame in speeds.items()
    ]


def _whose(catalog: Catalog, environment: str) -> str:
    """Whose code ran in an environment that was measured here; upstream's are all of timm's."""
    if catalog.environments.set_index("environment").at[environment, "origin"] != "here":
        return ""
    timed = catalog.measurements[catalog.measurements["environment"] == environment]
    shown = [name for name in SHOWN if (timed["implementation"] == name).any()]
    return ", " + " or ".join("ours" if name == OURS else name for name in shown)


def speed_file(environment: str) -> str:
    """The stem of an environment's data file; no name makes a path of it."""
    return f"speed-{address(environment)}"


def _sources(catalog: Catalog, used: set[str]) -> list[dict[str, str]]:
    table = catalog.sources[catalog.sources["source"].isin(used)].sort_values("source")
    return [
        {
            "key": str(row.source),
            "url": _text(row.url),
            "page": line_address(row, None),
            "revision": _text(row.revision),
        }
        for row in table.itertuples()
    ]


def _text(value: Any) -> str:
    return "" if pd.isna(value) else str(value)
