"""Tables with CMS's column names, of workbooks and CSV files."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.builders import (
    HEADER,
    LENGTHY,
    LONG,
    TWO,
    csv_of,
    found_values,
    normalise,
    records_of,
    row_of,
    table_of,
)
from tests.support import values
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS
from tracker.hcpcs.readers import table
from tracker.model import Kind, RawRelease, Severity

NAME = "mine.csv"


def read(text: str) -> RawRelease:
    raw = table.read_csv(NAME, text)
    assert raw is not None
    return raw


def read_rows(rows: Sequence[Sequence[str]], source_format: str = "workbook") -> RawRelease:
    numbered = list(enumerate(rows, 1))
    header = table.find_header(numbered)
    assert header is not None
    return table.read_rows(NAME, source_format, numbered, header)


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("end", ["\r\n", "\n", "\r"])
def test_a_csv_is_read_with_any_separator(separator: str, end: str) -> None:
    raw = read(csv_of(table_of(TWO), separator).replace("\r\n", end))
    assert found_values(raw) == TWO
    assert (raw.format, raw.complete, raw.problems) == ("table", False, ())
    assert [record.kind for record in raw.records] == [Kind.MODIFIER, Kind.PROCEDURE]


def test_only_a_workbook_with_all_columns_is_complete() -> None:
    assert read_rows(table_of(TWO)).complete
    assert not read_rows(table_of(TWO), "table").complete
    assert not read_rows(table_of(TWO, HEADER[:-1])).complete
    assert not read_rows(table_of(TWO, [column for column in HEADER if column != "RECID"])).complete


@pytest.mark.parametrize(
    ("header", "column"),
    [
        ("HCPCS,Long Description", LONG),
        ("hcpcs code,long_description", LONG),
        ("HCPC, ADD_DT ", "ADD DT"),
        ("HCPC,termination_date", "TERM DT"),
        ("HCPC,Act  Eff Dt", "ACT EFF DT"),
    ],
)
def test_spellings_of_a_column_are_understood(header: str, column: str) -> None:
    assert found_values(read(f"{header}\nA0001,20200101\n")) == {"A0001": {column: "20200101"}}


def test_a_column_of_ones_own_is_told_and_passed_over() -> None:
    raw = read("Department,HCPC,COV\nInfusion,A0001,C\n")
    assert found_values(raw) == {"A0001": {"COV": "C"}}
    (problem,) = raw.problems
    assert (problem.severity, problem.where, problem.raw) == (Severity.NOTE, "line 1", "Department")


def test_missing_columns_are_no_fields() -> None:
    raw = read("HCPC,COV,TERM DT\nA0001,C,\nA0002,D,20200101\n")
    assert raw.columns == {"COV", "TERM DT"}
    assert normalise(raw).fields == {"coverage_code", "termination_date"}


def test_a_code_with_nothing_but_blanks_is_a_record_where_blanks_are_values() -> None:
    raw = read("HCPC,TERM DT,XREF1\nA0001,,\nA0002,20200101,A0001\n")
    assert found_values(raw) == {"A0001": {}, "A0002": {"TERM DT": "20200101", "XREF1": "A0001"}}
    assert raw.problems == ()


def test_a_footnote_is_no_record() -> None:
    raw = read('HCPC,LONG DESCRIPTION,TERM DT\nA0001,Text,\nTOTAL,,\n"Made-up note, 2026",,\n')
    assert found_values(raw) == {"A0001": {LONG: "Text"}}
    assert [(problem.where, problem.raw) for problem in raw.problems] == [
        ("line 3", "TOTAL"),
        ("line 4", "Made-up note, 2026"),
    ]


def test_empty_rows_are_passed_over_in_silence() -> None:
    raw = read("\nHCPC,COV\n,\n\nA0001,C\n , \n,\n\n")
    assert found_values(raw) == {"A0001": {"COV": "C"}}
    assert raw.problems == ()


@pytest.mark.parametrize("before", [0, 7, 10, 99])
def test_the_header_stands_after_any_notice(before: int) -> None:
    raw = read("A made-up notice\n" * before + csv_of(table_of(TWO)))
    assert found_values(raw) == TWO
    assert records_of(raw)[0].line == before + 2


def test_rows_may_be_shorter_or_longer_than_the_header() -> None:
    raw = read("HCPC,COV,BETOS,TERM DT\nA0001,C\nA0002,D,O1E,,,\n")
    assert found_values(raw) == {"A0001": {"COV": "C"}, "A0002": {"COV": "D", "BETOS": "O1E"}}


@pytest.mark.parametrize("row", ["A0001,Tube, sterile,C", "A0001,Text,C,x", ",,,x"])
def test_a_row_with_more_cells_than_the_header_is_refused(row: str) -> None:
    with pytest.raises(SourceError, match=f"{NAME}, line 2: more cells than the header: quote the commas in the desc"):
        table.read_csv(NAME, f"HCPC,LONG DESCRIPTION,COV\n{row}\n")


@pytest.mark.parametrize(("code", "ids"), [("A1", "34"), ("J1940", "78")])
def test_a_recid_of_the_other_kind_is_refused(code: str, ids: str) -> None:
    for record_id in ids:
        with pytest.raises(SourceError, match=f"{NAME}, line 2: {code} cannot have the RECID {record_id}: the row"):
            table.read_csv(NAME, f"HCPC,RECID,LONG DESCRIPTION\n{code},{record_id},Text\n")


def test_slots_are_kept_in_their_order_whatever_the_columns_order() -> None:
    raw = read("TOS2,HCPC,TOS1\n9,A0001,1\n")
    assert normalise(raw).records[0].values["types_of_service"] == ("1", "9")


@pytest.mark.parametrize(("code", "kind"), [("A1", Kind.MODIFIER), ("25", Kind.MODIFIER), ("a0001", Kind.PROCEDURE)])
def test_without_recid_the_kind_follows_from_the_codes_shape(code: str, kind: Kind) -> None:
    (record,) = read(f"HCPC,COV\n {code} ,C\n").records
    assert (record.code, record.kind) == (code.upper(), kind)


def test_a_continuation_row_is_appended_to_its_record() -> None:
    first, second = LENGTHY[:200].rsplit(" ", 1)
    further = [
        cell if column in ("HCPC", LONG) else ""
        for column, cell in zip(HEADER, row_of("J1940", {LONG: second}), strict=True)
    ]
    further[HEADER.index("RECID")] = "4"
    rows = [*table_of({"J1940": values("J1940", LONG_DESCRIPTION=first)}), further, row_of("J1941", values("J1941"))]
    raw = read_rows(rows)
    assert found_values(raw) == {
        "J1940": values("J1940", LONG_DESCRIPTION=f"{first} {second}"),
        "J1941": values("J1941"),
    }


@pytest.mark.parametrize(
    "rows", ["A0001,4,more\n", "A0001,3,Text\nA0002,3,Text\nA0001,4,more\n", "A1,7,Text\nA2,8,more\n"]
)
def test_a_continuation_of_another_row_is_refused(rows: str) -> None:
    with pytest.raises(
        SourceError, match=r"line \d: the description of A\d+ goes on here, but the row above is another"
    ):
        table.read_csv(NAME, "HCPC,RECID,LONG DESCRIPTION\n" + rows)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("HCPC,COV\nA0001,C\nA0002,D\na0001,C\n", "A0001 stands twice, in line 2 and in line 4"),
        ("HCPC,COV,COV\nA0001,C,D\n", "line 1: the column COV stands twice"),
        ("HCPC,HCPCS Code,COV\nA0001,A0001,C\n", "line 1: the column HCPC stands twice"),
        ("HCPC,COV\nA0001,C\n,D\n", "line 3: '' is no HCPCS code"),
        ("HCPC,COV\nA001,C\n", "line 2: 'A001' is no HCPCS code"),
        ("HCPC,COV\n", "there is a header in line 1 and no record below it"),
        ("\n\nHCPC,COV\n,\n", "there is a header in line 3 and no record below it"),
        ('HCPC,COV\nA0001,C\n"A0002,D\n', "the CSV is malformed after line 2"),
        ('HCPC,COV\nA0001,"C"D\n', "the CSV is malformed after line 1"),
    ],
)
def test_a_table_that_cannot_be_right_is_refused_with_its_place(text: str, message: str) -> None:
    with pytest.raises(SourceError) as refused:
        table.read_csv(NAME, text)
    assert str(refused.value).startswith(NAME)
    assert message in str(refused.value)


def test_a_transaction_report_is_refused() -> None:
    text = "HCPC,LONG DESCRIPTION,ACTION CD\nA0001,Text,ADD\nA0002,Text,DISCONTINUE\nA0003,Text,N\n"
    with pytest.raises(SourceError, match=r"ACTION CD holds words such as 'ADD' .* this is a report about a release"):
        table.read_csv(NAME, text)


def test_a_few_values_that_are_too_long_are_problems_and_no_refusal() -> None:
    raw = read("HCPC,ACTION CD\nA0001,ADD\nA0002,N\nA0003,N\n")
    assert [problem.code for problem in normalise(raw).problems] == ["A0001"]


def test_quoted_cells_hold_separators_quotes_and_line_ends() -> None:
    raw = read('HCPC,LONG DESCRIPTION,COV\r\nA0001,"Tube, 1"" wide,\r\nsterile",C\r\nA0002,Text,D\r\n')
    assert found_values(raw)["A0001"] == {LONG: 'Tube, 1" wide,\r\nsterile', "COV": "C"}
    assert records_of(raw)[1].values == {LONG: "Text", "COV": "D"}


@pytest.mark.parametrize("character", ["\u2028", "\x0b", "\x0c", "\x85", "\x1e"])
def test_only_line_ends_end_a_row(character: str) -> None:
    raw = read(f"HCPC,LONG DESCRIPTION,COV\nA0001,Text{character}goes on,C\n")
    assert found_values(raw) == {"A0001": {LONG: f"Text{character}goes on", "COV": "C"}}


@pytest.mark.parametrize(
    "text", ["", "\n", "A0001,Text\n", "HCPC\nA0001\n", "HCPC,Department\nA0001,Infusion\n", '"HCPC']
)
def test_a_file_without_a_header_is_none(text: str) -> None:
    assert table.read_csv(NAME, text) is None


def test_a_header_far_below_is_none() -> None:
    assert table.read_csv(NAME, "notice\n" * 100 + csv_of(table_of(TWO))) is None
    assert table.read_csv(NAME, "notice " * 10_000 + "\n" + csv_of(table_of(TWO))) is None


@pytest.mark.parametrize("text", ["x|" * 5_000_000, '"' + "x,\n" * 3_000_000, 'HCPC,COV\n"' + "x" * 10_000_000])
def test_a_large_file_of_another_kind_takes_no_time(text: str) -> None:
    begin = time.process_time()
    with suppress(SourceError):
        assert table.read_csv(NAME, text) is None
    assert time.process_time() - begin < 1


cells = st.text(st.characters(codec="utf-8", exclude_characters='\r\n"'), min_size=1).map(str.strip).filter(bool)


@given(
    st.dictionaries(
        st.from_regex(r"[A-Z][0-9]{4}|[A-Z0-9]{2}", fullmatch=True),
        st.dictionaries(st.sampled_from(sorted(set(COLUMNS) - {"ACTION CD", LONG})), cells, max_size=5),
        min_size=1,
        max_size=4,
    ),
    st.permutations(HEADER),
)
def test_a_table_reads_back_whatever_the_order_of_its_columns(
    records: dict[str, dict[str, str]], header: list[str]
) -> None:
    whole = {code: {LONG: "Text", "ACTION CD": "N", **row} for code, row in records.items()}
    coded = {column for row in records.values() for column in row if COLUMNS[column].meanings}
    short = {
        code: {column: text[:1] if column in coded else text for column, text in row.items()}
        for code, row in whole.items()
    }
    assert found_values(read_rows(table_of(short, header))) == short
