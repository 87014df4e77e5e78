"""The questions that are asked of large databases read no table from end to end.

SQLite plans without statistics here, so its plans do not depend on how much is stored.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from tracker.store.database import SQLite
from tracker.store.store import Store


def plan(ask: Callable[[Store], object]) -> list[str]:
    """Return the steps of SQLite's plans for every statement of a question."""
    asked: list[str] = []
    with Store.in_memory() as store:
        driver = cast("SQLite", store._database).driver
        driver.set_trace_callback(asked.append)
        ask(store)
        driver.set_trace_callback(None)
        return [row[-1] for statement in asked for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}")]


def scans(steps: list[str]) -> list[str]:
    return [step for step in steps if step.startswith("SCAN")]


def test_changed_walks_both_releases_side_by_side() -> None:
    steps = plan(lambda store: store.changed(1, 2))
    assert scans(steps) == []
    assert steps.count("MERGE (EXCEPT)") == 2
    assert steps.count("SEARCH release_record USING PRIMARY KEY (release_id=?)") == 4


def test_unknown_in_both_begins_with_the_versions_that_have_unknown_fields() -> None:
    steps = plan(lambda store: store.unknown_in_both(1, 2))
    assert scans(steps) == []
    assert steps[0] == "SEARCH record_version USING COVERING INDEX ix_record_version_unknown (unknown>?)"
    assert steps.count("SEARCH release_record USING PRIMARY KEY (release_id=? AND version_id=?)") == 2


def test_versions_of_a_code_joins_memberships_on_both_keys() -> None:
    steps = plan(lambda store: store.versions_of("hcpcs", "A1"))
    assert scans(steps) == []
    assert "SEARCH release_record USING PRIMARY KEY (release_id=? AND version_id=?)" in steps


def test_record_and_records_search() -> None:
    assert scans(plan(lambda store: store.record(1, "A1"))) == []
    assert scans(plan(lambda store: list(store.records(1)))) == []
