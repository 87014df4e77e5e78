r"""A list as CSV: all its rows, the user's own columns first and as they were, then what was added to each.

The user's own texts are not touched, also those that a spreadsheet takes for formulas: they are what the user has.
Ours are led by an apostrophe then. Half a character, which no UTF-8 can hold, is written as `\ud800`.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Final

from tracker.formats.cells import Cell
from tracker.report.lists.view import Answer, ListRow, ListView, Remembered, shown
from tracker.report.table import guarded

_PREFIX: Final = "tracker_"
_LOT: Final = 2_000
"""Rows that are written at once, about a megabyte."""

_TEXTS: Final = {str}


def render(view: ListView) -> Iterator[bytes]:
    """Yield all rows as CSV in UTF-8, with a header row."""
    own, added = _Writer(), _Writer()
    begin = own.line(view.columns)
    yield f"{_beside(begin, added.line(added_names(view)))}\n".encode("utf-8", "backslashreplace")
    answered = Remembered(lambda answer: added.line(_guarded(answer)))
    rows = iter(view.rows())
    while lot := list(islice(rows, _LOT)):
        lines = own.lines(_plain(row) for row in lot) if view.columns else [""] * len(lot)
        told = [f"{_beside(line, answered(row.answer))}\n" for line, row in zip(lines, lot, strict=True)]
        yield "".join(told).encode("utf-8", "backslashreplace")


def added_names(view: ListView) -> list[str]:
    """Return the headings of what is added: all with a prefix if one of the user's own headings is the same."""
    names = [column.name for column in view.added]
    taken = {heading.strip().lower() for heading in view.columns}
    while not taken.isdisjoint(names):
        names = [f"{_PREFIX}{name}" for name in names]
    return names


class _Writer:
    """Writes rows as CSV, each without an end.

    Python writes a text with a line end in quotes if that is one of the writer's own line ends: so it gets both,
    and they are cut off.
    """

    def __init__(self) -> None:
        self._written: list[str] = []
        self.write = self._written.append
        self._csv = csv.writer(self, lineterminator="\r\n")

    def line(self, cells: Iterable[str]) -> str:
        """Return one row; nothing for a row without cells."""
        return self.lines([cells])[0]

    def lines(self, rows: Iterable[Iterable[str]]) -> list[str]:
        """Return many rows."""
        self._written.clear()
        self._csv.writerows(rows)
        return [line[:-2] for line in self._written]


def _beside(own: str, added: str) -> str:
    return f"{own},{added}" if own else added


def _plain(row: ListRow) -> Sequence[str]:
    """Return the texts of a row's own cells. Those of a CSV are texts already, and a list may have millions."""
    cells: Sequence[Cell] = row.cells
    return cells if set(map(type, cells)) == _TEXTS else list(map(shown, cells))  # type: ignore[return-value]


def _guarded(answer: Answer) -> Iterator[str]:
    for cell in answer.cells:
        yield guarded(cell) if isinstance(cell, str) else shown(cell)
