"""The proof itself: that it fails when it should, records what it found, and is one command."""

import dataclasses
import json
import sys

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import backbones.parity
import implementations
from catalog.problems import CatalogError
from implementations import registry
from implementations.families.vit.model import VisionTransformer
from implementations.parity import checks, results, runner
from implementations.parity.compare import FACTOR, LIMIT, Comparison, compare, worst
from implementations.parity.results import ParityRow, read_rows, write_rows
from implementations.weights import slots

ROW = ParityRow(
    "vit_b", "vit-b", "m", "timm/models/x.py", "224x224", 1.5, 0.25, 1e-6, 5e-7, 2e-6, False, "keras 3", "2026-11-20"
)


def test_an_error_is_held_against_the_references_own():
    double = {"y": np.array([0.0, 2.0])}
    single = {"y": np.array([1e-6, 2.0])}
    ok, bad = (compare({"y": np.array([error, 2.0])}, single, double)[0] for error in (3.9e-6, 4.1e-6))
    assert ok.passes
    assert not bad.passes
    assert np.isclose(bad.ratio, 4.1)
    assert np.isclose(bad.error, 2.05e-6)


def test_no_error_passes_above_the_limit_whatever_the_references_is():
    assert (FACTOR, LIMIT) == (4.0, 1e-4)
    assert not Comparison("y", 1.1e-4, 1e-3).passes
    assert Comparison("y", 0.9e-4, 1e-3).passes


def test_not_a_number_fails():
    assert not compare({"y": np.array([np.nan])}, {"y": np.array([1.0])}, {"y": np.array([1.0])})[0].passes


@pytest.mark.parametrize("ours", [{}, {"y": np.zeros(3)}, {"y": np.zeros(2), "z": np.zeros(2)}])
def test_nothing_passes_by_being_left_out_or_misshapen(ours):
    exact = {"y": np.zeros(2)}
    with pytest.raises(ValueError, match=r"differ|shape"):
        compare(ours, exact, exact)


def test_the_worst_is_the_one_nearest_its_tolerance():
    assert worst([Comparison("a", 1e-5, 1e-5), Comparison("b", 3e-7, 1e-7)]).name == "b"


def test_every_value_of_the_reference_is_random():
    from implementations.parity import reference

    for name in ("test_vit", "swinv2_tiny_window8_256"):
        theirs = reference.create_reference(name)
        for key, parameter in theirs.named_parameters():
            values = parameter.detach().numpy().ravel()
            assert len(np.unique(values)) > 0.5 * len(values), key
            assert np.isfinite(values).all(), key


@pytest.mark.parametrize("part", ["gamma", "beta", "bias", "kernel", "pos_embed", "cls_token"])
def test_a_small_change_anywhere_is_seen(part, monkeypatch):
    """One thousandth more in one weight of any kind must fail the comparison: else the comparison proves nothing."""
    original = checks._outputs

    def spoiled(model, images, paths):
        slot = next(slot for slot in slots(model) if slot.variable.path.rsplit("/", 1)[-1] == part)
        values = np.array(slot.variable)
        values.flat[0] += 1e-3 * np.abs(values).max()
        slot.variable.assign(values)
        return original(model, images, paths)

    arguments = {"depth": 2, "img_size": 32}
    assert worst(checks.check_outputs("test_vit", **arguments)).passes
    monkeypatch.setattr(checks, "_outputs", spoiled)
    assert not worst(checks.check_outputs("test_vit", **arguments)).passes


@pytest.mark.parametrize(("form", "output"), [("run", "features"), ("infer", "logits")])
def test_a_small_change_of_either_form_is_seen(form, output, monkeypatch):
    """What is called, the form for inference, is held against the reference as well as the plain one is."""
    original = getattr(VisionTransformer, form)

    def spoiled(*args, **kwargs):
        features, *others = original(*args, **kwargs)
        return features * (1 + 1e-3), *others

    monkeypatch.setattr(VisionTransformer, form, spoiled)
    compared = {each.name: each for each in checks.check_outputs("test_vit", depth=2, img_size=32)}
    assert not compared[output].passes
    assert compared["features.0"].passes


