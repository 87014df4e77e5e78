"""What a changelog shows, decided once for all formats: its steps, and what the two ends alone do not tell.

A step leads from one release to the next, and is what `build_view` makes of it. A code is *missed* if somebody who
compares the first release with the last alone cannot see what happened to it: it came and ended again, a value
stood only in between, an end was taken back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import partial
from itertools import groupby, pairwise
from typing import Final, TypeAlias

from tracker.model import Change, CodeSet, Event, FieldChange, Kind, Level, Release, Status, Value, Wording
from tracker.report.view import Entry, ReportView, amount, title, words


class Sort(StrEnum):
    """Why the two ends alone do not tell what happened to a code. Scripts name these: none is renamed."""

    ADDED_AND_ENDED = "added-and-ended"
    ADDED_AND_GONE = "added-and-gone"
    ENDED_AND_BACK = "ended-and-back"
    REUSED = "reused"
    CHANGED_BACK = "changed-back"
    CHANGED_TWICE = "changed-twice"
    ADDED_AND_CHANGED = "added-and-changed"
    ADMINISTRATIVE = "administrative"
    NO_STEP = "no-step"


_TITLES: Final[Mapping[Sort, tuple[str, str]]] = {
    Sort.ADDED_AND_ENDED: (
        "Added and ended",
        "They came after {first} and ended before {last} took effect: neither of the two shows them valid.",
    ),
    Sort.ADDED_AND_GONE: ("Added and gone again", "They are neither in {first} nor in {last}."),
    Sort.ENDED_AND_BACK: (
        "Ended and valid again",
        "An end, or an absence, that stood only in between: {first} and {last} do not tell it.",
    ),
    Sort.REUSED: (
        "Another meaning",
        "They were given another meaning on the way, and {first} beside {last} does not show it.",
    ),
    Sort.CHANGED_BACK: (
        "Changed and changed back",
        "{last} has again what {first} had; in between stood something else.",
    ),
    Sort.CHANGED_TWICE: (
        "Changed more than once",
        "A value stood in between that is neither in {first} nor in {last}.",
    ),
    Sort.ADDED_AND_CHANGED: (
        "Added and changed",
        "They came after {first}, and {last} has no longer what they came with.",
    ),
    Sort.ADMINISTRATIVE: (
        "Letters and days in between",
        "The publisher's letter for a change, or its day, that a later release covered up.",
    ),
    Sort.NO_STEP: (
        "Told by no step",
        "They differ between {first} and {last}, but the releases in between do not say when that happened.",
    ),
}


@dataclass(frozen=True, slots=True)
class Moment:
    """What happened to a code in one step: the step, and the events and fields that matter here."""

    step: ReportView
    entry: Entry


@dataclass(frozen=True, slots=True)
class Missed:
    """A code that the two ends alone do not explain: why, in a sentence, and what happened step by step."""

    code: str
    kind: Kind
    title: str
    why: str
    moments: tuple[Moment, ...]

    @property
    def level(self) -> Level:
        """The most serious level of what happened."""
        return min((moment.entry.level for moment in self.moments), key=list(Level).index)

    @property
    def ended(self) -> Change | None:
        """The last change that ended the code, whose successors a reader asks for; None if none did."""
        found = [
            moment.entry.change
            for moment in self.moments
            if any(moment.step.code_set.events[event.id].ends for event in moment.entry.events)
        ]
        return found[-1] if found else None


@dataclass(frozen=True, slots=True)
class MissedSort:
    """The missed codes of one sort; `about` says what they have in common."""

    sort: Sort
    title: str
    about: str
    found: tuple[Missed, ...]


@dataclass(frozen=True, slots=True)
class CodeSteps:
    """The steps in which something happened to a code that somebody should know of."""

    code: str
    kind: Kind
    moments: tuple[Moment, ...]


@dataclass(frozen=True, slots=True)
class ChangelogView:
    """All steps from one release to another, ready to be drawn.

    `direct` is the first release beside the last; of a single step it is that step. `remarks`: sentences about the
    whole. `codes`: by code, the steps with an event of level `act` or `review`.
    """

    code_set: CodeSet
    steps: tuple[ReportView, ...]
    direct: ReportView
    remarks: tuple[str, ...]
    missed: tuple[MissedSort, ...]
    codes: tuple[CodeSteps, ...]

    @property
    def first(self) -> Release:
        """The release that the changelog begins with."""
        return self.direct.diff.old

    @property
    def last(self) -> Release:
        """The release that it ends with."""
        return self.direct.diff.new

    @property
    def written(self) -> date | None:
        """The day that it is to show as its own."""
        return self.direct.written


def build_changelog(
    steps: Sequence[ReportView], direct: ReportView, *, remarks: Iterable[str] = (), administrative: bool = False
) -> ChangelogView:
    """Roll steps up, and find what their two ends alone do not tell.

    Args:
        steps: one or more, each beginning with the release that the one before ended with.
        direct: the first release beside the last.
        remarks: sentences to stand before those that the steps themselves call for.
        administrative: list what was covered up of the administrative fields; else it is only counted.
    """
    found = list(_missed(steps, direct))
    hidden = sum(sort is Sort.ADMINISTRATIVE for sort, _ in found)
    listed = [(sort, missed) for sort, missed in found if administrative or sort is not Sort.ADMINISTRATIVE]
    told = [*remarks, *([] if administrative else _administrative(direct.code_set, hidden))]
    return ChangelogView(
        direct.code_set,
        tuple(steps),
        direct,
        tuple(told),
        tuple(_sorted(listed, direct)),
        tuple(_codes(steps)),
    )


def step_name(step: ReportView) -> str:
    """Return a step's name: `2018 → 2019`."""
    return f"{step.diff.old.label} → {step.diff.new.label}"


