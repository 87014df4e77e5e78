"""What is measured: the releases and lists that are made up, and what the peers read of those that are stored.

`data.py made-up FOLDER CODES` · `notes FOLDER CHANGES` · `csv OLD NEW FOLDER` · `copies SNAPSHOTS FOLDER` ·
`lists CSV FOLDER ROWS`

Run by `run.py` in tracker's own environment, because it takes names and positions from the catalogue.
"""

from __future__ import annotations

import csv
import json
import random
import sys
import zipfile
from collections.abc import Iterable, Iterator, Mapping
from datetime import date, timedelta
from itertools import islice
from pathlib import Path

import xlsxwriter

from tracker import archive
from tracker.hcpcs.catalogue import COLUMNS, HCPCS, KEY_COLUMNS
from tracker.model import Field, Record

OLD, NEW = "2025", "2026"
CODES, MODIFIERS = 8_700, 380
ADDED, REMOVED, CHANGED = 0.05, 0.02, 0.10
"""Which share of the older release's codes is added, removed and changed."""

FIRST_DAY = date(1990, 1, 1)
LONG_AGO = date(2020, 12, 31)
"""The last valid day of removed codes lies before it: a release that lacks valid codes is refused."""

LINE_WIDTH, TEXT_WIDTH = 320, 80
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

    def __init__(self, seed: int, codes: int = CODES) -> None:
        self._random = random.Random(seed)  # noqa: S311  nothing secret
        self._codes = codes

    def releases(self) -> tuple[dict[str, Row], dict[str, Row]]:
        """Return an older and a newer release by code."""
        procedures = [f"{letter}{number:04}" for letter in "ABCEGHJKLMPQRSTUV" for number in range(10_000)]
        modifiers = [f"{one}{two}" for one in "ABCDEFGHJKLMNPQRST" for two in "ABCDEFGHJKLMNPQRSTUVWXYZ"]
        come, go, change = (round(self._codes * share) for share in (ADDED, REMOVED, CHANGED))
        codes = self._random.sample(procedures, self._codes - MODIFIERS + come)
        codes += self._random.sample(modifiers, MODIFIERS)
        new_codes, old_codes = codes[:come], codes[come:]
        old = {code: self._record(code, date(2024, 10, 1)) for code in sorted(old_codes)}
        ended = [code for code, row in old.items() if row.get("TERM DT", "9") < f"{LONG_AGO:%Y%m%d}"]
        removed = set(self._random.sample(ended, go))
        new = {code: row for code, row in old.items() if code not in removed}
        for code in self._random.sample(sorted(new), change):
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


CODES_A_CHANGE = 9.6
"""About 900 of 8,700 codes change in a year."""

SYLLABLES = (  # noqa: SIM905
    "ab al an bev cel dar dex el fos gal ib ke lim mar mon na nor ol pal ri ro sec ta tir u val ver xan zo"
).split()
ENDINGS = ("azole", "caine", "cept", "fusp", "gene", "mab", "mycin", "nib", "platin", "pril", "statin", "stim", "tide")
SALTS = (*[""] * 15, " hydrochloride", " sodium", " acetate", " sulfate", " citrate", " phosphate")
MAKERS = (*[""] * 20, " (almor)", " (bexley)", " (corvane & dunmore), not therapeutically equivalent to J1234")
DOSES = ("0.1 mg", "0.25 mg", "0.5 mg", "1 mg", "5 mg", "10 mg", "20 mg", "50 mcg", "100 units", "1,000 units")
THINGS = (  # noqa: SIM905
    "Wheelchair accessory|Ankle foot orthosis|Addition to lower extremity prosthesis|Intermittent urinary catheter|"
    "Ostomy pouch|Surgical dressing|Gradient compression garment|Home ventilator|Infusion pump|Patient lift|Hearing aid"
).split("|")
SERVICES = (  # noqa: SIM905
    "Assessment and care planning|Caregiver training|Remote monitoring of physiologic data|Therapeutic exercise|"
    "Counseling visit to discuss treatment|Administration of vaccine|Screening for depression|Case management|"
    "Home visit for a new patient|Interprofessional consultation|Diagnostic imaging with contrast|Telehealth visit"
).split("|")
DETAILS = (  # noqa: SIM905
    "custom fabricated|prefabricated, off-the-shelf|with or without batteries|includes fitting and adjustment|any size|"
    "hydrophilic coating|straight tip|any material|replacement only|not otherwise specified|initial issue|bilateral|"
    "includes all supplies and accessories|for use with patient owned equipment|single use|heavy duty|nighttime use|"
    "not to exceed 4 hours|up to 15 minutes|at least 30 minutes|greater than 3 lbs|each additional 15 minutes|flexed|"
    "face-to-face with the patient|by a physician or other qualified health care professional"
).split("|")
COUNTED = ("each", "per pair", "per day", "per month", "per session", "per 15 minutes", "per 10 square centimeters")

