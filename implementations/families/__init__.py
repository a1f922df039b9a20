"""The backbone families, a folder each; `implementations.family.Family` says what a folder holds."""
