"""Users' files -> their lists: CSV and its kin in any usual encoding, workbooks, codes on standard input.

A text is never held whole: each reading goes through the file anew. A workbook is, as its format wants it.
"""

from __future__ import annotations

import codecs
import csv
import io
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import chain, islice
from pathlib import Path
from typing import IO, Final

from tracker.errors import SourceError
from tracker.formats import spreadsheet
from tracker.formats.decoding import encoding_of
from tracker.formats.lines import bounded
from tracker.formats.unzip import DAMAGED, Zip
from tracker.limits import LINE_SIZE, LIST_SIZE, LIST_WORKBOOK_SIZE
from tracker.lists.codes import CodeShape
from tracker.lists.columns import code_columns
from tracker.lists.table import Row, UserList, table_of

Opener = Callable[[], IO[bytes]]

_BLOCK: Final = 1024 * 1024
_HEAD: Final = 256 * 1024
"""Bytes by which a file is known."""

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_OTHERS: Final = {
    b"%PDF": "a PDF",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7z file",
    b"\x89PNG": "an image",
    b"\xff\xd8\xff": "an image",
    b"GIF8": "an image",
    b"II*\0": "an image",
    b"MM\0*": "an image",
    b"PAR1": "a Parquet file",
    b"SQLite format 3": "a database",
    b"ISA*": "an X12 message",
}
_MARKUP: Final = re.compile(r"\s*<(?:!doctype|!--|html|head|body|meta|table|\?xml)", re.IGNORECASE)
_JSON: Final = re.compile(r"\s*\[?\s*\{")
_ACCEPTED: Final = "save the list as CSV or as a workbook (.xlsx)"

_DELIMITERS: Final = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "bars"}
_NO_DELIMITER: Final = "\x1f"
_SNIFFED: Final = 200
"""Rows by which the delimiter is found."""

_END: Final = "\x1a the end of the list"
"""A line that is put behind the last one: it comes back as a row unless a quote is still open."""

_LONG: Final = 6
"""Lines from which on a row is looked at for a quote that was never closed."""

_LONGEST: Final = 1000
_OLD_END: Final = "\x1a"
"""What old programs put at the end of a text."""


