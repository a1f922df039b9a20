"""How the catalog speaks of what is wrong: one line that says what, where, what was expected and what to do."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    import pandas as pd

Frames = dict[str, "pd.DataFrame"]  # tables by name
Severity = Literal["error", "warning"]


class CatalogError(Exception):
    """Something the user has to know; its text is one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


@dataclass(frozen=True)
class Problem:
    """One finding of a rule. `source` and `line` say where; `line` counts the header as line 1."""

    severity: Severity
    source: str
    line: int | None
    rule: str
    message: str

    def __str__(self) -> str:
        if self.message.startswith(self.source):  # it names its place itself
            return one_line(f"{self.severity}: {self.message} [{self.rule}]")
        place = self.source if self.line is None else f"{self.source}:{self.line}"
        return one_line(f"{self.severity}: {place}: {self.message} [{self.rule}]")


Rule = Callable[[Frames], Iterator[Problem]]


def in_order(problems: Iterable[Problem]) -> list[Problem]:
    """Each problem once, errors first, then by place."""
    return sorted(set(problems), key=lambda item: (item.severity, item.source, item.line or 0, item.rule, item.message))


def one_line(message: str, limit: int = 400) -> str:
    """The message without line breaks and control characters, cut to `limit` characters."""
    printable = "".join(character if character.isprintable() else " " for character in message)
    words = " ".join(printable.split())
    return words if len(words) <= limit else words[: limit - 1] + "…"


def printable(text: str, limit: int = 2000) -> str:
    """The text with escapes for what cannot be printed, cut to `limit` characters."""
    shown = "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def each(rows: pd.DataFrame, severity: Severity, rule: str, text: str) -> Iterator[Problem]:
    """One problem per row, at its file and line; `text` is filled in from the row's columns."""
    lines = rows["line"].astype(object).where(rows["line"].notna(), None) if "line" in rows else [None] * len(rows)
    for values, line in zip(rows.to_dict("records"), lines, strict=True):
        place = str(values["source"]), None if line is None else int(line)
        yield Problem(severity, *place, rule, text.format(**values))
