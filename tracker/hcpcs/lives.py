"""The lives of a code: what release after release says of it, as the days on which it was valid. Pure.

The newest release knows best: dates are corrected afterwards, and since 2019 ended codes stay in the file. But it
knows only what the code stands for now. So the releases are read oldest first, each correcting the life that it goes
on with, and a new life begins where the code is reused for something else, or reactivated after an end.

    G9890   2018: added 2018-01-01, a macular exam          -> 2018-01-01 to 2018-03-31, reused
            2019: added 2018-04-01, a bridge payment        -> from 2018-04-01
    J0570   2025: last valid day 2024-12-31                 -> 2017-01-01 to 2024-12-31, ended
            2025-10: no end, action R from 2025-10-01       -> from 2025-10-01, reactivated
    DA      not in 2019, in 2020 as if it had never left    -> one life: the file of 2019 had lost it
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Final

from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import QUARTERLY, effective_date, label_on
from tracker.hcpcs.normalise import iso_date
from tracker.model import Ending, Life, Release, Sighting, Validity, Verdict

Became = Callable[[Sighting, Sighting], frozenset[str]]
"""Gives the ids of the events between two sightings that hold the code."""

_ONE_DAY: Final = timedelta(days=1)
_KEPT_SINCE: Final = 2018
"""The last year whose release dropped the codes that had ended four years ago: 107 of 2013, and none since."""


def lives(sightings: Iterable[Sighting], became: Became) -> tuple[Life, ...]:
    """Return the lives of a code, oldest first.

    Args:
        sightings: what the releases say that speak of the code, oldest first.
        became: the events between two of them.
    """
    found: list[_Life] = []
    for sighting in sightings:
        life = found[-1] if found else None
        if sighting.record is None:
            if life is not None and life.last is None:
                life.last, life.ending = until(life.sightings[-1].release), Ending.GONE
        elif life is None:
            found.append(_first(sighting))
        else:
            events = became(life.known, sighting)
            begin = _day(sighting, HCPCS.acted) or sighting.release.effective_date
            added = _moved(life.known, sighting, HCPCS.added)
            if "code-reused" in events:
                found.append(_reused(life, sighting))
            elif life.ending is Ending.GONE and life.last and added and added > life.last:  # added anew, not corrected
                found.append(_Life(added, _day(sighting, HCPCS.ended), [sighting], sighting, reactivated=True))
            elif "code-reactivated" in events and life.is_over(begin):
                found.append(_Life(begin, _day(sighting, HCPCS.ended), [sighting], sighting, reactivated=True))
            else:
                life.go_on(sighting, found[-2] if found[1:] else None)
    return tuple(life.closed() for life in found)


def filled(sighting: Sighting, before: Sighting) -> Sighting:
    """Return a sighting with what its release does not know of the code taken from what was known before."""
    if sighting.record is None or before.record is None:
        return sighting
    lost = _known(before) - _known(sighting)
    if not lost:
        return sighting
    values = {name: value for name, value in sighting.record.values.items() if name not in lost}
    values |= {name: value for name, value in before.record.values.items() if name in lost}
    return Sighting(
        replace(sighting.release, fields=sighting.release.fields | lost),
        replace(sighting.record, values=values, unknown=sighting.record.unknown - lost),
    )


def valid_on(
    code: str, day: date, sightings: Sequence[Sighting], found: Sequence[Life], releases: Sequence[Release]
) -> Validity:
    """Say whether a code was valid on a day.

    Args:
        code: the code.
        day: the date of service.
        sightings: what the releases say that speak of the code, oldest first.
        found: the lives that they tell.
        releases: all releases that are asked, oldest first, also those that do not speak of the code.
    """
    question = _Question(code, day, sightings, releases)
    if not found:
        return question.never_seen()
    if found[-1].ending is Ending.ENDED and found[-1].first and found[-1].last and found[-1].first > found[-1].last:
        return question.contradictory(found[-1])
    life = next((life for life in reversed(found) if _is_in(day, life)), None)
    if life is not None:
        return question.inside(life)
    after = next((life for life in found if life.first is not None and day < life.first), None)
    before = next((life for life in reversed(found) if life.last is not None and life.last < day), None)
    if before is not None:
        return question.behind(before, after)
    return question.ahead(found[0])


def until(release: Release) -> date:
    """Return the last day of which a release speaks: of its quarter, or its year where it was issued once a year."""
    begin = release.effective_date
    year, month = (begin.year, begin.month + 3) if begin.year >= QUARTERLY else (begin.year, 13)
    return date(year + (month > 12), (month - 1) % 12 + 1, 1) - _ONE_DAY  # noqa: PLR2004 - months


def release_on(day: date) -> str:
    """Return the label of the release that is in effect on a day: `2025-10`, or `2018` where it was one a year."""
    return label_on(day) if day.year >= QUARTERLY else str(day.year)


# The lives


@dataclass(slots=True)
class _Life:
    """A life while it is read; `known` is its last sighting, filled with what the earlier ones knew."""

    first: date | None
    last: date | None
    sightings: list[Sighting]
    known: Sighting
    ending: Ending | None = None
    reactivated: bool = field(default=False, kw_only=True)

    def go_on(self, sighting: Sighting, former: _Life | None) -> None:
        """Take what a later release says: it may correct the first day, and set, move or take back the last one.

        The added date of a reactivated code is that of its first life.
        """
        added = _moved(self.known, sighting, HCPCS.added)
        if added is not None and not self.reactivated and (former is None or former.make_room(added)):
            self.first = added
        if _tells_end(sighting):
            self.last = _day(sighting, HCPCS.ended)
        elif self.ending is Ending.GONE:
            self.last = None
        self.ending = None
        self.sightings.append(sighting)
        self.known = filled(sighting, self.known)

    def is_over(self, day: date) -> bool:
        """Whether the life has come, and ended, before a day."""
        return self.last is not None and self.last < day and (self.first is None or self.first < day)

    def make_room(self, begin: date) -> bool:
        """End before the day on which the next life begins; return False if that is none after this one's first."""
        if self.first is not None and begin <= self.first:
            return False
        if self.last is None or self.last >= begin:
            self.last, self.ending = begin - _ONE_DAY, Ending.REUSED
        return True

    def closed(self) -> Life:
        ending = self.ending or (Ending.ENDED if self.last else None)
        return Life(self.first, self.last, ending, self.reactivated, tuple(self.sightings))


