"""Processes that are killed, at a moment or when they touch files for the n-th time, as a power cut would."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from multiprocessing import get_context
from multiprocessing.connection import Connection
from pathlib import Path

CHANGES = frozenset({"os.mkdir", "os.rename", "os.remove", "os.rmdir", "shutil.rmtree", "shutil.move"})
NEVER = -1
ENOUGH_S = 600


class Killer:
    """Runs functions in processes of their own, which it ends together with what they started."""

    def __init__(self, preload: Sequence[str] = ()) -> None:
        self._processes = get_context("forkserver")
        self._processes.set_forkserver_preload(list(preload))

    def kill_at(self, step: int, folder: Path, work: Callable[..., object], *arguments: object) -> None:
        """Run until files below a folder are changed for that time, counted from 0."""
        self._run(ENOUGH_S, step, folder, None, work, arguments)

    def kill_after(self, seconds: float, work: Callable[..., object], *arguments: object) -> None:
        """Run for that long at most."""
        self._run(seconds, NEVER, None, None, work, arguments)

    def steps(self, folder: Path, work: Callable[..., object], *arguments: object) -> list[str]:
        """Run to the end; the changes that were made below the folder."""
        here, there = self._processes.Pipe(duplex=False)
        self._run(ENOUGH_S, NEVER, folder, there, work, arguments)
        return list(here.recv())

    def _run(self, seconds: float, *arguments: object) -> None:
        process = self._processes.Process(target=_alone, args=arguments)
        process.start()
        process.join(seconds)
        if process.is_alive():
            with suppress(ProcessLookupError):  # it leads no group yet
                os.killpg(process.pid or 0, signal.SIGKILL)
            process.kill()
            process.join()
        assert process.exitcode in (0, -signal.SIGKILL)


def _alone(
    die_at: int,
    folder: Path | None,
    answer: Connection | None,
    work: Callable[..., object],
    arguments: Sequence[object],
) -> None:
    os.setsid()
    seen: list[str] = []

    def watch(event: str, values: tuple[object, ...]) -> None:
        changes = event in CHANGES or (event == "open" and values[1] not in ("r", "rb"))
        # rmtree names what it removes relative to a folder that it has open
        if changes and (str(values[0]).startswith(str(folder)) or event in ("os.remove", "os.rmdir")):
            if len(seen) == die_at:
                os.killpg(0, signal.SIGKILL)
            seen.append(f"{event} {values[0]}")

    if folder is not None:
        sys.addaudithook(watch)
    work(*arguments)
    if answer is not None:
        answer.send(seen)