EFFECTIVE = ("20260101", "20260101", "20260101", "20251001", "20250701", "20260401", "20251115")
CHANGES = {
    "reworded": 25,
    "quantity": 10,
    "editorial": 3,
    "replaced": 2,
    "short": 10,
    "date": 20,
    "COV": 3,
    "PRICE1": 5,
    "ASC_GRP ASC_DT": 12,
    "BETOS": 2,
    "TOS1 TOS2": 3,
    "XREF1": 3,
    "MCM1": 2,
    "PROCNOTE": 2,
}
"""What happens to codes that neither come nor go, or in which columns, and how often (as in real ones)."""


class NotesMaker(Maker):
    """Makes up releases to write notes on: so many codes change as codes do, and are told one by one.

    Of 100 of them 41 are added (4 ended at once), 19 end, 2 are purged, one comes back, and 37 get another text,
    payment and so on. Half of those that end have a successor; of three such, one is declared. Beside them a tenth
    changes in the action code alone, which reports count and do not tell.
    """

    def __init__(self, seed: int, changes: int) -> None:
        super().__init__(seed, round(changes * CODES_A_CHANGE))
        self._changes = changes

    def releases(self) -> tuple[dict[str, Row], dict[str, Row]]:
        """Return an older and a newer release by code."""
        codes = [f"{letter}{number:04}" for letter in "ACEGJKLMQSTV" for number in range(10_000)]
        self._random.shuffle(codes)
        number, came = self._codes, round(self._changes * 0.41)
        old = {code: self._record(code, date(2024, 10, 1)) for code in sorted(codes[:number])}
        purged, back = self._parted((code for code, row in old.items() if "TERM DT" in row), 0.02, 0.01)
        ends, told, counted = self._parted((code for code, row in old.items() if "TERM DT" not in row), 0.19, 0.37, 0.1)
        new = {code: row for code, row in old.items() if code not in set(purged)}
        for code in back:
            new[code] = {**old[code], "ACTION CD": "R", "ACT EFF DT": "20260101"}
            del new[code]["TERM DT"]
        new |= {code: self._changed(old[code]) for code in told}
        new |= {code: old[code] | {"ACTION CD": "F"} for code in counted}
        new |= {code: old[code] | {"TERM DT": "20251231", "ACTION CD": "D", "ACT EFF DT": "20260101"} for code in ends}
        texts = {code: self._like(old[code]["LONG DESCRIPTION"]) for code in ends[::2]}
        successors = self._paired(texts, codes[number : number + came])
        new |= {code: self._begun(code, self._text(code)) for code in codes[number : number + came]}
        new |= {code: self._begun(code, texts[ended]) for ended, code in successors.items()}
        for ended, code in list(successors.items())[::3]:
            new[ended] = {**new[ended], "XREF1": code}
        for code in [code for code in codes[number : number + came] if code not in successors.values()][::8]:
            new[code] |= {"ADD DT": "20250401", "ACT EFF DT": "20251001", "TERM DT": "20250930", "ACTION CD": "D"}
        return old, dict(sorted(new.items()))

    def _parted(self, codes: Iterable[str], *shares: float) -> Iterator[list[str]]:
        """Yield disjoint samples of codes, each of this share of the changes."""
        numbers = [round(share * self._changes) for share in shares]
        found = iter(self._random.sample(list(codes), sum(numbers)))
        yield from (list(islice(found, number)) for number in numbers)

    def _paired(self, ended: Iterable[str], added: Iterable[str]) -> dict[str, str]:
        """Return an added code of the same letter for each ended one, as far as there are any."""
        free: dict[str, list[str]] = {}
        for code in added:
            free.setdefault(code[0], []).append(code)
        return {code: free[code[0]].pop() for code in ended if free.get(code[0])}

    def _record(self, code: str, latest: date) -> Row:
        row = super()._record(code, latest) | self._texts(self._text(code))
        row |= {"ACTION CD": "N", "ACT EFF DT": row["ADD DT"]}
        return row | {"TERM DT": max(row["TERM DT"], row["ADD DT"])} if "TERM DT" in row else row

    def _begun(self, code: str, text: str) -> Row:
        row = self._record(code, date(2026, 1, 1)) | self._texts(text)
        row.pop("TERM DT", None)
        return row | {"ADD DT": "20260101", "ACT EFF DT": "20260101", "ACTION CD": "A"}

    def _texts(self, text: str) -> Row:
        short = " ".join(word[: 3 + place % 3] for place, word in enumerate(text.replace(",", "").split()))
        return {"LONG DESCRIPTION": text, "SHORT DESCRIPTION": short[:28].strip()}

    def _text(self, code: str) -> str:
        """Return a description of what a code's letter stands for: a drug, a service, a thing."""
        pick = self._random.choice
        if code[0] in "JQ":
            name = "".join(self._random.choices(SYLLABLES, k=pick((1, 2, 2, 3)))) + pick(ENDINGS)
            return f"Injection, {name}{pick(SALTS)}{pick(MAKERS)}, {pick(DOSES)}"
        details = self._random.sample(DETAILS, self._random.randrange(1, 7))
        subject = pick(SERVICES if code[0] in "GMST" else THINGS)
        return ", ".join([subject, f"{pick(WORDS)} {pick(WORDS)}", *details, pick(COUNTED)])

    def _like(self, text: str) -> str:
        """Return what may take the place of a description: another dose, or almost the same words."""
        head, _, last = text.rpartition(", ")
        if last in DOSES:
            return f"{head}, {self._random.choice([dose for dose in DOSES if dose != last])}"
        return self._reworded(text)

    def _reworded(self, text: str) -> str:
        words = text.split()
        place = self._random.randrange(1, len(words))
        words[place : place + self._random.randrange(2)] = self._random.choices(WORDS, k=self._random.randrange(1, 3))
        return " ".join(words)

    def _changed(self, row: Row) -> Row:
        """Return a record as the publisher changes it."""
        (change,) = self._random.choices(list(CHANGES), list(CHANGES.values()))
        text = row["LONG DESCRIPTION"]
        values: Row = {}  # only another date
        if change == "reworded":
            values = self._texts(self._reworded(text))
        elif change == "quantity":
            values = {"LONG DESCRIPTION": f"{text.rpartition(', ')[0]}, per 3 mg"}
        elif change == "editorial":
            values = {"LONG DESCRIPTION": text.replace(", ", "; ", 1)}
        elif change == "replaced":
            values = self._texts(self._text(row["HCPC"]))
        elif change == "short":
            values = {"SHORT DESCRIPTION": self._texts(self._reworded(text))["SHORT DESCRIPTION"]}
        elif change != "date":
            values = {name: self._value(COLUMNS[name], date(2026, 1, 1)) for name in change.split()}
        return row | values | {"ACTION CD": self._random.choice("BCFPST"), "ACT EFF DT": self._random.choice(EFFECTIVE)}


