"""Pages of what was measured here in a real browser: wide and narrow, light and dark, tables and the explored chart."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Page
from site_visit import BASICS, opened

from tests.site.leaderboard_page import serve

pytestmark = pytest.mark.browser

BACKBONE = "implementations/vit_base_patch16_224/"
PAGES = (
    "implementations/",
    BACKBONE,
    "implementations/layers/",
    "implementations/regional-compilation/",
    "methodology/benchmarks/",
    "whats-new/",
    "data/",
)
ROWS = 9  # implementations and runtimes of the backbone in the fixture


@pytest.fixture(scope="module")
def address(measured_site) -> Iterator[str]:
    """The address of the small site with measured rows."""
    with serve(measured_site.public) as served:
        yield served


def with_chart(page: Page) -> Page:
    """The page with its chart in view and alive."""
    page.locator("figure.chart").first.scroll_into_view_if_needed()
    page.locator("figure.chart.chart-live .main-svg").first.wait_for()
    return page


@pytest.mark.parametrize("path", PAGES)
def test_narrow_pages_do_not_scroll_sideways_and_have_no_errors(browser, address, path):
    page, wrong = opened(browser, address + path, width=360)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert width <= 360
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", PAGES[:5])
def test_pages_are_accessible_in_both_schemes(browser, address, path, scheme):
    page, _ = opened(browser, address + path, scheme=scheme)
    problems = page.evaluate(BASICS)
    page.context.close()
    assert problems == []


@pytest.mark.parametrize(("width", "named"), [(1280, 1), (360, 2)], ids=["wide", "narrow"])
def test_every_panel_that_stands_alone_has_the_names(browser, address, width, named):
    page, wrong = opened(browser, address + BACKBONE, width=width)
    with_chart(page)
    names = page.locator("figure.chart .ytick text, figure.chart .y2tick text").all_text_contents()
    inside = page.evaluate(
        """() => {
          const frame = document.querySelector("figure.chart .chart-plot").getBoundingClientRect();
          const texts = [...document.querySelectorAll("figure.chart .ytick text, figure.chart .legend text")];
          return texts.every((text) => {
            const box = text.getBoundingClientRect();
            return box.left >= frame.left - 1 && box.right <= frame.right + 1 && box.bottom <= frame.bottom + 1;
          });
        }"""
    )
    page.context.close()
    assert names.count("timm · OpenVINO") == named
    assert len(names) == named * ROWS
    assert inside
    assert wrong == []


def test_the_chart_takes_the_inks_of_the_scheme(browser, address):
    page, _ = opened(browser, address + BACKBONE, scheme="dark")
    with_chart(page)
    colour = page.evaluate("getComputedStyle(document.querySelector('figure.chart .ytick text')).fill")
    page.context.close()
    assert colour == "rgb(230, 230, 230)"


def test_runs_can_be_sorted_and_ours_are_marked(browser, address):
    page, _ = opened(browser, address + BACKBONE)
    table = page.locator("table.sortable").first
    table.locator("thead th", has_text="Cold start").locator("button").click()
    cold = [float(text) for text in table.locator("tbody tr td:last-child").all_inner_texts()]
    ours = table.locator("tbody tr.ours th").all_inner_texts()
    page.context.close()
    assert cold == sorted(cold, reverse=True)
    assert ours == ["Ours"] * 3


def test_the_leaderboard_shows_speeds_of_a_machine_of_ours(browser, address):
    page, wrong = opened(
        browser, address + "leaderboard/?environment=amd-epyc-2t-fp32-nhwc-tf2.21.0-xla-e9f5424c&sort=throughput"
    )
    page.locator("#leaderboard-page[data-shown]").wait_for(state="attached")
    groups = page.locator("[data-part=environment] optgroup").evaluate_all("all => all.map((one) => one.label)")
    chosen = page.locator("[data-part=environment] option:checked").inner_text()
    first = page.locator(".tabulator-row .lb-col-throughput").first.inner_text()
    page.context.close()
    assert groups[-1] == "Measured here"
    assert chosen.startswith("AMD EPYC, 2 threads (fp32, NHWC, TensorFlow 2.21.0, XLA, e9f5424c), ours")
    assert float(first) > 10
    assert wrong == []
