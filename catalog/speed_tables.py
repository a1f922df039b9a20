"""The tables of what was timed: environments, runs, measurements of models and layers, and what is implemented here."""

from __future__ import annotations

from dataclasses import replace

from catalog.columns import LINE, SOURCE, Column, Table, boolean, date, integer, number, text
from catalog.vocabulary import OURS, TIMM

MODES = ("infer", "train")
ORIGINS = ("timm", "here")
DEVICE_KINDS = ("gpu", "cpu")
OK, FAILED, DISTURBED = RUN_STATES = ("ok", "failed", "disturbed")
SHOWN = (OURS, TIMM)  # whose speed stands for an architecture where one figure is shown, in order; never a rival's

# What every measurement holds; the last ones only those of this repository, whose method is its own.
SPEEDS: tuple[Column, ...] = (
    number("images_per_s", "throughput", "images/s", required=True, above=0),
    number("step_ms", "median time of a step", "ms", above=0),
    number("p10_ms", "10th percentile of a step", "ms", above=0),
    number("p90_ms", "90th percentile of a step", "ms", above=0),
    number("compile_s", "time to compile", "s", minimum=0),
    number("cold_start_s", "from the start of the process to the first output", "s", minimum=0),
    number("peak_memory_mb", "peak memory", "MB", above=0),
    number("params_m", "parameters of what ran", "M", above=0),
    number("gmacs", "multiply-accumulates of one image, counted for what ran here", "GMACs", minimum=0),
    number("parity_error", "largest difference to the float64 reference", "of the output's scale", minimum=0),
    number("parity_tolerance", "largest difference allowed", "of the output's scale", minimum=0),
    text("comparison", "key of the runs that were timed in turns; only these are compared as ratios"),
    text("rounds_ms", "median step of each turn in ms, separated by spaces"),
    text("note", "what was chosen or changed for the run: a lower batch, weights or autocast"),
)
CONDITIONS: tuple[Column, ...] = (
    text("environment", "environment", required=True, refers_to="environments"),
    text("mode", "infer or train", required=True, choices=MODES),
    text("implementation", "whose code ran: timm, backbone-survey or a rival", required=True),
    integer("batch_size", "images in a step", "images", required=True, minimum=1),
)

ENVIRONMENTS = Table(
    "environments",
    "Hardware and software that speeds were measured on.",
    ("environment",),
    (
        text("environment", "key, used in addresses", required=True),
        text("label", "name for people", required=True),
        text("device", "device", required=True),
        text("kind", "gpu or cpu", required=True, choices=DEVICE_KINDS),
        text("precision", "numeric precision", required=True),
        text("layout", "memory layout", choices=("nchw", "nhwc")),
        text("framework", "framework", required=True),
        text("framework_version", "version of the framework"),
        text("cuda_version", "version of CUDA"),
        boolean("compiled", "the model was compiled (torch.compile, XLA)"),
        text("origin", "who measured", required=True, choices=ORIGINS),
        text("runtime", "how the framework ran it, where it was measured here: tf-graph, tf-xla, openvino, ..."),
        integer("threads", "threads that computed", minimum=1),
        number("memory_gb", "main memory, or the accelerator's", "GB", above=0),
        text("os", "operating system"),
        text("processor_flags", "instruction sets that matter to speed, separated by spaces"),
        text("libraries", "every library that took part, with its version, separated by semicolons"),
        text("switches", "settings of the runtime that matter to speed, separated by semicolons"),
    ),
)

MEASUREMENTS = Table(
    "measurements",
    "Speed of an implementation of an architecture in an environment.",
    ("architecture", "img_size", "environment", "mode", "implementation", "batch_size", "comparison", "source"),
    (
        text("architecture", "architecture", required=True, refers_to="architectures"),
        integer("img_size", "input side", "pixels", required=True, minimum=1),
        *CONDITIONS,
        *SPEEDS,
        SOURCE,
        LINE,
    ),
)

LAYER_MEASUREMENTS = Table(
    "layer_measurements",
    "Speed of an implementation of one layer, or of a bare computation, in an environment; measured here.",
    ("layer", "environment", "mode", "implementation", "batch_size", "comparison", "source"),
    (
        text("layer", "kind and sizes, such as self-attention-768x12x197", required=True),
        *CONDITIONS,
        *SPEEDS,
        SOURCE,
        LINE,
    ),
)

IMPLEMENTATIONS = Table(
    "implementations",
    "Backbones implemented here, with the proof that they equal their reference.",
    ("variant",),
    (
        text("variant", "name by which it is created", required=True),
        text("architecture", "architecture that it is", required=True),
        text("module", "package in this repository", required=True),
        text("reference", "code that it equals", required=True),
        text("img_size", "height x width of the proof, in pixels", required=True),
        number("params_m", "parameters", "M", required=True, above=0),
        number("gmacs", "multiply-accumulates of one image", "GMACs", minimum=0),
        number(
            "parity_error",
            "largest difference to the float64 reference",
            "of the output's scale",
            required=True,
            minimum=0,
        ),
        number(
            "reference_error",
            "the reference's own float32 error",
            "of the output's scale",
            required=True,
            minimum=0,
        ),
        number("tolerance", "largest error allowed", "of the output's scale", required=True, above=0),
        boolean("depth_cut", "proven with fewer blocks of full width"),
        text("verified_with", "versions", required=True),
        date("verified_on", "day of the proof", required=True),
    ),
)

RUNS = Table(
    "runs",
    "What was timed here, or tried: a line of a results file each. The measurements made here follow from those that "
    "are ok.",
    ("source", "line"),
    (
        text("workload", "architecture, or a layer with its sizes", required=True),
        integer("img_size", "input side; blank for a layer", "pixels", minimum=1),
        text(
            "status",
            "failed: it gave no speed, see note; disturbed: others ran beside it, so that its speed does not count",
            required=True,
            choices=RUN_STATES,
        ),
        *CONDITIONS[1:],
        replace(SPEEDS[0], required=False),
        *SPEEDS[1:],
        integer("steps", "steps timed", minimum=1),
        text("runtime", "how the framework ran it: tf-graph, tf-xla, openvino, ...", required=True),
        text("precision", "numeric precision", required=True),
        text("layout", "memory layout of the images; blank for a layer"),
        text("device", "name of the processor or the accelerator", required=True),
        text("kind", "gpu or cpu", required=True, choices=DEVICE_KINDS),
        integer("threads", "threads that computed", required=True, minimum=1),
        integer("cores", "cores that the process could use", required=True, minimum=1),
        number("memory_gb", "main memory, or the accelerator's", "GB", required=True, above=0),
        text("os", "operating system"),
        text("processor_flags", "instruction sets that matter to speed, separated by spaces"),
        text("libraries", "every library that took part, with its version, separated by semicolons"),
        text("switches", "settings of the runtime that matter to speed, separated by semicolons"),
        text("measured_at", "time of the run, UTC", required=True),
        SOURCE,
        replace(LINE, required=True),
    ),
)

SPEED_TABLES = (ENVIRONMENTS, RUNS, MEASUREMENTS, LAYER_MEASUREMENTS, IMPLEMENTATIONS)
