"""Runs a model under the Keras back end of the environment: loads weights, predicts, and trains a few steps."""

import json
import sys
from pathlib import Path

import keras
import numpy as np

import implementations


def main(variant: str, arguments: str, folder: Path) -> None:
    """Read images.npy and model.safetensors in `folder`; write logits.npy, and losses.npy before and after training."""
    model = implementations.create_model(variant, **json.loads(arguments))
    implementations.load_weights(model, folder / "model.safetensors")
    images = np.load(folder / "images.npy")
    np.save(folder / "logits.npy", model.predict(images, verbose=0))
    labels = np.arange(len(images)) % model.num_classes
    model.compile(keras.optimizers.Adam(1e-4), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.evaluate(images, labels, verbose=0)
    model.fit(images, labels, epochs=3, verbose=0)
    np.save(folder / "losses.npy", [before, model.evaluate(images, labels, verbose=0)])


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], Path(sys.argv[3]))
