"""Stripes, a family that exists only here: what a folder needs to be one."""

from implementations.family import Family
from implementations.reference import ModuleReference

FAMILY = Family(
    __name__,
    model="Stripes",
    reference=ModuleReference(
        builder=f"{__name__}.oracle:build",
        source="the paper on stripes, section 2",
        names=(("stem.", "patch_embed.proj."), ("layers.", "blocks.")),
    ),
)
