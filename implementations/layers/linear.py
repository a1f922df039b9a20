"""The fully connected layer and the convolution under torch's semantics."""

import keras
from keras import ops

from implementations.layers.cost_trace import record
from implementations.layers.initial import conv_uniform, truncated_normal
from implementations.layers.pair import Pair, pair


@keras.saving.register_keras_serializable(package="implementations")
class Linear(keras.layers.Layer):
    """`x @ kernel + bias` over the last axis, as one matrix product on flattened rows.

    Shapes: (..., in_features) -> (..., out_features). Variables: `kernel` (in, out), `bias` (out,). A layer without a
    bias may be called with one.
    """

    def __init__(self, in_features: int, out_features: int, use_bias: bool = True, init_std: float = 0.02, **kwargs):
        super().__init__(**kwargs)
        self.in_features, self.out_features = in_features, out_features
        initializer = truncated_normal(init_std)
        self.kernel = self.add_weight((in_features, out_features), initializer=initializer, name="kernel")
        self.bias = self.add_weight((out_features,), initializer="zeros", name="bias") if use_bias else None
        self.built = True

    def call(self, x, bias=None):
        record("linear", x.shape, self.out_features)
        bias = self.bias if bias is None else bias
        rows = ops.matmul(to_rows(x), self.kernel)  # rows, out
        return from_rows(rows if bias is None else ops.add(rows, bias), x)

    def compute_output_shape(self, input_shape):
        """Input shape with the last axis replaced."""
        return (*input_shape[:-1], self.out_features)


@keras.saving.register_keras_serializable(package="implementations")
class Conv2d(keras.layers.Layer):
    """Convolution of torch's `Conv2d`: symmetric zero padding of `padding` pixels, NHWC in and out.

    Variables: `kernel` (kernel_height, kernel_width, in_chans / groups, out_chans), `bias` (out_chans,).
    """

    def __init__(
        self,
        in_chans: int,
        out_chans: int,
        kernel_size: int | Pair,
        stride: int | Pair = 1,
        padding: int = 0,
        groups: int = 1,
        use_bias: bool = True,
        **kwargs,
    ):
        super().__init__(**kwargs)
        self.in_chans, self.out_chans, self.groups, self.padding = in_chans, out_chans, groups, padding
        self.kernel_size, self.stride = pair(kernel_size), pair(stride)
        shape = (*self.kernel_size, in_chans // groups, out_chans)
        self.kernel = self.add_weight(shape, initializer=conv_uniform(), name="kernel")
        self.bias = self.add_weight((out_chans,), initializer="zeros", name="bias") if use_bias else None
        self.built = True

    def call(self, x):
        if self.padding:
            margin = (self.padding, self.padding)
            x = ops.pad(x, ((0, 0), margin, margin, (0, 0)))
        x = ops.conv(x, self.kernel, strides=self.stride, padding="valid", data_format="channels_last")
        record("conv", x.shape, self.kernel_size, self.in_chans // self.groups)
        return x if self.bias is None else ops.add(x, self.bias)


def to_rows(x):
    """(..., C) -> (rows, C)."""
    return x if len(x.shape) == 2 else ops.reshape(x, (-1, x.shape[-1]))


def from_rows(rows, like):
    """(rows, C) -> (..., C) with the leading axes of `like` (..., any)."""
    sizes = tuple(like.shape[:-1])
    if len(sizes) == 1:
        return rows
    if any(size is None for size in sizes[1:]):
        sizes = ops.shape(like)[:-1]
    return ops.reshape(rows, (-1, *sizes[1:], rows.shape[-1]))
