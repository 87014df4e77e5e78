"""CMS's text records: positions, continuations, damage."""

from __future__ import annotations

import io
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.builders import LENGTHY, LONG, TWO, Values, found_values, text_lines, text_of
from tests.support import values
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS
from tracker.hcpcs.readers import record_text
from tracker.model import Kind, RawRelease, Severity

NAME = "HCPC2026_JAN_ANWEB.txt"
NOTICE = "***Disclaimer***\r\n\r\nMade-up notice of some years, 1234567890 words long.\r\n"

words = st.sampled_from(["a", "of", "mg/ml,", "<=", "190", "per-diem;", "(medicaid", "only)", "x" * 28])
descriptions = st.lists(words, min_size=1, max_size=60).map(" ".join)
texts = st.text(st.sampled_from("AZ09az.()/%<=µ’"), min_size=1)
codes = st.from_regex(r"[A-Z][0-9]{4}|[A-Z0-9]{2}", fullmatch=True)


@st.composite
def filled_columns(draw: st.DrawFn) -> Values:
    """Draw values that fit their columns; without blanks around, for a text cannot show these."""
    columns = draw(st.lists(st.sampled_from(sorted(set(COLUMNS) - {LONG, "ACTION CD"})), unique=True))
    row = {column: draw(texts)[: COLUMNS[column].width] for column in columns}
    return {LONG: draw(descriptions), "ACTION CD": "N", **row}


def found(raw: RawRelease) -> dict[str, dict[str, str]]:
    """Return the values of each code; runs of white space collapsed in the descriptions, as normalising does."""
    return {code: {**row, LONG: " ".join(row[LONG].split())} for code, row in found_values(raw).items()}


def read(text: str) -> RawRelease:
    """Read a text; the records are taken, so that two readings can be compared."""
    raw = record_text.read(NAME, io.BytesIO(text.encode()))
    return replace(raw, records=tuple(raw.records))


def spot(*filled: tuple[int, str]) -> str:
    """Write texts at places counted from one, as the record layout counts them."""
    line = [" "] * 320
    for begin, text in filled:
        line[begin - 1 : begin - 1 + len(text)] = text
    return "".join(line)


def test_every_column_is_read_from_its_place() -> None:
    line = spot(
        (1, "J9999"), (6, "00100"), (11, "3"), (12, "Long"), (92, "Short"),
        (120, "51525354"), (128, "A"), (129, "10-1  20-2  30-3"), (147, "2150.1  2151    2152.10"),
        (171, "1862(a)(1)"), (181, "010100110115120130140150"), (205, "A0001A0002A0003A0004A0005"),
        (230, "C"), (231, "YY"), (233, "20170401"), (241, "280"), (244, "1"), (245, "20170402"),
        (253, "0088"), (257, "O1E"), (261, "19PRS"), (266, "  4"),
        (269, "20170403"), (277, "20170404"), (285, "20170405"), (293, "N"),
    )  # fmt: skip
    (record,) = read(line + "\r\n").records
    assert (record.code, record.kind, record.file, record.line) == ("J9999", Kind.PROCEDURE, NAME, 1)
    assert record.values == {
        "LONG DESCRIPTION": "Long", "SHORT DESCRIPTION": "Short",
        "PRICE1": "51", "PRICE2": "52", "PRICE3": "53", "PRICE4": "54", "MULT_PI": "A",
        "CIM1": "10-1", "CIM2": "20-2", "CIM3": "30-3", "MCM1": "2150.1", "MCM2": "2151", "MCM3": "2152.10",
        "STATUTE": "1862(a)(1)",
        "LABCERT1": "010", "LABCERT2": "100", "LABCERT3": "110", "LABCERT4": "115",
        "LABCERT5": "120", "LABCERT6": "130", "LABCERT7": "140", "LABCERT8": "150",
        "XREF1": "A0001", "XREF2": "A0002", "XREF3": "A0003", "XREF4": "A0004", "XREF5": "A0005",
        "COV": "C", "ASC_GRP": "YY", "ASC_DT": "20170401", "OPPS": "280", "OPPS_PI": "1", "OPPS_DT": "20170402",
        "PROCNOTE": "0088", "BETOS": "O1E",
        "TOS1": "1", "TOS2": "9", "TOS3": "P", "TOS4": "R", "TOS5": "S", "ANEST_BU": "4",
        "ADD DT": "20170403", "ACT EFF DT": "20170404", "TERM DT": "20170405", "ACTION CD": "N",
    }  # fmt: skip


