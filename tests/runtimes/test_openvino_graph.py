"""The tuned OpenVINO graph: the runtime's own nodes for norms, a product for each part of qkv, the same values."""

import collections

import numpy as np
import openvino
import pytest

import implementations
from runtimes.openvino_graph import tune

CASES = {
    "vit_tiny_patch16_224": {"img_size": 32},
    "swin_tiny_patch4_window7_224": {"img_size": 64, "window_size": 2},
    "swinv2_tiny_window8_256": {"img_size": 64, "window_size": 2},
}


def randomised(name, **options):
    model = implementations.create_model(name, **options)
    generator = np.random.default_rng(1)
    for weight in model.trainable_weights:
        weight.assign(weight.numpy() + 0.05 * generator.normal(size=weight.shape).astype("float32"))
    return model


def kinds(graph):
    return collections.Counter(node.get_type_name() for node in graph.get_ops())


def run(graph, images):
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    return openvino.Core().compile_model(graph, "CPU", settings)(images)[0]


@pytest.fixture(scope="module", params=CASES)
def exported(request, tmp_path_factory):
    model = randomised(request.param, **CASES[request.param])
    path = tmp_path_factory.mktemp("exported") / "model.xml"
    model.export(str(path), format="openvino", verbose=False)
    return model, path


def test_an_export_has_one_output_and_the_nodes_that_the_runtime_is_fast_at(exported):
    model, path = exported
    graph = openvino.Core().read_model(path)
    found = kinds(graph)
    assert len(graph.outputs) == 1
    norms = sum("norm" in weight.path and weight.path.endswith("gamma") for weight in model.weights)
    assert found["MVN"] == norms > 10
    assert found["SquaredDifference"] == found["Split"] == 0


def test_values_are_the_models_for_every_batch(exported):
    model, path = exported
    for batch in (1, 3):
        images = np.random.default_rng(batch).normal(size=(batch, *model.config.img_size, 3)).astype("float32")
        expected = model(images, training=False).numpy()
        np.testing.assert_allclose(run(path, images), expected, atol=1e-5 * np.abs(expected).max())


def test_tuning_twice_changes_nothing(exported):
    _, path = exported
    graph = openvino.Core().read_model(path)
    before = kinds(graph)
    tune(graph)
    assert kinds(graph) == before


def test_a_norm_of_another_spelling_is_left_alone():
    ops = openvino.opset13
    x = ops.parameter([2, 3, 4], np.float32)
    mean = ops.reduce_mean(x, np.array([-1]), True)
    variance = ops.reduce_mean(ops.squared_difference(x, mean), np.array([-1]), True)
    output = ops.divide(ops.subtract(x, mean), ops.sqrt(ops.add(variance, np.float32(1e-6))))
    graph = openvino.Model([output], [x])
    images = np.random.default_rng(0).normal(size=(2, 3, 4)).astype("float32")
    expected = run(graph, images)
    tune(graph)
    assert kinds(graph)["SquaredDifference"] == 1 and kinds(graph)["MVN"] == 0
    np.testing.assert_array_equal(run(graph, images), expected)
