"""Raw records -> records, and a problem for whatever was odd. Pure.

Every value stays text. White space (line breaks and no-break spaces included) becomes single blanks, dates
become ISO dates, repeated fields lists without blanks and doubles. A value that cannot be right is kept as
it was found and told as a problem. A field is unknown where its value was lost: a blank that is never a value at
the publisher's, a date that is none, and what a spreadsheet shows in a value's place.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Final

from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.model import Field, Problem, RawRecord, RawRelease, Record, Severity, Value

_DATE: Final = re.compile(r"((?:19|20)\d\d)(-?)(\d\d)\2(\d\d)")
_C1: Final = re.compile("[\x80-\x9f]")
_DROPPED: Final = re.compile("[\x00-\x1f\x7f-\x9f\u200b\u2060\ufeff]")
"""Control characters, and those of no width: two texts that look the same must be the same."""

_LOST: Final = re.compile(r"=.*|#(?:N/A|REF!|NAME\?|VALUE!|DIV/0!|NULL!|NUM!|SPILL!|CALC!)")

_COLUMNS: Final = {
    column: (field, field.name, field.repeated, field.meanings or {}) for column, field in COLUMNS.items()
}
_SHIFTS: Final = tuple(
    (coded, dated)
    for coded in FIELDS.values()
    for dated in FIELDS.values()
    if coded.meanings and dated.is_date and coded.position + coded.width == dated.position
)
"""A coded field and the date that follows it in the text record. When the cells of a record are shifted, the
date's first digits stand in the coded field: ASC group `20` and date `170401` in five records of 2018."""


_SHIFTING: Final = frozenset(coded.name for coded, _ in _SHIFTS)


@dataclass(frozen=True, slots=True)
class Normalised:
    """The fields that a source had, the problems of the source as a whole, and its records by code, which come once.

    With each record come its own problems.
    """

    fields: frozenset[str]
    problems: tuple[Problem, ...]
    records: Iterator[tuple[Record, list[Problem]]]


def normalise(raw: RawRelease) -> Normalised:
    """Turn what a reader found into records, one after the other. The reader's own problems come first."""
    fields = frozenset(name for name, field in FIELDS.items() if raw.columns.issuperset(field.columns))
    problems = list(raw.problems)
    for name, field in FIELDS.items():
        some = raw.columns.intersection(field.columns)
        if some and name not in fields:
            absent = ", ".join(column for column in field.columns if column not in some)
            message = f"without {absent} the field is known in part only, and is never compared"
            problems.append(Problem(Severity.NOTE, message, next(iter(raw.records)).file, field=name))
    required = [field for name, field in FIELDS.items() if name in fields and field.required]
    return Normalised(fields, tuple(problems), (_Findings(raw, record).told(required) for record in raw.records))


