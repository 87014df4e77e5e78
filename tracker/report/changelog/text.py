"""The changelog as text: its steps in a table, what the two ends do not tell, each step as `diff` tells it, the codes.

Terminals and signs are those of `tracker.report.text`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from tracker.report import text
from tracker.report.changelog.view import (
    ChangelogView,
    CodeSteps,
    Missed,
    MissedSort,
    Moment,
    event_words,
    missed_title,
    overview,
    step_name,
)
from tracker.report.text import Line
from tracker.report.view import describe

_INDENT = " " * 9


def render(view: ChangelogView) -> bytes:
    """Return the whole changelog as UTF-8 text."""
    return "".join(f"{line}\n" for line in lines(view)).encode()


def lines(view: ChangelogView, limit: int | None = None) -> Iterator[Line]:
    """Yield the changelog's lines, with at most `limit` codes a section."""
    yield from _head(view)
    yield from _overview(view)
    if view.missed:
        yield Line(())
        yield Line(((missed_title(view), "heading"),))
    for sort in view.missed:
        yield from _sort(view, sort, limit)
    for step in view.steps:
        yield Line(())
        yield Line((("─" * 72, "dim"),))
        yield from text.lines(step, limit)
    yield from _codes(view.codes, limit)


def _head(view: ChangelogView) -> Iterator[Line]:
    yield Line(((f"{step_name(view.direct)}, step by step", "heading"),))
    if view.written:
        yield Line((("  written  ", "dim"), (view.written.isoformat(), "")))
    for release in (view.first, *(step.diff.new for step in view.steps)):
        yield Line((("  ", ""), (describe(release), "")), 2)


def _overview(view: ChangelogView) -> Iterator[Line]:
    """Yield a table that an eighty columns wide terminal has room for."""
    table = [("", {heading: heading for heading in next(overview(view))[1]})]
    table += [(name, {heading: f"{number:,}" for heading, number in row.items()}) for name, row in overview(view)]
    first = max(len(name) for name, _ in table)
    widths = {heading: max(len(row[heading]) for _, row in table) + 2 for heading in table[0][1]}
    yield Line(())
    for name, row in table:
        told = "".join(cell.rjust(widths[heading]) for heading, cell in row.items())
        yield Line(((f"  {name:<{first}}", "code"), (told, "" if name else "dim")))
    for remark in view.remarks:
        yield Line((("  note  ", "dim"), (remark, "")), 8)


def _sort(view: ChangelogView, sort: MissedSort, limit: int | None) -> Iterator[Line]:
    yield Line(())
    yield Line(((f"{sort.title} ({len(sort.found):,})", "heading"), (f"  {sort.about}", "dim")), 2)
    for missed in sort.found[:limit]:
        yield from _missed(view, missed)
    yield from _more(sort.found, limit)


def _missed(view: ChangelogView, missed: Missed) -> Iterator[Line]:
    told = f"{missed.why} " if missed.why else ""
    yield Line(((f"  {missed.code:<7}", "code"), (told, ""), (missed.title, "dim")), 9)
    for moment in missed.moments:
        yield from _moment(view, moment)
    if missed.ended:
        yield from map(text.successor_line, missed.ended.successors)


def _moment(view: ChangelogView, moment: Moment) -> Iterator[Line]:
    """Yield a step, what happened to the code in it, and the texts and values that differ."""
    entry, step = moment.entry, step_name(moment.step)
    width = max(len(step_name(one)) for one in (view.direct, *view.steps)) + 2
    level = (f"{entry.level:<8}", "act" if entry.level == "act" else "dim")
    told = " ".join(event.text for event in entry.events)
    yield Line(((f"{_INDENT}{step:<{width}}", "dim"), level, (told, "")), len(_INDENT) + width + 8)
    for field in entry.fields:
        if field.field in view.code_set.title:
            yield from text.changed_texts(field)


def _codes(codes: Sequence[CodeSteps], limit: int | None) -> Iterator[Line]:
    if not codes:
        return
    yield Line(())
    yield Line((("─" * 72, "dim"),))
    yield Line(((f"By code ({len(codes):,})", "heading"),))
    for one in codes[:limit]:
        told = " · ".join(
            f"{step_name(moment.step)} {', '.join(map(event_words, moment.entry.events))}" for moment in one.moments
        )
        yield Line(((f"  {one.code:<7}", "code"), (told, "")), 9)
    yield from _more(codes, limit)


def _more(found: Sequence[object], limit: int | None) -> Iterator[Line]:
    more = len(found) - len(found[:limit])
    if more:
        yield Line(((f"  … and {more:,} more: --all", "dim"),))
