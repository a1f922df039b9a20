"""The invariants of the catalog as named rules; each rule is a function that yields its findings."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from catalog.costs import MACS
from catalog.identity import address
from catalog.problems import Frames, Problem, Rule, each, in_order
from catalog.schema import TABLES
from catalog.scores import BASES, scores_keep_their_protocol
from catalog.speed_checks import SPEED_CHECKS
from catalog.vocabulary import IMAGENET_1K, MEASURED_UPSTREAM, SAME_PARAMS

SQUARE_LAW = 0.12  # share by which compute may differ from the square of the image size
SQUARE_LAW_FROM = 0.5  # GMACs below which rounding hides the law
SECOND_OPINION = 0.1  # points of top-1
SAME_TOP1 = 0.02  # points by which the same weights differ when they are measured again


def check(frames: Frames) -> list[Problem]:
    """Every finding of every rule, errors first. When the structure is broken, only that is reported."""
    findings = [problem for rule in STRUCTURE for problem in rule(frames)]
    if not findings:
        findings = [problem for rule in INVARIANTS for problem in rule(frames)]
    return in_order(findings)


def schema(frames: Frames) -> Iterator[Problem]:
    """Columns, types, required values, ranges, choices and unique keys of every table."""
    import pandera.errors

    for name, table in TABLES.items():
        try:
            table.pandera().validate(frames[name], lazy=True)
        except pandera.errors.SchemaErrors as errors:
            for case in errors.failure_cases.drop_duplicates(["column", "index"]).itertuples():
                line = None if pd.isna(case.index) else frames[name].index.get_loc(case.index) + 2
                detail = f"{case.column or ', '.join(table.key)} is {case.failure_case!r}, expected {case.check}"
                yield Problem("error", f"{name}.csv", line, "schema", detail)


def references(frames: Frames) -> Iterator[Problem]:
    """Every key that a row refers to exists."""
    for name, table in TABLES.items():
        for column in table.columns:
            if column.refers_to:
                values = frames[name][column.name].reset_index(drop=True).dropna()
                known = frames[column.refers_to][TABLES[column.refers_to].key[0]]
                for position, value in values[~values.isin(known)].items():
                    detail = f"{column.name} {value!r} is not in {column.refers_to}.csv"
                    yield Problem("error", f"{name}.csv", int(str(position)) + 2, "reference", detail)


def rows_balance(frames: Frames) -> Iterator[Problem]:
    """Rows read are rows accepted plus rows quarantined, and the quarantine holds as many as the source says."""
    quarantined = frames["quarantine"].groupby("source").size()
    for row in frames["sources"].itertuples():
        if row.rows_read != row.rows_accepted + row.rows_quarantined:
            detail = f"{row.rows_read} rows read, {row.rows_accepted} accepted and {row.rows_quarantined} quarantined"
            yield Problem(
                "error", str(row.source), None, "rows-balance", f"{detail}, expected the sum to be the rows read"
            )
        held = int(quarantined.get(row.source, 0))
        if held != row.rows_quarantined:
            detail = f"the quarantine holds {held} rows, expected {row.rows_quarantined}"
            yield Problem("error", str(row.source), None, "rows-balance", detail)


def top5_at_least_top1(frames: Frames) -> Iterator[Problem]:
    """The right class among five is no rarer than alone."""
    rows = frames["evaluations"]
    yield from each(
        rows[rows["top5"] < rows["top1"]],
        "error",
        "top5-below-top1",
        "top5 {top5:g} is below top1 {top1:g} for {model}",
    )


def names_fit_paths(frames: Frames) -> Iterator[Problem]:
    """Names whose pages stand under the name itself on every system."""
    for table in ("families", "models", "environments", "implementations"):
        for name in frames[table][TABLES[table].key[0]]:
            if address(name) != name:
                detail = f"{name} cannot be a path on every system; its pages and files are named {address(name)}"
                yield Problem("warning", f"{table}.csv", None, "path-name", detail)


def papers_have_web_addresses(frames: Frames) -> Iterator[Problem]:
    """What a reader follows is a page of the web, and no script."""
    for column in ("url", "code_url"):
        rows = frames["papers"][["paper", column]].dropna()
        for paper, link in rows[~rows[column].str.startswith(("https://", "http://"))].itertuples(index=False):
            detail = f"{column} of {paper} is {link[:60]!r}, expected an address that starts with https://"
            yield Problem("error", "papers.csv", None, "web-address", detail)


def classified(frames: Frames) -> Iterator[Problem]:
    """Every architecture is in a family that a rule gave it."""
    rows = frames["architectures"]
    for name in rows.loc[rows["family"] == "unclassified", "architecture"]:
        detail = f"no rule places {name} in a family; add one to catalog/reference/family_rules.csv"
        yield Problem("warning", "architectures.csv", None, "unclassified", detail)


def teachers_declared(frames: Frames) -> Iterator[Problem]:
    """What a teacher saw is declared of all distilled weights that would else count as ImageNet-1K only."""
    rows = frames["models"]
    unknown = rows[(rows["train_set"] == IMAGENET_1K) & rows["distilled"].astype(bool) & rows["teacher"].isna()]
    for name in unknown["model"]:
        detail = f"{name} is distilled from an unknown teacher; declare it in catalog/reference/teachers.csv"
        yield Problem("warning", "models.csv", None, "teacher", detail)


def same_keys_in_every_data_set(frames: Frames) -> Iterator[Problem]:
    """Upstream measures every model on every data set; a model that is missing from one, or only in one, is said."""
    rows = frames["evaluations"]
    rows = rows[rows["kind"] == MEASURED_UPSTREAM]
    base = rows[rows["dataset"] == "imagenet"].set_index(["model", "img_size"])
    for dataset, group in rows.groupby("dataset"):
        here = group.set_index(["model", "img_size"])
        extra = here[~here.index.isin(base.index)].reset_index()
        yield from each(extra, "warning", "same-keys", "{model} at {img_size} has no ImageNet accuracy")
        missing = base[~base.index.isin(here.index)].reset_index()
        yield from each(missing, "warning", "same-keys", f"{{model}} at {{img_size}} is missing on {dataset}")


def sorted_by_accuracy(frames: Frames) -> Iterator[Problem]:
    """timm sorts its accuracy files: a row out of order was edited by hand or cut."""
    rows = frames["evaluations"]
    for _, group in rows[rows["kind"] == MEASURED_UPSTREAM].sort_values("line").groupby("source"):
        yield from each(
            group[group["top1"].diff() > 0], "warning", "sorted", "{model} is more accurate than the row above it"
        )


def same_params_across_tags(frames: Frames) -> Iterator[Problem]:
    """Weights of one architecture have the same number of parameters."""
    rows = frames["evaluations"].merge(frames["models"][["model", "architecture"]], on="model")
    rows = rows[(rows["dataset"] == "imagenet") & (rows["kind"] == MEASURED_UPSTREAM)]
    rows = rows.assign(first=rows.groupby("architecture")["params_m"].transform("first"))
    odd = rows[(rows["params_m"] / rows["first"] - 1).abs() > SAME_PARAMS]
    yield from each(
        odd,
        "warning",
        "same-params",
        "{model} has {params_m:g} M parameters, other weights of {architecture} {first:g} M",
    )


def same_gmacs_across_files(frames: Frames) -> Iterator[Problem]:
    """Files that count the same network at the same size agree."""
    rows = frames["costs"]
    key = ["architecture", "img_size", "convention", "reparametrised", "head_classes"]
    used = rows[rows["preferred"].astype(bool)].drop_duplicates(key)[[*key, "gmacs"]]
    odd = rows[~rows["preferred"].astype(bool)].merge(used, on=key, suffixes=("", "_used"))
    text = "{architecture} at {img_size}: {gmacs:g} GMACs, the file that is used says {gmacs_used:g}"
    yield from each(odd, "warning", "same-gmacs", text)


def square_law(frames: Frames) -> Iterator[Problem]:
    """Compute grows with the number of pixels."""
    rows = frames["costs"]
    counted = rows["preferred"].astype(bool) & ~rows["estimated"].astype(bool) & (rows["convention"] == MACS)
    rows = rows[counted & (rows["gmacs"] > SQUARE_LAW_FROM)]
    key = ["architecture", "reparametrised", "head_classes", "source"]
    rows = rows.sort_values("img_size")
    first = rows.groupby(key, dropna=False)[["gmacs", "img_size"]].transform("first")
    expected = first["gmacs"] * (rows["img_size"] / first["img_size"]).astype("float64") ** 2
    rows = rows.assign(expected=expected)
    odd = rows[(rows["gmacs"] / rows["expected"] - 1).abs() > SQUARE_LAW]
    text = "{architecture} at {img_size}: {gmacs:g} GMACs, expected about {expected:.3g} by the number of pixels"
    yield from each(odd, "warning", "square-law", text)


def second_opinions_agree(frames: Frames) -> Iterator[Problem]:
    """Another library's measurement of the same weights at the same size gives the same accuracy."""
    opinions = frames["second_opinions"]
    opinions = opinions[(opinions["reporter"] == "torchvision") & opinions["model"].notna()]
    ours = frames["evaluations"]
    ours = ours.loc[
        (ours["dataset"] == "imagenet") & (ours["kind"] == MEASURED_UPSTREAM), ["model", "img_size", "top1"]
    ]
    both = opinions.merge(ours, on=["model", "img_size"], suffixes=("", "_timm"))
    odd = both[(both["top1"] - both["top1_timm"]).abs() > SECOND_OPINION]
    yield from each(
        odd,
        "warning",
        "second-opinion",
        "{model} at {img_size}: torchvision reports {top1:g}, timm measured {top1_timm:g}",
    )


