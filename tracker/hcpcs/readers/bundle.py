"""CMS's zips: the same records as text and as workbook, processing notes, and reports.

The two files disagree in some hundred values a release, nearly all of them a blank in one of them. So the
two are joined, record by record and column by column: where one is blank, the other's value is taken; where
both are filled and differ, the text's stands. Every disagreement is a problem.

Only the records' files are read: not the transaction report, the corrections, the "not otherwise
classified" codes or the record layout, which stand beside them in the same formats.
"""

from __future__ import annotations

import io
import re
from dataclasses import replace
from operator import attrgetter
from typing import TYPE_CHECKING, Final

from tracker.errors import SourceError
from tracker.formats.decoding import decode
from tracker.formats.unzip import DAMAGED, Zip, base_name
from tracker.hcpcs.catalogue import COLUMNS
from tracker.hcpcs.labels import name_hints
from tracker.hcpcs.normalise import iso_date
from tracker.hcpcs.readers import notes, record_text, workbook
from tracker.model import Field, Note, Problem, RawRecord, RawRelease, Severity

if TYPE_CHECKING:
    from collections.abc import Iterator

ALONE: Final = 0.01
"""How many of a zip's codes may stand in one of its two files only. At CMS none does."""

_LINE: Final = attrgetter("line")
_NOT_RECORDS: Final = re.compile(r"correction|trans|noc[ _]codes|layout|readme|proc_?notes", re.IGNORECASE)


def read(name: str, data: bytes) -> RawRelease:
    """Read a CMS zip.

    Raises:
        SourceError: the zip is damaged, protected, or holds no records or more than one release's.
    """
    try:
        return _read_members(name, Zip(name, data))
    except DAMAGED as error:
        message = f"{name}: the zip cannot be read ({error}): download it again"
        raise SourceError(message) from error


def _read_members(name: str, bundle: Zip) -> RawRelease:
    texts = [
        (member, data)
        for member in _members(bundle, ".txt", ".prn")
        if record_text.holds_records(data := bundle.read(member))
    ]
    books = [(member, bundle.read(member)) for member in _members(bundle, ".xlsx", ".xls")]
    if len(books) > 1:  # others lie beside the records' one under names that change
        books = [(member, data) for member, data in books if _is_records_name(member)] or books
    for members in (texts, books):
        if len(members) > 1:
            message = f"{name}: holds the records twice ({members[0][0]}, {members[1][0]}): import one of them alone"
            raise SourceError(message)
    read_texts = [_held(record_text.read(base_name(member), io.BytesIO(data))) for member, data in texts]
    read_books = []
    for member, data in books:
        try:
            read_books.append(workbook.read(base_name(member), data))
        except SourceError:
            if not texts or _is_records_name(member):  # beside a text, a workbook of any other name may be anything
                raise
    if read_texts and read_books:
        _require_one_release(name, read_texts[0], read_books[0])
        joined = join(read_texts[0], read_books[0])
    elif read_texts or read_books:
        joined = (read_texts or read_books)[0]
    else:
        corrections = any("correction" in base_name(member).lower() for member in bundle.names())
        found = "only CMS's corrections, which are remarks and no records" if corrections else "no HCPCS records"
        message = f"{name}: the zip holds {found}: import the zip with the ANWEB text and workbook"
        raise SourceError(message)
    hints = name_hints((texts or books)[0][0])
    return replace(
        joined,
        format="zip",
        label=hints.label,
        mark=hints.mark,
        published=hints.published,
        notes=_notes(bundle),
    )


def _require_one_release(name: str, text: RawRelease, book: RawRelease) -> None:
    """Refuse a text and a workbook of two releases, by their names or by their codes."""
    files = [_file_of(raw) for raw in (text, book)]
    labels = [name_hints(file).label for file in files]
    if None not in labels and labels[0] != labels[1]:
        message = f"{name}: {files[0]} and {files[1]} are of two releases, {labels[0]} and {labels[1]}"
        raise SourceError(f"{message}: import one of them alone")
    mine, its = ({record.code for record in raw.records} for raw in (text, book))
    alone = mine ^ its
    if len(alone) > len(mine | its) * ALONE:
        message = f"{name}: {len(alone):,} codes stand in {files[0]} alone or in {files[1]} alone"
        raise SourceError(f"{message}: they are of two releases, import one of them alone")


def join(text: RawRelease, book: RawRelease) -> RawRelease:
    """Join the two files of one release; see the top of this module for the rule."""
    theirs = {record.code: record for record in sorted(book.records, key=_LINE)}
    problems = [*text.problems, *book.problems]
    records = []
    for ours in sorted(text.records, key=_LINE):  # problems are told in the order of the files
        other = theirs.pop(ours.code, None)
        if other is None:
            problems.append(_alone(ours, _file_of(book)))
        elif other.values != ours.values:
            values, found = _join_values(book, ours, other)
            ours = replace(ours, values=values)  # noqa: PLW2901
            problems += found
        records.append(ours)
    for other in theirs.values():
        problems.append(_alone(other, _file_of(text)))
        records.append(other)
    return replace(
        text,
        records=tuple(sorted(records, key=attrgetter("code"))),
        columns=text.columns | book.columns,
        complete=text.complete or book.complete,
        problems=tuple(problems),
    )


def _held(raw: RawRelease) -> RawRelease:
    """Return what was read with its records in memory: they are asked for more than once."""
    return replace(raw, records=tuple(raw.records))


def _file_of(raw: RawRelease) -> str:
    return next(iter(raw.records)).file


def _join_values(book: RawRelease, ours: RawRecord, other: RawRecord) -> tuple[dict[str, str], list[Problem]]:
    """Return the joined values of one code, and a problem for each column in which the two disagree."""
    values: dict[str, str] = {}
    problems = []
    for column, field in COLUMNS.items():
        mine, its = ours.values.get(column, ""), other.values.get(column, "")
        if mine or its:
            values[column] = mine or its
        if mine == its or column not in book.columns or _plain(field, mine) == _plain(field, its):
            continue
        if not mine:
            severity, message = Severity.NOTE, "blank in the text: the workbook's value was taken"
        elif not its:
            severity, message = Severity.NOTE, "blank in the workbook: the text's value was taken"
        else:
            severity, message = Severity.WARNING, "the text has another value, which was taken"
        where = book.where(other, column)
        problems.append(Problem(severity, message, other.file, where, ours.code, field.name, its[-200:]))
    return values, problems


def _plain(field: Field, text: str) -> str:
    """Return a value as normalising will: a workbook's numbers and dates are no disagreement."""
    value = " ".join(text.split())
    day = iso_date(value) if field.is_date else None
    if day is not None:
        return day.isoformat()
    return value.zfill(field.width) if value and field.zero_filled and value.isdecimal() else value


def _alone(record: RawRecord, other_file: str) -> Problem:
    message = f"the code is missing in {other_file}"
    return Problem(Severity.WARNING, message, record.file, f"line {record.line}", record.code)


def _members(bundle: Zip, *endings: str) -> Iterator[str]:
    """Yield the members that may hold the records: of a text or workbook's name, and no report's."""
    for member in bundle.names():
        base = base_name(member)
        if base.lower().endswith(endings) and not _NOT_RECORDS.search(base) and not base.startswith("."):
            yield member


def _is_records_name(member: str) -> bool:
    return "anweb" in base_name(member).lower()


def _notes(bundle: Zip) -> tuple[Note, ...]:
    for member in bundle.names():
        if re.match(r"proc_?notes", base_name(member), re.IGNORECASE):
            return notes.read(decode(bundle.read(member)))
    return ()
