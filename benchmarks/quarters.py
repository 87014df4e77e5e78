"""Made-up quarterly releases: `quarters.py HOME --codes N --releases M` makes a home that holds them.

Releases 2005, 2005-04, 2005-07, … from one seed. Each quarter adds 1 % of the codes that the first release has, ends
0.5 % and changes 2.5 %. Ended codes stay with their last day, so that a release grows by the added ones.

Run by `growth.py` and `run.py` in tracker's own environment. Each quarter makes and seals only the records that it
touches, so that 200 releases take seconds. The snapshot files hold what importing the texts would store.
"""

from __future__ import annotations

import argparse
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, timedelta
from hashlib import sha256
from itertools import islice
from pathlib import Path

from data import Maker, Row, write_record_text

from tracker import __version__, archive
from tracker.app.stored import open_stored
from tracker.hcpcs.catalogue import COLUMNS, HCPCS
from tracker.hcpcs.labels import effective_date
from tracker.hcpcs.normalise import normalise
from tracker.home import Home
from tracker.model import Kind, RawRecord, RawRelease, Release, SealedRecord, Snapshot, Source

SEED = 2005
FIRST_YEAR = 2005
MONTHS = ("", "-04", "-07", "-10")
BEFORE = date(2004, 10, 1)
"""The dates in a record that is made up lie before it."""

LETTERS = "ABCEGHJKLMPQRSTUV"
DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
PATTERNS = 5_000
"""Records that are made up for a first release. Further ones repeat them under codes and descriptions of their own."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Which parts of the first release's codes are added, ended and changed each quarter."""

    added: float = 0.01
    ended: float = 0.005
    changed: float = 0.025


USUAL = Shares()


@dataclass(frozen=True, slots=True)
class Quarter:
    """A release: its label, its records by code, and the codes of those that the one before has not, or not so."""

    label: str
    rows: Mapping[str, Row]
    added: Iterable[str]
    ended: Iterable[str] = ()
    changed: Iterable[str] = ()


