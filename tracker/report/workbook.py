"""The report as an Excel workbook, to be worked through: a summary, the act list, one sheet a section.

Every cell is written as what it is: texts as texts (a code keeps its zeros, `=1+1` is no formula, an address no
link), days as dates, counts as numbers. Nothing in the file depends on the clock.
"""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date, datetime, time
from functools import cache
from itertools import repeat
from typing import Final, TypeAlias

from xlsxwriter import Workbook
from xlsxwriter.exceptions import FileCreateError
from xlsxwriter.format import Format
from xlsxwriter.utility import xl_col_to_name
from xlsxwriter.worksheet import Worksheet

from tracker.errors import TrackerError
from tracker.report import rows as r
from tracker.report.rows import Cell, Marked, Row
from tracker.report.view import ReportView, Section, visible, words

MOST_TEXT: Final = 32_767
"""UTF-16 units that a cell holds."""

MOST_ROWS: Final = 1_000_000
"""Rows of a sheet; what is left goes to another one. Excel's own limit is a little higher."""

MOST_CODES: Final = 1_000
"""Codes that are named for one kind of problem."""

MOST_NAME: Final = 31
"""Characters of a sheet's name."""

MOST_HEAD: Final = 80
"""Characters of a title above a printed page. Excel takes 255 with all its signs, and has no second line for them."""

MOST_HEIGHT: Final = 409
"""Points that a row may be high."""

FIRST_DATE: Final = date(1900, 3, 1)
"""Earlier days are written as text: Excel has none before 1900, and a 29 February in that year."""

# How wide a column is at most, in characters.
_WIDTHS: Final = {
    r.DAY: 11,
    r.CODE: 8,
    r.KIND: 10,
    r.LEVEL: 8,
    r.EVENT: 24,
    r.WHAT: 36,
    r.TO_DO: 34,
    r.FIRST_DAY: 12,
    r.LAST_DAY: 12,
    r.ACTED: 11,
    r.DESCRIPTION: 52,
    r.NAME: 28,
    r.FIELD: 20,
    r.OLD: 52,
    r.NEW: 52,
    r.SUCCESSOR: 11,
    r.UNITS: 9,
    r.WHY: 36,
    r.WAIVED: 24,
    r.RANGE: 54,
    r.OWNER: 14,
    r.DECISION: 24,
    r.DONE: 9,
    r.RELEASE: 13,
    r.SEVERITY: 13,
    r.NUMBER: 10,
    r.CODES: 60,
    r.FINDING: 13,
    r.EXPLAINED: 48,
}
_WIDTH: Final = 40
"""How wide any other column is at most."""

_WORK: Final = (r.OWNER, r.DECISION, r.DONE)
_DONE: Final = ["yes", "no need"]
TASK: Final = (
    *(r.DAY, r.CODE, r.KIND, r.DESCRIPTION, r.WHAT, r.TO_DO, r.SUCCESSOR, r.UNITS, r.WHY),
    *_WORK,
)
SECTION: Final = (
    *(r.CODE, r.LEVEL, r.EVENT, r.FIRST_DAY, r.LAST_DAY, r.ACTED, r.WHAT, r.DESCRIPTION, r.NAME, r.FIELD, r.OLD, r.NEW),
    *(r.SUCCESSOR, r.UNITS, r.WHY, r.WAIVED, r.RANGE),
)
_PROBLEM: Final = (r.RELEASE, r.SEVERITY, r.FIELD, r.WHAT, r.NUMBER, r.CODES)
_FINDING: Final = (r.FINDING, r.CODE, r.WHAT, r.EXPLAINED)

_SUMMARY: Final = (46, 36, 36, 70)
"""The widths of the summary's columns, in characters."""

Styles: TypeAlias = Callable[[str], Format]


def render(view: ReportView) -> bytes:
    """Return a view as an XLSX workbook."""
    data = io.BytesIO()
    with Workbook(data, {"in_memory": True}) as book:
        title = r.heading(view)
        day = view.written or view.diff.new.effective_date
        book.set_properties({"title": title, "author": "tracker", "created": datetime.combine(day, time())})
        styles = styles_of(book)
        names = Names()
        summary = add_sheet(book, names("Summary"), title)
        listed = list(_lists(view, book, styles, names))
        _summarise(view, summary, styles, listed)
    return data.getvalue()


