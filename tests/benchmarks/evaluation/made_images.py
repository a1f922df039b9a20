"""Makes a small folder of images of several kinds and sizes, and random weights that both implementations load."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path

import numpy as np
from PIL import Image

MODEL = "vit_tiny_patch16_224"
IMG_SIZE = 64
SYNSETS = ("n01440764", "n02123045", "n04285008")  # classes 0, 281 and 817 of ImageNet-1K
KINDS = (
    ("RGB", 3, "JPEG"),
    ("L", 1, "JPEG"),
    ("RGBA", 4, "PNG"),
    ("CMYK", 4, "JPEG"),
    ("RGB", 3, "PNG"),
    ("LA", 2, "PNG"),
)
SIZES = ((150, 200), (97, 61), (64, 64), (40, 250), (240, 180), (33, 33))


def make_folder(root: Path, classes: tuple[str, ...] = SYNSETS) -> Path:
    """A folder per class with six images each, no two alike."""
    random = np.random.default_rng(0)
    for place, name in enumerate(classes):
        (root / name).mkdir(parents=True)
        for number, (mode, channels, kind) in enumerate(KINDS):
            size = SIZES[(number + place) % len(SIZES)]
            pixels = photograph(random, *size, channels)
            image = Image.fromarray(pixels[..., 0] if channels == 1 else pixels)
            if mode == "CMYK":
                image = Image.frombytes("CMYK", (size[1], size[0]), pixels.tobytes())
            image.save(root / name / f"{number}-{mode.lower()}.{kind if kind == 'JPEG' else 'png'}", kind)
    return root


def photograph(random: np.random.Generator, height: int, width: int, channels: int) -> np.ndarray:
    """uint8 noise (H, W, C) with the 1/f spectrum of natural photographs."""
    frequency = np.hypot(np.fft.fftfreq(height)[:, None], np.fft.fftfreq(width)[None]) + 1 / (height + width)
    waves = np.fft.ifft2(random.normal(size=(channels, height, width)) / frequency).real
    return np.clip(128 + 50 * (waves - waves.mean()) / waves.std(), 0, 255).astype(np.uint8).transpose(1, 2, 0)


def png(width: int, height: int) -> bytes:
    """A grey PNG of one bit per pixel, all black: a few kilobytes for a hundred million pixels."""
    rows = zlib.compress(bytes(height * (1 + -(-width // 8))), 9)
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"IDAT", rows), (b"IEND", b""))
    parts = (
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def make_weights(path: Path, model: str = MODEL, **arguments: int) -> Path:
    """Random values for every tensor of timm's model, in a file."""
    from safetensors.torch import save_file

    from implementations.parity.reference import create_reference

    state = create_reference(model, **arguments).state_dict()
    save_file({name: tensor.contiguous() for name, tensor in state.items()}, path)
    return path
