"""Import: what becomes a revision, what is stored already, what is refused; all of it or nothing."""

from __future__ import annotations

import os
import re
import tracemalloc
from collections.abc import Callable
from contextlib import ExitStack
from datetime import date
from pathlib import Path
from typing import BinaryIO

import pytest

from tests.hcpcs.builders import LENGTHY, text_of
from tests.support import NOW, Import, Release, only_on, record_text, values
from tracker import archive, disk
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.app.withdraw import withdraw
from tracker.errors import ArchiveError, RefusedError, SourceError, StoreError, TrackerError, UnknownReleaseError
from tracker.hcpcs.normalise import Normalised, normalise
from tracker.home import Home
from tracker.model import RawRelease, Sealed, Snapshot
from tracker.store import writer
from tracker.store.writer import Writer

TWO = {"A1": values("A1"), "J1940": values("J1940")}


def sheet(code: str, **rows: str) -> str:
    told = {
        "HCPCS Code": code,
        "Code Description": f"Description of {code.lower()}",
        "Short Description": f"Short {code.lower()}",
        "Pricing Indicator Code #1": "51",
        "Multiple Pricing Indicator Code": "A",
        "Coverage Code": "C",
        "Berenson-Eggers Type Of Service Code": "O1E",
        "Type Of Service Code #1": "1",
        "Code Added Date": "20100101",
        "Action Effective Date": "20100101",
        "Action Code": "N",
        "Status": "Actual",
        "Last Update Date": "2026",
    } | {name.replace("_", " "): value for name, value in rows.items()}
    return "\n".join(f"{label}\t{value}\twhat it means" for label, value in told.items() if value)


def files(home: Home) -> list[str]:
    return sorted(path.name for path in home.snapshots.iterdir())


def test_a_release_is_stored_with_what_its_name_tells(take_in: Import, stored: Stored) -> None:
    imported = take_in("HCPC2025_OCT_ANWEB_09172025.txt", TWO)
    release = imported.release
    assert (release.name, release.effective_date) == ("2025-10@1", date(2025, 10, 1))
    assert (release.mark, release.published_date) == ("09172025", date(2025, 9, 17))
    assert dict(release.counts) == {"codes": 2, "problems": 0, "notes": 0, "procedure": 1, "modifier": 1}
    assert imported.stored
    assert imported.reason == ""
    assert [revision.release for revision in stored.revisions] == [release]


def test_what_the_user_says_beats_what_the_name_tells(take_in: Import) -> None:
    imported = take_in("HCPC2025_JAN_ANWEB_12172024.txt", TWO, label="2026-01", published=date(2025, 12, 8))
    assert imported.release.label == "2026"
    assert imported.release.published_date == date(2025, 12, 8)


def test_a_name_that_tells_no_release_asks_for_it(take_in: Import, home: Home) -> None:
    with pytest.raises(SourceError, match=re.escape("codes.txt: its name does not tell the release: say --release")):
        take_in("codes.txt", TWO)
    assert files(home) == []


