"""The releases that are measured: `data.py made-up FOLDER` and `data.py csv OLD NEW FOLDER`.

Run by `run.py` in tracker's own environment, because it takes names and positions from the catalogue.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import textwrap
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from pathlib import Path

from tracker import archive
from tracker.hcpcs.catalogue import COLUMNS, HCPCS
from tracker.model import Field, Record

OLD, NEW = "2025", "2026"
PROCEDURES, MODIFIERS = 8_320, 380
ADDED, REMOVED, CHANGED = 435, 174, 870
"""5 %, 2 % and 10 % of the 8,700 codes."""

FIRST_DAY = date(1990, 1, 1)
LONG_AGO = date(2020, 12, 31)
"""The last valid day of removed codes lies before it: a release that lacks valid codes is refused."""

LINE_WIDTH = 320
WORDS = (  # noqa: SIM905  a list of 120 would be 120 lines
    "adjustable arm assembly base battery belt bilateral blood bone cable calibrated catheter chamber charger "
    "collar compression control cover cushion custom daily delivery device digital disposable dose drainage "
    "dressing each electric elastic extension external fabricated filter flexible foam frame gauge graft hand "
    "head heavy hinge hour implant infusion initial injection interface joint kit knee lateral leg lens light "
    "liquid lower management manual mask material medial milligram minute monitor motion night oral orthosis "
    "other oxygen pad panel partial patient per portable power prefabricated pressure procedure programmable "
    "pump rental replacement sensor service session shoulder single sleeve socket sterile strap supply support "
    "surgical system temporary therapy topical tube unit upper valve vehicle visit walker wheel without wrist"
).split()

Row = dict[str, str]
"""One record: the text in each of CMS's columns that is filled, and `HCPC` and `RECID`."""


