"""Texts that attack do no harm in any output: they are shown, and open, run and break nothing. See `hostile.py`."""

from __future__ import annotations

import csv
import io
import json
import re
import sys
import unicodedata
from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook
from xlsxwriter import Workbook

from tests.report.hostile import ATTACKS, HARMLESS, HIDDEN, ODD, cells, check, texts
from tests.report.hostile_views import OUTPUTS, changelog_with
from tracker.model import ExportFormat, Format
from tracker.report import export
from tracker.report.changelog.view import Sort as MissedSort
from tracker.report.export import Sort, Table
from tracker.report.rows import Marked
from tracker.report.table import CsvLines, guarded
from tracker.report.view import visible
from tracker.report.workbook import Names, _write_marked, styles_of, write_text

EVERYWHERE = [(name, form) for name, output in OUTPUTS.items() for form in output.formats]
BY_ITSELF = {**ATTACKS, **ODD, "spaces": "  x  ", "half a character": "a\ud800b"}


def test_the_changelog_that_attacks_has_something_of_everything() -> None:
    sorts = {sort.sort for sort in changelog_with(HARMLESS).missed}
    some = MissedSort.ADDED_AND_GONE, MissedSort.ENDED_AND_BACK, MissedSort.CHANGED_BACK, MissedSort.NO_STEP
    assert sorts == set(some)


@pytest.mark.parametrize(("name", "form"), EVERYWHERE)
def test_a_text_changes_nothing_but_the_text(name: str, form: Format) -> None:
    stored = name in {"history", "fields"}  # what is told from records has no halves, and blanks part its words
    for title, text in BY_ITSELF.items():
        if not (stored and title in {"half a character", "spaces"}):
            check(text, form, OUTPUTS[name])


@pytest.mark.parametrize(("name", "form"), EVERYWHERE)
@settings(max_examples=4, deadline=None)
@given(text=texts())
def test_any_text_that_attacks(name: str, form: Format, text: str) -> None:
    check(text, form, OUTPUTS[name])


# ---------------------------------------------------------------- characters


def test_nothing_is_hidden_from_a_reader() -> None:
    """Of all characters: what Unicode calls a control, a format, half a character, a line end or none at all.

    But for those that Unicode means to be seen, above or around the digits behind them.
    """
    seen = {*range(0x600, 0x606), 0x6DD, 0x70F, 0x890, 0x891, 0x8E2, 0x110BD, 0x110CD, ord("\t"), ord("\n")}
    odd = [
        number
        for number in range(sys.maxunicode + 1)
        if unicodedata.category(chr(number)) in {"Cc", "Cf", "Cs", "Zl", "Zp"}
        or number & 0xFFFE == 0xFFFE
        or 0xFDD0 <= number <= 0xFDEF
    ]
    assert {number for number in odd if visible(chr(number)) == chr(number)} == seen


@pytest.mark.parametrize(
    "text", ["Café, naïve, 20 µg → 1 mg … “x” – é", "日本語", "e\u0301", "שָׁלוֹם", "ที่นี่", "العربية", "a\tb\nc", "Ünit; 1"]
)
def test_what_people_write_is_left_as_it_is(text: str) -> None:
    assert visible(text) == text


def test_many_marks_on_a_character_are_told_one_by_one() -> None:
    assert visible("Z" + "\u0301" * 6 + "a\u0301") == "Z" + "\u0301" * 4 + "[U+0301]" * 2 + "a\u0301"


# ---------------------------------------------------------------- CSV


def unguarded(cell: str) -> str:
    """Take back what `guarded` added, as docs/analysts.md says."""
    return cell[1:] if cell.startswith("'") and guarded(cell[1:]) == cell else cell


@settings(max_examples=300, deadline=None)
@given(st.lists(st.lists(texts() | st.text("'\"=+-@ \t\r\nx＝", max_size=6), min_size=2, max_size=4), min_size=1))
def test_a_csv_gives_back_its_texts_and_guards_can_be_taken_back(rows: list[list[str]]) -> None:
    lines = CsvLines().lines([[guarded(cell) for cell in row] for row in rows])
    data = "".join(f"{line}\n" for line in lines)
    read = list(csv.reader(io.StringIO(data, newline=""), strict=True))
    assert [[unguarded(cell) for cell in row] for row in read] == rows
    assert not [cell for row in read for cell in row if cell[:1] in set("=+-@＝＋－＠\t\r\n")]


