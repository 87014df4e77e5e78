"""The store: every release as it was imported, read by release, by code and by difference."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tracker.errors import StoreError
from tracker.model import SealedRecord
from tracker.store.database import IN_MEMORY, Database, SQLite, connect
from tracker.store.migrate import made_otherwise, migrate

if TYPE_CHECKING:
    from tracker.store.writer import Writer


@dataclass(frozen=True, slots=True)
class StoredRelease:
    """A release in the store: its id there, what tells it from others, and what may change about it.

    `header` is the first line of its snapshot file, to be parsed by whoever wants to know more. `current`: whether the
    views take it for what its bare label means.
    """

    id: int
    label: str
    revision: int
    header: str
    withdrawn: str | None
    archive_stamp: str
    digest: str
    current: bool = False


VIEWS = ("hcpcs_record", "hcpcs_validity", "hcpcs_change")
"""The views that the migrations make for analysts; a store in memory has none."""

# Plain SQL that both databases take. The joins name their tables in the order in which they are to be walked:
# `release_record` is by far the longest table and is only ever entered by its primary key, from a release or from a
# pair of ids.

_RELEASES = """
    SELECT id, label, revision, header, withdrawn, archive_stamp, digest, current
    FROM release WHERE code_set = :code_set ORDER BY label, revision
"""

# The inner order lets SQLite take the difference by walking both key ranges side by side, three times as fast
# as asking for each version whether the other release holds it.
_ONLY_IN_FIRST = """
    SELECT payload, record_version.digest FROM record_version
    WHERE id IN (
        SELECT version_id FROM release_record WHERE release_id = :first
        EXCEPT SELECT version_id FROM release_record WHERE release_id = :second
        ORDER BY version_id
    )
    ORDER BY code
"""

_UNKNOWN_IN_BOTH = """
    SELECT unknown, count(*) FROM record_version
    WHERE unknown IS NOT NULL
    AND EXISTS (SELECT 1 FROM release_record WHERE release_id = :old AND version_id = record_version.id)
    AND EXISTS (SELECT 1 FROM release_record WHERE release_id = :new AND version_id = record_version.id)
    GROUP BY unknown
"""

_RECORDS = """
    SELECT payload, record_version.digest FROM record_version JOIN release_record ON version_id = id
    WHERE release_id = :release_id ORDER BY code
"""

_SEALED = """
    SELECT code, record_version.digest, payload, coalesce(unknown, '') FROM record_version
    JOIN release ON release.code_set = record_version.code_set
    JOIN release_record ON release_id = release.id AND version_id = record_version.id
    WHERE release.id = :release_id ORDER BY code
"""

_COLUMNS = """
    SELECT code_set, CAST(effective_date AS text), complete, codes, source_sha256 FROM release WHERE id = :release_id
"""

# From a version to the releases that hold it: over the few releases, then with both keys. Straight from
# the version would read all of `release_record`, whose key begins with the release.
_VERSIONS_OF = """
    SELECT payload, record_version.digest, release.id FROM record_version
    JOIN release ON release.code_set = record_version.code_set
    JOIN release_record ON release_id = release.id AND version_id = record_version.id
    WHERE record_version.code_set = :code_set AND code = :code
    ORDER BY label, revision
"""

_RECORD = """
    SELECT payload, record_version.digest FROM record_version
    JOIN release ON release.code_set = record_version.code_set
    JOIN release_record ON release_id = release.id AND version_id = record_version.id
    WHERE release.id = :release_id AND code = :code
"""

# What a record says is JSON, for which the two have names of their own.
_VALUES_ON_SQLITE = """
    SELECT code, json_extract(payload, '$.record.' || :first), json_extract(payload, '$.record.' || :second)
    FROM record_version JOIN release_record ON version_id = id WHERE release_id = :release_id
"""

_VALUES_ON_POSTGRESQL = """
    SELECT code, record ->> :first, record ->> :second
    FROM (
        SELECT code, CAST(payload AS json) -> 'record' AS record
        FROM record_version JOIN release_record ON version_id = id WHERE release_id = :release_id
    ) AS records
