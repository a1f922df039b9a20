"""Counts multiply-accumulates while a model is traced, in the convention of timm's published GMACs.

timm's figures come from fvcore: one multiply-accumulate is one operation, for convolutions, linear layers and
attention's two products; layer normalisation counts five per element; activations and softmax count nothing.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from math import prod

_active: list[Counter[str]] = []


@contextmanager
def counting_macs() -> Iterator[Counter[str]]:
    """Collect the multiply-accumulates of every layer called inside, by kind."""
    counter: Counter[str] = Counter()
    _active.append(counter)
    try:
        yield counter
    finally:
        _active.remove(counter)


def record(kind: str, *factors: int | Sequence[int]) -> None:
    """Add the product of `factors` (numbers or shapes, all known) to every open count; free when none is open."""
    if not _active:
        return
    numbers = [number for factor in factors for number in ((factor,) if isinstance(factor, int) else factor)]
    for counter in _active:
        counter[kind] += prod(numbers)
