"""What a history shows, decided once for all formats: its head, lives, timeline and words.

Renderers draw a `HistoryView` and decide nothing, so that no two formats can disagree. What did not change is told
in one line for several releases, and what nobody can know, because no release tells it, is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from itertools import groupby
from typing import Final

from tracker.model import (
    Change,
    CodeSet,
    Ending,
    Event,
    FieldChange,
    History,
    Level,
    Life,
    Predecessor,
    Record,
    Release,
    Sighting,
    Status,
    Step,
    Successor,
    Value,
    Wording,
)
from tracker.report.rows import NO_SUCCESSOR, Marked, side
from tracker.report.view import decode, told_basis, words

MOST_NAMES: Final = 8
"""How many releases in a row are named one by one."""


MOST_GAPS: Final = 2
"""How many gaps between releases in which nothing changed are named one by one."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A release that was asked. `holds`: whether it has the code; None where an excerpt does not speak of it."""

    release: Release
    holds: bool | None


@dataclass(frozen=True, slots=True)
class LifeShown:
    """A life in words: its days, how it stands (`ended`, `valid`), and briefly what the code meant."""

    life: Life
    days: str
    word: str
    meaning: str


@dataclass(frozen=True, slots=True)
class Shown:
    """A field that changed. `marks`: parts of the values differ, and it is worth the while to tell them."""

    field: str
    old: Marked
    new: Marked
    marks: bool


@dataclass(frozen=True, slots=True)
class Told:
    """An event in words, and the values that belong to it: `texts` need a line each, `values` one for both."""

    level: Level
    text: str
    texts: tuple[Shown, ...] = ()
    values: tuple[Shown, ...] = ()


@dataclass(frozen=True, slots=True)
class Replacement:
    """A code before or after this one, and what is to be said of it."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """One entry of the timeline.

    `label` is the release at which it shows up, empty for a gap between releases. `when` says when it takes effect.
    `text` is a sentence where there are no `events`, or before them. `meaning`: what the code stands for, where that
    is news. `instead`: what takes the place of a code that ended, and who says so. `quiet`: nothing happened.
    """

    label: str
    when: str = ""
    text: str = ""
    events: tuple[Told, ...] = ()
    meaning: str = ""
    instead: tuple[Replacement, ...] = ()
    quiet: bool = False

    @property
    def level(self) -> Level | None:
        """The most serious level of the events."""
        return min((event.level for event in self.events), key=list(Level).index, default=None)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a field's value comes from.

    `step` is the one that brought it; None where it is as it was when it was `first` known, None where it never was.
    `value`, `since`, `before` are in words; `unknown` names the releases that hold the code and do not know the field.
    """

    field: str
    current: Value | None
    step: Step | None
    first: Release | None
    former: Value | None
    unknown: tuple[str, ...]
    value: str
    since: str
    before: str


@dataclass(frozen=True, slots=True)
class HistoryView:
    """The history of a code, ready to be drawn.

    `meaning` is what it stands for, or stood for last; `state` a word for how it stands and `standing` a sentence.
    `asked` are the releases, and `found` says in words which of them hold the code. With `origins`, where the values
    of fields come from was asked for: they are drawn in place of lives and timeline.
    """

    code_set: CodeSet
    history: History
    record: Record
    release: Release
    meaning: str
    state: str
    standing: str
    successors: tuple[Replacement, ...]
    predecessors: tuple[Replacement, ...]
    asked: tuple[Asked, ...]
    found: str
    lives: tuple[LifeShown, ...]
    timeline: tuple[Moment, ...]
    origins: tuple[Origin, ...] = ()
    ended: bool = field(default=False, kw_only=True)


