"""The folder of images and the weights that the tests of evaluations share."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.evaluation.made_images import IMG_SIZE, make_folder, make_weights


@pytest.fixture(scope="session")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three classes of ImageNet-1K with six images each. Not to be changed: copy it."""
    return make_folder(tmp_path_factory.mktemp("images"))


@pytest.fixture(scope="session")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Random weights of the small model at its small size."""
    return make_weights(tmp_path_factory.mktemp("weights") / "model.safetensors", img_size=IMG_SIZE)
