"""What may take the place of a code that ended. Pure.

First what the publisher declares: the ended code's cross references, followed through codes that ended
themselves. Only where that leads to nothing that can be billed, the codes that started around the end are
compared by description: the words that name the thing, maker, route, strength and first valid day. Such a
suggestion is no fact; it carries a score and its reason in words, and what scores too low is not suggested:
a wrong suggestion costs a refused claim, none costs a look into the book.

    C9487, ended 2017-06-30, cross reference Q9989 (ended 2017-12-31, cross reference J3358)
        -> J3358, declared: CMS's cross reference by way of Q9989, which itself ended 2017-12-31
    S0028, famotidine, 20 mg, ended 2025-03-31
        -> J1308, suggested, 80 units: same drug (famotidine), starts the day after, 0.25 mg instead of 20 mg
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cached_property
from math import ceil
from operator import itemgetter
from typing import Final

from tracker.hcpcs.catalogue import FOREIGN_CODES, HCPCS
from tracker.hcpcs.doses import billing_units
from tracker.hcpcs.likeness import (
    AFTER,
    BEFORE,
    LONG_WORD,
    SHARE,
    THRESHOLD,
    Description,
    day_of,
    describe,
    is_misspelled,
    judge,
    text_of,
    weigh,
)
from tracker.model import Basis, Kind, Record, Successor

Lookup = Callable[[str], Record | None]
"""Gives the record of a code in the newer release, or None where that release does not hold it."""

CERTAIN: Final = 0.95
"""No suggestion scores more: the same words prove nothing. Only a declared code that can be billed has 1."""

NEAR_THE_BEST: Final = 0.06
"""What scores lower than the best one by more is not suggested beside it."""

MOST: Final = 3
"""How many codes are suggested at most. Declared ones are all told."""

# Scores of declared codes: can be billed; CPT or CDT, which no release here holds; not in this release; ended
# with nothing declared after it.
_VALID, _OUTSIDE, _UNKNOWN, _DEAD_END = 1.0, 0.8, 0.3, 0.1

_RANGE: Final = re.compile(r"([A-Z])(\d{4}) ?(?:-|to|through) ?\1?(\d{4})")
_LONGEST_RANGE: Final = 50


# The candidates


class Candidates:
    """The records among which a successor is looked for: the codes added between two releases, or around an end.

    Others do no harm: what did not start around an end is never suggested for it. Nothing is read before the first
    code without a usable declared successor asks.
    """

    def __init__(self, records: Iterable[Record]) -> None:
        self._records = tuple(records)
        self._described: dict[int, Description] = {}
        self._indexes: dict[tuple[int, int], _Index] = {}

    @cached_property
    def _by_day(self) -> list[tuple[date, Record]]:
        """The procedures by their first valid day; those without one first."""
        found = [
            (day_of(record, HCPCS.added) or date.min, record)
            for record in self._records
            if record.kind is Kind.PROCEDURE
        ]
        return sorted(found, key=lambda one: (one[0], one[1].code))

    def like(self, record: Record) -> list[tuple[float, Record, str]]:
        """Return those that are like an ended code and started around its end: score, record, reason."""
        old = describe(record)
        found = []
        for new in self._around(old.ended).near(old):
            score, why = judge(old, new)
            if score and new.record.code != record.code:
                found.append((score, new.record, why))
        best = max((score for score, _, _ in found), default=0.0)
        found = [one for one in found if one[0] >= best - NEAR_THE_BEST]
        # Of things that share all words one cannot be told from the other: measures with the same text.
        return [] if len(found) > 1 and not (old.drug or old.names) else found

    def _around(self, ended: date | None) -> _Index:
        """Return those that started around an end; all of them where the end is not known.

        Only these are described and indexed, so that one code of a whole release is answered at once.
        """
        begin, end = 0, len(self._by_day)
        if ended:
            first_day = ended + timedelta(days=1)
            begin = bisect_left(self._by_day, first_day - BEFORE, key=itemgetter(0))
            end = bisect_right(self._by_day, first_day + AFTER, key=itemgetter(0))
        if (begin, end) not in self._indexes:
            self._indexes[begin, end] = _Index([self._describe(place) for place in range(begin, end)])
        return self._indexes[begin, end]

    def _describe(self, place: int) -> Description:
        if place not in self._described:
            self._described[place] = describe(self._by_day[place][1])
        return self._described[place]


class _Index:
    """Some descriptions by their words."""

    def __init__(self, descriptions: Sequence[Description]) -> None:
        self._descriptions = descriptions
        self._spelled: dict[str, list[str]] = {}

    @cached_property
    def _places(self) -> Mapping[str, int]:
        """Word -> the places of the descriptions that have it, each a bit of a number."""
        places: defaultdict[str, int] = defaultdict(int)
        for place, description in enumerate(self._descriptions):
            for word in description.everything:
                places[word] |= 1 << place
        return places

    @cached_property
    def _weights(self) -> Mapping[float, int]:
        """Weight, the least first -> the places of the descriptions that have it, likewise."""
        places: defaultdict[float, int] = defaultdict(int)
        for place, description in enumerate(self._descriptions):
            places[description.weight] |= 1 << place
        return dict(sorted(places.items()))

    @cached_property
    def _long_words(self) -> Mapping[str, list[str]]:
        """First three letters -> the long words that begin with them."""
        words: defaultdict[str, list[str]] = defaultdict(list)
        for word in self._places:
            if len(word) >= LONG_WORD:
                words[word[:3]].append(word)
        return words

    def near(self, old: Description) -> Iterator[Description]:
        """Yield those that share enough words with an ended code to be worth a look."""
        shared = _Tally()  # in quarters: what the weight of a word is made of
        for word in old.everything:
            bit = int(4 * weigh((word,))).bit_length() - 1
            for known in self._spellings(word):
                shared.add(self._places[known], bit)
        near = shared.least(1) if old.names else 0
        for weight, places in self._weights.items():
            enough = shared.least(max(ceil(4 * SHARE * (old.weight + weight)), 1))
            if not enough:  # nor for the heavier ones
                break
            near |= places & enough
        while near:
            place = near.bit_length() - 1
            near ^= 1 << place
            yield self._descriptions[place]

    def _spellings(self, word: str) -> list[str]:
        """Return the descriptions' words that are this one, or spelled like it."""
        found = self._spelled.get(word)
        if found is None:
            alike = self._long_words.get(word[:3], ()) if len(word) >= LONG_WORD else ()
            found = [word] * (word in self._places) + [other for other in alike if is_misspelled(word, other)]
            self._spelled[word] = found
        return found


