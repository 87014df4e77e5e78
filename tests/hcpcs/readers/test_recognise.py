"""A file's format is told by its content, never by its ending."""

from __future__ import annotations

import gzip
import io
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.hcpcs.builders import (
    HEADER,
    STYLES,
    TWO,
    csv_of,
    normalise,
    sheet_of,
    sheet_rows,
    table_of,
    text_of,
    workbook_of,
    zip_of,
)
from tracker.errors import SourceError, TrackerError
from tracker.hcpcs.readers import recognise
from tracker.model import RawRelease

TEXT = text_of(TWO)
CSV = csv_of(table_of(TWO))
FORMATS = {
    "text": TEXT.encode("cp1252"),
    "text after a notice": b"***Made-up notice***\r\n\r\n" + TEXT.encode(),
    "text with a mark": TEXT.encode("utf-8-sig"),
    "workbook": workbook_of(table_of(TWO)),
    "zip": zip_of({"HCPC2026_JAN_ANWEB.txt": TEXT.encode()}),
    "table": CSV.encode(),
    "table with a mark": CSV.encode("utf-8-sig"),
    "table in UTF-16": csv_of(table_of(TWO), "\t").encode("utf-16"),
    "table by semicolons": csv_of(table_of(TWO), ";").encode(),
    "table by tabs": csv_of(table_of(TWO), "\t").encode(),
    "table by bars": csv_of(table_of(TWO), "|").encode(),
    **{f"sheet {number}": sheet_of(sheet_rows(), style).encode() for number, style in enumerate(STYLES)},
    "sheet in UTF-16": sheet_of(sheet_rows()).encode("utf-16"),
}


def read(name: str, data: bytes) -> RawRelease:
    return recognise.read(name, io.BytesIO(data))


@pytest.mark.parametrize("what", FORMATS)
@pytest.mark.parametrize("name", ["mine", "mine.pdf", "mine.xlsx", "mine.txt"])
def test_every_format_is_told_by_its_content(what: str, name: str) -> None:
    raw = read(name, FORMATS[what])
    assert raw.format == what.split(maxsplit=1)[0]
    assert [record.code for record in raw.records] in (["A1", "J1940"], ["S9999"])
    assert raw.label == ("2026" if raw.format in ("zip", "sheet") else None)


@pytest.mark.parametrize("what", FORMATS)
def test_every_format_of_the_same_records_means_the_same(what: str) -> None:
    records = normalise(read("mine", FORMATS[what])).records
    assert records == normalise(read("mine", FORMATS["sheet 0" if "sheet" in what else "text"])).records


@pytest.mark.parametrize("what", ["text", "workbook", "zip", "table"])
def test_records_come_by_code_whatever_their_order_in_the_file(what: str) -> None:
    mixed = dict.fromkeys(("J1940", "A1", "AA", "A0021", "Z1"), TWO["A1"])
    data = {
        "text": text_of(mixed).encode(),
        "workbook": workbook_of(table_of(mixed)),
        "zip": zip_of({"HCPC2026.txt": text_of(mixed).encode(), "HCPC2026.xlsx": workbook_of(table_of(mixed))}),
        "table": csv_of(table_of(mixed)).encode(),
    }[what]
    for _ in range(2):
        assert [record.code for record in read("mine", data).records] == ["A0021", "A1", "AA", "J1940", "Z1"]


def test_the_files_name_tells_what_its_content_does_not() -> None:
    raw = read("HCPC2025_OCT_ANWEB_09172025.csv", FORMATS["table"])
    assert (raw.label, raw.mark, raw.published) == ("2025-10", "09172025", date(2025, 9, 17))


def test_what_the_content_tells_stands_before_the_name() -> None:
    assert read("hcpcs-2020.txt", FORMATS["sheet 0"]).label == "2026"
    bundle = read("HCPC2020_OCT_ANWEB_v3.zip", zip_of({"HCPC2026_JAN_ANWEB_12082025.txt": TEXT.encode()}))
    assert (bundle.label, bundle.mark, bundle.published) == ("2026", "12082025", date(2025, 12, 8))


