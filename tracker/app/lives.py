"""What the stored releases say of single codes: their lives, and whether they were valid on a day."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property
from itertools import groupby
from typing import Final

from tracker import archive
from tracker.app.stored import Revision, Stored, current, whole_or_all
from tracker.diff.compare import compare
from tracker.diff.wording import reword
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.hcpcs.lives import lives, valid_on
from tracker.model import Facet, Life, Record, Release, Sighting, Validity

_LIFE: Final = frozenset(
    name for name, field in HCPCS.fields.items() if field.facet in {Facet.DESCRIPTION, Facet.DATES, Facet.ACTION}
)
"""The fields that tell one life from another; comparing no others keeps a question quick."""


class Lives:
    """The lives of codes, as the stored releases tell them; what was found of a code is remembered.

    With `known_on`, only what had been published by that day is asked: of each release the revision that was then
    the best. Where a day of publication is not known, a release counts as published on the day it takes effect.
    """

    def __init__(self, stored: Stored, known_on: date | None = None) -> None:
        self._stored = stored
        self._found: dict[str, tuple[tuple[Sighting, ...], tuple[Life, ...]]] = {}
        self.revisions = _revisions(stored, known_on)

    @cached_property
    def releases(self) -> list[Release]:
        """The releases that are asked, oldest first."""
        return [revision.release for revision in self.revisions]

    @property
    def newest(self) -> Release:
        """The release that knows most of what came later: the newest whole one, else the newest."""
        return whole_or_all(self.revisions)[-1].release

    def valid_on(self, code: str, day: date) -> Validity:
        """Say whether a code, in upper case, was valid on a day."""
        sightings, found = self.of(code)
        return valid_on(code, day, sightings, found, self.releases)

    def of(self, code: str) -> tuple[tuple[Sighting, ...], tuple[Life, ...]]:
        """Return what the releases say of a code, oldest first, and the lives that this tells."""
        if code not in self._found:
            sightings = self._sightings(code)
            self._found[code] = sightings, lives(sightings, self._became)
        return self._found[code]

    def _sightings(self, code: str) -> tuple[Sighting, ...]:
        lines = dict(self._stored.store.versions_of(HCPCS.name, code))
        decoded = {line: archive.decode_record(line) for line in set(lines.values())}
        found = []
        for revision in self.revisions:
            release, line = revision.release, lines.get(revision.id)
            if line is not None:
                found.append(Sighting(release, decoded[line]))
            elif release.complete or code in release.absent:
                found.append(Sighting(release, None))
        return tuple(found)

    def _became(self, old: Sighting, new: Sighting) -> frozenset[str]:
        """Return the ids of the events between two sightings that hold the code."""
        if old.record is None or new.record is None or old.record.values == new.record.values:
            return frozenset()
        before, after = (replace(side.release, fields=side.release.fields & _LIFE) for side in (old, new))
        diff = compare(HCPCS, before, after, [old.record], [new.record])
        context = Context(reword, self.lookup(old.release), self.lookup(new.release), {})
        return frozenset(event.id for change in explain(diff, context).changes for event in change.events)

    def lookup(self, release: Release) -> Callable[[str], Record | None]:
        """Return what gives the record of a code in one of the releases."""
        revision = next(revision for revision in self.revisions if revision.release.name == release.name)
        return lambda code: self._stored.record(revision, code)


def day_known(release: Release) -> date:
    """Return the day by which a release was known: its publication, else the day it takes effect."""
    return release.published_date or release.effective_date


def _revisions(stored: Stored, known_on: date | None) -> Sequence[Revision]:
    if known_on is None:
        found = stored.currents()
    else:
        known = [revision for revision in stored.revisions if day_known(revision.release) <= known_on]
        by_label = groupby(known, key=lambda revision: revision.release.label)
        bests = [best for _, group in by_label if (best := current(group)) is not None]
        found = sorted(bests, key=lambda revision: revision.release.effective_date)
        if not found and stored.revisions:
            first = min(day_known(revision.release) for revision in stored.revisions)
            raise UnknownReleaseError(f"nothing that is stored was known on {known_on}: the earliest is of {first}")
    if not found:
        raise UnknownReleaseError(stored.nothing_to_ask)
    return found
