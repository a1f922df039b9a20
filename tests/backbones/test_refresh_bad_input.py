"""Whatever upstream sends: one clear line, the other sources proceed, the last good rows stay, nothing half-written."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import catalog
from catalog.schema import TABLES

HEAD = "raw.githubusercontent.com/huggingface/pytorch-image-models/aa4b5850c1543fa488abf260f18390eda46cf85d/results"
IMAGENET = f"{HEAD}/results-imagenet.csv"
SKETCH = f"{HEAD}/results-sketch.csv"
BENCHMARK = f"{HEAD}/benchmark-infer-amp-nchw-pt291-cu128-4090.csv"
RAW = "raw.githubusercontent.com"
SURVEY = f"{RAW}/CUQS/Transformer_Backbone/37490023235651e835c007b4a54208ef1efa12dd/backbone_performance.csv"
KECAM = f"{RAW}/leondgarse/keras_cv_attention_models/687943d88f7a7beea4807e8f4db00f4b49da9ea8/model_summary.csv"

SMALL = Path(__file__).parents[1] / "fixtures" / "mirror"
DATA_SET = SMALL / HEAD / "results-imagenet-real.csv"

Run = Callable[..., object]
Break = Callable[[bytes], bytes]


def replace(old: str, new: str) -> Break:
    def change(content: bytes) -> bytes:
        assert old.encode() in content
        return content.replace(old.encode(), new.encode(), 1)

    return change


def cut_in_the_middle(content: bytes) -> bytes:
    return content[: len(content) // 2]


def half_of_the_rows(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    return b"".join(lines[: len(lines) // 2])


def repeat_last_row(content: bytes) -> bytes:
    return content + content.splitlines(keepends=True)[-1]


def drop_two_fields(content: bytes) -> bytes:
    lines = content.splitlines(keepends=True)
    lines[3] = b",".join(lines[3].rstrip().split(b",")[:-2]) + b"\n"
    return b"".join(lines)


def nothing(content: bytes) -> bytes:
    return b""


def html(content: bytes) -> bytes:
    return b"<!DOCTYPE html><html><body>Rate limit exceeded</body></html>"


def not_text(content: bytes) -> bytes:
    return b"\x89PNG\r\n\x1a\n\xff\xfe" + content


def exchange(one: str, other: str, prefix: str = "") -> Break:
    """Two names of columns under each other's figures."""
    names = {f"{prefix}{one}": f"{prefix}{other}", f"{prefix}{other}": f"{prefix}{one}"}
    names |= {one: other, other: one} if prefix else {}

    def change(content: bytes) -> bytes:
        header, _, rest = content.decode().partition("\n")
        changed = ",".join(names.get(name, name) for name in header.rstrip("\r").split(","))
        assert changed != header.rstrip("\r")
        return f"{changed}\n{rest}".encode()

    return change


def twice_as_fast(content: bytes) -> bytes:
    """The rates of a benchmark doubled, its step times halved."""
    header, *rows = content.decode().splitlines()
    names = [name.removeprefix("infer_") for name in header.split(",")]
    rate, step = names.index("samples_per_sec"), names.index("step_time")
    cells = [row.split(",") for row in rows]
    for row in cells:
        row[rate], row[step] = str(2 * float(row[rate])), str(float(row[step]) / 2)
    return "\n".join([header, *map(",".join, cells), ""]).encode()


def rename_some(content: bytes) -> bytes:
    """Every third model under a name that nobody knows."""
    lines = content.decode().splitlines(keepends=True)
    return "".join(f"new{n}_{line}" if n and n % 3 == 0 else line for n, line in enumerate(lines)).encode()


