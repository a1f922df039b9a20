"""Rivals compute timm's function with timm's weights; only where their environments were made (`backbones bench`)."""

import functools
import json
import subprocess
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from benchmarks import virtual_environments
from benchmarks.process import ROOT
from benchmarks.proof import prove
from benchmarks.rivals import rivals
from benchmarks.subject import ReferenceFiles

VIT = ("vit_small_patch16_224", 32, {"embed_dim": 128, "depth": 2, "num_heads": 2})
DEIT = ("deit_tiny_patch16_224", *VIT[1:])
SWIN = (
    "swin_tiny_patch4_window7_224",
    56,
    {"embed_dim": 32, "depths": (2, 2), "num_heads": (2, 4), "window_size": 7},
)
SWIN_V2 = ("swinv2_tiny_window8_256", 64, {"embed_dim": 32, "depths": (2, 2), "num_heads": (2, 4)})
CASES = {"vit": VIT, "deit": DEIT, "swin": SWIN, "swinv2": SWIN_V2}
HAS = {name: [case for family, case in CASES.items() if family in rival.builds] for name, rival in rivals().items()}
REFUSED = {name: case[0] for name in HAS for case in CASES.values() if case not in HAS[name]}
WORKER = """
import json, sys
from pathlib import Path
import numpy as np
from benchmarks.comparison import Comparison, Run, Subject
from benchmarks.errors import BenchmarkError
from benchmarks.subject import ReferenceFiles, load
for workload, size, folder, subject, precision in json.loads(sys.argv[1]):
    run = Run(Subject.parse(subject), Comparison(workload, size, 2, precision, 1))
    try:
        loaded = load(run, ReferenceFiles(Path(folder)))
    except BenchmarkError as error:
        print("refused:", error)
        continue
    np.save(Path(folder) / f"{subject}-{precision}.npy", loaded.to_numpy(loaded.step()))
    print("params:", loaded.params_m)
"""


@pytest.fixture(scope="module")
def reference_of(tmp_path_factory):
    """A small timm model by name, with random values everywhere, and what it computes; made when it is asked for."""
    cases = {case[0]: case for case in CASES.values()}

    @functools.cache
    def make(name):
        return _make_reference(tmp_path_factory.mktemp(name), *cases[name])

    return make


@pytest.fixture
def python(implementation):
    if not virtual_environments.is_ready(implementation):
        pytest.skip(f"the environment of {implementation} is not made here; `backbones bench` makes it")
    return virtual_environments.python_for(implementation)


@pytest.mark.parametrize("implementation", HAS)
def test_a_rival_computes_what_timm_computes(implementation, python, reference_of):
    subjects = [(f"{implementation}:tf-graph", "fp32"), (f"{implementation}:tf-xla", "fp32")]
    jobs = [
        (workload, size, str(reference_of(workload).folder), subject, precision)
        for subject, precision in [*subjects, (f"{implementation}:tf-graph", "bf16")]
        for workload, size, _ in HAS[implementation]
    ]

    # Keras's policy holds for a process, so that bf16 goes last.
    answers = _ask(python, jobs)

    assert len(answers) == len(jobs)
    for (workload, _, folder, subject, precision), answer in zip(jobs, answers, strict=True):
        reference = reference_of(workload)
        proof = prove(np.load(Path(folder) / f"{subject}-{precision}.npy"), reference, precision)
        assert proof is not None and proof.passes
        assert answer == f"params: {json.loads((reference.folder / 'parameters.json').read_text())}"


@pytest.mark.parametrize("implementation", REFUSED)
def test_a_model_that_a_rival_has_not_is_refused_in_words(implementation, python, reference_of):
    workload = REFUSED[implementation]
    job = (workload, 64, str(reference_of(workload).folder), f"{implementation}:tf-graph", "fp32")

    (answer,) = _ask(python, [job])

    assert answer.startswith(f"refused: {implementation}:tf-graph: {workload} is not raced")


def _ask(python, jobs):
    done = subprocess.run(
        [python, "-c", WORKER, json.dumps(jobs)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return [line for line in done.stdout.splitlines() if line.startswith(("params:", "refused:"))]


def _make_reference(folder, name, size, arguments):
    import torch

    from implementations.parity.reference import create_reference

    model = create_reference(name, img_size=size, num_classes=7, **arguments)
    images = np.random.default_rng(0).standard_normal((2, size, size, 3), dtype="float32")
    save_file(
        {key: tensor.contiguous().numpy() for key, tensor in model.state_dict().items()}, folder / "weights.safetensors"
    )
    inputs = torch.from_numpy(images.transpose(0, 3, 1, 2).copy())
    with torch.inference_mode():
        outputs = {"single": model(inputs)}
        with torch.autocast("cpu", torch.bfloat16):
            outputs["half"] = model(inputs).float()
        outputs["double"] = model.double()(inputs.double())
    np.savez(folder / "inputs.npz", images=images)
    np.savez(folder / "outputs.npz", **{key: output.numpy() for key, output in outputs.items()})
    parameters = sum(parameter.numel() for parameter in model.parameters()) / 1e6
    (folder / "parameters.json").write_text(json.dumps(parameters))
    return ReferenceFiles(folder)
