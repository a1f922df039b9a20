"""Writes a laid-out chart as pgfplots source that compiles on its own and as a part of a paper with `\\input`."""

from __future__ import annotations

from collections.abc import Iterator

from survey.charts.figure import CLOUD_SIZE
from survey.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from survey.charts.scene import LINES, Axis, Layer, Panel, Scene
from survey.charts.style import GRID, INK, PAPER, QUIET, QUIET_INK, tint
from survey.charts.ticks import ticks

ESCAPES = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "_": r"\_",
    "%": r"\%",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': "''",
    "–": "--",
}
MARKS = {"o": "*", "s": "square*", "^": "triangle*", "D": "diamond*", "p": "pentagon*", "v": "triangle*"}
SMALL = r"\sffamily\fontsize{6}{7}\selectfont"
# Opens a document unless it is read from within one, where a class has already been chosen.
HEAD = r"""\expandafter\ifx\csname @classoptionslist\endcsname\relax
  \def\chartopen{\documentclass[border=0pt]{standalone}\usepackage{pgfplots}\begin{document}}
  \def\chartclose{\end{document}}
\else
  \let\chartopen\relax
  \let\chartclose\relax
\fi
\chartopen
\pgfplotsset{compat=1.16}
\usetikzlibrary{plotmarks}"""


