"""Codes by the words of their descriptions, tolerant of spelling; and the codes nearest to a mistyped one. Pure.

A search goes through the vocabulary first: each word asked for is matched against the few thousand different words
of a release, and a code is scored by the words that it holds, rare ones counting more. So `intermitent cathater` and
`wheel chair` find what they mean, in any order of the words, and no text is compared with another as a whole.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from functools import cached_property
from itertools import pairwise
from math import log
from typing import Final, TypeAlias

from tracker.model import CodeSet, Record

# ---------------------------------------------------------------- words

_NUMBER: Final = r"(?:[0-9]{1,3}(?:,[0-9]{3})+(?![0-9])|[0-9]+)(?:\.[0-9]+)?|\.[0-9]+"
_TOKEN: Final = re.compile(rf"[a-z]+(?:[0-9][a-z0-9]*)?|{_NUMBER}")  # injection, b12, j1940; 5,000, .5
_APOSTROPHE: Final = re.compile(r"(?<=[a-z])['\u2019](?=s?(?![a-z]))")
_UNITS: Final = {
    spelling: unit
    for unit, spellings in {
        "g": "gm gram",
        "mg": "milligram",
        "mcg": "microgram ug",
        "ml": "milliliter cc",
    }.items()
    for spelling in spellings.split()
}

PREFIX: Final = 3
"""Letters by which a word is found that goes on after them."""

ROOT: Final = 6
ENDING: Final = 3
"""Letters that a word shares with another form of it, and letters in which they may end: diabetic, diabetes."""

FUZZY: Final = 4
"""Letters from which on a word may be misspelled."""

INSIDE: Final = 5
"""Letters by which a word is found that holds them: `botulinum` is in onabotulinumtoxina."""

ALIKE: Final = 0.72
"""How much of a misspelled word must be right."""

AS_GOOD: Final = 0.08
"""What another word may be less alike than the best one, and still be meant."""


def tokens(text: str) -> list[str]:
    """Return the words and numbers of a text, in order: `5,000 Units` -> `5000`, `units`."""
    if not text.isascii():
        folded = unicodedata.normalize("NFKD", text)
        text = "".join(character for character in folded if not unicodedata.combining(character))
    found = _TOKEN.findall(_APOSTROPHE.sub("", text.lower()))
    return [token if token[0].isalpha() else _plain(token) for token in found]


def _plain(number: str) -> str:
    """Return a number in one spelling: `.50` -> `0.5`."""
    whole, point, rest = number.replace(",", "").partition(".")
    rest = rest.rstrip("0")
    return f"{whole or '0'}{point}{rest}" if rest else whole or "0"


def stem(word: str) -> str:
    """Return a word without the ending of its plural, as far as a rule can tell; a unit in one spelling."""
    if word.endswith("s") and len(word) > PREFIX and not word.endswith(("ss", "us", "is")):
        if word.endswith("ies"):
            word = f"{word[:-3]}y"
        else:
            word = word[: -2 if word.endswith(("ches", "shes", "xes", "sses", "zes")) else -1]
    return _UNITS.get(word, word)


# ---------------------------------------------------------------- search

CODES_FIRST: Final = 80
"""What a hit by words can score at most where the text is a code, or begins like one."""

ENOUGH: Final = 0.6
"""What a hit must hold of what the best one holds."""

_WORDS: Final = 85
_FIT: Final = 100 - _WORDS
"""Points for the words that a code holds, and for how well they stand in its descriptions."""

_ENDED: Final = 3
"""Points that an ended code loses: of two that fit alike, the one that can be billed comes first."""

_BORDER: Final = ""
"""Stands behind the words of each description."""

Meant: TypeAlias = Mapping[str, float]
"""The words that a word asked for may mean, and how like it each is (0 to 1). A blank stands in what is two words."""


class Status(StrEnum):
    """Which codes are searched for: those that can be billed on the day of the search, those that ended before it."""

    CURRENT = "current"
    ENDED = "ended"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Hit:
    """A code that was found. `score` (0 to 100) says how well it fits; `status` is current or ended."""

    record: Record
    score: int
    status: Status


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found: its hits, the best first.

    `read_as`: a word that no description holds, or a code that there is not -> what it was taken for. `missing`:
    the words for which there was nothing.
    """

    hits: tuple[Hit, ...]
    read_as: Mapping[str, tuple[str, ...]]
    missing: tuple[str, ...]


