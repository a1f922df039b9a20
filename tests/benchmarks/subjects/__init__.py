"""Subjects that need no framework: each runs y = x + 1 in its own, mostly unfortunate, way."""
