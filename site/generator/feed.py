"""Atom: entries with lasting ids and the day they tell of, the same bytes for the same entries."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from xml.etree import ElementTree as Xml

ATOM = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, not even escaped.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


@dataclass(frozen=True)
class Entry:
    """One entry. `identifier` must never change; `day` is YYYY-MM-DD; paragraphs are plain text."""

    identifier: str
    title: str
    day: str
    address: str
    paragraphs: tuple[str, ...]


def feed(
    *, title: str, subtitle: str, address: str, self_address: str, author: str, entries: Sequence[Entry], updated: str
) -> bytes:
    """The feed as UTF-8, ready to be written. Without entries it is `updated` that says how fresh it is."""
    Xml.register_namespace("", ATOM)
    root = Xml.Element(f"{{{ATOM}}}feed")
    _text(root, "id", address)
    _text(root, "title", title)
    _text(root, "subtitle", subtitle)
    _text(root, "updated", _moment(max([entry.day for entry in entries], default=updated)))
    _link(root, address, "alternate", "text/html")
    _link(root, self_address, "self", "application/atom+xml")
    _text(Xml.SubElement(root, f"{{{ATOM}}}author"), "name", author)
    for entry in entries:
        element = Xml.SubElement(root, f"{{{ATOM}}}entry")
        _text(element, "id", entry.identifier)
        _text(element, "title", entry.title)
        _text(element, "updated", _moment(entry.day))
        _link(element, entry.address, "alternate", "text/html")
        _text(element, "content", "\n".join(entry.paragraphs)).set("type", "text")
    Xml.indent(root)
    written: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return written + b"\n"


def _text(parent: Xml.Element, name: str, text: str) -> Xml.Element:
    element = Xml.SubElement(parent, f"{{{ATOM}}}{name}")
    element.text = FORBIDDEN.sub("�", text)
    return element


def _link(parent: Xml.Element, address: str, relation: str, kind: str) -> None:
    Xml.SubElement(parent, f"{{{ATOM}}}link", {"rel": relation, "type": kind, "href": address})


def _moment(day: str) -> str:
    return f"{day or '1970-01-01'}T00:00:00Z"
