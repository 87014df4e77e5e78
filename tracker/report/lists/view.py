"""A list answered row by row: a user's own list beside what the releases say of it, or the result of a search.

Renderers draw a `ListView` and decide nothing. Rows are made while they are drawn, so that a list of a million
of them passes through without ever being held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, time
from typing import Final, Generic, NamedTuple, TypeVar

from tracker.errors import TrackerError
from tracker.formats import cells
from tracker.formats.cells import Cell
from tracker.model import Level
from tracker.report.view import amount

T = TypeVar("T")

LEVEL: Final = "level"
"""The name of the column, among those that are added, that holds the level in a word."""

VERDICTS: Final = ("status", "valid")
"""The names of the columns that say in a word or two how it stands with a row; a list has one of them at most."""

MOST_ON_PAGE: Final = 20_000
"""Rows that a page shows: a browser would be slow with more, and nobody would read them."""

_MOST_REMEMBERED: Final = 50_000
"""Answers of which is remembered what was made of them. A list has a few thousand, unless no two rows are equal."""


class Column(NamedTuple):
    """A column that is added to a list: its name for programs (`last_valid_day`), its title for people."""

    name: str
    title: str


@dataclass(frozen=True, slots=True)
class Answer:
    """What is said of a row: a cell for each added column, and how much it asks of the reader (None: nothing).

    Equal rows share one answer: a renderer may remember by its identity what it made of it.
    """

    cells: tuple[Cell, ...]
    level: Level | None = None


class ListRow(NamedTuple):
    """A row of the list: its one-based number in the file (0 where there is none), its own cells, the answer.

    It has as many cells as the list has columns.
    """

    number: int
    cells: tuple[Cell, ...]
    answer: Answer


@dataclass(frozen=True, slots=True)
class Point:
    """One thing to know of the list: a code, or a kind of row, and what is to be said of it.

    `code` may be empty. `rows` are the first rows that it is about, `number` how many there are in all.
    `lines` are what is said, the first being the most important.
    """

    code: str
    level: Level | None
    lines: tuple[str, ...]
    number: int = 0
    rows: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Points of one sort under a heading: `Discontinued`, `Not found, perhaps misspelled`."""

    title: str
    points: tuple[Point, ...]


@dataclass(frozen=True, slots=True)
class ListView:
    """A list, ready to be drawn.

    `title` says what was asked. `facts` are (name, text) pairs: the releases, the file, the column that holds the
    codes and how it was found. `counts` are (number, what) pairs, in rows. `remarks` are sentences to be said aloud.
    `groups` are what a reader must know, the most serious first. `columns` are the headings of the list's own
    columns (none for a search), `added` those of the answers. `rows` gives all rows anew each time it is
    called; `length` says how many there are. `typed`: some of the list's own cells may be other than texts.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    counts: tuple[tuple[int, str], ...]
    remarks: tuple[str, ...]
    groups: tuple[Group, ...]
    columns: tuple[str, ...]
    added: tuple[Column, ...]
    rows: Callable[[], Iterable[ListRow]]
    length: int
    typed: bool = True


class Remembered(Generic[T]):
    """What a renderer made of answers: equal rows share an answer, and what was made of it."""

    def __init__(self, make: Callable[[Answer], T]) -> None:
        self._make = make
        self._made: dict[int, tuple[T, Answer]] = {}  # it holds the answer: else another one might get its identity

    def __call__(self, answer: Answer) -> T:
        """Return what is made of an answer."""
        found = self._made.get(id(answer))
        if found is None:
            if len(self._made) >= _MOST_REMEMBERED:
                self._made.clear()
            found = self._made[id(answer)] = (self._make(answer), answer)
        return found[0]


def shown(cell: Cell) -> str:
    """Return what a cell shows: as `cells.text`, but with the time of a day that has one."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).upper()
    if isinstance(cell, datetime) and cell.time() != time():
        return cell.isoformat(" ", "seconds")
    return cells.text(cell)


def is_numbered(view: ListView) -> bool:
    """Whether the rows have numbers: those of a user's file do, those of a search do not."""
    return bool(view.columns)


def told_rows(point: Point, name: Callable[[int], str] = "{:,}".format) -> str:
    """Return which rows a point is about: `row 2`, `rows 2, 5, 9 and 37 more`; where none is named, how many.

    Args:
        point: the point; that of a search is about no row, and nothing is said.
        name: writes the number of a row.
    """
    rows = [name(row) for row in point.rows if row]
    more = point.number - len(rows)
    if not rows:
        return amount(point.number, "row") if point.number else ""
    if more > 0:
        return f"rows {', '.join(rows)} and {more:,} more"
    return f"rows {', '.join(rows[:-1])} and {rows[-1]}" if rows[1:] else f"row {rows[0]}"


def groups_beside_rows(view: ListView) -> tuple[Group, ...]:
    """Return the groups for a format that shows the rows too: those of a search would say the same again."""
    return view.groups if is_numbered(view) else ()


def rows_of_page(view: ListView) -> list[ListRow]:
    """Return the rows for a format that shows all of them to be read.

    Raises:
        TrackerError: they are too many for that.
    """
    refuse_more(view, MOST_ON_PAGE, "a page can show", "write .csv or .xlsx")
    return list(view.rows())


def refuse_more(view: ListView, most: int, shows: str, instead: str) -> None:
    """Refuse a list of more than `most` rows.

    Raises:
        TrackerError: the list has more.
    """
    if view.length > most:
        raise TrackerError(f"{amount(view.length, 'row')} are more than {shows} ({most:,}): {instead}")


def filled(view: ListView, rows: Collection[ListRow]) -> list[int]:
    """Return the places of those added columns that any row fills: a page leaves out the others."""
    answers = {id(row.answer): row.answer for row in rows}.values()
    return [place for place in range(len(view.added)) if any(answer.cells[place] != "" for answer in answers)]