class _Findings:
    """One raw record's values, and the problems met on the way."""

    def __init__(self, raw: RawRelease, record: RawRecord) -> None:
        self.raw = raw
        self.source = record
        self.problems: list[Problem] = []
        self.unknown: set[str] = set()

    def told(self, required: Iterable[Field]) -> tuple[Record, list[Problem]]:
        """Return the record with the values of all known columns; `required` fields without one are unknown."""
        values: dict[str, Value] = {}
        for column, text in self.source.values.items():
            field, name, repeated, meanings = _COLUMNS[column]
            if text in meanings:
                value = text
            elif not (field.is_date and (value := _iso(text))):
                value = self._value(field, column, text)
            if not value:
                continue
            if not repeated:
                values[name] = value
            elif value not in (slots := values.get(name, ())):
                values[name] = (*slots, value)
        if not _SHIFTING.isdisjoint(values):
            self._note_shifts(values)
        for field in required:
            if field.name not in values and field.name not in self.unknown:
                self.unknown.add(field.name)
                self._tell(Severity.WARNING, field, field.columns[0], "", "blank, which CMS never leaves it: not known")
        return Record(self.source.code, self.source.kind, values, frozenset(self.unknown)), self.problems

    def _value(self, field: Field, column: str, text: str) -> str:
        value = " ".join(text.split())
        if not text.isascii() or not value.isprintable():
            value = self._readable(field, column, text)
        if not value:
            return value
        if is_lost(value):
            self.unknown.add(field.name)
            self._tell(Severity.WARNING, field, column, value, "a spreadsheet's error or bare formula: not known")
            return ""
        if field.is_date:
            day = iso_date(value)
            if day is None and (day := _american_date(value)) is not None:
                self._tell(Severity.NOTE, field, column, value, "read as month/day/year")
            elif day is None and not self._is_shifted(field):
                self.unknown.add(field.name)
                message = "no date as CMS writes it (YYYYMMDD): kept as it is, and never compared"
                self._tell(Severity.ERROR, field, column, value, message)
            return value if day is None else day.isoformat()
        if field.zero_filled and len(value) < field.width and value.isdecimal():
            filled = value.zfill(field.width)
            self._tell(Severity.NOTE, field, column, value, "leading zeros restored")
            value = filled
        if field.meanings and value not in field.meanings and not self._is_shifted(field):
            self._tell(Severity.ERROR, field, column, value, "not in the field's code list: kept as it is")
        return value

    def _readable(self, field: Field, column: str, text: str) -> str:
        """Mend what a wrong decoding left: C1 controls are cp1252 bytes; other controls and zero widths go."""
        value = " ".join(text.split())
        mended = _C1.sub(lambda match: match[0].encode("latin-1").decode("cp1252", "replace"), text)
        mended = " ".join(_DROPPED.sub("", " ".join(mended.split())).split())
        if "\ufffd" in mended:
            self._tell(Severity.WARNING, field, column, value, "holds a character that cannot be read")
        elif mended != value:
            self._tell(Severity.NOTE, field, column, value, "control or zero-width characters mended or dropped")
        return mended

    def _shifts(self) -> Iterator[tuple[Field, Field, str, str, date]]:
        for coded, dated in _SHIFTS:
            code = self.source.values.get(coded.columns[0], "").strip()
            if not code or code in (coded.meanings or {}):
                continue
            text = self.source.values.get(dated.columns[0], "").strip()
            day = iso_date(code + text)
            if text and day is not None:
                yield coded, dated, code, text, day

    def _is_shifted(self, field: Field) -> bool:
        return any(field in (coded, dated) for coded, dated, *_ in self._shifts())

    def _note_shifts(self, values: dict[str, Value]) -> None:
        for coded, dated, code, text, day in self._shifts():
            values[coded.name], values[dated.name] = code, text
            for field, value in ((coded, code), (dated, text)):
                message = (
                    f"cells are shifted: {coded.name} and {dated.name} together hold the date {day}: kept as they are"
                )
                self._tell(Severity.ERROR, field, field.columns[0], value, message)

    def _tell(self, severity: Severity, field: Field, column: str, value: str, message: str) -> None:
        where = self.raw.where(self.source, column)
        self.problems.append(
            Problem(severity, message, self.source.file, where, self.source.code, field.name, value[:200])
        )


def is_lost(text: str) -> bool:
    """Whether a text is what a spreadsheet leaves in a value's place: a formula, or the error that it came to."""
    return text[0] in "=#" and _LOST.fullmatch(text) is not None


def _american_date(text: str) -> date | None:
    """Return the day of `3/31/2025`, as a spreadsheet in the publisher's country writes it."""
    match = re.fullmatch(r"(\d{1,2})/(\d{1,2})/((?:19|20)\d\d)", text)
    return iso_date(f"{match[3]}{int(match[1]):02}{int(match[2]):02}") if match else None


@lru_cache(maxsize=4096)  # 8,600 records hold some 200 different dates
def _iso(text: str) -> str:
    """Return a date as ISO has it; empty if the text is no date as CMS writes it."""
    day = iso_date(text)
    return day.isoformat() if day else ""


@lru_cache(maxsize=4096)
def iso_date(text: str) -> date | None:
    """Return the day of `YYYYMMDD` or `YYYY-MM-DD`, or None if the text is no such date."""
    match = _DATE.fullmatch(text)
    if match is None:
        return None
    try:
        return date(int(match[1]), int(match[3]), int(match[4]))
    except ValueError:
        return None
