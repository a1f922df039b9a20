"""What is said about a cluster that cannot do the work, and what its workers are told to forget."""

from __future__ import annotations

import os
import socket

import pytest

from benchmarks import dask_cluster
from benchmarks.dask_cluster import connected, forget_settings_of_workers, run_all
from benchmarks.errors import ClusterError
from implementations.errors import BackboneError
from tests.benchmarks.workers import processes


@pytest.fixture(scope="module")
def address():
    """A scheduler with one worker process, started by others as far as we know."""
    from distributed import LocalCluster

    with LocalCluster(
        n_workers=1, threads_per_worker=1, memory_limit=0, dashboard_address=":0", silence_logs="CRITICAL"
    ) as local:
        yield local.scheduler_address


def fails(message: str) -> None:
    raise BackboneError(message)


def found_settings() -> dict[str, str | None]:
    forget_settings_of_workers()
    return {name: os.environ.get(name) for name in ("OMP_NUM_THREADS", "MALLOC_TRIM_THRESHOLD_")}


def connect(address: str, said: list[str] | None = None) -> None:
    with connected(address, None, (said if said is not None else []).append):
        pass


def test_a_scheduler_that_does_not_answer_is_one_line_in_time(monkeypatch):
    monkeypatch.setattr(dask_cluster, "TIMEOUT_S", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as deaf:
        address = f"tcp://127.0.0.1:{deaf.getsockname()[1]}"
        with pytest.raises(ClusterError, match=rf"scheduler {address} does not answer within 0\.2 s; is it running\?"):
            connect(address)
    with pytest.raises(ClusterError, match="does not answer"):
        connect(address)  # nobody listens any more


@pytest.mark.parametrize("address", ["nonsense", "http://host:1"])
def test_what_is_no_address_is_one_line(address):
    with pytest.raises(ClusterError, match=f"scheduler '{address}': .*; expected an address such as tcp://host:8786"):
        connect(address)


def test_a_worker_of_another_version_is_named(address, monkeypatch):
    here = dask_cluster.versions_here()
    monkeypatch.setattr(dask_cluster, "versions_here", Other({**here, "distributed": "2020.1.0"}))
    with pytest.raises(ClusterError, match=r"worker tcp://.* has distributed .* expected 2020\.1\.0"):
        connect(address)


class Other:
    """What this process says of its versions; the workers say their own."""

    def __init__(self, here: dict[str, str]) -> None:
        self.here = here

    def __call__(self) -> dict[str, str]:
        return self.here

    def __reduce__(self) -> tuple[object, ...]:
        return getattr, (dask_cluster, "versions_here")


def test_a_worker_without_the_project_is_named(address, monkeypatch):
    monkeypatch.setattr(dask_cluster, "versions_here", Missing())
    with pytest.raises(ClusterError, match=r"worker tcp://.* cannot import this project .*No module named 'gone'"):
        connect(address)


class Missing:
    """A function of a module that the workers do not have."""

    def __call__(self) -> dict[str, str]:
        return {}

    def __reduce__(self) -> tuple[object, ...]:
        return __import__, ("gone",)


def test_tasks_end_with_their_value_or_the_line_of_their_error(address):
    with connected(address, None, print) as reached:
        assert reached.here == 0
        done = list(run_all(reached, fails, {"first": ("no such model",)}))
        done += run_all(reached, os.path.basename, {"second": ("a/b",), "third": ("a/c",)})
    found = sorted((each.key, each.value, each.failure) for each in done)
    assert found == [("first", None, "no such model"), ("second", "b", None), ("third", "c", None)]


def test_a_file_that_a_worker_cannot_open_is_not_a_lost_scheduler(address, tmp_path):
    with connected(address, None, print) as reached:
        (done,) = run_all(reached, os.stat, {"first": (str(tmp_path / "gone"),)})
    assert done.failure == f"[Errno 2] No such file or directory: '{tmp_path}/gone'"


def test_workers_find_the_machine_as_it_is(address):
    with connected(address, None, print) as reached:
        before = reached.client.run(os.environ.get, "OMP_NUM_THREADS")
        (done,) = run_all(reached, found_settings, {"settings": ()})
    assert set(before.values()) == {"1"}  # Dask's doing
    assert done.value == {"OMP_NUM_THREADS": None, "MALLOC_TRIM_THRESHOLD_": None}


def test_workers_started_here_are_counted_and_end_with_the_work():
    with connected(None, 2, print) as started:
        running = processes(started)
        assert started.here == len(running) == 2
    assert not [process for process in running if is_running(process)]


def is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def test_a_scheduler_without_workers_is_waited_with(monkeypatch):
    from distributed import LocalCluster

    said: list[str] = []
    with LocalCluster(n_workers=0, processes=False, dashboard_address=":0", silence_logs="CRITICAL") as local:

        def say(line: str) -> None:
            said.append(line)
            local.scale(1)

        with connected(local.scheduler_address, None, say) as reached:
            assert len(reached.client.nthreads()) == 1
    assert said == [f"{local.scheduler_address} has no workers yet; waiting for the first"]


@pytest.mark.parametrize("package", ["benchmarks", "catalog", "implementations", "runtimes"])
def test_the_same_code_means_every_package_whose_classes_travel(package, tmp_path, monkeypatch):
    for name in ("benchmarks", "catalog", "implementations", "runtimes"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "module.py").write_text("FIRST = 1\n")
    monkeypatch.setattr(dask_cluster, "ROOT", tmp_path)
    before = dask_cluster.versions_here.__wrapped__()
    (tmp_path / package / "module.py").write_text("FIRST = 2\n")
    assert dask_cluster.versions_here.__wrapped__()["code"] != before["code"]
