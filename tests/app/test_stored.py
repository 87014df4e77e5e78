"""The archive is the truth, the index follows it, and a bare label means the best revision."""

from __future__ import annotations

import json
import os
import resource
import shutil
import sqlite3
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from tests.support import NOW, Import, only_on, record_text, values
from tracker import archive
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.show import find_record
from tracker.app.stored import Stored, locate, open_stored
from tracker.app.withdraw import withdraw
from tracker.app.write_report import view_diff, write_files
from tracker.diff.select import EVERYTHING
from tracker.errors import ArchiveError, StoreError, TrackerError, UnknownReleaseError
from tracker.home import Home
from tracker.model import Format
from tracker.report import render

TWO = {"A1": values("A1"), "J1940": values("J1940")}
MORE = {**TWO, "J2000": values("J2000")}


def test_reading_an_empty_place_creates_nothing(tmp_path: Path) -> None:
    with open_stored(Home(tmp_path / "nowhere")) as stored:
        assert stored.revisions == []
        with pytest.raises(UnknownReleaseError, match=r"nothing is stored in .*nowhere yet .*tracker import FILE"):
            stored.find("2025")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reference", ["2031", "2025@7", "2025@"])
def test_an_unknown_release_names_the_stored_ones(take_in: Import, stored: Stored, reference: str) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2025_OCT.txt", TWO)
    with pytest.raises(UnknownReleaseError, match=rf"{reference} is not stored; stored: 2025"):
        stored.find(reference)


