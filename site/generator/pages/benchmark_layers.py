"""Layers timed here: attention, the machine's peak in matrix products, and the image processing of a photograph."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from generator.facts import Facts
from generator.headlines import share_of_peak
from generator.pages.benchmarks import Line, Table, files, hardware, software
from generator.render import Page, write_page
from generator.runs import TENSORFLOW_RUNTIMES, Condition, Run, fastest, ratio

# Kinds in the order of the page, with what their sizes mean; those of specification.py but for what another page shows.
KINDS = {
    "self-attention": (
        "Self-attention",
        "A whole layer: queries, keys and values, attention, projection. Sizes: channels x heads x tokens.",
    ),
    "sdpa": (
        "Scaled dot-product attention",
        "The product of queries, keys and values alone. Sizes: channels of a head x heads x tokens.",
    ),
    "matrix-product": (
        "Matrix product: the practical peak",
        "Square matrices of that side. The fastest is what shares of the peak refer to.",
    ),
    "image-processing": (
        "Image processing",
        "From the photograph to the tensor: resize, crop, rescale, normalise. Sizes: width x height in pixels.",
    ),
}
LAYER = re.compile(r"(?P<kind>[a-z-]+?)-\d+(?:x\d+)*")


@dataclass(frozen=True)
class Layer:
    """A layer under one condition, and the best of its runs as a part of the machine's peak."""

    name: str
    condition: Condition
    table: Table
    share: float | None


@dataclass(frozen=True)
class Kind:
    """Layers of one kind, with the words for them."""

    key: str
    title: str
    text: str
    layers: list[Layer]


def write(facts: Facts, output: Path) -> None:
    """Write implementations/layers/index.md; without rows the page says so and how to make some."""
    page = Page(
        "implementations/layers/index.md",
        "Speed of layers",
        "Attention layers, matrix products and image processing, timed here in every implementation.",
        hide=("navigation", "toc"),
    )
    kinds = layer_kinds(facts)
    shown = [line.run for kind in kinds for layer in kind.layers for line in layer.table.lines]
    write_page(
        output,
        page,
        "benchmark_layers.html",
        facts=facts,
        kinds=kinds,
        environments=hardware(shown),
        software=software(shown),
        files=files(facts, shown),
    )


def layer_kinds(facts: Facts) -> list[Kind]:
    """The layers by kind; kinds that were not timed are left out."""
    found: dict[str, list[Layer]] = {}
    for name, conditions in facts.benchmarks.by_layer.items():
        match = LAYER.fullmatch(name)
        for condition, runs in conditions.items():
            if match and match["kind"] in KINDS:
                found.setdefault(match["kind"], []).append(_layer(facts, name, condition, runs))
    return [Kind(key, title, text, found[key]) for key, (title, text) in KINDS.items() if key in found]


def _layer(facts: Facts, name: str, condition: Condition, runs: list[Run]) -> Layer:
    ours = [run for run in runs if run.is_ours]
    # Image processing has no TensorFlow graph of ours to lead with where it was timed as a plain call only.
    lead = fastest(ours, runtimes=TENSORFLOW_RUNTIMES) or fastest(ours)
    lines = [Line(run, ratio(lead, run)) for run in runs]
    best = fastest(runs)
    product = name.startswith("matrix-product")
    return Layer(
        name, condition, Table(condition, lead, lines), None if product else share_of_peak(facts.benchmarks, best)
    )
