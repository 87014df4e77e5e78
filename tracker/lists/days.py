"""Days as people and programs write them: `2025-03-31`, `20250331`, `3/31/2025`, `31.03.25`, `31-Mar-2025`.

Americans write the month first, others the day: `03/04/2025` alone says nothing, and is never guessed.
"""

from __future__ import annotations

import re
from datetime import date, datetime, timedelta
from enum import StrEnum
from math import isfinite
from typing import Final

from tracker.errors import TrackerError
from tracker.formats.cells import Cell, text


class DateOrder(StrEnum):
    """What comes first in a date whose year comes last; `ymd`: such dates are read only if they can mean one day."""

    MDY = "mdy"
    DMY = "dmy"
    YMD = "ymd"


_FIRST_YEAR, _LAST_YEAR = 1900, 2100
_CENTURY: Final = 69
"""Two digits from here on are a year of the last century, as POSIX has it."""

_TIME: Final = r"(?:[T ,:]\s*\d{1,2}:\d\d.*)?"
_YEAR_FIRST: Final = re.compile(rf"(\d{{4}})([-/.])(\d{{1,2}})\2(\d{{1,2}}){_TIME}", re.ASCII)
_DIGITS: Final = re.compile(rf"(\d{{4}})(\d\d)(\d\d){_TIME}", re.ASCII)
_YEAR_LAST: Final = re.compile(rf"(\d{{1,2}})([-/.])(\d{{1,2}})\2(\d{{4}}|(?<!-)\d\d){_TIME}", re.ASCII)
_DAY_NAMED: Final = re.compile(rf"(\d{{1,2}})[-\s./]*([A-Za-z]{{3,9}})[-\s.,/]*(\d{{4}}|\d\d){_TIME}", re.ASCII)
_MONTH_NAMED: Final = re.compile(rf"([A-Za-z]{{3,9}})[-\s.]*(\d{{1,2}})(?:[\s,-]+)(\d{{4}}|\d\d){_TIME}", re.ASCII)
_NAMES: Final = (
    *("january", "february", "march", "april", "may", "june"),
    *("july", "august", "september", "october", "november", "december"),
)
_MONTHS: Final = {name[:length]: month for month, name in enumerate(_NAMES, 1) for length in (3, len(name))} | {
    "sept": 9
}
_LENGTH: Final = 40
"""Characters of the longest text that is looked at."""

_SERIAL_ZERO: Final = date(1899, 12, 30)
_SERIALS: Final = range(18_264, 73_051)  # 1950 to 2099


def read_day(cell: Cell, order: DateOrder, *, serials: bool = False) -> date | None:
    """Return the day that a cell tells, or None. A time of day and its zone are passed over.

    Args:
        cell: what a list holds.
        order: how a date with its year last is to be read.
        serials: whether a number may be Excel's count of days.
    """
    if isinstance(cell, str):
        return _written(cell.strip(), order)
    if isinstance(cell, date):
        return cell.date() if isinstance(cell, datetime) else cell
    if isinstance(cell, bool) or not isinstance(cell, (int, float)) or not isfinite(cell):
        return None
    if serials and int(cell) in _SERIALS:
        return _SERIAL_ZERO + timedelta(days=int(cell))
    return _written(text(cell), order)


def _written(written: str, order: DateOrder) -> date | None:
    if len(written) > _LENGTH:
        return None
    if found := _YEAR_FIRST.fullmatch(written):
        return _day(found[1], found[3], found[4])
    if found := _DIGITS.fullmatch(written):
        return _day(found[1], found[2], found[3])
    if found := _YEAR_LAST.fullmatch(written):
        return _year_last(found, order)
    return _named(written)


def order_told_by(cell: Cell) -> set[DateOrder] | None:
    """Return the orders in which a date with its year last can be read; None for any other cell.

    One order: it gives itself away. Both: it could mean two days. None of them: both mean the same, or nothing.
    """
    if not isinstance(cell, str) or len(cell) > _LENGTH or not (found := _YEAR_LAST.fullmatch(cell.strip())):
        return None
    days = {order: _year_last(found, order) for order in (DateOrder.MDY, DateOrder.DMY)}
    return set() if len(set(days.values())) == 1 else {order for order, day in days.items() if day}


def has_dots(cell: Cell) -> bool:
    """Whether a date is written as `31.03.2025`, where the day comes first unless something speaks against it."""
    found = _YEAR_LAST.fullmatch(cell.strip()) if isinstance(cell, str) and len(cell) <= _LENGTH else None
    return found is not None and found[2] == "."


def parse_day(typed: str, order: DateOrder | None = None) -> date:
    """Return the day that somebody typed; `order` says what comes first in one with its year last.

    Raises:
        TrackerError: it is none, or could be two.
    """
    orders = {order} if order else order_told_by(typed)
    if orders and len(orders) > 1:
        readings = " or ".join(str(read_day(typed, order)) for order in (DateOrder.MDY, DateOrder.DMY))
        raise TrackerError(f"{typed.strip()} can be read in two ways: write {readings}")
    day = read_day(typed, DateOrder.MDY if orders == {DateOrder.MDY} else DateOrder.DMY)
    if day is None:
        raise TrackerError(f"{typed.strip()[:_LENGTH]!r} is no day: write it as 2025-03-31")
    return day


def _year_last(found: re.Match[str], order: DateOrder) -> date | None:
    if order is not DateOrder.YMD:
        first, second = (found[1], found[3]) if order is DateOrder.MDY else (found[3], found[1])
        return _day(found[4], first, second)
    both = {_day(found[4], found[1], found[3]), _day(found[4], found[3], found[1])} - {None}
    return both.pop() if len(both) == 1 else None


def _named(written: str) -> date | None:
    if found := _DAY_NAMED.fullmatch(written):
        day, name, year = found[1], found[2], found[3]
    elif found := _MONTH_NAMED.fullmatch(written):
        name, day, year = found[1], found[2], found[3]
    else:
        return None
    month = _MONTHS.get(name.lower())
    return _day(year, str(month), day) if month else None


def _day(year: str, month: str, day: str) -> date | None:
    number = int(year)
    if len(year) == 2:  # noqa: PLR2004
        number += 1900 if number >= _CENTURY else 2000
    try:
        return date(number, int(month), int(day)) if _FIRST_YEAR <= number <= _LAST_YEAR else None
    except ValueError:
        return None
