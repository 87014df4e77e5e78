"""The releases that are measured: made or found, stored by tracker and by those peers that store."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from environments import FRAMES, HERE, PEERS, TRACKER, WORK
from measure import BenchError, call

DATA = WORK / "data"
SMALL, LARGE = 8_700, 100_000
CHANGES = 10_000
"""Codes that change in the releases on which reports are written."""

QUARTERS = 84
SHARES = ("--shares", "0.0075", "0.00375", "0.01875")
"""Of the codes are added, ended and changed a quarter: 3 % in all, the upper end of what real quarters have."""

REAL_ZIP, REAL_WORKBOOK = "hcpcs-2025.zip", "HCPC2025_OCT_ANWEB_v3.xlsx"
PYTHON = TRACKER / "bin" / "python"
PEER, FRAME = PEERS / "bin" / "python", FRAMES / "bin" / "python"
PROGRAMS = HERE / "peers"


@dataclass(frozen=True, slots=True)
class Pair:
    """Two releases: how tracker calls them, the files that it imports, and what the peers read."""

    name: str
    labels: tuple[str, str]
    sources: tuple[Path, Path]
    folder: Path

    @property
    def home(self) -> Path:
        """A home in which both releases are stored."""
        return self.folder / "home"

    @property
    def tables(self) -> tuple[Path, Path]:
        """The releases as CSV files."""
        return self.folder / f"{self.labels[0]}.csv", self.folder / f"{self.labels[1]}.csv"

    def store(self, program: str) -> Path:
        """Return where a peer of this name stores the releases."""
        return self.folder / f"stored.{program}"

    @property
    def known(self) -> str | None:
        """The counts of added, removed and changed codes, if they are known because the releases were made up."""
        path = self.folder / "counts.json"
        return counts(path.read_text(encoding="utf-8")) if path.is_file() else None


@dataclass(frozen=True, slots=True)
class Series:
    """Quarterly releases: tracker's home with all of them, and each as a CSV file, in a SQLite table, in doltlite."""

    home: Path
    copies: Path
    table: Path
    commits: Path

    @property
    def tables(self) -> list[Path]:
        """The CSV files, oldest first; their names are labels, of which `2025` is before `2025-04`."""
        return sorted(self.copies.glob("*.csv"), key=lambda path: path.stem)


def counts(answer: str | Mapping[str, object]) -> str:
    """Return the counts of added, removed and changed codes out of a program's JSON, as text."""
    told: Mapping[str, Any] = json.loads(answer) if isinstance(answer, str) else answer
    counted = told.get("counts", told)
    numbers = {key: counted[key] for key in ("added", "removed", "changed")}
    return ", ".join(f"{len(n) if isinstance(n, list) else n:,} {key}" for key, n in numbers.items())


def made_up(codes: int) -> Pair:
    """Make two releases up: 5 % of the codes added, 2 % removed, 10 % changed."""
    return _made(f"{codes:,} codes", "made-up", codes)


def notes() -> Pair:
    """Make two releases up on which reports are written."""
    return _made(f"{CHANGES:,} changes", "notes", CHANGES)


def _made(name: str, what: str, number: int) -> Pair:
    folder = DATA / name
    texts = folder / "HCPC2025_JAN_ANWEB_v1.txt", folder / "HCPC2026_JAN_ANWEB_v1.txt"
    pair = Pair(name, ("2025", "2026"), texts, folder)
    if not folder.exists():
        folder.mkdir(parents=True)
        call(PYTHON, HERE / "data.py", what, folder, str(number))
        _store(pair)
    return pair


def real(releases: Path) -> Pair:
    """Return January and October 2025 as CMS published them, found in a folder."""
    folder = DATA / "real"
    pair = Pair("real", ("2025", "2025-10"), (_find(releases, REAL_ZIP), _find(releases, REAL_WORKBOOK)), folder)
    if not folder.exists():
        folder.mkdir(parents=True)
        _store(pair)
    return pair


def series() -> Series:
    """Make 84 quarterly releases up, and keep them in all the ways that are compared."""
    folder = DATA / "quarters"
    found = Series(folder / "home", folder / "copies", folder / "copies.db", folder / "commits.db")
    if not folder.exists():
        folder.mkdir(parents=True)
        call(PYTHON, HERE / "quarters.py", found.home, "--codes", str(SMALL), "--releases", str(QUARTERS), *SHARES)
        call(PYTHON, HERE / "data.py", "copies", found.home / "snapshots", found.copies)
        call(PEER, PROGRAMS / "sqlite_copies.py", "store", found.table, *found.tables)
        if has_doltlite():
            call(PEER, PROGRAMS / "doltlite_commits.py", "store", found.commits, *found.tables)
    return found


def _store(pair: Pair) -> None:
    """Store a pair's releases as tracker does, and as each peer does that can."""
    call(TRACKER / "bin" / "tracker", "import", *pair.sources, "--home", pair.home)
    if not pair.tables[0].exists():
        snapshots = [pair.home / "snapshots" / f"{label}.r1.jsonl" for label in pair.labels]
        call(PYTHON, HERE / "data.py", "csv", *snapshots, pair.folder)
    for name, (python, script) in storing_peers().items():
        call(python, script, "store", pair.store(name), *pair.tables)


def storing_peers() -> dict[str, tuple[Path, Path]]:
    """Return the peers that store two releases: each's Python and script. The floor is the last."""
    peers = {
        "doltlite": (PEER, PROGRAMS / "doltlite_commits.py"),
        "DuckDB": (FRAME, PROGRAMS / "duckdb_join.py"),
        "polars, Parquet": (FRAME, PROGRAMS / "polars_join.py"),
        "pandas, Parquet": (FRAME, PROGRAMS / "pandas_join.py"),
        "bare SQLite join": (PEER, PROGRAMS / "sqlite_join.py"),
    }
    return {name: peer for name, peer in peers.items() if has_doltlite() or name != "doltlite"}


def has_doltlite() -> bool:
    """Say whether there is doltlite for this system."""
    return any(PEERS.glob("lib/python*/site-packages/doltlite"))


def _find(folder: Path, name: str) -> Path:
    found = next(folder.rglob(name), None)
    if found is None:
        raise BenchError(f"{folder} does not hold {name}: unset TRACKER_RELEASES to do without it")
    return found
