"""Compiling by regions: which blocks share a body, which must not, and that the function stays the same."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
import torch
from torch import nn

from implementations.parity.reference import create_reference
from runtimes.compiled_blocks import CompiledBlocksWarning, fingerprint, load_compiled, save_compiled
from runtimes.regional_compilation import (
    RegionalCompilationError,
    compile_repeated_blocks,
    repeated_blocks,
)
from runtimes.toolchain_start import quick_start_options

ROOT = Path(__file__).parents[2]
SMALL = {"embed_dim": 32, "num_classes": 5}
WINDOWS = {"embed_dim": 16, "num_classes": 5, "num_heads": (1, 2, 2, 4), "window_size": 4}
# name, arguments, side of the image, bodies that the blocks need: kinds of block, not blocks
MODELS = {
    "vit": ("vit_tiny_patch16_224", {**SMALL, "depth": 12, "num_heads": 2, "img_size": 32}, 32, 1),
    "layer scale": (
        "vit_tiny_patch16_224",
        {**SMALL, "depth": 3, "num_heads": 2, "img_size": 32, "init_values": 0.1},
        32,
        1,
    ),
    "drop path": (
        "vit_tiny_patch16_224",
        {**SMALL, "depth": 12, "num_heads": 2, "img_size": 32, "drop_path_rate": 0.1},
        32,
        2,
    ),
    "deit": ("deit_tiny_distilled_patch16_224", {**SMALL, "depth": 3, "num_heads": 2, "img_size": 32}, 32, 1),
    # Per stage one body with shift and one without; the first block has no drop path at all; the last stage is one
    # window, where nothing is shifted.
    "swin": ("swin_tiny_patch4_window7_224", {**WINDOWS, "img_size": 128}, 128, 7),
    "swin, odd": ("swin_tiny_patch4_window7_224", {**WINDOWS, "img_size": (120, 72)}, (120, 72), 7),
    "swin v2": ("swinv2_tiny_window8_256", {**WINDOWS, "img_size": 128}, 128, 7),
}

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


class Bodies:
    """A backend that runs graphs as they are and counts them: what Dynamo decides, without a C++ compiler."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, graph, _inputs):
        self.count += 1
        return graph.forward


def images(side, batch: int = 2) -> torch.Tensor:
    height, width = side if isinstance(side, tuple) else (side, side)
    return torch.rand(batch, 3, height, width, generator=torch.Generator().manual_seed(1))


def vit(depth: int = 2, **arguments) -> nn.Module:
    return create_reference(
        "vit_tiny_patch16_224", **{**SMALL, "num_heads": 2, "img_size": 32, "depth": depth} | arguments
    )


def assert_same_function(model: nn.Module, eager: nn.Module, batch: torch.Tensor) -> None:
    """No further from float64 than float32 is, but for rounding in another order."""
    with torch.inference_mode():
        expected = eager.double()(batch.double())
        single = eager.float()(batch)
        found = model(batch)
    scale = expected.abs().max()
    own_error = ((single - expected).abs().max() / scale).item()
    assert ((found - expected).abs().max() / scale).item() <= max(4 * own_error, 2e-6)


@pytest.mark.parametrize("case", MODELS)
def test_equal_blocks_share_a_body_and_different_ones_do_not(case):
    name, arguments, side, bodies = MODELS[case]
    model, eager = create_reference(name, **arguments), create_reference(name, **arguments)
    backend = Bodies()

    assert compile_repeated_blocks(model, backend=backend) is model

    assert_same_function(model, eager, images(side))
    assert backend.count == bodies


def test_more_kinds_of_block_than_torchs_limit_are_all_compiled():
    sizes = range(8, 8 + torch._dynamo.config.recompile_limit + 2)
    blocks = [
        create_reference("vit_tiny_patch16_224", **SMALL, depth=1, num_heads=2, img_size=32, mlp_ratio=n / 8).blocks[0]
        for n in sizes
    ]
    model, backend = nn.Sequential(*blocks), Bodies()

    compile_repeated_blocks(model, backend=backend)
    with torch.inference_mode():
        model(torch.rand(1, 5, 32))

    assert backend.count == len(sizes)


def test_too_little_room_for_the_bodies_is_an_error_and_not_eager_code():
    model = create_reference("swin_tiny_patch4_window7_224", **WINDOWS, img_size=64)
    compile_repeated_blocks(model, backend="eager", recompile_limit=2)

    with torch.inference_mode(), pytest.raises(torch._dynamo.exc.FailOnRecompileLimitHit):
        model(images(64))