def test_the_same_file_is_stored_once(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    second = take_in("HCPC2025_copy.txt", TWO)
    assert not second.stored
    assert second.release.name == "2025@1"
    assert not take_in("HCPC2025.txt", TWO, again=True).stored, "read anew, it still has the same content"
    assert files(home) == ["2025.r1.jsonl"]


def test_another_file_is_another_revision(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", TWO)
    later = take_in("HCPC2025_OCT_ANWEB_v4.txt", {**TWO, "J1940": values("J1940", COV="D")})
    assert (later.release.name, later.reason) == ("2025-10@2", "re-issued")
    assert stored.find("2025-10").release.name == "2025-10@2"


def test_a_withdrawn_revision_can_be_stored_again(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025.txt", TWO)
    withdraw(stored, "2025@1", "by mistake", NOW)
    assert take_in("HCPC2025.txt", TWO).release.name == "2025@2"


def test_few_codes_are_no_whole_release(take_in: Import, home: Home) -> None:
    with pytest.raises(RefusedError, match=r"HCPC2025.txt holds 2 codes, .* --excerpt .* --complete"):
        take_in("HCPC2025.txt", TWO, complete=None)
    assert files(home) == []
    assert not take_in("HCPC2025.txt", TWO, complete=False).release.complete


def test_a_release_that_lacks_valid_codes_is_refused(take_in: Import, home: Home) -> None:
    many = {f"J{number:04}": values(f"J{number:04}") for number in range(300)}
    take_in("HCPC2025.txt", many)
    filtered = dict(list(many.items())[:290])
    with pytest.raises(RefusedError, match=r"lacks 10 of the 300 codes that 2025@1 shows valid on 2026-01-01"):
        take_in("HCPC2026.txt", filtered)
    with pytest.raises(RefusedError, match="lacks 10 of the 300 codes"):
        take_in("HCPC2024.txt", filtered)
    assert files(home) == ["2025.r1.jsonl"]
    assert take_in("HCPC2026.txt", filtered, complete=False).stored


def test_the_file_of_another_release_is_named_as_that(take_in: Import) -> None:
    early = {f"J{number:04}": values(f"J{number:04}") for number in range(200)}
    late = {f"K{number:04}": values(f"K{number:04}", ADD_DT="20210101") for number in range(100)}
    take_in("HCPC2020.txt", early)
    take_in("HCPC2025.txt", {**early, **late})
    with pytest.raises(RefusedError, match=r"HCPC2020.txt has the very content of 2020@1: it is no 2022"):
        take_in("HCPC2020.txt", early, label="2022", again=True)


def test_codes_that_ended_or_came_later_are_not_lacking(take_in: Import) -> None:
    many = {f"J{number:04}": values(f"J{number:04}") for number in range(100)}
    gone = {"J9001": values("J9001", TERM_DT="20251231"), "J9002": values("J9002", ADD_DT="20260401")}
    take_in("HCPC2025.txt", {**many, **gone})
    assert take_in("HCPC2026.txt", {**many}).stored


def test_a_likely_wrong_label_is_said_aloud(take_in: Import) -> None:
    take_in("HCPC2025.txt", {**TWO, "J1941": values("J1941", ADD_DT="20250101")})
    same = take_in("HCPC2026.txt", {**TWO, "J1941": values("J1941", ADD_DT="20250101")}, label="2026", again=True)
    content, dates = same.warnings
    assert "2026@1 has the very content of 2025@1" in content
    assert "newest code of 2026@1 was added on 2025-01-01" in dates
    new = {f"J{number}": values(f"J{number}", ADD_DT="20240101", TERM_DT="20240630") for number in (1941, 1942)}
    assert take_in("HCPC2024.txt", {**TWO, **new}).warnings == ()


def test_sheets_in_an_empty_home_make_an_excerpt(stored: Stored, tmp_path: Path) -> None:
    path = tmp_path / "s9372.txt"
    path.write_text(sheet("S9372"))
    (imported,) = import_path(stored, path, Options(), NOW)
    assert (imported.release.name, imported.release.complete, imported.problems) == ("2026@1", False, ())


def test_sheets_amend_the_stored_release(take_in: Import, stored: Stored, tmp_path: Path) -> None:
    take_in("HCPC2026_JAN_ANWEB_12082025.txt", TWO)
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "one.txt").write_text(sheet("J1940", Termination_Date="20260331"))
    (folder / "two.txt").write_text(sheet("J2000"))
    (imported,) = import_path(stored, folder, Options(), NOW)
    release = imported.release
    assert (release.name, release.complete, imported.reason) == ("2026@2", True, "amended")
    assert release.mark == "12082025", "what it amends is that issue"
    records = {record.code: record.values for record in stored.records(stored.find("2026"))}
    assert list(records) == ["A1", "J1940", "J2000"]
    assert records["J1940"]["termination_date"] == "2026-03-31"
    assert records["A1"]["long_description"] == "Description of a1"


def test_sheets_that_say_nothing_new_are_stored_already(take_in: Import, stored: Stored, tmp_path: Path) -> None:
    take_in("HCPC2026.txt", TWO)
    path = tmp_path / "one.txt"
    path.write_text(sheet("J1940"))
    (imported,) = import_path(stored, path, Options(), NOW)
    assert not imported.stored
    assert imported.release.name == "2026@1"


def test_a_sheet_over_a_table_leaves_unknown_what_the_table_did_not_have(stored: Stored, tmp_path: Path) -> None:
    table = tmp_path / "hcpcs-2026.csv"
    table.write_text("HCPC,LONG DESCRIPTION\nJ1940,Furosemide\nJ2000,Something\n")
    import_path(stored, table, Options(), NOW)
    path = tmp_path / "one.txt"
    path.write_text(sheet("J1940"))
    (imported,) = import_path(stored, path, Options(), NOW)
    records = {record.code: record for record in stored.records(stored.find(imported.release.name))}
    assert "coverage_code" in imported.release.fields
    assert "coverage_code" in records["J2000"].unknown
    assert "coverage_code" not in records["J1940"].unknown


def test_sheets_are_never_a_whole_release(take_in: Import, stored: Stored, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2026.txt", TWO, complete=False)
    path = tmp_path / "one.txt"
    path.write_text(sheet("J2000"))
    with pytest.raises(RefusedError, match=r"one.txt: sheets .* are never a whole release: leave out --complete"):
        import_path(stored, path, Options(complete=True), NOW)
    assert files(home) == ["2026.r1.jsonl"]
    (imported,) = import_path(stored, path, Options(), NOW)
    assert not imported.release.complete


def test_a_stored_release_that_was_not_whole_is_said_aloud(take_in: Import) -> None:
    many = {f"J{number:04}": values(f"J{number:04}") for number in range(300)}
    take_in("HCPC2025.txt", dict(list(many.items())[:290]))
    whole = take_in("HCPC2026.txt", {**many, "J9000": values("J9000", ADD_DT="20260101")})
    (warning,) = whole.warnings
    assert warning == (
        "2025@1 lacks 10 of the 300 codes that 2026@1 shows valid on 2025-01-01 (J0290, J0291, J0292, …): is it whole? "
        'If not: tracker withdraw 2025@1 --reason "not whole"'
    )
    assert take_in("HCPC2024.txt", many).warnings[-1] == warning.replace("2026@1", "2024@1"), "and seen from before"


def test_a_folder_is_stored_whole_or_not_at_all(take_in: Import, stored: Stored, home: Home, tmp_path: Path) -> None:
    many = {f"J{number:04}": values(f"J{number:04}") for number in range(300)}
    folder = tmp_path / "releases"
    folder.mkdir()
    (folder / "HCPC2025.txt").write_bytes(record_text(many))
    (folder / "HCPC2026.txt").write_bytes(record_text(dict(list(many.items())[:200])))
    (folder / "sheet.txt").write_text(sheet("J1940"))
    with pytest.raises(RefusedError, match="leave out --complete"):
        import_path(stored, folder, Options(complete=True), NOW)
    (folder / "sheet.txt").unlink()
    with pytest.raises(RefusedError, match="lacks 100 of the 300 codes that 2025@1"):
        import_path(stored, folder, Options(complete=True), NOW)
    (folder / "HCPC2026.txt").rename(folder / "codes.txt")
    with pytest.raises(SourceError, match="does not tell the release"):
        import_path(stored, folder, Options(complete=True), NOW)
    assert (files(home), stored.revisions) == ([], [])
    (folder / "codes.txt").write_bytes(record_text({**many, "J9000": values("J9000")}))
    found = import_path(stored, folder, Options(label="2025", complete=True), NOW)
    assert [one.release.name for one in found] == ["2025@1", "2025@2"]
    assert files(home) == ["2025.r1.jsonl", "2025.r2.jsonl"]


def test_one_bad_snapshot_file_of_a_folder_stores_nothing(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", {**TWO, "J2000": values("J2000")})
    path = home.snapshots / "2026.r1.jsonl"
    path.write_text(path.read_text().replace("Short j2000", "Short j200x"))
    with open_stored(Home(tmp_path / "other"), to_write=True) as other:
        with pytest.raises(ArchiveError, match=r"2026.r1.jsonl: its content is not what its digest says"):
            import_path(other, home.snapshots, Options(), NOW)
        assert (files(other.home), other.revisions) == ([], [])


@pytest.mark.parametrize(
    "options",
    [Options(label="2026"), Options(complete=True), Options(complete=False), Options(published=date(2026, 1, 1))],
)
def test_a_snapshot_file_takes_no_options(take_in: Import, home: Home, stored: Stored, options: Options) -> None:
    take_in("HCPC2025.txt", TWO)
    for path in (home.snapshots / "2025.r1.jsonl", home.snapshots):
        with pytest.raises(RefusedError, match="leave out --release, --published, --complete and --excerpt"):
            import_path(stored, path, options, NOW)


def test_a_blank_label_is_no_label(take_in: Import) -> None:
    take_in("HCPC2025.txt", TWO)
    with pytest.raises(UnknownReleaseError, match="'' is not a release label"):
        take_in("HCPC2025.txt", TWO, label="")


def test_what_is_no_file_is_not_read(stored: Stored, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(SourceError, match="is no file, but a device or a pipe"):
            import_path(stored, path, Options(), NOW)


def test_a_name_that_is_no_text_is_stored_as_one(stored: Stored, tmp_path: Path) -> None:
    path = tmp_path / os.fsdecode(b"HCPC2025\n\x1b_\xff.txt")
    path.write_bytes(record_text(TWO))
    (imported,) = import_path(stored, path, Options(complete=False), NOW)
    assert imported.release.source.name == "HCPC2025\ufffd\ufffd_\ufffd.txt"


def test_two_sheets_of_one_code_are_refused(stored: Stored, tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    for name in ("one.txt", "two.txt"):
        (folder / name).write_text(sheet("J1940"))
    with pytest.raises(SourceError, match=r"J1940 has two sheets, one.txt and two.txt"):
        import_path(stored, folder, Options(), NOW)


def test_one_bad_sheet_of_a_folder_stores_nothing(stored: Stored, home: Home, tmp_path: Path) -> None:
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "one.txt").write_text(sheet("J1940"))
    (folder / "two.txt").write_text("Code Description\tno code here\n")
    with pytest.raises(SourceError, match=r"two.txt"):
        import_path(stored, folder, Options(), NOW)
    assert files(home) == []


def test_a_snapshot_file_brings_its_content_to_another_home(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    second = take_in("HCPC2025.txt", {**TWO, "J1940": values("J1940", COV="D")})
    with open_stored(home) as first:
        withdraw(first, "2025@1", "superseded", NOW)
    with open_stored(Home(tmp_path / "other"), to_write=True) as other:
        imported = import_path(other, home.snapshots, Options(), NOW)
        assert [one.release.name for one in imported] == ["2025@1", "2025@2"]
        assert other.find("2025").release.digest == second.release.digest
        assert other.find("2025@1").release.withdrawn == "superseded"
        assert [one.stored for one in import_path(other, home.snapshots, Options(), NOW)][1] is False


def test_a_changed_snapshot_file_is_not_believed(take_in: Import, home: Home, stored: Stored, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    text = (home.snapshots / "2025.r1.jsonl").read_text()
    changed = tmp_path / "changed.jsonl"
    changed.write_text(text.replace("Description of j1940", "Description of j1941"))
    with pytest.raises(ArchiveError, match="not what its digest says"):
        import_path(stored, changed, Options(), NOW)


def test_the_order_of_import_changes_no_digest(tmp_path: Path, database: str | None) -> None:
    texts = {
        "HCPC2024.txt": record_text(TWO),
        "HCPC2025.txt": record_text({**TWO, "J2000": values("J2000", ADD_DT="20250101")}),
        "HCPC2026.txt": record_text({**TWO, "J2000": values("J2000", ADD_DT="20250101", COV="D")}),
    }
    for name, data in texts.items():
        (tmp_path / name).write_bytes(data)
    digests = []
    for number, names in enumerate((list(texts), list(texts)[::-1])):
        with open_stored(Home(tmp_path / f"home{number}"), to_write=True) as stored:
            for name in names:
                import_path(stored, tmp_path / name, Options(complete=True), NOW)
            digests.append({one.release.label: one.release.digest for one in stored.revisions})
    assert digests[0] == digests[1]


@pytest.mark.parametrize("place", ["insert", "publish", "after"])
def test_an_error_on_the_way_leaves_nothing(
    take_in: Import, stored: Stored, home: Home, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    take_in("HCPC2025.txt", TWO)

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    if place == "insert":
        monkeypatch.setattr(Writer, "insert", fail)
    elif place == "publish":
        monkeypatch.setattr(disk, "sync_folder", fail)
    else:
        monkeypatch.setattr("tracker.app.import_release.doubts", fail)
    with pytest.raises(TrackerError, match="the disk is full: nothing was stored"):
        take_in("HCPC2026.txt", {**TWO, "J2000": values("J2000")})
    monkeypatch.undo()
    stored.refresh()
    assert files(home) == ["2025.r1.jsonl"]
    assert [one.release.name for one in stored.revisions] == ["2025@1"]
    assert take_in("HCPC2026.txt", {**TWO, "J2000": values("J2000")}).stored, "and the next import works"


def test_a_database_that_fails_to_commit_leaves_no_file(
    take_in: Import, stored: Stored, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = stored.store._database.core
    monkeypatch.setattr(connection, "commit", lambda: (_ for _ in ()).throw(StoreError("the disk is full")))
    with pytest.raises(StoreError):
        take_in("HCPC2025.txt", TWO)
    assert files(home) == []


def test_a_file_that_changes_while_it_is_read_is_not_stored(
    take_in: Import, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def change(raw: RawRelease) -> Normalised:
        (tmp_path / "HCPC2025.txt").write_bytes(record_text({**TWO, "J2000": values("J2000")}))
        return normalise(raw)

    monkeypatch.setattr("tracker.app.import_release.normalise", change)
    with pytest.raises(SourceError, match=r"HCPC2025.txt was changed while it was read: run the command again"):
        take_in("HCPC2025.txt", TWO)
    monkeypatch.undo()
    assert files(home) == []
    assert take_in("HCPC2025.txt", TWO).release.name == "2025@1", "and nothing of it is in the database"


def long_release(name: str, price: str) -> Release:
    """Return four thousand records, each with a description of its own over many lines."""
    codes = (f"{letter}{number:04}" for letter in "ABCD" for number in range(1000))
    return {code: values(code, LONG_DESCRIPTION=f"{LENGTHY} {name} {code}", PRICE1=price) for code in codes}


@pytest.mark.parametrize("half", [b"", b"Z" * 700, b"\n" * 700], ids=["emptied", "no records", "blank lines"])
def test_half_of_a_file_is_no_defect_of_the_program(
    take_in: Import, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, half: bytes
) -> None:
    def cut(snapshot: Snapshot, spool: BinaryIO) -> Sealed:
        (tmp_path / "HCPC2025.txt").write_bytes(half)
        return seal(snapshot, spool)

    seal = archive.seal
    monkeypatch.setattr(archive, "seal", cut)
    with pytest.raises(SourceError, match=r"HCPC2025.txt was changed while it was read"):
        # Longer than what is read at once.
        take_in("HCPC2025.txt", {f"A{number:04}": values(f"A{number:04}") for number in range(9000)})
    assert files(home) == []


@only_on("sqlite", "there the index is rebuilt from the archive, and the archive from it")
def test_memory_holds_no_release_whole(stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "BATCH", 100)
    paths = [tmp_path / "HCPC2025.txt", tmp_path / "HCPC2026.txt"]
    for path, price in zip(paths, ("51", "00"), strict=True):
        path.write_bytes(text_of(long_release(path.stem, price)).encode())
    import_path(stored, paths[0], Options(complete=True), NOW)

    def peak(work: Callable[[], object]) -> int:
        tracemalloc.start()
        try:
            work()
            return tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    size = paths[1].stat().st_size
    assert peak(lambda: import_path(stored, paths[1], Options(complete=True), NOW)) < size / 2
    assert [one.release.codes for one in stored.revisions] == [4000, 4000]

    stored.home.index.unlink()
    with ExitStack() as stack:
        assert peak(lambda: stack.enter_context(open_stored(stored.home))) < size / 2, "nor is the index rebuilt so"
    (path := stored.home.snapshots / "2026.r1.jsonl").rename(tmp_path / path.name)
    with ExitStack() as stack:
        assert peak(lambda: stack.enter_context(open_stored(stored.home, to_write=True))) < size / 2, "nor a file"
    assert path.read_bytes() == (tmp_path / path.name).read_bytes()


@only_on("postgresql", "a home is moved into a shared database")
def test_a_home_that_is_moved_keeps_its_numbers_and_its_files(tmp_path: Path, database: str) -> None:
    alone = Home(tmp_path / "alone")
    with open_stored(alone, to_write=True) as stored:
        for name, release in (("a.txt", {"A1": values("A1")}), ("b.txt", TWO)):
            (path := tmp_path / name).write_bytes(record_text(release))
            import_path(stored, path, Options("2025", complete=False), NOW)
        withdraw(stored, "2025@1", "wrong file", NOW)
    before = {path.name: path.read_bytes() for path in alone.snapshots.iterdir()}
    assert len(before) == 3
    for again in (False, True):
        with open_stored(Home(alone.folder, database), to_write=True) as shared:
            outcomes = import_path(shared, alone.snapshots, Options(), NOW)
            told = [(one.release.name, one.stored) for one in outcomes]
            assert told == [("2025@1", not again), ("2025@2", not again)]
            assert shared.find("2025@1").release.withdrawn == "wrong file"
            assert shared.find("2025").release.name == "2025@2"
    assert {path.name: path.read_bytes() for path in alone.snapshots.iterdir()} == before


@only_on("postgresql", "a home with releases of its own gets copies of another's database")
def test_a_copy_is_written_over_no_other_file(tmp_path: Path, database: str) -> None:
    alone = Home(tmp_path / "alone")
    (path := tmp_path / "a.txt").write_bytes(record_text({"A1": values("A1")}))
    with open_stored(alone, to_write=True) as stored:
        import_path(stored, path, Options("2025", complete=False), NOW)
    before = (alone.snapshots / "2025.r1.jsonl").read_bytes()
    path.write_bytes(record_text(TWO))
    with open_stored(Home(alone.folder, database), to_write=True) as shared:
        (imported,) = import_path(shared, path, Options("2025", complete=False), NOW)
        assert imported.release.name == "2025@2"
    assert (alone.snapshots / "2025.r1.jsonl").read_bytes() == before
    assert (alone.snapshots / "2025.r2.jsonl").exists()
