"""Reads one image file, which may be anything: what cannot be read, or is too large to decode, is said in a line."""

from __future__ import annotations

import io
import stat
import unicodedata
import warnings
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from catalog.problems import one_line

FORMATS = ("BMP", "GIF", "JPEG", "PNG", "WEBP")  # nothing that Pillow would hand to another program, such as EPS
MOST_BYTES = 1 << 29  # of a file; an uncompressed image of as many pixels as Pillow decodes has half of that


class UnreadableImageError(Exception):
    """A file that is no image, not a whole one, or too large; the message says what was found, in one line."""

    def __init__(self, message: str) -> None:
        super().__init__(one_line(message))


def readable_name(path: str) -> bool:
    """Whether a path can stand in a table and in a line: text in UTF-8 without control characters."""
    return all(character.isprintable() or unicodedata.category(character) == "Zs" for character in path)


def read_bytes(path: Path) -> bytes:
    """What a regular file holds. Raises UnreadableImageError."""
    try:
        found = path.stat()
        if not stat.S_ISREG(found.st_mode):
            raise UnreadableImageError("it is no regular file")
        if found.st_size > MOST_BYTES:
            raise UnreadableImageError(f"the file has {found.st_size:,} bytes, expected at most {MOST_BYTES:,}")
        data = path.read_bytes()
    except OSError as error:
        raise UnreadableImageError(error.strerror or str(error)) from error
    if not data:
        raise UnreadableImageError("the file is empty")
    return data


def refuse_bombs() -> None:
    """Have Pillow refuse an image of more than MAX_IMAGE_PIXELS, as its manual advises, where it would only warn."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)


def opened(data: bytes, resized: float) -> Image.Image:
    """The image with its header read and its pixels not yet decoded.

    Args:
        data: the file's bytes.
        resized: pixels that its shorter side will be resized to; a strip 1 pixel wide would make millions of rows.

    Raises:
        UnreadableImageError: no image of a known kind, or too many pixels as it is or when it is resized.
    """
    try:
        image = Image.open(io.BytesIO(data), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnreadableImageError(f"{len(data)} bytes that are no image of a known kind") from error
    except Exception as error:  # whatever Pillow runs into in a damaged header
        raise UnreadableImageError(str(error) or type(error).__name__) from error
    pixels, most = resized * resized * max(image.size) / min(image.size), Image.MAX_IMAGE_PIXELS
    if most and pixels > most:
        raise UnreadableImageError(
            f"{image.width}x{image.height} pixels are {pixels:.0f} when resized, expected at most {most}"
        )
    return image


def decoded(data: bytes, resized: float) -> Image.Image:
    """The image decoded to RGB; arguments and errors as of `opened`, and for a damaged image."""
    image = opened(data, resized)
    try:
        return image.convert("RGB")
    except Exception as error:  # whatever Pillow runs into in damaged pixels
        raise UnreadableImageError(str(error) or type(error).__name__) from error
