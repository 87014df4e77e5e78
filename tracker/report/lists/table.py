r"""A list as CSV: all its rows, the user's own columns first and as they were, then what was added to each.

The user's own texts are not touched, also those that a spreadsheet takes for formulas: they are what the user has.
Ours are led by an apostrophe then. Half a character, which no UTF-8 can hold, is written as `\ud800`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Final

from tracker.formats.cells import Cell
from tracker.report.lists.view import Answer, ListView, Remembered, shown
from tracker.report.table import CsvLines, guarded, to_bytes

_PREFIX: Final = "tracker_"
_LOT: Final = 200
"""Rows that are written at once: so few stay in the processor's cache, which makes them half as fast again."""


def render(view: ListView) -> Iterator[bytes]:
    """Yield all rows as CSV in UTF-8, with a header row."""
    own, added = CsvLines(), CsvLines()
    begin = own.line(view.columns)
    yield to_bytes(_beside(begin, added.line(added_names(view))))
    answered = Remembered(lambda answer: added.line(_guarded(answer)))
    rows = iter(view.rows())
    while lot := list(islice(rows, _LOT)):
        cells: Iterable[Iterable[Cell]] = (row.cells for row in lot)
        if view.typed:
            cells = (map(shown, row.cells) for row in lot)
        lines = own.lines(cells) if view.columns else [""] * len(lot)
        yield to_bytes("".join(map(_beside, lines, (answered(row.answer) for row in lot))))


def added_names(view: ListView) -> list[str]:
    """Return the headings of what is added: all with a prefix if one of the user's own headings is the same."""
    names = [column.name for column in view.added]
    taken = {heading.strip().lower() for heading in view.columns}
    while not taken.isdisjoint(names):
        names = [f"{_PREFIX}{name}" for name in names]
    return names


def _beside(own: str, added: str) -> str:
    return f"{own},{added}\n" if own else f"{added}\n"


def _guarded(answer: Answer) -> Iterator[str]:
    for cell in answer.cells:
        yield guarded(cell) if isinstance(cell, str) else shown(cell)
