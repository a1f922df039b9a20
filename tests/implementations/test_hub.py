"""Pretrained weights from a local server that speaks the Hub's protocol, with small files made here."""

import errno
import os
import pty
import subprocess
import sys
import termios

import numpy as np
import pytest
from safetensors.numpy import save

import implementations
from implementations.errors import DownloadError, UnknownNameError, WeightsError
from implementations.weights import state_dict
from tests.implementations.hub_server import serving

NAME = "test_vit.r160_in1k"
FILE = f"timm/{NAME}/model.safetensors"


@pytest.fixture(scope="module")
def tensors():
    model = implementations.create_model(NAME)
    random = np.random.default_rng(0)
    return {name: random.standard_normal(array.shape).astype("float32") for name, array in state_dict(model).items()}


@pytest.fixture
def hub(monkeypatch, tmp_path):
    """Start a server with files; the cache is the test's own."""
    monkeypatch.setenv("HF_HUB_CACHE", str(tmp_path / "cache"))
    monkeypatch.setenv("HF_HUB_DISABLE_XET", "1")

    def start(server):
        monkeypatch.setenv("HF_ENDPOINT", server.url)
        return server

    return start


def test_pretrained_fetches_by_timms_hub_id_and_caches(hub, tensors):
    with serving({FILE: save(tensors)}) as server:
        hub(server)
        model = implementations.create_model(NAME, pretrained=True)
        assert server.downloads() == ["model.safetensors"]
        again = implementations.create_model("test_vit", pretrained=True)  # the default tag is the same
        assert server.downloads() == ["model.safetensors"]
    for loaded in (model, again, implementations.create_model(NAME, pretrained=True)):  # the last without a server
        for name, array in state_dict(loaded).items():
            np.testing.assert_array_equal(array, tensors[name])


def test_pretrained_adapts_classes_channels_and_size(hub, tensors):
    with serving({FILE: save(tensors)}) as server:
        hub(server)
        model = implementations.create_model(NAME, pretrained=True, num_classes=7, in_chans=1, img_size=96)
    loaded = state_dict(model)
    assert loaded["head.weight"].shape == (7, 64)
    kernel = tensors["patch_embed.proj.weight"]
    np.testing.assert_allclose(loaded["patch_embed.proj.weight"], kernel.sum(1, keepdims=True), rtol=1e-6)
    assert loaded["pos_embed"].shape == (1, 37, 64)
    np.testing.assert_array_equal(loaded["blocks.3.mlp.fc1.weight"], tensors["blocks.3.mlp.fc1.weight"])


def everything_shown(terminal):
    shown = b""
    try:
        while chunk := os.read(terminal, 1 << 16):
            shown += chunk
    except OSError as error:  # how Linux says that the other side of a terminal is closed
        assert error.errno == errno.EIO
    os.close(terminal)
    return shown.decode()


def test_without_torch_and_with_a_progress_bar_on_a_terminal(hub, tensors):
    code = (
        "import sys; sys.modules['torch'] = None; import implementations;"
        f"implementations.create_model({NAME!r}, pretrained=True)"
    )
    terminal, stderr = pty.openpty()
    termios.tcsetwinsize(stderr, (24, 100))
    with serving({FILE: save(tensors)}) as server:
        hub(server)
        subprocess.run([sys.executable, "-c", code], check=True, timeout=120, stderr=stderr)
    os.close(stderr)
    shown = everything_shown(terminal)
    assert "model.safetensors" in shown
    assert "100%" in shown


def test_falls_back_to_the_pickle_of_older_repositories(hub, tensors, tmp_path):
    import torch

    torch.save({name: torch.from_numpy(array) for name, array in tensors.items()}, tmp_path / "weights.bin")
    with serving({f"timm/{NAME}/pytorch_model.bin": (tmp_path / "weights.bin").read_bytes()}) as server:
        hub(server)
        model = implementations.create_model(NAME, pretrained=True)
    np.testing.assert_array_equal(state_dict(model)["norm.weight"], tensors["norm.weight"])


def test_wrong_bytes_are_refused_and_not_kept(hub, tensors):
    body = save(tensors)
    with serving({FILE: body}, corrupt=frozenset({FILE})) as server:
        hub(server)
        with pytest.raises(DownloadError, match="SHA-256"):
            implementations.create_model(NAME, pretrained=True)
        server.corrupt = frozenset()
        model = implementations.create_model(NAME, pretrained=True)
    np.testing.assert_array_equal(state_dict(model)["norm.weight"], tensors["norm.weight"])


def test_a_file_that_is_no_safetensors_is_one_clear_line(hub):
    with serving({FILE: b"<html>captive portal</html>"}) as server:
        hub(server)
        with pytest.raises(WeightsError, match="not a safetensors file") as caught:
            implementations.create_model(NAME, pretrained=True)
    assert "\n" not in str(caught.value)


def test_no_network_is_one_clear_line(hub, monkeypatch):
    monkeypatch.setenv("HF_ENDPOINT", "http://127.0.0.1:9")  # the discard port: nobody listens
    monkeypatch.setattr("huggingface_hub.utils._http.time.sleep", lambda seconds: None)  # between its retries
    with pytest.raises(DownloadError, match="cannot be reached and nothing is cached") as caught:
        implementations.create_model(NAME, pretrained=True)
    assert "\n" not in str(caught.value)


def test_missing_repository_and_missing_weights_are_named(hub):
    with serving({"timm/other/model.safetensors": b"x"}) as server:
        hub(server)
        with pytest.raises(DownloadError, match=f"timm/{NAME}: no such repository"):
            implementations.create_model(NAME, pretrained=True)
        with pytest.raises(DownloadError, match=r"vit_large_patch14_224\.untrained has no pretrained weights"):
            implementations.create_model("vit_large_patch14_224", pretrained=True)


def test_unknown_tag_names_the_tags_there_are():
    with pytest.raises(UnknownNameError, match=r"no weights tagged 'r160_in1'; did you mean r160_in1k"):
        implementations.create_model("test_vit.r160_in1", pretrained=True)
