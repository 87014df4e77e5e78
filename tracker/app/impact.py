"""What two releases mean for the codes of a user's own list."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Final

from tracker import policy as policies
from tracker.app.compare import compare_releases
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
    most_serious,
    without_code,
)
from tracker.app.standing import Judged, Standing, Standings
from tracker.app.stored import Stored
from tracker.app.typed import shape_of
from tracker.formats.cells import Cell, text
from tracker.hcpcs.catalogue import FOREIGN_MODIFIER, HCPCS
from tracker.lists.codes import Coded, CodeKind
from tracker.lists.columns import find_column, find_description_column, find_modifier_columns, stems_of
from tracker.model import Level, Successor
from tracker.report.lists.view import Answer, Column, ListView
from tracker.report.view import amount_of_units, describe, direction, told_basis

ADDED: Final = (
    Column("code", "Code"),
    Column("modifiers", "Modifiers"),
    Column("status", "Status"),
    Column("level", "Level"),
    Column("events", "Events"),
    Column("what_happened", "What happened"),
    Column("last_valid_day", "Last valid day"),
    Column("successors", "Successors"),
    Column("billing_units", "Billing units"),
    Column("new_description", "New description"),
    Column("what_to_do", "What to do"),
    Column("own_description", "Your description"),
)
"""The columns that are added to a list."""

_STATUSES: Final = (*Standing, FOREIGN, UNREADABLE, NO_CODE)
_GROUPS: Final = {
    Standing.DISCONTINUED: "Discontinued",
    Standing.ENDED: "Ended before",
    Standing.GONE: "Gone from the release",
    Standing.REUSED: "Reused for something else",
    Standing.REACTIVATED: "Reactivated",
    Standing.NOT_FOUND: "In neither release",
    Standing.CHANGED: "Changed",
    Standing.ADDED: "New",
    Standing.CANNOT_TELL: "Cannot tell",
}
_PLAIN: Final = {Standing.DISCONTINUED, Standing.ENDED, Standing.NOT_FOUND}
"""Of these the heading says what to do."""
_UNREADABLE_GROUP: Final = "Not readable as codes"
_OWN_TEXTS: Final = "Your descriptions that are not the official ones"

_CUT_OFF: Final = 12
"""Characters from which on the beginning of an official text is that text, cut off to fit a system's field."""
_STALE: Final = "the text of {}, which has changed"
_STRANGE: Final = "no word in common with the official text"
_LOOKED_AT: Final = 400
"""Characters of a text that are compared; the longest official ones have a thousand, and differ before."""
_NO_WORD: Final = re.compile(r"[^a-z0-9]+")


def impact(
    stored: Stored,
    open_list: Opener,
    old: str,
    new: str,
    *,
    policy: policies.Policy,
    today: date,
    column: str | None = None,
) -> ListView:
    """Say of each row of a list what became of its codes between two releases.

    Args:
        stored: what is stored.
        open_list: opens the list.
        old: the older release, by label or revision.
        new: the newer one.
        policy: levels and waivers, as of `today`.
        today: the day on which waivers hold.
        column: the heading, number or letter of the column with the codes; None finds it by its content.

    Raises:
        UnknownReleaseError: one of the releases is not stored.
        SourceError: no column holds codes, or more than one may.
    """
    diff = policies.apply(policy, compare_releases(stored, old, new), HCPCS, today)
    standings = Standings(stored, diff)
    shape = shape_of(standings.known)
    source = open_list(shape)
    codes = find_column(source, column, shape)
    texts = find_description_column(source, codes.column, standings.names, shape)
    cells = CodeCells(shape, codes.column, find_modifier_columns(source, codes.column))
    sayer = _Sayer(standings, cells, texts)
    return answered(
        source,
        sayer.say,
        title=f"What {diff.old.label} → {diff.new.label} means for {source.name}",
        facts=(
            ("old", describe(diff.old)),
            ("new", describe(diff.new)),
            ("codes", codes.why.removeprefix("codes are ")),
            *cells.facts(source),
            *([] if texts is None else [("descriptions", f"in {source.place(texts)}")]),
        ),
        remarks=(*direction(diff), *policies.remarks(policy, diff, HCPCS, today)),
        groups=(*_GROUPS.values(), _OWN_TEXTS, _UNREADABLE_GROUP),
        statuses=_STATUSES,
        added=ADDED,
    )


