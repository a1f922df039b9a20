"""Builds the whole site: documents to disk first, then MkDocs over them, then the downloads; the old site stays until all is good."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from survey.engine import Engine, run_engine, write_config
from survey.fingerprint import fingerprint
from survey.project import DOCS, WORK

if TYPE_CHECKING:
    from catalog import Catalog

FINGERPRINT = ".fingerprint"
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
    work: Path = WORK,
    engine: Engine = "mkdocs",
    charts: bool = True,
    force: bool = False,
    report: Report = lambda line: None,
) -> Summary:
    """Build the site of a catalog into `public`, through the folder `work`; `report` is told each step.

    A site built from the same inputs is left alone unless `force`. Without `charts` none is drawn (for quick looks).
    Raises CatalogError when something is missing or the site builder complains; `public` then is what it was.
    """
    inputs = fingerprint(catalog.data, f"{engine} charts={charts}")
    _restore(public)
    if not force and _holds(public / FINGERPRINT, inputs):
        report("nothing changed")
        return Summary(public, changed=False)
    _refuse_foreign(public)
    summary = Summary(public, changed=True)
    steps = _Steps(summary, report)
    with ProcessPoolExecutor(max_workers=1) as pool:
        drawn = steps.start_charts(pool, catalog, work) if charts else None
        steps.documents(catalog, work / "docs")
        fresh = public.with_name(f".{public.name}.new")
        shutil.rmtree(fresh, ignore_errors=True)
        write_config(work / "mkdocs.yml", work / "docs", fresh, catalog.as_of)
        steps.timed(f"{engine} build", lambda: run_engine(engine, work / "mkdocs.yml", catalog.as_of))
        steps.downloads(catalog, fresh)
        if drawn is not None:
            steps.timed("wait for the charts", drawn.result)
            shutil.copytree(work / "charts", fresh / "charts", dirs_exist_ok=True)
    (fresh / FINGERPRINT).write_text(inputs, encoding="ascii")
    _swap(fresh, public)
    _measure(summary)
    return summary


class _Steps:
    """The steps of a build, each timed and told."""

    def __init__(self, summary: Summary, report: Report) -> None:
        self.summary = summary
        self.report = report

    def timed(self, name: str, step: Callable[[], object]) -> None:
        self.report(name)
        begun = time.perf_counter()
        step()
        self.summary.seconds[name] = round(time.perf_counter() - begun, 2)

    def start_charts(self, pool: ProcessPoolExecutor, catalog: Catalog, work: Path) -> Future[None]:
        """Charts take as long as pages and share nothing with them, so another process draws them meanwhile."""
        return pool.submit(draw_charts, catalog.data, work / "charts")

    def documents(self, catalog: Catalog, docs: Path) -> None:
        self.timed("write the documents", lambda: write_documents(catalog, docs))

    def downloads(self, catalog: Catalog, fresh: Path) -> None:
        self.timed("write the downloads", lambda: publish_files(catalog, fresh))


def write_documents(catalog: Catalog, docs: Path) -> None:
    """Everything that the site builder reads: hand-written pages, assets, libraries and generated pages."""
    from survey import leaderboard
    from survey.facts import Facts
    from survey.pages import page_modules
    from survey.vendor import vendor

    shutil.rmtree(docs, ignore_errors=True)
    shutil.copytree(DOCS, docs)
    vendor(docs / "assets" / "vendor")
    facts = Facts(catalog)
    for module in page_modules():
        if hasattr(module, "write"):
            module.write(facts, docs)
    leaderboard.write(catalog, docs)


def publish_files(catalog: Catalog, public: Path) -> None:
    """What visitors download and programs read; the site builder need not see it."""
    from survey.facts import Facts
    from survey.pages import page_modules

    facts = Facts(catalog)
    for module in page_modules():
        if hasattr(module, "publish"):
            module.publish(facts, public)


def draw_charts(data: Path, folder: Path) -> None:
    """Draw every chart of the catalog in a data directory; runs in a process of its own."""
    import catalog
    from survey.charts import draw_all

    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    draw_all(catalog.load(data), folder)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="ascii") == text


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
    """Bring the old site back where a swap was cut off between its two steps."""
    old = public.with_name(f".{public.name}.old")
    if old.is_dir() and not public.exists():
        old.rename(public)


def _measure(summary: Summary) -> None:
    files = [path for path in summary.public.rglob("*") if path.is_file()]
    summary.files = len(files)
    summary.pages = sum(path.suffix == ".html" for path in files)
    summary.megabytes = round(sum(path.stat().st_size for path in files) / 1e6, 1)
