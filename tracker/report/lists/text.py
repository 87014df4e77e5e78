"""A list as text: what was asked, what was found, and what must be known of it. The rows themselves are for files.

Plain for a pipe or file; a terminal colours it, and shows so many points of a group.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracker.report.lists.view import Group, ListView, Point, told_rows
from tracker.report.text import Line

_CODE: Final = 7
"""The width of a column of codes, at least."""

_WIDEST_CODE: Final = 16
"""The width of a column of codes, at most: a longer one stands out."""

_LEVEL: Final = 8


def render(view: ListView) -> Iterator[bytes]:
    """Yield the whole of what is to be said of a list as UTF-8 text."""
    yield "".join(f"{line}\n" for line in lines(view)).encode()


def lines(view: ListView, limit: int | None = None) -> Iterator[Line]:
    """Yield the lines, with at most `limit` points a group."""
    yield Line(((view.title, "heading"),))
    width = max((len(name) for name, _ in view.facts), default=0) + 2
    for name, text in view.facts:
        yield Line(((f"  {name:<{width}}", "dim"), (text, "")), width + 2)
    yield from _counts(view)
    for group in view.groups:
        yield Line(())
        yield Line(((f"{group.title} ({len(group.points):,})", "heading"),))
        yield from _group(group, limit)


def _counts(view: ListView) -> Iterator[Line]:
    if view.counts or view.remarks:
        yield Line(())
    if view.counts:
        yield Line((("Counts", "heading"),))
    width = max((len(f"{number:,}") for number, _ in view.counts), default=0)
    width = max(width, 6)
    for number, what in view.counts:
        yield Line(((f"  {number:>{width},}", "code"), (f"  {what}", "")), width + 4)
    for remark in view.remarks:
        yield Line((("  note  ", "dim"), (remark, "")), 8)


def _group(group: Group, limit: int | None) -> Iterator[Line]:
    """Yield the points of a group, codes and levels in columns where any point has them."""
    codes = max(len(point.code) for point in group.points) if group.points else 0
    code = min(max(codes + 2, _CODE), _WIDEST_CODE) if codes else 0
    level = _LEVEL if any(point.level for point in group.points) else 0
    for point in group.points[:limit]:
        yield from _point(point, code, level)
    more = len(group.points) - len(group.points[:limit])
    if more:
        yield Line(((f"  … and {more:,} more: --all", "dim"),))


def _point(point: Point, code: int, level: int) -> Iterator[Line]:
    """Yield a point: its code and level, what is said of it, and the rows that it is about."""
    indent = 2 + code + level
    first, *others = point.lines or ("",)
    head = (
        (f"  {point.code:<{code}}", "code"),
        (f"{point.level or '':<{level}}", "act" if point.level == "act" else "dim"),
    )
    yield Line((*head, (first, "")), indent)
    for line in others:
        yield Line(((" " * indent, ""), (line, "")), indent)
    rows = told_rows(point)
    if rows:
        yield Line(((" " * indent, ""), (rows, "dim")), indent)
