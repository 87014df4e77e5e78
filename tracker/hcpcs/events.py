"""What a change means: every changed field is evidence of exactly one event of its code. Pure.

A life event (the code came, ended, came back, went) claims termination date, action code and action date; a
meaning that was replaced claims the descriptions; each field that is left goes to the event of its kind. A
date is *retroactive* if it lies before the older release's effective date, or is no first day of a quarter
and lies before the newer one's; of an end, the day after it counts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Final

from tracker.hcpcs.catalogue import FIELDS
from tracker.hcpcs.event_list import EVENTS
from tracker.hcpcs.normalise import iso_date
from tracker.hcpcs.successors import Candidates, successors
from tracker.model import (
    Change,
    Diff,
    Event,
    Facet,
    FieldChange,
    Level,
    Record,
    Rewording,
    Status,
    Value,
    Wording,
)

_LIFE_FIELDS: Final = ("termination_date", "action_code", "action_effective_date")
_OF_FACET: Final = {
    Facet.COVERAGE: "coverage-changed",
    Facet.PAYMENT: "payment-changed",
    Facet.CLASSIFICATION: "classification-changed",
    Facet.REFERENCE: "reference-changed",
    Facet.NOTE: "note-changed",
}
_OF_FIELD: Final = {name: _OF_FACET[field.facet] for name, field in FIELDS.items() if field.facet in _OF_FACET} | {
    "cross_references": "cross-reference-changed"
}
_ORDER: Final = {name: place for place, name in enumerate(EVENTS)}
_QUARTERS: Final = (1, 4, 7, 10)

_ALIKE: Final = 0.5
"""How alike two codes' texts are if one was taken for the other: 0.73 to 1 in the known cases, and 0.26 by chance."""


@dataclass(frozen=True, slots=True)
class Context:
    """What is asked of the stored releases while a diff is explained.

    `reword` compares two texts. `old`, `new` give a code's record in either release, or None. `doubts` maps
    code and field to the words of a problem that leaves the value of one side in doubt.
    """

    reword: Callable[[str, str], Rewording]
    old: Callable[[str], Record | None]
    new: Callable[[str], Record | None]
    doubts: Mapping[tuple[str, str], str]


def explain(diff: Diff, context: Context, candidates: Candidates | None = None) -> Diff:
    """Return a diff whose changes carry their events and, where a code ended, its successors.

    `candidates` for suggested successors are the codes that the diff added, where no others are given.
    """
    if candidates is None:
        candidates = Candidates([change.record for change in diff.changes if change.status is Status.ADDED])
    return replace(diff, changes=tuple(_explained(diff, change, context, candidates) for change in diff.changes))


def _explained(diff: Diff, change: Change, context: Context, candidates: Candidates) -> Change:
    fields = tuple(_reworded(field, context) for field in change.fields)
    events = sorted(_Events(diff, change, fields, context).found(), key=lambda event: _ORDER[event.id])
    ends = any(EVENTS[event.id].ends for event in events)
    found = successors(change.record, candidates, context.new, on=diff.new.effective_date) if ends else ()
    return replace(change, fields=fields, events=tuple(events), successors=found)


def _reworded(field: FieldChange, context: Context) -> FieldChange:
    if FIELDS[field.field].facet is not Facet.DESCRIPTION or not (_is_text(field.old) and _is_text(field.new)):
        return field
    return replace(field, rewording=context.reword(str(field.old), str(field.new)))


