"""Is this the release that it seems to be? Pure: what is stored is passed in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import TypeAlias

from tracker.errors import RefusedError
from tracker.hcpcs.normalise import iso_date
from tracker.hcpcs.oddities import explain, resembles
from tracker.model import Problem, Release, Severity

Span: TypeAlias = tuple[str, str]
"""The first and the last valid day of a code, as its record has them; each may be empty."""

Spans: TypeAlias = Mapping[str, Span]
"""Code -> its span: all that is looked at of the records of a release."""

WHOLE = 5_000
"""Fewest codes of a complete release: the smallest known has 6,498. Fewer are somebody's selection."""

LACKING = 0.01
"""Share of valid codes that a complete release may lack. On all known pairs of releases it is at most 0.3 %."""

STALE, EARLY = timedelta(days=120), timedelta(days=200)
"""How long before its effective date a release's newest added date may lie, and how long after it.

Every quarter adds codes; the re-issue of March 2018 names codes of July 2018, 181 days ahead."""

NAMED = 3
"""How many errors a refusal names."""


@dataclass(frozen=True, slots=True)
class Gap:
    """The codes that a release lacks of those that another shows valid on its day, and how many these are."""

    lacking: tuple[str, ...]
    valid: int
    day: str

    def __bool__(self) -> bool:
        """Whether it is more than any whole release has."""
        return len(self.lacking) > LACKING * self.valid

    def told(self, other: Release) -> str:
        """Say what the release lacks of the other one."""
        return (
            f"{len(self.lacking):,} of the {self.valid:,} codes that {other.name} shows valid on {self.day} "
            f"({', '.join(self.lacking[:3])}, …)"
        )


@dataclass(frozen=True, slots=True)
class Neighbour:
    """A stored complete release near in time: what the new one lacks of it, and what it lacks of the new one."""

    release: Release
    lacks_of_it: Gap
    it_lacks: Gap


def hold_against(release: Release, spans: Spans, other: Release, theirs: Iterable[tuple[str, Span]]) -> Neighbour:
    """Hold the codes of a new release against those of a stored one, which are taken once."""
    day, its_day = release.effective_date.isoformat(), other.effective_date.isoformat()
    shown = {code for code, span in spans.items() if _is_valid(span, its_day)}
    number, valid, lacking = len(shown), 0, []
    for code, span in theirs:
        shown.discard(code)
        if _is_valid(span, day):
            valid += 1
            if code not in spans:
                lacking.append(code)
    return Neighbour(other, Gap(tuple(sorted(lacking)), valid, day), Gap(tuple(sorted(shown)), number, its_day))


def _is_valid(span: Span, day: str) -> bool:
    """Whether a span says that its code is valid on a day; both its first and last day are."""
    first, last = span
    return "" != first <= day and (last == "" or day <= last)


def require_whole(release: Release, neighbours: Iterable[Neighbour], *, insisted: bool) -> None:
    """Refuse a release that seems complete and is not: somebody filtered the workbook.

    Args:
        release: the release, complete by its format or by the user's word.
        neighbours: stored complete releases near it in time.
        insisted: the user said that it is complete; few codes alone are then no reason.

    Raises:
        RefusedError: it has few codes, or lacks more than `LACKING` of those that a neighbour shows valid.
    """
    advice = "import the file as the publisher has it, or say --excerpt if it is meant to be a part"
    if release.codes < WHOLE and not insisted:
        raise RefusedError(
            f"{release.source.name} holds {release.codes:,} codes, and no whole release has fewer than {WHOLE:,}: "
            f"{advice}, or --complete if it is whole"
        )
    for neighbour in neighbours:
        if neighbour.lacks_of_it:
            gap = neighbour.lacks_of_it.told(neighbour.release)
            raise RefusedError(f"{release.source.name} lacks {gap}: {advice}")


def require_explained(release: Release, problems: Iterable[Problem]) -> None:
    """Refuse a release with errors that no known oddity explains: values that are stored as found and cannot be right.

    Raises:
        RefusedError: it has some; the first few are named.
    """
    errors = [one for one in problems if one.severity is Severity.ERROR and explain(release.label, one) is None]
    if errors:
        alike = sum(resembles(one) is not None for one in errors)
        known = f", {alike:,} of them like those of other files" if alike else ""
        number = f"{len(errors):,} error{'' if len(errors) == 1 else 's'}"
        told = "; ".join(map(_told, errors[:NAMED])) + ("; …" if len(errors) > NAMED else "")
        raise RefusedError(
            f"{release.source.name} has {number} that no known oddity explains{known} ({told}): take it in without "
            f"--strict and look with tracker problems {release.label}, or tell the publisher"
        )


def _told(problem: Problem) -> str:
    about = " ".join(part for part in (problem.code, problem.field) if part)
    place = ", ".join(part for part in (problem.file, problem.where) if part)
    return f"{about} in {place}" if about else place


def truncated(release: Release, neighbours: Iterable[Neighbour]) -> tuple[str, ...]:
    """Say which stored complete releases lack more than `LACKING` of the codes that this one shows valid then.

    A filtered workbook that is imported first has nothing to be held against; the next release tells.
    """
    return tuple(
        f"{(name := neighbour.release.name)} lacks {neighbour.it_lacks.told(release)}: is it whole? "
        f'If not: tracker withdraw {name} --reason "not whole"'
        for neighbour in neighbours
        if neighbour.it_lacks
    )


def doubts(release: Release, spans: Spans, stored: Sequence[Release]) -> tuple[str, ...]:
    """Say what speaks for a wrong label: the same content under another one, or dates of another time."""
    found = [
        f"{release.name} has the very content of {other.name}: is the label right? If not: tracker withdraw "
        f'{release.name} --reason "wrong label"'
        for other in stored
        if other.digest == release.digest and other.label != release.label
    ]
    found += [
        f"the same content was withdrawn as {other.name}: {other.withdrawn}"
        for other in stored
        if other.digest == release.digest and other.label == release.label and other.withdrawn is not None
    ]
    newest = max((day for text in {first for first, _ in spans.values()} if (day := iso_date(text))), default=None)
    if release.complete and newest and not -STALE <= newest - release.effective_date <= EARLY:
        found.append(
            f"the newest code of {release.name} was added on {newest}, and the release takes effect on "
            f"{release.effective_date}: is the label right?"
        )
    return tuple(found)
