"""Adding a family is adding a folder: `made_families/stripes`, which nothing else in the repository mentions."""

import json
import sys
from pathlib import Path

import keras
import numpy as np
import pytest
import typer
from typer.testing import CliRunner

import backbones.parity
import implementations
from benchmarks.errors import EvaluationError
from benchmarks.evaluation.specification import Evaluation
from benchmarks.sweep import tasks_for
from catalog.vocabulary import OURS, TIMM
from implementations import families, registry
from implementations.costs import count_costs
from implementations.errors import BackboneError
from implementations.image_processing import ImageProcessor
from implementations.parity import checks, results, runner

MADE = Path(__file__).parent / "made_families"


@pytest.fixture
def stripes(monkeypatch):
    """The folder is among the families while a test runs."""
    known = {f"implementations.families.{name}" for name in registry.families()}
    monkeypatch.setattr(families, "__path__", [*families.__path__, str(MADE)])
    yield
    for name in [name for name in sys.modules if name.startswith("implementations.families.")]:
        if ".".join(name.split(".")[:3]) not in known:
            del sys.modules[name]
    vars(families).pop("stripes", None)


def test_a_folder_is_a_family(stripes):
    assert list(registry.families()) == ["deit", "stripes", "swin", "swinv2", "vit"]
    assert implementations.list_models("stripes*") == ["stripes_large", "stripes_small"]
    assert implementations.list_pretrained("stripes*") == ["stripes_small.made_in1k", "stripes_small.made_in22k"]
    family = registry.family_of("stripes_small")
    assert [family.architecture(name) for name in family.variants] == ["stripes_small", "stripes-l"]
    assert registry.architecture_of("stripes_large") == "stripes-l"
    assert registry.architecture_of("self-attention-768x12x197") == "self-attention-768x12x197"


def test_its_models_are_made_by_name_with_the_arguments_of_variant_and_tag(stripes):
    model = implementations.create_model("stripes_small")
    assert (model.config.width, model.config.img_size, model.num_classes) == (12, (32, 32), 7)
    assert implementations.create_model("stripes_small.made_in22k").config.img_size == (48, 48)
    assert implementations.create_model("stripes_large").config.img_size == (224, 224)  # no row in pretrained.csv
    maps = implementations.create_model("stripes_small", features_only=True, out_indices=(0,))(np.zeros((1, 32, 32, 3)))
    assert [tuple(each.shape) for each in maps] == [(1, 4, 4, 12)]
    with pytest.raises(BackboneError, match="takes no argument 'heads'; it takes depth"):
        implementations.create_model("stripes_small", heads=3)


def test_its_oracle_proves_it(stripes, tmp_path, monkeypatch):
    for function in (results.read_rows, results.write_rows, results.merge_rows):
        monkeypatch.setattr(function, "__defaults__", (tmp_path,))
    application = typer.Typer()
    application.command()(backbones.parity.run)
    done = CliRunner().invoke(application, ["stripes_small", "--json"])
    assert done.exit_code == 0, done.stderr
    (row,) = json.loads(done.stdout)
    assert (row["architecture"], row["module"]) == ("stripes_small", "implementations.families.stripes")
    assert row["reference"] == "the paper on stripes, section 2"
    assert row["verified_with"] == runner.versions("stripes_small")
    assert "torch" in row["verified_with"] and "timm" not in row["verified_with"]
    assert 0 < row["parity_error"] <= row["tolerance"]
    assert all(each.passes for each in checks.check_gradients("stripes_small"))


def test_its_oracle_catches_another_function(stripes, monkeypatch):
    block = type(implementations.create_model("stripes_small").blocks[0])
    monkeypatch.setattr(block, "call", lambda self, x: x + self.norm(self.mix(x)))
    with pytest.raises(runner.ParityError, match="stripes_small: "):
        runner.verify("stripes_small")


def test_its_costs_are_counted(stripes):
    costs = count_costs("stripes_small")
    positions, width = 16, 12
    per_block = positions * (5 * width + width * width)
    assert costs.macs == positions * width * 8 * 8 * 3 + 2 * per_block + width * 7
    assert costs.parameters == 8 * 8 * 3 * 12 + 12 + 2 * (2 * 12 + 12 * 12 + 12) + 12 * 7 + 7


def test_it_is_timed_against_those_who_have_it(stripes):
    (task,) = tasks_for(["stripes_small"], [1], ["fp32"], 1, "cpu")
    assert {subject.implementation for subject in task.subjects} == {OURS}
    assert task.comparison.img_size == 32
    with pytest.raises(EvaluationError, match="stripes_small is not in timm"):
        Evaluation("stripes_small", TIMM)


@pytest.mark.parametrize("name", ["stripes_small.made_in1k", "stripes_small.made_in22k"])
def test_a_model_keeps_the_preprocessing_of_its_tag(stripes, name, tmp_path):
    expected = ImageProcessor.for_model(name)
    model = implementations.create_model(name)
    assert ImageProcessor.for_model(model) == expected
    assert expected != ImageProcessor.for_model("stripes_large")
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    assert loaded.pretrained_cfg == model.pretrained_cfg
    assert ImageProcessor.for_model(loaded) == expected
    assert ImageProcessor.for_model(implementations.create_model(name, img_size=40)).output_size == (40, 40)


def test_two_families_of_one_variant_are_refused(stripes, monkeypatch, tmp_path):
    for name in ("first", "second"):
        folder = tmp_path / name
        folder.mkdir()
        (folder / "__init__.py").write_text((MADE / "stripes" / "__init__.py").read_text())
        (folder / "variants.csv").write_text("variant\ntwice\n")
    monkeypatch.setattr(families, "__path__", [str(tmp_path)])
    with pytest.raises(ValueError, match=r"twice: a variant of implementations\.families\.first and of"):
        implementations.list_models()