class _Events:
    """The events of one change, and which of its fields no event has claimed yet."""

    def __init__(self, diff: Diff, change: Change, fields: Iterable[FieldChange], context: Context) -> None:
        self.diff = diff
        self.change = change
        self.context = context
        self.left = {field.field: field for field in fields}

    def found(self) -> Iterator[Event]:
        match self.change.status:
            case Status.ADDED:
                yield from self._added()
            case Status.REMOVED:
                yield from self._removed()
            case Status.CHANGED:
                yield from self._ended_or_back()
                yield from self._descriptions()
                yield from self._dates()
                yield from self._letter()
                yield from self._others()

    def _added(self) -> Iterator[Event]:
        first, last = self._value("added_date"), self._value("termination_date")
        if last:
            yield self._event("code-added-and-ended", f"Added {first or 'on a day not known'}, last valid day {last}.")
        else:
            yield self._event("code-added", f"Added: valid from {first or 'a day not known'}.")
        yield from self._retroactive("added", iso_date(first))
        yield from self._retroactive("ended", _day_after(last))

    def _removed(self) -> Iterator[Event]:
        last = self._value("termination_date")
        if last:
            yield self._event("code-purged", f"Left the release; it had ended: last valid day {last}.")
        else:
            yield self._event("code-withdrawn", "Gone from the release without ever having got a last valid day.")

    def _ended_or_back(self) -> Iterator[Event]:
        end = self.left.get("termination_date")
        if end is None:
            return
        letter, begin = self._value("action_code"), iso_date(self._value("action_effective_date"))
        if end.old is None:
            yield self._event("code-discontinued", f"Discontinued: last valid day {end.new}.", _LIFE_FIELDS)
            yield from self._retroactive("ended", _day_after(str(end.new)))
        elif end.new is not None:
            yield self._event("code-end-moved", f"Last valid day {end.new} instead of {end.old}.", _LIFE_FIELDS)
            yield from self._retroactive("ended", _day_after(str(end.new)))
        elif letter == "R" or (begin and "action_effective_date" in self.left and begin.isoformat() > str(end.old)):
            told = f"Valid again from {begin or 'a day not known'}; it had ended: last valid day {end.old}."
            yield self._event("code-reactivated", told, _LIFE_FIELDS)
        else:
            told = f"The end on {end.old} was taken back without a reactivation: valid as if it had never ended."
            yield self._event("history-rewritten", told, _LIFE_FIELDS)

    def _descriptions(self) -> Iterator[Event]:
        long, short = self.left.get("long_description"), self.left.get("short_description")
        if long is not None and _is_replaced(long):
            other = self._mistaken_for(long)
            if other is None:
                told = "Reused: the code means something else now."
                yield self._event("code-reused", told, ("long_description", "short_description"))
                return
            told = f"Replaced: the text reads like that of {other}, whose digits are transposed; is it an error?"
            yield self._event("description-replaced", told, ("long_description",))
        elif long is not None:
            yield self._rewording("description", long)
        if short is not None:
            yield self._rewording("short-description", short)

    def _rewording(self, prefix: str, field: FieldChange) -> Event:
        if field.rewording is None:
            told = "came" if field.old is None else "went"
            return self._event(f"{prefix}-reworded", f"The text {told}.", (field.field,))
        kind = field.rewording.wording
        texts = {
            Wording.EDITORIAL: "Form only: ",
            Wording.QUANTITY: "Quantity: ",
            Wording.REWORDED: "Reworded: ",
            Wording.REPLACED: "Replaced: ",
        }
        return self._event(f"{prefix}-{kind}", f"{texts[kind]}{_brief(field.rewording)}.", (field.field,))

    def _mistaken_for(self, long: FieldChange) -> str | None:
        """Return the code with two neighbouring characters transposed whose text one side's is, or None.

        G9637 received in 2018 what G9367 was to receive, and got its own text back in 2019.
        """
        code = self.change.code
        for place in range(len(code) - 1):
            other = f"{code[:place]}{code[place + 1]}{code[place]}{code[place + 2 :]}"
            records = (self.context.old(other), self.context.new(other)) if other != code else ()
            texts = dict.fromkeys(record.values.get("long_description") for record in records if record)
            for theirs in filter(_is_text, texts):
                if any(
                    self.context.reword(str(theirs), str(ours)).similarity >= _ALIKE for ours in (long.old, long.new)
                ):
                    return other
        return None

    def _dates(self) -> Iterator[Event]:
        moved = [self.left[name] for name in ("added_date", "action_effective_date") if name in self.left]
        kinds: dict[str, list[FieldChange]] = {}
        for field in moved:
            kinds.setdefault(self._kind_of_date(field), []).append(field)
        for kind, fields in kinds.items():
            told = "; ".join(map(_told, fields))
            yield self._event(kind, f"{told[0].upper()}{told[1:]}.", tuple(field.field for field in fields))

    def _kind_of_date(self, field: FieldChange) -> str:
        before, after = iso_date(str(field.old)), iso_date(str(field.new))
        if after is None or before is None:
            return "effective-date-changed"
        if after < before:
            return "history-rewritten"
        if self._is_retroactive(after):
            return "effective-retroactive"
        return "effective-in-future" if after > self.diff.new.effective_date else "effective-date-changed"

    def _letter(self) -> Iterator[Event]:
        letter = self.left.get("action_code")
        if letter is not None:
            told = f"Action code {letter.new or 'none'} instead of {letter.old or 'none'}."
            yield self._event("administrative" if letter.new == "N" else "action-code-changed", told, ("action_code",))

    def _others(self) -> Iterator[Event]:
        by_event: dict[str, list[str]] = {}
        for name in self.left:
            by_event.setdefault(_OF_FIELD[name], []).append(name)
        for kind, names in by_event.items():
            told = "; ".join(_told(self.left[name]) for name in names)
            yield self._event(kind, f"{told[0].upper()}{told[1:]}.", tuple(names))

    def _retroactive(self, what: str, day: date | None) -> Iterator[Event]:
        """Yield the event that stands beside a life event, without a field of its own."""
        if day is not None and self._is_retroactive(day):
            before = self.diff.old if day < self.diff.old.effective_date else self.diff.new
            told = f"{what.capitalize()} with effect from {day}, before {before.label} took effect."
            yield self._event("effective-retroactive", told)

    def _is_retroactive(self, day: date) -> bool:
        first_of_quarter = day.day == 1 and day.month in _QUARTERS
        return day < self.diff.old.effective_date or (not first_of_quarter and day < self.diff.new.effective_date)

    def _event(self, kind: str, text: str, fields: tuple[str, ...] = ()) -> Event:
        """Make an event that claims those of the fields that are left. Doubtful evidence is only a note."""
        claimed = tuple(name for name in fields if self.left.pop(name, None))
        level = EVENTS[kind].level
        doubts = [self.context.doubts[self.change.code, name] for name in claimed if self._is_doubtful(name)]
        if doubts:
            level, text = Level.NOTE, f"{text} In doubt: {'; '.join(dict.fromkeys(doubts))}."
        return Event(kind, level, text, claimed)

    def _is_doubtful(self, name: str) -> bool:
        return (self.change.code, name) in self.context.doubts

    def _value(self, name: str) -> str:
        value = self.change.record.values.get(name, "")
        return value if isinstance(value, str) else ""


