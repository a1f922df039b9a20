"""Rivals: one file describes each, and is found, timed, installed and loaded with nothing else touched."""

import json
import re
import subprocess
import sys

import pytest

from benchmarks import rivals as folder
from benchmarks.comparison import Comparison, Run, Subject, implementations
from benchmarks.errors import BenchmarkError
from benchmarks.process import ROOT
from benchmarks.rivals import rivals
from benchmarks.subject import ReferenceFiles, load
from benchmarks.sweep import tasks_for, whole_sweep
from benchmarks.virtual_environments import is_ready, python_for
from catalog.vocabulary import RUNTIMES
from implementations.registry import families

MADE = '''
"""A library that nobody wrote."""

from benchmarks.rival import Rival

RIVAL = Rival(
    __name__,
    module="made_rival",
    requirements=("made-rival==1.0",),
    layered=True,
    keras=3,
    runtimes=("tf-graph", "jax"),
    swept=("jax",),
    builds={"vit": lambda tensors, comparison: None},
)
'''
# Third-party packages that a worker has loaded when it begins to load a subject, by the import that does it.
LOADED_BY_A_WORKER = """
import importlib, json, pkgutil, sys
before = set(sys.modules)
import benchmarks.worker, benchmarks.subject, benchmarks.proof, benchmarks.subjects.rival_models
names = {name.partition(".")[0] for name in set(sys.modules) - before}
print(json.dumps(sorted(names - set(sys.stdlib_module_names))))
"""
OURS = {"benchmarks", "catalog", "implementations", "runtimes"}


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Another file in the folder of rivals."""
    (tmp_path / "made_rival.py").write_text(MADE)
    monkeypatch.setattr(folder, "__path__", [*folder.__path__, str(tmp_path)])
    yield "made-rival"
    sys.modules.pop("benchmarks.rivals.made_rival", None)


def test_a_file_in_the_folder_is_a_rival_with_nothing_else_touched(made, tmp_path, monkeypatch):
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    vit, swin = tasks_for(["vit_tiny_patch16_224", "swin_tiny_patch4_window7_224"], [1], ["fp32"], 1, "cpu")
    swept = {subject for task in whole_sweep([1], ["fp32"], 1, "cpu") for subject in task.subjects}

    assert made in implementations()
    assert Subject.parse("made-rival:jax") in swept
    assert Subject.parse("made-rival:tf-graph") not in swept
    assert made in {subject.implementation for subject in vit.subjects}
    assert made not in {subject.implementation for subject in swin.subjects}
    assert not is_ready(made, tmp_path)
    with pytest.raises(
        BenchmarkError, match=r"made-rival: does not install: .*made-rival==1\.0.*rivals/made_rival\.py"
    ):
        python_for(made, tmp_path)
    with pytest.raises(BenchmarkError, match="made-rival:torch: this implementation is timed under tf-graph, jax only"):
        load(run("made-rival:torch", "vit_tiny_patch16_224"), ReferenceFiles(tmp_path))
    with pytest.raises(BenchmarkError, match=r"swin_tiny.* is not raced; of this implementation vit are"):
        load(run("made-rival:jax", "swin_tiny_patch4_window7_224"), ReferenceFiles(tmp_path))


def test_no_file_no_rival():
    assert "made-rival" not in rivals()
    with pytest.raises(BenchmarkError, match="implementation 'made-rival' is unknown"):
        Subject.parse("made-rival:jax")


@pytest.mark.parametrize("name", rivals())
def test_every_rival_is_pinned_and_names_what_there_is(name):
    rival = rivals()[name]

    assert all(re.fullmatch(r"[a-z0-9-]+==[0-9.]+", requirement) for requirement in rival.requirements)
    assert rival.requirements[0].startswith(f"{name}==")
    assert (ROOT / rival.file).is_file()
    assert set(rival.swept) <= set(rival.runtimes) <= set(RUNTIMES)
    assert set(rival.builds) <= set(families())


def test_an_environment_of_its_own_has_what_a_worker_imports():
    answer = subprocess.run([sys.executable, "-c", LOADED_BY_A_WORKER], cwd=ROOT, capture_output=True, check=True)
    imported = set(json.loads(answer.stdout)) - OURS - {"numpy"}  # which TensorFlow brings

    for rival in rivals().values():
        installed = {requirement.partition("==")[0].replace("-", "_") for requirement in rival.requirements}
        assert rival.layered or imported <= installed


def run(subject, workload):
    return Run(Subject.parse(subject), Comparison(workload, 224, 1, "fp32", threads=1))
