"""Writes a chart as a plotly figure that needs no more than the basic bundle: scatter traces, no template.

It writes plotly's JSON itself: plotly's own classes check every value and cost as much as the drawing. A test has them
check the result.
"""

from __future__ import annotations

import html
import json
import math
from collections.abc import Sequence

from survey.charts.scene import LINES, NOT_RANKED, SPREAD, Axis, Layer, Panel, Scene
from survey.charts.style import INK
from survey.charts.ticks import day_text, ticks

SYMBOLS = {"o": "circle", "s": "square", "^": "triangle-up", "D": "diamond", "p": "pentagon", "v": "triangle-down"}
SIZES = {"cloud": 5, "hollow": 6, "highlight": 9, "method": 7, "quiet method": 4}
OPACITIES = {"cloud": 0.35, "hollow": 0.55, "quiet method": 0.5, "whiskers": 0.6}
COLUMN_GAP = 0.12
ROW_GAP = 0.09
NAME_HEIGHT = 22  # pixels of a row in a panel of names


def figure_json(scene: Scene) -> str:
    """The figure as JSON with sorted keys. `layout.meta` tells the page how the panels may be stacked."""
    entries = [layer for panel in scene.panels for layer in panel.layers if layer.in_legend]
    without_strong = {layer.name for layer in entries} - {layer.name for layer in entries if layer.x}
    listed: set[str] = set()
    data: list[dict[str, object]] = []
    for number, panel in enumerate(scene.panels, start=1):
        for layer in panel.layers:
            if layer.x:
                shown = layer.name not in listed and (layer.in_legend or layer.name in without_strong)
                data.append({**_trace(layer, panel, number), "showlegend": shown, "type": "scatter"})
                listed |= {layer.name} if shown else set()
    named = max(len(panel.y.names) for panel in scene.panels)
    titles = [_panel_title(panel, number) for number, panel in enumerate(scene.panels, start=1) if panel.title]
    layout: dict[str, object] = {
        "hovermode": "closest",
        "dragmode": "zoom",
        "margin": {"l": 56, "r": 12, "t": 12, "b": 48},
        "legend": {"orientation": "h", "y": -0.16 if len(scene.panels) == 1 else -0.1, "yanchor": "top", "x": 0},
        "hoverlabel": {"align": "left"},
        "meta": {"grid": list(scene.grid), "columnGap": COLUMN_GAP, "rowGap": ROW_GAP, "inkColour": INK}
        | ({"panelHeight": NAME_HEIGHT * named + 40} if named else {}),
        **({"annotations": titles} if titles else {}),
    }
    for number, (panel, (across, upward)) in enumerate(zip(scene.panels, _domains(scene.grid), strict=True), start=1):
        layout[f"xaxis{_suffix(number)}"] = {**_axis(panel.x), "domain": across, "anchor": f"y{_suffix(number)}"}
        layout[f"yaxis{_suffix(number)}"] = {**_axis(panel.y), "domain": upward, "anchor": f"x{_suffix(number)}"}
    return json.dumps({"data": data, "layout": layout}, sort_keys=True, separators=(",", ":"), allow_nan=False) + "\n"


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
            domains.append(
                ([round(left, 4), round(left + width, 4)], [round(max(0.0, top - height), 4), round(top, 4)])
            )
    return domains


def _axis(axis: Axis) -> dict[str, object]:
    low, high = (axis.low, axis.high) if not axis.log else (math.log10(axis.low), math.log10(axis.high))
    common: dict[str, object] = {"title": {"text": axis.title, "standoff": 6}, "zeroline": False, "automargin": True}
    if axis.names:
        rows = {"tickvals": list(range(len(axis.names))), "ticktext": [html.escape(name) for name in axis.names]}
        beside = {"showticklabels": False} if axis.named_beside else {}
        return {**common, "type": "linear", "range": [low, high], **rows, **beside, "fixedrange": True}
    if axis.dates:
        return {**common, "type": "date", "range": [day_text(axis.low), day_text(axis.high)]}
    marks = ticks(axis)
    if axis.log:
        texts = {"tickvals": [value for value, _ in marks], "ticktext": [text for _, text in marks]}
        return {**common, "type": "log", "range": [round(low, 4), round(high, 4)], **texts}
    return {**common, "type": "linear", "range": [round(low, 4), round(high, 4)]}


def _trace(layer: Layer, panel: Panel, number: int) -> dict[str, object]:
    paired = layer.role == "whiskers"
    across = [day_text(x) for x in layer.x] if panel.x.dates else list(layer.x)
    trace: dict[str, object] = {
        "name": html.escape(layer.name),
        "legendgroup": layer.name.removesuffix(NOT_RANKED).removesuffix(SPREAD),
        "x": _in_pairs(across) if paired else across,
        "y": _in_pairs(layer.y) if paired else list(layer.y),
        "xaxis": f"x{_suffix(number)}",
        "yaxis": f"y{_suffix(number)}",
        "mode": _mode(layer),
    }
    if layer.hover:
        trace["hovertemplate"] = layer.hover_template
        if layer.hover[0]:
            trace["customdata"] = layer.hover
    else:
        trace["hoverinfo"] = "skip"
    if paired:
        trace["line"] = {"color": layer.colour, "width": 2}
        trace["opacity"] = OPACITIES[layer.role]
    if layer.role in LINES:
        trace["line"] = {
            "color": layer.colour,
            "width": 1 if layer.role in ("quiet method", "dashed") else 2,
            "shape": "hv" if layer.role == "steps" else "linear",
            "dash": "dash" if layer.role == "dashed" else "solid",
        }
    if layer.role in SIZES:
        symbol = SYMBOLS[layer.marker] + ("-open" if layer.role == "hollow" else "")
        trace["marker"] = {"color": layer.colour, "size": SIZES[layer.role], "symbol": symbol}
        trace["opacity"] = OPACITIES.get(layer.role, 1)
    if layer.colour == INK:
        trace["meta"] = "ink"
    return trace


def _in_pairs(values: Sequence[object]) -> list[object]:
    """The values with a gap after every second, where plotly lifts the pen."""
    return [value for at in range(0, len(values), 2) for value in (*values[at : at + 2], None)]


def _mode(layer: Layer) -> str:
    if layer.role == "whiskers":
        return "lines"
    if layer.role not in LINES:
        return "markers"
    return "lines+markers" if layer.role in SIZES else "lines"


def _panel_title(panel: Panel, number: int) -> dict[str, object]:
    place = {"xref": f"x{_suffix(number)} domain", "yref": f"y{_suffix(number)} domain", "x": 0, "y": 1}
    look = {"xanchor": "left", "yanchor": "bottom", "showarrow": False}
    return {"text": f"<b>{html.escape(panel.title)}</b>", **place, **look}
