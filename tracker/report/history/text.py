"""A history as text: lines of styled pieces, for a terminal or, plain, for a pipe or file.

Colour never carries meaning alone: words that went stand in `[-…-]`, words that came in `{+…+}`, and the level
of an event is spelled out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from tracker.report.history.view import HistoryView, Moment, Shown
from tracker.report.rows import Marked
from tracker.report.text import Line
from tracker.report.view import words

_NAMES: Final = 15
"""Where the head's texts begin."""

_TEXTS: Final = 11
"""Where the timeline's texts begin: behind a release's label."""

_VALUES: Final = _TEXTS + 8
"""Where the values of an event begin: behind its level."""


def render(view: HistoryView) -> bytes:
    """Return a history as UTF-8 text."""
    return "".join(f"{line}\n" for line in lines(view)).encode()


def lines(view: HistoryView) -> Iterator[Line]:
    """Yield a history's lines."""
    yield from _head(view)
    if view.origins:
        yield from _origins(view)
        return
    yield from _lives(view)
    yield Line(())
    yield Line((("Timeline", "heading"),))
    for moment in view.timeline:
        yield from _moment(moment)


def _head(view: HistoryView) -> Iterator[Line]:
    yield Line(((view.history.code, "heading"), (f"  {view.record.kind}", "dim")))
    yield Line(((f"  {view.meaning}", ""),), 2)
    yield Line(())
    yield _fact(view.state, (view.standing, "act" if view.ended else ""))
    for name, found in (("successor", view.successors), ("predecessor", view.predecessors)):
        for one in found:
            code = f"{one.code}  " if one.code else ""
            yield _fact(name, (code, "code"), (one.text, ""))
    yield _fact("releases", (view.found, ""))


def _fact(name: str, *told: tuple[str, str]) -> Line:
    return Line(((f"  {name:<{_NAMES - 2}}", "dim"), *told), _NAMES)


def _lives(view: HistoryView) -> Iterator[Line]:
    yield Line(())
    yield Line((("Lives", "heading"),))
    days, standing = (
        max(map(len, column)) for column in zip(*((one.days, one.word) for one in view.lives), strict=True)
    )
    for life in view.lives:
        head = (f"  {life.days:<{days}}  ", "code"), (f"{life.word:<{standing}}  ", "dim")
        yield Line((*head, (life.meaning, "")), days + standing + 6)


def _moment(moment: Moment) -> Iterator[Line]:
    label = (f"  {moment.label:<{_TEXTS - 2}}", "dim" if moment.quiet else "code")
    if moment.quiet:
        yield Line((label, (moment.text, "dim")), _TEXTS)
        return
    yield Line((label, (", ".join(filter(None, (moment.text, moment.when))), "")), _TEXTS)
    for event in moment.events:
        level = (f"{'':<{_TEXTS}}{event.level:<8}", "act" if event.level == "act" else "dim")
        yield Line((level, (event.text, "")), _VALUES)
        for text in event.texts:
            yield from _text(text)
        for value in event.values:
            told = (
                (f"{words(value.field)}  ", "dim"),
                *_pieces(value, value.old),
                (" → ", ""),
                *_pieces(value, value.new),
            )
            yield _behind(*told)
    if moment.meaning:
        yield Line((("", "dim"), (" " * (_VALUES if moment.events else _TEXTS), ""), (moment.meaning, "")), _VALUES)
    for one in moment.instead:
        yield _behind(("→ ", "dim"), (one.code, "code"), (f"  {one.text}", ""))


def _behind(*told: tuple[str, str]) -> Line:
    return Line(((" " * _VALUES, ""), *told), _VALUES)


def _text(shown: Shown) -> Iterator[Line]:
    """Yield the old and the new text, each whole."""
    for sign, side in (("old", shown.old), ("new", shown.new)):
        yield Line(((f"{'':<{_VALUES}}{sign}  ", "dim"), *_pieces(shown, side)), _VALUES + 5)


def _pieces(shown: Shown, side: Marked) -> Iterator[tuple[str, str]]:
    """Yield one side of a change, its parts that differ marked by signs."""
    style = "new" if side.came else "old"
    before, after = ("{+", "+}") if side.came else ("[-", "-]")
    for text, differs in side.pieces:
        yield f"{before}{text}{after}" if differs and shown.marks else text, style if differs else ""


def _origins(view: HistoryView) -> Iterator[Line]:
    """Yield a table of fields: since when each has its value, the value, and what it was before."""
    rows = [("field", "since", "value"), *((words(one.field), one.since, one.value) for one in view.origins)]
    names, since = (max(len(row[place]) for row in rows) + 2 for place in (0, 1))
    indent = names + since + 2
    yield Line(())
    for row, one in zip(rows, (None, *view.origins), strict=True):
        style = "" if one else "heading"
        head = (f"  {row[0]:<{names}}", style or "code"), (f"{row[1]:<{since}}", style or "dim")
        yield Line((*head, (row[2], style)), indent)
        if one and one.before:
            yield Line(((f"{'':<{indent}}before: ", "dim"), (one.before, "old")), indent)
        if one and one.unknown and one.since:
            yield Line(((f"{'':<{indent}}not known in {', '.join(one.unknown)}", "dim"),), indent)
