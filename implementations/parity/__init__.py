"""Proof that the Keras backbones compute what their references compute; the only place besides tests that imports torch."""