def corrections_in_force(frames: Frames) -> Iterator[Problem]:
    """A correction whose expected value is gone from upstream has to be reviewed."""
    rows = frames["corrections"]
    text = "correction {correction} stopped: expected {column} {expected}; review catalog/reference/corrections.yml"
    yield from each(rows[rows["state"] == "stopped"], "warning", "correction-stopped", text)


def renames_are_declared(frames: Frames) -> Iterator[Problem]:
    """A result that goes in the revision in which another of equal size, parameters and accuracy comes was renamed."""
    rows = frames["history"]
    gone, come = rows[rows["event"] == "removed"], rows[rows["event"] == "added"]
    both = gone.merge(come, on=["sequence", "img_size", "params_m"], suffixes=("", "_come"))
    alike = both[(both["top1_come"] - both["previous_top1"]).abs() <= SAME_TOP1 + 1e-9]
    for row in alike.itertuples():
        detail = f"{row.name} went and {row.name_come} came on {row.date} with the same parameters and accuracy"
        advice = "if it was renamed, add it to catalog/reference/timm_aliases.csv and refresh with --rebuild-history"
        yield Problem("warning", "history.csv", None, "looks-renamed", f"{detail}; {advice}")


def stale_sources(frames: Frames) -> Iterator[Problem]:
    """The newest fetch of a source failed."""
    rows = frames["sources"]
    for row in rows[rows["state"] == "stale"].itertuples():
        yield Problem("warning", str(row.source), None, "stale", f"older rows are kept: {row.note}")


def differences_complete(frames: Frames) -> Iterator[Problem]:
    """Every evaluation that has an ImageNet counterpart has its differences."""
    rows = frames["evaluations"]
    measured = rows[rows["kind"] == MEASURED_UPSTREAM]
    for dataset, base in BASES.items():
        known = measured[measured["dataset"] == base].set_index(["model", "img_size"]).index
        here = measured[(measured["dataset"] == dataset) & measured["top1_diff"].isna()]
        odd = here[here.set_index(["model", "img_size"]).index.isin(known)]
        yield from each(
            odd, "error", "differences", "{model} at {img_size} lacks its difference to ImageNet; run backbones refresh"
        )


STRUCTURE: tuple[Rule, ...] = (schema, references, rows_balance)
INVARIANTS: tuple[Rule, ...] = (
    top5_at_least_top1,
    scores_keep_their_protocol,
    differences_complete,
    names_fit_paths,
    papers_have_web_addresses,
    classified,
    teachers_declared,
    same_keys_in_every_data_set,
    sorted_by_accuracy,
    same_params_across_tags,
    same_gmacs_across_files,
    square_law,
    second_opinions_agree,
    corrections_in_force,
    renames_are_declared,
    stale_sources,
    *SPEED_CHECKS,
)
