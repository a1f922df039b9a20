"""Papers as BibTeX entries: the same paper always gives the same bytes, and no title can break out of its braces."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import Final, Protocol

JOURNALS: Final = frozenset(
    {
        "ACM TOG (SIGGRAPH)",
        "Computational Visual Media",
        "IEEE TGRS",
        "IJCV",
        "Image and Vision Computing",
        "JMLR",
        "PAMI",
        "TMLR",
        "TNNLS",
        "TPAMI",
    }
)
# Words that say nothing about a paper, and so are not its key.
SMALL_WORDS: Final = re.compile(
    "a|an|and|are|as|at|be|by|can|do|does|for|from|how|in|is|it|not|of|on|or|the|to|towards|we|what|when|where|why|with"
)
SPECIAL: Final = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "%": r"\%",
    "#": r"\#",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
}
# Letters that Unicode does not take apart into an ASCII letter and a mark.
FOLDED: Final = str.maketrans(
    {"ø": "o", "Ø": "O", "ł": "l", "Ł": "L", "ß": "ss", "æ": "ae", "œ": "oe", "đ": "d", "ı": "i"}
)


class Citable(Protocol):
    """What an entry needs of a paper: a record has it, and so has a row of the papers table with its blank cells."""

    @property
    def paper(self) -> object: ...  # noqa: D102
    @property
    def arxiv_id(self) -> object: ...  # noqa: D102
    @property
    def title(self) -> object: ...  # noqa: D102
    @property
    def authors(self) -> object: ...  # noqa: D102
    @property
    def year(self) -> object: ...  # noqa: D102
    @property
    def venue(self) -> object: ...  # noqa: D102
    @property
    def url(self) -> object: ...  # noqa: D102


def bibtex(paper: Citable, key: str = "") -> str:
    """The entry, ending with a line break. `key` defaults to citation_key(paper); accents stay UTF-8."""
    venue = _words(paper.venue)
    year = re.search(r"\b(19|20)\d\d\b", venue)
    place = " ".join(re.sub(r"\b(19|20)\d\d\b", "", venue).split())
    kind, place_field = ("article", "journal") if place in JOURNALS else ("inproceedings", "booktitle")
    fields = {
        "title": f"{{{_escaped(paper.title)}}}",  # the second pair of braces keeps the capitals
        "author": _authors(paper.authors),
        place_field: _escaped(place),
        "year": year[0] if year else _year(paper.year),
        "eprint": _escaped(paper.arxiv_id),
        "archiveprefix": "arXiv" if _words(paper.arxiv_id) else "",
        "url": _address(paper.url),
    }
    lines = "".join(f"  {name} = {{{value}}},\n" for name, value in fields.items() if value)
    return f"@{kind if place else 'misc'}{{{key or citation_key(paper)},\n{lines}}}\n"


def citation_key(paper: Citable) -> str:
    """First author's last name, year of first publication and first telling word of the title: `liu2021swin`."""
    first_author = _words(paper.authors).split(";")[0].split()
    words = re.findall(r"[a-z0-9]+", _ascii(paper.title).lower())
    telling = next((word for word in words if not SMALL_WORDS.fullmatch(word)), "")
    name = re.sub(r"[^a-z]", "", _ascii(first_author[-1]).lower()) if first_author else ""
    return f"{name}{_year(paper.year)}{telling}" or re.sub(r"[^A-Za-z0-9]", "", _ascii(paper.paper))


def citation_keys(papers: Iterable[Citable]) -> dict[str, str]:
    """A key of its own for every paper, by the paper's catalog key; of equal ones all but the first end in b, c, ..."""
    keys: dict[str, str] = {}
    used: set[str] = set()
    for paper in sorted(papers, key=lambda each: str(each.paper)):
        plain = citation_key(paper)
        endings = ("", *(chr(code) for code in range(ord("b"), ord("z") + 1)), f"-{paper.paper}")
        key = next(plain + ending for ending in endings if plain + ending not in used)
        used.add(key)
        keys[str(paper.paper)] = key
    return keys


def _words(value: object) -> str:
    """Text on one line without control characters; a blank cell of a table is empty."""
    text = value if isinstance(value, str) else ""
    return " ".join("".join(character if character.isprintable() else " " for character in text).split())


def _escaped(value: object) -> str:
    return "".join(SPECIAL.get(character, character) for character in _words(value))


def _ascii(value: object) -> str:
    return unicodedata.normalize("NFKD", _words(value).translate(FOLDED)).encode("ascii", "ignore").decode()


def _year(value: object) -> str:
    try:
        return str(int(value))  # type: ignore[call-overload]
    except (TypeError, ValueError):
        return ""


def _authors(value: object) -> str:
    """The names joined by "and"; a name that holds this word or a comma is kept whole by braces."""
    names = [_escaped(name) for name in _words(value).split(";")]
    whole = [f"{{{name}}}" if re.search(r",|\band\b", name) else name for name in names if name]
    return " and ".join("others" if name.lower() in ("et al.", "et al", "others") else name for name in whole)


def _address(value: object) -> str:
    """The address with the characters escaped that would end the field; blank for what is no address of the web."""
    words = _words(value)
    if not words.lower().startswith(("https://", "http://")):
        return ""
    return "".join(f"%{ord(character):02X}" if character in '\\{}"<> ' else character for character in words)
