"""The archive is the truth, the index follows it, and a bare label means the best revision."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from tests.support import NOW, Import, values
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.show import find_record
from tracker.app.stored import Stored, locate, open_stored
from tracker.app.withdraw import withdraw
from tracker.app.write_report import render, view_diff
from tracker.diff.select import EVERYTHING
from tracker.errors import ArchiveError, StoreError, UnknownReleaseError
from tracker.home import Home
from tracker.model import Format

TWO = {"A1": values("A1"), "J1940": values("J1940")}
MORE = {**TWO, "J2000": values("J2000")}


def test_reading_an_empty_place_creates_nothing(tmp_path: Path) -> None:
    with open_stored(Home(tmp_path / "nowhere")) as stored:
        assert stored.revisions == []
        with pytest.raises(UnknownReleaseError, match=r"nothing is stored in .*nowhere yet: .*tracker import FILE"):
            stored.find("2025")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("reference", ["2031", "2025@7"])
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


def test_a_withdrawal_survives_the_index(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    withdraw(stored, "2025@1", "wrong file", NOW)
    home.index.unlink()
    with open_stored(home) as again:
        assert again.find("2025@1").release.withdrawn == "wrong file"
    (home.snapshots / "2025.r1.withdrawn.json").unlink()
    with open_stored(home) as again:
        assert again.find("2025").release.withdrawn is None


def test_the_index_is_rebuilt_from_the_archive(take_in: Import, stored: Stored, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    before = compare_releases(stored, "2025", "2026")
    home.index.unlink()
    with open_stored(home) as again:
        assert compare_releases(again, "2025", "2026") == before
    assert home.index.exists()


def test_a_new_file_in_the_archive_is_taken_in(take_in: Import, home: Home, tmp_path: Path) -> None:
    take_in("HCPC2025.txt", TWO)
    with open_stored(Home(tmp_path / "other"), to_write=True) as other:
        (path := tmp_path / "HCPC2026.txt").write_bytes((tmp_path / "HCPC2025.txt").read_bytes())
        import_path(other, path, Options(complete=True), NOW)
    shutil.copy(tmp_path / "other/snapshots/2026.r1.jsonl", home.snapshots)
    with open_stored(home) as again:
        assert [one.release.name for one in again.revisions] == ["2025@1", "2026@1"]


def test_a_file_that_was_changed_by_hand_is_not_believed(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    path = home.snapshots / "2025.r1.jsonl"
    path.write_text(path.read_text().replace("Short j1940", "Short j194x"))
    with (
        pytest.raises(ArchiveError, match=r"2025.r1.jsonl: its content is not what its digest says"),
        open_stored(home),
    ):
        pass


def test_a_file_under_a_wrong_name_is_not_believed(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2025.r1.jsonl").rename(home.snapshots / "2026.r1.jsonl")
    with pytest.raises(ArchiveError, match="holds 2025@1, which is not what its name says"), open_stored(home):
        pass


def test_a_touched_but_equal_file_is_no_news(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    (home.snapshots / "2025.r1.jsonl").touch()
    with open_stored(home) as stored:
        assert [one.release.name for one in stored.revisions] == ["2025@1"]
        assert len(list(stored.records(stored.find("2025")))) == 2


def test_a_missing_file_is_said_aloud_and_the_index_used(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", MORE)
    (home.snapshots / "2025.r1.jsonl").unlink()
    with open_stored(home) as stored:
        assert stored.find("2025").release.codes == 2
        assert [notice for notice in stored.notices if "2025.r1.jsonl is missing" in notice]


def test_a_damaged_index_says_that_it_can_be_deleted(take_in: Import, home: Home) -> None:
    take_in("HCPC2025.txt", TWO)
    home.index.write_bytes(b"no database" * 1000)
    with (
        pytest.raises(StoreError, match=r"tracker.db is damaged .* delete it, and it will be rebuilt"),
        open_stored(home),
    ):
        pass


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


@pytest.mark.parametrize("database", ["postgresql"], indirect=True)
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