def test_a_missing_tensor_and_a_wrong_shape_are_seen(monkeypatch):
    shapes = checks.unallocated_shapes("test_vit")
    monkeypatch.setattr(checks, "unallocated_shapes", lambda name, **_: {**shapes, "norm.bias": (3,), "extra": (1,)})
    assert checks.check_tensors("test_vit") == [
        "extra None in the reference, (1,) here",
        "norm.bias (64,) in the reference, (3,) here",
    ]


def test_large_variants_keep_width_and_lose_depth():
    assert checks.depth_cut("vit_giant_patch14_224") == {"depth": 2}
    assert checks.depth_cut("swin_large_patch4_window7_224") == {"depths": (2, 2, 2, 2)}


def test_rows_are_sorted_and_read_back(tmp_path):
    other = dataclasses.replace(ROW, variant="deit", depth_cut=True)
    write_rows([ROW, other], tmp_path)
    assert read_rows(tmp_path) == [other, ROW]
    results.merge_rows([dataclasses.replace(ROW, gmacs=0.5)], tmp_path)
    assert [row.gmacs for row in read_rows(tmp_path)] == [0.25, 0.5]
    assert {path.name for path in tmp_path.iterdir()} == {"implementations.csv", ".lock"}
    before = (tmp_path / "implementations.csv").read_bytes()
    write_rows(read_rows(tmp_path), tmp_path)
    assert (tmp_path / "implementations.csv").read_bytes() == before


def test_a_table_with_other_columns_is_refused(tmp_path):
    (tmp_path / "implementations.csv").write_text("variant,error\nx,1\n")
    with pytest.raises(CatalogError, match=r"implementations\.csv: .*column architecture is missing"):
        read_rows(tmp_path)


def test_committed_results_are_of_known_variants_and_within_tolerance():
    rows = read_rows()
    assert {row.variant for row in rows} <= set(implementations.list_models())
    for row in rows:
        assert row.passes, row
        assert row.tolerance <= min(LIMIT, FACTOR * row.reference_error * 1.01), row
        assert row.depth_cut == (row.params_m > runner.FULL_DEPTH_LIMIT), row
        family = registry.family_of(row.variant)
        assert (row.module, row.reference) == (family.package, family.reference.source)


@pytest.fixture
def command(tmp_path, monkeypatch):
    for function in (results.read_rows, results.write_rows, results.merge_rows):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    application = typer.Typer()
    application.command()(backbones.parity.run)
    return lambda *arguments: CliRunner().invoke(application, [*arguments])


def test_the_command_verifies_records_and_prints(command, monkeypatch):
    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1763596800")
    done = command("test_vit", "--json")
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert row["variant"] == "test_vit"
    assert 0 < row["parity_error"] <= row["tolerance"] <= 1e-4
    assert row["verified_on"] == "2025-11-20"
    assert "timm 1.0" in row["verified_with"]
    assert "test_vit" in command().stdout


def test_the_command_resumes_and_reports_failures(command, monkeypatch):
    verified = []

    def verify(name):
        verified.append(name)
        if name == "test_vit2":
            raise runner.ParityError("test_vit2: logits: error 1e-03")
        return dataclasses.replace(ROW, variant=name, verified_with=runner.versions(name))

    monkeypatch.setattr(runner, "verify", verify)
    monkeypatch.setattr(registry, "list_models", lambda *_, **__: ["test_vit", "test_vit2", "test_vit3"])
    first = command("--all")
    assert first.exit_code == 1
    assert "test_vit2: logits: error 1e-03" in first.stderr
    assert verified == ["test_vit", "test_vit2", "test_vit3"]
    assert command("--all").exit_code == 1
    assert verified[3:] == ["test_vit2"]


def test_an_unknown_name_is_wrong_usage(command):
    done = command("vit_tinny_patch16_224")
    assert done.exit_code == 2
    assert "did you mean vit_tiny_patch16_224" in done.stderr


@pytest.mark.sweep
@pytest.mark.parametrize("name", implementations.list_models())
def test_every_variant_is_its_reference(name):
    assert runner.verify(name).passes
    assert "torch" in sys.modules
