"""The Vision Transformer (https://arxiv.org/abs/2010.11929), with the options of timm's vision_transformer.py."""

import dataclasses
import re
from typing import Any

import keras
import numpy as np
from keras import ops

from implementations.backbone import Backbone, BackboneConfig, Feature, FeatureInfo, keeps, take_indices
from implementations.errors import BackboneError
from implementations.families.vit import inference
from implementations.families.vit.blocks import BLOCKS, BlockSettings
from implementations.families.vit.checkpoint import convert_vit_state_dict
from implementations.layers.linear import Linear
from implementations.layers.norm import create_norm
from implementations.layers.patch_embed import PatchEmbed
from implementations.layers.pooling import AttentionPoolLatent, token_mean
from implementations.layers.position import resample_position_tensor
from implementations.layers.residual import drop_path_rates
from implementations.rollout import through_tokens

POOLS = ("", "avg", "avgmax", "max", "token", "map")


@dataclasses.dataclass(frozen=True, kw_only=True)
class VisionTransformerConfig(BackboneConfig):
    """Arguments of the Vision Transformer; names, meanings and defaults are timm's."""

    patch_size: int = 16
    embed_dim: int = 768
    depth: int = 12
    num_heads: int = 12
    mlp_ratio: float = 4.0
    global_pool: str = "token"
    qkv_bias: bool = True
    qk_norm: bool = False
    scale_attn_norm: bool = False
    scale_mlp_norm: bool = False
    proj_bias: bool = True
    init_values: float | None = None
    class_token: bool = True
    no_embed_class: bool = False
    reg_tokens: int = 0
    pre_norm: bool = False
    final_norm: bool = True
    fc_norm: bool | None = None
    pool_include_prefix: bool = False
    dynamic_img_size: bool = False
    embed_norm_layer: str | None = None
    norm_layer: str = "LayerNorm"
    norm_eps: float = 1e-6
    act_layer: str = "gelu"
    block_fn: str = "Block"
    mlp_layer: str = "Mlp"
    attn_layer: str = "attn"
    drop_rate: float = 0.0
    pos_drop_rate: float = 0.0
    proj_drop_rate: float = 0.0
    attn_drop_rate: float = 0.0
    drop_path_rate: float = 0.0

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.global_pool not in POOLS:
            raise BackboneError(f"global_pool {self.global_pool!r}: expected one of {', '.join(map(repr, POOLS))}")
        if self.global_pool == "token" and not self.class_token:
            raise BackboneError("global_pool 'token' needs a class token; use 'avg'")
        if self.block_fn not in BLOCKS:
            raise BackboneError(f"block_fn {self.block_fn!r}: expected one of {', '.join(BLOCKS)}")

    @property
    def num_prefix_tokens(self) -> int:
        """Class and register tokens, which come before the patches."""
        return int(self.class_token) + self.reg_tokens

    def block_settings(self) -> BlockSettings:
        """What the blocks share."""
        shared = {field.name for field in dataclasses.fields(BlockSettings)} & {
            field.name for field in dataclasses.fields(self)
        }
        return BlockSettings(
            **{name: getattr(self, name) for name in shared},
            dim=self.embed_dim,
            proj_drop=self.proj_drop_rate,
            attn_drop=self.attn_drop_rate,
        )


