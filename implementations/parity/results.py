"""The results of parity: rows of the catalog's table `implementations`, one per variant."""

from dataclasses import asdict, dataclass
from pathlib import Path

import pandas as pd

from catalog.schema import TABLES
from catalog.store import DEFAULT_DATA, read_table, write_tables, writing

TABLE = "implementations"
ERRORS = ("parity_error", "reference_error", "tolerance")
SIGNIFICANT = 3  # digits of an error that say anything


@dataclass(frozen=True)
class ParityRow:
    """One variant: errors are relative to the output's scale, of the output that came nearest to its tolerance."""

    variant: str
    architecture: str
    module: str
    reference: str
    img_size: str
    params_m: float
    gmacs: float
    parity_error: float
    reference_error: float
    tolerance: float
    depth_cut: bool
    verified_with: str
    verified_on: str

    @property
    def passes(self) -> bool:
        """Whether the error is within tolerance."""
        return self.parity_error <= self.tolerance


def read_rows(data: Path = DEFAULT_DATA) -> list[ParityRow]:
    """All rows of a directory of tables; none if there is no such table yet. Raises CatalogError when it is broken."""
    return [ParityRow(**row) for row in read_table(TABLE, data).to_dict("records")]


def write_rows(rows: list[ParityRow], data: Path = DEFAULT_DATA) -> None:
    """Replace the table by these rows; the old table stays whole until the new one is."""
    columns = pd.Index(TABLES[TABLE].column_names)
    write_tables({TABLE: pd.DataFrame([_cells(row) for row in rows], columns=columns)}, data)


def merge_rows(new: list[ParityRow], data: Path = DEFAULT_DATA) -> None:
    """Put new rows in place of those of the same variants and keep the others."""
    with writing(data):
        kept = {row.variant: row for row in read_rows(data)} | {row.variant: row for row in new}
        write_rows(list(kept.values()), data)


def _cells(row: ParityRow) -> dict[str, object]:
    rounded = {name: float(f"{getattr(row, name):.{SIGNIFICANT}g}") for name in ERRORS}
    return asdict(row) | rounded | {"params_m": round(row.params_m, 6), "gmacs": round(row.gmacs, 6)}
