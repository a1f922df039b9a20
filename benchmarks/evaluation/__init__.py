"""Measures the accuracy of a model on a folder of images, for ours and for timm, on one machine or on several.

The unit of work is a batch of images by their place in the folder's order: a batch gives the same result wherever and
whenever it runs, so an interrupted evaluation goes on, and a distributed one equals the single one exactly.
"""
