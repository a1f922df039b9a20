"""Errors that meet the user as one line."""

from __future__ import annotations

from implementations.errors import BackboneError


class BenchmarkError(BackboneError):
    """A benchmark that was asked for and cannot be run; one line."""


class EvaluationError(BackboneError):
    """An evaluation that was asked for and cannot be run; one line."""


class ClusterError(BackboneError):
    """A cluster that cannot do the work; one line."""
