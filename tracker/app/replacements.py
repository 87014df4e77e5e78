"""What took an ended code's place, and in whose place a code is, looked for in the whole of a release."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from functools import cached_property

from tracker.app.stored import Stored
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.likeness import AFTER, BEFORE, day_of
from tracker.hcpcs.successors import Candidates, successors
from tracker.model import Predecessor, Record, Release, Successor


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
