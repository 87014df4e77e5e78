"""CMS's text records (`HCPC2025_JAN_ANWEB_12172024.txt`).

One line of fixed positions for each code, its long description going on in further lines:

    A00210021003Ambulance service, outside state per mile, transport (medicaid only)    …
    ^^^^^ code (a modifier stands right-justified: `   A1`)
         ^^^^^ sequence number: 00100, then 00200 and so on in the code's further lines
              ^ record id: 3 procedure, 4 its continuation; 7 modifier, 8 its continuation

Lines are 320 characters, or 293 or 91 where trailing blanks were cut; a preamble of free text may stand
before the first record. Descriptions break between words, so their lines are joined with a blank.
"""

from __future__ import annotations

import re
from typing import Final

from tracker.errors import SourceError
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.model import Facet, Kind, Problem, RawRecord, RawRelease, Severity

_RECORD: Final = re.compile(r"(?:   [A-Z0-9]{2}|[A-Z0-9]{5})[0-9 ]{5}[3478]")
_RECORD_LINE: Final = re.compile(rb"^(?:\xef\xbb\xbf)?" + _RECORD.pattern.encode() + rb"[^,;|\t\r\n]", re.MULTILINE)
"""A record at the begin of a line, description and all: no eleven digits in a notice or a table."""

_KINDS: Final = {"3": Kind.PROCEDURE, "7": Kind.MODIFIER}
_OF_MODIFIERS: Final = "78"
_DESCRIPTION: Final = FIELDS["long_description"]
_LONG: Final = _DESCRIPTION.columns[0]
_LONG_SLICE: Final = slice(_DESCRIPTION.position, _DESCRIPTION.position + _DESCRIPTION.width)
_SLICES: Final = tuple(
    (column, row.position + slot * row.width, row.position + (slot + 1) * row.width)
    for row in FIELDS.values()
    for slot, column in enumerate(row.columns)
)
_REFERENCES: Final = slice(
    min(row.position for row in FIELDS.values() if row.facet is Facet.REFERENCE),
    max(row.position + row.width * len(row.columns) for row in FIELDS.values() if row.facet is Facet.REFERENCE),
)
_WITHOUT_REFERENCES: Final = tuple(place for place in _SLICES if not _REFERENCES.start <= place[1] < _REFERENCES.stop)
"""Twenty of the columns stand in one stretch that is blank in most records: looked at once, it saves time."""

_LAST: Final = max(end for _, _, end in _SLICES)
"""Where the last field ends: 293. Every first line reaches it, because its action code is never blank."""

PREAMBLE: Final = 65_536
"""Bytes in which the first record must stand. The longest known preamble has 1,300."""


def holds_records(data: bytes) -> bool:
    """Whether a file holds text records."""
    return _RECORD_LINE.search(data[:PREAMBLE]) is not None


def read(name: str, text: str) -> RawRelease:
    """Read the text records of one file.

    Args:
        name: the file's base name, for messages.
        text: its decoded content.

    Raises:
        SourceError: the file is cut off or damaged, a line of a description is missing, a code stands
            twice, or there is no record at all.
    """
    lines = [line.rstrip("\r\x1a") for line in text.split("\n")]
    records: dict[str, RawRecord] = {}
    descriptions: dict[str, list[str]] = {}
    problems: list[Problem] = []
    code = ""
    for number, line in enumerate(lines, 1):
        if not _RECORD.match(line):
            if records and line.strip():
                problems.append(_passed_over(name, number, line))
            continue
        if (line[0] == " ") != (line[10] in _OF_MODIFIERS):
            raise SourceError(_damaged(name, number, f"{line[:5].strip()} cannot have the record id {line[10]}"))
        kind = _KINDS.get(line[10])
        if kind is None:
            if line[:5].strip() != code or line[5:10] != f"{len(descriptions[code]) + 1:03}00":
                raise SourceError(_gap(name, number, line, code))
            descriptions[code].append(line[_LONG_SLICE].rstrip(" "))
            continue
        code = line[:5].strip()
        if len(line) < _LAST:
            raise SourceError(_cut_off(name, number, code))
        if code in records:
            message = (
                f"{name}: {code} stands twice, in line {records[code].line} and in line {number}: keep one of them"
            )
            raise SourceError(message)
        places = _WITHOUT_REFERENCES if line[_REFERENCES].isspace() else _SLICES
        values = {column: value for column, begin, end in places if (value := line[begin:end].strip())}
        descriptions[code] = [line[_LONG_SLICE].rstrip(" ")]
        records[code] = RawRecord(code, kind, values, name, number)
    if not records:
        message = f"{name}: no line is a record as CMS writes them: import the file with the records"
        raise SourceError(message)
    if lines[-1]:
        _require_whole(name, lines, code)
    whole = tuple(_with_description(record, descriptions[record.code]) for record in records.values())
    return RawRelease("text", whole, frozenset(COLUMNS), complete=True, problems=tuple(problems))


def _with_description(record: RawRecord, parts: list[str]) -> RawRecord:
    if len(parts) == 1:
        return record
    return RawRecord(record.code, record.kind, {**record.values, _LONG: " ".join(parts)}, record.file, record.line)


def _require_whole(name: str, lines: list[str], code: str) -> None:
    """Refuse a file whose last line has no line end and lacks a part.

    It may not be shorter than all lines of its kind, nor end before its description's last character.
    """
    last = lines[-1]
    alike = [len(line) for line in lines[:-1] if line[10:11] == last[10:11] and _RECORD.match(line)]
    if not _RECORD.match(last) or len(last) < max(_LONG_SLICE.stop, min(alike, default=0)):
        raise SourceError(_cut_off(name, len(lines), last[:5].strip() or code))


def _cut_off(name: str, number: int, code: str) -> str:
    return f"{name}, line {number}: the file is cut off in the middle of the record of {code}: download it again"


def _damaged(name: str, number: int, why: str) -> str:
    return f"{name}, line {number}: {why}: the file is damaged, download it again"


def _gap(name: str, number: int, line: str, code: str) -> str:
    if line[:5].strip() != code:
        why = f"the description of {line[:5].strip()} goes on here, but its first line is missing"
    else:
        why = f"the description of {code} goes on here with line {line[5:10]}, but the line before that is missing"
    return _damaged(name, number, why)


def _passed_over(name: str, number: int, line: str) -> Problem:
    if len(line) >= _LONG_SLICE.stop:  # the publisher's shortest line: a record that is hit, no remark
        raise SourceError(_damaged(name, number, "the line is as long as a record, and is none"))
    message = "the line is no record and was passed over"
    return Problem(Severity.WARNING, message, name, f"line {number}", raw=line[:80])
