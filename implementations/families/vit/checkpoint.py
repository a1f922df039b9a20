"""Checkpoints of vision transformers: to timm's names and a model's sizes (timm's checkpoint_filter_fn)."""

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np

from implementations.layers.position import resample_patch_kernel, resample_positions

State = dict[str, np.ndarray]


def convert_vit_state_dict(state: State, model: Any) -> State:
    """The known layouts in timm's names; positions and patch kernel at the model's grid and patch size."""
    for is_of_kind, convert in _LAYOUTS:
        if is_of_kind(state):
            state = convert(state)
            break
    state = {_renamed(name): array for name, array in state.items() if "pre_logits" not in name}
    return _resized(state, model)


def _from_openai_clip(state: State) -> State:
    """OpenAI's and OpenCLIP's own image tower."""
    names = (
        ("conv1", "patch_embed.proj"),
        ("positional_embedding", "pos_embed"),
        ("transformer.resblocks.", "blocks."),
        ("ln_pre", "norm_pre"),
        ("ln_post", "norm"),
        ("ln_", "norm"),
        ("in_proj_", "qkv."),
        ("out_proj", "proj"),
        ("mlp.c_fc", "mlp.fc1"),
        ("mlp.c_proj", "mlp.fc2"),
    )
    found: State = {}
    for name, array in _below("visual.", state).items():
        name = _replaced(name, names)
        if name == "proj":
            found["head.weight"], found["head.bias"] = array.T, np.zeros(array.shape[1], array.dtype)
        elif name == "class_embedding":
            found["cls_token"] = array[None, None]
        else:
            found[name] = array[None] if name == "pos_embed" else array
    return found


def _from_openclip_trunk(state: State) -> State:
    """An OpenCLIP model around a timm trunk; its projection is the classifier."""
    found = _below("visual.trunk.", state)
    if "visual.head.proj.weight" in state:
        projection = state["visual.head.proj.weight"]
        found |= {"head.weight": projection, "head.bias": np.zeros(projection.shape[0], projection.dtype)}
    return found


def _from_dinov2(state: State) -> State:
    """DINOv2 and TIPSv2; with registers, the class token's position moves into the class token."""
    state = {name: array for name, array in state.items() if name != "mask_token"}
    if "register_tokens" in state:
        positions = state.pop("pos_embed")
        state["reg_token"] = state.pop("register_tokens")
        state["cls_token"] = state["cls_token"] + positions[:, :1]
        state["pos_embed"] = positions[:, 1:]
    return {
        _replaced(name, (("mlp.w12.", "mlp.fc1."), ("mlp.w3.", "mlp.fc2."))): array for name, array in state.items()
    }


def _from_beit3(state: State) -> State:
    """BEiT-3: the vision branch "A" only, two leading positions dropped, query, key and value fused."""
    names = (
        ("beit3.", ""),
        ("vision_embed.cls_token", "cls_token"),
        ("vision_embed.", "patch_embed."),
        ("embed_positions.", "pos_embed."),
        ("encoder.", ""),
        ("layers.", "blocks."),
        ("ffn_layernorm.", "norm."),
        ("ffn.", "mlp."),
        ("self_attn_layer_norm.", "norm1."),
        ("self_attn.", "attn."),
        ("final_layer_norm.", "norm2."),
        ("inner_attn_ln", "norm"),
        ("out_proj", "proj"),
        (".A.", "."),
    )
    unused = ("beit3.text_embed.weight", "beit3.vision_embed.mask_token")
    kept = {name: array for name, array in state.items() if ".B." not in name and name not in unused}
    found = {_replaced(name, names): array for name, array in kept.items()}
    if "pos_embed.weight" in found:
        found["pos_embed"] = found.pop("pos_embed.weight")[2:][None]
    for name in [name for name in found if ".q_proj." in name]:
        parts = [found.pop(name.replace(".q_proj.", f".{part}_proj.")) for part in "qkv"]
        found[name.replace(".q_proj.", ".qkv.")] = np.concatenate(parts)
    return found


def _from_aimv2(state: State) -> State:
    """AIMv2: its gate is `fc1` and its value `fc3`."""
    names = (
        ("norm_1", "norm1"),
        ("norm_2", "norm2"),
        ("preprocessor.patchifier.", "patch_embed."),
        ("preprocessor.pos_embed", "pos_embed"),
        ("trunk.", ""),
        ("post_trunk_norm.", "norm."),
        ("mlp.fc1", "mlp.fc1_g"),
        ("mlp.fc3", "mlp.fc1_x"),
    )
    return {_replaced(name, names): array for name, array in state.items()}


