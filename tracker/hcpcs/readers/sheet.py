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
from typing import Final

from tracker.errors import SourceError, UnknownReleaseError
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.hcpcs.labels import label_on, parse_label
from tracker.hcpcs.normalise import iso_date
from tracker.model import Kind, Problem, RawRecord, RawRelease, Severity

_MARKUP: Final = re.compile(r"\*\*|</?(?:a|b|br|em|i|p|span|strong|u)(?:\s[^>]*)?/?>", re.IGNORECASE)
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
    labels = {_spelling(cells[0]) for line in _LINE_END.split(text) if len(cells := _cells(line)) > 1}
    return (not labels.isdisjoint(_CODES) and not labels.isdisjoint(_VALUES)) or _spelling("Code Description") in labels


def read(name: str, text: str) -> RawRelease:
    """Read one sheet. Its one record is to be laid over the stored release.

    Raises:
        SourceError: the sheet names no code, two codes, or one field twice with different values.
    """
    codes: dict[str, tuple[int, Kind]] = {}
    values: dict[str, str] = {}
    decoded: list[tuple[int, str, str]] = []
    problems: list[Problem] = []
    label = None
    for line, cells in enumerate(map(_cells, _LINE_END.split(text)), 1):
        if len(cells) < 2 or not cells[1] or _RULING.fullmatch(cells[0]):  # noqa: PLR2004
            continue
        row, value = _spelling(cells[0]), cells[1]
        if row in _CODES:
            code = value.upper()
            kind = _CODES[row] or (Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE)  # noqa: PLR2004
            codes[code] = (line, kind)
        elif row in _VALUES:
            column = _VALUES[row]
            if values.setdefault(column, value) != value:
                message = f"{name}, line {line}: {cells[0]} stands twice with different values: keep one of them"
                raise SourceError(message)
        elif row in _DECODED:
            decoded.append((line, _DECODED[row], value))
        elif row == _UPDATED:
            label = _label(value)
            if label is None:
                message = f"the last update date {value[:40]!r} names no release"
                problems.append(Problem(Severity.NOTE, message, name, f"line {line}", raw=value[:80]))
        elif row != _STATUS:
            message = f"the row {cells[0][:40]!r} is no known field and was passed over"
            problems.append(Problem(Severity.NOTE, message, name, f"line {line}", raw=value[:80]))
        elif value.casefold() != "actual":
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


def _cells(line: str) -> list[str]:
    cells = line.split("\t") if "\t" in line else line.strip().strip("|").split("|")
    return [" ".join(html.unescape(_MARKUP.sub(" ", cell)).split()) for cell in cells]


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
