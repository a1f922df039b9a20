"""A few families of the real catalog, so that a whole site builds in seconds."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import catalog
from catalog.merge import without_local
from catalog.store import write_tables

FAMILIES = ("convnext", "van", "repvgg", "vit", "as-mlp")
MODELS_EACH = 6


def shrink(
    c: catalog.Catalog, families: tuple[str, ...] = FAMILIES, each: int = MODELS_EACH
) -> dict[str, pd.DataFrame]:
    """The tables with only the given families, and of each only the first architectures with an accuracy.

    What was measured here is left out, so that no test depends on whose machine was measured.
    """
    frames = without_local(c.frames)
    architectures = c.architectures[c.architectures["family"].isin(families)]
    evaluated = architectures[architectures["architecture"].isin(c.models["architecture"])].groupby("family").head(each)
    bare = architectures[~architectures["architecture"].isin(c.models["architecture"])].groupby("family").head(2)
    architectures = pd.concat([evaluated, bare])
    kept = set(architectures["architecture"])
    models = c.models[c.models["architecture"].isin(kept)]
    weights = set(models["model"])
    frames["families"] = c.families[c.families["family"].isin(families)]
    frames["architectures"] = architectures
    frames["models"] = models
    for table in ("evaluations", "survey_rows", "history"):
        frames[table] = frames[table][frames[table]["model"].isin(weights)]
    for table in ("costs", "measurements", "second_opinions"):
        frames[table] = frames[table][frames[table]["architecture"].isin(kept)]
    targets = {*families, *kept, *weights}
    frames["paper_links"] = c.paper_links[c.paper_links["target"].isin(targets)]
    papers = {*frames["paper_links"]["paper"], *frames["families"]["paper"].dropna()}
    frames["papers"] = c.papers[c.papers["paper"].isin(papers)]
    return frames


def write_small(folder: Path) -> Path:
    """Write the small catalog into a folder and return it."""
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(shrink(catalog.load()), folder)
    return folder
