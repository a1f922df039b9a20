"""Keras 3 backbones under timm's names, proven equal to their references and benchmarked beside them."""