# Breaks that cost the whole file: its rows stay as they were.
FILE_BREAKS = {
    "html": (html, "expected CSV, found an HTML page"),
    "empty": (nothing, "the file is empty"),
    "not text": (not_text, "not UTF-8"),
    "cut in the middle": (cut_in_the_middle, "the file ends in the middle of a row"),
    "renamed column": (replace("top1,", "accuracy,"), "column top1 is missing"),
    "missing column": (replace("model,img_size,", "model,size_removed,"), "column img_size is missing"),
    "repeated column": (replace("crop_pct", "top1"), "column crop_pct is missing"),
    "half of the rows gone": (half_of_the_rows, "good rows, expected about 21"),
    "last newline gone": (lambda content: content[:-1], "does not end with a newline"),
    "cut in the last figure": (lambda content: content[:-4], "does not end with a newline"),
    "another data set's content": (lambda content: DATA_SET.read_bytes(), "top1 is that of timm/results-imagenet-real"),
    "a row in three gone, others new": (lambda content: rename_some(content), "7 of 21 rows known before are gone"),
    "top1 and top1_err exchanged": (exchange("top1", "top1_err"), "top5 falls where top1 rises"),
    "top1 and top5 exchanged": (exchange("top1", "top5"), "21 of 21 rows break a rule, the first in line 2"),
    "img_size and param_count exchanged": (exchange("img_size", "param_count"), "21 of 21 rows break a rule"),
    "model and interpolation exchanged": (exchange("model", "interpolation"), "21 of 21 rows break a rule"),
}


def set_top1(value: str, error: str | None = None) -> Break:
    def change(content: bytes) -> bytes:
        lines = content.decode().splitlines()
        index = next(index for index, line in enumerate(lines) if line.startswith(ROW))
        fields = lines[index].split(",")
        fields[2] = value
        fields[3] = error or fields[3]
        lines[index] = ",".join(fields)
        return "\n".join(lines).encode() + b"\n"

    return change


ROW = "swin_tiny_patch4_window7_224.ms_in1k"
# Breaks that cost one row: it goes to the quarantine, and the row known before stays.
ROW_BREAKS = {
    "too few fields": (drop_two_fields, "7 fields, expected 9"),
    "accuracy above 100": (set_top1("181"), "expected a number from 0 to 100"),
    "negative accuracy": (set_top1("-81"), "expected a number from 0 to 100"),
    "NaN": (set_top1("NaN"), "top1 is 'NaN', expected a number"),
    "infinite": (set_top1("inf"), "top1 is 'inf', expected a number"),
    "word for a number": (set_top1("high"), "top1 is 'high', expected a number"),
    "fractional size": (replace(f"{ROW},224,", f"{ROW},224.5,"), "expected a whole number"),
    "top-5 below top-1": (set_top1("99.5", error="0.5"), "is below top1"),
    "error that does not complement": (set_top1("50"), "expected 100"),
    "equal rows": (repeat_last_row, "stands in lines 22, 23, expected once; the first is used"),
    "interpolation cut": (replace("bicubic", "bicub"), "interpolation is 'bicub', expected"),
    "open quote": (replace("swin_base", '"swin_base'), "expected plain CSV without an open quote"),
    "markup": (replace(ROW, "<script>alert(1)</script>"), "expected letters, digits and ._-"),
    "path": (replace(ROW, "../../etc/passwd"), "expected letters, digits and ._-"),
    "pipe": (replace(ROW, "a|b"), "expected letters, digits and ._-"),
    "quote": (replace(ROW, '"a""b"'), "expected letters, digits and ._-"),
    "formula": (replace(ROW, "=HYPERLINK(1)"), "expected letters, digits and ._-"),
}

# Nothing is lost: the file means the same.
HARMLESS = {
    "CRLF": lambda content: content.replace(b"\n", b"\r\n"),
    "byte order mark": lambda content: b"\xef\xbb\xbf" + content,
    "no thousands commas": replace('"1,013.01"', "1013.01"),
    "blank lines": lambda content: content + b"\n\n",
}


@pytest.fixture
def known(tmp_path: Path, small_tables: Path) -> Path:
    """Tables of a good refresh, free to be changed."""
    return Path(shutil.copytree(small_tables, tmp_path / "data"))


def digest(data: Path) -> dict[str, str]:
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(data.iterdir())}


def damage(mirror: Path, file: str, change: Break) -> None:
    path = mirror / file
    path.write_bytes(change(path.read_bytes()))


