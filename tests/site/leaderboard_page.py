"""A site of the leaderboard page alone, in Material, served on this machine: for the tests and the benchmark."""

from __future__ import annotations

import contextlib
import functools
import gzip
import http.server
import json
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Any

from generator import leaderboard
from generator.project import NODE_MODULES
from generator.vendor import FILES, vendor

from catalog import Catalog, load
from catalog.leaderboard import environments_by_coverage
from catalog.store import write_tables
from tests.site.small_catalog import shrink

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

ROOT = Path(__file__).resolve().parents[2]
ASSETS = ROOT / "site" / "docs" / "assets"
# A name that is a formula, markup, a table's cell border, a line break and a path at once.
HOSTILE = '=1+1<script>alert("x|y")</script>\n../../etc'
CONFIGURATION = """
site_name: Backbone Survey
docs_dir: docs
site_dir: public
theme:
  name: material
  font: false
  palette:
    - {scheme: default, toggle: {icon: material/weather-night, name: Dark}}
    - {scheme: slate, toggle: {icon: material/weather-sunny, name: Light}}
plugins: []
markdown_extensions: [attr_list, md_in_html]
"""


def node_modules() -> Path | None:
    """Where the JavaScript libraries are installed; None when `npm ci` was not run."""
    return NODE_MODULES if all((NODE_MODULES / package).is_dir() for package, _ in FILES.values()) else None


def node() -> str | None:
    """Node's program, from the environment that runs the tests or from the system; None when there is none."""
    beside = Path(sys.executable).parent / "node"
    return str(beside) if beside.is_file() else shutil.which("node")


def run_script(script: str, given: object) -> Any:
    """What an ES module returns: `script` is a function body that sees `given` and imports from `ASSETS`."""
    program = node()
    assert program is not None
    code = f"""
      import {{ readFileSync }} from "node:fs";
      const assets = {json.dumps(ASSETS.as_uri() + "/leaderboard/")};
      const load = (name) => import(assets + name);
      const given = JSON.parse(readFileSync(0, "utf8"));
      const result = await (async () => {{ {script} }})();
      process.stdout.write(JSON.stringify(result));
    """
    command = [program, "--no-warnings", "--input-type=module", "--eval", code]
    ran = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, timeout=60)
    assert ran.returncode == 0, ran.stderr
    return json.loads(ran.stdout)


def chromium() -> str | None:
    """The browser's program, None when there is none; an error where REQUIRE_BROWSER says that tests need it."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None and os.environ.get("REQUIRE_BROWSER"):
        raise FileNotFoundError("no Chromium, and REQUIRE_BROWSER is set: install it, or unset that to skip its tests")
    return found


def hostile_catalog(folder: Path) -> Catalog:
    """A few families, with a model, families and an environment whose name is markup, a path and a formula at once."""
    frames = shrink(load())
    imagenet = frames["evaluations"][frames["evaluations"]["dataset"] == "imagenet"]
    model = imagenet.sort_values("top1", ascending=False)["model"].iloc[0]
    for table in ("models", "evaluations", "survey_rows", "history"):
        frames[table] = frames[table].assign(model=frames[table]["model"].replace(model, HOSTILE))
    frames["families"] = frames["families"].assign(name=frames["families"]["name"] + " <img src=x onerror=alert(1)>")
    published = environments_by_coverage(load()).index.intersection(frames["environments"]["environment"], sort=False)
    environment = published[-1]  # not the first, which the page shows unasked
    for table in ("environments", "measurements"):
        frames[table] = frames[table].assign(environment=frames[table]["environment"].replace(environment, HOSTILE))
    folder.mkdir(parents=True, exist_ok=True)
    write_tables(frames, folder)
    return load(folder)


def build(catalog: Catalog, folder: Path) -> Path:
    """Build the page into `folder/public` and return that. Needs `node_modules()`."""
    docs = folder / "docs"
    shutil.copytree(ASSETS, docs / "assets", ignore=shutil.ignore_patterns("vendor"))
    vendor(docs / "assets" / "vendor", NODE_MODULES)
    (docs / "index.md").write_text("# Home\n", encoding="utf-8")
    leaderboard.write(catalog, docs)
    (folder / "mkdocs.yml").write_text(CONFIGURATION, encoding="utf-8")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--config-file", str(folder / "mkdocs.yml")]
    quiet = os.environ | {"NO_MKDOCS_2_WARNING": "true"}
    subprocess.run(command, check=True, capture_output=True, timeout=120, env=quiet)
    return folder / "public"


def weights(asked: Iterable[str], public: Path) -> dict[str, int]:
    """Bytes after gzip of what a page asked for (addresses relative to the site), but for the chart library."""
    sizes = {}
    for address in asked:
        file = public / (address.split("?")[0] or ".")
        file = file / "index.html" if file.is_dir() else file
        if file.is_file() and "plotly" not in address:
            sizes[address] = len(gzip.compress(file.read_bytes(), 6))
    return sizes


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *message: object) -> None:
        """Say nothing."""


@contextlib.contextmanager
def serve(folder: Path) -> Iterator[str]:
    """The address under which a folder is served while the block runs."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(_Quiet, directory=folder)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/"
        finally:
            server.shutdown()
