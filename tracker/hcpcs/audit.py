"""The publisher held to account: observed changes against the action codes and dates of the new records. Pure.

`silent`: something changed, and the record says N (no maintenance). `unfounded`: the record claims a change of
this cycle that is not there. `mislabelled`: what the record claims is not what changed. `late`: the action
took effect before the older release was published, which therefore was wrong when it came out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final

from tracker.hcpcs.catalogue import FIELDS, HCPCS
from tracker.hcpcs.normalise import iso_date
from tracker.model import Change, Diff, Facet, Finding, Status

_ADMINISTRATIVE_DATA: Final = frozenset(
    name
    for name, field in FIELDS.items()
    if field.facet in (Facet.COVERAGE, Facet.PAYMENT, Facet.CLASSIFICATION, Facet.REFERENCE, Facet.NOTE)
)
_OF: Final = {
    facet: frozenset(name for name, field in FIELDS.items() if field.facet is facet)
    for facet in (Facet.PAYMENT, Facet.CLASSIFICATION)
}
_CLAIMS: Final = {
    "B": _ADMINISTRATIVE_DATA | {"long_description"},
    "C": frozenset({"long_description"}),
    "D": frozenset({"termination_date"}),
    "F": _ADMINISTRATIVE_DATA,
    "P": _OF[Facet.PAYMENT],
    "R": frozenset({"termination_date"}),
    "S": frozenset({"short_description"}),
    "T": _OF[Facet.CLASSIFICATION],
}
"""Action code -> the fields of which it says that something changed (CMS's record layout)."""

_MASKED: Final = {
    "C": frozenset({"short_description"}),
    "B": frozenset({"short_description"}),
    "D": frozenset({"cross_references", "short_description", "long_description"}),
}
"""Action code -> changes that it usually hides, because a record has one letter only: no contradiction."""


def audit(diff: Diff) -> tuple[Finding, ...]:
    """Return the findings on the changed codes of a diff, by code."""
    return tuple(
        finding for change in diff.changes if change.status is Status.CHANGED for finding in _findings(diff, change)
    )


def compare_with_report(diff: Diff, told: Mapping[str, str]) -> tuple[Finding, ...]:
    """Return where CMS's own report on the newer release and the observed changes differ, by code.

    Args:
        diff: the changes, of the whole release.
        told: code -> the action code that the report gives it.
    """
    changes = {change.code: change for change in diff.changes}
    return tuple(
        Finding("report", code, text, _between(diff, _day(changes[code])) if code in changes else "")
        for code in sorted(told.keys() | changes.keys())
        if (text := _disagreement(changes.get(code), told.get(code)))
    )


def _disagreement(change: Change | None, letter: str | None) -> str:
    """Say how the report's word on a code and its observed change differ, or nothing if they agree."""
    status = change.status if change else None
    if letter is None:
        return "" if status is Status.REMOVED or change is None or change.administrative else "Not in CMS's report."
    if status is Status.ADDED:
        ended = letter == "D" and change is not None and HCPCS.ended in change.record.values
        return "" if letter == "A" or ended else f"Added, and CMS's report says {letter}."
    changed = {field.field for field in change.fields} - HCPCS.administrative if change else set[str]()
    if letter == "A":
        return "CMS's report says A (add), and the older release holds the code already."
    if letter == "N":
        names = ", ".join(name.replace("_", " ") for name in FIELDS if name in changed)
        return f"CMS's report says N (no change), and this changed: {names}." if changed else ""
    if letter in _CLAIMS and not _CLAIMS[letter] & changed:
        return f"CMS's report says {letter}, and nothing of that kind changed."
    return ""


def _findings(diff: Diff, change: Change) -> Iterator[Finding]:
    letter = change.record.values.get("action_code")
    changed = {field.field for field in change.fields} - HCPCS.administrative
    claimed = _CLAIMS.get(letter) if isinstance(letter, str) else None
    names = ", ".join(name.replace("_", " ") for name in FIELDS if name in changed)
    day = _day(change)
    if letter == "N" and changed:
        yield Finding("silent", change.code, f"{names} changed, and the action code is N.", _between(diff, day))
    if claimed is not None and not claimed & changed:
        if not changed and _is_of_this_cycle(change):
            yield Finding("unfounded", change.code, f"The action code {letter} claims a change that is not there.")
        elif changed - _MASKED.get(str(letter), frozenset()):
            told = f"The action code is {letter}, and what changed is: {names}."
            yield Finding("mislabelled", change.code, told, _between(diff, day))
    published = diff.old.published_date
    if changed and day is not None and published is not None and day < published and _is_of_this_cycle(change):
        told = f"Effective {day}, before {diff.old.name} was published on {published}."
        yield Finding("late", change.code, told)


def _is_of_this_cycle(change: Change) -> bool:
    """Whether the letter or its date is a new one: else it speaks of a change before the older release."""
    return any(field.field in HCPCS.administrative for field in change.fields)


def _between(diff: Diff, day: date | None) -> str:
    """Say why a letter need not speak of a change: it happened in a cycle between the two releases."""
    if day is not None and diff.old.effective_date < day < diff.new.effective_date:
        return f"it took effect on {day}, in a cycle between the two releases"
    return ""


def _day(change: Change) -> date | None:
    return iso_date(str(change.record.values.get("action_effective_date", "")))
