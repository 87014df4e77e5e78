"""Workbooks (`.xlsx`, and the old `.xls`): the rows of their sheets, whatever is in them.

calamine lays a sheet out as a full rectangle and shows no error and no formula that was never calculated. So
the parts of an `.xlsx` are looked at before: quickly for cells of the usual kinds, and cell by cell where there
are others.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, repeat
from typing import IO, Final, TypeAlias, TypeVar
from xml.parsers import expat

from python_calamine import CalamineError, CalamineSheet, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tracker.errors import SourceError
from tracker.formats.cells import Cell, letter
from tracker.formats.unzip import DAMAGED, SIZE

T = TypeVar("T")
Row: TypeAlias = tuple[int, Sequence[T]]
"""The one-based number of a row, and its cells."""

Lost = Mapping[int, Mapping[int, str]]
"""One-based row and zero-based column of a cell that calamine shows as blank -> its error or formula."""

_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_BLOCK: Final = 1024 * 1024
_XLS: Final = b"\xd0\xcf\x11\xe0"
_PROTECTED: Final = "EncryptedPackage".encode("utf-16-le")
_CELLS: Final = 16 * 1_049_999
"""Cells of the largest sheet: as many as the quick look lets pass. A release of CMS has 424,656, a list of a million
rows may have 16 columns; calamine needs 32 bytes for each."""

_UNUSUAL: Final = tuple(
    re.compile(
        rb"<c(?!"
        rb' r="' + reach + rb'"'
        rb'(?: s="\d++")?+(?: t="(?:[bdns]|inlineStr)")?+'  # no error, and no text that a formula came to
        rb"(?:/>|><[vi])"  # no formula
        rb")[\s>/]"
    )
    for reach in (
        rb"[A-C]?[A-Z]\d{1,5}",  # up to column CZ and row 99,999
        rb"[A-P](?:\d{1,6}|10[0-4]\d{4})",  # up to column P and row 1,049,999
    )
)
"""What finds a cell that is not of the usual kinds, or lies outside of what a list reaches to: wide, or long."""

_REFERENCE: Final = re.compile(r"([A-Za-z]+)([0-9]+)")


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of cells. `hidden`: Excel does not show it."""

    name: str
    hidden: bool
    _cells: CalamineSheet
    _lost: Lost

    def rows(self) -> Iterator[Row[Cell]]:
        """Yield the rows anew at each call, as wide as the sheet; empty rows left out."""
        begin, end = self._cells.start or (0, 0), self._cells.end or (-1, -1)  # both zero-based
        before: list[Cell] = [""] * begin[1]
        last = max((end[0] + 1, *self._lost))
        laid_out: Iterator[list[Cell]] = chain(self._cells.iter_rows(), repeat([]))
        for line, cells in zip(range(1, last + 1), laid_out, strict=False):
            row = before + cells if before and cells else cells
            for column, text in self._lost.get(line, {}).items():
                row = [*row, *[""] * (column + 1 - len(row))]
                row[column] = text
            if row.count("") < len(row):
                yield line, row


def open_sheets(name: str, data: bytes, size: int = SIZE) -> list[Sheet]:
    """Return all sheets of a workbook, hidden ones too.

    Args:
        name: the file's name, for messages.
        data: its content.
        size: the most bytes that it may unpack to.

    Raises:
        SourceError: the file is no workbook, is protected, or far too large.
    """
    if data.startswith(_XLS) and _PROTECTED in data:
        raise SourceError(f"{name} is protected by a password: save it without one")
    try:
        lost = {} if data.startswith(_XLS) else _look(name, data, size)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        return [
            Sheet(
                sheet.name,
                sheet.visible is not SheetVisibleEnum.Visible,
                workbook.get_sheet_by_name(sheet.name),
                lost.get(sheet.name, {}),
            )
            for sheet in workbook.sheets_metadata
            if sheet.typ is SheetTypeEnum.WorkSheet
        ]
    except BaseException as error:
        # A damaged file can make calamine's Rust panic, which reaches Python as a BaseException without a home.
        known = isinstance(error, (CalamineError, expat.ExpatError, KeyError, *DAMAGED))
        if not known and type(error).__name__ != "PanicException":
            raise
        message = f"{name}: the workbook cannot be read ({error}): is it whole, and without a password?"
        raise SourceError(message) from error


def sheets(name: str, data: bytes, shown: Callable[[Cell], T]) -> dict[str, list[Row[str | T]]]:
    """Return the rows of all sheets, hidden ones too; empty rows left out.

    Args:
        name: the file's name, for messages.
        data: its content.
        shown: what to make of a cell that holds no text: `cells.text`, or anything else.

    Raises:
        SourceError: as `open_sheets`.
    """
    return {
        sheet.name: [
            (line, [cell if isinstance(cell, str) else shown(cell) for cell in row]) for line, row in sheet.rows()
        ]
        for sheet in open_sheets(name, data)
    }


