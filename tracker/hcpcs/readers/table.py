"""Tables with CMS's column names: the rows of a workbook, or a CSV file.

The header stands after 0, 7 or 10 rows of notice; thousands of empty rows may follow the last record.
Not all 48 columns need be there: an absent one is not known. Without RECID the kind follows from the
code's shape. A row with RECID 4 or 8 goes on with the long description of the row above (G0503). A row with
a code and nothing else is a record only where no column is one that CMS always fills (`HCPC,TERM DT`).
"""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Final

from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS, FIELDS, KEY_COLUMNS
from tracker.model import Kind, Problem, RawRecord, RawRelease, Severity

Row = tuple[int, Sequence[str]]
"""A row of cells as text, and its one-based number in the file."""

_CODE_NAMES: Final = frozenset({"HCPC", "HCPCS", "HCPCS CODE"})
_KINDS: Final = {"3": Kind.PROCEDURE, "7": Kind.MODIFIER}
_CONTINUATION: Final = frozenset({"4", "8"})
_LONG: Final = FIELDS["long_description"].columns[0]
_CODE: Final = re.compile(r"[A-Z0-9]{2}|[A-Z0-9]{5}")
_HEADER_ROWS: Final = 100
"""Rows in which a CSV's header must stand; CMS's longest notice has ten."""


def _spelling(header: str) -> str:
    return " ".join(header.replace("_", " ").upper().split())


_NAMES: Final = (
    {_spelling(column): column for column in (*COLUMNS, *KEY_COLUMNS)}
    | {_spelling(row.name): row.columns[0] for row in FIELDS.values() if not row.repeated}
    | dict.fromkeys(_CODE_NAMES, "HCPC")
)
"""Spelling of a header cell -> CMS's column name. Field names are understood as well."""


def find_header(rows: Iterable[Row]) -> tuple[int, list[str]] | None:
    """Return the number and the column names of the first row that names the code and another column.

    Unknown columns are returned as they are spelled; None if no row is a header.
    """
    for number, cells in rows:
        names = [_NAMES.get(_spelling(cell), cell.strip()) for cell in cells]
        if "HCPC" in names and any(name in COLUMNS for name in names):
            return number, names
    return None


def read_rows(name: str, source_format: str, rows: Sequence[Row], header: tuple[int, list[str]]) -> RawRelease:
    """Read the records below a header row.

    Args:
        name: the file's base name, for messages.
        source_format: `workbook` or `table`; only a workbook with all of CMS's columns is complete.
        rows: all rows, the header's included.
        header: what `find_header` returned for them.

    Raises:
        SourceError: a column or a code stands twice, a row has no code, or the file is no list of records.
    """
    header_line, names = header
    twice = [column for column, count in Counter(names).items() if count > 1 and column in _NAMES.values()]
    if twice:
        message = f"{name}, line {header_line}: the column {twice[0]} stands twice: keep one of them"
        raise SourceError(message)
    places = [(names.index(column), column) for column in COLUMNS if column in names]  # slots in their order
    blank_is_known = not any(COLUMNS[column].required for _, column in places)
    code_place, kind_place = names.index("HCPC"), names.index("RECID") if "RECID" in names else None
    records: dict[str, RawRecord] = {}
    problems = [_unknown_column(name, header_line, column) for column in names if _is_unknown(column)]
    for line, cells in rows:
        if line <= header_line or not any(cells):
            continue
        padded = cells if len(cells) >= len(names) else (*cells, *[""] * (len(names) - len(cells)))
        values = {column: value for place, column in places if (value := padded[place].strip())}
        code = padded[code_place].strip().upper()
        if not values and not (blank_is_known and _CODE.fullmatch(code)):
            if any(cell.strip() for cell in cells):
                problems.append(_no_record(name, line, padded[code_place]))
            continue
        if not _CODE.fullmatch(code):
            message = (
                f"{name}, line {line}: {code!r} is no HCPCS code (two or five letters and digits): correct the row"
            )
            raise SourceError(message)
        record_id = padded[kind_place].strip() if kind_place is not None else ""
        if record_id in _CONTINUATION:
            _go_on(name, line, records, code, values)
            continue
        if code in records:
            message = f"{name}: {code} stands twice, in line {records[code].line} and in line {line}: keep one of them"
            raise SourceError(message)
        kind = _KINDS.get(record_id) or (Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE)  # noqa: PLR2004
        records[code] = RawRecord(code, kind, values, name, line)
    if not records:
        message = f"{name}: there is a header in line {header_line} and no record below it: nothing to import"
        raise SourceError(message)
    columns = frozenset(column for _, column in places)
    _require_codes(name, records.values(), columns)
    complete = source_format == "workbook" and columns == COLUMNS.keys() and kind_place is not None
    letters = {column: _letter(place) for place, column in places} if source_format == "workbook" else {}
    return RawRelease(
        source_format, tuple(records.values()), columns, complete, problems=tuple(problems), letters=letters
    )


