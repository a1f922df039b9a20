"""What a figure is, where it came from, and whether it can be true."""
