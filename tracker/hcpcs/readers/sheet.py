"""Per-code sheets: one document a code, rows of label, value and explanation.

    HCPCS Code              S9353   …
    Code Description        Home infusion therapy, …        …
    Pricing Indicator Code #1               00      …
    Pricing Indicator Code #1 Description   Service not separately priced by part B …
    Last Update Date        2026

Cells are parted by tabs or by the bars of a table; bold, rulings, blank lines, page furniture and a contact
block differ from document to document and mean nothing. Empty fields are left out. A row `… Description`
only decodes the row above: it is checked against the code lists and not stored. `Last Update Date` names
the release; it and `Status` are the vendor's own.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from typing import Final

from tracker.errors import SourceError, UnknownReleaseError
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.hcpcs.labels import label_on, parse_label
from tracker.hcpcs.normalise import iso_date
from tracker.limits import SHEET_SIZE
from tracker.model import Kind, Problem, RawRecord, RawRelease, Severity

_MARKUP: Final = re.compile(
    r"\*\*|</?(?:a|b|br|em|i|p|span|strong|u)(?:\s[^<>]*)?/?>|&#\d{8,};?",  # no character's number has eight digits
    re.IGNORECASE,
)
_BAR: Final = re.compile(r"(?<!\\)\|")
_CODE: Final = re.compile(r"[A-Z0-9]{2}|[A-Z0-9]{5}")
_RULING: Final = re.compile(r"[-:=\s|+]*")
_LINE_END: Final = re.compile(r"\r\n|\r|\n")


def _spelling(label: str) -> str:
    return " ".join(label.replace("#", " #").split()).replace("# ", "#").casefold().removeprefix("hcpcs ")


def _labels(suffix: str = "") -> dict[str, str]:
    """Every spelling of a row's label -> CMS's column name. Names of the record layout are understood too."""
    single = {name: row.columns[0] for row in FIELDS.values() for name in (row.label, row.name)}
    single |= {column: column for column in COLUMNS}
    numbered = {
        f"{row.label} #{slot}": column
        for row in FIELDS.values()
        if row.repeated
        for slot, column in enumerate(row.columns, 1)
    }
    return {_spelling(f"{name}{suffix}"): column for name, column in {**single, **numbered}.items()}


_VALUES: Final = _labels()
_DECODED: Final = {label: column for label, column in _labels(" Description").items() if label not in _VALUES}
_CODES: Final = {"code": None, "modifier code": Kind.MODIFIER, "modifier": Kind.MODIFIER}
_STATUS, _UPDATED = "status", "last update date"


def is_sheet(text: str) -> bool:
    """Whether a text is a per-code sheet: it has a row for the code or for its description."""
    if len(text) > SHEET_SIZE.value:
        return False
    labels = {_spelling(_clean(cells[0])) for line in _LINE_END.split(text) if len(cells := _cells(line)) > 1}
    return (not labels.isdisjoint(_CODES) and not labels.isdisjoint(_VALUES)) or _spelling("Code Description") in labels


def read(name: str, text: str) -> RawRelease:
    """Read one sheet. Its one record is to be laid over the stored release.

    Raises:
        SourceError: the sheet names no code or two, or has one row twice with different values.
    """
    codes: dict[str, tuple[int, Kind]] = {}
    values: dict[str, str] = {}
    decoded: list[tuple[int, str, str]] = []
    problems: list[Problem] = []
    label = None
    for line, title, value in _rows(text):
        row = _spelling(title)
        if (row in _VALUES or row == _UPDATED) and values.setdefault(_VALUES.get(row, row), value) != value:
            message = f"{name}, line {line}: {title} stands twice with different values: keep one of them"
            raise SourceError(message)
        if row in _CODES:
            codes[value.upper()] = (line, _kind(name, line, row, value))
        elif row in _DECODED:
            decoded.append((line, _DECODED[row], value))
        elif row == _UPDATED:
            label = _label(value)
            if label is None:
                message = f"the last update date {value[:40]!r} names no release"
                problems.append(Problem(Severity.NOTE, message, name, f"line {line}", raw=value[:80]))
        elif not row:
            message = "the line has no label and was passed over: if the value above goes on in it, make them one line"
            problems.append(Problem(Severity.WARNING, message, name, f"line {line}", raw=value[:80]))
        elif row not in _VALUES and row != _STATUS:
            message = f"the row {title[:40]!r} is no known field and was passed over"
            problems.append(Problem(Severity.NOTE, message, name, f"line {line}", raw=value[:80]))
        elif row == _STATUS and value.casefold() != "actual":
            message = f"the sheet's status is {value[:40]!r}, not 'Actual'"
            problems.append(Problem(Severity.WARNING, message, name, f"line {line}", raw=value[:80]))
    if len(codes) != 1 or not _CODE.fullmatch(next(iter(codes))):
        found = ", ".join(codes) or "none"
        message = f"{name}: a sheet describes one code in a row 'HCPCS Code', and this one has: {found}"
        raise SourceError(message)
    ((code, (line, kind)),) = codes.items()
    problems += [_misdecoded(name, code, *row, values) for row in decoded if not _agrees(*row[1:], values)]
    in_order = {column: values[column] for column in COLUMNS if column in values}
    record = RawRecord(code, kind, in_order, name, line)
    return RawRelease(
        "sheet",
        (record,),
        frozenset(COLUMNS),
        complete=False,
        amends=True,
        label=label,
        problems=tuple(problems),
    )


def _rows(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line, label and value of each row, and the line directly below a value that nothing explains (no label).

    The value may go on there; but so may a page's furniture stand there, so that nobody can join them safely.
    """
    explained = True
    for line, content in enumerate(_LINE_END.split(text), 1):
        cells = [_clean(cell) for cell in _cells(content)]
        if len(cells) > 1 and cells[1] and not _RULING.fullmatch(cells[0]):
            yield line, cells[0], cells[1]
            explained = any(cells[2:])
        else:
            if not explained and len(cells) == 1 and cells[0]:
                yield line, "", cells[0]
            explained = True


