"""The backbone: a Keras model with timm's manners, and what every family's has of it."""

import dataclasses
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import Any, ClassVar, Self

import keras
import numpy as np
from keras import ops

from implementations.errors import BackboneError
from implementations.family import PretrainedConfig
from implementations.layer_tree import name_by_path, named_layers, output_shapes_noted
from implementations.layers.pair import pair
from runtimes.openvino_graph import tune_file


@dataclasses.dataclass(frozen=True, kw_only=True)
class BackboneConfig:
    """Arguments that every backbone takes; each backbone's own configuration extends it.

    `img_size` is (height, width) in pixels, or one number for a square; `num_classes` 0 leaves the classifier out;
    `features_only` returns the feature maps of `out_indices` (timm's meaning: a number takes the last that many).
    """

    img_size: Any = 224
    in_chans: int = 3
    num_classes: int = 1000
    features_only: bool = False
    out_indices: Any = None

    def __post_init__(self) -> None:
        size = self.img_size if isinstance(self.img_size, Sequence) else (self.img_size, self.img_size)
        if len(size) != 2 or any(not isinstance(side, int | np.integer) or side < 1 for side in size):
            raise BackboneError(f"img_size {self.img_size!r}: expected a positive number of pixels or (height, width)")
        if self.in_chans < 1 or self.num_classes < 0:
            raise BackboneError(
                f"in_chans {self.in_chans} must be at least 1, num_classes {self.num_classes} at least 0"
            )
        object.__setattr__(self, "img_size", pair(size))


@dataclasses.dataclass(frozen=True)
class Feature:
    """One feature map: timm's module path, channels, and the reduction of the image's height and width."""

    module: str
    num_chs: int
    reduction: int


class FeatureInfo(tuple[Feature, ...]):
    """The feature maps that a model returns, with timm's accessors."""

    def channels(self) -> list[int]:
        """Channels of each map."""
        return [feature.num_chs for feature in self]

    def reduction(self) -> list[int]:
        """Reduction of each map."""
        return [feature.reduction for feature in self]

    def module_name(self) -> list[str]:
        """timm's module path of each map."""
        return [feature.module for feature in self]


