"""The cells of a table, whatever file it came in, and what they show."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import TypeAlias

Cell: TypeAlias = str | float | bool | date | datetime | time | timedelta
"""What a cell can hold; an empty one is an empty text."""


def text(cell: Cell) -> str:
    """Return what a cell shows: a whole number as its digits, a day as its ISO date."""
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)


def letter(place: int) -> str:
    """Return a workbook's name of a column: 0 -> A, 26 -> AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
