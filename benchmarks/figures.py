"""What the runs took, as figures: the tables, the budgets, and whether something became worse. Nothing here runs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median, quantiles
from typing import Any

from measure import Measure, size_of

Spread = tuple[float, float, float]
"""The lower quartile, the median and the upper quartile."""

TOLERANCE = 0.10
"""A figure is worse if it lies by so much beyond the spread of the last one."""

HEADER = ("work", "program", "median", "fastest to slowest", "to tracker", "quartiles", "processor", "peak MiB", "MiB")


@dataclass(frozen=True, slots=True)
class Row:
    """One program at one work.

    `seconds` are the fastest run, the median and the slowest, `processor` the median of the seconds that processors
    worked. `ratio` is the time beside tracker's in the same turn. `floor`, of tracker's programs, is the processor's
    time beside that of the floor in the same turn. `peak` and `size` are MiB. What was not measured is None.
    """

    work: str
    program: str
    seconds: Spread | None = None
    processor: float | None = None
    ratio: Spread | None = None
    floor: Spread | None = None
    peak: float | None = None
    size: float | None = None

    @property
    def name(self) -> str:
        """Work and program, as a row is called in sentences."""
        return f"{self.work}: {self.program}"


@dataclass(frozen=True, slots=True)
class Budget:
    """What a work may take at most: seconds, MiB of memory, MiB on the disk. It is measured in one row."""

    text: str
    work: str
    program: str
    seconds: float | None = None
    peak: float | None = None
    size: float | None = None


BUDGETS = (
    Budget("`tracker --help`", "start-up", "tracker --help", seconds=0.10),
    Budget("diff of two stored releases, real", "warm, real", "tracker", seconds=0.35, peak=80),
    Budget("the same, 100,000 codes, 10,000 changed", "warm, 100,000 codes", "tracker", seconds=1.2, peak=220),
    Budget("the same, 1,000,000 codes, 1 % changed", "growth, 1,000,000 codes", "tracker, diff", seconds=2.0, peak=250),
    Budget("import of a CMS zip", "import, real", "tracker, zip", seconds=0.9),
    Budget("import of a CMS workbook", "import, real", "tracker, workbook", seconds=1.0),
    Budget(
        "index of 84 quarterly releases, 8,700 codes", "storage, 84 releases of 8,700 codes", "tracker, index", size=30
    ),
    Budget(
        "one code's history over 84 releases, in process", "history in process, 84 releases", "tracker", seconds=1e-3
    ),
    Budget(
        "the store's statement behind it",
        "history in process, 84 releases",
        "tracker, the store's statement alone",
        seconds=1e-3,
    ),
    Budget("HTML of 10,000 changes", "report, 10,000 changes", "tracker, html", seconds=3.0),
    Budget("XLSX of 10,000 changes", "report, 10,000 changes", "tracker, xlsx", seconds=3.0),
)


def rows_of(measures: Iterable[Measure]) -> Iterator[Row]:
    """Yield what was measured; tracker is the first of each work."""
    found = list(measures)
    for one in found:
        same = [other for other in found if other.work == one.work]
        floor = next((other for other in same if other.floor), None)
        ours = one.program.startswith("tracker") and floor is not None
        yield Row(
            one.work,
            one.program,
            (min(one.seconds), median(one.seconds), max(one.seconds)),
            median(one.processor),
            spread(one.seconds, same[0].seconds),
            spread(one.processor, floor.processor) if ours and floor is not None else None,
            max(one.peaks),
            one.size if one.writes else None,
        )


def weighed(found: Mapping[tuple[str, str], Iterable[Path]]) -> Iterator[Row]:
    """Yield the sizes of files and folders, by work and program."""
    for (work, program), paths in found.items():
        yield Row(work, program, size=size_of(*paths))


def spread(ours: Sequence[float], base: Sequence[float]) -> Spread:
    """Return how often `base` goes into `ours`, turn by turn; of medians, if one of them was run once."""
    if len(ours) == len(base):
        ratios = [one / other for one, other in zip(ours, base, strict=True)]
    else:
        ratios = [median(ours) / median(base)]
    low, _, high = quantiles(ratios, n=4, method="inclusive") if len(ratios) > 1 else ratios * 3
    return low, median(ratios), high


# ---------------------------------------------------------------- texts


def table(rows: Iterable[Row]) -> str:
    """Return rows as a Markdown table, without the columns that none of them fills."""
    cells = [HEADER, *(_cells(row) for row in rows)]
    filled = [place for place, column in enumerate(zip(*cells[1:], strict=True)) if any(column)]
    return _markdown([[row[place] for place in filled] for row in cells])


def budgets(rows: Iterable[Row]) -> str:
    """Return every budget with its measured figure beside it."""
    found = {(row.work, row.program): row for row in rows}
    lines = [["work", "budget", "measured", ""]]
    for budget in BUDGETS:
        row = found.get((budget.work, budget.program), Row(budget.work, budget.program))
        parts = [
            (budget.seconds, row.seconds[1] if row.seconds else None, duration),
            (budget.peak, row.peak, _mib),
            (budget.size, row.size, _mib),
        ]
        asked = [(wanted, measured, text) for wanted, measured, text in parts if wanted is not None]
        measured = [text(figure) for _, figure, text in asked if figure is not None]
        missed = any(figure is not None and figure > wanted for wanted, figure, _ in asked)
        verdict = "**missed**" if missed else "kept" if measured else "not measured"
        lines.append([budget.text, ", ".join(text(wanted) for wanted, _, text in asked), ", ".join(measured), verdict])
    return _markdown(lines)


def duration(seconds: float) -> str:
    """Return seconds with three digits, in the unit that suits."""
    if seconds >= 0.9995:  # noqa: PLR2004
        return f"{seconds:.2f} s" if seconds < 99.95 else f"{seconds:.0f} s"  # noqa: PLR2004
    thousandths = seconds * 1000
    return f"{thousandths:.0f} ms" if thousandths >= 9.95 else f"{thousandths:.2f} ms"  # noqa: PLR2004


def replaced(page: str, name: str, text: str) -> str:
    """Return a page with another text between the markers of this name.

    Raises:
        ValueError: the page lacks the markers.
    """
    begin, end = f"<!-- {name} -->", f"<!-- end of {name} -->"
    before, found, rest = page.partition(begin)
    _, ended, after = rest.partition(end)
    if not (found and ended):
        raise ValueError(f"the page has no {begin} … {end}")
    return f"{before}{begin}\n{text}\n{end}{after}"


def _cells(row: Row) -> tuple[str, ...]:
    low, middle, high = map(duration, row.seconds) if row.seconds else ("", "", "")
    return (
        row.work,
        row.program,
        middle,
        "once" if row.seconds and row.seconds[0] == row.seconds[2] else low and f"{low} to {high}",
        _times(row.ratio[1]) if row.ratio else "",
        f"{_times(row.ratio[0])} to {_times(row.ratio[2])}" if row.ratio and row.ratio[0] != row.ratio[2] else "",
        duration(row.processor) if row.processor is not None else "",
        f"{row.peak:.0f}" if row.peak is not None else "",
        f"{row.size:.2f}" if row.size is not None else "",
    )


def _times(ratio: float) -> str:
    return f"{ratio:.2f}" if ratio >= 0.1 else f"{ratio:.2g}"  # noqa: PLR2004


def _mib(mib: float) -> str:
    return f"{mib:.1f} MiB" if mib < 99.95 else f"{mib:.0f} MiB"  # noqa: PLR2004


def _markdown(lines: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    told = ["| " + " | ".join(map(str.ljust, line, widths)) + " |" for line in lines]
    return "\n".join([told[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *told[1:]])


# ---------------------------------------------------------------- the last figures


def worse(last: Iterable[Row], now: Iterable[Row]) -> list[str]:
    """Say what of tracker became worse than it was; rows that only one side has are passed over.

    Of times those beside the floor of the same run are compared, which other machines share, and only their
    quartiles: one is worse if its lower quartile lies by the tolerance above the upper one of the last figures.
    """
    before = {row.name: row for row in last}
    told = []
    for row in now:
        was = before.get(row.name)
        if was is None or not row.program.startswith("tracker"):
            continue
        if was.floor and row.floor and row.floor[0] > was.floor[2] * (1 + TOLERANCE):
            told.append(f"{row.name}: {row.floor[1]:.2f} times the floor, {was.floor[1]:.2f} in the last figures")
        for what, ours, theirs in (("memory", row.peak, was.peak), ("size", row.size, was.size)):
            if ours is not None and theirs is not None and ours > theirs * (1 + TOLERANCE):
                told.append(f"{row.name}: {what} {_mib(ours)}, {_mib(theirs)} in the last figures")
    return told


def as_json(row: Row) -> dict[str, Any]:
    """Return a row as it is committed: four digits are enough."""
    return {
        name: [_rounded(part) for part in value] if isinstance(value, tuple) else _rounded(value)
        for name, value in asdict(row).items()
        if value is not None
    }


def from_json(told: Mapping[str, Any]) -> Row:
    """Return the row that was committed."""
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in told.items()}
    return Row(**values)


def _rounded(value: Any) -> Any:
    return float(f"{value:.4g}") if isinstance(value, float) else value