def escaped(text: str) -> str:
    """The text so that TeX prints it: no command, no comment, no mathematics."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    latin = "".join(character if ord(character) < 256 or character in ESCAPES else "?" for character in printable)
    return "".join(ESCAPES.get(character, character) for character in latin)


def source_of(scene: Scene, page: Page, title: str, citation: str) -> str:
    """The TeX source of a chart."""
    lines = [
        f"% {escaped(title)}",
        f"% {escaped(citation)}",
        r"% In a paper: \usepackage{pgfplots}, then \input this file.",
        HEAD,
    ]
    lines += [rf"\definecolor{{{_colour(colour)}}}{{HTML}}{{{colour[1:]}}}" for colour in _colours(scene, page)]
    lines += [r"\begin{tikzpicture}[x=1pt,y=1pt,font=" + SMALL + r",inner sep=0pt,outer sep=0pt]"]
    lines += [rf"\path[use as bounding box] (0,0) rectangle ({page.width:g},{page.height:.1f});"]
    for panel, place in zip(scene.panels, page.panels, strict=True):
        lines += _axis(panel, place)
    for entry in page.legend:
        lines += _legend(entry)
    lines += [_text(line) for line in page.texts]
    return "\n".join([*lines, r"\end{tikzpicture}%", r"\chartclose", ""])


def _colours(scene: Scene, page: Page) -> list[str]:
    used = {INK, QUIET_INK, QUIET, GRID, PAPER}
    layers = [layer for panel in scene.panels for layer in panel.layers] + [entry.layer for entry in page.legend]
    for colour in {layer.colour for layer in layers}:
        used |= {colour, tint(colour), tint(colour, 0.5), tint(colour, 0.6)}
    return sorted(used)


def _colour(colour: str) -> str:
    return f"chart{colour[1:]}"


def _axis(panel: Panel, place: PlacedPanel) -> Iterator[str]:
    options = [
        f"at={{({place.left:.2f}pt,{place.bottom:.2f}pt)}},anchor=south west",
        f"scale only axis,width={place.width:.2f}pt,height={place.height:.2f}pt",
        f"clip mode=individual,axis lines=left,axis line style={{-,draw={_colour(QUIET)}}}",
        f"grid=major,grid style={{line width=0.4pt,draw={_colour(GRID)}}}",
        f"tick style={{draw={_colour(QUIET)},line width=0.5pt}},major tick length=2pt,tick align=outside",
        "scaled ticks=false",
        f"label style={{font={SMALL}}},tick label style={{font={SMALL},inner sep=2pt}}",
        "xlabel style={at={(rel axis cs:0.5,0)},anchor=north,yshift=-9.5pt}",
        "ylabel style={at={(rel axis cs:0,0.5)},anchor=south,rotate=0,yshift=15pt}",
        *_direction("x", panel.x, place.width),
        *_direction("y", panel.y, place.height),
    ]
    if panel.title:
        title_style = rf"at={{(rel axis cs:0,1)}},anchor=south west,yshift=2.5pt,font=\bfseries{SMALL}"
        options += [f"title={{{escaped(panel.title)}}},title style={{{title_style}}}"]
    yield "\\begin{axis}[\n  " + ",\n  ".join(options) + "]"
    for layer in panel.layers:
        if layer.role == "whiskers":
            yield from _whiskers(layer)
        elif layer.x:
            points = " ".join(
                f"({x:g},{y:g})" if abs(x) < 1e5 else f"({x:.8g},{y:g})" for x, y in zip(layer.x, layer.y, strict=True)
            )
            yield rf"\addplot[{_style(layer)}] coordinates {{{points}}};"
    for label in place.labels:
        if label.leader:
            x, y, end_x, end_y = label.leader
            start, end = _inside(place, x, y), _inside(place, end_x, end_y)
            yield rf"\draw[draw={_colour(QUIET)},line width=0.35pt] {start} -- {end};"
        spot = _inside(place, label.left, label.bottom + label.height * 0.24)
        yield rf"\node[anchor=base west,text={_colour(INK)}] at {spot} {{{escaped(label.text)}}};"
    yield r"\end{axis}"


def _whiskers(layer: Layer) -> Iterator[str]:
    ends = list(zip(layer.x, layer.y, strict=True))
    for (x, y), (end_x, end_y) in zip(ends[::2], ends[1::2], strict=True):
        stroke = f"draw={_colour(layer.colour)},line width=0.8pt,no marks"
        yield rf"\addplot[{stroke}] coordinates {{({x:g},{y:g}) ({end_x:g},{end_y:g})}};"


def _direction(letter: str, axis: Axis, length: float) -> list[str]:
    marks = ticks(axis, length)
    positions = ",".join(f"{value:.10g}" for value, _ in marks)
    texts = ",".join(f"{{{escaped(text)}}}" for _, text in marks)
    return [
        f"{letter}mode={'log' if axis.log else 'linear'},{letter}min={axis.low:.8g},{letter}max={axis.high:.8g}",
        f"{letter}tick={{{positions}}},{letter}ticklabels={{{texts}}},minor {letter} tick num=0",
        f"{letter}label={{{escaped(axis.title)}}}",
    ]


def _inside(place: PlacedPanel, x: float, y: float) -> str:
    return f"(rel axis cs:{x / place.width:.4f},{y / place.height:.4f})"


def _style(layer: Layer) -> str:
    if layer.role not in LINES:
        return f"only marks,{_mark(layer)}"
    quiet = layer.role == "quiet method"
    stroke = f"draw={_colour(tint(layer.colour, 0.5) if quiet else layer.colour)},line width={0.4 if quiet else 0.8}pt"
    shape = {"steps": ",const plot", "dashed": ",dashed"}.get(layer.role, "")
    return f"{stroke}{shape},{_mark(layer) if layer.role in CLOUD_SIZE else 'no marks'}"


def _mark(layer: Layer) -> str:
    size = CLOUD_SIZE[layer.role] / 2
    colour = (
        layer.colour
        if layer.role in ("highlight", "method")
        else tint(layer.colour, 0.5 if layer.role == "quiet method" else 0.38)
    )
    look = f"draw=none,fill={_colour(colour)}"
    if layer.role == "hollow":
        look = f"draw={_colour(tint(layer.colour, 0.6))},fill=none,line width=0.4pt"
    if layer.role in ("highlight", "method"):
        look = f"draw={_colour(PAPER)},fill={_colour(colour)},line width=0.4pt"
    if layer.role == "quiet method":
        look = f"draw=none,fill={_colour(tint(layer.colour, 0.5))}"
    turned = ",rotate=180" if layer.marker == "v" else ""
    return f"mark={MARKS[layer.marker]},mark size={size:g}pt,mark options={{solid,{look}{turned}}}"


def _legend(entry: LegendEntry) -> Iterator[str]:
    layer, middle = entry.layer, f"{entry.middle:.2f}"
    if layer.role in LINES:
        line = _style(layer).split(",no marks")[0].split(",mark=")[0].replace(",const plot", "")
        yield rf"\draw[{line}] ({entry.left:.2f},{middle}) -- ({entry.left + HANDLE:.2f},{middle});"
    if layer.role in CLOUD_SIZE:
        yield rf"\draw plot[only marks,{_mark(layer)}] coordinates {{({entry.left + HANDLE / 2:.2f},{middle})}};"
    name = f"({entry.left + HANDLE + 3:.2f},{entry.middle - 2.1:.2f})"
    yield rf"\node[anchor=base west,text={_colour(INK)}] at {name} {{{escaped(entry.name)}}};"


def _text(line: TextLine) -> str:
    weight = r"\bfseries" if line.bold else ""
    font = rf"\sffamily{weight}\fontsize{{{line.size:g}}}{{{line.size + 1:g}}}\selectfont"
    place = f"({line.left:.2f},{line.bottom:.2f})"
    colour = _colour(QUIET_INK if line.quiet else INK)
    return rf"\node[anchor=base west,font={font},text={colour}] at {place} {{{escaped(line.text)}}};"
