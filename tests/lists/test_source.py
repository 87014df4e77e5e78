"""Users' files are read in every usual encoding and form; what cannot be read gets one sentence."""

from __future__ import annotations

import io
import os
import zipfile
from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lists.samples import SHAPE, Table, csv_of, found, list_of, opened, workbook_of
from tracker.errors import SourceError
from tracker.limits import LIST_SIZE, LIST_WORKBOOK_SIZE
from tracker.lists import source
from tracker.lists.source import open_list, read_list
from tracker.lists.table import UserList

SMALL: Table = [["Item", "HCPCS"], ["Furosemide, µg", "J1940"], ["Syringe", "A4206"]]
SMALL_ROWS = [(2, ("Furosemide, µg", "J1940")), (3, ("Syringe", "A4206"))]


@pytest.mark.parametrize("delimiter", [",", "\t", ";", "|"])
@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "cp1252", "utf-16", "utf-16-le", "utf-16-be", "utf-16-le with mark"]
)
def test_any_encoding_and_delimiter_is_read(tmp_path: Path, encoding: str, delimiter: str) -> None:
    text = csv_of(SMALL, delimiter)
    if encoding.endswith("with mark"):
        encoding, text = "utf-16-le", "\ufeff" + text
    user_list = opened(tmp_path, text.encode(encoding))
    assert user_list.header == ("Item", "HCPCS")
    assert found(user_list) == found(user_list) == SMALL_ROWS
    assert (user_list.first_row, user_list.length) == (2, 2)


def test_big_endian_with_its_mark_is_read(tmp_path: Path) -> None:
    assert found(opened(tmp_path, b"\xfe\xff" + csv_of(SMALL).encode("utf-16-be"))) == SMALL_ROWS


@pytest.mark.parametrize(
    ("content", "remarks"),
    [
        (csv_of(SMALL).encode(), ()),
        (csv_of(SMALL).encode("cp1252"), ("it was read as Windows-1252 text",)),
        (csv_of(SMALL).encode("utf-16"), ("it was read as UTF-16 text",)),
        (csv_of(SMALL, ";").encode(), ("its columns are parted by semicolons",)),
        (
            csv_of(SMALL, "\t").encode("utf-16"),
            ("it was read as UTF-16 text", "its columns are parted by tabs"),
        ),
        (b"J1940,1\nA4206,2\n", ("no row of headings was found: the columns are numbered",)),
        (b"J1940\nA4206\n", ()),
    ],
)
def test_what_is_not_plain_is_said_aloud(content: bytes, remarks: tuple[str, ...]) -> None:
    assert list_of(content).remarks == remarks


def test_an_accent_far_down_decides_the_encoding() -> None:
    rows = [["Item", "HCPCS"], *([["Plain", "J1940"]] * 100_000)]
    text = csv_of(rows)
    assert len(text) > source._BLOCK
    assert list(list_of(text.encode() + "Cathéter,A4206\r\n".encode("cp1252")).rows())[-1].cells[0] == "Cathéter"
    assert list(list_of(text.encode() + "Cathéter,A4206\r\n".encode()).rows())[-1].cells[0] == "Cathéter"


