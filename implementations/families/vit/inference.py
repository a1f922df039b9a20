"""The Vision Transformer's blocks in the form that is fastest for inference; what they compute is in blocks.py."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from implementations.families.vit.blocks import Block, ParallelThingsBlock, ResPostBlock
from implementations.layers.diff_attention import DiffAttention
from implementations.layers.inference import add, attention_rows
from implementations.layers.linear import to_rows

if TYPE_CHECKING:
    from implementations.families.vit.model import VisionTransformer


def run(model: VisionTransformer, images: Any, indices: Any) -> tuple[Any, dict[int, Any]]:
    """As `Backbone.infer`; of the last block only the tokens are computed that the head reads."""
    x, grid = model.embed(images)
    maps = {}
    for index, block in enumerate(model.blocks):
        last = index == len(model.blocks) - 1 and not indices
        x = _block(block, x, _read_tokens(model) if last else None)  # B, N, C
        if index in indices:
            maps[index] = model.as_map(x, grid)
    return model.norm(x), maps


def _read_tokens(model: VisionTransformer) -> int | None:
    """Leading tokens that the head reads, None for all."""
    plain = type(model.blocks[-1]) is Block and not isinstance(model.blocks[-1].attn, DiffAttention)
    return model.num_prefix_tokens - model.config.reg_tokens if plain and model.config.global_pool == "token" else None


def _block(block: Any, x: Any, keep: int | None) -> Any:
    """(B, N, C) -> (B, keep, C), or all tokens; a block of another class, such as a subclass, is called as it is."""
    if type(block) is Block:
        branch = attention_rows(block.attn, block.norm1(x), keep)
        x = add(x if keep is None else x[:, :keep], block.ls1(branch))
        return add(x, block.ls2(block.mlp(to_rows(block.norm2(x)))))
    if type(block) is ResPostBlock:
        x = add(x, block.norm1(attention_rows(block.attn, x)))
        return add(x, block.norm2(block.mlp(to_rows(x))))
    if type(block) is ParallelThingsBlock:
        first, second = (branch.ls(attention_rows(branch.attn, branch.norm(x))) for branch in block.attns)
        x = add(x, first + second)
        first, second = (branch.ls(branch.mlp(to_rows(branch.norm(x)))) for branch in block.ffns)
        return add(x, first + second)
    return block(x)
