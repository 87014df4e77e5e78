"""The lists of a report as rows of typed cells, for the formats that draw tables: workbook and Markdown.

A row maps headings to cells and leaves out the empty ones, so that a format may leave out the columns that
no row fills. Characters that show nothing are made visible in all texts; the formats escape what is special to them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Final, TypeAlias

from tracker.model import Change, CodeSet, Event, FieldChange, Release, Successor
from tracker.report.view import Entry, Range, ReportView, Section, decode, title, told_basis, visible, words

DAY: Final = "Day"
CODE: Final = "Code"
KIND: Final = "Kind"
LEVEL: Final = "Level"
EVENT: Final = "Event"
WHAT: Final = "What happened"
TO_DO: Final = "What to do"
FIRST_DAY: Final = "First valid day"
LAST_DAY: Final = "Last valid day"
ACTED: Final = "Effective"
DESCRIPTION: Final = "Description"
NAME: Final = "Short description"
FIELD: Final = "Field"
OLD: Final = "Old"
NEW: Final = "New"
SUCCESSOR: Final = "Successor"
UNITS: Final = "Units for 1"
WHY: Final = "Why this one"
INSTEAD: Final = "What instead"
WAIVED: Final = "Waived because"
RANGE: Final = "Range"
OWNER: Final = "Owner"
DECISION: Final = "Decision"
DONE: Final = "Done"
RELEASE: Final = "Release"
SEVERITY: Final = "Severity"
NUMBER: Final = "Number"
CODES: Final = "Codes"
FINDING: Final = "Finding"
EXPLAINED: Final = "Explained by"
MEANING: Final = "Meaning"

NO_SUCCESSOR: Final = "none found"


@dataclass(frozen=True, slots=True)
class Marked:
    """One version of a text beside another: its pieces, and whether each of them stands in this version only.

    `came` is true of the new version: what differs came; of the old one, it went.
    """

    pieces: tuple[tuple[str, bool], ...]
    came: bool

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces)


Cell: TypeAlias = str | float | date | Marked
Row: TypeAlias = Mapping[str, Cell]


def columns(rows: Iterable[Row], order: Iterable[str]) -> list[str]:
    """Return those headings of `order` under which any row has a cell."""
    filled: set[str] = set()
    for row in rows:
        filled.update(row)
    return [heading for heading in order if heading in filled]


def task_rows(view: ReportView) -> Iterator[Row]:
    """Yield the `act` list."""
    for task in view.tasks:
        yield _row(
            {
                DAY: as_day(task.day),
                CODE: task.change.code,
                KIND: task.change.kind.value,
                DESCRIPTION: title(view.code_set, task.change),
                WHAT: _told(task.events),
                TO_DO: "\n".join(task.advice),
                **_successors(view, task.change, task.events),
            }
        )


def section_rows(view: ReportView, section: Section) -> Iterator[Row]:
    """Yield the rows of a section: one a code, or where values tell more than a sentence, one a field."""
    for part in section.ranges:
        yield from range_rows(view, part)


def range_rows(view: ReportView, part: Range) -> Iterator[Row]:
    """Yield the rows of one range of a section."""
    for entry in part.entries:
        fields = _shown(view, entry)
        common = {**_entry(view, entry, {field.field for field in fields}), RANGE: range_name(part)}
        for field in fields:
            yield _row(
                {
                    **common,
                    FIELD: words(field.field),
                    OLD: side(view.code_set, field),
                    NEW: side(view.code_set, field, new=True),
                }
            )
        if not fields:
            yield _row(common)


def range_name(part: Range) -> str:
    """Return a range's name: `J: Drugs administered …`; empty for modifiers."""
    return f"{part.letter}: {part.title}" if part.title else part.letter


def problem_rows(view: ReportView, most: int) -> Iterator[Row]:
    """Yield what could not be compared, then the problems of both releases; at most so many codes of each."""
    old, new, outside = view.diff.old, view.diff.new, view.diff.not_compared
    for release, other, number in ((old, new, outside.codes_old), (new, old, outside.codes_new)):
        if number:
            told = f"codes of which {other.name}, an excerpt, says nothing"
            yield _row({RELEASE: release.name, SEVERITY: "not compared", WHAT: told, NUMBER: number})
    for name, number in outside.fields.items():
        told = "not known on one side or both"
        yield _row({RELEASE: "both", SEVERITY: "not compared", FIELD: words(name), WHAT: told, NUMBER: number})
    for problem in view.problems:
        more = len(problem.codes) - most
        codes = [*problem.codes[:most], *([f"… and {more:,} more"] if more > 0 else [])]
        yield _row(
            {
                RELEASE: problem.release,
                SEVERITY: problem.severity,
                FIELD: words(problem.field),
                WHAT: problem.message,
                NUMBER: problem.number,
                CODES: ", ".join(codes),
            }
        )


