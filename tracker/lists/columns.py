"""Which column of a list holds what: told by the content of its cells, headings only breaking a tie.

Every answer says why, so that a wrong one is seen; and two columns that are equally good are never chosen between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from tracker.errors import SourceError
from tracker.formats.cells import Cell, text
from tracker.lists.codes import Coded, CodeKind, CodeShape, read_codes
from tracker.lists.days import DateOrder, has_dots, order_told_by, read_day
from tracker.lists.table import UserList, words_of


class Found(NamedTuple):
    """A column, and a sentence that says which it is and how it was found."""

    column: int
    why: str


class DayColumn(NamedTuple):
    """A column of days, as `Found`; how its dates are to be read, and whether its numbers are Excel's days."""

    column: int
    why: str
    order: DateOrder
    serials: bool


_TIE: Final = 0.3
"""What two columns may differ in and still be equally good: one of them may have misspelled codes, and house codes."""

# ---------------------------------------------------------------- codes

_SHARE: Final = 0.5
"""The least share of a column's filled cells that are codes; where its heading says so, `_NAMED_SHARE`."""

_NAMED_SHARE: Final = 0.05
_UNKNOWN: Final = 0.2
"""What a code that no release has counts, against one that is known."""

_NAMED, _FOREIGN, _PLAIN, _PERHAPS = 3.0, 2.0, 1.5, 0.5
_QUALIFIED: Final = 1.5
_OTHER_CODES: Final = words_of(
    "zip postal state revenue rev diagnosis diag dx icd ndc status place pos type department dept payer plan location "
    "country county reason denial drg description desc text name modifier modifiers mod"
)
_KINDS_OF_CODE: Final = words_of("procedure proc px billing bill service svc")
_QUALIFIERS: Final = words_of(
    "old previous prior former replaced replacement replaces new successor alternate alternative alt secondary "
    "crosswalk cross related suggested"
)


@dataclass(frozen=True, slots=True)
class _Tally:
    """What the cells of a column hold: of the code set and known, only looking like it, of other code sets, else."""

    column: int
    known: int
    alike: int
    foreign: int
    others: int
    rank: float

    @property
    def coded(self) -> int:
        return self.known + self.alike + self.foreign

    @property
    def score(self) -> float:
        """How much of the column is codes: others' count as far as the column's own ones are known."""
        own = self.known + self.alike
        trust = self.known / own if own else 0.0
        return (self.known + _UNKNOWN * self.alike + trust * self.foreign) / (self.coded + self.others)


def find_column(user_list: UserList, wanted: str | None, shape: CodeShape, option: str = "--column") -> Found:
    """Return the column that holds the codes.

    Args:
        user_list: the list.
        wanted: a heading, a one-based number or a spreadsheet's letter; None to find it by its content.
        shape: what a code looks like.
        option: how the command calls `wanted`, for messages.

    Raises:
        SourceError: there is no such column, none holds codes, or two do.
    """
    if wanted is not None:
        column = _asked_for(user_list, wanted, option)
        tally = _tally(user_list, column, shape, with_modifiers=True)
        number = tally.coded if tally else 0
        return Found(column, f"codes are in {user_list.place(column)} (as asked for: {_told(user_list, number)})")
    tallies = code_columns(user_list, shape)
    if not tallies:
        looked = f"{len(user_list.sample):,} rows were looked at"
        raise SourceError(
            f"{user_list.name}: no column holds {shape.names[0]} codes ({looked}): name it with {option}, one of "
            f"{user_list.places()}"
        )
    best = tallies[0]
    others = [other for other in tallies[1:] if other.score >= best.score - _TIE]
    how = "its content"
    if others:
        best, second, *_ = sorted((best, *others), key=lambda tally: -tally.rank)
        if best.rank == second.rank:
            both = " and ".join(user_list.place(column) for column in sorted((best.column, second.column)))
            raise SourceError(f"{user_list.name}: {both} both hold codes: say with {option} which is meant")
        how = "its content and its heading"
    why = f"codes are in {user_list.place(best.column)} (found by {how}: {_told(user_list, best.coded)})"
    return Found(best.column, why)


