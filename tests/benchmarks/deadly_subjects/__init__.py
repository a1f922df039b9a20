"""Subjects of a sweep on a cluster: ours is as it should be, timm's takes the Dask worker with it."""
