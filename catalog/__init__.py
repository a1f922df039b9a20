"""What a figure is, where it came from, and whether it can be true.

>>> import catalog
>>> c = catalog.load()
>>> c.leaderboard().columns  # doctest: +SKIP
"""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from catalog.schema import TABLES
from catalog.store import DEFAULT_DATA, read_table, recover

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Catalog", "CatalogError", "load"]


class Catalog:
    """The tables of a data directory as typed DataFrames, each read when it is first asked for."""

    if TYPE_CHECKING:
        sources: pd.DataFrame
        papers: pd.DataFrame
        paper_links: pd.DataFrame
        families: pd.DataFrame
        architectures: pd.DataFrame
        models: pd.DataFrame
        evaluations: pd.DataFrame
        costs: pd.DataFrame
        environments: pd.DataFrame
        measurements: pd.DataFrame
        layer_measurements: pd.DataFrame
        implementations: pd.DataFrame
        second_opinions: pd.DataFrame
        survey_rows: pd.DataFrame
        corrections: pd.DataFrame
        quarantine: pd.DataFrame
        history: pd.DataFrame
        refreshes: pd.DataFrame

    def __init__(self, data: Path, *, older_schema: bool = False) -> None:
        """With `older_schema`, columns that the tables had not yet when they were written are read as blank."""
        self.data = data
        self.older_schema = older_schema

    def __getattr__(self, name: str) -> pd.DataFrame:
        if name not in TABLES:
            raise AttributeError(f"the catalog has no table {name}; it has {', '.join(TABLES)}")
        frame = read_table(name, self.data, older_schema=self.older_schema)
        setattr(self, name, frame)
        return frame

    def leaderboard(
        self, dataset: str = "imagenet", environment: str | None = None, *, mode: str = "infer", reported: bool = True
    ) -> pd.DataFrame:
        """One row per set of weights and image size on a data set, joined with cost and, given an environment, speed.

        See catalog.leaderboard for the columns. `reported=False` leaves out accuracies that only a paper states.
        Raises CatalogError for a data set or environment that does not exist.
        """
        from catalog.leaderboard import leaderboard

        return leaderboard(self, dataset, environment, mode=mode, reported=reported)

    @cached_property
    def as_of(self) -> str:
        """The day of the newest upstream change that the tables hold, as YYYY-MM-DD; blank for an empty catalog."""
        days = self.sources["published_at"].dropna()
        return str(days.max()) if len(days) else ""

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table by name."""
        return {name: getattr(self, name) for name in TABLES}


def load(data: str | Path | None = None) -> Catalog:
    """The catalog in a data directory; without one, the committed tables that come with the package.

    Finishes a change that was cut off while it was written. Raises CatalogError when the directory does not exist.
    """
    folder = DEFAULT_DATA if data is None else Path(data)
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such directory of tables; name one, or run backbones refresh --data {folder}")
    recover(folder)
    return Catalog(folder)
