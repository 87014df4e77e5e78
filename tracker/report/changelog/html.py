"""The changelog as one HTML page that needs nothing else: an overview, what the two ends do not tell, steps, codes.

The frame is `templates/changelog.html.j2`; entries, style and script are those of `tracker.report.html`. What a
release says is escaped: by `page.escape` here, by Jinja2 in the template.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from html import escape as attribute
from itertools import groupby
from typing import Final

from markupsafe import Markup

from tracker.model import Event, Kind, Level
from tracker.report import page as pages
from tracker.report.changelog.view import (
    ChangelogView,
    CodeSteps,
    Missed,
    Moment,
    Sort,
    code_ranges,
    event_words,
    heading,
    missed_title,
    overview,
    step_name,
)
from tracker.report.html import OWN_IDS, Drawing, unique_id
from tracker.report.page import escape, lots
from tracker.report.view import ReportView, describe

PAGE: Final = "changelog.html.j2"

_PARTS: Final = ("overview", "missed", "codes", *(f"missed-{sort}" for sort in Sort))
_IDS: Final = frozenset({*_PARTS, *(f"{name}-title" for name in _PARTS)})


def render(view: ChangelogView) -> bytes:
    """Return the changelog as one HTML page in UTF-8."""
    environment = pages.environment(PAGE, ("style.css", "changelog.css"), "script.js")
    environment.globals |= {
        "view": view,
        "heading": heading(view),
        "missed_title": missed_title(view),
        "describe": describe,
        "draw": ChangelogDrawing(view),
    }
    return environment.get_template(PAGE).render().encode()


@dataclass(frozen=True, slots=True)
class DrawnRange:
    """The entries of one first letter, drawn."""

    letter: str
    title: str
    number: int
    entries: Markup


@dataclass(frozen=True, slots=True)
class DrawnStep:
    """A step, and what draws its sections; its sections' ids begin like its own."""

    anchor: str
    name: str
    view: ReportView
    draw: Drawing


