"""Proof that the Keras backbones compute what their references compute; the place that imports torch."""
