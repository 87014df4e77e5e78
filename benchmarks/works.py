"""What is measured, by section: which programs do a work, and on what they have to agree."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from environments import HERE, PEERS, TRACKER, WORK, node_daff
from measure import Measure, call
from releases import (
    FRAME,
    LARGE,
    PEER,
    PROGRAMS,
    PYTHON,
    QUARTERS,
    SMALL,
    Pair,
    counts,
    has_doltlite,
    made_up,
    notes,
    real,
    series,
    storing_peers,
)

Command = Sequence[str | Path]

ROWS = 1_000_000
"""Rows of the lists that are answered."""

ASKED = 10
"""Codes whose history is asked."""

BARE = "bare SQLite join"
FORMATS = ("html", "xlsx", "md", "csv", "json", "txt")
OURS = TRACKER / "bin" / "tracker"
EMPTY, SCRATCH = WORK / "empty", WORK / "scratch.db"
MARKS = {"added": ("+++",), "removed": ("---",), "changed": ("->", "→")}
"""How daff marks rows in a table of its own."""


@dataclass(frozen=True, slots=True)
class Section:
    """What is run in turn, how often, what is known to be true of a work, and what is weighed and not run."""

    measures: Sequence[Measure]
    runs: int
    known: Mapping[str, str] = field(default_factory=dict)
    weighed: Callable[[], Mapping[tuple[str, str], Iterable[Path]]] = dict
    """By work and program, the files and folders whose size is told, once all has run."""


def start_up(pair: Pair) -> Section:
    """What a start costs, whatever is asked."""
    code, day = _codes(pair)[0], "2025-03-31"
    if pair.name == "real":
        code = "J1940"
    measures = [
        Measure("start-up", "tracker --help", [OURS, "--help"]),
        Measure("start-up", "tracker valid CODE --on DAY", [OURS, "valid", code, "--on", day, "--home", pair.home]),
        Measure("start-up", "bare Python", [PYTHON, "-c", "pass"], floor=True),
    ]
    return Section(measures, 21)


def imports(pairs: Sequence[Pair]) -> Section:
    """What the import of one release costs, into an empty home."""
    measures = []
    for pair in pairs:
        new = pair.folder / "HCPC2026_JAN_ANWEB_v1"
        sources = {"zip": pair.folder / "hcpcs-2026.zip", "workbook": new.with_suffix(".xlsx"), "text": pair.sources[1]}
        if pair.name == "real":
            sources = {"zip": pair.sources[0], "workbook": pair.sources[1]}
        elif pair.name == f"{LARGE:,} codes":
            del sources["zip"], sources["workbook"]  # minutes
        work = f"import, {pair.name}"
        measures += [
            Measure(work, f"tracker, {what}", [OURS, "import", source, "--home", EMPTY], _remove(EMPTY))
            for what, source in sources.items()
        ]
        floor: Command = [PEER, PROGRAMS / "sqlite_join.py", "store", SCRATCH, pair.tables[1]]
        measures.append(Measure(work, "CSV into a bare SQLite table", floor, _remove(SCRATCH), floor=True))
    return Section(measures, 7)


def cold(pairs: Sequence[Pair]) -> Section:
    """What it costs to compare two releases of which only the files are there."""
    measures = []
    for pair in pairs:
        stored = shlex.join(map(str, [OURS, "import", *pair.sources, "--home", EMPTY]))
        asked = shlex.join(map(str, [OURS, "diff", *pair.labels, "--format", "json", "--home", EMPTY]))
        table = pair.folder / "daff.csv"
        daff: Command = ["--id", "HCPC", *pair.tables, "--output", table]
        commands: dict[str, Command] = {
            "tracker, two imports and the diff": ["/bin/sh", "-c", f"{stored} > /dev/null && {asked}"],
            "csv-diff": [PEERS / "bin" / "csv-diff", *pair.tables, "--key", "HCPC", "--json"],
            "daff, Python": [PEERS / "bin" / "daff", *daff],
            "daff, Node": [node_daff(), *daff],
            "DeepDiff": [PEER, PROGRAMS / "deepdiff_alone.py", *pair.tables],
            "datacompy": [FRAME, PROGRAMS / "datacompy_counts.py", *pair.tables],
            "pandas": [FRAME, PROGRAMS / "pandas_join.py", "diff", *pair.tables],
            "polars": [FRAME, PROGRAMS / "polars_join.py", "diff", *pair.tables],
            "DuckDB": [FRAME, PROGRAMS / "duckdb_join.py", "diff", *pair.tables],
            "csv and dict of Python": [PEER, PROGRAMS / "stdlib.py", *pair.tables],
        }
        for program, command in commands.items():
            answer = _daff_counts(table) if program.startswith("daff") else counts
            prepare = _remove(EMPTY) if program.startswith("tracker") else None
            floor = program.startswith("csv and")
            measures.append(Measure(f"cold, {pair.name}", program, command, prepare, answer=answer, floor=floor))
    return Section(_there(measures), 5, _known("cold", pairs))


def warm(pairs: Sequence[Pair]) -> Section:
    """What it costs to compare two releases that are stored, each program's in its own way."""
    measures = []
    for pair in pairs:
        asked: Command = [OURS, "diff", *pair.labels, "--format", "json", "--home", pair.home]
        measures.append(Measure(f"warm, {pair.name}", "tracker", asked, answer=counts))
        measures += [
            Measure(
                f"warm, {pair.name}",
                name,
                [python, script, "stored", pair.store(name)],
                answer=counts,
                floor=name == BARE,
            )
            for name, (python, script) in storing_peers().items()
        ]
    return Section(measures, 11, _known("warm", pairs))


