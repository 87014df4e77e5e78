"""CMS's workbooks (`.xlsx`, and `.xls` in 2020): a table in one of the sheets.

Cells mix text and numbers (`20170101` is a number in 87 rows of 2017): a number is taken as the digits
that it shows, a date cell as its ISO date. Nothing else is read into a cell.
"""

from __future__ import annotations

import io
from datetime import date, datetime
from typing import TYPE_CHECKING

from python_calamine import CalamineError, CalamineWorkbook

from tracker.errors import SourceError
from tracker.hcpcs.readers import table

if TYPE_CHECKING:
    from tracker.model import RawRelease


def read(name: str, data: bytes) -> RawRelease:
    """Read the first sheet that has a header with CMS's column names.

    Raises:
        SourceError: the file is no workbook, is protected, or no sheet has such a header.
    """
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for sheet in workbook.sheet_names:
            cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
            rows = [
                (line, [cell if type(cell) is str else _text(cell) for cell in row])
                for line, row in enumerate(cells, 1)
                if any(row)
            ]
            header = table.find_header(rows)
            if header is not None:
                return table.read_rows(name, "workbook", rows, header)
    except BaseException as error:
        # A damaged file can make calamine's Rust panic, which reaches Python as a BaseException without a home.
        if not isinstance(error, CalamineError) and type(error).__name__ != "PanicException":
            raise
        message = f"{name}: the workbook cannot be read ({error}): is it whole, and without a password?"
        raise SourceError(message) from error
    message = (
        f"{name}: no sheet has a header with CMS's column names (HCPC, LONG DESCRIPTION, …): "
        "import the workbook with the records"
    )
    raise SourceError(message)


def _text(cell: object) -> str:
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))
    if isinstance(cell, datetime):
        return cell.date().isoformat()
    if isinstance(cell, date):
        return cell.isoformat()
    return str(cell)