def rows_of(data: Path, source: str) -> set[tuple[object, ...]]:
    rows = catalog.load(data).evaluations
    rows = rows[rows["source"] == source]
    return set(zip(rows["model"], rows["img_size"], rows["top1"], strict=True))


def assert_one_line(err: str, *parts: str) -> None:
    lines = [line for line in err.splitlines() if line.startswith("error:")]
    assert len(lines) == 1, err
    for part in parts:
        assert part in lines[0]


@pytest.mark.parametrize("name", FILE_BREAKS)
def test_a_broken_file_keeps_the_last_good_rows(name: str, known: Path, small_mirror: Path, backbones: Run) -> None:
    change, message = FILE_BREAKS[name]
    before = rows_of(known, "timm/results-imagenet")
    others = rows_of(known, "timm/results-sketch")
    damage(small_mirror, IMAGENET, change)

    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)

    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/results-imagenet", message)
    c = catalog.load(known)
    state = c.sources.set_index("source")["state"]
    assert state["timm/results-imagenet"] == "stale" and state["timm/results-sketch"] == "current"
    assert rows_of(known, "timm/results-imagenet") == before and rows_of(known, "timm/results-sketch") == others
    assert backbones("check", "--data", known).status == 0


@pytest.mark.parametrize("name", ROW_BREAKS)
def test_a_broken_row_is_quarantined_and_the_row_known_before_stays(
    name: str, known: Path, small_mirror: Path, backbones: Run
) -> None:
    change, message = ROW_BREAKS[name]
    before = rows_of(known, "timm/results-imagenet")
    damage(small_mirror, IMAGENET, change)

    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)

    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/results-imagenet:", message)
    assert rows_of(known, "timm/results-imagenet") == before
    c = catalog.load(known)
    quarantined = c.quarantine[c.quarantine["source"] == "timm/results-imagenet"]
    assert len(quarantined) == 1 and message in quarantined["detail"].iloc[0]
    source = c.sources.set_index("source").loc["timm/results-imagenet"]
    assert source["state"] == "stale"
    assert source["rows_read"] == source["rows_accepted"] + source["rows_quarantined"]


def test_what_is_new_or_changed_in_the_survey_flows_in_and_is_said(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    damage(small_mirror, SURVEY, replace("ConvNeXt-L,198,34.4,84.3", "ConvNeXt-L,198,34.4,84.4"))
    damage(small_mirror, SURVEY, lambda content: content + b"\n-,ImageNet-1K,ConvNeXt,224,ConvNeXt-Z,9,1.0,80.0")

    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)

    assert outcome.status == 0, outcome.err
    assert "ConvNeXt-Z is not in survey_models.csv: it is a model of its own" in outcome.out
    assert "Acc differs from line 233 of survey_models.csv, which this row is" in outcome.out
    survey = catalog.load(known).survey_rows.set_index("model")
    assert survey["acc"][["convnext_large.fb_in1k", "convnext-z"]].tolist() == [84.4, 80.0]


