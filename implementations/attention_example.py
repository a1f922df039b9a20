"""Owns the example picture of attention: a small ViT learns to name a shape, and shows where it looked.

`python -m implementations.attention_example PATH` trains it anew and writes the picture. The repository ships no weights,
and random ones look nowhere; the task is made here, so the picture needs no download.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64  # pixels
PATCH = 8  # pixels
SHAPES = ("disc", "square", "triangle")
STEPS = 240
BATCH = 32
SHOWN = 3


def shapes(count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures, each with one shape somewhere: uint8 (count, SIDE, SIDE, 3) and the shapes' numbers (count,)."""
    labels = generator.integers(len(SHAPES), size=count)
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for index, label in enumerate(labels):
        noise = generator.integers(90, 166, (SIDE // 4, SIDE // 4, 3), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC)
        _draw(ImageDraw.Draw(picture), SHAPES[label], generator)
        pictures[index] = np.asarray(picture)
    return pictures, labels


def train(generator: np.random.Generator) -> Any:
    """A ViT of six blocks that names the shape; returns the trained model."""
    import keras

    import implementations

    keras.utils.set_random_seed(0)
    model = implementations.create_model(
        "vit_tiny_patch16_224", img_size=SIDE, patch_size=PATCH, depth=6, num_classes=len(SHAPES)
    )
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.0, STEPS, warmup_target=5e-4, warmup_steps=30)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    pictures, labels = shapes(STEPS * BATCH, generator)
    model.fit(_normalised(pictures), labels, batch_size=BATCH, epochs=1, verbose=2)
    return model


def draw(path: Path) -> None:
    """Train, and write a row of pictures, each beside itself under its attention rollout."""
    from implementations.attention_map import draw_attention
    from implementations.image_processing import ImageProcessor

    generator = np.random.default_rng(0)
    model = train(generator)
    unseen, labels = shapes(256, generator)
    found = np.argmax(model.predict(_normalised(unseen), verbose=0), axis=-1)
    print(f"{np.mean(found == labels):.1%} of {len(labels)} unseen pictures named right")
    processor = ImageProcessor((SIDE, SIDE), (SIDE, SIDE), mean=(0.5,) * 3, std=(0.5,) * 3)
    chosen = [int(np.flatnonzero(labels == shape)[0]) for shape in range(SHOWN)]
    row = np.concatenate([np.asarray(draw_attention(model, unseen[index], processor=processor)) for index in chosen], 1)
    picture = Image.fromarray(row)
    picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.LANCZOS).save(path, optimize=True)


def _draw(canvas: ImageDraw.ImageDraw, shape: str, generator: np.random.Generator) -> None:
    radius = int(generator.integers(8, 13))
    x, y = (int(value) for value in generator.integers(radius + 2, SIDE - radius - 2, size=2))
    colour = tuple(int(value) for value in generator.integers(0, 256, size=3))
    box = (x - radius, y - radius, x + radius, y + radius)
    if shape == "disc":
        canvas.ellipse(box, fill=colour)
    elif shape == "square":
        canvas.rectangle(box, fill=colour)
    else:
        canvas.polygon([(x, y - radius), (x - radius, y + radius), (x + radius, y + radius)], fill=colour)


def _normalised(pictures: np.ndarray) -> np.ndarray:
    return (pictures.astype(np.float32) / 255 - 0.5) / 0.5


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
