"""The store: every release as it was imported, read by release, by code and by difference."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, fields
from pathlib import Path
from types import TracebackType
from typing import Self, cast

from sqlalchemy import Connection, Exists, Select, Table, bindparam, except_, exists, func, select

from tracker.store.database import IN_MEMORY, connect, explain, locked, name_of
from tracker.store.migrate import migrate
from tracker.store.tables import (
    metadata,
    record_version,
    release,
    release_note,
    release_problem,
    release_record,
)
from tracker.store.writer import Writer


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release in the store: its id there, what tells it from others, and what may change about it.

    `header` is the first line of its snapshot file, to be parsed by whoever wants to know more.
    """

    id: int
    label: str
    revision: int
    header: str
    withdrawn: str | None
    archive_stamp: str
    digest: str


# The joins name their tables in the order in which they are to be walked. `release_record` is by far the
# longest table and is only ever entered by its primary key, from a release or from a pair of ids.

_RELEASES = (
    select(*(release.c[column.name] for column in fields(StoredRelease)))
    .where(release.c.code_set == bindparam("code_set"))
    .order_by(release.c.label, release.c.revision)
)


def _versions_in(name: str) -> Select[int]:
    return select(release_record.c.version_id).where(release_record.c.release_id == bindparam(name))


# The order lets SQLite take the difference by walking both key ranges side by side, three times as fast
# as asking for each version whether the other release holds it.
_ONLY_IN_FIRST = (
    select(record_version.c.payload)
    .where(
        record_version.c.id.in_(
            except_(_versions_in("first"), _versions_in("second")).order_by(release_record.c.version_id)
        )
    )
    .order_by(record_version.c.code)
)


def _held_by(name: str) -> Exists:
    return exists().where(
        release_record.c.release_id == bindparam(name), release_record.c.version_id == record_version.c.id
    )


_UNKNOWN_IN_BOTH = (
    select(record_version.c.unknown, func.count())
    .where(record_version.c.unknown.is_not(None), _held_by("old"), _held_by("new"))
    .group_by(record_version.c.unknown)
)

_RECORDS = (
    select(record_version.c.payload)
    .join(release_record, release_record.c.version_id == record_version.c.id)
    .where(release_record.c.release_id == bindparam("release_id"))
    .order_by(record_version.c.code)
)

# From a version to the releases that hold it: over the few releases, then with both keys. Straight from
# the version would read all of `release_record`, whose key begins with the release.
_VERSIONS_OF = (
    select(release.c.id, record_version.c.payload)
    .join(release, release.c.code_set == record_version.c.code_set)
    .join(
        release_record,
        (release_record.c.release_id == release.c.id) & (release_record.c.version_id == record_version.c.id),
    )
    .where(record_version.c.code_set == bindparam("code_set"), record_version.c.code == bindparam("code"))
    .order_by(release.c.label, release.c.revision)
)

_CODES = (
    select(record_version.c.code)
    .where(record_version.c.code_set == bindparam("code_set"))
    .distinct()
    .order_by(record_version.c.code)
)

_RECORD = (
    select(record_version.c.payload)
    .join(release, release.c.code_set == record_version.c.code_set)
    .join(
        release_record,
        (release_record.c.release_id == release.c.id) & (release_record.c.version_id == record_version.c.id),
    )
    .where(release.c.id == bindparam("release_id"), record_version.c.code == bindparam("code"))
)


class Store:
    """An open database of releases; a context manager that closes it.

    Lines go in and come out as the archive has them; nothing here knows what is in one.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    @classmethod
    def open(cls, place: str | Path, *, read_only: bool = False) -> Self:
        """Open the SQLite file (a path) or PostgreSQL URL (a text), made and brought up to date where necessary.

        Raises `UnusableError` where that is necessary and cannot be done.
        """
        connection = connect(place, read_only=read_only)
        try:
            migrate(connection, read_only=read_only)
        except BaseException:
            connection.close()
            raise
        return cls(connection)

    @classmethod
    def in_memory(cls) -> Self:
        """Make an empty store in memory. It lives as long as the process, so it needs no migrations."""
        connection = connect(IN_MEMORY)
        metadata.create_all(connection)
        return cls(connection)

    @classmethod
    def copy_of(cls, path: Path) -> Self:
        """Make a store in memory with the content of a SQLite index, which is only read."""
        with Store.open(path, read_only=True) as index:
            copy = cls.in_memory()
            try:
                index._driver().backup(copy._driver())  # noqa: SLF001
            except sqlite3.Error as error:
                copy.close()
                raise explain(error, str(path)) from error
        return copy

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    @property
    def name(self) -> str:
        """What to call the database in a message: its path, or its name and host, never its password."""
        return name_of(self._connection)

    def _driver(self) -> sqlite3.Connection:
        return cast("sqlite3.Connection", self._connection.connection.driver_connection)

    @contextmanager
    def importing(self) -> Iterator[Writer]:
        """Hold the write lock and hand out the writer; commit at the end, roll back on an error.

        What this store reads meanwhile includes what was written.
        """
        with locked(self._connection):
            yield Writer(self._connection)

    def releases(self, code_set: str) -> list[StoredRelease]:
        """Return all releases of a code set, by label and revision."""
        rows = self._connection.execute(_RELEASES, {"code_set": code_set})
        return [StoredRelease(*row) for row in rows]

    def changed(self, old_id: int, new_id: int) -> tuple[list[str], list[str]]:
        """Return the records that only the old release holds as they are, and those that only the new does.

        Each list is ordered by code. A code in both lists has changed.
        """
        return self._only_in_first(old_id, new_id), self._only_in_first(new_id, old_id)

    def _only_in_first(self, first: int, second: int) -> list[str]:
        return list(self._connection.scalars(_ONLY_IN_FIRST, {"first": first, "second": second}))

    def unknown_in_both(self, old_id: int, new_id: int) -> dict[str, int]:
        """Count, by field name, the records that both releases hold alike and that do not know the field."""
        counts: Counter[str] = Counter()
        for names, records in self._connection.execute(_UNKNOWN_IN_BOTH, {"old": old_id, "new": new_id}):
            counts.update(dict.fromkeys(names.split(), records))
        return dict(counts)

    def record(self, release_id: int, code: str) -> str | None:
        """Return the record of one code in one release."""
        return self._connection.scalar(_RECORD, {"release_id": release_id, "code": code})

    def records(self, release_id: int) -> Iterator[str]:
        """Yield all records of a release, by code."""
        yield from self._connection.scalars(_RECORDS, {"release_id": release_id})

    def versions_of(self, code_set: str, code: str) -> list[tuple[int, str]]:
        """Return the ids of all releases that hold a code, by label and revision, with its record in each."""
        rows = self._connection.execute(_VERSIONS_OF, {"code_set": code_set, "code": code})
        return [(release_id, payload) for release_id, payload in rows]

    def codes(self, code_set: str) -> list[str]:
        """Return all codes that any release holds or has held, by code."""
        return list(self._connection.scalars(_CODES, {"code_set": code_set}))

    def problems(self, release_id: int) -> list[str]:
        """Return the problem lines of a release in their order."""
        return self._lines(release_problem, release_id)

    def notes(self, release_id: int) -> list[str]:
        """Return the note lines of a release in their order."""
        return self._lines(release_note, release_id)

    def _lines(self, table: Table, release_id: int) -> list[str]:
        statement = select(table.c.payload).where(table.c.release_id == release_id).order_by(table.c.position)
        return list(self._connection.scalars(statement))
