"""What a visitor does on the leaderboard, in the words of the tests."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from pathlib import Path


class Visit:
    """A window on the leaderboard; `errors` holds what the console complained of."""

    def __init__(self, context: Any, site: str) -> None:
        self.page = context.new_page()
        self.page.set_default_timeout(8000)
        self.address = f"{site}leaderboard/"
        self.errors: list[str] = []
        self.asked: list[str] = []
        self.page.on("console", lambda message: self.errors.append(message.text) if message.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.asked.append(request.url))

    def open(self, query: str = "") -> Visit:
        self.page.goto(self.address + (f"?{query}" if query else ""))
        self.page.wait_for_function("document.getElementById('leaderboard-page').dataset.shown")
        return self

    def shown(self, query: str) -> None:
        """Wait until the table shows the state of that address."""
        self.page.wait_for_function(
            "query => document.getElementById('leaderboard-page').dataset.shown === query", arg=query or "all"
        )
        assert urlsplit(self.page.url).query == query

    def part(self, name: str) -> Any:
        return self.page.locator(f'#leaderboard-page [data-part="{name}"]')

    def open_panel(self, name: str) -> Any:
        panel = self.page.locator("details.lb-facet").filter(
            has=self.page.locator("summary", has_text=re.compile(f"^{name}"))
        )
        panel.locator("summary").click()
        panel.locator(".lb-panel label").first.wait_for()  # filled once it is open
        return panel

    def models(self) -> list[str]:
        return list(self.page.locator(".tabulator-row .lb-col-model a").all_text_contents())

    def column(self, key: str) -> list[str]:
        return list(self.page.locator(f".tabulator-row .lb-col-{key}").all_text_contents())

    def count(self) -> int:
        return int(re.sub(r"\D.*", "", self.part("count").inner_text().replace(",", "")))

    def csv(self, folder: Path) -> list[dict[str, str]]:
        with self.page.expect_download() as download:
            self.part("csv").click()
        path = folder / download.value.suggested_filename
        download.value.save_as(path)
        with path.open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))