class Index:
    """The words of a release's descriptions, ready to be searched as of a day."""

    def __init__(self, code_set: CodeSet, records: Iterable[Record], day: date) -> None:
        self._records = tuple(records)
        self._ended = [_last_day(code_set, record) < day.isoformat() for record in self._records]
        self._words: list[list[str]] = []
        self._places: dict[str, list[int]] = {}
        for number, record in enumerate(self._records):
            texts = [tokens(str(record.values.get(name, ""))) for name in code_set.title]
            self._words.append([word for text in texts for word in (*text, _BORDER)])
            for word in set().union(*texts):
                self._places.setdefault(word, []).append(number)
        self._longest = max(map(len, self._places), default=0)

    def search(self, text: str) -> Found:
        """Return the codes whose descriptions hold the words of a text; first those that it names or begins."""
        terms = list(dict.fromkeys(tokens(text)))
        sure = [self._spelled(term, joined) for term, joined in zip(terms, _joined(terms), strict=True)]
        asked = [meant or self._guessed(term) for term, meant in zip(terms, sure, strict=True)]
        by_code, mistyped = self._by_code(text)
        by_words = self._by_words([meant for meant in asked if meant])
        most = CODES_FIRST if by_code else 100
        scores = {number: min(score, most) for number, score in by_words.items()} | by_code
        best = sorted(scores, key=lambda number: (-scores[number], self._ended[number], self._records[number].code))
        hits = tuple(
            Hit(self._records[number], scores[number], Status.ENDED if self._ended[number] else Status.CURRENT)
            for number in best
        )
        if by_code:
            return Found(hits, mistyped, ())
        guessed = {term: meant for term, meant, spelled in zip(terms, asked, sure, strict=True) if not spelled}
        return Found(
            hits,
            {
                term: tuple(sorted(meant, key=lambda word: (-meant[word], word))[:3])
                for term, meant in guessed.items()
                if meant
            },
            tuple(term for term, meant in guessed.items() if not meant),
        )

    @cached_property
    def _by_stem(self) -> Mapping[str, list[str]]:
        found: dict[str, list[str]] = {}
        for word in self._places:
            found.setdefault(stem(word), []).append(word)
        return found

    def _by_code(self, text: str) -> tuple[dict[int, int], dict[str, tuple[str, ...]]]:
        """Return the scores of the records meant by a code, its begin or a mistyped one; what that was read as."""
        asked = text.strip().rstrip("*").upper()
        codes = {record.code: number for number, record in enumerate(self._records)}
        digits = any(character.isdigit() for character in asked)
        begun = [code for code in codes if code.startswith(asked)] if digits else []
        if asked in codes:
            begun.append(asked)
        if begun or not digits or len(asked) < SHORTEST:
            return {codes[code]: 100 for code in begun}, {}
        meant = near(asked, codes)
        return {codes[code]: 99 - place for place, code in enumerate(meant)}, {asked: meant} if meant else {}

    def _spelled(self, term: str, joined: Iterable[str]) -> Meant:
        """Return the words that are the term, another form of it, begin with it, or are it as one or as two words.

        `joined` are the term and its neighbour written as one: `wheel chair` means a wheelchair too.
        """
        meant: dict[str, float] = {}
        for word in (term, *joined):
            if word[0].isalpha():
                meant |= dict.fromkeys(self._by_stem.get(stem(word), ()), 0.98)
            if word in self._places:
                meant[word] = 1.0
        for cut in range(max(len(term) - self._longest, 1), min(len(term), self._longest + 1)):
            if self._side_by_side(term[:cut], term[cut:]):
                meant[f"{term[:cut]} {term[cut:]}"] = 0.98
        if not term.isalpha() or len(term) < PREFIX:
            return meant
        root = term[: max(ROOT, len(term) - ENDING)] if meant else term
        for word in self._places:
            if word not in meant and word.startswith(root):
                if word.startswith(term):
                    meant[word] = 0.8 + 0.15 * len(term) / len(word)
                elif len(word) <= len(root) + ENDING:
                    meant[word] = 0.8
        return meant

    def _guessed(self, term: str) -> Meant:
        """Return the words that a term may be a misspelling of, or that hold it."""
        if len(term) < FUZZY or not term.isalpha():
            return {}
        from rapidfuzz.distance import OSA
        from rapidfuzz.process import extract

        words = [word for word in self._places if word.isalpha()]
        found = extract(term, words, scorer=OSA.normalized_similarity, score_cutoff=ALIKE, limit=None)
        alike = {word: 0.9 * score for word, score, _ in found}
        if len(term) >= INSIDE:
            alike |= {word: 0.75 for word in words if term in word}
        best = max(alike.values(), default=0.0)
        return {word: score for word, score in alike.items() if score >= best - AS_GOOD}

    def _side_by_side(self, first: str, second: str) -> list[int]:
        """Return the records in which the second word stands right behind the first."""
        both = set(self._places.get(first, ())).intersection(self._places.get(second, ()))
        return [number for number in both if (first, second) in pairwise(self._words[number])]

    def _holding(self, word: str) -> Iterable[int]:
        first, blank, second = word.partition(" ")
        return self._side_by_side(first, second) if blank else self._places[word]

    def _by_words(self, asked: Sequence[Meant]) -> dict[int, int]:
        """Return the scores of the records that hold enough of what is asked for."""
        held: dict[int, float] = {}
        whole = 0.0
        for meant in asked:
            best: dict[int, float] = {}
            for word, alike in meant.items():
                for number in self._holding(word):
                    best[number] = max(best.get(number, 0.0), alike)
            weight = round(log(1 + len(self._records) / len(best)), 3)
            whole += weight
            for number, alike in best.items():
                held[number] = held.get(number, 0.0) + weight * alike
        enough = ENOUGH * max(held.values(), default=0)
        return {
            number: round(_WORDS * score / whole + _FIT * _fit(self._words[number], asked))
            - _ENDED * self._ended[number]
            for number, score in held.items()
            if score >= enough
        }


