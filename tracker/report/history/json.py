"""A history as JSON, of the published schema `docs/history.schema.json`. One line a release, life, step and field."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Final

from tracker.model import Life, Predecessor, Status, Step
from tracker.report.history.view import Asked, HistoryView, Origin, effective
from tracker.report.json import change_content, record_content, release_content, successor_content, value_content
from tracker.report.table import to_bytes

SCHEMA: Final = 1
"""Version of the schema: raised when something that a reader relies on changes."""


def render(view: HistoryView) -> bytes:
    """Return a history as UTF-8 JSON. All of it is told, whatever was asked for, but for the fields."""
    history, code_set = view.history, view.code_set
    members = {
        "schema": _text(SCHEMA),
        "code": _text(history.code),
        "kind": _text(view.record.kind),
        "state": _text(view.state),
        "releases": _lines(map(_asked, view.asked)),
        "lives": _lines(map(_life, history.lives)),
        "steps": _lines(_step(view, step) for step in history.steps),
        "successors": _lines(map(successor_content, history.successors)),
        "predecessors": _lines(map(_predecessor, history.predecessors)),
        "seen": _text(view.release.name),
        "record": _text(record_content(code_set, view.record, view.release)),
        "fields": _lines(_origin(view, origin) for origin in view.origins),
    }
    return to_bytes("{" + ",\n".join(f"{_text(name)}:{value}" for name, value in members.items()) + "}\n")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _lines(rows: Iterable[object]) -> str:
    joined = ",\n".join(map(_text, rows))
    return f"[\n{joined}\n]" if joined else "[]"


def _asked(asked: Asked) -> dict[str, object]:
    return {"release": release_content(asked.release), "holds": asked.holds}


def _life(life: Life) -> dict[str, object]:
    return {
        "first": life.first.isoformat() if life.first else None,
        "last": life.last.isoformat() if life.last else None,
        "ending": life.ending,
        "reactivated": life.reactivated,
        "releases": [sighting.release.name for sighting in life.sightings],
    }


def _step(view: HistoryView, step: Step) -> dict[str, object]:
    day = effective(view.code_set, step)
    release = step.old if step.change.status is Status.REMOVED else step.new
    return {
        "old": step.old.name,
        "new": step.new.name,
        "effective": day.isoformat() if day else None,
        "change": change_content(view.code_set, step.change, release),
    }


def _predecessor(found: Predecessor) -> dict[str, object]:
    return {"code": found.code, "basis": found.basis, "score": found.score, "why": found.why}


def _origin(view: HistoryView, origin: Origin) -> dict[str, object]:
    step = origin.step
    day = effective(view.code_set, step) if step else None
    return {
        "field": origin.field,
        "value": value_content(view.code_set, origin.field, origin.current),
        "came": None if origin.first is None else "first" if step is None else step.change.status,
        "release": step.new.name if step else origin.first.name if origin.first else None,
        "effective": day.isoformat() if day else None,
        "before": value_content(view.code_set, origin.field, origin.former),
        "unknown": list(origin.unknown),
    }
