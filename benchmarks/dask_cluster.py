"""Work on a Dask cluster: reaching its scheduler, seeing that its workers fit, handing tasks out.

A task whose worker dies is given to another by the scheduler; one that outlives several workers is given up.
"""

from __future__ import annotations

import asyncio
import functools
import hashlib
import logging
import os
import signal
import sys
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import CancelledError
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import ClusterError
from implementations.errors import BackboneError

if TYPE_CHECKING:
    from distributed import Client

ROOT = Path(__file__).parents[1]
CODE = ("benchmarks", "catalog", "implementations", "runtimes")  # whose functions and classes travel
TIMEOUT_S = 10.0  # for the scheduler to answer
POLL_S = 5.0  # between looks at whether workers are left
DEATHS = 3  # workers that a task may outlive, on a cluster that is started here
# Must be equal everywhere: what tasks and results travel in, and what they mean.
SAME_EVERYWHERE = ("distributed", "dask", "cloudpickle", "msgpack")


@dataclass(frozen=True)
class Cluster:
    """A connection to a cluster; `here` is the number of workers that were started on this machine, 0 for another's."""

    client: Client
    here: int
    say: Callable[[str], None]


@dataclass(frozen=True)
class Completion:
    """The end of a task: its key and what it returned, or in one line why it came to nothing."""

    key: str
    value: Any
    failure: str | None = None
    died: bool = False


@contextmanager
def connected(scheduler: str | None, workers: int | None, say: Callable[[str], None]) -> Iterator[Cluster]:
    """Connect to a scheduler, or start `workers` processes here; they end with the context.

    Args:
        scheduler: address of a running scheduler, such as tcp://host:8786; None to start a cluster here.
        workers: worker processes to start here.
        say: told of what a person should know.

    Raises:
        ClusterError: Dask is not installed, the scheduler does not answer, or a worker is of another version.
    """
    try:
        import distributed  # noqa: F401
    except ModuleNotFoundError as error:
        raise ClusterError(f"{error.name} is not installed: pip install -e '.[cluster]'") from error
    if scheduler is None:
        with _started(workers or 1) as client:
            yield Cluster(client, workers or 1, say)
        return
    with _quiet(), _reached(scheduler) as client:
        if not client.nthreads():
            say(f"{scheduler} has no workers yet; waiting for the first")
            client.wait_for_workers(1)
        _check_versions(client)
        yield Cluster(client, 0, say)


def run_all(
    cluster: Cluster, function: Callable[..., Any], tasks: Mapping[str, tuple[Any, ...]]
) -> Iterator[Completion]:
    """Call a function with each task's arguments on some worker; yields the ends as they come.

    The function is sent by name: workers run their own code. BackboneErrors that it raises become failures.

    Raises:
        ClusterError: the scheduler has gone.
    """
    from distributed import wait

    client = cluster.client
    left = deque(tasks.items())
    futures: dict[Any, str] = {}
    said = False
    try:
        while left or futures:
            # No more than workers have threads: Dask blames every task that a dead worker held, begun or not.
            while left and len(futures) < max(1, sum(client.nthreads().values())):
                key, arguments = left.popleft()
                futures[client.submit(_called, function, arguments, pure=False)] = key
            try:
                finished = wait(list(futures), timeout=POLL_S, return_when="FIRST_COMPLETED").done
            except TimeoutError:
                said = _said_of_no_workers(cluster, said)
                continue
            for future in finished:
                yield _completion(futures.pop(future), future)
    except (OSError, CancelledError) as error:
        raise ClusterError("the scheduler has gone; what is finished is kept, the same command goes on") from error
    finally:
        if futures and client.status == "running":
            client.cancel(list(futures))


def forget_settings_of_workers() -> None:
    """Take back what Dask sets in its workers' environment: one thread in every library, and early memory trimming.

    Whatever loads a numerical library in this process, or starts a process, then finds the machine as it is.
    """
    import dask

    settings: Mapping[str, Any] = dask.config.get("distributed.nanny.pre-spawn-environ", {})
    for name, value in settings.items():
        if os.environ.get(name) == str(value):
            del os.environ[name]


