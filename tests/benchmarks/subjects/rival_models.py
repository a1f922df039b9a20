"""Rivals, each with its own misfortune."""

import os
import signal
import subprocess
import sys
import threading

from tests.benchmarks.case import HANGING, KILLED, SHORT_OF_MEMORY, WRONG, executable


def load(run, reference):
    loaders = {WRONG: wrong, HANGING: hanging, SHORT_OF_MEMORY: short_of_memory, KILLED: killed}
    return loaders[run.subject](run, reference)


def wrong(run, reference):
    """Computes something else."""
    return executable(reference, offset=1.1)


def hanging(run, reference):
    """Never comes back, and has a child that would outlive it; says both process numbers first."""
    waiting = [sys.executable, "-c", "import threading; threading.Event().wait()"]
    child = subprocess.Popen(waiting, start_new_session=True)
    (reference.folder / "processes").write_text(f"{os.getpid()} {child.pid}")
    threading.Event().wait()


def short_of_memory(run, reference):
    """Runs out of memory above three images."""
    if run.comparison.batch_size > 3:
        raise MemoryError("cannot hold that many images")
    return executable(reference)


def killed(run, reference):
    """Is killed by the system, as when memory runs out, above two images."""
    if run.comparison.batch_size > 2:
        os.kill(os.getpid(), signal.SIGKILL)
    return executable(reference)
