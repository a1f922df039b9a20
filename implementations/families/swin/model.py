"""The Swin Transformer (https://arxiv.org/abs/2103.14030), with the options of timm's swin_transformer.py."""

import dataclasses
import re
from collections.abc import Sequence
from typing import Any, Self

import keras
import numpy as np
from keras import ops

from implementations.backbone import Backbone, BackboneConfig, Feature, FeatureInfo, dtype_policy, keeps
from implementations.errors import BackboneError
from implementations.families.swin import inference
from implementations.families.swin.blocks import EPSILON, StageSettings, SwinTransformerBlock, SwinTransformerStage
from implementations.families.swin.checkpoint import TABLE, convert_swin_state_dict
from implementations.layers.classifier_head import ClassifierHead
from implementations.layers.norm import LayerNorm
from implementations.layers.pair import Pair, pair
from implementations.layers.patch_embed import PatchEmbed
from implementations.layers.relative_position import resize_bias_table
from implementations.layers.residual import drop_path_rates
from implementations.layers.window import Windows
from implementations.rollout import through_windows

WindowSize = int | Sequence[int] | Sequence[Pair]


@dataclasses.dataclass(frozen=True, kw_only=True)
class SwinTransformerConfig(BackboneConfig):
    """Arguments of the Swin Transformer; names, meanings and defaults are timm's.

    `window_size` is one number or (height, width) for all stages, or one of either per stage. Windows larger than a
    stage's map are clipped to it unless `always_partition`. `dynamic_img_size` (or not `strict_img_size`) takes images
    of any size that the patches divide, in the windows made for `img_size`.
    """

    patch_size: int = 4
    embed_dim: int = 96
    depths: tuple[int, ...] = (2, 2, 6, 2)
    num_heads: tuple[int, ...] = (3, 6, 12, 24)
    head_dim: Any = None
    window_size: Any = 7
    always_partition: bool = False
    strict_img_size: bool = True
    dynamic_img_size: bool = False
    mlp_ratio: Any = 4.0
    qkv_bias: bool = True
    global_pool: str = "avg"
    drop_rate: float = 0.0
    proj_drop_rate: float = 0.0
    attn_drop_rate: float = 0.0
    drop_path_rate: float = 0.1

    def __post_init__(self) -> None:
        super().__post_init__()
        if len(self.num_heads) != len(self.depths):
            raise BackboneError(f"num_heads {self.num_heads}: expected one for each of {len(self.depths)} stages")
        object.__setattr__(self, "window_size", stage_windows(self.window_size, len(self.depths)))

    @property
    def accepts_any_size(self) -> bool:
        """Whether images of other sizes than `img_size` are taken."""
        return self.dynamic_img_size or not self.strict_img_size

    @property
    def grid_size(self) -> Pair:
        """Patches along height and width."""
        return self.img_size[0] // self.patch_size, self.img_size[1] // self.patch_size

    def stage(self, index: int) -> StageSettings:
        """Settings of stage `index`."""
        drop_paths = drop_path_rates(self.drop_path_rate, sum(self.depths))
        start = sum(self.depths[:index])
        scale = 2**index
        # Halving rounds up at every merging, which is what rounding up once amounts to.
        height, width = self.grid_size
        resolution = (-(-height // scale), -(-width // scale))
        window = self.window_size[index]
        even, odd = (Windows.fitted(resolution, window, shifted, self.always_partition) for shifted in (False, True))
        return StageSettings(
            dim=self.embed_dim * 2 ** max(index - 1, 0),
            out_dim=self.embed_dim * scale,
            resolution=resolution,
            downsample=index > 0,
            num_heads=self.num_heads[index],
            head_dim=_per_stage(self.head_dim, index),
            windows=(even, odd),
            drop_paths=tuple(drop_paths[start : start + self.depths[index]]),
            mlp_ratio=_per_stage(self.mlp_ratio, index),
            qkv_bias=self.qkv_bias,
            proj_drop=self.proj_drop_rate,
            attn_drop=self.attn_drop_rate,
            block=SwinTransformerBlock,
        )


@keras.saving.register_keras_serializable(package="implementations")
class SwinTransformer(Backbone):
    """Images (B, H, W, C) -> logits (B, num_classes). Reference: timm/models/swin_transformer.py."""

    config_class = SwinTransformerConfig
    config: SwinTransformerConfig

    def __init__(self, config: SwinTransformerConfig, **kwargs: Any) -> None:
        super().__init__(config, **kwargs)
        width = config.embed_dim * 2 ** (len(config.depths) - 1)
        self.patch_embed = PatchEmbed(
            config.img_size,
            config.patch_size,
            config.in_chans,
            config.embed_dim,
            norm_layer="LayerNorm",
            norm_eps=EPSILON,
        )
        stages = max(self.out_indices) + 1 if config.features_only else len(config.depths)
        self.layers_ = [SwinTransformerStage(config.stage(index)) for index in range(stages)]
        keep = not config.features_only
        self.norm = LayerNorm(width, epsilon=EPSILON) if keep else keras.layers.Identity()
        self.head = ClassifierHead(width, config.num_classes, config.global_pool, config.drop_rate) if keep else None
        # Windows that `set_input_size` scales, and the patch grid that they were chosen for.
        self._reference = (config.window_size, config.grid_size)
        self.build((None, *config.img_size, config.in_chans))

    def run(self, images, training=None, attention=False, indices=()):
        x = self.patch_embed(images)  # B, H, W, C
        maps, attentions = {}, {}
        for index, stage in enumerate(self.layers_):
            x, found = stage(x, training=training, return_attention=True)
            if index in indices:
                maps[index] = x
            for block, weights in enumerate(found):
                path = f"layers.{index}.blocks.{block}.attn"
                if keeps(attention, path):
                    attentions[path] = weights  # B * windows, heads, area, area
        return self.norm(x), maps, attentions

    def infer(self, images, indices=()):
        return inference.run(self, images, indices)

    def forward_head(self, features, training=None, pre_logits=False):
        if self.head is None:
            raise BackboneError(f"{self.name} was created with features_only: it has no head")
        return self.head(features, training=training, pre_logits=pre_logits)

    def all_features(self) -> FeatureInfo:
        config = self.config
        return FeatureInfo(
            Feature(f"layers.{index}", config.embed_dim * 2**index, config.patch_size * 2**index)
            for index in range(len(config.depths))
        )

    def roll_out(self, blocks, grid):
        return through_windows([[block.windows for block in stage.blocks] for stage in self.layers_], blocks, grid)

    def check_size(self, size, expected):
        if not self.config.accepts_any_size:
            super().check_size(size, expected)
        elif any(side is None or side % self.config.patch_size for side in size):
            raise BackboneError(
                f"{self.name}: images of {size[0]}x{size[1]} pixels; expected known multiples of the patch of"
                f" {self.config.patch_size} pixels"
            )

    def convert_state_dict(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        return convert_swin_state_dict(state, self)

    def is_pruned(self, key: str) -> bool:
        stage = re.match(r"layers\.(\d+)\.", key)
        beyond = stage is not None and len(self.layers_) <= int(stage[1]) < len(self.config.depths)
        return self.config.features_only and (beyond or key.startswith(("norm.", "head.")))

    def attention_layers(self) -> dict[str, Any]:
        """The attention layer of every block by timm's path."""
        return {
            f"layers.{index}.blocks.{number}.attn": block.attn
            for index, stage in enumerate(self.layers_)
            for number, block in enumerate(stage.blocks)
        }

    def constants(self) -> dict[str, Any]:
        return {path: ops.cast(layer.position_bias(), "float32") for path, layer in self.attention_layers().items()}

    def set_input_size(
        self,
        img_size: int | Pair | None = None,
        patch_size: int | None = None,
        window_size: WindowSize | None = None,
        window_ratio: int | Sequence[int] | None = None,
        always_partition: bool | None = None,
    ) -> Self:
        """A model with these weights for another size of image, patch or window, as timm's method of this name.

        Unlike timm's it leaves this model alone. Without `window_size` and `window_ratio` (patch grid to window) each
        stage's windows are scaled with the patch grid.

        Raises:
            BackboneError: sizes that are not positive, or not one per stage.
        """
        wishes: dict[str, Any] = {"img_size": img_size, "patch_size": patch_size, "always_partition": always_partition}
        wishes = {name: value for name, value in wishes.items() if value is not None}
        grid = dataclasses.replace(self.config, **wishes).grid_size
        windows = scaled_windows(grid, *self._reference, window_size, window_ratio)
        config = dataclasses.replace(self.config, **wishes, window_size=windows)
        with dtype_policy(self.dtype_policy):
            model = type(self)(config, pretrained_cfg=self.pretrained_cfg, name=self.name)
        explicit = window_size is not None or window_ratio is not None
        model._reference = (windows, grid) if explicit else self._reference
        from implementations.weights import load_weights, state_dict

        old = {f"{path}.{TABLE}": layer.window for path, layer in self.attention_layers().items()}
        new = {f"{path}.{TABLE}": layer.window for path, layer in model.attention_layers().items()}
        state = {
            name: resize_bias_table(array, new[name], old[name]) if name.endswith(TABLE) else array
            for name, array in state_dict(self).items()
        }
        load_weights(model, state)
        return model


def _per_stage(value: Any, index: int) -> Any:
    return value[index] if isinstance(value, Sequence) else value


def stage_windows(window_size: WindowSize, stages: int) -> tuple[Pair, ...]:
    """One (height, width) per stage; two plain numbers are always one (height, width) for all, as in timm.

    Raises:
        BackboneError: another number of windows than stages, or one that is not positive.
    """
    each: Sequence[Any] = window_size if isinstance(window_size, Sequence) else (window_size,) * stages
    if len(each) == 2 and not isinstance(each[0], Sequence):
        each = (each,) * stages
    pairs = [window if isinstance(window, Sequence) else (window, window) for window in each]
    if len(pairs) != stages or any(len(window) != 2 or min(window) < 1 for window in pairs):
        raise BackboneError(f"window_size {window_size}: expected a positive size, one for each of {stages} stages")
    return tuple(pair(window) for window in pairs)


def scaled_windows(
    grid: Pair,
    windows: tuple[Pair, ...],
    reference_grid: Pair,
    window_size: WindowSize | None = None,
    window_ratio: int | Sequence[int] | None = None,
) -> tuple[Pair, ...]:
    """Windows per stage for a patch grid: as given, by ratio of the grid, or scaled from those of `reference_grid`."""
    if window_size is not None:
        return stage_windows(window_size, len(windows))
    if window_ratio is None:
        (rows, columns), (old_rows, old_columns) = grid, reference_grid
        return tuple(
            (max(1, height * rows // old_rows), max(1, width * columns // old_columns)) for height, width in windows
        )
    ratios = (window_ratio,) * len(windows) if isinstance(window_ratio, int) else tuple(window_ratio)
    if len(ratios) != len(windows) or min(ratios) < 1:
        raise BackboneError(
            f"window_ratio {window_ratio}: expected a positive ratio, one for each of {len(windows)} stages"
        )
    return tuple((max(1, grid[0] // ratio), max(1, grid[1] // ratio)) for ratio in ratios)
