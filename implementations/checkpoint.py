"""Reads weights from files, state dicts and live torch modules into numpy arrays under their own names."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from implementations.errors import WeightsError

PICKLED = (".bin", ".pth", ".pt", ".tar")
FLOATS = ("float16", "bfloat16", "float32", "float64")  # what weights are; 8-bit floats mean nothing without a scale
_WRAPPERS = ("state_dict_ema", "model_ema", "state_dict", "model")  # where training scripts put the state dict

# The types of a safetensors file that numpy has (and bfloat16); whole numbers may be buffers that a model leaves out.
_KINDS = {
    "F16": "<f2",
    "F32": "<f4",
    "F64": "<f8",
    "I8": "i1",
    "I16": "<i2",
    "I32": "<i4",
    "I64": "<i8",
    "U8": "u1",
    "U16": "<u2",
    "U32": "<u4",
    "U64": "<u8",
    "BOOL": "?",
    "BF16": "bfloat16",
}


def read_state_dict(source: Any) -> dict[str, np.ndarray]:
    """Tensors by name.

    Args:
        source: path of a .safetensors, .bin, .pth, .pt or .pth.tar file, a mapping of names to arrays or torch tensors,
            or anything with a `state_dict()` method (a live torch module).

    Raises:
        WeightsError: no such file, an unknown kind of file, a truncated or corrupt one, a tensor of no plain numbers,
            two tensors of one name, or no tensors in it.
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
    arrays: dict[str, np.ndarray] = {}
    for name, value in found.items():
        name = str(name).removeprefix("module.")
        array = _array(name, value, source)
        if array is not None and name in arrays:
            raise WeightsError(f"weights {_label(source)}: {name} stands twice, with and without `module.` before it")
        if array is not None:
            arrays[name] = array
    if not arrays:
        raise WeightsError(f"weights {_label(source)}: no tensors in it")
    return arrays


def is_file(path: Path) -> bool:
    """Whether a file is there; a path that no file can have (a name too long) leads to none."""
    try:
        return path.is_file()
    except OSError:
        return False


def unfit_type(name: str, found: Any) -> str:
    """What is wrong with a tensor of a type that no weight has."""
    return f"{name} is of type {found}, expected {', '.join(FLOATS[:-1])} or {FLOATS[-1]}"


def _read_file(path: Path) -> Mapping[str, Any]:
    if not is_file(path):
        raise WeightsError(f"weights {path}: no such file")
    if path.suffix == ".safetensors":
        return _read_safetensors(path)
    if path.suffix in PICKLED:
        return _read_pickle(path)
    raise WeightsError(f"weights {path}: unknown kind of file; expected .safetensors, {', '.join(PICKLED)}")


def _read_safetensors(path: Path) -> dict[str, np.ndarray]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            kinds = {name: file.get_slice(name).get_dtype() for name in file.keys()}  # noqa: SIM118 - not a mapping
            for name, kind in kinds.items():
                if kind not in _KINDS:
                    raise WeightsError(f"weights {path}: {unfit_type(name, kind)}")
            if "BF16" in kinds.values():
                return _read_raw_safetensors(path)
            return {name: file.get_tensor(name) for name in kinds}
    except (SafetensorError, OSError) as error:
        raise WeightsError(f"weights {path}: truncated, or not a safetensors file ({error})") from error


def _read_raw_safetensors(path: Path) -> dict[str, np.ndarray]:
    """The format itself: numpy has no bfloat16, so the reader of safetensors refuses such a file."""
    import ml_dtypes  # noqa: F401 - gives numpy its bfloat16
    from safetensors import deserialize

    return {
        name: np.frombuffer(bytes(entry["data"]), dtype=_KINDS[entry["dtype"]]).reshape(entry["shape"])
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
    try:
        loaded = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever the unpickler runs into in bytes that are no pickle
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"weights {path}: truncated, or not a PyTorch state dict ({reason})") from error
    if not isinstance(loaded, Mapping):
        raise WeightsError(f"weights {path}: holds a {type(loaded).__name__}; expected a state dict of tensors")
    return loaded


def _array(name: str, value: Any, source: Any) -> np.ndarray | None:
    """A numpy array of a tensor or array; None for anything else that a checkpoint may carry (epoch numbers, ...)."""
    if hasattr(value, "detach"):
        if value.is_floating_point() and str(value.dtype).removeprefix("torch.") not in FLOATS:
            raise WeightsError(f"weights {_label(source)}: {unfit_type(name, value.dtype)}")
        try:
            tensor = value.detach().cpu()
            value = (tensor.float() if "bfloat16" in str(tensor.dtype) else tensor).numpy()
        except (TypeError, RuntimeError) as error:  # sparse, quantised, without values
            raise WeightsError(f"weights {_label(source)}: {name} cannot be read as an array ({error})") from error
    if not isinstance(value, np.ndarray):
        return None
    if value.dtype.name not in FLOATS and value.dtype.kind not in "biu":
        raise WeightsError(f"weights {_label(source)}: {unfit_type(name, value.dtype)}")
    return value


def _label(source: Any) -> str:
    return str(source) if isinstance(source, str | Path) else f"in the {type(source).__name__} given"
