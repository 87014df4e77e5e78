"""The report as text: lines of styled pieces, for a terminal or, plain, for a pipe or file.

Colour never carries meaning alone: words that went stand in `[-…-]`, words that came in `{+…+}`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from tracker.model import Change, FieldChange, Status
from tracker.report.view import Entry, Group, ReportView, decode, describe, words

TERMINAL_LIMIT = 50
"""Codes of a group that a terminal is shown unless all are asked for."""


@dataclass(frozen=True, slots=True)
class Line:
    """A line of (text, style) pieces; a terminal folds it and indents the folds by `indent`.

    Styles: `heading`, `code`, `old`, `new`, `dim`, or empty.
    """

    pieces: tuple[tuple[str, str], ...]
    indent: int = 0

    def __str__(self) -> str:
        return "".join(text for text, _ in self.pieces).rstrip()


def render(view: ReportView) -> bytes:
    """Return the whole report as UTF-8 text."""
    return "".join(f"{line}\n" for line in lines(view)).encode()


def lines(view: ReportView, limit: int | None = None) -> Iterator[Line]:
    """Yield the report's lines, with at most `limit` codes a group."""
    diff, counts = view.diff, view.counts
    sides = (diff.old.label, diff.new.label) if diff.old.label != diff.new.label else (diff.old.name, diff.new.name)
    yield Line(((" → ".join(sides), "heading"),))
    yield Line((("  old  ", "dim"), (describe(diff.old), "")), 7)
    yield Line((("  new  ", "dim"), (describe(diff.new), "")), 7)
    yield Line(())
    yield Line((("Counts", "heading"),))
    for number, label in (
        (counts.added, f"added, {counts.added_ended:,} of them ended already" if counts.added_ended else "added"),
        (counts.removed, "removed"),
        (counts.ended, "ended"),
        (
            counts.changed,
            f"changed, {counts.administrative:,} of them administrative" if counts.administrative else "changed",
        ),
    ):
        yield Line(((f"  {number:>6,}", "code"), (f"  {label}", "")))
    if counts.fields:
        told = " · ".join(f"{words(name)} {number:,}" for name, number in counts.fields.items())
        yield Line((("  by field  ", "dim"), (told, "")), 12)
    for remark in view.remarks:
        yield Line((("  note  ", "dim"), (remark, "")), 8)
    for group in view.groups:
        yield Line(())
        yield Line(((group.title, "heading"),))
        for entry in group.entries[:limit]:
            yield from _entry(view, group, entry)
        more = len(group.entries) - len(group.entries[:limit])
        if more:
            yield Line(((f"  … and {more:,} more: --all", "dim"),))
    if not diff.changes:
        yield Line(())
        yield Line((("Nothing changed in what could be compared.", ""),))


def _entry(view: ReportView, group: Group, entry: Entry) -> Iterator[Line]:
    change = entry.change
    code = (f"  {change.code:<7}", "code")
    if group.name in ("added", "removed", "ended"):
        yield Line((code, (f"{_lifetime(view, group.name, change)}  ", "dim"), (_title(view, change), "")), 9)
        return
    if all(view.code_set.fields[field.field].name in view.code_set.title for field in entry.fields):
        for field in entry.fields:
            yield Line((code, (words(field.field), "dim")))
            yield from _texts(view, field)
            code = (" " * 9, "")
        return
    for field in entry.fields:
        yield Line((code, (f"{words(field.field)}  ", "dim"), *_values(view, field)), 11)
        code = (" " * 9, "")


def _lifetime(view: ReportView, group: str, change: Change) -> str:
    first = change.record.values.get(view.code_set.added)
    last = change.record.values.get(view.code_set.ended)
    if group == "added":
        return f"from {first}" + (f" to {last}" if last else "") if first else "first day not known"
    if last:
        return f"last valid day {last}"
    return "without an end" if change.status is Status.REMOVED else "end not known"


def _title(view: ReportView, change: Change) -> str:
    texts = (change.record.values.get(name) for name in view.code_set.title)
    return next((text for text in texts if isinstance(text, str)), "")


def _texts(view: ReportView, field: FieldChange) -> Iterator[Line]:
    """Yield the old and the new text, each whole, the words that differ marked."""
    if not isinstance(field.old, str) or not isinstance(field.new, str):
        yield Line((("         ", ""), *_values(view, field)), 11)
        return
    stretches = view.mark(field.old, field.new)
    old = [(part.old, "") if part.old == part.new else (f"[-{part.old}-]", "old") for part in stretches if part.old]
    new = [(part.new, "") if part.old == part.new else (f"{{+{part.new}+}}", "new") for part in stretches if part.new]
    yield Line((("         old  ", "dim"), *old), 14)
    yield Line((("         new  ", "dim"), *new), 14)


def _values(view: ReportView, field: FieldChange) -> Iterator[tuple[str, str]]:
    if view.code_set.fields[field.field].repeated:
        for sign, values, style in (("-", field.went, "old"), ("+", field.came, "new")):
            if values:
                yield f"{sign}{decode(view.code_set, field.field, values)}  ", style
        yield f"[{', '.join(field.old or ())}] → [{', '.join(field.new or ())}]", "dim"
        return
    yield decode(view.code_set, field.field, field.old), "old"
    yield " → ", ""
    yield decode(view.code_set, field.field, field.new), "new"
