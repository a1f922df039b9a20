"""What the leaderboard page loads: the core (ImageNet and the models), then a file per data set and per environment.

Results and speeds are keyed by the model's name and the image size, so files cannot get out of step with each other;
inside the core, results point into its list of models instead of naming them again (5 kB less after gzip).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from catalog.identity import address
from catalog.leaderboard import environments_by_coverage
from catalog.metrics import METRICS
from catalog.schema import DATASETS
from catalog.speed_tables import OURS, SHOWN
from survey.leaderboard.packing import Packed, pack, refer
from survey.project import project
from survey.provenance import line_address

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog import Catalog

FORMAT = 2  # of the files; the page refuses another
MAIN_DATASET = "imagenet"
KEY = ["model", "img_size"]
MODEL_COLUMNS = [
    "model",
    "architecture",
    "family",
    "family_name",
    "kind",
    "train_set",
    "pretrain_sets",
    "distilled",
    "licence",
    "origin",
    "first_seen",
]
RESULT_COLUMNS = [
    *KEY,
    "crop_pct",
    "interpolation",
    "top1",
    "top5",
    "evidence",
    "corrected",
    "params_m",
    "gmacs",
    "mactivations",
    "cost_note",
    "source",
    "line",
    "cost_source",
    "cost_line",
]
DIFFERENCE_COLUMNS = ["top1_diff", "top5_diff", "rank_diff"]
SPEED_COLUMNS = [*KEY, "images_per_s", "batch_size", "speed_note", "speed_source", "speed_line"]


def payloads(catalog: Catalog) -> dict[str, dict[str, Any]]:
    """Every data file by its stem: `core`, each other data set under its key, each environment under `speed_file`."""
    results = {dataset: catalog.leaderboard(dataset) for dataset in DATASETS}
    results = {dataset: frame for dataset, frame in results.items() if len(frame)}
    speeds = _speeds(catalog, results)
    files: dict[str, dict[str, Any]] = {"core": {}}
    for dataset, frame in results.items():
        if dataset != MAIN_DATASET:
            files[dataset] = {"format": FORMAT, "dataset": dataset, "results": _pack_results(catalog, dataset, frame)}
    for environment, frame in speeds.items():
        files[speed_file(environment)] = {"format": FORMAT, "environment": environment, "speeds": pack(frame)}
    files["core"] = _core(catalog, results, speeds)
    return files


def _core(catalog: Catalog, results: Mapping[str, pd.DataFrame], speeds: Mapping[str, pd.DataFrame]) -> dict[str, Any]:
    every = pd.concat(list(results.values()), ignore_index=True) if results else catalog.leaderboard(MAIN_DATASET)
    models = every[MODEL_COLUMNS].drop_duplicates("model").sort_values("model", kind="stable")
    # timm's names begin with that of the architecture: the page completes those that are left out here.
    own = models["architecture"] != [str(model).split(".")[0] for model in models["model"]]
    models = models.assign(architecture=models["architecture"].where(own))
    used = pd.concat([every["source"], every["cost_source"], *(frame["speed_source"] for frame in speeds.values())])
    main = results.get(MAIN_DATASET, every.iloc[:0])
    return {
        "format": FORMAT,
        "as_of": catalog.as_of,
        "author": project().author,
        "year": catalog.refreshed[:4],
        "dataset": MAIN_DATASET,
        "datasets": [{"key": key, "label": DATASETS[key], "rows": len(frame)} for key, frame in results.items()],
        "environments": _environments(catalog, speeds),
        "sources": _sources(catalog, set(used.dropna())),
        "metrics": {
            metric.column: {"decimals": metric.decimals, "unit": metric.unit, "descending": metric.better == "higher"}
            for metric in METRICS.values()
        },
        "models": pack(models),
        "pages": {name: page for name in models["model"] if (page := address(name)) != name},
        "results": refer(_pack_results(catalog, MAIN_DATASET, main), "model", models["model"]),
    }


def _pack_results(catalog: Catalog, dataset: str, frame: pd.DataFrame) -> Packed:
    """The results in the leaderboard's order; other data sets than ImageNet with the differences to it."""
    frame = frame[RESULT_COLUMNS]
    if dataset != MAIN_DATASET:
        evaluations = catalog.evaluations[catalog.evaluations["dataset"] == dataset]
        differences = evaluations[[*KEY, "source", *DIFFERENCE_COLUMNS]]
        frame = frame.merge(differences, on=[*KEY, "source"], how="left", validate="one_to_one")
    return pack(frame)


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
    for environment in environments_by_coverage(catalog).index:
        frames = [catalog.leaderboard(dataset, environment) for dataset in asked]
        frame = pd.concat([frame.loc[frame["images_per_s"].notna(), SPEED_COLUMNS] for frame in frames])
        frame = frame.drop_duplicates(KEY).sort_values(KEY, kind="stable")
        for column in ("batch_size", "speed_line"):
            frame[column] = frame[column].astype("Int64")
        speeds[str(environment)] = frame
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
