"""The site generator: charts, pages and downloads, written to disk before MkDocs builds them."""
