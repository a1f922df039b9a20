"""The catalog as pages need it: rows by family, architecture and model, looked up once and never filtered per page."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from catalog.schema import DATASETS, TRAIN_SETS
from catalog.survey import TRAIN_SUFFIX
from catalog.vocabulary import REPORTED
from generator.benchmarks import Benchmarks, Untimed, untimed
from generator.charts.registry import default_environment
from generator.headlines import Headline, headlines

if TYPE_CHECKING:
    import pandas as pd

    from catalog import Catalog
    from generator.charts import Metadata

# A row of a table: a named tuple with the table's columns, None where a cell is blank.
Row = Any
Rows = list[Row]
RESULTS = "timm/results-imagenet"


def rows(frame: pd.DataFrame) -> Rows:
    """The rows as named tuples of plain Python values, None where blank."""
    plain = frame.astype(object).where(frame.notna(), None)
    return list(plain.itertuples(index=False, name="Row"))


def grouped(items: Iterable[Row], *columns: str) -> dict[Any, Rows]:
    """The rows by the value (or the values) of columns, in their order."""
    groups: dict[Any, Rows] = defaultdict(list)
    for item in items:
        key = tuple(getattr(item, column) for column in columns)
        groups[key[0] if len(key) == 1 else key].append(item)
    return dict(groups)


@dataclass(frozen=True)
class SpeedCounts:
    """Speeds and their environments: published upstream, and measured here."""

    published: int
    published_environments: int
    here: int
    here_environments: int


def full_name(model: Row) -> str:
    """A model's name; training data that the survey repeats in it are written in full, as (300M) reads like a size."""
    short = TRAIN_SUFFIX.search(model.name)
    if model.origin != "survey" or not short or not model.pretrain_sets:
        return str(model.name)
    return f"{model.name[: short.start()]} ({model.pretrain_sets.replace(';', ', ')})"


