"""The errors that users of the implementations meet: each message is one clear line."""

from catalog.problems import one_line

LONGEST = 2000  # characters of a message


class BackboneError(ValueError):
    """A model cannot be built or used as asked; its text is one line, whatever names it quotes."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message, LONGEST))


class UnknownNameError(BackboneError):
    """No variant or tag of that name; the message suggests the nearest."""


class WeightsError(BackboneError):
    """Weights cannot be read, or do not fit the model."""


class DownloadError(BackboneError):
    """Weights could not be fetched."""