@dataclass(slots=True)
class _Reading:
    """A cell with codes: what it holds, and what was said of it beside a text, or a remark on that."""

    found: tuple[Coded, ...]
    of_text: dict[Cell, Said]
    of_remark: dict[str, Said]
    is_one_code: bool = field(init=False)

    def __post_init__(self) -> None:
        self.is_one_code = len(self.found) == 1 and self.found[0].kind is CodeKind.CODE


class _Sayer:
    """Says of the cells of a row what is to be said, and keeps what it found of a code."""

    def __init__(self, standings: Standings, codes: CodeCells, texts: int | None) -> None:
        self._standings = standings
        self._codes = codes
        self._text_column = texts
        self._judged: dict[str, Judged] = {}
        self._readings: dict[Cell | Cells, _Reading] = {}
        self._topics = Topics()

    def say(self, cells: Cells) -> Said:
        """Answer for a row: for its cell with codes and, where the list has one, the user's own description."""
        told = self._codes.of(cells)
        reading = self._readings.get(told)
        if reading is None:
            reading = self._readings[told] = _Reading(self._codes.read(told), {}, {})
        own = cells[self._text_column] if self._text_column is not None and reading.is_one_code else ""
        said = reading.of_text.get(own)
        if said is None:
            remark = self._remark(reading.found[0].code, text(own)[:_LOOKED_AT]) if own else ""
            said = reading.of_remark.get(remark)
            if said is None:
                said = reading.of_remark[remark] = self._answer(reading.found, remark)
            reading.of_text[own] = said
        return said

    def _answer(self, found: Sequence[Coded], remark: str) -> Said:
        codes = [one.code for one in found if one.kind is CodeKind.CODE]
        if not codes:
            return self._without_code(found)
        modifiers, beside = self._beside(found)
        judged = [*map(self._judge, codes), *beside]
        standing = min((one.standing for one in judged[: len(codes)]), key=list(Standing).index)
        level = most_serious([*(one.level for one in judged), _level_of(remark)])
        topics = [
            self._topics.of(_GROUPS[one.standing], one.code, one.level, _lines(one)) for one in judged if one.told
        ]
        if remark:
            lines = f"Yours: {remark}.", f"Official: {judged[0].title}"
            topics.append(self._topics.of(_OWN_TEXTS, codes[0], _level_of(remark), lines))
        told = ((one.code, sentence) for one in judged for sentence in one.told)
        named = len(judged) > 1
        successors = [successor for one in judged for successor in one.successors]
        answer = _answer(
            code=joined(codes),
            modifiers=" ".join(modifiers),
            status=standing,
            level=level or "",
            events=joined(event.id for one in judged for event in one.events),
            what_happened=joined((f"{code}: {sentence}" if named else sentence for code, sentence in told), " "),
            last_valid_day=joined(one.last_day for one in judged[: len(codes)]),
            successors=joined(successor.code for successor in successors),
            billing_units=joined(map(_units, successors)),
            new_description=joined((one.title for one in judged[: len(codes)]), " | "),
            what_to_do=joined((advice for one in judged for advice in one.advice), " "),
            own_description=remark,
        )
        return Said(Answer(answer, level), standing, tuple(topics))

    def _without_code(self, found: Sequence[Coded]) -> Said:
        """Answer for a cell that holds no code of this code set; one that is damaged may have been meant for one."""
        meant = next((one.code for one in found if one.code and one.kind is CodeKind.UNREADABLE), "")
        if meant:
            return self._meant(meant)
        codes, status, told = without_code(found)
        modifiers, beside = self._beside(found)
        level = Level.REVIEW if status == UNREADABLE else most_serious(one.level for one in beside)
        cells = _answer(
            code=codes,
            modifiers=" ".join(modifiers),
            status=status,
            level=level or "",
            what_happened=joined((told, *(f"{one.code}: {sentence}" for one in beside for sentence in one.told))),
            what_to_do=joined((advice for one in beside for advice in one.advice), " "),
        )
        topics = [self._topics.of(_GROUPS[one.standing], one.code, one.level, _lines(one)) for one in beside]
        if status == UNREADABLE:
            topics.append(self._topics.of(_UNREADABLE_GROUP, codes, level, (told or "No code could be read.",)))
        return Said(Answer(cells, level), status, tuple(topics))

    def _meant(self, code: str) -> Said:
        """Answer for a damaged code, or for one that stands among other words."""
        judged = self._judge(code)
        level, told = judged.level, judged.told
        if code in self._standings.known:
            level, told = most_serious((level, Level.REVIEW)), (f"Of this cell only {code} was read.", *told)
        cells = _answer(
            code=code,
            status=judged.standing,
            level=level or "",
            events=joined(event.id for event in judged.events),
            what_happened=joined(told, " "),
            last_valid_day=judged.last_day,
            successors=joined(one.code for one in judged.successors),
            billing_units=joined(map(_units, judged.successors)),
            new_description=judged.title,
            what_to_do=joined(judged.advice, " "),
        )
        group = _GROUPS.get(judged.standing, _UNREADABLE_GROUP)
        topic = self._topics.of(group, code, level, _lines(replace(judged, told=told)))
        return Said(Answer(cells, level), judged.standing, (topic,))

    def _beside(self, found: Sequence[Coded]) -> tuple[tuple[str, ...], list[Judged]]:
        """Return the modifiers beside some codes, and of these what there is something to be told of."""
        modifiers = tuple(dict.fromkeys(modifier for one in found for modifier in one.modifiers))
        judged = [self._judge(modifier) for modifier in modifiers if not FOREIGN_MODIFIER.fullmatch(modifier)]
        return modifiers, [one for one in judged if one.told and one.standing is not Standing.CANNOT_TELL]

    def _judge(self, code: str) -> Judged:
        if code not in self._judged:
            self._judged[code] = self._standings.of(code)
        return self._judged[code]

    def _remark(self, code: str, own: str) -> str:
        """Say how the user's own description is not the official one any more; empty where nothing is to be said."""
        judged, plain = self._judge(code), _plain(own)
        official = [_plain(name) for name in judged.names(new=True)]
        if not plain or not official or _is_one_of(plain, official):
            return ""
        if _is_one_of(plain, [_plain(name) for name in judged.names(new=False)]):
            return _STALE.format(self._standings.diff.old.label)
        return "" if any(stems_of(plain) & stems_of(one) for one in official) or not stems_of(plain) else _STRANGE