@pytest.mark.parametrize(
    ("text", "header", "rows"),
    [
        ("HCPCS\nJ1940\n", ("HCPCS",), [(2, ("J1940",))]),
        ("J1940\nA4206", ("column 1",), [(1, ("J1940",)), (2, ("A4206",))]),
        ("J1940", ("column 1",), [(1, ("J1940",))]),
        ("J1940 J1941", ("column 1",), [(1, ("J1940 J1941",))]),
        ("J1940,J1941,A4206\n", ("column 1",), [(1, ("J1940,J1941,A4206",))]),
        ("HCPCS\rJ1940\rA4206\r", ("HCPCS",), [(2, ("J1940",)), (3, ("A4206",))]),
        ("HCPCS,N\r\nJ1940,1\r\n\x1a", ("HCPCS", "N"), [(2, ("J1940", "1"))]),
        ("HCPCS\r\nJ1940\r\n\x1a\r\n", ("HCPCS",), [(2, ("J1940",))]),
        ("HCPCS,N\n\nJ1940,1\n,\n  \nA4206,2\n", ("HCPCS", "N"),
         [(3, ("J1940", "1")), (5, ("  ", "")), (6, ("A4206", "2"))]),
        ('HCPCS,Text\nJ1940,"a, b""c"\nA4206,"two\nlines"\nJ1941,x\n', ("HCPCS", "Text"),
         [(2, ("J1940", 'a, b"c')), (3, ("A4206", "two\nlines")), (5, ("J1941", "x"))]),
        ("HCPCS,N\nJ1940\nA4206,2,surplus,,\n", ("HCPCS", "N", "column 3"),
         [(2, ("J1940", "", "")), (3, ("A4206", "2", "surplus"))]),
        ("HCPCS;Price;Text\nJ1940;12,50;Inj, furosemide\nA4206;1,00;Syringe\n", ("HCPCS", "Price", "Text"),
         [(2, ("J1940", "12,50", "Inj, furosemide")), (3, ("A4206", "1,00", "Syringe"))]),
        ("sep=;\nHCPCS;Text\nJ1940;a, b\n", ("HCPCS", "Text"), [(3, ("J1940", "a, b"))]),
        (" HCPCS , Units \n J1940 , 1 \n", ("HCPCS", "Units"), [(2, (" J1940 ", " 1 "))]),
        ('HCPCS,Text\nJ1940,5" tube\n', ("HCPCS", "Text"), [(2, ("J1940", '5" tube'))]),
        ("HCPCS\nJW,see note\nJ1940,x\n", ("HCPCS", "column 2"), [(2, ("JW", "see note")), (3, ("J1940", "x"))]),
        ("JW\nKX\n", ("column 1",), [(1, ("JW",)), (2, ("KX",))]),
        ("J194O\nJ1940\n", ("column 1",), [(1, ("J194O",)), (2, ("J1940",))]),
    ],
)  # fmt: skip
def test_rows_are_read_as_they_stand(
    text: str, header: tuple[str, ...], rows: list[tuple[int, tuple[str, ...]]]
) -> None:
    user_list = list_of(text)
    assert (user_list.header, found(user_list)) == (header, rows)
    assert (user_list.first_row, user_list.length) == (rows[0][0], len(rows))


TITLE: Table = [["Chargemaster", "", ""], ["as of 03/31/2025", "", ""], ["", "", ""]]


@pytest.mark.parametrize(
    ("rows", "heading"),
    [
        ([*TITLE, ["CDM", "HCPCS", "Price"], ["1", "J1940", "12.50"]], 4),
        ([["CDM", "HCPCS", "Price"], ["1", "", "5.00"], ["2", "N/A", "7.00"], ["3", "J1940", "12.50"]], 1),
        ([["2025", "", ""], ["Ort", "Kode", "Preis"], ["1", "J1940", "12.50"]], 2),
        ([["Ort", "Kode", "Preis"], ["1", "J1940", "12.50"]], 1),
        ([["Item", "Code", "2025", "2026"], ["Pump", "J1940", "12", "13"]], 1),
        ([["Codes", "", "Prices", ""], ["HCPCS", "Text", "2025", "2026"], ["J1940", "Inj", "1", "2"]], 2),
        ([["1", "J1940", "12.50"], ["2", "A4206", "1.00"]], 0),
        ([["1", "", "12.50"], ["2", "A4206", "1.00"]], 0),
        ([["J194O", "Jane"], ["J1940", "John"], ["A4206", "Ann"]], 0),
        ([["JW", "Jane"], ["J1940", "John"], ["A4206", "Ann"]], 0),
        ([["HCPCS1", "CPT4"], ["J1940", "99213"]], 1),
        ([["Room", "1200.00"], ["J1940", "12.50"], ["A4206", "1.00"]], 0),
        ([*TITLE, ["1", "J1940", "12.50"], ["2", "A4206", "1.00"]], 0),
    ],
)
def test_headings_are_found_below_a_title_or_are_none(rows: Table, heading: int) -> None:
    user_list = list_of(rows)
    if heading:
        assert user_list.header == tuple(rows[heading - 1])
        assert user_list.first_row == heading + 1
    else:
        assert user_list.header == tuple(f"column {number}" for number in range(1, len(rows[0]) + 1))