def build_view(
    code_set: CodeSet,
    history: History,
    releases: Sequence[Release],
    *,
    gaps: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    administrative: bool = False,
) -> HistoryView:
    """Lay out the history of a code that at least one release holds.

    Args:
        code_set: the code's code set.
        history: the history of the code.
        releases: all releases that were asked, oldest first.
        gaps: the name of a sighting's release -> the label of the one before it, where a release between the two is
            not stored.
        fields: the fields of which is asked where their values come from.
        administrative: show administrative changes one by one.

    Raises:
        ValueError: no release holds the code.
    """
    seen = [sighting for sighting in history.sightings if sighting.record]
    last = seen[-1].record if seen else None
    if last is None:
        raise ValueError(f"no release holds {history.code}")
    life = history.lives[-1]
    newest = history.sightings[-1].release
    return HistoryView(
        code_set,
        history,
        last,
        seen[-1].release,
        _meaning(code_set, last),
        _word(life, newest),
        _standing(code_set, history),
        tuple(_successors(history.successors)) or ((Replacement("", NO_SUCCESSOR),) if _ended(life) else ()),
        tuple(map(_predecessor, history.predecessors)),
        asked := tuple(_asked(history, releases)),
        _found(asked),
        tuple(_life(code_set, one, newest) for one in history.lives),
        tuple(_timeline(code_set, history, gaps or {}, administrative=administrative)),
        tuple(_origin(code_set, history, name) for name in fields),
        ended=life.ending is not None,
    )


def effective(code_set: CodeSet, step: Step) -> date | None:
    """Return the day from which a step takes effect, where the publisher tells it."""
    change = step.change
    if change.status is Status.ADDED:
        return _day(change.record.values.get(code_set.added))
    changed = {one.field: one for one in change.fields}
    end = _day(changed[code_set.ended].new) if code_set.ended in changed else None
    if end is not None:
        return end + timedelta(days=1)
    if code_set.acted in changed:
        old, new = (_day(value) for value in (changed[code_set.acted].old, changed[code_set.acted].new))
        if new is not None and (old is None or old < new):  # set back, it is the day of an older action
            return new
    return None


# The head


def _meaning(code_set: CodeSet, record: Record, *, brief: bool = False) -> str:
    """Return the text that says best, or most briefly, what a code stands for."""
    texts = (record.values.get(name) for name in code_set.title[:: -1 if brief else 1])
    return next((text for text in texts if isinstance(text, str)), "")


def _ended(life: Life) -> bool:
    return life.ending is Ending.ENDED


def _standing(code_set: CodeSet, history: History) -> str:
    """Say since when a code is valid, or how it ended, and which release tells it."""
    life = history.lives[-1]
    holding = life.sightings[-1]
    begin = f"from {life.first or 'a day not known'}"
    if life.ending is Ending.GONE:
        return f"{begin}; {holding.release.name} holds it last, and it left without ever having got a last valid day"
    if life.last is not None:
        absent = (one.release for one in history.sightings if one.record is None)
        left = next((one for one in absent if one.effective_date > holding.release.effective_date), None)
        return f"{begin} to {life.last}, its last valid day" + (f"; not in the file since {left.label}" if left else "")
    if not _knows(holding, code_set.ended):
        return f"{begin}; {holding.release.name} does not tell whether it ended"
    other = "; it stood for something else before" if history.lives[1:] and not life.reactivated else ""
    return f"{begin}, without an end in {holding.release.name}{other}"


def _knows(sighting: Sighting, name: str) -> bool:
    record = sighting.record
    return record is not None and name in sighting.release.fields and name not in record.unknown


def _successors(found: Iterable[Successor]) -> Iterator[Replacement]:
    for one in found:
        yield Replacement(one.code, f"{told_basis(one)}: {one.why}")


def _predecessor(found: Predecessor) -> Replacement:
    return Replacement(found.code, f"{found.basis}: {found.why}")


def _asked(history: History, releases: Iterable[Release]) -> Iterator[Asked]:
    holds = {sighting.release.name: sighting.record is not None for sighting in history.sightings}
    for release in releases:
        yield Asked(release, holds.get(release.name))


def _found(asked: Sequence[Asked]) -> str:
    """Say which releases hold a code, which do not, and which do not speak of it; excerpts are marked."""
    told = []
    for holds, intro in ((True, "in "), (False, "not in "), (None, "not told by ")):
        runs = [[one.release for one in run] for same, run in groupby(asked, lambda one: one.holds) if same is holds]
        if runs:
            told.append(intro + ", ".join(_names([_named(release) for release in run]) for run in runs))
    return "; ".join(told)


