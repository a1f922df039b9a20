"""The Swin Transformer V2 (https://arxiv.org/abs/2111.09883): cosine attention, norms after the branches."""

import dataclasses
from typing import Any

import keras

from implementations.errors import BackboneError
from implementations.families.swin.blocks import EPSILON, StageSettings, SwinTransformerBlock
from implementations.families.swin.model import SwinTransformer, SwinTransformerConfig
from implementations.families.swinv2.attention import CosineWindowAttention
from implementations.layers.norm import LayerNorm


@dataclasses.dataclass(frozen=True, kw_only=True)
class SwinTransformerV2Config(SwinTransformerConfig):
    """Arguments of the Swin Transformer V2; names, meanings and defaults are timm's.

    `pretrained_window_sizes` gives the window per stage that the position network was trained with, 0 for the present.
    """

    act_layer: str = "gelu"
    pretrained_window_sizes: tuple[Any, ...] = (0, 0, 0, 0)

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.head_dim is not None:
            raise BackboneError("head_dim: SwinV2 divides its channels evenly among the heads; leave it out")
        if len(self.pretrained_window_sizes) < len(self.depths):
            raise BackboneError(
                f"pretrained_window_sizes {self.pretrained_window_sizes}: expected one for each of"
                f" {len(self.depths)} stages"
            )

    def stage(self, index: int) -> StageSettings:
        """Settings of stage `index`."""
        window = self.pretrained_window_sizes[index]
        window = (window, window) if isinstance(window, int) else tuple(window)
        settings = super().stage(index)
        return dataclasses.replace(
            settings, block=SwinTransformerV2Block, act_layer=self.act_layer, pretrained_window=window
        )


class SwinTransformerV2Block(SwinTransformerBlock):
    """x + norm1(attention(x)) within windows, then x + norm2(mlp(x)). Shapes: (B, H, W, C) -> (B, H, W, C)."""

    norm_last = True

    def create_norm(self, dim: int) -> LayerNorm:
        return LayerNorm(dim, epsilon=EPSILON, gamma_initializer="zeros")  # at first, branches that add nothing

    def create_attention(self, settings: StageSettings) -> keras.layers.Layer:
        return CosineWindowAttention(
            settings.out_dim,
            self.windows.size,
            settings.num_heads,
            qkv_bias=settings.qkv_bias,
            attn_drop=settings.attn_drop,
            proj_drop=settings.proj_drop,
            pretrained_window=settings.pretrained_window,
        )

    def call(self, x, training=None, return_attention=False):
        branch, attention = self.attend(x, training)
        x = x + self.drop_path1(self.norm1(branch), training=training)  # B, H, W, C
        x = x + self.drop_path2(self.norm2(self.mlp(x, training=training)), training=training)
        return (x, attention) if return_attention else x


@keras.saving.register_keras_serializable(package="implementations")
class SwinTransformerV2(SwinTransformer):
    """Images (B, H, W, C) -> logits (B, num_classes). Reference: timm/models/swin_transformer_v2.py."""

    config_class = SwinTransformerV2Config
    config: SwinTransformerV2Config