def history() -> Section:
    """What it costs to tell one code's life over all stored releases."""
    found = series()
    codes = _codes_of(found.tables[0], ASKED)
    inside, process = f"history in process, {QUARTERS} releases", f"history, {QUARTERS} releases"
    commands: dict[tuple[str, str], Command] = {
        (inside, "tracker"): [PYTHON, HERE / "history_calls.py", found.home],
        (inside, "doltlite"): [PEER, PROGRAMS / "doltlite_commits.py", "ask", found.commits],
        (inside, "SQL on plain copies"): [PEER, PROGRAMS / "sqlite_copies.py", "ask", found.table],
    }
    measures = [
        Measure(work, program, [*command, *codes], answer=_versions, inside=_seconds, floor=program.startswith("SQL"))
        for (work, program), command in commands.items()
        if has_doltlite() or program != "doltlite"
    ]
    statement: Command = [PYTHON, HERE / "statement_calls.py", found.home / "tracker.db", *codes]
    measures.append(Measure(inside, "tracker, the store's statement alone", statement, inside=float))
    home = ("--home", found.home)
    measures += [
        Measure(process, "tracker history CODE", [OURS, "history", codes[0], *home]),
        Measure(process, "tracker valid CODE --on DAY", [OURS, "valid", codes[0], "--on", "2015-03-31", *home]),
        Measure(process, "SQL on plain copies", [*commands[inside, "SQL on plain copies"], codes[0]], floor=True),
    ]
    return Section(measures, 5)


def report() -> Section:
    """What release notes cost; tracker's HTML is the first, because the peers write HTML."""
    pair = notes()
    work = f"report, {pair.name}"
    asked: Command = [OURS, "report", *pair.labels, "--home", pair.home]
    ours = {f"tracker, {ending}": [pair.folder / f"tracker.{ending}"] for ending in FORMATS}
    ours["tracker, all six at once"] = [pair.folder / f"at-once.{ending}" for ending in FORMATS]
    pages = {name: pair.folder / f"{name}.html" for name in ("daff", "node-daff", "datacompy", "datacompy-all")}
    daff: Command = ["--id", "HCPC", *pair.tables, "--output"]
    datacompy: Command = [FRAME, PROGRAMS / "datacompy_report.py", *pair.tables]
    theirs: dict[str, tuple[Path, Command]] = {
        "daff, Python": (pages["daff"], [PEERS / "bin" / "daff", *daff, pages["daff"]]),
        "daff, Node": (pages["node-daff"], [node_daff(), *daff, pages["node-daff"]]),
        "datacompy, all rows": (pages["datacompy-all"], [*datacompy, pages["datacompy-all"], "1000000"]),
        "datacompy, 10 rows a column": (pages["datacompy"], [*datacompy, pages["datacompy"]]),
    }
    measures = [
        Measure(work, program, [*asked, *(part for path in paths for part in ("-o", path))], writes=paths)
        for program, paths in ours.items()
    ]
    measures[FORMATS.index("json")].answer = lambda _: counts((pair.folder / "tracker.json").read_text("utf-8"))
    measures += [
        Measure(work, program, command, writes=[page], answer=_page_counts(page), floor=program.endswith("a column"))
        for program, (page, command) in theirs.items()
    ]
    return Section(_there(measures), 5, _known("report", [pair]))


