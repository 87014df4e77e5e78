"""CMS's zips: text and workbook joined, everything else left alone."""

from __future__ import annotations

import struct
import zipfile
from collections.abc import Callable, Mapping
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.builders import (
    HEADER,
    LAYOUT,
    LONG,
    Records,
    found_values,
    raw_release,
    records_of,
    table_of,
    text_of,
    told,
    workbook_of,
    zip_of,
)
from tests.support import values
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS
from tracker.hcpcs.readers import bundle
from tracker.model import Note, RawRelease, Severity

NAME = "january-2026-alpha-numeric-hcpcs-file.zip"
TEXT = "HCPC2026_JAN_ANWEB_12082025.txt"
BOOK = "HCPC2026_JAN_ANWEB_12082025.xlsx"
TWO: Records = {"A1": values("A1"), "J1940": values("J1940")}


def book(records: Records) -> bytes:
    return workbook_of(table_of(records))


def text(records: Records) -> bytes:
    return text_of(records).encode("cp1252")


def read(text_row: Mapping[str, str], book_row: Mapping[str, str]) -> RawRelease:
    """Read a zip whose files hold one code each."""
    return bundle.read(NAME, zip_of({TEXT: text({"J1940": text_row}), BOOK: book({"J1940": book_row})}))


def test_files_that_agree_are_joined_without_a_problem() -> None:
    raw = bundle.read(NAME, zip_of({TEXT: text(TWO), BOOK: book(TWO)}))
    assert {code: {**row, LONG: row[LONG].strip()} for code, row in found_values(raw).items()} == TWO
    assert (raw.format, raw.complete, raw.amends, raw.problems, raw.notes) == ("zip", True, False, (), ())
    assert (raw.label, raw.mark, raw.published) == ("2026", "12082025", date(2025, 12, 8))


@pytest.mark.parametrize("members", [{TEXT: text(TWO)}, {BOOK: book(TWO)}, {f"folder/sub/{TEXT}": text(TWO)}])
def test_one_of_the_two_files_is_enough(members: dict[str, bytes]) -> None:
    raw = bundle.read(NAME, zip_of(members))
    assert [record.code for record in raw.records] == ["A1", "J1940"]
    assert (raw.complete, raw.label, raw.problems) == (True, "2026", ())
    assert "/" not in records_of(raw)[0].file


def test_a_blank_in_the_text_takes_the_workbooks_value() -> None:
    raw = read(values("J1940"), values("J1940", TOS2="R"))
    assert found_values(raw)["J1940"]["TOS2"] == "R"
    (problem,) = raw.problems
    assert told(raw.problems) == [("note", "J1940", "types_of_service", "R")]
    assert (problem.file, problem.where) == (BOOK, "cell AN2")
    assert problem.message == "blank in the text: the workbook's value was taken"


def test_a_blank_in_the_workbook_takes_the_texts_value() -> None:
    raw = read(values("J1940"), values("J1940", ACT_EFF_DT=""))
    assert found_values(raw)["J1940"]["ACT EFF DT"] == "20100101"
    (problem,) = raw.problems
    assert told(raw.problems) == [("note", "J1940", "action_effective_date", "")]
    assert (problem.file, problem.where) == (BOOK, "cell AT2")
    assert problem.message == "blank in the workbook: the text's value was taken"


def test_where_both_are_filled_the_text_wins() -> None:
    raw = read(values("J1940", COV="D"), values("J1940", COV="C"))
    assert found_values(raw)["J1940"]["COV"] == "D"
    assert told(raw.problems) == [("warning", "J1940", "coverage_code", "C")]


def test_a_description_that_the_workbook_cut_off_is_whole() -> None:
    whole = "A description of many words that the workbook cannot hold, " * 8
    raw = read(values("J1940", LONG_DESCRIPTION=whole), values("J1940", LONG_DESCRIPTION=whole[:249]))
    assert found_values(raw)["J1940"][LONG].split() == whole.split()
    assert told(raw.problems) == [("warning", "J1940", "long_description", whole[49:249])]


def test_a_blank_in_both_is_nobodys_problem_here() -> None:
    raw = read(values("J1940", ACT_EFF_DT=""), values("J1940", ACT_EFF_DT=""))
    assert "ACT EFF DT" not in found_values(raw)["J1940"]
    assert raw.problems == ()


@pytest.mark.parametrize(
    ("in_text", "column", "cell"),
    [
        ({"LONG_DESCRIPTION": "two words"}, LONG, " two \n words "),
        ({"PRICE1": "00"}, "PRICE1", 0),
        ({"ADD_DT": "20170101"}, "ADD DT", 20170101),
        ({"ADD_DT": "20170101"}, "ADD DT", date(2017, 1, 1)),
    ],
)
def test_another_spelling_of_the_same_value_is_no_disagreement(
    in_text: dict[str, str], column: str, cell: object
) -> None:
    row = values("J1940", **in_text)
    cells: list[list[object]] = [[*line] for line in table_of({"J1940": row})]
    cells[1][HEADER.index(column)] = cell
    raw = bundle.read(NAME, zip_of({TEXT: text({"J1940": row}), BOOK: workbook_of(cells)}))
    assert raw.problems == ()
    assert found_values(raw)["J1940"][column].strip() == row[column]


