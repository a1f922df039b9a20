"""What is timed must first be right: its error against float64, held against the reference's own."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from benchmarks.comparison import Precision
from benchmarks.subject import ReferenceFiles
from implementations.parity.compare import FACTOR, LIMIT

# Of the output's scale, whatever the reference's own error. bf16 keeps 8 bits, 4e-3 of a number; a dozen layers with
# random weights make 6e-3 to 8e-3 of that in the reference itself.
LIMITS: dict[Precision, float] = {"fp32": LIMIT, "bf16": 5e-2}
OWN = {"fp32": ("single", "single again"), "bf16": ("half",)}  # the reference's outputs in that precision


@dataclass(frozen=True)
class Proof:
    """Largest difference to the float64 reference, of the output's scale, and the largest that passes."""

    error: float
    tolerance: float

    @property
    def passes(self) -> bool:
        """Whether the error is within tolerance; a NaN is not."""
        return self.error <= self.tolerance


class ProofError(AssertionError):
    """What was to be timed does not compute what the reference computes; one line."""

    def __init__(self, message: str, proof: Proof | None = None) -> None:
        super().__init__(message)
        self.proof = proof


def prove(output: np.ndarray, reference: ReferenceFiles, precision: Precision) -> Proof | None:
    """Compare an output, in the reference's layout, with the reference; None where there is nothing to compare with.

    The reference's own error is taken over all of its samples and orders of summation: the largest of one sample's is a
    draw of luck, and a runtime may sum in a worse order than this machine's torch does. A reference without an error of
    its own (an image transform) states the `tolerance`.

    Raises:
        ProofError: another shape, or an error beyond the tolerance.
    """
    expected = reference.outputs()
    if not expected:
        return None
    exact = expected["double"]
    scale = float(np.abs(exact).max()) or 1.0
    tolerance = _tolerance(expected, precision, scale)
    if reference.batch_size is not None:
        exact = exact[np.arange(reference.batch_size) % len(exact)]
    if output.shape != exact.shape:
        raise ProofError(f"its output has shape {output.shape}, the reference's {exact.shape}; not timed")
    error = float(np.abs(output.astype("float64") - exact).max()) / scale
    proof = Proof(error, tolerance)
    if not proof.passes:
        raise ProofError(
            f"its output differs from the float64 reference by {error:.1e} of scale, allowed {proof.tolerance:.1e}; "
            "not timed",
            proof,
        )
    return proof


def _tolerance(expected: dict[str, np.ndarray], precision: Precision, scale: float) -> float:
    if "tolerance" in expected:
        return float(expected["tolerance"])
    own = [expected[name] for name in OWN[precision] if name in expected]
    own_error = max(float(np.abs(output - expected["double"]).max()) for output in own) / scale
    return min(FACTOR * own_error, LIMITS[precision])
