"""Checkpoints of Swin Transformers: to timm's names and a model's sizes (timm's checkpoint_filter_fn)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np

from implementations.layers.position import resample_patch_kernel
from implementations.layers.relative_position import resize_bias_table

if TYPE_CHECKING:
    from implementations.families.swin.model import SwinTransformer

TABLE = "relative_position_bias_table"


def convert_swin_state_dict(state: dict[str, np.ndarray], model: SwinTransformer) -> dict[str, np.ndarray]:
    """Bring a checkpoint to timm's names and to the model's patch and windows, as timm's `checkpoint_filter_fn`.

    Microsoft's files merge patches at the end of a stage and name the classifier `head`. A bias table of the model's
    length is taken to be for the model's window; timm would resize it where the window is not square.
    """
    microsofts = "layers.0.downsample.reduction.weight" in state
    attention = model.attention_layers()
    converted = {}
    for key, array in state.items():
        if key.rsplit(".", 1)[-1] in ("relative_position_index", "relative_coords_table", "attn_mask"):
            continue
        if key == "patch_embed.proj.weight":
            array = resample_patch_kernel(array, model.patch_embed.patch_size)
        if microsofts:
            key = re.sub(r"layers\.(\d+)\.downsample", lambda found: f"layers.{int(found[1]) + 1}.downsample", key)
            key = key.replace("head.", "head.fc.")
        layer = attention.get(key.removesuffix(f".{TABLE}")) if key.endswith(TABLE) else None
        if layer is not None and len(array) != layer.relative_position_bias_table.shape[0]:
            array = resize_bias_table(array, layer.window)
        converted[key] = array
    return converted
