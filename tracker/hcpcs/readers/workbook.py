"""CMS's workbooks (`.xlsx`, and `.xls` in 2020): a table in one of the sheets.

Cells mix text and numbers (`20170101` is a number in 87 rows of 2017): a number is taken as the digits
that it shows, a date cell as its ISO date. Nothing else is read into a cell.
"""

from __future__ import annotations

from dataclasses import replace

from tracker.errors import SourceError
from tracker.formats import spreadsheet
from tracker.formats.cells import text
from tracker.hcpcs.catalogue import COLUMNS, KEY_COLUMNS
from tracker.hcpcs.readers import table
from tracker.model import Problem, RawRelease, Severity


def read(name: str, data: bytes) -> RawRelease:
    """Read the sheet that has a header with CMS's column names.

    Raises:
        SourceError: the file is no workbook, is protected or far too large; no sheet has such a header, or two
            have and neither or both have all of CMS's columns.
    """
    sheets = {sheet.name: sheet for sheet in spreadsheet.open_sheets(name, data)}
    found = {
        title: header for title, sheet in sheets.items() if (header := table.find_header(sheet.shown(text))) is not None
    }
    whole = [sheet for sheet, (_, names) in found.items() if not {*COLUMNS, *KEY_COLUMNS}.difference(names)]
    chosen = [*found] if len(found) == 1 else whole
    if not found:
        message = (
            f"{name}: no sheet has a header with CMS's column names (HCPC, LONG DESCRIPTION, …): "
            "import the workbook with the records"
        )
        raise SourceError(message)
    if len(chosen) != 1:
        those = " and ".join(repr(sheet) for sheet in found)
        raise SourceError(f"{name}: the sheets {those} hold records, hidden or not: keep the one to be imported")
    (sheet,) = chosen
    raw = table.read_rows(name, "workbook", sheets[sheet].shown(text), found.pop(sheet))
    passed = [f"the sheet {other!r} holds records too and was passed over" for other in found]
    return replace(raw, problems=(*(Problem(Severity.NOTE, message, name) for message in passed), *raw.problems))
