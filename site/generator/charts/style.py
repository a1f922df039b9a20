"""How charts look, whatever the format: the page of one journal column, type, colours, markers and roles.

Figures are drawn at the size they are printed in one journal column, 3.5 inches wide, with no type under 6 points;
enlarged on a screen they stay the same picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from catalog.vocabulary import IMAGENET_1K, TEACHER_SAW_MORE

# Points of 1/72 inch.
WIDTH = 252.0
MARGIN_LEFT = 31.0
MARGIN_RIGHT = 7.0
PLOT_HEIGHT = 188.0
TYPE_SIZE = 6.0
TITLE_SIZE = 8.0
LINE_HEIGHT = 7.6

# Okabe and Ito's colours that stand out on white; with ink and grey, fewer than eight on any chart.
BLUE = "#0072B2"
ORANGE = "#E69F00"
GREEN = "#009E73"
VERMILION = "#D55E00"
PURPLE = "#CC79A7"
SKY = "#56B4E9"
INK = "#222222"
QUIET_INK = "#666666"
QUIET = "#8C8C8C"
GRID = "#E8E8E8"
PAPER = "#FFFFFF"


Role = Literal[
    "cloud", "hollow", "highlight", "reported", "line", "dashed", "steps", "method", "quiet method", "whiskers"
]


@dataclass(frozen=True)
class Look:
    """How a role is drawn: `size` of its markers and width of its `line` in points, 0 for none.

    `tint` mixes the colour with paper, 1 is the colour itself; `edged` markers stand out by an edge of paper. On a
    page, markers are `pixels` wide and the whole is as opaque as `opacity` says.
    """

    size: float = 0.0
    line: float = 0.0
    tint: float = 1.0
    hollow: bool = False
    edged: bool = False
    dashed: bool = False
    steps: bool = False
    pixels: int = 0
    opacity: float = 1.0


LOOKS: dict[Role, Look] = {
    "cloud": Look(size=2.3, tint=0.38, pixels=5, opacity=0.35),  # quiet points
    "hollow": Look(size=2.6, tint=0.6, hollow=True, pixels=6, opacity=0.55),  # points that the frontier ignores
    "highlight": Look(size=4.4, edged=True, pixels=9),
    "reported": Look(size=4.0, tint=0.8, hollow=True, pixels=8, opacity=0.8),  # hollow where there is no cloud
    "line": Look(line=0.8),
    "dashed": Look(line=0.8, dashed=True),  # for orientation only
    "steps": Look(line=0.8, steps=True),  # holds its value until the next point
    "method": Look(size=2.8, line=0.8, edged=True, pixels=7),
    "quiet method": Look(size=1.6, line=0.4, tint=0.5, pixels=4, opacity=0.5),
    "whiskers": Look(line=0.8, opacity=0.6),
}
# By this factor a marker of each shape looks as large as a circle.
EQUAL_AREA = {"o": 1.0, "s": 0.88, "^": 1.12, "D": 0.82, "p": 1.08, "v": 1.12}


@dataclass(frozen=True)
class Group:
    """A kind of points, told apart by colour and by marker (matplotlib's letter); `members` are the catalog's words."""

    name: str
    colour: str
    marker: str
    members: tuple[str, ...] = ()


TRAIN_GROUPS = (
    Group(IMAGENET_1K, BLUE, "o", (IMAGENET_1K,)),
    Group(TEACHER_SAW_MORE, SKY, "v", (TEACHER_SAW_MORE,)),
    Group("ImageNet-12K/21K", ORANGE, "s", ("ImageNet-12K", "ImageNet-21K/22K")),
    Group("web-scale", GREEN, "^", ("web image-text", "web-scale weak/self-supervised")),
    Group("JFT", VERMILION, "D", ("JFT-300M", "JFT-3B")),
    Group("merged, private", PURPLE, "p", ("merged 30M/38M", "other private data")),
)
KIND_GROUPS = (
    Group("convolutional", BLUE, "o", ("cnn",)),
    Group("transformer", ORANGE, "s", ("vit",)),
    Group("hybrid", GREEN, "^", ("hybrid",)),
    Group("MLP", VERMILION, "D", ("mlp",)),
    Group("other", PURPLE, "p", ("other",)),
)
# Lines of methods and revisions: one more hue than the groups, and ink.
LINE_COLOURS = (BLUE, ORANGE, GREEN, VERMILION, PURPLE, SKY)
LINE_MARKERS = ("o", "s", "^", "D", "p", "v")


def train_group(train_set: str) -> Group:
    """The group of a train-set bucket of the catalog; a bucket it does not know counts as private data."""
    return next((group for group in TRAIN_GROUPS if train_set in group.members), TRAIN_GROUPS[-1])


def kind_group(kind: str) -> Group:
    """The group of a family's kind."""
    return next((group for group in KIND_GROUPS if kind in group.members), KIND_GROUPS[-1])


def tint(colour: str, strength: float) -> str:
    """The colour mixed with paper; `strength` 1 is the colour itself."""
    channels = [int(colour[place : place + 2], 16) for place in (1, 3, 5)]
    return "#" + "".join(f"{round(255 - (255 - channel) * strength):02X}" for channel in channels)
