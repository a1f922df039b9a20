"""Single layers as subjects: each computes what the reference computes, in float32 and bfloat16."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import torch

from benchmarks.comparison import Comparison, Run, Subject, parse_layer
from benchmarks.errors import BenchmarkError
from benchmarks.layer_references import layer_gmacs, write_layer_reference
from benchmarks.proof import prove
from benchmarks.subject import ReferenceFiles, load

# Of torch, when its compiler is imported.
pytestmark = pytest.mark.filterwarnings("ignore:.torch.jit.script_method. is deprecated:DeprecationWarning")

ATTENTION, SDPA, PRODUCT, TRIVIAL = "self-attention-48x3x19", "sdpa-16x3x19", "matrix-product-33", "trivial-function-5"
IN_PROCESS = [
    (ATTENTION, "backbone-survey:tf-graph"),
    (ATTENTION, "backbone-survey:tf-xla"),
    (ATTENTION, "keras:tf-graph"),
    (ATTENTION, "keras:tf-xla"),
    (ATTENTION, "timm:torch"),
    (SDPA, "backbone-survey:tf-graph"),
    (SDPA, "keras:tf-graph"),
    (SDPA, "torch:torch"),
    (PRODUCT, "torch:torch"),
    (PRODUCT, "torch:torch-compile"),
    (PRODUCT, "tensorflow:tf-graph"),
    (PRODUCT, "tensorflow:tf-xla"),
    (TRIVIAL, "timm:torch"),
    (TRIVIAL, "torch:torch"),
    (TRIVIAL, "tensorflow:tf-xla"),
]
OTHER_BACK_ENDS = [
    (layer, f"{implementation}:{runtime}")
    for runtime in ("jax", "torch")
    for layer in (ATTENTION, SDPA)
    for implementation in ("backbone-survey", "keras")
]


@pytest.fixture(scope="module")
def references(tmp_path_factory):
    """A reference of each layer for batches of two."""
    made = {}
    for workload in (ATTENTION, SDPA, PRODUCT, TRIVIAL):
        folder = tmp_path_factory.mktemp(workload)
        write_layer_reference(_comparison(workload), folder)
        made[workload] = ReferenceFiles(folder)
    return made


@pytest.fixture(autouse=True)
def keras_as_it_was(monkeypatch):
    """Subjects set Keras's back end and policy for their whole process, which here is the tests'."""
    monkeypatch.setenv("KERAS_BACKEND", keras.backend.backend())
    policy = keras.config.dtype_policy()
    yield
    keras.config.set_dtype_policy(policy)


@pytest.mark.parametrize("precision", ["fp32", "bf16"])
@pytest.mark.parametrize(("workload", "subject"), IN_PROCESS)
def test_a_subject_computes_what_the_reference_computes(workload, subject, precision, references):
    reference = references[workload]

    loaded = load(Run(Subject.parse(subject), _comparison(workload, precision)), reference)
    proof = prove(loaded.to_numpy(loaded.step()), reference, precision)

    assert proof is not None and proof.passes
    assert loaded.versions and all(loaded.versions.values())
    assert loaded.layout == ""


@pytest.mark.parametrize("runtime", ["jax", "torch"])
def test_other_back_ends_of_keras_compute_the_same(runtime, references):
    code = """
import sys
from pathlib import Path
from benchmarks.proof import prove
from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.subject import ReferenceFiles, load
for workload, folder, subject in zip(*[iter(sys.argv[1:])] * 3):
    loaded = load(Run(Subject.parse(subject), Comparison(workload, None, 2, "fp32", 1)), ReferenceFiles(Path(folder)))
    prove(loaded.to_numpy(loaded.step()), ReferenceFiles(Path(folder)), "fp32")
    print(subject, workload, "right")
