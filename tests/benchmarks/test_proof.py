"""The rule that what is timed must be right, in both precisions."""

import numpy as np
import pytest

from benchmarks.proof import LIMITS, ProofError, prove
from benchmarks.subject import AGAIN, ReferenceFiles
from tests.benchmarks.case import make_reference


@pytest.fixture
def reference(tmp_path):
    return ReferenceFiles(make_reference(tmp_path).folder, batch_size=4)


def exact(reference):
    return reference.outputs()["double"][:4]


def scale(reference):
    return np.abs(reference.outputs()["double"]).max()


@pytest.mark.parametrize(("precision", "own"), [("fp32", 1e-6), ("bf16", 1e-2 / 2)])
def test_four_times_the_references_own_error_passes_and_more_does_not(reference, precision, own):
    within = prove(exact(reference) + 3.9 * own * scale(reference), reference, precision)
    assert within.passes and within.tolerance == pytest.approx(4 * own, rel=1e-3)
    with pytest.raises(ProofError, match=r"differs from the float64 reference by .* of scale, allowed .*; not timed"):
        prove(exact(reference) + 4.1 * own * scale(reference), reference, precision)


def test_the_references_own_error_is_the_larger_of_two_orders_of_summation(reference):
    worse = reference.outputs()["double"] + 3e-6 * scale(reference)  # as a processor with short vectors sums
    np.save(reference.folder / AGAIN, worse)
    within = prove(exact(reference) + 3.9 * 3e-6 * scale(reference), reference, "fp32")
    assert within.passes and within.tolerance == pytest.approx(4 * 3e-6, rel=1e-3)
    assert prove(exact(reference), reference, "bf16").tolerance == pytest.approx(4 * 5e-3, rel=1e-3)


def test_however_inaccurate_the_reference_there_is_a_limit(reference, tmp_path):
    outputs = reference.outputs() | {"single": reference.outputs()["double"] + 1.0}
    np.savez(reference.folder / "outputs.npz", **outputs)
    with pytest.raises(ProofError):
        prove(exact(reference) + 2 * LIMITS["fp32"] * scale(reference), reference, "fp32")


def test_one_nan_fails(reference):
    output = exact(reference)
    output[-1, -1] = np.nan
    with pytest.raises(ProofError, match="nan"):
        prove(output, reference, "bf16")


def test_another_shape_fails(reference):
    with pytest.raises(ProofError, match=r"its output has shape \(4, 11\), the reference's \(4, 12\); not timed"):
        prove(exact(reference)[:, 1:], reference, "fp32")


def test_samples_in_another_order_fail(reference):
    with pytest.raises(ProofError):
        prove(exact(reference)[::-1], reference, "fp32")


def test_a_larger_batch_repeats_the_samples(reference):
    larger = ReferenceFiles(reference.folder, batch_size=20)
    images = larger.inputs()["images"]
    assert len(images) == 20 and np.array_equal(images[:8], images[8:16])
    assert prove(images.reshape(20, -1) + 1.0, larger, "fp32").passes


def test_a_reference_may_state_its_tolerance(reference):
    np.savez(reference.folder / "outputs.npz", **reference.outputs() | {"tolerance": 0.25})
    assert prove(exact(reference) + 0.2 * scale(reference), reference, "fp32").tolerance == 0.25


def test_without_an_output_there_is_nothing_to_prove(reference):
    (reference.folder / "outputs.npz").unlink()
    assert prove(np.zeros(3), reference, "fp32") is None
