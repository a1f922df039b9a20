"""Hand-kept knowledge as small CSV and YAML files: families, training data, aliases, papers, corrections, devices."""

from pathlib import Path

REFERENCE = Path(__file__).parent
