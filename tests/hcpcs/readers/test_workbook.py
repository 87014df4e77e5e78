"""CMS's workbooks: cells of all types, sheets that are something else, damage."""

from __future__ import annotations

import io
import re
import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import openpyxl
import pytest

from tests.hcpcs.builders import (
    HEADER,
    TWO,
    found_values,
    normalise,
    records_of,
    row_of,
    table_of,
    text_of,
    workbook_of,
    zip_of,
)
from tests.support import values
from tracker.errors import SourceError
from tracker.hcpcs.readers import workbook
from tracker.model import Severity

NAME = "HCPC2026_JAN_ANWEB.xlsx"


def with_cell(column: str, cell: object) -> bytes:
    row: list[object] = [*row_of("J1940", values("J1940"))]
    row[HEADER.index(column)] = cell
    return workbook_of([HEADER, row])


def test_a_workbook_with_cmss_columns_is_complete() -> None:
    raw = workbook.read(NAME, workbook_of(table_of(TWO)))
    assert found_values(raw) == TWO
    assert (raw.format, raw.complete, raw.amends, raw.problems) == ("workbook", True, False, ())


@pytest.mark.parametrize(
    ("column", "cell", "text"),
    [
        ("ADD DT", "20170101", "20170101"),
        ("ADD DT", 20170101, "20170101"),
        ("ADD DT", 20170101.0, "20170101"),
        ("ADD DT", datetime(2017, 1, 1, 12, 30), "2017-01-01"),  # noqa: DTZ001
        ("ADD DT", date(2017, 1, 1), "2017-01-01"),
        ("PRICE1", 0, "0"),
        ("PRICE1", "00", "00"),
        ("ANEST_BU", 0, "0"),
        ("MCM1", 2150.5, "2150.5"),
        ("MCM1", "2150.10", "2150.10"),
        ("XREF1", 99213, "99213"),
        ("SHORT DESCRIPTION", "  blanks  ", "blanks"),
        ("LONG DESCRIPTION", "two\nlines", "two\nlines"),
        ("LONG DESCRIPTION", "patient’s µg", "patient’s µg"),
        ("STATUTE", True, "True"),
    ],
)
def test_a_cell_of_any_type_is_taken_as_the_text_that_it_shows(column: str, cell: object, text: str) -> None:
    assert found_values(workbook.read(NAME, with_cell(column, cell)))["J1940"][column] == text


def test_numbers_and_dates_mean_the_same_after_normalising() -> None:
    expected = normalise(workbook.read(NAME, with_cell("ADD DT", "20170101"))).records
    for cell in (20170101, 20170101.0, date(2017, 1, 1)):
        assert normalise(workbook.read(NAME, with_cell("ADD DT", cell))).records == expected


@pytest.mark.parametrize("before", [0, 7, 10, 150])
def test_the_header_stands_after_any_notice(before: int) -> None:
    notice = [["Made-up notice"], [], ["and", "more of it"], *[[]] * 147][:before]
    raw = workbook.read(NAME, workbook_of([*notice, *table_of(TWO)]))
    assert found_values(raw) == TWO
    assert [record.line for record in raw.records] == [before + 2, before + 3]


def test_empty_rows_and_columns_at_the_begin_are_counted() -> None:
    rows = [["", *row] for row in table_of({"J1940": values("J1940", ACT_EFF_DT="")})]
    raw = workbook.read(NAME, workbook_of([[], [], *rows]))
    assert records_of(raw)[0].line == 4
    assert [problem.where for problem in normalise(raw).problems] == ["cell AU4"]


def test_a_problem_names_its_cell() -> None:
    raw = workbook.read(NAME, workbook_of([["Notice"], *table_of({"J1940": values("J1940", ACT_EFF_DT="")})]))
    (problem,) = normalise(raw).problems
    assert (problem.file, problem.where, problem.field) == (NAME, "cell AT3", "action_effective_date")


def test_thousands_of_empty_rows_may_follow() -> None:
    empty: list[list[str]] = [[" ", "", " "], [""] * len(HEADER)] * 1000
    raw = workbook.read(NAME, workbook_of([*table_of(TWO), *empty]))
    assert found_values(raw) == TWO
    assert raw.problems == ()


