"""The embedding of image patches by a convolution (timm/layers/patch_embed.py)."""

import keras

from implementations.errors import BackboneError
from implementations.layers.linear import Conv2d
from implementations.layers.norm import create_norm
from implementations.layers.pair import Pair, pair


@keras.saving.register_keras_serializable(package="implementations")
class PatchEmbed(keras.layers.Layer):
    """Non-overlapping patches projected to `embed_dim`. Shapes: (B, H, W, C) -> (B, H / patch, W / patch, embed_dim).

    A remainder of the image that does not fill a patch is left out, as a strided convolution does. Flattening to tokens
    is left to the caller.
    """

    def __init__(
        self,
        img_size: int | Pair,
        patch_size: int | Pair,
        in_chans: int,
        embed_dim: int,
        use_bias: bool = True,
        norm_layer: str | None = None,
        norm_eps: float = 1e-6,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.patch_size, self.img_size = pair(patch_size), pair(img_size)
        self.grid_size = (self.img_size[0] // self.patch_size[0], self.img_size[1] // self.patch_size[1])
        if not self.grid_size[0] or not self.grid_size[1]:
            raise BackboneError(f"img_size {self.img_size[0]}x{self.img_size[1]} holds no patch of {patch_size} pixels")
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        self.proj = Conv2d(in_chans, embed_dim, self.patch_size, stride=self.patch_size, use_bias=use_bias)
        self.norm = create_norm(norm_layer, embed_dim, norm_eps)
        self.built = True

    def call(self, x):
        return self.norm(self.proj(x))  # B, H, W, C