def _first(sighting: Sighting) -> _Life:
    """Begin with the earliest release. A code that it reactivates had ended, on a day that it does not tell."""
    added, acted = _day(sighting, HCPCS.added), _day(sighting, HCPCS.acted)
    reactivated = _text(sighting, "action_code") == "R" and acted is not None and (added is None or added < acted)
    first, last = acted if reactivated else added, _day(sighting, HCPCS.ended)
    return _Life(first, last, [sighting], sighting, reactivated=reactivated)


def _reused(life: _Life, sighting: Sighting) -> _Life:
    """Begin a new life where a code stands for something else, and end the former the day before.

    It begins on the new added date (G9890), else on the new action date (modifier CS), else with the release.
    """
    moved = (_moved(life.known, sighting, name) for name in (HCPCS.added, HCPCS.acted))
    days = (*moved, sighting.release.effective_date, life.first and life.first + _ONE_DAY)
    begin = next(day for day in days if day and life.make_room(day))
    return _Life(begin, _day(sighting, HCPCS.ended), [sighting], sighting)


def _moved(old: Sighting, new: Sighting, name: str) -> date | None:
    day = _day(new, name)
    return day if day != _day(old, name) else None


def _day(sighting: Sighting, name: str) -> date | None:
    return iso_date(_text(sighting, name))


