"""Small release files of every format, for the tests of this room."""

from __future__ import annotations

import io
import textwrap
import zipfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import openpyxl

from tests.support import values
from tracker.hcpcs.catalogue import COLUMNS, KEY_COLUMNS
from tracker.hcpcs.normalise import normalise as stream
from tracker.model import Kind, Problem, RawRecord, RawRelease, Record

Values = Mapping[str, str]
Records = Mapping[str, Values]
Style = Callable[[Iterable[tuple[str, str]]], str]

LONG = "LONG DESCRIPTION"
WORDS = "Home infusion of a made-up medicine, pharmacy services and all supplies and equipment included, per diem, "
LENGTHY = (WORDS * 4).strip()
"""A description that needs six lines of a text record."""

LAYOUT = sorted(COLUMNS, key=lambda column: COLUMNS[column].position + COLUMNS[column].columns.index(column))
HEADER = (*KEY_COLUMNS, *LAYOUT)
"""The 48 columns of a workbook."""


def kind_of(code: str) -> Kind:
    return Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE


def text_lines(code: str, columns: Values, *, width: int = 320, further: int | None = None) -> list[str]:
    """Render one record; its lines have `width` characters, the continuations `further` (0: blanks cut)."""
    first, continuation = "78" if kind_of(code) is Kind.MODIFIER else "34"
    text = columns.get(LONG, "")
    parts = [text] if len(text) <= 80 else textwrap.wrap(text, 80, break_long_words=False, break_on_hyphens=False)
    line = [" "] * max(width, 293)
    line[:11] = f"{code:>5}00100{first}"
    for column, value in {**columns, LONG: parts[0]}.items():
        field = COLUMNS[column]
        begin = field.position + field.columns.index(column) * field.width
        line[begin : begin + field.width] = value.ljust(field.width)
    rest = [f"{code:>5}{number:03}00{continuation}{part}" for number, part in enumerate(parts[1:], 2)]
    return ["".join(line[:width]), *(part.ljust(width if further is None else further) for part in rest)]


def text_of(records: Records, *, width: int = 320, further: int | None = None) -> str:
    lines = [line for code, row in records.items() for line in text_lines(code, row, width=width, further=further)]
    return "".join(f"{line}\r\n" for line in lines)


def row_of(code: str, columns: Values, header: Sequence[str] = HEADER) -> list[str]:
    key = {"HCPC": code, "SEQNUM": "0010", "RECID": "7" if kind_of(code) is Kind.MODIFIER else "3"}
    return [{**columns, **key}.get(column, "") for column in header]


def table_of(records: Records, header: Sequence[str] = HEADER) -> list[list[str]]:
    return [list(header), *(row_of(code, row, header) for code, row in records.items())]


def workbook_of(
    rows: Iterable[Sequence[object]], before: Mapping[str, Iterable[Sequence[object]]] | None = None
) -> bytes:
    """Write a workbook whose last sheet has these rows; `before` are the sheets before it."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for title, content in {**(before or {}), "Records": rows}.items():
        sheet = book.create_sheet(title)
        for row in content:
            sheet.append([None if cell == "" else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def csv_of(rows: Iterable[Sequence[str]], separator: str = ",") -> str:
    quoted = ([f'"{cell}"' if separator in cell or "\n" in cell else cell for cell in row] for row in rows)
    return "".join(separator.join(row) + "\r\n" for row in quoted)


def zip_of(members: Mapping[str, bytes], compression: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as bundle:
        for name, data in members.items():
            bundle.writestr(name, data)
    return file.getvalue()


def sheet_rows(code: str = "S9999", **changed: str) -> dict[str, str]:
    """Return the rows of a plain sheet; keywords change, add or (empty) drop rows, `_` for a blank."""
    plain = {
        "HCPCS Code": code,
        "Code Description": f"Made-up therapy {code.lower()}, per diem",
        "Short Description": "Made-up therapy diem",
        "Pricing Indicator Code #1": "51",
        "Pricing Indicator Code #1 Description": "Drugs",
        "Coverage Code": "C",
        "Coverage Code Description": "Carrier judgment",
        "Type Of Service Code #1": "1",
        "Code Added Date": "20100101",
        "Action Effective Date": "20100101",
        "Action Code": "N",
        "Action Code Description": "No maintenance for this code",
        "Status": "Actual",
        "Last Update Date": "2026",
    }
    rows = plain | {name.replace("_", " "): value for name, value in changed.items()}
    return {label: value for label, value in rows.items() if value}


def plain_sheet(rows: Iterable[tuple[str, str]]) -> str:
    body = "\n".join(f"<i>{label}</i>\t{value}\t<p>What {label} means.</p>" for label, value in rows)
    return f"\n\nS9999\n\n**MADE-UP THERAPY,\nPER DIEM**\n\n{body}\n\nContact Information\n\n(555) 010-0000\n"


def bold_sheet(rows: Iterable[tuple[str, str]]) -> str:
    first, *others = [f"<i>{label}</i>\t**{value}**\tWhat {label} means." for label, value in rows]
    ruling = "-------------------\t-------\t--"
    return (
        f"\n**S9999**\n\n## **Title**\n\n{first}\n{ruling}\n\n"
        + "\n\n".join(others)
        + "\n\n[us](mailto:us@example.org)\n"
    )


def bar_sheet(rows: Iterable[tuple[str, str]]) -> str:
    first, *others = [f"| **{label}** | {value} | What {label} means |\r\n" for label, value in rows]
    return f"S9999 Title\r\n\r\n{first}|:---|---|---:|\r\n{''.join(others)}\r\nContact us\r\n"


STYLES: tuple[Style, ...] = (plain_sheet, bold_sheet, bar_sheet)


def sheet_of(rows: Mapping[str, str], style: Style = plain_sheet) -> str:
    return style(rows.items())


def raw_release(
    records: Records,
    *,
    columns: Iterable[str] = COLUMNS,
    letters: Mapping[str, str] | None = None,
    file: str = "made-up.txt",
) -> RawRelease:
    """Return what a reader would have found."""
    found = tuple(
        RawRecord(code, kind_of(code), {column: text for column, text in row.items() if text}, file, line)
        for line, (code, row) in enumerate(sorted(records.items()), 1)
    )
    return RawRelease("text", found, frozenset(columns), complete=True, letters=letters or {})


class Normalised(NamedTuple):
    """All that normalising makes of a source."""

    records: tuple[Record, ...]
    fields: frozenset[str]
    problems: tuple[Problem, ...]


def normalise(raw: RawRelease) -> Normalised:
    normalised = stream(raw)
    pairs = list(normalised.records)
    problems = (*normalised.problems, *chain.from_iterable(found for _, found in pairs))
    return Normalised(tuple(record for record, _ in pairs), normalised.fields, problems)


def records_of(raw: RawRelease) -> list[RawRecord]:
    return list(raw.records)


def found_values(raw: RawRelease) -> dict[str, dict[str, str]]:
    return {record.code: dict(record.values) for record in raw.records}


def told(problems: Iterable[Problem]) -> list[tuple[str, str, str, str]]:
    """Return severity, code, field and raw value of each problem."""
    return [(str(problem.severity), problem.code, problem.field, problem.raw) for problem in problems]


TWO: Records = {"A1": values("A1"), "J1940": values("J1940", LONG_DESCRIPTION=LENGTHY)}
"""A modifier and a procedure with a long description."""