class _Tally:
    """Counts at many places at once: digit by digit in base 2, each digit a number with a bit for every place."""

    def __init__(self) -> None:
        self._digits: list[int] = []

    def add(self, places: int, digit: int) -> None:
        """Add 2 to the power of `digit` at some places."""
        while places:
            self._digits += [0] * (digit + 1 - len(self._digits))
            self._digits[digit], places = self._digits[digit] ^ places, self._digits[digit] & places
            digit += 1

    def least(self, number: int) -> int:
        """Return the places at which this number was reached."""
        if number >> len(self._digits):
            return 0
        more, same = 0, -1
        for digit in reversed(range(len(self._digits))):
            if number >> digit & 1:
                same &= self._digits[digit]
            else:
                more |= same & self._digits[digit]
                same &= ~self._digits[digit]
        return more | same


# The answer


def successors(
    ended: Record, candidates: Candidates, lookup: Lookup, *, on: date | None = None
) -> tuple[Successor, ...]:
    """Return what may take the place of an ended code, best first.

    `on` is the day for which it is asked, the newer release's effective date: a code whose last valid day is not
    before it can be billed. Without it a code that has a last valid day counts as ended.

    Nothing is suggested where a declared code can be billed, or is CPT or CDT: the publisher knows better. Where
    what is declared leads nowhere, suggestions stand before it.
    """
    search = _Search(candidates, lookup, on)
    declared = search.declared(ended)
    found = [(one, Basis.DECLARED) for one in declared]
    if not any(one.score >= _OUTSIDE for one in declared):
        suggested = search.suggested(ended)
        for one in declared:
            if one.record:
                suggested += _by_way(one.record, 1.0, search.suggested(one.record))
        told = {ended.code, *(one.code for one in declared)}
        found += [(one, Basis.SUGGESTED) for one in _best(suggested) if one.code not in told][:MOST]
    found.sort(key=lambda item: -item[0].score)
    old = text_of(ended)
    return tuple(
        Successor(
            code=one.code,
            basis=basis,
            score=round(one.score if basis is Basis.DECLARED else min(one.score, CERTAIN), 2),
            units=billing_units(old, text_of(one.record)) if one.record else None,
            why=one.why,
        )
        for one, basis in found
    )


