"""DeiT and DeiT III: distillation token and head, positions without prefix, layer scale."""

import numpy as np

import implementations
from implementations.parity import checks
from tests.implementations.backbone_case import BackboneCase


class TestDeitDistilled(BackboneCase):
    variant = "deit_tiny_distilled_patch16_224"
    small = {"img_size": (64, 48), "depth": 3}
    parity_cases = [
        ("deit_tiny_patch16_224", {"depth": 3}),
        ("deit_tiny_distilled_patch16_224", {}),
        ("deit_tiny_distilled_patch16_224", {"img_size": (48, 112), "depth": 2, "batch": 3}),
        ("deit3_small_patch16_224", {"depth": 2, "img_size": (96, 64)}),
    ]
    tensor_names = ["deit_base_distilled_patch16_384", "deit3_huge_patch14_224"]
    bad_sizes = [8, -16]


def test_layer_scales_of_the_original_deit3_files_are_renamed():
    model = implementations.create_model("deit3_small_patch16_224", depth=1, img_size=32)
    tensors = implementations.state_dict(model)
    tensors["blocks.0.ls2.gamma"] = np.linspace(0, 1, 384, dtype="float32")
    original = {name.replace("ls1.gamma", "gamma_1").replace("ls2.gamma", "gamma_2"): tensors[name] for name in tensors}
    implementations.load_weights(model, original)
    np.testing.assert_array_equal(model.blocks[0].ls2.gamma.numpy(), tensors["blocks.0.ls2.gamma"])


def test_distilled_training_returns_both_classifiers():
    model = implementations.create_model("deit_tiny_distilled_patch16_224", depth=1, img_size=32, num_classes=5)
    images = checks.random_images((2, 32, 32, 3))
    together = model(images).numpy()
    model.distilled_training = True
    one, other = model(images, training=True)
    np.testing.assert_allclose((one.numpy() + other.numpy()) / 2, together, rtol=1e-5, atol=1e-6)
    np.testing.assert_array_equal(model(images).numpy(), together)