def _look(name: str, data: bytes, limit: int) -> dict[str, Lost]:
    """Look at the sheets of an `.xlsx` before calamine does, and return for each what calamine will not show.

    Raises:
        SourceError: a sheet is too large to be laid out, or the whole is.
    """
    lost: dict[str, Lost] = {}
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        size = sum(part.file_size for part in book.infolist())
        if size > limit:
            raise SourceError(f"{name} would unpack to {size:,} bytes, more than a list of codes has")
        parts = {part.replace("\\", "/").lower(): part for part in book.namelist()}
        if _BOOK not in parts:
            raise SourceError(f"{name} is an office document and no .xlsx: save the records as .xlsx")
        for sheet, part in _sheet_parts(book.read(parts[_BOOK]), book.read(parts[_RELATIONS])).items():
            if any(_is_usual(book, parts[part.lower()], unusual) for unusual in _UNUSUAL):
                continue
            with book.open(parts[part.lower()]) as xml:
                cells = _Cells(xml)
            if cells.rows * cells.columns > _CELLS:
                reach = f"column {letter(cells.columns - 1)} and row {cells.rows:,}"
                message = f"{name}: the sheet {sheet!r} reaches to {reach}, too far for a list of codes"
                raise SourceError(f"{message}: delete the cells far from the records")
            lost[sheet] = cells.lost
    return lost


def _sheet_parts(book: bytes, relations: bytes) -> dict[str, str]:
    """Return the sheets' names and the parts of the file that hold them, found as calamine finds them."""
    targets = {row["Id"]: row["Target"] for row in _elements(relations, "Relationship")}
    return {
        row["name"]: "xl/" + targets[relation].removeprefix("/").removeprefix("xl/")
        for row in _elements(book, "sheet")
        for relation in (value for key, value in row.items() if _local(key) == "id")
    }


def _is_usual(book: zipfile.ZipFile, part: str, unusual: re.Pattern[bytes]) -> bool:
    """Whether all cells of a sheet are of the usual kinds. Read in blocks, which is faster than at once."""
    rest, known = b"", False
    with book.open(part) as xml:
        while block := xml.read(_BLOCK):
            text = rest + block
            known = known or b"<sheetData" in text
            end = max(text.rfind(b"<c"), 0)
            if unusual.search(text, 0, end):
                return False
            rest = text[end:]
    return known and not unusual.search(rest)


def _elements(xml: bytes, name: str) -> list[dict[str, str]]:
    """Return the attributes of all elements of a name."""
    found: list[dict[str, str]] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda tag, values: found.append(values) if _local(tag) == name else None
    parser.ParseFile(io.BytesIO(xml))
    return found


class _Cells:
    """The cells of one sheet: how far they reach, and which hold an error or a formula that was never calculated."""

    def __init__(self, xml: IO[bytes]) -> None:
        self.rows = self.columns = 0
        self.lost: dict[int, dict[int, str]] = {}
        self._row = self._column = 0
        self._at = (0, 0)
        self._type = self._inside = ""
        self._texts: dict[str, str] = {}
        parser = expat.ParserCreate()
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        parser.ParseFile(xml)

    def _start(self, tag: str, values: dict[str, str]) -> None:
        self._inside = _local(tag)
        if self._inside == "row":
            self._row = int(values.get("r", self._row + 1))
            self._column = 0
        elif self._inside == "c":
            reference = _REFERENCE.fullmatch(values.get("r", ""))
            self._column = _number(reference[1]) if reference else self._column + 1
            self._at = (int(reference[2]) if reference else self._row, self._column)
            self._type = values.get("t", "")
            self._texts = {}
        else:
            self._texts[self._inside] = ""

    def _text(self, text: str) -> None:
        if self._inside in ("f", "v"):
            self._texts[self._inside] += text

    def _end(self, tag: str) -> None:
        self._inside = ""
        if _local(tag) != "c" or not self._texts:
            return
        self.rows, self.columns = max(self.rows, self._at[0]), max(self.columns, self._at[1])
        value = self._texts.get("v")
        if self._type == "e":
            self._lose(value or "#N/A")
        elif "f" in self._texts and not value and (value is None or self._type != "str"):  # a text may come to nothing
            self._lose("=" + self._texts["f"])

    def _lose(self, text: str) -> None:
        row, column = self._at
        self.lost.setdefault(row, {})[column - 1] = text


def _local(tag: str) -> str:
    return tag.rpartition(":")[2]


def _number(letters: str) -> int:
    """Return the one-based number of a column: A -> 1, AA -> 27."""
    number = 0
    for character in letters.upper():
        number = number * 26 + ord(character) - ord("A") + 1
    return number
