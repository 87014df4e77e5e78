"""The report as a workbook, read again cell by cell."""

from __future__ import annotations

import csv
import io
import shutil
import subprocess
from dataclasses import replace
from datetime import date, datetime
from pathlib import Path
from zipfile import ZipFile

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.cell.rich_text import CellRichText, TextBlock
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from tests.made_up import FIELDS, MADE_UP, diff_between, diff_of, explained, record, snapshots, view_of
from tracker.model import Basis, Edit, Finding, Kind, Problem, Rewording, Severity, Snapshot, Successor, Wording
from tracker.report import workbook
from tracker.report.view import ReportView, Section, build_view, visible
from tracker.report.workbook import render

OLD = [
    record("A1", text="one"),
    record("A0001", text="bp 140/90 or more", prices=("00", "11")),
    record("B0088", text="ends", first_day="2001-01-01"),
    record("C0001", text="gone"),
]
NEW = [
    record("A1", text="two"),
    record("A0001", text="bp 130/80 or more", prices=("11", "22"), letter_day="2026-01-01"),
    record("B0088", text="ends", first_day="2001-01-01", last_day="2025-12-31"),
    record("C0002", text="new", short="n", first_day="2026-01-01"),
]
SUCCESSORS = (
    Successor("C0002", Basis.SUGGESTED, 0.9, 20.0, "the same"),
    Successor("00100", Basis.DECLARED, 0.8, None, "outside"),
)


def small_view(successors: tuple[Successor, ...] = SUCCESSORS[:1]) -> ReportView:
    diff = explained(diff_between(OLD, NEW))
    changes = [replace(one, successors=successors) if one.code == "B0088" else one for one in diff.changes]
    return build_view(
        MADE_UP,
        replace(diff, changes=tuple(changes)),
        remarks=["something to know"],
        problems={
            "2025@1": [Problem(Severity.WARNING, "odd", "f", code=code, field="text") for code in ("A1", "0088")]
        },
        audit=[Finding("silent", "A0001", "said nothing", "between the two")],
        written=date(2026, 2, 3),
    )


def opened(view: ReportView, *, rich: bool = False) -> Workbook:
    return load_workbook(io.BytesIO(render(view)), rich_text=rich)


def sheet_of(book: Workbook, name: str) -> Worksheet:
    sheet = book[name]
    assert isinstance(sheet, Worksheet)
    return sheet


def rows(book: Workbook, name: str) -> list[dict[str, object]]:
    """Return a sheet's rows by heading, empty cells left out."""
    heads, *found = sheet_of(book, name).iter_rows(values_only=True)
    return [{str(head): cell for head, cell in zip(heads, row, strict=True) if cell is not None} for row in found]


def test_a_summary_the_act_list_and_a_sheet_a_section() -> None:
    view = small_view()
    assert opened(view).sheetnames == [
        *("Summary", "Act", "Came", "Ended", "Text", "Price", "Dates", "Gone"),
        *("Mod. text", "Data quality", "Audit"),
    ]


def test_the_summary_says_what_was_compared_and_how_much_changed() -> None:
    view = small_view()
    found = [
        tuple(cell for cell in row if cell is not None)
        for row in sheet_of(opened(view), "Summary").iter_rows(values_only=True)
    ]
    for wanted in (
        ("MADE-UP 2025 → 2026",),
        ("Written 2026-02-03",),
        ("Act 2", "Review 3", "Note 2"),
        ("What was compared", "Old", "New"),
        ("Release", "2025@1", "2026@1"),
        ("Effective", datetime(2025, 1, 1), datetime(2026, 1, 1)),  # noqa: DTZ001 - a cell knows no time zone
        ("Codes", 4, 4),
        ("SHA-256 of the file", "ab" * 32, "ab" * 32),
        ("something to know",),
        ("Codes", "Number", "Sheets", "Holds"),
        ("added", 1, "Act", 2),
        ("ended", "act", 1, "It has a last day."),
        ("A: Apples", 1, "text", 2),
        ("modifiers", 1),
    ):
        assert any(row[: len(wanted)] == wanted for row in found), wanted


