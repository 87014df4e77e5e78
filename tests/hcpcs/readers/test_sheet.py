"""Per-code sheets: one code a document, in whatever dress."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.builders import (
    LONG,
    STYLES,
    Style,
    bar_sheet,
    found_values,
    normalise,
    plain_sheet,
    records_of,
    sheet_of,
    sheet_rows,
    told,
)
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.hcpcs.readers import sheet
from tracker.model import Kind, Severity

NAME = "S9999.txt"
PLAIN = {
    LONG: "Made-up therapy s9999, per diem",
    "SHORT DESCRIPTION": "Made-up therapy diem",
    "PRICE1": "51",
    "COV": "C",
    "TOS1": "1",
    "ADD DT": "20100101",
    "ACT EFF DT": "20100101",
    "ACTION CD": "N",
}


def label_of(column: str) -> str:
    field = COLUMNS[column]
    return f"{field.label} #{field.columns.index(column) + 1}" if field.repeated else field.label


@pytest.mark.parametrize("style", STYLES)
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_a_sheet_of_any_style_is_read(style: Style, end: str) -> None:
    text = sheet_of(sheet_rows(), style).replace("\r\n", "\n").replace("\n", end)
    assert sheet.is_sheet(text)
    raw = sheet.read(NAME, text)
    assert found_values(raw) == {"S9999": PLAIN}
    assert (raw.format, raw.complete, raw.amends, raw.label, raw.problems) == ("sheet", False, True, "2026", ())
    assert records_of(raw)[0].kind is Kind.PROCEDURE


@pytest.mark.parametrize("style", STYLES)
def test_no_style_changes_what_is_stored(style: Style) -> None:
    normalised = normalise(sheet.read(NAME, sheet_of(sheet_rows(), style)))
    assert normalised.records == normalise(sheet.read(NAME, sheet_of(sheet_rows()))).records
    assert normalised.fields == FIELDS.keys()


@pytest.mark.parametrize("column", COLUMNS)
def test_every_label_of_the_catalogue_is_understood(column: str) -> None:
    label = label_of(column)
    for spelling in (
        label,
        label.upper(),
        f"HCPCS {label}",
        f" {label.replace(' #', '#')} ",
        label.replace("#", "# "),
        column,
    ):
        raw = sheet.read(NAME, sheet_of({"HCPCS Code": "S9999", spelling: "text"}))
        assert found_values(raw) == {"S9999": {column: "text"}}
        assert raw.problems == ()


@pytest.mark.parametrize(
    ("label", "column"),
    [
        ("HCPCS Long Description", LONG),
        ("HCPCS Termination Date", "TERM DT"),
        ("HCPCS Cross Reference Code", "XREF1"),
        ("Cross Reference Code #5", "XREF5"),
        ("HCPCS ASC Payment Group Effective Date", "ASC_DT"),
        ("Lab Certification Code #8", "LABCERT8"),
        ("TERM_DT", None),
        ("termination_date", "TERM DT"),
    ],
)
def test_names_of_the_record_layout_are_understood(label: str, column: str | None) -> None:
    raw = sheet.read(NAME, sheet_of({"HCPCS Code": "S9999", label: "text"}))
    assert found_values(raw) == {"S9999": {column: "text"} if column else {}}


@pytest.mark.parametrize("label", ["Payment Tier", "Pricing Indicator Code #5", "Type Of Service Code #0", "Coverage"])
def test_an_unknown_row_is_told_and_passed_over(label: str) -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows() | {label: "Gold"}))
    assert found_values(raw) == {"S9999": PLAIN}
    (problem,) = raw.problems
    assert (problem.severity, problem.raw) == (Severity.NOTE, "Gold")
    assert repr(label) in problem.message
    assert problem.where.startswith("line ")


def test_rows_without_a_label_are_page_furniture() -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows()) + "\tpage 1\n---\t2\n | of 2\n")
    assert found_values(raw) == {"S9999": PLAIN}
    assert raw.problems == ()


def test_empty_rows_give_no_value_and_no_problem() -> None:
    rows = {"HCPCS Code": "S9999", "Code Description": "Text", "Coverage Code": "", "Coverage Code Description": ""}
    rows |= {"Status": "", "Last Update Date": "", "Payment Tier": ""}
    raw = sheet.read(NAME, plain_sheet(rows.items()))
    assert found_values(raw) == {"S9999": {LONG: "Text"}}
    assert raw.problems == ()


def test_what_a_sheet_leaves_out_is_empty_or_unknown() -> None:
    normalised = normalise(sheet.read(NAME, sheet_of(sheet_rows(Coverage_Code="", Coverage_Code_Description=""))))
    (record,) = normalised.records
    assert record.unknown == {"coverage_code"}
    assert "termination_date" not in record.values
    assert told(normalised.problems) == [("warning", "S9999", "coverage_code", "")]


@pytest.mark.parametrize(
    ("label", "meaning", "message"),
    [
        ("Coverage Code Description", "Not payable by Medicare", "decodes 'C' otherwise than the code list"),
        ("HCPCS Action Code Description", "Something else", "decodes 'N' otherwise than the code list"),
        ("Multiple Pricing Indicator Code Description", "Not applicable", "decodes a value that it does not give"),
        ("Type Of Service Code #2 Description", "Surgery", "decodes a value that it does not give"),
    ],
)
def test_a_decoding_row_that_says_something_else_is_told(label: str, meaning: str, message: str) -> None:
    rows = {key: value for key, value in sheet_rows().items() if key != label.removeprefix("HCPCS ")} | {label: meaning}
    raw = sheet.read(NAME, sheet_of(rows))
    assert found_values(raw) == {"S9999": PLAIN}
    (problem,) = raw.problems
    assert (problem.severity, problem.code, problem.raw) == (Severity.WARNING, "S9999", meaning)
    assert message in problem.message


@pytest.mark.parametrize("column", [column for column, field in COLUMNS.items() if field.meanings])
def test_a_decoding_row_in_the_code_lists_words_is_no_problem(column: str) -> None:
    for value, meaning in (COLUMNS[column].meanings or {}).items():
        label = label_of(column)
        rows = {"HCPCS Code": "S9999", label: value, f"{label} Description": meaning.upper().replace(" ", "  ")}
        assert sheet.read(NAME, sheet_of(rows)).problems == ()


def test_a_value_outside_its_list_is_told_once_whatever_decodes_it() -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows(Coverage_Code="Q", Coverage_Code_Description="A new coverage")))
    assert told(normalise(raw).problems) == [("error", "S9999", "coverage_code", "Q")]


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026", "2026"),
        ("2026-01", "2026"),
        ("2026-04", "2026-04"),
        ("20251120", "2025-10"),
        ("2026-07-01", "2026-07"),
        ("**2025**", "2025"),
        ("April 2026", "2026-04"),
    ],
)
def test_the_last_update_date_names_the_release(text: str, label: str) -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows(Last_Update_Date=text)))
    assert raw.label == label
    assert raw.problems == ()


@pytest.mark.parametrize("text", ["May 2026", "04/01/2026", "2026-02", "Actual"])
def test_a_last_update_date_that_names_none_is_told(text: str) -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows(Last_Update_Date=text)))
    assert raw.label is None
    assert [(problem.severity, problem.raw) for problem in raw.problems] == [(Severity.NOTE, text)]


def test_a_sheet_without_last_update_date_and_status_has_no_label_and_no_problem() -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows(Last_Update_Date="", Status="")))
    assert (raw.label, raw.problems) == (None, ())


@pytest.mark.parametrize(("status", "problems"), [("Actual", 0), ("ACTUAL", 0), ("Deleted", 1)])
def test_a_status_other_than_actual_is_told(status: str, problems: int) -> None:
    raw = sheet.read(NAME, sheet_of(sheet_rows(Status=status)))
    assert [problem.raw for problem in raw.problems] == [status] * problems


@pytest.mark.parametrize(
    ("rows", "code", "kind"),
    [
        ({"HCPCS Code": "s9999"}, "S9999", Kind.PROCEDURE),
        ({"Code": "A1"}, "A1", Kind.MODIFIER),
        ({"HCPCS Modifier Code": "A1"}, "A1", Kind.MODIFIER),
        ({"Modifier": "zx"}, "ZX", Kind.MODIFIER),
        ({"HCPCS Code": "S9999", "Code": "S9999"}, "S9999", Kind.PROCEDURE),
    ],
)
def test_the_code_row_tells_code_and_kind(rows: dict[str, str], code: str, kind: Kind) -> None:
    (record,) = sheet.read(NAME, sheet_of(rows | {"Code Description": "Text"})).records
    assert (record.code, record.kind) == (code, kind)


@pytest.mark.parametrize(
    ("rows", "found"),
    [
        ({"Code Description": "Text"}, "none"),
        ({"HCPCS Code": "S9999", "Code": "S9998", "Code Description": "Text"}, "S9999, S9998"),
        ({"HCPCS Code": "S999", "Code Description": "Text"}, "S999"),
        ({"HCPCS Code": "S9999 and more", "Code Description": "Text"}, "S9999 AND MORE"),
    ],
)
def test_a_sheet_of_no_code_or_of_two_is_refused(rows: dict[str, str], found: str) -> None:
    with pytest.raises(SourceError, match=rf"{NAME}: a sheet describes one code .* and this one has: {found}$"):
        sheet.read(NAME, sheet_of(rows))


def test_two_values_of_one_field_are_refused() -> None:
    rows = [*sheet_rows().items(), ("Coverage Code", "D")]
    with pytest.raises(SourceError, match=r"line \d+: Coverage Code stands twice with different values"):
        sheet.read(NAME, plain_sheet(rows))


def test_two_last_update_dates_are_refused() -> None:
    rows = [*sheet_rows().items(), ("Last Update Date", "2025")]
    with pytest.raises(SourceError, match=r"line \d+: Last Update Date stands twice with different values"):
        sheet.read(NAME, plain_sheet(rows))


def test_the_same_value_twice_is_one_value() -> None:
    raw = sheet.read(NAME, plain_sheet([*sheet_rows().items(), ("Coverage Code", "C"), ("Last Update Date", "2026")]))
    assert found_values(raw) == {"S9999": PLAIN}
    assert raw.label == "2026"


def test_a_modifier_has_two_characters() -> None:
    with pytest.raises(SourceError, match=rf"{NAME}, line \d+: S9999 is no modifier, which has two characters"):
        sheet.read(NAME, sheet_of({"HCPCS Modifier Code": "S9999", "Code Description": "Text"}))


def test_a_bar_behind_a_backslash_is_a_bar_in_a_text() -> None:
    rows = sheet_rows(Code_Description="left \\| right \\|")
    assert found_values(sheet.read(NAME, sheet_of(rows, bar_sheet)))["S9999"][LONG] == "left | right |"


@pytest.mark.parametrize("row", ["Code Description\tA text that", "Code Description\tA text that\t"])
def test_a_line_without_a_label_below_a_value_is_told(row: str) -> None:
    raw = sheet.read(
        NAME, f"HCPCS Code\tS9999\twhat it is\n{row}\ngoes on\nand on\n\nPage 1\nStatus\tActual\tx\nPage 2\n"
    )
    assert found_values(raw) == {"S9999": {LONG: "A text that"}}
    assert [(problem.severity, problem.where, problem.raw) for problem in raw.problems] == [
        (Severity.WARNING, "line 3", "goes on")
    ]


def test_slots_are_kept_in_their_order_and_gaps_dropped() -> None:
    rows = {"HCPCS Code": "S9999", "Pricing Indicator Code #3": "51", "Pricing Indicator Code #1": "53"}
    (record,) = normalise(sheet.read(NAME, sheet_of(rows))).records
    assert record.values["pricing_indicators"] == ("53", "51")


def test_markup_goes_and_text_that_looks_like_it_stays() -> None:
    rows = sheet_rows(Code_Description="<p>Therapy &amp; <b>more</b><br/>a < b &lt;= 190</p>")
    assert found_values(sheet.read(NAME, sheet_of(rows)))["S9999"][LONG] == "Therapy & more a < b <= 190"


@pytest.mark.parametrize("text", ["<a " * 300_000, "<a" + " " * 900_000, "&#" + "9" * 900_000, "\\|" * 400_000])
@pytest.mark.parametrize("separator", ["\t", "|"])
def test_markup_without_an_end_takes_no_time(text: str, separator: str) -> None:
    begin = time.process_time()
    whole = f"HCPCS Code{separator}S9999\nCode Description{separator}{text}\n"
    assert sheet.is_sheet(whole)
    assert sheet.read(NAME, whole).records
    assert time.process_time() - begin < 2


def test_a_text_far_longer_than_a_sheet_is_none() -> None:
    assert not sheet.is_sheet(sheet_of(sheet_rows()) + "x|" * 600_000)


@pytest.mark.parametrize("character", ["\u2028", "\x0b", "\x0c", "\x85"])
def test_only_line_ends_end_a_row(character: str) -> None:
    raw = sheet.read(NAME, f"HCPCS Code\tS9999\nCode Description\tText{character}goes on\twhat it is\n")
    assert found_values(raw)["S9999"][LONG] == "Text goes on"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A letter about HCPCS Code S9999.\nIts Code Description is long.",
        "HCPC\tLONG DESCRIPTION\nS9999\tText\n",
        "HCPC|COV\nS9999|C\n",
        "Label\tValue\nStatus\tActual\n",
    ],
)
def test_other_texts_are_no_sheets(text: str) -> None:
    assert not sheet.is_sheet(text)


cells = st.text(
    st.characters(codec="utf-8", exclude_characters="\t\r\n|*&<>", exclude_categories=["Cc"]), min_size=1, max_size=20
)


@given(st.dictionaries(st.sampled_from(sorted(COLUMNS)), cells, max_size=8), st.sampled_from(STYLES))
def test_a_rendered_sheet_reads_back(row: dict[str, str], style: Style) -> None:
    rows = [("HCPCS Code", "S9999"), *((label_of(column), text) for column, text in row.items())]
    expected = {column: " ".join(text.split()) for column, text in row.items() if text.strip()}
    assert found_values(sheet.read(NAME, style(rows))) == {"S9999": expected}


def test_a_table_of_bars_may_leave_the_outer_ones_out() -> None:
    text = "\n".join(line.strip("| ") for line in sheet_of(sheet_rows(), bar_sheet).splitlines())
    assert found_values(sheet.read(NAME, text)) == {"S9999": PLAIN}
