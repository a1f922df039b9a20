"""From image bytes or pixels to model input in TensorFlow, equal to timm's and Hugging Face's on Pillow."""

from implementations.image_processing.layer import ImageProcessing
from implementations.image_processing.processor import ImageProcessor

__all__ = ["ImageProcessing", "ImageProcessor"]
