"""Exports and photographs as the harness loads them: each computes the reference's function, or says why not."""

import numpy as np
import pytest

from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.proof import prove
from benchmarks.references import write_reference
from benchmarks.subject import ReferenceFiles, load
from benchmarks.subjects.photographs import photograph

pytestmark = [
    # Of torch about its exporter, and of the converters about torch and themselves.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::torch.jit.TracerWarning"),
]
EXPORTED = ["backbone-survey:openvino", "backbone-survey:onnxruntime", "timm:openvino", "timm:onnxruntime"]
PHOTOGRAPHED = ["backbone-survey:tf-graph", "backbone-survey:pillow", "timm:pillow"]


def model(precision="fp32", device="cpu", batch_size=2):
    return Comparison("vit_tiny_patch16_224", 32, batch_size, precision, threads=1, device=device)


@pytest.fixture(scope="module")
def reference(tmp_path_factory):
    folder = tmp_path_factory.mktemp("reference")
    write_reference(model(), folder)
    return ReferenceFiles(folder, batch_size=2)


def bf16_or_skip():
    import openvino

    if "BF16" not in openvino.Core().get_property("CPU", "OPTIMIZATION_CAPABILITIES"):
        pytest.skip("this processor has no bf16")


@pytest.mark.parametrize("subject", EXPORTED)
def test_exports_compute_the_reference_and_say_what_they_are(reference, subject):
    loaded = load(Run(Subject.parse(subject), model()), reference)
    for _ in range(2):  # the batch stays bound
        assert prove(loaded.to_numpy(loaded.step()), reference, "fp32").passes
    runtime = subject.partition(":")[2]
    assert loaded.versions[runtime] and loaded.switches and loaded.compile_s > 0
    assert loaded.layout == ("nchw" if subject.startswith("timm") else "nhwc")


@pytest.mark.parametrize("subject", ["backbone-survey:openvino", "timm:openvino"])
def test_openvino_lowers_the_precision_itself(reference, subject):
    bf16_or_skip()
    loaded = load(Run(Subject.parse(subject), model("bf16")), reference)
    proof = prove(loaded.to_numpy(loaded.step()), reference, "bf16")
    assert proof.error > 1e-5, "this is fp32"


@pytest.mark.parametrize(
    ("subject", "fixed", "message"),
    [
        ("backbone-survey:onnxruntime", model("bf16"), "no bf16"),
        ("timm:onnxruntime", model("bf16"), "no bf16"),
        ("timm:openvino", model(device="gpu"), "not on gpu"),
        ("backbone-survey:onnxruntime", model(device="gpu"), "not on gpu"),
    ],
)
def test_what_a_runtime_does_not_have_is_one_line(reference, subject, fixed, message):
    with pytest.raises(BenchmarkError, match=message) as raised:
        load(Run(Subject.parse(subject), fixed), reference)
    assert "\n" not in str(raised.value)


@pytest.fixture(scope="module")
def photographs(tmp_path_factory):
    folder = tmp_path_factory.mktemp("photographs")
    fixed = Comparison("image-processing-320x240", None, 2, "fp32", threads=1)
    write_reference(fixed, folder)
    return fixed, ReferenceFiles(folder, batch_size=None)


@pytest.mark.parametrize("subject", PHOTOGRAPHED)
def test_photographs_become_timms_input(photographs, subject):
    fixed, reference = photographs
    loaded = load(Run(Subject.parse(subject), fixed), reference)
    output = loaded.to_numpy(loaded.step())
    assert prove(output, reference, "fp32").error <= 1e-6
    assert output.shape == (2, 224, 224, 3) and output.dtype == np.float32


def test_photographs_are_made_alike_each_time_and_are_not_flat():
    first, second = photograph(40, 30), photograph(40, 30)
    np.testing.assert_array_equal(first, second)
    assert first.shape == (30, 40, 3) and first.std() > 20