def _lists(view: ReportView, book: Workbook, styles: Styles, names: Names) -> Iterator[tuple[str, int]]:
    """Write all sheets but the summary; yield their names and how much they hold."""
    title = r.heading(view)

    def write(wanted: str, found: Sequence[Row], headings: Sequence[str], number: int) -> Iterator[tuple[str, int]]:
        written = write_sheets(book, styles, (names, wanted), title, found, headings)
        yield from ((name, 0 if place else number) for place, name in enumerate(written))

    yield from write("Act", list(r.task_rows(view)), TASK, len(view.tasks))
    for section in view.sections:
        found = list(r.section_rows(view, section))
        yield from write(_short(section), found, _headings(found), len(section.entries))
    for wanted, found, headings in (
        ("Data quality", list(r.problem_rows(view, MOST_CODES)), _PROBLEM),
        ("Audit", list(r.audit_rows(view)), _FINDING),
    ):
        if found:
            yield from write(wanted, found, headings, len(found))


def write_sheets(
    book: Workbook,
    styles: Styles,
    wanted: tuple[Names, str],
    title: str,
    found: Sequence[Row],
    headings: Sequence[str],
) -> Iterator[str]:
    """Write rows to a sheet, or more where they are too many for one; yield the names that these got.

    With the headings `TASK` a sheet is made ready to be worked through.
    """
    names, name = wanted
    for begin in range(0, max(len(found), 1), MOST_ROWS):
        sheet = add_sheet(book, names(name), title)
        part = found[begin : begin + MOST_ROWS]
        _write_list(sheet, styles, part, headings)
        if headings is TASK:
            _prepare_work(sheet, styles, len(part))
        yield str(sheet.name)


def _headings(found: Sequence[Row]) -> list[str]:
    """Return the headings of a section: those that are filled, the event's if there are several."""
    filled = r.columns(found, SECTION)
    several = len({row[r.EVENT] for row in found}) > 1
    return [heading for heading in filled if heading != r.EVENT or several]


def _short(section: Section) -> str:
    """Return a section's title as the wish for a sheet's name: `Mod. added`."""
    return section.title.replace("Modifiers: ", "Mod. ")


class Names:
    """Makes names of sheets: short, without forbidden characters, none twice."""

    def __init__(self) -> None:
        self.given = {"history"}  # Excel keeps this one for itself

    def __call__(self, wanted: str) -> str:
        """Return a name that no other sheet has, as like the wanted one as Excel allows."""
        plain = re.sub(r"[\[\]:*?/\\\s]+", " ", visible(wanted)).strip(" '") or "Sheet"
        name, number = cut(plain, MOST_NAME), 1
        while name.lower() in self.given:
            number += 1
            name = cut(plain, MOST_NAME, f" {number}")
        self.given.add(name.lower())
        return name


def cut(text: str, most: int, end: str = "") -> str:
    """Return a text and its end within a length, cut between words where possible."""
    room = most - len(end)
    if len(text) > room:
        begin = text[: room - 1]
        text = f"{begin.rpartition(' ')[0] or begin}…"
    return text + end


# One list


def _write_list(sheet: Worksheet, styles: Styles, found: Sequence[Row], headings: Sequence[str]) -> None:
    """Write rows under a header that stays in sight, is repeated in print and filters."""
    widths = [_width(heading, found) for heading in headings]
    for column, heading in enumerate(headings):
        sheet.set_column(column, column, widths[column])
        sheet.write_string(0, column, heading, styles("work header" if heading in _WORK else "header"))
    last = len(headings) - 1
    sheet.set_row(0, 2 * LINE + 4)
    for place, row in enumerate(found, start=1):
        sheet.set_row(place, height(zip((row.get(name, "") for name in headings), widths, strict=True)))
        for column, heading in enumerate(headings):
            _write(sheet, styles, place, column, row.get(heading, ""), _style_of(heading, row))
    sheet.freeze_panes(1, headings.index(r.CODE) + 1 if r.CODE in headings else 0)
    sheet.autofilter(0, 0, max(len(found), 1), last)
    sheet.repeat_rows(0)
    if r.RANGE in headings:
        sheet.print_area(0, 0, len(found), headings.index(r.RANGE) - 1)  # a filter's business, not paper's
    sheet.ignore_errors({"number_stored_as_text": area(0, 0, max(len(found), 1), last)})


