"""Opening a database, reading it, holding its write lock, and saying in one sentence what is wrong with it.

Both databases read the same statements. A SQLite file is read by Python's own driver, because importing SQLAlchemy
takes longer than most commands (docs/decisions/0006); SQLAlchemy writes and migrates, and speaks to PostgreSQL.
"""

from __future__ import annotations

import re
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from itertools import chain
from pathlib import Path
from time import monotonic
from typing import TYPE_CHECKING, Any

from tracker.errors import StoreError

if TYPE_CHECKING:
    from sqlalchemy import URL, Connection, Engine
    from sqlalchemy.engine import ExceptionContext

IN_MEMORY = Path(":memory:")
WAIT_SECONDS = 30
ADVISORY_LOCK = 0x747261636B6572  # "tracker": every program that writes must ask for the same number
POSTGRESQL_FORM = "postgresql://user:password@host/database"
_CONTACT = re.compile(r"connection to server|failed to resolve host|connection timeout expired")
UNUSABLE = {
    sqlite3.SQLITE_READONLY,
    sqlite3.SQLITE_CANTOPEN,
    sqlite3.SQLITE_PERM,
    sqlite3.SQLITE_FULL,
}
FORBIDDEN = {"42501", "25006", "3F000"}


class UnusableError(StoreError):
    """The database may not be written here, and must be before it can be used.

    For an index that is no loss: the caller can build one in memory instead.
    """


class DamagedError(StoreError):
    """The database holds something else than it should, or is none."""


class Database(ABC):
    """An open database: `rows` reads it, `locked` lets somebody write.

    The drivers commit each statement by itself, so that reading never leaves a transaction open; `locked` begins
    the only transactions there are.
    """

    name: str
    """What to call it in a message: a path, or a name and host; never a password."""

    @cached_property
    @abstractmethod
    def core(self) -> Connection:
        """The same connection for SQLAlchemy Core, to write and to migrate."""

    @abstractmethod
    def rows(self, statement: str, **values: object) -> Iterator[Any]:
        """Yield the rows, tuples, that a statement finds; `:name` in it stands for a value.

        Raises:
            StoreError: the database cannot answer.
        """

    @abstractmethod
    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""

    @abstractmethod
    def damaged(self, words: str) -> DamagedError:
        """Say what is wrong with what it holds, and what to do."""

    @abstractmethod
    def faults(self) -> Iterator[str]:
        """Yield what the database finds wrong with its own pages and keys."""

    @abstractmethod
    def close(self) -> None:
        """Close the connection."""

    @contextmanager
    def locked(self) -> Iterator[Connection]:
        """Hold the one write lock, in a transaction: committed at the end, rolled back on an error."""
        try:
            for statement in self._lock():
                self.core.exec_driver_sql(statement)
            yield self.core
            self.core.commit()
        except BaseException:
            self.core.rollback()
            raise

    @abstractmethod
    def _lock(self) -> Iterable[str]:
        """Return the statements that begin a transaction and wait for the lock."""


