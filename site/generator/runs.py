"""A run measured here and its words: whose code, under which condition, and how many times as fast as another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from catalog.ratios import speed_ratio
from catalog.vocabulary import FUNCTIONS, IMPLEMENTATIONS, OURS, RUNTIMES, TIMM

FEWEST_TURNS = 2
TENSORFLOW_RUNTIMES = ("tf-graph", "tf-xla")


@dataclass(frozen=True)
class Ratio:
    """How many times as fast; `low` and `high` end its 95 % interval, None where the two were not timed in turns.

    `rates` is the ratio of the two rates that stand on the page, each the median of all of its run's turns.
    """

    value: float
    rates: float
    low: float | None = None
    high: float | None = None

    @property
    def against_the_rates(self) -> bool:
        """Whether turn by turn the one was faster, and by the medians of all turns the other."""
        return (self.value - 1) * (self.rates - 1) < 0


@dataclass(frozen=True)
class Condition:
    """What is held fixed while subjects are compared. `img_size` is None for a layer.

    `machine` names the machine and the threads in addresses, `amd-epyc-2t`, with a digest of what else tells machines
    apart (memory, instruction sets) for all but the first that was published.
    """

    workload: str
    img_size: int | None
    machine: str
    device: str
    kind: str
    threads: int | None
    precision: str
    batch_size: int

    @property
    def words(self) -> str:
        """The condition for people, without the workload: `batch 8, fp32, 2 threads, AMD EPYC`."""
        threads = f"{self.threads} thread{'' if self.threads == 1 else 's'}, " if self.threads else ""
        return f"batch {self.batch_size}, {self.precision}, {threads}{self.device}"


@dataclass(frozen=True)
class Run:
    """One subject under one condition, as measured. Times of a step in ms, others in s; memory in MB.

    `turns` has the median step of each turn by (source, comparison): a subject that took part in several comparisons
    has several, of which the newest gave the other figures.
    """

    condition: Condition
    implementation: str
    runtime: str
    images_per_s: float
    step_ms: float
    p10_ms: float | None
    p90_ms: float | None
    compile_s: float | None
    cold_start_s: float | None
    peak_memory_mb: float | None
    params_m: float | None
    gmacs: float | None
    parity_error: float | None
    parity_tolerance: float | None
    comparison: str
    turns: dict[tuple[str, str], tuple[float, ...]]
    note: str  # what to know of it: a lowered batch, steps that stayed unstable
    environment: Any  # a row of the table `environments`
    source: str
    line: int | None

    @property
    def rounds_ms(self) -> tuple[float, ...]:
        """The turns of the newest comparison."""
        return self.turns.get((self.source, self.comparison), ())

    @property
    def is_ours(self) -> bool:
        """Whether code of this repository ran."""
        return self.implementation == OURS

    @property
    def is_keras_rival(self) -> bool:
        """Whether another library's Keras model ran: all that are raced are written in Keras, but timm's."""
        return self.implementation not in (OURS, TIMM, *FUNCTIONS)

    @property
    def subject(self) -> str:
        """As `backbones bench` writes it."""
        return f"{self.implementation}:{self.runtime}"

    @property
    def name(self) -> str:
        """Whose code, for people; ours without its name."""
        return implementation_name(self.implementation)

    @property
    def runtime_name(self) -> str:
        """Under which runtime, for people."""
        return runtime_name(self.runtime)

    @property
    def short_runtime(self) -> str:
        """The same in few letters."""
        runtime = RUNTIMES.get(self.runtime)
        return (runtime and runtime.brief) or self.runtime_name

    @property
    def gflops(self) -> float | None:
        """10^9 floating-point operations a second: two for each multiply-accumulate."""
        return 2 * self.gmacs * self.images_per_s if self.gmacs else None

    @property
    def slowest_rate(self) -> float:
        """Images a second at the 90th percentile of a step."""
        return self.condition.batch_size / (self.p90_ms or self.step_ms) * 1000

    @property
    def fastest_rate(self) -> float:
        """Images a second at the 10th percentile of a step."""
        return self.condition.batch_size / (self.p10_ms or self.step_ms) * 1000


def implementation_name(implementation: str) -> str:
    """Whose code, for people; ours without its name."""
    return "Ours" if implementation == OURS else IMPLEMENTATIONS.get(implementation, implementation)


def runtime_name(runtime: str) -> str:
    """A runtime, for people."""
    return RUNTIMES[runtime].name if runtime in RUNTIMES else runtime


def ratio(run: Run | None, other: Run | None) -> Ratio | None:
    """How many times as fast a run is as another, in a comparison that both were in; None where one is missing."""
    if run is None or other is None or run == other:
        return None
    rates = run.images_per_s / other.images_per_s
    newest = ((other.source, other.comparison), (run.source, run.comparison))
    for shared in (*newest, *sorted(run.turns, reverse=True)):
        ours, theirs = run.turns.get(shared, ()), other.turns.get(shared, ())
        if shared[1] and len(ours) == len(theirs) >= FEWEST_TURNS:
            found = speed_ratio(ours, theirs)
            return Ratio(found.median, rates, found.low, found.high)
    return Ratio(rates, rates)


def fastest(
    runs: Iterable[Run], implementations: Sequence[str] | None = None, runtimes: Sequence[str] | None = None
) -> Run | None:
    """The fastest run of some implementations under some runtimes; None stands for any of them."""
    found = (
        run
        for run in runs
        if (implementations is None or run.implementation in implementations)
        and (runtimes is None or run.runtime in runtimes)
    )
    return max(found, key=lambda run: run.images_per_s, default=None)
