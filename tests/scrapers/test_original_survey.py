"""The original survey's two files: the table with its sentinels, and the reading list as people wrote it."""

from __future__ import annotations

import json

import pytest

from catalog.records import Parsed, SurveyPaper, SurveyRow
from scrapers.client import FetchError
from scrapers.original_survey import OriginalSurvey
from scrapers.tabular import UnreadableFile
from tests.scrapers.answers import Answers, source_file

HEADER = "Date,TrainSet,Method,Size,Model,Params(M),FLOPs(B),Acc"
ROW = "-,ImageNet-1K+ImageNet-22K,ViT,384,ViT-B/16(22k),86.0,55.4,83.97"


def table(*rows: str) -> Parsed:
    text = "\n".join([HEADER, *rows])
    return OriginalSurvey().parse(source_file(text, "survey/t", "https://example.org/backbone_performance.csv"))


def reading_list(text: str) -> Parsed:
    return OriginalSurvey().parse(source_file(text, "survey/readme", "https://example.org/readme.md"))


def test_a_row_as_written_without_a_newline_at_the_end() -> None:
    (record,) = table(ROW).records
    assert record == SurveyRow(
        "survey/t", 2, "ViT", "ViT-B/16(22k)", "ImageNet-1K+ImageNet-22K", 384, 86.0, 55.4, 83.97
    )


def test_minus_one_is_unknown() -> None:
    (record,) = table(ROW.replace("86.0,55.4", "-1,-1").replace("ViT-B/16", "Brand-New")).records
    assert (record.params_m, record.gmacs) == (-1, -1)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("86.0", "0"),
        ("55.4", "-2"),
        ("83.97", "839.7"),
        ("384", "0"),
        ("ViT-B/16(22k)", "=SUM(A1)"),
        ("ViT-B/16(22k)", "(/)"),
        ("ViT-B/16(22k)", "<img>"),
        (",ViT,", ",,"),
    ],
)
def test_what_cannot_be_is_set_aside(old: str, new: str) -> None:
    parsed = table(ROW, ROW.replace(old, new, 1))
    assert len(parsed.records) == 1
    assert [row.line for row in parsed.rejected] == [3]


CONVNEXT = (
    "-,ImageNet-1K,ConvNeXt,224,ConvNeXt-L,198,34.4,84.3",
    "-,ImageNet-1K,ConvNeXt,224,ConvNeXt-L,198,101.0,85.5",
)


def set_aside(parsed: Parsed) -> list[tuple[int, str]]:
    return [(row.line, row.rule) for row in parsed.rejected]


def test_a_row_of_which_it_is_not_certain_who_it_is_is_set_aside_by_name() -> None:
    parsed = table(CONVNEXT[0].replace("34.4,84.3", "35.0,84.4"), CONVNEXT[1])
    assert [record.acc for record in parsed.records] == [85.5]
    assert set_aside(parsed) == [(2, "identity")]
    assert "ConvNeXt-L at 224 is named like line 233 and 234" in parsed.rejected[0].detail


def test_of_two_rows_that_are_one_and_the_same_neither_is_taken() -> None:
    parsed = table(CONVNEXT[0], CONVNEXT[1], CONVNEXT[0].replace("84.3", "84.9"))
    assert [record.acc for record in parsed.records] == [85.5]
    assert set_aside(parsed) == [(2, "duplicate"), (4, "duplicate")]
    assert [str(problem) for problem in parsed.problems if problem.severity == "error"] == [
        "error: survey/t:2: ConvNeXt-L at 224 stands in lines 2, 4, expected once; "
        "their figures differ, so that none is used [duplicate]"
    ]
    assert parsed.rejected[0].raw == f"'{CONVNEXT[0]}"  # which no spreadsheet computes


