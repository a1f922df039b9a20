"""The head of hierarchical backbones: pool the map, drop, classify (timm/layers/classifier.py)."""

import keras
from keras import ops

from implementations.errors import BackboneError
from implementations.layers.linear import Linear

POOLS = {
    "avg": lambda x: ops.mean(x, axis=(1, 2)),
    "max": lambda x: ops.max(x, axis=(1, 2)),
    "avgmax": lambda x: 0.5 * (ops.mean(x, axis=(1, 2)) + ops.max(x, axis=(1, 2))),
    "catavgmax": lambda x: ops.concatenate([ops.mean(x, axis=(1, 2)), ops.max(x, axis=(1, 2))], axis=-1),
    "": lambda x: x,
}


@keras.saving.register_keras_serializable(package="implementations")
class ClassifierHead(keras.layers.Layer):
    """(B, H, W, C) -> logits (B, num_classes); with 0 classes the pooled features, with pool '' the map itself."""

    def __init__(self, in_features: int, num_classes: int, pool_type: str = "avg", drop_rate: float = 0.0, **kwargs):
        super().__init__(**kwargs)
        if pool_type not in POOLS:
            raise BackboneError(f"global_pool {pool_type!r}: expected one of {', '.join(map(repr, POOLS))}")
        if num_classes and not pool_type:
            raise BackboneError("global_pool '' needs num_classes=0: there is no pooled vector to classify")
        self.pool_type = pool_type
        self.num_features = in_features * (2 if pool_type == "catavgmax" else 1)
        self.drop = keras.layers.Dropout(drop_rate)
        self.fc = Linear(self.num_features, num_classes) if num_classes else None
        self.built = True

    def call(self, x, training=None, pre_logits=False):
        x = self.drop(POOLS[self.pool_type](x), training=training)  # B, C
        return x if pre_logits or self.fc is None else self.fc(x)
