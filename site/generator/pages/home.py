"""The home page: what this is, the frontier, the best picks within a budget, and what changed last."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from generator.facts import Facts, Row, measured, rows
from generator.news import latest_revisions
from generator.project import project
from generator.render import Page, write_page
from generator.standing import Pick, Standings, axis_value, picks

FRONTIER_CHART = "gmacs-accuracy"
GMACS_BUDGETS = (0.5, 1, 2, 5, 10, 20)
PARAMS_BUDGETS = (5, 10, 20, 30, 50, 100)
SPEED_BUDGETS = {"gpu": (50000, 20000, 10000, 5000, 2500, 1000), "cpu": (200, 100, 50, 20, 10, 5)}


def write(facts: Facts, output: Path) -> None:
    """Write index.md."""
    site = project()
    page = Page("index.md", site.name, site.description, hide=("navigation", "toc"))
    write_page(
        output,
        page,
        "home.html",
        facts=facts,
        results=len(measured(facts.board)),
        tables=pick_tables(facts),
        frontier=facts.charts.get(FRONTIER_CHART),
        latest=next(iter(latest_revisions(facts)), None),
    )


def pick_tables(facts: Facts) -> list[tuple[str, str, list[Pick]]]:
    """(title, heading of the budget column, picks) of each table; speed on a GPU and on a CPU."""
    by_cost = Standings(facts.board)
    tables = [
        ("By compute", "GMACs", picks(by_cost, GMACS_BUDGETS, _fits("gmacs"), lambda limit: f"≤ {limit:g}")),
        ("By size", "Parameters (M)", picks(by_cost, PARAMS_BUDGETS, _fits("params_m"), lambda limit: f"≤ {limit:g}")),
    ]
    for key in dict.fromkeys([facts.speed_environment, facts.cpu_environment]):
        environment = facts.environments.get(key or "")
        if environment is not None:
            board = rows(facts.catalog.leaderboard("imagenet", environment.environment))
            fast = picks(Standings(board), SPEED_BUDGETS[environment.kind], _fast, lambda limit: f"≥ {limit:,}")
            tables.append((f"By speed on {environment.device}", "Images/s", fast))
    return [(title, heading, found) for title, heading, found in tables if any(pick.any_data for pick in found)]


def _fits(axis: str) -> Callable[[Row, float], bool]:
    def fits(row: Row, limit: float) -> bool:
        value = axis_value(row, axis)
        return value is not None and value <= limit

    return fits


def _fast(row: Row, limit: float) -> bool:
    return row.images_per_s is not None and row.speed_note == "" and row.images_per_s >= limit