def write_record_text(path: Path, rows: Iterable[Row]) -> None:
    """Write records as CMS does: lines of fixed positions, the long description going on in further ones."""
    with path.open("w", encoding="cp1252", newline="\r\n") as file:
        for row in rows:
            first, *more = _wrapped(row["LONG DESCRIPTION"])
            file.write(f"{_text_line(row, row['RECID'], '00100', {**row, 'LONG DESCRIPTION': first})}\n")
            for number, part in enumerate(more, start=2):
                file.write(
                    f"{_text_line(row, str(int(row['RECID']) + 1), f'{number:03}00', {'LONG DESCRIPTION': part})}\n"
                )


def _wrapped(text: str) -> list[str]:
    """Return the lines of a description: as `textwrap` breaks it, in a tenth of the time."""
    lines = [""]
    for word in text.split():
        if lines[-1] and len(lines[-1]) + len(word) >= TEXT_WIDTH:
            lines.append(word)
        else:
            lines[-1] = f"{lines[-1]} {word}".lstrip()
    return lines


def _text_line(row: Row, record_id: str, sequence: str, values: Mapping[str, str]) -> str:
    line = [" "] * LINE_WIDTH
    line[:11] = f"{row['HCPC']:>5}{sequence}{record_id}"
    for column, value in values.items():
        if column in COLUMNS:
            begin = COLUMNS[column].position + COLUMNS[column].columns.index(column) * COLUMNS[column].width
            line[begin : begin + len(value)] = value
    return "".join(line)


