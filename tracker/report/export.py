"""Tables for other programs to read: Parquet, CSV, JSON Lines and XLSX, written batch by batch.

In Parquet and JSON Lines a repeated field is a list, in CSV and XLSX one text, its values parted by `; `. Days are
days in Parquet and XLSX, ISO texts in the others. The same table gives the same bytes.

Parquet and JSON Lines hold the texts themselves: nothing opens them that runs what it reads. A CSV is opened by a
spreadsheet sooner or later, so there a text that may be taken for a formula is led by an apostrophe, as in the CSV of
every other command; a workbook's cells are texts by themselves, and what is hidden in them is shown as in a report.
"""

from __future__ import annotations

import io
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time
from enum import StrEnum
from itertools import islice
from typing import TYPE_CHECKING, Final, TypeAlias

from tracker.errors import TrackerError
from tracker.model import ExportFormat
from tracker.report.table import CsvLines, guarded, to_bytes
from tracker.report.view import visible

if TYPE_CHECKING:
    import pyarrow as pa
    from xlsxwriter.worksheet import Worksheet

Cell: TypeAlias = str | int | bool | date | tuple[str, ...] | None

BATCH: Final = 10_000
"""Rows that are held in memory at once, and make a row group in Parquet."""


class Sort(StrEnum):
    """What the cells of a column are."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    DAY = "day"
    YES_OR_NO = "yes or no"


@dataclass(frozen=True, slots=True)
class Table:
    """Named columns, rows that are made while they are written, and what Parquet is to say of them.

    `title` names a workbook's sheet, `day` is the one that its properties show.
    """

    title: str
    day: date
    columns: Mapping[str, Sort]
    rows: Iterable[Sequence[Cell]]
    metadata: Mapping[str, str] = field(default_factory=dict)


def render(table: Table, wanted: ExportFormat) -> Iterator[bytes]:
    """Yield a table as a file, piece by piece.

    Raises:
        TrackerError: Parquet is wanted, and pyarrow is not installed.
    """
    renderers = {
        ExportFormat.PARQUET: _parquet,
        ExportFormat.CSV: _csv,
        ExportFormat.JSONL: _jsonl,
        ExportFormat.XLSX: _xlsx,
    }
    return renderers[wanted](table)


def _batches(rows: Iterable[Sequence[Cell]]) -> Iterator[list[Sequence[Cell]]]:
    rows = iter(rows)
    while batch := list(islice(rows, BATCH)):
        yield batch


def _csv(table: Table) -> Iterator[bytes]:
    writer = CsvLines()
    yield to_bytes(f"{writer.line(table.columns)}\n")
    for batch in _batches(table.rows):
        lines = writer.lines([guarded(_text(cell)) for cell in row] for row in batch)
        yield to_bytes("".join(f"{line}\n" for line in lines))


def _text(cell: Cell) -> str:
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, tuple):
        return "; ".join(cell)
    return "" if cell is None else str(cell)


def _jsonl(table: Table) -> Iterator[bytes]:
    encode = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"), default=str).encode
    for batch in _batches(table.rows):
        yield to_bytes("".join(f"{encode(dict(zip(table.columns, row, strict=True)))}\n" for row in batch))


def _parquet(table: Table) -> Iterator[bytes]:
    try:
        import pyarrow as pa
        from pyarrow import parquet
    except ModuleNotFoundError as error:
        raise TrackerError(
            f"Parquet needs the package {error.name}, which tracker[arrow] brings: pip install 'tracker[arrow]'"
        ) from error
    types: dict[Sort, pa.DataType] = {
        Sort.TEXT: pa.string(),
        Sort.TEXTS: pa.list_(pa.string()),
        Sort.NUMBER: pa.int32(),
        Sort.DAY: pa.date32(),
        Sort.YES_OR_NO: pa.bool_(),
    }
    schema = pa.schema([(name, types[sort]) for name, sort in table.columns.items()], metadata=dict(table.metadata))
    written = io.BytesIO()
    with parquet.ParquetWriter(_Behind(written), schema) as writer:
        for batch in _batches(table.rows):
            cells = zip(*batch, strict=True)
            arrays = [
                pa.array(map(_day, column) if sort is Sort.DAY else column, types[sort])
                for column, sort in zip(cells, table.columns.values(), strict=True)
            ]
            writer.write_batch(pa.record_batch(arrays, schema=schema))
            yield _taken(written)
    yield _taken(written)


class _Behind(io.RawIOBase):
    """A file that is taken away while it is written, and remembers how long it was."""

    def __init__(self, pieces: io.BytesIO) -> None:
        self._pieces = pieces
        self._length = 0

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override]  # all that is written here are bytes
        self._length += len(data)
        return self._pieces.write(data)

    def tell(self) -> int:
        return self._length


def _taken(pieces: io.BytesIO) -> bytes:
    data = pieces.getvalue()
    pieces.seek(0)
    pieces.truncate()
    return data


def _day(cell: Cell) -> Cell:
    """Return a day; what stands in its place and is none, as a publisher's slip, has no place in a column of days."""
    return cell if isinstance(cell, date) else None


def _xlsx(table: Table) -> Iterator[bytes]:
    from tracker.report import workbook as w

    data = io.BytesIO()
    with w.long_book(data) as book:
        book.set_properties({"title": table.title, "author": "tracker", "created": datetime.combine(table.day, time())})
        header, day = book.add_format({**w.FONT, "bold": True}), book.add_format({**w.FONT, "num_format": "yyyy-mm-dd"})
        styles, names = w.styles_of(book, {"text": w.FONT}), w.Names()

        def new_sheet() -> Worksheet:
            sheet = w.add_sheet(book, names(table.title), table.title)
            sheet.write_row(0, 0, list(table.columns), header)
            sheet.freeze_panes(1, 0)
            return sheet

        sheet, place = new_sheet(), 0
        for row in table.rows:
            if place == w.MOST_ROWS:
                sheet, place = new_sheet(), 0
            place += 1
            for column, cell in enumerate(row):
                if isinstance(cell, date) and cell >= w.FIRST_DATE:
                    sheet.write_datetime(place, column, datetime.combine(cell, time()), day)
                elif isinstance(cell, int) and not isinstance(cell, bool):
                    sheet.write_number(place, column, cell)
                elif text := _text(cell):
                    w.write_text(sheet, styles, place, column, visible(text), "text")
    yield data.getvalue()