class Quarters(Maker):
    """Makes up releases one after the other; the same seed makes the same ones."""

    def __init__(self, codes: int, shares: Shares = USUAL, seed: int = SEED) -> None:
        super().__init__(seed, codes)
        self._shares = shares

    def quarters(self, number: int) -> Iterator[Quarter]:
        """Yield the first so many releases. They share `rows`, so look at one before you take the next."""
        added, ended, changed = (
            round(self._codes * share) for share in (self._shares.added, self._shares.ended, self._shares.changed)
        )
        free = iter(self._free_codes(self._codes + added * (number - 1)))
        rows = self._first(sorted(islice(free, self._codes)))
        names = labels()
        yield Quarter(next(names), rows, tuple(rows))
        valid = [code for code, row in rows.items() if "TERM DT" not in row]
        for label in islice(names, number - 1):
            day = effective_date(label)
            come, go, change = list(islice(free, added)), self._drawn(valid, ended), self._drawn(valid, changed)
            rows |= {code: self._begun(code, day) for code in come}
            rows |= {code: _on(rows[code], day, "D") | {"TERM DT": _text(day - timedelta(days=1))} for code in go}
            rows |= {code: _on(self._changed(rows[code]), day) for code in change}
            valid += change + come
            yield Quarter(label, rows, come, go, change)

    def _free_codes(self, number: int) -> list[str]:
        """Return so many codes in no order: of a letter and four digits, and if those are too few, five of either."""
        base = 10 if number <= len(LETTERS) * 10**4 else len(DIGITS)
        return [
            LETTERS[place // base**4] + "".join(DIGITS[place // base**power % base] for power in (3, 2, 1, 0))
            for place in self._random.sample(range(len(LETTERS) * base**4), number)
        ]

    def _first(self, codes: list[str]) -> dict[str, Row]:
        rows = {code: self._record(code, BEFORE) for code in codes[:PATTERNS]}
        patterns = list(rows.values())
        for number, code in enumerate(codes[PATTERNS:]):
            pattern = patterns[number % PATTERNS]
            rows[code] = pattern | {"HCPC": code, "LONG DESCRIPTION": f"{pattern['LONG DESCRIPTION']} {number}"}
        return rows

    def _drawn(self, codes: list[str], number: int) -> list[str]:
        """Take so many codes out of a list, at random, and at no cost that grows with the list."""
        for place in range(len(codes) - 1, len(codes) - 1 - number, -1):
            other = self._random.randrange(place + 1)
            codes[place], codes[other] = codes[other], codes[place]
        drawn = codes[len(codes) - number :]
        del codes[len(codes) - number :]
        return drawn

    def _begun(self, code: str, day: date) -> Row:
        row = _on(self._record(code, BEFORE), day, "A") | {"ADD DT": _text(day)}
        row.pop("TERM DT", None)
        return row


def labels() -> Iterator[str]:
    """Yield the labels of all quarters, from the first on."""
    for year in range(FIRST_YEAR, 2100):
        yield from (f"{year}{month}" for month in MONTHS)


def _on(row: Row, day: date, action: str | None = None) -> Row:
    """Return a record with the day, and if given the action code, of its latest change."""
    return row | {"ACT EFF DT": _text(day), "ACTION CD": action or row["ACTION CD"]}


def _text(day: date) -> str:
    return f"{day:%Y%m%d}"


def write_snapshots(quarters: Iterable[Quarter], folder: Path) -> Iterator[Quarter]:
    """Write releases as the snapshot files that importing their texts makes, and yield them again."""
    archive.make_folder(folder)
    sealed: dict[str, SealedRecord] = {}
    for quarter in quarters:
        touched = [quarter.rows[code] for code in (*quarter.added, *quarter.ended, *quarter.changed)]
        snapshot = _snapshot(quarter.label, touched)
        sealed |= {record.code: record for record in archive.seal(snapshot).records}
        records = [sealed[code] for code in sorted(sealed)]
        counts = {"codes": len(records), "problems": 0, "notes": 0, Kind.PROCEDURE.value: len(records)}
        release = replace(snapshot.release, counts=counts, digest=archive.content_digest(snapshot.release, records))
        with (folder / archive.file_name(release.label, release.revision)).open("wb") as file:
            file.writelines(archive.lines_of(archive.encode_header(release), (record.line for record in records)))
        yield quarter


def _snapshot(label: str, rows: Iterable[Row]) -> Snapshot:
    """Return what the text reader and `normalise` make of some of a release's records."""
    name, day = f"{label}.txt", effective_date(label)
    raw = tuple(
        RawRecord(row["HCPC"], Kind.PROCEDURE, {column: row[column] for column in COLUMNS if column in row}, name, line)
        for line, row in enumerate(sorted(rows, key=lambda row: row["HCPC"]), start=1)
    )
    normalised = normalise(RawRelease("text", raw, frozenset(COLUMNS), complete=True))
    release = Release(
        code_set=HCPCS.name,
        label=label,
        revision=1,
        effective_date=day,
        complete=True,
        fields=normalised.fields,
        source=Source(name, 0, sha256(name.encode()).hexdigest(), "text"),
        counts={},
        digest="",
        imported_at=f"{day}T00:00:00+00:00",
        program=__version__,
    )
    return Snapshot(release, [record for record, _ in normalised.records])


def write_texts(quarters: Iterable[Quarter], folder: Path, numbers: Container[int]) -> Iterator[Quarter]:
    """Write the record texts of the first, second, … release, as many as are in `numbers`; yield all again."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, quarter in enumerate(quarters, start=1):
        if number in numbers:
            write_record_text(folder / f"{quarter.label}.txt", (row for _, row in sorted(quarter.rows.items())))
        yield quarter


def main() -> None:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(description="Make a home that holds made-up quarterly releases.")
    parser.add_argument("home", type=Path)
    parser.add_argument("--codes", type=int, default=8_700, help="of the first release")
    parser.add_argument("--releases", type=int, default=84)
    parser.add_argument("--shares", type=float, nargs=3, metavar=("ADDED", "ENDED", "CHANGED"), help="of the codes")
    parser.add_argument("--texts", type=int, nargs="+", default=(), help="also write texts/ of the first, second, …")
    parser.add_argument(
        "--make", choices=("home", "snapshots", "texts"), default="home", help="without index; texts only"
    )
    asked = parser.parse_args()
    home = Home(asked.home)
    quarters = Quarters(asked.codes, Shares(*asked.shares) if asked.shares else USUAL).quarters(asked.releases)
    quarters = write_texts(quarters, home.folder / "texts", asked.texts)
    if asked.make != "texts":
        quarters = write_snapshots(quarters, home.snapshots)
    for _ in quarters:
        pass
    if asked.make == "home":
        with open_stored(home, to_write=True):
            pass


if __name__ == "__main__":
    main()
