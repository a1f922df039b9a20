"""The invariants of speeds: upstream's files agree with themselves, and what was measured here keeps its rules."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from catalog.local_environments import HERE
from catalog.local_rules import faults, knowledge
from catalog.problems import Frames, Problem, Rule, each
from catalog.relations import RATE_TIMES_STEP, TRAINING_RATE_TIMES_STEP
from catalog.vocabulary import SAME_PARAMS

COMPILED_SLOWER = 0.9  # compiled speed as a share of eager speed
COMPILED_FASTER = 5.0


def sorted_by_speed(frames: Frames) -> Iterator[Problem]:
    """timm sorts its benchmark files by rate."""
    for _, group in _upstream(frames).sort_values("line").groupby("source"):
        yield from each(
            group[group["images_per_s"].diff() > 0],
            "warning",
            "sorted",
            "{architecture} is faster than the row above it",
        )


def same_params_across_files(frames: Frames) -> Iterator[Problem]:
    """What was timed has the parameters of what was evaluated; fused branches and other heads do not."""
    published = frames["architectures"].set_index("architecture")["params_m"]
    rows = frames["measurements"]
    rows = rows.assign(published=rows["architecture"].map(published).astype("float64"))
    odd = rows[(rows["params_m"] / rows["published"] - 1).abs() > SAME_PARAMS].drop_duplicates("architecture")
    text = "{architecture} was timed with {params_m:g} M parameters, published are {published:g} M: another network"
    yield from each(odd, "warning", "other-network", text)


def rate_times_step(frames: Frames) -> Iterator[Problem]:
    """Images per second times seconds per step is the batch; of what was measured here `measured_here` says so."""
    kinds = frames["environments"].set_index("environment")["kind"]
    rows = _upstream(frames)
    allowed = rows["environment"].map(kinds).map(RATE_TIMES_STEP).astype("float64")
    allowed = allowed.where(rows["mode"] == "infer", TRAINING_RATE_TIMES_STEP)
    rows = rows.assign(images=rows["images_per_s"] * rows["step_ms"] / 1000)
    odd = rows[(rows["images"] / rows["batch_size"].astype("float64") - 1).abs() > allowed]
    yield from each(
        odd,
        "warning",
        "rate-times-step",
        "{architecture}: rate x step gives {images:.1f} images, the batch is {batch_size}",
    )


def compiled_against_eager(frames: Frames) -> Iterator[Problem]:
    """Compiling neither slows a model down much nor makes it many times faster; either points at a bad run.

    Upstream's only: what was measured here is compared within the runs that were timed in turns.
    """
    environments = frames["environments"]
    environments = environments[environments["origin"] != HERE]
    conditions = ["device", "precision", "layout", "framework_version", "cuda_version"]
    pairs = environments[environments["compiled"].astype(bool)].merge(
        environments[~environments["compiled"].astype(bool)], on=conditions, suffixes=("", "_eager")
    )
    eager_of = dict(zip(pairs["environment"], pairs["environment_eager"], strict=True))
    if not eager_of:
        return
    rows = frames["measurements"]
    compiled = rows[rows["environment"].isin(eager_of)].assign(eager=rows["environment"].map(eager_of))
    key = ["architecture", "img_size", "mode"]
    both = compiled.merge(
        rows[[*key, "environment", "images_per_s"]],
        left_on=[*key, "eager"],
        right_on=[*key, "environment"],
        suffixes=("", "_eager"),
    )
    both["ratio"] = both["images_per_s"] / both["images_per_s_eager"]
    odd = both[(both["ratio"] < COMPILED_SLOWER) | (both["ratio"] > COMPILED_FASTER)]
    yield from each(
        odd,
        "warning",
        "compiled-against-eager",
        "{architecture} at {img_size}: compiled runs at {ratio:.2f} times the eager speed",
    )


def measured_here(frames: Frames) -> Iterator[Problem]:
    """Every row measured here keeps the rules of catalog.local_rules, by which it was let in."""
    known = knowledge(frames["environments"], frames["layer_measurements"], frames["implementations"])
    for rows in (_local(frames, "measurements"), _local(frames, "layer_measurements")):
        for index, rule, detail in faults(rows, known):
            yield from each(rows.loc[[index]].assign(detail=detail), "error", rule, "{detail}")


def peak_is_known(frames: Frames) -> Iterator[Problem]:
    """Without a matrix product on the same device, threads and precision, no rate can be held against the peak."""
    known = knowledge(frames["environments"], frames["layer_measurements"], frames["implementations"])
    rows = _local(frames, "measurements")
    pairs = rows[["source", "environment"]].itertuples(index=False)
    machines = [(source, known.machines[environment]) for source, environment in pairs]
    text = "it holds no matrix product on {device}, {threads} threads, {precision}: nothing says what is too fast"
    rows = rows.assign(machine=pd.Series(machines, index=rows.index, dtype="object"))
    unknown = rows[~rows["machine"].isin(list(known.peaks))]
    described = unknown.drop_duplicates("machine").merge(frames["environments"], on="environment")
    yield from each(described, "warning", "no-peak", text)


SPEED_CHECKS: tuple[Rule, ...] = (
    sorted_by_speed,
    same_params_across_files,
    rate_times_step,
    compiled_against_eager,
    measured_here,
    peak_is_known,
)


def _upstream(frames: Frames) -> pd.DataFrame:
    rows = frames["measurements"]
    return rows[~rows["environment"].isin(_here(frames))]


def _local(frames: Frames, table: str) -> pd.DataFrame:
    rows = frames[table]
    return rows[rows["environment"].isin(_here(frames))]


def _here(frames: Frames) -> pd.Series:
    environments = frames["environments"]
    return environments.loc[environments["origin"] == HERE, "environment"]
