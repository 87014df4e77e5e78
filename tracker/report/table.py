"""The report as CSV: one row a changed field, for a spreadsheet or a database.

An added code has a row for each field that it has, without an old value; a removed code likewise without a
new one. The values of a repeated field are parted by `; `, for one may hold a blank (`2130 A`). A text that
a spreadsheet would take for a formula is led by an apostrophe. `event` is what the field is evidence of;
`old_release` and `new_release` are the revisions that were compared.

How all commands write CSV is here too: `CsvLines`, `guarded`, `to_bytes`.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from typing import Final

from tracker.formats.cells import Cell
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
    lines = CsvLines().lines([COLUMNS, *(row for view in views for row in _rows(view))])
    return to_bytes("".join(f"{line}\n" for line in lines))


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


# CSV

_FORMULA: Final = re.compile(r"""'*[\t\r\n]|[\s"'\ufeff\u200b]*[=+\-@\uff1d\uff0b\uff0d\uff20]""")
"""How a text begins that a spreadsheet may take for a formula.

It does so also behind blanks or quotes, which some throw away, and with the wide signs that an East Asian keyboard
writes. A tab or line end may put what follows into a cell of its own.
"""


def guarded(text: str) -> str:
    """Return a text led by an apostrophe if a spreadsheet might take it for a formula.

    It can be taken back: what begins with an apostrophe and would be guarded without it, was.
    """
    return f"'{text}" if _FORMULA.match(text) else text


def to_bytes(text: str) -> bytes:
    r"""Return a text as UTF-8; half a character, which that cannot hold, as `\ud800`, which is its escape in JSON."""
    return text.encode("utf-8", "backslashreplace")


class CsvLines:
    """Writes rows as CSV, each without an end.

    Python puts a text with a line end in quotes only if that is one of the writer's own line ends: so it gets both,
    and they are cut off. A carriage return without quotes would be the end of a row to many a reader.
    """

    def __init__(self) -> None:
        self._written: list[str] = []
        self.write = self._written.append
        self._csv = csv.writer(self, lineterminator="\r\n")

    def line(self, cells: Iterable[Cell]) -> str:
        """Return one row; nothing for a row without cells."""
        return self.lines([cells])[0]

    def lines(self, rows: Iterable[Iterable[Cell]]) -> list[str]:
        """Return many rows."""
        self._written.clear()
        self._csv.writerows(rows)
        return [line[:-2] for line in self._written]
