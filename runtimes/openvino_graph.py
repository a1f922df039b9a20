"""Tuning of an exported OpenVINO graph: nodes that its runtime has fast kernels for, the same function.

OpenVINO recognises many spellings of a layer norm and of attention, but not those that TensorFlow's graph of a Keras
model arrives with. A pattern that is not found is left as it is: slower, never wrong.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

FORTH, BACK = [0, 2, 3, 1], [0, 3, 1, 2]  # channels of four axes to the end, and back to the second


def tune_file(path: str | Path) -> None:
    """Tune a model file (.xml with its .bin) in place."""
    import openvino

    graph = openvino.Core().read_model(path, config={"ENABLE_MMAP": False})  # it is written over
    tune(graph)
    openvino.serialize(graph, path)


def tune(graph: Any) -> None:
    """Rewrite an `openvino.Model` in place: layer norms to MVN, fused projections to one product for each part."""
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "SquaredDifference":
            _fuse_layer_norm(node)
    for node in graph.get_ordered_ops():
        if node.get_type_name() == "Split":
            _split_projection(node)
    graph.validate_nodes_and_infer_types()


def _fuse_layer_norm(squares: Any) -> None:
    """`x * s + (beta - mean * s)` with `s = gamma / sqrt(mean((x - mean)^2) + epsilon)` to `MVN(x) * gamma + beta`."""
    import openvino.opset13 as ops

    x, mean = squares.input_value(0), squares.input_value(1)
    variance = _consumer(squares, "ReduceMean")
    shifted = _consumer(variance, "Add")
    inverse = _consumer(shifted, "Power")
    scale = _consumer(inverse, "Multiply")
    if scale is None or mean.get_node().get_type_name() != "ReduceMean":
        return
    epsilon, power, gamma = _constant(shifted), _constant(inverse), _constant(scale)
    axes = mean.get_node().input_value(1).get_node()
    found = _products(scale, x)
    if found is None or epsilon is None or gamma is None or power is None or power.ravel().tolist() != [-0.5]:
        return
    beta, end = found
    if axes.get_type_name() != "Constant" or not _is_same(mean.get_node().input_value(0), x):
        return
    rank = len(x.get_partial_shape())
    axis = int(axes.data.ravel()[0]) % rank
    if axes.data.size != 1 or (axis != rank - 1 and (axis, rank) != (1, 4)) or epsilon.size != 1:
        return
    sunk = axis != rank - 1  # the converter moved a transposition past the norm
    data = ops.transpose(x, np.array(FORTH, np.int32)) if sunk else x
    normal = ops.mvn(data, np.array([-1], np.int32), True, float(epsilon.ravel()[0]), "inside_sqrt")
    output = ops.add(ops.multiply(normal, gamma.ravel()), beta.ravel())
    output = ops.transpose(output, np.array(BACK, np.int32)) if sunk else output
    output.set_friendly_name(end.get_friendly_name())
    end.output(0).replace(output.output(0))


def _products(scale: Any, x: Any) -> tuple[np.ndarray, Any] | None:
    """(beta, the sum of `x * scale` and the rest) of a layer norm, None if it is spelled in another way."""
    products = [target.get_node() for target in scale.output(0).get_target_inputs()]
    if len(products) != 2 or any(node.get_type_name() != "Multiply" for node in products):
        return None
    ours = [node for node in products if any(_is_same(node.input_value(side), x) for side in (0, 1))]
    if len(ours) != 1:
        return None
    shift = _consumer(next(node for node in products if node is not ours[0]), "Add")
    end = _consumer(ours[0], "Add")
    if shift is None or end is None:
        return None
    beta, shifted_end = _constant(shift), _consumer(shift, "Add")
    if beta is None or shifted_end is None or shifted_end.get_name() != end.get_name():
        return None
    return beta, end


def _split_projection(split: Any) -> None:
    """`split(reshape(x @ W + b))` over queries, keys and values to a product for each, which needs no copy."""
    import openvino.opset13 as ops

    spread = split.input_value(0).get_node()
    product, bias = _product(spread)
    parts = split.get_output_size()
    if product is None or parts != 3 or _axis(split) != 2:
        return
    shape = spread.input_value(1).get_node()
    weights = product.input_value(1).get_node().data  # 3 * heads * size, channels
    if shape.get_type_name() != "Constant" or shape.data.size != 5 or len(weights) % 3:
        return
    squeezes = [_consumer(split, "Squeeze", index) for index in range(parts)]
    if any(squeeze is None for squeeze in squeezes):
        return
    target = np.delete(shape.data, 2)  # -1, tokens, heads, size
    for index, squeeze in enumerate(squeezes):
        factor, end = _scaled(squeeze)
        rows = slice(index * len(weights) // 3, (index + 1) * len(weights) // 3)
        part = ops.matmul(product.input_value(0), ops.constant(weights[rows] * factor), False, True)
        if bias is not None:
            part = ops.add(part, ops.constant(bias[rows] * factor))
        part = ops.reshape(part, ops.constant(target), False)
        end.output(0).replace(part.output(0))


def _product(spread: Any) -> tuple[Any | None, np.ndarray | None]:
    """The product with constant weights (outputs, inputs) that a reshape spreads over heads, and its bias."""
    if spread.get_type_name() != "Reshape":
        return None, None
    node, bias = _below_reshapes(spread.input_value(0).get_node()), None
    if node.get_type_name() == "Add":
        bias = _constant(node)
        if bias is None:
            return None, None
        bias, node = bias.ravel(), _below_reshapes(_variable(node))
    if node.get_type_name() != "MatMul" or node.input_value(1).get_node().get_type_name() != "Constant":
        return None, None
    attributes = node.get_attributes()
    if attributes["transpose_a"] or not attributes["transpose_b"]:
        return None, None
    fits = bias is None or bias.size == len(node.input_value(1).get_node().data)
    return (node, bias) if fits else (None, None)


def _scaled(squeeze: Any) -> tuple[np.float32, Any]:
    """The number that the squeezed part is multiplied with right away, and the last node before the part is used."""
    multiply = _consumer(squeeze, "Multiply")
    factor = _constant(multiply) if multiply is not None else None
    if factor is None or factor.size != 1:
        return np.float32(1.0), squeeze
    return factor.ravel()[0], multiply


def _below_reshapes(node: Any) -> Any:
    while node.get_type_name() == "Reshape":
        node = node.input_value(0).get_node()
    return node


def _axis(split: Any) -> int:
    return int(split.input_value(1).get_node().data.ravel()[0])


def _consumer(node: Any, kind: str, output: int = 0) -> Any | None:
    """The only node that reads an output, if there is one and it is of this kind."""
    if node is None:
        return None
    targets = list(node.output(output).get_target_inputs())
    if len(targets) != 1 or targets[0].get_node().get_type_name() != kind:
        return None
    return targets[0].get_node()


def _constant(node: Any) -> np.ndarray | None:
    """The constant operand of a node of two, None if it has none."""
    for side in (1, 0):
        operand = node.input_value(side).get_node()
        if operand.get_type_name() == "Constant":
            return operand.data
    return None


def _variable(node: Any) -> Any:
    """The operand of a node of two that is not constant."""
    first = node.input_value(0).get_node()
    return node.input_value(1).get_node() if first.get_type_name() == "Constant" else first


def _is_same(one: Any, other: Any) -> bool:
    return one.get_node().get_name() == other.get_node().get_name() and one.get_index() == other.get_index()
