"""The report as JSON, of the published schema `docs/diff.schema.json`. One line a change."""

from __future__ import annotations

import json
from typing import Final

from tracker.model import Change, CodeSet, Record, Release, Status, Value
from tracker.report.view import ReportView

SCHEMA: Final = 1
"""Version of the schema: raised when something that a reader relies on changes."""


def render(view: ReportView) -> bytes:
    """Return the diff of a view as UTF-8 JSON. Empty texts are null, empty lists `[]`, dates ISO."""
    diff, counts, outside = view.diff, view.counts, view.diff.not_compared
    head = {
        "schema": SCHEMA,
        "old": _release(diff.old),
        "new": _release(diff.new),
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
        },
        "not_compared": {
            "codes_old": outside.codes_old,
            "codes_new": outside.codes_new,
            "fields": dict(outside.fields),
        },
    }
    members = [f"{_text(name)}:{_text(value)}" for name, value in head.items()]
    changes = ",\n".join(_text(_change(view, change)) for change in diff.changes)
    members.append(f'"changes":[\n{changes}\n]' if changes else '"changes":[]')
    return ("{" + ",\n".join(members) + "}\n").encode()


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _release(release: Release) -> dict[str, object]:
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
    code_set = view.code_set
    release = view.diff.old if change.status is Status.REMOVED else view.diff.new
    return {
        "code": change.code,
        "kind": change.kind,
        "status": change.status,
        "administrative": change.administrative,
        "fields": [
            {
                "field": field.field,
                "facet": code_set.fields[field.field].facet,
                "old": _value(code_set, field.field, field.old),
                "new": _value(code_set, field.field, field.new),
            }
            for field in change.fields
        ],
        "record": _record(code_set, change.record, release),
    }


def _record(code_set: CodeSet, content: Record, release: Release) -> dict[str, object]:
    """Return a record as its filled fields, in the catalogue's order, behind its code and kind.

    `unknown` names the fields that the record does not know, or knows in part.
    """
    partly = content.values.keys() - release.fields
    values = {name: _value(code_set, name, content.values[name]) for name in code_set.fields if name in content.values}
    unknown = sorted(content.unknown | partly)
    return {"code": content.code, "kind": content.kind, **values, **({"unknown": unknown} if unknown else {})}


def _value(code_set: CodeSet, name: str, value: Value | None) -> object:
    return list(value or ()) if code_set.fields[name].repeated else value
