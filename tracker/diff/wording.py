"""Two texts -> the words that differ. Pure."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from difflib import SequenceMatcher
from itertools import takewhile
from typing import Final

from tracker.model import Edit

_WORDS: Final = re.compile(r"\s+|(?:\w|\.\d)\w*(?:[./]\d+|,\d{3}(?!\d))*|[^\s\w]")

_MOST_PAIRS: Final = 150_000
"""How many pairs of like words two texts may have to be matched word by word. CMS's longest texts have a third
of it; texts of a few hundred words that repeat each other took minutes without a limit."""


def edits(old: str, new: str) -> tuple[Edit, ...]:
    """Return the stretches of two texts in order; joining all `old` gives `old`, all `new` gives `new`.

    Numbers stay whole: `140/90` -> `130/80` and `.5` -> `1,000` are one edit each, not two.
    """
    return tuple(_joined(_matched(_WORDS.findall(old), _WORDS.findall(new))))


def _matched(before: Sequence[str], after: Sequence[str]) -> list[Edit]:
    """Match two lists of words; where that would take too long, their common begin and end first."""
    if _like_pairs(before, after) <= _MOST_PAIRS:
        return _word_by_word(before, after)
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
