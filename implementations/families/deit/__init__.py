"""DeiT (https://arxiv.org/abs/2012.12877) and DeiT III (https://arxiv.org/abs/2204.07118)."""

from implementations.family import Family
from implementations.reference import TimmReference

FAMILY = Family(__name__, model="Deit", reference=TimmReference("deit"))
