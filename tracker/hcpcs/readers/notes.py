"""CMS's processing notes (`proc_notes_JAN2025.txt`): a number, two dashes, and a text over several lines.

0002--THESE CODES (82585, 82595) PERTAIN TO PERFORMING THE ANALYSIS FOR THE      *
ANALYTE AS OPPOSED TO ADMINISTRATION OF THE ANALYTE.                       *
"""

from __future__ import annotations

import re
from typing import Final

from tracker.model import Note

_FIRST: Final = re.compile(r"\s*(\d{4})--(.*)")


def read(text: str) -> tuple[Note, ...]:
    """Return the notes of a processing notes file, in its order; the first of a doubled number wins."""
    texts: dict[str, list[str]] = {}
    current: list[str] = []
    for line in text.splitlines():
        content = line.rstrip().removesuffix("*")
        first = _FIRST.match(content)
        if first:
            current = []
            texts.setdefault(first[1], current)
            content = first[2]
        current.append(content)
    return tuple(Note(number, " ".join(" ".join(lines).split())) for number, lines in texts.items())
