"""What is stored can be proven, archive against database, and both ways."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest

from tests.app.conftest import Run
from tests.support import NOW, Import, only_on, values
from tracker import archive
from tracker.app.stored import Stored
from tracker.app.verify import Verified, verify
from tracker.app.withdraw import withdraw
from tracker.home import Home
from tracker.store.database import connect

TWO = {"A1": values("A1"), "J1940": values("J1940")}
MORE = {**TWO, "J2000": values("J2000"), "J2001": values("J2001")}


@pytest.fixture
def both(take_in: Import, stored: Stored, home: Home) -> Home:
    """Give a home with two releases, one of them withdrawn."""
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    withdraw(stored, "2026@1", "wrong file", NOW)
    return home


def test_what_is_whole_is_proven(both: Home) -> None:
    told: list[str] = []
    found = verify(both, told.append)
    assert (found.differences, found.remarks) == ((), ())
    assert (found.releases, found.records, found.files) == (2, 6, 2)
    assert found.bytes == sum(path.stat().st_size for path in both.snapshots.glob("*.jsonl"))
    assert told == ["2025@1", "2026@1"]


def test_nothing_stored_is_proven_too(tmp_path: Path) -> None:
    found = verify(Home(tmp_path / "nowhere"))
    assert (found.releases, found.files, found.differences) == (0, 0, ())
    assert list(tmp_path.iterdir()) == []


def in_database(home: Home, statement: str) -> None:
    if home.database_url is None:
        connection = sqlite3.connect(home.index)
        with connection:
            connection.execute(statement)
        connection.close()
    else:
        database = connect(home.database_url)
        database.core.exec_driver_sql(statement)
        database.close()


DAMAGE_IN_DATABASE = {
    "a record": (
        "UPDATE record_version SET payload = replace(payload, 'Short', 'Shirt')",
        "is not what its digest says",
    ),
    "a record's code": ("UPDATE record_version SET code = 'J2' WHERE code = 'J1940'", "the columns of J1940 are not"),
    "unknown fields": ("UPDATE record_version SET unknown = 'statute' WHERE code = 'J1940'", "the columns of J1940"),
    "a record that is gone": (
        "DELETE FROM release_record WHERE version_id = (SELECT min(id) FROM record_version)",
        "is not what its digest says",
    ),
    "a header": ('UPDATE release SET header = replace(header, \'"remark":""\', \'"remark":"x"\')', ", line 1 is not"),
    "a digest": ("UPDATE release SET digest = 'ab' WHERE label = '2026'", "the columns of the release are not"),
    "a day": (
        "UPDATE release SET effective_date = '2025-02-01' WHERE label = '2025'",
        "the columns of the release are",
    ),
    "a count": ("UPDATE release SET codes = 5 WHERE label = '2025'", "the columns of the release are not"),
    "a view": ("DROP VIEW hcpcs_validity", "hcpcs_validity"),
    "a code set": ("UPDATE record_version SET code_set = 'zz' WHERE code = 'J1940'", "the columns of"),
}

DAMAGE_IN_AN_INDEX = {
    "another view": "DROP VIEW hcpcs_record; CREATE VIEW hcpcs_record AS SELECT 1 AS a WHERE 0",
    "a trigger": "CREATE TRIGGER t AFTER INSERT ON release BEGIN DELETE FROM release_record; END",
    "an index that is gone": "DROP INDEX ix_record_version_unknown",
    "another's table": "CREATE TABLE customers (name)",
    "another version": "INSERT INTO alembic_version VALUES ('0001_releases')",
}


@pytest.mark.parametrize("damage", DAMAGE_IN_DATABASE)
def test_damage_in_the_database_is_found(both: Home, damage: str) -> None:
    statement, expected = DAMAGE_IN_DATABASE[damage]
    in_database(both, statement)
    found = verify(both)
    assert [one for one in found.differences if expected in one], found.differences


@only_on("sqlite", "a server's tables belong to whoever looks after it")
@pytest.mark.parametrize("damage", DAMAGE_IN_AN_INDEX)
def test_tables_and_views_that_are_not_as_they_were_made_are_found(both: Home, damage: str) -> None:
    connection = sqlite3.connect(both.index)
    connection.executescript(DAMAGE_IN_AN_INDEX[damage])
    connection.close()
    (difference,) = verify(both).differences
    assert "not as tracker makes them: " in difference


@only_on("sqlite", "a shared database is no file")
@pytest.mark.parametrize("kind", ["a folder", "a link to nowhere"])
def test_an_index_that_is_no_file_is_a_difference(both: Home, stored: Stored, kind: str) -> None:
    stored.store.close()
    both.index.unlink()
    both.index.mkdir() if kind == "a folder" else both.index.symlink_to("nowhere/tracker.db")
    assert any("tracker.db cannot be read" in one for one in verify(both).differences)


def changed(path: Path, change: Callable[[bytes], bytes]) -> None:
    """Change a file behind the program's back: its size and time stay."""
    import os

    status = path.stat()
    data = change(path.read_bytes())
    assert len(data) == status.st_size
    path.write_bytes(data)
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Short j1940", b"Short j194x"),
        (b'"remark":""', b'"remark":" '),
        (b'"program":"0', b'"program":"9'),
        (b"20", b"21"),
    ],
)
def test_a_file_that_was_changed_is_found_though_it_looks_untouched(both: Home, old: bytes, new: bytes) -> None:
    changed(both.snapshots / "2025.r1.jsonl", lambda data: data.replace(old, new, 1))
    (difference,) = verify(both).differences
    assert str(both.snapshots / "2025.r1.jsonl") in difference or difference.startswith("2025.r1.jsonl")


