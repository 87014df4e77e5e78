"""The changelog as JSON, of the published schema `docs/changelog.schema.json`. One line a code or change.

Each step, and the first release beside the last, is what `tracker diff --format json` writes of it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Final

from tracker.report import json as steps
from tracker.report.changelog.view import ChangelogView, CodeSteps, Missed, Moment
from tracker.report.table import to_bytes

SCHEMA: Final = 1
"""Version of the schema: raised when something that a reader relies on changes."""


def render(view: ChangelogView) -> bytes:
    """Return the changelog as UTF-8 JSON."""
    return to_bytes("{" + ",\n".join(_members(view)) + "}\n")


def _members(view: ChangelogView) -> Iterator[str]:
    yield f'"schema":{SCHEMA}'
    yield f'"first":{_text(steps.release_content(view.first))}'
    yield f'"last":{_text(steps.release_content(view.last))}'
    yield f'"remarks":{_text(view.remarks)}'
    yield _listed("missed", (_text(_missed(sort.sort, missed)) for sort in view.missed for missed in sort.found))
    yield _listed("codes", (_text(_code(one)) for one in view.codes))
    yield f'"direct":{_diff(steps.render(view.direct))}'
    yield _listed("steps", (_diff(steps.render(step)) for step in view.steps))


def _listed(name: str, lines: Iterable[str]) -> str:
    told = ",\n".join(lines)
    return f'"{name}":[\n{told}\n]' if told else f'"{name}":[]'


def _diff(rendered: bytes) -> str:
    return rendered.decode().rstrip("\n")


def _text(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _missed(sort: str, missed: Missed) -> dict[str, object]:
    ended = missed.ended
    successors = [steps.successor_content(one) for one in ended.successors] if ended else None
    return {
        "sort": sort,
        "code": missed.code,
        "kind": missed.kind,
        "why": missed.why,
        "steps": [
            {
                **_names(moment),
                "events": [steps.event_content(event) for event in moment.entry.events],
                "fields": [steps.field_content(moment.step.code_set, field) for field in moment.entry.fields],
            }
            for moment in missed.moments
        ],
        **({} if successors is None else {"successors": successors}),
    }


def _code(one: CodeSteps) -> dict[str, object]:
    return {
        "code": one.code,
        "kind": one.kind,
        "steps": [{**_names(moment), "events": [event.id for event in moment.entry.events]} for moment in one.moments],
    }


def _names(moment: Moment) -> dict[str, str]:
    return {"old": moment.step.diff.old.name, "new": moment.step.diff.new.name}