def _width(heading: str, found: Sequence[Row]) -> int:
    """Return the width of a column: no wider than it needs, or than its sort of text is good to read in."""
    most = _WIDTHS.get(heading, _WIDTH)
    if heading in _WORK:
        return most
    needed = len(heading) + 2
    for row in found:
        if needed >= most:
            return most
        cell = row.get(heading, "")
        if isinstance(cell, str | Marked):
            needed = max(needed, *(len(line) + 1 for line in str(cell).split("\n")))
        elif isinstance(cell, date):
            needed = max(needed, _WIDTHS[r.DAY])
    return needed


def _prepare_work(sheet: Worksheet, styles: Styles, number: int) -> None:
    """Make the act list ready to be worked through: a choice for `Done`, after which a row steps back."""
    done, last = TASK.index(r.DONE), max(number, 1)
    choice = {
        "validate": "list",
        "source": _DONE,
        "input_title": "Done?",
        "input_message": "yes, or no need: the row turns grey.",
        "error_type": "information",
    }
    sheet.data_validation(1, done, last, done, choice)
    criteria = f'=${xl_col_to_name(done)}2<>""'
    sheet.conditional_format(
        1, 0, last, len(TASK) - 1, {"type": "formula", "criteria": criteria, "format": styles("done")}
    )


def height(cells: Iterable[tuple[Cell, int]]) -> float:
    """Return about the height in points that cells of these widths need when their texts are folded.

    Excel finds it by itself, LibreOffice and what prints by it do not.
    """
    lines = 1
    for cell, width in cells:
        if isinstance(cell, str | Marked):
            text = str(cell)
            if len(text) > width or "\n" in text:
                lines = max(lines, sum(map(_folds, text.split("\n"), repeat(width))))
    return min(lines * LINE + 3, MOST_HEIGHT)


