"""A user's list as a table: where its headings end and its rows begin."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import islice
from statistics import median
from typing import Final, NamedTuple, TypeAlias

from tracker.errors import SourceError
from tracker.formats.cells import Cell, text
from tracker.limits import COLUMNS
from tracker.lists.codes import CodeKind, CodeShape, read_codes
from tracker.lists.days import DateOrder, read_day

Row: TypeAlias = tuple[int, Sequence[Cell]]
"""A row that is not blank, and its one-based number in the file."""


class ListLine(NamedTuple):
    """A row of a list, as many cells as the list has headings."""

    number: int
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class UserList:
    """A list that a user brought.

    `name` is the file's, for messages. `header` has a heading for each column, made up (`column 3`) where the file has
    none. `first_row` is the number in the file of the first row of data, of which there are `length`; blank rows are
    passed over. `sample` are rows from all over the list, at most `SAMPLE`, all of them in a shorter list. `remarks`
    are sentences to be said aloud. `is_workbook`: its cells have types. `plain` gives the cells of all lines of a text
    of which each is a row as wide as the headings: nothing has to be looked at then, which is most of the time of
    a large list. `require_unchanged` raises a `SourceError` if the file is not any more what it was at first: to be
    asked after its rows were read.
    """

    name: str
    header: tuple[str, ...]
    first_row: int
    length: int
    sample: tuple[ListLine, ...] = field(repr=False)
    remarks: tuple[str, ...]
    is_workbook: bool
    read: Callable[[], Iterator[Row]] = field(repr=False, compare=False)
    plain: Callable[[], Iterator[Sequence[Cell]]] | None = field(default=None, repr=False, compare=False)
    require_unchanged: Callable[[], None] = field(default=lambda: None, repr=False, compare=False)

    def rows(self) -> Iterator[ListLine]:
        """Yield the rows of data, anew at each call, one at a time."""
        if self.plain is None:
            return _lines(self.read(), self.first_row, len(self.header))
        end = self.first_row + self.length
        return map(_line, enumerate(map(tuple, islice(self.plain(), self.first_row - 1, end - 1)), self.first_row))

    def place(self, column: int) -> str:
        """Return what a message calls a column: `column 3, 'HCPCS'`."""
        heading = " ".join(self.header[column].split())
        made_up = _made_up(column)
        return made_up if heading == made_up else f"{made_up}, {heading[:_SHOWN]!r}"

    def places(self) -> str:
        """Return what a message calls all columns."""
        shown = ", ".join(self.place(column) for column in range(min(len(self.header), _PLACES)))
        return f"{shown} …" if len(self.header) > _PLACES else shown


SAMPLE: Final = 4096
"""Rows by which a column is known, at most."""

_SAMPLE_SIZE: Final = 64 * 1024 * 1024
"""Characters that the sample has at most, but for one row: rows of long texts are sampled more thinly."""

_HEAD: Final = 200
"""Rows in which the headings must stand."""

_SHOWN: Final = 40
_PLACES: Final = 30
_WORD: Final = re.compile("[a-z]+")
_YEAR: Final = re.compile("(?:19|20)[0-9]{2}")  # which heads a column of prices
_NUMBER: Final = re.compile(r"[\s$€£(+-]*(?:\d[\d,]*\.?\d*|\.\d+)[\s%)]*")


def words_of(heading: str) -> frozenset[str]:
    """Return the words of a heading: `HCPCS_Code 1` -> hcpcs, code."""
    return frozenset(_WORD.findall(heading.lower()))


_TELLING: Final = words_of(
    "code codes hcpcs hcpc cpt modifier modifiers mod description desc charge price amount qty quantity units unit dos "
    "date id number name department dept revenue item service procedure proc status type fee rate ndc claim line"
)
"""Words by which a row of words is known as the headings."""


def table_of(
    name: str,
    read: Callable[[], Iterator[Row]],
    shape: CodeShape,
    remarks: Iterable[str],
    plain: Callable[[], Iterator[Sequence[Cell]]] | None = None,
) -> UserList | None:
    """Look through rows once and return them as a list; None if there are none, or only headings.

    Args:
        name: what messages call it.
        read: gives its rows anew at each call, without blank ones.
        shape: what a code looks like.
        remarks: what is to be said of it.
        plain: of a text, gives the cells of all its lines; None for a workbook.

    Raises:
        SourceError: a row has far too many columns.
    """
    head: list[Row] = []
    sample: list[Row] = []
    count = width = number = weight = 0
    widths: set[int] = set()
    stride = 1
    for row in read():
        number, cells = row
        if count < _HEAD:
            head.append(row)
        if not count % stride:
            sample.append(row)
            weight += _weight(cells)
            if len(sample) == SAMPLE or weight > _SAMPLE_SIZE:
                sample = sample[::2]
                weight = sum(_weight(cells) for _, cells in sample)
                stride *= 2
        if len(cells) > width:
            if len(cells) > COLUMNS.value:
                raise SourceError(f"{name}, row {number:,}: {len(cells):,} columns are too many {COLUMNS.hint}")
            width = max(width, _reach(cells))
        if count >= _HEAD:
            widths.add(len(cells))
        count += 1
    heading = _heading_place(head, shape)
    begin = 0 if heading is None else heading + 1
    if count <= begin:
        return None
    first_row, length = head[begin][0], count - begin
    widths.update(len(cells) for _, cells in head[begin:])
    is_plain = widths == {width} and number - first_row + 1 == length  # no row has two lines, and none is blank
    return UserList(
        name,
        _header(() if heading is None else head[heading][1], width),
        first_row,
        length,
        tuple(_lines(iter(sample), first_row, width)),
        (*remarks, *_remarks(head, heading, width)),
        plain is None,
        read,
        plain if is_plain else None,
    )


def _weight(cells: Sequence[Cell]) -> int:
    return sum(len(cell) for cell in cells if isinstance(cell, str)) + 8 * len(cells)


_line = partial(tuple.__new__, ListLine)
"""Makes a `ListLine` of a pair, three times as fast as calling it."""


def _lines(rows: Iterator[Row], first_row: int, width: int) -> Iterator[ListLine]:
    for number, cells in rows:
        if number < first_row:
            continue
        if len(cells) == width:
            yield ListLine(number, tuple(cells))
        else:
            yield ListLine(number, (*cells[:width], *[""] * (width - len(cells))))


def _reach(cells: Sequence[Cell]) -> int:
    """Return the number of cells without the blank ones behind the last."""
    return max((place for place, cell in enumerate(cells, 1) if cell != ""), default=0)


def _header(cells: Sequence[Cell], width: int) -> tuple[str, ...]:
    headings = [text(cell).strip() for cell in cells[:width]]
    return tuple(
        heading or _made_up(place) for place, heading in enumerate([*headings, *[""] * (width - len(headings))])
    )


def _made_up(column: int) -> str:
    return f"column {column + 1}"


def _remarks(head: Sequence[Row], heading: int | None, width: int) -> Iterator[str]:
    if heading:
        yield f"the headings are in row {head[heading][0]:,}, and what stands above them was left out"
    elif heading is None and width > 1:
        yield "no row of headings was found: the columns are numbered"


def _heading_place(head: Sequence[Row], shape: CodeShape) -> int | None:
    """Return which of the first rows holds the headings, None if none does.

    Rows with few cells before it are a title, a day, a note, unless they are all headings that are known. A row with a
    code is no heading, and ends the search; nor is one with a day, which may be a patient's, and headings are named in
    messages.
    """
    usual = median(_filled(cells) for _, cells in head) if head else 0
    for place, (_, cells) in enumerate(head):
        sorts = [_sort(cell, shape) for cell in cells]
        if _CODE in sorts:
            return None
        if _filled(cells) * 3 >= usual * 2 or all(cell == "" or _is_telling(text(cell)) for cell in cells):
            below = [cells for _, cells in head[place + 1 :]]
            return place if _DAY not in sorts and _is_heading(cells, sorts, below, shape) else None
    return None


_CODE, _PERHAPS, _DAY, _FIGURE, _WORDS = "code", "perhaps a code", "day", "figure", "words"
_DIGITS: Final = 3
"""Digits that a damaged code has, and that a heading (`HCPCS1`) has not."""


def _is_heading(cells: Sequence[Cell], sorts: Sequence[str], below: Sequence[Sequence[Cell]], shape: CodeShape) -> bool:
    """Whether a row has words where the rows below have codes, days or figures."""
    votes = 0
    for column, sort in enumerate(sorts):
        counts = Counter(_sort(row[column], shape) for row in below if column < len(row))
        del counts[""]
        usual, number = counts.most_common(1)[0] if counts else ("", 0)
        if not sort or usual in ("", _WORDS) or number * 2 <= counts.total():
            continue
        if sort == _WORDS:
            votes += 1
        elif sort == usual or (sort, usual) == (_PERHAPS, _CODE):
            votes -= not _YEAR.fullmatch(text(cells[column]))
    if votes:
        return votes > 0
    return any(words_of(text(cell)) & _TELLING for cell in cells)


def _is_telling(heading: str) -> bool:
    return bool(words := words_of(heading)) and words <= _TELLING


def _sort(cell: Cell, shape: CodeShape) -> str:
    """Return what a cell holds; nothing for a blank one."""
    if not isinstance(cell, str):
        return _FIGURE if isinstance(cell, (bool, int, float)) else _DAY
    coded = read_codes(cell, shape)[0]
    if coded.kind is CodeKind.NONE:
        return ""
    if coded.kind is not CodeKind.UNREADABLE:
        return _CODE if len(coded.code) > len("JW") else _PERHAPS
    if sum(map(str.isdigit, coded.code)) >= _DIGITS and " " not in cell.strip():
        return _PERHAPS
    if _NUMBER.fullmatch(cell):
        return _FIGURE
    return _WORDS if read_day(cell, DateOrder.MDY) is read_day(cell, DateOrder.DMY) is None else _DAY


def _filled(cells: Sequence[Cell]) -> int:
    return len(cells) - cells.count("")