def write_csv(path: Path, columns: Iterable[str], rows: Iterable[Mapping[str, str]]) -> None:
    """Write records as a table with a header."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, ["HCPC", *columns], restval="", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def write_workbook(path: Path, rows: Iterable[Row]) -> None:
    """Write records as CMS does in its workbooks: a sheet with a row a record, all cells texts."""
    columns = (*KEY_COLUMNS, *COLUMNS)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet("Records")
        sheet.write_row(0, 0, columns)
        for number, row in enumerate(rows, start=1):
            values = {"SEQNUM": "0010", **row}
            for column, name in enumerate(columns):
                if name in values:
                    sheet.write_string(number, column, values[name])


def made_up(maker: Maker, folder: Path) -> None:
    """Write two made-up releases as record text and as CSV, and how they differ; the newer as workbook and zip too."""
    old, new = maker.releases()
    for label, release in ((OLD, old), (NEW, new)):
        write_record_text(folder / f"{name_of(label)}.txt", release.values())
        write_csv(folder / f"{label}.csv", COLUMNS, release.values())
    text, book = folder / f"{name_of(NEW)}.txt", folder / f"{name_of(NEW)}.xlsx"
    write_workbook(book, new.values())
    with zipfile.ZipFile(folder / f"hcpcs-{NEW}.zip", "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.write(text, text.name)
        bundle.write(book, book.name)
    counts = {
        "added": len(new.keys() - old.keys()),
        "removed": len(old.keys() - new.keys()),
        "changed": sum(old[code] != new[code] for code in old.keys() & new.keys()),
    }
    (folder / "counts.json").write_text(json.dumps(counts), encoding="utf-8")


def name_of(label: str) -> str:
    """Return the name, without its ending, of CMS's file for a January release."""
    return f"HCPC{label}_JAN_ANWEB_v1"


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


def copies(snapshots: Path, folder: Path) -> None:
    """Write each of a folder's snapshot files as CSV for the peers, by field."""
    folder.mkdir()
    for path in snapshots.glob("*.jsonl"):
        rows = (_as_row(archive.decode_record(line), frozenset()) for line in _record_lines(path))
        write_csv(folder / f"{path.name.partition('.')[0]}.csv", HCPCS.fields, rows)


def _record_lines(path: Path) -> Iterator[str]:
    return (record.line for record in archive.read(path).records)


def _as_row(record: Record, unknown: frozenset[str]) -> Row:
    known = {name: value for name, value in record.values.items() if name not in unknown}
    texts = {name: value if isinstance(value, str) else " ".join(sorted(value)) for name, value in known.items()}
    return {"HCPC": record.code, **texts}


def lists(release: Path, folder: Path, rows: int) -> None:
    """Write a chargemaster and a file of claims with the codes of a release, a third of them CPT."""
    chosen = random.Random(2026)  # noqa: S311  nothing secret
    with release.open(encoding="utf-8", newline="") as file:
        texts = {row["HCPC"]: row["LONG DESCRIPTION"] for row in csv.DictReader(file)}
    codes = list(texts)
    with (folder / "chargemaster.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Item", "Dept", "Rev", "HCPCS", "Description", "Charge", "Active", "Note"])
        for number in range(rows):
            code = chosen.choice(codes)
            cells = (f"{10_000 + 9 * chosen.randrange(10_000)}", f"Procedure {number}")
            if chosen.random() > 1 / 3:
                cells = (f"{code}-JW" if chosen.random() < 1 / 20 else code, texts[code][:60])
            writer.writerow([number, chosen.randrange(900), "0250", *cells, "12.50", "Y", "a note of some words"])
    with (folder / "claims.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Claim", "Patient", "DOS", "Proc", "Units", "Billed"])
        for number in range(rows):
            day = date(2024, 7, 1) + timedelta(chosen.randrange(700))
            writer.writerow([number, chosen.randrange(rows), f"{day:%m/%d/%Y}", chosen.choice(codes), 1, "12.50"])


def main() -> None:
    """Do what the command line says."""
    what, *paths = sys.argv[1:]
    if what == "made-up":
        made_up(Maker(2026, int(paths[1])), Path(paths[0]))
    elif what == "notes":
        made_up(NotesMaker(2026, int(paths[1])), Path(paths[0]))
    elif what == "copies":
        copies(*map(Path, paths))
    elif what == "lists":
        lists(Path(paths[0]), Path(paths[1]), int(paths[2]))
    else:
        stored_as_csv(*map(Path, paths))


if __name__ == "__main__":
    main()
