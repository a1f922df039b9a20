"""Compute of architectures: which counts are comparable, which one is used, and how a missing one is estimated."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd

from catalog.records import Benchmark, Environment

MACS = "macs"
MACS_WITHOUT_ATTENTION = "macs without fused attention"
# timm's counter did not see fused attention in this version: ViT-B/16 at 224 reads 16.87 GMACs instead of 17.58.
TORCH_WITHOUT_ATTENTION = frozenset({"2.1.0"})

# Parameters that differ from the published ones by more than rounding (two decimals of a million) are another network:
# with another head where weights of the architecture have one (the benchmark builds the default tag), else with
# branches fused before counting.
ROUNDING_M = 0.011
ROUNDING_SHARE = 0.0005

# Counts of one network differ by rounding (two decimals) and nothing else.
DISAGREEMENT_SHARE = 0.01
DISAGREEMENT_GMACS = 0.011

KEY = ["architecture", "img_size", "convention", "reparametrised", "head_classes"]
DEFAULT_HEAD = 1000


def cost_candidates(
    benchmarks: list[Benchmark],
    environments: Mapping[str, Environment],
    published_params: Mapping[str, float],
    head_classes: Mapping[str, int],
) -> pd.DataFrame:
    """Every count in the benchmark rows, marked with what it counts.

    `published_params` are millions per architecture as published beside the accuracy; `head_classes` are the classes
    of the head that weights of an architecture come with, where they differ from 1000 (0: no head).
    """
    counted = [row for row in benchmarks if row.gmacs is not None and row.mode == "infer"]
    frame = pd.DataFrame(
        {
            "architecture": [row.architecture for row in counted],
            "img_size": [row.img_size for row in counted],
            "gmacs": [row.gmacs for row in counted],
            "mactivations": [row.mactivations for row in counted],
            "params_m": [row.params_m for row in counted],
            "version": [environments[row.environment].framework_version for row in counted],
            "source": [row.source for row in counted],
            "line": [row.line for row in counted],
        }
    )
    without_attention = frame["version"].isin(TORCH_WITHOUT_ATTENTION)
    frame["convention"] = without_attention.map({True: MACS_WITHOUT_ATTENTION, False: MACS})
    published = frame["architecture"].map(published_params).astype("float64")
    rounding = (published * ROUNDING_SHARE).clip(lower=ROUNDING_M)
    differs = (frame["params_m"] - published).abs() > rounding
    head = frame["architecture"].map(head_classes)
    other_head = published.isna() | (differs & head.notna()) | (frame["params_m"] > published + rounding)
    frame["head_classes"] = head.fillna(DEFAULT_HEAD).astype("int64").where(other_head, DEFAULT_HEAD)
    frame["reparametrised"] = differs & ~other_head
    frame["estimated"] = False
    return frame


def choose_costs(candidates: pd.DataFrame) -> pd.DataFrame:
    """The counts worth keeping: per key the preferred one, and those of other files that disagree with it.

    Preferred is the newest framework version's, eager before compiled, then by source name. Needs the columns of
    `cost_candidates`; rows of another origin have a blank version and come last.
    """
    version = candidates["version"].fillna("").map(_version_order)
    ordered = candidates.assign(newest=version, compiled=candidates["source"].str.contains("dynamo"))
    ordered = ordered.sort_values(
        ["newest", "compiled", "source", "line"], ascending=[False, True, True, True], kind="stable"
    )
    ordered["preferred"] = ~ordered.duplicated(KEY)
    used = ordered.groupby(KEY, dropna=False)["gmacs"].transform("first")
    ordered["disagrees"] = (ordered["gmacs"] - used).abs() > (used * DISAGREEMENT_SHARE).clip(lower=DISAGREEMENT_GMACS)
    kept = ordered[ordered["preferred"] | (ordered["disagrees"] & ~ordered.duplicated([*KEY, "gmacs"]))]
    return kept.drop(columns=["newest", "compiled", "version", "disagrees"])


def estimate_missing(costs: pd.DataFrame, wanted: pd.DataFrame) -> pd.DataFrame:
    """Counts for (architecture, img_size) pairs of `wanted` that have none, scaled with the number of pixels.

    Compute of these networks grows with the pixels (within 12 % on every measured pair); each row is marked estimated.
    """
    plain = costs[
        (costs["convention"] == MACS)
        & costs["preferred"].astype(bool)
        & ~costs["reparametrised"].astype(bool)
        & (costs["head_classes"] == DEFAULT_HEAD)
    ]
    have = set(zip(costs["architecture"], costs["img_size"], strict=True))
    missing = wanted.drop_duplicates()
    unknown = [key not in have for key in zip(missing["architecture"], missing["img_size"], strict=True)]
    missing = missing[pd.Series(unknown, index=missing.index, dtype="bool")]
    pairs = missing.merge(plain, on="architecture", suffixes=("", "_measured"))
    pairs["distance"] = (pairs["img_size"] - pairs["img_size_measured"]).abs()
    pairs = pairs.sort_values(["architecture", "img_size", "distance", "img_size_measured"], kind="stable")
    nearest = pairs.drop_duplicates(["architecture", "img_size"])
    scale = (nearest["img_size"] / nearest["img_size_measured"]) ** 2
    nearest = nearest.assign(
        gmacs=(nearest["gmacs"] * scale).round(2),
        mactivations=(nearest["mactivations"] * scale).round(2),
        estimated=True,
    )
    return nearest[list(costs.columns)]


def _version_order(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split(".") if part.isdigit())
