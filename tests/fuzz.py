"""Refreshes from mirrors that were broken at random: `make fuzz`, `make fuzz FUZZ=3000 SEED=7`.

Each is the small mirror with one to three mutations, drawn from its number, so that any can be made again. A refresh of
it, from good tables, keeps these promises whatever it meets:

- it ends, without an exception, and can tell what it found;
- each line below the header of a file that it uses is accepted or set aside;
- no figure changes but those of mutated cells, and none goes away without a word;
- a word is one line and names a file that was mutated, and a file that is not used gets one.

To look at one: `python -m tests.fuzz --seed 7 --first 123 --mirrors 1 --keep DIR`.
"""

from __future__ import annotations

import argparse
import csv
import io
import json
import shutil
import sys
import tempfile
import traceback
from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Any

from rich.progress import track

from backbones.refresh import Report, refresh
from scrapers.client import MirrorClient
from tests.conftest import NO_RESULTS, SMALL_MIRROR, TODAY
from tests.mutants import NEWEST, Files, Mutant, is_answer, mutated

LONGEST_WORD = 500  # characters of a line
# What each table publishes of a line of upstream; one cell of the line is one figure of the row.
FIGURES = {
    "evaluations": ["model", "dataset", "img_size", "crop_pct", "interpolation", "top1", "top5", "params_m", "gmacs"],
    "measurements": [
        *("architecture", "img_size", "environment", "mode", "batch_size", "images_per_s", "step_ms", "params_m"),
    ],
    "costs": ["img_size", "gmacs", "mactivations", "params_m"],
    "survey_rows": ["method", "model_name", "train_set", "size", "params_m", "gmacs", "acc"],
    "second_opinions": ["name", "img_size", "train_set", "params_m", "gmacs", "top1", "top5"],
    "history": ["removed", "model", "img_size", "top1", "params_m"],
}

Figures = dict[tuple[str, str], set[tuple[Any, ...]]]  # by table and source


def figures_of(frames: Mapping[str, Any]) -> Figures:
    """What the tables publish, by table and source; estimates are no figures of a line."""
    found: Figures = {}
    for table, columns in FIGURES.items():
        frame = frames[table]
        if table == "costs":
            frame = frame[~frame["estimated"].astype(bool)]
        if table == "history":
            sources = frames["sources"]
            past = sources[sources["scraper"] == "timm-history"].set_index("revision")["source"]
            frame = frame.assign(source=frame["revision"].map(past), removed=frame["event"] == "removed")
        plain = frame[[*columns, "source"]].astype(object)
        for *row, source in plain.where(plain.notna(), None).itertuples(index=False, name=None):
            found.setdefault((table, source), set()).add(tuple(row))
    return found


def counts_of(content: bytes) -> Iterator[tuple[float | None, ...]]:
    """The figures that the table of costs may publish of a file: it holds those of one file among several."""
    for row in csv.DictReader(io.StringIO(content.decode())):
        if "infer_gmacs" in row or "FLOPs(B)" in row:
            texts = [row.get("infer_img_size") or row["Size"], row.get("infer_gmacs") or row["FLOPs(B)"]]
            texts += [row.get("infer_macts", ""), row.get("param_count") or row["Params(M)"]]
            yield tuple(float(text.replace(",", "")) if text else None for text in texts)


def distance(one: tuple[Any, ...], others: Collection[tuple[Any, ...]]) -> int:
    """In how many figures a row differs from the most alike of others."""
    return min((sum(map(lambda left, right: left != right, one, other)) for other in others), default=len(one))


