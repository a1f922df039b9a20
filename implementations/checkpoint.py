"""Reads weights from files, state dicts and live torch modules into numpy arrays under their own names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from implementations.errors import WeightsError

PICKLED = (".bin", ".pth", ".pt", ".tar")
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # where training scripts put the state dict


def read_state_dict(source: Any) -> dict[str, np.ndarray]:
    """Tensors by name.

    Args:
        source: path of a .safetensors, .bin, .pth, .pt or .pth.tar file, a mapping of names to arrays or torch tensors,
            or anything with a `state_dict()` method (a live torch module).

    Raises:
        WeightsError: no such file, an unknown kind of file, a truncated or corrupt one, or no tensors in it.
    """
    if isinstance(source, str | Path):
        found: Any = _read_file(Path(source))
    elif isinstance(source, Mapping):
        found = source
    elif callable(getattr(source, "state_dict", None)):
        found = source.state_dict()
    else:
        raise WeightsError(f"weights of type {type(source).__name__}: expected a path, a state dict or a torch module")
    for wrapper in _WRAPPERS:
        if isinstance(found.get(wrapper), Mapping):
            found = found[wrapper]
    arrays = {}
    for name, value in found.items():
        array = _array(value)
        if array is not None:
            arrays[str(name).removeprefix("module.")] = array
    if not arrays:
        raise WeightsError(f"weights {_label(source)}: no tensors in it")
    return arrays


def _read_file(path: Path) -> Mapping[str, Any]:
    if not path.is_file():
        raise WeightsError(f"weights {path}: no such file")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix in PICKLED:
        return _read_pickle(path)
    raise WeightsError(f"weights {path}: unknown kind of file; expected .safetensors, {', '.join(PICKLED)}")


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from ml_dtypes import bfloat16
    from safetensors import SafetensorError, safe_open

    arrays = {}
    try:
        with safe_open(path, framework="numpy") as file:
            for name in file.keys():  # noqa: SIM118 - not a mapping
                if file.get_slice(name).get_dtype() == "BF16":
                    return _read_raw_safetensors(path, bfloat16)
                arrays[name] = file.get_tensor(name)
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"weights {path}: truncated, or not a safetensors file ({error})") from error
    return arrays


def _read_raw_safetensors(path: Path, bfloat16: Any) -> dict[str, np.ndarray]:
    """The format itself: numpy has no bfloat16, so the reader of safetensors refuses such a file."""
    from safetensors import deserialize

    kinds = {
        "BF16": bfloat16,
        "F16": "<f2",
        "F32": "<f4",
        "F64": "<f8",
        "I64": "<i8",
        "I32": "<i4",
        "U8": "u1",
        "BOOL": "?",
    }
    return {
        name: np.frombuffer(bytes(entry["data"]), dtype=kinds[entry["dtype"]]).reshape(entry["shape"])
        for name, entry in deserialize(path.read_bytes())
    }


def _read_pickle(path: Path) -> Mapping[str, Any]:
    try:
        import torch
    except ImportError as error:
        raise WeightsError(
            f"weights {path}: this is a PyTorch pickle and torch is not installed;"
            " install torch, or use the .safetensors file of the same weights"
        ) from error
    import pickle

    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError, LookupError, OSError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"weights {path}: truncated, or not a PyTorch state dict ({reason})") from error
    if not isinstance(loaded, Mapping):
        raise WeightsError(f"weights {path}: holds a {type(loaded).__name__}; expected a state dict of tensors")
    return loaded


def _array(value: Any) -> np.ndarray | None:
    """A numpy array of a tensor or array; None for anything else that a checkpoint may carry (epoch numbers, ...)."""
    if isinstance(value, np.ndarray):
        return value
    if hasattr(value, "detach"):
        tensor = value.detach().cpu()
        return (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
    return None


def _label(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else f"in the {type(source).__name__} given"