class Facts:
    """Everything that pages look up. Rows are in the order in which pages show them."""

    def __init__(self, catalog: Catalog, charts: Mapping[str, Metadata] | None = None) -> None:
        self.catalog = catalog
        self.charts = dict(charts or {})

    @property
    def as_of(self) -> str:
        """The day of the newest upstream change; pages state it."""
        return self.catalog.as_of or "an empty catalog"

    @property
    def results_as_of(self) -> str:
        """The day of the newest change of timm's ImageNet results, or blank."""
        source = self.sources.get(RESULTS)
        return (source.published_at or "") if source else ""

    @property
    def measured_until(self) -> str:
        """The newest day on which something was measured here, or blank."""
        return max((row.retrieved_at for row in self.sources.values() if row.scraper == "local"), default="")

    @property
    def year(self) -> str:
        """The year in which pages and charts were drawn from the tables: that of the newest refresh."""
        return self.catalog.refreshed[:4]

    @cached_property
    def speed_counts(self) -> SpeedCounts:
        """How many speeds the tables hold, and from where."""
        here = {row.environment for row in self.environments.values() if row.origin == "here"}
        measured = int(self.catalog.measurements["environment"].isin(here).sum())
        return SpeedCounts(
            len(self.catalog.measurements) - measured, len(self.environments) - len(here), measured, len(here)
        )

    @cached_property
    def benchmarks(self) -> Benchmarks:
        """The speeds measured here."""
        return Benchmarks(self.catalog)

    @cached_property
    def untimed(self) -> dict[str, list[Untimed]]:
        """The runs that were tried here and gave no speed, by what was run."""
        return untimed(self.catalog)

    @cached_property
    def headlines(self) -> dict[str, list[Headline]]:
        """What to say first of each backbone that was timed here."""
        return headlines(self.benchmarks)

    @cached_property
    def speed_environment(self) -> str | None:
        """The environment shown where a page has room for one: that of the chart of throughput."""
        return default_environment(self.catalog)

    @cached_property
    def cpu_environment(self) -> str | None:
        """The newest of timm's environments on a CPU, by coverage where several are as new."""
        from catalog.leaderboard import environments_by_coverage

        coverage = environments_by_coverage(self.catalog)
        processors = [
            row
            for row in self.environments.values()
            if row.kind == "cpu" and row.origin == "timm" and row.environment in coverage.index
        ]
        newest = [row for row in processors if row.framework_version == processors[0].framework_version]
        return str(max(newest, key=lambda row: coverage[row.environment]).environment) if newest else None

    @cached_property
    def board_frame(self) -> pd.DataFrame:
        """The ImageNet leaderboard, the most accurate first."""
        return self.catalog.leaderboard("imagenet", self.speed_environment)

    @cached_property
    def board(self) -> Rows:
        """The same, as rows."""
        return rows(self.board_frame)

    @cached_property
    def board_by_family(self) -> dict[str, Rows]:
        """Results of each family."""
        return grouped(self.board, "family")

    @cached_property
    def board_by_model(self) -> dict[str, Rows]:
        """Results of each set of weights."""
        return grouped(self.board, "model")

    @cached_property
    def families(self) -> dict[str, Row]:
        """Families by key, ordered by name."""
        ordered = sorted(rows(self.catalog.families), key=lambda row: (row.name.lower(), row.family))
        return {row.family: row for row in ordered}

    @cached_property
    def architectures(self) -> dict[str, Row]:
        """Architectures by key."""
        return {row.architecture: row for row in rows(self.catalog.architectures)}

    @cached_property
    def models(self) -> dict[str, Row]:
        """Sets of weights by key."""
        return {row.model: row._replace(name=full_name(row)) for row in rows(self.catalog.models)}

    @cached_property
    def models_by_architecture(self) -> dict[str, Rows]:
        """Sets of weights of each architecture."""
        return grouped(self.models.values(), "architecture")

    @cached_property
    def architectures_by_family(self) -> dict[str, Rows]:
        """Architectures of each family."""
        return grouped(self.architectures.values(), "family")

    @cached_property
    def papers(self) -> dict[str, Row]:
        """Papers by key."""
        return {row.paper: row for row in rows(self.catalog.papers)}

    @cached_property
    def links_by_target(self) -> dict[tuple[str, str], Rows]:
        """What papers are to a (target_type, target)."""
        return grouped(rows(self.catalog.paper_links), "target_type", "target")

    @cached_property
    def links_by_paper(self) -> dict[str, Rows]:
        """What each paper is to families, architectures and models."""
        return grouped(rows(self.catalog.paper_links), "paper")

    @cached_property
    def evaluations_by_model(self) -> dict[str, Rows]:
        """Accuracies of each set of weights, by data set in the catalog's order, then by size."""
        order = {dataset: index for index, dataset in enumerate(DATASETS)}
        every = sorted(
            rows(self.catalog.evaluations), key=lambda row: (order.get(row.dataset, 99), row.img_size, row.kind)
        )
        return grouped(every, "model")

    @cached_property
    def costs_by_architecture(self) -> dict[str, Rows]:
        """Compute counts of each architecture."""
        return grouped(rows(self.catalog.costs), "architecture")

    @cached_property
    def environments(self) -> dict[str, Row]:
        """Environments by key: measured here first, then GPUs before CPUs, the newest software first."""
        ordered = sorted(
            rows(self.catalog.environments),
            key=lambda row: (
                row.origin != "here",
                row.kind != "gpu",
                [-int(part) for part in (row.framework_version or "0").split(".") if part.isdigit()],
                row.label,
            ),
        )
        return {row.environment: row for row in ordered}

    @cached_property
    def measurements_by_architecture(self) -> dict[str, Rows]:
        """Speeds of each architecture, environments in the order above."""
        order = {environment: index for index, environment in enumerate(self.environments)}
        every = rows(self.catalog.measurements)
        every.sort(
            key=lambda row: (order.get(row.environment, 99), row.mode, row.implementation, row.img_size, row.batch_size)
        )
        return grouped(every, "architecture")

    @cached_property
    def opinions_by_architecture(self) -> dict[str, Rows]:
        """What other libraries report, by architecture."""
        return grouped((row for row in rows(self.catalog.second_opinions) if row.architecture), "architecture")

    @cached_property
    def survey_rows_by_model(self) -> dict[str, Rows]:
        """Rows of the original survey by the catalog's model."""
        return grouped(rows(self.catalog.survey_rows), "model")

    @cached_property
    def corrections_by_place(self) -> dict[tuple[str, int], Rows]:
        """Corrections by (source, line)."""
        return grouped(rows(self.catalog.corrections), "source", "line")

    @cached_property
    def history_by_model(self) -> dict[str, Rows]:
        """Events of each model, the newest first."""
        every = sorted(rows(self.catalog.history), key=lambda row: (-row.sequence, row.img_size))
        return grouped(every, "model")

    @cached_property
    def implementations(self) -> dict[str, Row]:
        """Implementations in this repository by architecture name."""
        return {row.architecture: row for row in rows(self.catalog.implementations)}

    @cached_property
    def sources(self) -> dict[str, Row]:
        """Upstream files by key."""
        return {row.source: row for row in rows(self.catalog.sources)}

    def paper_roles(self, family: str) -> list[tuple[Row, str]]:
        """The papers of a family with their role, the main one first."""
        main = self.families[family].paper
        found = [(link.paper, link.role) for link in self.links_by_target.get(("family", family), [])]
        if main and all(paper != main for paper, _ in found):
            found.append((main, "architecture"))
        known = [(self.papers[paper], role) for paper, role in found if paper in self.papers]
        return sorted(known, key=lambda pair: (pair[0].paper != main, pair[1], pair[0].year or 0, pair[0].paper))

    def model_papers(self, model: str) -> list[tuple[Row, str]]:
        """The papers of a set of weights: its own, its architecture's and its family's, each once."""
        architecture = self.models[model].architecture
        targets = [("model", model), ("architecture", architecture)]
        found = [(link.paper, link.role) for target in targets for link in self.links_by_target.get(target, [])]
        own = [(self.papers[paper], role) for paper, role in found if paper in self.papers]
        family = self.paper_roles(self.architectures[architecture].family)
        first: dict[str, tuple[Row, str]] = {}
        for paper, role in [*family, *own]:
            first.setdefault(paper.paper, (paper, role))
        return list(first.values())


def measured(board: Sequence[Row]) -> Rows:
    """The results that were measured, not only stated by a paper."""
    return [row for row in board if row.evidence != REPORTED]


def train_set_order(train_set: str) -> int:
    """The place of a train-set bucket in lists."""
    return TRAIN_SETS.index(train_set) if train_set in TRAIN_SETS else len(TRAIN_SETS)