def heading(view: ChangelogView) -> str:
    """Return the changelog's heading: `HCPCS changelog 2017 → 2025-10`."""
    return f"{view.code_set.name.upper()} changelog {step_name(view.direct)}"


def event_words(event: Event) -> str:
    """Return an event's id as words: `discontinued`, `coverage changed`."""
    return event.id.removeprefix("code-").replace("-", " ")


def missed_title(view: ChangelogView) -> str:
    """Return the heading over what the two ends alone do not tell."""
    return f"What {view.first.label} beside {view.last.label} does not tell"


def overview(view: ChangelogView) -> Iterator[tuple[str, Mapping[str, int]]]:
    """Yield a row for each step, and where there are several for the two ends: its name, and how much of what.

    The numbers are codes but for the levels, which count events.
    """
    for step in (*view.steps, *([view.direct] if len(view.steps) > 1 else [])):
        counts, direct = step.counts, step is view.direct and len(view.steps) > 1
        numbers: dict[str, int] = {
            "added": counts.added,
            "removed": counts.removed,
            "ended": counts.ended,
            "changed": counts.changed,
        }
        numbers.update({level.value: number for level, number in counts.levels.items()})
        yield f"{step_name(step)}{', directly' if direct else ''}", numbers


def code_ranges(view: ChangelogView) -> Iterator[tuple[str, tuple[CodeSteps, ...]]]:
    """Yield the codes of the roll-up by first letter; the modifiers last."""
    for kind in Kind:
        of_kind = [one for one in view.codes if one.kind is kind]
        for letter, group in groupby(of_kind, key=lambda one: "modifiers" if kind is Kind.MODIFIER else one.code[0]):
            yield letter, tuple(group)


def _administrative(code_set: CodeSet, number: int) -> Iterator[str]:
    if number:
        fields = " or ".join(words(name) for name in code_set.fields if name in code_set.administrative)
        yield (
            f"covered up in between: another {fields} of {amount(number, 'code')}, counted and not listed "
            "(--administrative lists them)"
        )


def _sorted(found: Iterable[tuple[Sort, Missed]], direct: ReportView) -> Iterator[MissedSort]:
    ends = {"first": direct.diff.old.label, "last": direct.diff.new.label}
    by_sort: dict[Sort, list[Missed]] = {}
    for sort, missed in found:
        by_sort.setdefault(sort, []).append(missed)
    for sort in Sort:
        if sort in by_sort:
            name, about = _TITLES[sort]
            in_order = sorted(by_sort[sort], key=lambda one: (list(Kind).index(one.kind), one.code))
            yield MissedSort(sort, name, about.format(**ends), tuple(in_order))


def _codes(steps: Iterable[ReportView]) -> list[CodeSteps]:
    found: dict[tuple[int, str], list[Moment]] = {}
    for step in steps:
        for change in step.diff.changes:
            entry = _entry(change, [event for event in change.events if event.level is not Level.NOTE])
            if entry is not None:
                found.setdefault((list(Kind).index(change.kind), change.code), []).append(Moment(step, entry))
    return [
        CodeSteps(code, moments[0].entry.change.kind, tuple(moments)) for (_, code), moments in sorted(found.items())
    ]


# What the two ends do not tell


def _missed(steps: Iterable[ReportView], direct: ReportView) -> Iterator[tuple[Sort, Missed]]:
    """Yield the codes that the two ends do not explain, each with the sort; a code may be there in several ways."""
    courses: dict[str, list[_Happening]] = {}
    for step in steps:
        for change in step.diff.changes:
            courses.setdefault(change.code, []).append((step, change))
    told = {change.code: change for change in direct.diff.changes}
    for code, course in courses.items():
        yield from _Course(direct, told.get(code), course).missed()
    for code, change in told.items():
        yield from _told_by_no_step(direct, change, [one for _, one in courses.get(code, ())])


