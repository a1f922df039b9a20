"""The catalog's tables: columns, units, keys and value rules. Whatever reads or documents a table asks here."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    import pandas as pd

Kind = Literal["text", "integer", "number", "boolean", "date"]

DATASETS = {
    "imagenet": "ImageNet-1K validation",
    "imagenet-real": "ImageNet ReaL labels",
    "imagenetv2": "ImageNetV2 matched frequency",
    "imagenet-sketch": "ImageNet-Sketch",
    "imagenet-a": "ImageNet-A",
    "imagenet-r": "ImageNet-R",
    "imagenet-a-clean": "ImageNet, the 200 classes of ImageNet-A",
    "imagenet-r-clean": "ImageNet, the 200 classes of ImageNet-R",
}
FAMILY_KINDS = ("cnn", "vit", "hybrid", "mlp", "other")
TRAIN_SETS = (
    "ImageNet-1K only",
    "ImageNet-12K",
    "ImageNet-21K/22K",
    "web image-text",
    "web-scale weak/self-supervised",
    "JFT-300M",
    "JFT-3B",
    "merged 30M/38M",
    "other private data",
)
EVALUATION_KINDS = ("measured upstream", "reported by a paper", "measured here")
CONVENTIONS = ("macs", "macs without fused attention")
MODES = ("infer", "train")
HISTORY_EVENTS = ("added", "changed", "renamed", "removed")
SOURCE_STATES = ("current", "stale")


@dataclass(frozen=True)
class Column:
    """One column. `minimum` and `maximum` are inclusive; `above` is exclusive; `choices` closes a text column."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    required: bool = False
    minimum: float | None = None
    maximum: float | None = None
    above: float | None = None
    choices: tuple[str, ...] = ()
    refers_to: str = ""


@dataclass(frozen=True)
class Table:
    """One table: a CSV file of the same name in the data directory, sorted by `key`."""

    name: str
    description: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]

    @property
    def column_names(self) -> list[str]:
        """The names in file order."""
        return [column.name for column in self.columns]

    def empty(self) -> pd.DataFrame:
        """A frame without rows, with every column in its type."""
        import pandas as pd

        return self.typed(pd.DataFrame(columns=pd.Index(self.column_names)))

    def typed(self, frame: pd.DataFrame) -> pd.DataFrame:
        """The frame with this table's columns only, in order and in their pandas types.

        Raises ValueError naming the table and column when a value does not fit its type.
        """
        frame = frame.reindex(columns=self.column_names)
        for column in self.columns:
            try:
                frame[column.name] = frame[column.name].astype(PANDAS_TYPES[column.kind])
            except (TypeError, ValueError) as error:
                raise ValueError(f"{self.name}.csv: column {column.name}: expected {column.kind}: {error}") from error
            if column.kind in ("text", "date"):
                frame[column.name] = frame[column.name].replace("", None)
        return frame

    def pandera(self) -> Any:
        """The same rules as a pandera DataFrameSchema, for validating whole tables."""
        import pandera.pandas as pa

        return pa.DataFrameSchema(
            {column.name: _pandera_column(column) for column in self.columns},
            unique=list(self.key),
            strict=True,
            ordered=True,
            name=self.name,
        )


# Written with "date" as ISO text so that a table reads the same in every tool.
PANDAS_TYPES: dict[Kind, str] = {
    "text": "str",
    "date": "str",
    "integer": "Int64",
    "number": "float64",
    "boolean": "boolean",
}


def _pandera_column(column: Column) -> Any:
    import pandera.pandas as pa

    checks = []
    if column.minimum is not None:
        checks.append(pa.Check.ge(column.minimum))
    if column.maximum is not None:
        checks.append(pa.Check.le(column.maximum))
    if column.above is not None:
        checks.append(pa.Check.gt(column.above))
    if column.choices:
        checks.append(pa.Check.isin(column.choices))
    if column.kind == "date":
        checks.append(pa.Check.str_matches(r"^\d{4}-\d{2}-\d{2}$"))
    return pa.Column(PANDAS_TYPES[column.kind], checks=checks, nullable=not column.required)


def text(
    name: str, description: str, *, required: bool = False, choices: tuple[str, ...] = (), refers_to: str = ""
) -> Column:
    """A text column."""
    return Column(name, "text", description, required=required, choices=choices, refers_to=refers_to)


def integer(
    name: str, description: str, unit: str = "", *, required: bool = False, minimum: float | None = None
) -> Column:
    """A whole-number column that may be blank."""
    return Column(name, "integer", description, unit, required, minimum=minimum)


