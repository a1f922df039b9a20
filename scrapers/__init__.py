"""One module per upstream; each fetches raw files and parses them into catalog records."""
