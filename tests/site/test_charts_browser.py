"""Scrolls past a chart in Chromium as a visitor does: a picture first, the interactive chart once it is in view."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from generator.charts import family_chart
from generator.vendor import vendor

import catalog
from tests.site.leaderboard_page import ASSETS, chromium, node_modules, serve

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(node_modules() is None, reason="the JavaScript libraries are not installed; run npm ci"),
]

WIDE, NARROW = {"width": 1280, "height": 800}, {"width": 360, "height": 740}
DARK_INK, LIGHT_INK = "#e6e6e6", "#222222"
PAGE = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Charts</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="data:,"><link rel="stylesheet" href="assets/charts.css"></head>
<body data-md-color-scheme="default"><p style="height: 3000px">Far above the chart</p>
<figure class="chart" data-chart="chart.json"{library}>
<img src="chart.svg" alt="A family against the frontier"><figcaption>A caption</figcaption></figure>
<script src="assets/charts.js"></script></body></html>
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("charts-page")
    chart = family_chart(catalog.load(), "convnext")
    assert chart is not None
    (folder / "assets").mkdir()
    for name in ("charts.js", "charts.css"):
        shutil.copy(ASSETS / name, folder / "assets" / name)
    vendor(folder / "assets" / "vendor")
    (folder / "chart.svg").write_text(chart.svg, encoding="utf-8")
    (folder / "chart.json").write_text(chart.figure, encoding="utf-8")
    (folder / "index.html").write_text(PAGE.format(library=""), encoding="utf-8")
    (folder / "bare.html").write_text(PAGE.format(library=' data-library="missing.js"'), encoding="utf-8")
    with serve(folder) as address:
        yield address


class Reader:
    """A window on a page with a chart; `asked` holds what it requested, `told` what the console said."""

    def __init__(self, browser: Any, address: str, **context: Any) -> None:
        self.page = browser.new_context(**{"viewport": WIDE, **context}).new_page()
        self.page.set_default_timeout(15_000)
        self.asked: list[str] = []
        self.told: list[str] = []
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda message: self.told.append(message.text))
        self.page.on("pageerror", lambda error: self.told.append(str(error)))
        self.page.goto(address)
        self.page.wait_for_load_state("networkidle")

    def scroll(self) -> Reader:
        self.page.locator("figure.chart").scroll_into_view_if_needed()
        return self

    def live(self) -> Reader:
        self.page.locator("figure.chart.chart-live .main-svg").first.wait_for()
        return self

    def asked_for(self, end: str) -> bool:
        return any(address.endswith(end) for address in self.asked)

    def wait_for_ink(self, colour: str) -> None:
        self.page.wait_for_function(
            "colour => document.querySelector('.chart-plot').layout.font.color === colour", arg=colour
        )

    def text_colour(self) -> str:
        script = "getComputedStyle(document.querySelector('.chart-plot .xtick text')).fill"
        return str(self.page.evaluate(script))

    def picture_is_seen(self) -> bool:
        return bool(self.page.locator("figure.chart > img").is_visible())


def test_a_chart_becomes_interactive_in_view_and_not_before(browser: Any, site: str) -> None:
    reader = Reader(browser, site)
    assert not reader.asked_for("plotly-basic.min.js") and not reader.asked_for("chart.json")
    assert reader.page.locator(".chart-plot").count() == 0

    reader.scroll().live()

    assert reader.asked_for("vendor/plotly-basic.min.js") and reader.asked_for("chart.json")
    assert not reader.picture_is_seen()
    assert reader.page.locator(".chart-plot .scatterlayer .trace").count() > 1
    assert reader.told == []


def test_nothing_is_asked_of_another_host(browser: Any, site: str) -> None:
    reader = Reader(browser, site).scroll().live()

    assert [address for address in reader.asked if not address.startswith((site, "data:", "blob:"))] == []


def test_without_the_library_the_picture_stays(browser: Any, site: str) -> None:
    reader = Reader(browser, f"{site}bare.html")
    with reader.page.expect_console_message(lambda message: "stays a picture" in message.text):
        reader.scroll()

    assert reader.picture_is_seen()
    assert reader.page.locator(".chart-plot").count() == 0


def test_without_javascript_the_picture_stays(browser: Any, site: str) -> None:
    reader = Reader(browser, site, java_script_enabled=False).scroll()

    assert reader.picture_is_seen()


def test_the_switch_of_schemes_restyles_the_chart(browser: Any, site: str) -> None:
    reader = Reader(browser, site).scroll().live()
    reader.wait_for_ink(LIGHT_INK)
    before = reader.text_colour()

    reader.page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    reader.wait_for_ink(DARK_INK)
    assert reader.text_colour() == "rgb(230, 230, 230)" != before

    reader.page.evaluate("document.body.dataset.mdColorScheme = 'default'")
    reader.wait_for_ink(LIGHT_INK)
    assert reader.text_colour() == before


@pytest.mark.parametrize("viewport", [WIDE, NARROW], ids=["1280", "360"])
def test_a_chart_is_as_wide_as_its_column_and_no_wider_than_is_good(browser: Any, site: str, viewport: Any) -> None:
    picture = Reader(browser, f"{site}bare.html", viewport=viewport).scroll().page.locator("figure.chart > img")
    assert picture.bounding_box()["width"] <= min(viewport["width"], 600)

    reader = Reader(browser, site, viewport=viewport).scroll().live()
    box = reader.page.locator("figure.chart").bounding_box()
    assert box["width"] <= min(viewport["width"], 46 * 20)
    assert abs(box["x"] * 2 + box["width"] - viewport["width"]) < 40  # in the middle, but for a scroll bar
    assert reader.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
