"""Locks, broken files, full disks and unreachable servers: one clear sentence, and nothing half-written."""

from __future__ import annotations

import resource
import sqlite3
import sys
import traceback
from collections.abc import Callable
from pathlib import Path
from threading import Event, Thread

import pytest
from sqlalchemy import make_url

from tracker.errors import StoreError
from tracker.model import Sealed
from tracker.store import database
from tracker.store.database import UnusableError, connect
from tracker.store.store import Store

MakeSealed = Callable[..., Sealed]


def is_empty(store: Store) -> bool:
    names = ("release", "record_version", "release_record")
    counts = (store._database.core.exec_driver_sql(f"SELECT count(*) FROM {name}").scalar() for name in names)  # noqa: S608
    return not any(counts)


def test_a_second_importer_waits(store: Store, place: Path | str, make_sealed: MakeSealed) -> None:
    entered = Event()
    seen: list[str] = []

    def second() -> None:
        with Store.open(place) as other, other.importing():
            entered.set()
            seen.extend(release.label for release in other.releases("hcpcs"))

    thread = Thread(target=second)
    with store.importing() as importing:
        thread.start()
        importing.insert(make_sealed("2026", {"A1": "x"}))
        assert not entered.wait(0.3)
    thread.join(20)
    assert seen == ["2026"]


def test_a_second_importer_does_not_wait_for_ever(
    store: Store, place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "WAIT_SECONDS", 0.1)
    with Store.open(place) as other:
        with (
            store.importing(),
            pytest.raises(StoreError, match="in use by another program"),
            other.importing(),
        ):
            pass
        with other.importing():  # the refusal left nothing behind
            pass


@pytest.mark.parametrize("read_only", [False, True])
@pytest.mark.parametrize("content", [b"not a database, but long enough to be taken for one" * 20, b"SQLite"])
def test_a_file_that_is_no_database(tmp_path: Path, content: bytes, read_only: bool) -> None:
    path = tmp_path / "tracker.db"
    path.write_bytes(content)
    with pytest.raises(StoreError, match="only an index, and tracker rebuild makes it anew") as caught:
        Store.open(path, read_only=read_only)
    assert str(path) in str(caught.value)
    assert path.read_bytes() == content


@pytest.mark.parametrize("damage", ["DROP TABLE release", "UPDATE release SET header = CAST(x'ff' AS TEXT)"])
def test_an_index_without_a_table_or_with_bytes_for_text(tmp_path: Path, make_sealed: MakeSealed, damage: str) -> None:
    with Store.open(tmp_path / "tracker.db") as store:
        with store.importing() as importing:
            importing.insert(make_sealed("2026", {"A1": "x"}))
        store._database.core.exec_driver_sql("PRAGMA foreign_keys = off")
        store._database.core.exec_driver_sql(damage)
        with pytest.raises(StoreError, match="only an index, and tracker rebuild makes it anew"):
            store.releases("hcpcs")


def test_a_schema_that_is_no_text_is_noticed(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    Store.open(path).close()
    path.write_bytes(path.read_bytes().replace(b"CREATE TABLE release_note", b"CREATE TABLE release_\xec\xec\xec\xec"))
    with pytest.raises(StoreError, match="tracker rebuild makes it anew"), Store.open(path) as store:
        store.notes(1)


def test_a_damaged_page_is_noticed_when_it_is_read(tmp_path: Path, make_sealed: MakeSealed) -> None:
    path = tmp_path / "tracker.db"
    with Store.open(path) as store, store.importing() as importing:
        release_id = importing.insert(make_sealed("2026", {f"A{n}": "x" * 500 for n in range(100)}))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2] + b"\xff" * (len(content) - len(content) // 2))
    with Store.open(path, read_only=True) as store, pytest.raises(StoreError, match="tracker rebuild makes it anew"):
        list(store.records(release_id))


@pytest.mark.parametrize("read_only", [False, True])
def test_a_place_that_cannot_be_opened(tmp_path: Path, read_only: bool) -> None:
    with pytest.raises(UnusableError, match="cannot be opened"):
        Store.open(tmp_path / "missing" / "tracker.db", read_only=read_only)


def test_reading_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(UnusableError):
        Store.open(tmp_path / "tracker.db", read_only=True)
    assert list(tmp_path.iterdir()) == []


def test_a_store_open_for_reading_reads_and_does_not_write(tmp_path: Path, make_sealed: MakeSealed) -> None:
    path = tmp_path / "what? 100%20#1.db"
    with Store.open(path) as store, store.importing() as importing:
        importing.insert(make_sealed("2026", {"A1": "x"}))
    assert list(tmp_path.iterdir()) == [path]

    with Store.open(path, read_only=True) as store:
        assert [release.label for release in store.releases("hcpcs")] == ["2026"]
        with (
            pytest.raises(UnusableError, match="cannot be opened or written"),
            store.importing() as importing,
        ):
            importing.set_stamp(1, "10 20")


def test_a_full_disk_leaves_nothing(tmp_path: Path, make_sealed: MakeSealed) -> None:
    sealed = make_sealed("2026", {f"A{number}": "x" * 1000 for number in range(1000)})
    with Store.open(tmp_path / "tracker.db") as store:
        store._database.core.exec_driver_sql("PRAGMA max_page_count = 100")
        with pytest.raises(StoreError, match="disk is full"), store.importing() as importing:
            importing.insert(sealed)
        assert is_empty(store)
        store._database.core.exec_driver_sql("PRAGMA max_page_count = 10000")
        with store.importing() as importing:
            importing.insert(sealed)
        assert not is_empty(store)


def test_a_failing_disk_leaves_nothing(tmp_path: Path, make_sealed: MakeSealed) -> None:
    path = tmp_path / "tracker.db"
    sealed = make_sealed("2026", {f"A{number}": "x" * 1000 for number in range(1000)})
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    with Store.open(path) as store:
        resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size + 100_000, limits[1]))
        try:
            with pytest.raises(StoreError, match="space and health"), store.importing() as importing:
                importing.insert(sealed)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        assert is_empty(store)