def _folds(text: str, width: int) -> int:
    """Return about how many lines a text takes: letters are narrower than a digit, and words are not parted."""
    return 1 if len(text) <= width else -(-len(text) // max(int(width * 1.35) - 4, width - 2))


def _style_of(heading: str, row: Row) -> str:
    if heading == r.LEVEL:
        return str(row.get(heading, ""))
    if heading in (r.CODE, r.SUCCESSOR):
        return "plain" if row.get(heading) == r.NO_SUCCESSOR else "code"
    return {r.UNITS: "units", r.RANGE: "aside"}.get(heading, "work" if heading in _WORK else "plain")


def _write(sheet: Worksheet, styles: Styles, row: int, column: int, cell: Cell, style: str) -> None:
    """Write a cell as what it is."""
    if isinstance(cell, Marked):
        _write_marked(sheet, styles, row, column, cell)
    elif isinstance(cell, date) and cell >= FIRST_DATE:
        sheet.write_datetime(row, column, datetime.combine(cell, time()), styles("day"))
    elif isinstance(cell, float | int):
        sheet.write_number(row, column, cell, styles("units" if style == "units" else "number"))
    elif cell == "":
        sheet.write_blank(row, column, None, styles(style))
    else:
        write_text(sheet, styles, row, column, str(cell), style)


_APART: Final = re.compile("(?<=_)(?=x[0-9A-Fa-f]{4}_)|(?<=^<)(?=r>)")
"""Where a text is parted, so that nobody reads `_x001B_` in it as a control character, as Excel's own notation has it,
and xlsxwriter no `<r>` as its own. That library escapes the former, but not where two lie over each other
(`_x005F_x001B_`), and in rich text twice."""


def write_text(sheet: Worksheet, styles: Styles, row: int, column: int, text: str, style: str) -> None:
    """Write a text. One that could be read as a notation is handed over in pieces."""
    pieces = _APART.split(_fit(text))
    if len(pieces) == 1:
        sheet.write_string(row, column, pieces[0], styles(style))
    else:
        font = styles("same font")
        sheet.write_rich_string(row, column, *(token for piece in pieces for token in (font, piece)), styles(style))


def _write_marked(sheet: Worksheet, styles: Styles, row: int, column: int, cell: Marked) -> None:
    """Write a text with what differs in rich text; where all of it does, in a format of the whole cell."""
    text, mark = str(cell), "came" if cell.came else "went"
    if len(cell.pieces) <= 1 or _units(text) > MOST_TEXT:
        differs = len(cell.pieces) == 1 and cell.pieces[0][1]
        write_text(sheet, styles, row, column, text, f"all {mark}" if differs else "plain")
        return
    tokens = [
        token
        for piece, differs in cell.pieces
        for part in _APART.split(piece)
        for token in (styles(mark if differs else "same font"), part)
    ]
    sheet.write_rich_string(row, column, *tokens, styles("plain"))


def _fit(text: str) -> str:
    """Return a text cut to what a cell holds, the cut marked."""
    if _units(text) <= MOST_TEXT:
        return text
    kept = text.encode("utf-16-le")[: 2 * (MOST_TEXT - 1)].decode("utf-16-le", "ignore")
    return f"{kept}…"


def _units(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


# The summary


def _summarise(view: ReportView, sheet: Worksheet, styles: Styles, listed: Iterable[tuple[str, int]]) -> None:
    """Write the summary: what was compared, what is to be known about it, how much changed, and where it stands."""
    for column, width in enumerate(_SUMMARY):
        sheet.set_column(column, column, width)
    sheet.fit_to_pages(1, 0)
    row = _write_head(view, sheet, styles)
    row = write_block(
        sheet, styles, row, ("What was compared", "Old", "New"), [(name, *two) for name, *two in r.release_facts(view)]
    )
    row = write_remarks(sheet, styles, row, view.remarks)
    row = _write_pair(sheet, styles, row, (("Codes", "Number"), r.code_counts(view)), (("Sheets", "Holds"), listed))
    headings = (r.EVENT, r.LEVEL, r.NUMBER, r.MEANING)
    events = [tuple(found[name] for name in headings) for found in r.event_rows(view)]
    row = write_block(sheet, styles, row, ("Events", *headings[1:]), events)
    letters = ((found[r.RANGE], found[r.NUMBER]) for found in r.letter_rows(view))
    fields = ((words(name), number) for name, number in view.counts.fields.items())
    row = _write_pair(
        sheet, styles, row, (("Codes by first letter", "Number"), letters), (("Changed fields", "Codes"), fields)
    )
    sheet.ignore_errors({"number_stored_as_text": area(0, 0, row, len(_SUMMARY) - 1)})


def _write_head(view: ReportView, sheet: Worksheet, styles: Styles) -> int:
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, r.heading(view), styles("title"))
    if view.written:
        sheet.write_string(1, 0, f"Written {view.written}", styles("faint"))
    for column, (level, number) in enumerate(view.counts.levels.items()):
        sheet.write_string(2, column, f"{level.capitalize()} {number:,}", styles(f"big {level}"))
    sheet.set_row(2, 20)
    return 4


def _write_pair(
    sheet: Worksheet,
    styles: Styles,
    row: int,
    *tables: tuple[Sequence[str], Iterable[Sequence[Cell]]],
) -> int:
    """Write two small tables of two columns side by side; return the row behind them and a gap."""
    ends = [
        write_block(sheet, styles, row, headings, list(lines), left=2 * place)
        for place, (headings, lines) in enumerate(tables)
    ]
    return max(ends)


def write_block(
    sheet: Worksheet,
    styles: Styles,
    row: int,
    headings: Sequence[str],
    lines: Sequence[Sequence[Cell]],
    *,
    left: int = 0,
    widths: Sequence[int] = _SUMMARY,
) -> int:
    """Write a small table, unless it is empty; return the row behind it and a gap."""
    if not lines:
        return row
    for column, heading in enumerate(headings, start=left):
        write_text(sheet, styles, row, column, heading, "header")
    for line in lines:
        row += 1
        sheet.set_row(row, height(zip(line, widths[left:], strict=False)))
        for column, cell in enumerate(line):
            style = str(cell) if headings[column] == r.LEVEL else "plain"
            _write(sheet, styles, row, left + column, cell, style)
    return row + 2


def write_remarks(
    sheet: Worksheet, styles: Styles, row: int, remarks: Sequence[str], widths: Sequence[int] = _SUMMARY
) -> int:
    """Write each remark over the sheet's whole width; a merged row must be told its height."""
    if not remarks:
        return row
    last, width = len(widths) - 1, sum(widths)
    sheet.merge_range(row, 0, row, last, "Remarks", styles("header"))
    for remark in remarks:
        row += 1
        text = visible(remark)
        sheet.merge_range(row, 0, row, last, "", styles("plain"))
        write_text(sheet, styles, row, 0, text, "plain")
        sheet.set_row(row, height([(text, width)]))
    return row + 2


# Sheets and styles

LINE: Final = 12.75
"""Points of a line of text."""

FONT: Final = {"font_name": "Calibri", "font_size": 10}
CELL: Final = {**FONT, "valign": "top", "text_wrap": True, "border": 1, "border_color": "#D9D9D9"}
HEADER: Final = {**CELL, "bold": True, "font_color": "#FFFFFF", "bg_color": "#1F4E79", "valign": "vcenter"}
_WENT: Final = {"font_color": "#C00000", "font_strikeout": True}
_CAME: Final = {"font_color": "#00703C", "bold": True, "underline": 1}
LEVELS: Final[Mapping[str, Mapping[str, object]]] = {
    "act": {"font_color": "#C00000", "bold": True},
    "review": {"font_color": "#7F6000"},
    "note": {"font_color": "#595959"},
}
_STYLES: Final = {
    "plain": CELL,
    "": CELL,
    "code": {**CELL, "bold": True, "num_format": "@"},
    "day": {**CELL, "num_format": "yyyy-mm-dd", "align": "left"},
    "number": {**CELL, "num_format": "#,##0", "align": "left"},
    "units": {**CELL, "num_format": "#,##0.######", "align": "right", "indent": 1},
    "work": {**CELL, "bg_color": "#FFF9E5"},
    "aside": {**CELL, "text_wrap": False, "font_color": "#595959"},
    "header": HEADER,
    "work header": {**HEADER, "bg_color": "#7F6000"},
    "done": {"font_color": "#A6A6A6"},
    "same font": FONT,
    "went": {**FONT, **_WENT},
    "came": {**FONT, **_CAME},
    "all went": {**CELL, **_WENT},
    "all came": {**CELL, **_CAME},
    "title": {**FONT, "font_size": 18, "bold": True, "font_color": "#1F4E79"},
    "faint": {**FONT, "font_color": "#595959"},
    **{name: {**CELL, **style} for name, style in LEVELS.items()},
    **{f"big {name}": {**FONT, **style, "font_size": 14, "bold": True} for name, style in LEVELS.items()},
}


@contextmanager
def long_book(data: io.BytesIO) -> Iterator[Workbook]:
    """Open a workbook of which no row is held: xlsxwriter keeps them in temporary files, which it deletes.

    Raises:
        TrackerError: there is no room for these.
    """
    try:
        with Workbook(data, {"constant_memory": True}) as book:
            book.use_zip64()
            yield book
    except FileCreateError as error:
        raise TrackerError(f"the workbook cannot be put together: {error}") from error


def styles_of(book: Workbook, more: Mapping[str, Mapping[str, object]] | None = None) -> Styles:
    """Return what gives a format of a book by its name: one of all workbooks, or of `more`."""
    named = {**_STYLES, **(more or {})}
    return cache(lambda name: book.add_format(named[name]))


def add_sheet(book: Workbook, name: str, title: str) -> Worksheet:
    """Add a sheet that prints well: landscape, as wide as the page, with a head and page numbers."""
    sheet = book.add_worksheet(name)
    sheet.set_landscape()
    sheet.set_paper(1)  # Letter: most readers are in the United States
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4, top=0.7, bottom=0.6)
    sheet.set_header(f"&L&B{cut(title, MOST_HEAD).replace('&', '&&')}&B&R&A")
    sheet.set_footer("&RPage &P of &N")
    return sheet


def area(*corners: int) -> str:
    """Return the name of an area by its zero-based top, left, bottom and right: `A1:C9`."""
    top, left, bottom, right = corners
    return f"{xl_col_to_name(left)}{top + 1}:{xl_col_to_name(right)}{bottom + 1}"
