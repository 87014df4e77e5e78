"""A lost database comes back from the archive, a lost archive file from the database, both the same bytes."""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Callable
from dataclasses import astuple
from pathlib import Path

import pytest

from tests.app.conftest import Run
from tests.app.test_stored import DAMAGES
from tests.support import NOW, Import, only_on, values
from tracker import disk
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.rebuild import Rebuilt, rebuild
from tracker.app.stored import Stored, open_stored
from tracker.app.verify import verify
from tracker.app.withdraw import withdraw
from tracker.errors import StoreError, UnreadableError
from tracker.home import Home

TWO = {"A1": values("A1"), "J1940": values("J1940")}
MORE = {**TWO, "J2000": values("J2000"), "J2001": values("J2001")}


@pytest.fixture
def both(take_in: Import, stored: Stored, home: Home) -> Home:
    """Give a home with two releases, one of them withdrawn, and nobody who has it open."""
    take_in("HCPC2025.txt", TWO)
    take_in("HCPC2026.txt", {**TWO, "A1": values("A1", COV="D")})
    withdraw(stored, "2026@1", "wrong file", NOW)
    take_in("HCPC2026_v2.txt", MORE)
    stored.store.close()
    return home


def archived(home: Home) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in home.snapshots.iterdir()}


def whole(home: Home, *, aside: int = 0) -> None:
    """Require that all is proven, that nothing is left over but what was set aside, and that answers are right."""
    found = verify(home)
    assert (found.differences, found.releases) == ((), 3)
    assert sum(remark.count(".aside") for remark in found.remarks) == aside
    assert [path.name for path in home.folder.iterdir() if path.name.startswith(".")] == []
    with open_stored(home) as stored:
        assert stored.notices == []
        assert stored.find("2026").release.name == "2026@2"
        assert stored.find("2026@1").release.withdrawn == "wrong file"
        assert [change.code for change in compare_releases(stored, "2025", "2026").changes] == ["J2000", "J2001"]


def test_what_is_whole_stays_as_it_is(both: Home) -> None:
    before = archived(both)
    assert rebuild(both) == Rebuilt((), ())
    assert archived(both) == before
    whole(both)


@only_on("sqlite", "a shared database has no index")
def test_a_lost_index_is_made_anew(both: Home) -> None:
    both.index.unlink()
    assert rebuild(both) == Rebuilt((), ())
    whole(both)


@pytest.mark.parametrize("name", ["2025.r1.jsonl", "2026.r1.jsonl"])
def test_a_lost_file_is_written_anew_with_the_same_bytes(both: Home, name: str) -> None:
    before = archived(both)
    (both.snapshots / name).unlink()
    (told,) = rebuild(both).done
    assert f"{name} was missing, and is written anew from the" in told
    assert archived(both) == before
    whole(both)


def test_a_lost_archive_is_written_anew(both: Home) -> None:
    before = {name: data for name, data in archived(both).items() if name.endswith(".jsonl")}
    shutil.rmtree(both.snapshots)
    assert len(rebuild(both).done) == 3
    after = archived(both)
    assert after.pop("2026.r1.withdrawn.json").startswith(b'{"withdrawal":{"reason":"wrong file"')
    assert after == before
    whole(both)


