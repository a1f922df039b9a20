"""The flat table `backbone_performance.csv`: the original survey's eight columns, then the origin of each value."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from catalog.identity import Identity
from catalog.vocabulary import REPORTED

if TYPE_CHECKING:
    from catalog import Catalog

SURVEY_COLUMNS = ["Date", "TrainSet", "Method", "Size", "Model", "Params(M)", "FLOPs(B)", "Acc"]
PROVENANCE_COLUMNS = [
    "Key",
    "Top5",
    "Evidence",
    "Corrected",
    "CostNote",
    "SurveyModel",
    "SurveyAcc",
    "Source",
    "Line",
    "CostSource",
    "CostLine",
]
UNKNOWN_DATE = "-"
UNKNOWN = -1


def flat_table(c: Catalog) -> pd.DataFrame:
    """One row per weights and image size, measured where timm measured them, else as the survey has them.

    `FLOPs(B)` holds GMACs, as papers and the survey do; -1 is unknown, as in the survey. `Date` is the day timm first
    listed the weights, or for the survey's own rows the day (or year) of the paper; "-" is unknown.
    """
    rows = c.leaderboard()
    survey = c.survey_rows.sort_values("line")
    sizes = c.evaluations.loc[c.evaluations["kind"] == REPORTED, ["model", "img_size", "source", "line"]]
    survey = survey.merge(sizes, on=["model", "source", "line"]).drop_duplicates(["model", "img_size"])
    survey = survey[["model", "img_size", "model_name", "method", "train_set", "acc"]].rename(
        columns={"train_set": "survey_train_set"}
    )
    rows = rows.merge(survey, on=["model", "img_size"], how="left")
    own = rows["origin"] == "survey"
    methods = _method_of_family()
    names = c.models.set_index("model")["name"]
    flat = pd.DataFrame(
        {
            "Date": _dates(c, rows),
            "TrainSet": _train_sets(rows, own),
            "Method": rows["method"].where(own, rows["family"].map(methods).fillna(rows["family_name"])),
            "Size": rows["img_size"],
            "Model": rows["model"].map(names),
            "Params(M)": rows["params_m"].fillna(UNKNOWN),
            "FLOPs(B)": rows["gmacs"].fillna(UNKNOWN),
            "Acc": rows["top1"],
            "Key": rows["model"],
            "Top5": rows["top5"],
            "Evidence": rows["evidence"],
            "Corrected": rows["corrected"].map({True: "yes", False: "no"}),
            "CostNote": rows["cost_note"],
            "SurveyModel": rows["model_name"],
            "SurveyAcc": rows["acc"],
            "Source": rows["source"],
            "Line": rows["line"],
            "CostSource": rows["cost_source"],
            "CostLine": rows["cost_line"],
        }
    )
    return flat.sort_values(["Method", "Model", "Size", "TrainSet"], kind="stable").reset_index(drop=True)


def flat_csv(c: Catalog) -> bytes:
    """The flat table as CSV, the same bytes for the same tables."""
    return flat_table(c).to_csv(index=False, lineterminator="\n", float_format="%.10g").encode()


def _method_of_family() -> dict[str, str]:
    """The survey's spelling for the families that exactly one of its methods names."""
    families = Identity().survey_families
    counted = pd.Series(list(families.values())).value_counts()
    return {family: method for method, family in families.items() if counted[family] == 1}


def _train_sets(rows: pd.DataFrame, own: pd.Series) -> pd.Series:
    """The survey's notation: ImageNet-1K, then what else was trained on, joined by a plus."""
    others = rows["pretrain_sets"].fillna("").str.replace(";", "+")
    return ("ImageNet-1K+" + others).str.rstrip("+")


def _dates(c: Catalog, rows: pd.DataFrame) -> pd.Series:
    papers = c.papers.set_index("paper")
    published = papers["published"].fillna(papers["year"].astype("str").replace("<NA>", None))
    of_family = c.families.set_index("family")["paper"].map(published)
    of_paper = rows["family"].map(of_family).where(rows["origin"] == "survey")
    return rows["first_seen"].fillna(of_paper).fillna(UNKNOWN_DATE)
