"""Writes a chart as a plotly figure that needs no more than the basic bundle: scatter traces, no template.

It writes plotly's JSON itself: plotly's own classes check every value and cost as much as the drawing. A test has them
check the result.
"""

from __future__ import annotations

import html
import json
import math

from generator.charts.scales import Scale, day_text
from generator.charts.scene import NOT_RANKED, SPREAD, Mark, Panel, Scene
from generator.charts.style import INK

SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "p": "pentagon", "v": "triangle-down"}
COLUMN_GAP = 0.12
ROW_GAP = 0.09
NAME_HEIGHT = 22  # pixels of a row in a panel of names


def figure_json(scene: Scene) -> str:
    """The figure as JSON with sorted keys. `layout.meta` tells the page how the panels may be stacked."""
    named = max(len(panel.y.names) for panel in scene.panels)
    layout: dict[str, object] = {
        "hovermode": "closest",
        "dragmode": "zoom",
        "margin": {"l": 56, "r": 12, "t": 12, "b": 48},
        "legend": {"orientation": "h", "y": -0.16 if len(scene.panels) == 1 else -0.1, "yanchor": "top", "x": 0},
        "hoverlabel": {"align": "left"},
        "meta": {"grid": list(scene.grid), "columnGap": COLUMN_GAP, "rowGap": ROW_GAP, "inkColour": INK}
        | ({"panelHeight": NAME_HEIGHT * named + 40} if named else {}),
    }
    titles = [_title(panel, number) for number, panel in enumerate(scene.panels, start=1) if panel.title]
    layout |= {"annotations": titles} if titles else {}
    for number, (panel, (across, upward)) in enumerate(zip(scene.panels, _domains(scene.grid), strict=True), start=1):
        layout[f"xaxis{_suffix(number)}"] = {**_axis(panel.x), "domain": across, "anchor": f"y{_suffix(number)}"}
        layout[f"yaxis{_suffix(number)}"] = {**_axis(panel.y), "domain": upward, "anchor": f"x{_suffix(number)}"}
    figure = {"data": _traces(scene), "layout": layout}
    return json.dumps(figure, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


def _traces(scene: Scene) -> list[dict[str, object]]:
    """A trace for each mark with points; the legend lists each name once, also of groups with quiet points only."""
    marks = [(number, panel, mark) for number, panel in enumerate(scene.panels, start=1) for mark in panel.marks]
    strong = {mark.name for _, _, mark in marks if mark.in_legend and mark.x}
    quiet = {mark.name for _, _, mark in marks if mark.in_legend} - strong
    listed: set[str] = set()
    traces = []
    for number, panel, mark in marks:
        if mark.x:
            shown = mark.name not in listed and (mark.in_legend or mark.name in quiet)
            listed |= {mark.name} if shown else set()
            traces.append({**_trace(mark, panel, number), "showlegend": shown, "type": "scatter"})
    return traces


def _suffix(number: int) -> str:
    return "" if number == 1 else str(number)


def _domains(grid: tuple[int, ...]) -> list[tuple[list[float], list[float]]]:
    """The part of the width and of the height that each panel takes, in reading order."""
    height = (1 - ROW_GAP * (len(grid) - 1)) / len(grid)
    domains = []
    for row, count in enumerate(grid):
        top = 1 - row * (height + ROW_GAP)
        width = (1 - COLUMN_GAP * (count - 1)) / count
        for column in range(count):
            left = column * (width + COLUMN_GAP)
            across, upward = (left, left + width), (max(0.0, top - height), top)
            domains.append(([round(part, 4) for part in across], [round(part, 4) for part in upward]))
    return domains


def _axis(scale: Scale) -> dict[str, object]:
    common: dict[str, object] = {"title": {"text": scale.title, "standoff": 6}, "zeroline": False, "automargin": True}
    if scale.names:
        rows = {"tickvals": list(range(len(scale.names))), "ticktext": [html.escape(name) for name in scale.names]}
        beside = {"showticklabels": False} if scale.named_beside else {}
        return {**common, "type": "linear", "range": [scale.low, scale.high], **rows, **beside, "fixedrange": True}
    if scale.dates:
        return {**common, "type": "date", "range": [day_text(scale.low), day_text(scale.high)]}
    if not scale.log:
        return {**common, "type": "linear", "range": [round(scale.low, 4), round(scale.high, 4)]}
    values, texts = zip(*scale.ticks(), strict=True)
    limits = [round(math.log10(limit), 4) for limit in (scale.low, scale.high)]
    return {**common, "type": "log", "range": limits, "tickvals": list(values), "ticktext": list(texts)}


def _trace(mark: Mark, panel: Panel, number: int) -> dict[str, object]:
    look = mark.look
    trace: dict[str, object] = {
        "name": html.escape(mark.name),
        "legendgroup": mark.name.removesuffix(NOT_RANKED).removesuffix(SPREAD),
        "x": [day_text(x) for x in mark.x] if panel.x.dates else [None if math.isnan(x) else x for x in mark.x],
        "y": [None if math.isnan(y) else y for y in mark.y],
        "xaxis": f"x{_suffix(number)}",
        "yaxis": f"y{_suffix(number)}",
        "mode": "+".join([*(["lines"] if look.line else []), *(["markers"] if look.size else [])]),
        "opacity": look.opacity,
    }
    if mark.hover:
        trace["hovertemplate"] = mark.hover_template
        if mark.hover[0]:
            trace["customdata"] = mark.hover
    else:
        trace["hoverinfo"] = "skip"
    if look.line:
        trace["line"] = {
            "color": mark.colour,
            "width": 1 if look.tint < 1 or look.dashed else 2,
            "shape": "hv" if look.steps else "linear",
            "dash": "dash" if look.dashed else "solid",
        }
    if look.size:
        symbol = SYMBOLS[mark.marker] + ("-open" if look.hollow else "")
        trace["marker"] = {"color": mark.colour, "size": look.pixels, "symbol": symbol}
    if mark.colour == INK:
        trace["meta"] = "ink"
    return trace


def _title(panel: Panel, number: int) -> dict[str, object]:
    place = {"xref": f"x{_suffix(number)} domain", "yref": f"y{_suffix(number)} domain", "x": 0, "y": 1}
    look = {"xanchor": "left", "yanchor": "bottom", "showarrow": False}
    return {"text": f"<b>{html.escape(panel.title)}</b>", **place, **look}
