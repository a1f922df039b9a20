"""The `backbones` command: one module per verb, over the catalog, the scrapers, the site and the implementations."""
