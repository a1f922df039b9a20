"""What the reference of a variant computes in float32 and float64, with random values everywhere."""

from collections.abc import Collection
from typing import Any

import numpy as np
import torch

from implementations import registry
from implementations.reference import Reference


def create_reference(name: str, seed: int = 0, **arguments: Any) -> torch.nn.Module:
    """The module that a variant is proven against, in eval mode, with no value left as initialised.

    Args:
        name: the variant.
        seed: of the random values.
        **arguments: configuration that the module takes too.
    """
    with _NoRandomValues():  # all of them are about to be replaced
        module = reference_of(name).build(name, **arguments)
    randomize(module, seed)
    return module


def reference_of(name: str) -> Reference:
    """What the variant's family is proven against."""
    return registry.family_of(name).reference


class _NoRandomValues(torch.overrides.TorchFunctionMode):
    """Leaves out the drawing of initial values, which takes longer than anything else for a large model."""

    SKIPPED = (torch.Tensor.uniform_, torch.Tensor.normal_, torch.Tensor.erfinv_)

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if function in self.SKIPPED:
            return args[0].zero_()
        return function(*args, **(kwargs or {}))


def reference_shapes(name: str, **arguments: Any) -> dict[str, tuple[int, ...]]:
    """Our name and the shape of every tensor in the reference's state dict, without allocating any."""
    reference = reference_of(name)
    state = reference.build(name, device="meta", **arguments).state_dict()
    return {reference.our_name(key): tuple(tensor.shape) for key, tensor in state.items()}


def randomize(model: torch.nn.Module, seed: int) -> None:
    """Give every parameter and floating-point buffer random values that keep activations at the order of one."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in model.named_parameters():
            tensor.copy_(_draw(name, tensor, generator))
        for name, tensor in model.named_buffers():
            if name.endswith("running_var"):
                tensor.copy_(0.5 + torch.rand(tensor.shape, generator=generator))
            elif name.endswith("running_mean"):
                tensor.copy_(0.2 * torch.randn(tensor.shape, generator=generator))
        for module in model.modules():
            if type(module).__name__ == "ResPostBlock":
                # Nothing normalises what its attention sees: at a gain of one, twelve blocks add up until softmax is a
                # step, and rounding decides which way even the reference goes (its own error is then 3e-3).
                module.norm1.weight.mul_(0.3)
                module.norm2.weight.mul_(0.3)


def _draw(name: str, tensor: torch.Tensor, generator: torch.Generator) -> torch.Tensor:
    noise = torch.randn(tensor.shape, generator=generator)
    leaf = name.rsplit(".", 1)[-1]
    if leaf == "weight" and tensor.ndim > 1:
        return noise * (1.2 / np.sqrt(tensor[0].numel()))
    if leaf in ("weight", "gamma"):  # norms and layer scales
        return 1.0 + 0.3 * noise
    if leaf == "logit_scale":
        return tensor + 0.3 * noise
    if leaf == "bias":
        return 0.2 * noise
    return 0.5 * noise  # tokens, positions, bias tables, lambdas


def reference_outputs(
    model: torch.nn.Module, images: np.ndarray, attention: Collection[str] | None = None
) -> dict[str, np.ndarray]:
    """Everything that parity compares, by name: logits, features, every feature map (NHWC) and the attention maps.

    Args:
        model: the reference's module, in the precision to run in.
        images: (B, H, W, C).
        attention: paths of the attention layers whose maps to keep; None keeps all.
    """
    maps: dict[str, np.ndarray] = {}
    handles = [
        module.register_forward_hook(_keeper(maps, name.rpartition(".")[0]))
        for name, module in model.named_modules()
        if name.rpartition(".")[2] == "attn_drop" and (attention is None or name.rpartition(".")[0] in attention)
    ]
    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2)).to(next(model.parameters()).dtype)
    with torch.no_grad():
        features, intermediates = model.forward_intermediates(inputs)
        for handle in handles:
            handle.remove()
        logits = model.forward_head(features)
    outputs = {"logits": logits.numpy(), "features": features.numpy()}
    for index, intermediate in enumerate(intermediates):
        outputs[f"features.{index}"] = intermediate.numpy().transpose(0, 2, 3, 1)
    return {**outputs, **{f"attention.{path}": weights for path, weights in maps.items()}}


def attention_sizes(name: str, images: np.ndarray, **arguments: Any) -> dict[str, int]:
    """Elements of every attention map by path, found without computing any."""
    model = reference_of(name).build(name, device="meta", **arguments)
    sizes: dict[str, int] = {}

    def measure(path: str) -> Any:
        return lambda module, inputs, output: sizes.__setitem__(path, output.numel())

    for module_name, module in model.named_modules():
        path, _, leaf = module_name.rpartition(".")
        if leaf == "attn_drop":
            module.register_forward_hook(measure(path))
    with torch.no_grad():
        model(torch.empty(images.transpose(0, 3, 1, 2).shape, device="meta"))
    return sizes


def reference_gradients(model: torch.nn.Module, images: np.ndarray, cotangent: np.ndarray) -> dict[str, np.ndarray]:
    """Gradients of `sum(logits * cotangent)` by every parameter's name, and by "images" (NHWC)."""
    dtype = next(model.parameters()).dtype
    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2)).to(dtype).requires_grad_(True)
    model.zero_grad()
    (model(inputs) * torch.from_numpy(cotangent).to(dtype)).sum().backward()
    gradients = {name: parameter.grad.numpy() for name, parameter in model.named_parameters()}
    return {**gradients, "images": inputs.grad.numpy().transpose(0, 2, 3, 1)}


def _keeper(maps: dict[str, np.ndarray], path: str) -> Any:
    def keep(module: torch.nn.Module, inputs: Any, output: torch.Tensor) -> None:
        maps[path] = output.numpy()

    return keep
