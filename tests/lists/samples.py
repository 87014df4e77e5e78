"""What codes look like in these tests, and lists made of a few rows."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path

import openpyxl

from tracker.formats.cells import Cell
from tracker.lists.codes import CodeShape
from tracker.lists.source import open_list, read_list
from tracker.lists.table import UserList

SHAPE = CodeShape(
    frozenset(
        {"A4206", "A4207", "E0100", "J1938", "J1940", "J1941", "J1945", "J7799", "Q2041", "25", "GA", "JW", "KX"}
    ),
    re.compile(r"[A-Z]\d{4}"),
    {"CPT": re.compile(r"\d{4}[0-9A-Z]"), "CDT": re.compile(r"D\d{4}")},
    ("HCPCS", "HCPC"),
)

Table = Sequence[Sequence[Cell]]


def csv_of(rows: Table, delimiter: str = ",") -> str:
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter).writerows(rows)
    return text.getvalue()


def list_of(content: str | bytes | Table) -> UserList:
    """Read a list from a text, its bytes, or a table's rows."""
    if isinstance(content, str):
        content = content.encode()
    return read_list(io.BytesIO(content if isinstance(content, bytes) else csv_of(content).encode()), SHAPE)


def workbook_of(sheets: dict[str, Table], hidden: Sequence[str] = ()) -> bytes:
    book = openpyxl.Workbook()
    del book["Sheet"]
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
        if name in hidden:
            sheet.sheet_state = "hidden"
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(folder: Path, content: bytes, name: str = "list.csv", sheet: str | None = None) -> UserList:
    path = folder / name
    path.write_bytes(content)
    return open_list(path, SHAPE, sheet)


def found(user_list: UserList) -> list[tuple[int, tuple[Cell, ...]]]:
    return [(line.number, line.cells) for line in user_list.rows()]
