"""The Vision Transformer (https://arxiv.org/abs/2010.11929) and the many that timm builds by its class."""

from implementations.family import Family
from implementations.reference import TimmReference

FAMILY = Family(__name__, model="VisionTransformer", reference=TimmReference("vision_transformer"))
