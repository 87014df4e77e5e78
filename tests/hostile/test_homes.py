"""Homes, archives, policies and names that are made to harm, from the command line: one sentence, and no traceback."""

from __future__ import annotations

import gc
import json
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.hcpcs.builders import TWO, text_of
from tests.support import Outcome
from tracker import cli

ROOT = Path(__file__).parents[2]
EXCERPT = ROOT / "snapshots/2025.r1.jsonl"
RECORDS = text_of(TWO).encode("cp1252")
COMMANDS = (["releases"], ["doctor"], ["diff", "2025", "2026"], ["import", str(EXCERPT)])

Tracker = Callable[..., Outcome]


@pytest.fixture
def tracker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Tracker]:
    """Run a command in an empty folder. It ends by itself, with a result or one sentence."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.delenv("TRACKER_DATABASE_URL", raising=False)

    def run(*arguments: str | Path, home: Path | None = None, **limits: str) -> Outcome:
        monkeypatch.setenv("TRACKER_HOME", str(home or tmp_path / "home"))
        for name, value in limits.items():
            monkeypatch.setenv(f"TRACKER_LIMIT_{name}", value)
        monkeypatch.setattr(sys, "argv", ["tracker", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        for name in limits:
            monkeypatch.delenv(f"TRACKER_LIMIT_{name}")
        told = capsys.readouterr()
        assert "a defect in tracker" not in told.err
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    yield run
    gc.enable()


def home_of(tmp_path: Path, what: str) -> Path:
    """Return a home that is none."""
    home = tmp_path / "hostile"
    match what:
        case "a loop":
            home.symlink_to(home)
        case "a file":
            home.write_text("x")
        case "an archive that is a loop":
            home.mkdir()
            (home / "snapshots").symlink_to(home / "snapshots")
        case "an archive that is a file":
            home.mkdir()
            (home / "snapshots").write_text("x")
        case "an archive of loops":
            (home / "snapshots").mkdir(parents=True)
            loop = home / "snapshots/2025.r1.jsonl"
            loop.symlink_to(loop)
        case "a pipe":
            (home / "snapshots").mkdir(parents=True)
            os.mkfifo(home / "tracker.db")
        case _:
            (home / "snapshots").mkdir(parents=True)
            (home / "tracker.db").touch()
            os.mkfifo(home / "tracker.db-journal")
    return home


@pytest.mark.parametrize(
    "what",
    [
        "a loop",
        "a file",
        "an archive that is a loop",
        "an archive that is a file",
        "an archive of loops",
        "a pipe",
        "a journal",
    ],
)
def test_a_home_that_is_none_is_one_sentence(tracker: Tracker, tmp_path: Path, what: str) -> None:
    home = home_of(tmp_path, what)
    for command in COMMANDS:
        ended = tracker(*command, home=home)
        told = ended.out if command == ["doctor"] else ended.err
        assert ended.code in (0, 1, 3)
        assert told or ended.code == 0
    ended = tracker("import", EXCERPT, home=home)
    assert ended.code == (0 if what == "an archive of loops" else 3), ended
    if what in ("a pipe", "a journal"):
        assert (
            f"tracker.db{'-journal' if what == 'a journal' else ''} is no file, but a device or a pipe: move it away"
            in ended.err
        )


def test_a_snapshot_file_of_one_line_is_refused(tracker: Tracker, tmp_path: Path) -> None:
    """Four gigabytes, and in a home that holds it already."""
    path = tmp_path / "home/snapshots/2025.r1.jsonl"
    path.parent.mkdir(parents=True)
    path.write_bytes(EXCERPT.read_bytes()[:-1])
    os.truncate(path, 4 * 1024**3)
    assert "TRACKER_LIMIT_SNAPSHOT_LINE_SIZE lifts it" in tracker("releases").err
    assert tracker("import", path, home=tmp_path / "other").code == 3


def test_a_policy_of_four_gigabytes_is_refused_unread(tracker: Tracker, tmp_path: Path) -> None:
    assert tracker("import", EXCERPT, ROOT / "snapshots/2026.r1.jsonl").code == 0
    path = tmp_path / "folder/tracker.toml"
    path.write_text('fail_on = "act"\n')
    os.truncate(path, 4 * 1024**3)
    ended = tracker("diff", "2025", "2026")
    assert (ended.code, "TRACKER_LIMIT_POLICY_SIZE lifts it" in ended.err) == (3, True)
    for data in ('fail_on = "act"\n'.encode("utf-16"), b'fail_on = "a\\uD800"\n', b'fail_on = "act\0"\n', b"\xff\xfe"):
        path.write_bytes(data)
        assert tracker("diff", "2025", "2026").code == 3


@pytest.mark.parametrize(
    "name", ["HCPC2026\x1b[31m\x07.txt", "HCPC2026\u202etxt.exe", "HCPC2026\n2025.txt", "HCPC2026\udcff"]
)
def test_a_files_name_is_stored_and_printed_without_what_controls_a_terminal(
    tracker: Tracker, tmp_path: Path, name: str
) -> None:
    path = tmp_path / name
    path.write_bytes(RECORDS)
    for ended in (
        tracker("import", path, "--release", "2026", "--excerpt"),
        tracker("releases"),
        tracker("impact", path, "2025", "2026"),
    ):
        assert not {"\x1b", "\x07", "\u202e"} & {*ended.out, *ended.err}
    (stored,) = (tmp_path / "home/snapshots").glob("*.jsonl")
    header = json.loads(stored.read_text(encoding="utf-8").splitlines()[0])["tracker_snapshot"]
    assert not {"\x1b", "\x07", "\n", "\udcff"} & {*header["source"]["name"]}


@pytest.mark.parametrize(
    "label", ["2026/..", "../2026", "2026/04/01", "2026\n", "2026\x1b[31m", "2026\u202e", "٢٠٢٦", "2026-13", "-"]
)
def test_a_label_that_is_a_path_is_no_label(tracker: Tracker, tmp_path: Path, label: str) -> None:
    path = tmp_path / "HCPC.txt"
    path.write_bytes(RECORDS)
    ended = tracker("import", path, "--release", label, "--excerpt")
    stored = [found.name for found in tmp_path.rglob("*.jsonl")]
    assert (ended.code, stored) == ((0, ["2026.r1.jsonl"]) if label.strip() == "2026" else (3, []))


def test_a_limit_that_is_no_number_is_one_sentence(tracker: Tracker, tmp_path: Path) -> None:
    path = tmp_path / "HCPC2026.txt"
    path.write_bytes(RECORDS)
    ended = tracker("import", path, "--excerpt", SOURCE_SIZE="much")
    assert (ended.code, ended.err.startswith("error: TRACKER_LIMIT_SOURCE_SIZE is 'much': write a number")) == (3, True)
    ended = tracker("import", path, "--excerpt", SOURCE_SIZE="100")
    assert (ended.code, "TRACKER_LIMIT_SOURCE_SIZE lifts it" in ended.err) == (3, True)
    assert tracker("--help", SOURCE_SIZE="much").code == 0


def test_records_without_line_ends_are_not_stored_as_an_excerpt(tracker: Tracker, tmp_path: Path) -> None:
    path = tmp_path / "HCPC2026.txt"
    path.write_bytes(RECORDS.replace(b"\r\n", b"\r"))
    assert tracker("import", path, "--excerpt").code == 3
    assert list(tmp_path.rglob("*.jsonl")) == []
