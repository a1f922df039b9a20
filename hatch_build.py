"""Build of the wheel: the packages of this repository as subpackages of one import root, `backbones`.

In a checkout the packages stand side by side and import each other by their own names: `import catalog`. In somebody's
site-packages such names would collide, so the wheel holds `backbones.catalog`, with the imports written to match.
"""

from __future__ import annotations

import ast
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

IMPORT_ROOT = "backbones"
# What the wheel holds beside the command. Scraping, benchmarks and the site are made from a checkout.
PACKAGES = ("catalog", "implementations", "runtimes")
LEFT_OUT = shutil.ignore_patterns("__pycache__", ".*", "*.pyc", "results")


class OneImportRoot(BuildHookInterface[Any]):
    """Adds the packages to a wheel; an editable install uses the checkout as it is."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Write the packages into a temporary folder under their new names, and have the wheel take that folder."""
        if version == "editable":
            return
        self._stage = Path(tempfile.mkdtemp(prefix="backbones-wheel-"))
        stage = self._stage / IMPORT_ROOT
        shutil.copytree(Path(self.root) / IMPORT_ROOT, stage, ignore=LEFT_OUT)
        for package in PACKAGES:
            shutil.copytree(Path(self.root) / package, stage / package, ignore=LEFT_OUT)
        for path in stage.rglob("*.py"):
            path.write_text(under_one_root(path.read_text(encoding="utf-8"), path.name), encoding="utf-8")
        build_data["force_include"][str(stage)] = IMPORT_ROOT

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Remove the temporary folder."""
        if version != "editable":
            shutil.rmtree(self._stage)


def under_one_root(source: str, name: str) -> str:
    """The module's source with `from catalog...` as `from backbones.catalog...`, and `import catalog` accordingly.

    Raises ValueError for `import catalog.part`, which has no such form.
    """
    lines = source.splitlines(keepends=True)
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.ImportFrom) and not node.level and _top(node.module) in PACKAGES:
            _replace(lines, node, f"from {node.module}", f"from {IMPORT_ROOT}.{node.module}")
        elif isinstance(node, ast.Import):
            for alias in node.names:
                if _top(alias.name) not in PACKAGES:
                    continue
                if len(node.names) > 1 or alias.name not in PACKAGES:
                    raise ValueError(f"{name}:{node.lineno}: expected `from {alias.name} import ...` in its place")
                own = f"import {alias.name}" if alias.asname else f"import {alias.name} as {alias.name}"
                _replace(lines, node, f"import {alias.name}", own.replace("import ", f"import {IMPORT_ROOT}.", 1))
    return "".join(lines)


def _top(module: str | None) -> str:
    return (module or "").partition(".")[0]


def _replace(lines: list[str], node: ast.stmt, old: str, new: str) -> None:
    line, start = lines[node.lineno - 1], node.col_offset
    lines[node.lineno - 1] = line[:start] + line[start:].replace(old, new, 1)
