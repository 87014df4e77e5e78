"""Two texts -> the words that differ. Pure."""

from __future__ import annotations

import re
from difflib import SequenceMatcher
from typing import Final

from tracker.model import Edit

_WORDS: Final = re.compile(r"\s+|[^\s\w]|\w+(?:[./]\d+)*")


def edits(old: str, new: str) -> tuple[Edit, ...]:
    """Return the stretches of two texts in order; joining all `old` gives `old`, all `new` gives `new`.

    Numbers stay whole: `140/90` -> `130/80` is one edit, not two.
    """
    before, after = _WORDS.findall(old), _WORDS.findall(new)
    matcher = SequenceMatcher(None, before, after, autojunk=False)
    found = [Edit("".join(before[i1:i2]), "".join(after[j1:j2])) for _, i1, i2, j1, j2 in matcher.get_opcodes()]
    return tuple(_joined(found))


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
