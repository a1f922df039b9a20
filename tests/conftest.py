"""Shared fixtures: the mirror of the upstream files when it is there, the small mirror made here, and the command."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import settings

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

# An example may take as long as it needs: the machine may be busy.
settings.register_profile("busy machine", deadline=None)
settings.load_profile("busy machine")

ROOT = Path(__file__).parent.parent
UPSTREAM = ROOT.parent / "shared" / "upstream"
TODAY = "2026-11-20"
SMALL_MIRROR = ROOT / "tests" / "fixtures" / "mirror"
NO_RESULTS = SMALL_MIRROR / "no-results"  # the small tables do not depend on what was measured on some machine


# Folders and files whose tests load a framework, draw every chart, refresh many times or start many processes, and
# fixtures that build a site, start a browser or read the whole mirror: `make test-fast` leaves these out.
SLOW_PLACES = {
    "benchmarks",
    "implementations",
    "runtimes",
    "test_charts.py",
    "test_charts_bad_input.py",
    "test_cluster_commands.py",
    "test_evaluate.py",
    "test_fuzz.py",
    "test_hostile_results.py",
    "test_kills.py",
    "test_refresh_bad_input.py",
    "test_refresh_keeps.py",
    "test_scale.py",
    "test_small_mirror.py",
    "test_wheel.py",
}
SLOW_FIXTURES = {"browser", "chromium", "measured_site", "node_modules", "real_site", "small_site", "upstream"}


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is slow; leave the full sweep, which takes hours, out unless it is asked for by `-m sweep`."""
    for item in items:
        places = item.path.relative_to(ROOT / "tests").parts
        if not SLOW_FIXTURES.isdisjoint(getattr(item, "fixturenames", ())) or not SLOW_PLACES.isdisjoint(places):
            item.add_marker(pytest.mark.slow)
    if "sweep" in config.option.markexpr:
        return
    left_out = [item for item in items if "sweep" in item.keywords]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if "sweep" not in item.keywords]


@pytest.fixture(scope="session")
def upstream() -> Path:
    """The mirror of the real upstream files."""
    if not UPSTREAM.is_dir():
        pytest.skip("the mirror of the upstream files (../shared/upstream) is not on this machine")
    return UPSTREAM


@pytest.fixture
def small_mirror(tmp_path: Path) -> Path:
    """A copy of the small mirror, free to be broken."""
    return Path(shutil.copytree(SMALL_MIRROR, tmp_path / "mirror"))


@pytest.fixture(scope="session")
def small_tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tables of the small mirror. Not to be changed: copy them."""
    from backbones.refresh import refresh
    from scrapers.client import MirrorClient

    data = tmp_path_factory.mktemp("small") / "data"
    report = refresh(MirrorClient(SMALL_MIRROR), data, TODAY, [], NO_RESULTS, quiet=True)
    assert not report.errors
    return data


@dataclass(frozen=True)
class Outcome:
    """What a run of the command gave."""

    status: int
    out: str
    err: str


@pytest.fixture
def backbones(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Outcome]:
    """Run the `backbones` command in this process; the day is fixed."""
    from backbones.__main__ import main

    monkeypatch.setenv("SOURCE_DATE_EPOCH", "1795132800")  # 2026-11-20

    def run(*arguments: object) -> Outcome:
        capsys.readouterr()
        status = 0
        if "refresh" in arguments and "--results" not in arguments:
            arguments = (*arguments, "--results", NO_RESULTS)
        try:
            main([str(argument) for argument in arguments])
        except SystemExit as exit_:
            status = int(exit_.code or 0)
        captured = capsys.readouterr()
        return Outcome(status, captured.out, captured.err)

    return run
