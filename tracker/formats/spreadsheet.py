"""Workbooks (`.xlsx`, and the old `.xls`): the rows of their sheets, whatever is in them.

calamine lays a sheet out as a full rectangle, copies a shared text into each cell that refers to it, and shows no error
and no formula that was never calculated. It asks for memory until the process ends. So the parts of an `.xlsx` are
looked at before: quickly for cells of the usual kinds, and cell by cell where there are others; and what was looked at
is all that calamine gets. An `.xls` is read in a process of its own (`old_workbook`).
"""

from __future__ import annotations

import io
import re
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, repeat
from typing import Final, Protocol, TypeAlias, TypeVar
from xml.parsers import expat

from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from tracker.errors import SourceError
from tracker.formats import old_workbook
from tracker.formats.cells import Cell, letter
from tracker.formats.unzip import DAMAGED, Zip
from tracker.limits import CELLS, UNPACKED_SIZE, Limit

T = TypeVar("T")
Row: TypeAlias = tuple[int, Sequence[T]]
"""The one-based number of a row, and its cells."""

Lost = Mapping[int, Mapping[int, str]]
"""One-based row and zero-based column of a cell that calamine shows as blank -> its error or formula."""

_BOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_STRINGS: Final = "xl/sharedstrings.xml"
_STYLES: Final = "xl/styles.xml"
_TAG: Final = 1024 * 1024
"""Bytes that a cell has at most, tags and all."""

_HEAD: Final = 4096
"""Bytes in which the first element of a part mostly stands."""

_WORD: Final = 16
"""Bytes of the longest word that is looked for in XML."""

_ROOT: Final = (
    b'<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" '
    b'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" '
    b'Target="xl/workbook.xml"/></Relationships>'
)
"""What says where the workbook is: always there."""

_XLS: Final = b"\xd0\xcf\x11\xe0"
_PROTECTED: Final = "EncryptedPackage".encode("utf-16-le")
_TEXT: Final = 32_767
"""Characters of the longest text that Excel lets a cell have."""


def _outside(reach: bytes) -> re.Pattern[bytes]:
    """Return what finds a cell that is not of the usual kinds, or lies outside of a reach."""
    return re.compile(
        rb"<c(?!"
        rb' r="' + reach + rb'"'
        rb'(?: s="\d++")?+(?: t="(?:[bdns]|inlineStr)")?+'  # no error, and no text that a formula came to
        rb"(?:/>|><[vi])"  # no formula
        rb")[\s>/]"
    )


_SHAPES: Final = (
    (
        (_outside(rb"[A-Z]\d{1,3}"), 26 * 999),
        (_outside(rb"[A-C]?[A-Z]\d{1,4}"), 104 * 9_999),
        (_outside(rb"[A-C]?[A-Z]\d{1,5}"), 104 * 99_999),
    ),
    ((_outside(rb"[A-P](?:\d{1,6}|10[0-4]\d{4})"), 16 * 1_049_999),),
)
"""Reaches by which a sheet is quickly known, each with its cells: wide ones, each within the next, and a long one."""

_PREFIXED: Final = re.compile(rb":c[\s>/]")
"""What may be a cell with a namespace's prefix, which is unusual too."""

_SHARED: Final = re.compile(rb't="s"><v>(\d{1,9})</v>')
_REFERENCE: Final = re.compile(r"([A-Za-z]+)([0-9]+)")


class Laid(Protocol):
    """A sheet as calamine lays it out: the first and the last cell, and the rows between them."""

    @property
    def start(self) -> tuple[int, int] | None:
        """The zero-based row and column of the first cell."""

    @property
    def end(self) -> tuple[int, int] | None:
        """Those of the last one."""

    def iter_rows(self) -> Iterator[list[Cell]]:
        """Yield the rows."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of cells. `hidden`: Excel does not show it."""

    name: str
    hidden: bool
    _cells: Laid
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

    def shown(self, shown: Callable[[Cell], T]) -> Iterator[Row[str | T]]:
        """Yield the rows, with what is to be made of a cell that holds no text: `cells.text`, or anything else."""
        for line, row in self.rows():
            yield line, [cell if isinstance(cell, str) else shown(cell) for cell in row]


def open_sheets(name: str, data: bytes, size: Limit = UNPACKED_SIZE) -> list[Sheet]:
    """Return all sheets of a workbook, hidden ones too.

    Args:
        name: the file's name, for messages.
        data: its content.
        size: the most bytes that it may unpack to.

    Raises:
        SourceError: the file is no workbook, is protected, or far too large.
    """
    try:
        if data.startswith(_XLS):
            if _PROTECTED in data:
                raise SourceError(f"{name} is protected by a password: save it without one")  # noqa: TRY301
            return [Sheet(sheet.name, sheet.hidden, sheet, {}) for sheet in old_workbook.read(name, data)]
        lost, number, proven = _look(name, data, size)
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(proven))
        if len(workbook.sheets_metadata) != number:
            raise ValueError("its list of sheets can be read in two ways")  # noqa: TRY301
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
    return {sheet.name: list(sheet.shown(shown)) for sheet in open_sheets(name, data)}


