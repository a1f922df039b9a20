"""Compilation of a torch model by regions: its repeated blocks share one compiled body, the rest stays eager.

Whole-model compilation unrolls every
block into one graph, so that it takes as long as the model is deep. Here the first block is compiled and the others
find its code in Dynamo's cache.

Hugging Face accelerate has `compile_regions` for this, but it looks for `nn.ModuleList` only (`is_repeated_blocks` in
src/accelerate/utils/other.py), while timm keeps blocks in `nn.Sequential`: on ViT, DeiT, Swin and SwinV2 it finds none
and compiles the whole model without saying so. `torch.compiler.nested_compile_region` is no way either: it reuses
one body across blocks whose Python flags differ, such as Swin's shift (https://github.com/pytorch/pytorch/issues/192905).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from torch import nn

from runtimes.toolchain_start import ToolchainStarter

CONTAINERS = (nn.Sequential, nn.ModuleList)
DROP_PATH, RATE = "DropPath", "drop_prob"  # timm's class, and its attribute


class RegionalCompilationError(ValueError):
    """A model that cannot be compiled by regions; one line."""


def compile_repeated_blocks(model: nn.Module, **compile_options: Any) -> nn.Module:
    """Compile the repeated blocks of a model in place, at their first call; equal blocks share one compiled body.

    Dynamo guards every body by what was read while tracing it: sizes, dtypes, flags and numbers of the block. A block
    that differs (shifted windows, another resolution, layer scale, drop path) gets a body of its own. Names and state
    dict stay as they are, and calling again replaces what was compiled before. On the CPU the C++ compiler's own start
    runs beside the tracing of the first block (`toolchain_start`).

    Args:
        model: with blocks of one class side by side in a Sequential or a ModuleList, as all of timm's.
        **compile_options: of `torch.compile`. Unless they say otherwise, `fullgraph=True`, `dynamic=False` (a body per
            input size, each as fast as it can be) and `recompile_limit` with room for every block: torch's own limit
            is 8 bodies, beyond which blocks run eagerly without a word; with `fullgraph` that is an error.

    Returns:
        The model itself.

    Raises:
        RegionalCompilationError: the model has no repeated blocks.
    """
    import torch._inductor

    blocks = repeated_blocks(model)
    arguments = {"fullgraph": True, "dynamic": False, "recompile_limit": recompile_limit(len(blocks))} | compile_options
    mode = torch._inductor.list_mode_options(arguments.pop("mode", None) or "default")  # not taken beside options
    settings = {**mode, **(arguments.pop("options", None) or {})}
    for block in blocks.values():  # a dict each: torch takes the filter out of it
        block.compile(**arguments, options={"guard_filter_fn": without_idle_rates, **settings})
    if arguments.get("backend", "inductor") == "inductor":
        first = next(iter(blocks.values()))
        first._compiled_call_impl = ToolchainStarter(first, settings)
    return model


def without_idle_rates(guards: Sequence[Any]) -> list[bool]:
    """Which guards to keep: all but a drop path's rate while it is idle (not training), which is read but not used.

    Rates grow from block to block, so that with these guards every block of an ordinary Swin has a body of its own.
    """
    drop_paths = {guard.name for guard in guards if type(guard.value).__name__ == DROP_PATH}
    idle = {guard.name.removesuffix(".training") for guard in guards if _says_not_training(guard)} & drop_paths
    rates = {f"{owner}.{RATE}" for owner in idle}
    return [guard.name not in rates for guard in guards]


def _says_not_training(guard: Any) -> bool:
    return guard.name.endswith(".training") and guard.value is False


def repeated_blocks(model: nn.Module) -> dict[str, nn.Module]:
    """The innermost blocks of which a model holds several side by side, by name, in the model's order.

    Stages of stages are looked into: Swin's `layers.0` is repeated, but so are `layers.0.blocks.0` and its neighbours,
    and those are taken. A block alone in its stage counts when its class is repeated elsewhere.

    Raises:
        RegionalCompilationError: there are none.
    """
    repeated = {kind for module in model.modules() for kind in _kinds_side_by_side(module)}
    inner = {kind for kind in repeated if not any(_holds(module, repeated) for module in _of(model, kind))}
    blocks = {name: module for name, module in model.named_modules() if type(module) in inner}
    if not blocks:
        raise RegionalCompilationError(
            f"{type(model).__name__} has no repeated blocks (two or more of one class in a Sequential or ModuleList) "
            "to compile; use torch.compile(model) instead"
        )
    return blocks


def recompile_limit(blocks: int) -> int:
    """Room for a body of its own for every block, twice (say in two precisions), beside what was compiled before."""
    import torch._dynamo.config

    return torch._dynamo.config.recompile_limit + 2 * blocks


def _kinds_side_by_side(container: nn.Module) -> list[type[nn.Module]]:
    """Classes of which a container has several children that are more than a single layer."""
    if not isinstance(container, CONTAINERS):
        return []
    counts = Counter(type(child) for child in container.children() if _is_composed(child))
    return [kind for kind, count in counts.items() if count > 1]


def _is_composed(module: nn.Module) -> bool:
    """Whether a module is more than a layer or a list: a class of its own around layers with parameters."""
    if isinstance(module, (*CONTAINERS, nn.ModuleDict)):
        return False
    return any(True for child in module.children() for _ in child.parameters())


def _of(model: nn.Module, kind: type[nn.Module]) -> Iterator[nn.Module]:
    return (module for module in model.modules() if type(module) is kind)


def _holds(module: nn.Module, kinds: set[type[nn.Module]]) -> bool:
    return any(type(inner) in kinds for inner in module.modules() if inner is not module)
