"""A list as Markdown, for GitHub, GitLab and wikis: what must be known of it, then all its rows as a table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tracker.formats.cells import Cell
from tracker.report.lists.view import (
    Group,
    ListRow,
    ListView,
    Remembered,
    filled,
    groups_beside_rows,
    is_numbered,
    rows_of_page,
    shown,
    told_rows,
)
from tracker.report.markdown import FOLDED, escape, fold

ROW: Final = "Row"


def render(view: ListView) -> Iterator[bytes]:
    """Yield a list as Markdown in UTF-8.

    Raises:
        TrackerError: it has more rows than a page can show.
    """
    return _pieces(view, rows_of_page(view))


def _pieces(view: ListView, rows: list[ListRow]) -> Iterator[bytes]:
    yield "\n\n".join((*_summary(view), *_rows(view, rows))).encode() + b"\n"


def _summary(view: ListView) -> Iterator[str]:
    """Yield what is said of the whole list."""
    yield f"# {escape(view.title)}"
    if view.facts:
        yield "\n".join(_table(("", ""), ((escape(name), escape(text)) for name, text in view.facts)))
    told = [
        *(f"- **{number:,}** {escape(what)}" for number, what in view.counts),
        *(f"- Note: {escape(remark)}" for remark in view.remarks),
    ]
    if told:
        yield "## Counts"
        yield "\n".join(told)
    for group in groups_beside_rows(view):
        yield f"## {escape(group.title)} ({len(group.points):,})"
        table = "\n".join(_group(group))
        yield table if len(group.points) <= FOLDED else fold(f"{len(group.points):,} entries", table)


def _group(group: Group) -> Iterator[str]:
    """Yield the points of a group as lines of a table, with those columns that any of them fills."""
    columns = {
        "Code": [escape(point.code) for point in group.points],
        "Level": [point.level or "" for point in group.points],
        "What": ["<br>".join(map(escape, point.lines)) for point in group.points],
        "Rows": [told_rows(point).removeprefix("rows ").removeprefix("row ") for point in group.points],
    }
    shown_columns = {name: cells for name, cells in columns.items() if any(cells)}
    yield from _table(shown_columns, zip(*shown_columns.values(), strict=True))


def _rows(view: ListView, rows: list[ListRow]) -> Iterator[str]:
    """Yield all rows as a table: the user's own columns, then those of the added ones that any row fills."""
    yield f"## All rows ({view.length:,})"
    if not rows:
        return
    numbered, places = is_numbered(view), filled(view, rows)
    headings = [
        *([ROW] if numbered else []),
        *map(escape, view.columns),
        *(escape(view.added[place].title) for place in places),
    ]
    answered = Remembered(lambda answer: [_cell(answer.cells[place]) for place in places])
    lines = ([*([str(row.number)] if numbered else []), *map(_cell, row.cells), *answered(row.answer)] for row in rows)
    yield "\n".join(_table(headings, lines))


def _table(headings: Iterable[str], rows: Iterable[Iterable[str]]) -> Iterator[str]:
    names = list(headings)
    yield _line(names)
    yield _line("---" for _ in names)
    yield from map(_line, rows)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell) -> str:
    return escape(shown(cell))
