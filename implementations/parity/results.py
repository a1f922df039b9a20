"""Owns the table of parity results, catalog/data/implementations.csv: a row per variant, sorted, written whole."""

import csv
import os
import tempfile
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

TABLE = Path(__file__).parents[2] / "catalog" / "data" / "implementations.csv"


@dataclass(frozen=True)
class ParityRow:
    """One variant: errors are relative to the output's scale, of the output that came nearest to its tolerance."""

    variant: str
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


_READ = {"params_m": float, "gmacs": float, "parity_error": float, "reference_error": float, "tolerance": float}


def read_rows(path: Path = TABLE) -> list[ParityRow]:
    """All rows; none if there is no table yet.

    Raises:
        ValueError: the columns are not those of `ParityRow`.
    """
    if not path.exists():
        return []
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        expected = [field.name for field in fields(ParityRow)]
        if reader.fieldnames != expected:
            raise ValueError(f"{path}, line 1: columns {reader.fieldnames}, expected {expected}")
        return [_parse(row) for row in reader]


def write_rows(rows: list[ParityRow], path: Path = TABLE) -> None:
    """Replace the table by these rows, sorted by variant; the old table stays whole until the new one is."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.NamedTemporaryFile(
        "w", newline="", encoding="utf-8", dir=path.parent, prefix=path.name, delete=False
    ) as file:
        writer = csv.DictWriter(file, [field.name for field in fields(ParityRow)], lineterminator="\n")
        writer.writeheader()
        writer.writerows(_cells(row) for row in sorted(rows, key=lambda row: row.variant))
        file.flush()
        os.fsync(file.fileno())
    Path(file.name).chmod(0o644)
    Path(file.name).replace(path)


def merge_rows(new: list[ParityRow], path: Path = TABLE) -> None:
    """Put new rows in place of those of the same variants and keep the others."""
    kept = {row.variant: row for row in read_rows(path)} | {row.variant: row for row in new}
    write_rows(list(kept.values()), path)


def _cells(row: ParityRow) -> dict[str, str]:
    cells = {name: str(value) for name, value in asdict(row).items()}
    cells["depth_cut"] = str(row.depth_cut).lower()
    cells |= {name: f"{getattr(row, name):.3g}" for name in ("parity_error", "reference_error", "tolerance")}
    cells |= {"params_m": f"{row.params_m:.6f}", "gmacs": f"{row.gmacs:.6f}"}
    return cells


def _parse(cells: dict[str, str]) -> ParityRow:
    values: dict[str, Any] = {name: _READ.get(name, str)(cell) for name, cell in cells.items()}
    return ParityRow(**{**values, "depth_cut": cells["depth_cut"] == "true"})