def test_headings_below_a_title_are_said_aloud() -> None:
    user_list = list_of([*TITLE, ["CDM", "HCPCS", "Price"], ["1", "J1940", "12.50"]])
    assert user_list.remarks == ("the headings are in row 4, and what stands above them was left out",)


def test_a_long_list_is_sampled_from_end_to_end() -> None:
    rows = [["N", "HCPCS"], *([str(number), "J1940"] for number in range(100_000))]
    user_list = list_of(rows)
    assert user_list.length == 100_000
    numbers = [line.number for line in user_list.sample]
    assert 2000 <= len(numbers) <= 4096
    assert numbers[0] < 100
    assert numbers[-1] > 99_900


def workbook_list(rows: Table, **others: Table) -> bytes:
    return workbook_of({"CDM": rows, **others})


def test_a_workbooks_cells_keep_their_types(tmp_path: Path) -> None:
    rows: Table = [
        ["Code", "Price", "Since", "At", "Open"],
        [99213, 12.5, date(2025, 3, 31), datetime(2025, 3, 31, 8, 15), True],  # noqa: DTZ001 - a workbook knows no zones
        ["J1940", 0, "", "", False],
    ]
    user_list = opened(tmp_path, workbook_list(rows), "list.csv")  # told by its content
    assert user_list.is_workbook
    assert user_list.header == tuple(rows[0])
    assert found(user_list) == found(user_list) == [(2, tuple(rows[1])), (3, tuple(rows[2]))]


def test_a_table_that_does_not_begin_in_the_corner_is_read() -> None:
    rows: Table = [[], [], ["", "", "HCPCS", "Price"], [], ["", "", "J1940", 12.5]]
    user_list = list_of(workbook_list(rows))
    assert user_list.header == ("column 1", "column 2", "HCPCS", "Price")
    assert found(user_list) == [(5, ("", "", "J1940", 12.5))]


