"""Owns which variants exist, which module implements each, and what timm says about their pretrained weights.

The tables in data/ are written from timm by `python -m implementations.parity.tables`. A backbone joins by one line in
`BACKBONES`: the name of its table, which is timm's module name, and the module and class here.
"""

import csv
import difflib
import fnmatch
import importlib
import json
from dataclasses import dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

from implementations.errors import UnknownNameError

DATA = Path(__file__).parent / "data"

# Table (timm's module) -> "module:class" here.
BACKBONES = {
    "vision_transformer": "implementations.vision_transformer:VisionTransformer",
    "deit": "implementations.deit:Deit",
    "swin_transformer": "implementations.swin_transformer:SwinTransformer",
    "swin_transformer_v2": "implementations.swin_transformer_v2:SwinTransformerV2",
}


@dataclass(frozen=True)
class PretrainedConfig:
    """What timm records about one set of weights: where they are, and the preprocessing that they expect.

    `input_size` is (channels, height, width); `mean` and `std` are per channel in 0..1; an empty `hf_hub_id` means that
    the Hub has none. `license` is as stated by timm, None where it states none.
    """

    variant: str
    tag: str
    default: bool
    hf_hub_id: str | None
    hf_hub_filename: str | None
    url: str | None
    custom_load: bool | str
    num_classes: int
    input_size: tuple[int, int, int]
    fixed_input_size: bool
    interpolation: str
    crop_pct: float
    crop_mode: str
    mean: tuple[float, ...]
    std: tuple[float, ...]
    first_conv: str | None
    classifier: str | tuple[str, ...] | None
    license: str | None

    @property
    def name(self) -> str:
        """`variant.tag`, or the variant alone where it has no tag."""
        return f"{self.variant}.{self.tag}" if self.tag else self.variant


def list_models(pattern: str = "*", module: str | None = None) -> list[str]:
    """Names of all variants, sorted; `pattern` as a shell's (`swin*`), `module` keeps one timm module's."""
    names = sorted(name for name, (table, _) in _variants().items() if module in (None, table))
    return fnmatch.filter(names, pattern)


def list_pretrained(pattern: str = "*") -> list[str]:
    """Names `variant.tag` that have weights on the Hub, sorted."""
    tags = (config for name in _variants() for config in _pretrained().get(name, ()))
    return fnmatch.filter(sorted(config.name for config in tags if config.hf_hub_id), pattern)


def split_name(name: str) -> tuple[str, str | None]:
    """(variant, tag or None) of `variant` or `variant.tag`.

    Raises:
        UnknownNameError: there is no such variant or tag; the nearest names are suggested.
    """
    variant, _, tag = name.removeprefix("timm/").partition(".")
    if variant not in _variants():
        nearest = _nearest(variant, list(_variants())) or "; implementations.list_models() names them all"
        raise UnknownNameError(f"no model is named {variant!r}{nearest}")
    tags = [config.tag for config in _pretrained().get(variant, ()) if config.tag]
    if tag and tag not in tags:
        known = f"; it has {', '.join(tags)}" if tags else "; it has no tags"
        raise UnknownNameError(f"{variant} has no weights tagged {tag!r}{_nearest(tag, tags)}{known}")
    return variant, tag or None


def module_of(variant: str) -> str:
    """timm's module that defines the variant, which is also the name of its table."""
    return _variants()[variant][0]


def arguments_of(variant: str) -> dict[str, Any]:
    """The arguments that make this variant out of its backbone class, as in its table."""
    return dict(_variants()[variant][1])


def model_class(variant: str) -> Any:
    """The Backbone subclass of a variant; imports Keras."""
    module_name, class_name = BACKBONES[module_of(variant)].split(":")
    return getattr(importlib.import_module(module_name), class_name)


def pretrained_config(name: str) -> PretrainedConfig:
    """What timm records for `variant.tag`, or for the variant's default tag."""
    variant, tag = split_name(name)
    configs = _pretrained()[variant]
    return next(config for config in configs if (config.tag == tag if tag else config.default))


def default_arguments(name: str) -> dict[str, Any]:
    """Arguments of a variant, completed from its pretrained configuration as timm completes them."""
    variant, _ = split_name(name)
    pretrained = pretrained_config(name)
    completed: dict[str, Any] = {"num_classes": pretrained.num_classes, "in_chans": pretrained.input_size[0]}
    if pretrained.fixed_input_size:
        completed["img_size"] = pretrained.input_size[1:]
    return {**completed, **arguments_of(variant)}


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


@cache
def _variants() -> dict[str, tuple[str, dict[str, Any]]]:
    found = {}
    for table in BACKBONES:
        for row in _rows(DATA / f"{table}.csv"):
            variant = row.pop("variant")
            found[variant] = (table, {name: value for name, value in row.items() if value is not None})
    return found


@cache
def _pretrained() -> dict[str, list[PretrainedConfig]]:
    known = {field.name for field in fields(PretrainedConfig)}
    found: dict[str, list[PretrainedConfig]] = {}
    for row in _rows(DATA / "pretrained.csv"):
        row["tag"] = row["tag"] or ""
        found.setdefault(row["variant"], []).append(PretrainedConfig(**{name: row[name] for name in known}))
    return found


def _rows(path: Path) -> list[dict[str, Any]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [{name: _value(cell) for name, cell in row.items()} for row in csv.DictReader(file)]


def _value(cell: str) -> Any:
    """A table cell: nothing, JSON (numbers, true, lists), or plain text."""
    if not cell:
        return None
    if cell[0].isalpha() and cell not in ("true", "false"):
        return cell
    try:
        value = json.loads(cell)
    except json.JSONDecodeError:
        return cell
    return tuple(value) if isinstance(value, list) else value