class Fuzz:
    """Good tables, and what a good refresh makes of them; the refresh of each mutant is held against that."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        paths = (path for path in sorted(SMALL_MIRROR.rglob("*")) if path.is_file())
        self.files = {str(path.relative_to(SMALL_MIRROR)): path.read_bytes() for path in paths}
        shutil.rmtree(folder / "good", ignore_errors=True)
        commits = next(path for path in self.files if "results-imagenet.csv&" in path)
        older = [commit for commit in json.loads(self.files[commits]) if commit["sha"] != NEWEST]
        self.before = self._refresh(self.files | {commits: json.dumps(older).encode()}, folder / "good").frames
        self.known = figures_of(self.before)
        self.report = self.refreshed(self.files)
        sources = self.report.frames["sources"]
        addresses = sources["url"].str.removeprefix("https://")
        self.sources = {
            path: name for path, name in zip(addresses, sources["source"], strict=True) if path in self.files
        }
        self.good = self._good_figures()
        self.heirs = self._heirs()

    def _good_figures(self) -> Figures:
        """Those published, and those that would be if a mutant made them the ones to choose, or news."""
        good = figures_of(self.report.frames)
        results = good["evaluations", "timm/results-imagenet"]
        at = [FIGURES["evaluations"].index(column) for column in FIGURES["history"][1:]]
        for path, source in self.sources.items():
            if path.endswith(".csv"):
                good.setdefault(("costs", source), set()).update(counts_of(self.files[path]))
            if NEWEST in path:
                good["history", source] = {(False, *(row[index] for index in at)) for row in results}
                good["history", source].update(*(rows for (table, _), rows in good.items() if table == "history"))
        return good

    def _heirs(self) -> dict[str, tuple[bytes, Figures]]:
        """By path: a name whose row sets one under a former name aside, and what is published where it is gone."""
        quarantine = self.report.frames["quarantine"]
        aside = quarantine[quarantine["rule"] == "same-architecture"].set_index("source")["detail"]
        heirs = {}
        for path, source in self.sources.items():
            if source in aside:
                name = str(aside[source]).partition(" is a former name of ")[2].partition(",")[0].encode() + b","
                lines = self.files[path].splitlines(keepends=True)
                without = b"".join(line for line in lines if not line.startswith(name))
                heirs[path] = name, figures_of(self.refreshed(self.files | {path: without}).frames)
        return heirs

    def refreshed(self, files: Files) -> Report:
        """What a refresh of the good tables from these files gives."""
        data = self.folder / "data"
        shutil.rmtree(data, ignore_errors=True)
        return self._refresh(files, Path(shutil.copytree(self.folder / "good", data)))

    def _refresh(self, files: Files, data: Path) -> Report:
        root = self.folder / "mirror"
        shutil.rmtree(root, ignore_errors=True)
        for path, content in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_bytes(content)
        return refresh(MirrorClient(root), data, TODAY, [], NO_RESULTS, quiet=True)

    def broken_promises(self, mutant: Mutant) -> list[str]:
        """One line for each."""
        try:
            report = self.refreshed(mutant.files)
            json.dumps([report.to_dict(), report.to_text()])
        except Exception as error:  # noqa: BLE001  whatever it is, it is what is looked for
            where = traceback.extract_tb(error.__traceback__)[-1]
            return [f"{type(error).__name__}: {error} ({Path(where.filename).name}:{where.lineno})"]
        return list(self.judged(report, mutant))

    def judged(self, report: Report, mutant: Mutant) -> Iterator[str]:
        """The promises that the outcome of a refresh breaks."""
        cells: Counter[str] = Counter()
        for path, count in mutant.cells.items():
            cells.update(dict.fromkeys(self._sources_of(path), count))
        new = {*report.errors, *report.warnings} - {*self.report.errors, *self.report.warnings}
        names = {problem.source for problem in new}
        every = {*self.sources.values(), *self.report.frames["sources"]["source"]}
        told = {source for source in every if any(speaks_of(name, source) for name in names)}
        yield from self._uncounted(report, mutant)
        after = figures_of(report.frames)
        yield from self._changed(after, cells, self._inherited(report, mutant))
        yield from self._lost(after, cells, told)
        if _counted(self.before) - _counted(report.frames) and not told and not any(cells.values()):
            yield "rows of costs went away without a word"
        yield from self._words(report, mutant, cells)
        yield from self._untold(report, mutant, told)

    def _sources_of(self, path: str) -> list[str]:
        """The source that a table is; of an answer of GitHub every source of that repository."""
        repository = path.split("/")[2:4]
        return [
            source
            for file, source in self.sources.items()
            if file == path or (is_answer(path) and file.split("/")[1:3] == repository)
        ]

    def _uncounted(self, report: Report, mutant: Mutant) -> Iterator[str]:
        """Tables with a line that is neither accepted nor set aside, or counted twice."""
        contents = {sha256(mutant.files[path]).hexdigest(): mutant.files[path] for path in mutant.tables()}
        for row in report.frames["sources"].itertuples():
            if row.sha256 in contents:
                lines = contents[row.sha256].decode().removeprefix("\ufeff").split("\n")
                below = len([line for line in lines if line.strip()]) - 1
                if not below == row.rows_read == row.rows_accepted + row.rows_quarantined:
                    counts = f"{row.rows_read} read, {row.rows_accepted} accepted, {row.rows_quarantined} set aside"
                    yield f"{row.source}: {counts} of {below} lines"

    def _inherited(self, report: Report, mutant: Mutant) -> Figures:
        """What a former name publishes of files that lack the row of the present one, and have no broken row."""
        sources = report.frames["sources"]
        whole = set(sources.loc[sources["state"] == "current", "source"])
        return {
            key: rows
            for path, (name, figures) in self.heirs.items()
            if path in mutant.files and b"\n" + name not in mutant.files[path]
            for key, rows in figures.items()
            if key[1] == self.sources[path] and key[1] in whole
        }

    def _changed(self, after: Figures, cells: Mapping[str, int], inherited: Figures) -> Iterator[str]:
        """Rows that no good table has: as many as cells were mutated, and each like a good one but for those cells.

        That a mutated revision lacks a row is told by the history itself, as a removal. Where no good row has a name
        and size, the line of a former name may have been moved there.
        """
        for key, figures in after.items():
            table, source = key
            good = self.good.get(key, set()) | inherited.get(key, set())
            former = {row for _, rows in self.heirs.values() for row in rows.get(key, ())}
            places = {row[:2] for row in good}
            new = [row for row in figures - good if not (table == "history" and row[0] and source in cells)]
            far = [row for row in new if distance(row, good if row[:2] in places else good | former) > cells[source]]
            if far or len(new) > cells[source]:
                yield f"{source}: {len(new)} rows of {table} changed, such as {(far or new)[0]}"

    def _lost(self, after: Figures, cells: Mapping[str, int], told: Collection[str]) -> Iterator[str]:
        """Rows that went away, more than cells were mutated, without a word."""
        for (table, source), figures in self.known.items():
            lost = figures - after.get((table, source), set())
            if table != "costs" and len(lost) > cells[source] and source not in told:
                yield f"{source}: {len(lost)} rows of {table} went away without a word, such as {min(lost, key=str)}"

    def _words(self, report: Report, mutant: Mutant, cells: Mapping[str, int]) -> Iterator[str]:
        """Words that are no line, or speak of nothing or of a file that is whole."""
        for problem in [*report.errors, *report.warnings]:
            line = str(problem)
            if not problem.source or not line.isprintable() or len(line) > LONGEST_WORD:
                yield f"not one printable line that names a file: {line[:100]!r}"
        listed = any(map(is_answer, mutant.cells))  # by a mutated answer, under whatever name
        for problem in report.errors:
            known = {source for source in self.sources.values() if speaks_of(problem.source, source)}
            if not (known & cells.keys() if known else listed):
                yield f"told of a file that is whole: {problem}"

    def _untold(self, report: Report, mutant: Mutant, told: Collection[str]) -> Iterator[str]:
        """Mutated tables that were not used, though no word says so; of a commit that is listed, else nobody asks."""
        used = set(report.frames["sources"]["sha256"])
        listed = b"".join(content for path, content in mutant.files.items() if is_answer(path)).decode(errors="replace")
        for path in mutant.cells.keys() & self.sources.keys():
            content, commit = mutant.files.get(path), path.split("/")[3]
            if self.sources[path] in told or commit not in listed:
                continue
            if content is None or sha256(content).hexdigest() not in used:
                yield f"{self.sources[path]}: is not used, and no word says so"


def _counted(frames: Mapping[str, Any]) -> set[tuple[str, int]]:
    """What has a count of compute, of whichever file: an architecture at an image size."""
    return set(zip(frames["costs"]["architecture"], frames["costs"]["img_size"], strict=True))


def speaks_of(name: str, source: str) -> bool:
    """Whether a problem of that name is one of a source: it names the file or its scraper."""
    return source == name or source.startswith(f"{name}/")


def main() -> int:
    """The exit status: 0 when every promise was kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--mirrors", type=int, default=300)
    parser.add_argument("--first", type=int, default=0, help="number of the first mirror")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--keep", type=Path, help="folder for the last mirror and its tables")
    given = parser.parse_args()
    broken = 0
    with tempfile.TemporaryDirectory() as folder:
        fuzz = Fuzz(given.keep or Path(folder))
        for number in track(range(given.first, given.first + given.mirrors), description="mirrors"):
            mutant = mutated(fuzz.files, number, given.seed)
            promises = fuzz.broken_promises(mutant)
            broken += bool(promises)
            for promise in promises:
                print(f"{number} of seed {given.seed} ({'; '.join(mutant.done)}): {promise}", flush=True)
    print(f"{given.mirrors} mirrors of seed {given.seed}: {broken} broke a promise")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