@pytest.mark.parametrize(("width", "further"), [(320, 320), (320, 91), (293, 293), (293, 91), (293, 0), (400, 316)])
@pytest.mark.parametrize("end", ["\r\n", "\n"])
def test_lines_of_all_widths_hold_the_same(width: int, further: int, end: str) -> None:
    text = text_of(TWO, width=width, further=further).replace("\r\n", end)
    raw = read(text)
    assert found(raw) == TWO
    assert raw.problems == ()
    assert raw.columns == COLUMNS.keys()
    assert (raw.format, raw.complete, raw.amends) == ("text", True, False)


def test_a_modifier_stands_right_justified() -> None:
    text = text_of({"A1": values("A1", LONG_DESCRIPTION=LENGTHY)})
    assert text.startswith("   A1001007")
    raw = read(text)
    assert found(raw)["A1"][LONG] == LENGTHY
    assert [(record.code, record.kind) for record in raw.records] == [("A1", Kind.MODIFIER)]


def test_a_preamble_is_passed_over_and_lines_are_counted_with_it() -> None:
    raw = read(NOTICE + text_of(TWO))
    assert [(record.code, record.line) for record in raw.records] == [("A1", 4), ("J1940", 5)]
    assert raw.problems == ()


def test_blank_lines_and_the_old_end_of_file_mark_mean_nothing() -> None:
    text = text_of(TWO)
    for ending in ("\r\n\r\n", "\x1a", "\r\n\x1a", ""):
        assert read(text + ending) == read(text)


def test_a_last_line_needs_no_line_end() -> None:
    text = text_of(TWO, further=91)
    assert read(text.removesuffix("\r\n")) == read(text)


def test_another_line_between_records_is_told() -> None:
    first, second = text_of({"A1": TWO["A1"]}), text_of({"J1940": TWO["J1940"]})
    raw = read(first + "end of the first part\r\n" + second)
    assert found(raw) == TWO
    (problem,) = raw.problems
    assert (problem.severity, problem.file, problem.where, problem.raw) == (
        Severity.WARNING,
        NAME,
        "line 2",
        "end of the first part",
    )


@pytest.mark.parametrize("line", ["x" * 91, "J1940?01003" + "x" * 300, " " * 90 + "x"])
def test_another_line_as_long_as_a_record_is_damage(line: str) -> None:
    first, second = text_of({"A1": TWO["A1"]}), text_of({"J1940": TWO["J1940"]})
    with pytest.raises(SourceError, match=r"line 2: the line is as long as a record, and is none: the file is damaged"):
        read(f"{first}{line}\r\n{second}")
    assert found(read(f"{line}\r\n{first}{second}")) == TWO


def test_a_missing_or_doubled_line_of_a_description_is_damage() -> None:
    lines = text_lines("J1940", TWO["J1940"])
    for changed in ([*lines[:2], *lines[3:]], [*lines[:2], *lines[1:]], [lines[0], lines[2], lines[1], *lines[3:]]):
        with pytest.raises(
            SourceError, match=r"line \d: the description of J1940 goes on here .*: the file is damaged"
        ):
            read("".join(f"{line}\r\n" for line in changed))


@pytest.mark.parametrize(("code", "ids"), [("A1", "34"), ("J1940", "78")])
def test_a_record_id_of_the_other_kind_is_damage(code: str, ids: str) -> None:
    for record_id in ids:
        line = f"{code:>5}00100{record_id}" + "x" * 309
        with pytest.raises(SourceError, match=rf"line 1: {code} cannot have the record id {record_id}: the file is"):
            read(line + "\r\n")