def test_of_rows_that_contradict_each_other_none_is_used_and_the_one_known_before_stays(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    before = rows_of(known, "timm/results-imagenet")

    def contradict(content: bytes) -> bytes:
        line = next(line for line in content.splitlines(keepends=True) if line.startswith(ROW.encode()))
        other = set_top1("50.000", error="50.000")(content).splitlines(keepends=True)
        assert line not in other
        return line.join([b"".join(other), b""])

    damage(small_mirror, IMAGENET, contradict)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/results-imagenet:", f"{ROW} at 224 stands in lines", "none is used")
    assert rows_of(known, "timm/results-imagenet") == before
    assert (catalog.load(known).quarantine["rule"] == "duplicate").sum() == 2


def test_two_stray_quotes_cost_their_own_rows_and_none_between(known: Path, small_mirror: Path, backbones: Run) -> None:
    before = catalog.load(known).measurements

    def quote(content: bytes) -> bytes:
        lines = content.splitlines(keepends=True)
        return b"".join([*lines[:3], b'"' + lines[3], *lines[4:7], lines[7].replace(b",", b'",', 1), *lines[8:]])

    damage(small_mirror, BENCHMARK, quote)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    errors = [line for line in outcome.err.splitlines() if line.startswith("error:")]
    assert outcome.status == 1 and len(errors) == 2
    c = catalog.load(known)
    pd.testing.assert_frame_equal(c.measurements, before)
    source = c.sources.set_index("source").loc["timm/benchmark-infer-amp-nchw-pt291-cu128-4090"]
    assert (source["rows_read"], source["rows_accepted"], source["rows_quarantined"]) == (25, 23, 2)


@pytest.mark.parametrize(
    ("file", "columns", "source", "message"),
    [
        (BENCHMARK, ("samples_per_sec", "step_time"), "timm/benchmark-infer-amp-nchw-pt291-cu128-4090", "are faster"),
        (BENCHMARK, ("gmacs", "macts"), "timm/benchmark-infer-amp-nchw-pt291-cu128-4090", "million activations"),
        (BENCHMARK, ("macts", "param_count"), "timm/benchmark-infer-amp-nchw-pt291-cu128-4090", "params_m moved in"),
        (KECAM, ("params", "flops"), "kecam/model_summary", "million parameters"),
    ],
)
def test_exchanged_columns_are_not_believed(
    file: str, columns: tuple[str, str], source: str, message: str, known: Path, small_mirror: Path, backbones: Run
) -> None:
    before = digest(known)
    damage(small_mirror, file, exchange(*columns, prefix="infer_" * file.startswith(HEAD)))

    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)

    assert outcome.status == 1
    assert_one_line(outcome.err, source, message, f"refresh with --accept {source}")
    changed = {name for name, value in digest(known).items() if value != before[name]}
    assert changed == {"sources.csv"}  # which says that it is stale


@pytest.mark.parametrize("columns", [("top1", "top1_err"), ("top1", "top5")])
def test_exchanged_columns_are_not_believed_by_a_first_refresh(
    columns: tuple[str, str], tmp_path: Path, small_mirror: Path, backbones: Run
) -> None:
    damage(small_mirror, IMAGENET, exchange(*columns))
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", tmp_path / "data")
    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/results-imagenet", "nothing of it is used")
    assert not rows_of(tmp_path / "data", "timm/results-imagenet")
    assert len(rows_of(tmp_path / "data", "timm/results-sketch")) == 21


def test_a_table_of_the_survey_cut_in_its_last_figure_is_not_believed(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    before = catalog.load(known).survey_rows
    damage(small_mirror, SURVEY, lambda content: content[:-2])
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "survey/backbone_performance", "the beginning of the figure known before")
    pd.testing.assert_frame_equal(catalog.load(known).survey_rows, before)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_means_the_same_changes_nothing(name: str, known: Path, small_mirror: Path, backbones: Run) -> None:
    before = rows_of(known, "timm/results-imagenet")
    damage(small_mirror, IMAGENET, HARMLESS[name])
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    assert rows_of(known, "timm/results-imagenet") == before


def test_a_new_column_is_reported_and_ignored(known: Path, small_mirror: Path, backbones: Run) -> None:
    def add_column(content: bytes) -> bytes:
        lines = content.decode().splitlines()
        return "\n".join([f"{lines[0]},top10", *(f"{line},99" for line in lines[1:])]).encode() + b"\n"

    damage(small_mirror, IMAGENET, add_column)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known, "--json")
    assert outcome.status == 0
    assert "timm/results-imagenet:1: column top10 is new and was ignored" in outcome.out


def test_a_file_with_an_unknown_name_is_reported_by_name(known: Path, small_mirror: Path, backbones: Run) -> None:
    listing = small_mirror / "api.github.com/repos/huggingface/pytorch-image-models"
    listing = next(listing.glob("contents/*"))
    listing.write_text(
        listing.read_text().replace(
            '"results-sketch.csv"', '"results-sketch.csv", "type": "file"}, {"name": "speed-of-light.csv"', 1
        )
    )
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/speed-of-light", "the file name was not understood")
    assert len(rows_of(known, "timm/results-sketch")) == 21


