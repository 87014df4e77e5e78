"""A file is whole under its name, or not there; what is left behind is removed; permissions are the user's."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support import only_on, values
from tracker import disk
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.home import Home


@pytest.fixture
def umask() -> Iterator[None]:
    before = os.umask(0o022)
    yield
    os.umask(before)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


@pytest.mark.parametrize(("mask", "expected"), [(0o022, 0o644), (0o002, 0o664), (0o077, 0o600)])
def test_a_new_file_has_the_permissions_that_the_umask_leaves(
    tmp_path: Path, umask: None, mask: int, expected: int
) -> None:
    os.umask(mask)
    disk.replace(tmp_path / "a.html", [b"new"])
    assert mode(tmp_path / "a.html") == expected


@pytest.mark.parametrize("before", [0o600, 0o640, 0o666])
def test_a_file_that_is_written_anew_keeps_its_permissions(tmp_path: Path, umask: None, before: int) -> None:
    """A list that only its owner may read does not become everybody's."""
    path = tmp_path / "a.csv"
    path.write_bytes(b"old")
    path.chmod(before)
    disk.replace(path, [b"new"])
    assert (path.read_bytes(), mode(path)) == (b"new", before)


@only_on("sqlite", "a server's files are its own")
@pytest.mark.parametrize(("mask", "expected"), [(0o002, 0o664), (0o077, 0o600)])
def test_what_is_stored_has_the_permissions_that_the_umask_leaves(
    database_kind: str, tmp_path: Path, umask: None, mask: int, expected: int
) -> None:
    from tests.support import NOW, record_text

    (source := tmp_path / "HCPC2025.txt").write_bytes(record_text({"A1": values("A1")}))
    os.umask(mask)
    with open_stored(home := Home(tmp_path / "home"), to_write=True) as stored:
        import_path(stored, source, Options(complete=True), NOW)
    assert mode(home.index) == expected
    assert mode(home.snapshots / "2025.r1.jsonl") == expected


def test_content_is_on_the_disk_before_the_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done = []
    fsync, replace = os.fsync, Path.replace

    def synced(handle: int) -> None:
        done.append("folder" if stat.S_ISDIR(os.fstat(handle).st_mode) else "content")
        fsync(handle)

    def renamed(path: Path, target: Path) -> Path:
        done.append("name")
        return replace(path, target)

    monkeypatch.setattr(os, "fsync", synced)
    monkeypatch.setattr(Path, "replace", renamed)
    disk.replace(tmp_path / "a.html", [b"new"])
    assert done == ["content", "name", "folder"]


def test_new_folders_are_on_the_disk_with_those_above(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synced: list[Path] = []
    monkeypatch.setattr(disk, "sync_folder", synced.append)
    disk.make_folder(tmp_path / "home" / "snapshots")
    assert set(synced) == {tmp_path, tmp_path / "home"}
    synced.clear()
    disk.make_folder(tmp_path / "home" / "snapshots")
    assert synced == []


def test_what_a_killed_program_left_is_removed_by_the_next_one(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tracker import disk\n"
        "def pieces():\n"
        "    yield b'half'\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
        "disk.replace(Path(sys.argv[1]), pieces())\n"
    )
    target, other = tmp_path / "a.html", tmp_path / f".{os.getppid()}.a.html.draft"
    target.write_bytes(b"old")
    other.write_bytes(b"of a program that runs")
    killed = subprocess.run([sys.executable, "-c", code, target], check=False, cwd=Path(__file__).parents[1])
    assert killed.returncode == -9
    assert target.read_bytes() == b"old"
    assert len(list(tmp_path.iterdir())) == 3
    disk.replace(tmp_path / "b.html", [b"another file's drafts are left to it"])
    assert len(list(tmp_path.iterdir())) == 4
    disk.replace(target, [b"new"])
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([other.name, "a.html", "b.html"])
