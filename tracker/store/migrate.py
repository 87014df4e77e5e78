"""Bringing a database to the tables that this program knows."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import Connection, inspect, text

from tracker.errors import StoreError
from tracker.store.database import UnusableError, locked, name_of

# The newest revision in alembic/versions/. Held here so that a database which has it never waits for
# Alembic's import, longer than most commands take.
HEAD = "0001_releases"


def migrate(connection: Connection, *, read_only: bool = False) -> None:
    """Bring the database to `HEAD`, under its write lock; do nothing if it is there already."""
    found = _revision(connection)
    if found == HEAD:
        return
    if read_only:
        raise UnusableError(f"{name_of(connection)} would have to be brought up to date, and is open for reading only")
    with locked(connection):
        _upgrade(connection)


def migrations_folder() -> Path:
    """Return the folder of the migrations: beside this file in a wheel, at the top in a checkout."""
    beside = Path(__file__).parent / "migrations"
    return beside if beside.is_dir() else Path(__file__).parents[2] / "alembic"


def _revision(connection: Connection) -> str | None:
    if not inspect(connection).has_table("alembic_version"):
        return None
    revision: str | None = connection.scalar(text("SELECT version_num FROM alembic_version"))
    return revision


def _upgrade(connection: Connection) -> None:
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory

    config = Config()
    # Config reads "%" as the begin of a placeholder.
    config.set_main_option("script_location", str(migrations_folder()).replace("%", "%%"))
    config.attributes["connection"] = connection
    # Another program may have migrated while this one waited for the lock, so look again; then
    # Alembic finds nothing to do.
    found = _revision(connection)
    known = {script.revision for script in ScriptDirectory.from_config(config).walk_revisions()}
    if found is not None and found not in known:
        raise StoreError(
            f"{name_of(connection)} was made by a newer tracker (its tables are {found}): update this tracker"
        )
    command.upgrade(config, "head")
