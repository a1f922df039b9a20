"""The TensorFlow Model Garden's Vision Transformer (https://github.com/tensorflow/models).

It approximates GELU by a tanh, and its constructor has no argument for it; the activation is set to the exact one,
without which its outputs differ from timm's.
"""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from benchmarks.rival import Rival
from benchmarks.timm_tensors import TimmTensors, vit_sizes

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison


def _vit(tensors: TimmTensors, fixed: Comparison) -> Any:
    from official.vision.modeling.backbones.vit import VisionTransformer
    from official.vision.modeling.classification_model import ClassificationModel
    from tf_keras.layers import InputSpec

    sizes = vit_sizes(tensors)
    images = InputSpec(shape=[None, fixed.img_size, fixed.img_size, 3])
    backbone = VisionTransformer(
        mlp_dim=sizes.mlp_dim,
        num_heads=sizes.num_heads,
        num_layers=sizes.depth,
        dropout_rate=0.0,
        input_specs=images,
        patch_size=sizes.patch_size,
        hidden_size=sizes.embed_dim,
    )
    model = ClassificationModel(backbone, num_classes=sizes.num_classes, input_specs=images)
    _give_weights(tensors, model)
    return model


def _give_weights(tensors: TimmTensors, model: Any) -> None:
    from tf_keras.activations import gelu

    layers = {type(layer).__name__: layer for layer in (*model.backbone.layers, *model.layers)}
    encoder = layers["Encoder"]
    tensors.convolution("patch_embed.proj", layers["Conv2D"])
    tensors.give("cls_token", layers["TokenLayer"].cls)
    tensors.give("pos_embed", encoder._pos_embed.pos_embedding)
    for number, layer in enumerate(encoder._encoder_layers):
        block, attention = f"blocks.{number}", layer._attention_layer
        tensors.norm(f"{block}.norm1", layer._attention_layer_norm)
        tensors.separate_qkv(f"{block}.attn.qkv", attention._query_dense, attention._key_dense, attention._value_dense)
        tensors.joined_heads(f"{block}.attn.proj", attention._output_dense)
        tensors.norm(f"{block}.norm2", layer._output_layer_norm)
        tensors.joined_heads(f"{block}.mlp.fc1", layer._intermediate_dense)
        tensors.joined_heads(f"{block}.mlp.fc2", layer._output_dense)
        layer._intermediate_activation_layer.activation = functools.partial(gelu, approximate=False)
    tensors.norm("norm", encoder._norm)
    tensors.dense("head", layers["Dense"])


RIVAL = Rival(
    __name__,
    module="official",
    requirements=(
        "tf-models-official==2.20.0",
        "tensorflow==2.20.0",  # it pins this; the environment is its own
        "tf-keras==2.20.1",
        *("filelock==4.2.11", "psutil==7.2.2", "safetensors==0.8.0"),  # what a worker imports
    ),
    layered=False,
    keras=2,
    runtimes=("tf-graph", "tf-xla"),
    swept=("tf-graph",),
    slow=True,
    builds={"vit": _vit, "deit": _vit},
)
