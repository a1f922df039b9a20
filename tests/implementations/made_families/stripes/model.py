"""Patches in stripes: a convolution, then blocks of a norm and a product with a residual, then the mean."""

import dataclasses

import keras
from keras import ops

from implementations.backbone import Backbone, BackboneConfig, Feature, FeatureInfo
from implementations.layers.linear import Linear
from implementations.layers.norm import LayerNorm
from implementations.layers.patch_embed import PatchEmbed


@dataclasses.dataclass(frozen=True, kw_only=True)
class StripesConfig(BackboneConfig):
    """Arguments of Stripes."""

    patch_size: int = 8
    width: int = 12
    depth: int = 2


class StripesBlock(keras.layers.Layer):
    """x + mix(norm(x))."""

    def __init__(self, width):
        super().__init__()
        self.norm = LayerNorm(width)
        self.mix = Linear(width, width)
        self.built = True

    def call(self, x):
        return x + self.mix(self.norm(x))


@keras.saving.register_keras_serializable(package="tests")
class Stripes(Backbone):
    """Images (B, H, W, C) -> logits (B, num_classes)."""

    config_class = StripesConfig

    def __init__(self, config, **kwargs):
        super().__init__(config, **kwargs)
        self.patch_embed = PatchEmbed(config.img_size, config.patch_size, config.in_chans, config.width)
        self.blocks = [StripesBlock(config.width) for _ in range(config.depth)]
        self.head = Linear(config.width, config.num_classes) if config.num_classes else None
        self.build()

    def run(self, images, training=None, attention=False, indices=()):
        x, maps = self.patch_embed(images), {}
        for index, block in enumerate(self.blocks):
            x = block(x)  # B, H, W, C
            if index in indices:
                maps[index] = x
        return x, maps, {}

    def forward_head(self, features, training=None, pre_logits=False):
        x = ops.mean(features, axis=(1, 2))
        return x if pre_logits or self.head is None else self.head(x)

    def all_features(self):
        config = self.config
        return FeatureInfo(Feature(f"blocks.{index}", config.width, config.patch_size) for index in range(config.depth))
