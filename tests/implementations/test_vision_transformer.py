"""The Vision Transformer: parity of each kind of block, token, norm, pool and head, and everything a backbone does."""

from tests.implementations.backbone_case import BackboneCase


class TestVisionTransformer(BackboneCase):
    variant = "test_vit2"
    small = {"img_size": (64, 96), "depth": 4}
    drops = {
        "drop_path_rate": 0.9,
        "drop_rate": 0.3,
        "pos_drop_rate": 0.3,
        "proj_drop_rate": 0.3,
        "attn_drop_rate": 0.3,
    }
    parity_cases = [
        ("vit_tiny_patch16_224", {}),
        ("vit_tiny_patch16_224", {"img_size": (160, 96), "batch": 3, "num_classes": 13}),
        ("vit_tiny_patch16_224", {"img_size": (100, 70), "in_chans": 5, "depth": 3}),
        ("test_vit", {}),
    ]
    tensor_names = ["vit_tiny_patch16_224", "aimv2_3b_patch14_224"]
    bad_sizes = [8, 0, (64, 64, 64)]