def test_a_zips_name_tells_what_its_members_do_not() -> None:
    raw = read("october-2025-alpha-numeric-hcpcs-file.zip", zip_of({"records.txt": TEXT.encode()}))
    assert (raw.label, raw.mark) == ("2025-10", None)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "is empty: download it again"),
        (b" \r\n\t\n", "is empty: download it again"),
        (b"%PDF-1.7\n%\xe2\xe3", "is a PDF"),
        (b"{\\rtf1\\ansi text}", "is an RTF document"),
        (gzip.compress(TEXT.encode()), "is a gzip file"),
        (b"7z\xbc\xaf\x27\x1c\0\4", "is a 7z file"),
        (b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "is in no format that can be read"),
        (CSV.encode("utf-16-le"), "is in no format that can be read"),
        (bytes(range(256)) * 20, "is in no format that can be read"),
        (b"<!DOCTYPE html><html><title>403</title>\n<p>Access Denied</html>", "holds no HCPCS records"),
        (b"Dear colleague, HCPCS codes change in 2026.\n", "holds no HCPCS records"),
        (b"0002--THE CODES 82585  12 3 PERTAIN TO OTHERS *\n", "holds no HCPCS records"),
        (b'{"code": "A0001"}\n', "holds no HCPCS records"),
        (b'HCPC,COV\n"A0001,C\n', "the CSV is malformed after line 1"),
        (b"PK\5\6" + bytes(18), "is in no format that can be read"),
        (b"PK\3\4 and no more", "the zip cannot be read"),
        (FORMATS["zip"][:-30], "the zip cannot be read"),
        (FORMATS["workbook"][:-30], "the zip cannot be read"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(100), "the workbook cannot be read"),
        (workbook_of([["HCPC", "Something"], ["A0001", "else"]]), "no sheet has a header"),
        (b"J1940001004continued " + b"x" * 300 + b"\n", "its first line is missing"),
        (workbook_of([HEADER]), "no record below it"),
    ],
    ids=range(22),
)
def test_what_cannot_be_read_is_refused_in_one_sentence(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message) as refused:
        read("mine.bin", data)
    assert str(refused.value).startswith("mine.bin")
    assert "\n" not in str(refused.value)


starts = st.sampled_from(
    [
        *(b"", b"PK\3\4", b"PK\5\6", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf", b"J1940001003", b"   A1001007"),
        *(b"HCPC,COV\n", b"HCPC\tTOS1\n", b"HCPCS Code\tS9999\n", b"Code Description\t"),
        "HCPC,COV\n".encode("utf-16"),
        TEXT.encode(),
    ]
)


@given(starts, st.binary(max_size=300))
@example(b"HCPC,COV\n", b'"')
@example(b"PK\3\4", b"PK\5\6" + bytes(18))
def test_any_bytes_are_read_or_refused(start: bytes, rest: bytes) -> None:
    with suppress(TrackerError):
        assert normalise(read("mine", start + rest)).records


@given(st.sampled_from(sorted(FORMATS)), st.integers(0), st.binary(max_size=4))
def test_a_damaged_text_is_read_or_refused(what: str, place: int, bytes_in: bytes) -> None:
    data = FORMATS[what]
    at = place % len(data)
    damaged = data[:at] + bytes_in + data[at + len(bytes_in) :]
    if not data.startswith(b"PK"):  # a damaged number in a workbook may ask for more memory than there is
        with suppress(TrackerError):
            assert normalise(read("mine", damaged)).records


@pytest.mark.parametrize("what", ["zip", "workbook"])
def test_a_zip_or_workbook_cut_off_anywhere_is_refused(what: str) -> None:
    data = FORMATS[what]
    for cut in range(0, len(data) - 22, 61):
        with pytest.raises(SourceError):
            read("mine", data[:cut])