def test_a_row_and_another_that_differs_from_it_by_its_name_alone_are_one_and_the_same() -> None:
    parsed = table(*CONVNEXT, CONVNEXT[0].replace("ConvNeXt-L", "ConvNeXt-5"))
    assert [record.acc for record in parsed.records] == [85.5]
    assert set_aside(parsed) == [(2, "duplicate"), (4, "duplicate")]
    assert "ConvNeXt-L at 224 stands in lines 2, 4" in parsed.rejected[0].detail


def test_a_new_row_and_a_changed_one_are_taken_and_said() -> None:
    parsed = table(CONVNEXT[0].replace("84.3", "84.4"), ROW.replace("ViT-B/16(22k)", "Brand-New").replace("ViT", "New"))
    assert len(parsed.records) == 2 and not parsed.rejected
    assert [(problem.severity, problem.line, problem.rule) for problem in parsed.problems] == [
        ("warning", 2, "changed-row"),
        ("warning", 3, "new-row"),
    ]
    assert "Acc differs from line 233" in parsed.problems[0].message


def test_a_table_of_rows_that_nobody_knows_is_in_doubt() -> None:
    rows = [f"-,ImageNet-1K,New,224,New-{number},{number}.5,1.0,80.0" for number in range(8)]
    assert "8 of 9 rows are none of survey_models.csv" in table(ROW, *rows).doubts[0]
    assert not table(ROW, *rows[:7]).doubts
    exchanged = [row.replace("ImageNet-1K,New,224,New", "New,New,224,ImageNet-1K") for row in rows]
    assert table(ROW, *exchanged).doubts


LIST = """# Survey
- not a paper

## Paper
- ViT
  - An Image is Worth 16x16 Words
  - [papers_with_code](https://paperswithcode.com/paper/an-image)
* Swin
    * Swin Transformer
    * [arxiv](https://arxiv.org/abs/2103.14030)
-
-{space}

## Other
- nothing
  - at all
""".replace("{space}", " ")


def test_entries_are_nested_bullets_below_the_heading_and_empty_ones_are_none() -> None:
    parsed = reading_list(LIST)
    assert parsed.records == [
        SurveyPaper(
            "survey/readme", 5, "ViT", "An Image is Worth 16x16 Words", "https://paperswithcode.com/paper/an-image"
        ),
        SurveyPaper("survey/readme", 8, "Swin", "Swin Transformer", "https://arxiv.org/abs/2103.14030"),
    ]
    assert not parsed.problems


@pytest.mark.parametrize(
    "entry",
    [
        "- ViT\n  - A title without a link\n",
        "- ViT\n  - [link](https://example.org/x)\n",
        "- ViT\n",
        "- ViT\n  - Title\n  - [a](https://example.org/a)\n  - [b](https://example.org/b)\n",
        "- ViT\n  - Title\n  - [script](javascript:alert(1))\n",
        "- <script>\n  - Title\n  - [a](https://example.org/a)\n",
    ],
)
def test_an_incomplete_entry_is_a_warning_with_its_line_and_the_others_stay(entry: str) -> None:
    parsed = reading_list(LIST.replace("* Swin", f"{entry}* Swin", 1))
    assert len(parsed.records) == 2
    assert [(problem.severity, problem.line, problem.rule) for problem in parsed.problems] == [
        ("warning", 8, "reading-list")
    ]


@pytest.mark.parametrize("text", ["# Paper\n", "- ViT\n  - Title\n  - [a](https://example.org)\n", "words\n"])
def test_no_entry_at_all_keeps_the_list_known_before(text: str) -> None:
    with pytest.raises(UnreadableFile, match="the list known before is kept"):
        reading_list(text)


def test_one_file_that_fails_does_not_stop_the_other() -> None:
    head = json.dumps({"sha": "ab" * 20, "commit": {"committer": {"date": "2022-11-01T00:00:00Z"}}}).encode()
    fetched = OriginalSurvey().fetch(Answers([head, FetchError("refused"), b"# Paper"]))
    assert [file.source for file in fetched.files] == ["survey/readme"]
    assert fetched.failed == ["survey/backbone_performance"]
