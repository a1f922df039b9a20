"""KerasHub's ViT and Swin Transformer (https://github.com/keras-team/keras-hub)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from benchmarks.rival import Rival
from benchmarks.timm_tensors import TimmTensors, vit_sizes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison


def _vit(tensors: TimmTensors, fixed: Comparison) -> Any:
    from keras_hub.models import ViTBackbone, ViTImageClassifier

    sizes = vit_sizes(tensors)
    backbone = ViTBackbone(
        image_shape=(fixed.img_size, fixed.img_size, 3),
        patch_size=sizes.patch_size,
        num_layers=sizes.depth,
        num_heads=sizes.num_heads,
        hidden_dim=sizes.embed_dim,
        mlp_dim=sizes.mlp_dim,
        layer_norm_epsilon=1e-6,
    )
    model = ViTImageClassifier(backbone, num_classes=sizes.num_classes)
    embedding = backbone.get_layer("vit_patching_and_embedding")
    tensors.convolution("patch_embed.proj", embedding.patch_embedding)
    tensors.give("cls_token", embedding.class_token)
    tensors.give("pos_embed", embedding.position_embedding.embeddings, lambda positions: positions[0])
    encoder = backbone.get_layer("vit_encoder")
    for number, layer in enumerate(encoder.encoder_layers):
        block = f"blocks.{number}"
        tensors.norm(f"{block}.norm1", layer.layer_norm_1)
        attention = layer.mha
        tensors.separate_qkv(f"{block}.attn.qkv", attention.query_dense, attention.key_dense, attention.value_dense)
        tensors.joined_heads(f"{block}.attn.proj", attention.output_dense)
        tensors.norm(f"{block}.norm2", layer.layer_norm_2)
        tensors.dense(f"{block}.mlp.fc1", layer.mlp.dense_1)
        tensors.dense(f"{block}.mlp.fc2", layer.mlp.dense_2)
    tensors.norm("norm", encoder.layer_norm)
    tensors.dense("head", model.output_dense)
    return model


def _swin(tensors: TimmTensors, fixed: Comparison) -> Any:
    from keras_hub.models import SwinTransformerBackbone, SwinTransformerImageClassifier

    stages = range(tensors.depth("layers"))
    tables = [tensors.shape(f"layers.{stage}.blocks.0.attn.relative_position_bias_table") for stage in stages]
    backbone = SwinTransformerBackbone(
        image_shape=(fixed.img_size, fixed.img_size, 3),
        embed_dim=tensors.shape("patch_embed.proj.weight")[0],
        depths=tuple(tensors.depth(f"layers.{stage}.blocks") for stage in stages),
        num_heads=tuple(heads for _, heads in tables),
        window_size=(round(tables[0][0] ** 0.5) + 1) // 2,
        patch_size=tensors.shape("patch_embed.proj.weight")[-1],
        drop_path=0.0,
    )
    model = SwinTransformerImageClassifier(backbone, num_classes=tensors.shape("head.fc.weight")[0])
    tensors.convolution("patch_embed.proj", backbone.patch_embedding.proj)
    tensors.norm("patch_embed.norm", backbone.patch_embedding.norm)
    for number, stage in enumerate(backbone.stages):
        for place, layer in enumerate(stage.blocks):
            _swin_block(tensors, f"layers.{number}.blocks.{place}", layer)
        if stage.downsample is not None:  # timm keeps it with the stage after
            tensors.norm(f"layers.{number + 1}.downsample.norm", stage.downsample.norm)
            tensors.dense(f"layers.{number + 1}.downsample.reduction", stage.downsample.reduction)
    tensors.norm("norm", backbone.norm)
    tensors.dense("head.fc", model.output_dense)
    return model


def _swin_block(tensors: TimmTensors, block: str, layer: Any) -> None:
    tensors.norm(f"{block}.norm1", layer.norm1)
    tensors.give(f"{block}.attn.relative_position_bias_table", layer.attn.relative_position_bias_table)
    tensors.dense(f"{block}.attn.qkv", layer.attn.qkv)
    tensors.dense(f"{block}.attn.proj", layer.attn.proj)
    tensors.norm(f"{block}.norm2", layer.norm2)
    tensors.dense(f"{block}.mlp.fc1", layer.mlp.fc1)
    tensors.dense(f"{block}.mlp.fc2", layer.mlp.fc2)


RIVAL = Rival(
    __name__,
    module="keras_hub",
    requirements=("keras-hub==0.32.0",),
    layered=True,
    keras=3,
    runtimes=("tf-graph", "tf-xla", "jax"),
    swept=("tf-graph", "tf-xla"),
    builds={"vit": _vit, "deit": _vit, "swin": _swin},
)
