"""keras_cv_attention_models: classifiers become second opinions, the rest is counted and set aside."""

from __future__ import annotations

import csv
import json
from collections import Counter

import pytest

from catalog.records import SecondOpinion
from catalog.reference import REFERENCE
from scrapers.client import FetchError, MirrorClient
from scrapers.keras_cv_attention_models import KerasCvAttentionModels
from scrapers.tabular import UnreadableFile
from tests.scrapers.answers import FIXTURES, MIRROR, Answers, needs_mirror, source_file

SUMMARY = (FIXTURES / "kecam" / "model_summary.csv").read_text()
BEIT, BOTNET = SUMMARY.splitlines()[1:3]
HEAD = json.dumps({"sha": "abc123", "commit": {"committer": {"date": "2024-06-01T10:00:00Z"}}}).encode()


@pytest.fixture
def kecam() -> KerasCvAttentionModels:
    return KerasCvAttentionModels(FIXTURES / "kecam" / "kecam_map.csv")


def test_fetches_the_table_at_the_head_commit(kecam: KerasCvAttentionModels) -> None:
    client = Answers([HEAD, SUMMARY.encode()])

    (file,) = kecam.fetch(client).files

    assert client.asked[1].endswith("/leondgarse/keras_cv_attention_models/abc123/model_summary.csv")
    assert (file.source, file.revision, file.published_at) == ("kecam/model_summary", "abc123", "2024-06-01")
    assert file.licence == "MIT"


@pytest.mark.parametrize(
    "answers",
    [[FetchError("refused")], [HEAD, FetchError("refused")], [b"<html>"], [b"[]"], [b'{"sha": "abc123"}']],
)
def test_fault_is_one_problem(kecam: KerasCvAttentionModels, answers: list[bytes | FetchError]) -> None:
    fetched = kecam.fetch(Answers(answers))

    assert fetched.files == []
    assert fetched.failed == ["kecam/model_summary"]
    assert len(fetched.problems) == 1


def test_reads_classifiers_and_counts_the_rest(kecam: KerasCvAttentionModels) -> None:
    parsed = kecam.parse(source_file(SUMMARY, "kecam/model_summary"))

    beit, botnet, *coatnets = parsed.records
    assert beit == SecondOpinion(
        source="kecam/model_summary",
        line=2,
        reporter="keras_cv_attention_models",
        name="BeitBasePatch16",
        architecture="beit_base_patch16_224",
        model="beit_base_patch16_224.in22k_ft_in22k_in1k",
        img_size=224,
        train_set="21k_ft1k",
        params_m=86.53,
        gmacs=17.61,
        top1=85.24,
        top5=None,
    )
    assert isinstance(botnet, SecondOpinion)
    assert (botnet.top1, botnet.architecture) == (None, "")
    assert len(coatnets) == 2, "two variants under one name are two opinions"
    assert Counter(row.rule for row in parsed.rejected) == {"other-task": 2, "gmacs-below-params": 1}
    assert parsed.rows_read == 7


def test_all_rows_of_other_tasks_are_one_warning(kecam: KerasCvAttentionModels) -> None:
    parsed = kecam.parse(source_file(SUMMARY, "kecam/model_summary"))

    lines = [str(problem) for problem in parsed.problems]
    assert [line for line in lines if "other-task" in line] == [
        "warning: kecam/model_summary:7: this and 1 more rows are no classifiers; 4 rows are used [other-task]"
    ]
    assert {problem.severity for problem in parsed.problems} == {"warning"}


@pytest.mark.parametrize(
    ("found", "bad", "rule"),
    [
        ("BeitBasePatch16", '"<script>alert(1)</script>"', "name"),
        ("21k_ft1k", "=1+1", "name"),
        ("85.24", "185.24", "number"),
        ("86.53", "nan", "number"),
        (BOTNET, BEIT, "duplicate"),
        ("BotNet50,21.0", "BotNet50,21.0,1", "fields"),
    ],
)
def test_row_that_breaks_a_rule_is_set_aside(kecam: KerasCvAttentionModels, found: str, bad: str, rule: str) -> None:
    parsed = kecam.parse(source_file(SUMMARY.replace(found, bad), "kecam/model_summary"))

    assert rule in {row.rule for row in parsed.rejected}
    assert parsed.rows_read == 7
    assert len(parsed.records) == 3


def test_renamed_column_is_named(kecam: KerasCvAttentionModels) -> None:
    with pytest.raises(UnreadableFile, match="column flops is missing"):
        kecam.parse(source_file(SUMMARY.replace("flops", "gmacs")))


def test_map_has_each_row_once() -> None:
    with (REFERENCE / "kecam_map.csv").open() as lines:
        rows = list(csv.DictReader(lines))

    assert len({(row["name"], row["img_size"], row["extra"]) for row in rows}) == len(rows)
    assert all(row["model"].startswith(f"{row['architecture']}.") for row in rows if row["model"])


@needs_mirror
@pytest.mark.mirror
def test_mirror_goes_through() -> None:
    kecam = KerasCvAttentionModels()

    (file,) = kecam.fetch(MirrorClient(MIRROR)).files
    parsed = kecam.parse(file)

    opinions = [record for record in parsed.records if isinstance(record, SecondOpinion)]
    assert file.revision == "687943d88f7a7beea4807e8f4db00f4b49da9ea8"
    assert (parsed.rows_read, len(opinions)) == (579, 518)
    assert Counter(row.rule for row in parsed.rejected) == {"other-task": 60, "gmacs-below-params": 1}
    assert sum(bool(opinion.architecture) for opinion in opinions) == 374
    assert sum(bool(opinion.model) for opinion in opinions) == 248
