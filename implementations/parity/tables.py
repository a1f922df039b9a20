"""Writes the tables of timm's families from the installed timm.

Run `python -m implementations.parity.tables` after an upgrade of timm; the files are committed.
"""

import csv
import functools
import inspect
import json
from importlib import resources
from pathlib import Path
from typing import Any

from implementations import registry
from implementations.family import Family
from implementations.reference import TimmReference
from runtimes.torchvision_ops import define_missing_operators

PRETRAINED_COLUMNS = (
    "hf_hub_id",
    "hf_hub_filename",
    "url",
    "custom_load",
    "num_classes",
    "input_size",
    "fixed_input_size",
    "interpolation",
    "crop_pct",
    "crop_mode",
    "mean",
    "std",
    "first_conv",
    "classifier",
    "license",
)


def variants_of(module_name: str) -> dict[str, dict[str, Any]]:
    """Arguments that each entry point of a timm module passes to its model class, by variant name."""
    module = _timm_module(module_name)
    from timm.models import list_models

    captured: dict[str, dict[str, Any]] = {}

    def capture(model_class: type, variant: str, pretrained: bool = False, **arguments: Any) -> None:
        for builder_argument in ("pretrained_filter_fn", "pretrained_strict", "feature_cfg"):
            arguments.pop(builder_argument, None)
        if model_class.__name__ == "VisionTransformerDistilled":
            arguments["distilled"] = True
        captured[variant] = {name: _plain(value) for name, value in arguments.items()}
        if "norm_layer" in arguments:
            captured[variant].update(_norm(arguments["norm_layer"]))

    original = module.build_model_with_cfg
    module.build_model_with_cfg = capture
    try:
        for name in list_models(module=module_name):
            getattr(module, name)()
    finally:
        module.build_model_with_cfg = original
    return captured


def pretrained_of(module_name: str) -> list[dict[str, Any]]:
    """Pretrained configurations of a timm module, each variant's default tag first."""
    _timm_module(module_name)
    from timm.models import get_pretrained_cfg, list_models, list_pretrained

    rows = []
    for variant in list_models(module=module_name):
        default = get_pretrained_cfg(variant)
        with_weights = [name.partition(".")[2] for name in list_pretrained(f"{variant}.*") + list_pretrained(variant)]
        tags = list(dict.fromkeys([default.tag or "", *sorted(with_weights)]))
        for tag in tags:
            config = get_pretrained_cfg(f"{variant}.{tag}" if tag else variant)
            values = {column: _plain(getattr(config, column)) for column in PRETRAINED_COLUMNS}
            rows.append({"variant": variant, "tag": tag, "default": tag == (default.tag or ""), **values})
    return rows


def timm_families() -> dict[Family, str]:
    """timm's module of each family that is proven against one."""
    families = registry.families().values()
    return {family: family.reference.module for family in families if isinstance(family.reference, TimmReference)}


def write() -> None:
    """Write variants.csv and pretrained.csv of each family of timm's."""
    for family, module_name in timm_families().items():
        folder = Path(str(resources.files(family.package)))
        variants = variants_of(module_name)
        columns = sorted({name for arguments in variants.values() for name in arguments})
        rows = [{"variant": variant, **arguments} for variant, arguments in sorted(variants.items())]
        _write_csv(folder / "variants.csv", ("variant", *columns), rows)
        pretrained = sorted(
            pretrained_of(module_name), key=lambda row: (row["variant"], not row["default"], row["tag"])
        )
        _write_csv(folder / "pretrained.csv", ("variant", "tag", "default", *PRETRAINED_COLUMNS), pretrained)


def _timm_module(name: str) -> Any:
    define_missing_operators()
    import importlib

    return importlib.import_module(f"timm.models.{name}")


def _norm(layer: Any) -> dict[str, Any]:
    """Name and epsilon of a norm layer given as class, partial or timm's string."""
    from timm.layers import get_norm_layer

    layer = get_norm_layer(layer)
    keywords = dict(layer.keywords) if isinstance(layer, functools.partial) else {}
    norm_class = layer.func if isinstance(layer, functools.partial) else layer
    epsilon = keywords.get("eps", inspect.signature(norm_class).parameters["eps"].default)
    return {"norm_layer": norm_class.__name__, "norm_eps": epsilon}


def _plain(value: Any) -> Any:
    """A value that a table cell can hold: classes by name, partials of norms by the name of their class."""
    if isinstance(value, functools.partial):
        return "SwiGLUPacked" if value.func.__name__ == "GluMlp" else value.func.__name__
    if isinstance(value, type):
        return value.__name__
    return value


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else json.dumps(value)


def _write_csv(path: Path, columns: tuple[str, ...], rows: list[dict[str, Any]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)


if __name__ == "__main__":
    write()
