"""What the tests of clusters do to their workers."""

from __future__ import annotations

import os
import signal
import time

from benchmarks.dask_cluster import Cluster


def processes(cluster: Cluster) -> set[int]:
    """The process numbers of the workers."""
    return set(cluster.client.run(os.getpid).values())


def kill_a_busy_worker(cluster: Cluster) -> int:
    """End a worker that has work, with no chance to say so; returns its process number."""
    deadline = time.monotonic() + 1  # between two comparisons none is busy for a moment: then any will do
    while not (at_work := [address for address, work in cluster.client.processing().items() if work]):
        if time.monotonic() > deadline:
            at_work = list(cluster.client.processing())
            break
    busy = at_work[0]
    process = int(cluster.client.run(os.getpid, workers=[busy])[busy])
    os.kill(process, signal.SIGKILL)
    return process
