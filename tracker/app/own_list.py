"""A user's own list, answered row by row. What is said depends on a few of its cells, and is remembered for them.

The list is read once to be answered, so that the summary can stand first, and once more for each file that is written.
Nothing of it is kept but the answers.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, NamedTuple, TypeAlias

from tracker.errors import SourceError
from tracker.formats.cells import Cell, text
from tracker.lists.codes import Coded, CodeKind, CodeShape, read_codes
from tracker.lists.table import UserList
from tracker.model import Level
from tracker.report.lists.view import Answer, Column, Group, ListRow, ListView, Point
from tracker.report.view import amount

Cells: TypeAlias = tuple[Cell, ...]

Opener: TypeAlias = Callable[[CodeShape], UserList]
"""Opens the list, once it is known what a code looks like: its sheet and its headings are found by that."""

FOREIGN, UNREADABLE, NO_CODE = "not in this code set", "not readable as a code", "no code"
"""How rows are counted that hold no code of this code set."""

_SEVERAL: Final = "a range of codes: list them one by one"

_MODIFIER: Final = 2
"""Characters of a modifier."""
_FIRST_ROWS: Final = 5


@dataclass(slots=True)
class Topic:
    """One thing to be said in the summary, under the heading `group`, and in which rows it comes up."""

    group: str
    code: str
    level: Level | None
    lines: tuple[str, ...]
    number: int = 0
    rows: list[int] = field(default_factory=list)

    def met(self, row: int) -> None:
        """Count a row, and keep the first few."""
        self.number += 1
        if len(self.rows) < _FIRST_ROWS:
            self.rows.append(row)


class Topics:
    """The topics of a list; a code that comes up in many rows under one heading is one topic."""

    def __init__(self) -> None:
        self._found: dict[tuple[str, str, tuple[str, ...]], Topic] = {}

    def of(self, group: str, code: str, level: Level | None, lines: tuple[str, ...]) -> Topic:
        """Return the topic, the same for the same group, code and lines."""
        return self._found.setdefault((group, code, lines), Topic(group, code, level, lines))


class Said(NamedTuple):
    """What is said of all rows that are alike: their answer, the kind that they are counted as, their topics."""

    answer: Answer
    status: str
    topics: tuple[Topic, ...]


@dataclass(frozen=True, slots=True)
class CodeCells:
    """Where the codes of a row stand, and which columns hold modifiers alone."""

    shape: CodeShape
    column: int
    modifiers: tuple[int, ...]

    def of(self, cells: Cells) -> Cell | Cells:
        """Return the cells that tell the codes of a row: equal ones are read once."""
        if not self.modifiers:
            return cells[self.column]
        return (cells[self.column], *(cells[place] for place in self.modifiers))

    def read(self, told: Cell | Cells) -> tuple[Coded, ...]:
        """Return the codes in them, the modifiers of other columns behind those of the last code."""
        if not isinstance(told, tuple):
            return read_codes(told, self.shape)
        *before, last = read_codes(told[0], self.shape)
        beside = (text(cell).strip().upper() for cell in told[1:])
        modifiers = tuple(modifier for modifier in beside if len(modifier) == _MODIFIER and modifier.isalnum())
        if last.kind in {CodeKind.CODE, CodeKind.FOREIGN}:
            last = last._replace(modifiers=(*last.modifiers, *modifiers))
        return (*before, last)

    def facts(self, source: UserList) -> Iterator[tuple[str, str]]:
        """Yield what is to be known of the columns of modifiers."""
        if self.modifiers:
            yield "modifiers", f"in {' and '.join(source.place(place) for place in self.modifiers)}"


def without_code(found: Sequence[Coded]) -> tuple[str, str, str]:
    """Return of a cell that names no code of this code set: its codes, its status, and what is to be said of it."""
    foreign = [one for one in found if one.kind is CodeKind.FOREIGN]
    if foreign:
        systems = " and ".join(dict.fromkeys(one.system for one in foreign))
        return joined(one.code for one in foreign), FOREIGN, f"{systems}: {FOREIGN}"
    ranges = [one.code for one in found if one.kind is CodeKind.RANGE]
    if ranges:
        return joined(ranges), UNREADABLE, _SEVERAL
    return ("", NO_CODE, "") if all(one.kind is CodeKind.NONE for one in found) else ("", UNREADABLE, "")


def joined(texts: Iterable[str], between: str = "; ") -> str:
    """Return the different texts of several codes in one cell."""
    return between.join(dict.fromkeys(filter(None, texts)))


def most_serious(levels: Iterable[Level | None]) -> Level | None:
    """Return the most serious of some levels, or None."""
    return min(filter(None, levels), key=list(Level).index, default=None)


def answered(
    source: UserList,
    say: Callable[[Cells], Said],
    *,
    title: str,
    facts: Iterable[tuple[str, str]],
    remarks: Iterable[str],
    groups: Iterable[str],
    statuses: Iterable[str],
    added: tuple[Column, ...],
) -> ListView:
    """Answer a list.

    Args:
        source: the list.
        say: gives what is said of a row; equal rows should share it.
        title: what was asked.
        facts: what is to be known of it; the list's own facts follow.
        remarks: sentences to be said aloud.
        groups: the headings of the summary, in their order; topics under others are left out.
        statuses: the kinds by which rows are counted, in their order.
        added: the columns that the answers fill.
    """
    said: list[Said] = []  # eight bytes a row: rows that are alike share what is said of them
    for number, cells in source.rows():
        one = say(cells)
        said.append(one)
        for topic in one.topics:
            topic.met(number)
    source.require_unchanged()
    different = {id(one): one for one in said}
    counts: Counter[str] = Counter()
    for key, number in Counter(map(id, said)).items():
        counts[different[key].status] += number
    topics = {id(topic): topic for one in different.values() for topic in one.topics}

    def rows() -> Iterator[ListRow]:
        try:
            for (number, cells), one in zip(source.rows(), said, strict=True):
                yield ListRow(number, cells, one.answer)
            source.require_unchanged()
        except ValueError as error:  # one of the two is longer
            raise SourceError(f"{source.name} was changed while it was read: run the command again") from error

    length = len(said)
    return ListView(
        title,
        (*facts, ("list", f"{source.name}: {amount(length, 'row')}")),
        tuple((counts[status], status) for status in statuses if counts[status]),
        (*source.remarks, *remarks),
        tuple(_groups(groups, topics.values())),
        source.header,
        added,
        rows,
        length,
        typed=source.is_workbook,
    )


def _groups(titles: Iterable[str], topics: Iterable[Topic]) -> Iterator[Group]:
    by_title: dict[str, list[Topic]] = {}
    for topic in topics:
        by_title.setdefault(topic.group, []).append(topic)
    for title in titles:
        points = [
            Point(topic.code, topic.level, topic.lines, topic.number, tuple(topic.rows))
            for topic in sorted(by_title.get(title, ()), key=lambda topic: (topic.code, topic.lines))
        ]
        if points:
            yield Group(title, tuple(points))


def reaches(view: ListView, level: Level) -> bool:
    """Whether something that is said of a list has this level or a more serious one."""
    worst = most_serious(point.level for group in view.groups for point in group.points)
    return worst is not None and most_serious((worst, level)) is worst
