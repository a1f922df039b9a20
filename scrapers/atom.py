"""Reads the entries of an Atom feed with the lines they start on, and expands no entity."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from xml.parsers import expat

from catalog.records import SourceFile
from scrapers.tabular import UnreadableFile

ATOM: Final = "http://www.w3.org/2005/Atom "


@dataclass
class Entry:
    """One entry; every text as written, line breaks included."""

    line: int
    identifier: str = ""
    title: str = ""
    published: str = ""
    authors: list[str] = field(default_factory=list)


def read_entries(file: SourceFile) -> list[Entry]:
    """The entries in file order. Raises UnreadableFile for anything but a whole Atom feed without a document type."""
    reader = _Reader(file.source)
    try:
        reader.parser.Parse(file.content, True)
    except expat.ExpatError as error:
        reason = expat.errors.messages.get(error.code, "not XML")
        raise UnreadableFile(
            f"{file.source}:{error.lineno}: expected an Atom feed: {reason}; the rows known before are kept"
        ) from error
    return reader.entries


class _Reader:
    """Collects the texts at the few paths that matter."""

    def __init__(self, source: str) -> None:
        self.source = source
        self.entries: list[Entry] = []
        self.parser = expat.ParserCreate("utf-8", " ")
        self.parser.StartDoctypeDeclHandler = self._refuse_document_type
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._characters
        self._path: list[str] = []
        self._text: list[str] = []

    def _refuse_document_type(self, *_: object) -> None:
        raise UnreadableFile(
            f"{self.source}: expected an Atom feed, found a document type; the rows known before are kept"
        )

    def _start(self, name: str, _: dict[str, str]) -> None:
        if not self._path and name != f"{ATOM}feed":
            raise UnreadableFile(
                f"{self.source}: expected an Atom feed, found <{name[:60]}>; the rows known before are kept"
            )
        self._path.append(name.removeprefix(ATOM))
        self._text.clear()
        if self._path == ["feed", "entry"]:
            self.entries.append(Entry(self.parser.CurrentLineNumber))

    def _characters(self, text: str) -> None:
        self._text.append(text)

    def _end(self, _: str) -> None:
        text = "".join(self._text).strip()
        match self._path:
            case ["feed", "entry", "id"]:
                self.entries[-1].identifier = text
            case ["feed", "entry", "title"]:
                self.entries[-1].title = text
            case ["feed", "entry", "published"]:
                self.entries[-1].published = text
            case ["feed", "entry", "author", "name"]:
                self.entries[-1].authors.append(text)
        self._path.pop()
        self._text.clear()