def _named(release: Release) -> str:
    return release.name if release.complete else f"{release.name} (an excerpt)"


def _names(names: Sequence[str]) -> str:
    """Return names in a row; of many, the first and the last."""
    if len(names) > MOST_NAMES:
        return f"{names[0]} to {names[-1]} ({len(names)} releases)"
    return ", ".join(names)


# Lives


def _life(code_set: CodeSet, life: Life, newest: Release) -> LifeShown:
    record = life.sightings[-1].record
    days = f"{life.first or '?'} to {life.last}" if life.last else f"from {life.first or '?'}"
    return LifeShown(life, days, _word(life, newest), _meaning(code_set, record, brief=True) if record else "")


def _word(life: Life, newest: Release) -> str:
    """Return how a life stands, seen from the newest release that speaks of the code."""
    if life.last is None:
        return "valid again" if life.reactivated else "valid"
    if life.ending is Ending.ENDED and life.last >= newest.effective_date:
        return "ends"
    return str(life.ending)


# The timeline


def _timeline(
    code_set: CodeSet, history: History, gaps: Mapping[str, str], *, administrative: bool
) -> Iterator[Moment]:
    """Yield what happened from release to release; where nothing did, one entry for several of them."""
    routine = {step.new.name for step in history.steps if _is_routine(step.change) and not administrative}
    steps = {step.new.name: step for step in history.steps if step.new.name not in routine}
    alike: list[Sighting] = []
    before: Sighting | None = None
    held = False
    for now in history.sightings:
        step = steps.get(now.release.name)
        is_back = held and before is not None and before.record is None
        moment = _moment(code_set, history, before, now, step, is_back=is_back)
        if moment:
            if alike:
                yield _stretch(code_set, alike, routine, gaps)
            if now.release.name in gaps:
                yield _gap(gaps[now.release.name], now.release.label)
            yield moment
            alike = []
        else:
            alike.append(now)
        before, held = now, held or now.record is not None
    if alike:
        yield _stretch(code_set, alike, routine, gaps)


def _is_routine(change: Change) -> bool:
    return change.administrative and all(event.level is Level.NOTE for event in change.events)


def _moment(
    code_set: CodeSet, history: History, before: Sighting | None, now: Sighting, step: Step | None, *, is_back: bool
) -> Moment | None:
    """Return what a release tells that is new, or None."""
    label = now.release.label
    if now.record and before is None:
        return Moment(
            label, text=_first_seen(code_set, now.record, history.lives[0]), meaning=_meaning(code_set, now.record)
        )
    if now.record and is_back and step is None:
        return Moment(label, text="Back in the file, as if it had never left.")
    if step is None:
        return None
    change = step.change
    return Moment(
        label,
        _when(code_set, step),
        "Back in the file" if is_back and now.record else "",
        tuple(_told(code_set, change)),
        _meaning(code_set, change.record) if change.status is Status.ADDED else "",
        tuple(Replacement(one.code, one.basis) for one in change.successors),
    )


def _first_seen(code_set: CodeSet, record: Record, life: Life) -> str:
    if life.reactivated:
        return f"First seen: valid again from {life.first}; when it had ended before, no stored release tells."
    begin = f"First seen: valid from {life.first or 'a day not known'}"
    end = record.values.get(code_set.ended)
    return f"{begin}, last valid day {end}." if end else f"{begin}."


def _when(code_set: CodeSet, step: Step) -> str:
    """Say when a step takes effect: the publisher's day, else the release that tells it."""
    day = effective(code_set, step)
    if day is not None:
        return f"in effect from {day}"
    verb = "gone" if step.change.status is Status.REMOVED else "in effect"
    return f"{verb} by {step.new.effective_date}"


