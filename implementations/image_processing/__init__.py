"""From image bytes or pixels to a model's input, equal to timm's and Hugging Face's on Pillow.

`ImageProcessor` needs no framework; `ImageProcessing`, its Keras layer, is imported when it is asked for.
"""

from typing import TYPE_CHECKING, Any

from implementations.image_processing.processor import ImageProcessor

if TYPE_CHECKING:
    from implementations.image_processing.layer import ImageProcessing

__all__ = ["ImageProcessing", "ImageProcessor"]


def __getattr__(name: str) -> Any:
    if name == "ImageProcessing":
        from implementations.image_processing.layer import ImageProcessing

        return ImageProcessing
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
