"""The errors that users of the implementations meet: each message is one clear line."""

from catalog.problems import one_line

LONGEST = 2000  # characters of a message


class BackboneError(ValueError):
    """A model cannot be built or used as asked; its text is one line, cut in the middle where a name is endless."""

    def __init__(self, message: str) -> None:
        text = one_line(message, len(message))
        super().__init__(text if len(text) <= LONGEST else f"{text[: LONGEST // 2]}…{text[-LONGEST // 2 :]}")


class UnknownNameError(BackboneError):
    """No variant or tag of that name; the message suggests the nearest."""


class WeightsError(BackboneError):
    """Weights cannot be read, or do not fit the model."""


class DownloadError(BackboneError):
    """Weights could not be fetched."""
