"""CMS's workbooks: cells of all types, sheets that are something else, damage."""

from __future__ import annotations

import struct
import zipfile
from datetime import date, datetime
from pathlib import Path

import pytest

from tests.hcpcs.builders import HEADER, TWO, found_values, row_of, table_of, text_of, workbook_of, zip_of
from tests.support import values
from tracker.errors import SourceError
from tracker.hcpcs.normalise import normalise
from tracker.hcpcs.readers import workbook

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
    assert raw.records[0].line == 4
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
        zip_of({"[Content_Types].xml": b"<Types/>"}),
    ],
    ids=range(8),
)
def test_what_is_no_workbook_is_refused(data: bytes) -> None:
    with pytest.raises(SourceError, match=r"the workbook cannot be read .*: is it whole, and without a password\?"):
        workbook.read(NAME, data)


@pytest.mark.parametrize("left", [32, 70, 120])
def test_an_old_workbook_cut_off_in_its_directory_is_refused(left: int) -> None:
    """The Rust library that reads it panics at that, which is no exception as others are."""
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<10I", 0, 1, 1, 0, 4096, 0xFFFFFFFE, 0, 0xFFFFFFFE, 0, 0) + b"\xff" * 432
    sectors = struct.pack("<2I", 0xFFFFFFFD, 0xFFFFFFFE) + b"\xff" * 504
    with pytest.raises(SourceError, match="the workbook cannot be read"):
        workbook.read(NAME, head + sectors + b"\1" * left)


def test_a_workbook_cut_off_anywhere_is_refused() -> None:
    data = workbook_of(table_of(TWO))
    for cut in range(0, len(data) - 22, 97):  # the last 22 bytes are a zip's end, which readers can do without
        with pytest.raises(SourceError, match=NAME):
            workbook.read(NAME, data[:cut])


def test_the_old_binary_format_is_read(releases_dir: Path) -> None:
    with zipfile.ZipFile(releases_dir / "2020/2020-Alpha-Numeric-HCPCS-File.zip") as bundle:
        data = bundle.read("HCPC2020_ANWEB_w_disclaimer.xls")
    raw = workbook.read("HCPC2020_ANWEB_w_disclaimer.xls", data)
    assert (len(raw.records), raw.complete) == (7079, True)
    for cut in (100, 10_000, 1_000_000):
        with pytest.raises(SourceError, match="cannot be read"):
            workbook.read("cut.xls", data[:cut])
