"""A client that gives prepared answers, and where tests find files."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from importlib.util import find_spec
from pathlib import Path

import pytest

from catalog.records import SourceFile
from scrapers.client import FetchError
from scrapers.snapshots import read_snapshot

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures"
MIRROR = ROOT.parent / "shared" / "upstream"
needs_mirror = pytest.mark.skipif(not MIRROR.is_dir(), reason="there is no mirror of the upstream files in ../shared")

needs_torch = pytest.mark.skipif(
    not all(map(find_spec, ("timm", "torch", "torchvision"))), reason="timm, torch or torchvision is not installed"
)


class Answers:
    """Gives its answers one after the other, an exception by raising it, and keeps the addresses asked for."""

    def __init__(self, answers: Iterable[bytes | FetchError] = ()) -> None:
        self._answers = list(answers)
        self.asked: list[str] = []

    def get(self, url: str, hosts: Collection[str]) -> bytes:
        self.asked.append(url)
        answer = self._answers.pop(0)
        if isinstance(answer, FetchError):
            raise answer
        return answer


def source_file(content: str | bytes, source: str = "source/file", url: str = "https://example.org/file") -> SourceFile:
    """A fetched file with this content."""
    return SourceFile(source, source.split("/")[0], url, content.encode() if isinstance(content, str) else content)


def skip_unless_same_version(snapshot: str, folder: Path) -> None:
    """Skip when the snapshot just written to `folder` is of another package version than the committed one."""
    installed, committed = read_snapshot(snapshot, "", "", folder).revision, read_snapshot(snapshot, "", "").revision
    if installed != committed:
        pytest.skip(f"{installed} is installed, the snapshot is of {committed}")