class SQLite(Database):
    """A SQLite file, made if it is missing (unless `read_only`), or a database in memory."""

    def __init__(self, place: Path, *, read_only: bool = False) -> None:
        address = str(place)
        self.name = "the database in memory" if place == IN_MEMORY else address
        if place != IN_MEMORY:
            for file in (place, place.with_name(f"{place.name}-journal")):  # SQLite would wait for a pipe for ever
                if file.exists() and not (file.is_file() or file.is_dir()):
                    message = f"{file} is no file, but a device or a pipe: move it away, and it will be made anew"
                    raise StoreError(message)
            if not read_only and not place.exists():
                with suppress(OSError):
                    place.touch()  # SQLite by itself lets nobody but the owner write, whatever the umask
            # as_uri() quotes what a path may hold and a URI may not, such as a question mark.
            address = place.absolute().as_uri() + ("?mode=ro" if read_only else "?mode=rwc")
        try:
            self.driver = sqlite3.connect(address, uri=True, timeout=WAIT_SECONDS, isolation_level=None)
        except sqlite3.Error as error:
            raise explain(error, self.name) from error
        if place == IN_MEMORY:
            self.driver.execute("PRAGMA temp_store = memory")  # else a large question needs room on a disk

    @cached_property
    def core(self) -> Connection:
        """The same connection for SQLAlchemy Core."""
        from sqlalchemy import StaticPool, create_engine

        engine = create_engine(
            "sqlite://", creator=lambda: self.driver, isolation_level="AUTOCOMMIT", poolclass=StaticPool
        )
        return _explaining(engine, self.name).connect()

    def rows(self, statement: str, **values: object) -> Iterator[Any]:
        """Yield the rows that a statement finds."""
        try:
            # A chain is not closed with this generator, as a cursor is, which minds a database that is closed already.
            yield from chain(self.driver.execute(statement, values))
        except sqlite3.Error as error:
            raise explain(error, self.name) from error
        except UnicodeDecodeError as error:  # a name in the file's schema
            raise damaged(self.name, str(error)) from error

    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name."""
        return any(self.rows("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = :name", name=name))

    def damaged(self, words: str) -> DamagedError:
        """Say what is wrong with what it holds, and what to do."""
        return damaged(self.name, words)

    def faults(self) -> Iterator[str]:
        """Yield what SQLite finds wrong with its own pages and keys."""
        for (told,) in self.rows("PRAGMA integrity_check(9)"):
            if told != "ok":
                yield " ".join(str(told).split())
        for table, _, parent, _ in self.rows("PRAGMA foreign_key_check"):
            yield f"a row of {table} belongs to none of {parent}"

    def schema(self) -> dict[str, str]:
        """Return the statements that made its tables, indexes, views and triggers, by their names."""
        statement = "SELECT name, coalesce(sql, '') FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'"
        return dict(self.rows(statement))

    def copy_to(self, other: SQLite) -> None:
        """Put all that is in it into another one, in one transaction, in place of all that is there.

        Raises:
            StoreError: it cannot be read, or the other one cannot be written.
        """
        until = monotonic() + WAIT_SECONDS

        def give_up(status: int, _remaining: int, _total: int) -> None:
            if status == sqlite3.SQLITE_BUSY and monotonic() > until:
                raise StoreError(_in_use(other.name))

        try:
            self.driver.backup(other.driver, progress=give_up)
        except sqlite3.Error as error:
            raise explain(error, other.name) from error

    def close(self) -> None:
        """Close the connection."""
        self.driver.close()

    def _lock(self) -> Iterable[str]:
        return ("BEGIN IMMEDIATE",)


class PostgreSQL(Database):
    """A database on a server."""

    def __init__(self, place: str) -> None:
        self._engine = _engine(place)
        self.name = str(self._engine.get_execution_options()["name"])
        failure = None
        try:
            self.core  # noqa: B018 - a server that does not answer shall be noticed here
        except StoreError as error:
            failure = error
        if failure is not None:  # without its cause: where a URL is wrong, the driver's words repeat a piece of it
            raise type(failure)(str(failure))

    @cached_property
    def core(self) -> Connection:
        """The connection."""
        return self._engine.connect()

    def rows(self, statement: str, **values: object) -> Iterator[Any]:
        """Yield the rows that a statement finds."""
        from sqlalchemy import text

        yield from self.core.execute(text(statement), values)

    def has_table(self, name: str) -> bool:
        """Whether there is a table of that name, in the schema that the URL or the login leads to."""
        return any(found for (found,) in self.rows("SELECT to_regclass(:name) IS NOT NULL", name=name))

    def damaged(self, words: str) -> DamagedError:
        """Say what is wrong with what it holds, and what to do."""
        return DamagedError(f"{self.name} is damaged ({words}): tell whoever looks after it; tracker verify says where")

    def faults(self) -> Iterator[str]:
        """Yield nothing: the server looks after its pages, and never breaks a key."""
        yield from ()

    def close(self) -> None:
        """Close the connection."""
        self.core.close()

    def _lock(self) -> Iterable[str]:
        return (
            "BEGIN",
            f"SET LOCAL lock_timeout = '{WAIT_SECONDS}s'",
            f"SELECT pg_advisory_xact_lock({ADVISORY_LOCK})",
        )


def connect(place: str | Path, *, read_only: bool = False) -> Database:
    """Connect to a SQLite file (a path; made if missing, unless `read_only`) or a PostgreSQL URL (a text).

    What is no URL is refused, and not taken for a file: half of a URL may be a password.

    Raises:
        StoreError: it cannot be opened or reached.
    """
    return SQLite(place, read_only=read_only) if isinstance(place, Path) else PostgreSQL(place)


def explain(error: BaseException, place: str) -> StoreError:
    """Say in one sentence what a driver's error means for the database at `place`."""
    # PostgreSQL's first line; the statement that follows is of no use to who reads it.
    words = " ".join((getattr(getattr(error, "diag", None), "message_primary", None) or str(error)).split())
    match code := _code(error):
        case sqlite3.SQLITE_NOTADB | sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_ERROR:
            # ERROR: a table is missing, or a text is none; our statements have no mistake.
            return damaged(place, words)
        case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN | sqlite3.SQLITE_PERM:
            sentence = f"{place} cannot be opened or written ({words}): see that it exists and may be written"
        case sqlite3.SQLITE_BUSY | "55P03":
            sentence = _in_use(place)
        case sqlite3.SQLITE_FULL | "53100":
            sentence = f"{place} was left as it was, because its disk is full: make room and try again"
        case sqlite3.SQLITE_IOERR:
            sentence = f"{place} could not be read or written ({words}): see to the space and health of its disk"
        case str() if code in FORBIDDEN:
            sentence = f"{place} forbids this login to do that ({words}): ask whoever looks after it for the right"
        case None if type(error).__name__ == "DataError":  # the driver's own: it asked no server
            sentence = f"{place} takes no such text ({words})"
        case None:
            # Other words are about the URL, and repeat what stands in it: a piece of the password maybe.
            told = f" ({words})" if _CONTACT.search(words) and "parameter" not in words else ""
            sentence = f"{place} cannot be reached{told}: see that the server runs and the URL is right"
        case _:
            sentence = f"{place} refused ({words})"
    return UnusableError(sentence) if code in UNUSABLE | FORBIDDEN else StoreError(sentence)