class Maker:
    """Makes up records; the same seed makes the same ones. No value is taken from a real release."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing secret

    def releases(self) -> tuple[dict[str, Row], dict[str, Row]]:
        """Return an older and a newer release by code."""
        procedures = [f"{letter}{number:04}" for letter in "ABCEGHJKLMPQRSTUV" for number in range(10_000)]
        modifiers = [f"{one}{two}" for one in "ABCDEFGHJKLMNPQRST" for two in "ABCDEFGHJKLMNPQRSTUVWXYZ"]
        codes = self._random.sample(procedures, PROCEDURES + ADDED) + self._random.sample(modifiers, MODIFIERS)
        new_codes, old_codes = codes[:ADDED], codes[ADDED:]
        old = {code: self._record(code, date(2024, 10, 1)) for code in sorted(old_codes)}
        ended = [code for code, row in old.items() if row.get("TERM DT", "9") < f"{LONG_AGO:%Y%m%d}"]
        removed = set(self._random.sample(ended, REMOVED))
        new = {code: row for code, row in old.items() if code not in removed}
        for code in self._random.sample(sorted(new), CHANGED):
            new[code] = self._changed(new[code])
        for code in new_codes:
            new[code] = self._record(code, date(2026, 1, 1)) | {"ADD DT": "20260101", "ACT EFF DT": "20260101"}
        return old, dict(sorted(new.items()))

    def _record(self, code: str, latest: date) -> Row:
        row = {"HCPC": code, "RECID": "7" if len(code) == 2 else "3"}  # noqa: PLR2004
        for field in HCPCS.fields.values():
            if field.required or self._random.random() < self._share(field):
                slots = 1 + (field.repeated and self._random.random() < 0.2)  # noqa: PLR2004
                values = dict.fromkeys(self._value(field, latest) for _ in range(slots))
                row |= dict(zip(field.columns, values, strict=False))
        return row

    def _changed(self, row: Row) -> Row:
        """Return a record as the publisher changes it: half of them in action code and date alone."""
        row = {**row, "ACTION CD": self._random.choice("BCFPS"), "ACT EFF DT": "20260101"}
        if self._random.random() < 0.5:  # noqa: PLR2004
            return row
        name = self._random.choice(
            ("LONG DESCRIPTION", "LONG DESCRIPTION", "SHORT DESCRIPTION", "PRICE1", "TOS1", "XREF1", "COV", "BETOS")
        )
        if name == "LONG DESCRIPTION":
            words = row[name].split()
            words[self._random.randrange(len(words))] = self._random.choice(WORDS)
            return row | {name: " ".join(words)}
        return row | {name: self._value(COLUMNS[name], date(2026, 1, 1))}

    def _share(self, field: Field) -> float:
        """How many of the records have the field, about as in a real release."""
        common = {"pricing_indicators", "multiple_pricing", "betos", "types_of_service"}
        return 0.95 if field.name in common else 0.08

    def _value(self, field: Field, latest: date) -> str:
        if field.is_date:
            day = FIRST_DAY + timedelta(days=self._random.randrange((latest - FIRST_DAY).days))
            return f"{day:%Y%m%d}"
        if field.meanings:
            return self._random.choice(list(field.meanings))
        if field.name == "long_description":
            return " ".join(self._random.choices(WORDS, k=self._random.randrange(4, 30))).capitalize()
        if field.name == "short_description":
            return " ".join(self._random.choices(WORDS, k=3))[: field.width].strip()
        return str(self._random.randrange(1, 10**field.width)).zfill(field.width)


def write_record_text(path: Path, rows: Iterable[Row]) -> None:
    """Write records as CMS does: lines of fixed positions, the long description going on in further ones."""
    with path.open("w", encoding="cp1252", newline="\r\n") as file:
        for row in rows:
            first, *more = textwrap.wrap(row["LONG DESCRIPTION"], HCPCS.fields["long_description"].width)
            file.write(f"{_text_line(row, row['RECID'], '00100', {**row, 'LONG DESCRIPTION': first})}\n")
            for part in more:
                file.write(f"{_text_line(row, str(int(row['RECID']) + 1), '00200', {'LONG DESCRIPTION': part})}\n")


def _text_line(row: Row, record_id: str, sequence: str, values: Mapping[str, str]) -> str:
    line = [" "] * LINE_WIDTH
    line[:11] = f"{row['HCPC']:>5}{sequence}{record_id}"
    for field in HCPCS.fields.values():
        for slot, column in enumerate(field.columns):
            begin = field.position + slot * field.width
            line[begin : begin + field.width] = values.get(column, "").ljust(field.width)
    return "".join(line)


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write records as a table with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["HCPC", *columns], restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def made_up(folder: Path) -> None:
    """Write two made-up releases as record text and as CSV, and how they differ."""
    for label, release in zip((OLD, NEW), Maker(seed=2026).releases(), strict=True):
        write_record_text(folder / f"HCPC{label}_JAN_ANWEB_v1.txt", release.values())
        write_csv(folder / f"{label}.csv", COLUMNS, release.values())
    counts = {"added": ADDED, "removed": REMOVED, "changed": CHANGED}
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")


def stored_as_csv(old: Path, new: Path, folder: Path) -> None:
    """Write two snapshot files as CSV for the peers, by field.

    What one side does not know, no side is given: a blank that is no value means nothing to the peers.
    """
    releases = [
        {record.code: record for record in map(archive.decode_record, _record_lines(path))} for path in (old, new)
    ]
    for path, ours, other in zip((old, new), releases, reversed(releases), strict=True):
        rows = [
            _as_row(record, record.unknown | (other[code].unknown if code in other else frozenset()))
            for code, record in ours.items()
        ]
        write_csv(folder / f"{path.name.partition('.')[0]}.csv", HCPCS.fields, rows)


def _record_lines(path: Path) -> Iterator[str]:
    return (record.line for record in archive.read(path).records)


def _as_row(record: Record, unknown: frozenset[str]) -> Row:
    known = {name: value for name, value in record.values.items() if name not in unknown}
    texts = {name: value if isinstance(value, str) else " ".join(sorted(value)) for name, value in known.items()}
    return {"HCPC": record.code, **texts}


def main() -> None:
    """Do what the command line says."""
    what, *paths = sys.argv[1:]
    if what == "made-up":
        made_up(*map(Path, paths))
    else:
        stored_as_csv(*map(Path, paths))


if __name__ == "__main__":
    main()
