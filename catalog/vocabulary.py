"""Words and limits that several tables, rules and pages share, each in this one place."""

from __future__ import annotations

from dataclasses import dataclass

IMAGENET = "imagenet"  # the data set that every model is ranked on

# Who says how accurate a model is.
MEASURED_UPSTREAM = "measured upstream"
MEASURED_HERE = "measured here"
REPORTED = "reported by a paper"
EVIDENCE = (MEASURED_UPSTREAM, MEASURED_HERE, REPORTED)  # the first is shown where there are several
CLASSIFICATION = "classification"
# The protocol (reference/protocols.csv) under which a classifier's accuracy was had, and whose figures are ranked.
PROTOCOL_OF_EVIDENCE = {
    MEASURED_UPSTREAM: "single-crop",
    MEASURED_HERE: "single-crop",
    REPORTED: "as-reported",
}
RANKED_EVIDENCE = (MEASURED_UPSTREAM, MEASURED_HERE)  # what only a paper states was not measured under one protocol

# Kinds of networks: what one is, and what several are.
FAMILY_KINDS = {
    "cnn": ("convolutional network", "convolutional networks"),
    "vit": ("vision transformer", "vision transformers"),
    "hybrid": ("hybrid of convolution and attention", "hybrids of convolution and attention"),
    "mlp": ("MLP", "MLP networks"),
    "other": ("other", "networks of another kind"),
}

# Buckets of training data: ImageNet-1K without and with a teacher that saw more.
IMAGENET_1K = "ImageNet-1K only"
TEACHER_SAW_MORE = "ImageNet-1K, teacher saw more"

# How far the compute of a result may be compared; blank where it was counted for this network at this size.
ESTIMATED = "estimated"
OTHER_HEAD = "other head"
REPARAMETRISED = "reparametrised"
WITHOUT_FUSED_ATTENTION = "without fused attention"
COST_NOTES = ("", ESTIMATED, OTHER_HEAD, REPARAMETRISED, WITHOUT_FUSED_ATTENTION)  # the best first

# How far the speed of a result may be compared; blank where this very network was timed.
OTHER_NETWORK = "other network"

# A note in a narrow cell, and what it says.
NOTE_WORDS = {
    ESTIMATED: ("est.", "Estimated: scaled from another image size"),
    REPARAMETRISED: ("fused", "Counted after fusing branches; not compared with other networks"),
    OTHER_HEAD: ("head", "Counted with another head; not compared with other networks"),
    WITHOUT_FUSED_ATTENTION: ("no attn.", "Counted without fused attention; not compared with other networks"),
    OTHER_NETWORK: (
        "other net",
        "What was timed has another number of parameters (fused branches or another head); not on the frontier",
    ),
}

SAME_PARAMS = 0.005  # share by which parameters of one network may differ between files

# Whose code runs a measurement, as results files name it, and for people; who is not here goes by that name.
OURS = "backbone-survey"
TIMM = "timm"
FUNCTIONS = {"keras": "Keras layers", "torch": "PyTorch functions", "tensorflow": "TensorFlow functions"}
IMPLEMENTATIONS = {
    OURS: "Backbone Survey",
    TIMM: "timm",
    "keras-hub": "KerasHub",
    "keras-cv-attention-models": "keras_cv_attention_models",
    "tf-models-official": "TF Model Garden",
    **FUNCTIONS,
}


@dataclass(frozen=True)
class Runtime:
    """How a framework runs a model: its name for people, which package's version tells its version, its words in keys.

    `short` and `mode` are parts of an environment's key, `label` of an environment's label; `brief` is the name where
    there is little room.
    """

    name: str
    framework: str
    packages: tuple[str, ...]
    short: str
    mode: str = ""
    label: str = ""
    compiled: bool = False
    brief: str = ""


_TORCH = ("PyTorch", ("torch",), "pt")
_TENSORFLOW = ("TensorFlow", ("tensorflow", "tensorflow-cpu", "tensorflow-intel", "tensorflow-macos"), "tf")
RUNTIMES = {
    "tf-graph": Runtime("TensorFlow graph", *_TENSORFLOW, brief="TF graph"),
    "tf-xla": Runtime("TensorFlow XLA", *_TENSORFLOW, "xla", "XLA", compiled=True, brief="TF XLA"),
    "jax": Runtime("JAX", "JAX", ("jax",), "jax", compiled=True),
    "torch": Runtime("PyTorch eager", *_TORCH, brief="eager"),
    "torch-compile": Runtime("torch.compile", *_TORCH, "compiled", "torch.compile", compiled=True),
    # Only the repeated blocks are compiled; then the same, from artifacts that another process saved.
    "torch-regional": Runtime(
        "torch.compile of the blocks", *_TORCH, "regional", "regional compilation", compiled=True, brief="regional"
    ),
    "torch-regional-cached": Runtime(
        "torch.compile of the blocks, saved",
        *_TORCH,
        "regional-cached",
        "regional compilation, saved",
        compiled=True,
        brief="regional, saved",
    ),
    "onnxruntime": Runtime("ONNX Runtime", "ONNX Runtime", ("onnxruntime", "onnxruntime-gpu"), "ort"),
    "openvino": Runtime("OpenVINO", "OpenVINO", ("openvino",), "ov"),
    "pillow": Runtime("Pillow", "Pillow", ("pillow",), "pillow"),
}
