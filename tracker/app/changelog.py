"""All steps between two stored releases, release by release."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from itertools import pairwise

from tracker.app.stored import Stored
from tracker.app.write_report import view_releases
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.labels import labels_between
from tracker.model import Release
from tracker.policy import Policy
from tracker.report.changelog.view import ChangelogView, build_changelog
from tracker.report.view import ReportView


def view_changelog(
    stored: Stored,
    first: str,
    last: str,
    *,
    policy: Policy,
    today: date,
    administrative: bool = False,
    written: date | None = None,
) -> ChangelogView:
    """Compare each release from one to another with the next, as `view_releases` does, and roll the steps up.

    Between the two stand all stored releases that a bare label means; the two themselves may be named by revision.

    Raises:
        UnknownReleaseError: one of them is not stored, or the first is not the earlier one.
    """
    releases = _releases(stored, first, last)

    def view(old: Release, new: Release) -> ReportView:
        return view_releases(
            stored, old.name, new.name, policy=policy, today=today, administrative=administrative, written=written
        )

    steps = [view(old, new) for old, new in pairwise(releases)]
    direct = view(releases[0], releases[-1]) if len(steps) > 1 else steps[0]
    return build_changelog(steps, direct, remarks=_gaps(releases), administrative=administrative)


def _releases(stored: Stored, first: str, last: str) -> list[Release]:
    """Return the releases that the changelog goes through, oldest first."""
    begin, end = stored.find(first).release, stored.find(last).release
    if begin.label == end.label:
        other = f": tracker diff {begin.name} {end.name} compares its revisions" if begin != end else ""
        raise UnknownReleaseError(
            f"a changelog leads from one release to a later one, and both are {begin.label}{other}"
        )
    if begin.effective_date > end.effective_date:
        message = f"{begin.label} is later than {end.label}: run tracker changelog {end.label} {begin.label}"
        raise UnknownReleaseError(message)
    between = (revision.release for revision in stored.currents())
    return [
        begin,
        *(release for release in between if begin.effective_date < release.effective_date < end.effective_date),
        end,
    ]


def _gaps(releases: Sequence[Release]) -> Iterator[str]:
    """Say which releases are not stored, so that their changes stand in a later step."""
    for old, new in pairwise(releases):
        missing = _between(old, new)
        if missing:
            names = ", ".join(missing) if len(missing) <= _SOME else f"{missing[0]} to {missing[-1]}"
            number = "1 release" if len(missing) == 1 else f"{len(missing)} releases"
            yield f"{old.label} → {new.label}: {number} in between not stored ({names}): one step tells all of them"


_SOME = 4
"""How many missing releases are named one by one."""


def _between(old: Release, new: Release) -> list[str]:
    """Return the labels of the releases that were issued between two, as far as is known when one is due."""
    return [label for label in labels_between(old.label, new.label) if label not in {old.label, new.label}]
