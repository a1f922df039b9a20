"""How the survey is cited: one name for its authors everywhere, and a CITATION.cff that its schema accepts.

The rules are facts of the Citation File Format 1.2.0 (https://github.com/citation-file-format/citation-file-format,
schema.json): the keys that exist, those that are required, and the kinds of works.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
AUTHORS = "The Backbone Survey authors"

REQUIRED = {"authors", "cff-version", "message", "title"}
KEYS = """
abstract authors cff-version commit contact date-released doi identifiers keywords license license-url message
preferred-citation references repository repository-artifact repository-code title type url version
"""
REFERENCE_KINDS = """
art article audiovisual bill blog book catalogue conference-paper conference data database dictionary edited-work
encyclopedia film-broadcast generic government-document grant hearing historical-work legal-case legal-rule
magazine-article manual map multimedia music newspaper-article pamphlet patent personal-communication proceedings report
serial slides software-code software-container software-executable software-virtual-machine software sound-recording
standard statute thesis unpublished video website
"""
PERSON = "family-names given-names name-particle name-suffix alias affiliation orcid email website"
ENTITY = "name alias orcid email website location address city country"
ADDRESS = re.compile(r"(https|http|ftp|sftp)://.+")


def faults(citation: dict[str, Any]) -> list[str]:
    """What the schema would refuse."""
    found = [f"{key} is missing" for key in REQUIRED - citation.keys()]
    found += [f"{key} is no key" for key in citation.keys() - set(KEYS.split())]
    if citation.get("cff-version") != "1.2.0":
        found.append("cff-version is not 1.2.0")
    if citation.get("type", "software") not in {"dataset", "software"}:
        found.append(f"type {citation['type']} is no kind of work")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", str(citation.get("date-released", "2026-01-01"))):
        found.append("date-released is no day")
    found += _entry_faults(citation)
    for reference in citation.get("references", []):
        found += [f"{key} of a reference is missing" for key in {"authors", "title", "type"} - reference.keys()]
        if reference.get("type") not in REFERENCE_KINDS.split():
            found.append(f"type {reference.get('type')} is no kind of reference")
        found += _entry_faults(reference)
    return sorted(found)


def _entry_faults(entry: dict[str, Any]) -> list[str]:
    """What is wrong with the authors and addresses of the work or of a reference."""
    authors = entry.get("authors", [])
    found = [] if authors else ["there is no author"]
    for author in authors:
        kind, keys = ("entity", ENTITY) if "name" in author else ("person", PERSON)
        found += [f"{key} is no key of a {kind}" for key in author.keys() - set(keys.split())]
    found += [
        f"{key} is no address"
        for key in ("url", "repository-code")
        if key in entry and not ADDRESS.fullmatch(entry[key])
    ]
    return found


@pytest.fixture
def citation() -> dict[str, Any]:
    return yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_citation_file_is_valid(citation: dict[str, Any]) -> None:
    assert faults(citation) == []


def test_a_data_set_is_a_work_but_no_kind_of_reference(citation: dict[str, Any]) -> None:
    citation["references"][0]["type"] = "dataset"
    assert faults(citation | {"type": "dataset"}) == ["type dataset is no kind of reference"]


def test_the_authors_have_one_name(citation: dict[str, Any]) -> None:
    config = yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))
    package = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert [author["name"] for author in citation["authors"]] == [AUTHORS]
    assert config["site_author"] == AUTHORS
    assert [author["name"] for author in package["authors"]] == [AUTHORS]
    assert f"author = {{{{{AUTHORS}}}}}" in (ROOT / "README.md").read_text(encoding="utf-8")
