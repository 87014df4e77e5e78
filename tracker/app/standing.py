"""What became of single codes between two releases: of those that changed, and of all the others too."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import Final

from tracker.app.lives import Lives
from tracker.app.own_list import most_serious
from tracker.app.replacements import Replacements
from tracker.app.stored import Stored
from tracker.hcpcs.catalogue import CODE, HCPCS, MODIFIER
from tracker.model import Change, Diff, Ending, Event, EventKind, FieldChange, Level, Record, Successor
from tracker.report.view import named
from tracker.search import Nearest


class Standing(StrEnum):
    """What a code is to somebody who goes from the old release to the new, in the order of a report."""

    DISCONTINUED = "discontinued"
    ENDED = "ended before"
    GONE = "gone"
    REUSED = "reused"
    REACTIVATED = "reactivated"
    NOT_FOUND = "not found"
    CHANGED = "changed"
    ADDED = "added"
    CANNOT_TELL = "cannot tell"
    UNCHANGED = "unchanged"


_OF_EVENT: Final = {
    "code-discontinued": Standing.DISCONTINUED,
    "code-end-moved": Standing.DISCONTINUED,
    "code-added-and-ended": Standing.DISCONTINUED,
    "code-withdrawn": Standing.GONE,
    "code-reused": Standing.REUSED,
    "code-reactivated": Standing.REACTIVATED,
    "code-added": Standing.ADDED,
}
_ENDED: Final = HCPCS.events["code-discontinued"]
_GONE: Final = HCPCS.events["code-withdrawn"]
_NEAR: Final = 3
"""How many codes are offered for one that is not found."""


@dataclass(frozen=True, slots=True)
class Judged:
    """A code, and what became of it.

    `events` are those that are worth a word, `told` says in sentences what happened, `advice` what to do. `record`
    is the new release's, or the old one's of a code that is gone; `change` the code's change, if it has one.
    """

    code: str
    standing: Standing
    level: Level | None
    events: tuple[Event, ...] = ()
    told: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    record: Record | None = None
    change: Change | None = None
    successors: tuple[Successor, ...] = ()

    @property
    def last_day(self) -> str:
        """The last valid day, ISO, or empty."""
        return _text(self.record, HCPCS.ended)

    @property
    def title(self) -> str:
        """The official description."""
        return named(HCPCS, self.record) if self.record else ""

    def names(self, *, new: bool) -> Iterator[str]:
        """Yield the official texts of the new release, or those of the old one that are others now."""
        for name in HCPCS.title:
            field = self._field(name)
            text = _text(self.record, name) if new else field.old if field else None
            if isinstance(text, str) and text:
                yield text

    def _field(self, name: str) -> FieldChange | None:
        fields = self.change.fields if self.change else ()
        return next((field for field in fields if field.field == name), None)


class Standings:
    """Says of any code what became of it between the two releases of a diff."""

    def __init__(self, stored: Stored, diff: Diff) -> None:
        self.diff = diff
        self._changes = {change.code: change for change in diff.changes}
        self._old = stored.find(diff.old.name)
        self._stored = stored
        self._replacements = Replacements(stored, diff.new)

    @cached_property
    def _lives(self) -> Lives:
        return Lives(self._stored)

    @property
    def new_records(self) -> dict[str, Record]:
        """The records of the new release by code."""
        return self._replacements.records

    @cached_property
    def old_records(self) -> dict[str, Record]:
        """The records of the old release by code."""
        return {record.code: record for record in self._stored.records(self._old)}

    @cached_property
    def _spelled_alike(self) -> tuple[Nearest, Nearest]:
        """What a mistyped code may be meant for: all codes of the new release, and those that are valid in it."""
        valid = [code for code, record in self.new_records.items() if not _text(record, HCPCS.ended)]
        return Nearest(self.new_records), Nearest(valid)

    def _meant(self, code: str) -> str:
        """Offer the code that is nearest, though it may have ended, and valid ones beside it."""
        every, valid = self._spelled_alike
        near = list(dict.fromkeys((*every.to(code, 1), *valid.to(code, _NEAR))))[:_NEAR]
        return " or ".join(map(self._offered, near))

    def _offered(self, code: str) -> str:
        record = self.new_records[code]
        end = _text(record, HCPCS.ended)
        return f"{code} ({named(HCPCS, record, brief=True)}{f'; ended {end}' if end else ''})"

    @cached_property
    def known(self) -> frozenset[str]:
        """The codes that one of the releases holds."""
        return frozenset(self.new_records.keys() | self.old_records.keys())

    def names(self, code: str) -> Iterator[str]:
        """Yield the official texts of a code, of the new release before the old one's."""
        record = self.new_records.get(code) or self.old_records.get(code)
        yield from filter(None, (_text(record, name) for name in HCPCS.title))

    def of(self, code: str) -> Judged:
        """Say what became of a code, in upper case."""
        change = self._changes.get(code)
        if change is not None and (events := _worth_a_word(change)):
            return self._changed(change, events)
        record = self.new_records.get(code)
        if record is not None and _text(record, HCPCS.ended):
            return self._ended(record, change)
        old = self.diff.old
        if record is not None and not (old.complete or code in old.absent or code in self.old_records):
            told = f"valid in {self.diff.new.name}; {old.name}, an excerpt, says nothing of it"
            return Judged(code, Standing.CANNOT_TELL, None, told=(told,), record=record, change=change)
        if record is not None:
            return Judged(code, Standing.UNCHANGED, None, record=record, change=change)
        return self._not_found(code)

    def _changed(self, change: Change, events: Sequence[Event]) -> Judged:
        kinds = [HCPCS.events[event.id] for event in events]
        open_events = [event for event in events if not event.waived]
        standing = next((_OF_EVENT[kind.id] for kind in kinds if kind.id in _OF_EVENT), Standing.CHANGED)
        told = [f"{event.text} (waived: {event.waived})" if event.waived else event.text for event in events]
        if standing is Standing.CHANGED and _text(change.record, HCPCS.ended):
            ended = self._ended(change.record, change)
            return replace(ended, events=tuple(events), told=(*ended.told, *told))
        return Judged(
            change.code,
            standing,
            most_serious(event.level for event in open_events),
            tuple(events),
            tuple(told),
            tuple(_advice(kinds, open_events)),
            change.record,
            change,
            self._successors(change, kinds),
        )

    def _successors(self, change: Change, kinds: Iterable[EventKind]) -> tuple[Successor, ...]:
        """Return what takes an ended code's place, looked for in the whole release where the diff found none."""
        if not any(kind.ends for kind in kinds):
            return ()
        return change.successors or self._replacements.after(change.record)

    def _ended(self, record: Record, change: Change | None) -> Judged:
        last = _text(record, HCPCS.ended)
        over = last < self.diff.new.effective_date.isoformat()
        told = f"{'Ended already' if over else 'Ends'}: last valid day {last}."
        successors = self._replacements.after(record)
        return Judged(record.code, Standing.ENDED, Level.ACT, (), (told,), (_ENDED.advice,), record, change, successors)

    def _seen_before(self, code: str) -> Judged | None:
        """Return what an older release tells of a code that neither of the two holds any more."""
        _, lives = self._lives.of(code)
        record = lives[-1].sightings[-1].record if lives else None
        if record is None or lives[-1].ending not in {Ending.ENDED, Ending.GONE}:
            return None
        holder, last = lives[-1].sightings[-1].release.name, _text(record, HCPCS.ended)
        if last:
            told = f"Ended already: last valid day {last} ({holder}); the release does not hold it any more."
            successors = self._replacements.after(record)
            return Judged(code, Standing.ENDED, Level.ACT, (), (told,), (_ENDED.advice,), record, None, successors)
        told = f"Gone after {holder}, without ever having got a last valid day."
        return Judged(code, Standing.GONE, Level.ACT, (), (told,), (_GONE.advice,), record)

    def _not_found(self, code: str) -> Judged:
        silent = [side.name for side in (self.diff.old, self.diff.new) if not side.complete and code not in side.absent]
        if silent and (CODE.fullmatch(code) or MODIFIER.fullmatch(code)):  # no release holds anything else
            record = self.old_records.get(code)
            told = f"{' and '.join(silent)}, {'excerpts' if len(silent) > 1 else 'an excerpt'}, cannot tell"
            return Judged(code, Standing.CANNOT_TELL, None, told=(f"{told}: import the whole release.",), record=record)
        seen = self._seen_before(code)
        if seen is not None:
            return seen
        meant = self._meant(code)
        told = f"In neither release; is it {meant}?" if meant else "In neither release."
        return Judged(code, Standing.NOT_FOUND, Level.ACT, told=(told,), advice=("Correct the code.",))


def _worth_a_word(change: Change) -> list[Event]:
    """Return the events of a change but for notes on the publisher's routine."""
    return [
        event
        for event in change.events
        if event.level is not Level.NOTE or not event.fields or not HCPCS.administrative.issuperset(event.fields)
    ]


def _advice(kinds: Iterable[EventKind], events: Iterable[Event]) -> Iterator[str]:
    serious = {event.id for event in events if event.level is Level.ACT}
    yield from dict.fromkeys(kind.advice for kind in kinds if kind.id in serious and kind.advice)


def _text(record: Record | None, name: str) -> str:
    value = record.values.get(name, "") if record else ""
    return value if isinstance(value, str) else ""