def _look(name: str, data: bytes, size: Limit) -> tuple[dict[str, Lost], int, bytes]:
    """Look at an `.xlsx` before calamine does.

    Returns:
        For each sheet what calamine will not show; the number of sheets; a workbook of the parts that were looked at.

    Raises:
        SourceError: the sheets are too large to be laid out, or the whole is.
    """
    book = Zip(name, data, size)
    parts = {part.replace("\\", "/").lower(): part for part in book.names()}
    if _BOOK not in parts:
        raise SourceError(f"{name} is an office document and no .xlsx: save the records as .xlsx")
    sheets = _sheet_parts(book.read(parts[_BOOK]), book.read(parts[_RELATIONS]))
    for twice in zip(*sheets, strict=True):
        if len({*twice}) < len(twice):
            raise SourceError(f"{name}: two sheets of the workbook are one: save it anew in Excel")
    strings = _Strings(book, parts.get(_STRINGS))
    lost: dict[str, Lost] = {}
    cells, text = CELLS.value, size.value
    for sheet, part in sheets:
        found: _Usual | _Cells | None = _quickly(book, parts[part.lower()])
        if found is None or found.cells > cells:
            found = _Cells(book.blocks(parts[part.lower()]))
            if found.cells > cells:
                reach = f"column {letter(found.columns - 1)} and row {found.rows:,}"
                message = f"{name}: the sheet {sheet!r} reaches to {reach}, too far for a list of codes"
                raise SourceError(f"{message}: delete the cells far from the records {CELLS.hint}")
            lost[sheet] = found.lost
        cells -= found.cells
        text -= strings.told(book.blocks(parts[part.lower()]), found.shared, text)
        if text < 0:
            raise SourceError(f"{name}: the texts of the sheet {sheet!r} are more than a list of codes has {size.hint}")
    if _STYLES in parts:
        book.read(parts[_STYLES])
    kept = [part for lower, part in parts.items() if lower in {_BOOK, _RELATIONS, _STRINGS, _STYLES}]
    return (
        lost,
        len(sheets),
        book.packed_again([*kept, *(parts[part.lower()] for _, part in sheets)], {"_rels/.rels": _ROOT}),
    )


def _sheet_parts(book: bytes, relations: bytes) -> list[tuple[str, str]]:
    """Return the sheets' names and the parts of the file that hold them, found as calamine finds them."""
    targets = {row["Id"]: row["Target"] for row in _elements(relations, "Relationship")}
    return [
        (row["name"], "xl/" + targets[relation].removeprefix("/").removeprefix("xl/"))
        for row in _elements(book, "sheet")
        for relation in (value for key, value in row.items() if _local(key) == "id")
    ]


@dataclass(frozen=True, slots=True)
class _Usual:
    """What is known of a sheet whose cells are all of the usual kinds: the most cells that its rectangle has."""

    cells: int
    shared: int
    lost: Lost


def _quickly(book: Zip, part: str) -> _Usual | None:
    """Return what is known of a sheet without looking at each of its cells; None if there are unusual ones."""
    return next((found for shapes in _SHAPES if (found := _within(book.blocks(part), iter(shapes)))), None)


def _within(blocks: Iterable[bytes], shapes: Iterator[tuple[re.Pattern[bytes], int]]) -> _Usual | None:
    """Return what is known of a sheet that lies within the last of some shapes. Blocks are faster than the whole."""
    rest, known, shared = b"", False, 0
    outside, cells = next(shapes)
    for block in chain(blocks, (b"",)):
        text = rest + block
        known = known or b"<sheetData" in text
        last = text.rfind(b"<c") if block else -1
        end = len(text) if last < 0 else last
        while outside.search(text, 0, end):
            following = next(shapes, None)
            if following is None:
                return None
            outside, cells = following
        shared += text.count(b' t="s"', 0, end)
        rest = text[-_WORD:] if last < 0 else text[last:]
        if b"<!DOCTYPE" in text or _PREFIXED.search(text) or len(rest) > _TAG + len(block):
            return None
    return _Usual(cells, shared, {}) if known else None


