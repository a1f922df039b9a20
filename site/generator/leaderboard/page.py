"""The leaderboard's page: a table of the top rows for everyone, and the empty shell that the script fills."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jinja2

from catalog.identity import address
from catalog.vocabulary import IMAGENET
from generator.render import Page, cost, figure, front_matter, head

if TYPE_CHECKING:
    from collections.abc import Mapping

    from catalog import Catalog

TEMPLATES = Path(__file__).parent.parent / "templates"
STATIC_ROWS = 50
STATIC_COLUMNS = ("model", "family_name", "train_set", "img_size", "top1", "params_m", "gmacs", "evidence")
PAGE = Page(
    "leaderboard/index.md",
    "Leaderboard",
    "Every published and measured result of vision backbones, to sort, filter, plot and download.",
    hide=("navigation", "toc"),
)


def render(catalog: Catalog, core: Mapping[str, Any]) -> str:
    """The page as Markdown with one block of HTML; `core` is the data file of that name."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES), autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True
    )
    block = environment.get_template("leaderboard.html").render(
        rows=[_row(row) for row in catalog.leaderboard(IMAGENET).head(STATIC_ROWS).to_dict("records")],
        columns=STATIC_COLUMNS,
        head=head,
        total=core["results"]["rows"],
        models=core["models"]["rows"],
        as_of=core["as_of"],
        datasets=core["datasets"],
        environments=core["environments"],
    )
    # Markdown ends a block of HTML at a blank line in places; indentation means nothing here.
    return front_matter(PAGE) + "# Leaderboard\n\n" + re.sub(r"\n\s*", "\n", block).strip() + "\n"


def _row(row: Mapping[Any, Any]) -> dict[str, str]:
    note = str(row["cost_note"])
    return {
        "model": _one_line(row["model"]),
        "page": f"../models/{address(str(row['model']))}/",
        "family": _one_line(row["family_name"]),
        "train_set": _one_line(row["train_set"]),
        "img_size": str(row["img_size"]),
        "top1": figure(row["top1"]),
        "params": cost(row["params_m"]),
        "gmacs": cost(row["gmacs"]) + (f" ({note})" if note else ""),
        "evidence": _one_line(row["evidence"]),
    }


def _one_line(value: Any) -> str:
    return " ".join(str(value).split())
