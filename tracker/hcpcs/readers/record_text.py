"""CMS's text records (`HCPC2025_JAN_ANWEB_12172024.txt`).

One line of fixed positions for each code, its long description going on in further lines:

    A00210021003Ambulance service, outside state per mile, transport (medicaid only)    …
    ^^^^^ code (a modifier stands right-justified: `   A1`)
         ^^^^^ sequence number: 00100, then 00200 and so on in the code's further lines
              ^ record id: 3 procedure, 4 its continuation; 7 modifier, 8 its continuation

Lines are 320 characters, or 293 or 91 where trailing blanks were cut; a preamble of free text may stand
before the first record. Descriptions break between words, so their lines are joined with a blank.

A file is read twice: once to prove its lines and to note where each record stands, then record by record in the
order of the codes. So no more of it is held than its codes, however large it is.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Iterable, Iterator
from typing import BinaryIO, Final

from tracker.errors import SourceError
from tracker.formats.decoding import encoding_of, readable
from tracker.formats.lines import bounded
from tracker.hcpcs.catalogue import COLUMNS, FIELDS
from tracker.limits import LINE_SIZE, OTHER_LINES
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

_WIDTH: Final = 320
"""Characters of CMS's longest line; more are another record, whose line end is lost."""

_BLOCK: Final = 1024 * 1024

PREAMBLE: Final = 65_536
"""Bytes in which the first record must stand. The longest known preamble has 1,300."""


def holds_records(data: bytes) -> bool:
    """Whether a file holds text records."""
    return _RECORD_LINE.search(data[:PREAMBLE]) is not None


def read(name: str, file: BinaryIO) -> RawRelease:
    """Read the text records of one file.

    Args:
        name: the file's base name, for messages.
        file: its content, from the begin. It must stay open while the records are taken.

    Raises:
        SourceError: the file is cut off or damaged, a line end or a line of a description is missing, a code stands
            twice, there is no record at all, or there is far too much beside the records.
    """
    records = _Records(name, file)
    problems: list[Problem] = []
    code, parts, number, line = "", 0, 0, ""
    others, most = 0, OTHER_LINES.value
    for number, (begin, line) in enumerate(records.lines(), 1):
        if not _RECORD.match(line):
            if code and line.strip():
                problems.append(_passed_over(name, number, line))
            others += 1
            if others > most:
                raise SourceError(f"{name}: too many of its lines are no records {OTHER_LINES.hint}")
            continue
        if (line[0] == " ") != (line[10] in _OF_MODIFIERS):
            raise SourceError(_damaged(name, number, f"{line[:5].strip()} cannot have the record id {line[10]}"))
        if line[10] not in _KINDS:
            if line[:5].strip() != code or line[5:10] != f"{parts + 1:03}00":
                raise SourceError(_gap(name, number, line, code))
            _require_end(name, number, line)
            parts += 1
            records.end = begin
            continue
        code, parts = line[:5].strip(), 1
        if len(line) < _LAST:
            raise SourceError(_cut_off(name, number, code))
        _require_end(name, number, line)
        if earlier := records.add(code, begin, number):
            message = f"{name}: {code} stands twice, in line {earlier} and in line {number}: keep one of them"
            raise SourceError(message)
    if not code:
        message = f"{name}: no line is a record as CMS writes them: import the file with the records"
        raise SourceError(message)
    if line and not records.ended:
        _require_whole(name, number, line, code, records)
    return RawRelease("text", records, frozenset(COLUMNS), complete=True, problems=tuple(problems))


class _Records(Iterable[RawRecord]):
    """The records of a text by code, each read from its place in the file."""

    def __init__(self, name: str, file: BinaryIO) -> None:
        self._name = name
        self._file = file
        self._encoding = encoding_of(iter(lambda: file.read(_BLOCK), b""))
        self._order: dict[str, int] = {}
        self._begins = array("q")
        self._ends = array("q")
        self._numbers = array("q")
        self.ended = True

    @property
    def end(self) -> int:
        """Where the last line begins that belongs to the record that was added last."""
        return self._ends[-1]

    @end.setter
    def end(self, begin: int) -> None:
        self._ends[-1] = begin

    def lines(self) -> Iterator[tuple[int, str]]:
        """Yield where each line begins, and the line; then `ended` says whether the last one has a line end."""
        self._file.seek(0)
        begin = 0
        for data in bounded(self._name, self._file, LINE_SIZE):
            yield begin, self._text(data)
            begin += len(data)
            self.ended = data.endswith(b"\n")

    def _text(self, line: bytes) -> str:
        return readable(line.decode(self._encoding, "replace")).rstrip("\r\n\x1a")

    def add(self, code: str, begin: int, number: int) -> int:
        """Note where a record begins. Return the line of an earlier one of its code, or 0."""
        place = self._order.setdefault(code, len(self._begins))
        if place < len(self._begins):
            return self._numbers[place]
        self._begins.append(begin)
        self._ends.append(begin)
        self._numbers.append(number)
        return 0

    def __iter__(self) -> Iterator[RawRecord]:
        for code in sorted(self._order):
            place = self._order[code]
            begin = self._begins[place]
            self._file.seek(begin)
            data = self._file.readline()
            line = self._text(data)
            places = _WITHOUT_REFERENCES if line[_REFERENCES].isspace() else _SLICES
            values = {column: value for column, begin, end in places if (value := line[begin:end].strip())}
            parts = []
            while data and (begin := begin + len(data)) <= self._ends[place]:
                data = self._file.readline()
                if _RECORD.match(part := self._text(data)):
                    parts.append(part[_LONG_SLICE].rstrip(" "))
            if parts:
                values[_LONG] = " ".join((line[_LONG_SLICE].rstrip(" "), *parts))
            yield RawRecord(code, _KINDS[line[10]], values, self._name, self._numbers[place])


def _require_whole(name: str, number: int, last: str, code: str, records: _Records) -> None:
    """Refuse a file whose last line has no line end and lacks a part.

    It may not be shorter than all lines of its kind, nor end before its description's last character.
    """
    alike = (
        len(line)
        for other, (_, line) in enumerate(records.lines(), 1)
        if other < number and line[10:11] == last[10:11] and _RECORD.match(line)
    )
    if not _RECORD.match(last) or len(last) < max(_LONG_SLICE.stop, min(alike, default=0)):
        raise SourceError(_cut_off(name, number, last[:5].strip() or code))


def _cut_off(name: str, number: int, code: str) -> str:
    return f"{name}, line {number}: the file is cut off in the middle of the record of {code}: download it again"


def _damaged(name: str, number: int, why: str) -> str:
    return f"{name}, line {number}: {why}: the file is damaged, download it again"


def _require_end(name: str, number: int, line: str) -> None:
    """Refuse a line that goes on behind the last character of a record: with another one, that is not seen."""
    if line[_WIDTH:].strip():
        ends = "a carriage return alone is none" if "\r" in line else "there is none"
        message = f"{name}, line {number}: the line goes on where the record of {line[:5].strip()} has its line end"
        raise SourceError(f"{message} ({ends}): download the file again, and do not convert it")


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
