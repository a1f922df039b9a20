"""The Swin Transformer (https://arxiv.org/abs/2103.14030) and its S3 search (https://arxiv.org/abs/2111.14725)."""

from implementations.family import Family
from implementations.reference import TimmReference

FAMILY = Family(__name__, model="SwinTransformer", reference=TimmReference("swin_transformer"))
