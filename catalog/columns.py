"""What a table and a column are: type, unit, range, and the constructors that table definitions are written with."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pandas as pd

# How a text starts that a spreadsheet computes.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")

ColumnType = Literal["text", "integer", "number", "boolean", "date"]


@dataclass(frozen=True)
class Column:
    """One column. `minimum` and `maximum` are inclusive; `above` is exclusive; `choices` closes a text column."""

    name: str
    type: ColumnType
    description: str
    unit: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    refers_to: str = ""

    def expected(self, value: Any) -> str:
        """What a value that is not blank would have to be, blank when it is that; of an open text everything is."""
        if self.choices:
            return "" if value in self.choices else f"one of {', '.join(self.choices)}"
        for limit, holds, words in (
            (self.minimum, lambda limit: value >= limit, "at least"),
            (self.maximum, lambda limit: value <= limit, "at most"),
            (self.above, lambda limit: value > limit, "more than"),
        ):
            if limit is not None and not holds(limit):
                return f"{words} {limit:g}"
        return ""


@dataclass(frozen=True)
class Table:
    """One table: a CSV file of the same name in the data directory, sorted by `key`.

    A view is made from another table when it is read, and has a file only where the tables are published.
    """

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    view: bool = False

    @property
    def column_names(self) -> list[str]:
        """The names in file order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """A frame without rows, with every column in its type."""
        import pandas as pd

        return self.typed(pd.DataFrame(columns=pd.Index(self.column_names)))

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with this table's columns only, in order and in their pandas types.

        Raises ValueError naming the table and column when a value does not fit its type.
        """
        frame = frame.reindex(columns=self.column_names)
        for column in self.columns:
            if frame[column.name].dtype != PANDAS_TYPES[column.type]:
                try:
                    frame[column.name] = frame[column.name].astype(PANDAS_TYPES[column.type])
                except (TypeError, ValueError) as error:
                    message = f"{self.name}.csv: column {column.name}: expected {column.type}: {error}"
                    raise ValueError(message) from error
            if column.type in ("text", "date") and (frame[column.name] == "").any():
                frame[column.name] = frame[column.name].replace("", None)
        return frame

    def fault(self, row: Mapping[str, Any]) -> str:
        """The first column of a row that breaks a rule, and what it had to be; blank when all are as they must be."""
        for column in self.columns:
            value = row.get(column.name)
            if value is None or value == "":
                if column.required:
                    return f"{column.name} is blank, expected {column.description}"
            elif expected := column.expected(value):
                return f"{column.name} is {value!r}, expected {expected}"
        return ""

    def pandera(self) -> Any:
        """The same rules as a pandera DataFrameSchema, for validating whole tables."""
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            unique=list(self.key),
            strict=True,
            ordered=True,
            name=self.name,
        )


# Written with "date" as ISO text so that a table reads the same in every tool.
PANDAS_TYPES: dict[ColumnType, str] = {
    "text": "str",
    "date": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}


def _pandera_column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.above is not None:
        checks.append(pa.Check.gt(column.above))
    if column.choices:
        checks.append(pa.Check.isin(column.choices))
    if column.type == "date":
        checks.append(pa.Check(is_day, element_wise=True, error="a day as YYYY-MM-DD"))
    return pa.Column(PANDAS_TYPES[column.type], checks=checks, nullable=not column.required)


def is_formula(value: object) -> bool:
    """Whether a spreadsheet would take a value for a formula; a lone sign is none."""
    return isinstance(value, str) and len(value) > 1 and value.startswith(FORMULA_STARTS)


def is_day(value: str) -> bool:
    """Whether a text is a day of the calendar, written as YYYY-MM-DD."""
    try:
        return datetime.date.fromisoformat(value).isoformat() == value
    except ValueError:
        return False


def text(
    name: str, description: str, *, required: bool = False, choices: tuple[str, ...] = (), refers_to: str = ""
) -> Column:
    """A text column."""
    return Column(name, "text", description, required=required, choices=choices, refers_to=refers_to)


def integer(
    name: str, description: str, unit: str = "", *, required: bool = False, minimum: float | None = None
) -> Column:
    """A whole-number column that may be blank."""
    return Column(name, "integer", description, unit, required, minimum=minimum)


def number(
    name: str,
    description: str,
    unit: str = "",
    *,
    required: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
) -> Column:
    """A decimal column that may be blank."""
    return Column(name, "number", description, unit, required, minimum=minimum, maximum=maximum, above=above)


def boolean(name: str, description: str, *, required: bool = True) -> Column:
    """A true/false column."""
    return Column(name, "boolean", description, required=required)


def date(name: str, description: str, *, required: bool = False) -> Column:
    """A day, as YYYY-MM-DD."""
    return Column(name, "date", description, required=required)


SOURCE = text("source", "the file that the row came from", required=True, refers_to="sources")
LINE = integer("line", "line in that file, the header being line 1", minimum=1)