def _text(sighting: Sighting, name: str) -> str:
    value = sighting.record.values.get(name, "") if sighting.record else ""
    return value if isinstance(value, str) else ""


def _tells_end(sighting: Sighting) -> bool:
    """Whether a blank last valid day means that there is none."""
    return HCPCS.ended in _known(sighting)


def _known(sighting: Sighting) -> frozenset[str]:
    """Return the fields that a release knows of the code."""
    return sighting.release.fields - (sighting.record.unknown if sighting.record else frozenset())


def _is_later(one: Release, other: Release) -> bool:
    return one.effective_date > other.effective_date


def _is_in(day: date, life: Life) -> bool:
    return (life.first is None or life.first <= day) and (life.last is None or day <= life.last)


# The answer


@dataclass(frozen=True, slots=True)
class _Question:
    """Whether a code was valid on a day."""

    code: str
    day: date
    sightings: Sequence[Sighting]
    releases: Sequence[Release]

    def inside(self, life: Life) -> Validity:
        """Answer for a day in a life: yes, unless what is stored does not reach so far."""
        telling = [seen.release for seen in life.sightings if _tells_end(seen)]
        if life.last is None and not telling:
            return self._cannot_tell(f"{life.sightings[-1].release.name} does not tell whether it ended", life)
        proof = telling[-1] if telling else life.sightings[-1].release
        if life.last is None and self.day > until(proof):
            why = f"valid when last seen, in {proof.name}, which speaks of days up to {until(proof)}"
            return self._cannot_tell(why, life)
        if life.first is None and self.day < life.sightings[0].release.effective_date:
            return self._cannot_tell("no stored release tells its first valid day", life)
        last_seen = life.sightings[-1].release
        dropped = [
            seen.release for seen in self.sightings if seen.record is None and _is_later(seen.release, last_seen)
        ]
        if dropped and dropped[0].effective_date <= self.day:
            why = f"{last_seen.name} told its last valid day, {life.last}; {dropped[0].name} does not hold it any more"
            return self._cannot_tell(why, life)
        described = self._in_force(life)
        remarks = tuple(self._remarks(life, described))
        return Validity(self.code, self.day, Verdict.YES, _span(life), life, described, proof, remarks=remarks)

    def behind(self, life: Life, after: Life | None) -> Validity:
        """Answer for a day after a life: no, unless the code left without a word and nobody knows when."""
        then = ""
        if after:
            then = f"; {'valid again' if after.reactivated else 'it stands for something else'} from {after.first}"
        if life.ending is not Ending.GONE:
            proof = (after or life).sightings[0 if after else -1].release
            end = f"it stood for something else up to {life.last}" if life.ending is Ending.REUSED else None
            return self._no(f"{end or f'ended: its last valid day was {life.last}'}{then}", life, proof)
        holder = life.sightings[-1].release
        left = self._left_after(life) or holder
        if self.day < left.effective_date:
            why = f"{holder.name} holds it and {left.name} does not: it left in between"
            return self._cannot_tell(why, life)
        return self._no(f"gone: {left.name} does not hold it, and it never got a last valid day{then}", life, left)

    def ahead(self, life: Life) -> Validity:
        """Answer for a day before the first life."""
        proof = life.sightings[-1].release
        added = _day(life.sightings[0], HCPCS.added)
        if life.reactivated and (added is None or added <= self.day):
            why = f"reactivated from {life.first}; when it had ended before, no stored release tells"
            return self._cannot_tell(why, life)
        first = added if life.reactivated else life.first
        told = f"not yet: its first valid day is {first}"
        return replace(self._no(told, life, proof), remarks=tuple(self._corrected(life, proof)))

    def contradictory(self, life: Life) -> Validity:
        """Answer for a code that is told to have ended before it was added."""
        told = f"{life.sightings[-1].release.name} contradicts itself: added {life.first}, last valid day {life.last}"
        return self._cannot_tell(told, life)

    def never_seen(self) -> Validity:
        """Answer for a code that no release holds: no, where a complete release would hold it."""
        complete = [release for release in self.releases if release.complete]
        if not complete:
            told = f"only excerpts are stored, and it is in none of them: {self._names()}" if self.releases else ""
            return self._cannot_tell(told or "nothing is stored")
        newest = complete[-1]
        if self.day > until(newest):
            why = f"in no stored release; the newest, {newest.name}, speaks of days up to {until(newest)}"
            return self._cannot_tell(why)
        reach = [release for release in complete if _kept_since(release) <= self.day <= until(release)]
        if not reach:
            oldest = complete[0]
            why = f"in no stored release; {oldest.name} need not hold what ended before {_kept_since(oldest)}"
            return self._cannot_tell(why)
        why = f"in no stored release; {reach[0].name}, complete, would hold a code that was valid on that day"
        return self._no(why, None, reach[0])

    def _left_after(self, life: Life) -> Release | None:
        """Return the first release after a life that does not hold the code."""
        last = life.sightings[-1].release
        gone = (seen.release for seen in self.sightings if seen.record is None and _is_later(seen.release, last))
        return next(gone, None)

    def _in_force(self, life: Life) -> Sighting:
        """Return the sighting with the words of that day: of the release then in effect, else the nearest."""
        before = [seen for seen in life.sightings if seen.release.effective_date <= self.day]
        return before[-1] if before else life.sightings[0]

    def _remarks(self, life: Life, described: Sighting) -> Iterator[str]:
        for seen in self.sightings:
            release = seen.release
            in_effect = release.effective_date <= self.day <= until(release)
            if seen.record is None and in_effect and _is_later(life.sightings[-1].release, release):
                newest = life.sightings[-1].release.name
                was_held = release.effective_date > life.sightings[0].release.effective_date
                told = "as if it had never left" if was_held else f"valid from {life.first}"
                yield f"{release.name} does not hold it; {newest} has it {told}"
        after = next((seen for seen in life.sightings if seen.release.effective_date > self.day), None)
        name = HCPCS.title[0]
        if after and self.day > until(described.release) and _text(after, name) != _text(described, name):
            between = f"{described.release.name} and {after.release.name}"
            yield f"reworded between {between}: {release_on(self.day)}, which would tell, is not stored"

    def _corrected(self, life: Life, proof: Release) -> Iterator[str]:
        """Say which release had the code valid on the day, before its first valid day was corrected."""
        for seen in life.sightings:
            added = _day(seen, HCPCS.added)
            if added is not None and added <= self.day and not life.reactivated:
                yield f"{seen.release.name} had it valid from {added}; {proof.name} has corrected that"
                return

    def _no(self, why: str, life: Life | None, proof: Release) -> Validity:
        return Validity(self.code, self.day, Verdict.NO, why, life, None, proof)

    def _cannot_tell(self, why: str, life: Life | None = None) -> Validity:
        missing = release_on(self.day)
        return Validity(self.code, self.day, Verdict.CANNOT_TELL, why, life, None, None, missing)

    def _names(self) -> str:
        return ", ".join(release.name for release in self.releases)


def _span(life: Life) -> str:
    begin = f"from {life.first}" if life.first else "from a day not known"
    again = ", again," if life.reactivated else ""
    if life.ending is Ending.REUSED:
        return f"valid{again} {begin} to {life.last}; after that the code stands for something else"
    if life.ending is Ending.GONE:
        return f"valid{again} {begin}; gone after {life.sightings[-1].release.name}, without a last valid day"
    return f"valid{again} {begin} to {life.last}" if life.last else f"valid{again} {begin}, without an end"


def _kept_since(release: Release) -> date:
    """Return the day since when a complete release holds every code that was valid, ended or not."""
    return date(min(effective_date(release.label).year, _KEPT_SINCE) - 4, 1, 1)