def test_the_old_binary_format_is_read(releases_dir: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(releases_dir / "2020/2020-Alpha-Numeric-HCPCS-File.zip") as bundle:
        data = bundle.read("HCPC2020_ANWEB_w_disclaimer.xls")
    user_list = opened(tmp_path, data, "list.xls")
    assert user_list.length > 7000
    assert user_list.header[0] == "HCPC"


CODES: Table = [["HCPCS", "Price"], ["J1940", 12.5], ["A4206", 1]]
NOTES: Table = [["Subject", "Note"], ["All", "see the policy"]]


@pytest.mark.parametrize(
    ("sheets", "hidden", "wanted", "remarks"),
    [
        ({"CDM": CODES}, (), None, ()),
        ({"Notes": NOTES, "CDM": CODES}, (), None, ("the sheet 'CDM' was read, one of 2",)),
        ({"Notes": NOTES, "CDM": CODES}, ("CDM",), None, ("the hidden sheet 'CDM' was read, one of 2",)),
        ({"Old": CODES, "CDM": CODES}, ("Old",), None, ("the sheet 'CDM' was read, one of 2",)),
        ({"Old": CODES, "CDM": CODES}, (), "cdm ", ()),
        ({"Empty": [], "CDM": CODES}, (), None, ("the sheet 'CDM' was read, one of 2",)),
    ],
)
def test_the_sheet_with_codes_is_read_and_said_aloud(
    sheets: dict[str, Table], hidden: Sequence[str], wanted: str | None, remarks: tuple[str, ...], tmp_path: Path
) -> None:
    user_list = opened(tmp_path, workbook_of(sheets, hidden), "list.xlsx", wanted)
    assert found(user_list) == [(2, ("J1940", 12.5)), (3, ("A4206", 1))]
    assert user_list.remarks == remarks


@pytest.mark.parametrize(
    ("sheets", "hidden", "wanted", "message"),
    [
        ({"A": CODES, "B": CODES}, (), None, "the sheets 'A' and 'B' hold codes: say with --sheet which is meant"),
        ({"A": CODES, "B": CODES, "C": NOTES}, ("A", "B"), None, "the sheets 'A' and 'B' hold codes: say with --sheet"),
        ({"A": CODES, "B": NOTES}, (), "C", r"has no sheet 'C': say --sheet with one of 'A', 'B'"),
        ({"A": []}, (), None, "has no rows below its headings"),
        ({"A": [["HCPCS", "Price"]]}, (), None, "has no rows below its headings"),
    ],
)
def test_a_workbook_without_one_sheet_of_codes_is_told(
    sheets: dict[str, Table], hidden: Sequence[str], wanted: str | None, message: str, tmp_path: Path
) -> None:
    with pytest.raises(SourceError, match=rf"^list.xlsx:? {message}"):
        opened(tmp_path, workbook_of(sheets, hidden), "list.xlsx", wanted)


LINES = "".join(f"J{number:04},words\n" for number in range(2000))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty"),
        (b" \r\n ", "is empty"),
        (b"HCPCS,Price\n", "has no rows below its headings"),
        (b"%PDF-1.7 J1940", "is a PDF: save the list as CSV or as a workbook"),
        (b"\x89PNG\r\n\x1a\n", "is an image"),
        (b"\x1f\x8b\x08", "is a gzip file"),
        (b"{\\rtf1 J1940}", "is an RTF document"),
        (b"ISA*00*          *00*", "is an X12 message"),
        (b"<html><table><tr><td>J1940", "is a web page or XML, whatever its name says"),
        (b"\xef\xbb\xbf <?xml version='1.0'?><Workbook>", "is a web page or XML"),
        (b'[{"code": "J1940"}]', "is JSON"),
        (b"J1940\n\0\0\0\n", r"is no text \(byte 7 is zero\)"),
        (b"J1940\n" * 200_000 + b"\0", r"is no text \(byte 1,200,001 is zero\)"),
        (b"PK\x03\x04 and nothing else", "the workbook cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "the workbook cannot be read .* without a password"),
        (
            b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000) + "EncryptedPackage".encode("utf-16-le"),
            "is protected by a password: save it without one",
        ),
        (b"J1940," * 100_000, r"has no line end in its first 262,144 bytes"),
        (f'HCPCS,Text\nJ1940,x\nA4206,"never closed\n{LINES}'.encode(), "row 3: a quote that opens there"),
        (f'HCPCS,Text\nJ1940,x\nA4206,"never closed\n{LINES}J0001,"x"\n'.encode(), "row 3: a quote that opens there"),
        (b'HCPCS,Text\nJ1940,x\nA4206,"never closed\n', "row 3: a quote that opens there is never closed"),
        (b'HCPCS\nJ1940\n"A4206\n' + b"J1941\n" * 10 + b'"A4207"\n', "row 3: a quote that opens there is never closed"),
        (b"HCPCS,Text\nJ1940,x\nA4206," + b"x" * 200_000, "row 3: a cell has more than 131,072 characters"),
    ],
)  # fmt: skip
def test_what_is_no_list_gets_one_sentence(content: bytes, message: str, tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=rf"^list.csv[:,]? {message}") as told:
        opened(tmp_path, content)
    assert "\n" not in str(told.value)


def test_a_cell_of_many_lines_is_a_cell() -> None:
    note = "\n".join(f"line {number}" for number in range(50))
    user_list = list_of([["HCPCS", "Note"], ["J1940", note], ["A4206", "x"]])
    assert found(user_list) == [(2, ("J1940", note)), (52, ("A4206", "x"))]