def _from_radio(state: State) -> State:
    """C-RADIO v3 and v4: the first teacher's class token is the class token, the other tokens are registers."""
    found: State = {}
    for name, array in _below("radio_model.model.", state).items():
        if name == "patch_generator.embedder.weight":
            side = math.isqrt(array.shape[1] // 3)
            found["patch_embed.proj.weight"] = array.reshape(array.shape[0], 3, side, side)
            found["patch_embed.proj.bias"] = np.zeros(array.shape[0], array.dtype)
        elif name == "patch_generator.pos_embed":
            found["pos_embed"] = array
        elif name == "patch_generator.cls_token.token":
            found["cls_token"], found["reg_token"] = array[None, :1], array[None, 1:]
        elif name.startswith("blocks."):
            found[name.replace(".grandma", ".gamma")] = array
    return found


_LAYOUTS: tuple[tuple[Callable[[State], bool], Callable[[State], State]], ...] = (
    (lambda state: "visual.class_embedding" in state, _from_openai_clip),
    (lambda state: "mask_token" in state, _from_dinov2),
    (lambda state: "vision_encoder.mask_token" in state, lambda state: _from_dinov2(_below("vision_encoder.", state))),
    (lambda state: any("beit3." in name for name in state), _from_beit3),
    (lambda state: any(name.startswith("visual.trunk.") for name in state), _from_openclip_trunk),
    (lambda state: "preprocessor.patchifier.proj.weight" in state, _from_aimv2),
    (lambda state: "radio_model.model.patch_generator.embedder.weight" in state, _from_radio),
)


def _below(prefix: str, state: State) -> State:
    return {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}


def _replaced(name: str, pairs: tuple[tuple[str, str], ...]) -> str:
    for old, new in pairs:
        name = name.replace(old, new)
    return name


def _renamed(name: str) -> str:
    """DeiT III keeps its layer scales beside the blocks' layers."""
    return re.sub(r"gamma_([0-9])", r"ls\1.gamma", name)


def _resized(state: State, model: Any) -> State:
    """Positions and patch kernel at the model's grid and patch size.

    FlexiViT and RADIO resize bilinearly without antialias, and RADIO v3 base and huge align corners, as timm records;
    RADIO's positions are resized to the longer side's square and cropped.
    """
    variant = model.pretrained_cfg.variant if model.pretrained_cfg else ""
    is_radio = "radio" in variant
    bilinear = is_radio or "flexi" in variant
    interpolation, antialias = ("bilinear", False) if bilinear else ("bicubic", True)
    state, kernel = dict(state), state.get("patch_embed.proj.weight")
    if kernel is not None:
        if kernel.ndim < 4:  # written before patches were a convolution
            kernel = kernel.reshape(kernel.shape[0], -1, *model.patch_embed.patch_size)
        state["patch_embed.proj.weight"] = resample_patch_kernel(
            kernel, model.patch_embed.patch_size, interpolation, antialias
        )
    positions, grid = state.get("pos_embed"), model.patch_embed.grid_size
    if positions is None or positions.ndim != 3:
        return state
    prefix = model.prefix_positions
    old = _old_grid(positions.shape[1] - prefix, kernel, model)
    if positions.shape[1] == prefix + grid[0] * grid[1] and old in (None, grid):
        return state
    corners = any(name in variant for name in ("base_patch16_radio_v3", "huge_patch16_radio_v3"))
    size = (max(grid), max(grid)) if is_radio else grid
    positions = resample_positions(positions, size, old, prefix, interpolation, antialias, align_corners=corners)
    if is_radio:
        positions = positions.reshape(1, *size, -1)[:, : grid[0], : grid[1]].reshape(1, grid[0] * grid[1], -1)
    return {**state, "pos_embed": positions}


def _old_grid(tokens: int, kernel: np.ndarray | None, model: Any) -> tuple[int, int] | None:
    """Grid of a checkpoint's positions where its variant's image size accounts for every token, else None (square)."""
    if kernel is None or model.pretrained_cfg is None:
        return None
    size = model.pretrained_cfg.input_size[1:]
    grid = (size[0] // kernel.shape[2], size[1] // kernel.shape[3])
    return grid if grid[0] * grid[1] == tokens else None
