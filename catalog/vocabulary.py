"""Words and limits that several tables, rules and pages share, each in this one place."""

from __future__ import annotations

IMAGENET = "imagenet"  # the data set that every model is ranked on

# Who says how accurate a model is.
MEASURED_UPSTREAM = "measured upstream"
MEASURED_HERE = "measured here"
REPORTED = "reported by a paper"
EVIDENCE = (MEASURED_UPSTREAM, MEASURED_HERE, REPORTED)  # the first is shown where there are several
RANKED_EVIDENCE = (MEASURED_UPSTREAM, MEASURED_HERE)  # what only a paper states was not measured under one protocol

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
