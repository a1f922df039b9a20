"""A look at one subject in this process, with its traceback: WORKLOAD IMG_SIZE|- BATCH PRECISION SUBJECT."""

from __future__ import annotations

import sys
import time
from pathlib import Path
from typing import cast

from benchmarks import stopwatch
from benchmarks.comparison import Comparison, Precision, Run, Subject
from benchmarks.pinning import usable_cores
from benchmarks.proof import prove
from benchmarks.references import reference_for
from benchmarks.subject import load


def main(arguments: list[str]) -> None:
    """Load the subject, prove it right, time it, and print what came."""
    workload, size, batch, word, subject = arguments
    precision = cast(Precision, word)
    fixed = Comparison(workload, None if size == "-" else int(size), int(batch), precision, len(usable_cores()))
    reference = reference_for(fixed, Path(".cache/benchmark"))
    start = time.perf_counter()
    loaded = load(Run(Subject.parse(subject), fixed), reference)
    output = loaded.step()
    print(f"first output after {time.perf_counter() - start:.2f} s, {loaded}")
    print(prove(loaded.to_numpy(output), reference, precision))
    times = stopwatch.warm_up(loaded.step) + stopwatch.measure(loaded.step, 1.0, 3)
    print("steps in ms:", " ".join(f"{1000 * seconds:.2f}" for seconds in times))


if __name__ == "__main__":
    main(sys.argv[1:])