def test_a_benchmark_of_a_new_device_flows_in_by_itself(known: Path, small_mirror: Path, backbones: Run) -> None:
    listing = next((small_mirror / "api.github.com/repos/huggingface/pytorch-image-models/contents").glob("*"))
    new = "benchmark-infer-bf16-nchw-pt2110-cu140-rtx6090-dynamo.csv"
    listing.write_text(
        listing.read_text().replace(
            '"results-sketch.csv"', f'"results-sketch.csv", "type": "file"}}, {{"name": "{new}"', 1
        )
    )
    rows = (small_mirror / BENCHMARK).read_bytes()
    (small_mirror / HEAD / new).write_bytes(twice_as_fast(rows))
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    environments = catalog.load(known).environments.set_index("environment")
    row = environments.loc["rtx6090-bf16-nchw-pt2.11.0-cu14.0-compiled"]
    assert (row["kind"], row["framework_version"], row["cuda_version"], row["compiled"]) == (
        "gpu",
        "2.11.0",
        "14.0",
        True,
    )


@pytest.mark.parametrize("file", ["results-imagenet-a-clean", "results-imagenet-real", "results-sketch"])
def test_a_model_that_only_a_secondary_file_knows_flows_in(
    file: str, known: Path, small_mirror: Path, backbones: Run
) -> None:
    row = b"newnet_b.in1k,224,40.000,60.000,55.000,45.000,12.30,0.900,bicubic"
    damage(
        small_mirror,
        f"{HEAD}/{file}.csv",
        lambda content: content + row + b",0,0,0"[: 6 * (b"_diff" in content)] + b"\n",
    )
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    c = catalog.load(known)
    architecture = c.architectures.set_index("architecture").loc["newnet_b"]
    assert (architecture["family"], architecture["params_m"]) == ("unclassified", 12.3)
    assert architecture["params_source"] == f"timm/{file}"
    assert c.models.set_index("model").loc["newnet_b.in1k", "architecture"] == "newnet_b"
    assert backbones("check", "--data", known).status == 0


def test_an_architecture_that_only_a_benchmark_knows_flows_in(known: Path, small_mirror: Path, backbones: Run) -> None:
    row = b"newnet_b,224,10.00,102400.00,1024,12.30,1.50,4.20\r\n"
    damage(small_mirror, BENCHMARK, lambda content: content + row)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    c = catalog.load(known)
    assert c.architectures.set_index("architecture").loc["newnet_b", "params_m"] == 12.3
    assert c.costs.set_index("architecture").loc["newnet_b", "gmacs"] == 1.5