def _in_use(place: str) -> str:
    return f"{place} was in use by another program for {WAIT_SECONDS} seconds: try again later"


def damaged(place: str, words: str) -> DamagedError:
    """Say what to do about an index that does not hold what it should."""
    return DamagedError(
        f"{place} is damaged or not a database ({words}): it is only an index, and tracker rebuild makes it anew "
        "from the archive"
    )


def _code(error: BaseException) -> int | str | None:
    """Return SQLite's primary result code or PostgreSQL's SQLSTATE; None if no server answered."""
    if isinstance(error, sqlite3.Error):
        return getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
    return getattr(error, "sqlstate", None)


def _engine(place: str) -> Engine:
    """Return SQLAlchemy's engine for a PostgreSQL URL."""
    from sqlalchemy import NullPool, create_engine, make_url
    from sqlalchemy.exc import ArgumentError

    url: URL | None
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        url = None
    # An "@" in the host is one that should have been %40 in the password, as are "@" and "/" in the database's name;
    # "&" and "=" in that belong behind a "?". A "/" or "?" before the last "@" says that this is one of a password
    # among the options, whose rest would be taken for a host, asked for in the whole network, and told.
    before = place.rpartition("@")[0].partition("://")[2]
    if url is None or "@" in (url.host or "") or set("&=;@/") & set(url.database or "") or set("/?") & set(before):
        raise _not_understood()
    if url.get_backend_name() not in ("postgresql", "postgres"):
        raise StoreError(f"a database URL begins with postgresql://, not with {url.drivername}:// (SQLite is a path)")
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"), isolation_level="AUTOCOMMIT", poolclass=NullPool
        )
    except ModuleNotFoundError as error:
        raise StoreError(f"PostgreSQL needs the package {error.name}, which tracker[postgres] brings") from error
    except (ArgumentError, ValueError):  # a port that is no number
        engine = None
    if engine is None or not _are_options(url.query):
        raise _not_understood()
    return _explaining(engine, f"the database {url.database} on {url.host or 'this machine'}")


def _are_options(query: Iterable[str]) -> bool:
    """Whether all that stands behind the "?" of a URL are options of PostgreSQL."""
    from psycopg.pq import Conninfo

    return set(query) <= {option.keyword.decode() for option in Conninfo.get_defaults()}


def _not_understood() -> StoreError:
    """Return an error without a word of the URL: where it is wrong, a piece of the password may stand."""
    return StoreError(
        f"the database URL is not understood: it should look like {POSTGRESQL_FORM}, with %XX for what is special "
        "in a URL"
    )


def _explaining(engine: Engine, name: str) -> Engine:
    """Let every error of the engine's driver, whatever it was doing, come out as a StoreError."""
    from sqlalchemy import event

    def handle_error(context: ExceptionContext) -> StoreError | None:
        if context.sqlalchemy_exception is None:  # not the driver's, such as Ctrl-C
            return None
        return explain(context.original_exception, name)

    event.listen(engine, "handle_error", handle_error, retval=True)
    engine.update_execution_options(name=name)
    return engine