"""

_CODES = "SELECT DISTINCT code FROM record_version WHERE code_set = :code_set ORDER BY code"
_PROBLEMS = "SELECT payload FROM release_problem WHERE release_id = :release_id ORDER BY position"
_NOTES = "SELECT payload FROM release_note WHERE release_id = :release_id ORDER BY position"


class Store:
    """An open database of releases; a context manager that closes it.

    Lines go in and come out as the archive has them; `values` alone looks into one.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @classmethod
    def open(cls, place: str | Path, *, read_only: bool = False) -> Self:
        """Open the SQLite file (a path) or PostgreSQL URL (a text), made and brought up to date where necessary.

        Raises `UnusableError` where that is necessary and cannot be done.
        """
        database = connect(place, read_only=read_only)
        try:
            migrate(database, read_only=read_only)
        except BaseException:
            database.close()
            raise
        return cls(database)

    @classmethod
    def in_memory(cls) -> Self:
        """Make an empty store in memory. It lives as long as the process, so it needs no migrations."""
        from tracker.store.tables import metadata

        database = SQLite(IN_MEMORY)
        metadata.create_all(database.core)
        return cls(database)

    @classmethod
    def copy_of(cls, path: Path) -> Self:
        """Make a store in memory with the content of a SQLite index, which is only read."""
        index, copy = SQLite(path, read_only=True), SQLite(IN_MEMORY)
        try:
            migrate(index, read_only=True)
            index.copy_to(copy)
        except BaseException:
            copy.close()
            raise
        finally:
            index.close()
        return cls(copy)

    def copy_to(self, path: Path) -> None:
        """Put all that is in this store into a SQLite file, in one transaction, in place of all that is there.

        Raises:
            DamagedError: the file is no database.
            StoreError: it cannot be written, or is in use.
        """
        assert isinstance(self._database, SQLite)  # noqa: S101 - a store on a server is no index
        other = SQLite(path)
        try:
            self._database.copy_to(other)
        finally:
            other.close()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the store."""
        self.close()

    def close(self) -> None:
        """Close the database."""
        self._database.close()

    @property
    def name(self) -> str:
        """What to call the database in a message: its path, or its name and host, never its password."""
        return self._database.name

    @contextmanager
    def importing(self) -> Iterator[Writer]:
        """Hold the write lock and hand out the writer; commit at the end, roll back on an error.

        What this store reads meanwhile includes what was written.
        """
        from tracker.store.writer import Writer

        with self._database.locked() as connection:
            writer = Writer(connection)
            yield writer
            writer.finish()

    def releases(self, code_set: str) -> list[StoredRelease]:
        """Return all releases of a code set, by label and revision.

        Raises:
            StoreError: the database cannot answer, or is damaged; so do all that follow.
        """
        found = [StoredRelease(*row) for row in self._database.rows(_RELEASES, code_set=code_set)]
        for one in found:
            for value in (one.label, one.header, one.withdrawn or "", one.archive_stamp, one.digest):
                self._text(value)
        return found

    def changed(self, old_id: int, new_id: int) -> tuple[list[str], list[str]]:
        """Return the records that only the old release holds as they are, and those that only the new does.

        Each list is ordered by code. A code in both lists has changed.
        """
        return self._only_in_first(old_id, new_id), self._only_in_first(new_id, old_id)

    def _only_in_first(self, first: int, second: int) -> list[str]:
        return list(self._records(_ONLY_IN_FIRST, first=first, second=second))

    def unknown_in_both(self, old_id: int, new_id: int) -> dict[str, int]:
        """Count, by field name, the records that both releases hold alike and that do not know the field."""
        counts: Counter[str] = Counter()
        for names, records in self._database.rows(_UNKNOWN_IN_BOTH, old=old_id, new=new_id):
            counts.update(dict.fromkeys(names.split(), records))
        return dict(counts)

    def record(self, release_id: int, code: str) -> str | None:
        """Return the record of one code in one release."""
        return next(self._records(_RECORD, release_id=release_id, code=code), None)

    def records(self, release_id: int) -> Iterator[str]:
        """Yield all records of a release, by code."""
        return self._records(_RECORDS, release_id=release_id)

    def sealed(self, release_id: int) -> Iterator[SealedRecord]:
        """Yield all records of a release, by code, with what the columns beside them say of them."""
        for code, digest, payload, unknown in self._database.rows(_SEALED, release_id=release_id):
            yield SealedRecord(code, bytes(digest), payload, unknown)

    def columns(self, release_id: int) -> tuple[str, str, bool, int, str]:
        """Return what the columns beside a release's header say: code set, day, whether whole, codes, source's hash."""
        ((code_set, day, complete, codes, source),) = self._database.rows(_COLUMNS, release_id=release_id)
        return code_set, day, bool(complete), codes, source

    def faults(self) -> Iterator[str]:
        """Yield what the database finds wrong with its own pages, keys and views.

        Raises:
            StoreError: it cannot even look.
        """
        found = list(self._database.faults())
        if found:
            more = f", and {len(found) - 1} more" if len(found) > 1 else ""
            yield str(self._database.damaged(f"{found[0]}{more}"))
        if not self._database.has_table("alembic_version"):  # a store in memory, which has no views
            return
        for view in VIEWS:
            try:
                list(self._database.rows(f"SELECT * FROM {view} LIMIT 0"))  # noqa: S608 - one of our own names
            except StoreError:
                yield str(self._database.damaged(f"the view {view} is missing, or gives no answer"))
        if others := self.made_otherwise():
            yield str(self._database.damaged(f"not as tracker makes them: {', '.join(others)}"))

    def made_otherwise(self) -> list[str]:
        """Return the names of what stands in an index and is not as tracker makes it, or is somebody else's."""
        return made_otherwise(self._database) if isinstance(self._database, SQLite) else []

    def versions_of(self, code_set: str, code: str) -> list[tuple[int, str]]:
        """Return the ids of all releases that hold a code, by label and revision, with its record in each."""
        rows = self._database.rows(_VERSIONS_OF, code_set=code_set, code=code)
        return [(release_id, self._proven(payload, digest)) for payload, digest, release_id in rows]

    def codes(self, code_set: str) -> list[str]:
        """Return all codes that any release holds or has held, by code."""
        return list(self._texts(_CODES, code_set=code_set))

    def problems(self, release_id: int) -> list[str]:
        """Return the problem lines of a release in their order."""
        return list(self._texts(_PROBLEMS, release_id=release_id))

    def notes(self, release_id: int) -> list[str]:
        """Return the note lines of a release in their order."""
        return list(self._texts(_NOTES, release_id=release_id))

    def _texts(self, statement: str, **values: object) -> Iterator[str]:
        return (self._text(text) for (text,) in self._database.rows(statement, **values))

    def _records(self, statement: str, **values: object) -> Iterator[str]:
        return (self._proven(payload, digest) for payload, digest in self._database.rows(statement, **values))

    def _proven(self, payload: object, digest: bytes) -> str:
        """Return a record that is what its digest says: a damaged page shall not become an answer."""
        text = self._text(payload)
        if sha256(text.encode()).digest() != digest:
            raise self._database.damaged("a record is not what its digest says")
        return text

    def _text(self, value: object) -> str:
        """Return what is a text; SQLite keeps anything in any column."""
        if not isinstance(value, str):
            raise self._database.damaged("it holds something else where a text belongs")
        return value

    def values(self, release_id: int, first: str, second: str) -> Iterator[tuple[str, str | None, str | None]]:
        """Yield the code of each record of a release, in no order, and what stands in two of its fields."""
        statement = _VALUES_ON_SQLITE if isinstance(self._database, SQLite) else _VALUES_ON_POSTGRESQL
        return self._database.rows(statement, release_id=release_id, first=first, second=second)
