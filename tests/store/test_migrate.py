"""A database gets the tables that this program knows, once, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import Barrier

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import inspect

import tracker
from tests.conftest import empty_schema
from tests.store.older import REVISIONS, make_older
from tests.support import NOW, record_text, values
from tracker.api import Tracker
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.app.verify import verify
from tracker.app.withdraw import withdraw
from tracker.errors import StoreError
from tracker.home import Home
from tracker.store.database import UnusableError, connect
from tracker.store.migrate import HEAD, migrations_folder
from tracker.store.store import Store
from tracker.store.tables import metadata

CHECKOUT = Path(tracker.__file__).parents[1]
OPEN = (
    "import sys; from pathlib import Path; from tracker.store.store import Store; place = sys.argv[1];"
    "Store.open(place if '://' in place else Path(place)).close();"
)


def run(code: str, *arguments: Path | str, path: Path = CHECKOUT, cwd: Path | None = None) -> str:
    """Run Python in a process of its own, with `path` before the installed packages."""
    command = [sys.executable, "-c", code, *arguments]
    environment = os.environ | {"PYTHONPATH": str(path)}
    return subprocess.run(command, check=True, capture_output=True, text=True, cwd=cwd, env=environment).stdout


def make_newer(place: Path | str) -> None:
    Store.open(place).close()
    database = connect(place)
    database.core.exec_driver_sql("UPDATE alembic_version SET version_num = '9999_future'")
    database.close()


def test_head_is_alembics_head() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    assert ScriptDirectory.from_config(config).get_heads() == [HEAD]


def test_migrations_make_the_tables_that_the_store_speaks_of(store: Store) -> None:
    context = MigrationContext.configure(store._database.core, opts={"compare_server_default": True})
    assert compare_metadata(context, metadata) == []


def test_a_store_in_memory_has_the_same_tables_without_migrations(tmp_path: Path) -> None:
    """Alembic's comparison sees neither a condition of an index nor WITHOUT ROWID."""

    def tables(store: Store) -> set[frozenset[str]]:
        query = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND type <> 'view' AND name <> 'alembic_version'"
        texts = store._database.core.exec_driver_sql(query).scalars()
        # Piece by piece: a column that was added later stands at the end.
        return {frozenset(" ".join(piece.split()) for piece in re.split("[(),]", sql)) for sql in texts}

    with Store.open(tmp_path / "tracker.db") as migrated, Store.in_memory() as memory:
        assert tables(migrated) == tables(memory)


def test_alembic_is_imported_only_to_migrate(place: Path | str) -> None:
    code = OPEN + "print(*{name.partition('.')[0] for name in sys.modules})"
    assert "alembic" in run(code, place).split()
    assert "alembic" not in run(code, place).split()


def test_reading_a_sqlite_file_needs_neither_sqlalchemy_nor_psycopg(tmp_path: Path) -> None:
    code = OPEN + "print('psycopg' in sys.modules, 'sqlalchemy' in sys.modules)"
    place = tmp_path / "tracker.db"
    Store.open(place).close()
    assert run(code, place).split() == ["False", "False"]


def test_writing_a_sqlite_file_needs_no_orm(tmp_path: Path) -> None:
    code = OPEN + "print('sqlalchemy' in sys.modules, 'sqlalchemy.orm' in sys.modules)"
    code = code.replace(".close()", ".importing().__enter__()")
    place = tmp_path / "tracker.db"
    Store.open(place).close()
    assert run(code, place).split() == ["True", "False"]


def test_the_folder_of_migrations_does_not_hide_the_library() -> None:
    assert run("import alembic.command; print(alembic.__file__)", cwd=CHECKOUT).strip().endswith("__init__.py")


def test_migrations_are_found_beside_the_store_as_in_a_wheel(tmp_path: Path) -> None:
    site = tmp_path / "site 100%s"
    shutil.copytree(CHECKOUT / "tracker" / "store", site / "tracker" / "store")
    for module in ("__init__.py", "errors.py", "model.py"):
        shutil.copy(CHECKOUT / "tracker" / module, site / "tracker")
    shutil.copytree(CHECKOUT / "alembic", site / "tracker" / "store" / "migrations")

    code = OPEN + "from tracker.store.migrate import migrations_folder; print(migrations_folder())"
    place = tmp_path / "tracker.db"
    folder = run(code, place, path=site, cwd=tmp_path).strip()
    assert folder == str(site / "tracker" / "store" / "migrations")
    Store.open(place, read_only=True).close()


def test_programs_that_start_at_once_migrate_once(place: Path | str) -> None:
    starters = 4
    barrier = Barrier(starters)

    def start(_: int) -> list[object]:
        barrier.wait()
        with Store.open(place) as store:
            return list(store.releases("hcpcs"))

    with ThreadPoolExecutor(starters) as pool:
        assert list(pool.map(start, range(starters))) == [[]] * starters


def test_a_migration_that_fails_leaves_nothing(place: Path | str) -> None:
    database = connect(place)
    database.core.exec_driver_sql("CREATE TABLE release_note (mine TEXT)")  # in the way of the last statement
    with pytest.raises(StoreError, match="already exists"):
        Store.open(place)
    assert inspect(database.core).get_table_names() == ["release_note"]
    database.close()


def test_a_database_of_a_newer_tracker_is_refused(place: Path | str) -> None:
    make_newer(place)
    with pytest.raises(StoreError, match=r"newer tracker .*9999_future.*update") as caught:
        Store.open(place)
    assert not isinstance(caught.value, UnusableError)


