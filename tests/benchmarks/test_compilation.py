"""torch's compiled runtimes as the harness loads them: each computes the reference's function, or says why not."""

import shutil

import pytest
import torch
from torch._dynamo.utils import counters

from benchmarks import compilation
from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.proof import prove
from benchmarks.references import write_reference
from benchmarks.subject import ReferenceFiles, load
from benchmarks.subjects import timm_models
from catalog.vocabulary import TIMM
from implementations.parity.reference import create_reference
from tests.benchmarks.case import make_reference

pytestmark = [
    # Of torch about its own use of tensors, trees and scripts.
    pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`:FutureWarning"),
]
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++, which torch.compile needs, is not here")
GRAPHS = {"torch-compile": 1, "torch-regional": 1, "torch-regional-cached": 0}


@pytest.fixture(autouse=True)
def cold(tmp_path, monkeypatch):
    """Nothing compiled, in memory or on disk; the threads as they were."""
    threads = torch.get_num_threads()
    monkeypatch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path / "inductor"))
    torch._dynamo.reset()
    counters.clear()
    yield
    torch._dynamo.reset()
    torch.set_num_threads(threads)


@pytest.fixture(scope="module")
def reference(tmp_path_factory) -> ReferenceFiles:
    """Of the smallest ViT, at 32 pixels."""
    folder = tmp_path_factory.mktemp("reference")
    write_reference(a_run("torch").comparison, folder)
    return ReferenceFiles(folder, batch_size=1)


def a_run(runtime: str, precision="fp32") -> Run:
    return Run(Subject(TIMM, runtime), Comparison("vit_tiny_patch16_224", 32, 1, precision, threads=1))


@needs_compiler
@pytest.mark.parametrize("runtime", GRAPHS)
def test_each_runtime_computes_the_reference_with_nothing_done_before_its_first_step(runtime, reference):
    run = a_run(runtime)
    timm_models.prepare(run, reference)
    counters.clear()  # preparing happens in a process of its own

    loaded = load(run, reference)
    assert counters["stats"]["unique_graphs"] == 0
    output = loaded.step()

    assert counters["stats"]["unique_graphs"] == GRAPHS[runtime]
    prove(loaded.to_numpy(output), reference, "fp32")
    assert loaded.switches["trial builds"] in ("on", "off")


def test_artifacts_that_were_not_made_are_an_error_and_not_a_compilation_timed_as_loading(tmp_path):
    model = compilation.compiled(
        create_reference("vit_tiny_patch16_224", img_size=32, depth=2), "torch-regional-cached", tmp_path
    )

    with pytest.raises(BenchmarkError, match=r"compiled-blocks\.zip: there is no such file"):
        model(torch.rand(1, 3, 32, 32))


def test_saved_artifacts_are_for_fp32(tmp_path):
    with pytest.raises(BenchmarkError, match="timed in fp32 only"):
        timm_models.prepare(a_run("torch-regional-cached", "bf16"), make_reference(tmp_path))


def test_a_runtime_that_does_not_compile_is_refused(tmp_path):
    with pytest.raises(BenchmarkError, match="'torch' does not compile"):
        compilation.compiled(torch.nn.Linear(1, 1), "torch", tmp_path)
