"""The real site in a real browser: narrow screens, both colour schemes, keyboard, and no errors."""

from __future__ import annotations

import pytest

pytest.importorskip("playwright")
from site_visit import BASICS, opened

pytestmark = pytest.mark.browser

PAGES = (
    "",
    "families/",
    "families/convnext/",
    "models/convnext_tiny.fb_in1k/",
    "papers/",
    "charts/",
    "implementations/",
    "implementations/layers/",
    "implementations/regional-compilation/",
    "methodology/",
    "methodology/benchmarks/",
    "data/",
    "whats-new/",
)


@pytest.mark.parametrize("path", PAGES)
def test_narrow_pages_do_not_scroll_sideways_and_have_no_errors(browser, served, path):
    page, wrong = opened(browser, served + path, width=360)
    width = page.evaluate("document.documentElement.scrollWidth")
    page.context.close()
    assert width <= 360
    assert wrong == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", ["", "families/convnext/", "models/convnext_tiny.fb_in1k/", "papers/", "data/"])
def test_pages_are_accessible_in_both_schemes(browser, served, path, scheme):
    page, _ = opened(browser, served + path, scheme=scheme)
    problems = page.evaluate(BASICS)
    page.context.close()
    assert problems == []


def test_the_scheme_follows_the_system_and_can_be_switched(browser, served):
    page, _ = opened(browser, served, scheme="dark")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "slate"
    page.locator("label[for=__palette_1]").click()
    page.wait_for_function("document.body.dataset.mdColorScheme === 'default'")
    page.goto(served + "families/")
    assert page.locator("body").get_attribute("data-md-color-scheme") == "default"
    page.context.close()


def test_a_family_table_sorts_by_a_click_and_back(browser, served):
    page, _ = opened(browser, served + "families/convnext/")
    first = "table.sortable tbody tr:first-child th"
    published = page.locator(first).inner_text()
    heading = page.locator("table.sortable thead th", has_text="Params")
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") == "descending"
    heading.locator("button").press("Enter")
    assert heading.get_attribute("aria-sort") == "ascending"
    smallest = page.locator("table.sortable tbody tr:first-child td").nth(3).inner_text()
    assert float(smallest) < 5
    heading.locator("button").click()
    assert heading.get_attribute("aria-sort") is None
    assert page.locator(first).inner_text() == published
    page.context.close()


def test_the_list_of_models_narrows_while_typing(browser, served):
    page, _ = opened(browser, served + "models/")
    page.get_by_label("Find a model").fill("convnext tiny in12k")
    shown = page.locator("#model-list li:visible")
    assert 0 < shown.count() < 10
    assert all("convnext_tiny" in text for text in shown.all_inner_texts())
    page.context.close()


def test_the_search_finds_a_model(browser, served):
    page, _ = opened(browser, served)
    page.locator("input.md-search__input").click()
    page.locator("input.md-search__input").press_sequentially("convnext_tiny.fb_in1k")
    # The theme searches while one types: wait for the answer to the whole name.
    first = "document.querySelector('.md-search-result__link')?.href ?? ''"
    page.wait_for_function(f"/\\/models\\/convnext_tiny\\.fb_in1k\\//.test({first})")
    page.context.close()


def test_pages_work_without_javascript(browser, served):
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(served + "families/convnext/")
    assert page.locator("table.sortable tbody tr").count() > 20
    assert page.locator("figure.chart img").first.is_visible()
    page.context.close()


def see_the_chart(page):
    page.locator("figure.chart[data-chart]").first.scroll_into_view_if_needed()
    page.locator("figure.chart-live .main-svg").first.wait_for()


def sort_the_leaderboard(page):
    page.locator(".tabulator-row").first.wait_for()
    page.get_by_role("searchbox", name="Search models").fill("convnext")
    page.locator("#leaderboard-chart").scroll_into_view_if_needed()
    page.locator("#leaderboard-chart .main-svg").first.wait_for()
    with page.expect_download() as saved:
        page.get_by_role("button", name="CSV").click()
    assert saved.value.suggested_filename.endswith(".csv")


def search(page):
    query = page.locator("[data-md-component=search-query]")
    query.click()
    query.press_sequentially("convnext tiny")
    page.locator(".md-search-result__item").first.wait_for()


@pytest.mark.parametrize(
    ("path", "use"),
    [
        ("", see_the_chart),
        ("leaderboard/", sort_the_leaderboard),
        ("charts/", see_the_chart),
        ("models/convnext_tiny.fb_in1k/", search),
    ],
)
def test_pages_work_under_their_policy(browser, served, path, use):
    page, wrong = opened(browser, served + path)
    use(page)
    page.context.close()
    assert wrong == []


def test_the_policy_refuses_what_stands_in_a_page_and_what_lies_elsewhere(browser, served):
    page, wrong = opened(browser, served)
    page.evaluate("""() => {
      document.body.insertAdjacentHTML("beforeend", "<img src='data:,' onerror='window.ran = 1'>");
      document.body.append(Object.assign(document.createElement("script"), { textContent: "window.ran = 2" }));
      document.body.append(Object.assign(document.createElement("img"), { src: "https://elsewhere.invalid/x.png" }));
    }""")
    ran = page.evaluate("window.ran")
    page.context.close()
    assert ran is None
    refused = " ".join(wrong)
    assert "inline event handler" in refused and "inline script" in refused and "elsewhere.invalid" in refused
