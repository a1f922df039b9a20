"""torchvision's classification weights as their metadata describes them, from a committed snapshot.

Figures of another library, measured by its authors: shown beside timm's, never ranked with them.
`python -m scrapers.torchvision_weights` writes the snapshot anew from the installed torchvision.
"""

from __future__ import annotations

import csv
import math
import re
import sys
from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Final

from catalog.records import Parsed, SecondOpinion, SourceFile
from catalog.reference import REFERENCE
from catalog.relations import of_accuracy
from scrapers.base import Fetched
from scrapers.client import Client
from scrapers.snapshots import FOLDER, Origin, read_snapshot, write_snapshot
from scrapers.tabular import Row, obey, read_csv, read_records

SNAPSHOT: Final = "torchvision_weights"
SOURCE: Final = "torchvision/weights"
REPORTER: Final = "torchvision"
LICENCE: Final = "BSD-3-Clause"
MAP: Final = REFERENCE / "torchvision_map.csv"
COLUMNS: Final = (
    "weights",
    "name",
    "num_params",
    "top1",
    "top5",
    "gmacs",
    "crop_size",
    "resize_size",
    "licence",
    "recipe",
)
DATASET: Final = "ImageNet-1K"

WEIGHTS: Final = re.compile(r"[A-Za-z0-9_]{1,64}_Weights\.[A-Z0-9_]{1,64}")


class TorchvisionWeights:
    """Every set of weights with an ImageNet-1K accuracy."""

    name = "torchvision"
    hosts: tuple[str, ...] = ()

    def __init__(self, mapping: Path = MAP) -> None:
        """`mapping` says which weights are the architecture, and which the very weights, that timm has."""
        self._mapping = mapping

    def fetch(self, client: Client, known: Collection[str] = ()) -> Fetched:
        """Read the committed snapshot; no network."""
        return Fetched([read_snapshot(SNAPSHOT, SOURCE, self.name)])

    def parse(self, file: SourceFile) -> Parsed:
        """Rows of the snapshot; accuracies in percent, parameters counted one by one."""
        parsed = Parsed(file)
        same = _same_in_timm(self._mapping)

        def build(row: Row) -> SecondOpinion:
            weights = row.text("weights", WEIGHTS)
            top1, top5 = row.number("top1", 0, 100), row.number("top5", 0, 100)
            obey(of_accuracy(top1, None, top5, None))
            architecture, model = same.get(weights, ("", ""))
            return SecondOpinion(
                file.source,
                row.line,
                REPORTER,
                weights,
                architecture,
                model,
                row.integer("crop_size", 1, 4096),
                "SWAG, then ImageNet-1K" if "_SWAG_" in weights else DATASET,
                row.integer("num_params", 1, 10**12) / 1e6,
                row.optional_number("gmacs", 1e-6, 1e6),
                top1,
                top5,
            )

        read_records(parsed, read_csv(parsed, COLUMNS, ()), build, lambda record: (record.name,))
        return parsed


def _same_in_timm(mapping: Path) -> dict[str, tuple[str, str]]:
    with mapping.open(encoding="utf-8", newline="") as lines:
        return {row["weights"]: (row["architecture"], row["model"]) for row in csv.DictReader(lines)}


def write_weights(folder: Path = FOLDER) -> Path:
    """Write the snapshot from the installed torchvision. Raises ImportError where it is not installed.

    Quantised copies are left out, and so are weights that were never evaluated.
    """
    from scrapers.torchvision_operators import import_torchvision

    import_torchvision()
    import torchvision

    version = torchvision.__version__.partition("+")[0]
    url = f"https://github.com/pytorch/vision/tree/v{version}/torchvision/models"
    origin = Origin(SNAPSHOT, "torchvision", version, url, LICENCE)
    return write_snapshot(origin, COLUMNS, _weight_rows(torchvision.models), folder)


def _weight_rows(models: object) -> Iterator[tuple[object, ...]]:
    for name in models.list_models(module=models):  # type: ignore[attr-defined]
        for weights in models.get_model_weights(name):  # type: ignore[attr-defined]
            about = weights.meta
            accuracy = about.get("_metrics", {}).get(DATASET)
            if not accuracy or math.isnan(accuracy["acc@1"]):
                continue
            preprocessing = weights.transforms()
            yield (
                str(weights),
                name,
                about["num_params"],
                accuracy["acc@1"],
                accuracy["acc@5"],
                about.get("_ops"),
                preprocessing.crop_size[0],
                preprocessing.resize_size[0],
                about.get("license"),
                about.get("recipe"),
            )


if __name__ == "__main__":
    try:
        sys.stdout.write(f"wrote {write_weights().name}\n")
    except ImportError as error:
        sys.exit(f"torchvision and torch have to be installed to read the weights anew: {error}")
