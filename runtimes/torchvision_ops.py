"""Lets timm be imported where the installed torchvision cannot register its own operators."""

import torch

_libraries: list[torch.library.Library] = []


def define_missing_operators() -> None:
    """Define the schemas of `torchvision::nms` and `qnms` once, so that importing torchvision's meta kernels succeeds.

    torchvision declares fake kernels for both at import; without its compiled extension the operators do not exist and
    the import fails, and timm's with it. No implementation is added: neither operator is called by a backbone.
    """
    if _libraries or _is_defined("torchvision::nms"):
        return
    library = torch.library.Library("torchvision", "DEF")
    for operator in ("nms", "qnms"):
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    _libraries.append(library)  # the definitions live as long as the library object


def _is_defined(operator: str) -> bool:
    return operator in torch._C._dispatch_get_all_op_names()
