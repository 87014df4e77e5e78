"""Several programs at once on one database: real processes, of two people where the database is shared."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Protocol

import pytest

from tests.support import only_on, record_text, values
from tracker.store.database import ADVISORY_LOCK, connect
from tracker.store.store import Store

SNAPSHOTS = Path(__file__).parents[2] / "snapshots"

PAUSED = """
import sys
from tracker.cli import main
from {module} import {name} as place
real = place.{method}
def method(*arguments, **options):
    result = real(*arguments, **options)
    print("half-way", flush=True)
    sys.stdin.readline()
    return result
place.{method} = method
main()
"""
"""Runs a command that, having come half-way, says so and waits for a line."""

INSERTED = PAUSED.format(module="tracker.store.writer", name="Writer", method="insert")
PUBLISHED = PAUSED.format(module="tracker.archive", name="Draft", method="publish")
MAIN = "from tracker.cli import main; main()"
IMPATIENT = "from tracker.store import database; database.WAIT_SECONDS = 0.2; " + MAIN

Program = subprocess.Popen[str]


class Start(Protocol):
    def __call__(self, *arguments: str | Path, person: str = "one", program: str = MAIN) -> Program:
        """Start a command of a person, in a process of its own."""


@pytest.fixture
def place(database: str | None, tmp_path: Path) -> Path | str:
    """Give the database of both persons: the index of their one home, or a shared one."""
    (tmp_path / "home").mkdir()
    return tmp_path / "home/tracker.db" if database is None else database


@pytest.fixture
def start(database: str | None, place: Path | str, tmp_path: Path) -> Iterator[Start]:
    """Give a function that starts a command. With a shared database, each person has a home of their own."""
    with ExitStack() as stack:

        def begin(*arguments: str | Path, person: str = "one", program: str = MAIN) -> Program:
            home = tmp_path / ("home" if database is None else person)
            return stack.enter_context(
                subprocess.Popen(
                    [sys.executable, "-c", program, *map(str, arguments)],
                    env=os.environ | {"TRACKER_HOME": str(home)},
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    stderr=subprocess.PIPE,
                    text=True,
                    cwd=tmp_path,
                )
            )

        yield begin


def ended(program: Program) -> tuple[int, str, str]:
    out, err = program.communicate("\n")
    return program.returncode, out, err


def come_half_way(program: Program) -> None:
    assert program.stdout is not None
    assert program.stdout.readline() == "half-way\n"


def wait_for_waiting(server: str, programs: int) -> None:
    """Return when so many programs wait for the lock of a shared database."""
    waiting = (
        "SELECT count(*) FROM pg_locks JOIN pg_stat_activity USING (pid) "
        "WHERE locktype = 'advisory' AND NOT granted AND datname = current_database()"
    )
    database = connect(server)
    while database.core.exec_driver_sql(waiting).scalar() != programs:
        time.sleep(0.01)
    database.close()


@pytest.fixture
def at_once(place: Path | str) -> Callable[[Callable[[], list[Program]]], list[tuple[int, str, str]]]:
    """Give a function that lets programs come together: on a server, all of them wait for the lock first."""

    def run(begin: Callable[[], list[Program]]) -> list[tuple[int, str, str]]:
        if isinstance(place, Path):
            programs = begin()
        else:
            with Store.open(place) as store, store.importing():
                programs = begin()
                wait_for_waiting(place, len(programs))
        return sorted(map(ended, programs))

    return run


AtOnce = Callable[[Callable[[], list[Program]]], list[tuple[int, str, str]]]


def first_lines(outcomes: list[tuple[int, str, str]]) -> list[str]:
    assert [(code, err) for code, _, err in outcomes] == [(0, "")] * len(outcomes)
    return sorted(out.partition(":")[0] for _, out, _ in outcomes)


def stored(place: Path | str) -> dict[str, int]:
    """Return the releases in the database, and how many records each of them holds."""
    with Store.open(place) as store:
        return {f"{one.label}@{one.revision}": len(list(store.records(one.id))) for one in store.releases("hcpcs")}


def release_file(folder: Path, name: str, codes: int = 400, added: str = "20250101") -> Path:
    records = {f"J{number:04}": values(f"J{number:04}", ADD_DT=added) for number in range(codes)}
    path = folder / name
    path.write_bytes(record_text(records))
    return path


def test_of_two_who_import_the_same_release_one_is_told(
    start: Start, at_once: AtOnce, place: Path | str, tmp_path: Path
) -> None:
    path = release_file(tmp_path, "HCPC2025.txt")
    outcomes = at_once(lambda: [start("import", path, "--complete", person=person) for person in ("one", "two")])
    assert first_lines(outcomes) == ["already stored", "stored 2025@1"]
    assert stored(place) == {"2025@1": 400}


def test_two_who_import_different_releases_both_store(
    start: Start, at_once: AtOnce, place: Path | str, tmp_path: Path
) -> None:
    paths = [release_file(tmp_path, "HCPC2025.txt"), release_file(tmp_path, "HCPC2026.txt", 399, "20260101")]
    outcomes = at_once(lambda: [start("import", path, "--complete", person=path.stem) for path in paths])
    assert first_lines(outcomes) == ["stored 2025@1", "stored 2026@1"]
    assert stored(place) == {"2025@1": 400, "2026@1": 399}


def test_two_issues_of_one_release_become_two_revisions(
    start: Start, at_once: AtOnce, place: Path | str, tmp_path: Path
) -> None:
    paths = [
        release_file(tmp_path, "HCPC2025_OCT_v3.txt", added="20251001"),
        release_file(tmp_path, "HCPC2025_OCT_v4.txt", 399, "20251001"),
    ]
    outcomes = at_once(lambda: [start("import", path, "--complete", person=path.stem) for path in paths])
    assert first_lines(outcomes) == ["stored 2025-10@1", "stored 2025-10@2"]
    assert sorted(stored(place).values()) == [399, 400]


def test_a_reader_sees_nothing_of_a_release_that_is_half_stored(
    start: Start, place: Path | str, tmp_path: Path
) -> None:
    assert ended(start("import", SNAPSHOTS))[0] == 0
    before = ended(start("releases", person="two"))
    importer = start("import", release_file(tmp_path, "HCPC2027.txt", 20), "--complete", program=INSERTED)
    come_half_way(importer)
    assert ended(start("releases", person="two")) == before
    code, _, err = ended(start("diff", "2026", "2027", person="two"))
    assert (code, "2027 is not stored" in err) == (3, True)
    assert ended(importer)[0] == 0
    assert stored(place)["2027@1"] == 20


def test_a_reader_that_never_stops_reads_whole_releases_alone(start: Start, place: Path | str, tmp_path: Path) -> None:
    assert ended(start("releases"))[0] == 0
    importer = start("import", release_file(tmp_path, "HCPC2025.txt", 2000), "--complete")
    seen = [stored(place)]
    while importer.poll() is None:
        seen.append(stored(place))
    assert ended(importer)[0] == 0
    assert [one for one in seen if one not in ({}, {"2025@1": 2000})] == []
    assert stored(place) == {"2025@1": 2000}


@only_on("postgresql", "no program can be seen waiting for a SQLite file; tests/store/test_migrate.py has both")
def test_programs_that_start_at_once_on_an_empty_database_migrate_once(start: Start, place: str) -> None:
    blocker = connect(place)
    blocker.core.exec_driver_sql("BEGIN")
    blocker.core.exec_driver_sql(f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})")
    programs = [start("releases", person=person) for person in ("one", "two", "three")]
    wait_for_waiting(place, 3)
    assert blocker.core.exec_driver_sql("SELECT to_regclass('alembic_version')").scalar() is None
    blocker.core.exec_driver_sql("COMMIT")
    assert [ended(program)[0] for program in programs] == [0, 0, 0]
    assert blocker.core.exec_driver_sql("SELECT count(*) FROM alembic_version").scalar() == 1
    blocker.close()


@pytest.mark.parametrize("program", [INSERTED, PUBLISHED], ids=["inserted", "published"])
def test_an_importer_that_is_killed_leaves_nothing_and_stops_nobody(
    start: Start, place: Path | str, tmp_path: Path, program: str
) -> None:
    path = release_file(tmp_path, "HCPC2025.txt")
    importer = start("import", path, "--complete", program=program)
    come_half_way(importer)
    importer.kill()
    importer.wait()
    assert stored(place) == {}
    # A file that got its name is whole. The index takes it in; for a shared database it is the copy of what comes next.
    assert ended(start("releases"))[0] == 0
    code, out, err = ended(start("import", path, "--complete"))
    assert (code, err) == (0, "")
    took_in = program == PUBLISHED and isinstance(place, Path)
    assert out.startswith("already stored: 2025@1: " if took_in else "stored 2025@1: ")
    assert stored(place) == {"2025@1": 400}


def test_whoever_waits_too_long_is_told_so_in_one_sentence(start: Start, place: Path | str, tmp_path: Path) -> None:
    path = release_file(tmp_path, "HCPC2025.txt", 20)
    with Store.open(place) as store, store.importing():
        code, out, err = ended(start("import", path, "--complete", program=IMPATIENT))
        assert (code, out) == (3, "")
        assert err.endswith("was in use by another program for 0.2 seconds: try again later\n")
        assert err.count("\n") == 1
    assert stored(place) == {}
    assert ended(start("import", path, "--complete"))[0] == 0


@only_on("postgresql", "two homes with one database")
def test_what_another_imported_is_used_without_a_word_of_its_file(start: Start, place: str, tmp_path: Path) -> None:
    first, second = (release_file(tmp_path, f"HCPC2025_OCT_v{issue}.txt", 400 - issue, "20251001") for issue in (3, 4))
    assert ended(start("import", first, "--complete", person="one"))[0] == 0
    code, out, err = ended(start("import", second, "--complete", person="two"))
    assert err == ""
    assert (code, out.partition(":")[0]) == (0, "stored 2025-10@2")
    for person, copies in (("one", ["2025-10.r1.jsonl"]), ("two", ["2025-10.r2.jsonl"])):
        assert sorted(path.name for path in (tmp_path / person / "snapshots").iterdir()) == copies
    told = {
        person: [ended(start(*words, person=person)) for words in (["releases"], ["diff", "2025-10@1", "2025-10@2"])]
        for person in ("one", "two", "three")
    }
    assert told["one"] == told["two"] == told["three"]
    assert [(code, err) for code, _, err in told["three"]] == [(0, "")] * 2
    assert not (tmp_path / "three").exists()
