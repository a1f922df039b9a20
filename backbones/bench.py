"""`backbones bench`: measure speeds, add them to a results file, and say what became of each."""

import datetime
import json
import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from backbones.bench_view import ShownProgress, print_comparisons

if TYPE_CHECKING:
    from benchmarks.comparison import Precision
    from benchmarks.turns import Reporter, Settings, Task
    from catalog.results_file import Result

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "benchmark"


def run(
    models: Annotated[str, typer.Option(help="Variants, separated by commas; patterns such as 'swin_*' work.")] = "",
    layers: Annotated[str, typer.Option(help="Layers, such as self-attention-768x12x197.")] = "",
    subjects: Annotated[str, typer.Option(help="IMPLEMENTATION:RUNTIME, separated by commas; else all.")] = "",
    batch_sizes: Annotated[str, typer.Option(help="Images per step, separated by commas.")] = "8,1",
    precisions: Annotated[str, typer.Option(help="fp32, bf16, or both.")] = "fp32,bf16",
    threads: Annotated[int | None, typer.Option(min=1, help="Threads of each run; else as many as cores.")] = None,
    device: Annotated[str, typer.Option(help="cpu or gpu.")] = "cpu",
    img_size: Annotated[int | None, typer.Option(min=1, help="Side of the image in pixels; else the model's.")] = None,
    output: Annotated[Path | None, typer.Option(help="Results file; else catalog/results/DEVICE-DAY.csv.")] = None,
    min_time: Annotated[float, typer.Option(min=0, help="Seconds that each run is timed at least.")] = 3.0,
    rounds: Annotated[int, typer.Option(min=1, help="Turns that this time is divided into.")] = 6,
    limit: Annotated[float, typer.Option(min=1, help="Seconds without an answer after which a run is killed.")] = 300.0,
    again: Annotated[bool, typer.Option("--again", help="Measure also what the file already holds.")] = False,
    scheduler: Annotated[str, typer.Option(help="Address of a Dask scheduler: its workers' hosts measure.")] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Try that with so many worker processes here.")] = None,
    listing: Annotated[bool, typer.Option("--list", help="Print what would be measured, and stop.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the rows measured, or the list, as JSON.")] = False,
) -> None:
    """Time our implementations against timm and the other TensorFlow implementations, on this machine.

    Without names, the whole sweep: four models, single layers, image processing, regional compilation. Each run is a
    process of its own; the runs of a comparison are timed in turns, each after its output was held against the
    reference's. Rows are written as soon as they are known: the same command goes on where it was stopped, and measures
    again what failed. Exit status 1 when a run failed.

    With a scheduler, each comparison is measured by one of its hosts, one at a time on each, and all rows come into one
    file. Worker processes on one machine disturb each other: their rows say so, and do not enter the catalog.
    """
    from benchmarks.turns import Settings
    from implementations.errors import BackboneError

    where = Where(scheduler or None, workers, own_threads=threads is None)
    try:
        path = _output(output, where)
        wanted = (threads or 1) if where.on_cluster else _threads(threads)
        conditions = Conditions(_whole_numbers(batch_sizes), _precisions(precisions), wanted, _device(device), img_size)
        tasks = _tasks(_workloads(models, layers), subjects, conditions)
    except BackboneError as error:
        _say(str(error))
        raise typer.Exit(2) from error
    if listing:
        _print_list(tasks, as_json)
        return
    try:
        rows, good = _measure(tasks, Settings(CACHE, rounds, min_time, limit), path, again, where)
        good = _merge(path) and good
    except BackboneError as error:
        _say(str(error))
        raise typer.Exit(1) from error
    except KeyboardInterrupt as error:
        _say(f"interrupted; what was finished is in {path}; the same command goes on from there")
        raise typer.Exit(1) from error
    if as_json:
        print(json.dumps([asdict(row) for row in rows], indent=1))
    else:
        print_comparisons(rows)
    raise typer.Exit(0 if good else 1)


@dataclass(frozen=True)
class Where:
    """Who measures: this process, the hosts of a scheduler, or worker processes here; with all cores of each or not."""

    scheduler: str | None
    workers: int | None
    own_threads: bool

    @property
    def on_cluster(self) -> bool:
        """Whether Dask hands the comparisons out."""
        return self.scheduler is not None or self.workers is not None


@dataclass(frozen=True)
class Conditions:
    """What every comparison of a sweep has in common, and the batches and precisions that it is repeated in."""

    batch_sizes: list[int]
    precisions: "list[Precision]"
    threads: int
    device: str
    img_size: int | None


def _tasks(workloads: list[str], subjects: str, wanted: Conditions) -> "list[Task]":
    from benchmarks.comparison import Subject
    from benchmarks.sweep import tasks_for, whole_sweep

    conditions = (wanted.batch_sizes, wanted.precisions, wanted.threads, wanted.device, wanted.img_size)
    chosen = [Subject.parse(text) for text in _listed(subjects)]
    if workloads:
        return tasks_for(workloads, *conditions, subjects=chosen)
    tasks = whole_sweep(*conditions)
    if not chosen:
        return tasks
    kept = [replace(task, subjects=tuple(each for each in task.subjects if each in chosen)) for task in tasks]
    return [task for task in kept if task.subjects]


def _measure(
    tasks: "list[Task]", settings: "Settings", path: Path, again: bool, where: Where
) -> "tuple[list[Result], bool]":
    """Measure and write; the rows, and whether all went well."""
    from benchmarks.result_files import append_rows
    from benchmarks.turns import steps_of

    rows = []
    with ExitStack() as stack:
        left, measure = _session(tasks, settings, path, again, where, stack)
        progress = stack.enter_context(ShownProgress(sum(steps_of(task, settings) for task in left)))
        for row in measure(progress):
            append_rows(path, [row])
            progress.show(row)
            rows.append(row)
    if left and not rows:
        _say("nothing could be measured")
    return rows, not progress.failures and all(row.status == "ok" for row in rows) and bool(rows or not left)


