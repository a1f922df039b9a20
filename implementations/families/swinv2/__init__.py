"""The Swin Transformer V2 (https://arxiv.org/abs/2111.09883)."""

from implementations.family import Family
from implementations.reference import TimmReference

FAMILY = Family(__name__, model="SwinTransformerV2", reference=TimmReference("swin_transformer_v2"))
