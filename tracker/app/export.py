"""Export what is stored as tables for other programs: records, changes, and the days on which codes were valid."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from tracker.app.lives import Lives
from tracker.app.stored import Revision, Stored
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.normalise import iso_date
from tracker.model import Change, Diff, Field, Record, Release, Status, Value
from tracker.report.export import Cell, Sort, Table

_OF_RELEASE: Final = {
    "label": Sort.TEXT,
    "revision": Sort.NUMBER,
    "effective_date": Sort.DAY,
    "published_date": Sort.DAY,
    "complete": Sort.YES_OR_NO,
    "withdrawn": Sort.YES_OR_NO,
    "current": Sort.YES_OR_NO,
    "code": Sort.TEXT,
    "kind": Sort.TEXT,
}


def _sort(field: Field) -> Sort:
    return Sort.TEXTS if field.repeated else Sort.DAY if field.is_date else Sort.TEXT


RECORD_COLUMNS: Final = {
    **_OF_RELEASE,
    **{name: _sort(field) for name, field in HCPCS.fields.items()},
    "unknown": Sort.TEXTS,
}
CHANGE_COLUMNS: Final = {
    **dict.fromkeys(("old_release", "new_release", "code", "kind", "status"), Sort.TEXT),
    "administrative": Sort.YES_OR_NO,
    **dict.fromkeys(("field", "facet", "old", "new", "event", "level"), Sort.TEXT),
}
VALIDITY_COLUMNS: Final = {
    **dict.fromkeys(("code", "kind", "description"), Sort.TEXT),
    **dict.fromkeys(("valid_from", "valid_to"), Sort.DAY),
    "ending": Sort.TEXT,
    "reactivated": Sort.YES_OR_NO,
}


def export_records(stored: Stored, references: Iterable[str]) -> Table:
    """Return the records of some releases, one behind the other; without references those of all bare labels.

    Raises:
        UnknownReleaseError: one of them is not stored, or nothing is.
    """
    revisions = [stored.find(reference) for reference in references] or stored.currents()
    if not revisions:
        raise UnknownReleaseError(stored.nothing_to_ask)
    releases = [revision.release for revision in revisions]
    return Table(
        ", ".join(release.name for release in releases),
        max(release.effective_date for release in releases),
        RECORD_COLUMNS,
        _record_rows(stored, revisions),
        {"tracker_releases": json.dumps([_header(release) for release in releases])},
    )


def _record_rows(stored: Stored, revisions: Sequence[Revision]) -> Iterator[Sequence[Cell]]:
    meant = {revision.id for revision in stored.currents()}
    for revision in revisions:
        release = revision.release
        about = (
            *(release.label, release.revision, release.effective_date, release.published_date),
            *(release.complete, release.withdrawn is not None, revision.id in meant),
        )
        lacking = HCPCS.fields.keys() - release.fields
        for record in stored.records(revision):
            unknown = tuple(sorted(record.unknown | lacking))
            yield (*about, record.code, record.kind.value, *_cells(record), unknown)


def _cells(record: Record) -> Iterator[Cell]:
    for name, field in HCPCS.fields.items():
        value = record.values.get(name)
        if field.repeated:
            yield (value,) if isinstance(value, str) else value or ()
        elif field.is_date and isinstance(value, str):
            yield iso_date(value) or value
        else:
            yield _text(value)


def _header(release: Release) -> dict[str, object]:
    """Return what is to be known of a release; when it was imported is not, for that differs from home to home."""
    return {
        "name": release.name,
        "code_set": release.code_set,
        "effective_date": str(release.effective_date),
        "published_date": str(release.published_date) if release.published_date else None,
        "mark": release.mark,
        "complete": release.complete,
        "fields": sorted(release.fields),
        "codes": release.codes,
        "digest": release.digest,
        "source": {"name": release.source.name, "sha256": release.source.sha256, "format": release.source.format},
    }


def export_changes(diff: Diff) -> Table:
    """Return the changed fields of a diff, one a row; of an added or removed code, the fields that it has."""
    return Table(
        f"{diff.old.label} → {diff.new.label}",
        diff.new.effective_date,
        CHANGE_COLUMNS,
        (row for change in diff.changes for row in _change_rows(diff, change)),
        {"tracker_releases": json.dumps([_header(diff.old), _header(diff.new)])},
    )


def _change_rows(diff: Diff, change: Change) -> Iterator[Sequence[Cell]]:
    proven = {name: event for event in change.events for name in event.fields}
    life = change.events[0] if change.events else None
    about = (diff.old.name, diff.new.name, change.code, change.kind.value, change.status.value, change.administrative)
    for name, old, new in _values(change):
        event = proven.get(name) if change.status is Status.CHANGED else life
        meant = (event.id, event.level.value) if event else (None, None)
        yield (*about, name, HCPCS.fields[name].facet.value, _text(old), _text(new), *meant)


def _values(change: Change) -> Iterator[tuple[str, Value | None, Value | None]]:
    if change.status is Status.CHANGED:
        yield from ((field.field, field.old, field.new) for field in change.fields)
        return
    for name in HCPCS.fields:
        if value := change.record.values.get(name):
            yield (name, None, value) if change.status is Status.ADDED else (name, value, None)


def _text(value: Value | None) -> str | None:
    return "; ".join(value) if isinstance(value, tuple) else value


def export_validity(stored: Stored) -> Table:
    """Return the lives of all codes: the days on which each was valid, and what it stood for.

    Raises:
        UnknownReleaseError: nothing is stored.
    """
    lives = Lives(stored)
    return Table(
        "validity",
        lives.releases[-1].effective_date,
        VALIDITY_COLUMNS,
        _validity_rows(lives, sorted(stored.codes)),
        {"tracker_releases": json.dumps([_header(release) for release in lives.releases])},
    )


def _validity_rows(lives: Lives, codes: Iterable[str]) -> Iterator[Sequence[Cell]]:
    for code in codes:
        for life in lives.of(code)[1]:
            described = next(seen.record for seen in reversed(life.sightings) if seen.record)
            text = next((_text(value) for name in HCPCS.title if (value := described.values.get(name))), None)
            days: tuple[date | None, date | None] = (life.first, life.last)
            ending = life.ending.value if life.ending else None
            yield (code, described.kind.value, text, *days, ending, life.reactivated)