def test_the_act_list_is_ready_to_be_worked_through() -> None:
    book = opened(small_view())
    ended, gone = rows(book, "Act")
    assert gone == {
        "Code": "C0001",
        "Kind": "procedure",
        "Description": "gone",
        "What happened": "It is not there any more.",
        "What to do": "Ask where it went.",
    }
    assert ended == {
        "Day": datetime(2025, 12, 31),  # noqa: DTZ001
        "Code": "B0088",
        "Kind": "procedure",
        "Description": "ends",
        "What happened": "It has a last day.",
        "What to do": "Stop using it.",
        "Successor": "C0002",
        "Units for 1": 20,
        "Why this one": "suggested: the same",
    }
    sheet = sheet_of(book, "Act")
    assert [cell.value for cell in sheet[1]][-3:] == ["Owner", "Decision", "Done"]
    (validation,) = sheet.data_validations.dataValidation
    assert (str(validation.sqref), validation.formula1) == ("L2:L3", '"yes,no need"')
    (rule,) = sheet.conditional_formatting
    assert str(rule.sqref) == "A2:L3"


def test_several_successors_stand_one_a_line() -> None:
    book = opened(small_view(SUCCESSORS))
    (row,) = rows(book, "Ended")
    assert row["Successor"] == "C0002\n00100"
    assert row["Units for 1"] == "20\n?"
    assert row["Why this one"] == "C0002 suggested: the same\n00100 declared: outside"
    (row,) = rows(opened(small_view(())), "Ended")
    assert row["Successor"] == "none found"


def test_values_are_decoded_and_days_are_days() -> None:
    book = opened(small_view(), rich=True)
    (price,) = rows(book, "Price")
    assert price["Field"] == "prices"
    assert str(price["Old"]) == "00\n11 (by the hour)"
    assert str(price["New"]) == "11 (by the hour)\n22 (by the mile)"
    assert marked(price["Old"]) == [("00", "went"), ("\n11 (by the hour)", "")]
    assert marked(price["New"]) == [("11 (by the hour)\n", ""), ("22 (by the mile)", "came")]
    (day,) = rows(book, "Dates")
    assert (day["Field"], day["Old"], day["New"]) == ("letter day", "(none)", datetime(2026, 1, 1))  # noqa: DTZ001
    (came,) = rows(book, "Came")
    assert came["First valid day"] == datetime(2026, 1, 1)  # noqa: DTZ001
    assert (came["Description"], came["Short description"], came["Range"]) == ("new", "n", "C: Cars")


def marked(cell: object) -> list[tuple[str, str]]:
    """Return the pieces of a cell, and how each is marked."""
    assert isinstance(cell, CellRichText)
    found = []
    for piece in cell:
        assert isinstance(piece, TextBlock)
        font = piece.font
        mark = "went" if font.strike else "came" if font.b and font.u == "single" else ""
        found.append((piece.text, mark))
    return found


def test_words_that_differ_are_marked() -> None:
    (row,) = rows(opened(small_view(), rich=True), "Text")
    assert [piece for piece, mark in marked(row["Old"]) if mark == "went"] == ["140/90"]
    assert [piece for piece, mark in marked(row["New"]) if mark == "came"] == ["130/80"]
    assert (str(row["Old"]), str(row["New"])) == ("bp 140/90 or more", "bp 130/80 or more")


def retold(old: str, new: str, *edits: tuple[str, str]) -> ReportView:
    diff = explained(diff_between([record("A0001", text=old)], [record("A0001", text=new)]))
    (change,) = diff.changes
    rewording = Rewording(Wording.REWORDED, 0.5, tuple(Edit(*edit) for edit in edits))
    fields = (replace(change.fields[0], rewording=rewording),)
    return build_view(MADE_UP, replace(diff, changes=(replace(change, fields=fields),)))


