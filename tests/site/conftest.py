"""Sites built once for all tests: the whole real one, and a small one where that is enough."""

from __future__ import annotations

import fcntl
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from generator.build import build
from generator.charts import draw_all
from generator.charts.speeds import speed_charts
from generator.project import NODE_MODULES
from small_catalog import write_small

import catalog
from tests.site import leaderboard_page
from tests.site.local_results import write_measured

if TYPE_CHECKING:
    from playwright.sync_api import Browser

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass(frozen=True)
class Built:
    """A built site and the tables it was built from."""

    public: Path
    tables: Path

    @cached_property
    def catalog(self) -> catalog.Catalog:
        return catalog.load(self.tables)

    @cached_property
    def pages(self) -> dict[str, str]:
        """HTML by address relative to the site."""
        return {str(path.relative_to(self.public)): path.read_text() for path in sorted(self.public.rglob("*.html"))}


@contextmanager
def one_at_a_time(folder: Path) -> Iterator[None]:
    """Workers of pytest-xdist share what one of them built."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


@pytest.fixture(scope="session")
def shared(tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest) -> Path:
    base = tmp_path_factory.getbasetemp()
    return (base.parent if hasattr(request.config, "workerinput") else base) / "sites"


@pytest.fixture(scope="session")
def node_modules() -> Path:
    if not NODE_MODULES.is_dir():
        pytest.skip("node_modules is missing: run npm ci")
    return NODE_MODULES


@pytest.fixture(scope="session")
def real_site(shared: Path, node_modules: Path) -> Built:
    with one_at_a_time(shared / "real"):
        whole = catalog.load()
        build(whole, shared / "real" / "public", work=shared / "real" / "work")
    return Built(shared / "real" / "public", whole.data)


@pytest.fixture(scope="session")
def site_tables(shared: Path) -> Path:
    with one_at_a_time(shared / "small"):
        return write_small(shared / "small" / "tables")


@pytest.fixture(scope="session")
def small_site(shared: Path, site_tables: Path, node_modules: Path) -> Built:
    with one_at_a_time(shared / "small"):
        build(catalog.load(site_tables), shared / "small" / "public", work=shared / "small" / "work", charts=False)
    return Built(shared / "small" / "public", site_tables)


@pytest.fixture
def only_local_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    draw_only_local(monkeypatch)


def draw_only_local(monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw the few charts of what was measured here instead of all."""

    def draw(c: catalog.Catalog, folder: Path) -> None:
        shutil.rmtree(folder, ignore_errors=True)
        draw_all(c, folder, [chart.slug for chart in speed_charts(c)], processes=1)

    monkeypatch.setattr("generator.build.draw_charts", draw)


@pytest.fixture(scope="session")
def measured_tables(shared: Path) -> Path:
    with one_at_a_time(shared / "measured"):
        folder = shared / "measured" / "catalog"
        return folder / "tables" if folder.is_dir() else write_measured(folder)


@pytest.fixture(scope="session")
def measured_site(shared: Path, measured_tables: Path, node_modules: Path) -> Built:
    """A small site with what was measured here."""
    with one_at_a_time(shared / "measured"), pytest.MonkeyPatch.context() as monkeypatch:
        draw_only_local(monkeypatch)
        build(catalog.load(measured_tables), shared / "measured" / "public", work=shared / "measured" / "work")
    return Built(shared / "measured" / "public", measured_tables)


@pytest.fixture(scope="session")
def served(real_site: Built) -> Iterator[str]:
    """The address of the real site on this machine."""
    with leaderboard_page.serve(real_site.public) as address:
        yield address


@pytest.fixture(scope="session")
def chromium() -> str:
    found = leaderboard_page.chromium()
    if found is None:
        pytest.skip("chromium is not installed")
    return found


@pytest.fixture(scope="module")
def browser(chromium: str) -> Iterator[Browser]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield launched
        launched.close()