def audit_rows(view: ReportView) -> Iterator[Row]:
    """Yield the findings on the publisher's own word."""
    for finding in view.audit:
        yield _row(
            {FINDING: finding.kind, CODE: finding.code, WHAT: finding.text, EXPLAINED: finding.explained},
        )


def release_facts(view: ReportView) -> Iterator[tuple[str, Cell, Cell]]:
    """Yield what is to be known of the two sides: a name, the old side's value, the new side's."""
    for (name, old), (_, new) in zip(_facts(view.diff.old), _facts(view.diff.new), strict=True):
        if old != "" or new != "":
            yield name, old, new


def code_counts(view: ReportView) -> Iterator[tuple[str, int]]:
    """Yield how many codes came, went and changed, in words and number."""
    counts = view.counts
    yield "added", counts.added
    if counts.added_ended:
        yield "of these ended already", counts.added_ended
    yield "removed", counts.removed
    yield "ended", counts.ended
    yield "changed", counts.changed
    if counts.administrative:
        yield "of these administrative", counts.administrative


def event_rows(view: ReportView) -> Iterator[Row]:
    """Yield the events that occur, with how often and what they mean."""
    for name, number in view.counts.events.items():
        kind = view.code_set.events[name]
        yield _row({EVENT: name, LEVEL: kind.level.value, NUMBER: number, MEANING: kind.meaning})


def letter_rows(view: ReportView) -> Iterator[Row]:
    """Yield the number of changed codes by first letter."""
    for letter, number in view.counts.letters.items():
        name = view.code_set.ranges.get(letter, "")
        yield _row({RANGE: f"{letter}: {name}" if name else letter, NUMBER: number})


def heading(view: ReportView) -> str:
    """Return the report's heading: `HCPCS 2025 → 2026`."""
    old, new = view.diff.old, view.diff.new
    sides = (old.label, new.label) if old.label != new.label else (old.name, new.name)
    return f"{view.code_set.name.upper()} {' → '.join(sides)}"


def _row(cells: Mapping[str, Cell]) -> Row:
    """Return the cells that are not empty, fit for every format."""
    return {
        name: visible(cell) if isinstance(cell, str) else cell
        for name, cell in cells.items()
        if not isinstance(cell, str) or cell
    }


def _facts(release: Release) -> Iterator[tuple[str, Cell]]:
    source = release.source
    yield "Release", release.name
    yield "Effective", release.effective_date
    yield "Published", release.published_date or ""
    yield "Codes", release.codes
    yield "Extent", "complete" if release.complete else "excerpt"
    yield "File", visible(source.name)
    yield "Format", source.format
    yield "Size in bytes", source.size
    yield "Publisher's mark", visible(release.mark or "")
    yield "Remark", visible(release.remark)
    yield "Withdrawn", visible(release.withdrawn or "")
    yield "SHA-256 of the file", source.sha256
    yield "Digest of the content", release.digest


def _entry(view: ReportView, entry: Entry, shown: Collection[str]) -> dict[str, Cell]:
    """Return what all rows of an entry say, beside the fields that they show."""
    code_set, change = view.code_set, entry.change
    full, brief = title(code_set, change), title(code_set, change, brief=True)
    cells: dict[str, Cell] = {
        CODE: change.code,
        LEVEL: entry.level.value,
        EVENT: "\n".join(event.id for event in entry.events),
    }
    if not _is_told_by_values(view, entry, shown):
        cells[WHAT] = _told(entry.events)
    if _is_life(view, entry):
        cells |= {FIRST_DAY: _day(change, code_set.added), LAST_DAY: _day(change, code_set.ended)}
    elif code_set.acted not in shown:
        cells[ACTED] = _day(change, code_set.acted)
    if code_set.title[0] not in shown:
        cells[DESCRIPTION] = full
    if brief != full and code_set.title[-1] not in shown:
        cells[NAME] = brief
    cells |= _successors(view, change, entry.events)
    cells[WAIVED] = "\n".join(dict.fromkeys(event.waived for event in entry.events if event.waived))
    return cells


