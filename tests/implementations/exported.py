"""Exports a model in each format and runs the result with that format's own runtime."""

import contextlib
import io
import warnings
from pathlib import Path
from typing import Any

import numpy as np


def run_exported(model: Any, kind: str, folder: Path, images: np.ndarray) -> np.ndarray:
    """Outputs of the exported model for `images`."""
    with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
        warnings.simplefilter("ignore")  # of the converters, about themselves
        return _RUNNERS[kind](model, folder, images)


def _saved_model(model: Any, folder: Path, images: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    model.export(str(folder / "saved"), verbose=False)
    loaded = tf.saved_model.load(str(folder / "saved"))
    return loaded.serve(images).numpy()


def _onnx(model: Any, folder: Path, images: np.ndarray) -> np.ndarray:
    import onnxruntime

    path = str(folder / "model.onnx")
    model.export(path, format="onnx", verbose=False)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    return session.run(None, {session.get_inputs()[0].name: images})[0]


def _openvino(model: Any, folder: Path, images: np.ndarray) -> np.ndarray:
    import openvino

    path = str(folder / "model.xml")
    model.export(path, format="openvino", verbose=False)
    compiled = openvino.Core().compile_model(path, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return compiled(images)[0]


def _litert(model: Any, folder: Path, images: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    path = str(folder / "model.tflite")
    model.export(path, format="litert", verbose=False)
    interpreter = Interpreter(path)
    entry = interpreter.get_input_details()[0]
    interpreter.resize_tensor_input(entry["index"], images.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(entry["index"], images)
    interpreter.invoke()
    return interpreter.get_tensor(interpreter.get_output_details()[0]["index"])


_RUNNERS = {"tf_saved_model": _saved_model, "onnx": _onnx, "openvino": _openvino, "litert": _litert}
