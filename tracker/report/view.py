"""What a report shows, decided once for all formats: counts, sections, their order and their words.

Renderers draw a `ReportView` and decide nothing, so that no two formats can disagree.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from typing import Final

from tracker.model import (
    Change,
    CodeSet,
    Diff,
    Event,
    Facet,
    FieldChange,
    Finding,
    Kind,
    Level,
    Problem,
    Record,
    Release,
    Selection,
    Status,
    Successor,
    Value,
)

NO_SELECTION = Selection()

_HIDDEN: Final = (
    "\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\u3164\ud800-\udfff\ufdd0-\ufdef\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U00013430-\U0001345f\U0001bca0-\U0001bca3"
    "\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
    + "".join(f"{chr(plane + 0xFFFE)}{chr(plane + 0xFFFF)}" for plane in range(0, 0x110000, 0x10000))
)
"""Characters that show nothing and may do something: controls, changes of direction, halves of a character, and what
Unicode calls ignorable or no character."""

_MARKS: Final = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05c7\u0610-\u061a\u064b-\u065f\u0670\u06d6-\u06ed\u0e31\u0e34-\u0e3a\u0e47-\u0e4e\u0eb1"
    "\u0eb4-\u0ebc\u0ec8-\u0ecd\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
)
"""Marks above or below a character, of the scripts in which any number of them may stand there."""

_MOST_MARKS: Final = 4
"""Marks on one character: more than any language needs would cover the lines around it."""

_PLAIN: Final = re.compile("[\t\n -~\xa0-\xac\xae-\u02ff\u2010-\u2027\u2030-\u205f\u2190-\u2bff]*")
"""Latin letters, punctuation, arrows: what nearly all texts are of, and nothing that is odd."""

_ODD: Final = re.compile(f"[{_HIDDEN}]|[{_MARKS}](?<={f'[{_MARKS}]' * (_MOST_MARKS + 1)})")

_CONTROL_PICTURES: Final = 0x2400


@dataclass(frozen=True, slots=True)
class Counts:
    """How much changed. `changed` includes `administrative`, `added` includes `added_ended`.

    `ended`: codes whose termination date is new. `fields`: changed codes by field. `levels`, `events`: events
    by level and by id, `waived` those that a policy sets aside (they are in the other counts too).
    `letters`: codes by kind and first letter, but for administrative changes of which no more than a note is said.
    """

    old: int
    new: int
    added: int
    added_ended: int
    removed: int
    ended: int
    changed: int
    administrative: int
    fields: Mapping[str, int]
    levels: Mapping[Level, int]
    events: Mapping[str, int]
    waived: int
    letters: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Entry:
    """One code in a section: the events that brought it there, and the fields that prove them."""

    change: Change
    events: tuple[Event, ...]
    fields: tuple[FieldChange, ...] = ()

    @property
    def level(self) -> Level:
        """The most serious level of the events."""
        return min((event.level for event in self.events), key=list(Level).index)


@dataclass(frozen=True, slots=True)
class Range:
    """The codes of one first letter in a section; `title` says what they are about, empty for modifiers."""

    letter: str
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """Codes of one kind to which the same sort of thing happened, by first letter."""

    name: str
    kind: Kind
    ranges: tuple[Range, ...]

    @property
    def title(self) -> str:
        """The heading: modifiers stand apart."""
        return f"Modifiers: {self.name.lower()}" if self.kind is Kind.MODIFIER else self.name

    @property
    def anchor(self) -> str:
        """A name for links: `added-and-ended-in-between`, `modifiers-added`."""
        return self.title.lower().replace(": ", "-").replace(" ", "-")

    @property
    def entries(self) -> tuple[Entry, ...]:
        """All entries, by code."""
        return tuple(entry for part in self.ranges for entry in part.entries)


@dataclass(frozen=True, slots=True)
class Task:
    """A code that somebody must act on: by which day (ISO, or empty), because of what, and what to do."""

    change: Change
    events: tuple[Event, ...]
    day: str
    advice: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ProblemKind:
    """Problems of one kind in one of the two releases."""

    release: str
    severity: str
    field: str
    message: str
    codes: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True)
class ReportView:
    """A diff, ready to be drawn.

    `remarks`: sentences about what was compared and what could not be. `tasks`: the `act` list, by day.
    `written`: the day that the report is to show as its own, or None. `selection`: the part of the whole
    diff that this one is.
    """

    code_set: CodeSet
    diff: Diff
    counts: Counts
    remarks: tuple[str, ...]
    tasks: tuple[Task, ...]
    sections: tuple[Section, ...]
    problems: tuple[ProblemKind, ...] = ()
    audit: tuple[Finding, ...] = ()
    written: date | None = None
    selection: Selection = NO_SELECTION


def build_view(
    code_set: CodeSet,
    diff: Diff,
    *,
    remarks: Iterable[str] = (),
    problems: Mapping[str, Iterable[Problem]] | None = None,
    audit: Iterable[Finding] = (),
    administrative: bool = False,
    written: date | None = None,
    selection: Selection = NO_SELECTION,
) -> ReportView:
    """Count a diff and lay it out in sections.

    Args:
        code_set: the diff's code set.
        diff: what is to be shown, its events found.
        remarks: sentences to stand before those that the diff itself calls for.
        problems: release name -> the problems met when it was read.
        audit: the findings on the publisher's own word.
        administrative: show administrative changes one by one, also where no more than a note is to be said of
            them; they are counted in any case.
        written: the day that the report is to show as its own.
        selection: the part of the whole diff that `diff` is.
    """
    shown = [change for change in diff.changes if administrative or not _is_routine(change)]
    counts = count(code_set, diff)
    return ReportView(
        code_set,
        diff,
        counts,
        (*remarks, *_selected(selection), *_remarks(code_set, diff, counts)),
        tuple(_tasks(code_set, shown)),
        tuple(section for kind in Kind for section in _sections(code_set, shown, kind)),
        tuple(_problem_kinds(problems or {})),
        tuple(audit),
        written,
        selection,
    )


def count(code_set: CodeSet, diff: Diff) -> Counts:
    """Count the changes of a diff, and their events."""
    by_status = Counter(change.status for change in diff.changes)
    events = [event for change in diff.changes for event in change.events]
    levels, ids = Counter(event.level for event in events), Counter(event.id for event in events)
    letters = Counter(_letter(change) for change in diff.changes if not _is_routine(change))
    return Counts(
        old=diff.old.codes,
        new=diff.new.codes,
        added=by_status[Status.ADDED],
        added_ended=sum(_is_added_ended(code_set, change) for change in diff.changes),
        removed=by_status[Status.REMOVED],
        ended=sum(_is_ended(code_set, change) for change in diff.changes),
        changed=by_status[Status.CHANGED],
        administrative=sum(change.administrative for change in diff.changes),
        fields=_by_field(code_set, diff.changes),
        levels={level: levels[level] for level in Level},
        events={name: ids[name] for name in code_set.events if ids[name]},
        waived=sum(bool(event.waived) for event in events),
        letters=dict(sorted(letters.items())),
    )


def words(name: str) -> str:
    """Return a field's name as words: `long_description` -> `long description`."""
    return name.replace("_", " ")


