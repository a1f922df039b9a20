"""What the tests of clusters do to their workers."""

from __future__ import annotations

import os
import signal

from implementations.cluster import Cluster


def processes(cluster: Cluster) -> set[int]:
    """The process numbers of the workers."""
    return set(cluster.client.run(os.getpid).values())


def kill_a_busy_worker(cluster: Cluster) -> int:
    """End a worker that has work, with no chance to say so; returns its process number."""
    busy = next(address for address, work in cluster.client.processing().items() if work)
    process = int(cluster.client.run(os.getpid, workers=[busy])[busy])
    os.kill(process, signal.SIGKILL)
    return process