def test_a_login_that_may_only_read(postgresql: str, make_sealed: MakeSealed) -> None:
    with Store.open(postgresql) as store:
        store._database.core.exec_driver_sql("SET default_transaction_read_only = on")
        sealed = make_sealed("2026", {})
        with (
            pytest.raises(StoreError, match="forbids this login to do that"),
            store.importing() as importing,
        ):
            importing.insert(sealed)


def test_a_login_that_may_not_bring_the_tables_up_to_date(postgresql: str) -> None:
    options = make_url(postgresql).query["options"]
    url = make_url(postgresql).update_query_dict({"options": f"{options} -cdefault_transaction_read_only=on"})
    with pytest.raises(UnusableError, match="tables are not those of this tracker") as caught:
        Store.open(url.render_as_string(hide_password=False))
    assert "version_num" not in str(caught.value), "the statement is of no use to the reader"


def test_a_login_that_sees_no_schema(postgresql: str) -> None:
    Store.open(postgresql).close()
    url = make_url(postgresql).update_query_dict({"options": "-csearch_path=nothing_here"})
    with pytest.raises(UnusableError, match="tables are not those of this tracker"):
        Store.open(url.render_as_string(hide_password=False))


def test_a_server_that_goes_away_leaves_nothing(postgresql: str, make_sealed: MakeSealed) -> None:
    def insert_and_lose_the_server(store: Store) -> None:
        with store.importing() as importing:
            importing.insert(make_sealed("2026", {"A1": "x"}))
            process = store._database.core.exec_driver_sql("SELECT pg_backend_pid()").scalar()
            other.core.exec_driver_sql(f"SELECT pg_terminate_backend({process})")

    other = connect(postgresql)
    with Store.open(postgresql) as store, pytest.raises(StoreError):
        insert_and_lose_the_server(store)
    other.close()
    with Store.open(postgresql) as store:
        assert is_empty(store)


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("postgresql://me:s3cret@127.0.0.1:1/codes", "the database codes on 127.0.0.1 cannot be reached"),
        ("postgresql+psycopg://me:s3cret@127.0.0.1:1/codes", "cannot be reached"),
        ("postgres://me:s3cret@127.0.0.1:1/codes", "cannot be reached"),
        ("postgresql://127.0.0.1:1/codes?user=me&password=s3cret", "cannot be reached"),
        ("postgresql://me:s3cret@127.0.0.1:1/codes?sslmode=s3cret", r"cannot be reached: see"),
        ("postgresql://127.0.0.1:1/codes?user=me&target_session_attrs=s3cret", r"cannot be reached: see"),
        ("postgresql://127.0.0.1:1/codes?user=me&service=s3cret", r"cannot be reached: see"),
        ("postgresql://127.0.0.1:1/codes?user=me&connect_timeout=s3cret", r"cannot be reached: see"),
        ("postgresql://127.0.0.1:1/codes?user=me&port=s3cret", "not understood"),
        ("postgresql://127.0.0.1:1/codes?user=me&pasword=s3cret", "not understood"),
        ("postgresql://127.0.0.1:1/codes?user=me&s3cret=1", "not understood"),
        ("postgresql://127.0.0.1:1/codes&password=s3cret", "not understood"),
        ("postgresql://127.0.0.1:1/codes;password=s3cret", "not understood"),
        ("me:s3cret@127.0.0.1/codes", "not understood"),
        ("s3cret", "not understood"),
        (" ", "not understood"),
        ("postgresql://me:s3cret@127.0.0.1:port/codes", "not understood"),
        ("postgresql://me:p@s3cret@127.0.0.1:1/codes", "not understood"),
        ("postgresql://me:p@s3:cret@127.0.0.1:1/codes", "not understood"),
        ("postgresql://me:p@ss/s3cret@127.0.0.1/codes", "not understood"),
        ("://me:s3cret@127.0.0.1/codes", "not understood"),
        ("mysql://me:s3cret@127.0.0.1/codes", "begins with postgresql://, not with mysql://"),
        ("sqlite:///tracker.db", "SQLite is a path"),
    ],
)
def test_a_url_that_leads_nowhere_keeps_its_password(url: str, message: str) -> None:
    with pytest.raises(StoreError, match=message) as caught:
        Store.open(url)
    assert "cret" not in str(caught.value)
    if "reached: see" not in message:  # else the driver's own error, which we do not show, repeats an option
        told = "".join(traceback.format_exception(caught.value))
        assert "s3cret" not in told.replace(url, "")


def test_postgresql_without_its_driver(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StoreError, match=r"tracker\[postgres\]"):
        Store.open("postgresql://127.0.0.1/codes")


def test_every_unusable_code_has_a_sentence_of_its_own() -> None:
    for code in database.UNUSABLE:
        error = sqlite3.OperationalError("words")
        error.sqlite_errorcode = code
        assert "refused" not in str(database.explain(error, "place"))


def test_columns_that_are_sorted_by_sort_by_bytes(postgresql: str) -> None:
    # The server's own order may be that of bytes too, so the order of what comes out proves nothing.
    query = (
        "SELECT table_name, column_name FROM information_schema.columns "
        "WHERE table_schema = current_schema() AND collation_name = 'C'"
    )
    with Store.open(postgresql) as store:
        found = {tuple(row) for row in store._database.core.exec_driver_sql(query)}
    assert {("record_version", "code"), ("release", "label")} <= found
