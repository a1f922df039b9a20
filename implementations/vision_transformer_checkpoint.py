"""Brings checkpoints of vision transformers to timm's names and a model's sizes (timm's checkpoint_filter_fn)."""

import re
from typing import Any

import numpy as np

from implementations.layers.position import resample_patch_kernel, resample_positions


def convert_vit_state_dict(state: dict[str, np.ndarray], model: Any) -> dict[str, np.ndarray]:
    """OpenCLIP-trunk, DINOv2 and DeiT III names to timm's; positions and patch kernel to the model's sizes."""
    prefix = next((p for p in ("visual.trunk.",) if any(name.startswith(p) for name in state)), "")
    if prefix:
        state = {name.removeprefix(prefix): array for name, array in state.items() if name.startswith(prefix)}
    if "mask_token" in state:
        state = _from_dinov2(state)
    state = {_renamed(name): array for name, array in state.items() if "pre_logits" not in name}
    return _resized(state, model)


def _renamed(name: str) -> str:
    """DeiT III keeps its layer scales beside the blocks' layers."""
    return re.sub(r"gamma_([0-9])", r"ls\1.gamma", name)


def _from_dinov2(state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
    state = {name: array for name, array in state.items() if name != "mask_token"}
    if "register_tokens" in state:
        positions = state.pop("pos_embed")
        state["reg_token"] = state.pop("register_tokens")
        state["cls_token"] = state["cls_token"] + positions[:, :1]
        state["pos_embed"] = positions[:, 1:]
    return {name.replace("mlp.w12.", "mlp.fc1.").replace("mlp.w3.", "mlp.fc2."): array for name, array in state.items()}


def _resized(state: dict[str, np.ndarray], model: Any) -> dict[str, np.ndarray]:
    """Positions and patch kernel at the model's grid and patch size.

    FlexiViT and RADIO resize bilinearly without antialias; RADIO v3 base and huge align corners, as timm records.
    """
    bilinear = "flexi" in model.name or "radio" in model.name
    how = {"interpolation": "bilinear" if bilinear else "bicubic", "antialias": not bilinear}
    patch = model.patch_embed.patch_size
    kernel = state.get("patch_embed.proj.weight")
    if kernel is not None and kernel.ndim == 4:
        state = {**state, "patch_embed.proj.weight": resample_patch_kernel(kernel, patch, **how)}
    positions = state.get("pos_embed")
    wanted = model.patch_embed.grid_size
    if positions is not None and positions.ndim == 3:
        corners = any(name in model.name for name in ("base_patch16_radio_v3", "huge_patch16_radio_v3"))
        old = _old_grid(positions.shape[1] - model.prefix_positions, kernel, model)
        if positions.shape[1] != model.prefix_positions + wanted[0] * wanted[1] or old not in (None, wanted):
            positions = resample_positions(
                positions, wanted, old, num_prefix_tokens=model.prefix_positions, align_corners=corners, **how
            )
            state = {**state, "pos_embed": positions}
    return state


def _old_grid(tokens: int, kernel: np.ndarray | None, model: Any) -> tuple[int, int] | None:
    """Grid of a checkpoint's positions where its variant's image size accounts for every token, else None (square)."""
    from implementations.registry import list_models, pretrained_config

    if kernel is None or kernel.ndim != 4 or model.name not in list_models():
        return None
    size = pretrained_config(model.name).input_size[1:]
    grid = (size[0] // kernel.shape[2], size[1] // kernel.shape[3])
    return grid if grid[0] * grid[1] == tokens else None