def code_columns(user_list: UserList, shape: CodeShape) -> list[_Tally]:
    """Return the columns that hold codes, the one that is most of all codes first."""
    alone = len(user_list.header) == 1
    tallies = [
        tally
        for column, heading in enumerate(user_list.header)
        if (tally := _tally(user_list, column, shape, with_modifiers=alone or _rank(heading, shape) >= _NAMED))
    ]
    own = [
        tally
        for tally in tallies
        if tally.known + tally.alike
        and (tally.known or alone or tally.rank >= _PLAIN)
        and tally.coded >= (tally.coded + tally.others) * (_NAMED_SHARE if tally.rank >= _FOREIGN else _SHARE)
    ]
    if own:
        return sorted(own, key=lambda tally: -tally.score)
    # A list of other code sets' codes alone: five digits may be anything, unless the heading says what they are.
    return sorted(
        (
            tally
            for tally in tallies
            if tally.coded > tally.others and (alone or (tally.rank >= _PLAIN and tally.foreign))
        ),
        key=lambda tally: (-tally.rank, -tally.coded),
    )


def _tally(user_list: UserList, column: int, shape: CodeShape, *, with_modifiers: bool) -> _Tally | None:
    """Count what a column holds; None if nothing. A modifier alone counts only where it can be meant as a code."""
    known = alike = foreign = others = 0
    for coded in _codes(user_list, column, shape):
        if coded.kind is CodeKind.NONE:
            continue
        if coded.kind is CodeKind.UNREADABLE:
            others += 1
        elif coded.system:
            foreign += 1
        elif coded.kind is CodeKind.CODE and coded.code in shape.known:
            if len(coded.code) > len("JW") or with_modifiers:
                known += 1
        else:
            alike += 1
    if not known + alike + foreign + others:
        return None
    return _Tally(column, known, alike, foreign, others, _rank(user_list.header[column], shape))


def _codes(user_list: UserList, column: int, shape: CodeShape) -> Iterator[Coded]:
    """Yield the first code of each sampled cell."""
    read: dict[Cell, Coded] = {}
    for cell in _cells(user_list, column):
        if cell not in read:
            read[cell] = read_codes(cell, shape)[0]
        yield read[cell]


def _rank(heading: str, shape: CodeShape) -> float:
    """Return how much a heading speaks for a column of codes."""
    words = words_of(heading)
    if words & _OTHER_CODES:
        return 0.0
    if words & {name.lower() for name in shape.names}:
        rank = _NAMED
    elif words & {name.lower() for name in shape.foreign} or (words & _KINDS_OF_CODE and words & {"code", "codes"}):
        rank = _FOREIGN
    elif words in ({"code"}, {"codes"}):
        rank = _PLAIN
    else:
        rank = _PERHAPS if words & {"code", "codes"} else 0.0
    return rank - _QUALIFIED if words & _QUALIFIERS else rank


# ---------------------------------------------------------------- descriptions

_ALIKE: Final = 0.4
"""The least share of a column's texts that must speak of their codes as the official ones do."""

_NAMED_ALIKE: Final = 0.1
"""The same of a column that is called a description: it may have abbreviations and brands."""

_COMPARED: Final = 512
"""Rows that are compared, of the sample: words take their time."""

_STEM: Final = 3
_EMPTY_WORDS: Final = frozenset({"and", "any", "each", "for", "not", "per", "the", "with"})


