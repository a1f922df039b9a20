"""What the libraries of a worker process are told about threads."""

import pytest

from benchmarks.pinning import THREADS, thread_settings

CALLING_THREAD = "TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD"


def test_every_library_gets_the_number_of_threads():
    settings = thread_settings(3, "cpu", 8)
    assert {settings[name] for name in THREADS} == {"3"}


@pytest.mark.parametrize(("batch_size", "works"), [(1, "1"), (2, "0"), (8, "0")])
def test_tensorflows_calling_thread_works_at_batch_1_only(batch_size, works):
    assert thread_settings(2, "cpu", batch_size)[CALLING_THREAD] == works


@pytest.mark.parametrize(("device", "hidden"), [("cpu", True), ("gpu", False)])
def test_graphics_cards_take_no_part_in_runs_of_the_processor(device, hidden):
    assert ("CUDA_VISIBLE_DEVICES" in thread_settings(2, device, 1)) == hidden
