"""Compares every published figure with the line of upstream that it names: `make audit`, `make audit MIRROR=DIR`.

It shares no code with what made the figures, imports nothing but the standard library, and reads the published files as
a stranger would: the tables (of catalog/, or data/ of the built site) and the JSON files of the site's api/v1.
"""

from __future__ import annotations

import argparse
import csv
import hashlib
import json
import sys
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parent.parent
RAW = "https://raw.githubusercontent.com/"
TIMEOUT_S = 60
# What the name of a results file says, where it is not the data set's own name.
DATA_SETS = {"imagenetv2-matched-frequency": "imagenetv2", "sketch": "imagenet-sketch"}
FLAT = "backbone_performance.csv"
UNKNOWN = "-1"  # in the flat table, as in the original survey
TOLERANCE = 1e-9  # as a share: tables are written with ten digits
SHOWN = 50  # findings

Row = dict[str, str]
Columns = dict[str, tuple[str, ...]]

# What a published column is called upstream; several names are those of different years.
RESULTS: Columns = {
    "img_size": ("img_size",),
    "top1": ("top1",),
    "top5": ("top5",),
    "params_m": ("param_count",),
    "crop_pct": ("crop_pct", "cropt_pct"),
    "interpolation": ("interpolation",),
}
BENCHMARK: Columns = {
    "params_m": ("param_count",),
    **{
        name: (f"infer_{upstream}", f"train_{upstream}")
        for name, upstream in {
            "img_size": "img_size",
            "batch_size": "batch_size",
            "images_per_s": "samples_per_sec",
            "step_ms": "step_time",
            "gmacs": "gmacs",
            "mactivations": "macts",
        }.items()
    },
}
HERE: Columns = {
    **BENCHMARK,
    **{name: (name,) for name in ("p10_ms", "p90_ms", "compile_s", "cold_start_s", "peak_memory_mb", "parity_error")},
}
SURVEY: Columns = {
    "method": ("Method",),
    "model_name": ("Model",),
    "train_set": ("TrainSet",),
    "size": ("Size",),
    "img_size": ("Size",),
    "params_m": ("Params(M)",),
    "gmacs": ("FLOPs(B)",),
    "acc": ("Acc",),
    "top1": ("Acc",),
}
KECAM: Columns = {
    "name": ("model",),
    "img_size": ("input",),
    "train_set": ("extra",),
    "params_m": ("params",),
    "gmacs": ("flops",),
    "top1": ("acc_metrics",),
}


@dataclass(frozen=True)
class Kind:
    """A kind of file: how its sources begin, its columns, and the tables that hold each of its lines once."""

    prefix: str
    columns: Columns
    held_in: tuple[str, ...] = ()


KINDS = (
    Kind("timm/results-", RESULTS, ("scores",)),
    Kind("timm-history/", RESULTS),
    Kind("timm/benchmark-", BENCHMARK, ("measurements",)),
    Kind("survey/backbone_performance", SURVEY, ("survey_rows",)),
    Kind("kecam/", KECAM, ("second_opinions",)),
    Kind("local/evaluations/", HERE),
    Kind("local/", HERE, ("runs",)),
)


@dataclass(frozen=True)
class Claim:
    """Figures of a published row, and the line of upstream that it names.

    `where` is the row's own place; `names` are those that upstream's row may bear, none where it is not told. Figures
    `as_read` are upstream's own; others hold the declared corrections.
    """

    where: str
    source: str
    line: str
    names: frozenset[str]
    figures: Mapping[str, object]
    as_read: bool = False


@dataclass
class Audit:
    """What was compared, and what does not agree, one line each."""

    figures: int = 0
    rows: int = 0
    lines: int = 0
    files: int = 0
    findings: list[str] = field(default_factory=list)
    unread: Counter[str] = field(default_factory=Counter)


