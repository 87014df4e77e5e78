"""The changelog as Markdown: the steps in a table, what the two ends do not tell, each step's sections, the codes.

What is long is folded; texts are escaped, and words marked, as in `tracker.report.markdown`.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from tracker.report import rows as r
from tracker.report.changelog import rows as c
from tracker.report.changelog.view import (
    ChangelogView,
    CodeSteps,
    MissedSort,
    code_ranges,
    event_words,
    heading,
    missed_title,
    step_name,
)
from tracker.report.markdown import FOLDED, escape, fold, section_blocks, table
from tracker.report.view import ReportView, amount, describe

_MISSED: Final = (r.CODE, r.DESCRIPTION, c.WHY, c.STEP, r.LEVEL, r.WHAT, r.FIELD, r.OLD, r.NEW, r.INSTEAD, r.WAIVED)


def render(view: ChangelogView) -> bytes:
    """Return a changelog as Markdown in UTF-8."""
    return "\n\n".join(_blocks(view)).encode() + b"\n"


def _blocks(view: ChangelogView) -> Iterator[str]:
    yield f"# {escape(heading(view))}"
    if view.written:
        yield f"Written {view.written}."
    steps = list(c.overview_rows(view))
    yield table(steps, list(steps[0]))
    releases = [describe(release) for release in (view.first, *(step.diff.new for step in view.steps))]
    yield "\n".join(f"- {escape(line)}" for line in (*releases, *(f"Note: {remark}" for remark in view.remarks)))
    if view.missed:
        yield f"## {escape(missed_title(view))}"
    for sort in view.missed:
        yield from _sort(sort)
    for step in view.steps:
        yield from _step(step)
    if view.codes:
        yield f"## By code ({len(view.codes):,})"
    for letter, codes in code_ranges(view):
        drawn = table([_code(one) for one in codes], (r.CODE, r.WHAT))
        yield fold(f"<b>{escape(letter)}</b> ({amount(len(codes), 'code')})", drawn)


def _sort(sort: MissedSort) -> Iterator[str]:
    yield f"### {escape(sort.title)} ({len(sort.found):,})"
    yield escape(sort.about)
    found = [row for missed in sort.found for row in _told_once(c.missed_rows(missed, sort.title))]
    drawn = table(found, r.columns(found, _MISSED))
    yield drawn if len(sort.found) <= FOLDED else fold(amount(len(sort.found), "code"), drawn)


def _told_once(found: Iterable[r.Row]) -> Iterator[r.Row]:
    """Leave out of all rows of a code but the first what is the same in each of them."""
    for place, row in enumerate(found):
        yield {name: cell for name, cell in row.items() if not place or name not in (r.DESCRIPTION, c.WHY)}


def _step(step: ReportView) -> Iterator[str]:
    yield f"## {escape(step_name(step))}"
    if step.remarks:
        yield "\n".join(f"- Note: {escape(remark)}" for remark in step.remarks)
    for section in step.sections:
        yield from section_blocks(step, section, "###")
    if not step.diff.changes:
        yield "Nothing changed in what could be compared."


def _code(one: CodeSteps) -> r.Row:
    told = (f"{step_name(moment.step)} {', '.join(map(event_words, moment.entry.events))}" for moment in one.moments)
    return {r.CODE: one.code, r.WHAT: " · ".join(told)}
