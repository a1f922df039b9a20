"""The errors that users of the implementations meet: each message is one clear line."""


class BackboneError(ValueError):
    """A model cannot be built or used as asked."""


class UnknownNameError(BackboneError):
    """No variant or tag of that name; the message suggests the nearest."""


class WeightsError(BackboneError):
    """Weights cannot be read, or do not fit the model."""


class DownloadError(BackboneError):
    """Weights could not be fetched."""