def storage() -> Section:
    """What keeping 84 releases costs on the disk."""
    found, work = series(), f"storage, {QUARTERS} releases of {SMALL:,} codes"
    kept = {
        (work, "tracker, index"): [found.home / "tracker.db"],
        (work, "tracker, archive"): [found.home / "snapshots"],
        (work, "doltlite"): [found.commits],
        (work, "CSV files"): found.tables,
        (work, "SQLite table with a row a code and release"): [found.table],
    }
    return Section([], 0, weighed=lambda: {what: paths for what, paths in kept.items() if paths[0].exists()})


def lists() -> Section:
    """What answers to long lists cost, beside a mere copy of them."""
    pair = made_up(SMALL)
    chargemaster, claims = pair.folder / "chargemaster.csv", pair.folder / "claims.csv"
    call(PYTHON, HERE / "data.py", "lists", pair.tables[0], pair.folder, str(ROWS))
    answered, home, copy = pair.folder / "answered.csv", ("--home", pair.home), "copy, Python's csv"
    commands: dict[tuple[str, str], Command] = {
        ("impact", "tracker"): [OURS, "impact", chargemaster, *pair.labels, "-o", answered, *home],
        ("impact", copy): [sys.executable, PROGRAMS / "csv_copy.py", chargemaster, answered],
        ("valid --list", "tracker"): [OURS, "valid", "--list", claims, "-o", answered, *home],
        ("valid --list", copy): [sys.executable, PROGRAMS / "csv_copy.py", claims, answered],
    }
    measures = [
        Measure(f"{what}, {ROWS:,} rows", program, command, writes=[answered], floor=program == copy)
        for (what, program), command in commands.items()
    ]
    return Section(measures, 3)


def sections(releases: Path | None) -> dict[str, Callable[[], Section]]:
    """Return all sections by name; each makes what it needs when it is called.

    Args:
        releases: folder with the real releases, if they are measured too.
    """

    def pairs() -> list[Pair]:
        return [made_up(SMALL), made_up(LARGE), *([real(releases)] if releases else [])]

    return {
        "start-up": lambda: start_up(real(releases) if releases else made_up(SMALL)),
        "import": lambda: imports(pairs()),
        "cold": lambda: cold(pairs()),
        "warm": lambda: warm(pairs()),
        "history": history,
        "report": report,
        "storage": storage,
        "lists": lists,
    }


def _there(measures: Iterable[Measure]) -> list[Measure]:
    """Leave out what is not installed: daff for Node, where there is no npm."""
    return [one for one in measures if Path(one.command[0]).exists()]


def _known(section: str, pairs: Iterable[Pair]) -> dict[str, str]:
    return {f"{section}, {pair.name}": pair.known for pair in pairs if pair.known}


def _remove(path: Path) -> Callable[[], object]:
    def remove() -> None:
        shutil.rmtree(path, ignore_errors=True)
        path.unlink(missing_ok=True)

    return remove


def _codes(pair: Pair) -> list[str]:
    return _codes_of(pair.tables[0], 1)


def _codes_of(table: Path, number: int) -> list[str]:
    """Return so many codes out of a CSV file, from all over it."""
    with table.open(encoding="utf-8", newline="") as file:
        codes = [row["HCPC"] for row in csv.DictReader(file) if len(row["HCPC"]) > 2]  # noqa: PLR2004  no modifiers
    return codes[:: len(codes) // number][:number]


def _versions(printed: str) -> str:
    return f"{json.loads(printed)['versions']:,} versions"


def _seconds(printed: str) -> float:
    return float(json.loads(printed)["seconds"])


def _daff_counts(table: Path) -> Callable[[str], str]:
    """Return how the counts are read out of daff's table, whose first column marks the rows."""

    def read(_: str) -> str:
        with table.open(encoding="utf-8", newline="") as file:
            marks = [row[0] for row in csv.reader(file)]
        return counts({kind: sum(map(marks.count, those)) for kind, those in MARKS.items()})

    return read


def _page_counts(page: Path) -> Callable[[str], str]:
    """Return how the counts are read out of a peer's report: datacompy tells them, daff marks the rows."""
    kinds = {
        "added": ("add", "new but not in old"),
        "removed": ("remove", "old but not in new"),
        "changed": ("modify", "some compared columns unequal"),
    }

    def read(_: str) -> str:
        text = page.read_text(encoding="utf-8")
        rows = re.findall(r"Number of rows (?:in|with) (.*): ([\d,]+)", text)
        told = {what: int(number.replace(",", "")) for what, number in rows}
        return counts(
            {kind: told.get(words, text.count(f'<tr class="{mark}">')) for kind, (mark, words) in kinds.items()}
        )

    return read
