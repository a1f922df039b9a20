"""Is right, and finds what its preparation left."""

from tests.benchmarks.case import executable


def prepare(run, reference):
    (reference.folder / "prepared").write_text("yes")


def load(run, reference):
    return executable(reference, note=f"prepared: {(reference.folder / 'prepared').read_text()}")
