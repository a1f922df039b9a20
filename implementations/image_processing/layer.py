"""Image processing as a Keras layer, for models that take raw pixels or image bytes and for their exports."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import keras

from implementations.image_processing.processor import ImageProcessor


@keras.saving.register_keras_serializable(package="implementations")
class ImageProcessing(keras.layers.Layer):
    """Apply an `ImageProcessor`: uint8 (B, H, W, C) of any size, or bytes (B,), to float32 (B, height, width, C).

    It runs TensorFlow operations and so belongs to models on the TensorFlow back end; in `tf.data` use the processor
    itself, which works under every back end.
    """

    def __init__(self, processor: ImageProcessor, **kwargs: Any) -> None:
        super().__init__(trainable=False, dtype="float32", **kwargs)
        self.processor = processor
        self.built = True

    def call(self, images: Any) -> Any:
        """Process a tensor; see `ImageProcessor`."""
        return self.processor(images)

    def compute_output_spec(self, images: keras.KerasTensor) -> keras.KerasTensor:
        """Return (B, height, width, C) float32."""
        shape = (images.shape[0], *self.processor.output_size, len(self.processor.mean))
        return keras.KerasTensor(shape, dtype="float32")

    def get_config(self) -> dict[str, Any]:
        """Return every number of the processor."""
        config = super().get_config()
        del config["dtype"], config["trainable"]
        return {**config, "processor": asdict(self.processor)}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> ImageProcessing:
        """Rebuild the processor from its numbers."""
        return cls(ImageProcessor(**config.pop("processor")), **config)
