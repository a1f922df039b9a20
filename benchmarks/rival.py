"""A rival: another library's Keras models, how they are installed, and how they are built with timm's weights."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from benchmarks.comparison import Comparison
    from benchmarks.timm_tensors import TimmTensors

    Build = Callable[[TimmTensors, Comparison], Any]  # gives every tensor to a variable of the model that it makes


def nothing(model: Any) -> None:
    """Leave a model as it is."""


@dataclass(frozen=True)
class Rival:
    """What a file of `benchmarks/rivals` says of its library.

    Args:
        package: `__name__` of the file: `keras_hub` describes the implementation `keras-hub`.
        module: what the library is imported as.
        requirements: everything to install, each with its version, the library first.
        layered: whether only that is installed, without its dependencies, over the packages that are running here;
            else it gets an environment of its own, resolved by pip, which must also have what a worker imports.
        keras: the major version of Keras that it is written for; 2 is tf-keras.
        runtimes: those that it runs under.
        swept: those under which a whole sweep times it.
        slow: whether a sweep times it on the first model only.
        builds: by family, a function that builds a variant from the sizes of timm's tensors and fills it with them.
        finish: what the library's users do to a model before inference.
    """

    package: str
    module: str
    requirements: tuple[str, ...]
    layered: bool
    keras: Literal[2, 3]
    runtimes: tuple[str, ...]
    swept: tuple[str, ...]
    builds: Mapping[str, Build]
    slow: bool = False
    finish: Callable[[Any], None] = nothing

    @property
    def name(self) -> str:
        """The implementation, as results files name it."""
        return self.package.rpartition(".")[2].replace("_", "-")

    @property
    def file(self) -> str:
        """Where it is described."""
        return f"{self.package.replace('.', '/')}.py"

    @property
    def packages(self) -> tuple[str, ...]:
        """The packages whose versions a measurement of it records, beside its runtime's."""
        return (self.name, "keras" if self.keras == 3 else "tf-keras")
