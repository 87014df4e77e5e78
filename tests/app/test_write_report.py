"""What a report is made of; and it is written whole, or what stood there is left as it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from tests.hcpcs.builders import sheet_of, sheet_rows, table_of, workbook_of
from tests.report.hostile import structure_and_text
from tests.support import NOW, Import, values
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored
from tracker.app.write_report import render_as, view_diff, write_files
from tracker.diff.select import EVERYTHING
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


OCTOBER = {
    "J0001": values("J0001"),
    "J0002": values("J0002"),
    "J0003": values("J0003"),
    "J0005": values("J0005", TERM_DT="20121231"),
}
RE_ISSUED = {
    "J0001": values("J0001", LONG_DESCRIPTION="Another description of j0001"),
    "J0002": values("J0002", COV="D"),
    "J0003": values("J0003", COV="D", PRICE1="53", MULT_PI="B"),
    "J0004": values("J0004"),
}


def remarks(stored: Stored, old: str, new: str, selection: Selection = EVERYTHING) -> tuple[str, ...]:
    return view_diff(stored, compare_releases(stored, old, new, selection), selection).remarks


def test_a_re_issue_says_what_it_changed(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", OCTOBER)
    take_in("HCPC2025_OCT_ANWEB_v4.txt", RE_ISSUED)
    told = "re-issued: 1 code added, 1 code gone, 1 description, 2 coverage codes, 2 payment values"
    better = "2025-10 by itself means 2025-10@2, not 2025-10@1"
    assert remarks(stored, "2025-10@1", "2025-10@2") == (told, better)
    assert remarks(stored, "2025-10@2", "2025-10@1") == (told, better)  # whichever is asked for first
    assert better in remarks(stored, "2025-10@1", "2025-10@1")


@pytest.mark.parametrize(
    ("selection", "told"),
    [
        (Selection(frozenset({Facet.COVERAGE})), "re-issued: 2 coverage codes in what was selected"),
        (Selection(codes=("J0003",)), "re-issued: 1 coverage code, 2 payment values in what was selected"),
        (Selection(codes=("J0004",)), "re-issued: 1 code added in what was selected"),
        (Selection(kind=Kind.MODIFIER), "re-issued: nothing changed in what was selected"),
    ],
)
def test_what_a_re_issue_changed_is_counted_in_what_was_selected(
    stored: Stored, take_in: Import, selection: Selection, told: str
) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", OCTOBER)
    take_in("HCPC2025_OCT_ANWEB_v4.txt", RE_ISSUED)
    assert remarks(stored, "2025-10@1", "2025-10@2", selection)[0] == told


@pytest.mark.parametrize(
    ("first", "second", "told"),
    [
        ({}, {"again": True, "complete": False}, "read again by a newer program: nothing changed"),
        ({}, {"name": "b.txt", "complete": False}, "2025@2 is an excerpt: 1 code added, 1 description"),
        ({"complete": False}, {"name": "b.txt"}, "2025@2 is the whole release: 1 description"),
        ({"complete": False}, {"name": "b.txt", "complete": False}, "2025@2 is an excerpt: 1 description"),
    ],
)
def test_other_reasons_for_a_second_revision(
    stored: Stored, take_in: Import, first: dict[str, bool], second: dict[str, str | bool], told: str
) -> None:
    take_in("a.txt", {"J0001": values("J0001")}, label="2025", **first)
    later = {"J0001": values("J0001", LONG_DESCRIPTION="Another one"), "J0009": values("J0009")}
    options = {"name": "a.txt", **second}
    take_in(release={"J0001": values("J0001")} if options["name"] == "a.txt" else later, label="2025", **options)
    assert told in remarks(stored, "2025@1", "2025@2")


@pytest.mark.parametrize(
    ("coverage", "told"),
    [
        ("C", "other file format (text, workbook): no value differs"),
        ("D", "other file format (text, workbook): 1 coverage code"),
    ],
)
def test_the_workbook_of_a_text(stored: Stored, take_in: Import, tmp_path: Path, coverage: str, told: str) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", {"J0001": values("J0001")})
    path = tmp_path / "HCPC2025_OCT_ANWEB_v3.xlsx"
    rows = table_of({"J0001": values("J0001", COV=coverage, PRICE1="")})  # a blank is no value of one issue
    path.write_bytes(workbook_of(rows))
    import_path(stored, path, Options(complete=True), NOW)
    assert told in remarks(stored, "2025-10@1", "2025-10@2")


def test_sheets_that_amend_a_release(stored: Stored, take_in: Import, tmp_path: Path) -> None:
    take_in("HCPC2026.txt", {"S9999": values("S9999"), "J0001": values("J0001")})
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    (sheets / "one.txt").write_text(sheet_of(sheet_rows()), encoding="utf-8")
    import_path(stored, sheets, Options(), NOW)
    (told, *_) = remarks(stored, "2026@1", "2026@2")
    assert told.startswith("amended by sheets: 2 descriptions")


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.CSV])
def test_every_format_says_which_revisions_it_compared_and_which_is_better(
    stored: Stored, take_in: Import, form: Format
) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", OCTOBER)
    take_in("HCPC2025_OCT_ANWEB_v4.txt", RE_ISSUED)
    view = view_diff(stored, compare_releases(stored, "2025-10@1", "2025-10@2"))
    _, shown = structure_and_text(form, render_as(view, form))
    assert "2025-10 by itself means 2025-10@2, not 2025-10@1" in shown
    assert "re-issued: 1 code added, 1 code gone, 1 description" in shown
    if form is Format.JSON:
        assert [json.loads(shown)[side]["revision"] for side in ("old", "new")] == [1, 2]


def test_the_table_names_the_revisions_in_every_row(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2025_OCT_ANWEB_v3.txt", OCTOBER)
    take_in("HCPC2025_OCT_ANWEB_v4.txt", RE_ISSUED)
    view = view_diff(stored, compare_releases(stored, "2025-10@1", "2025-10@2"))
    _, *rows = render_as(view, Format.CSV).decode().splitlines()
    assert rows
    assert all(row.endswith(",2025-10@1,2025-10@2") for row in rows)


def test_a_file_is_written_and_nothing_else(tmp_path: Path) -> None:
    for data in (b"one\n", b"two"):
        write_files([(tmp_path / "a.txt", data)], NOWHERE)
        assert (tmp_path / "a.txt").read_bytes() == data
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_a_link_stays_a_link(tmp_path: Path) -> None:
    (tmp_path / "b.txt").write_bytes(b"one")
    (tmp_path / "a.txt").symlink_to("b.txt")
    write_files([(tmp_path / "a.txt", b"two")], NOWHERE)
    assert (tmp_path / "a.txt").is_symlink()
    assert (tmp_path / "b.txt").read_bytes() == b"two"


def test_a_pipe_is_written_to_and_not_replaced(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_files([(path, b"words")], NOWHERE)
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
        write_files([(Path(place), b"two")], NOWHERE)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "folder"]
    assert (tmp_path / "a.txt").read_bytes() == b"one"


def test_an_error_on_the_way_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(b"one")

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(TrackerError, match="No space left on device: the report was not written"):
        write_files([(path, b"two")], NOWHERE)
    assert path.read_bytes() == b"one"
    assert list(tmp_path.iterdir()) == [path]


def test_pieces_make_one_file(tmp_path: Path) -> None:
    write_files([(tmp_path / "a.txt", iter([b"one", b"", b"two"]))], NOWHERE)
    assert (tmp_path / "a.txt").read_bytes() == b"onetwo"
    write_files([(tmp_path / "a.txt", [])], NOWHERE)
    assert (tmp_path / "a.txt").read_bytes() == b""
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_pieces_go_to_a_pipe(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_files([(path, iter([b"one", b"two"]))], NOWHERE)
        assert os.read(reader, 10) == b"onetwo"
    finally:
        os.close(reader)


@pytest.mark.parametrize("error", [TrackerError("row 7 is odd"), ValueError("odd"), KeyboardInterrupt()])
@pytest.mark.parametrize("before", [None, b"old"])
def test_what_goes_wrong_between_two_pieces_leaves_nothing(
    tmp_path: Path, error: BaseException, before: bytes | None
) -> None:
    path = tmp_path / "a.txt"
    if before is not None:
        path.write_bytes(before)

    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise error

    with pytest.raises(type(error)) as raised:
        write_files([(path, pieces())], NOWHERE)
    assert raised.value is error
    assert {one.name: one.read_bytes() for one in tmp_path.iterdir()} == ({} if before is None else {"a.txt": before})


def test_a_disk_that_is_full_while_pieces_are_made_is_one_sentence(tmp_path: Path) -> None:
    def pieces() -> Iterator[bytes]:
        yield b"one"
        raise OSError(28, "No space left on device")

    with pytest.raises(TrackerError, match="No space left on device: the report was not written"):
        write_files([(tmp_path / "a.txt", pieces())], NOWHERE)
    assert list(tmp_path.iterdir()) == []
