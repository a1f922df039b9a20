"""Implementations of any model that need no library."""
