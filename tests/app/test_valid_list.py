"""Whether the codes of a list were valid on the days beside them: small releases, and CMS's own."""

from __future__ import annotations

import csv
import random
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path

import openpyxl
import pytest

from tests.app.conftest import Run
from tests.support import Import, values
from tracker.app.stored import open_stored
from tracker.app.valid import Judge
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Record
from tracker.report.validity import description

PAIRS = 200


def write(lines: Iterable[str]) -> None:
    Path("claims.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def answered() -> list[dict[str, str]]:
    with Path("result.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def ask(run: Run, lines: Sequence[str], *options: object) -> list[dict[str, str]]:
    """Return what is said of the rows of a list with headings."""
    write(lines)
    outcome = run("valid", "--list", "claims.csv", "-o", "result.csv", *options)
    assert (outcome.code, outcome.err) == (0, "written: result.csv\n")
    return answered()


# ---------------------------------------------------------------- CMS's own releases


def pairs(home: Home) -> list[tuple[str, date]]:
    """Draw codes, half of them with a day at a boundary of their dates, half with any day."""
    chance = random.Random(20251001)  # noqa: S311 - the same ones every time
    with open_stored(home) as stored:
        found: dict[str, Record] = {}
        for label in ("2017", "2018", "2025-10"):
            found |= {record.code: record for record in stored.records(stored.find(label))}
    codes = ["G9890", "G9891", "CS", "J0570", "DA", "G9976", *chance.sample(sorted(found), PAIRS - 6)]
    drawn = []
    for number, code in enumerate(codes):
        boundaries = [
            str(found[code].values[name])
            for name in ("added_date", "termination_date", "action_effective_date")
            if name in found[code].values
        ]
        if number % 2:
            day = date(2012, 1, 1) + timedelta(days=chance.randrange(15 * 365))
        else:
            day = date.fromisoformat(chance.choice(boundaries)) + timedelta(days=chance.choice((-1, 0, 1)))
        drawn.append((code, day))
    return drawn


def test_a_list_is_answered_as_its_codes_are_one_by_one(run: Run, releases_home: Home) -> None:
    drawn = pairs(releases_home)
    # Each code comes up on all days around its own too: one answer must not stand for another day's.
    drawn += [(code, day + timedelta(days=days)) for code, day in drawn[:60] for days in (-1, 1, 91, -91)]
    told = ask(run, ["HCPCS,DOS", *(f"{code},{day}" for code, day in drawn)], "--home", releases_home.folder)
    with open_stored(releases_home) as stored:
        judge = Judge(stored)
        for (code, day), row in zip(drawn, told, strict=True):
            ruling = judge.ask(code, day)
            validity = ruling.validity
            text = description(HCPCS, validity.described) if validity.described else ""
            assert (code, day, row["valid"], row["why"]) == (code, day, validity.verdict, validity.why)
            assert row["description"] == text
            assert row["proven_by"] == (validity.proof.name if validity.proof else "")
            assert row["to_import"] == validity.missing
            assert row["successors"] == "; ".join(dict.fromkeys(one.code for one in ruling.successors))
            assert row["note"] == "; ".join(dict.fromkeys(validity.remarks))
    assert min(Counter(row["valid"] for row in told)[verdict] for verdict in ("yes", "no", "cannot tell")) > 0


def test_boundaries_in_a_list(run: Run, releases_home: Home) -> None:
    told = ask(
        run,
        [
            "Claim,HCPCS,Service Date",
            "1,J1940,2025-03-31",
            "2,J1940-JW,2025-04-01",
            "3,G9890,2018-02-01",
            "4,G9890,2018-05-01",
            "5,CS,2020-02-29",
            "6,CS,2020-03-01",
            "7,J0570,2025-09-30",
            "8,J0570,2025-10-01",
            "9,J1745-JG,2024-12-31",
            "10,J1745-JG,2025-01-01",
            "11,A0021,2026-02-01",
        ],
        "--home",
        releases_home.folder,
    )
    assert [row["valid"] for row in told] == ["yes", "no", *["yes"] * 4, "no", "yes", "yes", "no", "cannot tell"]
    assert (told[1]["last_valid_day"], told[1]["modifiers"]) == ("2025-03-31", "JW")
    assert (told[1]["successors"], told[1]["billing_units"]) == ("J1938", "20 units for 1")
    meanings = [row["description"].split()[0] for row in told[2:6]]
    assert meanings == ["Dilated", "Bridge", "Item", "Cost-sharing"]
    assert "JG: ended: its last valid day was 2024-12-31" in told[9]["why"]
    assert told[10]["to_import"] == "2026"


# ---------------------------------------------------------------- made-up releases


@pytest.fixture
def small(take_in: Import, run: Run) -> Run:
    """Store January and April 2025, in which a code and a modifier have ended."""
    january = {code: values(code) for code in ("A0001", "J1940", "KX", "QQ")}
    take_in("HCPC2025_JAN_ANWEB_12172024.txt", january)
    ended = {"ACTION_CD": "D", "ACT_EFF_DT": "20250401", "TERM_DT": "20250331"}
    april = january | {code: values(code, **ended) for code in ("J1940", "QQ")}
    take_in("HCPC2025_APR_ANWEB_03102025.txt", april)
    return run


def test_columns_are_added_and_counted(small: Run) -> None:
    write(
        ["Patient,HCPCS,DOS,Paid", "P1,J1940,2025-03-31,1.50", "P2,j1940 ,2025-04-01,007", 'P3,A0001,2025-05-01,"a, b"']
    )
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert outcome.code == 0
    told = answered()
    assert [list(row.values())[:4] for row in told] == [
        ["P1", "J1940", "2025-03-31", "1.50"],
        ["P2", "j1940 ", "2025-04-01", "007"],
        ["P3", "A0001", "2025-05-01", "a, b"],
    ]
    assert [row["valid"] for row in told] == ["yes", "no", "yes"]
    assert re.search(r"\n +1  no\n +2  yes\n", outcome.out)
    assert re.search(r"^Not valid on the day \(1\)\n  J1940 .*\n( .*\n)*? +row 3\n", outcome.out, re.MULTILINE)


def test_american_dates_are_understood_and_said_aloud(small: Run) -> None:
    write(["HCPCS,DOS", "J1940,03/31/2025", "J1940,4/1/2025", "J1940,1/2/2025"])
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert outcome.code == 0
    assert [row["valid"] for row in answered()] == ["yes", "no", "yes"]
    assert "read month first, as row 2 shows" in " ".join(outcome.out.split())


def test_the_other_order_is_understood_too(small: Run) -> None:
    write(["HCPCS,DOS", "J1940,31/03/2025", "J1940,1/4/2025"])
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert [row["valid"] for row in answered()] == ["yes", "no"]
    assert "read day first, as row 2 shows" in " ".join(outcome.out.split())


def test_dates_of_which_none_shows_the_order_are_never_guessed(small: Run) -> None:
    lines = ["HCPCS,DOS", "J1940,03/04/2025", "J1940,04/03/2025"]
    write(lines)
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "error: claims.csv: the dates in column 2, 'DOS' could be read month first or day first: say --date-order mdy "
        "(month first) or --date-order dmy (day first)\n"
    )
    assert not Path("result.csv").exists()
    assert [row["valid"] for row in ask(small, lines, "--date-order", "mdy")] == ["yes", "no"]
    assert [row["valid"] for row in ask(small, lines, "--date-order", "dmy")] == ["no", "yes"]


def test_mixed_orders_are_refused_with_both_rows(small: Run) -> None:
    write(["HCPCS,DOS", "J1940,03/31/2025", "J1940,31/03/2025"])
    outcome = small("valid", "--list", "claims.csv")
    assert (outcome.code, outcome.out) == (3, "")
    assert "in row 2 the month comes first, in row 3 the day" in outcome.err


def test_days_of_a_workbook(small: Run) -> None:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (
        ["HCPCS", "DOS"],
        ["J1940", date(2025, 3, 31)],
        ["J1940", datetime(2025, 4, 1, 8, 30)],  # noqa: DTZ001 - a workbook knows no zones
        [99213, date(2025, 4, 1)],
    ):
        sheet.append(row)
    book.save("claims.xlsx")
    assert small("valid", "--list", "claims.xlsx", "-o", "result.csv").code == 0
    assert [row["valid"] for row in answered()] == ["yes", "no", ""]
    assert answered()[2]["why"] == "CPT: not in this code set"


def test_rows_that_cannot_be_answered_are_counted(small: Run) -> None:
    lines = [
        "HCPCS,DOS",
        "J1940,2025-03-31",
        "A0001,2025-03-31",
        "A0001,2025-03-30",
        "A0001,2025-02-01",
        "A0001,2025-02-01",
        "J1940,",
        "J1940,yesterday",
        ",2025-03-31",
        "99213,2025-03-31",
        "look it up,2025-03-31",
        "Z9999,2025-03-31",
    ]
    write(lines)
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert outcome.code == 0
    assert [row["valid"] for row in answered()] == ["yes"] * 5 + [""] * 5 + ["no"]
    assert [row["why"] for row in answered()][5:9] == [
        "no day",
        "not readable as a day",
        "no code",
        "CPT: not in this code set",
    ]
    counted = dict(
        re.findall(r"^ +(\d+)  (.+)$", outcome.out.split("\n\n")[1], re.MULTILINE)[i][::-1] for i in range(7)
    )
    assert counted == {
        "no": "1",
        "yes": "5",
        "not in this code set": "1",
        "not readable as a code": "1",
        "not readable as a day": "1",
        "no code": "1",
        "no day": "1",
    }
    assert "yesterday" not in outcome.out + outcome.err
    assert "look it up" not in outcome.out + outcome.err


def test_several_codes_and_modifiers_in_a_cell(small: Run) -> None:
    told = ask(
        small,
        ["HCPCS,DOS", "A0001-QQ,2025-03-31", "A0001-QQ,2025-04-01", "A0001 KX,2025-04-01", "A0001/J1940,2025-04-01"],
    )
    assert [row["valid"] for row in told] == ["yes", "no", "yes", "no"]
    assert told[3]["why"].startswith("A0001: valid from 2010-01-01")
    assert "J1940: ended: its last valid day was 2025-03-31" in told[3]["why"]


def test_known_on(small: Run) -> None:
    lines = ["HCPCS,DOS", "J1940,2025-03-31", "J1940,2025-04-01"]
    assert [row["valid"] for row in ask(small, lines, "--known-on", "2025-03-09")] == ["yes", "cannot tell"]
    assert [row["valid"] for row in ask(small, lines, "--known-on", "2025-03-10")] == ["yes", "no"]


@pytest.mark.parametrize(("code", "day"), [("2", "4"), ("B", "D"), ("new hcpcs", "TO DATE")])
def test_columns_are_named(small: Run, code: str, day: str) -> None:
    lines = ["HCPCS,New HCPCS,From Date,To Date", "A0001,J1940,2025-03-31,2025-04-01"]
    (row,) = ask(small, lines, "--code-column", code, "--date-column", day)
    assert (row["code"], row["valid"]) == ("J1940", "no")


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (["HCPCS,Note", "J1940,Roe"], r"no column holds dates of service .*--date-column"),
        (["Note,DOS", "Roe,2025-03-31"], r"no column holds HCPCS codes .*"),
        (["HCPCS,DOS 1,DOS 2", "J1940,2025-03-31,2025-04-01"], r".* both hold dates: say with --date-column .*"),
        (["HCPCS 1,HCPCS 2,DOS", "J1940,A0001,2025-04-01"], r".* both hold codes: say with --.*column .*"),
    ],
)
def test_columns_that_cannot_be_told(small: Run, lines: list[str], told: str) -> None:
    write(lines)
    outcome = small("valid", "--list", "claims.csv", "-o", "result.csv")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.match(f"error: claims.csv: {told}", outcome.err)
    assert outcome.err.count("\n") == 1
    assert "Roe" not in outcome.err
    assert not Path("result.csv").exists()