def read_csv(name: str, text: str) -> RawRelease | None:
    """Read a CSV file, the separator (comma, semicolon, tab, bar) taken from its header; None if it has none.

    Raises:
        SourceError: as `read_rows`; or the file is no well-formed CSV.
    """
    for separator in ",;\t|":
        rows: list[Row] = []
        broken = None
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
        try:
            rows.extend((reader.line_num, cells) for cells in reader)
        except csv.Error as error:
            broken = error
        header = find_header(rows[:_HEADER_ROWS])
        if header is not None and broken is not None:
            message = f"{name}: the CSV is malformed after line {rows[-1][0]} ({broken}): correct the quotes there"
            raise SourceError(message)
        if header is not None:
            return read_rows(name, "table", rows, header)
    return None


def _go_on(name: str, line: int, records: dict[str, RawRecord], code: str, values: dict[str, str]) -> None:
    """Append the text of a continuation row to the record above it, if that is its code's."""
    above = next(reversed(records.values()), None)
    if above is None or above.code != code:
        message = f"{name}, line {line}: the description of {code} goes on here, but the row above is another code's"
        raise SourceError(message)
    joined = {**above.values, _LONG: f"{above.values.get(_LONG, '')} {values.get(_LONG, '')}"}
    records[code] = RawRecord(code, above.kind, joined, name, above.line)


def _require_codes(name: str, records: Iterable[RawRecord], columns: frozenset[str]) -> None:
    """Refuse a file whose coded columns hold something else, such as CMS's transaction report."""
    records = list(records)
    for column in sorted(column for column in columns if COLUMNS[column].meanings):
        filled = [record.values[column] for record in records if column in record.values]
        wide = [value for value in filled if len(value) > COLUMNS[column].width]
        if len(wide) * 2 > len(filled):
            message = (
                f"{name}: the column {column} holds words such as {wide[0][:40]!r} where a code of "
                f"{COLUMNS[column].width} is expected: this is a report about a release, not the release; "
                "import the file with the records"
            )
            raise SourceError(message)


def _is_unknown(column: str) -> bool:
    return bool(column) and column not in COLUMNS and column not in KEY_COLUMNS


def _unknown_column(name: str, line: int, column: str) -> Problem:
    message = f"the column {column[:40]!r} is none of CMS's and was passed over"
    return Problem(Severity.NOTE, message, name, f"line {line}", raw=column[:80])


def _no_record(name: str, line: int, cell: str) -> Problem:
    message = "the row holds no value of a known column and was passed over"
    return Problem(Severity.NOTE, message, name, f"line {line}", raw=cell[:80])


def _letter(place: int) -> str:
    """Return a workbook's name of a column: 0 -> A, 26 -> AA."""
    letters = ""
    place += 1
    while place:
        place, rest = divmod(place - 1, 26)
        letters = chr(ord("A") + rest) + letters
    return letters
