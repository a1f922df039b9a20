"""A process under another Keras back end, for all tests of a session: loads weights, predicts, and trains a few steps.

Its main reads a job for each line of its input, and answers with a line when the job is done.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).parents[2]


class OtherBackEnd:
    """The process of one back end ("jax" or "torch"); started with the first job, and ended by `close`."""

    def __init__(self, backend: str) -> None:
        self.environment = {**os.environ, "KERAS_BACKEND": backend, "PYTHONPATH": str(ROOT)}
        self.process: subprocess.Popen[str] | None = None

    def run(self, variant: str, arguments: dict[str, Any], folder: Path) -> tuple[np.ndarray, np.ndarray]:
        """Logits of `images.npy` by `model.safetensors`, both in the folder; and losses before and after training."""
        if self.process is None:
            command = [sys.executable, "-m", "tests.implementations.other_back_end"]
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
            self.process = subprocess.Popen(command, cwd=ROOT, env=self.environment, text=True, **pipes)
        assert self.process.stdin is not None and self.process.stdout is not None
        print(json.dumps([variant, arguments, str(folder)]), file=self.process.stdin, flush=True)
        answer = self.process.stdout.readline()
        assert answer == "done\n", f"the process ended with {self.process.wait()}"
        return np.load(folder / "logits.npy"), np.load(folder / "losses.npy")

    def close(self) -> None:
        """End the process."""
        if self.process is not None:
            with self.process as process:
                assert process.stdin is not None
                process.stdin.close()


def predict_and_train(variant: str, arguments: dict[str, Any], folder: Path) -> None:
    """Write logits.npy, and losses.npy before and after training."""
    import keras

    import implementations

    model = implementations.create_model(variant, **arguments)
    implementations.load_weights(model, folder / "model.safetensors")
    images = np.load(folder / "images.npy")
    np.save(folder / "logits.npy", model.predict(images, verbose=0))
    labels = np.arange(len(images)) % model.num_classes
    model.compile(keras.optimizers.Adam(1e-4), keras.losses.SparseCategoricalCrossentropy(from_logits=True))
    before = model.evaluate(images, labels, verbose=0)
    model.fit(images, labels, epochs=3, verbose=0)
    np.save(folder / "losses.npy", [before, model.evaluate(images, labels, verbose=0)])
    keras.backend.clear_session()


def main() -> None:
    """Do every job of standard input; whatever libraries print goes to standard error."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    for line in sys.stdin:
        variant, arguments, folder = json.loads(line)
        predict_and_train(variant, arguments, Path(folder))
        print("done", file=answers, flush=True)


if __name__ == "__main__":
    main()