def _shown(view: ReportView, entry: Entry) -> tuple[FieldChange, ...]:
    """Return the fields whose values are worth a row: of an end, its sentence and its day tell everything."""
    code_set = view.code_set
    fields = tuple(field for field in entry.fields if field.field not in code_set.administrative)
    if _ends(view, entry.events):
        return tuple(field for field in fields if field.field != code_set.ended)
    return fields or entry.fields


def _is_life(view: ReportView, entry: Entry) -> bool:
    """Whether the entry tells that a code came, ended or went."""
    return _ends(view, entry.events) or any(not event.fields for event in entry.events)


def _is_told_by_values(view: ReportView, entry: Entry, shown: Collection[str]) -> bool:
    """Whether the events say no more than the old and new values do.

    Of a text they say what sort of change it is, and a changed day reads better as a sentence.
    """
    plain = all(event.level == view.code_set.events[event.id].level for event in entry.events)
    values = set(shown) - told_whole(view)
    return plain and not _is_life(view, entry) and bool(values) and values.isdisjoint(view.code_set.title)


def told_whole(view: ReportView) -> frozenset[str]:
    """Return the fields of which an event's sentence tells the old and the new value."""
    code_set = view.code_set
    return code_set.administrative | {code_set.added, code_set.ended}


def _ends(view: ReportView, events: Iterable[Event]) -> bool:
    return any(view.code_set.events[event.id].ends for event in events)


def _told(events: Iterable[Event]) -> str:
    return "\n".join(event.text for event in events)


def _successors(view: ReportView, change: Change, events: Iterable[Event]) -> dict[str, Cell]:
    """Return what takes an ended code's place, best first, one a line; of one alone, the units are a number."""
    if not _ends(view, events):
        return {}
    found = change.successors
    if not found:
        return {SUCCESSOR: NO_SUCCESSOR, INSTEAD: NO_SUCCESSOR}
    units: Cell = "\n".join("?" if one.units is None else f"{one.units:,g}" for one in found)
    if len(found) == 1:
        units = "" if found[0].units is None else found[0].units
    reasons = [f"{one.basis}: {one.why}" for one in found]
    return {
        SUCCESSOR: "\n".join(one.code for one in found),
        UNITS: units,
        WHY: "\n".join(f"{one.code} {told}" for one, told in zip(found, reasons, strict=True))
        if found[1:]
        else reasons[0],
        INSTEAD: "\n".join(map(_instead, found)),
    }


def _instead(successor: Successor) -> str:
    return f"{successor.code} ({told_basis(successor)}): {successor.why}"


def _day(change: Change, name: str) -> Cell:
    value = change.record.values.get(name)
    return as_day(value) if isinstance(value, str) else ""


def as_day(text: str) -> date | str:
    """Return an ISO day as a date; what is none stays as it is."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return text
    return day if day.isoformat() == text else text


def side(code_set: CodeSet, field: FieldChange, *, new: bool = False) -> Cell:
    """Return a field's old or new value, decoded, with what differs marked."""
    kind, value = code_set.fields[field.field], field.new if new else field.old
    if not value:
        return decode(code_set, field.field, value)
    if field.rewording is not None:
        edits = ((edit.new if new else edit.old, edit.new != edit.old) for edit in field.rewording.edits)
        return Marked(tuple(_joined(edits)), came=new)
    if not isinstance(value, str):
        differs = field.came if new else field.went
        values = [(decode(code_set, field.field, text), text in differs) for text in value]
        if len(differs) == len(value):  # all of it: nothing to point at
            return "\n".join(text for text, _ in values)
        parted = [piece for text, marked in values for piece in (("\n", False), (text, marked))]
        return Marked(tuple(_joined(parted[1:])), came=new)
    return as_day(value) if kind.is_date else decode(code_set, field.field, value)


def _joined(pieces: Iterable[tuple[str, bool]]) -> Iterator[tuple[str, bool]]:
    """Join neighbours of one sort, and leave out empty pieces."""
    filled = ((visible(text), marked) for text, marked in pieces if text)
    for marked, group in groupby(filled, key=itemgetter(1)):
        yield "".join(text for text, _ in group), marked
