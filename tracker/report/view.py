"""What a report shows, decided once for all formats: counts, groups, their order and their words.

Renderers draw a `ReportView` and decide nothing, so that no two formats can disagree.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from tracker.model import Change, CodeSet, Diff, Edit, Facet, FieldChange, Kind, Release, Status, Value

Marker = Callable[[str, str], Sequence[Edit]]
"""Finds the words in which two texts differ."""


@dataclass(frozen=True, slots=True)
class Counts:
    """How much changed. `changed` includes `administrative`, `added` includes `added_ended`.

    `ended`: codes whose termination date is new. `fields`: changed codes by field.
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


@dataclass(frozen=True, slots=True)
class Entry:
    """One code in a group, with the fields that the group shows of it."""

    change: Change
    fields: tuple[FieldChange, ...] = ()


@dataclass(frozen=True, slots=True)
class Group:
    """Codes of one kind to which the same happened. `name` is `added`, `removed`, `ended` or a facet's."""

    name: str
    kind: Kind
    title: str
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ReportView:
    """A diff, ready to be drawn. `remarks` are sentences about what was compared and what could not be."""

    code_set: CodeSet
    diff: Diff
    counts: Counts
    remarks: tuple[str, ...]
    groups: tuple[Group, ...]
    mark: Marker


def build_view(
    code_set: CodeSet, diff: Diff, *, mark: Marker, remarks: Iterable[str] = (), administrative: bool = False
) -> ReportView:
    """Group and count a diff.

    Args:
        code_set: the diff's code set.
        diff: what is to be shown.
        mark: finds the differing words of two texts.
        remarks: sentences to stand before those that the diff itself calls for.
        administrative: show administrative changes one by one; they are counted in any case.
    """
    groups = [
        group
        for kind in Kind
        for group in _groups(code_set, [change for change in diff.changes if change.kind is kind], kind, administrative)
    ]
    return ReportView(code_set, diff, count(code_set, diff), (*remarks, *_remarks(code_set, diff)), tuple(groups), mark)


def count(code_set: CodeSet, diff: Diff) -> Counts:
    """Count the changes of a diff."""
    by_status = Counter(change.status for change in diff.changes)
    return Counts(
        old=diff.old.codes,
        new=diff.new.codes,
        added=by_status[Status.ADDED],
        added_ended=sum(_is_added_ended(code_set, change) for change in diff.changes),
        removed=by_status[Status.REMOVED],
        ended=sum(is_ended(code_set, change) for change in diff.changes),
        changed=by_status[Status.CHANGED],
        administrative=sum(change.administrative for change in diff.changes),
        fields=_by_field(code_set, diff.changes),
    )


def is_ended(code_set: CodeSet, change: Change) -> bool:
    """Whether a code, held by both sides, has got a last valid day that it did not have."""
    return change.status is Status.CHANGED and any(
        field.field == code_set.ended and field.old is None for field in change.fields
    )


def words(name: str) -> str:
    """Return a field's or group's name as words: `long_description` -> `long description`."""
    return name.replace("_", " ")


def amount(number: int, noun: str) -> str:
    """Return a number with its noun: `1 code`, `8,642 codes`."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _is_added_ended(code_set: CodeSet, change: Change) -> bool:
    return change.status is Status.ADDED and code_set.ended in change.record.values


def _by_field(code_set: CodeSet, changes: Iterable[Change]) -> dict[str, int]:
    numbers = Counter(field.field for change in changes for field in change.fields)
    return {name: numbers[name] for name in code_set.fields if numbers[name]}


def _groups(code_set: CodeSet, changes: list[Change], kind: Kind, administrative: bool) -> Iterator[Group]:  # noqa: FBT001
    """Yield the groups of one kind's changes that hold anything, in the order of a report."""
    by_status = {status: [change for change in changes if change.status is status] for status in Status}
    ended_at_once = sum(_is_added_ended(code_set, change) for change in by_status[Status.ADDED])
    told = f"{ended_at_once} of them ended already" if ended_at_once else ""
    yield from _group("added", kind, [Entry(change) for change in by_status[Status.ADDED]], told)
    yield from _group("removed", kind, [Entry(change) for change in by_status[Status.REMOVED]])
    changed = [change for change in by_status[Status.CHANGED] if administrative or not change.administrative]
    yield from _group("ended", kind, [Entry(change, change.fields) for change in changed if is_ended(code_set, change)])
    for facet in Facet:
        entries = [Entry(change, fields) for change in changed if (fields := _shown(code_set, change, facet))]
        yield from _group(facet.value, kind, entries)


def _group(name: str, kind: Kind, entries: list[Entry], told: str = "") -> Iterator[Group]:
    if entries:
        title = f"{'Modifiers: ' if kind is Kind.MODIFIER else ''}{name}"
        amount = f"{len(entries):,}" + (f", {told}" if told else "")
        yield Group(name, kind, f"{title[0].upper()}{title[1:]} ({amount})", tuple(entries))


def _shown(code_set: CodeSet, change: Change, facet: Facet) -> tuple[FieldChange, ...]:
    """Return the fields of a facet that are not told by the end of the code already."""
    told = {code_set.ended, *code_set.administrative} if is_ended(code_set, change) else set()
    return tuple(
        field for field in change.fields if code_set.fields[field.field].facet is facet and field.field not in told
    )


def _remarks(code_set: CodeSet, diff: Diff) -> Iterator[str]:
    old, new, outside = diff.old, diff.new, diff.not_compared
    if (new.effective_date, new.label) < (old.effective_date, old.label):
        yield f"{old.label} is newer than {new.label}: this leads back in time"
    for release, other, codes in ((new, old, outside.codes_old), (old, new, outside.codes_new)):
        if codes:
            yield f"{release.name} is an excerpt: {amount(codes, 'code')} of {other.name} could not be compared"
    for number, names in _by_number(outside.fields):
        told = ", ".join(map(words, names))
        yield f"not known on one side or both, and not compared, for {amount(number, 'code')}: {told}"
    shown = count(code_set, diff)
    if shown.administrative:
        fields = " and ".join(words(name) for name in code_set.fields if name in code_set.administrative)
        yield f"administrative: {amount(shown.administrative, 'code')} changed in {fields} alone"


def _by_number(fields: Mapping[str, int]) -> list[tuple[int, list[str]]]:
    numbers = sorted(set(fields.values()), reverse=True)
    return [(number, [name for name in fields if fields[name] == number]) for number in numbers]


def describe(release: Release) -> str:
    """Return what is to be known of one side: `2025@1: 8,642 codes, complete, effective 2025-01-01, …`."""
    extent = "complete" if release.complete else "excerpt"
    withdrawn = f", withdrawn ({release.withdrawn})" if release.withdrawn else ""
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
