"""The rivals, a file each; `benchmarks.rival.Rival` says what a file holds, as `RIVAL`."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.rival import Rival


def rivals() -> Mapping[str, Rival]:
    """Every rival by its name, in alphabetical order; finding them loads none of their libraries."""
    return _found(tuple(__path__))


@cache
def _found(paths: tuple[str, ...]) -> dict[str, Rival]:
    """The rivals that are described in these folders."""
    files = sorted(file.name for file in pkgutil.iter_modules(paths))
    found: list[Rival] = [importlib.import_module(f"{__name__}.{file}").RIVAL for file in files]
    return {rival.name: rival for rival in found}
