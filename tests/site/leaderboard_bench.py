"""How heavy the leaderboard page is, and how fast it answers in Chromium.

Call `measure(site)`, or run `python -m tests.site.leaderboard_bench` beside a built `public/`.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

import catalog
from tests.site.leaderboard_page import build, chromium, serve, weights

REPEATS = 15
COPIES = 10
# Each action changes the selection or the order of all rows; the second undoes the first.
ACTIONS = {
    "filter": ("box('only-1k')", "box('only-1k')"),
    "search": ("type('convnext fb')", "type('')"),
    "sort": ("head('params')", "head('top1')"),
}
# The time from the input event to the moment at which the table's rows are in the document and laid out.
SCRIPT = """
async ([action, undo]) => {
  const page = document.getElementById("leaderboard-page");
  const part = (name) => page.querySelector(`[data-part="${name}"]`);
  const box = (name) => part(name).click();
  const head = (key) => page.querySelector(`.lb-head[data-sort="${key}"]`).click();
  const type = (text) => {
    part("search").value = text;
    part("search").dispatchEvent(new Event("input", {bubbles: true}));
  };
  const run = (code) => new Function("box", "head", "type", code)(box, head, type);
  const once = (code) => new Promise((resolve) => {
    const began = performance.now();
    page.addEventListener("leaderboard:shown", () => {
      page.querySelector(".tabulator-table").getBoundingClientRect();
      resolve(performance.now() - began);
    }, {once: true});
    run(code);
  });
  const times = [await once(action)];
  await new Promise(requestAnimationFrame);
  times.push(await once(undo));
  await new Promise(requestAnimationFrame);
  return times;
}
"""


def measure(site: Path) -> dict[str, float]:
    """Medians in milliseconds, with the real rows and ten times as many, and sizes in kB after gzip in a built site."""
    from playwright.sync_api import sync_playwright

    figures: dict[str, float] = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        public = build(catalog.load(), Path(folder))
        browser = playwright.chromium.launch(executable_path=chromium())
        with serve(site) as address:
            figures |= _sizes(browser, address, site)
        with serve(public) as address:
            figures |= _times(browser, address, "")
            rows = _multiply(public / "leaderboard" / "data" / "core.json")
            figures["tenfold_rows"] = rows
            figures |= _times(browser, address, "_tenfold")
        browser.close()
    return figures


def _times(browser: Any, address: str, suffix: str) -> dict[str, float]:
    page = _open(browser, address)
    times: dict[str, float] = {}
    for name, actions in ACTIONS.items():
        page.evaluate(SCRIPT, actions)
        taken = [time for _ in range(REPEATS) for time in page.evaluate(SCRIPT, actions)]
        times[f"{name}{suffix}_ms"] = round(statistics.median(taken), 1)
        times[f"{name}{suffix}_slowest_ms"] = round(max(taken), 1)
    page.close()
    return times


def _open(browser: Any, address: str) -> Any:
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    page.goto(f"{address}leaderboard/")
    page.wait_for_function("document.getElementById('leaderboard-page').dataset.shown")
    return page


def _sizes(browser: Any, address: str, public: Path) -> dict[str, float]:
    """What the page loads before the chart library, gzipped: all of it, and the parts that are ours."""
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url.removeprefix(address)))
    page.goto(f"{address}leaderboard/")
    page.wait_for_function("document.getElementById('leaderboard-page').dataset.shown")
    page.wait_for_load_state("networkidle")
    page.close()
    sizes = weights(asked, public)
    return {
        "page_weight_kb": round(sum(sizes.values()) / 1000, 1),
        "page_weight_without_theme_kb": round(
            sum(
                size
                for path, size in sizes.items()
                if "assets/javascripts" not in path and "assets/stylesheets" not in path
            )
            / 1000,
            1,
        ),
        "data_weight_kb": round(sum(size for path, size in sizes.items() if "/data/" in path) / 1000, 1),
    }


def _multiply(core: Path) -> int:
    """Rewrite the core with ten times the models and rows, under new names; return the number of rows."""
    file = json.loads(core.read_text(encoding="utf-8"))
    names = file["models"]["columns"]["model"]["values"]
    count = len(names)
    file["models"]["columns"]["model"]["values"] = [f"{name}{'x' * copy}" for copy in range(COPIES) for name in names]
    for table in ("models", "results"):
        for name, column in file[table]["columns"].items():
            if name == "model":
                column["codes"] = [code + copy * count for copy in range(COPIES) for code in column["codes"]]
            elif isinstance(column, dict):
                column["codes"] *= COPIES
            else:
                column *= COPIES
        file[table]["rows"] *= COPIES
    core.write_text(json.dumps(file), encoding="utf-8")
    return int(file["results"]["rows"])


if __name__ == "__main__":
    for figure, value in measure(Path("public")).items():
        print(f"{figure}: {value}")
