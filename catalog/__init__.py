"""What a figure is, where it came from, and whether it can be true.

>>> import catalog
>>> c = catalog.load()
>>> c.leaderboard().columns  # doctest: +SKIP
"""

from __future__ import annotations

from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from catalog.problems import CatalogError
from catalog.schema import TABLES
from catalog.store import DEFAULT_DATA, parse_table, snapshot

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Catalog", "CatalogError", "load"]


class Catalog:
    """The tables of a data directory as typed DataFrames, each parsed when it is first asked for."""

    if TYPE_CHECKING:
        sources: pd.DataFrame
        papers: pd.DataFrame
        paper_links: pd.DataFrame
        families: pd.DataFrame
        architectures: pd.DataFrame
        models: pd.DataFrame
        protocols: pd.DataFrame
        scores: pd.DataFrame
        evaluations: pd.DataFrame
        costs: pd.DataFrame
        environments: pd.DataFrame
        runs: pd.DataFrame
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
        if TABLES[name].view and "scores" in self.contents:
            from catalog.scores import evaluations_of

            frame = evaluations_of(self.scores)
        else:  # tables of before the scores hold the view itself
            frame = parse_table(name, self.contents.get(name), older_schema=self.older_schema)
        setattr(self, name, frame)
        return frame

    @cached_property
    def contents(self) -> dict[str, bytes]:
        """The CSV of each table that has a file, all of the moment when the first was asked for."""
        return snapshot(self.data)

    @cached_property
    def digest(self) -> str:
        """Tells two states of the tables apart."""
        digest = sha256()
        for name, content in sorted(self.contents.items()):
            digest.update(f"{name} {len(content)}\n".encode() + content)
        return digest.hexdigest()

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
    def refreshed(self) -> str:
        """The day on which the newest of the files was first read, as YYYY-MM-DD; blank for an empty catalog."""
        days = self.sources["retrieved_at"].dropna()
        return str(days.max()) if len(days) else ""

    @cached_property
    def frames(self) -> dict[str, pd.DataFrame]:
        """Every table by name."""
        return {name: getattr(self, name) for name in TABLES}


def load(data: str | Path | None = None, *, older_schema: bool = False) -> Catalog:
    """The catalog in a data directory; without one, the committed tables that come with the package.

    Its tables are those of this moment, also while another process writes, and nothing there is changed. Raises
    CatalogError when the directory does not exist or cannot be read.
    """
    folder = DEFAULT_DATA if data is None else Path(data)
    if not folder.is_dir():
        raise CatalogError(f"{folder}: no such directory of tables; name one, or run backbones refresh --data {folder}")
    loaded = Catalog(folder, older_schema=older_schema)
    loaded.contents  # noqa: B018 - now, and not with the first table
    return loaded