class Backbone(keras.Model):
    """A backbone under timm's names: `model(images)` gives logits, features (`features_only`) or pooled features.

    Images are (B, H, W, C) in the model's `img_size` and `in_chans`, already normalised. A subclass sets
    `config_class`, creates its layers in `__init__` (every variable included) and implements `run`, `forward_head` and
    `all_features`. `pretrained_cfg` is the configuration of the weights that the model was created under the name of,
    with the preprocessing that they expect; None for a model that was not created by name.
    """

    config_class: ClassVar[type[BackboneConfig]] = BackboneConfig

    def __init__(self, config: BackboneConfig, pretrained_cfg: PretrainedConfig | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.config = config
        self.pretrained_cfg = pretrained_cfg
        self.folded: Mapping[str, np.ndarray] = MappingProxyType({})

    # --- to be implemented by each backbone

    def run(
        self, images, training=None, attention: bool | Collection[str] = False, indices: Sequence[int] = ()
    ) -> tuple[Any, dict[int, Any], dict[str, Any]]:
        """The trunk up to and including the last norm: (features, NHWC maps at `indices`, attention maps by path).

        `attention` is False, True for every map, or the paths of the maps to keep (`keeps`).
        """
        raise NotImplementedError

    def infer(self, images, indices: Sequence[int] = ()) -> tuple[Any, dict[int, Any]]:
        """What `run` gives first for inference, as the model's call asks for it: (what the head reads, maps).

        A backbone with a faster form of the same function overrides this; `run` stays the plain one.
        """
        return self.run(images, False, indices=indices)[:2]

    def constants(self) -> dict[str, Any]:
        """What depends on weights alone, by a name that `infer` knows: computed once by `fold`."""
        return {}

    def forward_head(self, features, training=None, pre_logits: bool = False):
        """Pool and classify what `forward_features` returned: logits (B, num_classes), or pooled features (B, C)."""
        raise NotImplementedError

    def all_features(self) -> FeatureInfo:
        """Every feature map that the architecture offers, in order."""
        raise NotImplementedError

    def roll_out(self, blocks: dict[str, np.ndarray], grid: tuple[int, int]) -> np.ndarray:
        """Shares of the patches of the image in the output, (B, height, width) or flat, not yet normalised.

        `blocks` is the attention of each block by path, (windows or images, N, N), a mean over heads; `grid` the
        patches. See `rollout.attention_rollout`.
        """
        raise BackboneError(f"{self.name} has no rollout of its attention")

    def convert_state_dict(self, state: dict[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Bring a checkpoint to this model's names and sizes, as timm's `checkpoint_filter_fn` of the backbone does."""
        return state

    def is_pruned(self, key: str) -> bool:
        """Whether a tensor of the full architecture is rightly absent from this model (`features_only`, other pool)."""
        return False

    # --- shared

    @property
    def num_classes(self) -> int:
        """Number of classes, 0 without a classifier."""
        return self.config.num_classes

    @property
    def out_indices(self) -> tuple[int, ...]:
        """Indices into `all_features` of the maps returned under `features_only`."""
        return take_indices(self.config.out_indices, len(self.all_features()))

    @property
    def feature_info(self) -> FeatureInfo:
        """The maps that `features_only` returns."""
        everything = self.all_features()
        return FeatureInfo(everything[index] for index in self.out_indices)

    def __call__(self, images, *args: Any, **kwargs: Any) -> Any:
        """Check the images first: an error raised further in would come wrapped in Keras's own lines."""
        self.check_images(images)
        return super().__call__(images, *args, **kwargs)

    def call(self, images, training=None):
        images = ops.cast(images, self.compute_dtype)
        indices = self.out_indices if self.config.features_only else ()
        if training:
            features, maps, _ = self.run(images, training, indices=indices)
        else:
            features, maps = self.infer(images, indices)
        if self.config.features_only:
            return [maps[index] for index in indices]
        return self.forward_head(features, training=training)

    def forward_features(self, images, training=None):
        """Features after the last norm and before pooling: tokens (B, N, C) or a map (B, H, W, C), as timm's."""
        return self.run(self.checked(images), training)[0]

    def forward_intermediates(self, images, indices: int | Sequence[int] | None = None, training=None):
        """(features, list of feature maps NHWC); `indices` as timm: the last n, the listed ones, or all."""
        chosen = take_indices(indices, len(self.all_features()))
        features, maps, _ = self.run(self.checked(images), training, indices=chosen)
        return features, [maps[index] for index in chosen]

    def attention_maps(self, images, paths: Collection[str] | None = None) -> dict[str, Any]:
        """Attention after softmax by timm's path of the layer, (B, heads, N, N) each; of every layer, or of `paths`."""
        return self.run(self.checked(images), False, attention=True if paths is None else paths)[2]

    def checked(self, images):
        """The images as a tensor in the compute dtype, after `check_images`."""
        self.check_images(images)
        return ops.cast(ops.convert_to_tensor(images), self.compute_dtype)

    def check_images(self, images) -> None:
        """Raise BackboneError unless rank, channels and size are what this model takes."""
        images = images if hasattr(images, "shape") else np.asarray(images)
        expected = f"expected (batch, {self.config.img_size[0]}, {self.config.img_size[1]}, {self.config.in_chans})"
        if len(images.shape) != 4:
            raise BackboneError(f"{self.name}: images of shape {tuple(images.shape)}; {expected}")
        if images.shape[-1] != self.config.in_chans:
            hint = "; images are channels-last here" if images.shape[1] == self.config.in_chans else ""
            raise BackboneError(f"{self.name}: {images.shape[-1]} channels in {tuple(images.shape)}; {expected}{hint}")
        self.check_size(tuple(images.shape[1:3]), expected)

    def check_size(self, size: tuple[int | None, int | None], expected: str) -> None:
        """Raise BackboneError unless images of this size fit; a model that takes other sizes overrides this."""
        if any(side not in (None, wanted) for side, wanted in zip(size, self.config.img_size, strict=True)):
            hint = "; create the model with img_size=... for another size"
            raise BackboneError(f"{self.name}: images of {size[0]}x{size[1]} pixels; {expected}{hint}")

    def fold(self) -> Self:
        """Compute once, for inference and export, what depends on weights alone; returns the model.

        A later change of the weights does not reach what is folded, until `unfold`; training does not use it.
        """
        constants = {name: ops.convert_to_numpy(value) for name, value in self.constants().items()}
        self.folded = MappingProxyType(constants)
        return self

    def unfold(self) -> Self:
        """Undo `fold`."""
        self.folded = MappingProxyType({})
        return self

    def build(self, input_shape: Any = None) -> None:
        """All variables exist from construction: they and their layers get timm's names."""
        name_by_path(self)
        self.built = True

    def get_layer(self, name: str | None = None, index: int | None = None) -> keras.layers.Layer:
        """Keras's, and by name any layer below: `get_layer("blocks.0.attn.qkv")`."""
        found = dict(named_layers(self)).get(name or "") if index is None else None
        return super().get_layer(name, index) if found is None else found

    def summary(self, *args: Any, **kwargs: Any) -> None:
        """Keras's, with the shapes that layers return for images of the model's size."""
        images = keras.KerasTensor((1, *self.config.img_size, self.config.in_chans), self.compute_dtype)
        with output_shapes_noted(self.layers):
            _Plain(self).compute_output_spec(images)
        super().summary(*args, **kwargs)

    def export(self, filepath: Any, *args: Any, **kwargs: Any) -> None:
        """Keras's `export` (tf_saved_model, onnx, openvino, litert); no call of the model is needed before it."""
        if not getattr(self, "_called", False):
            self(np.zeros((1, *self.config.img_size, self.config.in_chans), "float32"))
        super().export(filepath, *args, **kwargs)
        if "openvino" in (kwargs.get("format"), *args[:1]):
            tune_file(filepath)

    def get_config(self) -> dict[str, Any]:
        """Name, dtype policy, configuration, and that of the weights."""
        base = keras.layers.Layer.get_config(self)
        kept = {name: base[name] for name in ("name", "dtype", "trainable")}
        return {**kept, "config": _settings(self.config), "pretrained_cfg": _settings(self.pretrained_cfg)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Rebuild from `get_config`; layers inside get the same dtype policy."""
        settings, weights = _tupled(config["config"]), _tupled(config.get("pretrained_cfg"))
        policy = keras.dtype_policies.get(config.get("dtype"))
        with dtype_policy(policy):
            pretrained_cfg = PretrainedConfig(**weights) if weights else None
            model = cls(cls.config_class(**settings), pretrained_cfg=pretrained_cfg, name=config.get("name"))
        model.trainable = config.get("trainable", True)
        return model


class _Plain(keras.layers.Layer):
    """A backbone's plain form as a layer, to be traced."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone

    def call(self, images: Any) -> Any:
        features = self.backbone.run(images)[0]
        return features if self.backbone.config.features_only else self.backbone.forward_head(features)


def keeps(attention: bool | Collection[str], path: str) -> bool:
    """Whether `run` was asked for the attention map of this path."""
    return attention if isinstance(attention, bool) else path in attention


@contextmanager
def dtype_policy(policy: Any) -> Iterator[None]:
    """Create layers under a dtype policy ("mixed_bfloat16", ...), None for the current one."""
    previous = keras.config.dtype_policy()
    if policy is not None:
        keras.config.set_dtype_policy(policy)
    try:
        yield
    finally:
        keras.config.set_dtype_policy(previous)


def take_indices(indices: int | Sequence[int] | None, count: int) -> tuple[int, ...]:
    """Feature indices as timm reads them: None all, n the last n, a sequence those (negative ones from the end).

    Raises:
        BackboneError: no index, or one that does not exist.
    """
    if indices is None:
        return tuple(range(count))
    if isinstance(indices, int):
        if not 0 < indices <= count:
            raise BackboneError(f"out_indices {indices}: expected 1 to {count} of the last feature maps")
        return tuple(range(count - indices, count))
    taken = tuple(index + count if index < 0 else index for index in indices)
    if not taken or any(not 0 <= index < count for index in taken):
        raise BackboneError(f"out_indices {list(indices)}: expected one or more indices from {-count} to {count - 1}")
    return taken


def _settings(config: Any) -> dict[str, Any] | None:
    """The fields of a configuration as JSON holds them."""
    return None if config is None else {name: _listed(value) for name, value in dataclasses.asdict(config).items()}


def _listed(value: Any) -> Any:
    return [_listed(item) for item in value] if isinstance(value, tuple | list) else value


def _tupled(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _tupled(item) for name, item in value.items()}
    return tuple(_tupled(item) for item in value) if isinstance(value, list) else value
