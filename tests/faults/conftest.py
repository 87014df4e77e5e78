"""The driver that runs commands, and the server for their shared databases."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from functools import cache

import pytest

from tests.faults import tracer
from tests.faults.cases import Case, with_two_releases
from tests.faults.harness import Begin, Copy, Driver, Place, Server, copied
from tests.faults.outcome import Outcome


@pytest.fixture(scope="session")
def driver() -> Iterator[Driver]:
    if not tracer.AVAILABLE:
        pytest.skip("system calls are followed on Linux on x86-64 only")
    with Driver() as driver:
        yield driver


@pytest.fixture(scope="session")
def server(database_kind: str, request: pytest.FixtureRequest) -> Server | None:
    return None if database_kind == "sqlite" else Server(request.getfixturevalue("postgresql_server"))


@pytest.fixture(scope="session")
def prepared(
    driver: Driver, server: Server | None, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[Callable[[Place], None]], Place]:
    """Give a function that prepares a place, once; it is to be copied, and stays as it is."""
    root = tmp_path_factory.mktemp("faults")

    @cache
    def prepare(step: Callable[[Place], None]) -> Place:
        name = f"base{prepare.cache_info().currsize}"
        (root / name).mkdir()
        place = Place(driver, root / name, server.make(name) if server else None)
        step(place)
        return place

    return prepare


@pytest.fixture
def place(prepared: Callable[[Callable[[Place], None]], Place], server: Server | None) -> Place:
    """Give a place that holds two releases, to do with as one likes."""
    return copied(prepared(with_two_releases), "whole", server)


@pytest.fixture
def copy(place: Place, server: Server | None) -> Copy:
    """Give a function that copies the place, as it is then, under another name."""
    return lambda name: copied(place, name, server)


@pytest.fixture(scope="session")
def outcome_of(
    prepared: Callable[[Callable[[Place], None]], Place], server: Server | None
) -> Callable[[Case], Outcome]:
    """Give a function that runs a command to its end, once, in a copy of its place."""

    @cache
    def outcome(case: Case) -> Outcome:
        place = prepared(case.prepare)
        name = re.sub(r"\W", "_", case.name)
        return Outcome.of(case, place, copied(place, name, server), copied(place, "untouched", server))

    return outcome


@pytest.fixture
def outcome(case: Case, outcome_of: Callable[[Case], Outcome]) -> Outcome:
    """Give what the command of a test makes of its place if nothing happens to it."""
    return outcome_of(case)


@pytest.fixture
def begin(outcome: Outcome, server: Server | None) -> Begin:
    """Give a function that copies the place in which the command is to be run."""
    return lambda: copied(outcome.before, "broken", server)