def test_tabs_nul_and_foreign_characters_move_nothing() -> None:
    row = values("J1940", LONG_DESCRIPTION="patient’s\tµg\xa0and\0more")
    told = {**row, LONG: row[LONG].replace("\0", "\ufffd")}  # no database takes a NUL
    assert found_values(read(text_of({"J1940": row}))) == {"J1940": told}


def test_an_orphan_continuation_is_refused() -> None:
    first, second, *_ = text_lines("J1940", TWO["J1940"])
    for text in (
        second,
        f"{first}\n{text_lines('A1', TWO['A1'])[0]}\n{second}",
        f"{first}\n{second.replace('J1940', 'J1941')}",
    ):
        with pytest.raises(
            SourceError, match=r"line \d: the description of J194\d goes on here, but its first line is missing"
        ):
            read(text + "\n")


def test_a_doubled_code_is_refused_with_both_places() -> None:
    with pytest.raises(SourceError, match=r"A1 stands twice, in line 1 and in line 2"):
        read(text_of({"A1": TWO["A1"]}) * 2)


def test_a_text_without_records_is_refused() -> None:
    with pytest.raises(SourceError, match="no line is a record"):
        read(NOTICE)


def test_a_first_line_that_ends_before_its_last_field_is_cut_off() -> None:
    short = text_of({"A1": TWO["A1"]}, width=292)
    with pytest.raises(SourceError, match=r"line 3: the file is cut off in the middle of the record of A1: download"):
        read(text_of({"J1940": values("J1940")}) + "\r\n" + short)


@pytest.mark.parametrize(("width", "further"), [(320, 320), (320, 91), (293, 293), (293, 0)])
def test_a_file_cut_off_anywhere_is_refused_or_whole(width: int, further: int) -> None:
    """Whole: all lines that it has are the whole file's. A cut between two lines cannot be seen."""
    text = NOTICE + text_of({**TWO, "J1941": values("J1941", LONG_DESCRIPTION=LENGTHY)}, width=width, further=further)
    lines = [line.rstrip() for line in text.split("\r\n")]
    refused = 0
    for cut in range(len(text)):
        try:
            read(text[:cut])
        except SourceError:
            refused += 1
        else:
            kept = [line.rstrip() for line in text[:cut].split("\r\n")]
            assert kept[:-1] == lines[: len(kept) - 1]
            assert kept[-1] in ("", lines[len(kept) - 1]), cut
    assert refused > len(text) * 0.9


@pytest.mark.parametrize("start", [b"", NOTICE.encode(), b"\xef\xbb\xbf", b"\r\n\r\n"])
def test_a_file_with_records_is_told(start: bytes) -> None:
    assert record_text.holds_records(start + text_of({"A1": TWO["A1"]}).encode())
    assert record_text.holds_records(start + text_of({"J1940": TWO["J1940"]}).encode())


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"HCPC,LONG DESCRIPTION\nA0001,Text\n",
        b"NDC,HCPC,TERM DT\n00002143333,J0001,\n99999999994\n",
        b"call 18005550104 or 18005550103 now\n",
        b"0002--THE CODES 82585  12 3 AND OTHERS\n",
        b"   A1" + b"\r\n" * 40 + b"x" * 70_000 + b"\n   A1001007text",
    ],
)
def test_a_file_without_records_is_told(data: bytes) -> None:
    assert not record_text.holds_records(data)


@given(
    st.dictionaries(codes, filled_columns(), min_size=1, max_size=4), st.sampled_from([(320, 320), (293, 91), (293, 0)])
)
def test_a_rendered_record_reads_back(records: dict[str, Values], widths: tuple[int, int]) -> None:
    text = text_of(records, width=widths[0], further=widths[1])
    raw = read(text)
    assert found(raw) == records
    assert all(one.code < other.code for one, other in pairwise(raw.records))
    assert {one.code: text.split("\r\n")[one.line - 1][:5].strip() for one in raw.records} == {
        code: code for code in records
    }


@given(st.text(st.sampled_from("AJ1 034789\r\n\x1a\t|é"), max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(SourceError):
        assert read(text).records
