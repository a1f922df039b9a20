"""Makes torchvision importable where its compiled operators do not fit the installed torch."""

from __future__ import annotations

import sys
from typing import Final

MISSING_OPERATOR: Final = "torchvision::nms does not exist"
SCHEMAS: Final = (
    "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
)
_libraries: list[object] = []  # torch forgets the schemas of a library that is collected


def import_torchvision() -> None:
    """Import torchvision; when it stops at the missing operators, declare their schemas and import it again.

    Weight metadata and model definitions then work; the operators themselves cannot be called.
    Raises ImportError where torchvision is not installed, RuntimeError for any other fault of it.
    """
    try:
        import torchvision
    except RuntimeError as error:
        if MISSING_OPERATOR not in str(error):
            raise
        import torch

        for name in [name for name in sys.modules if name.split(".")[0] == "torchvision"]:
            del sys.modules[name]
        library = torch.library.Library("torchvision", "DEF")
        for schema in SCHEMAS:
            library.define(schema)
        _libraries.append(library)
        import torchvision  # noqa: F401
