"""keras_cv_attention_models' ViT and Swin Transformer V2 (https://github.com/leondgarse/keras_cv_attention_models)."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from benchmarks.errors import BenchmarkError
from benchmarks.rival import Rival
from benchmarks.timm_tensors import TimmTensors, vit_sizes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison


def _fold_position_bias(model: Any) -> None:
    """What `model.switch_to_deploy()` does, which fails under mixed precision: it fills float32 with bfloat16."""
    import tensorflow as tf

    for layer in model.layers:
        if not hasattr(layer, "switch_to_deploy"):
            continue
        shape = [1, *layer.input_shape[1:]]
        bias = tf.cast(layer(tf.zeros(shape)), "float32")
        layer.deploy_bias = layer.add_weight(name="deploy_bias", shape=shape, initializer="zeros", trainable=False)
        layer.deploy_bias.assign(bias)
        layer.is_deploy_mode = True


def _vit(tensors: TimmTensors, fixed: Comparison) -> Any:
    from keras_cv_attention_models.beit.vit import ViT

    sizes = vit_sizes(tensors)
    model = ViT(
        depth=sizes.depth,
        embed_dim=sizes.embed_dim,
        num_heads=sizes.num_heads,
        patch_size=sizes.patch_size,
        mlp_ratio=sizes.mlp_dim / sizes.embed_dim,
        input_shape=(fixed.img_size, fixed.img_size, 3),
        num_classes=sizes.num_classes,
        classifier_activation=None,
        pretrained=None,
    )
    tensors.convolution("patch_embed.proj", model.get_layer("stem_conv"))
    tensors.give("cls_token", model.get_layer("cls_token").weights[0])
    tensors.give("pos_embed", model.get_layer("positional_embedding").weights[0])
    for number in range(sizes.depth):
        block, layer = f"blocks.{number}", f"block{number}"
        tensors.norm(f"{block}.norm1", model.get_layer(f"{layer}_attn_ln"))
        tensors.dense(f"{block}.attn.qkv", model.get_layer(f"{layer}_attn_qkv"))
        tensors.dense(f"{block}.attn.proj", model.get_layer(f"{layer}_attn_output"))
        tensors.norm(f"{block}.norm2", model.get_layer(f"{layer}_mlp_ln"))
        tensors.dense(f"{block}.mlp.fc1", model.get_layer(f"{layer}_mlp_dense_1"))
        tensors.dense(f"{block}.mlp.fc2", model.get_layer(f"{layer}_mlp_dense_2"))
    tensors.norm("norm", model.get_layer("out_ln"))
    tensors.dense("head", model.get_layer("predictions"))
    return model


def _swin_v2(tensors: TimmTensors, fixed: Comparison) -> Any:
    from keras_cv_attention_models.swin_transformer_v2 import SwinTransformerV2

    stages = range(tensors.depth("layers"))
    depths = [tensors.depth(f"layers.{stage}.blocks") for stage in stages]
    model = SwinTransformerV2(
        num_blocks=depths,
        num_heads=[tensors.shape(f"layers.{stage}.blocks.0.attn.logit_scale")[0] for stage in stages],
        embed_dim=tensors.shape("patch_embed.proj.weight")[0],
        window_size=_window_size(fixed.workload),
        stem_patch_size=tensors.shape("patch_embed.proj.weight")[-1],
        input_shape=(fixed.img_size, fixed.img_size, 3),
        num_classes=tensors.shape("head.fc.weight")[0],
        classifier_activation=None,
        pretrained=None,
    )
    tensors.convolution("patch_embed.proj", model.get_layer("stem_conv"))
    tensors.norm("patch_embed.norm", model.get_layer("stem_ln"))
    for stage, depth in enumerate(depths):
        if stage:
            downsample = f"stack{stage + 1}_downsample_"
            tensors.dense(f"layers.{stage}.downsample.reduction", model.get_layer(f"{downsample}dense"))
            tensors.norm(f"layers.{stage}.downsample.norm", model.get_layer(f"{downsample}ln"))
        for place in range(depth):
            _swin_v2_block(tensors, f"layers.{stage}.blocks.{place}", model, f"stack{stage + 1}_block{place + 1}_")
    tensors.norm("norm", model.get_layer("pre_output_ln"))
    tensors.dense("head.fc", model.get_layer("predictions"))
    return model


def _window_size(workload: str) -> int:
    """No tensor tells it, the name does. Raises BenchmarkError."""
    match = re.search(r"window(\d+)", workload)
    if match is None:
        raise BenchmarkError(f"{workload}: expected a name with its window size, such as swinv2_tiny_window8_256")
    return int(match[1])


def _swin_v2_block(tensors: TimmTensors, block: str, model: Any, layer: str) -> None:
    attention = f"{block}.attn"
    tensors.dense(f"{attention}.qkv", model.get_layer(f"{layer}attn_qkv"))
    for bias in ("query_bias", "value_bias"):
        tensors.give(f"{attention}.{bias[0]}_bias", model.get_layer(f"{layer}attn_{bias}").weights[0])
    scale = model.get_layer(f"{layer}attn_scale").scale
    tensors.give(f"{attention}.logit_scale", scale, lambda values: values.reshape(tuple(scale.shape)))
    position = model.get_layer(f"{layer}attn_pos_emb")
    tensors.give(f"{attention}.cpb_mlp.0.weight", position.hidden_weight, lambda weight: weight.T)
    tensors.give(f"{attention}.cpb_mlp.0.bias", position.hidden_bias)
    tensors.give(f"{attention}.cpb_mlp.2.weight", position.out, lambda weight: weight.T)
    tensors.dense(f"{attention}.proj", model.get_layer(f"{layer}attn_output"))
    tensors.norm(f"{block}.norm1", model.get_layer(f"{layer}attn_ln"))
    tensors.dense(f"{block}.mlp.fc1", model.get_layer(f"{layer}mlp_Dense_0"))
    tensors.dense(f"{block}.mlp.fc2", model.get_layer(f"{layer}mlp_Dense_1"))
    tensors.norm(f"{block}.norm2", model.get_layer(f"{layer}mlp_ln"))


RIVAL = Rival(
    __name__,
    module="keras_cv_attention_models",
    requirements=("keras-cv-attention-models==1.4.3", "tf-keras==2.21.0", "ftfy==6.3.1", "wcwidth==0.2.14"),
    layered=True,
    keras=2,
    runtimes=("tf-graph", "tf-xla"),
    swept=("tf-graph", "tf-xla"),
    builds={"vit": _vit, "deit": _vit, "swinv2": _swin_v2},
    finish=_fold_position_bias,
)
