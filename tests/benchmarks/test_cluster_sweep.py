"""A sweep on a Dask cluster, with real worker processes: workers that die, comparisons that kill them, resuming."""

import fcntl
import tempfile
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from benchmarks import cluster_sweep as cluster_of
from benchmarks.cluster_sweep import LOCK, measure_all, measure_here, plan
from benchmarks.dask_cluster import connected
from benchmarks.pinning import usable_cores
from benchmarks.result_files import append_rows
from benchmarks.turns import steps_of
from catalog.results_file import DISTURBED
from tests.benchmarks import case
from tests.benchmarks.workers import kill_a_busy_worker, processes


def tasks(count, *subjects):
    return [case.task(*(subjects or (case.RIGHT,)), batch_size=number) for number in range(1, count + 1)]


def test_a_worker_that_is_killed_gives_its_comparisons_back(cache):
    heard, wanted, rows = case.Heard(), tasks(6), []
    with connected(None, 2, heard.say) as cluster:
        before = processes(cluster)
        for row in measure_all(wanted, case.settings(cache), heard, cluster, own_threads=False):
            if not rows:
                killed = kill_a_busy_worker(cluster)
            rows.append(row)
        after = processes(cluster)
    assert killed in before and killed not in after and len(before) == len(after) == 2
    assert sorted(row.infer_batch_size for row in rows) == [1, 2, 3, 4, 5, 6]
    assert all(row.status == "ok" and row.device and row.note.startswith(DISTURBED) for row in rows)
    assert heard.lines == [] and heard.steps == sum(steps_of(task, case.settings(cache)) for task in wanted)


def test_a_comparison_that_kills_every_worker_is_given_up_and_the_rest_goes_on(cache, monkeypatch):
    monkeypatch.setattr("benchmarks.dask_cluster.DEATHS", 1)
    heard = case.Heard()
    deadly = case.task(case.ALSO_RIGHT, batch_size=7)
    settings = case.settings(cache, package="tests.benchmarks.deadly_subjects")
    with connected(None, 1, heard.say) as cluster:
        rows = list(measure_all([deadly, *tasks(2)], settings, heard, cluster, own_threads=False))
    assert sorted((row.infer_batch_size, row.status, row.note) for row in rows) == [(1, "ok", ""), (2, "ok", "")]
    (line,) = heard.lines
    assert line.startswith(f"failed: {case.MODEL} at 32 batch 7 fp32: given up: 2 workers died of it")


def test_what_a_worker_says_is_said_here_and_a_comparison_that_cannot_be_is_no_end(cache):
    heard = case.Heard()
    unknown = replace(tasks(1)[0], comparison=case.comparison(workload="vit_tiny_patch16_225"))
    with connected(None, 1, heard.say) as cluster:
        work = [unknown, *tasks(1, case.WRONG, case.RIGHT)]
        wrong, right = measure_all(work, case.settings(cache), heard, cluster, own_threads=False)
    assert (wrong.status, right.status) == ("failed", "ok")
    assert any(line.startswith("failed: vit_tiny_patch16_225") and "did you mean" in line for line in heard.lines)
    assert any("differs from the float64 reference" in line for line in heard.lines)


def test_every_host_may_use_all_of_its_own_cores(cache):
    (row,) = measure_here(tasks(1)[0], case.settings(cache), own_threads=True, alone=False).results
    assert row.threads == len(usable_cores())


def test_a_host_without_the_cache_folder_uses_its_own(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(cluster_of, "CACHE", cache)
    (row,) = measure_here(
        tasks(1)[0], case.settings(tmp_path / "of another host"), own_threads=False, alone=True
    ).results
    assert row.status == "ok" and not (tmp_path / "of another host").exists()


def test_a_host_measures_one_comparison_at_a_time(cache, tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    asked, flock = threading.Event(), fcntl.flock

    def seen(file, operation):
        asked.set()
        flock(file, operation)

    with ThreadPoolExecutor(1) as pool:
        with (tmp_path / LOCK).open("a") as lock:
            flock(lock, fcntl.LOCK_EX)
            monkeypatch.setattr(fcntl, "flock", seen)
            other = pool.submit(measure_here, tasks(1)[0], case.settings(cache), own_threads=False, alone=True)
            assert asked.wait(30)
            released = datetime.now(UTC).replace(microsecond=0)
            assert not other.done()
        (row,) = other.result().results
    assert datetime.fromisoformat(row.measured_at) >= released


@pytest.mark.parametrize("own_threads", [True, False])
def test_it_goes_on_where_it_stopped_whichever_host_measured(cache, tmp_path, own_threads):
    path, wanted = tmp_path / "results.csv", tasks(3, case.RIGHT, case.ALSO_RIGHT)
    assert plan(wanted, path, print, own_threads) == wanted
    measured = measure_here(wanted[0], case.settings(cache), own_threads=False, alone=False).results
    elsewhere = [replace(row, device="a processor of another host", libraries="numpy 1.0") for row in measured]
    append_rows(path, [replace(row, threads=64) if own_threads else row for row in elsewhere])
    assert plan(wanted, path, print, own_threads) == wanted[1:]
    assert plan(wanted, path, print, own_threads, again=True) == wanted