def _last_day(code_set: CodeSet, record: Record) -> str:
    return str(record.values.get(code_set.ended, "9999"))


def _joined(terms: Sequence[str]) -> Iterator[list[str]]:
    """Yield for each term the words that it makes with the one before and the one behind it."""
    pairs = ["", *(first + second for first, second in pairwise(terms)), ""]
    for before, behind in pairwise(pairs[: len(terms) + 1]):
        yield [word for word in (before, behind) if word]


def _fit(words: Sequence[str], asked: Sequence[Meant]) -> float:
    """Return how well the words asked for stand in the descriptions (0 to 1).

    Best side by side as they were asked for, early, with little else beside them, and in both descriptions.
    """
    parts = [frozenset(part for word in meant for part in word.split()) for meant in asked]
    held = [{place for place, meant in enumerate(parts) if word in meant} for word in words]
    pairs = range(len(asked) - 1)
    together = sum(any({place, place + 1} <= one | other for one, other in pairwise(held)) for place in pairs)
    border = words.index(_BORDER)
    twice = set().union(*held[:border]) & set().union(*held[border:])
    return (
        0.3 * (together / len(pairs) if pairs else 1)
        + 0.25 / (1 + next((place for place, one in enumerate(held) if one), len(held)))
        + 0.25 * sum(map(bool, held)) / len(held)
        + 0.2 * len(twice) / len(asked)
    )


# ---------------------------------------------------------------- mistyped codes

SHORTEST: Final = 4
"""Characters from which on one of a code may be wrong: of two, one is too little to know it by."""

_LOOK_ALIKES: Final = str.maketrans("OILSBZ", "011582")


class Nearest:
    """Some codes, ready to be asked for the nearest to a mistyped one."""

    def __init__(self, codes: Iterable[str]) -> None:
        self._codes = frozenset(codes)
        self._characters = sorted({character for code in self._codes for character in code})
        self._longest = max(map(len, self._codes), default=0)
        self._by_look: dict[str, list[str]] = {}
        for code in self._codes:
            self._by_look.setdefault(code.translate(_LOOK_ALIKES), []).append(code)

    def to(self, code: str, limit: int = 3) -> tuple[str, ...]:
        """Return at most `limit` codes that may have been meant, the likeliest first; none if there is none near.

        Those that look alike (O and 0, I or L and 1, S and 5, B and 8, Z and 2); if there are none, those with
        two neighbours swapped; else those with one character wrong, missing or too many. The longer they begin
        alike, the likelier. A code is no neighbour of its own.
        """
        code = code.strip().upper()
        if len(code) > self._longest + 1:  # all neighbours of a long text take seconds, and none is a code
            return ()
        for neighbours in (self._by_look.get(code.translate(_LOOK_ALIKES), ()), _swapped(code), self._one_off(code)):
            found = self._codes.intersection(neighbours) - {code}
            if found:
                return tuple(sorted(found, key=lambda near: (-_begin(near, code), near))[:limit])
        return ()

    def _one_off(self, code: str) -> Iterator[str]:
        if len(code) < SHORTEST:
            return
        for cut in range(len(code) + 1):
            before, after, rest = code[:cut], code[cut:], code[cut + 1 :]
            for character in self._characters:
                yield before + character + after
                if after:
                    yield before + character + rest
            if after and len(code) > SHORTEST:
                yield before + rest


def near(code: str, codes: Iterable[str], limit: int = 3) -> tuple[str, ...]:
    """Return the codes nearest to a mistyped one: see `Nearest`, which is for asking more than once."""
    return Nearest(codes).to(code, limit)


def _swapped(code: str) -> Iterator[str]:
    for place in range(len(code) - 1):
        yield code[:place] + code[place + 1] + code[place] + code[place + 2 :]


def _begin(one: str, other: str) -> int:
    """Return how many characters two codes begin with alike."""
    return next(
        (place for place, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
    )