def _cells(line: str) -> list[str]:
    """Return the cells of a line as they stand; in a table of bars, one behind a backslash is a bar in a text."""
    if "\t" in line:
        return line.split("\t")
    return [cell.replace("\\|", "|") for cell in _BAR.split(line.strip().lstrip("|"))]


def _clean(cell: str) -> str:
    return " ".join(html.unescape(_MARKUP.sub(" ", cell)).split())


def _kind(name: str, line: int, row: str, code: str) -> Kind:
    kind = Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE  # noqa: PLR2004
    if _CODES[row] not in (None, kind):
        raise SourceError(f"{name}, line {line}: {code} is no modifier, which has two characters: correct the row")
    return kind


def _label(value: str) -> str | None:
    """Return the release that a `Last Update Date` names: a year, a label, or a day in it."""
    try:
        return parse_label(value)
    except UnknownReleaseError:
        day = iso_date(value)
        return label_on(day) if day else None


def _agrees(column: str, meaning: str, values: dict[str, str]) -> bool:
    """Whether a decoding row says what the code list says; a value outside its list is told elsewhere."""
    known = (COLUMNS[column].meanings or {}).get(values.get(column, ""), meaning)
    return column in values and known.casefold() == meaning.casefold()


def _misdecoded(name: str, code: str, line: int, column: str, meaning: str, values: dict[str, str]) -> Problem:
    field = COLUMNS[column]
    known = (field.meanings or {}).get(values.get(column, ""))
    message = (
        f"the sheet decodes {values[column]!r} otherwise than the code list, which says {known!r}"
        if known
        else "the sheet decodes a value that it does not give"
    )
    return Problem(Severity.WARNING, message, name, f"line {line}", code, field.name, raw=meaning[:80])