def test_a_file_of_a_newer_tracker_is_not_touched(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    make_newer(path)
    before = path.read_bytes(), path.stat().st_mtime_ns
    for read_only in (False, True):
        with pytest.raises(StoreError):
            Store.open(path, read_only=read_only)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    assert list(tmp_path.iterdir()) == [path]


def test_a_database_that_would_have_to_be_migrated_is_not_usable_read_only(place: Path | str) -> None:
    if isinstance(place, Path):
        place.touch()
    with pytest.raises(UnusableError, match="brought up to date"):
        Store.open(place, read_only=True)


# ---------------------------------------------------------------- from every earlier revision, with data in place


def filled(home: Home, folder: Path) -> None:
    """Store releases with all that a database holds: problems, unknown fields, several revisions, a withdrawal."""
    texts = {"2025": "one mg", "2025_v2": "one mg, again", "2026": "two mg"}
    with open_stored(home, to_write=True) as stored:
        for name, words in texts.items():
            codes = {code: values(code, LONG_DESCRIPTION=f"Injection, {words}") for code in ("A1", "J0001", "J0002")}
            codes["J0001"] |= {"ACT EFF DT": "20250230", "TERM DT": "20261231" if name == "2026" else ""}
            path = folder / f"HCPC{name}.txt"
            path.write_bytes(record_text(codes))
            import_path(stored, path, Options(name[:4], complete=True), NOW)
        table = folder / "HCPC2025.csv"
        table.write_text("HCPC,LONG DESCRIPTION\nJ0003,Injection\n")
        import_path(stored, table, Options("2025-04"), NOW)
        withdraw(stored, "2025@1", "wrong file", NOW)


def asked(home: Home) -> dict[str, object]:
    """Return the answers that a home gives."""
    with Tracker(home) as tracker, open_stored(home) as stored:
        return {
            "releases": tracker.releases(),
            "diff": tracker.diff("2025", "2026"),
            "of revisions": tracker.diff("2025@1", "2025@2"),
            "history": tracker.history("J0001"),
            "problems": [stored.problems(revision) for revision in stored.revisions],
            "records": [list(stored.records(revision)) for revision in stored.revisions],
            "notes": [stored.notes(revision) for revision in stored.revisions],
            "current": [revision.release.name for revision in stored.revisions if revision.marked],
        }


@pytest.fixture
def newest(database_kind: str, database: str | None, tmp_path: Path) -> Home:
    home = Home(tmp_path / "newest", database)
    filled(home, tmp_path)
    return home


@pytest.fixture
def older(newest: Home, request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """Give an empty place for a home of an earlier revision: its archive is there, its database is yet to be made."""
    shutil.copytree(newest.snapshots, tmp_path / "older/snapshots")
    url = None if newest.database_url is None else empty_schema(request.getfixturevalue("postgresql_server"))
    return Home(tmp_path / "older", url)


def place_of(home: Home) -> Path | str:
    return home.database_url or home.index


@pytest.mark.parametrize("revision", REVISIONS)
def test_a_database_of_every_earlier_revision_comes_up_with_its_data(revision: str, newest: Home, older: Home) -> None:
    make_older(place_of(older), revision, place_of(newest))
    assert asked(older) == asked(newest)
    assert verify(older).differences == ()
    with open_stored(older, to_write=True) as stored:
        assert stored.store._database.core.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == HEAD
        context = MigrationContext.configure(stored.store._database.core, opts={"compare_server_default": True})
        assert compare_metadata(context, metadata) == []


@pytest.mark.parametrize("revision", REVISIONS)
def test_what_is_imported_after_a_migration_is_as_if_there_had_been_none(
    revision: str, newest: Home, older: Home, tmp_path: Path
) -> None:
    make_older(place_of(older), revision, place_of(newest))
    path = tmp_path / "HCPC2027.txt"
    path.write_bytes(record_text({code: values(code, COV="D") for code in ("A1", "J0001", "J0002", "J0004")}))
    for home in (older, newest):
        with open_stored(home, to_write=True) as stored:
            import_path(stored, path, Options(complete=True), NOW)
    assert asked(older) == asked(newest)
    assert verify(older).differences == ()


@pytest.mark.parametrize("revision", REVISIONS[:-1])
def test_a_migration_that_is_stopped_leaves_the_earlier_tables_and_all_their_rows(
    revision: str, newest: Home, older: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(place_of(older), revision, place_of(newest))
    before = dump(place_of(older))

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alembic.runtime.migration.HeadMaintainer.update_to_step", fail)
    with pytest.raises(KeyboardInterrupt):
        Store.open(place_of(older)).close()
    assert dump(place_of(older)) == before
    monkeypatch.undo()
    if older.database_url is not None:
        monkeypatch.setenv("TRACKER_DATABASE_URL", older.database_url)
    assert asked(older) == asked(newest)


def dump(place: Path | str) -> object:
    """Return all that is in a database: the SQL that would make it anew, or its tables, columns and rows."""
    if isinstance(place, Path):
        with sqlite3.connect(place) as driver:
            return list(driver.iterdump())
    database = connect(place)
    inspector = inspect(database.core)
    tables = inspector.get_table_names()
    rows = {
        table: sorted(map(repr, database.core.exec_driver_sql(f'SELECT * FROM "{table}"')))  # noqa: S608
        for table in tables
    }
    columns = {table: [str(one) for one in inspector.get_columns(table)] for table in tables}
    views = inspector.get_view_names()
    database.close()
    return rows, columns, views
