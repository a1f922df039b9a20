"""Who has functions and layers only, each with its own misfortune."""

import os
import sys

from benchmarks.errors import BenchmarkError
from tests.benchmarks.case import CRASH_AT, CRASHING, NOT_INSTALLED, UNABLE, executable


def load(run, reference):
    return {UNABLE: unable, CRASHING: crashing, NOT_INSTALLED: not_installed}[run.subject](run, reference)


def unable(run, reference):
    """Does not have the workload."""
    raise BenchmarkError(f"{run.subject}: has no such model")


def crashing(run, reference):
    """Crashes while it is timed, with last words."""

    def crash(step):
        if step == CRASH_AT:
            sys.stderr.write("a library says its last words\n")
            sys.stderr.flush()
            os._exit(3)

    return executable(reference, before=crash)


def not_installed(run, reference):
    """Needs a package that is not there."""
    import a_package_that_is_not_there  # noqa: F401
