"""The start of inductor's C++ toolchain for a first call with cold caches: with less to do, and sooner."""

from __future__ import annotations

import contextlib
import platform
from contextvars import copy_context
from threading import Thread
from typing import Any

import torch
from torch import nn

# What torch's own kernels were chosen for: it runs here, and inductor need not find that out again.
KNOWN_CAPABILITIES = ("AVX2", "AVX512")
# Another torch than is known here, a mistaken option, or no compiler: inductor will go its own way, and complain there.
NOT_STARTED = (ImportError, AttributeError, TypeError, OSError, RuntimeError)


def quick_start_options() -> dict[str, bool]:
    """Options of inductor that spare the compiler's trial builds where torch itself shows what the processor can do.

    For `torch.compile(..., options=quick_start_options())`, whole or by regions; the machine code stays the same.
    Before its first C++ kernel inductor compiles and loads a trial program per vector extension, which takes several
    seconds with cold caches. Empty where torch was not built for AVX2 or AVX-512.
    """
    known = torch.backends.cpu.get_cpu_capability() in KNOWN_CAPABILITIES
    return {"cpp.vec_isa_ok": True} if known and platform.machine() in ("x86_64", "AMD64") else {}


class ToolchainStarter:
    """The compiled call of a block on the CPU; its first starts the C++ compiler's work, then traces beside it."""

    def __init__(self, block: nn.Module, settings: dict[str, Any]) -> None:
        """Over what `block.compile` made, with the options of inductor that it was given."""
        self._block, self._compiled, self._settings = block, block._compiled_call_impl, settings
        self._is_started = False

    def __call__(self, *inputs: Any, **named: Any) -> Any:
        if not self._is_started and not torch.compiler.is_compiling():
            self._is_started = True
            if next(self._block.parameters()).device.type == "cpu":
                start_header(self._settings)
        return self._compiled(*inputs, **named)


def start_header(settings: dict[str, Any]) -> Thread | None:
    """Begin to build the precompiled header that inductor's C++ kernels share, in a thread that waits for the compiler.

    With cold caches inductor builds it when it has traced and lowered everything, and waits for it. It finds the same
    command's result, or waits for it under the same file lock, when it comes to its first kernel.

    Args:
        settings: options of inductor, as its kernels will be compiled with.

    Returns:
        The thread; None where the toolchain cannot be started in this way, and inductor will do so itself.
    """
    with contextlib.suppress(*NOT_STARTED):
        from torch._inductor import config
        from torch._inductor.codecache import pick_vec_isa

        with config.patch(settings):
            pick_vec_isa()  # not in the thread: it changes what it examines meanwhile
            thread = Thread(target=copy_context().run, args=(_build_header,), name="precompiled-header")
            thread.start()
            return thread
    return None


def _build_header() -> None:
    """Ask for an empty kernel and leave it uncompiled: asking builds the header first."""
    from torch._inductor.codecache import CppPythonBindingsCodeCache

    with contextlib.suppress(*NOT_STARTED):
        CppPythonBindingsCodeCache.load_async("", "cpu")