def test_the_code_column_is_named_by_its_own_option(small: Run) -> None:
    write(["HCPCS 1,HCPCS 2,DOS", "J1940,A0001,2025-04-01"])
    outcome = small("valid", "--list", "claims.csv")
    assert "--code-column" in outcome.err


def test_a_list_from_standard_input(small: Run) -> None:
    outcome = small("valid", "--list", "-", given=b"HCPCS,DOS\nJ1940,2025-04-01\nA0001,2025-04-01\n")
    assert outcome.code == 0
    assert re.search(r"\n +1  no\n +1  yes\n", outcome.out)


def test_all_formats_are_written(small: Run) -> None:
    write(["HCPCS,DOS", "J1940,2025-04-01"])
    names = [f"result.{ending}" for ending in ("csv", "xlsx", "json", "md", "html")]
    outcome = small("valid", "--list", "claims.csv", *(word for name in names for word in ("-o", name)))
    assert (outcome.code, outcome.err) == (0, "".join(f"written: {name}\n" for name in names))
    for name in ("result.csv", "result.json", "result.md", "result.html"):
        assert "ended: its last valid day was 2025-03-31" in Path(name).read_text(encoding="utf-8")
    book = openpyxl.load_workbook("result.xlsx")
    cells = [cell for sheet in book for line in sheet.iter_rows(values_only=True) for cell in line]
    assert "ended: its last valid day was 2025-03-31" in cells