def _called(function: Callable[..., Any], arguments: tuple[Any, ...]) -> tuple[Any, str | None]:
    """The function's value, or the line of the error that it is expected to raise; on the worker."""
    try:
        return function(*arguments), None
    except (BackboneError, OSError) as error:  # the worker's disk is not the connection to the scheduler
        return None, str(error)


def _completion(key: str, future: Any) -> Completion:
    from distributed import KilledWorker

    try:
        value, failure = future.result()
    except KilledWorker as error:
        return Completion(
            key, None, f"given up: {error.allowed_failures + 1} workers died of it, one after another", True
        )
    return Completion(key, value, failure)


def _said_of_no_workers(cluster: Cluster, said: bool) -> bool:
    none_left = not cluster.client.nthreads()
    if none_left and not said:
        cluster.say("no workers are left; waiting for another (what is finished is kept)")
    return none_left


@contextmanager
def _started(workers: int) -> Iterator[Client]:
    """A client of worker processes on this machine."""
    import dask
    import distributed

    with dask.config.set({"distributed.scheduler.allowed-failures": DEATHS}):
        with _interrupts_ignored():
            local = distributed.LocalCluster(
                n_workers=workers,
                threads_per_worker=1,
                processes=True,
                memory_limit=0,  # benchmarks start processes, whose memory is theirs: no worker is to be ended for it
                dashboard_address=":0",
                silence_logs="CRITICAL",
            )
        with local, distributed.Client(local) as client:
            yield client


@contextmanager
def _interrupts_ignored() -> Iterator[None]:
    """Let processes that are started meanwhile leave Ctrl-C to this one, which ends them."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handler = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, handler)


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep Dask from telling of lost connections itself, with tracebacks: what matters is said in a line."""
    levels = {name: logging.getLogger(name).level for name in ("distributed", "distributed.client")}
    for name in levels:
        logging.getLogger(name).setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for name, level in levels.items():
            logging.getLogger(name).setLevel(level)


@contextmanager
def _reached(scheduler: str) -> Iterator[Client]:
    """A client of a scheduler that answers; one that does not is found out first, for a client would leave threads."""
    import distributed
    from distributed.comm import connect

    async def greet() -> None:
        communication = await asyncio.wait_for(connect(scheduler, timeout=TIMEOUT_S), TIMEOUT_S)
        communication.abort()

    try:
        asyncio.run(greet())
    except ValueError as error:
        raise ClusterError(f"scheduler {scheduler!r}: {error}; expected an address such as tcp://host:8786") from error
    except OSError as error:
        raise ClusterError(f"scheduler {scheduler} does not answer within {TIMEOUT_S:g} s; is it running?") from error
    with distributed.Client(scheduler, timeout=TIMEOUT_S) as client:
        yield client


def _check_versions(client: Client) -> None:
    """See that every worker has this project's code, and the versions of what tasks travel in."""
    expected = versions_here()
    for worker, found in client.run(versions_here, on_error="return").items():
        if isinstance(found, Exception):
            raise ClusterError(f"worker {worker} cannot import this project ({found}): install it there")
        for name, here in expected.items():
            if found.get(name) != here:
                raise ClusterError(f"worker {worker} has {name} {found.get(name)}, expected {here}: install the same")


@functools.cache
def versions_here() -> dict[str, str]:
    """What must be the same in the client and in every worker; the code of this project by a hash."""
    code = hashlib.sha256()
    for path in sorted(path for package in CODE for path in (ROOT / package).rglob("*.py")):
        code.update(path.relative_to(ROOT).as_posix().encode() + path.read_bytes())
    versions = {"python": f"{sys.version_info.major}.{sys.version_info.minor}", "code": code.hexdigest()[:12]}
    return versions | {package: version(package) for package in SAME_EVERYWHERE}
