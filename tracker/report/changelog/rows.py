"""The lists of a changelog as rows of typed cells, for workbook and Markdown: see `tracker.report.rows`."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracker.report import rows as r
from tracker.report.changelog.view import ChangelogView, CodeSteps, Missed, event_words, overview, step_name
from tracker.report.rows import Cell, Row
from tracker.report.view import Range, visible

STEP: Final = "Step"
SECTION: Final = "Section"
WHY: Final = "In short"
SORT: Final = "Sort"


def overview_rows(view: ChangelogView) -> Iterator[Row]:
    """Yield how much changed in each step, and between the two ends."""
    for name, numbers in overview(view):
        yield {STEP: name, **{heading.capitalize(): number for heading, number in numbers.items()}}


def missed_rows(missed: Missed, sort: str) -> Iterator[Row]:
    """Yield what happened to a missed code: a row a step, or where values tell more, one a field."""
    about = {SORT: sort, r.DESCRIPTION: visible(missed.title), WHY: visible(missed.why)}
    for moment in missed.moments:
        for row in r.range_rows(moment.step, Range("", "", (moment.entry,))):
            yield {**row, **about, STEP: step_name(moment.step)}


def change_rows(view: ChangelogView) -> Iterator[Row]:
    """Yield the rows of all sections of all steps."""
    for step in view.steps:
        for section in step.sections:
            for row in r.section_rows(step, section):
                yield {STEP: step_name(step), SECTION: section.title, **row}


def code_rows(view: ChangelogView) -> Iterator[Row]:
    """Yield a row a code, and in it a cell a step: what happened to the code in it."""
    for one in view.codes:
        yield {r.CODE: one.code, r.KIND: one.kind.value, **_steps(one)}


def _steps(one: CodeSteps) -> dict[str, Cell]:
    return {step_name(moment.step): ", ".join(map(event_words, moment.entry.events)) for moment in one.moments}
