"""A list as a workbook, read again cell by cell."""

from __future__ import annotations

import io
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from pathlib import Path
from zipfile import ZipFile

import pytest
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.report.lists.list_views import (
    ADDED,
    DISCONTINUED,
    OWN,
    VALID,
    answer,
    chargemaster,
    empty,
    found,
    many,
    view_of,
)
from tracker.errors import TrackerError
from tracker.formats import spreadsheet
from tracker.formats.cells import Cell
from tracker.model import Level
from tracker.report.lists.view import Answer, Column, ListRow, ListView
from tracker.report.lists.workbook import render

HEADINGS = [*OWN, "Row", *(column.title for column in ADDED)]


def book_of(view: ListView) -> Workbook:
    return load_workbook(io.BytesIO(b"".join(render(view))))


def list_of(view: ListView) -> Worksheet:
    sheet = book_of(view)["List"]
    assert isinstance(sheet, Worksheet)
    return sheet


def values(sheet: Worksheet) -> list[list[object]]:
    return [[cell.value for cell in row] for row in sheet.iter_rows()]


def test_the_sheets() -> None:
    assert book_of(chargemaster()).sheetnames == ["Summary", "List"]


def test_the_summary() -> None:
    rows = [[value for value in row if value is not None] for row in values(book_of(chargemaster())["Summary"])]
    filled = [row for row in rows if row]
    assert filled[:8] == [
        ["What 2025 → 2026 means for chargemaster.xlsx"],
        ["old", "2025@1: 8,642 codes, complete"],
        ["new", "2026@1: 8,700 codes, complete"],
        ["codes", "column 2, 'HCPCS'"],
        ["Rows", "Number"],
        ["discontinued", 3],
        ["reused", 1],
        ["changed", 1],
    ]
    begin = filled.index(["Remarks"])
    assert filled[begin + 1 : begin + 5] == [
        ["2026@1 is an excerpt: what it does not hold cannot be told"],
        ["row 10 is blank, and was passed over"],
        ["Discontinued (1)", "Level", "What", "Rows"],
        [
            "J0002",
            "act",
            "\n".join(DISCONTINUED.lines),
            "3, 4 and 13",
        ],
    ]
    assert filled[-1] == ["review", "No code could be read.", "12 rows"]


def test_the_list_has_all_rows_with_their_own_cells_as_they_came() -> None:
    view = chargemaster()
    header, *rows = values(list_of(view))
    assert header == HEADINGS
    for found_row, row in zip(rows, view.rows(), strict=True):
        own = [None if cell == "" else as_excel(cell) for cell in row.cells]
        assert found_row[: len(OWN)] == own
        assert found_row[len(OWN)] == row.number
        told = [None if cell == "" else as_excel(cell) for cell in row.answer.cells]
        assert found_row[len(OWN) + 1 :] == told


def as_excel(cell: Cell) -> Cell:
    return datetime.combine(cell, time()) if isinstance(cell, date) and not isinstance(cell, datetime) else cell


@pytest.mark.parametrize(
    ("cell", "kind", "expected"),
    [
        ("0088", "s", "0088"),
        ("=1+1", "s", "=1+1"),
        ("https://a.example", "s", "https://a.example"),
        ("12", "s", "12"),
        (12.5, "n", 12.5),
        (7, "n", 7),
        (True, "b", True),
        (False, "b", False),
        (date(2025, 3, 31), "d", datetime(2025, 3, 31)),  # noqa: DTZ001
        (datetime(2025, 3, 31, 8, 30), "d", datetime(2025, 3, 31, 8, 30)),  # noqa: DTZ001
        (date(1900, 3, 1), "d", datetime(1900, 3, 1)),  # noqa: DTZ001
        (date(1850, 1, 1), "s", "1850-01-01"),
        (time(9, 15), "d", time(9, 15)),
        (timedelta(hours=25), "d", timedelta(hours=25)),
        (timedelta(hours=-1), "s", "-1 day, 23:00:00"),
        (float("inf"), "s", "inf"),
        ("\ud800", "s", "\\ud800"),
    ],
)
def test_a_cell_of_the_user_keeps_its_type(cell: Cell, kind: str, expected: object) -> None:
    sheet = list_of(view_of((ListRow(2, (cell,), VALID),), columns=("x",)))
    assert (sheet["A2"].data_type, sheet["A2"].value) == (kind, expected)


def test_numbers_and_days_of_ours_are_what_they_are() -> None:
    row = ListRow(2, ("x",), answer(billing_units=0.25, last_valid_day=date(2025, 3, 31), code="=1"))
    sheet = list_of(view_of((row,), columns=("x",)))
    told = dict(zip((cell.value for cell in sheet[1]), sheet[2], strict=True))
    assert (told["Billing units"].value, told["Billing units"].number_format) == (0.25, "General")
    assert told["Last valid day"].value == datetime(2025, 3, 31)  # noqa: DTZ001
    assert (told["Code"].data_type, told["Code"].value) == ("s", "=1")


