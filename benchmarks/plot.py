"""Plots as SVG, drawn by hand: measured points, the law that was fitted to them as a line, and direct labels. Pure."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from html import escape

WIDTH, HEIGHT = 640, 400
LEFT, RIGHT, TOP, BOTTOM = 62, 506, 60, 344
"""The edges of the area in which is drawn; to its right stand the lines' names."""

COLOURS = ("#1f5fa8", "#c2571a", "#4d7a2e")
INK, PALE, GRID = "#222222", "#666666", "#e4e4e4"
FONT = "system-ui, -apple-system, 'Segoe UI', 'Helvetica Neue', Arial, sans-serif"
LINE_HEIGHT = 16
MILLION = 1_000_000
STEPS = 100
"""How many short pieces a curve is drawn in."""

Point = tuple[float, float]
Law = Callable[[float], float]


@dataclass(frozen=True, slots=True)
class Straight:
    """`fixed + each * x`."""

    fixed: float
    each: float

    def __call__(self, x: float) -> float:
        """Return what the law says of `x`."""
        return self.fixed + self.each * x


@dataclass(frozen=True, slots=True)
class Power:
    """`factor * x ** exponent`."""

    factor: float
    exponent: float

    def __call__(self, x: float) -> float:
        """Return what the law says of `x`."""
        return float(self.factor * x**self.exponent)


def straight(points: Sequence[Point]) -> Straight:
    """Fit a straight line by the least squares of the relative errors: 10 % of a small figure count as 10 % of a large.

    Args:
        points: at least two, of different x, and every y above 0.
    """
    weights = [1 / y**2 for _, y in points]
    total = sum(weights)
    mean_x = sum(weight * x for weight, (x, _) in zip(weights, points, strict=True)) / total
    mean_y = sum(weight * y for weight, (_, y) in zip(weights, points, strict=True)) / total
    spread = sum(weight * (x - mean_x) ** 2 for weight, (x, _) in zip(weights, points, strict=True))
    both = sum(weight * (x - mean_x) * (y - mean_y) for weight, (x, y) in zip(weights, points, strict=True))
    return Straight(mean_y - both / spread * mean_x, both / spread)


def power(points: Sequence[Point]) -> Power:
    """Fit a power of x by the least squares of the logarithms.

    Args:
        points: at least two, of different x, and all above 0.
    """
    logs = [(math.log(x), math.log(y)) for x, y in points]
    mean_x, mean_y = (sum(values) / len(logs) for values in zip(*logs, strict=True))
    exponent = sum((x - mean_x) * (y - mean_y) for x, y in logs) / sum((x - mean_x) ** 2 for x, _ in logs)
    return Power(math.exp(mean_y - exponent * mean_x), exponent)


@dataclass(frozen=True, slots=True)
class Line:
    """What was measured of one thing, with the lowest and highest figure of each point, and the law of it."""

    name: str
    points: Sequence[Point]
    spreads: Sequence[Point] = ()
    law: Law | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A point of its own, that no law was fitted to, with a few words beside it."""

    x: float
    y: float
    text: str


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn. With `logarithmic`, on both axes equal distances are equal factors; else both begin at 0."""

    title: str
    x_label: str
    y_label: str
    lines: Sequence[Line]
    logarithmic: bool = False
    marks: Sequence[Mark] = field(default=())


@dataclass(frozen=True, slots=True)
class Axis:
    """Where values stand along one side of the area: `first` at `begin`, `last` at `end`."""

    ticks: Sequence[float]
    first: float
    last: float
    begin: float
    end: float
    logarithmic: bool

    def place(self, value: float) -> float:
        """Return where a value stands."""
        if self.logarithmic:
            part = math.log(value / self.first) / math.log(self.last / self.first)
        else:
            part = (value - self.first) / (self.last - self.first)
        return self.begin + part * (self.end - self.begin)


def axis(values: Sequence[float], begin: float, end: float, *, logarithmic: bool) -> Axis:
    """Return an axis on which all values have a place."""
    ticks = log_ticks(min(values), max(values)) if logarithmic else linear_ticks(max(values))
    return Axis(ticks, min([*values, ticks[0]]), max([*values, ticks[-1]]), begin, end, logarithmic)


def linear_ticks(highest: float) -> list[float]:
    """Return round numbers at equal distances, from 0 to the first that is not below `highest`: four to seven."""
    scale = 10 ** math.floor(math.log10(highest))
    step = next(part * scale for part in (0.2, 0.25, 0.5, 1, 2, 2.5) if highest / (part * scale) <= 6)  # noqa: PLR2004
    return [round(number * step, 12) for number in range(math.ceil(highest / step - 1e-9) + 1)]


def log_ticks(lowest: float, highest: float) -> list[float]:
    """Return 1, 2 and 5 times the powers of ten that lie about the values; of many decades the powers alone."""
    first, last = math.floor(math.log10(lowest)), math.ceil(math.log10(highest))
    wide = last - first > 3  # noqa: PLR2004
    found = [digit * 10.0**power for power in range(first, last + 1) for digit in ((1,) if wide else (1, 2, 5))]
    begin = max((number for number, tick in enumerate(found) if tick <= lowest), default=0)
    end = next(number for number, tick in enumerate(found) if tick >= highest * (1 - 1e-9))
    return found[begin : end + 1]


