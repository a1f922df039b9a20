"""torch.compile as the benchmark runs it: the whole model, its repeated blocks, and blocks compiled before.

Each timed process starts with cold caches (`process.CACHES`). All ways get the same options, the trivial function that
shows the toolchain's own start-up included, so that only what is compiled differs.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.errors import BenchmarkError

if TYPE_CHECKING:
    import torch
    from torch import nn

ARTIFACTS = "compiled-blocks.zip"  # in the folder of the reference; each run prepares its own


def options() -> dict[str, Any]:
    """Options of `torch.compile` that every subject gets."""
    from runtimes.toolchain_start import quick_start_options

    return {"dynamic": False, "options": quick_start_options()}


def switches() -> dict[str, str]:
    """The same, as a row of results says it."""
    from runtimes.toolchain_start import quick_start_options

    return {"trial builds": "off" if quick_start_options() else "on"}


def save_artifacts(model: nn.Module, images: torch.Tensor, folder: Path) -> None:
    """Compile a model's blocks ahead of time, for such images, into a file of the folder; in a process of its own."""
    from runtimes.compiled_blocks import save_compiled

    save_compiled(model, images, folder / ARTIFACTS)


def compiled(model: nn.Module, runtime: str, folder: Path) -> Callable[[Any], Any]:
    """The model under one of torch's compiled runtimes; nothing is compiled or loaded before the first call.

    Args:
        model: in eval mode, in its final precision and place.
        runtime: torch-compile, torch-regional or torch-regional-cached.
        folder: where `save_artifacts` wrote its file, for torch-regional-cached.

    Raises:
        BenchmarkError: another runtime.
    """
    import torch

    from runtimes.regional_compilation import compile_repeated_blocks

    if runtime == "torch-compile":
        return torch.compile(model, **options())
    if runtime == "torch-regional":
        return compile_repeated_blocks(model, **options())
    if runtime == "torch-regional-cached":
        return _LazyArtifacts(model, folder / ARTIFACTS)
    raise BenchmarkError(f"runtime {runtime!r} does not compile with torch")


class _LazyArtifacts:
    """A model whose compiled blocks are loaded in its first call, so that loading is timed as compiling is."""

    def __init__(self, model: nn.Module, artifacts: Path) -> None:
        self._model, self._artifacts = model, artifacts
        self._is_loaded = False

    def __call__(self, images: Any) -> Any:
        if not self._is_loaded:
            self._load()
        return self._model(images)

    def _load(self) -> None:
        import warnings

        from runtimes.compiled_blocks import CompiledBlocksWarning, load_compiled

        with warnings.catch_warnings():
            warnings.simplefilter("error", CompiledBlocksWarning)  # a normal compile must not be timed as a loaded one
            try:
                load_compiled(self._model, self._artifacts, **options())
            except CompiledBlocksWarning as warning:
                raise BenchmarkError(str(warning)) from warning
        self._is_loaded = True
