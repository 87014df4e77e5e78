"""The report as JSON, of the published schema `docs/diff.schema.json`. One line a change."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from typing import Final

from tracker.model import (
    Change,
    CodeSet,
    Event,
    Facet,
    FieldChange,
    Record,
    Release,
    Selection,
    Status,
    Successor,
    Value,
)
from tracker.report.table import to_bytes
from tracker.report.view import ReportView

SCHEMA: Final = 1
"""Version of the schema: raised when something that a reader relies on changes."""


def render(view: ReportView) -> bytes:
    """Return the diff of a view as UTF-8 JSON. Empty texts are null, empty lists `[]`, dates ISO."""
    diff, counts, outside = view.diff, view.counts, view.diff.not_compared
    head = {
        "schema": SCHEMA,
        "old": release_content(diff.old),
        "new": release_content(diff.new),
        "counts": {
            "old": counts.old,
            "new": counts.new,
            "added": counts.added,
            "added_ended": counts.added_ended,
            "removed": counts.removed,
            "ended": counts.ended,
            "changed": counts.changed,
            "administrative": counts.administrative,
            "fields": dict(counts.fields),
            "levels": dict(counts.levels),
            "events": dict(counts.events),
            "waived": counts.waived,
        },
        "remarks": list(view.remarks),
        "selection": _selection(view.selection),
        "not_compared": {
            "codes_old": outside.codes_old,
            "codes_new": outside.codes_new,
            "fields": dict(outside.fields),
        },
    }
    members = [_bytes(name) + b":" + _bytes(value) for name, value in head.items()]
    members.append(_lines(b"audit", map(asdict, view.audit)))
    members.append(_lines(b"changes", (_change(view, change) for change in diff.changes)))
    return b"{%b}\n" % b",\n".join(members)


def _lines(name: bytes, values: Iterable[object]) -> bytes:
    """Return a member whose value is a list, a line each."""
    lines = b",\n".join(map(_bytes, values))
    return b'"%b":[\n%b\n]' % (name, lines) if lines else b'"%b":[]' % name


def _bytes(value: object) -> bytes:
    return to_bytes(_encoder.encode(value))


_encoder: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def _selection(selection: Selection) -> dict[str, object] | None:
    """Return what the diff was reduced to, and its counts are of; null for the whole diff."""
    if not selection:
        return None
    return {
        "facets": [facet for facet in Facet if facet in selection.facets],
        "codes": list(selection.codes),
        "kind": selection.kind,
        "events": sorted(selection.events),
        "level": selection.level,
    }


def release_content(release: Release) -> dict[str, object]:
    """Return what a report says of a release."""
    source = release.source
    return {
        "label": release.label,
        "revision": release.revision,
        "effective_date": release.effective_date.isoformat(),
        "complete": release.complete,
        "digest": release.digest,
        "source": {"name": source.name, "format": source.format, "size": source.size, "sha256": source.sha256},
    }


def _change(view: ReportView, change: Change) -> dict[str, object]:
    release = view.diff.old if change.status is Status.REMOVED else view.diff.new
    return change_content(view.code_set, change, release)


def change_content(code_set: CodeSet, change: Change, release: Release) -> dict[str, object]:
    """Return what a report says of a change; `release` is the one that its record is of."""
    return {
        "code": change.code,
        "kind": change.kind,
        "status": change.status,
        "administrative": change.administrative,
        "fields": [field_content(code_set, field) for field in change.fields],
        "events": [event_content(event) for event in change.events],
        **({"successors": list(map(successor_content, change.successors))} if _has_ended(code_set, change) else {}),
        "record": record_content(code_set, change.record, release),
    }


def field_content(code_set: CodeSet, field: FieldChange) -> dict[str, object]:
    """Return what a report says of a changed field."""
    return {
        "field": field.field,
        "facet": code_set.fields[field.field].facet,
        "old": value_content(code_set, field.field, field.old),
        "new": value_content(code_set, field.field, field.new),
    }


def event_content(event: Event) -> dict[str, object]:
    """Return what a report says of an event."""
    waived = {"waived": event.waived} if event.waived else {}
    return {"id": event.id, "level": event.level, "text": event.text, "fields": list(event.fields), **waived}


def _has_ended(code_set: CodeSet, change: Change) -> bool:
    return any(code_set.events[event.id].ends for event in change.events)


def successor_content(successor: Successor) -> dict[str, object]:
    """Return what a report says of a successor."""
    return {
        "code": successor.code,
        "basis": successor.basis,
        "score": successor.score,
        "units": successor.units,
        "why": successor.why,
    }


def record_content(code_set: CodeSet, content: Record, release: Release) -> dict[str, object]:
    """Return a record as its filled fields, in the catalogue's order, behind its code and kind.

    `unknown` names the fields that the record does not know, or knows in part.
    """
    partly = content.values.keys() - release.fields
    values = {
        name: value_content(code_set, name, content.values[name]) for name in code_set.fields if name in content.values
    }
    unknown = sorted(content.unknown | partly)
    return {"code": content.code, "kind": content.kind, **values, **({"unknown": unknown} if unknown else {})}


def value_content(code_set: CodeSet, name: str, value: Value | None) -> object:
    """Return a value: a repeated field is a list in any case."""
    return list(value or ()) if code_set.fields[name].repeated else value