@keras.saving.register_keras_serializable(package="implementations")
class VisionTransformer(Backbone):
    """Images (B, H, W, C) -> logits (B, num_classes). Reference: timm/models/vision_transformer.py."""

    config_class = VisionTransformerConfig
    config: VisionTransformerConfig

    def __init__(self, config: VisionTransformerConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        width = config.embed_dim
        self.patch_embed = PatchEmbed(
            config.img_size,
            config.patch_size,
            config.in_chans,
            width,
            use_bias=not config.pre_norm,
            norm_layer=config.embed_norm_layer,
            norm_eps=config.norm_eps,
        )
        self._create_tokens()
        self.pos_drop = keras.layers.Dropout(config.pos_drop_rate)
        self.norm_pre = self._norm(config.pre_norm)
        rates = drop_path_rates(config.drop_path_rate, config.depth)
        depth = max(self.out_indices) + 1 if config.features_only else config.depth
        settings, block = config.block_settings(), BLOCKS[config.block_fn]
        self.blocks = [block(settings, index, rates[index]) for index in range(depth)]
        self._create_head()
        self.build((None, *config.img_size, config.in_chans))

    def _norm(self, wanted: bool) -> keras.layers.Layer:
        config = self.config
        return create_norm(config.norm_layer if wanted else None, config.embed_dim, config.norm_eps)

    def _token(self, name: str, count: int, std: float) -> keras.Variable:
        initializer = keras.initializers.TruncatedNormal(stddev=std)
        return self.add_weight((1, count, self.config.embed_dim), initializer=initializer, name=name)

    def _create_tokens(self) -> None:
        config = self.config
        self.cls_token = self._token("cls_token", 1, 1e-6) if config.class_token else None
        self.reg_token = self._token("reg_token", config.reg_tokens, 1e-6) if config.reg_tokens else None
        self.prefix_positions = 0 if config.no_embed_class else self.num_prefix_tokens
        self.pos_embed = self._token("pos_embed", self.patch_embed.num_patches + self.prefix_positions, 0.02)

    def _create_head(self) -> None:
        config = self.config
        pooled = config.global_pool in ("avg", "avgmax", "max")
        after_pool = config.final_norm and (pooled if config.fc_norm is None else config.fc_norm)
        keep = not config.features_only
        self.norm = self._norm(keep and config.final_norm and not after_pool)
        self.attn_pool = None
        if keep and config.global_pool == "map":
            self.attn_pool = AttentionPoolLatent(
                config.embed_dim,
                config.num_heads,
                config.mlp_ratio,
                config.norm_layer,
                config.norm_eps,
                config.act_layer,
            )
        self.fc_norm = self._norm(keep and after_pool)
        self.head_drop = keras.layers.Dropout(config.drop_rate)
        self.head = Linear(config.embed_dim, config.num_classes) if keep and config.num_classes else None

    @property
    def num_prefix_tokens(self) -> int:
        """Tokens before the patches'."""
        return self.config.num_prefix_tokens

    def prefix_tokens(self) -> list:
        """Variables (1, n, C) of the tokens before the patches', in order."""
        return [token for token in (self.cls_token, self.reg_token) if token is not None]

    def embed(self, images, training=None):
        """Tokens that enter the first block, (B, prefix + patches, C), and the grid (height, width) of the patches."""
        x = self.patch_embed(images)  # B, H, W, C
        grid, width = tuple(x.shape[1:3]), x.shape[-1]
        x = ops.reshape(x, (-1, grid[0] * grid[1], width))
        positions = ops.cast(self.pos_embed, x.dtype)
        positions = resample_position_tensor(positions, grid, self.patch_embed.grid_size, self.prefix_positions)
        if self.config.no_embed_class:
            x = x + positions
        batch = ops.shape(x)[0]
        prefix = [
            ops.broadcast_to(ops.cast(token, x.dtype), (batch, *token.shape[1:])) for token in self.prefix_tokens()
        ]
        if prefix:
            x = ops.concatenate([*prefix, x], axis=1)  # B, N, C
        if not self.config.no_embed_class:
            x = x + positions
        return self.norm_pre(self.pos_drop(x, training=training)), grid

    def run(self, images, training=None, attention=False, indices=()):
        x, grid = self.embed(images, training)
        maps, attentions = {}, {}
        for index, block in enumerate(self.blocks):
            x, found = block(x, training=training, return_attention=True)  # B, N, C
            for path, weights in zip(block.attention_paths, found, strict=True):
                path = f"blocks.{index}.{path}".rstrip(".")
                if keeps(attention, path):
                    attentions[path] = weights
            if index in indices:
                maps[index] = self.as_map(x, grid)
        return self.norm(x), maps, attentions

    def infer(self, images, indices=()):
        return inference.run(self, images, indices)

    def as_map(self, tokens, grid: tuple[int, int]):
        """The patches' tokens of (B, prefix + patches, C) as a map (B, height, width, C)."""
        return ops.reshape(tokens[:, self.num_prefix_tokens :], (-1, *grid, tokens.shape[-1]))

    def pool(self, x):
        """Pooled tokens: (B, N, C) -> (B, C), or the tokens themselves with pool ''."""
        config = self.config
        if config.global_pool == "token":
            return x[:, 0]
        if not config.global_pool:
            return x
        if not config.pool_include_prefix:
            x = x[:, self.num_prefix_tokens :]
        if self.attn_pool is not None:
            return self.attn_pool(x)
        if config.global_pool == "avg":
            return token_mean(x)
        highest = ops.max(x, axis=1)
        return highest if config.global_pool == "max" else 0.5 * (highest + token_mean(x))

    def forward_head(self, features, training=None, pre_logits=False):
        x = self.fc_norm(self.pool(features))
        x = self.head_drop(x, training=training)  # B, C
        return x if pre_logits or self.head is None else self.head(x)

    def all_features(self) -> FeatureInfo:
        config = self.config
        return FeatureInfo(
            Feature(f"blocks.{index}", config.embed_dim, config.patch_size) for index in range(config.depth)
        )

    @property
    def out_indices(self) -> tuple[int, ...]:
        """As every backbone's; by default the last three blocks, timm's default here."""
        chosen, depth = self.config.out_indices, self.config.depth
        return take_indices(min(3, depth) if chosen is None else chosen, depth)

    def roll_out(self, blocks, grid):
        prefix = self.num_prefix_tokens
        read = slice(prefix - self.config.reg_tokens) if self.config.global_pool == "token" else slice(prefix, None)
        return through_tokens(blocks, read, prefix)

    def check_size(self, size, expected):
        if not self.config.dynamic_img_size:
            super().check_size(size, expected)
        elif any(side is not None and side % self.config.patch_size for side in size):
            raise BackboneError(
                f"{self.name}: images of {size[0]}x{size[1]} pixels; expected multiples of the patch of"
                f" {self.config.patch_size} pixels"
            )

    def convert_state_dict(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return convert_vit_state_dict(state, self)

    def is_pruned(self, key: str) -> bool:
        config = self.config
        if key.startswith("attn_pool.") and config.global_pool != "map":
            return True
        block = re.match(r"blocks\.(\d+)\.", key)
        beyond = block is not None and len(self.blocks) <= int(block[1]) < config.depth
        return config.features_only and (beyond or bool(re.match(r"(norm|fc_norm|attn_pool|head|head_dist)\.", key)))
