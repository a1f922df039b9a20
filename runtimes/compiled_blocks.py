"""A file of compiled blocks: a model's repeated blocks compiled ahead of time, saved, and put back in place.

One machine-code library per kind of block, without weights: at loading each block of the model hands its own tensors to
the library of its kind, so that the file is small, serves any weights, and needs neither Dynamo nor a C++ compiler
(AOTInductor, https://docs.pytorch.org/docs/stable/torch.compiler_aot_inductor.html).
"""

from __future__ import annotations

import copy
import hashlib
import inspect
import json
import platform
import sys
import tempfile
import warnings
import zipfile
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import torch
from torch import nn

from runtimes.regional_compilation import (
    DROP_PATH,
    RATE,
    RegionalCompilationError,
    compile_repeated_blocks,
    repeated_blocks,
)
from runtimes.toolchain_start import quick_start_options

FORMAT = 1
MANIFEST = "manifest.json"
_HIDDEN = ("_parameters", "_buffers", "_modules", "_compiled_call_impl")


class CompiledBlocksWarning(UserWarning):
    """A file of compiled blocks that cannot serve here; the blocks are compiled anew."""


@dataclass(frozen=True)
class TensorLayout:
    """What must be equal in a tensor for a compiled body to be right, such as the input of one kind of block."""

    shape: list[int]
    stride: list[int]
    dtype: str
    device: str

    @classmethod
    def of(cls, tensor: torch.Tensor) -> TensorLayout:
        """The layout of a tensor."""
        return cls(list(tensor.shape), list(tensor.stride()), str(tensor.dtype), tensor.device.type)


def save_compiled(model: nn.Module, images: torch.Tensor, path: Path) -> None:
    """Compile a model's repeated blocks ahead of time, for inference on images of this size, into one file.

    Args:
        model: in eval mode; not changed.
        images: (B, C, H, W), of the batch, size, dtype and device that the file is for; their values play no part.
        path: of the file.

    Raises:
        RegionalCompilationError: no repeated blocks, a model in training mode, or blocks that do not make one tensor of
            one tensor.
    """
    if model.training:
        raise RegionalCompilationError("save_compiled serves inference: call model.eval() first")
    with tempfile.TemporaryDirectory() as folder, torch.no_grad():
        manifest: dict[str, Any] = {"format": FORMAT, "machine": _machine(), "kinds": {}}
        for block, example in _inputs_of_blocks(model, images):
            name = fingerprint(block)
            if name not in manifest["kinds"]:
                manifest["kinds"][name] = asdict(TensorLayout.of(example))
                _compile_ahead(block, example, Path(folder) / f"{name}.pt2")
        (Path(folder) / MANIFEST).write_text(json.dumps(manifest))
        with zipfile.ZipFile(path, "w") as archive:
            for file in sorted(Path(folder).iterdir()):
                archive.write(file, file.name)


def load_compiled(model: nn.Module, path: Path, **compile_options: Any) -> nn.Module:
    """Put the compiled blocks of a file in place of a model's own.

    They serve calls as they were compiled for: inference without gradients, and inputs of the size, dtype and device of
    the file. Any other call goes to the block as `compile_repeated_blocks` would have it. The compiled blocks read the
    model's tensors where they lie: changes in place are seen, and after `model.to(...)` or a load with `assign=True`
    the file must be loaded again. Machine code is run as it lies there: load only files that you trust.

    A file that is missing, broken, of another torch, machine or model warns in one line (CompiledBlocksWarning), and
    the blocks are compiled as by `compile_repeated_blocks`.

    Args:
        model: in eval mode.
        path: as `save_compiled` wrote it.
        **compile_options: of `torch.compile`, for calls that the file does not serve.

    Raises:
        RegionalCompilationError: the model has no repeated blocks.
    """
    compile_repeated_blocks(model, **compile_options)
    try:
        compiled = _read(list(repeated_blocks(model).values()), path)
    except RegionalCompilationError as error:
        warnings.warn(CompiledBlocksWarning(f"{path}: {error}; compiling the blocks anew"), stacklevel=2)
        return model
    for block, body in compiled:
        block._compiled_call_impl = body  # where nn.Module.compile keeps what it made
    return model


class CompiledBlock:
    """A block's call: the compiled body for the input that it was made for, else what stood there before."""

    def __init__(self, block: nn.Module, library: Any, layout: TensorLayout) -> None:
        self._block, self._library, self._layout = block, library, layout
        self._otherwise = block._compiled_call_impl

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if self._serves(inputs, named):
            return self._library.boxed_run(list(inputs))[0]
        return self._otherwise(*inputs, **named)

    def _serves(self, inputs: tuple[Any, ...], named: dict[str, Any]) -> bool:
        block = self._block
        if named or len(inputs) != 1 or torch.is_grad_enabled() or block.training:
            return False
        if block._forward_hooks or block._forward_pre_hooks or torch.is_autocast_enabled(inputs[0].device.type):
            return False
        return TensorLayout.of(inputs[0]) == self._layout


def fingerprint(block: nn.Module) -> str:
    """Equal for two blocks only if they compute the same function of input and weights.

    Made from the code of every module inside, its plain attributes (flags, sizes, rates) and the form of its tensors.
    """
    parts = [
        (name, _code(module.__class__), _attributes(module), _tensors(module)) for name, module in block.named_modules()
    ]
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def _attributes(module: nn.Module) -> list[tuple[str, str]]:
    is_idle = type(module).__name__ == DROP_PATH and not module.training
    hidden = (*_HIDDEN, RATE) if is_idle else _HIDDEN
    return sorted((name, _plain(value)) for name, value in vars(module).items() if name not in hidden)