@pytest.mark.parametrize(
    "text",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(1)",
        "\t=1",
        "\r=1",
        "\n=1",
        " =1",
        '"=1',
        "' =1",
        "＝1+1",
        "－1",
        "＋1",
        "＠x",
        "\ufeff=1",
    ],
)
def test_a_text_that_a_spreadsheet_may_take_for_a_formula_is_led_by_an_apostrophe(text: str) -> None:
    assert guarded(text) == f"'{text}"


@pytest.mark.parametrize("text", ["", "x", "0088", "1E5", "2025-01-01", "a=b", "5-10 mg", "'quoted'", "(-1)", " x"])
def test_no_other_text_is_led_by_one(text: str) -> None:
    assert guarded(text) == text


# ---------------------------------------------------------------- workbooks


@pytest.mark.parametrize(
    "text", ["_x001B_", "_x005F_x001B_", "_x0041_x0042_x0043_", "<r>_x0041_</r>", "_x000a__x000A_"]
)
@pytest.mark.parametrize("differs", [False, True])
def test_no_text_becomes_an_escape_of_a_workbook(text: str, differs: bool) -> None:
    """Excel's notation would make a control character of it, or another text."""
    data = io.BytesIO()
    with Workbook(data) as book:
        sheet, styles = book.add_worksheet("A"), styles_of(book)
        if differs:
            _write_marked(sheet, styles, 0, 0, Marked((("same ", False), (text, True)), came=True))
        else:
            write_text(sheet, styles, 0, 0, text, "plain")
    data.seek(0)
    ((read,),) = CalamineWorkbook.from_filelike(data).get_sheet_by_index(0).to_python()
    assert read == (f"same {text}" if differs else text)


def test_a_long_title_is_no_long_head_of_a_page() -> None:
    """Excel refuses a head of more than 255 characters, and xlsxwriter warns of it."""
    title = ", ".join(f"20{number:02}@1 & more" for number in range(60))
    table = Table(title, date(2026, 1, 1), {"code": Sort.TEXT}, [("A1",)])
    book = load_workbook(io.BytesIO(b"".join(export.render(table, ExportFormat.XLSX))))
    head = str(book.worksheets[0].HeaderFooter.oddHeader)
    assert "2000@1" in head
    assert len(head) < 200


# ---------------------------------------------------------------- tables for other programs


def table_of(rows: list[tuple[str, tuple[str, ...]]]) -> Table:
    return Table("table", date(2026, 1, 1), {"text": Sort.TEXT, "several": Sort.TEXTS}, rows, {"about": "x"})


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(texts() | st.sampled_from(list(ATTACKS.values())), st.tuples(texts(), texts())), min_size=1))
def test_tables_hold_the_texts_themselves(rows: list[tuple[str, tuple[str, ...]]]) -> None:
    lines = b"".join(export.render(table_of(rows), ExportFormat.JSONL)).decode().split("\n")[:-1]
    assert [tuple(json.loads(line).values()) for line in lines] == [(text, list(several)) for text, several in rows]
    data = b"".join(export.render(table_of(rows), ExportFormat.CSV)).decode()
    _, *read = csv.reader(io.StringIO(data, newline=""), strict=True)
    assert [[unguarded(cell) for cell in row] for row in read] == [[text, "; ".join(several)] for text, several in rows]
    parquet = pytest.importorskip("pyarrow.parquet")
    found = parquet.read_table(io.BytesIO(b"".join(export.render(table_of(rows), ExportFormat.PARQUET))))
    assert found.to_pylist() == [{"text": text, "several": list(several)} for text, several in rows]


@settings(max_examples=20, deadline=None)
@given(st.lists(texts() | st.sampled_from(["1E5", "0088", "2025-01-01", "=1+1", "https://a.example"]), min_size=1))
def test_a_workbook_holds_what_can_be_seen_as_text(rows: list[str]) -> None:
    data = b"".join(export.render(table_of([(text, ()) for text in rows]), ExportFormat.XLSX))
    assert {kind for kind, _ in cells(data)} == {"s"}
    _, *read = CalamineWorkbook.from_filelike(io.BytesIO(data)).get_sheet_by_index(0).to_python()
    assert [row[0] for row in read] == [visible(text) for text in rows]


@settings(max_examples=200, deadline=None)
@given(texts() | st.text(max_size=60))
def test_a_sheet_has_a_name_that_excel_takes(text: str) -> None:
    names = Names()
    found = [names(text) for _ in range(3)]
    assert len({name.lower() for name in found}) == 3
    for name in found:
        assert 0 < len(name) <= 31
        assert not re.search(r"[\[\]:*?/\\]|^'|'$", name)
        assert name.lower() != "history"
        assert not HIDDEN.search(name)