def test_weights_in_a_benchmark_of_architectures_cost_their_row_alone(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    row = b"newnet_b.in1k,224,10.00,102400.00,1024,12.30,1.50,4.20\r\n"
    damage(small_mirror, BENCHMARK, lambda content: content + row)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/benchmark-infer-amp-nchw-pt291-cu128-4090:", "expected an architecture")
    assert backbones("check", "--data", known).status == 0


def test_a_model_that_only_the_survey_or_the_second_opinions_know_flows_in(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    damage(small_mirror, SURVEY, lambda content: content + b"\n-,Moon-1B,NewNet,224,NewNet-B,12.3,1.5,79.9")
    damage(small_mirror, KECAM, lambda content: content + b"NewNetB,12.3,1.5,224,79.9,,Recognition,NewNet,\n")
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    c = catalog.load(known)
    assert c.models.set_index("model").loc["newnet-b-moon-1b", "train_set"] == "other private data"
    assert c.second_opinions.set_index("name").loc["NewNetB", "top1"] == 79.9


def test_a_benchmark_that_repeats_the_figures_of_another_is_not_used(
    known: Path, small_mirror: Path, backbones: Run
) -> None:
    before = catalog.load(known).measurements
    other = BENCHMARK.removesuffix(".csv") + "-dynamo.csv"
    (small_mirror / other).write_bytes((small_mirror / BENCHMARK).read_bytes())
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "-4090-dynamo: images_per_s is that of timm/benchmark-infer-amp-nchw-pt291-cu128-4090")
    pd.testing.assert_frame_equal(catalog.load(known).measurements, before)


def test_the_rows_that_a_source_lost_are_named_however_few(known: Path, small_mirror: Path, backbones: Run) -> None:
    damage(small_mirror, BENCHMARK, lambda content: b"".join(content.splitlines(keepends=True)[:-2]))
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 0, outcome.err
    assert (
        "warning: timm/benchmark-infer-amp-nchw-pt291-cu128-4090: 2 of 25 rows known before are gone: " in outcome.out
    )
    c = catalog.load(known)
    assert (c.measurements["source"] == "timm/benchmark-infer-amp-nchw-pt291-cu128-4090").sum() == 23


def test_what_was_accepted_once_is_believed_from_then_on(known: Path, small_mirror: Path, backbones: Run) -> None:
    damage(small_mirror, IMAGENET, lambda content: content[:-1])
    source = "timm/results-imagenet"
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 1
    assert backbones("refresh", "--mirror", small_mirror, "--data", known, "--accept", source).status == 0
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 0


def test_a_source_that_is_gone_keeps_its_rows(known: Path, small_mirror: Path, backbones: Run) -> None:
    before = rows_of(known, "timm/results-sketch")
    (small_mirror / SKETCH).unlink()
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert_one_line(outcome.err, "timm/results-sketch", "not in the mirror")
    assert rows_of(known, "timm/results-sketch") == before


def test_a_whole_upstream_that_is_gone_keeps_every_row(known: Path, small_mirror: Path, backbones: Run) -> None:
    before = {name: len(frame) for name, frame in catalog.load(known).frames.items()}
    (small_mirror / "api.github.com/repos/huggingface/pytorch-image-models/commits/main").unlink()
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known)
    assert outcome.status == 1
    assert {name: len(frame) for name, frame in catalog.load(known).frames.items()} == before
    assert backbones("check", "--data", known).status == 0


def test_a_blank_benchmark_row_is_a_failed_run_and_no_error(known: Path, small_mirror: Path) -> None:
    c = catalog.load(known)
    rows = c.quarantine[c.quarantine["rule"] == "not-measured"]
    assert rows["source"].tolist() == ["timm/benchmark-infer-amp-nchw-pt210-cu121-rtx3090"]


def test_a_file_that_recovers_is_current_again(known: Path, small_mirror: Path, backbones: Run) -> None:
    good = (small_mirror / IMAGENET).read_bytes()
    first = digest(known)
    (small_mirror / IMAGENET).write_bytes(b"")
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 1
    (small_mirror / IMAGENET).write_bytes(good)
    assert backbones("refresh", "--mirror", small_mirror, "--data", known).status == 0
    assert digest(known) == first


def test_an_accepted_loss_is_taken_over(known: Path, small_mirror: Path, backbones: Run) -> None:
    damage(small_mirror, IMAGENET, half_of_the_rows)
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", known, "--accept", "timm/results-imagenet")
    assert outcome.status == 0, outcome.err
    assert len(rows_of(known, "timm/results-imagenet")) == 10


def test_no_mirror_folder_is_one_line(tmp_path: Path, backbones: Run) -> None:
    outcome = backbones("refresh", "--mirror", tmp_path / "nowhere", "--data", tmp_path / "data")
    assert outcome.status == 1
    assert outcome.err.count("\n") == 1 and "no such mirror folder" in outcome.err
    assert not (tmp_path / "data").exists()


def test_refreshing_twice_gives_the_same_bytes(tmp_path: Path, small_mirror: Path, backbones: Run) -> None:
    for name in ("one", "two"):
        assert backbones("refresh", "--mirror", small_mirror, "--data", tmp_path / name).status == 0
    assert digest(tmp_path / "one") == digest(tmp_path / "two")
    before = digest(tmp_path / "one")
    outcome = backbones("refresh", "--mirror", small_mirror, "--data", tmp_path / "one")
    assert "Unchanged upstream" in outcome.out
    assert digest(tmp_path / "one") == before
    tables = {f"{name}.csv" for name, table in TABLES.items() if not table.view}
    assert set(before) == tables | {"backbone_performance.csv", ".lock"}
