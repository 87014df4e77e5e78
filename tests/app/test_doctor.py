"""What `tracker doctor` finds, and what it says is wrong."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from tests.support import NOW, Import, only_on, values
from tracker.app import doctor
from tracker.app.doctor import Checkup, Facts, examine, judge, next_commands
from tracker.app.stored import Stored
from tracker.app.withdraw import withdraw
from tracker.home import Home

TWO = {"A1": values("A1"), "J1940": values("J1940")}
IN_2026 = date(2026, 3, 31)
FACTS = Facts(
    version="1",
    python="3",
    platform="x",
    home="/home",
    found_by="--home",
    writable=True,
    free_disk_mib=1,
    database_kind="SQLite",
    database="/home/tracker.db",
    tables="1",
    psycopg=None,
    policy=None,
    releases=1,
    revisions=1,
    means={"2026": "2026@1"},
    missing=(),
)


def check(home: Home, today: date = IN_2026, here: Path = Path("/")) -> Checkup:
    environment = {"TRACKER_DATABASE_URL": home.database_url} if home.database_url else {}
    return examine(home.folder, environment, here, today)


def test_nothing_is_wrong_with_a_whole_release_that_is_in_effect(take_in: Import, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    assert check(home).problems == ()
    assert check(home, date(2025, 12, 31)).problems == ()


def test_what_is_stored_is_told(take_in: Import, stored: Stored, home: Home) -> None:
    for name in ("HCPC2019.txt", "HCPC2019_ANWEB_v2.txt", "HCPC2021.txt", "HCPC2021_APR.txt"):
        take_in(name, {**TWO, "J2": values("J2", LONG_DESCRIPTION=name)})
    take_in("HCPC2026.txt", TWO, complete=False)
    facts = check(home).facts
    assert (facts.releases, facts.revisions) == (4, 5)
    assert facts.means == {"2019": "2019@2", "2021": "2021@1", "2021-04": "2021-04@1", "2026": "2026@1"}
    assert facts.missing == ("2020", "2020-04", "2020-07", "2020-10")
    assert facts.database_kind == ("SQLite" if home.database_url is None else "PostgreSQL")
    assert (facts.database == str(home.index)) is (home.database_url is None)
    assert (facts.home, facts.found_by, facts.writable) == (str(home.folder), "--home", True)


@pytest.mark.parametrize(
    ("facts", "newest", "problems"),
    [
        (FACTS, "2026", []),
        (FACTS, "2026-04", []),
        (FACTS, "2025-10", ["2026 is in effect, and the newest whole release stored is 2025-10: tracker fetch latest"]),
        (FACTS, None, ["only excerpts are stored, and they tell nothing of other codes: tracker fetch latest"]),
        (
            replace(FACTS, releases=0),
            None,
            ["all stored releases are withdrawn: tracker fetch latest, or tracker import FILE"],
        ),
        (
            replace(FACTS, releases=0, revisions=0),
            None,
            ["nothing is stored: tracker fetch latest, or tracker import FILE"],
        ),
        (
            replace(FACTS, writable=False),
            "2026",
            ["/home cannot be written: nothing can be imported (--home names another place)"],
        ),
    ],
)
def test_what_is_wrong_with_what_is_stored(facts: Facts, newest: str | None, problems: list[str]) -> None:
    assert list(judge(facts, newest, "2026")) == problems


def test_all_withdrawn_is_told(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    withdraw(stored, "2026@1", "wrong file", NOW)
    (problem,) = check(home).problems
    assert problem.startswith("all stored releases are withdrawn")


def test_looking_at_an_empty_place_creates_nothing(tmp_path: Path) -> None:
    found = check(Home(tmp_path / "nowhere"))
    assert found.problems == ("nothing is stored: tracker fetch latest, or tracker import FILE",)
    assert found.facts.database == str(tmp_path / "nowhere/tracker.db")
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_snapshot_file_is_found_though_it_looks_untouched(take_in: Import, home: Home) -> None:
    import os

    take_in("HCPC2026.txt", TWO)
    (path,) = home.snapshots.glob("*.jsonl")
    before = path.stat()
    path.write_bytes(path.read_bytes().replace(b"Short j1940", b"Short j1941"))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    (problem,) = check(home).problems
    assert "2026.r1.jsonl: its content is not what its digest says" in problem


@only_on("sqlite", "the index follows the files; a shared database does not")
def test_a_damaged_snapshot_file_is_told_once(take_in: Import, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    (path,) = home.snapshots.glob("*.jsonl")
    path.write_bytes(path.read_bytes().replace(b"Short j1940", b"Short text"))
    (problem,) = check(home).problems
    assert problem.endswith("(the index's copy is used; tracker rebuild writes the file anew)")


@only_on("sqlite", "with a shared database the files are a copy of what was imported here")
def test_a_missing_snapshot_file_is_told(take_in: Import, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    (path,) = home.snapshots.glob("*.jsonl")
    path.unlink()
    (problem,) = check(home).problems
    assert "2026.r1.jsonl is missing" in problem


@only_on("sqlite", "damages the index")
def test_a_damaged_index_is_told(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    stored.store.close()
    home.index.write_bytes(b"no database" * 1000)
    (problem,) = check(home).problems
    assert f"{home.index} is damaged or not a database" in problem


def test_a_policy_with_a_mistake_is_told(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2026.txt", TWO)
    (tmp_path / "tracker.toml").write_text("fail-on = 'never'")
    found = check(home, here=tmp_path)
    assert found.facts.policy == str(tmp_path / "tracker.toml")
    (problem,) = found.problems
    assert "tracker.toml, line 1" in problem


@pytest.mark.parametrize(
    ("explicit", "variable", "found_by"),
    [
        (True, True, "--home"),
        (False, True, "TRACKER_HOME"),
        (False, False, "the nearest folder upward with snapshots"),
    ],
)
def test_how_the_home_was_found(take_in: Import, home: Home, explicit: bool, variable: bool, found_by: str) -> None:
    take_in("HCPC2026.txt", TWO)
    (here := home.folder / "work").mkdir()
    environment = {"TRACKER_HOME": str(home.folder)} if variable else {}
    facts = examine(home.folder if explicit else None, environment, here, IN_2026).facts
    assert (facts.home, facts.found_by) == (str(home.folder), found_by)


def test_else_it_is_the_data_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "data"))
    monkeypatch.setenv("HOME", str(tmp_path))
    assert examine(None, {}, tmp_path, IN_2026).facts.found_by == "your data folder"


@only_on("postgresql", "only a shared database has a password")
def test_a_shared_database_is_named_without_its_password(take_in: Import, home: Home) -> None:
    take_in("HCPC2026.txt", TWO)
    found = check(home)
    assert found.problems == ()
    assert found.facts.database_kind == "PostgreSQL"
    assert found.facts.database.startswith("the database postgres on ")
    assert str(home.database_url) not in found.facts.database


def test_a_database_that_cannot_be_reached_is_the_problem_told(tmp_path: Path) -> None:
    pytest.importorskip("psycopg")
    url = "postgresql://me:hunter2@127.0.0.1:1/none"
    found = check(Home(tmp_path, url))
    (problem,) = found.problems
    assert "cannot be reached" in problem
    assert found.facts.database == "not reached"
    assert "hunter2" not in str(found)


@pytest.mark.parametrize(
    ("labels", "commands"),
    [
        ([], ["tracker fetch latest", "tracker import FILE", "tracker --help"]),
        (["2025-10"], ["tracker fetch latest", "tracker search TEXT", "tracker show CODE"]),
        (["2026"], ["tracker fetch 2025-10", "tracker search TEXT", "tracker show CODE"]),
        (
            ["2020", "2025-10", "2026"],
            ["tracker diff 2025-10 2026", "tracker impact LIST 2025-10 2026", "tracker valid CODE --on DATE"],
        ),
    ],
)
def test_what_to_do_next_depends_on_what_is_stored(labels: list[str], commands: list[str]) -> None:
    assert [command for command, _ in next_commands(labels, IN_2026)] == commands


def test_the_name_of_a_store_in_memory_is_known() -> None:
    from tracker.store.store import Store

    with Store.in_memory() as store:
        assert store.name == doctor.IN_MEMORY
