"""A part of a diff: some facets, codes, events or levels, or one kind."""

from __future__ import annotations

from dataclasses import replace
from fnmatch import fnmatchcase
from typing import Final

from tracker.model import Change, CodeSet, Diff, Event, Level, Selection, Status

EVERYTHING: Final = Selection()


def select(diff: Diff, selection: Selection, code_set: CodeSet) -> Diff:
    """Return the part of a diff that is asked for. Codes that were not compared are counted for all of it."""
    if not selection:
        return diff
    facets = {name: field.facet for name, field in code_set.fields.items()}
    asked = {name for name in facets if not selection.facets or facets[name] in selection.facets}
    known = diff.not_compared
    return replace(
        diff,
        changes=tuple(
            part
            for change in diff.changes
            if _is_asked_for(change, selection) and (part := _part(change, selection, asked)) is not None
        ),
        not_compared=replace(known, fields={name: number for name, number in known.fields.items() if name in asked}),
    )


def _is_asked_for(change: Change, selection: Selection) -> bool:
    patterns = selection.codes
    return (
        selection.kind in (None, change.kind)
        and not (selection.facets and change.status is not Status.CHANGED)
        and (not patterns or any(fnmatchcase(change.code, pattern.upper()) for pattern in patterns))
    )


def _part(change: Change, selection: Selection, asked: set[str]) -> Change | None:
    """Return a change with the events and fields that are asked for; None if nothing is left."""
    levels = list(Level)
    events = tuple(
        replace(event, fields=tuple(name for name in event.fields if name in asked))
        for event in change.events
        if (not selection.events or event.id in selection.events)
        and (selection.level is None or levels.index(event.level) <= levels.index(selection.level))
        and (not selection.facets or not asked.isdisjoint(event.fields))
    )
    if not events and (change.events or selection.events or selection.level):
        return None
    fields = tuple(field for field in change.fields if field.field in asked and _is_proof(field.field, change, events))
    if change.fields and not fields and not events:
        return None
    return replace(change, events=events, fields=fields)


def _is_proof(name: str, change: Change, events: tuple[Event, ...]) -> bool:
    """Whether a field proves one of the events; in a diff whose events were not asked for, any does."""
    return not change.events or any(name in event.fields for event in events)
