"""The changelog as an Excel workbook: an overview, what the two ends do not tell, all changes, the codes, the tasks."""

from __future__ import annotations

import io
from datetime import datetime, time
from typing import Final

from xlsxwriter import Workbook
from xlsxwriter.worksheet import Worksheet

from tracker.report import rows as r
from tracker.report.changelog import rows as c
from tracker.report.changelog.view import ChangelogView, heading, step_name
from tracker.report.view import describe
from tracker.report.workbook import (
    SECTION,
    TASK,
    Names,
    Styles,
    add_sheet,
    styles_of,
    write_block,
    write_remarks,
    write_sheets,
)

_WIDTHS: Final = (28, *(11 for _ in range(7)), 60)
"""The widths of the overview's columns, in characters: a name, numbers, and room for what is told."""

_MISSED: Final = (
    *(c.SORT, r.CODE, c.WHY, c.STEP, r.LEVEL, r.WHAT, r.FIELD, r.OLD, r.NEW, r.DESCRIPTION),
    *(r.SUCCESSOR, r.UNITS, r.WHY, r.WAIVED),
)


def render(view: ChangelogView) -> bytes:
    """Return a changelog as an XLSX workbook."""
    data = io.BytesIO()
    title = heading(view)
    with Workbook(data, {"in_memory": True}) as book:
        day = view.written or view.last.effective_date
        book.set_properties({"title": title, "author": "tracker", "created": datetime.combine(day, time())})
        styles, names = styles_of(book), Names()
        overview = add_sheet(book, names("Overview"), title)
        missed = [row for sort in view.missed for one in sort.found for row in c.missed_rows(one, sort.title)]
        changes = list(c.change_rows(view))
        steps = [step_name(step) for step in view.steps]
        lists = [
            ("Missed", missed, r.columns(missed, _MISSED)),
            ("All changes", changes, r.columns(changes, (c.STEP, c.SECTION, *SECTION))),
            ("By code", list(c.code_rows(view)), [r.CODE, r.KIND, *steps]),
            *((f"Act {step.diff.new.label}", list(r.task_rows(step)), TASK) for step in view.steps),
        ]
        held = [
            (name, len(found))
            for wanted, found, headings in lists
            if found
            for name in write_sheets(book, styles, (names, wanted), title, found, headings)
        ]
        _summarise(view, overview, styles, held)
    return data.getvalue()


def _summarise(view: ChangelogView, sheet: Worksheet, styles: Styles, held: list[tuple[str, int]]) -> None:
    """Write the overview: the steps and their numbers, what is to be known of them, and where it stands."""
    for column, width in enumerate(_WIDTHS):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    sheet.write_string(0, 0, heading(view), styles("title"))
    if view.written:
        sheet.write_string(1, 0, f"Written {view.written}", styles("faint"))
    table = list(c.overview_rows(view))
    headings = list(table[0])
    row = write_block(sheet, styles, 3, headings, [[row[name] for name in headings] for row in table], widths=_WIDTHS)
    row = write_remarks(sheet, styles, row, view.remarks, _WIDTHS)
    sorts = [(sort.title, len(sort.found)) for sort in view.missed]
    row = write_block(sheet, styles, row, ("Missed", "Codes"), sorts, widths=_WIDTHS)
    row = write_block(sheet, styles, row, ("Sheets", "Rows"), held, widths=_WIDTHS)
    releases = [describe(release) for release in (view.first, *(step.diff.new for step in view.steps))]
    write_remarks(sheet, styles, row, releases, _WIDTHS)
