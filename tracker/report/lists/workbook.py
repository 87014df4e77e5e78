"""A list as an Excel workbook: a summary, then all its rows, the user's own cells as they came and ours beside them.

Rows are written one by one and never held. Every cell is written as what it is: a text as a text, also one that looks
like a formula, a link or a number.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from math import isfinite
from typing import Final

from xlsxwriter.worksheet import Worksheet

from tracker.errors import TrackerError
from tracker.formats.cells import Cell
from tracker.report.lists.view import (
    LEVEL,
    VERDICTS,
    Answer,
    ListRow,
    ListView,
    Remembered,
    groups_beside_rows,
    is_numbered,
    refuse_more,
    shown,
    told_rows,
)
from tracker.report.view import visible
from tracker.report.workbook import (
    CELL,
    FIRST_DATE,
    HEADER,
    LINE,
    MOST_HEAD,
    Styles,
    add_sheet,
    area,
    cut,
    height,
    long_book,
    styles_of,
    write_block,
    write_remarks,
    write_text,
)

MOST_ROWS: Final = 1_048_575
"""Rows of a sheet, without its header."""

MOST_COLUMNS: Final = 16_384

ROW: Final = "Row"

_PIECE: Final = 1 << 20

_MADE: Final = datetime(1980, 1, 1)  # noqa: DTZ001 - Excel knows no time zones
"""What the file calls the day of its making: the clock is not asked."""

_DAY_0: Final = date(1899, 12, 30)

_SUMMARY: Final = (24, 10, 76, 40)
"""The widths of the summary's columns, in characters."""

_SAMPLED: Final = 500
"""Rows by which the widths of columns are found; a wider cell is folded, or runs on."""

_WIDTH_OF_ROW: Final = 9
_WIDEST_OWN: Final = 36
_WIDEST: Final = 48

_OWN: Final = {**CELL, "text_wrap": False}
_STYLES: Final = {
    "own": _OWN,
    "own day": {**_OWN, "num_format": "yyyy-mm-dd", "align": "left"},
    "own moment": {**_OWN, "num_format": "yyyy-mm-dd hh:mm:ss", "align": "left"},
    "own time": {**_OWN, "num_format": "hh:mm:ss", "align": "left"},
    "own span": {**_OWN, "num_format": "[h]:mm:ss", "align": "left"},
    "own header": {**HEADER, "bg_color": "#595959"},
    "added": CELL,
    "added number": {**CELL, "align": "left"},
    "row": {**_OWN, "font_color": "#595959"},
}


def render(view: ListView) -> Iterator[bytes]:
    """Yield a list as an XLSX workbook.

    Raises:
        TrackerError: it has more rows or columns than a sheet.
    """
    refuse_more(view, MOST_ROWS, "a sheet can hold", "write .csv")
    columns = len(view.columns) + len(view.added) + is_numbered(view)
    if columns > MOST_COLUMNS:
        raise TrackerError(f"{columns:,} columns are more than a sheet can hold ({MOST_COLUMNS:,}): write .csv")
    return _pieces(view)


def _pieces(view: ListView) -> Iterator[bytes]:
    data = io.BytesIO()
    title = cut(visible(view.title), MOST_HEAD)
    with long_book(data) as book:
        book.set_properties({"title": title, "author": "tracker", "created": _MADE})
        styles = styles_of(book, _STYLES)
        _summarise(view, add_sheet(book, "Summary", title), styles)
        _List(view, add_sheet(book, "List", title), styles).write()
    data.seek(0)
    while piece := data.read(_PIECE):
        yield piece


# The summary


def _summarise(view: ListView, sheet: Worksheet, styles: Styles) -> None:
    """Write what is said of the whole list: what was asked, how many rows of each kind, and what must be known."""
    for column, width in enumerate(_SUMMARY):
        sheet.set_column(column, column, width)
    sheet.set_row(0, 26)
    write_text(sheet, styles, 0, 0, visible(view.title), "title")
    row = _write_facts(view, sheet, styles, 2)
    counts = [(visible(what), number) for number, what in view.counts]
    row = write_block(sheet, styles, row, ("Rows", "Number"), counts, widths=_SUMMARY)
    row = write_remarks(sheet, styles, row, view.remarks, _SUMMARY)
    for group in groups_beside_rows(view):
        points = [
            (
                visible(point.code),
                point.level or "",
                "\n".join(map(visible, point.lines)),
                told_rows(point).removeprefix("rows ").removeprefix("row "),
            )
            for point in group.points
        ]
        headings = (f"{visible(group.title)} ({len(points):,})", "Level", "What", "Rows")
        row = write_block(sheet, styles, row, headings, points, widths=_SUMMARY)
    sheet.ignore_errors({"number_stored_as_text": area(0, 0, row, len(_SUMMARY) - 1)})


def _write_facts(view: ListView, sheet: Worksheet, styles: Styles, row: int) -> int:
    """Write the facts, each text over the rest of the sheet's width; return the row behind them and a gap."""
    last, width = len(_SUMMARY) - 1, sum(_SUMMARY[1:])
    for name, text in view.facts:
        told = visible(text)
        write_text(sheet, styles, row, 0, visible(name), "plain")
        sheet.merge_range(row, 1, row, last, "", styles("plain"))
        write_text(sheet, styles, row, 1, told, "plain")
        sheet.set_row(row, height([(told, width)]))
        row += 1
    return row + 1 if view.facts else row


# The list


