"""How the conditions of a run measured here become an environment: its key, its label and what is known of it."""

from __future__ import annotations

import csv
import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from functools import cache
from typing import Any

import pandas as pd

from catalog.reference import REFERENCE
from catalog.schema import TABLES
from catalog.vocabulary import RUNTIMES

HERE = "here"
Row = dict[str, object]
VERSION = r"[0-9][0-9A-Za-z.]{0,29}"
DIGITS = 8  # of a digest, hexadecimal
JOINED = ("os", "libraries")  # what may differ between runs of one environment
# Two runs belong to one environment when these agree.
CONDITIONS = (
    "device",
    "kind",
    "precision",
    "layout",
    "framework_version",
    "cuda_version",
    "runtime",
    "threads",
    "memory_gb",
    "processor_flags",
    "switches",
)


class UnknownConditions(Exception):
    """A run whose environment cannot be told; `rule` is the name of the rule, the text what was found and expected."""

    def __init__(self, rule: str, detail: str) -> None:
        super().__init__(detail)
        self.rule = rule


def own_name(words: str, conditions: Sequence[object]) -> str:
    """The name of what has these conditions: words for the most of them, and a digest of all.

    It follows from the conditions alone, never from what else was read. The names in reference/local_names.csv were
    published before names held a digest; each stays that of the conditions that it stood for.
    """
    plain = [None if value is None else str(value) for value in conditions]
    digest = hashlib.sha256(json.dumps(plain).encode()).hexdigest()[:DIGITS]
    return words if _published().get(words) == digest else f"{words}-{digest}"


@cache
def _published() -> dict[str, str]:
    with (REFERENCE / "local_names.csv").open(encoding="utf-8", newline="") as file:
        return {row["name"]: row["digest"] for row in csv.DictReader(file)}


def environment_of(run: Any) -> Row:
    """The row of `environments` that a run belongs to: of a results file or of the table. Raises UnknownConditions."""
    row = _row(run)
    words = _words(row)
    key = own_name(words, [row[name] for name in CONDITIONS])
    row |= {"environment": key, "label": _label(row, key.removeprefix(words).strip("-"))}
    if fault := TABLES["environments"].fault(row):
        raise UnknownConditions("conditions", fault)
    return row


def environments_table(rows: Iterable[Row]) -> pd.DataFrame:
    """The table of environments, from the rows of runs: it has the operating systems and libraries of all of them."""
    found: dict[str, Row] = {}
    for row in rows:
        known = found.setdefault(str(row["environment"]), dict(row))
        known |= {name: _joined(known[name], row[name]) for name in JOINED}
    return TABLES["environments"].typed(pd.DataFrame(list(found.values())))


def runtime_version(run: Any) -> str:
    """The version of the package that the run's runtime is named by. Raises UnknownConditions."""
    if run.runtime not in RUNTIMES:
        raise UnknownConditions("unknown-runtime", f"runtime is {run.runtime!r}, expected one of {', '.join(RUNTIMES)}")
    versions = _versions(run.libraries)
    packages = RUNTIMES[run.runtime].packages
    for package in packages:
        if re.fullmatch(VERSION, versions.get(package, "")):
            return versions[package]
    raise UnknownConditions(
        "no-version", f"libraries are {run.libraries[:200]!r}, expected the version of {packages[0]} among them"
    )


def device_name(name: str) -> str:
    """A processor's name without marks and clock: `Intel(R) Core(TM) i7-12700H CPU @ 2.60GHz` is an Intel Core."""
    plain = re.sub(r"\((R|TM|r|tm)\)|®|™|\bCPU\b|@.*$|\b\d+-Core\b|\bProcessor\b", " ", name)
    return " ".join(plain.split())


def _row(run: Any) -> Row:
    version = runtime_version(run)
    runtime = RUNTIMES[run.runtime]
    return {
        "device": device_name(run.device),
        "kind": run.kind,
        "precision": run.precision,
        "layout": run.layout or None,
        "framework": runtime.framework,
        "framework_version": version,
        "cuda_version": _cuda_version(run.libraries),
        "compiled": runtime.compiled,
        "origin": HERE,
        "runtime": run.runtime,
        "threads": run.threads,
        "memory_gb": run.memory_gb,
        "os": run.os or None,
        "processor_flags": run.processor_flags or None,
        "libraries": "; ".join(_split(run.libraries)),
        "switches": run.switches or None,
    }


def _cuda_version(libraries: str) -> str | None:
    version = _versions(libraries).get("cuda")
    if version is not None and not re.fullmatch(VERSION, version):
        raise UnknownConditions("no-version", f"the version of cuda is {version[:60]!r}, expected a number")
    return version


def _words(row: Row) -> str:
    runtime = RUNTIMES[str(row["runtime"])]
    parts = [row["device"], f"{row['threads']}t", row["precision"], row["layout"]]
    parts += [f"{runtime.short}{row['framework_version']}"]
    parts += [f"cu{row['cuda_version']}"] if row["cuda_version"] else []
    text = "-".join(str(part) for part in [*parts, runtime.mode] if part)
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.")


def _label(row: Row, digest: str) -> str:
    """A name for people; the digest in the key tells it from others whose words are the same."""
    runtime = RUNTIMES[str(row["runtime"])]
    details = [row["precision"], str(row["layout"] or "").upper(), f"{row['framework']} {row['framework_version']}"]
    details += [f"CUDA {row['cuda_version']}"] if row["cuda_version"] else []
    threads = f"{row['threads']} thread{'s' if row['threads'] != 1 else ''}"
    device = row["device"] if row["kind"] == "gpu" else f"{row['device']}, {threads}"
    return f"{device} ({', '.join(str(part) for part in [*details, runtime.label, digest] if part)})"


def _joined(*texts: object) -> str | None:
    """Every part of texts that list parts, once."""
    return "; ".join(sorted({part for text in texts if text for part in _split(str(text))})) or None


def _versions(libraries: str) -> dict[str, str]:
    """Package -> version, local parts (`+cpu`) left out."""
    pairs = (part.rpartition(" ") for part in _split(libraries))
    return {name.lower().replace("_", "-"): version.partition("+")[0] for name, _, version in pairs}


def _split(text: str) -> list[str]:
    return [part.strip() for part in text.split(";") if part.strip()]
