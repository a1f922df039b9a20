"""`backbones evaluate`: the accuracy of a model on a folder of images, and where the result goes."""

from __future__ import annotations

import csv
import json
import os
import sys
from contextlib import ExitStack
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from catalog.evaluations_file import DIRECTORY, default_path
from catalog.problems import one_line

if TYPE_CHECKING:
    from rich.progress import Progress

    from benchmarks.evaluation.evaluate import Outcome, Plan, Runner
    from benchmarks.evaluation.journal import Journal

ROOT = Path(__file__).parent.parent
CACHE = ROOT / ".cache" / "evaluations"
LONGEST_LINE = 5000  # characters; a path may have 4096

DataFolder = Annotated[Path, typer.Option("--data", help="Folder that holds one folder of images per class.")]
Dataset = Annotated[str, typer.Option(help="Data set that the folder holds, a key of the catalog's.")]
Implementation = Annotated[str, typer.Option(help="Whose code runs: backbone-survey or timm.")]
Weights = Annotated[Path | None, typer.Option(help="File of weights; without it the tag's, from the Hub.")]
NumClasses = Annotated[int | None, typer.Option(min=1, help="Classes of the weights, where not the tag's.")]
ClassMap = Annotated[Path | None, typer.Option(help="File with the class folder of each output, one on a line.")]
ImgSize = Annotated[int | None, typer.Option(min=1, help="Side of the image in pixels; default: the weights'.")]
BatchSize = Annotated[int, typer.Option(min=1, help="Images predicted at once.")]
Limit = Annotated[int | None, typer.Option(min=1, help="Images to take, evenly from all.")]
Output = Annotated[
    Path | None,
    typer.Option(help="CSV file that the result is appended to. [default: the catalog's, when it may enter it]"),
]
Predictions = Annotated[Path | None, typer.Option(help="CSV file for the five best classes of every image.")]
JournalFile = Annotated[
    Path | None, typer.Option("--journal", help="File that keeps finished batches until the end. [default: in .cache]")
]
Scheduler = Annotated[str | None, typer.Option(help="Address of a Dask scheduler whose workers share the images.")]
Workers = Annotated[int | None, typer.Option(min=1, help="Start so many worker processes here instead.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def run(
    model: Annotated[str, typer.Argument(help="variant, or variant.tag, as `backbones show` names it.")],
    data: DataFolder,
    dataset: Dataset = "imagenet",
    implementation: Implementation = "backbone-survey",
    weights: Weights = None,
    num_classes: NumClasses = None,
    class_map: ClassMap = None,
    img_size: ImgSize = None,
    batch_size: BatchSize = 32,
    limit: Limit = None,
    output: Output = None,
    predictions: Predictions = None,
    journal: JournalFile = None,
    scheduler: Scheduler = None,
    workers: Workers = None,
    as_json: AsJson = False,
) -> None:
    """Measure top-1 and top-5 accuracy of a model on a folder of images, with 95 % confidence intervals.

    Folders named by WordNet ids are ImageNet-1K's classes; others are classes in natural order, or by --class-map. An
    interrupted evaluation goes on where it stopped when the same command is given again. Pretrained weights on a whole
    data set give a row of the catalog's; any other result is printed and written elsewhere. Images that cannot be read
    are named, left out, and make the exit status 1.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow reports damaged images too, without their path
    from benchmarks.evaluation.evaluate import plan
    from benchmarks.evaluation.folder import read_folder
    from benchmarks.evaluation.specification import Evaluation
    from benchmarks.result_files import check_evaluations, check_writable
    from implementations.errors import BackboneError, UnknownNameError

    if scheduler and workers:
        _end("give --scheduler or --workers, not both", 2)
    try:
        evaluation = Evaluation(model, implementation, weights, img_size, batch_size, num_classes, dataset)
    except BackboneError as error:
        _end(str(error), 2)
    try:
        for path in filter(None, (output, predictions, journal)):
            check_writable(path)
        check_evaluations(output or default_path(dataset))
        planned = plan(evaluation, read_folder(data, evaluation.classes, class_map), limit)
        outcome, kept = _evaluate(planned, journal, scheduler, workers)
        written = _write(outcome, output, predictions)
        kept.discard()
        merged = _merge(written)
    except BackboneError as error:
        _end(str(error), 2 if isinstance(error, UnknownNameError) else 1)
    for image, reason in outcome.unreadable.items():
        _say(one_line(f"{data / image}: {reason}; left out", LONGEST_LINE))
    _show(outcome, written, as_json)
    raise typer.Exit(0 if merged and not outcome.unreadable else 1)


def _evaluate(
    planned: Plan, journal: Path | None, scheduler: str | None, workers: int | None
) -> tuple[Outcome, Journal]:
    """Run the evaluation with its progress on the terminal."""
    from benchmarks.evaluation.evaluate import evaluate, open_journal

    folder = planned.folder
    _say(f"{len(folder.paths)} images, labelled {folder.labelled_by}")
    if folder.left_out:
        _say(f"{folder.left_out} files are not counted: no images by their suffix")
    with ExitStack() as stack:
        runner = _runner(planned, scheduler, workers, stack)
        description = runner.describe()
        name = f"{planned.evaluation.config.name}-{planned.evaluation.implementation}"
        kept = open_journal(planned, description, lambda key: journal or CACHE / f"{name}-{key}.jsonl")
        done = sum(len(result.top5) for result in kept.finished.values())
        if done:
            _say(f"going on after {done} images, kept in {kept.path}; delete it to evaluate anew")
        progress = stack.enter_context(_progress())
        bar = progress.add_task(planned.evaluation.config.name, total=len(folder.paths), completed=done)
        try:
            outcome = evaluate(planned, runner, kept, lambda count: progress.advance(bar, count))
        except KeyboardInterrupt:
            progress.stop()
            _end(f"interrupted; finished batches are kept in {kept.path}: the same command goes on", 1)
    return outcome, kept


def _runner(planned: Plan, scheduler: str | None, workers: int | None, stack: ExitStack) -> Runner:
    from benchmarks.evaluation.evaluate import runner_here

    if scheduler is None and workers is None:
        return runner_here(planned.evaluation, planned.weights, planned.allowed)
    from benchmarks.dask_cluster import connected
    from benchmarks.evaluation.cluster_runner import ClusterRunner

    cluster = stack.enter_context(connected(scheduler, workers, _say))
    return ClusterRunner(planned, cluster)


def _progress() -> Progress:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))


def _write(outcome: Outcome, output: Path | None, predictions: Path | None) -> Path:
    """Append the result to its file, last; the catalog's by default only where it may enter the catalog."""
    from benchmarks.result_files import append_rows, check_evaluations

    if predictions is not None:
        _write_predictions(outcome, predictions)
    path = output or (CACHE / "evaluations.csv" if outcome.row.note else default_path(outcome.row.dataset))
    check_evaluations(path)
    append_rows(path, [outcome.row])
    return path


def _write_predictions(outcome: Outcome, path: Path) -> None:
    from benchmarks.errors import EvaluationError

    try:
        with path.open("w", newline="", encoding="utf-8", errors="backslashreplace") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(["image", *(f"top{place}" for place in range(1, 6))])
            writer.writerows([image, *(top5 or ())] for image, top5 in outcome.top5.items())
    except OSError as error:
        reason = error.strerror or error
        raise EvaluationError(f"{path}: cannot be written: {reason}; the same command goes on from here") from error


def _merge(written: Path) -> bool:
    """Put the result into the catalog's tables when its file is one of the catalog's; whether they are all good."""
    if written.resolve().parent != DIRECTORY.resolve():
        return True
    from backbones.tables import merge_results

    added = merge_results()
    for problem in added.problems:
        _say(str(problem))
    return not added.errors


def _show(outcome: Outcome, written: Path, as_json: bool) -> None:
    row = outcome.row
    if as_json:
        print(
            json.dumps({**asdict(row), "unreadable_images": outcome.unreadable, "written_to": str(written)}, indent=1)
        )
        return
    speed = "" if row.images_per_s is None else f", {row.images_per_s:.1f} images/s"
    print(f"{row.model} by {row.implementation} on {row.dataset}: {row.images} images at {row.img_size}{speed}")
    print(f"top-1 {row.top1:.2f} % ({row.top1_low:.2f} to {row.top1_high:.2f}, 95 % confidence)")
    print(f"top-5 {row.top5:.2f} % ({row.top5_low:.2f} to {row.top5_high:.2f})")
    reason = f"; it does not enter the catalog: {row.note}" if row.note else "; it enters the catalog"
    print(f"written to {written}{reason}")


def _say(line: str) -> None:
    print(f"backbones evaluate: {line}", file=sys.stderr)


def _end(line: str, status: int) -> NoReturn:
    _say(line)
    raise typer.Exit(status)