def _stretch(code_set: CodeSet, alike: Sequence[Sighting], routine: Collection[str], gaps: Mapping[str, str]) -> Moment:
    """Say that nothing happened in some releases, one after the other."""
    labels = [sighting.release.label for sighting in alike]
    told = "unchanged" if alike[0].record else "not in the file"
    if labels[1:]:
        told += f" in {_names(labels)}"
    reset = [sighting.release.label for sighting in alike if sighting.release.name in routine]
    if reset:
        fields = " or ".join(words(name) for name in code_set.fields if name in code_set.administrative)
        told += f", but for {fields} in {_names(reset)}"
    between = [(gaps[one.name], one.label) for one in (sighting.release for sighting in alike) if one.name in gaps]
    if len(between) > MOST_GAPS:
        told += "; not every release in between is stored"
    elif between:
        told += "; nothing is stored " + ", ".join(f"between {before} and {after}" for before, after in between)
    return Moment(labels[0], text=told, quiet=True)


def _gap(before: str, after: str) -> Moment:
    told = f"nothing is stored between {before} and {after}: what changed in between shows up at {after}"
    return Moment("", text=told, quiet=True)


def _told(code_set: CodeSet, change: Change) -> Iterator[Told]:
    """Yield the events in words, each with the values that its sentence does not tell whole."""
    whole = code_set.administrative | {code_set.added, code_set.ended}
    changed = {one.field: one for one in change.fields if one.field not in whole}
    for event in change.events:
        shown = [_shown(code_set, changed[name]) for name in event.fields if name in changed]
        texts = tuple(one for one in shown if one.field in code_set.title)
        values = tuple(one for one in shown if one.field not in code_set.title)
        is_plain = bool(values) and len(values) == len(event.fields)
        yield Told(event.level, _label(event) if is_plain else event.text, texts, values)


def _label(event: Event) -> str:
    """Return what happened in a word or two, where the values tell the rest: `Coverage changed`."""
    return f"{event.id.replace('-', ' ').capitalize()}."


def _shown(code_set: CodeSet, change: FieldChange) -> Shown:
    """Return a change with what differs marked, but where hardly a word is the same and marks would only disturb."""
    if change.rewording is not None and change.rewording.wording is Wording.REPLACED:
        change = replace(change, rewording=None)
    old, new = (_marked(code_set, change, new=new) for new in (False, True))
    return Shown(change.field, old, new, change.rewording is not None or code_set.fields[change.field].repeated)


def _marked(code_set: CodeSet, change: FieldChange, *, new: bool) -> Marked:
    """Return one side of a change, with what differs marked; values of a list stand in one line."""
    cell = side(code_set, change, new=new)
    if not isinstance(cell, Marked):
        has_value = bool(change.new if new else change.old)
        cell = Marked(((str(cell), has_value),), came=new)
    if not code_set.fields[change.field].repeated:
        return cell
    return Marked(tuple((text.replace("\n", ", "), differs) for text, differs in cell.pieces), came=new)


# Where values come from


def _origin(code_set: CodeSet, history: History, name: str) -> Origin:
    """Say since when a field has its value, and what it was before."""
    holding = [sighting for sighting in history.sightings if sighting.record]
    knowing = [sighting for sighting in holding if _knows(sighting, name)]
    unknown = tuple(sighting.release.name for sighting in holding if sighting not in knowing)
    if not knowing:
        return Origin(name, None, None, None, None, unknown, "not known", "", "")
    current = _value(knowing[-1], name)
    step = next((step for step in reversed(history.steps) if _brought(step.change, name)), None)
    change = next((one for one in step.change.fields if one.field == name), None) if step else None
    first = knowing[0].release
    value = decode(code_set, name, current)
    if step is None:
        return Origin(name, current, None, first, None, unknown, value, f"{first.label} or earlier", "")
    if change is None:
        return Origin(name, current, step, first, None, unknown, value, f"{step.new.label}, when it was added", "")
    since, before = f"{step.new.label}, {_when(code_set, step)}", decode(code_set, name, change.old)
    return Origin(name, current, step, first, change.old, unknown, value, since, before)


def _value(sighting: Sighting, name: str) -> Value | None:
    return sighting.record.values.get(name) if sighting.record else None


def _brought(change: Change, name: str) -> bool:
    """Whether a change brought the value of a field: it changed it, or the code itself is new."""
    return change.status is Status.ADDED or any(one.field == name for one in change.fields)


def _day(value: Value | None) -> date | None:
    try:
        return date.fromisoformat(value) if isinstance(value, str) else None
    except ValueError:
        return None