class _List:
    """Writes the sheet with all rows: the user's own columns, the row's number in the file, the added columns."""

    def __init__(self, view: ListView, sheet: Worksheet, styles: Styles) -> None:
        self._view = view
        self._sheet = sheet
        self._styles = styles
        self._numbered = is_numbered(view)
        self._begin = len(view.columns) + self._numbered
        self._marked = {place for place, column in enumerate(view.added) if column.name in (LEVEL, *VERDICTS)}
        self._widths: list[int] = []

    def write(self) -> None:
        """Write the header, then the rows as they come.

        The header comes first of all: xlsxwriter deletes the temporary file of a sheet that anything was written to.
        """
        view, sheet = self._view, self._sheet
        self._write_header()
        rows = iter(view.rows())
        first = list(islice(rows, _SAMPLED))
        self._set_widths(first)
        heights = Remembered(self._height)
        for place, row in enumerate(chain(first, rows), start=1):
            if points := heights(row.answer):
                sheet.set_row(place, points)
            for column, cell in enumerate(row.cells):
                self._write_own(place, column, cell)
            if self._numbered:
                sheet.write_number(place, self._begin - 1, row.number, self._styles("row"))
            for column, cell in enumerate(row.answer.cells):
                self._write_added(place, column, cell, row.answer)

    def _write_header(self) -> None:
        """Write the header, which stays in sight, is repeated in print and filters."""
        view, sheet = self._view, self._sheet
        own = [(heading, "own header") for heading in view.columns]
        ours = [(title, "header") for title in ([ROW] if self._numbered else []) + [one.title for one in view.added]]
        sheet.set_row(0, 2 * LINE + 4)
        for column, (heading, style) in enumerate(own + ours):
            write_text(sheet, self._styles, 0, column, visible(heading), style)
        last = max(view.length, 1), len(own) + len(ours) - 1
        sheet.freeze_panes(1, 0)
        sheet.autofilter(0, 0, *last)
        sheet.repeat_rows(0)
        sheet.ignore_errors({"number_stored_as_text": area(0, 0, *last)})

    def _set_widths(self, first: Sequence[ListRow]) -> None:
        """Make the columns as wide as the first rows need."""
        view, sheet, styles = self._view, self._sheet, self._styles
        for column, heading in enumerate(view.columns):
            width = _width(heading, (row.cells[column] for row in first), _WIDEST_OWN)
            sheet.set_column(column, column, width, styles("own"))
        if self._numbered:
            sheet.set_column(self._begin - 1, self._begin - 1, _WIDTH_OF_ROW, styles("row"))
        for place, added in enumerate(view.added):
            width = _width(added.title, (row.answer.cells[place] for row in first), _WIDEST)
            self._widths.append(width)
            sheet.set_column(self._begin + place, self._begin + place, width, styles("added"))

    def _height(self, answer: Answer) -> float | None:
        """Return how high a row with an answer is, None where it needs no more than one line."""
        texts = [visible(cell) if isinstance(cell, str) else "" for cell in answer.cells]
        points = height(zip(texts, self._widths, strict=True))
        return points if points > 2 * LINE else None

    def _write_own(self, row: int, column: int, cell: Cell) -> None:
        """Write a cell of the user's as it came."""
        sheet, styles = self._sheet, self._styles
        if isinstance(cell, str):
            if cell:
                write_text(sheet, styles, row, column, _storable(cell), "own")
        elif isinstance(cell, bool):
            sheet.write_boolean(row, column, cell, styles("own"))
        elif isinstance(cell, int | float) and isfinite(cell):
            sheet.write_number(row, column, cell, styles("own"))
        elif style := _style_of_time(cell):
            sheet.write_number(row, column, _serial(cell), styles(style))
        else:
            write_text(sheet, styles, row, column, shown(cell), "own")

    def _write_added(self, row: int, place: int, cell: Cell, answer: Answer) -> None:
        sheet, styles, column = self._sheet, self._styles, self._begin + place
        if isinstance(cell, str):
            if cell:
                style = answer.level if place in self._marked and answer.level else "added"
                write_text(sheet, styles, row, column, visible(cell), style)
        elif _style_of_time(cell):
            sheet.write_number(row, column, _serial(cell), styles("day"))
        elif isinstance(cell, int | float):
            sheet.write_number(row, column, cell, styles("added number"))
        else:
            write_text(sheet, styles, row, column, shown(cell), "added")


def _width(heading: str, cells: Iterable[Cell], most: int) -> int:
    """Return how wide a column is in characters: as its longest text and the longest word of its heading need."""
    word = max(map(len, heading.split()), default=0) + 4  # beside it stands the filter's button
    longest = max((len(line) for cell in cells for line in shown(cell).split("\n")), default=0) + 1
    return min(max(word, longest, 8), most)


def _style_of_time(cell: Cell) -> str:
    """Return the style in which Excel shows a day or time; empty for what it cannot hold as one."""
    if isinstance(cell, datetime):
        day = cell.date()
        return "" if day < FIRST_DATE else "own moment" if cell.time() != time() else "own day"
    if isinstance(cell, date):
        return "" if cell < FIRST_DATE else "own day"
    if isinstance(cell, timedelta):
        return "" if cell < timedelta() else "own span"
    return "own time" if isinstance(cell, time) else ""


def _serial(cell: Cell) -> float:
    """Return a day or time as Excel counts it: in days, from the last one of 1899."""
    if isinstance(cell, time):
        cell = datetime.combine(_DAY_0, cell)
    elif isinstance(cell, date) and not isinstance(cell, datetime):
        cell = datetime.combine(cell, time())
    span = cell - datetime.combine(_DAY_0, time()) if isinstance(cell, datetime) else cell
    return span / timedelta(days=1) if isinstance(span, timedelta) else 0.0


def _storable(text: str) -> str:
    """Return a text with halves of characters, which no file can hold, written out."""
    return text if text.isascii() else text.encode("utf-8", "backslashreplace").decode()
