"""The report as CSV: one row a changed field, for a spreadsheet or a database.

An added code has a row for each field that it has, without an old value; a removed code likewise without a
new one. The values of a repeated field are parted by `; `, for one may hold a blank (`2130 A`). A text that
a spreadsheet would take for a formula is led by an apostrophe. `event` is what the field is evidence of;
`old_release` and `new_release` are the revisions that were compared.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator

from tracker.model import Change, CodeSet, Status, Value
from tracker.report.view import ReportView

COLUMNS = (
    *("code", "kind", "status", "administrative", "field", "facet", "old", "new", "event", "level"),
    *("old_release", "new_release"),
)


def render(view: ReportView) -> bytes:
    """Return the diff of a view as CSV in UTF-8, with a header row."""
    return render_all([view])


def render_all(views: Iterable[ReportView]) -> bytes:
    """Return the diffs of several views, one behind the other, as one table."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    for view in views:
        writer.writerows(_rows(view))
    return text.getvalue().encode()


def _rows(view: ReportView) -> Iterator[tuple[str, ...]]:
    compared = (view.diff.old.name, view.diff.new.name)
    for change in view.diff.changes:
        proven = {name: event for event in change.events for name in event.fields}
        life = change.events[0] if change.events else None
        for name, old, new in _fields(view.code_set, change):
            event = proven.get(name) if change.fields else life
            meant = (event.id, event.level) if event else ("", "")
            facet = view.code_set.fields[name].facet
            administrative = "yes" if change.administrative else "no"
            about = (change.code, change.kind, change.status, administrative, name, facet)
            yield (*about, _cell(old), _cell(new), *meant, *compared)


def _fields(code_set: CodeSet, change: Change) -> Iterator[tuple[str, Value | None, Value | None]]:
    if change.status is Status.CHANGED:
        yield from ((field.field, field.old, field.new) for field in change.fields)
        return
    for name in code_set.fields:
        value = change.record.values.get(name)
        if value:
            yield (name, None, value) if change.status is Status.ADDED else (name, value, None)


def _cell(value: Value | None) -> str:
    return guarded(value if isinstance(value, str) else "; ".join(value or ()))


def guarded(text: str) -> str:
    """Return a text led by an apostrophe if a spreadsheet would take it for a formula."""
    return f"'{text}" if text.startswith(("=", "+", "-", "@", "\t", "\r")) else text
