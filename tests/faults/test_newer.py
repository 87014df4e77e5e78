"""A database of a newer program is refused, by every command, and nothing in it is touched."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.harness import Place
from tests.store.test_migrate import dump
from tracker.store.database import connect

WRITING = (
    ("import", "HCPC2027.txt", "--complete"),
    ("import", "several", "--complete"),
    ("withdraw", "2026@1", "--reason", "wrong file"),
    ("rebuild",),
)
READING = (
    ("verify",),
    ("doctor",),
    ("releases",),
    ("problems", "2025"),
    ("diff", "2025", "2026"),
    ("history", "J0001"),
    ("valid", "J0001", "--on", "2025-06-01"),
    ("export", "2026", "-o", "reports/new.csv"),
)


def database_of(place: Place) -> Path | str:
    return place.url or place.home / "tracker.db"


def bytes_of(place: Place) -> object:
    """Return what may not change: the very file, its time of change too; of a server all tables, columns and rows."""
    path = place.home / "tracker.db"
    files = [name for name in place.files() if name.startswith("home/")]
    return (path.read_bytes(), path.stat().st_mtime_ns, files) if place.url is None else (dump(place.url), files)


@pytest.mark.parametrize("command", [*WRITING, *READING], ids=" ".join)
def test_a_newer_database_is_refused_and_not_touched(command: tuple[str, ...], place: Place) -> None:
    database = connect(database_of(place))
    database.core.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    database.core.exec_driver_sql("CREATE TABLE of_the_future (id INTEGER PRIMARY KEY, word TEXT)")
    database.core.exec_driver_sql("INSERT INTO of_the_future (id, word) VALUES (1, 'kept')")
    database.close()
    before = bytes_of(place)
    code, out, err, _ = place.run(*command)
    assert "newer tracker" in out + err
    assert "9999_future" in out + err
    # An index is no loss to who reads: then the archive itself is read.
    assert code in ((0, 1) if place.url is None and command in READING else (1, 3))
    if command in WRITING:
        assert (code, out) == (3, "")
    assert bytes_of(place) == before
