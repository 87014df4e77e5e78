"""Two texts -> what kind of change it is, how alike they are, and the words that differ. Pure.

A change is *editorial* only if every step from one text to the other is known to be harmless: case, white space,
punctuation between words, apostrophes, hyphens, another kind of bracket, one that was missing, a plural, British
spelling, one letter more or less in a long word, and the same number, unit or comparison written otherwise (`two`
and `2`, `.5` and `0.5`, `10 gm` and `10 grams`, `less than 5` and `< 5`). What no rule allows is not editorial: a
word that came or went, another sign, another digit.

Of the others, *replaced* is a text that has hardly a word of the old one; *quantity* one in which something is
counted, limited or compared otherwise: other numbers, the same with another unit or comparison, or counted by
something else (`each`, `per pair`). What remains is *reworded*. Digits in names are not counted but are part of a
word (`s9330`, `77065`, `phq-9`, `b12`, a list's `(2)`), and so are never editorial. Where a sign between two numbers
was lost (`70?189`), nobody knows what it was: to mend it is to reword.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from difflib import SequenceMatcher
from itertools import pairwise, takewhile
from typing import Final

from tracker.model import Edit, Rewording, Wording

_WORDS: Final = re.compile(r"\s+|(?:\w|\.\d)\w*(?:[./]\d+|,\d{3}(?!\d))*|[^\s\w]")

_MOST_PAIRS: Final = 150_000
"""How many pairs of like words two texts may have to be matched word by word. CMS's longest texts have a third
of it; texts of a few hundred words that repeat each other took minutes without a limit."""

_MOST_GUESSES: Final = 10_000
"""How many pairs of unlike words are searched for words of one root; real texts have a third of it at most."""

_TYPOGRAPHY: Final = str.maketrans(
    {
        **dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2015\u2212", "-"),
        **dict.fromkeys("\u2018\u2019\u201b\u2032\u00b4`", "'"),
        **dict.fromkeys("\u201c\u201d\u201f\u2033", '"'),
        **dict.fromkeys("[{", "("),
        **dict.fromkeys("]}", ")"),
        **dict.fromkeys("\u00ad\u200b\u200e\u200f\ufeff", ""),  # a reader does not see them
        "\u2264": "<=",
        "\u2265": ">=",
        "\u00b1": "+/-",
        "\u00d7": "x",
        "&": " and ",
    }
)
"""Characters that say the same, to one of them."""

_COMPARED: Final = re.compile(
    r"\b(?:(?P<not>not? )?(?P<equal>equal to or )?(?:(?P<more>more|greater|higher|older|longer|larger)"
    r"|less|fewer|lower|younger|shorter|smaller) than(?P<or> or equal to)?|(?P<least>at least))\b"
)
"""Comparisons in words for which there is a sign."""

_TOKENS: Final = re.compile(
    r"""
    (?P<name> (?<![^\W_]) (?:[a-z]\d{4,} | 0\d{3}[a-z]) (?![^\W_]))   # a code: no amount is written so
    | (?P<number> \d+ (?:,\d{3}(?!\d))* (?:\.\d+)* | (?<![\w.]) \.\d+)
    | (?P<word> (?<![^\W_]) w/ (?:o(?![^\W_]))? | mm\s?hg(?![^\W_]) | [^\W\d_]+ (?:['-][^\W\d_]+)*)
    | (?P<sign> \S)
    """,
    re.VERBOSE,
)

_SPELT: Final = {
    word: str(number)
    for numbers, words in (
        (range(13), "zero one two three four five six seven eight nine ten eleven twelve"),
        (range(20, 100, 10), "twenty thirty forty fifty sixty seventy eighty ninety"),
    )
    for number, word in zip(numbers, words.split(), strict=True)
}
"""Numbers in words."""

_WRITTEN_OUT: Final = {"w/": "with", "w/o": "without", "inj": "injection", "percent": "%"}
"""Abbreviations of one word only. Others may stand for several: `ext` for extended, external, extension."""

_UNITS: Final = {
    word: unit
    for unit, words in {
        "mg": "milligram milligrams",
        "mcg": "ug \u03bcg microgram micrograms",
        "ng": "nanogram nanograms",
        "g": "gm gms gram grams",
        "kg": "kilogram kilograms",
        "oz": "ounce ounces",
        "lb": "lbs pound pounds",
        "ml": "milliliter milliliters millilitre millilitres",
        "l": "liter liters litre litres",
        "cc": "",
        "mm": "millimeter millimeters",
        "cm": "centimeter centimeters",
        "sq": "square",
        "in": 'inch inches "',
        "ft": "foot feet '",
        "yd": "yard yards",
        "mile": "miles",
        "unit": "u units",
        "iu": "",
        "meq": "",
        "mci": "millicurie millicuries",
        "uci": "\u03bcci microcurie microcuries",
        "mev": "",
        "mmhg": "",
        "lpm": "",
        "min": "mins minute minutes",
        "hr": "h hrs hour hours",
        "day": "d days",
        "wk": "wks week weeks",
        "mo": "mos month months",
        "yr": "yrs year years",
        "%": "",
    }.items()
    for word in (unit, *words.split())
}
"""Units of measure, each to one way of writing it. Only beside a number, `per` or `sq`: `in` and `min` are words."""

_SIGNS: Final = frozenset("<>=+-/~")
"""What may stand before a number and belongs to it."""

_MORE: Final = frozenset(("more", "greater", "higher", "older", "over", "above", "longer", "up"))
_LESS: Final = frozenset(("less", "fewer", "lower", "younger", "under", "below", "shorter"))

_AROUND: Final = 6
"""How far from a number its comparison may stand: `66 years of age and older`."""

_CODE_DIGITS: Final = 5
_BESIDE_CODES: Final = frozenset(("and", "or", "through", "to"))
"""Five digits are a code if one of these follows, or nothing; after an amount stands what it counts."""

_QUOTES: Final = frozenset("'\"")
_BETWEEN_WORDS: Final = frozenset(",;:.-") | _QUOTES
"""Typography between words; beside numbers they may be part of them (`6-10`, `1:100`, `. 5`, `-0.5`, `6"`)."""

_BRACKETS: Final = frozenset("()")

_APART: Final = frozenset(("a", "an", "and", "in", "no", "not", "on", "or", "out", "per", "un", "with"))
"""Words that may not melt into the next one: `in active` is not `inactive`, `not able` is not `notable`."""

_MOST_PIECES: Final = 4
"""How many words may melt into one (`e. g.` and `eg`)."""

_PLURAL: Final = 5
"""From how many letters on a plural is grammar. `eyes`, `hands`, `tests` may be two of what is billed."""

_LONG_WORD: Final = 7
"""From how many letters on a letter more or less is a slip of the pen. In a shorter word it may make another one
(`facial` and `fascial`), and one letter for another may do so in any (`abduction` and `adduction`)."""

_BRITISH: Final = ((re.compile(r"[ao]e"), "e"), (re.compile(r"our$"), "or"), (re.compile(r"(?<=[iy])s(?=[aei])"), "z"))
"""British spellings (`orthopaedic`, `tumour`, `randomised`) and the American ones."""

_SQUEEZED: Final = 28
"""Up to how many characters a text is made of abbreviations, and says what there is room for."""

_ROOT: Final = 3
"""With how many letters at least words of one root begin alike: `inj` and `injection`."""

_ANOTHER_SUBJECT: Final = 0.2
"""Below this similarity texts have only such words in common as any two have. Of CMS's texts from 2017 to 2025 that do
not open with the same words, those of a code given to another thing are at 0.15 or less, the others at 0.23 or more."""


def reword(old: str, new: str) -> Rewording:
    """Tell what happened between two different texts; with swapped sides class and similarity are the same.

    The similarity is the share of the words and numbers, weighed by their length, that the other text has too, if
    perhaps in another form; neither their order nor signs and units matter.
    """
    before, after = _read(old), _read(new)
    similarity = _similarity(before, after)
    return Rewording(_wording(before, after, similarity), similarity, edits(old, new))


def edits(old: str, new: str) -> tuple[Edit, ...]:
    """Return the stretches of two texts in order; joining all `old` gives `old`, all `new` gives `new`.

    Numbers stay whole: `140/90` -> `130/80` and `.5` -> `1,000` are one edit each, not two.
    """
    return tuple(_joined(_matched(_WORDS.findall(old), _WORDS.findall(new))))


def _matched(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """Match two lists of words: their common begin and end first, which takes no time and is most of most texts."""
    head = _common(before, after)
    tail = _common(before[head:][::-1], after[head:][::-1])
    was, now = before[head : len(before) - tail], after[head : len(after) - tail]
    middle = [_edit(was, now)] if _like_pairs(was, now) > _MOST_PAIRS else _word_by_word(was, now)
    ends = before[:head], before[len(before) - tail :]
    first, last = ([_edit(words, words)] if words else [] for words in ends)
    return [*first, *middle, *last]


def _word_by_word(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    return [_edit(before[i1:i2], after[j1:j2]) for _, i1, i2, j1, j2 in matcher.get_opcodes()]


def _edit(before: Sequence[str], after: Sequence[str]) -> Edit:
    return Edit("".join(before), "".join(after))


def _like_pairs(before: Sequence[str], after: Sequence[str]) -> int:
    times = Counter(after)
    return sum(number * times[word] for word, number in Counter(before).items())


def _common(before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many words two lists have in common from their begin."""
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(before, after, strict=False)))


def _joined(found: list[Edit]) -> list[Edit]:
    """Join edits that only white space parts: `a b` -> `c d` reads as one."""
    joined: list[Edit] = []
    for place, edit in enumerate(found):
        between = edit.old == edit.new and edit.old.isspace() and 0 < place < len(found) - 1
        if joined and joined[-1].old != joined[-1].new and (between or edit.old != edit.new):
            joined[-1] = Edit(joined[-1].old + edit.old, joined[-1].new + edit.new)
        else:
            joined.append(edit)
    return joined


@dataclass(frozen=True, slots=True)
class _Text:
    """A text as it is compared.

    `tokens` are its words, numbers and signs, each in one way of writing; `numbers` the places of those that
    count, measure or limit something.
    """

    tokens: tuple[str, ...]
    numbers: tuple[int, ...]
    squeezed: bool


def _read(text: str) -> _Text:
    plain = _COMPARED.sub(_as_signs, " ".join(text.translate(_TYPOGRAPHY).casefold().split()))
    tokens: list[str] = []
    numbers: list[int] = []
    counted = False  # whether the last token is a number
    for match, following in pairwise([*_TOKENS.finditer(plain), None]):
        if match is None:
            break
        kind, token = match.lastgroup, match[0]
        if kind == "sign" and token in _BETWEEN_WORDS and not _is_meant(plain, match, following, counted=counted):
            continue
        if kind == "number":
            if not _is_name(plain, match, following):
                numbers.append(len(tokens))
            token = _as_number(token)
        elif kind == "word":
            number, token = _as_word(token, tokens[-1] if tokens else "", following, counted=counted)
            if number:
                numbers.append(len(tokens))
                tokens.append(number)
        if token:
            tokens.append(_UNITS[token] if token in _QUOTES else token)
        counted = kind == "number" or not token or (counted and match[0] == "+")
    return _Text(tuple(tokens), tuple(numbers), len(plain) <= _SQUEEZED)


def _as_signs(words: re.Match[str]) -> str:
    if words["least"]:
        return ">="
    more, equal = bool(words["more"]), bool(words["equal"] or words["or"])
    if words["not"]:
        more, equal = not more, not equal
    return (">" if more else "<") + ("=" if equal else "")


def _as_number(digits: str) -> str:
    """Return `.5` and `1,000` as `0.5` and `1000`."""
    return ("0" if digits[0] == "." else "") + digits.replace(",", "")


def _as_word(word: str, last: str, following: re.Match[str] | None, *, counted: bool) -> tuple[str, str]:
    """Return the number that a word begins with, and what else it says: `two-way` is a number and `way`.

    `one` is none in `one of` and `one-time`.
    """
    first, _, rest = word.partition("-")
    if first in _SPELT and (first != "one" or not (rest or (following is not None and following[0] == "of"))):
        return _SPELT[first], rest
    word = word.replace("'", "").replace(" ", "")
    if counted or last in {"per", "sq"}:
        word = _UNITS.get(word, word)
    return "", _WRITTEN_OUT.get(word, word)


def _is_name(plain: str, number: re.Match[str], following: re.Match[str] | None) -> bool:
    """Tell whether a number is part of a name (`b12`, `phq-9`), a list's `(2)`, or a code of five digits."""
    begin, end = number.span()
    before = plain[max(begin - 2, 0) : begin]
    if before[-1:] == "x" and before[0].isdigit():  # `4x4`
        return False
    if before[-1:].isalpha() or (before[-1:] == "-" and before[0].isalpha()):
        return following is None or following[0] not in _UNITS
    if before[-1:] == "(" and plain[end : end + 1] == ")":
        return end - begin == 1 and "(1)" in plain and "(2)" in plain
    if end - begin != _CODE_DIGITS or not number[0].isdigit():
        return False
    return following is None or following[0] in _BESIDE_CODES or (following.lastgroup != "word" and following[0] != "%")


def _is_meant(plain: str, sign: re.Match[str], following: re.Match[str] | None, *, counted: bool) -> bool:
    """Tell whether a sign that is typography between words says something here."""
    begin, end = sign.span()
    if sign[0] in _QUOTES:
        return counted and plain[begin - 1].isdigit()
    if following is None or following.lastgroup != "number":
        return False
    if counted or sign[0] == ".":
        return True
    return sign[0] == "-" and following.start() == end and not plain[max(begin - 1, 0) : begin].isalnum()


def _wording(before: _Text, after: _Text, similarity: float) -> Wording:
    if _is_editorial(before.tokens, after.tokens):
        return Wording.EDITORIAL
    if _is_replaced(before, after, similarity):
        return Wording.REPLACED
    return Wording.QUANTITY if _counts_otherwise(before, after) else Wording.REWORDED


def _is_editorial(before: Sequence[str], after: Sequence[str]) -> bool:
    """Walk through both texts at once, as long as every step is harmless.

    Brackets may come and go only to mend a text in which one was missing: else they say what belongs together.
    """
    if before == after:
        return True
    mended = _is_balanced(before) is not _is_balanced(after)
    i = j = 0
    while i < len(before) and j < len(after):
        was, now = before[i], after[j]
        if was == now or _is_slip(was, now):
            i, j = i + 1, j + 1
        elif mended and (was in _BRACKETS) is not (now in _BRACKETS):
            i, j = i + (was in _BRACKETS), j + (now in _BRACKETS)
        elif pieces := _melted(before[i : i + _MOST_PIECES], after[j : j + _MOST_PIECES]):
            i, j = i + pieces[0], j + pieces[1]
        else:
            return False
    rest = (*before[i:], *after[j:])
    return not rest or (mended and _BRACKETS.issuperset(rest))


def _is_balanced(tokens: Sequence[str]) -> bool:
    return tokens.count("(") == tokens.count(")")


def _is_slip(was: str, now: str) -> bool:
    """Tell whether two words are one, but for hyphens, a plural, British spelling or a slip of the pen."""
    was, now = was.replace("-", ""), now.replace("-", "")
    if not (was.isalpha() and now.isalpha() and was[0] == now[0]):
        return False
    short, long = sorted((was, now), key=len)
    if was == now or len(short) < _PLURAL:
        return was == now
    plurals = (f"{short}s", f"{short}es", f"{short[:-1]}ies" if short[-1] == "y" else "")
    return long in plurals or _american(was) == _american(now) or _is_misspelt(short, long)


def _american(word: str) -> str:
    for british, american in _BRITISH:
        word = british.sub(american, word)
    return word


def _is_misspelt(short: str, long: str) -> bool:
    """Tell whether one long word has a letter more than the other, or two letters in the wrong order."""
    if len(short) < _LONG_WORD:
        return False
    place = _common(short, long)
    if len(short) == len(long):
        return short[place : place + 2] == long[place : place + 2][::-1] and short[place + 2 :] == long[place + 2 :]
    return short[place:] == long[place + 1 :]


def _melted(before: Sequence[str], after: Sequence[str]) -> tuple[int, int] | None:
    """Return how many words of either side are the same one when they are written together, or None.

    Where a hyphen tells that they belong together, any may be; else none that says something alone.
    """
    was, now = before[0], after[0]
    i = j = 1
    while (one := was.replace("-", "").replace(" ", "")) != (other := now.replace("-", "").replace(" ", "")):
        if len(one) < len(other) and other.startswith(one) and i < len(before):
            was, i = f"{was} {before[i]}", i + 1
        elif len(other) < len(one) and one.startswith(other) and j < len(after):
            now, j = f"{now} {after[j]}", j + 1
        else:
            return None
    if not one.isalpha():
        return None
    hyphenated = was.replace("-", " ") == now.replace("-", " ")
    return (i, j) if hyphenated or _APART.isdisjoint((*was.split(), *now.split())) else None


def _is_replaced(before: _Text, after: _Text, similarity: float) -> bool:
    """Tell whether two texts speak of different things.

    Who says the same anew begins as before. But one word, such as `Injection`, is no more than a heading if a dose
    follows: what stands between them is the subject. (A new name for the same drug looks like another drug, and
    that must not be missed.) A squeezed text may have got other abbreviations: nothing at all may be in common.
    """
    if before.squeezed and after.squeezed:
        return similarity == 0 and _has_words(before) and _has_words(after)
    if before.tokens[:2] == after.tokens[:2]:
        return False
    if before.tokens[:1] == after.tokens[:1] and before.numbers and after.numbers:
        before, after = (replace(text, tokens=text.tokens[1:]) for text in (before, after))
        similarity = _similarity(before, after)
    return similarity < _ANOTHER_SUBJECT and _has_words(before) and _has_words(after)


def _has_words(text: _Text) -> bool:
    return any(map(str.isalpha, _vocabulary(text)))


def _similarity(before: _Text, after: _Text) -> float:
    """Return the weight of the words that the other side has, too, as a share of all words' weight."""
    if before.tokens == after.tokens:
        return 1.0
    was, now = _vocabulary(before), _vocabulary(after)
    went, came = _unlike(was, now, squeezed=before.squeezed and after.squeezed)
    lost = sum(was[word] * _weight(word) for word in went) + sum(now[word] * _weight(word) for word in came)
    whole = sum(times * _weight(word) for word, times in (*was.items(), *now.items()))
    return 1 - lost / whole if whole else 0.0


def _vocabulary(text: _Text) -> Counter[str]:
    """Return the words and numbers; not units, which say nothing about the subject."""
    words = (word for token in text.tokens for word in token.split("-"))
    return Counter(word for word in words if word[:1].isalnum() and word not in _UNITS)


def _weight(word: str) -> int:
    """The longer a word, the more it says: `of` is in every text."""
    return max(len(word) - 2, 1)


def _unlike(was: Counter[str], now: Counter[str], *, squeezed: bool) -> tuple[set[str], set[str]]:
    """Return the words of either side that the other has in no form."""
    went, came = was.keys() - now.keys(), now.keys() - was.keys()
    if len(went) * len(came) > _MOST_GUESSES:
        return went, came
    kin = [
        (one, other) for one in went for other in came if one[0] == other[0] and _is_kin(one, other, squeezed=squeezed)
    ]
    return went - {one for one, _ in kin}, came - {other for _, other in kin}


def _is_kin(one: str, other: str, *, squeezed: bool) -> bool:
    """Tell whether two words are of one root, or in a squeezed text short for one (`rsn`, `reason`)."""
    short, long = sorted((one, other), key=len)
    if len(short) < _ROOT:
        return False
    alike = _common(short, long)
    if alike >= _ROOT and 3 * alike >= 2 * len(short):
        return True
    letters = iter(long)
    return squeezed and all(letter in letters for letter in short)


def _counts_otherwise(before: _Text, after: _Text) -> bool:
    """Tell whether anything is counted, measured or limited otherwise.

    To repeat a number says nothing new, and a squeezed text has one if there is room for it; unless numbers are all
    that changed (`5 mg and 5 ml`).
    """
    was, now = _quantities(before), _quantities(after)
    if was != now and _but_numbers(before) == _but_numbers(after):
        return True
    went, came = set(was) - set(now), set(now) - set(was)
    if (went and came) or ((went or came) and not (before.squeezed and after.squeezed)):
        return True
    counted, recounted = _counted_by(before), _counted_by(after)
    return bool(counted and recounted) and counted != recounted


def _quantities(text: _Text) -> list[tuple[str, str, str]]:
    """Return what is counted: comparison, number, unit."""
    found = []
    for place in text.numbers:
        before, after = text.tokens[max(place - _AROUND, 0) : place], text.tokens[place + 1 : place + 1 + _AROUND]
        number = text.tokens[place]
        value = number.rstrip("0").rstrip(".") if "." in number else number
        found.append((_comparison(before) + _afterthought(after), value.lstrip("0"), _unit(after)))
    return found


def _comparison(before: Sequence[str]) -> str:
    """Return what stands before a number and belongs to it: `<`, `over`, `up to`."""
    first = len(before)
    while first and before[first - 1] in _SIGNS:
        first -= 1
    if 0 < first < len(before) and before[first] == "-" and before[first - 1][0].isdigit():
        first += 1  # a range
    signs = "".join(before[first:])
    if before[max(first - 2, 0) : first] == ("up", "to"):
        return f"up to{signs}"
    word = before[first - 1] if first else ""
    return (">" if word in _MORE else "<" if word in _LESS else "") + signs


def _afterthought(after: Sequence[str]) -> str:
    """Return the comparison that stands behind a number: `+`, `years or older`."""
    if after[:1] == ("+",):
        return ">="
    for word, following in pairwise(after):
        if word[0].isdigit():
            break
        if word in {"and", "or"} and following in _MORE | _LESS:
            return ">=" if following in _MORE else "<="
    return ""


def _unit(after: Sequence[str]) -> str:
    """Return what a number measures in: `mg`, `sq cm`, `mg/ml`."""
    if after[:1] == ("+",):
        after = after[1:]
    if not after or after[0] not in _UNITS:
        return ""
    if after[0] == "sq":
        return " ".join(after[:2])
    return "".join(after[:3]) if after[1:2] == ("/",) else after[0]


def _but_numbers(text: _Text) -> list[str]:
    numbers = set(text.numbers)
    return [token for place, token in enumerate(text.tokens) if place not in numbers]


def _counted_by(text: _Text) -> set[str]:
    """Return what the text is counted by, if not by a number: `each`, or what follows `per`."""
    return {
        word if word == "each" else following
        for word, following in pairwise((*text.tokens, ""))
        if word in {"each", "per"} and not following[:1].isdigit()
    }
