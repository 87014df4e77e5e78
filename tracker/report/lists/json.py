"""A list as JSON, of the published schema `docs/list.schema.json`. One line a row."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import islice
from math import isfinite
from typing import Final

from tracker.formats.cells import Cell, letter
from tracker.report.lists.view import Answer, ListView, Remembered, shown
from tracker.report.table import to_bytes

SCHEMA: Final = 1
"""Version of the schema: raised when something that a reader relies on changes."""

_LOT: Final = 2_000
"""Rows that are written at once, about a megabyte."""

_TEXTS: Final = {str}

_WHOLE: Final = 2**53
"""From here on a floating point number has no digit behind the point, and may lack some before it."""

_text = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode


def render(view: ListView) -> Iterator[bytes]:
    """Yield a list as UTF-8 JSON. An empty answer is null; the user's own cells are as they were, days ISO."""
    for piece in _pieces(view):
        yield to_bytes(piece)


def _pieces(view: ListView) -> Iterator[str]:
    keys = unique(view.columns)
    members = [f"{_text(name)}:{_text(value)}" for name, value in _head(view, keys).items()]
    yield "{" + ",\n".join(members) + ',\n"rows":['
    answered = Remembered(lambda answer: _text(_answer(view, answer))[1:])
    rows, between = iter(view.rows()), "\n"
    while lot := list(islice(rows, _LOT)):
        told = [
            f'{{"row":{row.number or "null"},"own":{_text(_own(keys, row.cells))},{answered(row.answer)}' for row in lot
        ]
        yield between + ",\n".join(told)
        between = ",\n"
    yield "\n]}\n" if between == ",\n" else "]}\n"


def _head(view: ListView, keys: Sequence[str]) -> dict[str, object]:
    """Return all but the rows."""
    return {
        "schema": SCHEMA,
        "title": view.title,
        "facts": [{"name": name, "text": text} for name, text in view.facts],
        "counts": [{"number": number, "what": what} for number, what in view.counts],
        "remarks": list(view.remarks),
        "groups": [
            {
                "title": group.title,
                "points": [
                    {
                        "code": point.code or None,
                        "level": point.level,
                        "lines": list(point.lines),
                        "number": point.number,
                        "rows": [row for row in point.rows if row],
                    }
                    for point in group.points
                ],
            }
            for group in view.groups
        ],
        "columns": list(keys),
        "added": [{"name": column.name, "title": column.title} for column in view.added],
    }


def unique(headings: Sequence[str]) -> list[str]:
    """Return the headings of a list as names of which none is empty and no two are the same: `Price`, `Price (2)`."""
    names: list[str] = []
    given = set(headings)
    for place, heading in enumerate(headings):
        plain = heading or f"column {letter(place)}"
        name, number = plain, 1
        while name in names or (name != heading and name in given):
            number += 1
            name = f"{plain} ({number})"
        names.append(name)
    return names


def _own(keys: Sequence[str], cells: Sequence[Cell]) -> dict[str, object]:
    plain = set(map(type, cells)) == _TEXTS
    return dict(zip(keys, cells if plain else map(_value, cells), strict=True))


def _answer(view: ListView, answer: Answer) -> dict[str, object]:
    """Return what is said of a row by the names of the columns, its level before."""
    named = zip((column.name for column in view.added), answer.cells, strict=True)
    return {"level": answer.level, **{name: None if cell == "" else _value(cell) for name, cell in named}}


def _value(cell: Cell) -> object:
    """Return a cell as what it is: a whole number without a point, a day or time as its text."""
    if isinstance(cell, bool | str):
        return cell
    if isinstance(cell, int | float):
        if not isfinite(cell):
            return None
        return int(cell) if abs(cell) < _WHOLE and cell == int(cell) else cell
    return shown(cell)
