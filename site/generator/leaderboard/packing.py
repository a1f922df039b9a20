"""How a table travels to the browser: one JSON list per column, repeated text as codes into a list of values.

The other half is `site/docs/assets/leaderboard/data.js`. What the columns mean is the business of `payload.py`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

Packed = dict[str, Any]


def pack(frame: pd.DataFrame) -> Packed:
    """The frame's rows and columns; a text column is `{values, codes}` with code -1 for a blank, others are lists."""
    return {"rows": len(frame), "columns": {str(name): _pack_column(frame[name]) for name in frame.columns}}


def refer(packed: Packed, name: str, values: Iterable[str]) -> Packed:
    """The packed table with a text column whose codes point into another list of the same file."""
    places = {value: place for place, value in enumerate(values)}
    own = packed["columns"][name]
    codes = [-1 if code < 0 else places[own["values"][code]] for code in own["codes"]]
    return {**packed, "columns": {**packed["columns"], name: {"codes": codes}}}


def unpack(packed: Packed, referred: Mapping[str, Sequence[str]] | None = None) -> pd.DataFrame:
    """The frame that was packed, blanks as None; the browser does the same in JavaScript.

    `referred` has the values of the columns whose codes point elsewhere.
    """
    columns = {}
    for name, column in packed["columns"].items():
        if isinstance(column, dict):
            known = column["values"] if "values" in column else (referred or {})[name]
            values = [*known, None]  # code -1 finds the None
            columns[name] = [values[code] for code in column["codes"]]
        else:
            columns[name] = column
    return pd.DataFrame(columns, dtype="object")


def to_json(payload: Mapping[str, Any]) -> str:
    """Compact JSON, the same bytes for the same payload. Raises ValueError for NaN or infinity."""
    return json.dumps(payload, ensure_ascii=False, allow_nan=False, separators=(",", ":")) + "\n"


def _pack_column(column: pd.Series) -> Any:
    blank = column.isna()
    if pd.api.types.is_bool_dtype(column.dtype):
        return [None if empty else int(value) for value, empty in zip(column, blank, strict=True)]
    if pd.api.types.is_numeric_dtype(column.dtype):
        return [None if empty else _number(value) for value, empty in zip(column, blank, strict=True)]
    values = sorted({str(value) for value in column[~blank]})
    codes = {value: code for code, value in enumerate(values)}
    return {
        "values": values,
        "codes": [-1 if empty else codes[str(value)] for value, empty in zip(column, blank, strict=True)],
    }


def _number(value: Any) -> int | float:
    number = float(value)
    return int(number) if number.is_integer() else number