_Happening: TypeAlias = tuple[ReportView, Change]
"""A code's change in one step."""

_FieldStep: TypeAlias = tuple[ReportView, FieldChange]


class _Course:
    """What happened to one code, step by step, and what the two ends say of it (None: nothing)."""

    def __init__(self, direct: ReportView, told: Change | None, course: Sequence[_Happening]) -> None:
        self.code_set = direct.code_set
        self.first, self.last = direct.diff.old, direct.diff.new
        self.told = told
        self.course = course
        self.came = course[0][1].status is Status.ADDED
        self.by_field: dict[str, list[_FieldStep]] = {}
        for step, change in course:
            for field in change.fields:
                self.by_field.setdefault(field.field, []).append((step, field))

    def missed(self) -> Iterator[tuple[Sort, Missed]]:
        gone = self.course[-1][1].status is Status.REMOVED
        if self.came and gone:
            yield self._life(Sort.ADDED_AND_GONE, self._stay())
        elif self.came and (days := self._days()):
            yield self._life(Sort.ADDED_AND_ENDED, days)
        elif not gone:
            why = self._ended_and_back()
            if why:
                yield self._life(Sort.ENDED_AND_BACK, why)
            yield from self._values()

    # Lives

    def _stay(self) -> str:
        begin, end = self.course[0][0].diff.new.label, self.course[-1][0].diff.old.label
        return f"In {begin} alone." if begin == end else f"From {begin} to {end}."

    def _days(self) -> str:
        """Return on which days a code was valid that came and ended before the last release took effect."""
        values = self.course[-1][1].record.values
        added, ended = values.get(self.code_set.added), values.get(self.code_set.ended)
        if not isinstance(ended, str) or ended >= self.last.effective_date.isoformat():
            return ""
        return f"Valid from {added} to {ended}." if added else f"Valid until {ended}."

    def _ended_and_back(self) -> str:
        """Return in words that an end, an absence or a reactivation stood only in between; else nothing."""
        if any(change.status is Status.REMOVED for _, change in self.course):
            return f"Not in {_listed(list(self._absences()))}."
        moves = [field for _, field in self.by_field.get(self.code_set.ended, ())]
        if not moves or (moves[0].old is None) != (moves[-1].new is None):
            return ""
        if moves[0].old is None:
            return f"Ended in between (last valid day {moves[0].new}); in {self.last.label} it has no end."
        if any(move.new is None for move in moves):
            return f"Valid again in between; ended in {self.first.label} and in {self.last.label}."
        return ""

    def _absences(self) -> Iterator[str]:
        """Yield the releases, from one to another, that do not hold a code which came back."""
        for (went, change), (back, _) in pairwise(self.course):
            if change.status is Status.REMOVED:
                begin, end = went.diff.new.label, back.diff.old.label
                yield begin if begin == end else f"{begin} to {end}"

    def _life(self, sort: Sort, why: str) -> tuple[Sort, Missed]:
        return sort, self._made(why, partial(_proven_by, {self.code_set.ended}))

    # Values

    def _values(self) -> Iterator[tuple[Sort, Missed]]:
        by_sort: dict[Sort, list[str]] = {}
        for name in self.code_set.fields:
            sort = self._sort(name, self.by_field.get(name, ()))
            if sort:
                by_sort.setdefault(sort, []).append(name)
        if Sort.CHANGED_BACK in by_sort and Sort.CHANGED_TWICE in by_sort:  # often one event: to be told together
            twice = {*by_sort.pop(Sort.CHANGED_BACK), *by_sort[Sort.CHANGED_TWICE]}
            by_sort[Sort.CHANGED_TWICE] = [name for name in self.code_set.fields if name in twice]
        for sort, names in by_sort.items():
            why = self._in_words(sort, names)
            yield sort, self._made(f"{why[0].upper()}{why[1:]}.", partial(_proven_by, names), names)

    def _sort(self, name: str, moves: Sequence[_FieldStep]) -> Sort | None:
        """Return in which way values of a field are missed, if any are."""
        several = len(moves) > 1
        if not moves or (name == self.code_set.ended and (not several or self._ended_and_back())):
            return None
        if name in self.code_set.administrative:
            return Sort.ADMINISTRATIVE if several else None
        if not self.came and not several:
            return None
        if not self.came and _plain(moves[0][1].old) == _plain(moves[-1][1].new):
            return Sort.CHANGED_BACK
        if name in self.code_set.title and self._is_reused():
            return Sort.REUSED
        return Sort.ADDED_AND_CHANGED if self.came else Sort.CHANGED_TWICE

    def _is_reused(self) -> bool:
        """Whether a step gave the code another meaning, and the two ends do not say so."""
        name = self.code_set.title[0]
        direct = [field for field in (self.told.fields if self.told else ()) if field.field == name]
        return any(_is_replaced(field) for _, field in self.by_field.get(name, ())) and not any(
            map(_is_replaced, direct)
        )

    def _in_words(self, sort: Sort, names: Sequence[str]) -> str:
        """Return what stood in between of these fields; of descriptions only where, for they are shown themselves."""
        if sort is Sort.REUSED:
            return f"it meant something else in {self._others(names[0])}"
        if sort is Sort.CHANGED_BACK:
            return f"{_listed(list(map(words, names)))}: in {self.last.label} again as in {self.first.label}"
        texts: dict[str, list[str]] = {}
        for name in names:
            if name in self.code_set.title:
                texts.setdefault(self._others(name), []).append(words(name))
        told = [f"{_listed(fields)}: another one in {labels}" for labels, fields in texts.items()]
        return "; ".join([*told, *(self._trail(name) for name in names if name not in self.code_set.title)])

    def _labels(self, name: str) -> list[str]:
        """Return in which releases the values of a field, one after the other, first stand."""
        begin = self.course[0][0].diff.new if self.came else self.first
        return [begin.label, *(step.diff.new.label for step, _ in self.by_field[name])]

    def _others(self, name: str) -> str:
        """Return the releases of the values that neither end has."""
        labels = self._labels(name)
        return _listed(labels[:-1] if self.came else labels[1:-1])

    def _trail(self, name: str) -> str:
        """Return the values that a field had, one after the other: `coverage code C in 2017, D in 2019`."""
        moves = [field for _, field in self.by_field[name]]
        values = [moves[0].old, *(field.new for field in moves)]
        told = (f"{_shown(value)} in {label}" for value, label in zip(values, self._labels(name), strict=True))
        return f"{words(name)} {', '.join(told)}"

    def _made(
        self, why: str, proof: Callable[[Change], Iterable[Event]], fields: Collection[str] | None = None
    ) -> Missed:
        entries = ((step, _entry(change, proof(change), fields)) for step, change in self.course)
        moments = tuple(Moment(step, entry) for step, entry in entries if entry is not None)
        change = self.course[-1][1]
        return Missed(change.code, change.kind, title(self.code_set, change), why, moments)


