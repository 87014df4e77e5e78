"""Workbooks are read as they are laid out, long ones too, and refused where they reach too far."""

from __future__ import annotations

import io
import re
import zipfile
from dataclasses import replace

import openpyxl
import pytest

from tracker.errors import SourceError
from tracker.formats.cells import Cell
from tracker.formats.spreadsheet import open_sheets, sheets
from tracker.limits import UNPACKED_SIZE

NAME = "list.xlsx"


def workbook_of(cells: dict[str, Cell]) -> bytes:
    book = openpyxl.Workbook()
    for reference, value in cells.items():
        book.worksheets[0][reference] = value
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def with_cell(data: bytes, xml: str) -> bytes:
    """Put a cell behind the last one of the first sheet."""
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as book, zipfile.ZipFile(file, "w") as changed:
        for part in book.namelist():
            content = book.read(part)
            if "worksheets/" in part:
                content = re.sub(b"</row></sheetData>", xml.encode() + b"</row></sheetData>", content)
            changed.writestr(part, content)
    return file.getvalue()


def test_rows_are_read_anew_with_their_numbers_and_types() -> None:
    (sheet,) = open_sheets(
        NAME, workbook_of({"C3": "HCPCS", "D3": "Price", "C5": "J1940", "D5": 12.5, "D6": 0, "D7": False})
    )
    rows = [
        (3, ["", "", "HCPCS", "Price"]),
        (5, ["", "", "J1940", 12.5]),
        (6, ["", "", "", 0]),
        (7, ["", "", "", False]),
    ]
    assert list(sheet.rows()) == list(sheet.rows()) == rows
    assert (sheet.name, sheet.hidden) == ("Sheet", False)


def test_a_long_list_is_read() -> None:
    (sheet,) = open_sheets(NAME, workbook_of({"A1": "HCPCS", "P1": "Price", "A1048576": "J1940"}))
    assert [(number, row[0]) for number, row in sheet.rows()] == [(1, "HCPCS"), (1_048_576, "J1940")]


@pytest.mark.parametrize("far", ["Q1048576", "CZ170000"])
def test_a_list_that_is_long_and_wide_is_refused(far: str) -> None:
    with pytest.raises(
        SourceError, match=rf"^{NAME}: the sheet 'Sheet' reaches to column [A-Z]+ and row [\d,]+, too far"
    ):
        open_sheets(NAME, workbook_of({"A1": "HCPCS", far: "J1940"}))


def test_a_cell_that_the_library_drops_is_shown_where_it_stands() -> None:
    data = with_cell(
        workbook_of({"A1": "HCPCS", "A2": "J1940"}), '<c r="C2" t="e"><v>#REF!</v></c><c r="B4"><f>A1</f></c>'
    )
    expected = [(1, ["HCPCS", "", ""]), (2, ["J1940", "", "#REF!"]), (4, ["", "=A1"])]
    found = sheets(NAME, data, str)["Sheet"]
    assert [(line, list(row)) for line, row in found] == [
        (line, row if line != 1 else found[0][1]) for line, row in expected
    ]


def test_a_protected_workbook_is_told_as_that() -> None:
    data = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500) + "EncryptedPackage".encode("utf-16-le")
    with pytest.raises(SourceError, match=rf"^{NAME} is protected by a password: save it without one$"):
        open_sheets(NAME, data)


def test_how_much_may_be_unpacked_is_the_callers_to_say() -> None:
    data = workbook_of({"A1": "HCPCS"})
    assert len(open_sheets(NAME, data)) == 1
    with pytest.raises(SourceError, match=rf"^{NAME} would unpack to [\d,]+ bytes, more than a list of codes has \("):
        open_sheets(NAME, data, replace(UNPACKED_SIZE, default=1000))