class Upstream:
    """The files of upstream at the revisions that the tables name, by source: from a mirror, or from the network."""

    def __init__(self, sources: list[Row], mirror: Path | None) -> None:
        self.urls = {row["source"]: row["url"] for row in sources}
        self._mirror = mirror
        self._rows: dict[str, dict[int, Row]] = {}

    def content(self, source: str) -> bytes:
        """The bytes of a source. Raises OSError when they cannot be had."""
        url = self.urls[source]
        if not url.startswith(RAW):
            return (ROOT / url).read_bytes()
        if self._mirror:
            return (self._mirror / url.removeprefix("https://")).read_bytes()
        with urllib.request.urlopen(url, timeout=TIMEOUT_S) as answer:
            return bytes(answer.read())

    def rows(self, source: str) -> dict[int, Row]:
        """The fields of each line by column name."""
        if source not in self._rows:
            lines = self.content(source).decode("utf-8-sig").split("\n")
            told = {number: fields(line.rstrip("\r")) for number, line in enumerate(lines, 1) if line.strip()}
            header = told.pop(min(told))
            self._rows[source] = {number: dict(zip(header, row, strict=False)) for number, row in told.items()}
        return self._rows[source]


def fields(line: str) -> list[str]:
    """The fields of one line of CSV; a quoted one may hold commas."""
    found, text, quoted = [], "", False
    for character in line:
        if character == '"':
            quoted = not quoted
        elif character == "," and not quoted:
            found.append(text)
            text = ""
        else:
            text += character
    return [*found, text]


def kind_of(source: str) -> Kind | None:
    """What is known of a source; None for one that is not a table of figures."""
    return next((kind for kind in KINDS if source.startswith(kind.prefix)), None)


def audit(data: Path, mirror: Path | None = None, api: Path | None = None) -> Audit:
    """Compare the tables in `data`, and the JSON files in `api`, with upstream."""
    tables = {path.stem: read(path) for path in sorted(data.glob("*.csv"))}
    upstream, done = Upstream(tables["sources"], mirror), Audit()
    usable = check_files(tables["sources"], upstream, done)
    corrections = {
        (row["source"], row["line"], row["column"]): row for row in tables["corrections"] if row["state"] == "applied"
    }
    claims = [*of_tables(tables), *of_flat(data, tables), *(of_api(api, tables) if api else ())]
    for claim in claims:
        if claim.source in usable:
            compare(claim, upstream, corrections, done)
        elif claim.figures:
            done.unread[claim.source] += 1
    check_conditions(tables, done)
    check_lines(tables, upstream, usable, done)
    return done