class _Strings:
    """The texts that the cells of a workbook share, of which calamine makes a copy for each cell."""

    def __init__(self, book: Zip, part: str | None) -> None:
        self._book = book
        self._part = part
        self.longest = 0
        """Bytes of the longest, at most."""
        size = rest = 0
        for block in self._blocks():
            size += len(block)
            first, *others = map(len, block.split(b"</si>"))
            self.longest = max(self.longest, rest + first, *others)
            rest = others[-1] if others else rest + first
        if self._counted() > size // 4:  # calamine asks for the memory of all that are counted
            raise ValueError("it counts more shared texts than it has")

    def _blocks(self) -> Iterable[bytes]:
        return self._book.blocks(self._part) if self._part else ()

    def _counted(self) -> int:
        """Return how many texts there are, as the begin of their part tells."""
        counted: list[str] = []
        parser = _parser()
        parser.StartElementHandler = lambda tag, values: (
            counted.append(values.get("uniqueCount", "")) if _local(tag) == "sst" else None
        )
        for block in self._blocks():
            for place in range(0, len(block), _HEAD):
                parser.Parse(block[place : place + _HEAD], False)  # noqa: FBT003 - it takes no keyword
                if counted:
                    return int(counted[0]) if counted[0].isdecimal() else 0
        return 0

    def told(self, blocks: Iterable[bytes], number: int, most: int) -> int:
        """Return how many bytes a sheet's cells copy, at most; looked at closely if `number` copies may be too many."""
        if number * self.longest <= most:
            return number * self.longest
        found: Counter[bytes] = Counter()
        rest = b""
        for block in chain(blocks, (b"",)):
            text = rest + block
            end = max(text.rfind(b"<c"), 0) if block else len(text)
            found.update(_SHARED.findall(text, 0, end))
            rest = text[max(end, len(text) - _TAG) :]
        lengths = self._lengths
        copied = sum(
            times * (lengths[place] if place < len(lengths) else self.longest)
            for place, times in zip(map(int, found), found.values(), strict=True)
        )
        return copied + max(number - found.total(), 0) * self.longest

    @cached_property
    def _lengths(self) -> array[int]:
        """The bytes of each text, at most."""
        xml = b"".join(self._blocks())
        pieces = xml.split(b"</si>")[:-1]
        if xml.count(b"<si") == len(pieces) == sum(b"<t" in piece for piece in pieces) and not any(
            word in xml for word in (b"<si/", b":si", b"<rPh", b"<!")
        ):
            return array("q", map(len, pieces))
        return self._counted_lengths(xml)

    def _counted_lengths(self, xml: bytes) -> array[int]:
        """Return the bytes of each text; where calamine may count them otherwise, as many as the longest has."""
        lengths = array("q")
        filled = spoken = 0

        def start(tag: str, _: object) -> None:
            nonlocal filled, spoken
            name = _local(tag)
            spoken += name == "rPh"  # how a text is spoken, which is no part of it
            if name == "si":
                filled = len(lengths)
                lengths.append(0)
            elif name == "t" and not spoken:
                filled = len(lengths)

        def end(tag: str) -> None:
            nonlocal spoken
            name = _local(tag)
            spoken -= name == "rPh"
            if name == "si" and filled < len(lengths):
                lengths[-1] = -1

        def text(text: str) -> None:
            if lengths and lengths[-1] >= 0:
                lengths[-1] += len(text.encode())

        parser = _parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, text
        _parse(parser, (xml,))
        return array("q", [self.longest]) * len(lengths) if -1 in lengths else lengths


def _parser() -> expat.XMLParserType:
    """Return a parser that refuses what no workbook has, and bombs are made of: entities of its own."""
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = _refuse_document_type
    return parser


def _refuse_document_type(*_: object) -> None:
    raise ValueError("it declares a document type, which no workbook does")


def _parse(parser: expat.XMLParserType, blocks: Iterable[bytes]) -> None:
    for block in blocks:
        parser.Parse(block, False)  # noqa: FBT003 - it takes no keyword
    parser.Parse(b"", True)  # noqa: FBT003


def _elements(xml: bytes, name: str) -> list[dict[str, str]]:
    """Return the attributes of all elements of a name."""
    found: list[dict[str, str]] = []
    parser = _parser()
    parser.StartElementHandler = lambda tag, values: found.append(values) if _local(tag) == name else None
    _parse(parser, (xml,))
    return found


class _Cells:
    """The cells of one sheet: how far they reach, how many are of a shared text, which lost their value.

    Lost: an error, or a formula that was never calculated.
    """

    def __init__(self, blocks: Iterable[bytes]) -> None:
        self.rows = self.columns = self.shared = 0
        self.lost: dict[int, dict[int, str]] = {}
        self._row = self._column = 0
        self._at = (0, 0)
        self._type = self._inside = ""
        self._texts: dict[str, str] = {}
        parser = _parser()
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text
        _parse(parser, blocks)

    @property
    def cells(self) -> int:
        """The cells of the rectangle that they make."""
        return self.rows * self.columns

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
        if self._inside in ("f", "v") and len(self._texts[self._inside]) < _TEXT:
            self._texts[self._inside] += text

    def _end(self, tag: str) -> None:
        self._inside = ""
        if _local(tag) != "c" or not self._texts:
            return
        self.rows, self.columns = max(self.rows, self._at[0]), max(self.columns, self._at[1])
        self.shared += self._type == "s"
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
