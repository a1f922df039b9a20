"""What a speed measured here must satisfy to stand in a table; rows that do not are set aside."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from catalog.vocabulary import OURS

RATE_TIMES_STEP = 0.01  # share by which rate x median step may miss the batch
ROUNDING = 0.005  # share by which times of one run may cross each other
LOOSEST = 0.05  # of the output's scale, the largest error that the harness allows in any precision
ABOVE_PEAK = 1.05  # times the largest matrix product that a rate may reach: the machine's clock is not constant
PEAK = "matrix-product-"
WITHOUT_REFERENCE = ("trivial-function-", PEAK)  # what no reference defines: its time is all there is

Machine = tuple[object, ...]
MACHINE = ["device", "kind", "threads", "memory_gb", "precision", "processor_flags"]
Row = Mapping[str, Any]  # of measurements or layer_measurements


@dataclass(frozen=True)
class Knowledge:
    """What the rules hold a row against: machines by environment, their peaks in GFLOP/s, and what is proven here.

    A file has its own peaks: what another file says of a machine of the same name cannot turn its rows down.
    """

    machines: Mapping[str, Machine]
    peaks: Mapping[tuple[str, Machine], float]
    proven: frozenset[str]


def knowledge(environments: pd.DataFrame, layers: pd.DataFrame, implementations: pd.DataFrame) -> Knowledge:
    """What the tables say. The peak of a machine is its largest matrix product in a file, by whatever library."""
    machines = machines_of(environments)
    products = layers[layers["layer"].str.startswith(PEAK) & layers["gmacs"].notna()]
    peaks: dict[tuple[str, Machine], float] = {}
    columns = ["source", "environment", "images_per_s", "gmacs"]
    for source, environment, rate, gmacs in products[columns].itertuples(index=False):
        place = source, machines[environment]
        peaks[place] = max(peaks.get(place, 0.0), 2 * rate * gmacs)
    return Knowledge(machines, peaks, frozenset(implementations["architecture"]))


def machines_of(environments: pd.DataFrame) -> dict[str, Machine]:
    """Environment -> the machine with its threads and precision."""
    rows = environments[MACHINE].astype(object).where(environments[MACHINE].notna(), None)
    return dict(zip(environments["environment"], map(tuple, rows.itertuples(index=False)), strict=True))


def faults(rows: pd.DataFrame, known: Knowledge) -> Iterator[tuple[Any, str, str]]:
    """The index of each row that breaks a rule, with the first rule that it breaks and what was found and expected."""
    for index, row in zip(rows.index, rows.to_dict("records"), strict=True):
        for rule, broken in RULES.items():
            detail = broken(row, known)
            if detail:
                yield index, rule, detail
                break


def _complete(row: Row, known: Knowledge) -> str:
    missing = [name for name in ("images_per_s", "step_ms", "p10_ms", "p90_ms") if pd.isna(row[name])]
    return f"{missing[0]} is blank, expected a figure of a run that is ok" if missing else ""


def _rate_times_step(row: Row, known: Knowledge) -> str:
    images = row["images_per_s"] * row["step_ms"] / 1000
    if abs(images / row["batch_size"] - 1) <= RATE_TIMES_STEP:
        return ""
    return f"rate x step gives {images:.2f} images, the batch is {row['batch_size']}"


def _percentiles(row: Row, known: Knowledge) -> str:
    low, median, high = row["p10_ms"], row["step_ms"], row["p90_ms"]
    if low <= median * (1 + ROUNDING) and median <= high * (1 + ROUNDING):
        return ""
    return f"p10 {low:g}, median {median:g} and p90 {high:g} ms are out of order"


def _rounds(row: Row, known: Knowledge) -> str:
    """The median of all steps lies between the smallest and the largest median of a turn."""
    if pd.isna(row["rounds_ms"]):
        return ""
    try:
        rounds = [float(turn) for turn in row["rounds_ms"].split()]
    except ValueError:
        rounds = []
    if not rounds or not all(0 < turn < math.inf for turn in rounds):
        return f"rounds_ms is {row['rounds_ms'][:60]!r}, expected numbers separated by spaces"
    if min(rounds) * (1 - ROUNDING) <= row["step_ms"] <= max(rounds) * (1 + ROUNDING):
        return ""
    return f"the median step is {row['step_ms']:g} ms, the turns' medians go from {min(rounds):g} to {max(rounds):g}"


def _parity(row: Row, known: Knowledge) -> str:
    error, tolerance = row["parity_error"], row["parity_tolerance"]
    if pd.isna(error) and pd.isna(tolerance) and str(row.get("layer", "")).startswith(WITHOUT_REFERENCE):
        return ""
    if pd.isna(error) or pd.isna(tolerance):
        return "parity_error or parity_tolerance is blank: what was timed was not compared with the reference"
    if tolerance > LOOSEST:
        return f"parity tolerance {tolerance:.2g}, expected at most {LOOSEST:g}"
    if error <= tolerance:
        return ""
    return f"parity error {error:.2g}, expected at most {tolerance:.2g}: what was timed is another function"


def _proven(row: Row, known: Knowledge) -> str:
    if row["implementation"] != OURS or "architecture" not in row or row["architecture"] in known.proven:
        return ""
    return f"{row['architecture']} has no row in implementations.csv: prove it first with backbones parity"


def _below_peak(row: Row, known: Knowledge) -> str:
    peak = known.peaks.get((row["source"], known.machines[row["environment"]]))
    if peak is None or pd.isna(row["gmacs"]) or str(row.get("layer", "")).startswith(PEAK):
        return ""
    rate = 2 * row["images_per_s"] * row["gmacs"]
    if rate <= ABOVE_PEAK * peak:
        return ""
    return (
        f"{rate:.0f} GFLOP/s, but the largest matrix product in this file on this device with these threads and "
        f"precision runs at {peak:.0f}; measure the matrix product again, into the same file, if it met a slow spell"
    )


RULES: dict[str, Callable[[Row, Knowledge], str]] = {
    "incomplete": _complete,
    "rate-times-step": _rate_times_step,
    "percentiles": _percentiles,
    "rounds": _rounds,
    "parity": _parity,
    "unproven": _proven,
    "above-peak": _below_peak,
}