def test_the_first_sheet_with_records_is_read() -> None:
    before = {"Notice": [["This is no table"]], "Empty": []}
    assert found_values(workbook.read(NAME, workbook_of(table_of(TWO), before))) == TWO


@pytest.mark.parametrize("rows", [[], [["HCPC", "Other"]], [["LONG DESCRIPTION", "ADD DT"], ["Text", "20170101"]]])
def test_a_workbook_without_the_columns_is_refused(rows: list[list[str]]) -> None:
    with pytest.raises(SourceError, match=rf"{NAME}: no sheet has a header with CMS's column names"):
        workbook.read(NAME, workbook_of(rows))


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"PK\x03\x04",
        b"PK\x03\x04 and then nothing of the kind",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(60),
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        text_of(TWO).encode(),
    ],
    ids=range(7),
)
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"the workbook cannot be read .*: is it whole, and without a password\?"):
        workbook.read(NAME, data)


@pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.bin", "content.xml"])
def test_another_office_document_is_refused(part: str) -> None:
    with pytest.raises(SourceError, match=f"{NAME} is an office document and no .xlsx: save the records as .xlsx"):
        workbook.read(NAME, zip_of({"[Content_Types].xml": b"<Types/>", part: b"<x/>"}))


@pytest.mark.parametrize("left", [32, 70, 120])
def test_an_old_workbook_cut_off_in_its_directory_is_refused(left: int) -> None:
    """The Rust library that reads it panics at that, which is no exception as others are."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<10I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    sectors = struct.pack("<2I", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    with pytest.raises(SourceError, match="the workbook cannot be read"):
        workbook.read(NAME, head + sectors + b"\1" * left)


def rewritten(data: bytes, old: str, new: str) -> bytes:
    """Change the XML of a workbook's sheets."""
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        parts = {part: book.read(part) for part in book.namelist()}
    return zip_of(
        {part: re.sub(old.encode(), new.encode(), xml) if "worksheets/" in part else xml for part, xml in parts.items()}
    )


def far(cell: str, row: str = "<row>") -> bytes:
    return rewritten(workbook_of(table_of(TWO)), "</sheetData>", f"{row}{cell}</row></sheetData>")


@pytest.mark.parametrize(
    "data",
    [
        far('<c r="XFD1048576"><v>1</v></c>'),
        far('<c r="XFD1048576" t="e"><v>#N/A</v></c>'),
        far('<c r="xfd1048576"><v>1</v></c>'),
        far("<c r = 'XFD1048576'><v>1</v></c>"),
        far('<c r="ZZZZZ9999"><v>1</v></c>'),
        far('<c r="A1048576"><v>1</v></c>'),
        far("<c><v>1</v></c>" * 16_384, '<row r="1048576">'),
        rewritten(far('<c r="XFD1048576"><v>1</v></c>'), "<(/?)(?=[a-z])", r"<\1x:"),
    ],
    ids=range(8),
)
def test_a_sheet_that_reaches_too_far_is_refused_before_it_is_laid_out(data: bytes) -> None:
    """calamine would ask for 549 GB, and the process would end."""
    with pytest.raises(SourceError, match=rf"{NAME}: the sheet 'Records' reaches to column [A-Z]+ and row [\d,]+, too"):
        workbook.read(NAME, data)


@pytest.mark.parametrize(
    "cell", ['<c r="XFD1048576" s="1"/>', '<c r="XFD1048576"></c>', '<c r="AMJ99"><v>1</v></c>', '<c r="B70000"/>']
)
def test_cells_that_are_far_and_empty_or_not_so_far_do_no_harm(cell: str) -> None:
    assert found_values(workbook.read(NAME, far(cell))) == TWO


def test_a_workbook_that_unpacks_to_too_much_is_refused() -> None:
    data = bytearray(workbook_of(table_of(TWO)))
    at = data.find(b"PK\1\2")
    data[at + 24 : at + 28] = struct.pack("<I", 300 * 1024 * 1024)
    with pytest.raises(SourceError, match=rf"{NAME} would unpack to 314,[\d,]+ bytes, more than a list of codes has"):
        workbook.read(NAME, bytes(data))


