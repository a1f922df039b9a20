"""timm's registry: licence, hub id, sizes, classes and papers of every set of weights, from a committed snapshot.

The snapshot is the source of record: importing timm takes seconds and needs torch, so a refresh never does.
`python -m scrapers.timm_registry` writes it anew from the installed timm.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from catalog.records import Parsed, Registration, SourceFile
from scrapers.base import Fetched
from scrapers.client import Client
from scrapers.snapshots import FOLDER, Origin, read_snapshot, write_snapshot
from scrapers.tabular import SAFE_NAME, Row, read_csv, read_records

SNAPSHOT: Final = "timm_registry"
DEPRECATED: Final = "timm_deprecated"
SOURCE: Final = "timm-registry/weights"
LICENCE: Final = "Apache-2.0"
COLUMNS: Final = (
    "model",
    "module",
    "licence",
    "hub_id",
    "train_img_size",
    "test_img_size",
    "num_classes",
    "paper_ids",
)
DEPRECATED_COLUMNS: Final = ("name", "model")

HUB_ID: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,95}/[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
ARXIV_IDS: Final = re.compile(r"\d{4}\.\d{4,5}(;\d{4}\.\d{4,5})*")
MAX_SIZE: Final = 4096  # pixels
MAX_CLASSES: Final = 10_000_000


class TimmRegistry:
    """Every set of weights that timm can load."""

    name = "timm-registry"
    hosts: tuple[str, ...] = ()

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Read the committed snapshot; no network."""
        return Fetched([read_snapshot(SNAPSHOT, SOURCE, self.name)])

    def parse(self, file: SourceFile) -> Parsed:
        """Rows of the snapshot. A size is the side of the square input, blank where the input is not square."""
        parsed = Parsed(file)

        def build(row: Row) -> Registration:
            papers = _optional(row, "paper_ids", ARXIV_IDS)
            return Registration(
                file.source,
                row.line,
                row.text("model"),
                row.text("module"),
                _optional(row, "licence", SAFE_NAME),
                _optional(row, "hub_id", HUB_ID),
                _optional_integer(row, "train_img_size", 1, MAX_SIZE),
                _optional_integer(row, "test_img_size", 1, MAX_SIZE),
                _optional_integer(row, "num_classes", 0, MAX_CLASSES),
                tuple(papers.split(";")) if papers else (),
            )

        read_records(parsed, read_csv(parsed, COLUMNS, ()), build, lambda record: (record.model,))
        return parsed


def _optional(row: Row, column: str, pattern: re.Pattern[str]) -> str:
    return row.text(column, pattern) if row.values[column].strip() else ""


def _optional_integer(row: Row, column: str, low: int, high: int) -> int | None:
    return row.integer(column, low, high) if row.values[column].strip() else None


def write_registry(folder: Path = FOLDER) -> list[Path]:
    """Write both snapshots from the installed timm. Raises ImportError where timm or torch is not installed."""
    from scrapers.torchvision_operators import import_torchvision

    import_torchvision()
    import timm
    from timm.models import _registry as registry

    url = f"https://github.com/huggingface/pytorch-image-models/tree/v{timm.__version__}/timm/models"
    weights = Origin(SNAPSHOT, "timm", timm.__version__, url, LICENCE)
    former = Origin(DEPRECATED, "timm", timm.__version__, url, LICENCE)
    return [
        write_snapshot(weights, COLUMNS, _registered_rows(timm, registry), folder),
        write_snapshot(former, DEPRECATED_COLUMNS, registry._deprecated_models.items(), folder),
    ]


def _registered_rows(timm: object, registry: object) -> Iterator[tuple[object, ...]]:
    for model in timm.list_pretrained():  # type: ignore[attr-defined]
        weights = timm.get_pretrained_cfg(model)  # type: ignore[attr-defined]
        yield (
            model,
            registry._model_to_module[model.partition(".")[0]],  # type: ignore[attr-defined]
            weights.license,
            weights.hf_hub_id,
            _side(weights.input_size),
            _side(weights.test_input_size),
            weights.num_classes,
            ";".join(re.findall(r"\d{4}\.\d{4,5}", str(weights.paper_ids or ""))),
        )


def _side(size: tuple[int, int, int] | None) -> int | None:
    """The side of a (channels, height, width) input; None where it is unknown or not square."""
    return size[1] if size and size[1] == size[2] else None


if __name__ == "__main__":
    try:
        sys.stdout.writelines(f"wrote {path.name}\n" for path in write_registry())
    except ImportError as error:
        sys.exit(f"timm and torch have to be installed to read the registry anew: {error}")