def _answer(**cells: Cell) -> Cells:
    """Return the cells of an answer, by the names of their columns; those that are left out are empty."""
    return tuple(cells.get(column.name, "") for column in ADDED)


def _lines(judged: Judged) -> tuple[str, ...]:
    """Return what the summary says of a code: what happened and what the code is, what instead, what to do."""
    told = " ".join(judged.told)
    return tuple(
        filter(
            None,
            (
                f"{told} {judged.title}".strip(),
                *(f"→ {one.code}  {told_basis(one)}: {one.why}" for one in judged.successors),
                "" if judged.standing in _PLAIN else " ".join(judged.advice),
            ),
        )
    )


def _units(successor: Successor) -> str:
    return "" if successor.units is None else amount_of_units(successor.units)


def _level_of(remark: str) -> Level | None:
    """Return how much a remark on the user's own text asks: a text out of date is to be read, a strange one noted."""
    if not remark:
        return None
    return Level.NOTE if remark == _STRANGE else Level.REVIEW


def _plain(own: str) -> str:
    """Return a text without what two spellings of it may differ in."""
    return _NO_WORD.sub(" ", own.lower()).strip()


def _is_one_of(own: str, official: Sequence[str]) -> bool:
    """Whether a text is one of the official ones, or the beginning of one that a system's field has cut off."""
    return any(own == one or (len(own) >= _CUT_OFF and one.startswith(own)) for one in official)