@pytest.mark.parametrize(
    ("cell", "lost"),
    [
        ('<c r="AE2" t="e"><v>#N/A</v></c>', "#N/A"),
        ('<c r="AE2" t="e"><f>VLOOKUP(A2,B:C,2)</f><v>#REF!</v></c>', "#REF!"),
        ('<c r="AE2"><f>A2</f></c>', "=A2"),
        ('<c r="AE2"><f>A2</f><v/></c>', "=A2"),
        ('<c r="AE2"><f>A2</f><v></v></c>', "=A2"),
        ('<c r="AE2" t="str"><f>A2</f></c>', "=A2"),
        ('<c r="AE2"><f t="shared" si="0"/></c>', "="),
    ],
)
def test_an_error_or_a_formula_without_its_value_is_no_blank(cell: str, lost: str) -> None:
    plain = workbook_of([HEADER, row_of("J1940", values("J1940"))])
    raw = workbook.read(NAME, rewritten(plain, '<c r="AE2".*?</c>', cell))
    assert found_values(raw) == {"J1940": values("J1940", COV=lost)}
    normalised = normalise(raw)
    assert normalised.records[0].unknown == {"coverage_code"}
    assert [(problem.where, problem.raw) for problem in normalised.problems] == [("cell AE2", lost)]


@pytest.mark.parametrize(
    "cell", ['<c r="AE2" t="str"><f>A2</f><v>D</v></c>', '<c r="AE2" t="str"><f>A2</f><v></v></c>']
)
def test_a_formula_with_its_value_is_that_value(cell: str) -> None:
    plain = workbook_of([HEADER, row_of("J1940", values("J1940"))])
    raw = workbook.read(NAME, rewritten(plain, '<c r="AE2".*?</c>', cell))
    assert found_values(raw)["J1940"].get("COV", "") == ("D" if "D" in cell else "")


def test_errors_are_found_in_their_own_sheet_and_at_its_edges() -> None:
    rows = [["HCPC", "COV", "ACTION CD"], ["A0001", "C", "#N/A"], ["A0002", "C", "N"], ["A0003", "#REF!", "#REF!"]]
    before = {"Notes & more": [["#N/A"], ["=1+1"]]}
    raw = workbook.read(NAME, workbook_of(rows, before))
    assert found_values(raw) == {
        "A0001": {"COV": "C", "ACTION CD": "#N/A"},
        "A0002": {"COV": "C", "ACTION CD": "N"},
        "A0003": {"COV": "#REF!", "ACTION CD": "#REF!"},
    }


def test_two_sheets_of_records_are_refused_by_name_even_a_hidden_one() -> None:
    some = [["HCPC", "COV"], ["A0001", "C"]]
    for rows, other in ((some, some), (table_of(TWO), table_of(TWO))):
        book = openpyxl.load_workbook(io.BytesIO(workbook_of(rows, {"Old ones": other})))
        book["Old ones"].sheet_state = "hidden"
        file = io.BytesIO()
        book.save(file)
        with pytest.raises(
            SourceError, match=f"{NAME}: the sheets 'Old ones' and 'Records' hold records, hidden or not"
        ):
            workbook.read(NAME, file.getvalue())


def test_the_one_sheet_with_all_columns_is_taken_and_the_others_told() -> None:
    raw = workbook.read(NAME, workbook_of(table_of(TWO), {"My list": [["HCPC", "COV"], ["A0001", "C"]]}))
    assert found_values(raw) == TWO
    assert [(problem.severity, problem.message) for problem in raw.problems] == [
        (Severity.NOTE, "the sheet 'My list' holds records too and was passed over")
    ]


def test_a_workbook_cut_off_anywhere_is_refused() -> None:
    data = workbook_of(table_of(TWO))
    for cut in range(0, len(data) - 22, 97):  # the last 22 bytes are a zip's end, which readers can do without
        with pytest.raises(SourceError, match=NAME):
            workbook.read(NAME, data[:cut])


def test_the_old_binary_format_is_read(releases_dir: Path) -> None:
    with zipfile.ZipFile(releases_dir / "2020/2020-Alpha-Numeric-HCPCS-File.zip") as bundle:
        data = bundle.read("HCPC2020_ANWEB_w_disclaimer.xls")
    raw = workbook.read("HCPC2020_ANWEB_w_disclaimer.xls", data)
    assert (len(records_of(raw)), raw.complete) == (7079, True)
    for cut in (100, 10_000, 1_000_000):
        with pytest.raises(SourceError, match="cannot be read"):
            workbook.read("cut.xls", data[:cut])
