"""A list as one HTML page that needs nothing else, and no script to be read: what must be known of it, then all rows.

The frame is `templates/list.html.j2`; points and rows, which come by the thousand, are put together here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from markupsafe import Markup

from tracker.formats.cells import Cell
from tracker.model import Level
from tracker.report.lists.view import (
    LEVEL,
    VERDICTS,
    Answer,
    Group,
    ListRow,
    ListView,
    Point,
    Remembered,
    filled,
    groups_beside_rows,
    is_numbered,
    rows_of_page,
    shown,
    told_rows,
)
from tracker.report.page import environment, escape, lots

PAGE: Final = "list.html.j2"

MOST_POINTS: Final = 30
"""Points of a group that are seen at once; the others are folded."""

_WIDEST: Final = 32
"""Characters of a line in a column, at most; longer texts are folded."""

_ON_PAPER: Final = (8, 15)
"""Characters of a line on paper, where all columns stand beside each other: at least, and at most."""

_MARK: Final = 3
"""Characters that a coloured mark takes beside its word."""

_SIGN: Final = 0.54
_PADDING: Final = 1.4
"""How wide a character is about, and what stands beside a text, in rem."""

_NO_LEVEL: Final = "none"


def render(view: ListView) -> Iterator[bytes]:
    """Yield a list as one HTML page in UTF-8.

    Raises:
        TrackerError: it has more rows than a page can show.
    """
    return _pieces(view, rows_of_page(view))


def _pieces(view: ListView, rows: Sequence[ListRow]) -> Iterator[bytes]:
    drawing = _Drawing(view, rows)
    made = environment(PAGE, ("style.css", "list.css"), "list.js", drawing.layout())
    made.globals |= {
        "view": view,
        "groups": groups_beside_rows(view),
        "numbered": is_numbered(view),
        "draw": drawing,
        "most_points": MOST_POINTS,
    }
    yield made.get_template(PAGE).render().encode()


class _Drawing:
    """Draws what comes by the thousand. `levels`, `verdicts`: those that rows have, each with their number."""

    def __init__(self, view: ListView, rows: Sequence[ListRow]) -> None:
        self._view = view
        self._rows = rows
        self._places = filled(view, rows)
        names = [column.name for column in view.added]
        self._verdict = next((names.index(name) for name in VERDICTS if name in names), None)
        self._marked = {names.index(name) for name in (LEVEL, *VERDICTS) if name in names}
        found: dict[Level | None, int] = {}
        verdicts: dict[str, int] = {}
        for row in rows:
            found[row.answer.level] = found.get(row.answer.level, 0) + 1
            if self._verdict is not None:
                verdict = shown(row.answer.cells[self._verdict])
                verdicts[verdict] = verdicts.get(verdict, 0) + 1
        self.levels = [(level or _NO_LEVEL, found[level]) for level in (*Level, None) if level in found]
        self.verdicts = sorted(verdicts.items(), key=lambda one: (-one[1], one[0]))
        self._numbers = {verdict: place for place, (verdict, _) in enumerate(self.verdicts)}

    @property
    def added(self) -> list[str]:
        """The titles of the added columns that any row fills."""
        return [self._view.added[place].title for place in self._places]

    @property
    def verdict_title(self) -> str:
        """The title of the column that says how it stands with a row."""
        return "" if self._verdict is None else self._view.added[self._verdict].title

    def points(self, group: Group, first: int, last: int | None) -> Markup:
        """Return some points of a group, in lots."""
        drawn = [_point(point) for point in group.points[first:last]]
        return Markup("\n".join(f'<div class="{kind}">{lot}</div>' for kind, lot in lots(drawn)))  # noqa: S704 - escaped by _point

    def layout(self) -> str:
        """Return the style of the table: the widths of its columns, and where the added ones begin.

        A browser finds widths by itself, but looks at all rows for it, and a table of thousands takes it many seconds.
        With these it need not even lay out the rows that are far from the window.
        """
        view, numbered = self._view, is_numbered(self._view)
        answers = {id(row.answer): row.answer for row in self._rows}.values()
        widths = [
            *([_width("Row", [f"{row.number}" for row in self._rows[-1:]])] if numbered else []),
            *(_width(name, {row.cells[place] for row in self._rows}) for place, name in enumerate(view.columns)),
            *(
                _width(view.added[place].title, {answer.cells[place] for answer in answers})
                + _MARK * (place in self._marked)
                for place in self._places
            ),
        ]
        tracks = " ".join(f"{_SIGN * signs + _PADDING:.2f}rem" for signs in widths)
        whole = _SIGN * sum(widths) + _PADDING * len(widths)
        style = f"#rows table{{width:{whole:.2f}rem}}#rows tr{{grid-template-columns:{tracks}}}"
        if numbered:
            own, added = len(view.columns), len(self._places)
            style += f".whose th{{grid-column:span {own}}}.whose .added{{grid-column:span {added}}}"
            style += f":where(#rows td:nth-child(n+{own + 2})){{background:var(--tint)}}"
        least, most = _ON_PAPER
        on_paper = [min(max(signs, least), most) for signs in widths]
        parts = (
            f"#rows col:nth-child({place}){{width:{100 * part / sum(on_paper):.2f}%}}"
            for place, part in enumerate(on_paper, 1)
        )
        return f"{style}@media print{{#rows table{{width:100%}}{''.join(parts)}}}"

    def rows(self) -> Markup:
        """Return all rows of the table, in lots."""
        answered = Remembered(self._answer)
        numbered = is_numbered(self._view)
        drawn = []
        for row in self._rows:
            begin, cells = answered(row.answer)
            number = f' id="r{row.number}"><th scope="row">{row.number}</th>' if numbered else ">"
            drawn.append(f"<tr{begin}{number}{''.join(map(_cell, row.cells))}{cells}</tr>")
        parts = (f'<tbody class="{kind}">{lot}</tbody>' for kind, lot in lots(drawn))
        return Markup("\n".join(parts))  # noqa: S704 - escaped by _cell

    def _answer(self, answer: Answer) -> tuple[str, str]:
        """Return what an answer makes of its row: the begin of its tag, and its cells."""
        begin = f' class="{answer.level or _NO_LEVEL}"'
        if self._verdict is not None:
            begin += f' data-v="{self._numbers[shown(answer.cells[self._verdict])]}"'
        cells = (_cell(answer.cells[place], marked=place in self._marked) for place in self._places)
        return begin, "".join(cells)


def _point(point: Point) -> str:
    first, *others = point.lines or ("",)
    level = f"<b>{point.level}</b> " if point.level else ""
    rows = told_rows(point, lambda row: f'<a href="#r{row}">{row:,}</a>')
    return "".join(
        [
            f'<div class="e {point.level or _NO_LEVEL}">',
            f"<h3>{escape(point.code)}</h3>" if point.code else "<span></span>",
            f'<p class="k">{level}{escape(first)}</p>',
            *(f'<p class="s">{escape(line)}</p>' for line in others),
            f'<p class="o">{rows}</p>' if rows else "",
            "</div>",
        ]
    )


def _cell(cell: Cell, *, marked: bool = False) -> str:
    if cell == "":
        return "<td></td>"
    told = escape(shown(cell))
    return f"<td><b>{told}</b></td>" if marked else f"<td>{told}</td>"


def _width(heading: str, cells: Iterable[Cell]) -> int:
    """Return how wide a column is in characters: as its longest text, within limits, and the longest word above it."""
    longest = max((len(shown(cell)) for cell in cells), default=0)
    word = max(map(len, heading.split()), default=0) + 2  # it is bold
    return min(max(longest, word), _WIDEST)