def test_a_rate_counts_again_in_training():
    """Blocks with drop path share a body only while it is idle."""
    model, backend = vit(depth=4, drop_path_rate=0.3), Bodies()
    compile_repeated_blocks(model, backend=backend)

    with torch.inference_mode():
        model(images(32))
    assert backend.count == 2  # without drop path, and with
    model.train()
    with torch.inference_mode():
        model(images(32))
    assert backend.count == 2 + 4


def test_a_rate_that_is_used_outside_training_counts():
    """Only a drop path is known to be idle; whoever else has a rate of that name keeps it guarded."""

    class Faded(nn.Module):
        def __init__(self, rate: float) -> None:
            super().__init__()
            self.inner, self.drop_prob = nn.Linear(3, 3), rate

        def forward(self, x):
            return self.inner(x) * (1 if self.training else self.drop_prob)

    model, backend = nn.Sequential(Faded(0.5), Faded(0.25)).eval(), Bodies()
    batch = torch.rand(2, 3)
    expected = model(batch)

    compile_repeated_blocks(model, backend=backend)

    torch.testing.assert_close(model(batch), expected)
    assert backend.count == 2
    assert fingerprint(model[0]) != fingerprint(model[1])


def test_another_input_size_gets_a_body_of_its_own():
    model, backend = vit(), Bodies()
    compile_repeated_blocks(model, backend=backend)

    with torch.inference_mode():
        for batch in (1, 3, 1):
            model(images(32, batch))

    assert backend.count == 2


def test_gradients_flow_through_compiled_blocks():
    model, eager = vit(), vit()
    compile_repeated_blocks(model, backend="aot_eager")

    for each in (model, eager):
        each(images(32)).square().sum().backward()

    for found, expected in zip(model.parameters(), eager.parameters(), strict=True):
        torch.testing.assert_close(found.grad, expected.grad)


def test_names_and_state_stay():
    model = vit()
    before = list(model.state_dict())

    compile_repeated_blocks(model, backend="eager")

    assert list(model.state_dict()) == before


def test_the_innermost_blocks_are_taken():
    model = create_reference("swin_tiny_patch4_window7_224", **WINDOWS, img_size=64, depths=(2, 1, 3, 1))

    names = list(repeated_blocks(model))

    assert names == [f"layers.{stage}.blocks.{n}" for stage, depth in enumerate((2, 1, 3, 1)) for n in range(depth)]


@pytest.mark.parametrize("model", [nn.Linear(2, 2), nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2))])
def test_a_model_without_repeated_blocks_is_one_clear_line(model):
    with pytest.raises(
        RegionalCompilationError, match=f"^{type(model).__name__} has no repeated blocks .*torch.compile"
    ):
        compile_repeated_blocks(model)


def test_the_mode_of_torch_compile_is_understood():
    model = vit()
    compile_repeated_blocks(model, mode="reduce-overhead", backend="eager")

    assert_same_function(model, vit(), images(32))


@needs_compiler
def test_machine_code_computes_the_same():
    """Real kernels, with shifted windows, made as the benchmark makes them."""
    name, arguments = "swin_tiny_patch4_window7_224", {**WINDOWS, "img_size": 64, "depths": (2,), "num_heads": (1,)}
    model, eager = create_reference(name, **arguments), create_reference(name, **arguments)

    compile_repeated_blocks(model, options=quick_start_options())

    assert_same_function(model, eager, images(64))


@pytest.fixture(scope="module")
def file(tmp_path_factory) -> Path:
    """A file of a small ViT's blocks."""
    if shutil.which("g++") is None:
        pytest.skip("g++, which torch.compile needs, is not here")
    path = tmp_path_factory.mktemp("compiled") / "blocks.zip"
    save_compiled(vit(), images(32, 1), path)
    return path