def test_a_text_that_differs_as_a_whole_is_marked_as_a_whole() -> None:
    sheet = sheet_of(opened(retold("one", "two", ("one", "two"))), "Text")
    heads = [cell.value for cell in sheet[1]]
    old, new = (sheet.cell(2, heads.index(head) + 1) for head in ("Old", "New"))
    assert (old.value, old.font.strike, new.value, new.font.b, new.font.u) == ("one", True, "two", True, "single")


def test_edits_without_words_do_no_harm() -> None:
    (row,) = rows(opened(retold("a b", "a", ("a", "a"), (" b", ""), ("", "")), rich=True), "Text")
    assert marked(row["Old"]) == [("a", ""), (" b", "went")]
    assert str(row["New"]) == "a"


@pytest.mark.parametrize("letter", ["x", "\U0001f600"])
def test_a_text_longer_than_a_cell_is_cut_and_says_so(letter: str) -> None:
    long = letter * 40_000
    (row,) = rows(opened(retold(f"a {long}", f"b {long}", ("a", "b"), (f" {long}", f" {long}"))), "Text")
    for side in ("Old", "New"):
        text = str(row[side])
        assert text.endswith(f"{letter}…")
        assert 32_760 < len(text.encode("utf-16-le")) // 2 <= 32_767


def test_sheets_are_ready_to_read_filter_and_print() -> None:
    book = opened(small_view())
    for sheet in book.worksheets:
        assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
        if sheet.title != "Summary":
            assert sheet.freeze_panes is not None
            assert sheet.auto_filter.ref == sheet.dimensions
            assert sheet.print_title_rows == "$1:$1"
            assert all(width.width > 5 for width in sheet.column_dimensions.values())
            assert all(cell.alignment.wrap_text for cell in sheet[1])


def test_no_mark_at_numbers_that_are_texts() -> None:
    with ZipFile(io.BytesIO(render(small_view()))) as parts:
        sheets = [name for name in parts.namelist() if name.startswith("xl/worksheets/sheet")]
        assert all(b"numberStoredAsText" in parts.read(name) for name in sheets)


def test_days_that_excel_does_not_have_are_texts() -> None:
    days = {"A0001": "1899-12-31", "A0002": "170401", "A0003": "1900-03-01", "A0004": "20250101"}
    view = view_of(diff_between([], [record(code, text="t", first_day=day) for code, day in days.items()]))
    found = {row["Code"]: row["First valid day"] for row in rows(opened(view), "Came")}
    assert found == days | {"A0003": datetime(1900, 3, 1)}  # noqa: DTZ001


def test_names_of_sheets_are_short_allowed_and_different() -> None:
    view = small_view()
    wanted = ["a/b:c*d?e[f]g\\h", "'quoted'", "Summary", "act", "History", "x" * 40, "x" * 41, "", "many words " * 9]
    sections = [Section(name, Kind.PROCEDURE, view.sections[0].ranges) for name in wanted]
    names = opened(replace(view, sections=(*sections, replace(sections[-1], kind=Kind.MODIFIER)))).sheetnames
    assert names == [
        *("Summary", "Act", "a b c d e f g h", "quoted", "Summary 2", "act 2", "History 2"),
        *(f"{'x' * 30}…", f"{'x' * 28}… 2", "Sheet", "many words many words many…", "Mod. many words many words…"),
        *("Data quality", "Audit"),
    ]


