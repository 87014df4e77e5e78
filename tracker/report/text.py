"""The report as text: lines of styled pieces, for a terminal or, plain, for a pipe or file.

Colour never carries meaning alone: words that went stand in `[-…-]`, words that came in `{+…+}`, and the level
of an event is spelled out.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from tracker.model import Event, FieldChange, Successor
from tracker.report.view import Entry, ReportView, decode, describe, title, told_basis, visible, words

TERMINAL_LIMIT = 50
"""Codes of a section that a terminal is shown unless all are asked for."""

_SPACE: Final = re.compile(r"[\t\n]")
"""What stands for a space and would move what follows to another place, or line."""

_INDENT = " " * 9
"""Where a code's text begins: under the first line's, behind the code."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of (text, style) pieces; a terminal folds it and indents the folds by `indent`.

    Styles: `heading`, `code`, `act`, `old`, `new`, `dim`, or empty. Characters that show nothing, and could do
    something to a terminal, are made visible.
    """

    pieces: tuple[tuple[str, str], ...]
    indent: int = 0

    def __post_init__(self) -> None:
        if not all(text.isascii() and text.isprintable() for text, _ in self.pieces):
            shown = tuple((_SPACE.sub(" ", visible(text)), style) for text, style in self.pieces)
            object.__setattr__(self, "pieces", shown)

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces).rstrip()


def render(view: ReportView) -> bytes:
    """Return the whole report as UTF-8 text."""
    return "".join(f"{line}\n" for line in lines(view)).encode()


def lines(view: ReportView, limit: int | None = None) -> Iterator[Line]:
    """Yield the report's lines, with at most `limit` codes a section."""
    yield from _head(view)
    yield from _counts(view)
    for section in view.sections:
        yield Line(())
        yield Line(((f"{section.title} ({len(section.entries):,})", "heading"),))
        for entry in section.entries[:limit]:
            yield from _entry(view, entry)
        more = len(section.entries) - len(section.entries[:limit])
        if more:
            yield Line(((f"  … and {more:,} more: --all", "dim"),))
    if not view.diff.changes:
        yield Line(())
        what = "was selected and could be compared" if view.selection else "could be compared"
        yield Line(((f"Nothing changed in what {what}.", ""),))


def _head(view: ReportView) -> Iterator[Line]:
    old, new = view.diff.old, view.diff.new
    sides = (old.label, new.label) if old.label != new.label else (old.name, new.name)
    yield Line(((" → ".join(sides), "heading"),))
    if view.written:
        yield Line((("  written  ", "dim"), (view.written.isoformat(), "")))
    yield Line((("  old  ", "dim"), (describe(old), "")), 7)
    yield Line((("  new  ", "dim"), (describe(new), "")), 7)


def _counts(view: ReportView) -> Iterator[Line]:
    counts = view.counts
    yield Line(())
    yield Line((("Counts", "heading"),))
    levels = " · ".join(f"{level} {number:,}" for level, number in counts.levels.items())
    yield Line((("  events    ", "dim"), (levels, "")), 12)
    administrative = f", {counts.administrative:,} of them administrative" if counts.administrative else ""
    for number, label in (
        (counts.added, f"added, {counts.added_ended:,} of them ended already" if counts.added_ended else "added"),
        (counts.removed, "removed"),
        (counts.ended, "ended"),
        (counts.changed, f"changed{administrative}"),
    ):
        yield Line(((f"  {number:>6,}", "code"), (f"  {label}", "")))
    if counts.fields:
        told = " · ".join(f"{words(name)} {number:,}" for name, number in counts.fields.items())
        yield Line((("  by field  ", "dim"), (told, "")), 12)
    for remark in view.remarks:
        yield Line((("  note  ", "dim"), (remark, "")), 8)


def _entry(view: ReportView, entry: Entry) -> Iterator[Line]:
    """Yield a code's lines: its level and events, then the values that differ, then what takes its place."""
    change = entry.change
    texts = [field for field in entry.fields if field.field in view.code_set.title]
    details = [tuple(_values(view, field)) for field in entry.fields if _is_detail(view, field)]
    level = (f"{entry.level:<8}", "act" if entry.level == "act" else "dim")
    code = (f"  {change.code:<7}", "code")
    if details and all(_is_plain(view, event) for event in entry.events):
        yield Line((code, level, *details[0]), 11)
        details = details[1:]
    else:
        told = [(f"{event.text} ", "") for event in entry.events]
        name = [] if texts or details else [(title(view.code_set, change, brief=not _is_life(view, entry)), "dim")]
        yield Line((code, level, *told, *name), 11)
    for detail in details:
        yield Line(((f"{_INDENT}        ", ""), *detail), 19)
    for field in texts:
        yield from changed_texts(field)
    for event in entry.events:
        if event.waived:
            yield Line((((f"{_INDENT}waived  "), "dim"), (event.waived, "")), 17)
    if any(view.code_set.events[event.id].ends for event in entry.events):
        yield from map(successor_line, change.successors)


def _is_life(view: ReportView, entry: Entry) -> bool:
    """Whether the entry tells that a code came, ended or went: its whole description belongs there."""
    return any(not event.fields or view.code_set.events[event.id].ends for event in entry.events)


def _is_detail(view: ReportView, field: FieldChange) -> bool:
    """Whether a value needs a line of its own: no text, and nothing that its event's sentence tells whole."""
    code_set = view.code_set
    return field.field not in {*code_set.title, *code_set.administrative, code_set.added, code_set.ended}


def _is_plain(view: ReportView, event: Event) -> bool:
    """Whether an event says no more than its values do."""
    return event.level == view.code_set.events[event.id].level


def successor_line(successor: Successor) -> Line:
    """Return what takes an ended code's place."""
    told = f"{told_basis(successor)}: {successor.why}"
    return Line(((f"{_INDENT}→ ", "dim"), (successor.code, "code"), (f"  {told}", "")), 13)


def changed_texts(field: FieldChange) -> Iterator[Line]:
    """Yield the old and the new text, each whole, the words that differ marked."""
    if field.rewording is None:
        for sign, text, style in (("old", field.old, "old"), ("new", field.new, "new")):
            if text:
                yield Line(((f"{_INDENT}{sign}  ", "dim"), (str(text), style)), 14)
        return
    edits = field.rewording.edits
    old = [(edit.old, "") if edit.old == edit.new else (f"[-{edit.old}-]", "old") for edit in edits if edit.old]
    new = [(edit.new, "") if edit.old == edit.new else (f"{{+{edit.new}+}}", "new") for edit in edits if edit.new]
    yield Line(((f"{_INDENT}old  ", "dim"), *old), 14)
    yield Line(((f"{_INDENT}new  ", "dim"), *new), 14)


def _values(view: ReportView, field: FieldChange) -> Iterator[tuple[str, str]]:
    yield f"{words(field.field)}  ", "dim"
    if view.code_set.fields[field.field].repeated:
        for sign, values, style in (("-", field.went, "old"), ("+", field.came, "new")):
            if values:
                yield f"{sign}{decode(view.code_set, field.field, values)}  ", style
        yield f"[{', '.join(field.old or ())}] → [{', '.join(field.new or ())}]", "dim"
        return
    yield decode(view.code_set, field.field, field.old), "old"
    yield " → ", ""
    yield decode(view.code_set, field.field, field.new), "new"
