"""A second process that holds a lock."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import DEVNULL, PIPE
from typing import IO

ROOT = Path(__file__).parents[2]
HOLD = """
import sys
from pathlib import Path
from catalog.locks import locked
with locked(Path(sys.argv[1]), "x", wait_s=0):
    print("held", flush=True)
    sys.stdin.read()
"""


class Elsewhere:
    """Another process that holds a lock until it is let go or killed."""

    def __init__(self, path: Path) -> None:
        command = [sys.executable, "-c", HOLD, str(path)]
        self.process = subprocess.Popen(command, cwd=ROOT, stdin=PIPE, stdout=PIPE, stderr=DEVNULL, text=True)
        self.holds = self._pipe(self.process.stdout).readline() == "held\n"

    @staticmethod
    def _pipe(pipe: IO[str] | None) -> IO[str]:
        assert pipe is not None
        return pipe

    def let_go(self) -> None:
        self._pipe(self.process.stdin).close()

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@contextmanager
def held_elsewhere(path: Path) -> Iterator[Elsewhere]:
    """Another process that tried to take the lock, and ends with the block."""
    other = Elsewhere(path)
    try:
        yield other
    finally:
        other.let_go()
        other.process.wait()
        other._pipe(other.process.stdout).close()