def test_january_is_the_year(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025.txt", TWO)
    assert stored.find("2025-01").release.name == "2025@1"
    with pytest.raises(UnknownReleaseError, match="'2025-05' is not a release label"):
        stored.find("2025-05")


@pytest.mark.parametrize(
    ("imports", "meant"),
    [
        ([("HCPC2025.txt", False), ("HCPC2025_b.txt", False)], "2025@2"),
        ([("HCPC2025.txt", True), ("HCPC2025_b.txt", False)], "2025@1"),
        ([("HCPC2025_ANWEB_v4.txt", True), ("HCPC2025_ANWEB_v3.txt", True)], "2025@1"),
        ([("HCPC2025_ANWEB_v3.txt", True), ("HCPC2025_ANWEB_v10.txt", True)], "2025@2"),
        ([("HCPC2025_ANWEB_01122025.txt", True), ("HCPC2025_ANWEB_12082024.txt", True)], "2025@1"),
        ([("HCPC2025_ANWEB_01122025.txt", True), ("HCPC2025_ANWEB_v2.txt", True)], "2025@2"),
    ],
)
def test_a_bare_label_means_the_best_revision(
    take_in: Import, stored: Stored, imports: list[tuple[str, bool]], meant: str
) -> None:
    for number, (name, complete) in enumerate(imports):
        take_in(name, {**TWO, "A1": values("A1", BETOS=("O1A", "O1B")[number])}, complete=complete)
    assert stored.find("2025").release.name == meant


def test_the_zip_means_more_than_one_of_its_files(stored: Stored, tmp_path: Path) -> None:
    text = record_text({**TWO, "A1": values("A1", ACT_EFF_DT="")})
    with zipfile.ZipFile(tmp_path / "2025.zip", "w") as bundle:
        bundle.writestr("HCPC2025_JAN_ANWEB_12172024.txt", text)
    (tmp_path / "HCPC2025_JAN_ANWEB_12172024.txt").write_bytes(record_text(TWO))
    for name in ("2025.zip", "HCPC2025_JAN_ANWEB_12172024.txt"):
        import_path(stored, tmp_path / name, Options(complete=True), NOW)
    assert [one.release.source.format for one in stored.revisions] == ["zip", "text"]
    assert stored.find("2025").release.name == "2025@1"


def test_a_withdrawal_needs_a_reason(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025.txt", TWO)
    with pytest.raises(UnknownReleaseError, match="say in words why"):
        withdraw(stored, "2025@1", " ", NOW)
    with pytest.raises(UnknownReleaseError, match="say in words why"):
        withdraw(stored, "2025@1", "wrong \udcff", NOW)
    assert withdraw(stored, "2025@1", " wrong\nfile ", NOW).withdrawn == "wrong file"
    assert take_in("HCPC2025.txt", TWO).warnings[0] == "the same content was withdrawn as 2025@1: wrong file"


def test_a_withdrawn_revision_is_passed_over_and_kept(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2025_b.txt", MORE)
    withdraw(stored, "2025@2", "wrong file", NOW)
    assert stored.find("2025").release.name == "2025@1"
    assert stored.find("2025@2").release.withdrawn == "wrong file"
    withdraw(stored, "2025@1", "wrong too", NOW)
    with pytest.raises(UnknownReleaseError, match="all revisions of 2025 are withdrawn"):
        stored.find("2025")
    assert len(list(home.snapshots.glob("*.jsonl"))) == 2


@only_on("sqlite", "deletes the index")
def test_a_withdrawal_survives_the_index(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    withdraw(stored, "2025@1", "wrong file", NOW)
    home.index.unlink()
    with open_stored(home) as again:
        assert again.find("2025@1").release.withdrawn == "wrong file"
    (home.snapshots / "2025.r1.withdrawn.json").unlink()
    with open_stored(home) as again:
        assert again.find("2025").release.withdrawn is None


@only_on("sqlite", "deletes the index")
def test_the_index_is_rebuilt_from_the_archive(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    before = compare_releases(stored, "2025", "2026")
    home.index.unlink()
    with open_stored(home) as again:
        assert compare_releases(again, "2025", "2026") == before
    assert home.index.exists()


@only_on("sqlite", "the index follows the files; a shared database does not")
def test_a_new_file_in_the_archive_is_taken_in(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    with open_stored(Home(tmp_path / "other"), to_write=True) as other:
        (path := tmp_path / "HCPC2026.txt").write_bytes((tmp_path / "HCPC2025.txt").read_bytes())
        import_path(other, path, Options(complete=True), NOW)
    shutil.copy(tmp_path / "other/snapshots/2026.r1.jsonl", home.snapshots)
    with open_stored(home) as again:
        assert [one.release.name for one in again.revisions] == ["2025@1", "2026@1"]


@only_on("sqlite", "the index follows the files; a shared database does not")
def test_a_file_that_was_changed_by_hand_is_not_believed(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    path = home.snapshots / "2025.r1.jsonl"
    path.write_text(path.read_text().replace("Short j1940", "Short j194x"))
    with open_stored(home) as proven:
        record = proven.record(proven.find("2025"), "J1940")
        assert record is not None
        assert record.values["short_description"] == "Short j1940", "the index took it in when it was whole"
        (notice,) = proven.notices
        assert "2025.r1.jsonl: its content is not what its digest says" in notice
        assert notice.endswith("(the index's copy is used; tracker rebuild writes the file anew)")
    home.index.unlink()
    with open_stored(home) as rest:
        assert [one.release.name for one in rest.revisions] == ["2026@1"], "what can be trusted can be used"
        assert rest.notices[0].endswith("(it is passed over)")


@only_on("sqlite", "deletes the index")
def test_a_file_under_a_wrong_name_is_not_believed(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2025.r1.jsonl").rename(home.snapshots / "2026.r1.jsonl")
    home.index.unlink()
    with open_stored(home) as stored:
        assert stored.revisions == []
        assert "holds 2025@1, which is not what its name says" in stored.notices[0]


@only_on("sqlite", "the index follows the files; a shared database does not")
def test_a_touched_but_equal_file_is_no_news(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2025.r1.jsonl").touch()
    with open_stored(home) as stored:
        assert [one.release.name for one in stored.revisions] == ["2025@1"]
        assert len(list(stored.records(stored.find("2025")))) == 2


@only_on("sqlite", "with a shared database the files are a copy of what was imported here")
def test_a_missing_file_is_said_aloud_and_the_index_used(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    (home.snapshots / "2025.r1.jsonl").unlink()
    with open_stored(home) as stored:
        assert stored.find("2025").release.codes == 2
        assert [notice for notice in stored.notices if "2025.r1.jsonl is missing" in notice]


@only_on("sqlite", "with a shared database the files are a copy of what was imported here")
def test_a_missing_file_is_written_anew_by_the_next_import(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    withdraw(stored, "2026@1", "wrong file", NOW)
    kept = {path.name: path.read_bytes() for path in home.snapshots.glob("*.jsonl")}
    shutil.rmtree(home.snapshots)
    with open_stored(home, to_write=True) as again:
        assert sorted(again.notices) == [
            f"{home.snapshots}/{name} was missing, and is written anew from the index" for name in sorted(kept)
        ]
        assert again.find("2026@1").release.withdrawn == "wrong file"
    assert {path.name: path.read_bytes() for path in home.snapshots.glob("*.jsonl")} == kept
    with open_stored(home) as again:
        assert again.notices == []
        assert again.find("2026@1").release.withdrawn == "wrong file"


@only_on("sqlite", "damages the index")
def test_what_the_index_cannot_prove_is_not_written_anew(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2025.r1.jsonl").unlink()
    spoil(home.index, "UPDATE record_version SET payload = replace(payload, 'Short', 'Shirt')")
    with open_stored(home, to_write=True) as again:
        assert "is missing, and the index's copy is damaged too" in again.notices[0]
    assert list(home.snapshots.iterdir()) == []


@only_on("sqlite", "the index follows the files; a shared database does not")
def test_an_archive_entry_that_is_no_file_stops_nothing(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2024.r1.jsonl").symlink_to("nowhere")
    (home.snapshots / "2023.r1.jsonl").mkdir()
    os.mkfifo(home.snapshots / "2022.r1.jsonl")
    for to_write in (False, True):
        with open_stored(home, to_write=to_write) as again:
            assert [one.release.name for one in again.revisions] == ["2025@1"]
            assert [notice.split(": ")[1] for notice in again.notices] == [
                "this is no file (it is passed over)",
                "Is a directory (it is passed over)",
                "No such file or directory (it is passed over)",
            ]
    assert locate(None, {}, home.folder) == home


@only_on("sqlite", "the index follows the files; a shared database does not")
@pytest.mark.parametrize(
    "changed", [{"code_set": "drugs"}, {"effective_date": date(2025, 4, 1)}, {"label": "2025-13"}], ids=str
)
def test_a_file_that_is_no_release_of_ours_is_passed_over(take_in: Import, home: Home, changed: dict[str, Any]) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    path = home.snapshots / "2025.r1.jsonl"
    sealed = archive.read(path)
    records = tuple(sealed.records)
    release = replace(sealed.release, **changed)
    release = replace(release, digest=archive.content_digest(release, records))
    path.unlink()
    path = home.snapshots / archive.file_name(release.label, 1)
    sealed = replace(sealed, header=archive.encode_header(release), records=records)
    path.write_bytes(b"".join(archive.lines(sealed)))
    home.index.unlink()
    for _ in range(2):
        with open_stored(home) as again:
            assert [one.release.name for one in again.revisions] == ["2026@1"]
            (notice,) = again.notices
            assert "is no release of hcpcs (it is passed over)" in notice
    with open_stored(Home(home.folder / "other"), to_write=True) as other:
        with pytest.raises(ArchiveError, match="is no release of hcpcs"):
            import_path(other, path, Options(), NOW)
        assert other.revisions == []


@pytest.mark.parametrize("name", ["snapshots/2025.r1.jsonl", "snapshots/new.txt", "tracker.db", "tracker.db-journal"])
@pytest.mark.parametrize("through", ["name", "link"])
def test_no_report_is_written_over_what_is_stored(
    take_in: Import, home: Home, tmp_path: Path, name: str, through: str
) -> None:
    take_in("HCPC2025.txt", TWO)
    target = home.folder / name
    before = target.read_bytes() if target.exists() else None
    if through == "link":
        (tmp_path / "link").symlink_to(target)
    with pytest.raises(TrackerError, match="belongs to what is stored"):
        write_files([(tmp_path / "link" if through == "link" else target, b"report")], home)
    assert (target.read_bytes() if target.exists() else None) == before
    write_files([(home.folder / "report.txt", b"report")], home)


@pytest.mark.parametrize("url", [" ", "codes", "me:s3cret@server/codes"])
def test_what_is_no_url_makes_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.chdir(tmp_path)
    home = locate(tmp_path / "home", {"TRACKER_DATABASE_URL": url}, tmp_path)
    for to_write in (False, True):
        with (
            pytest.raises(StoreError, match=r"^the database URL is not understood"),
            open_stored(home, to_write=to_write),
        ):
            pass
    assert list(tmp_path.iterdir()) == []


def spoil(index: Path, statement: str) -> None:
    connection = sqlite3.connect(index)
    with connection:
        connection.execute(statement)
    connection.close()


DAMAGES: dict[str, Callable[[Path], object]] = {
    "no database": lambda index: index.write_bytes(b"no database" * 1000),
    "cut off": lambda index: index.write_bytes(index.read_bytes()[:8192]),
    "no table": lambda index: spoil(index, "DROP TABLE release_record"),
    "no release table": lambda index: spoil(index, "DROP TABLE release"),
    "bytes for text": lambda index: spoil(index, "UPDATE release SET header = CAST(x'ff' AS TEXT)"),
    "no header": lambda index: spoil(index, "UPDATE release SET header = '{}'"),
    "newer": lambda index: spoil(index, "UPDATE alembic_version SET version_num = '9999_future'"),
}


@only_on("sqlite", "damages the index")
@pytest.mark.parametrize("damage", DAMAGES)
def test_an_index_that_cannot_be_used_stops_no_reader(take_in: Import, home: Home, damage: str) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    DAMAGES[damage](home.index)
    if damage == "no table":
        (home.snapshots / "2026.r1.jsonl").touch()  # so that the index is looked at
        spoil(home.index, "UPDATE release SET archive_stamp = ''")
    before = home.index.read_bytes()
    what_to_do = "update this tracker" if damage == "newer" else "only an index, and tracker rebuild makes it anew"
    with open_stored(home) as read:
        assert [one.release.name for one in read.revisions] == ["2025@1", "2026@1"]
        assert len(compare_releases(read, "2025", "2026").changes) == 1
        (notice,) = read.notices
        assert what_to_do in notice
    with pytest.raises(StoreError, match=what_to_do), open_stored(home, to_write=True):
        pass
    assert home.index.read_bytes() == before


@only_on("sqlite", "damages the index")
def test_a_damaged_line_in_the_index_says_how_to_mend_it(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    spoil(home.index, "UPDATE record_version SET payload = replace(payload, '{', '[')")
    with open_stored(home) as read, pytest.raises(StoreError, match="tracker rebuild makes it anew"):
        read.record(read.find("2025"), "J1940")


@only_on("sqlite", "the disk of a server is not ours to fill")
@pytest.mark.parametrize("room", [0, 30_000])
def test_a_full_disk_stops_no_reader(take_in: Import, home: Home, room: int) -> None:
    take_in("HCPC2025.txt", TWO)
    home.index.unlink()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
    try:
        with open_stored(home) as read:
            assert [one.release.name for one in read.revisions] == ["2025@1"]
        with pytest.raises(StoreError, match="disk"), open_stored(home, to_write=True):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)


def test_the_home_is_the_nearest_one_upward(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    deep = home.folder / "a/b"
    deep.mkdir(parents=True)
    assert locate(None, {}, deep).folder == home.folder
    assert locate(None, {"TRACKER_HOME": str(tmp_path / "x")}, deep).folder == tmp_path / "x"
    assert locate(tmp_path / "y", {"TRACKER_HOME": str(tmp_path / "x")}, deep).folder == tmp_path / "y"
    assert locate(None, {"XDG_DATA_HOME": "ignored"}, tmp_path).folder.name == "tracker"


def test_a_snapshots_folder_of_somebody_else_is_no_home(tmp_path: Path) -> None:
    (tmp_path / "snapshots").mkdir()
    (tmp_path / "snapshots/2025.r1.jsonl").write_text(json.dumps({"snapshot": "of a cat"}))
    assert locate(None, {}, tmp_path).folder != tmp_path


def test_show_takes_the_newest_release_that_holds_the_code(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025.txt", MORE)
    take_in("HCPC2026.txt", TWO, complete=False)
    assert find_record(stored, "j1940", None)[0].release.name == "2026@1"
    assert find_record(stored, " j2000", None)[0].release.name == "2025@1"
    with pytest.raises(UnknownReleaseError, match=r"J2000 is not in 2026@1 \(an excerpt\); it is in 2025"):
        find_record(stored, "J2000", "2026")
    with pytest.raises(UnknownReleaseError, match="J9999 is in no stored release"):
        find_record(stored, "J9999", None)


@only_on("postgresql", "compares it with a home of its own")
def test_a_shared_database_gives_the_same_bytes(take_in: Import, stored: Stored, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", {**MORE, "A1": values("A1", PRICE2="21", TERM_DT="20251231")})
    withdraw(stored, take_in("HCPC2026_ANWEB_v2.txt", MORE).release.name, "wrong", NOW)
    with open_stored(Home(tmp_path / "alone"), to_write=True) as alone:
        import_path(alone, stored.home.snapshots, Options(), NOW)
        for pair in (("2025", "2026"), ("2026", "2025"), ("2026@1", "2026@2")):
            shared, own = (view_diff(one, compare_releases(one, *pair), EVERYTHING) for one in (stored, alone))
            for report_format in Format:
                assert render(shared, report_format) == render(own, report_format)