def test_a_column_that_the_workbook_lacks_is_no_blank() -> None:
    header = [column for column in HEADER if column != "BETOS"]
    raw = bundle.read(NAME, zip_of({TEXT: text(TWO), BOOK: workbook_of(table_of(TWO, header))}))
    assert found_values(raw)["J1940"]["BETOS"] == "O1E"
    assert raw.columns == COLUMNS.keys()
    assert (raw.complete, raw.problems) == (True, ())


def test_a_code_that_only_one_file_has_is_kept_and_told() -> None:
    both = {code: values(code) for code in (f"A{number:04}" for number in range(198))}
    raw = bundle.read(
        NAME,
        zip_of({TEXT: text(both | {"J1940": values("J1940")}), BOOK: book(both | {"J1941": values("J1941")})}),
    )
    files = {record.code: record.file for record in raw.records}
    assert files == dict.fromkeys(both, TEXT) | {"J1940": TEXT, "J1941": BOOK}
    assert [(problem.severity, problem.code, problem.file, problem.message) for problem in raw.problems] == [
        (Severity.WARNING, "J1940", TEXT, f"the code is missing in {BOOK}"),
        (Severity.WARNING, "J1941", BOOK, f"the code is missing in {TEXT}"),
    ]


def test_files_of_two_releases_are_refused_by_their_codes() -> None:
    """Two codes of 199 are more than one in a hundred."""
    both = {code: values(code) for code in (f"A{number:04}" for number in range(197))}
    data = zip_of({TEXT: text(both | {"J1940": values("J1940")}), BOOK: book(both | {"J1941": values("J1941")})})
    with pytest.raises(
        SourceError, match=rf"{NAME}: 2 codes stand in {TEXT} alone or in {BOOK} alone: they are of two"
    ):
        bundle.read(NAME, data)


def test_files_of_two_releases_are_refused_by_their_names() -> None:
    other = "HCPC2026_APR_ANWEB.xlsx"
    with pytest.raises(SourceError, match=rf"{TEXT} and {other} are of two releases, 2026 and 2026-04: import one"):
        bundle.read(NAME, zip_of({TEXT: text(TWO), other: book(TWO)}))
    assert bundle.read(NAME, zip_of({TEXT: text(TWO), "records ANWEB.xlsx": book(TWO)})).label == "2026"


slots = st.sampled_from(["", "51", "53", "99"])


@given(st.dictionaries(st.sampled_from(["PRICE1", "COV", "STATUTE", "BETOS"]), st.tuples(slots, slots)))
def test_the_rule_of_joining(sides: dict[str, tuple[str, str]]) -> None:
    """One side blank takes the other's value; the text wins; a problem for each column that differs."""
    mine, its = ({column: pair[side] for column, pair in sides.items()} for side in (0, 1))
    raw = bundle.join(raw_release({"J1940": mine}), raw_release({"J1940": its}, letters=dict.fromkeys(LAYOUT, "A")))
    assert found_values(raw)["J1940"] == {
        column: one or other for column, (one, other) in sides.items() if one or other
    }
    differing = {COLUMNS[column].name: (one, other) for column, (one, other) in sides.items() if one != other}
    assert {problem.field: problem.severity for problem in raw.problems} == {
        field: Severity.WARNING if one and other else Severity.NOTE for field, (one, other) in differing.items()
    }


def test_processing_notes_come_along() -> None:
    raw = bundle.read(NAME, zip_of({TEXT: text(TWO), "notes/proc_notes_JAN2026.txt": b"0001--A NOTE  *\nGOES ON *"}))
    assert raw.notes == (Note("0001", "A NOTE GOES ON"),)


@pytest.mark.parametrize(
    ("member", "data"),
    [
        ("HCPC2026_JAN_ANWEB_Corrections_12082025.xlsx", book({"J1940": values("J1940", COV="D")})),
        ("V2_HCPC2026_Corrections_ANWEB.txt", text({"J1940": values("J1940", COV="D")})),
        ("HCPC2026_JAN_Transaction Report_12082025.xlsx", book({"J1940": values("J1940")})),
        ("HCPC26_Trans_Report_Alpha.xlsx", book({"J1940": values("J1940")})),
        ("Changes_by_ActionCode.prn", b"ADD\r\nJ1940 A made-up text\r\n"),
        ("NOC codes_JAN2026.xlsx", book({"J1940": values("J1940")})),
        ("HCPC2026_recordlayout.txt", text(TWO)),
        ("HCPC2026_README.txt", b"J194000100 is no record"),
        ("__MACOSX/._HCPC2026_JAN_ANWEB_12082025.xlsx", b"\0\5\x16\7"),
        ("Made-up summary.xlsx", workbook_of([["A summary"], ["of made-up things"]])),
        ("HCPC2026_JAN_ANWEB.pdf", b"%PDF-1.7"),
    ],
)
def test_what_stands_beside_the_records_is_left_alone(member: str, data: bytes) -> None:
    expected = bundle.read(NAME, zip_of({TEXT: text(TWO), BOOK: book(TWO)}))
    for members in ({member: data, TEXT: text(TWO), BOOK: book(TWO)}, {TEXT: text(TWO), BOOK: book(TWO), member: data}):
        assert bundle.read(NAME, zip_of(members)) == expected


