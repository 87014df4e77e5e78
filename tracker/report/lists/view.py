"""A list answered row by row: a user's own list beside what the releases say of it, or the result of a search.

Renderers draw a `ListView` and decide nothing. Rows are made while they are drawn, so that a list of a million
of them passes through without ever being held whole.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple

from tracker.formats.cells import Cell
from tracker.model import Level


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
    """A row of the list: its one-based number in the file (0 where there is none), its own cells, the answer."""

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
    called; `length` says how many there are.
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
