"""Small layers that the backbones share, written with keras.ops alone."""
