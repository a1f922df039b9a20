"""Crashes while it is timed, with last words."""

import os
import sys

from tests.benchmarks.case import CRASH_AT, loaded


def load(run, reference):
    def crash(step):
        if step == CRASH_AT:
            sys.stderr.write("a library says its last words\n")
            sys.stderr.flush()
            os._exit(3)

    return loaded(reference, before=crash)
