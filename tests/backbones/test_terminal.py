"""The verbs as people and scripts use them: what they print, as text and as JSON, and how they end."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import pytest

from backbones.__main__ import VERBS

Run = Callable[..., object]
ROOT = Path(__file__).parent.parent.parent


def test_top_answers_the_question_of_a_visitor(backbones: Run) -> None:
    outcome = backbones("top", "--imagenet-1k-only", "--max-gmacs", 5, "--max-params", 30, "--json")
    rows = json.loads(outcome.out)
    assert outcome.status == 0 and len(rows) == 10
    assert all(row["gmacs"] <= 5 and row["params_m"] <= 30 and row["train_set"] == "ImageNet-1K only" for row in rows)
    assert [row["top1"] for row in rows] == sorted((row["top1"] for row in rows), reverse=True)
    assert all(row["source"] and row["line"] for row in rows)


def test_top_leaves_out_what_only_a_paper_states_unless_asked(backbones: Run) -> None:
    assert "CoAtNet" not in backbones("top").out
    evidence = {row["evidence"] for row in json.loads(backbones("top", "--reported", "--json").out)}
    assert "reported by a paper" in evidence


def test_top_shows_speed_with_its_environment(backbones: Run) -> None:
    rows = json.loads(
        backbones("top", "--environment", "rtx-4090-amp-nchw-pt2.9.1-cu12.8", "--min-speed", 5000, "--json").out
    )
    assert rows and all(row["images_per_s"] >= 5000 and row["batch_size"] for row in rows)


def test_top_pareto_rows_cost_less_the_less_accurate_they_are(backbones: Run) -> None:
    rows = json.loads(backbones("top", "--pareto", "--kind", "cnn", "-n", 50, "--json").out)
    assert len(rows) > 10
    assert all(better["gmacs"] > worse["gmacs"] for better, worse in pairwise(rows))


def test_top_pareto_never_ranks_what_only_a_paper_states(backbones: Run) -> None:
    rows = json.loads(backbones("top", "--pareto", "--reported", "-n", 100, "--json").out)
    assert rows and "reported by a paper" not in {row["evidence"] for row in rows}
    assert rows == json.loads(backbones("top", "--pareto", "-n", 100, "--json").out)


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (("top", "--kind", "resnet"), 2, "expected one of"),
        (("top", "--min-speed", "5"), 2, "needs --environment"),
        (("top", "--max-gmacs", "few"), 2, "valid number"),
        (("top", "--family", "no-such"), 1, "no result"),
        (("top", "--environment", "abacus"), 1, "environment 'abacus' is unknown"),
        (("top", "--dataset", "mnist"), 1, "data set 'mnist' is unknown"),
        (("top", "--data", "no-such-folder"), 1, "no such directory of tables"),
        (("show", "resnet51.a1_in1k"), 1, "did you mean"),
        (("show", "resnet50"), 1, "sets of weights, name one"),
        (("tpo",), 2, "did you mean top"),
        (("diff", "no-such-revision"), 1, "neither a directory of tables nor a git revision"),
    ],
)
def test_mistakes_are_named(arguments: tuple[str, ...], status: int, message: str, backbones: Run) -> None:
    outcome = backbones(*arguments)
    assert outcome.status == status
    assert message in " ".join(outcome.err.replace("│", " ").split())
    assert "Traceback" not in outcome.err
    if status == 1:
        assert outcome.err.count("\n") == 1


def test_show_gives_every_figure_its_source(backbones: Run) -> None:
    card = json.loads(backbones("show", "swin_tiny_patch4_window7_224.ms_in1k", "--json").out)
    assert len(card["evaluations"]) >= 8 and card["measurements"] and card["costs"] and card["papers"]
    for table in ("evaluations", "costs", "measurements", "second_opinions"):
        assert all(row["source"] and row["line"] for row in card[table])


def test_show_prints_tables_with_a_head_and_the_source_of_each_row(backbones: Run) -> None:
    lines = backbones("show", "swin_tiny_patch4_window7_224.ms_in1k").out.splitlines()
    head = next(line for line in lines if line.split()[:1] == ["dataset"])
    (measured,) = [
        line for line in lines if line.split()[-1:] and line.split()[-1].startswith("timm/results-imagenet:")
    ]
    assert head.split()[-1] == "source"
    end = head.index("top-1 accuracy (%)") + len("top-1 accuracy (%)")
    assert float(measured[:end].split()[-1]) > 80


def test_show_understands_a_former_name_and_a_family(backbones: Run) -> None:
    card = json.loads(backbones("show", "tf_efficientnet_b0_ns", "--json").out)
    assert card["model"]["model"] == "tf_efficientnet_b0.ns_jft_in1k"
    family = json.loads(backbones("show", "swin", "--json").out)
    assert {row["model"].split("_")[0] for row in family["models"]} >= {"swin"}
    assert "families" in json.loads(backbones("show", "--json").out)


def test_check_of_the_committed_tables_finds_no_error(backbones: Run) -> None:
    outcome = backbones("check")
    assert outcome.status == 0
    assert "0 errors" in outcome.out


def test_check_names_file_and_line_of_a_broken_table(small_tables: Path, tmp_path: Path, backbones: Run) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    lines = (data / "costs.csv").read_text().splitlines()
    fields = lines[4].split(",")
    fields[2] = "-181"
    lines[4] = ",".join(fields)
    (data / "costs.csv").write_text("\n".join(lines) + "\n")
    outcome = backbones("check", "--data", data)
    assert outcome.status == 1
    assert "error: costs.csv:5: gmacs is -181.0" in outcome.out


def test_check_names_a_key_that_refers_to_nothing(small_tables: Path, tmp_path: Path, backbones: Run) -> None:
    data = Path(shutil.copytree(small_tables, tmp_path / "data"))
    table = (data / "families.csv").read_text().splitlines()
    swin = next(index for index, line in enumerate(table) if line.startswith("swin,"))
    (data / "families.csv").write_text("\n".join([*table[:swin], *table[swin + 1 :]]) + "\n")
    outcome = backbones("check", "--data", data)
    assert outcome.status == 1
    assert "family 'swin' is not in families.csv" in outcome.out


def test_diff_of_a_directory_with_itself_is_empty(small_tables: Path, backbones: Run) -> None:
    outcome = backbones("diff", small_tables, small_tables)
    assert (outcome.status, outcome.out) == (0, "Nothing changed.\n")
    assert json.loads(backbones("diff", small_tables, small_tables, "--json").out)["added"] == []


def test_help_lists_every_verb_and_every_verb_has_help(backbones: Run) -> None:
    listing = backbones("--help").out
    for verb in VERBS:
        assert f"  {verb}" in listing
        outcome = backbones(verb, "--help")
        assert outcome.status == 0 and "--help" in outcome.out


def test_a_package_that_a_verb_lacks_is_one_line_that_installs_it(
    backbones: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "implementations.parity.runner", None)  # a module of ours: a bug, told as such
    with pytest.raises(ModuleNotFoundError):
        backbones("parity", "vit_tiny_patch16_224")
    monkeypatch.delitem(sys.modules, "implementations.parity.runner")
    monkeypatch.setitem(sys.modules, "keras", None)
    outcome = backbones("parity", "vit_tiny_patch16_224")
    said = "keras is not installed; pip install -c constraints.txt -e '.[implementations,export,parity,benchmark]'"
    assert (outcome.status, outcome.err) == (1, f"backbones parity: {said}\n")


def test_the_readme_names_every_verb_and_option() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    for verb in VERBS:
        assert f"backbones {verb}" in readme, verb


def test_top_imports_nothing_heavy() -> None:
    probe = (
        "import atexit, sys; from backbones.__main__ import main;"
        "heavy = {'tensorflow', 'torch', 'keras', 'matplotlib', 'plotly', 'pandera', 'requests'};"
        "atexit.register(lambda: print(sorted({name.split('.')[0] for name in sys.modules} & heavy)));"
        "main(['top', '-n', '1'])"
    )
    finished = subprocess.run([sys.executable, "-c", probe], cwd=ROOT, capture_output=True, text=True, check=False)
    assert finished.stdout.splitlines()[-1] == "[]", finished.stdout + finished.stderr
