"""Names of models: the families that are found in `families/`, their variants, and their pretrained tags."""

from __future__ import annotations

import difflib
import fnmatch
import importlib
import pkgutil
from collections.abc import Mapping
from functools import cache
from typing import Any

from implementations import families as folders
from implementations.errors import UnknownNameError
from implementations.family import Family, PretrainedConfig


def families() -> Mapping[str, Family]:
    """Every family by the name of its folder, in alphabetical order; finding them loads no framework."""
    return _found(tuple(folders.__path__))[0]


def list_models(pattern: str = "*", family: str | None = None) -> list[str]:
    """Names of all variants, sorted; `pattern` as a shell's (`swin*`), `family` keeps one folder's."""
    names = [name for name, owner in _owners().items() if family in (None, owner.name)]
    return fnmatch.filter(sorted(names), pattern)


def list_pretrained(pattern: str = "*") -> list[str]:
    """Names `variant.tag` that have weights on the Hub, sorted."""
    tags = (config for family in families().values() for configs in family.pretrained.values() for config in configs)
    return fnmatch.filter(sorted(config.name for config in tags if config.hf_hub_id), pattern)


def split_name(name: str) -> tuple[str, str | None]:
    """(variant, tag or None) of `variant` or `variant.tag`.

    Raises:
        UnknownNameError: there is no such variant or tag; the nearest names are suggested.
    """
    variant, _, tag = name.removeprefix("timm/").partition(".")
    if variant not in _owners():
        nearest = _nearest(variant, list(_owners())) or "; implementations.list_models() names them all"
        raise UnknownNameError(f"no model is named {variant!r}{nearest}")
    tags = [config.tag for config in _owners()[variant].pretrained[variant] if config.tag]
    if tag and tag not in tags:
        known = f"; it has {', '.join(tags)}" if tags else "; it has no tags"
        raise UnknownNameError(f"{variant} has no weights tagged {tag!r}{_nearest(tag, tags)}{known}")
    return variant, tag or None


def family_of(name: str) -> Family:
    """The family of `variant` or `variant.tag`. Raises UnknownNameError as `split_name`."""
    return _owners()[split_name(name)[0]]


def architecture_of(name: str) -> str:
    """The catalog's name of a variant; another name, such as a layer's, is itself."""
    owner = _owners().get(name)
    return owner.architecture(name) if owner else name


def pretrained_config(name: str) -> PretrainedConfig:
    """The pretrained configuration of `variant.tag`, or of the variant's default tag."""
    variant, tag = split_name(name)
    configs = family_of(variant).pretrained[variant]
    return next(config for config in configs if (config.tag == tag if tag else config.default))


def default_arguments(name: str) -> dict[str, Any]:
    """Arguments of a variant, completed from its pretrained configuration as timm completes them."""
    variant, _ = split_name(name)
    pretrained = pretrained_config(name)
    channels, *size = pretrained.input_size
    completed = {"num_classes": pretrained.num_classes, "in_chans": channels, "img_size": tuple(size)}
    return {**completed, **family_of(variant).variants[variant]}


def _nearest(name: str, known: list[str]) -> str:
    close = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
    return f"; did you mean {' or '.join(close)}?" if close else ""


def _owners() -> Mapping[str, Family]:
    """The family of each variant."""
    return _found(tuple(folders.__path__))[1]


@cache
def _found(paths: tuple[str, ...]) -> tuple[dict[str, Family], dict[str, Family]]:
    """Families by name and by variant, in these folders of families."""
    names = sorted(module.name for module in pkgutil.iter_modules(paths) if module.ispkg)
    found = {name: importlib.import_module(f"{folders.__name__}.{name}").FAMILY for name in names}
    owners: dict[str, Family] = {}
    for family in found.values():
        for variant in family.variants:
            if variant in owners:
                raise ValueError(f"{variant}: a variant of {owners[variant].package} and of {family.package}")
            owners[variant] = family
    return found, owners
