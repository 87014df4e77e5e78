"""The history of a code over the stored releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from functools import cached_property
from itertools import pairwise

from tracker.app.lives import Lives
from tracker.app.stored import Stored
from tracker.diff.compare import compare
from tracker.diff.wording import reword
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.hcpcs.likeness import AFTER, BEFORE, day_of
from tracker.hcpcs.successors import Candidates, successors
from tracker.model import History, Predecessor, Record, Release, Sighting, Step, Successor


class Replacements:
    """What took an ended code's place, and in whose place a code is, as one release tells it."""

    def __init__(self, stored: Stored, release: Release) -> None:
        self._stored = stored
        self._release = release

    @cached_property
    def records(self) -> dict[str, Record]:
        """All records of the release by code."""
        return {record.code: record for record in self._stored.records(self._stored.find(self._release.name))}

    @cached_property
    def candidates(self) -> Candidates:
        """All codes of the release, among which a successor may be."""
        return Candidates(self.records.values())

    def after(self, record: Record) -> tuple[Successor, ...]:
        """Return what may take the place of an ended code; nothing where the code has no end."""
        if day_of(record, HCPCS.ended) is None:
            return ()
        return successors(record, self.candidates, self.records.get, on=self._release.effective_date)

    def before(self, record: Record) -> tuple[Predecessor, ...]:
        """Return the ended codes in whose place a code may be, the surest first."""
        found = [
            Predecessor(ended.code, one.basis, one.score, one.why)
            for ended in self._ended_around(record)
            for one in self.after(ended)
            if one.code == record.code
        ]
        return tuple(sorted(found, key=lambda one: (-one.score, one.code)))

    def _ended_around(self, record: Record) -> Iterator[Record]:
        """Yield the codes that ended around a code's first day, and those that refer to it whenever they ended."""
        first = day_of(record, HCPCS.added)
        for other in self.records.values():
            last = day_of(other, HCPCS.ended)
            if last is None:
                continue
            next_day = last + timedelta(days=1)
            near = first is not None and next_day - BEFORE <= first <= next_day + AFTER
            if near or record.code in other.values.get("cross_references", ()):
                yield other


def history_of(lives: Lives, stored: Stored, code: str) -> History:
    """Return the history of a code, in upper case; without sightings that hold it if no release does."""
    sightings, found = lives.of(code)
    last = next((seen for seen in reversed(sightings) if seen.record), None)
    if last is None or last.record is None:
        return History(code, sightings, (), (), (), ())
    replacements = Replacements(stored, _newest(lives.releases, last.release))
    steps = tuple(_steps(lives, sightings, replacements))
    return History(code, sightings, steps, found, replacements.after(last.record), replacements.before(last.record))


def _newest(releases: Iterable[Release], holding: Release) -> Release:
    """Return the release that knows most of what came later: the newest complete one, else the one that holds it."""
    complete = [release for release in releases if release.complete]
    return complete[-1] if complete else holding


def _steps(lives: Lives, sightings: Iterable[Sighting], replacements: Replacements) -> Iterator[Step]:
    for old, new in pairwise(sightings):
        before, after = ([seen.record] if seen.record else [] for seen in (old, new))
        diff = compare(HCPCS, old.release, new.release, before, after)
        if diff.changes:
            context = Context(reword, lives.lookup(old.release), lives.lookup(new.release), {})
            (change,) = explain(diff, context, replacements.candidates).changes
            yield Step(old.release, new.release, change)
