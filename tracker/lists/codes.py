"""Codes as people write them into their lists: `J1940-JW`, `j1940 `, `HCPCS:J1940`, `J1940, J1941`, `J1940-J1945`.

A cell is read only if it holds codes and nothing else; a code inside a sentence is none. What looks like a damaged
code (`J194O`) is never repaired in silence: it is handed back as unreadable, for somebody to propose the nearest.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Final, NamedTuple

from tracker.formats.cells import Cell, text


class CodeKind(StrEnum):
    """What stands in a cell that should hold a code.

    `code`: one of the code set, or one that looks like it. `foreign`: one of another code set. `range`: from one
    code to another. `none`: nothing. `unreadable`: something else.
    """

    CODE = "code"
    FOREIGN = "foreign"
    RANGE = "range"
    NONE = "none"
    UNREADABLE = "unreadable"


class Coded(NamedTuple):
    """A code that was read.

    `code` is in upper case; of a range both ends (`J1940-J1945`), of something unreadable what may have been meant as
    a code, else empty. `modifiers` stand in their order. `system` names the other code set of a foreign code.
    `repaired` says in words what was put right, but for case and white space.
    """

    code: str = ""
    modifiers: tuple[str, ...] = ()
    kind: CodeKind = CodeKind.CODE
    system: str = ""
    repaired: str = ""


@dataclass(frozen=True)
class CodeShape:
    """What a code looks like.

    `known` are the codes, modifiers among them, that the releases hold, in upper case. `code` matches what a code of
    the code set looks like, `foreign` those of others by their name (CPT). `names` are what the code set is called in
    headings and before codes (`HCPCS: J1940`), the first one in messages.
    """

    known: Collection[str]
    code: re.Pattern[str]
    foreign: Mapping[str, re.Pattern[str]]
    names: tuple[str, ...]

    @cached_property
    def labels(self) -> frozenset[str]:
        """The words that may stand before a code."""
        return frozenset(name.upper() for name in (*self.names, *self.foreign)) | _LABELS

    def read(self, token: str) -> Coded | None:
        """Return the code that a text is, or None."""
        if token in self.known:
            return Coded(token)
        for system, pattern in self.foreign.items():
            if pattern.fullmatch(token):
                return Coded(token, (), CodeKind.FOREIGN, system)
        return Coded(token) if self.code.fullmatch(token) else None


_LENGTH: Final = 5
_MODIFIER: Final = 2
_LABELS: Final = frozenset({"CODE", "CODES", "PROC", "PROCEDURE", "LEVEL", "II"})
_BLANKS: Final = frozenset({"", "N/A", "#N/A", "NA", "NONE", "NULL", "NIL", "NAN", "BLANK"})
_DASHES: Final = dict.fromkeys(map(ord, "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58\ufe63\uff0d"), "-")
_PLAIN: Final = re.compile(r"\s*([A-Za-z0-9]{5})\s*", re.ASCII)
_ALLOWED: Final = re.compile(r"""[A-Z0-9\s,;:/|+&^*#._='"\u2018\u2019\u201c\u201d()\[\]-]*""", re.ASCII)
_SEGMENTS: Final = re.compile(r"[,;|+&\n\r]|\b(?:AND|OR)\b")
_TOKENS: Final = re.compile(r"[A-Z0-9]+", re.ASCII)
_RANGE: Final = re.compile(
    r"[^A-Z0-9]*([A-Z0-9]{5})\s*(?:-+|\b(?:TO|THRU|THROUGH)\b)\s*([A-Z0-9]{5})[^A-Z0-9]*", re.ASCII
)
_DECIMAL: Final = re.compile(r"(?<=[A-Z0-9]{5})\.0(?![0-9])", re.ASCII)
_FRACTION: Final = re.compile(r"[A-Z0-9]\.[A-Z0-9]", re.ASCII)
_DAMAGED: Final = re.compile(r"(?=[A-Z0-9]*[0-9])(?=[A-Z0-9]*[A-Z])[A-Z0-9]{4,7}", re.ASCII)
_WORDS: Final = 5
"""Words from which on an unreadable text is prose, of which no word is meant as a code."""

_NOTHING: Final = (Coded(kind=CodeKind.NONE),)
_UNREADABLE: Final = (Coded(kind=CodeKind.UNREADABLE),)


def read_codes(cell: Cell, shape: CodeShape) -> tuple[Coded, ...]:
    """Return all codes of a cell, in order; of a cell without any, what it holds instead. Never empty."""
    if isinstance(cell, str):
        plain = _PLAIN.fullmatch(cell)
        if plain and (coded := shape.read(plain[1].upper())):
            return (coded,)
        return _read_text(cell, shape)
    if isinstance(cell, bool) or not isinstance(cell, (int, float)):
        return _UNREADABLE
    return _read_text(text(cell), shape)


def _read_text(cell: str, shape: CodeShape) -> tuple[Coded, ...]:
    shown, repairs = _visible(cell)
    shown = shown.upper()
    if shown.strip() in _BLANKS or not any(map(str.isalnum, shown)):
        return _NOTHING
    bare = _DECIMAL.sub("", shown)
    if bare != shown:
        repairs = (*repairs, "the '.0' behind it was left off")
    if not _ALLOWED.fullmatch(bare) or _FRACTION.search(bare):
        return _UNREADABLE
    found: list[Coded] = []
    if not all(_read_segment(segment, shape, found) for segment in _SEGMENTS.split(bare)) or not found:
        return _unreadable(bare)
    if repairs:
        told = "; ".join(repairs)
        found = [coded._replace(repaired=f"{told}; {coded.repaired}" if coded.repaired else told) for coded in found]
    return tuple(found)


def _visible(cell: str) -> tuple[str, tuple[str, ...]]:
    """Return a text without what cannot be seen, and with plain letters for those that look like them."""
    if cell.isascii():
        return cell, ()
    shown = "".join(
        character for character in unicodedata.normalize("NFKC", cell) if unicodedata.category(character) != "Cf"
    ).translate(_DASHES)
    spaces = cell.replace("\xa0", " ").translate(_DASHES)
    return shown, () if shown == spaces else ("characters that cannot be seen or only look alike were put right",)


def _read_segment(segment: str, shape: CodeShape, found: list[Coded]) -> bool:
    """Append the codes of a text without commas, and its modifiers to the code before them; False if it has others."""
    words = _TOKENS.findall(segment)
    begin = 0
    while begin < len(words) and words[begin] in shape.labels and shape.read(words[begin]) is None:
        begin += 1
    if begin == len(words):
        return True  # nothing, or a label alone
    if begin:
        segment = segment[segment.index(words[begin - 1]) + len(words[begin - 1]) :]
        words = words[begin:]
    if between := _RANGE.fullmatch(segment):
        first, last = shape.read(between[1]), shape.read(between[2])
        if first and last and first.code < last.code and _are_of_one_chapter(first, last):
            found.append(Coded(f"{first.code}-{last.code}", (), CodeKind.RANGE, first.system))
            return True
    if len(words) == 2 and len(words[0]) == 1 and "".join(words) in shape.known:  # noqa: PLR2004 - a letter and digits
        found.append(Coded("".join(words), repaired=f"it was written {segment.strip()}"))
        return True
    return all(_read_word(word, shape, found) for word in words)


def _are_of_one_chapter(first: Coded, last: Coded) -> bool:
    """Whether two codes can be the ends of a range: A4206-J1940 are two codes, and 10004-69990 is a range."""
    numbers = first.code[0].isdigit() and last.code[0].isdigit()
    return first.system == last.system and (numbers or first.code[0] == last.code[0])


def _read_word(word: str, shape: CodeShape, found: list[Coded]) -> bool:
    """Append a code, with modifiers behind it or none, or a modifier to the code before it."""
    if len(word) == _LENGTH and (coded := shape.read(word)):
        found.append(coded)
        return True
    if len(word) == _MODIFIER:
        if found and found[-1].kind in (CodeKind.CODE, CodeKind.FOREIGN) and len(found[-1].code) == _LENGTH:
            found[-1] = found[-1]._replace(modifiers=(*found[-1].modifiers, word))
            return True
        if word in shape.known:
            found.append(Coded(word))
            return True
        return False
    modifiers = tuple(_pairs(word[_LENGTH:]))
    base = shape.read(word[:_LENGTH])
    # 1234567 is a number of another kind, and so is B123456 unless B1234 is a code.
    if base and modifiers and (base.code in shape.known or not word[1:].isdigit()):
        found.append(base._replace(modifiers=modifiers))
        return True
    return False


def _pairs(word: str) -> Iterator[str]:
    """Yield the modifiers of `JWKX`; nothing if these are more than four, or letters remain."""
    if len(word) % _MODIFIER == 0 and len(word) <= 4 * _MODIFIER:
        yield from (word[place : place + _MODIFIER] for place in range(0, len(word), _MODIFIER))


def _unreadable(shown: str) -> tuple[Coded, ...]:
    words = _TOKENS.findall(shown)
    meant: Sequence[str] = [word for word in words if _DAMAGED.fullmatch(word)] if len(words) < _WORDS else ()
    return (Coded(meant[0], kind=CodeKind.UNREADABLE),) if meant else _UNREADABLE