def number(
    name: str,
    description: str,
    unit: str = "",
    *,
    required: bool = False,
    minimum: float | None = None,
    maximum: float | None = None,
    above: float | None = None,
) -> Column:
    """A decimal column that may be blank."""
    return Column(name, "number", description, unit, required, minimum=minimum, maximum=maximum, above=above)


def boolean(name: str, description: str, *, required: bool = True) -> Column:
    """A true/false column."""
    return Column(name, "boolean", description, required=required)


def date(name: str, description: str, *, required: bool = False) -> Column:
    """A day, as YYYY-MM-DD."""
    return Column(name, "date", description, required=required)


SOURCE = text("source", "the upstream file that the row came from", required=True, refers_to="sources")
LINE = integer("line", "line in that file, the header being line 1", minimum=1)


def _percent(name: str, description: str, *, required: bool = False) -> Column:
    return number(name, description, "%", required=required, minimum=0, maximum=100)


TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table(
            "sources",
            "Upstream files as they were fetched.",
            ("source",),
            (
                text("source", "readable id, e.g. timm/results-imagenet", required=True),
                text("scraper", "the scraper that reads it", required=True),
                text("url", "address that holds exactly this content", required=True),
                text("revision", "upstream commit, package version or entity tag"),
                date("published_at", "day of the newest upstream change known to touch it"),
                date("retrieved_at", "day this content was first fetched", required=True),
                text("sha256", "digest of the raw content", required=True),
                text("licence", "licence of the upstream file"),
                integer("rows_read", "data rows in the file", required=True, minimum=0),
                integer("rows_accepted", "rows that passed the checks", required=True, minimum=0),
                integer("rows_quarantined", "rows set aside, see quarantine", required=True, minimum=0),
                text(
                    "state",
                    "stale: the newest fetch failed and older rows were kept",
                    required=True,
                    choices=SOURCE_STATES,
                ),
                text("note", "why it is stale, or what to know about it"),
            ),
        ),
        Table(
            "papers",
            "Papers that introduced an architecture, a recipe, a pretraining method or a dataset.",
            ("paper",),
            (
                text("paper", "key: arxiv-ID or a short name", required=True),
                text("arxiv_id", "arXiv identifier without version"),
                text("title", "title", required=True),
                text("authors", "authors, separated by semicolons"),
                integer("year", "year of first publication", minimum=1980),
                date("published", "day of the first arXiv version"),
                text("venue", "venue of publication"),
                text("url", "lasting address", required=True),
                text("code_url", "official code"),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "paper_links",
            "What a paper is to a family or to a set of weights.",
            ("paper", "target_type", "target", "role"),
            (
                text("paper", "paper", required=True, refers_to="papers"),
                text("target_type", "kind of the target", required=True, choices=("family", "architecture", "model")),
                text("target", "key of the family, architecture or model", required=True),
                text("role", "role", required=True, choices=("architecture", "recipe", "pretraining", "dataset")),
            ),
        ),
        Table(
            "families",
            "Architecture families.",
            ("family",),
            (
                text("family", "key, used in addresses", required=True),
                text("name", "name as written in the field", required=True),
                text("kind", "cnn, vit, hybrid, mlp or other", required=True, choices=FAMILY_KINDS),
                text("paper", "main architecture paper", refers_to="papers"),
                text("synonyms", "other spellings, separated by semicolons"),
                text("note", "one fact to know"),
            ),
        ),
        Table(
            "architectures",
            "Architecture variants: what is computed, without weights.",
            ("architecture",),
            (
                text("architecture", "key: timm's bare name, or the survey's variant", required=True),
                text("family", "family", required=True, refers_to="families"),
                text("origin", "where the name comes from", required=True, choices=("timm", "survey", "here")),
                text("name", "name as its source writes it", required=True),
                text("timm_module", "timm source module"),
                number("params_m", "parameters with the 1000-class head, as published", "M", above=0),
                text("params_source", "source of params_m", refers_to="sources"),
                integer("params_line", "line in that source", minimum=1),
            ),
        ),
        Table(
            "models",
            "Sets of weights: an architecture and its training.",
            ("model",),
            (
                text("model", "key: timm's arch.tag, or the survey's model", required=True),
                text("architecture", "architecture", required=True, refers_to="architectures"),
                text("tag", "timm's weight tag"),
                text("name", "name as its source writes it", required=True),
                text("origin", "where the weights are listed", required=True, choices=("timm", "survey", "here")),
                text("pretrain_sets", "declared data sets besides ImageNet-1K, separated by semicolons"),
                text("train_set", "bucket of the declared training data", required=True, choices=TRAIN_SETS),
                boolean("distilled", "declared as distilled from a teacher"),
                text("method", "declared training method"),
                text("licence", "licence of the weights as declared upstream"),
                text("hub_id", "repository on the Hugging Face Hub"),
                integer("train_img_size", "input side in training", "pixels", minimum=1),
                integer("num_classes", "classes of the released head", minimum=0),
                text("former_names", "deprecated names, separated by semicolons"),
                date("first_seen", "day upstream first listed an ImageNet result for it"),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "evaluations",
            "Accuracy of a model on a data set at an image size.",
            ("model", "dataset", "img_size", "source"),
            (
                text("model", "model", required=True, refers_to="models"),
                text("dataset", "data set", required=True, choices=tuple(DATASETS)),
                integer("img_size", "input side in evaluation", "pixels", required=True, minimum=1),
                number("crop_pct", "centre crop", "fraction of the resized side", above=0, maximum=1.2),
                text("interpolation", "interpolation of the resize"),
                _percent("top1", "top-1 accuracy", required=True),
                _percent("top5", "top-5 accuracy"),
                number("top1_diff", "top-1 minus ImageNet top-1 of the same model and size", "points"),
                number("top5_diff", "top-5 minus ImageNet top-5 of the same model and size", "points"),
                integer("rank_diff", "places gained against the ImageNet ranking", "places"),
                number("params_m", "parameters as published beside the accuracy", "M", above=0),
                number("gmacs", "multiply-accumulates as published beside the accuracy", "GMACs", above=0),
                text("kind", "who measured", required=True, choices=EVALUATION_KINDS),
                boolean("corrected", "a known upstream error was corrected, see corrections"),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "costs",
            "Compute of an architecture at an image size.",
            ("architecture", "img_size", "convention", "reparametrised", "head_classes", "source", "line"),
            (
                text("architecture", "architecture", required=True, refers_to="architectures"),
                integer("img_size", "input side", "pixels", required=True, minimum=1),
                number("gmacs", "multiply-accumulates of one image", "GMACs", required=True, minimum=0),
                number("mactivations", "activations of one image", "M", minimum=0),
                number("params_m", "parameters of what was counted", "M", above=0),
                text("convention", "what is counted", required=True, choices=CONVENTIONS),
                boolean("reparametrised", "branches were fused before counting"),
                integer("head_classes", "classes of the head counted", minimum=0),
                boolean("estimated", "scaled from another image size"),
                boolean("preferred", "the count that is used, where files disagree on one key"),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "environments",
            "Hardware and software that speeds were measured on.",
            ("environment",),
            (
                text("environment", "key, used in addresses", required=True),
                text("label", "name for people", required=True),
                text("device", "device", required=True),
                text("kind", "gpu or cpu", required=True, choices=("gpu", "cpu")),
                text("precision", "numeric precision", required=True),
                text("layout", "memory layout", choices=("nchw", "nhwc")),
                text("framework", "framework", required=True),
                text("framework_version", "version of the framework"),
                text("cuda_version", "version of CUDA"),
                boolean("compiled", "the model was compiled (torch.compile)"),
                text("origin", "who measured", required=True, choices=("timm", "here")),
            ),
        ),
        Table(
            "measurements",
            "Speed of an implementation of an architecture in an environment.",
            ("architecture", "img_size", "environment", "mode", "implementation", "batch_size"),
            (
                text("architecture", "architecture", required=True, refers_to="architectures"),
                integer("img_size", "input side", "pixels", required=True, minimum=1),
                text("environment", "environment", required=True, refers_to="environments"),
                text("mode", "infer or train", required=True, choices=MODES),
                text("implementation", "whose code ran", required=True),
                integer("batch_size", "images in a step", "images", required=True, minimum=1),
                number("images_per_s", "throughput", "images/s", required=True, above=0),
                number("step_ms", "median time of a step", "ms", above=0),
                number("p10_ms", "10th percentile of a step", "ms", above=0),
                number("p90_ms", "90th percentile of a step", "ms", above=0),
                number("compile_s", "time to compile", "s", minimum=0),
                number("peak_memory_mb", "peak memory", "MB", above=0),
                number("params_m", "parameters of what ran", "M", above=0),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "implementations",
            "Backbones implemented here, with the proof that they equal their reference.",
            ("variant",),
            (
                text("variant", "architecture name", required=True),
                text("module", "module in this repository", required=True),
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
        ),
        Table(
            "second_opinions",
            "What other libraries report; shown beside, never ranked.",
            ("reporter", "name", "img_size", "source", "line"),
            (
                text("reporter", "library that reports", required=True),
                text("name", "name there", required=True),
                text("architecture", "the same architecture here, where known", refers_to="architectures"),
                text("model", "the same weights here, where known", refers_to="models"),
                integer("img_size", "input side", "pixels", minimum=1),
                text("train_set", "training data as the library writes it"),
                number("params_m", "parameters", "M", above=0),
                number("gmacs", "multiply-accumulates as the library counts them", "GMACs", above=0),
                _percent("top1", "top-1 accuracy"),
                _percent("top5", "top-5 accuracy"),
                SOURCE,
                LINE,
            ),
        ),
        Table(
            "survey_rows",
            "The original survey's table as written, and the weights that each row means.",
            ("line",),
            (
                LINE,
                text("method", "Method", required=True),
                text("model_name", "Model", required=True),
                text("train_set", "TrainSet", required=True),
                integer("size", "Size", "pixels", required=True, minimum=1),
                number("params_m", "Params(M); -1 is unknown", "M", required=True),
                number("gmacs", "FLOPs(B), which holds GMACs; -1 is unknown", "GMACs", required=True),
                _percent("acc", "Acc", required=True),
                text("model", "the catalog's model", required=True, refers_to="models"),
                text("match", "how the row relates to timm", required=True, choices=("exact", "variant", "none")),
                text("timm_model", "the timm weights it was matched with"),
                SOURCE,
            ),
        ),
        Table(
            "corrections",
            "Known upstream errors: the value found, the value used, and why.",
            ("correction", "line", "column"),
            (
                text("correction", "key of the entry in reference/corrections.yml", required=True),
                SOURCE,
                LINE,
                text("column", "upstream column", required=True),
                text("expected", "value that upstream is known to hold", required=True),
                text("found", "value that upstream holds now"),
                text("corrected", "value used instead"),
                text(
                    "state",
                    "applied; stopped: upstream changed; suspected: not proven, not applied",
                    required=True,
                    choices=("applied", "stopped", "suspected"),
                ),
                text("reason", "why it is wrong", required=True),
                text("evidence", "where to check", required=True),
            ),
        ),
        Table(
            "quarantine",
            "Rows that failed a check and are in no other table.",
            ("source", "line", "rule"),
            (
                SOURCE,
                integer("line", "line in that file", required=True, minimum=1),
                text("rule", "name of the rule", required=True),
                text("detail", "what was found and what was expected", required=True),
                text("raw", "the row as it stood", required=True),
            ),
        ),
        Table(
            "history",
            "What changed in timm's ImageNet results, revision by revision.",
            ("sequence", "model", "img_size", "event"),
            (
                integer("sequence", "number of the revision, 1 the oldest", required=True, minimum=1),
                text("revision", "upstream commit", required=True),
                date("date", "day of that commit", required=True),
                text("model", "the model under its present name", required=True),
                integer("img_size", "input side in evaluation", "pixels", required=True, minimum=1),
                text("event", "what happened", required=True, choices=HISTORY_EVENTS),
                text("former_name", "its name at that revision, where it differs"),
                _percent("top1", "top-1 accuracy after the event"),
                _percent("previous_top1", "top-1 accuracy before the event"),
                number("params_m", "parameters as published then", "M", above=0),
                LINE,
            ),
        ),
        Table(
            "refreshes",
            "What each refresh held; a row only where something changed.",
            ("date", "timm_revision"),
            (
                date("date", "day of the refresh", required=True),
                text("timm_revision", "timm commit that was read", required=True),
                integer("models", "models", required=True, minimum=0),
                integer("evaluations", "evaluations", required=True, minimum=0),
                integer("measurements", "measurements", required=True, minimum=0),
                integer("environments", "environments", required=True, minimum=0),
                integer("papers", "papers", required=True, minimum=0),
                integer("added", "models added since the refresh before", required=True, minimum=0),
                integer("removed", "models removed since the refresh before", required=True, minimum=0),
                integer("renamed", "models renamed since the refresh before", required=True, minimum=0),
                integer("changed", "results changed by more than 0.05 points", required=True, minimum=0),
            ),
        ),
    )
}
