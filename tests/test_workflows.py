"""The workflows give away little: fixed actions, a token only where needed, no write beside code of others."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parent.parent
WORKFLOWS = {path.stem: path for path in sorted((ROOT / ".github" / "workflows").glob("*.yml"))}
PINNED = re.compile(r"(?P<action>[\w-]+/[\w-]+)@(?P<commit>[0-9a-f]{40}) # v\d+\.\d+\.\d+")
TOKEN = re.compile(r"secrets\.|github\.token")
# What runs code of the repository or of packages that were installed.
RUNS_CODE = re.compile(r"\bmake\b|\bpip\b|\bpython|\bnpm\b|\.venv|\.ci/|\bbash\b")

Node = dict[str, Any]


def workflow(name: str) -> Node:
    return yaml.safe_load(WORKFLOWS[name].read_text(encoding="utf-8"))


def jobs() -> Iterator[tuple[str, Node, Node]]:
    for name in WORKFLOWS:
        parsed = workflow(name)
        for job, body in parsed["jobs"].items():
            yield f"{name}/{job}", body, body.get("permissions", parsed["permissions"])


def steps() -> Iterator[tuple[str, Node]]:
    for job, body, _ in jobs():
        yield from ((job, step) for step in body["steps"])


@pytest.mark.parametrize("name", WORKFLOWS)
def test_every_action_is_a_commit_with_its_version_beside_it(name: str) -> None:
    lines = [line.split("uses:")[1].strip() for line in WORKFLOWS[name].read_text().splitlines() if "uses:" in line]
    assert [line for line in lines if not PINNED.fullmatch(line)] == []


def test_an_action_has_one_commit_everywhere() -> None:
    found = [match for path in WORKFLOWS.values() for match in PINNED.finditer(path.read_text())]
    commits = {(match["action"], match.group()) for match in found}
    assert len(commits) == len({action for action, _ in commits}) > 0


def test_no_checkout_keeps_its_credentials() -> None:
    checkouts = [step for _, step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert checkouts and all(step["with"]["persist-credentials"] is False for step in checkouts)


def test_a_job_that_may_write_runs_no_code_of_others() -> None:
    writers = {name: body for name, body, permissions in jobs() if "write" in permissions.values()}
    assert set(writers) == {"publish/deploy", "refresh/pull-request"}
    scripts = [step["run"] for body in writers.values() for step in body["steps"] if "run" in step]
    assert [script for script in scripts if RUNS_CODE.search(script)] == []


def test_every_workflow_starts_from_no_more_than_reading() -> None:
    for name in WORKFLOWS:
        assert workflow(name)["permissions"] in ({}, {"contents": "read"}), name


def test_only_the_steps_that_ask_github_get_a_token() -> None:
    with_token = [(job, step["name"]) for job, step in steps() if TOKEN.search(str(step))]
    assert with_token == [
        ("refresh/refresh", "Scrape, merge, check, draw and build"),
        ("refresh/pull-request", "Open a pull request whose text is the diff"),
    ]
    mentions = sum(len(TOKEN.findall(path.read_text())) for path in WORKFLOWS.values())
    assert mentions == len(with_token)  # none for a whole job or workflow


def test_building_and_publishing_are_separate_jobs() -> None:
    parsed = workflow("publish")["jobs"]
    assert parsed["build"]["permissions"] == {"contents": "read"}
    assert parsed["deploy"]["permissions"] == {"pages": "write", "id-token": "write"}
    assert parsed["deploy"]["needs"] == "build"


def test_continuous_integration_skips_no_browser_test() -> None:
    text = WORKFLOWS["ci"].read_text()
    assert "|| true" not in text
    assert workflow("ci")["jobs"]["test"]["env"]["REQUIRE_BROWSER"] == "1"


def test_a_browser_that_is_required_and_missing_is_an_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from tests.site.leaderboard_page import chromium

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("REQUIRE_BROWSER", raising=False)
    assert chromium() is None
    monkeypatch.setenv("REQUIRE_BROWSER", "1")
    with pytest.raises(FileNotFoundError, match="REQUIRE_BROWSER"):
        chromium()


def shell(job: str, name: str) -> str:
    found = [step["run"] for where, step in steps() if where == job and step.get("name") == name]
    assert len(found) == 1
    return found[0]


def test_the_patch_of_a_refresh_carries_tables_and_nothing_else(tmp_path: Path) -> None:
    environment = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "GITHUB_OUTPUT": str(tmp_path / "output")}
    environment |= {f"GIT_{who}_{what}": "a@b" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}

    def run(script: str, folder: Path) -> str:
        command = ["bash", "-e", "-c", script]
        return subprocess.run(command, cwd=folder, env=environment, check=True, capture_output=True, text=True).stdout

    first, second = tmp_path / "refresh", tmp_path / "pull-request"
    (first / "catalog/data").mkdir(parents=True)
    (first / ".github/workflows").mkdir(parents=True)
    for path in ("catalog/data/models.csv", "backbone_performance.csv", ".github/chart.png", ".github/workflows/a.yml"):
        (first / path).write_text("before\n")
    run("git init -q -b main && git add -A && git commit -qm first && git clone -q . ../pull-request", first)
    (first / ".venv/bin").mkdir(parents=True)
    (first / ".venv/bin/backbones").write_text("#!/bin/sh\necho '1 added'\n")
    (first / ".venv/bin/backbones").chmod(0o755)
    (first / "refresh.log").write_text("reading timm\nerror: timm/results-sketch: gone\n")
    (first / "catalog/data/models.csv").write_text("after\n")
    (first / "catalog/data/new.csv").write_text("new\n")
    (first / ".github/chart.png").write_bytes(bytes(range(256)))
    (first / ".github/workflows/a.yml").write_text("changed by a package\n")
    run("git add .github/workflows", first)

    run(shell("refresh/refresh", "Write what changed as a patch and its text"), first)
    (second / "artifact").mkdir()
    for name in ("refresh.patch", "pull-request.md"):
        (first / name).rename(second / "artifact" / name)
    run(shell("refresh/pull-request", "Commit the tables"), second)

    assert "changed=yes" in (tmp_path / "output").read_text()
    assert (second / "artifact/pull-request.md").read_text() == "1 added\n\n    error: timm/results-sketch: gone\n"
    changed = run("git show --name-only --format= HEAD", second).split()
    assert changed == [".github/chart.png", "catalog/data/models.csv", "catalog/data/new.csv"]
    assert (second / ".github/chart.png").read_bytes() == bytes(range(256))