def open_list(path: Path, shape: CodeShape, sheet: str | None = None) -> UserList:
    """Open a file that holds a list.

    Args:
        path: the file. It has to stay as it is while the list is read.
        shape: what a code looks like: by it the sheet, the delimiter and the headings are found.
        sheet: the name of the sheet to read, None for the one with codes.

    Raises:
        SourceError: the file cannot be read, or is no list.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise SourceError(f"{path} is a folder: name the file in it")
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path} is no file, but a device or a pipe: write it to a file first")
        user_list = _open(path.name, status.st_size, lambda: _opened(path, status), shape, sheet)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    user_list = replace(user_list, require_unchanged=lambda: _opened(path, status).close())
    user_list.require_unchanged()
    return user_list


def _opened(path: Path, status: os.stat_result) -> IO[bytes]:
    """Open a file once more; it has to be the one that was there at first."""
    try:
        file = path.open("rb")
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
    if _identity(os.fstat(file.fileno())) != _identity(status):
        file.close()
        raise SourceError(f"{path.name} was changed while it was read: run the command again")
    return file


def _identity(status: os.stat_result) -> tuple[int, int, int]:
    return status.st_ino, status.st_size, status.st_mtime_ns


def read_list(stream: IO[bytes], shape: CodeShape, sheet: str | None = None) -> UserList:
    """Read a list from standard input, which is held in memory.

    Raises:
        SourceError: as `open_list`.
    """
    most = LIST_WORKBOOK_SIZE.value
    data = stream.read(most + 1)
    if len(data) > most:
        message = f"standard input has more than {most:,} bytes: write it to a file first {LIST_WORKBOOK_SIZE.hint}"
        raise SourceError(message)
    return _open("standard input", len(data), lambda: io.BytesIO(data), shape, sheet)


def _open(name: str, size: int, opener: Opener, shape: CodeShape, sheet: str | None) -> UserList:
    with opener() as file:
        head = file.read(_HEAD)
    if not head.strip():
        raise SourceError(f"{name} is empty: there is nothing to look up")
    for magic, what in _OTHERS.items():
        if head.startswith(magic):
            raise SourceError(f"{name} is {what}: {_ACCEPTED}")
    is_workbook = head.startswith((_ZIP, _OLE))
    limit = LIST_WORKBOOK_SIZE if is_workbook else LIST_SIZE
    if size > limit.value:
        raise SourceError(f"{name}: {size:,} bytes are more than can be read: split the list {limit.hint}")
    if not is_workbook:
        if sheet is not None:
            raise SourceError(f"{name} is no workbook and has no sheets: leave out --sheet")
        return _open_text(name, head, opener, shape)
    with opener() as file:
        data = file.read()
    if data.startswith(_ZIP) and not _is_office_document(name, data):
        raise SourceError(f"{name} is a zip: unpack it and name the file in it")
    return _open_workbook(name, data, shape, sheet)


def _is_office_document(name: str, data: bytes) -> bool:
    try:
        return not {"[Content_Types].xml", "mimetype"}.isdisjoint(Zip(name, data, LIST_WORKBOOK_SIZE).names())
    except DAMAGED:
        return True  # which the workbook's reader has a better sentence for


# ---------------------------------------------------------------- workbooks


def _open_workbook(name: str, data: bytes, shape: CodeShape, wanted: str | None) -> UserList:
    sheets = spreadsheet.open_sheets(name, data, LIST_WORKBOOK_SIZE)
    if wanted is not None:
        named = [sheet for sheet in sheets if sheet.name.casefold() == wanted.strip().casefold()]
        if not named:
            names = ", ".join(repr(sheet.name) for sheet in sheets)
            raise SourceError(f"{name} has no sheet {wanted!r}: say --sheet with one of {names}")
        sheets = named
    tables = [
        (sheet, table) for sheet in sheets if (table := table_of(name, sheet.rows, shape, _said_of(sheet, len(sheets))))
    ]
    if not tables:
        raise SourceError(f"{name} has no rows below its headings: there is nothing to look up")
    with_codes = [(sheet, table) for sheet, table in tables if code_columns(table, shape)]
    shown = [(sheet, table) for sheet, table in with_codes or tables if not sheet.hidden]
    if with_codes and len(shown or with_codes) > 1:
        names = " and ".join(repr(sheet.name) for sheet, _ in (shown or with_codes))
        raise SourceError(f"{name}: the sheets {names} hold codes: say with --sheet which is meant")
    return (shown or with_codes or tables)[0][1]


def _said_of(sheet: spreadsheet.Sheet, number: int) -> list[str]:
    hidden = " hidden" if sheet.hidden else ""
    return [f"the{hidden} sheet {sheet.name!r} was read, one of {number}"] if number > 1 or hidden else []


# ---------------------------------------------------------------- texts


def _open_text(name: str, head: bytes, opener: Opener, shape: CodeShape) -> UserList:
    encoding = _encoding(name, head, opener)
    start = codecs.getincrementaldecoder(encoding)("replace").decode(head)
    if _MARKUP.match(start):
        raise SourceError(f"{name} is a web page or XML, whatever its name says: open it in Excel, and {_ACCEPTED}")
    if _JSON.match(start):
        raise SourceError(f"{name} is JSON: {_ACCEPTED}")
    if len(head) == _HEAD:
        whole = max(start.rfind("\n"), start.rfind("\r")) + 1
        if not whole:
            raise SourceError(f"{name} has no line end in its first {_HEAD:,} bytes, which no list has: {_ACCEPTED}")
        start = start[:whole]
    delimiter, width = _delimiter(start, shape)

    def read() -> Iterator[Row]:
        with opener() as file, io.TextIOWrapper(file, encoding, "replace", newline="") as lines:
            yield from _rows(name, lines, delimiter, width, shape)

    def plain() -> Iterator[Sequence[str]]:
        with opener() as file, io.TextIOWrapper(file, encoding, "replace", newline="") as lines:
            yield from csv.reader(lines, delimiter=delimiter)

    remarks = []
    if encoding not in ("utf-8", "utf-8-sig"):
        shown = "Windows-1252" if encoding == "cp1252" else "UTF-16"
        remarks.append(f"it was read as {shown} text")
    if delimiter in _DELIMITERS and delimiter != ",":
        remarks.append(f"its columns are parted by {_DELIMITERS[delimiter]}")
    table = table_of(name, read, shape, remarks, plain)
    if table is None:
        raise SourceError(f"{name} has no rows below its headings: there is nothing to look up")
    return table


def _encoding(name: str, head: bytes, opener: Opener) -> str:
    """Return the encoding of a text, of which all has to be seen.

    Raises:
        SourceError: it is no text.
    """
    encoding = encoding_of([head])
    if encoding == "utf-16":
        return _with_lines(name, encoding, opener)
    if b"\0" in head:
        for zeros, letters, unmarked in ((1, 0, "utf-16-le"), (0, 1, "utf-16-be")):
            if head[zeros::2].count(0) * 10 > len(head[zeros::2]) * 9 and b"\0" not in head[letters::2]:
                return _with_lines(name, unmarked, opener)
    with opener() as file:
        return encoding_of(_blocks(name, file))


def _with_lines(name: str, encoding: str, opener: Opener) -> str:
    """Return an encoding in which every line of a text has an end; `_blocks` sees that of the others."""
    with opener() as file, io.TextIOWrapper(file, encoding, "replace", newline="") as lines:
        for _ in bounded(name, lines, LINE_SIZE):
            pass
    return encoding


def _blocks(name: str, file: IO[bytes]) -> Iterator[bytes]:
    place = line = 0
    most = LINE_SIZE.value
    while block := file.read(_BLOCK):
        if (zero := block.find(b"\0")) >= 0:
            raise SourceError(f"{name} is no text (byte {place + zero + 1:,} is zero): {_ACCEPTED}")
        end = max(block.rfind(b"\n"), block.rfind(b"\r"))
        line = line + len(block) if end < 0 else len(block) - end
        if line > most:
            raise SourceError(
                f"{name} has no line end in the {line:,} bytes before byte {place + len(block):,}, and every list has: "
                f"{_ACCEPTED} {LINE_SIZE.hint}"
            )
        yield block
        place += len(block)


def _delimiter(start: str, shape: CodeShape) -> tuple[str, int]:
    """Return what parts the columns, by the first lines, and how many columns most of these have.

    It is what most often sets a code free, and then what gives most rows the same number of columns.
    """
    best, best_score, width = _NO_DELIMITER, (0, 0, 0), 1
    for delimiter in _DELIMITERS:
        rows: list[list[str]] = []
        with suppress(csv.Error):
            rows.extend(islice(filter(any, csv.reader(io.StringIO(start, newline=""), delimiter=delimiter)), _SNIFFED))
        if len(rows) == 1 and all(shape.read(cell.strip().upper()) for cell in rows[0]):
            continue  # codes in one line
        usual, agreeing = Counter(map(len, rows)).most_common(1)[0] if rows else (1, 0)
        if max(map(len, rows), default=1) == 1:
            continue
        coded = sum(any(shape.read(cell.strip().upper()) for cell in row) for row in rows)
        score = (coded, agreeing if usual > 1 else 0, usual)
        if score > best_score:
            best, best_score, width = delimiter, score, usual
    return best, width


def _rows(name: str, lines: IO[str], delimiter: str, width: int, shape: CodeShape) -> Iterator[tuple[int, list[str]]]:
    """Yield the rows that are not blank, each with the number of its first line.

    Raises:
        SourceError: a quote is never closed, or a cell has more characters than Python's csv allows, which are four
            times as many as Excel's can have.
    """
    reader = csv.reader(chain(lines, (_END,)), delimiter=delimiter)
    number, before = 1, 0
    try:
        for cells in reader:
            number, before = before + 1, reader.line_num
            if before > number and _is_swallowed(cells, before - number, delimiter, width, shape):
                break
            if cells == [_END]:
                return
            if any(cells) and cells != [_OLD_END]:
                yield number, cells
    except csv.Error as error:
        message = f"{name}, row {before + 1:,}: a cell has more than {csv.field_size_limit():,} characters"
        raise SourceError(f"{message}, or a quote that opens there is never closed: correct the row") from error
    raise SourceError(f"{name}, row {number:,}: a quote that opens there is never closed: close it, or double it")


def _is_swallowed(cells: Sequence[str], lines: int, delimiter: str, width: int, shape: CodeShape) -> bool:
    """Whether a cell of many lines is made of rows, because its quote was never closed.

    In a cell of few lines these have to hold codes, for it may be an address.
    """
    inner = max(cells, key=len).splitlines()[1:]
    if lines < _LONG:
        rows = [line.split(delimiter) for line in inner if line.count(delimiter) == width - 1 > 0]
        coded = [row for row in rows if any(shape.read(cell.strip(' "').upper()) for cell in row)]
        return len(coded) * 2 > len(inner)
    if lines >= _LONGEST or delimiter == _NO_DELIMITER:
        return True
    inner = inner[:-1]
    return sum(line.count(delimiter) >= width - 1 for line in inner) * 2 > len(inner)
