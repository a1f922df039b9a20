"""Measures our error against the float64 reference, and judges it by the reference's own float32 error."""

from dataclasses import dataclass

import numpy as np

FACTOR = 4.0  # times the reference's own float32 error
LIMIT = 1e-4  # of the output's scale, whatever the reference's error


@dataclass(frozen=True)
class Comparison:
    """One output: largest absolute errors against float64, both divided by the output's largest absolute value."""

    name: str
    error: float
    reference_error: float
    factor: float = FACTOR

    @property
    def tolerance(self) -> float:
        """The largest error that passes."""
        return min(self.factor * self.reference_error, LIMIT)

    @property
    def passes(self) -> bool:
        """Whether the error is within tolerance; a NaN is not."""
        return self.error <= self.tolerance

    @property
    def ratio(self) -> float:
        """Our error over the reference's own."""
        return self.error / self.reference_error if self.reference_error else (0.0 if not self.error else float("inf"))

    def __str__(self) -> str:
        own = f"reference's own {self.reference_error:.2e}"
        return f"{self.name}: error {self.error:.2e}, {own}, allowed {self.tolerance:.2e}"


def compare(
    ours: dict[str, np.ndarray], single: dict[str, np.ndarray], double: dict[str, np.ndarray]
) -> list[Comparison]:
    """Compare outputs by name; `single` and `double` are the reference in float32 and float64.

    Raises:
        ValueError: the names or shapes differ, so that nothing passes by being left out.
    """
    if set(ours) != set(double):
        raise ValueError(f"outputs differ: only ours {set(ours) - set(double)}, only theirs {set(double) - set(ours)}")
    comparisons = []
    for name, exact in double.items():
        if ours[name].shape != exact.shape:
            raise ValueError(f"{name}: our shape is {ours[name].shape}, the reference's {exact.shape}")
        comparisons.append(compare_one(name, ours[name], single[name], exact))
    return comparisons


def compare_one(name: str, ours: np.ndarray, single: np.ndarray, double: np.ndarray) -> Comparison:
    """Compare one output."""
    scale = float(np.abs(double).max()) or 1.0
    return Comparison(name, float(np.abs(ours - double).max()) / scale, float(np.abs(single - double).max()) / scale)


def worst(comparisons: list[Comparison]) -> Comparison:
    """The comparison that is nearest to, or furthest beyond, its tolerance."""
    return max(comparisons, key=lambda comparison: comparison.error / (comparison.tolerance or 1e-30))