def _brief(rewording: Rewording, length: int = 90) -> str:
    """Return the differing words of two texts, shortened to a line."""
    pairs = ((edit.old.strip(), edit.new.strip()) for edit in rewording.edits)
    told = "; ".join(_edit(old, new) for old, new in pairs if old != new) or "white space"
    return told if len(told) <= length else f"{told[: length - 2].rstrip()} …"


def _edit(old: str, new: str) -> str:
    if old and new:
        return f"{old} → {new}"
    return f"“{new}” came" if new else f"“{old}” went"


def _told(field: FieldChange) -> str:
    """Return a changed value in words: `coverage code S instead of C`, `types of service: P came, 9 went`."""
    name = field.field.replace("_", " ")
    if FIELDS[field.field].repeated:
        moves = ((" and ".join(values), verb) for values, verb in ((field.came, "came"), (field.went, "went")))
        return f"{name}: {', '.join(f'{values} {verb}' for values, verb in moves if values) or 'another order'}"
    return f"{name} {field.new or 'none'} instead of {field.old or 'none'}"


def _is_replaced(field: FieldChange) -> bool:
    return field.rewording is not None and field.rewording.wording is Wording.REPLACED


def _is_text(value: Value | None) -> bool:
    return isinstance(value, str) and bool(value)


def _day_after(text: str) -> date | None:
    day = iso_date(text)
    return day + timedelta(days=1) if day else None
