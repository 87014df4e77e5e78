"""A made-up code set, with records and releases of it, for tests of the rooms that know no code set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from datetime import date

from hypothesis import strategies as st

from tracker.diff.compare import compare
from tracker.diff.wording import edits
from tracker.model import (
    Change,
    CodeSet,
    Diff,
    Event,
    EventKind,
    Facet,
    Field,
    FieldChange,
    Kind,
    Level,
    Record,
    Release,
    Rewording,
    Snapshot,
    Source,
    Status,
    Value,
    Wording,
)
from tracker.report.view import ReportView, build_view

_LETTERS = {"N": "nothing done", "C": "text changed"}
_PRICES = {"11": "by the hour", "22": "by the mile"}

FIELDS = {
    field.name: field
    for field in (
        Field("text", "Text", ("TEXT",), Facet.DESCRIPTION, 0, 80, required=True),
        Field("short", "Short Text", ("SHORT",), Facet.DESCRIPTION, 0, 28),
        Field("first_day", "First Day", ("FIRST",), Facet.DATES, 0, 8, is_date=True),
        Field("letter_day", "Letter Day", ("DAY",), Facet.DATES, 0, 8, is_date=True),
        Field("last_day", "Last Day", ("LAST",), Facet.DATES, 0, 8, is_date=True),
        Field("letter", "Letter", ("LETTER",), Facet.ACTION, 0, 1, meanings=_LETTERS),
        Field("prices", "Price", ("P1", "P2", "P3"), Facet.PAYMENT, 0, 2, meanings=_PRICES),
        Field("remark", "Remark", ("REMARK",), Facet.NOTE, 0, 4),
    )
}

MADE_UP = CodeSet(
    name="made-up",
    fields=FIELDS,
    administrative=frozenset({"letter", "letter_day"}),
    added="first_day",
    ended="last_day",
    acted="letter_day",
    title=("text", "short"),
    events={
        kind.id: kind
        for kind in (
            EventKind("came", Level.REVIEW, "Came", "It is new."),
            EventKind("ended", Level.ACT, "Ended", "It has a last day.", "Stop using it.", ends=True),
            EventKind("retold", Level.REVIEW, "Text", "Its text is another one."),
            EventKind("repriced", Level.NOTE, "Price", "Its price is another one."),
            EventKind("dated", Level.NOTE, "Dates", "A day is another one."),
            EventKind("lettered", Level.NOTE, "Letter", "Its letter is another one."),
            EventKind("gone", Level.ACT, "Gone", "It is not there any more.", "Ask where it went."),
        )
    },
    ranges={"A": "Apples", "B": "Bread", "C": "Cars"},
)

CODES = ("A1", "ZZ", "A0001", "B0001", "C0001", "C0002")


def record(code: str, unknown: Iterable[str] = (), **values: Value) -> Record:
    kind = Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE
    return Record(code, kind, values, frozenset(unknown))


def release(
    label: str = "2025",
    codes: int = 0,
    *,
    revision: int = 1,
    complete: bool = True,
    absent: Iterable[str] = (),
    fields: Iterable[str] = FIELDS,
    source_format: str = "zip",
    source_name: str = "made up",
    sha256: str = "ab" * 32,
    mark: str | None = None,
    withdrawn: str | None = None,
    published: date | None = None,
    remark: str = "",
    counts: Mapping[str, int] | None = None,
) -> Release:
    year, _, month = label.partition("-")
    return Release(
        code_set=MADE_UP.name,
        label=label,
        revision=revision,
        effective_date=date(int(year), int(month or 1), 1),
        complete=complete,
        fields=frozenset(fields),
        source=Source(source_name, 1, sha256, source_format),
        counts={"codes": codes} if counts is None else counts,
        digest="cd" * 32,
        imported_at="2026-01-02T03:04:05+00:00",
        program="0",
        published_date=published,
        mark=mark,
        absent=frozenset(absent),
        remark=remark,
        withdrawn=withdrawn,
    )


def snapshot(
    label: str,
    *records: Record,
    complete: bool = True,
    absent: Iterable[str] = (),
    fields: Iterable[str] = FIELDS,
    source_format: str = "zip",
    mark: str | None = None,
    revision: int = 1,
) -> Snapshot:
    header = release(
        label,
        len(records),
        complete=complete,
        absent=absent,
        fields=fields,
        source_format=source_format,
        mark=mark,
        revision=revision,
    )
    return Snapshot(header, tuple(sorted(records, key=lambda one: one.code)))


def diff_of(old: Snapshot, new: Snapshot, code_set: CodeSet = MADE_UP) -> Diff:
    return compare(code_set, old.release, new.release, old.records, new.records)


def diff_between(old: Iterable[Record], new: Iterable[Record]) -> Diff:
    """Return the diff of two complete releases with these records."""
    return diff_of(snapshot("2025", *old), snapshot("2026", *new))


def explained(diff: Diff) -> Diff:
    """Give each change its made-up events, and each changed text its differing words."""
    return replace(diff, changes=tuple(_explained(change) for change in diff.changes))


def view_of(diff: Diff, *, administrative: bool = False, remarks: Collection[str] = ()) -> ReportView:
    return build_view(MADE_UP, explained(diff), administrative=administrative, remarks=remarks)


_EVENT_OF = {
    "text": "retold",
    "short": "retold",
    "first_day": "dated",
    "letter_day": "dated",
    "last_day": "dated",
    "letter": "lettered",
    "prices": "repriced",
    "remark": "repriced",
}


def _explained(change: Change) -> Change:
    if change.status is not Status.CHANGED:
        kind = "came" if change.status is Status.ADDED else "gone"
        return replace(change, events=(_event(kind),))
    ends = any(field.field == "last_day" and field.old is None for field in change.fields)
    life = {"last_day", "letter", "letter_day"} if ends else set()
    by_event: dict[str, list[str]] = {}
    for field in change.fields:
        by_event.setdefault("ended" if field.field in life else _EVENT_OF[field.field], []).append(field.field)
    events = tuple(_event(kind, *by_event[kind]) for kind in MADE_UP.events if kind in by_event)
    return replace(change, fields=tuple(map(_reworded, change.fields)), events=events)


def _event(kind: str, *fields: str) -> Event:
    return Event(kind, MADE_UP.events[kind].level, MADE_UP.events[kind].meaning, fields)


def _reworded(field: FieldChange) -> FieldChange:
    if field.field not in MADE_UP.title or not (isinstance(field.old, str) and isinstance(field.new, str)):
        return field
    return replace(field, rewording=Rewording(Wording.REWORDED, 0.5, edits(field.old, field.new)))


_TEXTS: Mapping[str, st.SearchStrategy[Value]] = {
    name: (
        st.lists(st.sampled_from(["00", "11", "22", "33"]), min_size=1, max_size=3, unique=True).map(tuple)
        if field.repeated
        else st.sampled_from(["2025-01-01", "2026-12-31", "one", "one two", "=1+1"])
    )
    for name, field in FIELDS.items()
}


@st.composite
def records(draw: st.DrawFn, code: str) -> Record:
    values: dict[str, Value] = draw(st.fixed_dictionaries({}, optional=_TEXTS))
    unknown = draw(st.sets(st.sampled_from(list(FIELDS)), max_size=2))
    return record(code, unknown, **values)


@st.composite
def snapshots(draw: st.DrawFn, label: str = "2025", *, whole: bool = False) -> Snapshot:
    """Draw a small snapshot: complete or not, with all fields or some, and values that it does not know."""
    codes = draw(st.sets(st.sampled_from(CODES)))
    content = [draw(records(code)) for code in sorted(codes)]
    if whole:
        return snapshot(label, *(record(one.code, **one.values) for one in content))
    complete = draw(st.booleans())
    others = [code for code in CODES if code not in codes]
    absent = draw(st.sets(st.sampled_from(others))) if others and not complete else set()
    fields = draw(st.just(set(FIELDS)) | st.sets(st.sampled_from(list(FIELDS))))
    return snapshot(label, *content, complete=complete, absent=absent, fields=fields)