@pytest.mark.parametrize(
    "member",
    [
        "HCPC2026_JAN_ANWEB_Corrections_12082025.xlsx",
        "HCPC2026_JAN_Transaction Report_12082025.xlsx",
        "HCPC26_Trans_Report_Alpha.xlsx",
        "HCPC2026_recordlayout.xlsx",
        "NOC codes_JAN2026.xlsx",
        "noc_codes.xls",
    ],
)
def test_a_report_never_stands_in_for_the_workbook(member: str) -> None:
    report = book({"J1940": values("J1940", COV="D", TOS2="R")})
    assert bundle.read(NAME, zip_of({TEXT: text(TWO), member: report})) == bundle.read(NAME, zip_of({TEXT: text(TWO)}))


@pytest.mark.parametrize(
    "members",
    [
        {},
        {"HCPC2026_README.txt": b"Read me"},
        {"HCPC2026_Corrections.xlsx": book(TWO), "proc_notes.txt": b"0001--NOTE"},
    ],
)
def test_a_zip_without_records_is_refused(members: dict[str, bytes]) -> None:
    with pytest.raises(SourceError, match=f"{NAME}: the zip holds (no HCPCS records|only CMS's corrections)"):
        bundle.read(NAME, zip_of(members))


@pytest.mark.parametrize(
    "members",
    [
        {TEXT: text(TWO), "HCPC2026_APR_ANWEB.txt": text(TWO)},
        {BOOK: book(TWO), "old/HCPC2026_JAN_ANWEB_v2.xlsx": book(TWO)},
    ],
)
def test_two_files_of_records_are_refused_by_name(members: dict[str, bytes]) -> None:
    first, second = members
    with pytest.raises(SourceError, match=rf"holds the records twice \({first}, {second}\): import one of them alone"):
        bundle.read(NAME, zip_of(members))


def patched(data: bytes, local: int, central: int, value: bytes) -> bytes:
    """Write a value into every header of a zip's members: at one place in the local, at another in the central."""
    patched = bytearray(data)
    for mark, offset in ((b"PK\3\4", local), (b"PK\1\2", central)):
        at = data.find(mark)
        while at >= 0:
            patched[at + offset : at + offset + len(value)] = value
            at = data.find(mark, at + 4)
    return bytes(patched)


WHOLE = zip_of({TEXT: text(TWO)}, zipfile.ZIP_STORED)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (patched(WHOLE, 6, 8, b"\1\0"), "is protected by a password: unpack the zip"),
        (patched(WHOLE, 22, 24, struct.pack("<I", 300 * 1024 * 1024)), r"would unpack to 314,572,800 bytes"),
        (patched(WHOLE, 8, 10, b"\x63\0"), "is packed by method 99, which is not read: unpack the zip and import"),
        (patched(WHOLE, 14, 16, b"\0\0\0\0"), "the zip cannot be read .*: download it again"),
        (patched(WHOLE, 4, 6, b"\xff\0"), "the zip cannot be read .*: download it again"),
    ],
    ids=["encrypted", "oversized", "unknown compression", "wrong checksum", "unknown version"],
)
def test_a_zip_that_cannot_be_unpacked_is_refused(data: bytes, message: str) -> None:
    with pytest.raises(SourceError, match=message):
        bundle.read(NAME, data)


def removed(data: bytes) -> bytes:
    return data[:40] + data[60:]


@pytest.mark.parametrize("compression", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("damage", [removed, lambda data: data[: len(data) // 2], lambda data: data[:-1]])
def test_a_damaged_zip_is_refused(compression: int, damage: Callable[[bytes], bytes]) -> None:
    with pytest.raises(SourceError, match=f"{NAME}: the zip cannot be read"):
        bundle.read(NAME, damage(zip_of({TEXT: text(TWO)}, compression)))


def test_flipped_bytes_are_refused_or_change_nothing() -> None:
    members = {TEXT: text(TWO), BOOK: book(TWO)}
    data = zip_of(members, zipfile.ZIP_DEFLATED)
    whole = bundle.read(NAME, data)
    for at in range(0, len(data), 37):
        damaged = data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :]
        try:
            raw = bundle.read(NAME, damaged)
        except SourceError:
            continue
        assert found_values(raw).keys() == found_values(whole).keys()
