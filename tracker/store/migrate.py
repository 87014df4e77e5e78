"""Bringing a database to the tables that this program knows."""

from __future__ import annotations

from pathlib import Path

from tracker.errors import StoreError
from tracker.store.database import IN_MEMORY, Database, SQLite, UnusableError

# The newest revision in alembic/versions/. Held here so that a database which has it never waits for
# Alembic's import, longer than most commands take.
HEAD = "0002_views"


def migrate(database: Database, *, read_only: bool = False) -> None:
    """Bring the database to `HEAD`, under its write lock; do nothing if it is there already."""
    found = _revision(database)
    if found == HEAD:
        return
    if read_only:
        raise UnusableError(f"{database.name} would have to be brought up to date, and is open for reading only")
    try:
        with database.locked():
            _upgrade(database)
    except UnusableError as error:
        raise UnusableError(
            f"{error}; its tables are not those of this tracker, and any command of somebody who may write brings them "
            "up to date"
        ) from error


def made_otherwise(database: SQLite) -> list[str]:
    """Return the names of tables, indexes, views and triggers that are not as the migrations make them, or others'."""
    whole = SQLite(IN_MEMORY)
    try:
        migrate(whole)
        mine, theirs = whole.schema(), database.schema()
    finally:
        whole.close()
    versions = [version for (version,) in database.rows("SELECT version_num FROM alembic_version")]
    names = sorted(name for name in mine.keys() | theirs.keys() if mine.get(name) != theirs.get(name))
    return names if versions == [HEAD] else [*names, "alembic_version"]


def migrations_folder() -> Path:
    """Return the folder of the migrations: beside this file in a wheel, at the top in a checkout."""
    beside = Path(__file__).parent / "migrations"
    return beside if beside.is_dir() else Path(__file__).parents[2] / "alembic"


def _revision(database: Database) -> str | None:
    if not database.has_table("alembic_version"):
        return None
    return next((revision for (revision,) in database.rows("SELECT version_num FROM alembic_version")), None)


def _upgrade(database: Database) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # Config reads "%" as the begin of a placeholder.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = database.core
    # Another program may have migrated while this one waited for the lock, so look again; then
    # Alembic finds nothing to do.
    found = _revision(database)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(f"{database.name} was made by a newer tracker (its tables are {found}): update this tracker")
    command.upgrade(config, "head")
