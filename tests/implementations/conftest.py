"""Parametrises the shared backbone checks by what each backbone's test class names; the processes that they share."""

import pytest

from tests.implementations.other_back_end import OtherBackEnd


@pytest.fixture(scope="session")
def other_back_ends():
    """A process under each of the other back ends."""
    processes = {backend: OtherBackEnd(backend) for backend in ("jax", "torch")}
    yield processes
    for process in processes.values():
        process.close()


def pytest_generate_tests(metafunc):
    if metafunc.cls is None:
        return
    for parameter in ("parity_case", "tensor_name", "bad_size"):
        if parameter in metafunc.fixturenames:
            cases = getattr(metafunc.cls, f"{parameter}s", ())
            metafunc.parametrize(parameter, cases, ids=[_label(case) for case in cases])


def _label(case):
    if not isinstance(case, tuple) or not isinstance(case[-1], dict):
        return str(case)
    return "-".join([case[0], *(f"{name}={value}" for name, value in case[1].items())])
