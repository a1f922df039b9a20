"""Writes a laid-out chart as pgfplots source that compiles on its own and as a part of a paper with `\\input`."""

from __future__ import annotations

from collections.abc import Iterator

from generator.charts.layout import HANDLE, LegendEntry, Page, PlacedPanel, TextLine
from generator.charts.scales import Scale
from generator.charts.scene import Mark, Panel, Scene
from generator.charts.style import EQUAL_AREA, GRID, INK, PAPER, QUIET, QUIET_INK, tint

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
    marks = [mark for panel in scene.panels for mark in panel.marks] + [entry.mark for entry in page.legend]
    return sorted({INK, QUIET_INK, QUIET, GRID, PAPER} | {tint(mark.colour, mark.look.tint) for mark in marks})


def _colour(colour: str) -> str:
    return f"chart{colour[1:]}"


def _axis(panel: Panel, place: PlacedPanel) -> Iterator[str]:
    options = [
        f"at={{({place.left:.2f}pt,{place.bottom:.2f}pt)}},anchor=south west",
        f"scale only axis,width={place.width:.2f}pt,height={place.height:.2f}pt",
        f"clip mode=individual,axis lines=left,axis line style={{-,draw={_colour(QUIET)}}}",
        f"grid=major,grid style={{line width=0.4pt,draw={_colour(GRID)}}}",
        f"tick style={{draw={_colour(QUIET)},line width=0.5pt}},major tick length=2pt,tick align=outside",
        "scaled ticks=false,unbounded coords=jump",
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
    for mark in panel.marks:
        if mark.x:
            points = " ".join(
                f"({x:.8g},{y:g})" if abs(x) >= 1e5 else f"({x:g},{y:g})" for x, y in zip(mark.x, mark.y, strict=True)
            )
            yield rf"\addplot[{_style(mark)}] coordinates {{{points}}};"
    for label in place.labels:
        if label.leader:
            x, y, end_x, end_y = label.leader
            start, end = _inside(place, x, y), _inside(place, end_x, end_y)
            yield rf"\draw[draw={_colour(QUIET)},line width=0.35pt] {start} -- {end};"
        spot = _inside(place, label.left, label.bottom + label.height * 0.24)
        yield rf"\node[anchor=base west,text={_colour(INK)}] at {spot} {{{escaped(label.text)}}};"
    yield r"\end{axis}"


def _direction(letter: str, axis: Scale, length: float) -> list[str]:
    marks = axis.ticks(length)
    positions = ",".join(f"{value:.10g}" for value, _ in marks)
    texts = ",".join(f"{{{escaped(text)}}}" for _, text in marks)
    return [
        f"{letter}mode={'log' if axis.log else 'linear'},{letter}min={axis.low:.8g},{letter}max={axis.high:.8g}",
        f"{letter}tick={{{positions}}},{letter}ticklabels={{{texts}}},minor {letter} tick num=0",
        f"{letter}label={{{escaped(axis.title)}}}",
    ]


def _inside(place: PlacedPanel, x: float, y: float) -> str:
    return f"(rel axis cs:{x / place.width:.4f},{y / place.height:.4f})"


def _style(mark: Mark) -> str:
    marker = _marker(mark) if mark.look.size else "no marks"
    return f"{_line(mark)},{marker}" if mark.look.line else f"only marks,{marker}"


def _line(mark: Mark) -> str:
    look = mark.look
    shape = ",const plot" if look.steps else ",dashed" if look.dashed else ""
    return f"draw={_colour(tint(mark.colour, look.tint))},line width={look.line:g}pt{shape}"


def _marker(mark: Mark) -> str:
    look, colour = mark.look, _colour(tint(mark.colour, mark.look.tint))
    edge = colour if look.hollow else _colour(PAPER)
    drawn = f"draw={edge},line width=0.4pt" if look.hollow or look.edged else "draw=none"
    fill = "none" if look.hollow else colour
    turned = ",rotate=180" if mark.marker == "v" else ""
    size = look.size * EQUAL_AREA[mark.marker] / 2
    return f"mark={MARKS[mark.marker]},mark size={size:.4g}pt,mark options={{solid,{drawn},fill={fill}{turned}}}"


def _legend(entry: LegendEntry) -> Iterator[str]:
    left, middle = f"{entry.left:.2f}", f"{entry.middle:.2f}"
    if entry.mark.look.line:
        line = _line(entry.mark).removesuffix(",const plot")
        yield rf"\draw[{line}] ({left},{middle}) -- ({entry.left + HANDLE:.2f},{middle});"
    if entry.mark.look.size:
        yield rf"\draw plot[only marks,{_marker(entry.mark)}] coordinates {{({entry.left + HANDLE / 2:.2f},{middle})}};"
    name = f"({entry.left + HANDLE + 3:.2f},{entry.middle - 2.1:.2f})"
    yield rf"\node[anchor=base west,text={_colour(INK)}] at {name} {{{escaped(entry.name)}}};"


def _text(line: TextLine) -> str:
    weight = r"\bfseries" if line.bold else ""
    font = rf"\sffamily{weight}\fontsize{{{line.size:g}}}{{{line.size + 1:g}}}\selectfont"
    place = f"({line.left:.2f},{line.bottom:.2f})"
    colour = _colour(QUIET_INK if line.quiet else INK)
    return rf"\node[anchor=base west,font={font},text={colour}] at {place} {{{escaped(line.text)}}};"