def test_own_columns_and_ours_look_different_and_the_header_stays() -> None:
    sheet = list_of(chargemaster())
    colours = [cell.fill.start_color.rgb for cell in sheet[1]]
    assert len(set(colours[: len(OWN)])) == len(set(colours[len(OWN) :])) == 1
    assert colours[0] != colours[-1]
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == f"A1:{sheet.cell(13, len(HEADINGS)).coordinate}"
    assert sheet.print_title_rows == "$1:$1"


def test_the_level_is_told_in_a_word_and_in_colour() -> None:
    sheet = list_of(chargemaster())
    for place in (HEADINGS.index("Level"), HEADINGS.index("Status")):
        by_row = {row[OWN.index("Charge")].value: row[place] for row in sheet.iter_rows(min_row=2)}
        act, review, plain = (by_row[charge].font.color.rgb for charge in ("1002", "1005", "1001"))
        assert len({act, review, plain}) == 3
        assert by_row["1002"].font.bold
    assert by_row["1002"].value == "discontinued"


def test_only_long_texts_of_ours_are_folded() -> None:
    sheet = list_of(chargemaster())
    folded = {heading: cell.alignment.wrap_text for heading, cell in zip(HEADINGS, sheet[3], strict=True)}
    assert not any(folded[heading] for heading in OWN)
    assert folded["What to do"]
    heights = {number: sheet.row_dimensions[number].height for number in range(2, 14)}
    assert heights[3] > 20
    assert heights[2] is None or heights[2] <= 15
    widths = {heading: sheet.column_dimensions[chr(ord("A") + place)].width for place, heading in enumerate(HEADINGS)}
    assert widths["Charge"] < widths["What to do"] <= 50


def test_a_search_has_no_numbers_of_rows() -> None:
    assert values(list_of(found())) == [
        ["Code", "Status", "Last valid day", "Score", "Description"],
        ["A0001", "current", None, 1, "Apple, each"],
        ["A0002", "ended", "2024-12-31", 0.75, "Apple, dried"],
    ]
    told = [row[0] for row in values(book_of(found())["Summary"])]
    assert "Best first (2)" not in told


def test_a_list_without_rows_has_its_header() -> None:
    assert values(list_of(empty())) == [HEADINGS]


def test_a_column_that_says_how_it_stands_is_coloured_where_no_other_tells_the_level() -> None:
    added = (Column("code", "Code"), Column("valid", "Valid"))
    rows = (
        ListRow(2, ("x",), Answer(("A0001", "no"), Level.ACT)),
        ListRow(3, ("y",), Answer(("A0002", "yes"))),
    )
    sheet = list_of(view_of(rows, columns=("HCPCS",), added=added))
    assert sheet["D2"].font.color.rgb != sheet["D3"].font.color.rgb
    assert sheet["C2"].font.color.rgb == sheet["C3"].font.color.rgb


def test_our_own_reader_reads_it() -> None:
    view = many(3000)
    sheets = spreadsheet.sheets("a.xlsx", b"".join(render(view)), str)
    rows = [cells for _, cells in sheets["List"]]
    assert rows[0] == HEADINGS
    assert [row[:2] for row in rows[1:]] == [list(row.cells[:2]) for row in view.rows()]


def test_more_columns_than_letters() -> None:
    columns = tuple(f"c{place}" for place in range(40))
    row = ListRow(2, tuple(f"x{place}" for place in range(40)), VALID)
    sheet = list_of(view_of((row,), columns=columns))
    assert [cell.value for cell in sheet[2]][:40] == list(row.cells)
    assert sheet.auto_filter.ref == "A1:BA2"


def test_no_temporary_file_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold the list, which may name patients."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    view = chargemaster()
    b"".join(render(view))
    assert list(tmp_path.iterdir()) == []

    def rows() -> Iterator[ListRow]:
        yield from view.rows()
        assert list(tmp_path.iterdir()) != []
        raise TrackerError("odd")

    with pytest.raises(TrackerError, match=r"^odd$"):
        b"".join(render(replace(view, rows=rows)))
    assert list(tmp_path.iterdir()) == []


def test_the_clock_is_not_asked() -> None:
    with ZipFile(io.BytesIO(b"".join(render(chargemaster())))) as parts:
        assert {part.date_time[0] for part in parts.infolist()} == {1980}
        assert b"1980-01-01T00:00:00Z" in parts.read("docProps/core.xml")