def test_a_file_that_was_sealed_anew_is_found(both: Home) -> None:
    """Whoever changes a file and mends all its digests is found by the database's copy."""

    def anew(data: bytes) -> bytes:
        *lines, _ = data.replace(b'"name":"HCPC2025.txt"', b'"name":"HCPC2052.txt"').splitlines(keepends=True)
        whole = b"".join(lines)
        return whole + b'{"seal":{"sha256":"%s"}}\n' % sha256(whole).hexdigest().encode()

    changed(both.snapshots / "2025.r1.jsonl", anew)
    archive.read(both.snapshots / "2025.r1.jsonl")
    (difference,) = verify(both).differences
    assert "2025.r1.jsonl, line 1 is not what" in difference


@only_on("sqlite", "with a shared database the copy may lie elsewhere")
def test_a_missing_file_is_a_difference(both: Home) -> None:
    (both.snapshots / "2025.r1.jsonl").unlink()
    (difference,) = verify(both).differences
    assert "2025.r1.jsonl is missing" in difference


@only_on("postgresql", "with a shared database the copy may lie elsewhere")
def test_a_copy_that_lies_elsewhere_is_no_difference(both: Home) -> None:
    (both.snapshots / "2025.r1.jsonl").unlink()
    found = verify(both)
    assert found.differences == ()
    (remark,) = found.remarks
    assert "no copy in" in remark
    assert "2025@1" in remark


@only_on("postgresql", "an index takes the file in")
def test_a_file_that_the_database_lacks_is_a_difference(both: Home) -> None:
    in_database(both, "DELETE FROM release_record WHERE release_id = (SELECT id FROM release WHERE label = '2025')")
    in_database(both, "DELETE FROM release WHERE label = '2025'")
    (difference,) = verify(both).differences
    assert "2025.r1.jsonl is not in" in difference


def test_a_withdrawal_that_was_taken_back_by_hand(both: Home) -> None:
    (both.snapshots / "2026.r1.withdrawn.json").unlink()
    found = verify(both).differences
    if both.database_url is None:
        assert found == (), "the archive is the truth, and says that it is not withdrawn"
    else:
        (difference,) = found
        assert difference.startswith("2026@1 is withdrawn in")


@only_on("sqlite", "damages the index's file")
def test_damaged_pages_are_found(both: Home) -> None:
    data = bytearray(both.index.read_bytes())
    for place in range(4096 * 3, len(data), 4096):
        data[place : place + 8] = b"\xff" * 8
    both.index.write_bytes(data)
    assert any("tracker rebuild" in one for one in verify(both).differences)


def test_drafts_that_were_left_behind_are_told(both: Home) -> None:
    (both.snapshots / ".1.2026.r2.jsonl.draft").touch()
    found = verify(both)
    assert found.differences == ()
    assert found.remarks == (f"not used: {both.snapshots}/.1.2026.r2.jsonl.draft",)


def test_the_command_ends_with_1_if_something_differs(both: Home, run: Run) -> None:
    whole = run("verify")
    assert (whole.code, whole.err) == (0, "")
    assert "All is proven" in whole.out
    assert f"{both.snapshots}: 2 files" in whole.out
    changed(both.snapshots / "2025.r1.jsonl", lambda data: data.replace(b"Short j1940", b"Short j194x"))
    broken = run("verify")
    assert (broken.code, broken.err) == (1, "")
    assert "differs  " in broken.out
    assert "2025.r1.jsonl: its content is not what its digest says" in broken.out


def test_the_command_as_json(both: Home, run: Run) -> None:
    found = json.loads(run("verify", "--format", "json").out)
    assert set(found) == set(Verified.__slots__)
    assert (found["releases"], found["records"], found["differences"]) == (2, 6, [])