def read(path: Path) -> list[Row]:
    """The rows of a published table."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def check_files(sources: list[Row], upstream: Upstream, done: Audit) -> set[str]:
    """The sources that can be compared: tables whose bytes are those that were read when the rows were made."""
    usable = set()
    for row in sources:
        if kind_of(row["source"]) is None or row["state"] == "stale":
            continue
        try:
            digest = hashlib.sha256(upstream.content(row["source"])).hexdigest()
        except OSError as error:
            done.findings.append(f"{row['source']}: {row['url']} cannot be read: {error}")
            continue
        if digest == row["sha256"]:
            usable.add(row["source"])
        else:
            done.findings.append(f"{row['source']}: {row['url']} is not the file that was read: its sha256 is {digest}")
    done.files = len(usable)
    return usable


def of_tables(tables: dict[str, list[Row]]) -> Iterator[Claim]:
    """What the tables say, row by row."""
    names = known_names(tables)
    for table in ("scores", "evaluations", "measurements", "layer_measurements", "costs"):
        for number, row in enumerate(tables.get(table, ()), 2):  # evaluations have a file where they are published
            if row.get("estimated") != "true":
                called = names.get(row.get("model") or row.get("architecture") or "", frozenset())
                figures = row | {row["metric"]: row["value"]} if table == "scores" else row
                yield Claim(f"{table}.csv:{number}", row["source"], row["line"], called, figures)
    for table in ("survey_rows", "second_opinions"):  # upstream's name is one of their columns
        for number, row in enumerate(tables[table], 2):
            yield Claim(f"{table}.csv:{number}", row["source"], row["line"], frozenset(), row, as_read=True)
    for number, row in enumerate(tables["architectures"], 2):
        figures, called = {"params_m": row["params_m"]}, names[row["architecture"]]
        yield Claim(f"architectures.csv:{number}", row["params_source"], row["params_line"], called, figures)
    for number, row in enumerate(tables["models"], 2):
        yield Claim(f"models.csv:{number}", row["source"], row["line"], names[row["model"]], {})
    revisions = {row["revision"]: row["source"] for row in tables["sources"] if row["scraper"] == "timm-history"}
    for number, row in enumerate(tables["history"], 2):
        if row["event"] != "removed":
            called = frozenset({row["name"] or row["model"]})
            yield Claim(f"history.csv:{number}", revisions.get(row["revision"], ""), row["line"], called, row)


def known_names(tables: dict[str, list[Row]]) -> dict[str, frozenset[str]]:
    """What a model, or an architecture, is or was called upstream: its name, those of its weights, and former ones."""
    names: dict[str, set[str]] = {row["architecture"]: {row["architecture"]} for row in tables["architectures"]}
    for row in tables["models"]:
        called = {row["model"], *row["former_names"].split(";")} - {""}
        names.setdefault(row["model"], set()).update(called)
        names[row["architecture"]] |= called | {name.partition(".")[0] for name in called}
    return {key: frozenset(called) for key, called in names.items()}


def of_flat(data: Path, tables: dict[str, list[Row]]) -> Iterator[Claim]:
    """What backbone_performance.csv says; it lies with the tables, or beside catalog/ for those of the repository."""
    path = next(path for path in (data / FLAT, ROOT / FLAT) if path.exists())
    names = known_names(tables)
    for number, row in enumerate(read(path), 2):
        figures = {"top1": row["Acc"], "top5": row["Top5"], "img_size": row["Size"]}
        yield Claim(f"{FLAT}:{number}", row["Source"], row["Line"], names[row["Key"]], figures)
        if row["FLOPs(B)"] != UNKNOWN:
            yield Claim(f"{FLAT}:{number}", row["CostSource"], row["CostLine"], frozenset(), {"gmacs": row["FLOPs(B)"]})


def of_api(api: Path, tables: dict[str, list[Row]]) -> Iterator[Claim]:
    """What the JSON files say: every object with a source and a line."""
    names = known_names(tables)
    for path in sorted([*api.glob("models/*.json"), *api.glob("leaderboard/*.json")]):
        content = json.loads(path.read_bytes())
        where = path.relative_to(api).as_posix()
        for row in content.get("results", ()):
            figures = {name: row[name] for name in ("img_size", "top1", "top5") if name in row}
            called = names[row["model"]]
            yield Claim(f"{where} {row['model']}", row["source"], str(row["line"]), called, figures)
            if "gmacs" in row and "cost_source" in row:
                figures = {"gmacs": row["gmacs"]}
                yield Claim(f"{where} {row['model']}", row["cost_source"], str(row["cost_line"]), frozenset(), figures)
        for part in ("evaluations", "measurements", "costs", "survey_rows", "second_opinions"):
            for number, row in enumerate(content.get(part, ())):
                if not row.get("estimated"):
                    as_read = part == "survey_rows"
                    yield Claim(f"{where} {part}[{number}]", row["source"], str(row["line"]), frozenset(), row, as_read)


def compare(claim: Claim, upstream: Upstream, corrections: Mapping[tuple[str, str, str], Row], done: Audit) -> None:
    """Hold the figures of a claim against the line of upstream that it names."""
    kind = kind_of(claim.source)
    assert kind is not None
    theirs = upstream.rows(claim.source).get(int(claim.line or 0))
    if theirs is None:
        done.findings.append(f"{claim.where}: {claim.source} has no line {claim.line or '(blank)'}")
        return
    done.rows += 1
    if "model" in theirs and claim.names and theirs["model"] not in claim.names:
        told = f"is of {min(claim.names, key=len)}, {claim.source}:{claim.line} of {theirs['model']}"
        done.findings.append(f"{claim.where}: {told}")
    for name, called in kind.columns.items():
        ours = claim.figures.get(name)
        column = next((column for column in called if column in theirs), None)
        if ours in (None, "") or column is None:
            continue
        correction = None if claim.as_read else corrections.get((claim.source, claim.line, column))
        expected = correction["corrected"] if correction else theirs[column]
        done.figures += 1
        if not same(str(ours), expected):
            done.findings.append(f"{claim.where}: {name} is {ours}, {claim.source}:{claim.line} says {expected}")


def same(ours: str, theirs: str) -> bool:
    """Whether two texts are the same number, or the same words."""
    try:
        one, other = float(ours), float(theirs.replace(",", ""))
    except ValueError:
        return ours == theirs.strip()
    return abs(one - other) <= TOLERANCE * max(abs(one), abs(other))


def check_conditions(tables: dict[str, list[Row]], done: Audit) -> None:
    """The data set and the environment of a row are those that the name of its file tells."""
    environments = {row["environment"]: row for row in tables["environments"]}
    for number, row in enumerate(tables["scores"], 2):
        scraper, _, stem = row["source"].partition("/results-")
        if scraper == "timm" and row["dataset"] != DATA_SETS.get(stem, stem):
            done.findings.append(f"scores.csv:{number}: dataset is {row['dataset']}, its file is {row['source']}")
    for number, row in enumerate(tables["measurements"], 2):
        if row["source"].startswith("timm/benchmark-"):
            _, mode, precision, layout, *others = row["source"].split("-")
            told = (mode, precision, layout, "true" if "dynamo" in others else "false")
            environment = environments[row["environment"]]
            found = (row["mode"], environment["precision"], environment["layout"], environment["compiled"])
            if found != told:
                done.findings.append(f"measurements.csv:{number}: {' '.join(found)}, its file is {row['source']}")


def check_lines(tables: dict[str, list[Row]], upstream: Upstream, usable: set[str], done: Audit) -> None:
    """Each line of upstream stands in its table or in the quarantine, exactly once."""
    held: dict[str, Counter[int]] = {source: Counter() for source in usable}
    for source, lines in held.items():
        kind = kind_of(source)
        for table in (*(kind.held_in if kind else ()), "quarantine"):
            rows = [row for row in tables[table] if row["source"] == source and row.get("metric") != "top5"]
            lines.update(int(row["line"]) for row in rows)
    for source in sorted(usable):
        kind = kind_of(source)
        if kind and kind.held_in:
            for line in upstream.rows(source):
                done.lines += 1
                if held[source][line] != 1:
                    done.findings.append(f"{source}:{line}: held {held[source][line]} times, expected once")


def main() -> int:
    """The exit status: 0 when all agree."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--data", type=Path, default=ROOT / "catalog" / "data", help="folder of the published tables")
    parser.add_argument("--api", type=Path, help="folder api/v1 of the built site")
    parser.add_argument("--mirror", type=Path, help="read upstream from this folder and touch no network")
    given = parser.parse_args()
    done = audit(given.data, given.mirror, given.api)
    for finding in done.findings[:SHOWN]:
        print(finding)
    if len(done.findings) > SHOWN:
        print(f"and {len(done.findings) - SHOWN} more")
    for source, rows in sorted(done.unread.items()):
        print(f"not compared: {rows} rows of {source or 'no source'}")
    print(
        f"{done.figures} figures of {done.rows} rows compared with {done.files} files, {done.lines} lines looked for: "
        f"{len(done.findings)} do not agree"
    )
    return 1 if done.findings else 0


if __name__ == "__main__":
    sys.exit(main())