def amount(number: int, noun: str) -> str:
    """Return a number with its noun: `1 code`, `8,642 codes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def amount_of_units(units: float) -> str:
    """Return billing units in words: `20 units for 1`."""
    return f"{units:,g} {'unit' if units == 1 else 'units'} for 1"


def told_basis(successor: Successor) -> str:
    """Return who names a successor, and how many of its units bill one: `suggested, 20 units for 1`."""
    units = "" if successor.units is None else f", {amount_of_units(successor.units)}"
    return f"{successor.basis}{units}"


def visible(text: str) -> str:
    """Return a text in which characters that show nothing can be seen and do nothing: ESC is `␛`."""
    return text if _PLAIN.fullmatch(text) else _ODD.sub(_named, text)


def _named(found: re.Match[str]) -> str:
    number = ord(found[0])
    return chr(_CONTROL_PICTURES + number) if number < ord(" ") else f"[U+{number:04X}]"


def title(code_set: CodeSet, change: Change, *, brief: bool = False) -> str:
    """Return the text that names a changed code for a reader: the best one, or the briefest."""
    return named(code_set, change.record, brief=brief)


def named(code_set: CodeSet, record: Record, *, brief: bool = False) -> str:
    """Return the text that names a record for a reader: the best one, or the briefest."""
    names = code_set.title[::-1] if brief else code_set.title
    texts = (record.values.get(name) for name in names)
    return next((text for text in texts if isinstance(text, str)), "")


def describe(release: Release) -> str:
    """Return what is to be known of one side: `2025@1: 8,642 codes, complete, effective 2025-01-01, …`."""
    extent = "complete" if release.complete else "excerpt"
    withdrawn = f", withdrawn ({release.withdrawn})" if release.withdrawn is not None else ""
    return (
        f"{release.name}: {amount(release.codes, 'code')}, {extent}, effective {release.effective_date}, "
        f"from {release.source.name}{withdrawn}"
    )


def decode(code_set: CodeSet, name: str, value: Value | None) -> str:
    """Return a value as a reader understands it: coded values with their meaning, nothing as `(none)`."""
    if not value:
        return "(none)"
    meanings = code_set.fields[name].meanings or {}
    texts = [value] if isinstance(value, str) else value
    return ", ".join(f"{text} ({meanings[text]})" if text in meanings else text for text in texts)


def _is_ended(code_set: CodeSet, change: Change) -> bool:
    return change.status is Status.CHANGED and any(
        field.field == code_set.ended and field.old is None for field in change.fields
    )


def _is_added_ended(code_set: CodeSet, change: Change) -> bool:
    return change.status is Status.ADDED and code_set.ended in change.record.values


def _by_field(code_set: CodeSet, changes: Iterable[Change]) -> dict[str, int]:
    numbers = Counter(field.field for change in changes for field in change.fields)
    return {name: numbers[name] for name in code_set.fields if numbers[name]}


def _is_routine(change: Change) -> bool:
    """Whether a change is administrative, and nobody need read it."""
    return change.administrative and all(event.level is Level.NOTE for event in change.events)


def _letter(change: Change) -> str:
    return change.code[0] if change.kind is Kind.PROCEDURE else "modifiers"


def _sections(code_set: CodeSet, changes: Sequence[Change], kind: Kind) -> Iterator[Section]:
    """Yield the sections of one kind's changes that hold anything, in the order of the list of events."""
    entries: dict[str, list[Entry]] = {}
    for change in changes:
        if change.kind is kind:
            for name, events in _by_section(code_set, change).items():
                evidence = {name for event in events for name in event.fields}
                fields = tuple(field for field in change.fields if field.field in evidence)
                entries.setdefault(name, []).append(Entry(change, tuple(events), fields))
    for name in dict.fromkeys(row.section for row in code_set.events.values()):
        if name in entries:
            yield Section(name, kind, tuple(_ranges(code_set, entries[name], kind)))


