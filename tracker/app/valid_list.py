"""Whether the codes of a user's own list were valid on the days beside them."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Final

from tracker.app.own_list import (
    FOREIGN,
    NO_CODE,
    UNREADABLE,
    Cells,
    CodeCells,
    Opener,
    Said,
    Topics,
    answered,
    joined,
    without_code,
)
from tracker.app.stored import Stored
from tracker.app.typed import shape_of
from tracker.app.valid import Judge, Ruling
from tracker.formats.cells import Cell
from tracker.hcpcs.catalogue import FOREIGN_MODIFIER, HCPCS
from tracker.lists.codes import Coded, CodeKind
from tracker.lists.columns import DayColumn, find_column, find_day_column, find_modifier_columns
from tracker.lists.days import DateOrder, read_day
from tracker.model import Level, Verdict
from tracker.report.lists.view import Answer, Column, ListView
from tracker.report.validity import description
from tracker.report.view import amount_of_units, told_basis

ADDED: Final = (
    Column("code", "Code"),
    Column("modifiers", "Modifiers"),
    Column("valid", "Valid"),
    Column("why", "Why"),
    Column("description", "Description"),
    Column("first_valid_day", "First valid day"),
    Column("last_valid_day", "Last valid day"),
    Column("successors", "Successors"),
    Column("billing_units", "Billing units"),
    Column("proven_by", "Proven by"),
    Column("to_import", "To be sure, import"),
    Column("note", "Note"),
)
"""The columns that are added to a list."""

NO_DAY, NOT_A_DAY = "no day", "not readable as a day"
_LEVELS: Final = {Verdict.NO: Level.ACT, Verdict.CANNOT_TELL: Level.REVIEW}
_GROUPS: Final = {Verdict.NO: "Not valid on the day", Verdict.CANNOT_TELL: "Cannot tell"}
_ODD: Final = "Rows that cannot be answered"
_ORDER: Final = (Verdict.NO, Verdict.CANNOT_TELL, Verdict.YES)
"""Of several codes in one cell, the first of these answers stands for all."""


def valid_list(
    stored: Stored,
    open_list: Opener,
    *,
    known_on: date | None = None,
    code_column: str | None = None,
    date_column: str | None = None,
    date_order: DateOrder | None = None,
    on: date | None = None,
) -> ListView:
    """Say of each row of a list whether its code was valid on its day.

    Args:
        stored: what is stored.
        open_list: opens the list.
        known_on: answer as what had been published by this day told it.
        code_column: the heading, number or letter of the column with the codes; None finds it by its content.
        date_column: likewise of the column with the dates of service.
        date_order: `mdy` or `dmy`, where dates with slashes are not to be read as their column suggests.
        on: the day of all rows, instead of a column.

    Raises:
        UnknownReleaseError: nothing is stored, or was known by that day.
        SourceError: no column holds codes or days, or more than one may.
    """
    judge = Judge(stored, known_on)
    shape = shape_of(stored.codes)
    source = open_list(shape)
    codes = find_column(source, code_column, shape, "--code-column")
    days = on or find_day_column(source, date_column, codes.column, date_order)
    cells = CodeCells(shape, codes.column, find_modifier_columns(source, codes.column))
    sayer = _Sayer(judge, stored.perhaps, cells, days)
    known = (("known on", known_on.isoformat()),) if known_on else ()
    return answered(
        source,
        sayer.say,
        title=f"Codes of {source.name} on their dates of service",
        facts=(
            ("releases", ", ".join(release.name for release in judge.lives.releases)),
            *known,
            ("codes", codes.why.removeprefix("codes are ")),
            *cells.facts(source),
            ("days", str(days) if isinstance(days, date) else days.why.removeprefix("dates of service are ")),
        ),
        remarks=(),
        groups=(*_GROUPS.values(), _ODD),
        statuses=(*_ORDER, FOREIGN, UNREADABLE, NOT_A_DAY, NO_CODE, NO_DAY),
        added=ADDED,
    )


@dataclass(slots=True)
class _Reading:
    """A cell with codes: what it holds, the days on which the answer for it can change, and the answers so far."""

    found: tuple[Coded, ...]
    codes: tuple[str, ...]
    modifiers: tuple[str, ...]
    turns: tuple[date, ...]
    said: dict[tuple[int, int], Said]


class _Sayer:
    """Answers for a row: for its cell with codes and the one with a day.

    Within a quarter, and between two turns of a code's lives, the answer is the same for every day; it is made once.
    """

    def __init__(self, judge: Judge, perhaps: Callable[[str], str], codes: CodeCells, days: DayColumn | date) -> None:
        self._judge = judge
        self._perhaps = perhaps
        self._codes = codes
        self._of_day = days
        self._readings: dict[Cell | Cells, _Reading] = {}
        self._days: dict[Cell, date | None] = {}
        self._topics = Topics()

    def say(self, cells: Cells) -> Said:
        """Answer for a row."""
        told = self._codes.of(cells)
        reading = self._readings.get(told)
        if reading is None:
            reading = self._readings[told] = self._read(self._codes.read(told))
        day_cell = self._of_day if isinstance(self._of_day, date) else cells[self._of_day.column]
        if day_cell in self._days:
            day = self._days[day_cell]
        else:
            day = self._days[day_cell] = self._read_day(day_cell)
        if not reading.codes:
            return self._without_code(reading.found)
        if day is None:
            return self._without_day(reading.codes, is_blank=day_cell == "")
        key = day.year * 4 + (day.month - 1) // 3, bisect_right(reading.turns, day)
        said = reading.said.get(key)
        if said is None:
            said = reading.said[key] = self._answer(reading, day)
        return said

    def _read_day(self, cell: Cell) -> date | None:
        if isinstance(self._of_day, date):
            return self._of_day
        return read_day(cell, self._of_day.order, serials=self._of_day.serials)

    def _read(self, found: tuple[Coded, ...]) -> _Reading:
        codes = tuple(one.code for one in found if one.kind is CodeKind.CODE)
        modifiers = tuple(dict.fromkeys(modifier for one in found for modifier in one.modifiers))
        turns = {day for code in (*codes, *modifiers) for day in self._judge.turns(code)} if codes else ()
        return _Reading(found, codes, modifiers, tuple(sorted(turns)), {})

    def _answer(self, reading: _Reading, day: date) -> Said:
        asked = [self._judge.ask(code, day) for code in reading.codes]
        beside = [self._judge.ask(code, day) for code in reading.modifiers if not FOREIGN_MODIFIER.fullmatch(code)]
        rulings = [*asked, *(one for one in beside if _counts(one))]
        verdict = min((one.validity.verdict for one in rulings), key=_ORDER.index)
        level = _LEVELS.get(verdict)
        named = len(rulings) > 1
        successors = [successor for one in rulings for successor in one.successors]
        lives = [one.validity.life for one in asked]
        answer = _row(
            code=joined(reading.codes),
            modifiers=" ".join(reading.modifiers),
            valid=verdict,
            why=joined(f"{one.validity.code}: {one.validity.why}" if named else one.validity.why for one in rulings),
            description=joined((_text(one) for one in asked), " | "),
            first_valid_day=joined(str(life.first) for life in lives if life and life.first),
            last_valid_day=joined(str(life.last) for life in lives if life and life.last),
            successors=joined(one.code for one in successors),
            billing_units=joined(amount_of_units(one.units) for one in successors if one.units is not None),
            proven_by=joined(one.validity.proof.name for one in rulings if one.validity.proof),
            to_import=joined(one.validity.missing for one in rulings),
            note=joined(remark for one in rulings for remark in one.validity.remarks),
        )
        topics = [
            self._topics.of(
                _GROUPS[one.validity.verdict], one.validity.code, _LEVELS[one.validity.verdict], _lines(one)
            )
            for one in rulings
            if one.validity.verdict in _GROUPS
        ]
        return Said(Answer(answer, level), verdict, tuple(topics))

    def _without_code(self, found: Sequence[Coded]) -> Said:
        codes, status, told = without_code(found)
        meant = next((one.code for one in found if one.code and one.kind is CodeKind.UNREADABLE), "")
        if meant:
            told = f"{meant} is no code{self._perhaps(meant)}"
        level = Level.REVIEW if status == UNREADABLE else None
        lines = (f"{told[0].upper()}{told[1:]}" if told else "No code could be read.",)
        topics = (self._topics.of(_ODD, codes or meant, level, lines),) if level else ()
        return Said(Answer(_row(code=codes or meant, why=told or status), level), status, topics)

    def _without_day(self, codes: Sequence[str], *, is_blank: bool) -> Said:
        status = NO_DAY if is_blank else NOT_A_DAY
        topic = self._topics.of(_ODD, "", Level.REVIEW, (f"{status[0].upper()}{status[1:]}.",))
        return Said(Answer(_row(code=joined(codes), why=status), Level.REVIEW), status, (topic,))


def _row(**cells: Cell) -> Cells:
    """Return the cells of an answer, by the names of their columns; those that are left out are empty."""
    return tuple(cells.get(column.name, "") for column in ADDED)


def _counts(ruling: Ruling) -> bool:
    """Whether a modifier's answer counts: not where it was valid, or where only excerpts are stored that lack it."""
    validity = ruling.validity
    return validity.verdict is Verdict.NO or (validity.verdict is Verdict.CANNOT_TELL and validity.life is not None)


def _text(ruling: Ruling) -> str:
    return description(HCPCS, ruling.validity.described) if ruling.validity.described else ""


def _lines(ruling: Ruling) -> tuple[str, ...]:
    validity = ruling.validity
    why = f"{validity.why[0].upper()}{validity.why[1:]}."
    after = (f"→ {one.code}  {told_basis(one)}: {one.why}" for one in ruling.successors)
    return (why, *after, *([f"To be sure, import the release of {validity.missing}."] if validity.missing else []))
