"""Builds the whole site: documents to disk first, then MkDocs over them; the old site stays until all is good."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from generator.engine import Engine, run_engine, slim_search, write_config
from generator.fingerprint import charts_fingerprint, fingerprint
from generator.project import DOCS, WORK

if TYPE_CHECKING:
    from catalog import Catalog

FINGERPRINT = ".fingerprint"
ELSEWHERE = ("generator.pages.families",)  # draws a chart for every family
Report = Callable[[str], None]


@dataclass
class Summary:
    """What a build did. `seconds` by step."""

    public: Path
    changed: bool
    pages: int = 0
    files: int = 0
    megabytes: float = 0.0
    seconds: dict[str, float] = field(default_factory=dict)


def build(
    catalog: Catalog,
    public: Path,
    *,
    work: Path | None = None,
    engine: Engine = "mkdocs",
    charts: bool = True,
    force: bool = False,
    report: Report = lambda line: None,
) -> Summary:
    """Build the site of a catalog into `public`, through the folder `work` (site/build); `report` is told each step.

    A site built from the same inputs is left alone unless `force`. Without `charts` none is drawn (for quick looks).
    Raises CatalogError when something is missing or the site builder complains; `public` then is what it was.
    """
    work = work or WORK
    inputs = fingerprint(catalog, f"{engine} charts={charts}")
    _restore(public)
    if not force and _made_of(public) == inputs:
        report("nothing changed")
        return Summary(public, changed=False)
    _refuse_foreign(public)
    summary = Summary(public, changed=True)
    step = _Steps(summary, report)
    docs, drawn, built, fresh = work / "docs", work / "charts", work / "site", public.with_name(f".{public.name}.new")
    if charts:
        step("draw the charts", lambda: draw_charts(catalog, drawn))
    else:
        shutil.rmtree(drawn, ignore_errors=True)
    # Two processes: what takes long and shares nothing is written beside the rest.
    with ProcessPoolExecutor(max_workers=1, mp_context=get_context("spawn")) as pool:
        step("write the documents", lambda: write_documents(catalog, docs, drawn, pool))
        shutil.rmtree(built, ignore_errors=True)
        write_config(work / "mkdocs.yml", docs, built, catalog.as_of)
        files = pool.submit(publish_files, catalog.data, work / "files")
        step(f"build with {engine}", lambda: run_engine(engine, work / "mkdocs.yml", catalog.as_of))
        slim_search(built)
        step("write the downloads", files.result)
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.move(built, fresh)
    shutil.copytree(work / "files", fresh, dirs_exist_ok=True, copy_function=shutil.move)
    if charts:
        shutil.copytree(drawn, fresh / "charts", dirs_exist_ok=True, ignore=shutil.ignore_patterns(FINGERPRINT))
    _check_unchanged(catalog)
    _mark_whole(fresh, inputs)
    _swap(fresh, public)
    _measure(summary)
    return summary


class _Steps:
    """Runs the steps of a build; each is timed and told."""

    def __init__(self, summary: Summary, report: Report) -> None:
        self.summary = summary
        self.report = report

    def __call__(self, name: str, step: Callable[[], object]) -> None:
        self.report(name)
        begun = time.perf_counter()
        step()
        self.summary.seconds[name] = round(time.perf_counter() - begun, 2)


def draw_charts(catalog: Catalog, folder: Path) -> None:
    """Draw every chart, unless the folder holds the charts of the same inputs."""
    from generator.charts import draw_all

    inputs = charts_fingerprint(catalog)
    if _made_of(folder) == inputs:
        return
    shutil.rmtree(folder, ignore_errors=True)
    draw_all(catalog, folder)
    _check_unchanged(catalog)
    _mark_whole(folder, inputs)


def write_documents(catalog: Catalog, docs: Path, charts: Path, pool: Executor) -> None:
    """Everything that the site builder reads: hand-written pages, assets, libraries and generated pages."""
    from generator import leaderboard
    from generator.vendor import vendor

    shutil.rmtree(docs, ignore_errors=True)
    shutil.copytree(DOCS, docs)
    vendor(docs / "assets" / "vendor")
    elsewhere = pool.submit(write_pages, catalog.data, docs, charts, elsewhere=True)
    write_pages(catalog.data, docs, charts, elsewhere=False)
    leaderboard.write(catalog, docs)
    elsewhere.result()


def write_pages(data: Path, docs: Path, charts: Path, *, elsewhere: bool) -> None:
    """Write the pages of those modules that belong into the second process, or of all others."""
    import catalog
    from generator.charts import drawn_charts
    from generator.facts import Facts
    from generator.pages import page_modules

    facts = Facts(catalog.load(data), drawn_charts(charts))
    for module in page_modules():
        if hasattr(module, "write") and (module.__name__ in ELSEWHERE) == elsewhere:
            module.write(facts, docs)


def publish_files(data: Path, folder: Path) -> None:
    """What visitors download and programs read, from the tables in `data`; runs in a process of its own."""
    import catalog
    from generator.facts import Facts
    from generator.pages import page_modules

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    facts = Facts(catalog.load(data))
    for module in page_modules():
        if hasattr(module, "publish"):
            module.publish(facts, folder)


def _check_unchanged(c: Catalog) -> None:
    """Other processes read the tables anew. Raises CatalogError when they may have read others."""
    from catalog import load

    if load(c.data).digest != c.digest:
        raise CatalogError(f"{c.data}: the tables changed while the site was built from them; build it again")


def _mark_whole(folder: Path, inputs: str) -> None:
    (folder / FINGERPRINT).write_text(f"{inputs} {_count(folder) + 1}", encoding="ascii")


def _made_of(folder: Path) -> str:
    """The digest of what a folder was made of; blank when it was not made here, or not all of it is there any more."""
    try:
        inputs, count = (folder / FINGERPRINT).read_text(encoding="ascii").split()
        return inputs if int(count) == _count(folder) else ""
    except (OSError, ValueError):
        return ""


def _count(folder: Path) -> int:
    return sum(path.is_file() for path in folder.rglob("*"))


def _refuse_foreign(public: Path) -> None:
    if public.exists() and (not public.is_dir() or (any(public.iterdir()) and not (public / FINGERPRINT).exists())):
        raise CatalogError(f"{public}: holds something that is not a site built here; name another folder or empty it")


def _swap(fresh: Path, public: Path) -> None:
    old = public.with_name(f".{public.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if public.exists():
        public.rename(old)
    fresh.rename(public)
    shutil.rmtree(old, ignore_errors=True)


def _restore(public: Path) -> None:
    """Bring the old site back where a swap was cut off between its two steps, and drop what else a build left there.

    A site whose removal had begun is not brought back.
    """
    old, new = (public.with_name(f".{public.name}.{word}") for word in ("old", "new"))
    if not public.exists() and _made_of(old):
        old.rename(public)
    for left in (old, new):
        shutil.rmtree(left, ignore_errors=True)


def _measure(summary: Summary) -> None:
    files = [path for path in summary.public.rglob("*") if path.is_file()]
    summary.files = len(files)
    summary.pages = sum(path.suffix == ".html" for path in files)
    summary.megabytes = round(sum(path.stat().st_size for path in files) / 1e6, 1)
