"""Parity of a whole variant: every tensor at full size, outputs with the depth cut where it is large, and costs."""

import datetime
import gc
import importlib.metadata
import os
from collections.abc import Iterable, Iterator

import keras

from implementations import registry
from implementations.costs import count_costs
from implementations.parity import checks
from implementations.parity.compare import worst
from implementations.parity.results import ParityRow

FULL_DEPTH_LIMIT = 100.0  # million parameters; larger variants are verified with their depth cut


class ParityError(AssertionError):
    """A variant is not the same function as its reference; the message says where, in one line."""


def verify(name: str) -> ParityRow:
    """Compare one variant with its reference.

    Raises:
        UnknownNameError: no such variant.
        ParityError: a tensor differs in name or shape, or an output by more than its tolerance.
    """
    name, _ = registry.split_name(name)
    family = registry.family_of(name)
    differing = checks.check_tensors(name)
    if differing:
        raise ParityError(f"{name}: tensors differ from the reference's: {'; '.join(differing[:5])}")
    costs = count_costs(name)
    cut = costs.params_m > FULL_DEPTH_LIMIT
    comparisons = checks.check_outputs(name, **(checks.depth_cut(name) if cut else {}))
    nearest = worst(comparisons)
    gc.collect()
    keras.utils.clear_session()
    if not nearest.passes:
        raise ParityError(f"{name}: {nearest}")
    return ParityRow(
        variant=name,
        architecture=family.architecture(name),
        module=family.package,
        reference=family.reference.source,
        img_size=f"{costs.img_size[0]}x{costs.img_size[1]}",
        params_m=costs.params_m,
        gmacs=costs.gmacs,
        parity_error=nearest.error,
        reference_error=nearest.reference_error,
        tolerance=nearest.tolerance,
        depth_cut=cut,
        verified_with=versions(name),
        verified_on=verified_on(),
    )


def verify_all(names: Iterable[str]) -> Iterator[ParityRow | ParityError]:
    """Verify variants one by one; yields each row, or the error of a variant that failed."""
    for name in names:
        try:
            yield verify(name)
        except ParityError as error:
            yield error


def versions(name: str) -> str:
    """Versions of the packages that a variant's result depends on."""
    packages = sorted({"keras", "tensorflow", "torch", registry.family_of(name).reference.package})
    return ", ".join(f"{package} {_version(package).partition('+')[0]}" for package in packages)


def verified_on() -> str:
    """Today, or the day of SOURCE_DATE_EPOCH where a build wants the same bytes."""
    epoch = os.environ.get("SOURCE_DATE_EPOCH")
    if epoch:
        return datetime.datetime.fromtimestamp(int(epoch), datetime.UTC).date().isoformat()
    return datetime.datetime.now(datetime.UTC).date().isoformat()


def _version(package: str) -> str:
    """Installed version; TensorFlow's CPU build is distributed under a name of its own."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return importlib.metadata.version(f"{package}-cpu")
