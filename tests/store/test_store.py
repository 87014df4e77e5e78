"""What goes into a store comes out of it, and differences are found."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from tracker.errors import StoreError
from tracker.model import Sealed, SealedRecord
from tracker.store import writer
from tracker.store.database import UnusableError
from tracker.store.store import Store, StoredRelease

MakeSealed = Callable[..., Sealed]


def insert(store: Store, *snapshots: Sealed) -> list[int]:
    with store.importing() as importing:
        return [importing.insert(sealed) for sealed in snapshots]


def count(store: Store, table: str) -> int:
    return int(store._database.core.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())  # noqa: S608


def line_of(sealed: Sealed) -> str:
    """Return the line of the first record."""
    return next(iter(sealed.records)).line


def codes(lines: Iterable[str]) -> list[str]:
    return [json.loads(line)["code"] for line in lines]


def test_a_snapshot_comes_out_as_it_went_in(store: Store, make_sealed: MakeSealed) -> None:
    sealed = make_sealed("2026", {"A0021": "one", "A0080": "ünd"}, problems=["p2", "p1"], notes=["n2", "n1"])
    with store.importing() as importing:
        release_id = importing.insert(sealed, "10 20")

    assert store.releases("hcpcs") == [
        StoredRelease(release_id, "2026", 1, sealed.header, None, "10 20", sealed.release.digest)
    ]
    assert list(store.records(release_id)) == [record.line for record in sealed.records]
    assert store.record(release_id, "A0080") == list(sealed.records)[1].line
    assert store.record(release_id, "A0081") is None
    assert store.problems(release_id) == ["p2", "p1"]
    assert store.notes(release_id) == ["n2", "n1"]


def test_releases_are_those_of_a_code_set_by_label_and_revision(store: Store, make_sealed: MakeSealed) -> None:
    names = [("2026-04", 1), ("2026", 2), ("2026", 10), ("2026", 1)]
    insert(store, *(make_sealed(label, {}, revision=revision) for label, revision in names))
    insert(store, make_sealed("2026", {}, code_set="other"))

    found = [(release.label, release.revision) for release in store.releases("hcpcs")]
    assert found == [("2026", 1), ("2026", 2), ("2026", 10), ("2026-04", 1)]


@pytest.mark.parametrize("transactions", ["one", "two"])
def test_an_unchanged_record_is_stored_once(store: Store, make_sealed: MakeSealed, transactions: str) -> None:
    old = make_sealed("2025", {"A1": "same", "A2": "before"})
    new = make_sealed("2026", {"A1": "same", "A2": "after", "A3": "came"})
    if transactions == "one":
        old_id, new_id = insert(store, old, new)
    else:
        (old_id,), (new_id,) = insert(store, old), insert(store, new)

    assert count(store, "record_version") == 4
    assert count(store, "release_record") == 5
    assert list(store.records(old_id)) == [record.line for record in old.records]
    assert list(store.records(new_id)) == [record.line for record in new.records]


def test_code_sets_do_not_mix(store: Store, make_sealed: MakeSealed) -> None:
    ours, theirs = insert(
        store, make_sealed("2026", {"A1": "x"}), make_sealed("2026", {"A1": "x", "A2": "y"}, code_set="other")
    )
    assert count(store, "record_version") == 3
    assert store.record(ours, "A2") is None
    (ours_too,) = insert(store, make_sealed("2027", {"A1": "x", "A3": "z"}))
    assert [release_id for release_id, _ in store.versions_of("hcpcs", "A1")] == [ours, ours_too]
    assert [release_id for release_id, _ in store.versions_of("other", "A1")] == [theirs]


def test_a_release_longer_than_a_batch(store: Store, make_sealed: MakeSealed, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCH", 3)
    sealed = make_sealed("2026", {f"A{number}": "x" for number in range(10, 20)}, problems=list("abcd"))
    (release_id,) = insert(store, sealed)
    assert list(store.records(release_id)) == [record.line for record in sealed.records]
    assert store.problems(release_id) == list("abcd")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"A1": "x"}, {"A1": "x"}, ([], [])),
        ({}, {"A1": "x"}, ([], ["A1"])),
        ({"A1": "x"}, {}, (["A1"], [])),
        ({"A1": "x", "A2": "x"}, {"A1": "y", "A2": "x"}, (["A1"], ["A1"])),
        ({"A1": "x", "A2": "y"}, {"A1": "y", "A2": "x"}, (["A1", "A2"], ["A1", "A2"])),
        ({"B1": "x", "A1": "x"}, {"a1": "", "B1": "", "A-2": ""}, (["A1", "B1"], ["A-2", "B1", "a1"])),
    ],
    ids=["same", "added", "removed", "changed", "swapped", "order"],
)
def test_changed(
    store: Store,
    make_sealed: MakeSealed,
    old: dict[str, str],
    new: dict[str, str],
    expected: tuple[list[str], list[str]],
) -> None:
    # An older release brings the later codes first, so that the order of ids is not that of codes.
    older = dict(sorted((old | new).items())[1:])
    _, old_id, new_id = insert(store, make_sealed("2024", older), make_sealed("2025", old), make_sealed("2026", new))
    went, came = store.changed(old_id, new_id)
    assert (codes(went), codes(came)) == expected
    assert store.changed(new_id, old_id) == (came, went)
    assert set(came) <= set(store.records(new_id))
    assert set(went) <= set(store.records(old_id))


def test_records_come_in_byte_order(store: Store, make_sealed: MakeSealed) -> None:
    # An older release brings some codes first, so that the order of ids is another one.
    insert(store, make_sealed("2025", {"a1": "", "B1": ""}))
    (release_id,) = insert(store, make_sealed("2026", {"a1": "", "B1": "", "A-2": "", "A1": ""}))
    assert codes(store.records(release_id)) == ["A-2", "A1", "B1", "a1"]


def test_unknown_fields_are_counted_where_both_releases_hold_the_same_version(
    store: Store, make_sealed: MakeSealed
) -> None:
    old = make_sealed("2025", {"A1": "x", "A2": "x", "A3": "x", "A4": "x"}, {"A1": "f g", "A2": "f", "A3": "f"})
    new = make_sealed("2026", {"A1": "x", "A2": "x", "A3": "y", "A4": "x"}, {"A1": "f g", "A2": "f", "A3": "f"})
    old_id, new_id, _ = insert(store, old, new, make_sealed("2027", {"A5": "x"}, {"A5": "f"}))
    assert count(store, "record_version WHERE unknown IS NOT NULL") == 5  # the index holds no others
    assert store.unknown_in_both(old_id, new_id) == {"f": 2, "g": 1}
    assert store.unknown_in_both(old_id, old_id) == {"f": 3, "g": 1}


def test_versions_of_a_code_follow_the_labels(store: Store, make_sealed: MakeSealed) -> None:
    newest = make_sealed("2027", {"A1": "x", "B1": "x"})
    oldest = make_sealed("2025", {"A1": "x"})
    middle = make_sealed("2026", {"A1": "y"})
    ids = insert(store, newest, oldest, middle, make_sealed("2028", {"B1": "x"}))
    assert store.versions_of("hcpcs", "A1") == [
        (ids[1], line_of(oldest)),
        (ids[2], line_of(middle)),
        (ids[0], line_of(newest)),
    ]
    assert store.versions_of("hcpcs", "A2") == []


def test_two_values_of_all_records(store: Store, make_sealed: MakeSealed) -> None:
    lines = {
        "A1": '{"record":{"code":"A1","day":"2025-01-01","text":"ü \\"x\\""}}',
        "B1": '{"record":{"code":"B1","last":"2025-12-31"}}',
    }
    records = tuple(SealedRecord(code, sha256(line.encode()).digest(), line) for code, line in lines.items())
    others, ours = insert(store, make_sealed("2025", {"C1": "x"}), replace(make_sealed("2026", {}), records=records))
    assert sorted(store.values(ours, "text", "last")) == [("A1", 'ü "x"', None), ("B1", None, "2025-12-31")]
    assert list(store.values(others, "text", "last")) == [("C1", None, None)]


def test_all_codes_are_named_once_in_plain_order(store: Store, make_sealed: MakeSealed) -> None:
    insert(store, make_sealed("2025", {"b1": "x", "A1": "x"}), make_sealed("2026", {"A1": "y", "B1": "x"}))
    assert store.codes("hcpcs") == ["A1", "B1", "b1"]
    assert store.codes("other") == []


def test_what_may_change_about_a_release(store: Store, make_sealed: MakeSealed) -> None:
    first, second = insert(store, make_sealed("2025", {}), make_sealed("2026", {}))
    with store.importing() as importing:
        importing.set_stamp(first, "30 40")
        importing.withdraw(second, "wrong file")
    found = [(release.archive_stamp, release.withdrawn) for release in store.releases("hcpcs")]
    assert found == [("30 40", None), ("", "wrong file")]

    with store.importing() as importing:
        importing.withdraw(second, None)
    assert store.releases("hcpcs")[1].withdrawn is None


def test_a_deleted_release_leaves_the_others_whole(store: Store, make_sealed: MakeSealed) -> None:
    texts = {"A1": "x", "A2": "y"}
    first = make_sealed("2025", texts, problems=["p"], notes=["n"])
    gone, kept = insert(store, first, make_sealed("2026", texts, problems=["p"], notes=["n"]))
    with store.importing() as importing:
        importing.delete(gone)

    assert [release.id for release in store.releases("hcpcs")] == [kept]
    assert list(store.records(gone)) == store.problems(gone) == store.notes(gone) == []
    assert codes(store.records(kept)) == ["A1", "A2"]
    assert (store.problems(kept), store.notes(kept)) == (["p"], ["n"])

    (again,) = insert(store, first)
    assert codes(store.records(again)) == ["A1", "A2"]


def test_an_error_while_importing_leaves_nothing(store: Store, make_sealed: MakeSealed) -> None:
    def insert_and_fail() -> None:
        with store.importing() as importing:
            importing.insert(make_sealed("2026", {"A1": "x"}, problems=["p"], notes=["n"]))
            assert len(store.releases("hcpcs")) == 1
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insert_and_fail()
    tables = ("release", "record_version", "release_record", "release_problem", "release_note")
    assert [count(store, table) for table in tables] == [0, 0, 0, 0, 0]

    (release_id,) = insert(store, make_sealed("2026", {"A1": "x"}))
    assert codes(store.records(release_id)) == ["A1"]


def test_a_revision_is_stored_once(store: Store, make_sealed: MakeSealed) -> None:
    insert(store, make_sealed("2026", {"A1": "x"}))
    with pytest.raises(StoreError, match="refused"):
        insert(store, make_sealed("2025", {"A2": "y"}), make_sealed("2026", {"A3": "z"}))
    assert [release.label for release in store.releases("hcpcs")] == ["2026"]
    assert count(store, "record_version") == 1


def test_others_see_a_release_when_it_is_committed(store: Store, place: Path | str, make_sealed: MakeSealed) -> None:
    with Store.open(place) as other:
        with store.importing() as importing:
            importing.insert(make_sealed("2026", {"A1": "x"}))
            assert other.releases("hcpcs") == []
        assert [release.label for release in other.releases("hcpcs")] == ["2026"]


def test_a_store_in_memory_begins_empty_or_as_a_copy(tmp_path: Path, make_sealed: MakeSealed) -> None:
    path = tmp_path / "tracker.db"
    with Store.open(path) as index:
        (first,) = insert(index, make_sealed("2025", {"A1": "x"}))
    before = path.read_bytes()

    with Store.in_memory() as memory:
        assert memory.releases("hcpcs") == []
    with Store.copy_of(path) as memory:
        (second,) = insert(memory, make_sealed("2026", {"A1": "y"}))
        assert [codes(lines) for lines in memory.changed(first, second)] == [["A1"], ["A1"]]
    assert path.read_bytes() == before


def test_an_index_to_be_migrated_is_neither_copied_nor_touched(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    path.touch()
    with pytest.raises(UnusableError, match="brought up to date"):
        Store.copy_of(path)
    assert path.read_bytes() == b""


def test_a_damaged_index_is_not_copied(tmp_path: Path) -> None:
    path = tmp_path / "tracker.db"
    Store.open(path).close()
    path.write_bytes(path.read_bytes()[:8192])
    with pytest.raises(StoreError, match="tracker rebuild makes it anew"):
        Store.copy_of(path)