# ---------------------------------------------------------------- modifiers


def test_modifiers_count_wherever_they_stand(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"A0001": values("A0001"), "KX": values("KX", ADD_DT="20200101")})
    lines = [
        "HCPCS,Mod 1,Mod 2,DOS",
        "A0001,KX,25,2019-12-31",
        "A0001-KX,,,2025-01-01",
        "A0001,YY,,2025-01-01",
        "A0001,59,P3,2025-01-01",
        "99213,25,,2025-01-01",
    ]
    told = ask(run, lines)
    assert [(row["modifiers"], row["valid"]) for row in told] == [
        ("KX 25", "no"),
        ("KX", "yes"),
        ("YY", "no"),
        ("59 P3", "yes"),
        ("", ""),
    ]
    assert told[2]["why"].startswith("A0001: valid from 2010-01-01, without an end; YY: in no stored release")
    assert "modifiers  in column 2, 'Mod 1' and column 3, 'Mod 2'" in run("valid", "--list", "claims.csv").out


def test_one_day_may_be_asked_of_all_rows(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"A0001": values("A0001", TERM_DT="20241231"), "A0002": values("A0002")})
    told = ask(run, ["A0001", "A0002", "A000Z"], "--on", "1/2/2025", "--date-order", "mdy")
    assert [row["valid"] for row in told] == ["no", "yes", ""]
    assert told[2]["why"] == "A000Z is no code; did you mean A0002?"
