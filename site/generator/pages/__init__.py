"""Page types: every module here writes one. Adding a page type is adding a module (and the template beside it).

A module has `write(facts, output)`, which writes Markdown and files into the folder of documents before the site
build, or `publish(facts, public)`, which writes files that the site build need not see straight into the built site,
or both.
"""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType


def page_modules() -> list[ModuleType]:
    """Every page module, by name."""
    return [importlib.import_module(f"{__name__}.{found.name}") for found in pkgutil.iter_modules(__path__)]