"""
    cases = [(layer, subject) for layer, subject in OTHER_BACK_ENDS if subject.endswith(f":{runtime}")]
    arguments = [text for layer, subject in cases for text in (layer, str(references[layer].folder), subject)]

    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        env=os.environ | {"KERAS_BACKEND": runtime},
        text=True,
        capture_output=True,
    )

    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == [f"{subject} {layer} right" for layer, subject in cases]


def test_parameters_are_counted(references):
    timm, ours, keras_layer = (
        load(Run(Subject.parse(subject), _comparison(ATTENTION)), references[ATTENTION]).params_m
        for subject in ("timm:torch", "backbone-survey:tf-graph", "keras:tf-graph")
    )

    assert timm == ours == keras_layer == (4 * 48 * 48 + 4 * 48) / 1e6


def test_a_wrong_output_is_not_proven(references):
    from benchmarks.proof import ProofError

    reference = references[ATTENTION]
    loaded = load(Run(Subject("timm", "torch"), _comparison(ATTENTION)), reference)

    with pytest.raises(ProofError, match="differs from the float64 reference"):
        prove(loaded.to_numpy(loaded.step()) * 1.001, reference, "fp32")


def test_the_reference_in_bfloat16_does_not_disturb_the_exact_one(references):
    for reference in references.values():
        outputs = reference.outputs()
        scale = np.abs(outputs["double"]).max()

        assert np.abs(outputs["single"] - outputs["double"]).max() < 1e-5 * scale
        assert 1e-4 * scale < np.abs(outputs["half"] - outputs["double"]).max() < 2e-2 * scale


@pytest.mark.parametrize("workload", [ATTENTION, SDPA, PRODUCT])
def test_gmacs_are_those_of_torchs_counter(workload, references):
    from torch import from_numpy, nn
    from torch.nn.attention import SDPBackend, sdpa_kernel
    from torch.utils.flop_counter import FlopCounterMode

    inputs = [from_numpy(array) for array in references[workload].inputs().values()]
    with FlopCounterMode(display=False) as counter, sdpa_kernel(SDPBackend.MATH):
        if workload == ATTENTION:
            layer = nn.MultiheadAttention(48, 3, batch_first=True)
            layer(*[inputs[0]] * 3, need_weights=False)
        elif workload == SDPA:
            nn.functional.scaled_dot_product_attention(*inputs)
        else:
            inputs[0] @ inputs[1]

    assert 2 * layer_gmacs(parse_layer(workload)) == pytest.approx(counter.get_total_flops() / 2 / 1e9)


@pytest.mark.parametrize(
    ("workload", "subject", "message"),
    [
        (ATTENTION, "torch:torch", "self-attention-48x3x19 is not raced; sdpa, matrix-product, trivial-function are"),
        (ATTENTION, "keras:torch-compile", "timed under tf-graph, tf-xla, jax, torch only"),
        (PRODUCT, "backbone-survey:tf-graph", "matrix-product-33 is not raced"),
        (PRODUCT, "tensorflow:jax", "timed under tf-graph, tf-xla only"),
    ],
)
def test_what_a_subject_has_not_is_said(workload, subject, message, references):
    with pytest.raises(BenchmarkError, match=message):
        load(Run(Subject.parse(subject), _comparison(workload)), references[workload])


def test_heads_that_do_not_divide_the_channels_are_refused(tmp_path):
    with pytest.raises(BenchmarkError, match="50 channels cannot be split into 3 heads"):
        write_layer_reference(_comparison("self-attention-50x3x7"), tmp_path)


def test_a_back_end_loaded_before_is_not_taken_for_another(references):
    with pytest.raises(BenchmarkError, match="Keras was loaded before with back end tensorflow"):
        load(Run(Subject("keras", "jax"), _comparison(ATTENTION)), references[ATTENTION])


@pytest.mark.parametrize(("subject", "library"), [("tensorflow:tf-graph", "TensorFlow"), ("torch:torch", "torch")])
def test_a_graphics_card_that_is_not_there_is_missed(subject, library, references):
    if torch.cuda.is_available():
        pytest.skip("this machine has a graphics card")
    fixed = Comparison(PRODUCT, None, 2, "fp32", 1, device="gpu")

    with pytest.raises(BenchmarkError, match=f"{library} sees no GPU"):
        load(Run(Subject.parse(subject), fixed), references[PRODUCT])


def _comparison(workload, precision="fp32"):
    return Comparison(workload, None, 2, precision, 1)
