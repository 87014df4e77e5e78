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
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Final

from tracker.errors import SourceError
from tracker.formats.cells import letter
from tracker.formats.lines import bounded
from tracker.hcpcs.catalogue import COLUMNS, FIELDS, KEY_COLUMNS
from tracker.hcpcs.normalise import is_lost
from tracker.limits import COLUMNS as MOST_COLUMNS
from tracker.limits import LINE_SIZE, OTHER_LINES, ROWS
from tracker.model import Kind, Problem, RawRecord, RawRelease, Severity

Row = tuple[int, Sequence[str]]
"""A row of cells as text, and its one-based number in the file."""

_CODE_NAMES: Final = frozenset({"HCPC", "HCPCS", "HCPCS CODE"})
_KINDS: Final = {"3": Kind.PROCEDURE, "7": Kind.MODIFIER}
_CONTINUATION: Final = frozenset({"4", "8"})
_LONG: Final = FIELDS["long_description"].columns[0]
_CODE: Final = re.compile(r"[A-Z0-9]{2}|[A-Z0-9]{5}")
_OF_PROCEDURES, _OF_MODIFIERS = "34", "78"
_HEADER_ROWS: Final = 100
"""Rows in which a CSV's header must stand; CMS's longest notice has ten."""

_HEAD: Final = 65_536
"""Characters in which it must stand, so that no file of another kind is taken apart to its end."""


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


def read_rows(name: str, source_format: str, rows: Iterable[Row], header: tuple[int, list[str]]) -> RawRelease:
    """Read the records below a header row.

    Args:
        name: the file's base name, for messages.
        source_format: `workbook` or `table`; only a workbook with all of CMS's columns is complete.
        rows: all rows, the header's included.
        header: what `find_header` returned for them.

    Raises:
        SourceError: a column or a code stands twice, a row has no code or more cells than the header, or the
            file is no list of records, or has far too many rows.
    """
    header_line, names = header
    _require_columns(name, header_line, names)
    places = [(names.index(column), column) for column in COLUMNS if column in names]  # slots in their order
    blank_is_known = not any(COLUMNS[column].required for _, column in places)
    code_place, kind_place = names.index("HCPC"), names.index("RECID") if "RECID" in names else None
    records: dict[str, RawRecord] = {}
    problems = [_unknown_column(name, header_line, column) for column in names if _is_unknown(column)]
    for line, cells in _below(name, rows, header_line, len(names)):
        padded = cells if len(cells) >= len(names) else (*cells, *[""] * (len(names) - len(cells)))
        values = {column: value for place, column in places if (cell := padded[place]) and (value := cell.strip())}
        code = padded[code_place].strip().upper()
        if not values and not (blank_is_known and _CODE.fullmatch(code)):
            if any(cell.strip() for cell in cells):
                _pass_over(problems, name, line, padded[code_place])
            continue
        if not _CODE.fullmatch(code):
            message = (
                f"{name}, line {line}: {code!r} is no HCPCS code (two or five letters and digits): correct the row"
            )
            raise SourceError(message)
        record_id = padded[kind_place].strip() if kind_place is not None else ""
        if record_id and record_id in (_OF_PROCEDURES if len(code) == 2 else _OF_MODIFIERS):  # noqa: PLR2004
            message = f"{name}, line {line}: {code} cannot have the RECID {record_id}: the row is damaged, correct it"
            raise SourceError(message)
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
    letters = {column: letter(place) for place, column in places} if source_format == "workbook" else {}
    by_code = tuple(record for _, record in sorted(records.items()))
    return RawRelease(source_format, by_code, columns, complete, problems=tuple(problems), letters=letters)


def read_csv(name: str, text: str) -> RawRelease | None:
    """Read a CSV file, the separator (comma, semicolon, tab, bar) taken from its header; None if it has none.

    Raises:
        SourceError: as `read_rows`; or the file is no well-formed CSV.
    """
    for separator in ",;\t|":
        head: list[Row] = []
        with suppress(csv.Error):
            head.extend(islice(_csv_rows(name, text[:_HEAD], separator), _HEADER_ROWS))
        header = find_header(head)
        if header is None:
            continue
        rows = _Rows(_csv_rows(name, text, separator))
        try:
            return read_rows(name, "table", rows, header)
        except csv.Error as error:
            line = rows.last or head[-1][0]
            message = f"{name}: the CSV is malformed after line {line} ({error}): correct the quotes there"
            raise SourceError(message) from error
    return None


