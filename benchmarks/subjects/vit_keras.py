"""Owns vit-keras's Vision Transformer as a subject: built by its `build_model`, filled with timm's tensors."""

from __future__ import annotations

from typing import Any

from benchmarks.specification import Comparison, Run
from benchmarks.subject import Loaded, Reference
from benchmarks.subjects.rival_models import build_for, load_filled
from benchmarks.subjects.runtimes import need_runtime, use_keras
from benchmarks.subjects.timm_tensors import TimmTensors
from benchmarks.subjects.vit_sizes import vit_sizes


def load(run: Run, reference: Reference) -> Loaded:
    """A ViT classifier of vit-keras with the reference's weights.

    Raises:
        BenchmarkError: a workload that vit-keras does not have, or another runtime.
    """
    need_runtime(run, "tf-graph", "tf-xla", "jax")
    build = build_for(run, {"vit": _vit, "deit": _vit})
    use_keras(run)
    return load_filled(run, reference, build, ("vit-keras", "keras"))


def _vit(tensors: TimmTensors, fixed: Comparison) -> Any:
    from vit_keras.vit import build_model

    sizes = vit_sizes(tensors)
    model = build_model(
        image_size=fixed.img_size,
        patch_size=sizes.patch_size,
        num_layers=sizes.depth,
        hidden_size=sizes.embed_dim,
        num_heads=sizes.num_heads,
        name="vit",
        mlp_dim=sizes.mlp_dim,
        classes=sizes.num_classes,
        dropout=0.0,
    )
    tensors.convolution("patch_embed.proj", model.get_layer("embedding"))
    tensors.give("cls_token", model.get_layer("class_token").cls)
    tensors.give("pos_embed", model.get_layer("Transformer_posembed_input").pe)
    for number in range(sizes.depth):
        block, layer = f"blocks.{number}", model.get_layer(f"Transformer_encoderblock_{number}")
        attention, mlp = layer.att, layer.mlpblock
        tensors.norm(f"{block}.norm1", layer.layernorm1)
        tensors.separate_qkv(f"{block}.attn.qkv", attention.query_dense, attention.key_dense, attention.value_dense)
        tensors.dense(f"{block}.attn.proj", attention.combine_heads)
        tensors.norm(f"{block}.norm2", layer.layernorm2)
        tensors.dense(f"{block}.mlp.fc1", mlp.layers[0])
        tensors.dense(f"{block}.mlp.fc2", mlp.layers[3])
    tensors.norm("norm", model.get_layer("Transformer_encoder_norm"))
    tensors.dense("head", model.get_layer("head"))
    return model
