"""Normalising keeps every value as text, and tells whatever was odd."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.builders import Normalised, Records, found_values, normalise, raw_release, told
from tests.support import values
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.hcpcs.normalise import iso_date
from tracker.hcpcs.normalise import normalise as stream
from tracker.model import Kind, Problem, RawRecord, RawRelease, Record, Severity, Value

texts = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
rows = st.dictionaries(st.sampled_from(sorted(COLUMNS)), texts, max_size=8)


def one(**changed: str) -> tuple[Record, tuple[Problem, ...]]:
    """Normalise one plain record of which some columns are changed."""
    normalised = normalise(raw_release({"A0001": values("A0001", **changed)}))
    return normalised.records[0], normalised.problems


def test_a_plain_record_has_no_problem() -> None:
    record, problems = one()
    assert problems == ()
    assert record == Record(
        "A0001",
        Kind.PROCEDURE,
        {
            "long_description": "Description of a0001",
            "short_description": "Short a0001",
            "pricing_indicators": ("51",),
            "multiple_pricing": "A",
            "coverage_code": "C",
            "betos": "O1E",
            "types_of_service": ("1",),
            "added_date": "2010-01-01",
            "action_effective_date": "2010-01-01",
            "action_code": "N",
        },
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("  two   words ", "two words"),
        ("line\r\nbreak\tand tab", "line break and tab"),
        ("no\xa0break", "no break"),
        ("patient’s “own” – µg", "patient’s “own” – µg"),
        ("<= 190 & 140/90 %", "<= 190 & 140/90 %"),
    ],
)
def test_white_space_becomes_single_blanks_without_a_problem(text: str, expected: str) -> None:
    record, problems = one(LONG_DESCRIPTION=text)
    assert record.values["long_description"] == expected
    assert problems == ()


@pytest.mark.parametrize(
    ("text", "expected", "severity"),
    [
        ("patient\x92s", "patient’s", Severity.NOTE),
        ("and so on\x85 yes", "and so on… yes", Severity.NOTE),
        ("nu\0ll", "null", Severity.NOTE),
        ("dele\x7fte", "delete", Severity.NOTE),
        ("Ambu\u200blance", "Ambulance", Severity.NOTE),
        ("\ufeffAmbulance \u2060", "Ambulance", Severity.NOTE),
        ("1945\x811965", "1945\ufffd1965", Severity.WARNING),
        ("1945\ufffd1965", "1945\ufffd1965", Severity.WARNING),
    ],
)
def test_damaged_characters_are_mended_and_told(text: str, expected: str, severity: Severity) -> None:
    record, problems = one(LONG_DESCRIPTION=text)
    assert record.values["long_description"] == expected
    assert [(problem.severity, problem.field) for problem in problems] == [(severity, "long_description")]


def test_a_problem_keeps_the_begin_of_a_long_value() -> None:
    text = "patient\x92s " + "word " * 100
    _, problems = one(LONG_DESCRIPTION=text)
    assert [problem.raw for problem in problems] == [text[:200]]


def test_a_valid_code_before_a_bad_date_is_not_shifted() -> None:
    record, problems = one(OPPS_PI="1", OPPS_DT="9990101")
    assert (record.values["mog_policy"], record.values["mog_date"]) == ("1", "9990101")
    assert record.unknown == {"mog_date"}
    assert told(problems) == [("error", "A0001", "mog_date", "9990101")]


def test_marks_of_direction_are_kept() -> None:
    record, problems = one(LONG_DESCRIPTION="left \u200eright\u200f")
    assert record.values["long_description"] == "left \u200eright\u200f"
    assert problems == ()


@pytest.mark.parametrize("text", ["\0" * 8, "\u200b"])
def test_a_value_of_nothing_that_can_be_seen_is_blank(text: str) -> None:
    record, problems = one(TERM_DT=text)
    assert "termination_date" not in record.values
    assert [problem.severity for problem in problems] == [Severity.NOTE]


@pytest.mark.parametrize("text", ["20170401", "2017-04-01"])
def test_dates_become_iso_dates(text: str) -> None:
    record, problems = one(TERM_DT=text)
    assert record.values["termination_date"] == "2017-04-01"
    assert problems == ()


@pytest.mark.parametrize("text", ["04/01/2017", "4/1/2017"])
def test_a_date_as_spreadsheets_write_it_is_read_and_told(text: str) -> None:
    record, problems = one(TERM_DT=text)
    assert record.values["termination_date"] == "2017-04-01"
    assert record.unknown == frozenset()
    assert told(problems) == [("note", "A0001", "termination_date", text)]


@pytest.mark.parametrize(
    "text",
    ["20170230", "170401", "20171301", "0", "2017-0401", "18991231", "13/01/2017", "soon", "NULL", "45747", "00000000"],
)
@pytest.mark.parametrize("name", ["termination_date", "action_effective_date"])
def test_what_is_no_date_is_kept_and_told_and_unknown(name: str, text: str) -> None:
    record, problems = one(**{FIELDS[name].columns[0].replace(" ", "_"): text})
    assert record.values[name] == text
    assert record.unknown == {name}
    assert told(problems) == [("error", "A0001", name, text)]
    assert "YYYYMMDD" in problems[0].message


@pytest.mark.parametrize("text", ["#N/A", "#REF!", "#NAME?", "#DIV/0!", "=VLOOKUP(A2, B:C, 2)", '="00"', "="])
@pytest.mark.parametrize("name", ["long_description", "coverage_code", "termination_date", "processing_note"])
def test_what_a_spreadsheet_shows_in_a_values_place_is_unknown(name: str, text: str) -> None:
    record, problems = one(**{FIELDS[name].columns[0].replace(" ", "_"): text})
    assert name not in record.values
    assert record.unknown == {name}
    assert told(problems) == [("warning", "A0001", name, text)]


def test_a_repeated_field_with_one_lost_slot_is_known_in_part() -> None:
    record, _ = one(TOS1="1", TOS2="#N/A")
    assert record.values["types_of_service"] == ("1",)
    assert record.unknown == {"types_of_service"}


@pytest.mark.parametrize("text", ["# 3 tube", "#4", "a = b", "<= 190", "N/A"])
def test_other_texts_with_such_signs_are_values(text: str) -> None:
    record, problems = one(LONG_DESCRIPTION=text)
    assert record.values["long_description"] == text
    assert problems == ()


@given(st.dates(date(1900, 1, 1), date(2099, 12, 31)))
def test_every_day_is_read_in_both_spellings(day: date) -> None:
    assert iso_date(f"{day:%Y%m%d}") == iso_date(day.isoformat()) == day


@pytest.mark.parametrize(
    ("column", "text", "field", "expected"),
    [
        ("PRICE1", "0", "pricing_indicators", ("00",)),
        ("LABCERT1", "10", "lab_certifications", ("010",)),
        ("PROCNOTE", "88", "processing_note", "0088"),
        ("OPPS", "0", "mog_group", "000"),
    ],
)
def test_leading_zeros_are_restored_and_told(column: str, text: str, field: str, expected: Value) -> None:
    record, problems = one(**{column: text})
    assert record.values[field] == expected
    assert told(problems) == [("note", "A0001", field, text)]


@pytest.mark.parametrize(
    ("column", "text"), [("MCM1", "2150.10"), ("ANEST_BU", "0"), ("XREF1", "00123"), ("STATUTE", "007")]
)
def test_other_texts_of_digits_stay_as_they_are(column: str, text: str) -> None:
    record, problems = one(**{column: text})
    field = COLUMNS[column]
    assert record.values[field.name] == ((text,) if field.repeated else text)
    assert problems == ()


@pytest.mark.parametrize(
    ("column", "text"),
    [
        ("COV", "X"),
        ("COV", "c"),
        ("PRICE2", "98"),
        ("BETOS", "ZZZ"),
        ("TOS1", "X"),
        ("ACTION_CD", "Z"),
        ("ASC_GRP", "20"),
    ],
)
def test_a_value_outside_its_code_list_is_kept_and_told(column: str, text: str) -> None:
    record, problems = one(**{column: text})
    (problem,) = problems
    assert problem.severity is Severity.ERROR
    assert problem.raw == text
    assert "not in the field's code list" in problem.message
    assert text in record.values[problem.field]


@pytest.mark.parametrize(("column", "text"), [("PRICE1", "A"), ("LABCERT1", "1A"), ("PROCNOTE", "8A")])
def test_what_is_no_number_gets_no_zeros(column: str, text: str) -> None:
    record, problems = one(**{column: text})
    assert text in record.values[COLUMNS[column].name]
    assert not any("zeros" in problem.message for problem in problems)


def test_repeated_fields_lose_blanks_and_doubles_but_not_their_order() -> None:
    record, problems = one(PRICE1="53", PRICE2=" ", PRICE3="51", PRICE4="53")
    assert record.values["pricing_indicators"] == ("53", "51")
    assert problems == ()


def test_a_double_is_seen_after_its_zeros_are_restored() -> None:
    record, _ = one(PRICE1="0", PRICE2="00")
    assert record.values["pricing_indicators"] == ("00",)


@pytest.mark.parametrize("name", [name for name, field in FIELDS.items() if field.required])
def test_a_blank_that_is_never_a_value_is_unknown(name: str) -> None:
    column = FIELDS[name].columns[0]
    record, problems = one(**{column.replace(" ", "_"): " "})
    assert record.unknown == {name}
    assert name not in record.values
    assert told(problems) == [("warning", "A0001", name, "")]
    assert problems[0].where == "line 1"


def test_other_blanks_are_empty_and_known() -> None:
    record, problems = one(PRICE1="", BETOS="", TOS1="")
    assert record.unknown == frozenset()
    assert problems == ()
    assert not {"pricing_indicators", "betos", "types_of_service"} & record.values.keys()


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({"ASC_GRP": "20", "ASC_DT": "170401"}, {"asc_group": "20", "asc_date": "170401"}),
        ({"ASC_GRP": "20", "ASC_DT": "180101"}, {"asc_group": "20", "asc_date": "180101"}),
    ],
)
def test_shifted_cells_are_told_as_such_and_kept(columns: dict[str, str], kept: dict[str, str]) -> None:
    record, problems = one(**columns)
    assert {name: record.values[name] for name in kept} == kept
    assert told(problems) == [("error", "A0001", name, value) for name, value in kept.items()]
    assert all("cells are shifted" in problem.message for problem in problems)


@pytest.mark.parametrize(
    ("columns", "kept"),
    [
        ({"ASC_GRP": "YY", "ASC_DT": "20170401"}, {"asc_group": "YY", "asc_date": "2017-04-01"}),
        ({"ASC_DT": "20170401"}, {"asc_date": "2017-04-01"}),
        ({"OPPS_DT": "20170401"}, {"mog_date": "2017-04-01"}),
        ({"OPPS_PI": "1", "OPPS_DT": "20170401"}, {"mog_policy": "1", "mog_date": "2017-04-01"}),
    ],
)
def test_cells_in_their_place_are_not_taken_for_shifted(columns: dict[str, str], kept: dict[str, str]) -> None:
    record, problems = one(**columns)
    assert problems == ()
    assert {name: value for name, value in record.values.items() if name[:3] in ("asc", "mog")} == kept


def test_a_column_that_the_source_lacks_is_not_a_field_and_not_unknown() -> None:
    raw = raw_release({"A0001": {"SHORT DESCRIPTION": "Short"}}, columns=["SHORT DESCRIPTION", "TERM DT"])
    normalised = normalise(raw)
    assert normalised.fields == {"short_description", "termination_date"}
    assert normalised.records[0].unknown == frozenset()
    assert normalised.problems == ()


def test_a_repeated_field_with_some_of_its_columns_is_shown_and_not_covered() -> None:
    raw = raw_release({"A0001": {"TOS1": "1", "TOS2": "9", "COV": "C"}}, columns=["TOS1", "TOS2", "COV"])
    normalised = normalise(raw)
    assert normalised.fields == {"coverage_code"}
    assert normalised.records[0].values["types_of_service"] == ("1", "9")
    (problem,) = normalised.problems
    assert (problem.severity, problem.field) == (Severity.NOTE, "types_of_service")
    assert "without TOS3, TOS4, TOS5" in problem.message


def test_the_readers_problems_come_first() -> None:
    raw = raw_release({"A0001": values("A0001", COV="X")})
    theirs = Problem(Severity.NOTE, "odd", "made-up.txt")
    found = normalise(RawRelease(raw.format, raw.records, raw.columns, complete=True, problems=(theirs,))).problems
    assert found[0] is theirs
    assert len(found) == 2


def test_a_problem_names_file_cell_code_and_field() -> None:
    raw = raw_release({"A0001": values("A0001", COV="X")}, letters={"COV": "AB"}, file="made-up.xlsx")
    (problem,) = normalise(raw).problems
    assert (problem.file, problem.where, problem.code, problem.field, problem.raw) == (
        "made-up.xlsx",
        "cell AB1",
        "A0001",
        "coverage_code",
        "X",
    )


def test_records_come_one_by_one_each_with_its_problems() -> None:
    raw = raw_release({"A0001": values("A0001", COV="X"), "A0002": values("A0002"), "A0003": values("A0003", COV="Y")})
    asked: list[str] = []

    def watched() -> Iterator[RawRecord]:
        for record in raw.records:
            asked.append(record.code)
            yield record

    normalised = stream(replace(raw, records=watched()))
    for number, (record, problems) in enumerate(normalised.records, 1):
        assert (len(asked), record.code) == (number, asked[-1]), "none is read before it is asked for"
        assert [problem.code for problem in problems] == ([] if record.code == "A0002" else [record.code])


@given(st.dictionaries(st.sampled_from(["A1", "A0001", "J0001"]), rows, min_size=1))
def test_every_record_comes_out_with_nothing_blank(records: Records) -> None:
    normalised = normalise(raw_release(records))
    assert [record.code for record in normalised.records] == sorted(records)
    for record in normalised.records:
        in_part = record.values.keys() & record.unknown
        assert all(FIELDS[name].is_date or FIELDS[name].repeated for name in in_part)
        for name, value in record.values.items():
            slots = (value,) if isinstance(value, str) else value
            assert isinstance(value, tuple) == FIELDS[name].repeated
            assert slots
            assert all(slot == " ".join(slot.split()) != "" for slot in slots)
            assert len(set(slots)) == len(slots)


@given(rows, st.sampled_from([" ", "  ", "\n", "\t ", "\xa0", "\r\n"]))
def test_white_space_around_and_between_words_changes_nothing(row: dict[str, str], space: str) -> None:
    def result(records: dict[str, str]) -> Normalised:
        return normalise(raw_release({"A0001": records}))

    once = {column: " ".join(text.split()) for column, text in row.items()}
    wide = {column: space + space.join(text.split()) + space for column, text in once.items()}
    assert result(wide).records == result(once).records


@given(rows)
def test_normalising_a_normalised_value_changes_nothing(row: dict[str, str]) -> None:
    (first,) = normalise(raw_release({"A0001": row})).records
    again = {
        column: text
        for name, value in first.values.items()
        for column, text in zip(FIELDS[name].columns, (value,) if isinstance(value, str) else value, strict=False)
    }
    raw = raw_release({"A0001": again})
    assert found_values(raw) == {"A0001": again}
    (second,) = normalise(raw).records
    assert second.values == first.values
    assert second.unknown <= first.unknown  # what was lost is blank now
