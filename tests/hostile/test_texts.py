"""Texts that are made to harm: records, tables, sheets, and users' lists."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.hcpcs.builders import TWO, csv_of, table_of, text_of
from tests.hostile.conftest import Reading

TEXT = text_of(TWO)
CSV = csv_of(table_of(TWO))
LIST = "Item,HCPCS\nSyringe,A4206\nFurosemide,J1940\n"
MANY = 16 * 1024**2


def test_the_plain_texts_are_read(reading: Reading) -> None:
    assert reading(TEXT.encode()) == "read: A1, J1940; 0 problems"
    assert reading(CSV.encode()).startswith("read: A1, J1940; ")
    assert reading(LIST.encode(), kind="list") == "read: 2 rows"


@pytest.mark.parametrize("kind", ["release", "list"])
@pytest.mark.parametrize("begin", [TEXT, CSV, LIST], ids=["text", "table", "list"])
def test_four_gigabytes_are_refused_unread(reading: Reading, tmp_path: Path, begin: str, kind: str) -> None:
    """A sparse file, which takes no room: it ends in four billion NULs without a line end."""
    path = tmp_path / "HCPC2026.txt"
    path.write_text(begin, newline="")
    os.truncate(path, 4 * 1024**3)
    assert reading(path, kind=kind).startswith("refused: ")


@pytest.mark.parametrize("mark", ["", "utf-16"])
@pytest.mark.parametrize("begin", [CSV, LIST, "HCPCS Code\tS9999\n"], ids=["table", "list", "sheet"])
def test_a_line_without_an_end_is_refused(reading: Reading, begin: str, mark: str) -> None:
    data = begin.encode(mark or "utf-8") + ("x" * MANY).encode(mark)[2:] if mark else begin.encode() + b"x" * MANY
    assert reading(data).startswith("refused: ")
    told = reading(data, kind="list")
    assert "TRACKER_LIMIT_LINE_SIZE lifts it" in told or "no column holds" in told or "nothing to look up" in told


def test_a_line_without_an_end_among_records_is_refused_where_it_begins(reading: Reading) -> None:
    told = reading(TEXT.encode() + b"x" * MANY)
    assert f"line {TEXT.count(chr(10)) + 1}: the line has no end" in told
    assert "TRACKER_LIMIT_LINE_SIZE lifts it" in told


def test_a_gap_between_the_lines_of_a_record_takes_no_memory(reading: Reading) -> None:
    """All between one record and the next was held, as was all behind the last one."""
    first, *rest = TEXT.splitlines(keepends=True)
    blanks = (" " * 10_000 + "\n") * 10_000
    assert reading((first + blanks + "".join(rest)).encode()) == "read: A1, J1940; 0 problems"
    assert reading((TEXT + blanks).encode()) == "read: A1, J1940; 0 problems"


def test_lines_that_are_no_records_are_refused_if_there_are_far_too_many(reading: Reading) -> None:
    for line in ("x\n", "\n"):
        told = reading((TEXT + line * 100_001).encode())
        assert "too many of its lines are no records (the limit is 100,000 lines; TRACKER_LIMIT_OTHER_LINES" in told
    assert "too many of its rows are no records (the limit is 100,000" in reading(CSV.encode() + b"note\n" * 100_001)


def test_more_rows_than_a_release_has_are_refused_and_empty_ones_take_no_memory(reading: Reading) -> None:
    assert reading(CSV.encode() + b"\n" * 1_000_000).startswith("read: A1, J1940; ")
    told = "it has more rows than a release has (the limit is 1,048,576 rows; TRACKER_LIMIT_ROWS lifts it)"
    assert told in reading(CSV.encode() + b"\n" * 1_100_000)


def test_a_table_that_is_too_large_is_refused(reading: Reading) -> None:
    assert "TRACKER_LIMIT_TABLE_SIZE lifts it" in reading(CSV.encode(), TABLE_SIZE="100")


def test_a_million_columns_are_refused(reading: Reading) -> None:
    assert "20,002 columns are too many" in reading(f"HCPC,COV,{','.join(['x'] * 20_000)}\nA0001,C\n".encode())
    wide = ",".join(["x"] * 100_000)
    assert "columns are too many" in reading(f"HCPC,COV,{wide}\nA0001,C\n".encode())
    assert "100,001 columns are too many" in reading(f"HCPCS,{wide}\nJ1940,{wide}\n".encode(), kind="list")


@pytest.mark.parametrize("end", ["\r", ""])
def test_records_without_line_ends_are_refused(reading: Reading, end: str) -> None:
    """Read line by line they were one record, and the others were gone without a word."""
    told = reading(TEXT.replace("\r\n", end).encode())
    assert "line 1: the line goes on where the record of A1 has its line end" in told
    assert ("a carriage return alone is none" in told) == bool(end)
    mixed = TEXT + TEXT.replace("J1940", "J1941").replace("   A1", "   A2").replace("\r\n", end)
    assert "the line goes on where the record of A2 has its line end" in reading(mixed.encode())


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [TEXT, '{"tracker_snapshot":{"absent":[]}}\n'], ids=["records", "snapshot"])
def test_records_in_utf_16_are_told(reading: Reading, text: str, encoding: str) -> None:
    told = reading(text.encode(encoding))
    assert "is in no format that can be read" in told or "holds no HCPCS records" in told


def test_a_table_in_utf_16_is_read_with_its_mark(reading: Reading) -> None:
    assert reading(CSV.encode("utf-16")).startswith("read: A1, J1940; ")
    for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
        assert reading(LIST.encode(encoding), kind="list") == "read: 2 rows"


def test_nul_bytes_never_reach_a_value(reading: Reading) -> None:
    """PostgreSQL stores none. They are told as characters that cannot be read."""
    text = TEXT.replace(TWO["J1940"]["LONG DESCRIPTION"][:3], "a\0b")
    assert reading(text.encode()) == "read: A1, J1940; 1 problems"
    rows = "".join(f"A{number:04},text\n" for number in range(1000))
    assert reading(f"HCPC,LONG DESCRIPTION\n{rows}J1940,a\0b\n".encode()).endswith(" 1 problems")
    assert "is in no format that can be read" in reading(b"HCPC,LONG DESCRIPTION\nJ1940,a\0b\n")
    assert "is in no format that can be read" in reading(bytes(1000))
    assert "is no text (byte 12 is zero)" in reading(b"HCPCS\nJ1940\0\n", kind="list")


def test_half_of_a_surrogate_pair_is_a_character_that_cannot_be_read(reading: Reading) -> None:
    half = "\ud83d".encode("utf-8", "surrogatepass")
    for data in (TEXT.encode().replace(b"Inj", half), CSV.encode().replace(b"Inj", half)):
        assert reading(data).startswith(("read: ", "refused: "))
    halved = CSV.replace("Inj", "\ud83d").encode("utf-16", "surrogatepass")
    assert reading(halved).startswith("read: A1, J1940; ")
    assert reading(b"HCPC,LONG DESCRIPTION\nJ1940,a&#xD800;b\n").startswith("read: J1940; ")
    assert reading(b"HCPCS Code\tJ1940\nCode Description\ta&#xD800;b&#0;c\n").startswith("read: J1940; ")
    assert reading(LIST.encode() + half + b",J1940\n", kind="list") == "read: 3 rows"


@pytest.mark.parametrize("code", ["../../etc", "/etc/passwd", "A/001", "..", "A\x00001", "A\u202e001", "A0001\x1b[31m"])
def test_a_code_that_is_a_path_is_no_code(reading: Reading, code: str) -> None:
    assert reading(("HCPC,COV\r\n" + "\r\n" * 3000 + f"{code},C\r\n").encode()).startswith("refused: ")
    assert reading(f"HCPCS Code\t{code}\nCode Description\tx\n".encode()).startswith("refused: ")
    assert reading(f"HCPCS,Price\nJ1940,1\n{code.replace(chr(0), '')},2\n".encode(), kind="list") == "read: 2 rows"