def draw(plot: Plot) -> str:
    """Draw a plot."""
    seen = [point for line in plot.lines for point in line.points] + [(mark.x, mark.y) for mark in plot.marks]
    spread = [value for line in plot.lines for pair in line.spreads for value in pair]
    x = axis([x for x, _ in seen], LEFT, RIGHT, logarithmic=plot.logarithmic)
    y = axis([*(y for _, y in seen), *spread], BOTTOM, TOP, logarithmic=plot.logarithmic)
    return "\n".join([*_frame(plot, x, y), *_lines(plot, x, y), *_names(plot, x, y), "</svg>", ""])


def _frame(plot: Plot, x: Axis, y: Axis) -> Iterator[str]:
    """Yield title, axes and grid."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" aria-label="{escape(plot.title)}" font-family="{FONT}" font-size="12">'
    )
    yield f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#ffffff"/>'
    yield _text(LEFT, 22, plot.title, weight="600", size=14)
    for tick in y.ticks:
        height = y.place(tick)
        yield _stroke((LEFT, height), (RIGHT, height), GRID)
        yield _text(LEFT - 8, height + 4, number(tick), PALE, anchor="end")
    for tick in x.ticks:
        place = x.place(tick)
        yield _stroke((place, BOTTOM), (place, BOTTOM + 5), PALE)
        yield _text(place, BOTTOM + 19, number(tick), PALE, anchor="middle")
    yield _stroke((LEFT, BOTTOM), (RIGHT, BOTTOM), PALE)
    yield _text(LEFT, TOP - 16, plot.y_label, PALE)
    yield _text((LEFT + RIGHT) / 2, BOTTOM + 42, plot.x_label, PALE, anchor="middle")


def _lines(plot: Plot, x: Axis, y: Axis) -> Iterator[str]:
    """Yield laws, spreads, points and marks."""
    for line, colour in zip(plot.lines, COLOURS, strict=False):
        if line.law is not None:
            begin, end = line.points[0][0], line.points[-1][0]
            path = " ".join(f"{x.place(at):.1f},{y.place(line.law(at)):.1f}" for at in _between(begin, end, x))
            yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="1.6"/>'
        for (at, _), (low, high) in zip(line.points, line.spreads, strict=False):
            yield _stroke((x.place(at), y.place(low)), (x.place(at), y.place(high)), colour)
        for at, value in line.points:
            yield f'<circle cx="{x.place(at):.1f}" cy="{y.place(value):.1f}" r="3.6" fill="{colour}"/>'
    for mark in plot.marks:
        place, height = x.place(mark.x), y.place(mark.y)
        ring = f'fill="#ffffff" stroke="{COLOURS[0]}" stroke-width="1.6"'
        yield f'<circle cx="{place:.1f}" cy="{height:.1f}" r="4" {ring}/>'
        yield _text(place - 10, height + 4, mark.text, anchor="end")


def _between(begin: float, end: float, x: Axis) -> Iterator[float]:
    for step in range(STEPS + 1):
        part = step / STEPS
        yield begin * (end / begin) ** part if x.logarithmic else begin + (end - begin) * part


def _names(plot: Plot, x: Axis, y: Axis) -> Iterator[str]:
    """Yield the lines' names behind their last points, moved apart where they would overlap."""
    last = [line.points[-1] for line in plot.lines]
    wanted = sorted((y.place(value), number) for number, (_, value) in enumerate(last))
    heights = apart([height for height, _ in wanted], LINE_HEIGHT)
    for (_, number), height in zip(wanted, heights, strict=True):
        place = x.place(last[number][0]) + 10
        yield _text(place, height + 4, plot.lines[number].name, COLOURS[number], weight="600")


def apart(places: Sequence[float], distance: float) -> list[float]:
    """Move places, which are in order, no nearer to each other than `distance`, and as little as that needs."""
    groups: list[tuple[float, int]] = []
    for place in places:
        middle, size = place, 1
        while groups and groups[-1][0] + (groups[-1][1] + size) / 2 * distance > middle:
            other, others = groups.pop()
            middle = (other * others + middle * size) / (others + size)
            size += others
        groups.append((middle, size))
    return [middle + (step - (size - 1) / 2) * distance for middle, size in groups for step in range(size)]


def number(value: float) -> str:
    """Write a tick's number: `8,700`, `0.25`, `1 million`, which is shorter."""
    if value >= MILLION:
        return f"{value / MILLION:g} million"
    return f"{value:,.0f}" if value >= 10 else f"{value:.4g}"  # noqa: PLR2004


def _text(
    x: float, y: float, words: str, colour: str = INK, *, anchor: str = "start", weight: str = "400", size: int = 12
) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" fill="{colour}" text-anchor="{anchor}" font-weight="{weight}" '
        f'font-size="{size}">{escape(words)}</text>'
    )


def _stroke(begin: Point, end: Point, colour: str) -> str:
    return (
        f'<line x1="{begin[0]:.1f}" y1="{begin[1]:.1f}" x2="{end[0]:.1f}" y2="{end[1]:.1f}" stroke="{colour}" '
        'stroke-width="1"/>'
    )
