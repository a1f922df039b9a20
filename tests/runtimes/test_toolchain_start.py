"""Starting the C++ toolchain beside tracing: what inductor then finds done, and when it is left to inductor."""

from __future__ import annotations

import shutil
from threading import Thread

import pytest
import torch
from torch import nn
from torch._inductor import codecache

from runtimes import toolchain_start
from runtimes.regional_compilation import compile_repeated_blocks
from runtimes.toolchain_start import quick_start_options, start_header
from tests.runtimes.test_regional_compilation import images, run_python, vit

pytestmark = [
    # Of torch about its own use of tensors, trees and scripts.
    pytest.mark.filterwarnings(r"ignore:The \.grad attribute of a Tensor that is not a leaf:UserWarning"),
    pytest.mark.filterwarnings("ignore:`:DeprecationWarning"),
    pytest.mark.filterwarnings("ignore:`:FutureWarning"),
]
needs_compiler = pytest.mark.skipif(shutil.which("g++") is None, reason="g++, which torch.compile needs, is not here")


@pytest.fixture(autouse=True)
def nothing_compiled():
    """Each test starts without compiled code."""
    torch._dynamo.reset()
    yield
    torch._dynamo.reset()


@pytest.fixture
def started(monkeypatch) -> list[dict]:
    """The settings of each start, in place of starting."""
    starts: list[dict] = []
    monkeypatch.setattr(toolchain_start, "start_header", starts.append)
    return starts


@pytest.fixture
def compiled_quickly(monkeypatch) -> None:
    """`block.compile` that leaves the block as it is."""
    monkeypatch.setattr(nn.Module, "compile", lambda self, **_: setattr(self, "_compiled_call_impl", self._call_impl))


def test_the_first_call_starts_the_toolchain_once_with_the_options_of_the_kernels(started, compiled_quickly):
    model = compile_repeated_blocks(vit(), options={"cpp.vec_isa_ok": True})
    assert started == []

    for _ in range(2):
        model(images(32))

    assert started == [{"cpp.vec_isa_ok": True}]


def test_another_backend_needs_no_toolchain(started):
    model = compile_repeated_blocks(vit(), backend="eager")

    model(images(32))

    assert started == []


def test_another_device_needs_no_cpp_toolchain(started, compiled_quickly):
    model = compile_repeated_blocks(vit()).to("meta")

    model(images(32).to("meta"))

    assert started == []


def test_blocks_inside_a_compiled_model_are_traced_through(started):
    model, eager = compile_repeated_blocks(vit()), vit()
    whole = torch.compile(model, backend="eager")

    with torch.inference_mode():
        torch.testing.assert_close(whole(images(32)), eager(images(32)))

    assert started == []


@needs_compiler
def test_sparing_the_trial_builds_chooses_the_same_vector_extension(tmp_path):
    program = (
        "import sys, torch._inductor.config as config; from torch._inductor.cpu_vec_isa import pick_vec_isa\n"
        "from runtimes.toolchain_start import quick_start_options\n"
        "with config.patch(quick_start_options() if sys.argv[1] == 'spared' else {}):\n"
        "    print(pick_vec_isa(), pick_vec_isa().build_arch_flags())"
    )
    chosen = {way: run_python(program, way, cache=tmp_path / way) for way in ("spared", "tried")}

    assert chosen["spared"] == chosen["tried"]


@needs_compiler
def test_inductor_finds_the_header_that_was_begun_before_tracing(tmp_path):
    """In a fresh process with cold caches: asked for twice with one command, first by us, and built once."""
    program = (
        "import os, sys; os.environ['TMPDIR'] = sys.argv[1]  # where headers lie\n"
        "import threading, torch; from pathlib import Path; from torch._inductor import codecache\n"
        "from runtimes.regional_compilation import compile_repeated_blocks\n"
        "from runtimes.toolchain_start import quick_start_options\n"
        "from tests.runtimes.test_regional_compilation import assert_same_function, images, vit\n"
        "asked, ask = [], codecache._precompile_header\n"
        "def note(*arguments, **named):\n"
        "    graphs = torch._dynamo.utils.counters['stats']['unique_graphs']\n"
        "    asked.append((threading.current_thread().name, graphs, arguments, str(named)))\n"
        "    return ask(*arguments, **named)\n"
        "codecache._precompile_header = note\n"
        "model = compile_repeated_blocks(vit(), options=quick_start_options())\n"
        "assert_same_function(model, vit(), images(32, 1))\n"
        "headers = list(Path(sys.argv[1]).rglob('*.gch'))\n"
        "print(asked[0][:2], len({request[2:] for request in asked}), len(headers))"
    )

    assert run_python(program, str(tmp_path), cache=tmp_path) == "('precompiled-header', 0) 1 1"


class TestLeftToInductor:
    """The start does no harm where it cannot be made."""

    @pytest.fixture(autouse=True)
    def without_trial_builds(self, monkeypatch):
        """Nothing is compiled to choose instructions."""
        monkeypatch.setattr(codecache, "pick_vec_isa", lambda: None)

    def test_by_a_torch_without_the_function_that_builds_it(self, monkeypatch):
        monkeypatch.delattr(codecache.CppCodeCache, "load_async")

        ended(start_header({}))

    def test_by_a_torch_that_takes_other_arguments(self, monkeypatch):
        monkeypatch.setattr(codecache.CppCodeCache, "load_async", lambda: None)

        ended(start_header({}))

    @pytest.mark.parametrize("error", [OSError("disk full"), RuntimeError("no compiler")])
    def test_when_the_compiler_fails(self, monkeypatch, error):
        def fail(*_):
            raise error

        monkeypatch.setattr(codecache.CppCodeCache, "load_async", fail)

        ended(start_header({}))

    def test_when_there_is_no_such_function_to_choose_instructions(self, monkeypatch):
        monkeypatch.delattr(codecache, "pick_vec_isa")

        assert start_header({}) is None

    def test_when_an_option_is_mistaken(self):
        assert start_header({"no such option": True}) is None

    def test_but_a_defect_is_not_hidden(self, monkeypatch):
        def fail():
            raise ValueError("a defect")

        monkeypatch.setattr(codecache, "pick_vec_isa", fail)

        with pytest.raises(ValueError, match="a defect"):
            start_header(quick_start_options())


def ended(thread: Thread | None) -> None:
    """Wait for the thread; an error in it would fail the test, as pytest reports it."""
    assert thread is not None
    thread.join(timeout=10)
    assert not thread.is_alive()
