"""Parametrises the shared backbone checks by what each backbone's test class names."""

import os

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")


def pytest_configure(config):
    # Keras 3.15 copies TensorFlow variables with np.array, of which numpy 2 complains.
    config.addinivalue_line("filterwarnings", "ignore:__array__ implementation doesn't accept:DeprecationWarning")
    # Of timm, when it resizes tables of relative positions.
    for message in ("Using a non-tuple sequence for multidimensional", "torch.searchsorted"):
        config.addinivalue_line("filterwarnings", f"ignore:{message}:UserWarning")


def pytest_collection_modifyitems(config, items):
    """Leave the full sweep out unless it is asked for by `-m sweep`: it takes hours, the routine part minutes."""
    if "sweep" in config.option.markexpr:
        return
    left_out = [item for item in items if "sweep" in item.keywords]
    config.hook.pytest_deselected(items=left_out)
    items[:] = [item for item in items if "sweep" not in item.keywords]


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
