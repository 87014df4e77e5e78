"""The report as one HTML page that needs nothing else: no network, no framework, and no script to be read.

The page's frame is a Jinja2 template, `templates/report.html.j2`. What comes by the thousand (entries, tasks)
is put together here, because a template takes ten times as long for it; the charts are in `charts`. Whatever
a release says is escaped: by `page.escape` here, by Jinja2 in a template.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from html import escape
from itertools import groupby
from traceback import extract_tb
from typing import Final

from jinja2 import TemplateNotFound, TemplateSyntaxError
from jinja2.sandbox import ImmutableSandboxedEnvironment
from markupsafe import Markup

from tracker.errors import TrackerError
from tracker.model import Change, Event, EventKind, FieldChange, Finding, Kind, Successor, Value, Wording
from tracker.report import charts
from tracker.report import page as pages
from tracker.report.page import escape as _escape
from tracker.report.page import lots as _lots
from tracker.report.rows import NO_SUCCESSOR, Cell, heading, release_facts
from tracker.report.view import (
    Entry,
    Range,
    ReportView,
    Section,
    Task,
    amount,
    amount_of_units,
    decode,
    describe,
    title,
    visible,
    words,
)

PAGE: Final = "report.html.j2"
"""The name by which an own template may extend the page."""

_ABOUT_FILES: Final = ("Format", "Size in bytes", "Publisher's mark", "SHA-256 of the file", "Digest of the content")
"""Facts of a release that few readers ask for."""

_PARTS: Final = ("compared", "counts", "act", "quality", "audit")
OWN_IDS: Final = frozenset(
    {"top", "content", "sections", "filters", "search", "shown", "event", "letter", "everything", "nothing-title"}
    | {name for part in _PARTS for name in (part, f"{part}-title")}
)
"""What the template calls its own parts: no section and no code gets one of these as its id."""

_HTML_SPACE: Final = re.compile(r"[\s\x00]+")


def render(view: ReportView) -> bytes:
    """Return the report as one HTML page in UTF-8."""
    return _environment(view).get_template(PAGE).render().encode()


def render_template(view: ReportView, template: str, name: str = "template") -> bytes:
    """Return what a reader's own Jinja2 template makes of a view, in UTF-8.

    The template runs in Jinja2's sandbox: it sees the view and a few functions (docs/templates.md), and reaches
    no file, no network and no Python.

    Args:
        view: what is to be shown.
        template: the template's text.
        name: what an error calls it: the name of its file.

    Raises:
        TrackerError: the template is no Jinja2, or fails; the message names the line.
    """
    try:
        return _environment(view).from_string(template).render().encode()
    except TemplateSyntaxError as error:
        where = name if error.name is None else error.name
        raise TrackerError(f"{where}, line {error.lineno}: {_sentence(error.message or 'not understood')}") from error
    except Exception as error:
        lines = [frame.lineno for frame in extract_tb(error.__traceback__) if frame.filename == "<template>"]
        where = f"{name}, line {lines[-1]}" if lines else name
        told = str(error) or type(error).__name__
        if isinstance(error, TemplateNotFound):
            told = f"a template reaches no other file, and this one names {error.name!r}"
        raise TrackerError(f"{where}: {_sentence(told)}") from error


def _sentence(text: str) -> str:
    """Return a message of Jinja2 as the end of a sentence on one line."""
    return " ".join(visible(text).split()).rstrip(".")


def _environment(view: ReportView) -> ImmutableSandboxedEnvironment:
    """Return the sandbox in which the page and own templates are rendered, with all that they may use."""
    environment = pages.environment(PAGE, ("style.css",), "script.js")
    environment.globals |= {
        "view": view,
        "words": words,
        "describe": describe,
        "units": amount_of_units,
        "title": partial(title, view.code_set),
        "decode": partial(decode, view.code_set),
        "marked": lambda field: Markup(_marked(field)),  # noqa: S704 - escaped by _marked
        "heading": heading(view),
        "draw": Drawing(view),
    }
    return environment


@dataclass(frozen=True, slots=True)
class Duty:
    """Codes of the `act` list with the same day and the same sort of events.

    `told` is what happened; the codes tell it one by one unless they are `alike`. `advice`: what to do.
    """

    day: str
    told: str
    advice: str
    tasks: tuple[Task, ...]
    alike: bool


def unique_id(wanted: str, used: set[str]) -> str:
    """Return an id that is not used yet, as like the wanted one as HTML allows, and note that it is used now."""
    wanted = _HTML_SPACE.sub("_", visible(wanted))
    name, number = wanted, 1
    while name in used:
        number += 1
        name = f"{wanted}-{number}"
    used.add(name)
    return name


class Drawing:
    """Draws the parts of a page that are more than a loop in a template.

    On a page with several views, they share the ids that are `used`, and each has its own `prefix`.
    """

    def __init__(self, view: ReportView, used: set[str] | None = None, prefix: str = "") -> None:
        self.view = view
        self._used = set(OWN_IDS) if used is None else used
        self._sections = {section.title: self._unique(f"{prefix}{section.anchor}") for section in view.sections}
        self._used |= {f"{name}-title" for name in self._sections.values()}
        self._places: dict[str, dict[str, str]] = {}
        for section in view.sections:
            for entry in section.entries:
                places = self._places.setdefault(entry.change.code, {})
                wanted = f"{entry.change.code}-{section.anchor}" if places else entry.change.code
                places[section.title] = self._unique(f"{prefix}{wanted}")
        shown = Counter(event.id for section in view.sections for entry in section.entries for event in entry.events)
        self.shown = {name: shown[name] for name in view.code_set.events if shown[name]}
        self._ranges = {
            (section.title, part.letter): self._unique(f"{self._sections[section.title]}-{part.letter}")
            for section in view.sections
            for part in section.ranges
            if part.letter
        }
        self._numbers = {name: str(number) for number, name in enumerate(view.code_set.events)}

    def _unique(self, wanted: str) -> str:
        return unique_id(wanted, self._used)

    # What a template asks for

    @property
    def sides(self) -> tuple[str, str]:
        """The names of what was compared: the labels, or where these are the same the revisions."""
        old, new = self.view.diff.old, self.view.diff.new
        return (old.label, new.label) if old.label != new.label else (old.name, new.name)

    @property
    def facts(self) -> list[tuple[str, int, str]]:
        """How many codes came, went and changed: in words, number, and how many of these are something special."""
        counts = self.view.counts
        ended = f"{counts.added_ended:,} of them ended already" if counts.added_ended else ""
        administrative = f"{counts.administrative:,} of them administrative" if counts.administrative else ""
        found = (
            ("added", counts.added, ended),
            ("ended", counts.ended, ""),
            ("removed", counts.removed, ""),
            ("changed", counts.changed, administrative),
        )
        return [fact for fact in found if fact[1]]

    def releases(self) -> list[tuple[str, Cell, Cell]]:
        """Return what is to be known of the two sides."""
        return [fact for fact in release_facts(self.view) if fact[0] not in _ABOUT_FILES]

    def sources(self) -> list[tuple[str, Cell, Cell]]:
        """Return what makes sure that the two sides are what they are said to be."""
        return [fact for fact in release_facts(self.view) if fact[0] in _ABOUT_FILES]

    @property
    def hidden(self) -> str:
        """What the page counts and does not list."""
        listed = sum(self.shown.values())
        events = sum(self.view.counts.events.values()) - listed
        return (
            f"Without {amount(events, 'event')} of administrative changes, which are counted, not listed"
            if events
            else ""
        )

    @property
    def total(self) -> int:
        """How many entries the page has."""
        return sum(len(section.entries) for section in self.view.sections)

    def anchor(self, section: Section) -> str:
        """Return the section's id on the page."""
        return self._sections[section.title]

    def range_anchor(self, section: Section, part: Range) -> str:
        """Return the id of one first letter's codes in a section."""
        return self._ranges[section.title, part.letter]

    def label(self, event: str) -> str:
        """Return an event's id as words: `Code added`."""
        return event.replace("-", " ").capitalize()

    def number(self, event: str) -> str:
        """Return the number by which entries name an event."""
        return self._numbers[event]

    def kinds(self, section: Section) -> list[tuple[EventKind, int]]:
        """Return the kinds of events that a section has, and how many of each."""
        found = Counter(event.id for entry in section.entries for event in entry.events)
        return [(kind, found[kind.id]) for kind in self.view.code_set.events.values() if found[kind.id]]

    def letters(self) -> list[tuple[str, str]]:
        """Return the first letters of the codes shown, and what each range is about; modifiers have no letter."""
        parts = {part.letter: part.title for section in self.view.sections for part in section.ranges if part.letter}
        modifiers = any(section.kind is Kind.MODIFIER for section in self.view.sections)
        return sorted(parts.items()) + ([("modifiers", "")] if modifiers else [])

    def link(self, code: str) -> Markup:
        """Return a code, as a link where the page says something of it."""
        return Markup(self._link(code))  # noqa: S704 - escaped by _link

    def duties(self) -> list[Duty]:
        """Return the `act` list by day, codes together to which the same happened on a day."""
        found: dict[tuple[str, str], list[Task]] = {}
        for task in self.view.tasks:
            found.setdefault((task.day, self._events(task.events)), []).append(task)
        return [self._duty(day, tasks) for (day, _), tasks in found.items()]

    def _duty(self, day: str, tasks: Sequence[Task]) -> Duty:
        first, *others = tasks
        texts = tuple(event.text for event in first.events)
        alike = all(tuple(event.text for event in task.events) == texts for task in others)
        told = " ".join(texts) if alike else ", ".join(self.label(event.id) for event in first.events)
        return Duty(day, told, " ".join(first.advice), tuple(tasks), alike)

    def tasks(self, duty: Duty) -> list[tuple[str, Markup]]:
        """Return the codes of a duty as rows of one table or more: the table's class, and its rows."""
        rows = [self._task(task, duty) for task in duty.tasks]
        return [(kind, Markup(lot)) for kind, lot in _lots(rows)]  # noqa: S704 - escaped by _task

    def entries(self, section: Section, part: Range) -> Markup:
        """Return the entries of one range, each below the heading before it."""
        tag = "h4" if part.letter else "h3"
        lots = _lots([self._entry(section, entry, tag) for entry in part.entries])
        return Markup("\n".join(f'<div class="{kind}">{rows}</div>' for kind, rows in lots))  # noqa: S704 - escaped by _entry

    def findings(self) -> list[tuple[str, Sequence[Finding]]]:
        """Return the audit by kind of finding, those first that the span between the releases does not explain."""
        found = sorted(self.view.audit, key=lambda one: (one.kind, bool(one.explained)))
        return [(kind, tuple(group)) for kind, group in groupby(found, key=lambda one: one.kind)]

    def event_chart(self) -> list[charts.Bar]:
        """Return the events shown, by kind."""
        kinds = self.view.code_set.events
        return [charts.Bar(self.label(name), number, kinds[name].level) for name, number in self.shown.items()]

    def letter_chart(self) -> list[charts.Bar]:
        """Return the codes that changed, by kind and first letter."""
        return [charts.Bar(letter, number, tick=letter[:3]) for letter, number in self.view.counts.letters.items()]

    def date_chart(self) -> list[charts.Bar]:
        """Return the codes that changed by the time from which their last action applies."""
        view = self.view
        shown = {entry.change.code: entry.change for section in view.sections for entry in section.entries}
        days = [
            change.record.values.get(view.code_set.acted) or change.record.values.get(view.code_set.added)
            for change in shown.values()
        ]
        return charts.over_time([day for day in days if isinstance(day, str)], view.diff.old.effective_date.isoformat())

    def bars(self, rows: Sequence[charts.Bar], label: str) -> Markup:
        """Return a chart of bars that lie, one a row."""
        return Markup(charts.bars(rows, label))  # noqa: S704 - escaped by charts

    def columns(self, rows: Sequence[charts.Bar], label: str) -> Markup:
        """Return a chart of bars that stand."""
        return Markup(charts.columns(rows, label))  # noqa: S704 - escaped by charts

    # Entries and tasks

    def _entry(self, section: Section, entry: Entry, tag: str) -> str:
        change = entry.change
        code, places = _escape(change.code), self._places[change.code]
        anchor = escape(places[section.title])
        parts = [
            f'<div class="e {entry.level}" id="{anchor}" data-e="{self._events(entry.events)}">',
            f'<{tag}><a href="#{anchor}">{code}</a></{tag}>',
            self.content(entry),
            *(self._elsewhere(places, section) if len(places) > 1 else ()),
            "</div>",
        ]
        return "".join(parts)

    def content(self, entry: Entry) -> str:
        """Return what is told of an entry: its events, the texts and values that differ, what takes its place."""
        parts = [
            f'<p class="k"><b>{entry.level}</b> {self._told(entry)}</p>',
            *self._body(entry),
            *self._waivers(entry.events),
            *(self._successors(entry.change) if self._has_ended(entry.events) else ()),
        ]
        return "".join(parts)

    def place(self, code: str) -> str:
        """Return the id of the first entry of a code, or nothing where the page says nothing of it."""
        return next(iter(self._places.get(code, {}).values()), "")

    def _events(self, events: Iterable[Event]) -> str:
        return " ".join(self._numbers[event.id] for event in events)

    def _told(self, entry: Entry) -> str:
        """Return the events in words: their sentences, or their names where the values below say it better."""
        drawn = {field.field for field in entry.fields if self._is_text(field) or self._is_detail(field)}
        usual = self.view.code_set.events
        return " ".join(
            _escape(event.text)
            if event.level != usual[event.id].level or not event.fields or not drawn.issuperset(event.fields)
            else f"{self.label(event.id)}."
            for event in entry.events
        )

    def _body(self, entry: Entry) -> Iterator[str]:
        """Yield what the code is about, or the texts that differ, and the values that do."""
        texts = [field for field in entry.fields if self._is_text(field)]
        if not texts:
            name = title(self.view.code_set, entry.change, brief=not self._is_life(entry))
            yield f'<p class="n">{_escape(name)}</p>' if name else ""
        for field in texts:
            if len(texts) > 1:
                yield f'<p class="f">{words(field.field)}</p>'
            yield _text(field)
        yield from (self._values(field) for field in entry.fields if self._is_detail(field))

    def _values(self, field: FieldChange) -> str:
        name = f"<i>{words(field.field)}</i> "
        if self.view.code_set.fields[field.field].repeated:
            sides = (", ".join(value or ()) or "(none)" for value in (field.old, field.new))
            lists = f"<small>{' → '.join(map(_escape, sides))}</small>"
            went = f"<del>{self._value(field, field.went)}</del> " if field.went else ""
            came = f"<ins>{self._value(field, field.came)}</ins> " if field.came else ""
            return f'<p class="v">{name}{went}{came}{lists}</p>'
        old, new = (self._value(field, value) for value in (field.old, field.new))
        went = f"<del>{old}</del>" if field.old else old
        came = f"<ins>{new}</ins>" if field.new else new
        return f'<p class="v">{name}{went} → {came}</p>'

    def _value(self, field: FieldChange, value: Value | None) -> str:
        return _escape(decode(self.view.code_set, field.field, value))

    def _waivers(self, events: Iterable[Event]) -> Iterator[str]:
        for event in events:
            if event.waived:
                yield f'<p class="w"><b>waived</b> {self.label(event.id)}: {_escape(event.waived)}</p>'

    def _successors(self, change: Change) -> Iterator[str]:
        for successor in change.successors:
            yield f'<p class="s">→ {self._successor(successor)}</p>'
        if not change.successors:
            yield f'<p class="s x">successor: {NO_SUCCESSOR}</p>'

    def _successor(self, successor: Successor) -> str:
        units = f" <b>{amount_of_units(successor.units)}</b>" if successor.units is not None else ""
        score = f" ({successor.score:.2f})" if successor.basis == "suggested" else ""
        told = f"<em>{successor.basis}{score}</em>: {_escape(successor.why)}"
        return f"{self._link(successor.code)}{units} <small>{told}</small>"

    def _elsewhere(self, places: dict[str, str], section: Section) -> Iterator[str]:
        links = (
            f'<a href="#{escape(place)}">{escape(name)}</a>' for name, place in places.items() if name != section.title
        )
        yield f'<p class="x">also: {", ".join(links)}</p>'

    def _task(self, task: Task, duty: Duty) -> str:
        change = task.change
        told = "" if duty.alike else f"{' '.join(_escape(event.text) for event in task.events)} "
        instead = ""
        if self._has_ended(task.events):
            instead = "".join(f"<p>{self._successor(one)}</p>" for one in change.successors) or NO_SUCCESSOR
        return (
            f'<tr class="t" id="{escape(self._unique(f"act-{change.code}"))}" data-e="{self._events(task.events)}">'
            f'<th scope="row">{self._link(change.code)}</th>'
            f'<td>{told}<span class="n">{_escape(title(self.view.code_set, change))}</span></td>'
            f"<td>{instead}</td><td></td><td></td><td></td></tr>"
        )

    def _link(self, code: str) -> str:
        place = self.place(code)
        return f'<a class="c" href="#{escape(place)}">{_escape(code)}</a>' if place else f"<code>{_escape(code)}</code>"

    def _has_ended(self, events: Iterable[Event]) -> bool:
        return any(self.view.code_set.events[event.id].ends for event in events)

    def _is_life(self, entry: Entry) -> bool:
        """Whether the entry tells that a code came, ended or went: its whole description belongs there."""
        return self._has_ended(entry.events) or not all(event.fields for event in entry.events)

    def _is_text(self, field: FieldChange) -> bool:
        return field.field in self.view.code_set.title

    def _is_detail(self, field: FieldChange) -> bool:
        """Whether a value is shown by itself: no text, and nothing that its event's sentence tells whole."""
        code_set = self.view.code_set
        return field.field not in {*code_set.title, *code_set.administrative, code_set.added, code_set.ended}


def _text(field: FieldChange) -> str:
    """Return a text that differs: its words marked, or old and new one after the other where little is alike."""
    if field.rewording is None or field.rewording.wording is not Wording.REPLACED:
        return f'<p class="d">{_marked(field)}</p>'
    old, new = _escape(str(field.old)), _escape(str(field.new))
    return f'<div class="pair"><p><b>old</b> {old}</p><p><b>new</b> {new}</p></div>'


def _marked(field: FieldChange) -> str:
    """Return both texts in one, what went in `del` and what came in `ins`."""
    if field.rewording is None:
        sides = (("del", field.old), ("ins", field.new))
        return " ".join(f"<{tag}>{_escape(_whole(value))}</{tag}>" for tag, value in sides if value)
    parts = []
    for edit in field.rewording.edits:
        if edit.old == edit.new:
            parts.append(_escape(edit.old))
            continue
        if edit.old:
            parts.append(f"<del>{_escape(edit.old)}</del>")
        if edit.new:
            parts.append(f"<ins>{_escape(edit.new)}</ins>")
    return "".join(parts)


def _whole(value: Value) -> str:
    return value if isinstance(value, str) else ", ".join(value)
