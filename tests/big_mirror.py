"""Makes a mirror with many times the rows: every timm row again under numbered architecture names."""

from __future__ import annotations

import csv
import shutil
from pathlib import Path


def multiply(mirror: Path, target: Path, factor: int) -> None:
    """Copy a mirror, repeating each row of timm's results `factor` times under new names, in sorted order."""
    shutil.copytree(mirror, target)
    results = target / "raw.githubusercontent.com" / "huggingface" / "pytorch-image-models"
    for path in sorted(results.glob("*/results/*.csv")):
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = csv.reader(file)
        with path.open("w", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            writer.writerow(header)
            for row in rows:
                writer.writerow(row)
                writer.writerows([_renamed(row[0], number), *row[1:]] for number in range(1, factor))


def _renamed(model: str, number: int) -> str:
    architecture, dot, tag = model.partition(".")
    return f"{architecture}_x{number}{dot}{tag}"
