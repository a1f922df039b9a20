"""One process at a time: a lock that waits with a word, and not for ever."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from catalog.problems import CatalogError

WAIT_S: Final = 600.0  # a refresh over a slow line is done by then

log = logging.getLogger(__name__)


@contextmanager
def locked(path: Path, subject: str, wait_s: float = WAIT_S) -> Iterator[None]:
    """Hold the lock file while the block runs; the operating system frees it when the process ends, however it ends.

    The same thread may take it again within. Where another process holds it, a line about `subject` goes to the log,
    and so to the terminal. Raises CatalogError when it is still held after `wait_s`, OSError where no file can be made.
    """
    lock = FileLock(path.resolve(), is_singleton=True)
    try:
        try:
            lock.acquire(timeout=0)
        except Timeout:
            log.warning("%s: another process writes here; waiting up to %g s for it", subject, wait_s)
            lock.acquire(timeout=wait_s)
    except Timeout as error:
        raise CatalogError(
            f"{subject}: another process still writes here after {wait_s:g} s; nothing was changed; "
            "let it finish or end it, then try again"
        ) from error
    try:
        yield
    finally:
        lock.release()
