"""A database gets the tables that this program knows, once, whole or not at all."""

from __future__ import annotations

import os
import re
import shutil
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
from tracker.errors import StoreError
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
