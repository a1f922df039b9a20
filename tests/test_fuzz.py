"""Whatever a mirror holds, a refresh keeps its promises: see `tests/fuzz.py`, and `make fuzz` for more than this."""

from __future__ import annotations

import copy
import random

import pytest

from backbones.refresh import Report
from catalog.problems import Problem
from tests import fuzz
from tests.fuzz import FIGURES, Fuzz
from tests.mutants import MUTATIONS, Mutant, mutated

MIRRORS = 10  # some fifteen seconds; `make fuzz` is for more
RESULTS = "timm/results-imagenet-real"


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Fuzz:
    return Fuzz(tmp_path_factory.mktemp("fuzz"))


def spoiled(ready: Fuzz, table: str, column: str, rows: slice = slice(None)) -> Report:
    """The report of the good refresh with other figures in a column."""
    report = copy.copy(ready.report)
    frame = report.frames[table].copy()
    chosen = frame.index[rows]
    frame.loc[chosen, column] = frame.loc[chosen, column] + (1 if frame[column].dtype.kind in "if" else "x")
    report.frames = report.frames | {table: frame}
    return report


def found(ready: Fuzz, report: Report, cells: int = 0) -> str:
    """The promises that a report breaks, where that many cells of a results file were mutated."""
    mutant = Mutant(dict(ready.files))
    if cells:
        mutant.cells[next(path for path, source in ready.sources.items() if source == RESULTS)] = cells
    return "\n".join(ready.judged(report, mutant))


@pytest.mark.parametrize("number", range(MIRRORS))
def test_no_broken_mirror_breaks_a_promise(ready: Fuzz, number: int) -> None:
    mutant = mutated(ready.files, number, seed=0)
    assert ready.broken_promises(mutant) == [], mutant.done


def test_a_good_refresh_breaks_none(ready: Fuzz) -> None:
    assert found(ready, ready.report) == ""


@pytest.mark.parametrize(("table", "column"), [(table, columns[-1]) for table, columns in FIGURES.items()])
def test_figures_that_change_are_found(ready: Fuzz, table: str, column: str) -> None:
    assert f"rows of {table} changed" in found(ready, spoiled(ready, table, column))


def test_a_mutated_cell_may_change_one_figure_of_one_row(ready: Fuzz) -> None:
    first = ready.report.frames["evaluations"]["source"].tolist().index(RESULTS)
    one, two = slice(first, first + 1), slice(first, first + 2)
    twice = spoiled(ready, "evaluations", "top1", one)
    twice.frames["evaluations"].loc[first, "top5"] = 99.9

    assert found(ready, spoiled(ready, "evaluations", "top1", one), cells=1) == ""
    assert "1 rows of evaluations changed" in found(ready, spoiled(ready, "evaluations", "top1", one), cells=0)
    assert "2 rows of evaluations changed" in found(ready, spoiled(ready, "evaluations", "top1", two), cells=1)
    assert "1 rows of evaluations changed" in found(ready, twice, cells=1)


def test_a_former_name_may_stand_in_only_for_a_row_that_is_gone(ready: Fuzz) -> None:
    ((path, (name, _)),) = ready.heirs.items()
    lines = ready.files[path].splitlines(keepends=True)
    mutant = Mutant(ready.files | {path: b"".join(line for line in lines if not line.startswith(name))})
    mutant.cells[path] = 0
    report = ready.refreshed(mutant.files)
    assert list(ready.judged(report, mutant)) == []

    mutant.files[path] = ready.files[path]
    assert "1 rows of measurements changed" in "\n".join(ready.judged(report, mutant))


def test_the_line_of_a_former_name_may_be_moved_to_a_size_that_no_row_has(ready: Fuzz) -> None:
    ((path, (name, _)),) = ready.heirs.items()
    mutant = Mutant(dict(ready.files))
    former = next(line for line in ready.files[path].splitlines(keepends=True) if line.startswith(name[:-1] + b"_"))
    moved = former.replace(b",224,", b",225,")
    assert moved != former
    mutant.put(path, ready.files[path] + moved, "repeat_row", 1)
    assert list(ready.judged(ready.refreshed(mutant.files), mutant)) == []


@pytest.mark.parametrize("table", ["evaluations", "costs", "second_opinions"])
def test_rows_that_go_away_without_a_word_are_found(ready: Fuzz, table: str) -> None:
    report = copy.copy(ready.report)
    report.frames = report.frames | {table: report.frames[table].iloc[:0]}
    assert "went away without a word" in found(ready, report)
    scrapers = report.frames["sources"]["scraper"].unique()
    report.warnings = [Problem("warning", scraper, None, "gone", "is gone") for scraper in scrapers]
    assert found(ready, report) == ""


@pytest.mark.parametrize("column", ["rows_read", "rows_accepted", "rows_quarantined"])
def test_rows_that_do_not_add_up_are_found(ready: Fuzz, column: str) -> None:
    assert "accepted" in found(ready, spoiled(ready, "sources", column))


@pytest.mark.parametrize(
    ("problem", "told"),
    [
        (Problem("error", "", None, "rule", "of nothing"), "names a file"),
        (Problem("error", RESULTS, None, "rule", "a file that nobody touched"), "a file that is whole"),
    ],
)
def test_words_that_do_not_help_are_found(ready: Fuzz, problem: Problem, told: str) -> None:
    report = copy.copy(ready.report)
    report.errors = [problem]
    assert told in found(ready, report)


def test_a_file_that_is_not_used_without_a_word_is_found(ready: Fuzz) -> None:
    mutant = Mutant(dict(ready.files))
    mutant.put(mutant.tables()[-1], b"", "nothing")
    assert "is not used, and no word says so" in "\n".join(ready.judged(ready.report, mutant))


def test_a_file_of_a_commit_that_no_answer_lists_is_asked_for_by_nobody(ready: Fuzz) -> None:
    mutant = Mutant(dict(ready.files))
    path = mutant.tables()[-1]
    for answer in mutant.answers():
        mutant.put(answer, mutant.files[answer].replace(path.split("/")[3].encode(), b"0" * 40), "other listing")
    mutant.put(path, b"", "nothing")
    assert "no word says so" not in "\n".join(ready.judged(ready.report, mutant))


def test_an_exception_is_found(ready: Fuzz, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> Report:
        raise KeyError("model")

    monkeypatch.setattr(fuzz, "refresh", fail)
    (finding,) = ready.broken_promises(Mutant(dict(ready.files)))
    assert finding.startswith("KeyError: 'model' (test_fuzz.py:")


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_takes_what_an_earlier_one_left(ready: Fuzz, name: str) -> None:
    """Such as ends of lines that no reader of CSV understands, and nothing."""
    for left in (b"a,b\rc,d\r", b"", b"\xff\n\n", b'"', b"null"):
        mutant = Mutant(dict.fromkeys(ready.files, left))
        MUTATIONS[name](random.Random(0), mutant)
        assert mutant.files.keys() <= ready.files.keys()


@pytest.mark.parametrize("name", MUTATIONS)
def test_every_mutation_changes_files_and_can_be_made_again(ready: Fuzz, name: str) -> None:
    def mutants() -> list[Mutant]:
        made = [Mutant(dict(ready.files)) for _ in range(8)]
        for number, mutant in enumerate(made):
            MUTATIONS[name](random.Random(number), mutant)
        return made

    assert mutants() == mutants()
    assert any(mutant.files != ready.files for mutant in mutants())
    assert all(bool(mutant.done) == bool(mutant.cells) == (mutant.files != ready.files) for mutant in mutants())
