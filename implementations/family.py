"""A backbone family as its folder describes it: model, variants, pretrained configurations by tag, and reference."""

from __future__ import annotations

import csv
import importlib
import json
from dataclasses import dataclass, fields
from functools import cached_property
from importlib import resources
from typing import Any

from implementations.reference import Reference, TimmReference


@dataclass(frozen=True)
class PretrainedConfig:
    """One set of weights: where they are, and the preprocessing that they expect.

    `input_size` is (channels, height, width); `mean` and `std` are per channel in 0..1; an empty `hf_hub_id` means that
    the Hub has none. `first_conv` and `classifier` name the tensors that depend on channels and classes. `license` is
    as stated by the reference, None where it states none.
    """

    variant: str
    tag: str = ""
    default: bool = True
    hf_hub_id: str | None = None
    hf_hub_filename: str | None = None
    url: str | None = None
    custom_load: bool | str = False
    num_classes: int = 1000
    input_size: tuple[int, int, int] = (3, 224, 224)
    fixed_input_size: bool = False
    interpolation: str = "bicubic"
    crop_pct: float = 0.875
    crop_mode: str = "center"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    first_conv: str | None = None
    classifier: str | tuple[str, ...] | None = None
    license: str | None = None

    @property
    def name(self) -> str:
        """`variant.tag`, or the variant alone where it has no tag."""
        return f"{self.variant}.{self.tag}" if self.tag else self.variant


@dataclass(frozen=True)
class Family:
    """A folder of `families/`, which is found by the `FAMILY` in its `__init__.py`.

    `package` is the folder's import name. It holds `model.py` with the `Backbone` subclass that `model` names;
    `variants.csv` with a row of arguments for each variant; and `pretrained.csv` with the fields of `PretrainedConfig`
    for each set of weights, a variant's default first. A blank cell leaves an argument or a field as it is by default.
    A variant that the catalog knows by another name tells it in the column `architecture`.
    """

    package: str
    model: str
    reference: Reference

    @property
    def name(self) -> str:
        """The folder's name."""
        return self.package.rpartition(".")[2]

    @property
    def in_timm(self) -> bool:
        """Whether timm has the same variants, names and tensors."""
        return isinstance(self.reference, TimmReference)

    def model_class(self) -> Any:
        """The Backbone subclass; imports Keras."""
        return getattr(importlib.import_module(f"{self.package}.model"), self.model)

    @cached_property
    def variants(self) -> dict[str, dict[str, Any]]:
        """The arguments that make each variant out of the model's class."""
        rows = self._rows("variants.csv")
        return {
            row["variant"]: {name: row[name] for name in row if name not in ("variant", "architecture")} for row in rows
        }

    @cached_property
    def pretrained(self) -> dict[str, tuple[PretrainedConfig, ...]]:
        """The pretrained configurations of each variant, the default first; one without weights where none is told."""
        known = {field.name for field in fields(PretrainedConfig)}
        found: dict[str, tuple[PretrainedConfig, ...]] = {}
        for row in self._rows("pretrained.csv"):
            config = PretrainedConfig(**{name: value for name, value in row.items() if name in known})
            found[config.variant] = (*found.get(config.variant, ()), config)
        return {variant: found.get(variant) or (PretrainedConfig(variant),) for variant in self.variants}

    def architecture(self, variant: str) -> str:
        """The catalog's architecture that a variant is."""
        return self._architectures.get(variant, variant)

    @cached_property
    def _architectures(self) -> dict[str, str]:
        rows = self._rows("variants.csv")
        return {row["variant"]: row["architecture"] for row in rows if "architecture" in row}

    def _rows(self, table: str) -> list[dict[str, Any]]:
        """The filled cells of each row; no rows where the folder has no such table."""
        path = resources.files(self.package) / table
        if not path.is_file():
            return []
        rows = csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        return [{name: _value(cell) for name, cell in row.items() if cell} for row in rows]


def _value(cell: str) -> Any:
    """A table cell: JSON (numbers, true, lists), or plain text."""
    if cell[0].isalpha() and cell not in ("true", "false"):
        return cell
    try:
        value = json.loads(cell)
    except json.JSONDecodeError:
        return cell
    return tuple(value) if isinstance(value, list) else value