def test_a_list_too_long_for_a_sheet_goes_on_in_another(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(workbook, "MOST_ROWS", 2)
    view = view_of(diff_between([], [record(f"A000{number}", text="t") for number in range(5)]))
    book = opened(view)
    assert book.sheetnames == ["Summary", "Act", "Came", "Came 2", "Came 3"]
    assert [row["Code"] for name in book.sheetnames[2:] for row in rows(book, name)] == [f"A000{n}" for n in range(5)]


def test_nothing_changed() -> None:
    book = opened(view_of(diff_between([], [])))
    assert book.sheetnames == ["Summary", "Act"]
    assert rows(book, "Act") == []


def test_the_same_view_gives_the_same_bytes_and_properties() -> None:
    view = small_view()
    assert render(view) == render(view)
    for written, created in ((date(2026, 2, 3), datetime(2026, 2, 3)), (None, datetime(2026, 1, 1))):  # noqa: DTZ001
        properties = opened(replace(view, written=written)).properties
        assert (properties.title, properties.creator) == ("MADE-UP 2025 → 2026", "tracker")
        assert properties.created == created


@settings(max_examples=30)
@given(snapshots("2025"), snapshots("2026"))
def test_the_sheets_say_what_the_view_says(old: Snapshot, new: Snapshot) -> None:
    view = view_of(diff_of(old, new), administrative=True)
    book = opened(view, rich=True)
    assert [row.get("Code") for row in rows(book, "Act") if row] == [task.change.code for task in view.tasks]
    for section in view.sections:
        found = rows(book, section.title.replace("Modifiers: ", "Mod. "))
        assert list(dict.fromkeys(row["Code"] for row in found)) == [entry.change.code for entry in section.entries]
        by_field = {(row["Code"], row.get("Field")): row for row in found}
        for entry in section.entries:
            for field in entry.fields:
                row = by_field.get((entry.change.code, field.field.replace("_", " ")))
                if row is not None and not FIELDS[field.field].meanings:
                    assert [as_text(row["Old"]), as_text(row["New"])] == [field.old or "(none)", field.new or "(none)"]


def as_text(cell: object) -> str:
    return cell.date().isoformat() if isinstance(cell, datetime) else str(cell)


@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1).filter(str.strip))
def test_any_text_comes_back(text: str) -> None:
    (row,) = rows(opened(view_of(diff_between([], [record("A0001", text=text)]))), "Came")
    assert row["Description"] == visible(text)


# A workbook that opens in LibreOffice without repair


@pytest.fixture(scope="module")
def soffice() -> str:
    program = shutil.which("soffice")
    if program is None:
        pytest.skip("LibreOffice is not installed: soffice not found")
    return program


def as_libreoffice_reads_it(soffice: str, folder: Path, data: bytes) -> dict[str, list[list[str]]]:
    """Return the cells of all sheets as LibreOffice shows them, formulas as such."""
    (folder / "book.xlsx").write_bytes(data)
    # Comma, quote, UTF-8, all text quoted, as shown, formulas, every sheet into a file of its own.
    form = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,true,true,true,false,false,-1"
    command = [soffice, f"-env:UserInstallation={(folder / 'profile').as_uri()}", "--headless"]
    command += ["--convert-to", form, "--outdir", str(folder), str(folder / "book.xlsx")]
    subprocess.run(command, check=True, capture_output=True, timeout=120)
    return {
        path.stem.removeprefix("book-"): list(csv.reader(io.StringIO(path.read_text(encoding="utf-8"))))
        for path in folder.glob("book-*.csv")
    }


def hostile_view() -> ReportView:
    texts = ["=1+1", "<r><t>x</t></y></r>", "0088", "a\nb", "x" * 40_000, "<script>", "\U0001f600 | ␛"]
    old = [record(f"A000{number}", text=f"{text} old") for number, text in enumerate(texts)]
    new = [record(f"A000{number}", text=f"{text} new") for number, text in enumerate(texts)]
    return view_of(diff_between(old, [*new, *(record(f"B000{n}", text=text) for n, text in enumerate(texts))]))


@pytest.mark.parametrize("view", [small_view(SUCCESSORS), hostile_view()], ids=["small", "hostile"])
def test_libreoffice_reads_the_same(soffice: str, tmp_path: Path, view: ReportView) -> None:
    data = render(view)
    found = as_libreoffice_reads_it(soffice, tmp_path, data)
    book = load_workbook(io.BytesIO(data))
    assert set(found) == set(book.sheetnames)
    for name in book.sheetnames[1:]:
        lines = found[name]
        for line, row in zip(lines, sheet_of(book, name).iter_rows(values_only=True), strict=False):
            assert [cell[:30_000] for cell in line] == [as_text(cell or "")[:30_000] for cell in row]
