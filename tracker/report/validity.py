"""Whether a code was valid on a day, for a reader and for a program."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import Final

from tracker.model import CodeSet, Release, Sighting, Successor, Validity, Verdict
from tracker.report.table import to_bytes
from tracker.report.text import Line
from tracker.report.view import describe, named, told_basis

SCHEMA: Final = 1
"""Version of the JSON: raised when something that a reader relies on changes."""

_WIDTH: Final = 13


def lines(code_set: CodeSet, validity: Validity, successors: Iterable[Successor]) -> Iterator[Line]:
    """Yield the answer: yes or no, why, with what meaning, what proves it, and what took the code's place."""
    style = {Verdict.YES: "new", Verdict.NO: "act"}.get(validity.verdict, "heading")
    yield Line(((validity.code, "code"), (f" on {validity.day}: ", ""), (validity.verdict, style)))
    yield _fact("why", validity.why)
    if validity.described:
        text = description(code_set, validity.described)
        yield _fact("meaning", f"{text} (as {validity.described.release.name} has it)")
    if validity.proof:
        yield _fact("proven by", describe(validity.proof))
    for successor in successors:
        yield _fact("instead", f"{successor.code} ({told_basis(successor)}): {successor.why}")
    if validity.missing:
        yield _fact("to be sure", f"import the release of {validity.missing}: tracker fetch {validity.missing}")
    for remark in validity.remarks:
        yield _fact("note", remark)


def to_json(
    code_set: CodeSet, answers: Sequence[tuple[Validity, Sequence[Successor]]], known_on: date | None = None
) -> bytes:
    """Return the answer for a code as one JSON object, those for the modifiers behind it in it.

    What is not known is null.
    """
    asked, *modifiers = [_content(code_set, validity, successors, known_on) for validity, successors in answers]
    told = {"schema": SCHEMA, **asked, "modifiers": modifiers}
    return to_bytes(json.dumps(told, ensure_ascii=False, indent=1) + "\n")


def _content(
    code_set: CodeSet, validity: Validity, successors: Iterable[Successor], known_on: date | None
) -> dict[str, object]:
    life, described = validity.life, validity.described
    return {
        "code": validity.code,
        "day": validity.day.isoformat(),
        "known_on": _day(known_on),
        "verdict": validity.verdict,
        "why": validity.why,
        "first_valid_day": _day(life.first if life else None),
        "last_valid_day": _day(life.last if life else None),
        "description": description(code_set, described) if described else None,
        "described_by": described.release.name if described else None,
        "proof": _release(validity.proof),
        "missing": validity.missing or None,
        "successors": [
            {"code": one.code, "basis": one.basis, "score": one.score, "units": one.units, "why": one.why}
            for one in successors
        ],
        "remarks": list(validity.remarks),
    }


def description(code_set: CodeSet, sighting: Sighting) -> str:
    """Return the words that a release has for a code."""
    return named(code_set, sighting.record) if sighting.record else ""


def _fact(name: str, text: str) -> Line:
    return Line(((f"  {name:<{_WIDTH}}", "dim"), (text, "")), _WIDTH + 2)


def _day(day: date | None) -> str | None:
    return day.isoformat() if day else None


def _release(release: Release | None) -> dict[str, object] | None:
    if release is None:
        return None
    return {
        "name": release.name,
        "effective_date": release.effective_date.isoformat(),
        "published_date": _day(release.published_date),
        "complete": release.complete,
        "digest": release.digest,
    }