class ChangelogDrawing:
    """Draws the parts of the page that are more than a loop in its template."""

    def __init__(self, view: ChangelogView) -> None:
        self.view = view
        self._used = {*OWN_IDS, *_IDS}
        self._numbers = {name: str(number) for number, name in enumerate(view.code_set.events)}
        self.steps = [self._step(step) for step in view.steps]
        self._steps = {id(step.view): step for step in self.steps}
        self._direct = Drawing(view.direct)
        self._codes = {one.code: unique_id(one.code, self._used) for one in view.codes}

    def _step(self, step: ReportView) -> DrawnStep:
        label = step.diff.new.label
        anchor = unique_id(f"step-{label}", self._used)
        self._used.add(f"{anchor}-title")
        return DrawnStep(anchor, step_name(step), step, Drawing(step, self._used, f"{label}-"))

    # What the template asks for

    def overview(self) -> list[tuple[str, str, list[tuple[str, int]]]]:
        """Return the rows of the overview: the id of the step, or nothing of the two ends; its name; its numbers."""
        anchors = [step.anchor for step in self.steps]
        return [
            (anchors[place] if place < len(anchors) else "", name, list(numbers.items()))
            for place, (name, numbers) in enumerate(overview(self.view))
        ]

    @property
    def levels(self) -> dict[str, int]:
        """How many events of each level the steps have."""
        return {level.value: sum(step.counts.levels[level] for step in self.view.steps) for level in Level}

    @property
    def shown(self) -> list[tuple[str, str, int]]:
        """The events that the steps list: number, name, how many."""
        found: Counter[str] = Counter()
        for step in self.steps:
            found.update(step.draw.shown)
        return [
            (self._numbers[name], name.replace("-", " ").capitalize(), found[name])
            for name in self.view.code_set.events
            if found[name]
        ]

    @property
    def letters(self) -> list[tuple[str, str]]:
        """The first letters of all codes on the page, and what each range is about."""
        found = {letter: title for step in self.steps for letter, title in step.draw.letters()}
        missed = (one for sort in self.view.missed for one in sort.found)
        found |= {self._letter(one.code, one.kind): self._range(one.code) for one in missed}
        return sorted(found.items(), key=lambda one: (one[0] == "modifiers", one))

    @property
    def number_missed(self) -> int:
        """How many codes the two ends do not explain."""
        return len({one.code for sort in self.view.missed for one in sort.found})

    @property
    def total(self) -> int:
        """How many entries the page has."""
        missed = sum(len(sort.found) for sort in self.view.missed)
        return sum(step.draw.total for step in self.steps) + missed + len(self.view.codes)

    def missed(self, found: Iterable[Missed]) -> Iterator[DrawnRange]:
        """Yield the missed codes of one sort, by first letter."""
        for letter, group in groupby(found, key=lambda one: self._letter(one.code, one.kind)):
            codes = list(group)
            yield self._drawn(letter, codes[0].code, [self._missed(one) for one in codes])

    def codes(self) -> Iterator[DrawnRange]:
        """Yield the codes with what happened to each, by first letter."""
        for letter, found in code_ranges(self.view):
            yield self._drawn(letter, found[0].code, [self._code(one) for one in found])

    def _drawn(self, letter: str, code: str, entries: list[str]) -> DrawnRange:
        drawn = "\n".join(f'<div class="{kind}">{rows}</div>' for kind, rows in lots(entries))
        title = "" if letter == "modifiers" else self._range(code)
        return DrawnRange(letter, title, len(entries), Markup(drawn))  # noqa: S704 - escaped where it was drawn

    def _letter(self, code: str, kind: Kind) -> str:
        return "modifiers" if kind is Kind.MODIFIER else code[0]

    def _range(self, code: str) -> str:
        return self.view.code_set.ranges.get(code[0], "")

    # Entries

    def _missed(self, missed: Missed) -> str:
        parts = [
            *self._head(
                missed.code, missed.level, unique_id(f"missed-{missed.code}", self._used), self._events(missed.moments)
            ),
            f'<p class="y">{escape(missed.why)}</p>' if missed.why else "",
            *(self._moment(missed.code, moment) for moment in missed.moments),
            "</div>",
        ]
        return "".join(parts)

    def _moment(self, code: str, moment: Moment) -> str:
        step = self._steps.get(id(moment.step))
        draw, name = (step.draw, self._link(step, code)) if step else (self._direct, escape(step_name(moment.step)))
        return f'<div class="m {moment.entry.level}"><p class="f">{name}</p>{draw.content(moment.entry)}</div>'

    def _code(self, one: CodeSteps) -> str:
        level = min((moment.entry.level for moment in one.moments), key=list(Level).index)
        told = "".join(
            f'<p class="v">{self._link(self._steps[id(moment.step)], one.code)} '
            f"{', '.join(map(event_words, moment.entry.events))}</p>"
            for moment in one.moments
        )
        return f"{''.join(self._head(one.code, level, self._codes[one.code], self._events(one.moments)))}{told}</div>"

    def _head(self, code: str, level: Level, anchor: str, events: str) -> Iterator[str]:
        yield f'<div class="e {level}" id="{attribute(anchor)}" data-e="{events}">'
        yield f'<h4><a href="#{attribute(anchor)}">{escape(code)}</a></h4>'

    def _link(self, step: DrawnStep, code: str) -> str:
        """Return a step's name, as a link to what the step says of the code."""
        place = step.draw.place(code)
        name = escape(step.name)
        return f'<a href="#{attribute(place)}">{name}</a>' if place else name

    def _events(self, moments: Iterable[Moment]) -> str:
        events: Iterable[Event] = (event for moment in moments for event in moment.entry.events)
        return " ".join(dict.fromkeys(self._numbers[event.id] for event in events))
