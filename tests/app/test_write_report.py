"""A report is written whole, or what stood there is left as it was."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracker.app.write_report import write_file
from tracker.errors import TrackerError


def test_a_file_is_written_and_nothing_else(tmp_path: Path) -> None:
    for data in (b"one\n", b"two"):
        write_file(tmp_path / "a.txt", data)
        assert (tmp_path / "a.txt").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"one")
    (tmp_path / "a.txt").symlink_to("b.txt")
    write_file(tmp_path / "a.txt", b"two")
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "b.txt").read_bytes() == b"two"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(path, b"words")
        assert os.read(reader, 10) == b"words"
    finally:
        os.close(reader)
    assert path.is_fifo()


@pytest.mark.parametrize("place", [".", "folder", "a.txt/b.txt", "none/b.txt", "x" * 300])
def test_what_cannot_be_written_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder").mkdir()
    (tmp_path / "a.txt").write_bytes(b"one")
    with pytest.raises(TrackerError, match=r"the report was not written$"):
        write_file(Path(place), b"two")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder"]
    assert (tmp_path / "a.txt").read_bytes() == b"one"


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrackerError, match="No space left on device: the report was not written"):
        write_file(path, b"two")
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
