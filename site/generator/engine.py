"""Runs the site builders: MkDocs by default, Zensical as the tested second, from the same documents and mkdocs.yml."""

from __future__ import annotations

import calendar
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from typing import Literal

import yaml

from catalog.problems import CatalogError, one_line
from generator.project import OVERRIDES, ROOT, settings

Engine = Literal["mkdocs", "zensical"]
CODE_SAMPLE = re.compile(r"<pre>.*?</pre>", re.DOTALL)
TABLE_ALONE = re.compile(r"implementations/.*#")


def write_config(target: Path, docs: Path, public: Path, as_of: str) -> None:
    """mkdocs.yml with the folders and the day of this build."""
    config = dict(settings())
    config["theme"] = {**config["theme"], "custom_dir": _relative(OVERRIDES, target)}
    config["docs_dir"] = _relative(docs, target)
    config["site_dir"] = _relative(public, target)
    config["extra"] = {**config.get("extra", {}), "as_of": as_of}
    target.write_text(yaml.safe_dump(config, sort_keys=False, allow_unicode=True), encoding="utf-8")


def run_engine(engine: Engine, config: Path, as_of: str) -> None:
    """Build the site of a configuration. Raises CatalogError with the builder's words when it fails or warns."""
    command = [sys.executable, "-W", "ignore", "-m", engine, "build", "--strict", "-f", str(config)]
    # Not --quiet: MkDocs then counts no warning, and builds what --strict should refuse.
    if engine == "zensical":
        command.append("--clean")
    ran = subprocess.run(command, cwd=ROOT, env=_environment(as_of), capture_output=True, text=True)
    if ran.returncode != 0:
        said = [line for line in (ran.stderr + ran.stdout).splitlines() if line.strip()]
        told = [line for line in said if "WARNING" in line or "rror" in line] or said
        raise CatalogError(f"{engine} build failed: {one_line(' | '.join(told[:3]))}")


def slim_search(public: Path) -> None:
    """Take out of MkDocs's search index what nobody searches for, since every page loads it whole.

    That is: a title said again at the head of its text, code samples, and sections that hold a table alone.
    """
    index = public / "search" / "search_index.json"
    if not index.is_file():
        return  # Zensical keeps its index in a form of its own
    content = json.loads(index.read_bytes())
    for entry in content["docs"]:
        entry["text"] = CODE_SAMPLE.sub("", entry["text"].removeprefix(entry["title"])).strip()
    content["docs"] = [entry for entry in content["docs"] if entry["text"] or not TABLE_ALONE.match(entry["location"])]
    index.write_text(json.dumps(content, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")


def _environment(as_of: str) -> dict[str, str]:
    # The builders write the day into the site map; the day of the data keeps the bytes the same on every day.
    try:
        moment = calendar.timegm(time.strptime(as_of, "%Y-%m-%d"))
    except ValueError:
        moment = 0
    return {**os.environ, "SOURCE_DATE_EPOCH": str(moment), "NO_MKDOCS_2_WARNING": "true", "PYTHONHASHSEED": "0"}


def _relative(path: Path, target: Path) -> str:
    return os.path.relpath(path, target.parent)
