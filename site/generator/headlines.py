"""What pages say first of the speeds measured here: the best of ours against each kind of rival."""

from __future__ import annotations

from dataclasses import dataclass

from catalog.vocabulary import OURS, TIMM
from generator.benchmarks import Benchmarks
from generator.runs import TENSORFLOW_RUNTIMES, Condition, Ratio, Run, fastest, ratio


@dataclass(frozen=True)
class Against:
    """A rival's run and how many times as fast ours is."""

    rival: Run
    ratio: Ratio


@dataclass(frozen=True)
class Headline:
    """One backbone under one condition. `ours` is the faster of our TensorFlow graph and XLA, `exported` our OpenVINO.

    Each comparison is None where either side was not timed; `share` is the best of ours as a part of the peak, by its
    multiply-accumulates.
    """

    condition: Condition
    ours: Run | None
    keras: Against | None
    eager: Against | None
    openvino: Against | None
    exported: Run | None
    exported_openvino: Against | None
    share: float | None


def headline(benchmarks: Benchmarks, condition: Condition, runs: list[Run]) -> Headline:
    """What to say of the runs of one condition."""
    ours = fastest(runs, (OURS,), TENSORFLOW_RUNTIMES)
    exported = fastest(runs, (OURS,), ("openvino",))
    timm_openvino = fastest(runs, (TIMM,), ("openvino",))
    return Headline(
        condition,
        ours,
        _against(ours, fastest(run for run in runs if run.is_keras_rival)),
        _against(ours, fastest(runs, (TIMM,), ("torch",))),
        _against(ours, timm_openvino),
        exported,
        _against(exported, timm_openvino),
        share_of_peak(benchmarks, fastest(runs, (OURS,))),
    )


def headlines(benchmarks: Benchmarks) -> dict[str, list[Headline]]:
    """The headlines of every backbone in which code of this repository was timed against some other."""
    found = {
        workload: [headline(benchmarks, condition, runs) for condition, runs in conditions.items()]
        for workload, conditions in benchmarks.by_workload.items()
    }
    return {
        workload: told
        for workload, lines in found.items()
        if (told := [line for line in lines if line.ours or line.exported])
    }


def share_of_peak(benchmarks: Benchmarks, run: Run | None) -> float | None:
    """The arithmetic of a run as a part of the fastest matrix product of the same machine and precision."""
    if run is None or run.gflops is None:
        return None
    peak = benchmarks.peak(run)
    return run.gflops / peak.gflops if peak and peak.gflops else None


def _against(ours: Run | None, rival: Run | None) -> Against | None:
    found = ratio(ours, rival)
    return Against(rival, found) if rival is not None and found is not None else None
