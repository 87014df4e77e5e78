"""Is this the release that it seems to be? Pure: what is stored is passed in."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from tracker.errors import RefusedError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.normalise import iso_date
from tracker.model import Record, Release, Snapshot

WHOLE = 5_000
"""Fewest codes of a complete release: the smallest known has 6,498. Fewer are somebody's selection."""

LACKING = 0.01
"""Share of valid codes that a complete release may lack. On all known pairs of releases it is at most 0.3 %."""

STALE, EARLY = timedelta(days=120), timedelta(days=200)
"""How long before its effective date a release's newest added date may lie, and how long after it.

Every quarter adds codes; the re-issue of March 2018 names codes of July 2018, 181 days ahead."""


def require_whole(snapshot: Snapshot, neighbours: Iterable[Snapshot], *, insisted: bool) -> None:
    """Refuse a release that seems complete and is not: somebody filtered the workbook.

    Args:
        snapshot: the release, complete by its format or by the user's word.
        neighbours: stored complete releases near it in time.
        insisted: the user said that it is complete; few codes alone are then no reason.

    Raises:
        RefusedError: it has few codes, or lacks more than `LACKING` of those that a neighbour shows valid.
    """
    release, held = snapshot.release, {record.code for record in snapshot.records}
    advice = "import the file as the publisher has it, or say --excerpt if it is meant to be a part"
    if len(held) < WHOLE and not insisted:
        raise RefusedError(
            f"{release.source.name} holds {len(held):,} codes, and no whole release has fewer than {WHOLE:,}: "
            f"{advice}, or --complete if it is whole"
        )
    for neighbour in neighbours:
        gap = _gap(snapshot, neighbour)
        if gap:
            raise RefusedError(f"{release.source.name} lacks {gap}: {advice}")


def truncated(snapshot: Snapshot, neighbours: Iterable[Snapshot]) -> tuple[str, ...]:
    """Say which stored complete releases lack more than `LACKING` of the codes that this one shows valid then.

    A filtered workbook that is imported first has nothing to be held against; the next release tells.
    """
    gaps = ((neighbour.release.name, _gap(neighbour, snapshot)) for neighbour in neighbours)
    return tuple(
        f'{name} lacks {gap}: is it whole? If not: tracker withdraw {name} --reason "not whole"'
        for name, gap in gaps
        if gap
    )


def _gap(snapshot: Snapshot, other: Snapshot) -> str:
    """Say how many codes a release lacks of those that another shows valid on its day; "" if hardly any."""
    day = snapshot.release.effective_date
    valid = {record.code for record in other.records if is_valid(record, day)}
    lacking = sorted(valid - {record.code for record in snapshot.records})
    if len(lacking) <= LACKING * len(valid):
        return ""
    return (
        f"{len(lacking):,} of the {len(valid):,} codes that {other.release.name} shows valid on {day} "
        f"({', '.join(lacking[:3])}, …)"
    )


def is_valid(record: Record, day: date) -> bool:
    """Whether a record's dates say that its code is valid on a day; both its first and last day are."""
    first, last = record.values.get(HCPCS.added), record.values.get(HCPCS.ended)
    on = day.isoformat()
    return isinstance(first, str) and first <= on and (last is None or (isinstance(last, str) and on <= last))


def doubts(release: Release, records: Iterable[Record], stored: Sequence[Release]) -> tuple[str, ...]:
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
    added = (record.values.get(HCPCS.added) for record in records)
    newest = max((day for text in set(added) if isinstance(text, str) and (day := iso_date(text))), default=None)
    if release.complete and newest and not -STALE <= newest - release.effective_date <= EARLY:
        found.append(
            f"the newest code of {release.name} was added on {newest}, and the release takes effect on "
            f"{release.effective_date}: is the label right?"
        )
    return tuple(found)
