"""torchvision's weights: second opinions, matched with timm's only where they are the same."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest

from catalog.records import SecondOpinion
from catalog.reference import REFERENCE
from scrapers.snapshots import snapshot_path
from scrapers.torchvision_weights import TorchvisionWeights
from tests.scrapers.answers import FIXTURES, ROOT, Answers, needs_torch, skip_unless_same_version, source_file

SNAPSHOT = (FIXTURES / "torchvision" / "torchvision_weights.csv").read_text()


@pytest.fixture
def torchvision() -> TorchvisionWeights:
    return TorchvisionWeights(FIXTURES / "torchvision" / "torchvision_map.csv")


def test_reads_a_snapshot(torchvision: TorchvisionWeights) -> None:
    parsed = torchvision.parse(source_file(SNAPSHOT, "torchvision/weights"))

    resnet, regnet, squeezenet = parsed.records
    assert resnet == SecondOpinion(
        source="torchvision/weights",
        line=2,
        reporter="torchvision",
        name="ResNet50_Weights.IMAGENET1K_V2",
        architecture="resnet50",
        model="resnet50.tv2_in1k",
        img_size=224,
        train_set="ImageNet-1K",
        params_m=25.557032,
        gmacs=4.089,
        top1=80.858,
        top5=95.434,
    )
    assert isinstance(regnet, SecondOpinion)
    assert isinstance(squeezenet, SecondOpinion)
    assert (regnet.architecture, regnet.model, regnet.train_set) == ("regnety_160", "", "SWAG, then ImageNet-1K")
    assert (squeezenet.architecture, squeezenet.model) == ("", "")
    assert not parsed.problems


@pytest.mark.parametrize(
    ("found", "bad", "rule"),
    [
        ("ResNet50_Weights.IMAGENET1K_V2", "=ResNet50", "name"),
        ("80.858,95.434", "95.434,80.858", "top5-below-top1"),
        ("80.858", "180.858", "number"),
        ("25557032", "-25557032", "number"),
    ],
)
def test_row_that_breaks_a_rule_is_set_aside(torchvision: TorchvisionWeights, found: str, bad: str, rule: str) -> None:
    parsed = torchvision.parse(source_file(SNAPSHOT.replace(found, bad)))

    assert [rejected.rule for rejected in parsed.rejected] == [rule]
    assert parsed.rows_read == 3


def test_of_two_rows_that_differ_neither_is_used(torchvision: TorchvisionWeights) -> None:
    text = SNAPSHOT.replace("ResNet50_Weights.IMAGENET1K_V2,", "RegNet_Y_16GF_Weights.IMAGENET1K_SWAG_E2E_V1,")
    assert [rejected.rule for rejected in torchvision.parse(source_file(text)).rejected] == ["duplicate", "duplicate"]


def test_committed_snapshot_is_clean_and_matched() -> None:
    torchvision, client = TorchvisionWeights(), Answers()

    (file,) = torchvision.fetch(client).files
    parsed = torchvision.parse(file)

    opinions = [record for record in parsed.records if isinstance(record, SecondOpinion)]
    assert (len(opinions), parsed.problems, client.asked) == (114, [], [])
    assert sum(bool(opinion.architecture) for opinion in opinions) == 103
    assert sum(bool(opinion.model) for opinion in opinions) == 50
    assert all(opinion.model.startswith(f"{opinion.architecture}.") for opinion in opinions if opinion.model)


def test_map_names_each_weights_once_and_only_known_ones() -> None:
    with (REFERENCE / "torchvision_map.csv").open() as lines:
        mapped = [row["weights"] for row in csv.DictReader(lines)]
    with snapshot_path("torchvision_weights").open() as lines:
        known = {row["weights"] for row in csv.DictReader(lines)}

    assert len(mapped) == len(set(mapped))
    assert set(mapped) <= known


@needs_torch
def test_snapshot_is_what_the_installed_torchvision_says(tmp_path: Path) -> None:
    write = "import sys, pathlib, scrapers.torchvision_weights as w; w.write_weights(pathlib.Path(sys.argv[1]))"
    command = [sys.executable, "-c", write, str(tmp_path)]

    subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120, check=True)

    name = "torchvision_weights"
    skip_unless_same_version(name, tmp_path)
    assert snapshot_path(name, tmp_path).read_bytes() == snapshot_path(name).read_bytes()
