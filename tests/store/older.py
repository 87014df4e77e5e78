"""Databases as earlier revisions of the tables had them, with data in place."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Table, inspect, text

from tracker.store.database import connect
from tracker.store.migrate import migrations_folder
from tracker.store.tables import metadata


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    return config


REVISIONS: Final = [script.revision for script in ScriptDirectory.from_config(_config()).walk_revisions()][::-1]
"""All revisions, the oldest first: a new migration is tried by every test that goes through them."""


def make_older(place: Path | str, revision: str, like: Path | str) -> None:
    """Make an empty database one of a revision, with the rows that another one of today has.

    They are put in by SQL, as the program of that revision did: into the columns that it had.
    """
    newest, database = connect(like), connect(place)
    config = _config()
    config.attributes["connection"] = database.core
    with database.locked() as connection:
        command.upgrade(config, revision)
        for table in metadata.sorted_tables:
            _copy(table, newest.core, connection)
    newest.close()
    database.close()


def _copy(table: Table, newest: Connection, older: Connection) -> None:
    inspector = inspect(older)
    if not inspector.has_table(table.name):
        return
    columns = [one["name"] for one in inspector.get_columns(table.name) if one["name"] in table.c]
    quoted, marks = (", ".join(form.format(name) for name in columns) for form in ('"{}"', ":{}"))
    rows = newest.execute(text(f"SELECT {quoted} FROM {table.name}")).mappings().all()  # noqa: S608
    if rows:
        older.execute(
            text(f"INSERT INTO {table.name} ({quoted}) VALUES ({marks})"),  # noqa: S608
            [dict(row) for row in rows],
        )
        if older.dialect.name == "postgresql" and "id" in columns:
            older.execute(
                text(
                    f"SELECT setval(pg_get_serial_sequence('{table.name}', 'id'), max(id)) FROM {table.name}"  # noqa: S608
                )
            )