def find_description_column(
    user_list: UserList, code_column: int, official: Callable[[str], Iterable[str]], shape: CodeShape
) -> int | None:
    """Return the column of the list's own descriptions of its codes, None if there is none.

    Args:
        user_list: the list.
        code_column: where its codes are.
        official: gives the official descriptions of a code, none if it has none.
        shape: what a code looks like.
    """
    user_list = replace(user_list, sample=user_list.sample[:: max(1, len(user_list.sample) // _COMPARED)])
    stems = [
        [stems_of(description) for description in official(coded.code)] if coded.kind is CodeKind.CODE else []
        for coded in _codes(user_list, code_column, shape)
    ]
    found = []
    for column, heading in enumerate(user_list.header):
        compared = alike = 0
        for cell, descriptions in zip(_cells(user_list, column), stems, strict=True):
            if column == code_column or not descriptions or not isinstance(cell, str) or not (own := stems_of(cell)):
                continue
            compared += 1
            alike += any(len(own & its) * 2 >= min(len(own), len(its)) > 0 for its in descriptions)
        is_named = any(word.startswith("desc") for word in words_of(heading))
        if compared and alike >= compared * (_NAMED_ALIKE if is_named else _ALIKE):
            found.append((alike / compared + _TIE / 2 * is_named, -column))
    return -max(found)[1] if found else None


def stems_of(description: str) -> set[str]:
    """Return the beginnings of a text's words: `INJ, FUROSEMIDE` and `Furosemide injection` have the same."""
    return {word[:_STEM] for word in words_of(description) if len(word) >= _STEM and word not in _EMPTY_WORDS}


# ---------------------------------------------------------------- modifiers

_MODIFIERS: Final = 0.5
"""The least share of the filled cells of a column of modifiers that have two letters or digits."""

_MODIFIER: Final = re.compile(r"\s*[A-Za-z0-9]{2}\s*", re.ASCII)


def find_modifier_columns(user_list: UserList, code_column: int) -> tuple[int, ...]:
    """Return the columns that hold modifiers of the codes in another one: they are called so, and hold such."""
    found = []
    for column, heading in enumerate(user_list.header):
        if column != code_column and any(word.startswith("mod") for word in words_of(heading)):
            filled = [text(cell) for cell in _cells(user_list, column) if cell != ""]
            if filled and sum(bool(_MODIFIER.fullmatch(cell)) for cell in filled) >= _MODIFIERS * len(filled):
                found.append(column)
    return tuple(found)


# ---------------------------------------------------------------- days

_DAYS: Final = 0.7
"""The least share of a column's filled cells that are days."""

_MEANT, _END, _ANY, _NEVER = 3, 2, 1, 0
_OTHER_DAYS: Final = words_of(
    "birth dob born death paid payment pay posted posting received created entered printed updated update due run load "
    "entry signed expiration expires effective invoice check remit adjudicated"
)
_OF_SERVICE: Final = words_of("dos service serv svc from")
_LAST: Final = words_of("to thru through end until last")


def find_day_column(user_list: UserList, wanted: str | None, exclude: int, order: DateOrder | None = None) -> DayColumn:
    """Return the column that holds the dates of service.

    Args:
        user_list: the list.
        wanted: a heading, a one-based number or a spreadsheet's letter; None to find it by its content.
        exclude: the column of the codes.
        order: how dates with their year last are to be read; None to find it out.

    Raises:
        SourceError: there is no such column, none holds days, two do, or its dates could be read in two ways.
    """
    if wanted is not None:
        column, how = _asked_for(user_list, wanted, "--date-column"), "as asked for"
        number = _count_days(user_list, column)[0]
    else:
        column, how, number = _found_days(user_list, exclude)
    read_as, because = (order, "") if order else _order(user_list, column)
    named = {DateOrder.MDY: "month first", DateOrder.DMY: "day first", DateOrder.YMD: ""}[read_as]
    told = _told(user_list, number, "a day") + (f"; read {named}{because}" if named else "")
    why = f"dates of service are in {user_list.place(column)} ({how}: {told})"
    return DayColumn(column, why, read_as, _has_serials(user_list, column))


def _found_days(user_list: UserList, exclude: int) -> tuple[int, str, int]:
    ranked = []
    for column, heading in enumerate(user_list.header):
        days, filled = _count_days(user_list, column) if column != exclude else (0, 0)
        rank = _day_rank(heading)
        if days and days >= filled * _DAYS and rank:
            ranked.append((-rank, column, days))
    if not ranked:
        raise SourceError(
            f"{user_list.name}: no column holds dates of service ({len(user_list.sample):,} rows were looked at): name "
            f"it with --date-column, one of {user_list.places()}"
        )
    ranked.sort()
    best = ranked[0]
    if len(ranked) > 1 and ranked[1][0] == best[0]:
        both = f"{user_list.place(best[1])} and {user_list.place(ranked[1][1])}"
        raise SourceError(f"{user_list.name}: {both} both hold dates: say with --date-column which is meant")
    how = "found by its content" if len(ranked) == 1 else "found by its content and its heading"
    return best[1], how, best[2]


def _day_rank(heading: str) -> int:
    """Return how much a heading speaks for dates of service; 0 for dates of something else."""
    words = words_of(heading)
    if words & _OTHER_DAYS:
        return _NEVER
    if words & _LAST and "from" not in words:
        return _END
    return _MEANT if words & _OF_SERVICE else _ANY


def _count_days(user_list: UserList, column: int) -> tuple[int, int]:
    """Return how many sampled cells of a column are days, and how many are filled."""
    serials = _has_serials(user_list, column)
    days = filled = 0
    for cell in _cells(user_list, column):
        if cell == "" or (isinstance(cell, str) and not cell.strip()):
            continue
        filled += 1
        days += any(read_day(cell, order, serials=serials) for order in (DateOrder.MDY, DateOrder.DMY))
    return days, filled


def _has_serials(user_list: UserList, column: int) -> bool:
    """Whether numbers in a column can only be Excel's days: most of its other cells are days by their type."""
    cells = [cell for cell in _cells(user_list, column) if cell != ""]
    dated = sum(not isinstance(cell, (str, bool, int, float)) for cell in cells)
    return user_list.is_workbook and dated * 2 > len(cells)


def _order(user_list: UserList, column: int) -> tuple[DateOrder, str]:
    """Return how a column's dates are to be read, and what shows it.

    Raises:
        SourceError: nothing shows it, or two rows show different things.
    """
    shown: dict[DateOrder, int] = {}
    doubtful = dotted = 0
    for line in user_list.sample:
        orders = order_told_by(line.cells[column])
        if orders and len(orders) == 1:
            shown.setdefault(orders.pop(), line.number)
        elif orders:
            doubtful += 1
            dotted += has_dots(line.cells[column])
    where = f"{user_list.name}: the dates in {user_list.place(column)}"
    if len(shown) > 1:
        rows = f"in row {shown[DateOrder.MDY]:,} the month comes first, in row {shown[DateOrder.DMY]:,} the day"
        raise SourceError(f"{where} are mixed: {rows}: correct them, or say --date-order mdy or --date-order dmy")
    if shown:
        order, row = shown.popitem()
        return order, f", as row {row:,} shows"
    if doubtful > dotted:
        ways = "could be read month first or day first"
        raise SourceError(f"{where} {ways}: say --date-order mdy (month first) or --date-order dmy (day first)")
    return (DateOrder.DMY, ", as dates with dots are") if dotted else (DateOrder.YMD, "")


# ---------------------------------------------------------------- both


def _asked_for(user_list: UserList, wanted: str, option: str) -> int:
    """Return the column of a heading, a number or a letter.

    Raises:
        SourceError: there is none, or more than one.
    """
    sought = _spelling(wanted)
    named = [column for column, heading in enumerate(user_list.header) if _spelling(heading) == sought]
    if len(named) > 1:
        numbers = " or ".join(str(column + 1) for column in named)
        raise SourceError(f"{user_list.name}: {len(named)} columns are headed {wanted!r}: say {option} {numbers}")
    if named:
        return named[0]
    column = -1
    if sought.isdecimal() and sought.isascii():
        column = int(sought[:9]) - 1
    elif re.fullmatch("[a-z]{1,3}", sought):
        column = sum((ord(letter) - ord("a") + 1) * 26**power for power, letter in enumerate(reversed(sought))) - 1
    if not 0 <= column < len(user_list.header):
        raise SourceError(f"{user_list.name} has no column {wanted!r}: say {option} with one of {user_list.places()}")
    return column


def _spelling(heading: str) -> str:
    return " ".join(heading.split()).casefold()


def _cells(user_list: UserList, column: int) -> Sequence[Cell]:
    return [line.cells[column] for line in user_list.sample]


def _told(user_list: UserList, number: int, what: str = "a code") -> str:
    looked_at = len(user_list.sample)
    of = f"{looked_at:,} rows" if looked_at == user_list.length else f"a sample of {looked_at:,} rows"
    return f"{number:,} of {of} hold {what}"