def _tensors(module: nn.Module) -> list[tuple[str, TensorLayout]]:
    own = (*module.named_parameters(recurse=False), *module.named_buffers(recurse=False))
    return [(name, TensorLayout.of(tensor)) for name, tensor in own]


def _plain(value: Any) -> str:
    if inspect.isfunction(value) or inspect.isclass(value):
        return f"{value.__module__}.{value.__qualname__}"
    return repr(value)


@cache
def _code(kind: type) -> str:
    """Name, package version and source of a class."""
    package = sys.modules[kind.__module__.partition(".")[0]]
    try:
        source = inspect.getsource(kind)
    except OSError as error:
        raise RegionalCompilationError(
            f"the source of {kind.__name__} cannot be read, to tell its blocks apart"
        ) from error
    return f"{kind.__module__}.{kind.__qualname__} {getattr(package, '__version__', '')} {source}"


def _machine() -> dict[str, str]:
    """What machine code depends on."""
    return {
        "torch": torch.__version__,
        "processor": platform.machine(),
        "system": platform.system(),
        "instructions": " ".join(name for name, has in sorted(torch.cpu.get_capabilities().items()) if has is True),
    }


def _inputs_of_blocks(model: nn.Module, images: torch.Tensor) -> list[tuple[nn.Module, torch.Tensor]]:
    """Every repeated block with what it is called on when the model sees the images."""
    found: list[tuple[nn.Module, torch.Tensor]] = []

    def note(block: nn.Module, inputs: tuple[Any, ...], named: dict[str, Any], output: Any) -> None:
        if named or len(inputs) != 1 or not all(isinstance(value, torch.Tensor) for value in (*inputs, output)):
            raise RegionalCompilationError(f"a {type(block).__name__} does not make one tensor of one tensor")
        found.append((block, inputs[0]))

    hooks = [block.register_forward_hook(note, with_kwargs=True) for block in repeated_blocks(model).values()]
    try:
        model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return found


def _compile_ahead(block: nn.Module, example: torch.Tensor, path: Path) -> None:
    """Write the package of one block, without its weights."""
    import torch._inductor

    block = copy.deepcopy(block)
    for tensor in (*block.parameters(), *block.buffers()):
        if tensor.is_floating_point():
            tensor.normal_()  # a weight that is all ones must not become a constant of the code
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", FutureWarning)  # of torch, about itself
        program = torch.export.export(block, (torch.randn_like(example),))
        torch._inductor.aoti_compile_and_package(
            program,
            package_path=str(path),
            inductor_configs={"aot_inductor.package_constants_in_so": False, **quick_start_options()},
        )


def _read(blocks: list[nn.Module], path: Path) -> list[tuple[nn.Module, CompiledBlock]]:
    """A compiled body for every block. Raises RegionalCompilationError, in words to follow the file's name."""
    with tempfile.TemporaryDirectory() as folder:
        manifest = _unpack(path, Path(folder))
        bodies = []
        for block in blocks:
            name = fingerprint(block)
            if name not in manifest["kinds"]:
                raise RegionalCompilationError(f"holds no block like this model's {type(block).__name__}")
            try:
                library = _library(Path(folder) / f"{name}.pt2", block)
            except (RuntimeError, KeyError) as error:
                raise RegionalCompilationError(f"a compiled block cannot be loaded ({error!r:.80})") from error
            bodies.append((block, CompiledBlock(block, library, TensorLayout(**manifest["kinds"][name]))))
    return bodies


def _library(path: Path, block: nn.Module) -> Any:
    """A package's machine code over a block's own tensors.

    `torch._inductor.aoti_load_package` would wrap the same loader, but first compiles trial programs to warn of another
    processor, which takes longer than all the rest; the manifest has told that already.
    """
    loader = torch._C._aoti.AOTIModelPackageLoader(str(path), "model", False, 1, -1)  # name, threads, runners, device
    tensors = dict(block.named_parameters()) | dict(block.named_buffers())
    wanted = {key: tensors[key] for key in loader.get_constant_fqns()}
    loader.load_constants(wanted, False, True, True, False)  # now, all of them, without a copy, on their own device
    return loader


def _unpack(path: Path, folder: Path) -> dict[str, Any]:
    """Unpack a file into a folder and return its manifest, refusing one that was not made for here."""
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        manifest = json.loads((folder / MANIFEST).read_text())
        found_format, found = manifest["format"], manifest["machine"]
    except FileNotFoundError as error:
        raise RegionalCompilationError("there is no such file of compiled blocks") from error
    except (zipfile.BadZipFile, EOFError, KeyError, TypeError, ValueError) as error:
        raise RegionalCompilationError("is not a whole file of compiled blocks") from error
    if found_format != FORMAT:
        raise RegionalCompilationError(f"has format {found_format}, expected {FORMAT}")
    for key, here in _machine().items():
        there = str(found.get(key, "unknown"))
        if there != here and key == "instructions":
            unlike = sorted(set(there.split()) ^ set(here.split()))
            raise RegionalCompilationError(f"was made for a processor that differs in {', '.join(unlike)}")
        if there != here:
            raise RegionalCompilationError(f"was made for {key} {there}, this is {here}")
    return manifest
