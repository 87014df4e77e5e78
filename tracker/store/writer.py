"""Writing releases. There is a `Writer` only while the database's write lock is held."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, delete, func, insert, select, update

from tracker.model import Release, Sealed
from tracker.store.tables import record_version, release, release_note, release_problem, release_record

BATCH = 10_000


class Writer:
    """Writes releases in one transaction, which `Store.importing` commits or rolls back."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._known: dict[str, dict[tuple[str, bytes], int]] = {}

    def insert(self, sealed: Sealed, archive_stamp: str = "") -> int:
        """Store a snapshot and return its release id. Records that the database holds are not stored again.

        `archive_stamp` is any text by which the caller recognises the state of the archive file.
        """
        release_id = self._insert_release(sealed.release, sealed.header, archive_stamp)
        version_ids = self._insert_new_versions(sealed)
        # In the order of the primary key, so that the table is filled page after page.
        self._insert_rows(
            release_record, ({"release_id": release_id, "version_id": id_} for id_ in sorted(version_ids))
        )
        for table, lines in ((release_problem, sealed.problems), (release_note, sealed.notes)):
            self._insert_rows(
                table,
                (
                    {"release_id": release_id, "position": position, "payload": line}
                    for position, line in enumerate(lines)
                ),
            )
        return release_id

    def set_stamp(self, release_id: int, archive_stamp: str) -> None:
        """Note the state of the archive file that the release was found to agree with."""
        self._update(release_id, archive_stamp=archive_stamp)

    def withdraw(self, release_id: int, reason: str | None) -> None:
        """Withdraw a release, or with None take that back."""
        self._update(release_id, withdrawn=reason)

    def delete(self, release_id: int) -> None:
        """Remove a release. Its record versions stay: other releases hold most of them.

        Table by table and without cascades: SQLite heeds them only if told so, and then they would fire
        too when a migration makes the table `release` anew.
        """
        for table in (release_record, release_problem, release_note):
            self._connection.execute(delete(table).where(table.c.release_id == release_id))
        self._connection.execute(delete(release).where(release.c.id == release_id))

    def _update(self, release_id: int, **values: str | None) -> None:
        self._connection.execute(update(release).where(release.c.id == release_id).values(values))

    def _insert_release(self, header: Release, line: str, archive_stamp: str) -> int:
        release_id: int = self._connection.execute(
            insert(release)
            .values(
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

    def _insert_new_versions(self, sealed: Sealed) -> list[int]:
        """Insert the records that the database does not hold yet; return the version ids of all of them.

        Reading what is known and inserting only the rest is faster than letting the database sort out the
        doubles, and under the write lock it is safe.
        """
        code_set = sealed.release.code_set
        if code_set not in self._known:
            self._known[code_set] = self._read_versions(record_version.c.code_set == code_set)
        known = self._known[code_set]
        newest = self._connection.scalar(select(func.max(record_version.c.id))) or 0
        self._insert_rows(
            record_version,
            (
                {
                    "code_set": code_set,
                    "code": record.code,
                    "digest": record.digest,
                    "unknown": record.unknown or None,
                    "payload": record.line,
                }
                for record in sealed.records
                if (record.code, record.digest) not in known
            ),
        )
        # The database makes the ids. Reading them back costs a third of having them returned row by row.
        known.update(self._read_versions(record_version.c.id > newest))
        return [known[record.code, record.digest] for record in sealed.records]

    def _read_versions(self, condition: ColumnElement[bool]) -> dict[tuple[str, bytes], int]:
        columns = (record_version.c.code, record_version.c.digest, record_version.c.id)
        return {
            (code, digest): id_ for code, digest, id_ in self._connection.execute(select(*columns).where(condition))
        }

    def _insert_rows(self, table: Table, rows: Iterable[dict[str, Any]]) -> None:
        """Insert in batches, so that a large release is not doubled in memory."""
        rows = iter(rows)
        while batch := list(islice(rows, BATCH)):
            self._connection.execute(insert(table), batch)