def test_a_withdrawal_is_there_before_its_snapshot(both: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a program that is killed between the two leaves a wrong release in use."""
    named: list[str] = []
    give_name = disk.give_name

    def watched(draft: Path, target: Path) -> None:
        named.append(target.name)
        give_name(draft, target)

    monkeypatch.setattr(disk, "give_name", watched)
    shutil.rmtree(both.snapshots)
    rebuild(both)
    assert named.index("2026.r1.withdrawn.json") < named.index("2026.r1.jsonl")


def test_a_damaged_file_is_set_aside_and_written_anew(both: Home) -> None:
    before = archived(both)
    path = both.snapshots / "2025.r1.jsonl"
    for number, ending in enumerate((".aside", ".aside2"), 1):
        path.write_bytes(damaged := before[path.name].replace(b"Short j1940", b"Short j194%d" % number))
        (told,) = rebuild(both).done
        assert (
            f"2025.r1.jsonl was not what was stored: it is set aside as {path.name}{ending}, and is written anew"
            in told
        )
        assert path.read_bytes() == before[path.name]
        assert path.with_name(f"{path.name}{ending}").read_bytes() == damaged
    found = verify(both)
    assert found.differences == ()
    assert found.remarks == (f"not used: {path}.aside, {path}.aside2",)


def test_what_nobody_can_prove_is_left_as_it_is(both: Home) -> None:
    path = both.snapshots / "2025.r1.jsonl"
    path.write_bytes(path.read_bytes()[:-200])
    before = archived(both)
    if both.database_url is None:
        both.index.unlink()
        done, (told,) = astuple(rebuild(both))
        assert done == ()
        assert "2025.r1.jsonl: the file is cut off: restore it from a copy" in told
        assert archived(both) == before
    else:
        assert "written anew" in rebuild(both).done[0]


@only_on("sqlite", "damages the index")
@pytest.mark.parametrize("damage", [name for name in DAMAGES if name != "newer"])
def test_a_damaged_index_is_made_anew_and_what_could_not_be_read_is_kept(both: Home, damage: str) -> None:
    before = archived(both)
    DAMAGES[damage](both.index)
    spoilt = both.index.read_bytes()
    done, left = astuple(rebuild(both))
    assert left == ()
    assert archived(both) == before
    whole(both, aside=len(done))
    kept = both.index.with_name("tracker.db.aside")
    assert kept.exists() is bool(done)
    if kept.exists():
        assert done == (f"{both.index} cannot be read whole, or holds more: it is kept as tracker.db.aside",)
        assert kept.read_bytes() == spoilt


@only_on("sqlite", "damages the index")
def test_a_damaged_index_that_alone_holds_a_release_is_kept(both: Home) -> None:
    (both.snapshots / "2025.r1.jsonl").unlink()
    connection = sqlite3.connect(both.index)
    with connection:
        connection.execute("UPDATE record_version SET payload = replace(payload, 'Short', 'Shirt')")
    connection.close()
    spoilt = both.index.read_bytes()
    damaged, gone = rebuild(both).left
    assert "2025.r1.jsonl is missing, and the index's copy is damaged too" in damaged
    assert gone.startswith("2025@1 was stored, and no file that can be trusted has it: restore its snapshot file")
    assert both.index.with_name("tracker.db.aside").read_bytes() == spoilt
    assert verify(both).releases == 2


@only_on("sqlite", "writes to the index's file")
def test_an_index_of_a_newer_program_is_left_as_it_is(both: Home) -> None:
    DAMAGES["newer"](both.index)
    before = both.index.read_bytes()
    with pytest.raises(StoreError, match="made by a newer tracker"):
        rebuild(both)
    assert both.index.read_bytes() == before
    assert sorted(path.name for path in both.folder.iterdir()) == ["snapshots", "tracker.db"]


def test_a_file_of_a_newer_program_is_left_as_it_is(both: Home) -> None:
    path = both.snapshots / "2025.r1.jsonl"
    path.write_bytes(path.read_bytes().replace(b'"format":2', b'"format":9', 1))
    before = archived(both)
    with pytest.raises(UnreadableError, match="was written by a newer tracker"):
        rebuild(both)
    assert archived(both) == before


@only_on("sqlite", "opens the index's file")
def test_whoever_reads_meanwhile_reads_on(both: Home) -> None:
    """The index is written over in one transaction: nobody is left with a file that has no name any more."""
    with open_stored(both) as reader:
        rebuild(both)
        assert [len(list(reader.records(one))) for one in reader.revisions] == [2, 2, 4]
    inode = both.index.stat().st_ino
    rebuild(both)
    assert both.index.stat().st_ino == inode
    whole(both)


@only_on("sqlite", "rebuilds the index")
@pytest.mark.parametrize("way", ["rebuild", "touch"])
def test_who_has_the_home_open_goes_on_asking_for_the_same_releases(
    take_in: Import, stored: Stored, home: Home, way: str
) -> None:
    """They were imported in another order than that of their labels, and a new index gives them the same ids."""
    take_in("HCPC2026.txt", {**MORE, "J1940": values("J1940", COV="D")})
    take_in("HCPC2025.txt", MORE)
    take_in("HCPC2024.txt", {"A1": values("A1", COV="D")}, complete=False)
    asked = [("2024", "2025"), ("2025", "2026")]
    before = [compare_releases(stored, *pair).changes for pair in asked]
    if way == "rebuild":
        rebuild(home)
    else:
        for path in home.snapshots.iterdir():
            path.touch()
        with open_stored(home):
            pass
    assert [compare_releases(stored, *pair).changes for pair in asked] == before
    with open_stored(home) as again:
        assert [compare_releases(again, *pair).changes for pair in asked] == before


@only_on("sqlite", "damages the index")
def test_a_damaged_file_whose_copy_is_damaged_too_is_not_given_up(both: Home) -> None:
    path = both.snapshots / "2025.r1.jsonl"
    path.write_bytes(path.read_bytes()[:-300])
    connection = sqlite3.connect(both.index)
    with connection:
        connection.execute("UPDATE record_version SET payload = payload || ' ' WHERE code = 'J1940'")
    connection.close()
    spoilt = both.index.read_bytes()
    told = rebuild(both)
    assert any(one.startswith("2025@1 was stored, and no file that can be trusted has it") for one in told.left)
    assert both.index.with_name("tracker.db.aside").read_bytes() == spoilt
    assert path.exists()


@only_on("sqlite", "makes a table in the index")
def test_what_somebody_else_keeps_in_the_index_is_kept(both: Home) -> None:
    connection = sqlite3.connect(both.index)
    connection.executescript("CREATE TABLE customers (name); INSERT INTO customers VALUES ('Ada');")
    connection.close()
    assert rebuild(both).left == ()
    kept = sqlite3.connect(both.index.with_name("tracker.db.aside"))
    assert kept.execute("SELECT name FROM customers").fetchall() == [("Ada",)]
    kept.close()
    whole(both, aside=1)


@only_on("sqlite", "writes to the index")
@pytest.mark.parametrize("label", ["2024", "../../evil"])
def test_no_file_is_written_under_a_name_that_is_not_the_releases(both: Home, label: str) -> None:
    connection = sqlite3.connect(both.index)
    with connection:
        connection.execute("UPDATE release SET label = ? WHERE label = '2025'", (label,))
    connection.close()
    before = archived(both)
    assert any("it says that it is 2025@1" in one for one in rebuild(both).left)
    assert archived(both) == before
    assert list(both.folder.rglob("evil*")) == []


@only_on("sqlite", "locks the index's file")
def test_an_index_in_use_is_left_as_it_is(both: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    from tracker.store import database

    monkeypatch.setattr(database, "WAIT_SECONDS", 0.2)
    writer = sqlite3.connect(both.index, isolation_level=None)
    writer.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="was in use by another program"):
        rebuild(both)
    writer.execute("ROLLBACK")
    writer.close()
    whole(both)


@pytest.fixture
def exchanged(both: Home, tmp_path: Path) -> Home:
    """Give the home with another home's 2025@1 in the place of its own."""
    (tmp_path / "HCPC2025.txt").write_bytes((tmp_path / "HCPC2026_v2.txt").read_bytes())
    with open_stored(other := Home(tmp_path / "other"), to_write=True) as stored:
        import_path(stored, tmp_path / "HCPC2025.txt", Options(complete=True), NOW)
    shutil.copy(other.snapshots / "2025.r1.jsonl", both.snapshots)
    return both


@only_on("sqlite", "the copies of a shared database are not looked at")
def test_a_release_that_was_exchanged_is_not_believed_until_the_stored_one_is_given_up(exchanged: Home) -> None:
    """A stored release never changes, also where another home's archive is laid over this one's."""
    with open_stored(exchanged) as stored:
        (notice,) = stored.notices
        assert "holds another release than the one that was stored as 2025@1" in notice
        assert stored.find("2025").release.codes == 2
    told, line = verify(exchanged).differences
    assert told == notice
    assert "2025.r1.jsonl, line 1 is not what" in line
    exchanged.index.unlink()
    assert verify(exchanged).differences == ()
    with open_stored(exchanged) as stored:
        assert stored.find("2025").release.codes == 4


def test_a_release_that_was_exchanged_comes_back(exchanged: Home) -> None:
    other = (exchanged.snapshots / "2025.r1.jsonl").read_bytes()
    told = rebuild(exchanged)
    assert told.left == ()
    assert "2025.r1.jsonl was not what was stored: it is set aside as 2025.r1.jsonl.aside" in told.done[0]
    assert (exchanged.snapshots / "2025.r1.jsonl.aside").read_bytes() == other
    whole(exchanged, aside=1)


def no_file(path: Path, kind: str) -> None:
    path.unlink()
    match kind:
        case "a folder":
            path.mkdir()
        case "a link to nowhere":
            path.symlink_to("/mnt/offline/2025.r1.jsonl")
        case "a link to itself":
            path.symlink_to(path)
        case "a pipe":
            os.mkfifo(path)


@pytest.mark.parametrize("kind", ["a folder", "a link to nowhere", "a link to itself", "a pipe"])
def test_what_is_no_file_is_set_aside_and_the_file_written_anew(both: Home, kind: str) -> None:
    before = archived(both)
    no_file(both.snapshots / "2025.r1.jsonl", kind)
    told = rebuild(both)
    assert told.left == ()
    aside = both.snapshots / "2025.r1.jsonl.aside"
    (aside.rmdir if aside.is_dir() else aside.unlink)()
    assert archived(both) == before
    whole(both)


def test_a_file_that_may_be_good_is_not_set_aside(both: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its line is longer than a limit that somebody lowered, or the system does not let us read it."""
    before = archived(both)
    monkeypatch.setenv("TRACKER_LIMIT_SNAPSHOT_LINE_SIZE", "100")
    with pytest.raises(UnreadableError, match="TRACKER_LIMIT_SNAPSHOT_LINE_SIZE"):
        rebuild(both)
    monkeypatch.undo()
    monkeypatch.setattr(Path, "open", unreadable(Path.open))
    with pytest.raises(UnreadableError, match="Permission denied"):
        rebuild(both)
    monkeypatch.undo()
    assert archived(both) == before


def unreadable(opened: Callable[..., object]) -> Callable[..., object]:
    def refuse(path: Path, *rest: str) -> object:
        if path.suffix == ".jsonl":
            raise PermissionError(13, "Permission denied")
        return opened(path, *rest)

    return refuse


@only_on("postgresql", "a home of its own has an index")
def test_a_lost_shared_database_is_made_anew_from_the_archive(both: Home, postgresql: str) -> None:
    before = archived(both)
    from tests.conftest import empty_schema

    again = Home(both.folder, empty_schema(postgresql))
    told = rebuild(again)
    assert told.left == ()
    assert [one.split(" was taken into")[0] for one in told.done] == ["2025@1", "2026@1", "2026@2"]
    assert archived(again) == before
    whole(again)


def test_the_command(both: Home, run: Run) -> None:
    (both.snapshots / "2025.r1.jsonl").unlink()
    done = run("rebuild")
    assert (done.code, done.err) == (0, "")
    first, last = done.out.splitlines()
    assert first.startswith(str(both.snapshots / "2025.r1.jsonl was missing"))
    assert last.startswith("3 releases in ")
    assert last.endswith("; tracker verify proves them")


@only_on("sqlite", "deletes the index")
def test_the_command_ends_with_1_where_something_is_left(both: Home, run: Run) -> None:
    path = both.snapshots / "2025.r1.jsonl"
    path.write_bytes(path.read_bytes()[:-200])
    both.index.unlink()
    done = run("rebuild")
    assert done.code == 1
    left, last = done.out.splitlines()
    assert left.startswith("left  2025.r1.jsonl: the file is cut off: restore it from a copy")
    assert last.endswith("; not all could be mended")


@only_on("sqlite", "fills the disk of the index")
def test_a_full_disk_leaves_the_index_as_it_is(both: Home) -> None:
    import resource

    before = both.index.read_bytes()
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, hard))
    try:
        with pytest.raises(StoreError):
            rebuild(both)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert both.index.read_bytes() == before
    assert sorted(path.name for path in both.folder.iterdir()) == ["snapshots", "tracker.db"]
    whole(both)
