"""A history as Markdown, for GitHub, GitLab and wikis.

Every text from outside is escaped as in the release notes, and none begins a line: there it could open a list.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracker.report.history.view import HistoryView, Moment, Replacement, Shown
from tracker.report.markdown import escape, marked, table
from tracker.report.rows import Marked, Row
from tracker.report.view import words

_LIFE: Final = ("Days", "State", "Description")
_FIELD: Final = ("Field", "Value", "Since", "Before", "Not known in")


def render(view: HistoryView) -> bytes:
    """Return a history as Markdown in UTF-8."""
    return "\n\n".join(_blocks(view)).encode() + b"\n"


def _blocks(view: HistoryView) -> Iterator[str]:
    yield f"# {escape(view.code_set.name.upper())} {escape(view.history.code)}"
    facts = [f"description: {escape(view.meaning)}"] if view.meaning else []
    facts.append(f"**{view.state}** {escape(view.standing)}")
    facts += (f"successor: {_replacement(one)}" for one in view.successors)
    facts += (f"predecessor: {_replacement(one)}" for one in view.predecessors)
    facts.append(f"releases: {escape(view.found)}")
    yield "\n".join(f"- {fact}" for fact in facts)
    if view.origins:
        yield "## Fields"
        yield table(list(_fields(view)), _FIELD)
        return
    yield "## Lives"
    yield table([dict(zip(_LIFE, (one.days, one.word, one.meaning), strict=True)) for one in view.lives], _LIFE)
    yield "## Timeline"
    yield "\n".join(line for moment in view.timeline for line in _moment(moment))


def _replacement(one: Replacement) -> str:
    return f"**{escape(one.code)}** {escape(one.text)}" if one.code else escape(one.text)


def _fields(view: HistoryView) -> Iterator[Row]:
    for one in view.origins:
        unknown = ", ".join(one.unknown)
        yield dict(zip(_FIELD, (words(one.field), one.value, one.since, one.before, unknown), strict=True))


def _moment(moment: Moment) -> Iterator[str]:
    label = f"**{escape(moment.label)}** " if moment.label else ""
    yield f"- {label}{', '.join(escape(text) for text in (moment.text, moment.when) if text)}"
    for event in moment.events:
        yield f"  - {event.level}: {escape(event.text)}"
        for text in event.texts:
            yield f"    - old: {_side(text, text.old)}"
            yield f"    - new: {_side(text, text.new)}"
        for value in event.values:
            yield f"    - {words(value.field)}: {_side(value, value.old)} → {_side(value, value.new)}"
    if moment.meaning:
        yield f"  - description: {escape(moment.meaning)}"
    for one in moment.instead:
        yield f"  - successor: {_replacement(one)}"


def _side(shown: Shown, side: Marked) -> str:
    return marked(side) if shown.marks else escape(str(side))
