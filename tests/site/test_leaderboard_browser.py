"""Clicks through the leaderboard in Chromium as a visitor does, in a Material page with the real tables."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pandas as pd
import pytest

import catalog
from catalog.frontier import pareto_mask
from tests.site.leaderboard_page import HOSTILE, build, chromium, hostile_catalog, node_modules, serve, weights
from tests.site.leaderboard_visit import Visit

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(chromium() is None, reason="Chromium is not installed"),
    pytest.mark.skipif(node_modules() is None, reason="the JavaScript libraries are not installed; run npm ci"),
]

WIDE = {"width": 1280, "height": 900}
BUDGET = 350_000  # bytes after gzip, with the theme and before the chart library
NARROW = {"width": 360, "height": 740}
ENVIRONMENT = "core-i9-10940x-fp32-nchw-pt2.4.0-compiled"


@pytest.fixture(scope="module")
def real() -> catalog.Catalog:
    return catalog.load()


@pytest.fixture(scope="module")
def public(real: catalog.Catalog, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build(real, tmp_path_factory.mktemp("leaderboard"))


@pytest.fixture(scope="module")
def site(public: Path) -> Iterator[str]:
    with serve(public) as address:
        yield address


@pytest.fixture(scope="module")
def wide_context(browser: Any) -> Any:
    return browser.new_context(viewport=WIDE, permissions=["clipboard-read", "clipboard-write"])


@pytest.fixture(scope="module")
def narrow_context(browser: Any) -> Any:
    return browser.new_context(viewport=NARROW)


@pytest.fixture
def visit(wide_context: Any, site: str) -> Iterator[Visit]:
    window = Visit(wide_context, site)
    yield window
    window.page.close()
    assert window.errors == []


@pytest.fixture
def narrow(narrow_context: Any, site: str) -> Iterator[Visit]:
    window = Visit(narrow_context, site)
    yield window
    window.page.close()
    assert window.errors == []


def expected(real: catalog.Catalog, **conditions: Any) -> pd.DataFrame:
    """The catalog's ImageNet rows, ImageNet-1K only, of at most so many GMACs and parameters."""
    rows = real.leaderboard("imagenet", conditions.get("environment"))
    if conditions.get("only_1k"):
        rows = rows[rows["train_set"] == "ImageNet-1K only"]
    for column in ("gmacs", "params_m"):
        if column in conditions:
            rows = rows[rows[column] <= conditions[column]]
    return rows


