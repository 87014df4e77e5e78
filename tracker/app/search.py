"""Search the codes of a stored release, by code or by the words of their descriptions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from tracker.app.stored import Revision, Stored
from tracker.hcpcs.catalogue import FOREIGN_CODES, HCPCS
from tracker.model import Kind, Record
from tracker.report.lists.view import Answer, Column, Group, ListRow, ListView, Point
from tracker.report.view import decode, describe, named
from tracker.search import Found, Hit, Index, Status

COVERAGE: Final = "coverage_code"

COLUMNS: Final = (
    Column("code", "Code"),
    Column("kind", "Kind"),
    Column("status", "Status"),
    Column("last_valid_day", "Last valid day"),
    Column("score", "Score"),
    Column("long_description", "Description"),
    Column("short_description", "Short description"),
    Column(COVERAGE, "Coverage"),
)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which of the codes found are asked for; empty or None means all.

    `letter` is what the code begins with, `coverage` a value of the coverage code; `limit` how many, the best.
    """

    status: Status = Status.ALL
    letter: str = ""
    coverage: str = ""
    kind: Kind | None = None
    limit: int | None = None


def find_codes(stored: Stored, text: str, reference: str | None = None) -> tuple[Revision, Found]:
    """Search a release, or else the newest whole one, or if there is none the newest; return it and what was found.

    Whether a code is current is told as of the day on which the release takes effect.

    Raises:
        UnknownReleaseError: the release is not stored, or none is.
    """
    revision = stored.find(reference or "latest")
    index = Index(HCPCS, stored.records(revision), revision.release.effective_date)
    return revision, index.search(text)


def view_found(stored: Stored, text: str, wanted: Wanted, reference: str | None) -> ListView:
    """Search as `find_codes` does, and return what is asked for of it, ready to be drawn."""
    revision, found = find_codes(stored, text, reference)
    asked_for = [hit for hit in found.hits if _is_wanted(hit, wanted)]
    shown = asked_for[: wanted.limit]
    current = sum(hit.status is Status.CURRENT for hit in asked_for)
    return ListView(
        title=f"Codes for: {' '.join(text.split())}",
        facts=tuple(_facts(revision, wanted)),
        counts=((len(asked_for), "found"), (current, "current"), (len(asked_for) - current, "ended")),
        remarks=tuple(_remarks(text, revision, found, asked_for, shown)),
        groups=(Group("Best first", tuple(map(_point, shown))),) if shown else (),
        columns=(),
        added=COLUMNS,
        rows=lambda: (ListRow(0, (), _answer(hit)) for hit in shown),
        length=len(shown),
    )


def _is_wanted(hit: Hit, wanted: Wanted) -> bool:
    record = hit.record
    return (
        wanted.status in (Status.ALL, hit.status)
        and record.code.startswith(wanted.letter)
        and wanted.coverage in ("", _text(record, COVERAGE))
        and wanted.kind in (None, record.kind)
    )


def _facts(revision: Revision, wanted: Wanted) -> Iterator[tuple[str, str]]:
    yield "release", describe(revision.release)
    only = [
        wanted.status.value if wanted.status is not Status.ALL else "",
        f"{wanted.kind}s" if wanted.kind else "",
        f"codes that begin with {wanted.letter}" if wanted.letter else "",
        f"coverage {decode(HCPCS, COVERAGE, wanted.coverage)}" if wanted.coverage else "",
    ]
    if any(only):
        yield "only", " · ".join(filter(None, only))


def _remarks(
    text: str, revision: Revision, found: Found, asked_for: Sequence[Hit], shown: Sequence[Hit]
) -> Iterator[str]:
    code = text.strip().upper()
    for name, shape in FOREIGN_CODES.items():
        if shape.fullmatch(code):
            yield f"{code} looks like a {name} code, and the releases hold none of those"
    for word, meant in found.read_as.items():
        yield f"{word} was not found; it was read as {', '.join(meant)}"
    if found.missing:
        words = not found.hits and any(word.isalpha() for word in found.missing)
        brand = ": drugs stand under their generic names, few under their brands" if words else ""
        yield f"no description has a word like {' or '.join(found.missing)}{brand}"
    if not revision.release.complete:
        yield f"{revision.release.name} is an excerpt: there are codes that it does not hold"
    if found.hits and not asked_for:
        yield f"{len(found.hits):,} were found, and none of them is of the kind asked for"
    elif not found.hits and not found.missing:
        yield "nothing found: search for words of a description, or the begin of a code (J19)"
    if len(shown) < len(asked_for):
        yield f"the best {len(shown):,} of {len(asked_for):,}: --all shows all"


def _point(hit: Hit) -> Point:
    ended = _text(hit.record, HCPCS.ended)
    status = f"{hit.status}, last valid day {ended}" if ended else hit.status.value
    return Point(hit.record.code, None, (f"{status}: {named(HCPCS, hit.record)}",))


def _answer(hit: Hit) -> Answer:
    record = hit.record
    texts = (_text(record, name) for name in ("long_description", "short_description", COVERAGE))
    return Answer(
        (record.code, record.kind.value, hit.status.value, _text(record, HCPCS.ended), float(hit.score), *texts)
    )


def _text(record: Record, name: str) -> str:
    value = record.values.get(name, "")
    return value if isinstance(value, str) else " ".join(value)
