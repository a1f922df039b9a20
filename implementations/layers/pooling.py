"""Owns the mean over tokens."""

import math

from keras import ops


def token_mean(x):
    """Mean over tokens, (B, N, C) -> (B, C), taken over rows of tokens and then over the rows.

    One running float32 sum over a thousand tokens loses more digits than timm's does; two short ones do not.
    """
    tokens, channels = x.shape[1], x.shape[2]
    if tokens is None:
        return ops.mean(x, axis=1)
    rows = max(divisor for divisor in range(1, math.isqrt(tokens) + 1) if tokens % divisor == 0)
    x = ops.mean(ops.reshape(x, (-1, rows, tokens // rows, channels)), axis=2)  # B, rows, C
    return ops.mean(x, axis=1)