def _csv_rows(name: str, text: str, separator: str) -> Iterator[Row]:
    reader = csv.reader(bounded(name, io.StringIO(text, newline=""), LINE_SIZE), delimiter=separator, strict=True)
    return ((reader.line_num, cells) for cells in reader)


class _Rows(Iterator[Row]):
    """Rows as they come; `last` is the number of the last one."""

    def __init__(self, rows: Iterator[Row]) -> None:
        self._rows = rows
        self.last = 0

    def __next__(self) -> Row:
        row = next(self._rows)
        self.last = row[0]
        return row


def _go_on(name: str, line: int, records: dict[str, RawRecord], code: str, values: dict[str, str]) -> None:
    """Append the text of a continuation row to the record above it, if that is its code's."""
    above = next(reversed(records.values()), None)
    if above is None or above.code != code:
        message = f"{name}, line {line}: the description of {code} goes on here, but the row above is another code's"
        raise SourceError(message)
    joined = {**above.values, _LONG: f"{above.values.get(_LONG, '')} {values.get(_LONG, '')}"}
    records[code] = RawRecord(code, above.kind, joined, name, above.line)


def _require_codes(name: str, records: Collection[RawRecord], columns: frozenset[str]) -> None:
    """Refuse a file whose coded columns hold something else, such as CMS's transaction report."""
    widths = {column: COLUMNS[column].width for column in columns if COLUMNS[column].meanings}
    wide: dict[str, list[str]] = {}
    for record in records:
        for column, value in record.values.items():
            if column in widths and len(value) > widths[column] and not is_lost(value):
                wide.setdefault(column, []).append(value)
    for column, words in wide.items():
        if len(words) * 2 > sum(column in record.values for record in records):
            message = (
                f"{name}: the column {column} holds words such as {words[0][:40]!r} where a code of "
                f"{widths[column]} is expected: this is a report about a release, not the release; "
                "import the file with the records"
            )
            raise SourceError(message)


def _is_unknown(column: str) -> bool:
    return bool(column) and column not in COLUMNS and column not in KEY_COLUMNS


def _unknown_column(name: str, line: int, column: str) -> Problem:
    message = f"the column {column[:40]!r} is none of CMS's and was passed over"
    return Problem(Severity.NOTE, message, name, f"line {line}", raw=column[:80])


def _pass_over(problems: list[Problem], name: str, line: int, cell: str) -> None:
    message = "the row holds no value of a known column and was passed over"
    problems.append(Problem(Severity.NOTE, message, name, f"line {line}", raw=cell[:80]))
    if len(problems) > OTHER_LINES.value:
        raise SourceError(f"{name}: too many of its rows are no records {OTHER_LINES.hint}")


def _require_columns(name: str, line: int, names: Sequence[str]) -> None:
    if len(names) > MOST_COLUMNS.value:
        raise SourceError(f"{name}, line {line}: {len(names):,} columns are too many {MOST_COLUMNS.hint}")
    twice = [column for column, count in Counter(names).items() if count > 1 and column in _NAMES.values()]
    if twice:
        raise SourceError(f"{name}, line {line}: the column {twice[0]} stands twice: keep one of them")


def _below(name: str, rows: Iterable[Row], header_line: int, width: int) -> Iterator[Row]:
    """Yield the rows below the header that hold something, none of which may be wider."""
    most = ROWS.value
    for line, cells in rows:
        if line > most:
            raise SourceError(f"{name}: it has more rows than a release has {ROWS.hint}")
        if line <= header_line or not any(cells):
            continue
        if len(cells) > width and any(cell.strip() for cell in cells[width:]):
            message = f"{name}, line {line}: more cells than the header: quote the commas in the descriptions"
            raise SourceError(message)
        yield line, cells