def _by_section(code_set: CodeSet, change: Change) -> dict[str, list[Event]]:
    found: dict[str, list[Event]] = {}
    for event in change.events:
        found.setdefault(code_set.events[event.id].section, []).append(event)
    return found


def _ranges(code_set: CodeSet, entries: Iterable[Entry], kind: Kind) -> Iterator[Range]:
    if kind is Kind.MODIFIER:
        yield Range("", "", tuple(entries))
        return
    for letter, group in groupby(entries, key=lambda entry: entry.change.code[0]):
        yield Range(letter, code_set.ranges.get(letter, ""), tuple(group))


def _tasks(code_set: CodeSet, changes: Iterable[Change]) -> list[Task]:
    """Return the `act` list: by day, then by code; what a policy waives is not on it."""
    tasks = []
    for change in changes:
        events = tuple(event for event in change.events if event.level is Level.ACT and not event.waived)
        if events:
            advice = (code_set.events[event.id].advice for event in events)
            tasks.append(Task(change, events, _day(code_set, change), tuple(filter(None, dict.fromkeys(advice)))))
    return sorted(tasks, key=lambda task: (task.day or "9999", task.change.code))


def _day(code_set: CodeSet, change: Change) -> str:
    """Return the day from which it matters: a last valid day, else the day that the record's action applies."""
    dates = (change.record.values.get(name) for name in (code_set.ended, code_set.acted, code_set.added))
    return next((day for day in dates if isinstance(day, str)), "")


def _problem_kinds(problems: Mapping[str, Iterable[Problem]]) -> Iterator[ProblemKind]:
    for release, found in problems.items():
        kinds: dict[tuple[str, str, str], list[str]] = {}
        for problem in found:
            kinds.setdefault((problem.severity, problem.field, problem.message), []).append(problem.code)
        order = ("error", "warning", "note")
        for severity, field, message in sorted(kinds, key=lambda kind: (order.index(kind[0]), *kind[1:])):
            codes = kinds[severity, field, message]
            yield ProblemKind(release, severity, field, message, tuple(dict.fromkeys(filter(None, codes))), len(codes))


def _remarks(code_set: CodeSet, diff: Diff, counts: Counts) -> Iterator[str]:
    old, new, outside = diff.old, diff.new, diff.not_compared
    yield from direction(diff)
    for release, other, codes in ((new, old, outside.codes_old), (old, new, outside.codes_new)):
        if codes:
            yield f"{release.name} is an excerpt: {amount(codes, 'code')} of {other.name} could not be compared"
    for number, names in _by_number(outside.fields):
        told = ", ".join(map(words, names))
        yield f"not known on one side or both, and not compared, for {amount(number, 'code')}: {told}"
    if counts.administrative:
        fields = " or ".join(words(name) for name in code_set.fields if name in code_set.administrative)
        yield f"administrative: {amount(counts.administrative, 'code')} changed in nothing but {fields}"
    if counts.waived:
        yield f"waived by policy: {amount(counts.waived, 'event')}"


def direction(diff: Diff) -> Iterator[str]:
    """Say what is odd about the two sides of a diff: that they are one, or that the newer one stands first."""
    old, new = diff.old, diff.new
    if old.name == new.name:
        yield "the same revision on both sides"
    if (new.effective_date, new.label) < (old.effective_date, old.label):
        yield f"{old.label} is newer than {new.label}: this leads back in time"


def _selected(selection: Selection) -> Iterator[str]:
    """Say what a part of a diff is the part of: all counts are of that part."""
    if selection.facets:
        names = ", ".join(facet for facet in Facet if facet in selection.facets)
        yield f"only changed fields of: {names} (codes added or removed are left out, and not counted)"
    if selection.codes:
        yield f"only codes that match: {', '.join(selection.codes)}"
    if selection.kind:
        yield f"only {selection.kind}s"
    if selection.events:
        yield f"only events: {', '.join(sorted(selection.events))}"
    if selection.level:
        yield f"only events of level {selection.level} or more serious"


def _by_number(fields: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    numbers = sorted(set(fields.values()), reverse=True)
    return [(number, [name for name in fields if fields[name] == number]) for number in numbers]
