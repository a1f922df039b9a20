"""vit-keras's Vision Transformer, by its `build_model` (https://github.com/faustomorales/vit-keras)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.rival import Rival
from benchmarks.timm_tensors import TimmTensors, vit_sizes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison


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


RIVAL = Rival(
    __name__,
    module="vit_keras",
    requirements=("vit-keras==0.2.0", "validators==0.35.0", "opencv-python-headless==5.0.0.93"),
    layered=True,
    keras=3,
    runtimes=("tf-graph", "tf-xla", "jax"),
    swept=("tf-graph",),
    slow=True,
    builds={"vit": _vit, "deit": _vit},
)
