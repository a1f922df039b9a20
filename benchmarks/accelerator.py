"""Owns what the framework of this process says about the graphics card: its name, and the most memory it gave out."""

from __future__ import annotations

import sys


def accelerator_name() -> str | None:
    """Name of the card that the loaded framework computes on; None when none of them has one."""
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_available():
            return str(torch.cuda.get_device_name())
    if "jax" in sys.modules:
        import jax

        if jax.default_backend() != "cpu":
            return str(jax.local_devices()[0].device_kind)
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        cards = tf.config.list_physical_devices("GPU")
        if cards:
            return str(tf.config.experimental.get_device_details(cards[0]).get("device_name", cards[0].name))
    return None


def peak_memory_mb() -> float | None:
    """Most memory that tensors took on the card, in MB; None where the framework keeps no count."""
    if "torch" in sys.modules:
        import torch

        if torch.cuda.is_available():
            return torch.cuda.max_memory_allocated() / 1e6
    if "jax" in sys.modules:
        import jax

        peak = (jax.local_devices()[0].memory_stats() or {}).get("peak_bytes_in_use")
        return peak / 1e6 if peak is not None else None
    if "tensorflow" in sys.modules:
        import tensorflow as tf

        if tf.config.list_physical_devices("GPU"):
            return tf.config.experimental.get_memory_info("GPU:0")["peak"] / 1e6
    return None
