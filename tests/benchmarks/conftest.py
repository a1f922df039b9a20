"""A cache folder that holds the made reference."""

import pytest

from tests.benchmarks.case import make_reference


@pytest.fixture
def cache(tmp_path):
    make_reference(tmp_path / "cache")
    return tmp_path / "cache"
