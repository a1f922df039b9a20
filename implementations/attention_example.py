"""The example picture of attention: a small ViT learns to name a colour, and shows where it looked.

`python -m implementations.attention_example PATH` trains it anew and writes the picture. The repository ships no
weights, and random ones look nowhere; the task is made here, so the picture needs no download.
"""

import sys
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

SIDE = 64  # pixels
PATCH = 8  # pixels
COLOURS = {"red": (190, 70, 70), "green": (70, 160, 70), "blue": (70, 90, 190)}
GREY = (40, 40, 40)
STEPS = 160
BATCH = 32


def scenes(count: int, generator: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Noisy pictures with dark discs and one coloured disc: uint8 (count, SIDE, SIDE, 3), and its colour (count,)."""
    labels = generator.integers(len(COLOURS), size=count)
    pictures = np.empty((count, SIDE, SIDE, 3), np.uint8)
    for index, label in enumerate(labels):
        noise = generator.integers(90, 166, (SIDE // 4, SIDE // 4), dtype=np.uint8)
        picture = Image.fromarray(noise).resize((SIDE, SIDE), Image.Resampling.BICUBIC).convert("RGB")
        canvas = ImageDraw.Draw(picture)
        for colour in (GREY, GREY, list(COLOURS.values())[label]):
            radius = int(generator.integers(6, 11))
            x, y = (int(value) for value in generator.integers(radius + 2, SIDE - radius - 2, size=2))
            canvas.ellipse((x - radius, y - radius, x + radius, y + radius), fill=colour)
        pictures[index] = np.asarray(picture)
    return pictures, labels


def train(generator: np.random.Generator) -> Any:
    """A ViT of four blocks that names the colour; returns the trained model."""
    import keras

    import implementations

    keras.utils.set_random_seed(0)
    model = implementations.create_model(
        "vit_tiny_patch16_224", img_size=SIDE, patch_size=PATCH, depth=4, num_classes=len(COLOURS)
    )
    model.compile(
        keras.optimizers.AdamW(keras.optimizers.schedules.CosineDecay(0.0, STEPS, warmup_target=1e-3, warmup_steps=20)),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    pictures, labels = scenes(STEPS * BATCH, generator)
    model.fit(_normalised(pictures), labels, batch_size=BATCH, epochs=1, verbose=2)
    return model


def draw(path: Path) -> None:
    """Train, and write a row of pictures the model has not seen, each beside itself under its attention rollout."""
    from implementations.attention_map import draw_attention
    from implementations.image_processing import ImageProcessor

    generator = np.random.default_rng(0)
    model = train(generator)
    unseen, labels = scenes(256, generator)
    found = np.argmax(model.predict(_normalised(unseen), verbose=0), axis=-1)
    print(f"{np.mean(found == labels):.1%} of {len(labels)} unseen pictures named right")
    processor = ImageProcessor((SIDE, SIDE), (SIDE, SIDE), mean=(0.5,) * 3, std=(0.5,) * 3)
    chosen = [int(np.flatnonzero(labels == colour)[0]) for colour in range(len(COLOURS))]
    row = np.concatenate([np.asarray(draw_attention(model, unseen[index], processor=processor)) for index in chosen], 1)
    picture = Image.fromarray(row)
    picture.resize((3 * picture.width, 3 * picture.height), Image.Resampling.LANCZOS).save(path, optimize=True)


def _normalised(pictures: np.ndarray) -> np.ndarray:
    return (pictures.astype(np.float32) / 255 - 0.5) / 0.5


if __name__ == "__main__":
    draw(Path(sys.argv[1]))