class TestFile:
    """Saved compiled blocks."""

    def test_serves_other_weights_in_a_fresh_process_without_tracing_or_compiling(self, file, tmp_path):
        program = (
            "import sys, torch; from pathlib import Path\n"
            "from runtimes.compiled_blocks import load_compiled\n"
            "from tests.runtimes.test_regional_compilation import assert_same_function, images, vit\n"
            "model = load_compiled(vit(seed=7), Path(sys.argv[1]))\n"
            "assert_same_function(model, vit(seed=7), images(32, 1))\n"
            "made = [path for path in Path(sys.argv[2]).rglob('*') if path.is_file()]\n"
            "print(torch._dynamo.utils.counters['stats']['unique_graphs'], len(made))"
        )

        assert run_python(program, str(file), str(tmp_path), cache=tmp_path) == "0 0"

    def test_reads_weights_where_they_lie(self, file):
        model, eager = vit(), vit()
        load_compiled(model, file, backend="eager")
        for each in (model, eager):
            with torch.no_grad():
                each.blocks[0].mlp.fc1.weight.mul_(2)

        assert_same_function(model, eager, images(32, 1))

    @pytest.mark.parametrize("batch", [1, 2])
    def test_other_calls_are_compiled_normally(self, file, batch):
        """Another batch, and a call with gradients, are not what the file was made for."""
        model, eager, backend = vit(), vit(), Bodies()
        load_compiled(model, file, backend=backend)

        assert_same_function(model, eager, images(32, batch))
        assert backend.count == (0 if batch == 1 else 1)
        model(images(32, batch)).sum().backward()
        assert model.blocks[0].mlp.fc1.weight.grad is not None

    def test_of_another_torch_warns_in_one_line_and_compiles(self, file, tmp_path):
        path = self.with_manifest(file, tmp_path, lambda manifest: manifest["machine"].update(torch="1.0"))

        self.assert_compiled_anew(path, rf"was made for torch 1\.0, this is {torch.__version__.split('+')[0]}")

    def test_of_another_processor_warns_in_one_line_and_compiles(self, file, tmp_path):
        def add(manifest):
            manifest["machine"]["instructions"] += " abacus"

        path = self.with_manifest(file, tmp_path, add)

        self.assert_compiled_anew(path, "was made for a processor that differs in abacus")

    def test_of_another_format_warns_in_one_line_and_compiles(self, file, tmp_path):
        path = self.with_manifest(file, tmp_path, lambda manifest: manifest.update(format=0))

        self.assert_compiled_anew(path, "has format 0, expected 1")

    def test_of_another_model_warns_in_one_line_and_compiles(self, file):
        self.assert_compiled_anew(file, "holds no block like this model's Block", mlp_ratio=2)

    def test_cut_in_the_middle_warns_in_one_line_and_compiles(self, file, tmp_path):
        path = tmp_path / "cut.zip"
        path.write_bytes(file.read_bytes()[:1000])

        self.assert_compiled_anew(path, "is not a whole file of compiled blocks")

    def test_that_is_missing_warns_in_one_line_and_compiles(self, tmp_path):
        self.assert_compiled_anew(tmp_path / "none.zip", "there is no such file")

    @staticmethod
    def with_manifest(file: Path, folder: Path, change) -> Path:
        """The file with another manifest."""
        path = folder / "changed.zip"
        with zipfile.ZipFile(file) as old, zipfile.ZipFile(path, "w") as new:
            for name in old.namelist():
                data = old.read(name)
                if name == "manifest.json":
                    manifest = json.loads(data)
                    change(manifest)
                    data = json.dumps(manifest).encode()
                new.writestr(name, data)
        return path

    @staticmethod
    def assert_compiled_anew(path: Path, message: str, **arguments) -> None:
        model, eager, backend = vit(**arguments), vit(**arguments), Bodies()
        with pytest.warns(
            CompiledBlocksWarning, match=f"{path.name}: .*{message}.*compiling the blocks anew"
        ) as warned:
            load_compiled(model, path, backend=backend)
        assert "\n" not in str(warned[0].message)
        assert_same_function(model, eager, images(32, 1))
        assert backend.count == 1


def test_a_model_in_training_is_not_saved(tmp_path):
    with pytest.raises(RegionalCompilationError, match=r"call model\.eval"):
        save_compiled(vit().train(), images(32), tmp_path / "blocks.zip")


def test_blocks_are_alike_only_where_they_compute_alike():
    model = create_reference("swin_tiny_patch4_window7_224", **WINDOWS, img_size=64)
    plain, shifted, *_ = model.layers[2].blocks
    third = model.layers[2].blocks[2]

    assert fingerprint(plain) == fingerprint(third)  # though their drop path rates differ
    assert fingerprint(plain) != fingerprint(shifted)
    third.train()
    assert fingerprint(plain.train()) != fingerprint(third)


def run_python(program: str, *arguments: str, cache: Path) -> str:
    """What a program prints in a fresh process with cold caches."""
    caches = {"TORCHINDUCTOR_CACHE_DIR": str(cache), "TRITON_CACHE_DIR": str(cache / "triton")}
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(cache), **caches}
    done = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip().splitlines()[-1]
