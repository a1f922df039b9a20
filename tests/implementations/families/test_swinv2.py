"""SwinV2: everything Swin does, and the windows that the position network was trained with."""

import pytest

from implementations.errors import BackboneError
from tests.implementations.families.test_swin import CUT, DROPS, SMALL, SwinCase


class TestSwinTransformerV2(SwinCase):
    variant = "swinv2_tiny_window8_256"
    small = SMALL
    drops = DROPS
    parity_cases = [
        ("swinv2_tiny_window8_256", CUT),
        ("swinv2_tiny_window8_256", {**CUT, "img_size": (116, 92), "batch": 3, "num_classes": 13}),
        ("swinv2_tiny_window16_256", {**CUT, "img_size": (72, 61), "always_partition": True, "in_chans": 5}),
        (
            "swinv2_tiny_window8_256",
            {**CUT, "img_size": (100, 84), "window_size": ((5, 3), 4, (1, 6), 7), "qkv_bias": False},
        ),
        ("swinv2_base_window12to16_192to256", {**CUT, "img_size": (128, 96)}),
        ("swinv2_base_window12to24_192to384", {**CUT, "img_size": 64}),
        ("swinv2_base_window12_192", {**CUT, "img_size": 96, "num_classes": 7}),
    ]
    tensor_names = [
        "swinv2_tiny_window8_256",
        "swinv2_tiny_window16_256",
        "swinv2_small_window8_256",
        "swinv2_base_window12_192",
        "swinv2_large_window12to24_192to384",
    ]
    bad_sizes = [3, 0, (64, 64, 64)]

    def test_arguments_of_swin_alone_are_refused(self):
        with pytest.raises(BackboneError, match="head_dim"):
            self.create(head_dim=16)
        with pytest.raises(BackboneError, match="pretrained_window_sizes"):
            self.create(pretrained_window_sizes=(12, 12))

    def test_pretrained_windows_change_the_biases(self):
        plain, pretrained = self.create(), self.create(pretrained_window_sizes=(12, 12, 6))
        for path, layer in plain.attention_layers().items():
            found, other = layer.position_bias(), pretrained.attention_layers()[path].position_bias()
            assert abs(found - other).numpy().max() > 1e-2
