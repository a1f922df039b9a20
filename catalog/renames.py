"""When a name that went away and one that came are the same weights."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping

from catalog.identity import split_name

Key = tuple[str, int]  # model, image size
# A rename keeps the weights: accuracy then differs by re-measurement only.
RENAME_TOLERANCE = 0.1  # points of top-1


def gained_a_tag(gone: Mapping[Key, float], come: Mapping[Key, float]) -> dict[Key, Key]:
    """Undotted keys that went away -> the only new key of that architecture, size and accuracy.

    Both map keys to top-1 in percent. timm gives weights a tag when it lists a second set for the architecture.
    """
    tagged = defaultdict(list)
    for model, size in come:
        tagged[split_name(model)[0], size].append((model, size))
    renames = {}
    for key, top1 in gone.items():
        near = [present for present in tagged[key] if abs(come[present] - top1) <= RENAME_TOLERANCE]
        if len(near) == 1:
            renames[key] = near[0]
    return renames
