"""What a report is made of; and it is written whole, or what stood there is left as it was."""

from __future__ import annotations

import json
import os
from datetime import date
from pathlib import Path

import pytest

from tests.support import Import, values
from tracker.app.compare import compare_releases
from tracker.app.stored import Stored
from tracker.app.write_report import render_as, view_diff, write_file
from tracker.errors import TrackerError
from tracker.home import Home
from tracker.model import Facet, Format, Kind, Level, Selection
from tracker.report.view import ReportView

NOWHERE = Home(Path("/nowhere"))


@pytest.fixture
def two_releases(stored: Stored, take_in: Import) -> Stored:
    """Store two releases: a silent change, a wrong letter, an administrative change, and a value that cannot be."""
    old = {code: values(code) for code in ("A1", "J0001", "J0002", "J0003", "J0004")}
    new = {
        **old,
        "J0001": values("J0001", COV="D"),
        "J0002": values("J0002", COV="D", BETOS="O1F", ACTION_CD="C"),
        "J0003": values("J0003", ACTION_CD="C"),
        "J0004": values("J0004", COV="Q", PRICE1="53"),
    }
    take_in("HCPC2025.txt", old)
    take_in("HCPC2026.txt", new)
    return stored


def view_of(stored: Stored, selection: Selection, *, administrative: bool = False) -> ReportView:
    diff = compare_releases(stored, "2025", "2026", selection)
    return view_diff(stored, diff, selection, administrative=administrative)


def test_a_view_has_the_audit_and_the_problems_of_both_releases(two_releases: Stored) -> None:
    view = view_of(two_releases, Selection())
    assert [(one.kind, one.code) for one in view.audit] == [
        ("silent", "J0001"), ("mislabelled", "J0002"), ("unfounded", "J0003"), ("silent", "J0004")
    ]  # fmt: skip
    assert [(one.release, one.severity, one.field, one.codes) for one in view.problems] == [
        ("2026@1", "error", "coverage_code", ("J0004",))
    ]
    assert view.selection == Selection()


def test_a_value_that_cannot_be_right_makes_a_note_of_its_change(two_releases: Stored) -> None:
    changes = {change.code: change for change in compare_releases(two_releases, "2025", "2026").changes}
    (certain,) = changes["J0001"].events
    doubtful, beside = changes["J0004"].events
    assert (certain.id, certain.level) == ("coverage-changed", Level.ACT)
    assert (doubtful.id, doubtful.level) == ("coverage-changed", Level.NOTE)
    assert doubtful.text.startswith("Coverage code Q instead of C. In doubt: not in the field's code list")
    assert doubtful.text.endswith("(2026@1).")
    assert (beside.id, beside.level) == ("payment-changed", Level.REVIEW)


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(codes=("J0002", "J0003")), ["J0002", "J0003"]),
        (Selection(kind=Kind.PROCEDURE), ["J0001", "J0002", "J0003", "J0004"]),
        (Selection(kind=Kind.MODIFIER), []),
        (Selection(frozenset({Facet.ACTION})), []),
        (Selection(frozenset({Facet.COVERAGE})), []),
        (Selection(events=frozenset({"coverage-changed"})), []),
        (Selection(level=Level.ACT), []),
    ],
)
def test_a_part_of_a_change_is_not_audited(two_releases: Stored, selection: Selection, expected: list[str]) -> None:
    """The facet action alone would call every letter unfounded."""
    view = view_of(two_releases, selection)
    assert [one.code for one in view.audit] == expected
    assert json.loads(render_as(view, Format.JSON))["audit"] == [
        {"kind": one.kind, "code": one.code, "text": one.text, "explained": one.explained} for one in view.audit
    ]


@pytest.mark.parametrize(
    ("selection", "administrative", "shown"),
    [
        (Selection(), False, False),
        (Selection(), True, True),
        (Selection(frozenset({Facet.ACTION})), False, True),
        (Selection(frozenset({Facet.COVERAGE})), False, False),
    ],
)
def test_the_facet_action_shows_administrative_changes(
    two_releases: Stored, selection: Selection, administrative: bool, shown: bool
) -> None:
    view = view_of(two_releases, selection, administrative=administrative)
    assert shown is any(entry.change.code == "J0003" for section in view.sections for entry in section.entries)


def test_a_view_knows_no_day_but_the_one_it_is_given(two_releases: Stored) -> None:
    diff = compare_releases(two_releases, "2025", "2026")
    assert view_diff(two_releases, diff).written is None
    assert view_diff(two_releases, diff, written=date(2026, 2, 1)).written == date(2026, 2, 1)


def test_a_file_is_written_and_nothing_else(tmp_path: Path) -> None:
    for data in (b"one\n", b"two"):
        write_file(tmp_path / "a.txt", data, NOWHERE)
        assert (tmp_path / "a.txt").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"one")
    (tmp_path / "a.txt").symlink_to("b.txt")
    write_file(tmp_path / "a.txt", b"two", NOWHERE)
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "b.txt").read_bytes() == b"two"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_file(path, b"words", NOWHERE)
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
        write_file(Path(place), b"two", NOWHERE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder"]
    assert (tmp_path / "a.txt").read_bytes() == b"one"


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrackerError, match="No space left on device: the report was not written"):
        write_file(path, b"two", NOWHERE)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]
