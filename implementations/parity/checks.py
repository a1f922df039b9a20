"""The checks that make up parity: outputs, gradients, and the full list of tensors."""

import dataclasses
import gc
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

import implementations
from implementations import registry
from implementations.factory import create_unallocated
from implementations.layers.initial import initial_values_left_out
from implementations.parity import reference
from implementations.parity.compare import Comparison, compare, compare_one
from implementations.weights import load_weights, slots, tensor_shapes

ATTENTION_ELEMENTS = 40_000_000  # of attention maps held at once; beyond it the first and the last layer are compared
ATTENTION_LIMIT = 400_000_000  # of those two; beyond it (4096 tokens) only outputs and features are


def random_images(shape: tuple[int, int, int, int], seed: int = 0) -> np.ndarray:
    """Images (B, H, W, C), float32: noise on slopes and waves, no two rows, columns, channels or samples alike."""
    batch, height, width, channels = shape
    random = np.random.default_rng(seed)
    rows, columns = np.linspace(-1, 1, height)[:, None, None], np.linspace(-1, 1, width)[None, :, None]
    frequency, phase = random.uniform(1, 9, (batch, 1, 1, channels)), random.uniform(0, 6, (batch, 1, 1, channels))
    smooth = np.sin(frequency * rows + phase) + 0.5 * np.cos(2 * frequency * columns) + rows * columns
    return (smooth + 0.5 * random.standard_normal(shape)).astype("float32")


def check_outputs(name: str, batch: int = 2, seed: int = 0, **arguments: Any) -> list[Comparison]:
    """Logits, final features, every stage's feature map and the attention maps of a variant against its reference's.

    Args:
        name: the variant, known to both.
        batch: images.
        seed: of weights and images.
        **arguments: configuration that both take (`img_size`, `depth`, `num_classes`, ...).
    """
    theirs = reference.create_reference(name, seed, **arguments)
    model = _create_from(theirs, name, **arguments)
    images = random_images((batch, *model.config.img_size, model.config.in_chans), seed)
    paths = _affordable(reference.attention_sizes(name, images, **arguments))
    ours = _outputs(model, images, paths)
    del model
    gc.collect()
    single = reference.reference_outputs(theirs, images, paths)
    double = reference.reference_outputs(theirs.double(), images, paths)
    return compare(ours, single, double)


def check_gradients(name: str, batch: int = 2, seed: int = 0, **arguments: Any) -> list[Comparison]:
    """Gradients by the images, and by the weights as a whole, of a random projection of the logits.

    Each weight's errors are relative to that gradient's own scale. A gradient of a few numbers gives no stable estimate
    of the reference's error, so the worst of ours over all weights is held against the worst of the reference's.
    """
    theirs = reference.create_reference(name, seed, **arguments)
    model = _create_from(theirs, name, **arguments)
    images = random_images((batch, *model.config.img_size, model.config.in_chans), seed)
    cotangent = np.random.default_rng(seed).standard_normal((batch, model.num_classes)).astype("float32")
    ours = _gradients(model, images, cotangent)
    single = _by_our_names(name, reference.reference_gradients(theirs, images, cotangent))
    double = _by_our_names(name, reference.reference_gradients(theirs.double(), images, cotangent))
    compared = compare(ours, single, double)
    weights = [comparison for comparison in compared if comparison.name != "images"]
    largest = max(weights, key=lambda comparison: comparison.error)
    total = Comparison(f"weights ({largest.name})", largest.error, max(each.reference_error for each in weights))
    return [compare_one("images", ours["images"], single["images"], double["images"]), total]


def check_tensors(name: str, **arguments: Any) -> list[str]:
    """Differences of our tensors from the reference's by name and shape at full size, none allocated; empty is good."""
    theirs = reference.reference_shapes(name, **arguments)
    ours = unallocated_shapes(name, **arguments)
    return [
        f"{key} {theirs.get(key)} in the reference, {ours.get(key)} here"
        for key in sorted(theirs.keys() | ours.keys())
        if theirs.get(key) != ours.get(key)
    ]


def unallocated_shapes(name: str, **arguments: Any) -> dict[str, tuple[int, ...]]:
    """Name and shape of every weight of a variant, as the reference has them; no value is created."""
    return tensor_shapes(create_unallocated(name, **arguments))


def depth_cut(name: str) -> dict[str, Any]:
    """Arguments that leave a variant its width and two blocks per stage."""
    family = registry.family_of(name)
    fields = dataclasses.fields(family.model_class().config_class)
    told: dict[str, Any] = {field.name: field.default for field in fields} | family.variants[name]
    if "depths" in told:
        return {"depths": tuple(min(depth, 2) for depth in told["depths"])}
    return {"depth": 2} if "depth" in told else {}


def _by_our_names(name: str, tensors: Mapping[str, Any]) -> dict[str, Any]:
    our_name = reference.reference_of(name).our_name
    return {our_name(key): tensor for key, tensor in tensors.items()}


def _create_from(theirs: Any, name: str, **arguments: Any) -> Any:
    with initial_values_left_out():
        model = implementations.create_model(name, **arguments)
    load_weights(model, _by_our_names(name, theirs.state_dict()))
    return model


def _affordable(sizes: dict[str, int]) -> list[str]:
    paths = list(sizes)
    if sum(sizes.values()) <= ATTENTION_ELEMENTS:
        return paths
    ends = [paths[0], paths[-1]]
    return ends if sum(sizes[path] for path in ends) <= ATTENTION_LIMIT else []


def _outputs(model: Any, images: np.ndarray, paths: list[str]) -> dict[str, np.ndarray]:
    indices = range(len(model.all_features()))
    features, maps, attention = model.run(model.checked(images), False, attention=paths, indices=indices)
    outputs = {"logits": model(images), "features": features}  # the call takes the form for inference, `run` the plain
    outputs.update({f"features.{index}": maps[index] for index in indices})
    outputs.update({f"attention.{path}": weights for path, weights in attention.items()})
    return {key: keras.ops.convert_to_numpy(value) for key, value in outputs.items()}


def _gradients(model: Any, images: np.ndarray, cotangent: np.ndarray) -> dict[str, np.ndarray]:
    import tensorflow as tf

    inputs = tf.constant(images)
    found = list(slots(model))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        features, _, _ = model.run(model.checked(inputs), False)  # the form that trains, without its chances
        loss = tf.reduce_sum(model.forward_head(features) * cotangent)
    values = tape.gradient(loss, [inputs, *(slot.variable.value for slot in found)])
    gradients = {slot.name: slot.in_timm_layout(value.numpy()) for slot, value in zip(found, values[1:], strict=True)}
    return {**gradients, "images": values[0].numpy()}