def _told_by_no_step(direct: ReportView, told: Change, course: Sequence[Change]) -> Iterator[tuple[Sort, Missed]]:
    """Yield a code that differs between the two ends, if no step tells all of it."""
    code_set, fields = direct.code_set, None
    if course and all(change.status is Status.CHANGED for change in (told, *course)):
        known = {field.field for change in course for field in change.fields} | code_set.administrative
        fields = frozenset(field.field for field in told.fields) - known
    elif course or told.administrative:
        return
    events = told.events if fields is None else _proven_by(fields, told)
    entry = _entry(told, events, fields)
    if entry is not None:
        missed = Missed(told.code, told.kind, title(code_set, told), "", (Moment(direct, entry),))
        yield Sort.NO_STEP, missed


def _entry(change: Change, events: Iterable[Event], fields: Collection[str] | None = None) -> Entry | None:
    """Return a change reduced to some of its events, and the fields that prove these; None if no event is left."""
    chosen = tuple(events)
    proof = {name for event in chosen for name in event.fields}
    shown = (field for field in change.fields if field.field in (proof if fields is None else proof & set(fields)))
    return Entry(change, chosen, tuple(shown)) if chosen else None


def _proven_by(fields: Collection[str], change: Change) -> list[Event]:
    """Return the events of a change that some of these fields prove; of a code that came or went, all."""
    if change.status is not Status.CHANGED:
        return list(change.events)
    return [event for event in change.events if not set(fields).isdisjoint(event.fields)]


def _is_replaced(field: FieldChange) -> bool:
    return field.rewording is not None and field.rewording.wording is Wording.REPLACED


def _plain(value: Value | None) -> object:
    """Return a value in which the order of its parts does not count."""
    return frozenset(value) if isinstance(value, tuple) else value


def _shown(value: Value | None) -> str:
    return ", ".join([value] if isinstance(value, str) else value or ()) or "none"


def _listed(texts: Sequence[str]) -> str:
    """Return texts as a list in words: `2018, 2019 and 2020`."""
    *others, last = dict.fromkeys(texts)
    return f"{', '.join(others)} and {last}" if others else last
