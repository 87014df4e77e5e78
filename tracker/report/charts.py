"""Charts as inline SVG that fit any width: positions in per cent, sizes of type in pixels. Colours come by CSS.

A chart is a picture of a table that stands behind it, so that it needs no more than a name for a screen reader.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from html import escape
from typing import Final

_ROW: Final = 30
_COLUMNS_HEIGHT: Final = 120
_MOST_COLUMNS: Final = 26
_AXIS: Final = 46
"""How many characters of labels have room below the columns."""


@dataclass(frozen=True, slots=True)
class Bar:
    """One number of a chart; `mark` is the class that colours it, `tick` a shorter label for the axis."""

    label: str
    number: int
    mark: str = ""
    tick: str = ""


def bars(rows: Sequence[Bar], label: str) -> str:
    """Return bars that lie below their labels."""
    most = max((row.number for row in rows), default=1)
    parts = []
    for place, row in enumerate(rows):
        y = place * _ROW
        parts.append(
            f'<text x="0" y="{y + 14}">{escape(row.label)}</text>'
            f'<text x="100%" y="{y + 14}" class="num">{row.number:,}</text>'
            f'<rect class="track" y="{y + 20}" width="100%" height="5" rx="2.5"/>'
            f'<rect class="{row.mark}" y="{y + 20}" width="{_share(row.number, most)}%" height="5" rx="2.5"/>'
        )
    return _svg(label, len(rows) * _ROW, parts)


def columns(rows: Sequence[Bar], label: str) -> str:
    """Return bars that stand side by side; where there are many, not each of them carries its label."""
    most = max((row.number for row in rows), default=1)
    step = 100 / max(len(rows), 6)
    every = max(1, -(-sum(len(row.tick or row.label) + 1 for row in rows) // _AXIS))
    parts = []
    for place, row in enumerate(rows):
        height = max(_share(row.number, most) * (_COLUMNS_HEIGHT - 36) / 100, 1 if row.number else 0)
        middle = f"{(place + 0.5) * step:.2f}%"
        top = _COLUMNS_HEIGHT - 18 - height
        parts.append(
            f'<rect class="{row.mark}" x="{(place + 0.15) * step:.2f}%" y="{top:.1f}" width="{0.7 * step:.2f}%" '
            f'height="{height:.1f}" rx="1.5"><title>{escape(row.label)}: {row.number:,}</title></rect>'
        )
        if row.number and len(rows) <= _MOST_COLUMNS:
            parts.append(f'<text class="mid num" x="{middle}" y="{top - 4:.1f}">{row.number:,}</text>')
        if place % every == 0:
            tick = escape(row.tick or row.label)
            parts.append(f'<text class="mid" x="{middle}" y="{_COLUMNS_HEIGHT - 4}">{tick}</text>')
    return _svg(label, _COLUMNS_HEIGHT, parts)


def over_time(days: Iterable[str], begin: str) -> list[Bar]:
    """Return how many days fall into each month, quarter or year, the finest that leaves a chart readable.

    Args:
        days: ISO dates; what is none is left out.
        begin: the ISO date before which all days are one bar, the first.
    """
    known = sorted(day for day in days if day[:4].isdecimal() and day[5:7].isdecimal())
    later = [day for day in known if day >= begin]
    early = len(known) - len(later)
    head = [Bar(f"before {begin[:7]}", early, "early", "earlier")] if early else []
    if not later:
        return head
    for months in (1, 3, 12):
        number = Counter(_month(day) // months for day in later)
        spans = range(_month(begin) // months, max(number) + 1)
        if len(spans) < _MOST_COLUMNS:
            break
    return [*head, *(Bar(_name(span, months), number[span]) for span in spans[-4 * _MOST_COLUMNS :])]


def _month(day: str) -> int:
    return int(day[:4]) * 12 + int(day[5:7]) - 1


def _name(span: int, months: int) -> str:
    year, month = divmod(span * months, 12)
    return {1: f"{year}-{month + 1:02}", 3: f"{year} Q{month // 3 + 1}", 12: str(year)}[months]


def _share(number: int, most: int) -> float:
    return round(100 * number / max(most, 1), 2)


def _svg(label: str, height: int, parts: Iterable[str]) -> str:
    return f'<svg role="img" aria-label="{escape(label)}" width="100%" height="{height}">{"".join(parts)}</svg>'