def _session(
    tasks: "list[Task]", settings: "Settings", path: Path, again: bool, where: Where, stack: ExitStack
) -> "tuple[list[Task], Callable[[Reporter], Iterator[Result]]]":
    """What is left to measure, and how to measure it where it is to be measured."""
    from benchmarks import local_sweep

    if not where.on_cluster:
        here = local_sweep.plan(tasks, path, settings, _say, again)
        return here, lambda reporter: local_sweep.measure_all(here, settings, reporter)
    from benchmarks.cluster_sweep import measure_all, plan
    from benchmarks.dask_cluster import connected

    left = plan(tasks, path, _say, where.own_threads, again)
    cluster = stack.enter_context(connected(where.scheduler, where.workers, _say))
    return left, lambda reporter: measure_all(left, settings, reporter, cluster, where.own_threads)


def _merge(path: Path) -> bool:
    """Put the results into the catalog's tables when the file is one of its own; whether they are all good."""
    from catalog.results_file import DIRECTORY

    if not path.exists():
        return True
    if path.resolve().parent != DIRECTORY.resolve():
        _say(f"{path} is not in {os.path.relpath(DIRECTORY)}, so the catalog does not show it")
        return True
    from backbones.tables import merge_results

    added = merge_results()
    for problem in added.problems:
        _say(str(problem))
    if not added.errors:
        _say(f"{os.path.relpath(path)} is in the catalog ({added}); commit both to share them")
    return not added.errors


def _workloads(models: str, layers: str) -> list[str]:
    """The models and layers named. Raises BackboneError for one that does not exist."""
    from benchmarks.comparison import LAYERS, SIZES, parse_layer
    from benchmarks.errors import BenchmarkError
    from implementations import registry

    found: list[str] = []
    for name in _listed(models):
        found += registry.list_models(name) or [registry.split_name(name)[0]]
    for name in _listed(layers):
        if parse_layer(name) is None:
            forms = ", ".join("-".join((kind, "x".join("N" * SIZES[kind]))) for kind in LAYERS)
            raise BenchmarkError(f"layer {name!r} is unknown, expected one of {forms} with numbers for N")
        found.append(name)
    return list(dict.fromkeys(found))


def _precisions(text: str) -> "list[Precision]":
    from benchmarks.comparison import PRECISIONS
    from benchmarks.errors import BenchmarkError

    for word in _listed(text):
        if word not in PRECISIONS:
            raise BenchmarkError(f"precision {word!r} is unknown, expected {' or '.join(PRECISIONS)}")
    return [precision for precision in PRECISIONS if precision in _listed(text)]


def _whole_numbers(text: str) -> list[int]:
    from benchmarks.errors import BenchmarkError

    words = _listed(text)
    if not words or not all(word.isdecimal() and int(word) > 0 for word in words):
        raise BenchmarkError(f"batch sizes {text!r}: expected whole numbers above 0, separated by commas")
    return list(dict.fromkeys(int(word) for word in words))


def _threads(wanted: int | None) -> int:
    from benchmarks.errors import BenchmarkError
    from benchmarks.pinning import usable_cores

    cores = len(usable_cores())
    if wanted is not None and wanted > cores:
        raise BenchmarkError(f"{wanted} threads: this process may use {cores} cores; ask for at most as many")
    return wanted or cores


def _device(word: str) -> str:
    from benchmarks.comparison import DEVICES
    from benchmarks.errors import BenchmarkError

    if word not in DEVICES:
        raise BenchmarkError(f"device {word!r} is unknown, expected {' or '.join(DEVICES)}")
    return word


def _output(wanted: Path | None, where: Where) -> Path:
    """The results file. Raises BackboneError where speeds that are disturbed would lie in the catalog's folder."""
    from benchmarks.errors import BenchmarkError
    from catalog.results_file import DIRECTORY

    if where.scheduler and where.workers:
        raise BenchmarkError("give --scheduler or --workers, not both")
    disturbed = where.workers is not None and where.workers > 1
    path = wanted or (CACHE / "workers.csv" if disturbed else _default_output("cluster" if where.scheduler else ""))
    if disturbed and path.resolve().parent == DIRECTORY.resolve():
        raise BenchmarkError(f"{path}: speeds of several workers on one machine do not enter the catalog; name another")
    return path


def _default_output(name: str = "") -> Path:
    """A file for this machine (or of another name) and this day."""
    from benchmarks.machine import processor_name
    from catalog.results_file import DIRECTORY

    slug = name or re.sub(r"[^a-z0-9]+", "-", processor_name().lower()).strip("-")
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    now = datetime.datetime.fromtimestamp(int(epoch), datetime.UTC) if epoch else datetime.datetime.now(datetime.UTC)
    return DIRECTORY / f"{slug}-{now.date().isoformat()}.csv"


def _print_list(tasks: "list[Task]", as_json: bool) -> None:
    listed = [asdict(task.comparison) | {"subjects": [str(subject) for subject in task.subjects]} for task in tasks]
    if as_json:
        print(json.dumps(listed, indent=1))
        return
    for task in tasks:
        print(f"{task.comparison}: {', '.join(map(str, task.subjects))}")


def _listed(text: str) -> list[str]:
    return [part.strip() for part in text.split(",") if part.strip()]


def _say(line: str) -> None:
    print(f"backbones bench: {line}", file=sys.stderr)
