"""DeiT and DeiT III: the Vision Transformer, optionally with a distillation token and a head for it."""

import dataclasses

import keras

from implementations.families.vit.model import VisionTransformer, VisionTransformerConfig
from implementations.layers.linear import Linear


@dataclasses.dataclass(frozen=True, kw_only=True)
class DeitConfig(VisionTransformerConfig):
    """Arguments of DeiT: the Vision Transformer's, and whether there is a distillation token."""

    distilled: bool = False

    @property
    def num_prefix_tokens(self) -> int:
        """Class, register and distillation tokens."""
        return super().num_prefix_tokens + int(self.distilled)


@keras.saving.register_keras_serializable(package="implementations")
class Deit(VisionTransformer):
    """Images (B, H, W, C) -> logits (B, num_classes). Reference: timm/models/deit.py.

    A distilled model averages its two classifiers; with `distilled_training` set, a training call returns both.
    """

    config_class = DeitConfig
    config: DeitConfig
    distilled_training = False

    def _create_tokens(self) -> None:
        self.dist_token = self._token("dist_token", 1, 0.02) if self.config.distilled else None
        super()._create_tokens()

    def _create_head(self) -> None:
        super()._create_head()
        config = self.config
        distilled = config.distilled and self.head is not None
        self.head_dist = Linear(config.embed_dim, config.num_classes) if distilled else None

    def prefix_tokens(self) -> list:
        tokens = super().prefix_tokens()
        return [*tokens, self.dist_token] if self.config.distilled else tokens

    def forward_head(self, features, training=None, pre_logits=False):
        if not self.config.distilled:
            return super().forward_head(features, training, pre_logits)
        class_token = self.head_drop(features[:, 0], training=training)  # B, C
        distilled = self.head_drop(features[:, 1], training=training)  # B, C
        if pre_logits or self.head is None or self.head_dist is None:
            return (class_token + distilled) / 2
        logits, distilled = self.head(class_token), self.head_dist(distilled)
        return (logits, distilled) if training and self.distilled_training else (logits + distilled) / 2
