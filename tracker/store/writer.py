"""Writing releases. There is a `Writer` only while the database's write lock is held."""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, TypeVar, cast

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from tracker.model import Release, Sealed, SealedRecord
from tracker.store.database import explain
from tracker.store.tables import record_version, release, release_note, release_problem, release_record

if TYPE_CHECKING:
    import psycopg

BATCH = 10_000

_VERSION = "code_set, code, digest, unknown, payload"
_PAIR = "release_id, version_id"
_LINE = "release_id, position, payload"

T = TypeVar("T")


class Writer:
    """Writes releases in one transaction, which `Store.importing` commits or rolls back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._inserted = False

    def insert(self, sealed: Sealed, archive_stamp: str = "", release_id: int | None = None) -> int:
        """Store a snapshot and return its release id. Records that the database holds are not stored again.

        `archive_stamp` is any text by which the caller recognises the state of the archive file. `release_id` is to be
        given where it must be what it was: readers that have the database open know releases by their ids.
        """
        self._inserted = True
        release_id = self._insert_release(sealed.release, sealed.header, archive_stamp, release_id)
        version_ids = array("q")
        for batch in _batches(sealed.records):
            version_ids.extend(self._insert_new_versions(sealed.release.code_set, batch))
        # In the order of the primary key, so that the table is filled page after page.
        self._insert_rows(release_record, _PAIR, ((release_id, id_) for id_ in sorted(version_ids)))
        for table, lines in ((release_problem, sealed.problems), (release_note, sealed.notes)):
            self._insert_rows(table, _LINE, ((release_id, position, line) for position, line in enumerate(lines)))
        return release_id

    def set_stamp(self, release_id: int, archive_stamp: str) -> None:
        """Note the state of the archive file that the release was found to agree with."""
        self._update(release_id, archive_stamp=archive_stamp)

    def withdraw(self, release_id: int, reason: str | None) -> None:
        """Withdraw a release, or with None take that back."""
        self._update(release_id, withdrawn=reason)

    def set_current(self, code_set: str, release_ids: Collection[int]) -> None:
        """Note which releases of a code set their bare labels mean; all others are not current."""
        is_current = release.c.id.in_(release_ids)
        self._connection.execute(
            update(release)
            .where(release.c.code_set == code_set, release.c.current != is_current)
            .values(current=is_current)
        )

    def delete(self, release_id: int) -> None:
        """Remove a release. Its record versions stay: other releases hold most of them.

        Table by table and without cascades: SQLite heeds them only if told so, and then they would fire
        too when a migration makes the table `release` anew.
        """
        for table in (release_record, release_problem, release_note):
            self._connection.execute(delete(table).where(table.c.release_id == release_id))
        self._connection.execute(delete(release).where(release.c.id == release_id))

    def finish(self) -> None:
        """Let the database count what was inserted: without, it plans joins of the views hundreds of times too slow.

        PostgreSQL would count by itself, a minute later; SQLite never does. A thousand rows of an index tell enough.
        """
        if self._inserted:
            if self._connection.dialect.name == "sqlite":
                self._connection.exec_driver_sql("PRAGMA analysis_limit = 1000")
            for table in (release, record_version, release_record):
                self._connection.exec_driver_sql(f"ANALYZE {table.name}")

    def _update(self, release_id: int, **values: str | None) -> None:
        self._connection.execute(update(release).where(release.c.id == release_id).values(values))

    def _insert_release(self, header: Release, line: str, archive_stamp: str, wanted: int | None) -> int:
        release_id: int = self._connection.execute(
            insert(release)
            .values(
                **({} if wanted is None else {"id": wanted}),
                code_set=header.code_set,
                label=header.label,
                revision=header.revision,
                effective_date=header.effective_date,
                complete=header.complete,
                codes=header.codes,
                digest=header.digest,
                source_sha256=header.source.sha256,
                header=line,
                withdrawn=header.withdrawn,
                archive_stamp=archive_stamp,
            )
            .returning(release.c.id)
        ).scalar_one()
        return release_id

    def _insert_new_versions(self, code_set: str, records: Sequence[SealedRecord]) -> Iterator[int]:
        """Insert those of some records, given by code, that the database does not hold; return all version ids.

        Reading what is known and inserting only the rest is faster than letting the database sort out the
        doubles, and under the write lock it is safe.
        """
        known = self._read_versions(
            record_version.c.code_set == code_set,
            record_version.c.code >= records[0].code,
            record_version.c.code <= records[-1].code,
        )
        new = [record for record in records if (record.code, record.digest) not in known]
        if new:
            newest = self._connection.scalar(select(func.max(record_version.c.id))) or 0
            self._insert_rows(
                record_version,
                _VERSION,
                ((code_set, record.code, record.digest, record.unknown or None, record.line) for record in new),
            )
            # The database makes the ids. Reading them back costs a third of having them returned row by row.
            known.update(self._read_versions(record_version.c.id > newest))
        return (known[record.code, record.digest] for record in records)

    def _read_versions(self, *conditions: ColumnElement[bool]) -> dict[tuple[str, bytes], int]:
        columns = (record_version.c.code, record_version.c.digest, record_version.c.id)
        return {
            (code, digest): id_ for code, digest, id_ in self._connection.execute(select(*columns).where(*conditions))
        }

    def _insert_rows(self, table: Table, columns: str, rows: Iterable[tuple[object, ...]]) -> None:
        """Insert rows in the way that is fastest: past SQLAlchemy, which takes twice as long as the drivers do."""
        if self._connection.dialect.name == "sqlite":
            marks = ", ".join("?" for _ in columns.split())
            for batch in _batches(rows):
                self._connection.exec_driver_sql(f"INSERT INTO {table.name} ({columns}) VALUES ({marks})", batch)  # noqa: S608
        else:
            self._copy(f"COPY {table.name} ({columns}) FROM STDIN", rows)

    def _copy(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        from psycopg import Error

        driver = cast("psycopg.Connection", self._connection.connection.driver_connection)
        try:
            with driver.cursor() as cursor, cursor.copy(statement.encode()) as copy:
                for row in rows:
                    copy.write_row(row)
        except Error as error:
            raise explain(error, str(self._connection.engine.get_execution_options()["name"])) from error


def _batches(items: Iterable[T]) -> Iterator[list[T]]:
    items = iter(items)
    while batch := list(islice(items, BATCH)):
        yield batch