@dataclass(frozen=True, slots=True)
class _Found:
    """A successor; `record` is None where the newer release does not hold it."""

    record: Record | None
    code: str
    score: float
    why: str


def _best(found: Iterable[_Found]) -> list[_Found]:
    """Return each code once, best first; of equals the one that says the least beyond."""
    best: dict[str, _Found] = {}
    for one in sorted(found, key=lambda one: (-one.score, len(text_of(one.record)) if one.record else 0, one.code)):
        best.setdefault(one.code, one)
    return list(best.values())


def _by_way(record: Record, score: float, found: Iterable[_Found]) -> list[_Found]:
    step = f"by way of {record.code}, which itself ended {record.values[HCPCS.ended]}"
    return [_Found(one.record, one.code, one.score * score, f"{step}: {one.why}") for one in found]


@dataclass(frozen=True, slots=True)
class _Search:
    candidates: Candidates
    lookup: Lookup
    on: date | None

    def declared(self, ended: Record) -> list[_Found]:
        """Follow the cross references, and those of ended codes that they lead to."""
        found: list[_Found] = []
        circle: list[_Found] = []
        seen = {ended.code}
        queue = [(code, "") for code in self._references(ended)]
        for code, trail in queue:  # grows on the way
            if code in seen:
                continue
            seen.add(code)
            why = f"CMS's cross reference{trail}"
            record = self.lookup(code)
            if record is None:
                outside = next((name for name, shape in FOREIGN_CODES.items() if shape.fullmatch(code)), None)
                where = f"a {outside} code, outside this file" if outside else "not known in this release"
                found.append(_Found(None, code, _OUTSIDE if outside else _UNKNOWN, f"{why}: {where}"))
            elif not self._is_over(record):
                found.append(_Found(record, code, _VALID, why))
            else:
                end = record.values[HCPCS.ended]
                further = [one for one in self._references(record) if one != ended.code]
                step = f"{trail}, then {code}" if trail else f" by way of {code}"
                queue += [(one, f"{step}, which itself ended {end}") for one in further]
                after = "what is declared after it leads back" if further else "nothing declared after it"
                dead_end = _Found(record, code, _DEAD_END, f"{why}: itself ended {end}, {after}")
                (circle if further else found).append(dead_end)
        return found or circle[-1:]

    def suggested(self, ended: Record, seen: frozenset[str] = frozenset()) -> list[_Found]:
        """Look for candidates by description; one that ended itself leads on to what took its place."""
        if ended.kind is not Kind.PROCEDURE:
            return []  # a modifier's description is no thing that another code could be
        seen |= {ended.code}
        found = []
        for score, new, why in self.candidates.like(ended):
            if not self._is_over(new):
                found.append(_Found(new, new.code, score, why))
            elif new.code not in seen:
                further = [one for one in self.declared(new) if one.score == _VALID] or self.suggested(new, seen)
                found += _by_way(new, score, further)
        return [one for one in found if one.score >= THRESHOLD]

    def _is_over(self, record: Record) -> bool:
        if not record.values.get(HCPCS.ended):
            return False
        day = day_of(record, HCPCS.ended)
        return not (day and self.on and day >= self.on)

    def _references(self, record: Record) -> Iterator[str]:
        """Give the codes that a record refers to; of a range those that the release holds."""
        for reference in record.values.get("cross_references", ()):
            span = _RANGE.fullmatch(reference)
            if span is None:
                yield reference
                continue
            first, last = int(span[2]), int(span[3])
            codes = (f"{span[1]}{number:04}" for number in range(first, min(last, first + _LONGEST_RANGE) + 1))
            yield from (code for code in codes if self.lookup(code))
