"""The real site in a real browser: narrow screens, both colour schemes, keyboard, and no errors."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

pytest.importorskip("playwright")
from playwright.sync_api import Browser, Page, sync_playwright

pytestmark = pytest.mark.browser

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGES = (
    "",
    "families/",
    "families/convnext/",
    "models/convnext_tiny.fb_in1k/",
    "papers/",
    "charts/",
    "methodology/",
    "data/",
    "whats-new/",
)
# Every control has a name, every table header a scope, headings do not skip a level, text stands out from its ground.
BASICS = """() => {
  const problems = [];
  const name = (one) => (one.getAttribute("aria-label") || one.title || one.alt || one.textContent || "").trim()
    || (one.labels && [...one.labels].map((label) => label.textContent.trim()).join(""))
    || (one.querySelector("img[alt]:not([alt=''])") && "image") || one.getAttribute("aria-labelledby");
  const visible = (one) => one.checkVisibility();
  const article = document.querySelector("article");
  for (const one of document.querySelectorAll("a[href], button, input:not([type=hidden]), select"))
    if (visible(one) && !name(one)) problems.push("no name: " + one.outerHTML.slice(0, 100));
  for (const one of article.querySelectorAll("thead th"))
    if (!one.scope) problems.push("no scope: " + one.textContent);
  for (const one of article.querySelectorAll("img")) if (!one.hasAttribute("alt")) problems.push("no alt");
  let level = 1;
  for (const one of article.querySelectorAll("h1, h2, h3, h4")) {
    const next = Number(one.tagName[1]);
    if (next > level + 1) problems.push("skipped level: " + one.textContent);
    level = next;
  }
  const channel = (value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  };
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgba = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return canvas.getImageData(0, 0, 1, 1).data;
  };
  const over = (top, ground) => [0, 1, 2].map((index) => (top[index] * top[3] + ground[index] * (255 - top[3])) / 255);
  const light = (colour) => 0.2126 * channel(colour[0]) + 0.7152 * channel(colour[1]) + 0.0722 * channel(colour[2]);
  const ground = (one) => {
    for (let at = one; at; at = at.parentElement) {
      const found = rgba(getComputedStyle(at).backgroundColor);
      if (found[3] === 255) return found;
    }
    return [255, 255, 255, 255];
  };
  for (const one of article.querySelectorAll("p, th, td, a, dt, dd, small, li, caption span, summary")) {
    if (!visible(one) || !one.textContent.trim() || one.closest("figure")) continue;
    const behind = ground(one);
    const text = over(rgba(getComputedStyle(one).color), behind);
    const [high, low] = [light(text), light(behind)].sort((a, b) => b - a);
    const contrast = (high + 0.05) / (low + 0.05);
    const text40 = one.textContent.trim().slice(0, 40);
    if (contrast < 4.4) problems.push(`contrast ${contrast.toFixed(1)}: ${one.tagName} ${one.className} ${text40}`);
  }
  return [...new Set(problems)].slice(0, 10);
}"""


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    with sync_playwright() as play:
        started = play.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield started
        started.close()


def opened(browser: Browser, address: str, width: int = 1280, scheme: str = "light") -> tuple[Page, list[str]]:
    """A page in a context of its own, and what goes wrong on it."""
    page = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme).new_page()
    wrong: list[str] = []
    page.on("console", lambda message: wrong.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda request: (
            None
            if request.url.startswith(("http://127.0.0.1", "data:", "blob:"))
            else wrong.append(f"asks {request.url}")
        ),
    )
    page.goto(address, wait_until="load")
    return page, wrong


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
    heading = page.locator("table.sortable thead th", has_text="Parameters")
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