def test_all_rows_are_there_in_the_catalogs_order(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    rows = expected(real)
    assert visit.count() == len(rows)
    assert visit.models() == list(rows["model"].head(25))
    assert visit.part("static").is_hidden()
    assert visit.page.url == visit.address


def test_the_chart_library_is_not_fetched_before_the_chart_is_in_view(visit: Visit) -> None:
    visit.open()
    assert not any("plotly" in address for address in visit.asked)
    visit.page.locator("#leaderboard-chart").scroll_into_view_if_needed()
    visit.page.wait_for_function("document.querySelector('.lb-plot').dataset.points")
    assert any("plotly" in address for address in visit.asked)


def test_the_page_is_light(browser: Any, site: str, public: Path) -> None:
    context = browser.new_context(viewport=WIDE)
    visit = Visit(context, site).open()
    sizes = weights((address.removeprefix(site) for address in visit.asked), public)
    context.close()
    assert len(sizes) > 15
    assert sum(sizes.values()) < BUDGET


def test_imagenet_1k_only_and_back(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.part("only-1k").check()
    visit.shown("train=imagenet-1k")
    rows = expected(real, only_1k=True)
    assert visit.count() == len(rows)
    assert visit.models() == list(rows["model"].head(25))
    visit.part("only-1k").uncheck()
    visit.shown("")


def test_the_question_that_people_ask(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.part("only-1k").check()
    visit.open_panel("GMACs").get_by_label("GMACs, at most").fill("5")
    visit.open_panel("Parameters").get_by_label("Params (M), at most").fill("30")
    visit.shown("train=imagenet-1k&max-params=30&max-gmacs=5")
    rows = expected(real, only_1k=True, gmacs=5, params_m=30)
    assert visit.count() == len(rows)
    assert visit.models() == list(rows["model"].head(25))


def test_family_filter_is_searched_counted_and_taken_off(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    panel = visit.open_panel("Family")
    panel.get_by_placeholder("Find a family").fill("convnext v")
    assert panel.locator("label:visible").count() == 1
    panel.locator("label:visible").click()
    visit.shown("family=convnext-v2")
    rows = expected(real)
    rows = rows[rows["family"] == "convnext-v2"]
    assert visit.count() == len(rows)
    assert panel.locator("label:visible .lb-count").inner_text() == str(len(rows))
    visit.page.keyboard.press("Escape")
    visit.page.get_by_role("button", name="Take off: Family: ConvNeXt V2").click()
    visit.shown("")


def test_values_that_add_nothing_are_dimmed(visit: Visit) -> None:
    visit.open("family=convnext")
    panel = visit.open_panel("Kind")
    dimmed = panel.locator("label.lb-dim").all_text_contents()
    assert any("MLP" in text for text in dimmed)
    assert not any("CNN" in text for text in dimmed)


@pytest.mark.parametrize(
    ("typed", "pattern"), [("vit_*", r"vit_.*"), ("convnext fb", r".*convnext.*fb.*|.*fb.*convnext.*")]
)
def test_search_takes_words_and_globs(visit: Visit, real: catalog.Catalog, typed: str, pattern: str) -> None:
    visit.open()
    visit.page.keyboard.press("/")
    visit.page.keyboard.type(typed)
    visit.shown(f"search={typed.replace(' ', '+')}")
    found = expected(real)
    found = found[found["model"].str.lower().str.fullmatch(pattern)]
    assert visit.count() == len(found)
    visit.page.go_back()
    visit.shown("")
    assert visit.part("search").input_value() == ""


def test_sorting_turns_round_and_says_so(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.page.get_by_role("button", name="Params (M)").click()
    visit.shown("sort=params")
    head = visit.page.locator(".tabulator-col.lb-col-params")
    assert head.get_attribute("aria-sort") == "ascending"
    smallest = expected(real).sort_values("params_m", kind="stable")
    assert visit.models() == list(smallest["model"].head(25))
    visit.page.get_by_role("button", name="Params (M)").click()
    visit.shown("sort=params&order=descending")
    assert head.get_attribute("aria-sort") == "descending"
    assert visit.page.locator(".tabulator-col.lb-col-top1").get_attribute("aria-sort") == "none"


def test_another_data_set_shows_its_figures_and_the_differences(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.part("dataset").select_option(label="ImageNetV2 matched frequency")
    visit.shown("dataset=imagenetv2")
    rows = real.leaderboard("imagenetv2")
    assert visit.count() == len(rows)
    assert visit.models() == list(rows["model"].head(25))
    assert [float(text) for text in visit.column("top1")] == list(rows["top1"].head(25))
    first = rows.iloc[0]
    evaluations = real.evaluations
    same = (evaluations["model"] == first["model"]) & (evaluations["img_size"] == first["img_size"])
    difference = evaluations[same & (evaluations["dataset"] == "imagenetv2")]["top1_diff"].iloc[0]
    assert float(visit.column("top1-diff")[0].replace("−", "-")) == pytest.approx(difference)


def test_another_environment_shows_its_speeds(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.part("environment").select_option(ENVIRONMENT)
    visit.shown(f"environment={ENVIRONMENT}")
    visit.page.get_by_role("button", name="Images/s").click()
    visit.shown(f"environment={ENVIRONMENT}&sort=throughput")
    fastest = real.leaderboard("imagenet", ENVIRONMENT).sort_values("images_per_s", ascending=False, kind="stable")
    assert visit.models() == list(fastest["model"].head(25))
    speeds = [float(re.sub(r"[^\d.]", "", text)) for text in visit.column("throughput")]
    assert speeds == pytest.approx(list(fastest["images_per_s"].head(25)), abs=0.5)


@pytest.mark.parametrize(
    ("axis", "column"), [("gmacs", "gmacs"), ("params", "params_m"), ("throughput", "images_per_s")]
)
def test_the_frontier_is_of_the_current_selection(visit: Visit, real: catalog.Catalog, axis: str, column: str) -> None:
    visit.open(f"train=imagenet-1k&max-params=30&environment={ENVIRONMENT}&rows=100")
    visit.part("x").select_option(axis)
    visit.part("pareto").check()
    visit.shown(f"train=imagenet-1k&max-params=30&environment={ENVIRONMENT}&pareto={axis}&rows=100")
    rows = expected(real, only_1k=True, params_m=30, environment=ENVIRONMENT)
    accuracy = rows["top1"].where(rows["evidence"] != "reported by a paper")
    same_network = {"gmacs": rows["cost_note"].isin(["", "estimated"]), "throughput": rows["speed_note"] == ""}
    cost = rows[column].where(same_network[axis]) if axis in same_network else rows[column]
    mask = pareto_mask(cost, accuracy, more_is_better=axis == "throughput")
    assert visit.models() == list(rows.loc[mask, "model"])
    assert len(visit.models()) > 5


def test_columns_on_and_off(visit: Visit) -> None:
    visit.open()
    panel = visit.open_panel("Columns")
    panel.get_by_label("Licence").check()
    visit.page.wait_for_selector(".tabulator-col.lb-col-licence:visible")
    panel.get_by_label("Top-5 (%)", exact=True).uncheck()
    visit.page.wait_for_selector(".tabulator-col.lb-col-top5", state="hidden")
    columns = parse_qs(urlsplit(visit.page.url).query)["columns"][0].split(",")
    assert "licence" in columns
    assert "top5" not in columns
    panel.get_by_role("button", name="Usual columns").click()
    visit.shown("")


def test_copied_link_shows_the_same_in_another_window(visit: Visit, wide_context: Any, site: str) -> None:
    visit.open("search=swin")
    visit.part("only-1k").check()
    visit.shown("search=swin&train=imagenet-1k")
    visit.page.get_by_role("button", name="Params (M)").click()
    visit.shown("search=swin&train=imagenet-1k&sort=params")
    visit.part("link").click()
    visit.page.get_by_role("button", name="Copied").wait_for()
    second = Visit(wide_context, site)
    second.page.goto(visit.page.evaluate("navigator.clipboard.readText()"))
    second.shown("search=swin&train=imagenet-1k&sort=params")
    assert second.models() == visit.models()
    second.page.reload()
    second.shown("search=swin&train=imagenet-1k&sort=params")
    assert second.models() == visit.models()
    assert second.errors == []
    second.page.close()


def test_back_and_forward_step_through_what_was_chosen(visit: Visit) -> None:
    visit.open()
    visit.part("only-1k").check()
    visit.shown("train=imagenet-1k")
    one = visit.models()
    visit.part("x").select_option("params")
    visit.shown("train=imagenet-1k&x=params")
    visit.page.go_back()
    visit.shown("train=imagenet-1k")
    visit.page.go_back()
    visit.shown("")
    assert not visit.part("only-1k").is_checked()
    visit.page.go_forward()
    visit.shown("train=imagenet-1k")
    assert visit.models() == one


def test_what_an_address_says_and_nobody_understands_is_named_on_the_page(visit: Visit) -> None:
    visit.open("family=nosuch&colour=%3Cimg+src%3Dx+onerror%3Dalert(1)%3E&train=imagenet-1k")
    note = visit.part("note")
    assert note.is_visible()
    assert "family=nosuch" in note.inner_text()
    assert "colour=<img src=x onerror=alert(1)>" in note.inner_text()
    assert note.locator("img").count() == 0
    assert visit.part("only-1k").is_checked()


def test_the_csv_is_the_view(visit: Visit, real: catalog.Catalog, tmp_path: Path) -> None:
    visit.open("train=imagenet-1k&max-gmacs=1&sort=gmacs&columns=model,top1,gmacs,throughput")
    rows = visit.csv(tmp_path)
    environment = visit.part("environment").input_value()
    wanted = expected(real, only_1k=True, gmacs=1, environment=environment).sort_values("gmacs", kind="stable")
    assert [row["model"] for row in rows] == list(wanted["model"])
    assert [float(row["top1"]) for row in rows] == list(wanted["top1"])
    assert [float(row["gmacs"]) for row in rows] == list(wanted["gmacs"])
    assert [row["images_per_s"] for row in rows if row["images_per_s"]] != []
    assert [int(row["line"]) for row in rows] == list(wanted["line"])
    assert {row["source"] for row in rows} == set(wanted["source"])
    sources = real.sources.set_index("source")
    assert all(row["revision"] == sources.at[row["source"], "revision"] for row in rows)
    assert "params_m" not in rows[0]


def test_pages_turn_and_keep_their_place_in_the_address(visit: Visit, real: catalog.Catalog) -> None:
    visit.open()
    visit.page.get_by_role("button", name="Next").click()
    visit.shown("page=2")
    assert visit.models() == list(expected(real)["model"].iloc[25:50])
    visit.part("only-measured").check()
    visit.shown("evidence=measured-upstream")
    assert visit.page.get_by_role("button", name="Previous").is_disabled()


def test_reset_takes_every_filter_off(visit: Visit) -> None:
    visit.open("search=vit&train=imagenet-1k&max-gmacs=5&pareto=params&sort=params")
    visit.page.get_by_role("button", name="Reset").click()
    visit.shown("")
    assert visit.part("search").input_value() == ""


def test_nothing_found_says_so(visit: Visit) -> None:
    visit.open("search=nosuchmodel")
    assert visit.count() == 0
    assert visit.page.get_by_text("Nothing passes these filters").is_visible()
    assert visit.part("count").get_attribute("aria-live") == "polite"


def test_a_point_of_the_chart_leads_to_its_row(visit: Visit) -> None:
    visit.open("train=imagenet-1k&rows=25")
    visit.page.locator("#leaderboard-chart").scroll_into_view_if_needed()
    visit.page.wait_for_function("document.querySelector('.lb-plot').dataset.points")
    points = int(visit.page.locator(".lb-plot").get_attribute("data-points"))
    assert 0 < points <= visit.count()
    key = visit.page.evaluate(
        """() => {
          const plot = document.querySelector(".lb-plot");
          const trace = plot.data[0];
          const at = trace.customdata.length - 5;
          plot.emit("plotly_click", {points: [{customdata: trace.customdata[at]}]});
          return trace.customdata[at];
        }"""
    )
    visit.page.wait_for_selector(".tabulator-row.lb-found")
    model = key.rsplit(" ", 1)[0]
    assert visit.page.locator(".lb-found .lb-col-model a").inner_text() == model
    assert visit.page.evaluate("document.activeElement.textContent") == model


def test_the_keyboard_alone_is_enough(visit: Visit) -> None:
    visit.open()
    keyboard, page = visit.page.keyboard, visit.page
    keyboard.press("/")
    assert page.evaluate("document.activeElement.dataset.part") == "search"
    keyboard.type("resnet50")
    visit.shown("search=resnet50")
    keyboard.press("Tab")
    keyboard.press("Space")
    visit.shown("search=resnet50&train=imagenet-1k")
    page.locator(".lb-skip").focus()
    keyboard.press("Enter")
    page.wait_for_function("document.activeElement.id === 'leaderboard-table'")
    keyboard.press("Tab")
    assert page.evaluate("document.activeElement.dataset.sort") == "model"
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    keyboard.press("ArrowRight")
    assert page.evaluate("document.activeElement.dataset.sort") == "params"
    keyboard.press("Enter")
    visit.shown("search=resnet50&train=imagenet-1k&sort=params")
    assert page.evaluate("document.activeElement.dataset.sort") == "params"
    keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == visit.models()[0]
    keyboard.press("ArrowDown")
    assert page.evaluate("document.activeElement.textContent") == visit.models()[1]
    outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
    assert outline != "none"


def test_a_panel_closes_with_escape_and_gives_the_focus_back(visit: Visit) -> None:
    visit.open()
    panel = visit.open_panel("Kind")
    panel.get_by_label("CNN").focus()
    visit.page.keyboard.press("Escape")
    assert panel.get_attribute("open") is None
    assert visit.page.evaluate("document.activeElement.tagName") == "SUMMARY"


def test_a_narrow_screen_scrolls_no_page_sideways(narrow: Visit) -> None:
    narrow.open("family=convnext,swin,vit,resnet&train=imagenet-1k&max-gmacs=20")
    page = narrow.page
    width = "document.documentElement.scrollWidth"
    assert page.evaluate(width) <= 360
    assert narrow.part("drawer").is_hidden()
    narrow.part("drawer-button").click()
    narrow.open_panel("Training data")
    assert narrow.part("drawer").is_visible()
    assert page.evaluate(width) <= 360
    page.locator("#leaderboard-chart").scroll_into_view_if_needed()
    page.wait_for_function("document.querySelector('.lb-plot').dataset.points")
    assert page.evaluate(width) <= 360


def test_on_a_narrow_screen_the_model_stays_while_the_table_scrolls(narrow: Visit) -> None:
    narrow.open()
    narrow.page.evaluate("document.querySelector('.tabulator-tableholder').scrollLeft = 300")
    narrow.page.wait_for_function("document.querySelector('.tabulator-tableholder').scrollLeft > 200")
    box = narrow.page.locator(".tabulator-row .lb-col-model").first.bounding_box()
    assert 0 <= box["x"] < 40


def test_hostile_names_stay_text_in_the_table_the_filters_and_the_csv(
    wide_context: Any, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("hostile")
    with serve(build(hostile_catalog(folder / "tables"), folder)) as address:
        visit = Visit(wide_context, address)
        visit.page.on("dialog", lambda dialog: visit.errors.append(dialog.message))
        visit.open("search=%3Cscript%3E")
        assert [" ".join(name.split()) for name in visit.models()] == [" ".join(HOSTILE.split())]
        panel = visit.open_panel("Family")
        assert panel.locator("label", has_text="<img src=x").count() > 0
        visit.page.locator("#leaderboard-chart").scroll_into_view_if_needed()
        visit.page.wait_for_function("document.querySelector('.lb-plot').dataset.points")
        assert visit.page.locator("#leaderboard-page img, #leaderboard-page .tabulator script").count() == 0
        link = visit.page.locator(".tabulator-row .lb-col-model a").get_attribute("href")
        assert re.fullmatch(r"\.\./models/[A-Za-z0-9][A-Za-z0-9._-]*/", link)
        assert [row["model"] for row in visit.csv(tmp_path)] == ["'" + HOSTILE]
        visit.part("environment").select_option(HOSTILE)
        visit.page.wait_for_function(
            "document.getElementById('leaderboard-page').dataset.shown?.includes('environment=')"
        )
        visit.page.reload()
        visit.page.wait_for_function(
            "document.getElementById('leaderboard-page').dataset.shown?.includes('environment=')"
        )
        assert visit.part("note").is_hidden()
        assert visit.errors == []
        visit.page.close()


def test_dark_and_light_follow_the_scheme(visit: Visit) -> None:
    visit.open()
    ground = "getComputedStyle(document.querySelector('.tabulator-row')).backgroundColor"
    light = visit.page.evaluate(ground)
    visit.page.evaluate("document.body.setAttribute('data-md-color-scheme', 'slate')")
    dark = visit.page.evaluate(ground)
    assert luminance(light) > 0.8
    assert luminance(dark) < 0.2


def luminance(colour: str) -> float:
    """Rough brightness, 0 to 1, of a colour as the browser computes it: `rgb(…)` or with an `a`."""
    red, green, blue = (float(number) for number in re.findall(r"[\d.]+", colour)[:3])
    return (red + green + blue) / 765


def test_a_file_that_does_not_arrive_is_named_and_the_table_stays(wide_context: Any, site: str) -> None:
    visit = Visit(wide_context, site)
    visit.page.route("**/imagenet-a.json", lambda route: route.fulfill(status=500, body="no"))
    visit.open()
    before = visit.models()
    visit.part("dataset").select_option("imagenet-a")
    visit.part("note").wait_for()
    assert "500" in visit.part("note").inner_text()
    assert visit.models() == before
    assert visit.part("dataset").input_value() == "imagenet"
    visit.shown("")
    visit.page.close()


def test_without_the_data_the_static_table_stays(wide_context: Any, site: str) -> None:
    visit = Visit(wide_context, site)
    visit.page.route("**/core.json", lambda route: route.abort())
    visit.page.goto(visit.address)
    visit.part("failed").wait_for()
    assert visit.part("static").is_visible()
    assert visit.page.locator(".lb-plain tbody tr").count() == 50
    visit.page.close()


def test_without_javascript_the_table_is_there_and_links(browser: Any, site: str) -> None:
    context = browser.new_context(viewport=WIDE, java_script_enabled=False)
    visit = Visit(context, site)
    visit.page.goto(visit.address)
    assert visit.page.locator(".lb-plain tbody tr").count() == 50
    assert visit.part("app").is_hidden()
    assert visit.page.get_by_text("needs JavaScript").is_visible()
    context.close()
