"""Measures two comparisons into a file until it is killed: arguments are the cache and the file."""

import sys
from pathlib import Path

from benchmarks.local_sweep import measure_all, plan
from benchmarks.result_files import append_rows
from tests.benchmarks import case


def tasks():
    """One comparison that is done soon, and one with a subject that never comes back."""
    return [case.task(case.RIGHT, case.ALSO_RIGHT), case.task(case.RIGHT, case.HANGING, batch_size=2)]


if __name__ == "__main__":
    cache, path = Path(sys.argv[1]), Path(sys.argv[2])
    settings, heard = case.settings(cache, limit_s=300.0), case.Heard()
    for row in measure_all(plan(tasks(), path, settings, heard.say), settings, heard):
        append_rows(path, [row])