def test_a_zip_is_to_be_unpacked_first(tmp_path: Path) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        bundle.writestr("list.csv", "J1940\n")
    with pytest.raises(SourceError, match=r"^list.zip is a zip: unpack it and name the file in it$"):
        opened(tmp_path, file.getvalue(), "list.zip")


def test_a_sheet_of_a_text_is_none(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match=r"^list.csv is no workbook and has no sheets: leave out --sheet$"):
        opened(tmp_path, b"J1940\n", sheet="CDM")


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="is a folder: name the file in it"):
        open_list(tmp_path, SHAPE)
    with pytest.raises(SourceError, match="No such file"):
        open_list(tmp_path / "none.csv", SHAPE)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="is no file, but a device or a pipe"):
        open_list(tmp_path / "pipe", SHAPE)


def test_a_list_that_is_too_large_is_refused_unread(tmp_path: Path) -> None:
    for name, begin, size in (
        ("list.csv", b"J1940\n", LIST_SIZE.value),
        ("list.xlsx", b"PK\3\4", LIST_WORKBOOK_SIZE.value),
    ):
        path = tmp_path / name
        path.write_bytes(begin)
        os.truncate(path, size + 1)  # a sparse file, which takes no room
        with pytest.raises(SourceError, match=rf"{name}: [\d,]+ bytes are more than can be read: split the list"):
            open_list(path, SHAPE)


def test_standard_input_can_be_read_twice_and_is_called_that() -> None:
    user_list = read_list(io.BytesIO(b"HCPCS\nJ1940\n"), SHAPE)
    assert user_list.name == "standard input"
    assert found(user_list) == found(user_list) == [(2, ("J1940",))]


def test_nothing_of_a_list_is_shown_by_accident() -> None:
    assert "Miller" not in repr(list_of([["Patient", "HCPCS"], ["Miller", "J1940"]]))


CELL = st.text(st.characters(codec="utf-8", exclude_characters="\0\r\n\x1a", exclude_categories=["Cs"]), max_size=8)


@given(
    st.lists(st.lists(CELL, min_size=2, max_size=2), max_size=20),
    st.sampled_from([",", "\t", ";", "|"]),
    st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
)
def test_what_was_written_is_read_back(others: list[list[str]], delimiter: str, encoding: str) -> None:
    rows: list[list[str]] = [["Item", "HCPCS", "Text"], *[["x", "J1940", "y"]] * 25]
    rows += [[first, "A4206", second] for first, second in others]
    user_list = list_of(csv_of(rows, delimiter).encode(encoding))
    assert [list(line.cells) for line in user_list.rows()] == rows[1:]


def tried(content: str | bytes) -> UserList | str:
    try:
        return list_of(content)
    except SourceError as error:
        return str(error)


@given(st.binary(max_size=400) | st.text("J1940,;\t|\n\r\"' ax", max_size=80))
def test_anything_is_a_list_or_a_sentence(content: str | bytes) -> None:
    outcome = tried(content)
    if isinstance(outcome, str):
        assert outcome.startswith("standard input")
    else:
        lines = list(outcome.rows())
        assert len(lines) == outcome.length > 0
        assert all(len(line.cells) == len(outcome.header) for line in lines)


def test_a_quote_that_swallows_a_few_rows_is_told() -> None:
    text = 'HCPCS,Note\nJ1940,"abc\nA4295,x\nA4295,x\nJ1940,"y"\nJ1940,z\n'
    with pytest.raises(SourceError, match="row 2: a quote that opens there is never closed"):
        read_list(io.BytesIO(text.encode()), SHAPE)


def test_a_note_of_a_few_lines_with_commas_is_a_note() -> None:
    text = 'HCPCS,Note\nJ1940,"Suite 5,\nBoston, MA\n02134, USA"\nA4295,x\n'
    assert [line.cells for line in read_list(io.BytesIO(text.encode()), SHAPE).rows()] == [
        ("J1940", "Suite 5,\nBoston, MA\n02134, USA"),
        ("A4295", "x"),
    ]
