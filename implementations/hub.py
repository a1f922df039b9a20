"""Fetches pretrained weights from the Hugging Face Hub: no torch, cached, resumed, checked, with a progress bar.

The files are those that timm names (`hf_hub_id`), kept in the Hub's own cache (`HF_HOME`), so that timm and this
package share them. `HF_ENDPOINT` names another server of the same protocol; `HF_HUB_OFFLINE` uses the cache alone.
"""

import hashlib
import os
import re
from pathlib import Path

from implementations import registry
from implementations.errors import DownloadError

FILES = ("model.safetensors", "pytorch_model.bin")  # in order of preference
ETAG_TIMEOUT = 10.0  # seconds for the server to answer
_CHUNK = 1 << 22


def download_weights(name: str, cache_dir: str | Path | None = None) -> Path:
    """Path of the cached weights of `variant.tag`, or of the variant's default tag; fetched if they are not cached.

    Args:
        name: the variant, with or without a tag.
        cache_dir: where to keep files; default the Hub's cache.

    Raises:
        UnknownNameError: no such variant or tag.
        DownloadError: the Hub has no weights of that name, cannot be reached, or sent other bytes than it announced.
    """
    config = registry.pretrained_config(name)
    if not config.hf_hub_id:
        tags = registry.list_pretrained(f"{config.variant}.*")
        known = f"; available: {', '.join(tags)}" if tags else ""
        raise DownloadError(f"{config.name} has no pretrained weights on the Hub{known}; use pretrained=False")
    filenames = (config.hf_hub_filename,) if config.hf_hub_filename else FILES
    for filename in filenames:
        path = _download(config.hf_hub_id, filename, cache_dir)
        if path is not None:
            return path
    raise DownloadError(f"{config.hf_hub_id}: the Hub has none of {', '.join(filenames)} there")


def _download(hub_id: str, filename: str, cache_dir: str | Path | None) -> Path | None:
    """One file, verified; None if the repository has none of that name."""
    from huggingface_hub import hf_hub_download
    from huggingface_hub.errors import (
        EntryNotFoundError,
        HTTPError,
        LocalEntryNotFoundError,
        RepositoryNotFoundError,
    )

    endpoint = os.environ.get("HF_ENDPOINT") or "https://huggingface.co"
    repo_id, _, revision = hub_id.partition("@")
    try:
        path = hf_hub_download(
            repo_id,
            filename,
            revision=revision or None,
            cache_dir=cache_dir or os.environ.get("HF_HUB_CACHE"),
            endpoint=endpoint,
            etag_timeout=ETAG_TIMEOUT,
        )
    except RepositoryNotFoundError as error:
        raise DownloadError(
            f"{hub_id}: no such repository at {endpoint}, or it needs a login (hf auth login)"
        ) from error
    except LocalEntryNotFoundError as error:
        hint = "check the network, or give weights=<file>"
        raise DownloadError(
            f"{hub_id}/{filename}: {endpoint} cannot be reached and nothing is cached; {hint}"
        ) from error
    except EntryNotFoundError:
        return None
    except (HTTPError, OSError) as error:
        reason = str(error).strip().splitlines()
        raise DownloadError(
            f"{hub_id}/{filename}: not fetched from {endpoint} ({reason[0] if reason else error!r})"
        ) from error
    return _verified(Path(path), hub_id)


def _verified(path: Path, hub_id: str) -> Path:
    """The file, once its bytes have the SHA-256 that the Hub keeps large files under; a wrong file leaves the cache."""
    blob = path.resolve()
    if not re.fullmatch(r"[0-9a-f]{64}", blob.name):
        return path  # small files are kept under a git hash, and downloads check their size
    digest = hashlib.sha256()
    with blob.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    if digest.hexdigest() != blob.name:
        blob.unlink()
        raise DownloadError(f"{hub_id}: the bytes received are not those announced (SHA-256 differs); fetch again")
    return path
