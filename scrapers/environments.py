"""Turns the name of a timm benchmark file into the environment that it was measured in."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from functools import cache

from catalog.records import Environment
from catalog.reference import REFERENCE
from scrapers.tabular import UnreadableFile

# benchmark-MODE-PRECISION-LAYOUT-ptVERSION-CUDA_OR_CPU-DEVICE[-dynamo].csv; precision and device may hold "_".
FILE_NAME = re.compile(
    r"benchmark-(?P<mode>infer|train)-(?P<precision>[a-z0-9_]+)-(?P<layout>nchw|nhwc)-pt(?P<torch>\d+)"
    r"-(?P<cuda>cu\d+|cpu)-(?P<device>[A-Za-z0-9_]+?)(?P<dynamo>-dynamo)?\.csv"
)


@dataclass(frozen=True)
class BenchmarkFile:
    """What a benchmark file's name says; `unknown` lists the parts that no table explains."""

    mode: str
    environment: Environment
    unknown: tuple[str, ...]


def read_file_name(name: str) -> BenchmarkFile:
    """The mode and environment of a benchmark file. Raises UnreadableFile when the name does not follow timm's form."""
    match = FILE_NAME.fullmatch(name)
    if match is None:
        raise UnreadableFile(
            f"timm/{name}: the file name was not understood, expected "
            "benchmark-MODE-PRECISION-LAYOUT-ptVERSION-CUDA-DEVICE[-dynamo].csv; teach scrapers/environments.py"
        )
    unknown: list[str] = []
    device = _lookup("devices", match["device"], unknown)
    device_id = device.get("device") or match["device"].replace("_", "-").lower()
    device_name = device.get("name") or match["device"]
    torch = _lookup("torch_versions", match["torch"], unknown).get("version") or _guess_torch_version(match["torch"])
    cuda = match["cuda"] != "cpu"
    cuda_version = _cuda_version(match["cuda"], unknown) if cuda else ""
    compiled = match["dynamo"] is not None
    parts = [device_id, match["precision"].replace("_", "-"), match["layout"], f"pt{torch}"]
    parts += [f"cu{cuda_version}"] * cuda + ["compiled"] * compiled
    details = [match["precision"], match["layout"].upper(), f"PyTorch {torch}"]
    details += [f"CUDA {cuda_version}"] * cuda + ["torch.compile"] * compiled
    environment = Environment(
        key="-".join(parts),
        label=f"{device_name} ({', '.join(details)})",
        device=device_name,
        kind=device.get("kind") or ("gpu" if cuda else "cpu"),
        precision=match["precision"],
        layout=match["layout"],
        framework="PyTorch",
        framework_version=torch,
        cuda_version=cuda_version,
        compiled=compiled,
        origin="timm",
    )
    return BenchmarkFile(match["mode"], environment, tuple(unknown))


def _guess_torch_version(digits: str) -> str:
    """timm wrote 1.x as pt1xx and writes 2.x.y as pt2xy: the last digit is the patch from version 2 on."""
    if digits.startswith("1") or len(digits) < 3:
        return ".".join(part for part in (digits[0], digits[1:]) if part)
    return f"{digits[0]}.{digits[1:-1]}.{digits[-1]}"


def _cuda_version(token: str, unknown: list[str]) -> str:
    """The version behind `cu117`: the last digit is the minor version unless the table says otherwise."""
    digits = token.removeprefix("cu")
    guessed = f"{digits[:-1]}.{digits[-1]}" if len(digits) > 1 else digits
    return _lookup("cuda_versions", token, unknown).get("version") or guessed


def _lookup(table: str, token: str, unknown: list[str]) -> dict[str, str]:
    row = _reference(table).get(token)
    if row is None:
        unknown.append(f"{token} is not in catalog/reference/{table}.csv")
    return row or {}


@cache
def _reference(table: str) -> dict[str, dict[str, str]]:
    with (REFERENCE / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return {row["token"]: row for row in csv.DictReader(file)}
