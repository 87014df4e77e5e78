"""What two releases mean for a list: two chargemasters checked row by row, and everything a user may ask of one.

What is expected of the chargemasters (`chargemaster-*.csv`) was derived from CMS's own files, and the excerpts, without
any code of ours, and then read row by row.
"""

from __future__ import annotations

import csv
import hashlib
import json
import re
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import openpyxl
import pytest

from tests.app.conftest import Run
from tests.support import NOW, Import, values
from tracker.app.impact import impact
from tracker.app.own_list import answered
from tracker.app.stored import Stored
from tracker.errors import SourceError
from tracker.home import Home
from tracker.lists.codes import CodeShape
from tracker.lists.source import open_list
from tracker.lists.table import UserList
from tracker.policy import EMPTY

HERE = Path(__file__).parent
CHECKOUT = HERE.parents[1]
OWN = 6
"""Columns of a chargemaster that are the hospital's own; those behind them say what is expected."""

CHARGEMASTERS = {"2025-10": 500, "2026": 98}

Own = Mapping[str, object]


class Expected(NamedTuple):
    """What is to be said of a row.

    `events` must be among those that are told. Of `successor`, one of those with a slash between them must be told
    first; `?` says nothing. `remark` is on the row's own description: stale, strange or none.
    """

    status: str
    level: str
    events: str
    last_day: str
    modifiers: str
    successor: str
    units: str
    told: str
    remark: str


def chargemaster(name: str) -> tuple[list[str], list[list[str]], list[Expected]]:
    """Return the headings and rows that are the hospital's own, and what is expected of each."""
    with (HERE / f"chargemaster-{name}.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert len(rows) == CHARGEMASTERS[name]
    return header[:OWN], [row[:OWN] for row in rows], [Expected(*row[OWN:]) for row in rows]


def write_csv(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return path


def write_workbook(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    for row in (header, *rows):
        sheet.append([cell or None for cell in row])
    book.save(path)
    return path


def typed(row: Sequence[str]) -> list[object]:
    """Return a row as a workbook has it: numbers are numbers, CPT codes among them; a revenue code is text.

    A cell of blanks is left empty: so it comes out of the library that reads workbooks.
    """
    item, code, text, price, revenue, department = (cell if cell.strip() else "" for cell in row)
    is_number = re.fullmatch(r"\d{5}(\.0)?", code)
    return [int(item), float(code) if is_number else code, text, float(price), revenue, department]


def read_csv(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def is_same(own: object, shown: str) -> bool:
    return float(shown) == own if isinstance(own, (int, float)) else shown == own


def differences(own: Own, expected: Expected, shown: Mapping[str, str]) -> list[str]:
    """Return in words where a row is not answered as expected."""
    found = [f"own {name}" for name, cell in own.items() if not is_same(cell, shown[name])]
    plain = {
        "status": expected.status,
        "level": expected.level,
        "last_valid_day": expected.last_day,
        "modifiers": expected.modifiers,
    }
    found += [f"{name} {shown[name]!r}, not {wanted!r}" for name, wanted in plain.items() if shown[name] != wanted]
    missing = set(expected.events.split()) - set(shown["events"].split("; "))
    found += [f"event {event} is not among {shown['events']!r}" for event in missing]
    first = shown["successors"].split("; ")[0]
    if expected.successor != "?" and first not in expected.successor.split("/"):
        found.append(f"successor {first!r}, not {expected.successor!r}")
    if expected.units and not shown["billing_units"].startswith(f"{expected.units} unit"):
        found.append(f"units {shown['billing_units']!r}, not {expected.units}")
    if expected.told not in shown["what_happened"]:
        found.append(f"{expected.told!r} is not in {shown['what_happened']!r}")
    remark = {"t": "stale", "l": "strange"}.get(shown["own_description"][:1], "")
    return found if remark == expected.remark else [*found, f"remark {shown['own_description']!r}"]


def check(run: Run, home: Path, name: str, path: Path, header: list[str], rows: list[list[Any]]) -> None:
    """Run the whole command on a chargemaster, and compare each row of what it writes and the summary's counts."""
    expected = chargemaster(name)[2]
    outcome = run("impact", path, "2025", name, "-o", "result.csv", "--home", home)
    assert (outcome.code, outcome.err) == (0, "written: result.csv\n")
    answered = read_csv(Path("result.csv"))
    assert len(answered) == len(rows)
    wrong = {
        row[1]: found
        for row, wanted, shown in zip(rows, expected, answered, strict=True)
        if (found := differences(dict(zip(header, row, strict=True)), wanted, shown))
    }
    assert wrong == {}
    counted = re.findall(r"^ +(\d+)  (.+)$", outcome.out.split("\n\n")[1], re.MULTILINE)
    assert {what: int(number) for number, what in counted} == Counter(wanted.status for wanted in expected)
    assert "in column 2, 'HCPCS' (found by its content: " in outcome.out


# ---------------------------------------------------------------- the chargemasters, row by row


def test_a_chargemaster_from_january_to_october_2025(run: Run, releases_home: Home, tmp_path: Path) -> None:
    header, rows, _ = chargemaster("2025-10")
    path = write_csv(tmp_path / "cm.csv", header, rows)
    check(run, releases_home.folder, "2025-10", path, header, rows)


def test_the_same_chargemaster_as_a_workbook(run: Run, releases_home: Home, tmp_path: Path) -> None:
    header, rows, _ = chargemaster("2025-10")
    path = write_workbook(tmp_path / "cm.xlsx", header, map(typed, rows))
    check(run, releases_home.folder, "2025-10", path, header, [typed(row) for row in rows])


@pytest.fixture
def excerpts(run: Run) -> Run:
    assert run("import", CHECKOUT / "snapshots").code == 0
    return run


def test_a_chargemaster_from_2025_to_2026_by_the_excerpts(excerpts: Run, home: Home, tmp_path: Path) -> None:
    header, rows, _ = chargemaster("2026")
    path = write_csv(tmp_path / "cm.csv", header, rows)
    check(excerpts, home.folder, "2026", path, header, rows)


def test_the_same_workbook_by_the_excerpts(excerpts: Run, home: Home, tmp_path: Path) -> None:
    header, rows, _ = chargemaster("2026")
    path = write_workbook(tmp_path / "cm.xlsx", header, map(typed, rows))
    check(excerpts, home.folder, "2026", path, header, [typed(row) for row in rows])


def test_all_formats_hold_the_same_statuses(excerpts: Run, tmp_path: Path) -> None:
    header, rows, expected = chargemaster("2026")
    path = write_workbook(tmp_path / "cm.xlsx", header, map(typed, rows))
    names = [f"result.{ending}" for ending in ("csv", "xlsx", "json", "md", "html")]
    outputs = [argument for name in names for argument in ("-o", name)]
    outcome = excerpts("impact", path, "2025", "2026", *outputs)
    assert outcome.code == 0
    statuses = [wanted.status for wanted in expected]
    assert [row["status"] for row in read_csv(Path("result.csv"))] == statuses

    told = json.loads(Path("result.json").read_bytes())
    assert [row["status"] for row in told["rows"]] == statuses
    assert [list(row["own"].values())[4] for row in told["rows"]] == [row[4] for row in rows]
    assert {one["what"]: one["number"] for one in told["counts"]} == Counter(statuses)

    book = openpyxl.load_workbook("result.xlsx")
    found = [list(sheet.iter_rows(values_only=True)) for sheet in book if sheet.max_row > len(rows)]
    (cells,) = [cells for cells in found if any("HCPCS" in line for line in cells)]
    begin = next(number for number, line in enumerate(cells) if "HCPCS" in line)
    place = list(cells[begin]).index("Status")
    own = list(cells[begin]).index("Item")
    assert [line[place] for line in cells[begin + 1 :]] == statuses
    kept = [tuple(cell or None for cell in typed(row)) for row in rows]
    assert [line[own : own + OWN] for line in cells[begin + 1 :]] == kept

    for name in ("result.md", "result.html"):
        text = Path(name).read_text(encoding="utf-8")
        for status, number in Counter(statuses).items():
            assert text.count(status) >= number


def test_codes_that_were_reused_lost_or_purged(run: Run, releases_home: Home) -> None:
    def told(old: str, new: str, *codes: str) -> dict[str, tuple[str, str, str]]:
        Path("list.csv").write_text("\n".join(("HCPCS", *codes)) + "\n")
        assert run("impact", "list.csv", old, new, "-o", "result.csv", "--home", releases_home.folder).code == 0
        rows = read_csv(Path("result.csv"))
        return {row["code"]: (row["status"], row["level"], row["last_valid_day"]) for row in rows}

    assert told("2018", "2019", "G9890", "G9891", "G9976", "DA", "G9637", "J1940") == {
        "G9890": ("reused", "act", ""),
        "G9891": ("reused", "act", ""),
        "G9976": ("gone", "act", ""),
        "DA": ("gone", "act", ""),
        "G9637": ("changed", "act", ""),
        "J1940": ("unchanged", "", ""),
    }
    assert told("2020", "2025", "CS", "J0570", "C9803", "J1745") == {
        "CS": ("reused", "act", ""),
        "J0570": ("discontinued", "act", "2024-12-31"),
        "C9803": ("discontinued", "act", "2023-12-31"),  # it came and ended in between
        "J1745": ("unchanged", "", ""),
    }
    # Ended in 2013, and purged in 2018: somebody who still has it on his list has to act all the same.
    assert told("2017", "2018", "C1204", "G9637") == {
        "C1204": ("ended before", "act", "2013-12-31"),
        "G9637": ("changed", "act", ""),
    }
    # Also where neither of the two releases holds it any more.
    assert told("2025", "2025-10", "C1204", "G9976", "Z1204") == {
        "C1204": ("ended before", "act", "2013-12-31"),
        "G9976": ("gone", "act", ""),
        "Z1204": ("not found", "act", ""),
    }


# ---------------------------------------------------------------- made-up releases

OLD = {
    "A0001": values("A0001", LONG_DESCRIPTION="Bandage of cotton, for one wound", SHORT_DESCRIPTION="Cotton bandage"),
    "E0001": values("E0001", LONG_DESCRIPTION="Cane of wood, with tip", SHORT_DESCRIPTION="Cane wood"),
    "J0001": values("J0001", LONG_DESCRIPTION="Injection, oldomycin, 10 mg", SHORT_DESCRIPTION="Oldomycin injection"),
    "J0002": values("J0002", TERM_DT="20241231", ACTION_CD="D", ACT_EFF_DT="20250101"),
    "KX": values("KX"),
    "MA": values("MA", TERM_DT="20241231", ACTION_CD="D", ACT_EFF_DT="20250101"),
}
NEW = {
    **OLD,
    "E0001": values("E0001", LONG_DESCRIPTION="Cane of metal, without tip", SHORT_DESCRIPTION="Cane metal"),
    "J0001": {**OLD["J0001"], "TERM DT": "20250331", "ACT EFF DT": "20250401", "ACTION CD": "D"},
    "J0002": {**OLD["J0002"], "LONG DESCRIPTION": "Description of j0002, in other words", "ACT EFF DT": "20250201"},
}


@pytest.fixture
def two(take_in: Import, run: Run) -> Run:
    """Store two small releases, 2025 and 2025-10."""
    take_in("HCPC2025_JAN_ANWEB.txt", OLD)
    take_in("HCPC2025_OCT_ANWEB.txt", NEW)
    return run


def ask(run: Run, lines: Sequence[str], *options: object) -> list[dict[str, str]]:
    """Return what is said of the rows of a list with headings."""
    Path("list.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")
    outcome = run("impact", "list.csv", "2025", "2025-10", "-o", "result.csv", *options)
    assert outcome.code == 0, outcome.err
    return read_csv(Path("result.csv"))


def test_own_descriptions_are_held_against_the_official_ones(two: Run) -> None:
    told = ask(
        two,
        [
            "HCPCS,Description",
            "E0001,CANE OF WOOD; WITH TIP",
            "E0001,Cane wood",
            "E0001,Cane of wood",
            "E0001,Metal cane",
            "A0001,Quarterly zinc hydraulics",
            "A0001,Bandage of cotton",
            "A0001,Bandage",
            "A0001,",
        ],
    )
    stale, strange = "the text of 2025, which has changed", "no word in common with the official text"
    assert [row["own_description"] for row in told] == [stale, stale, stale, "", strange, "", "", ""]
    assert [row["level"] for row in told] == ["review"] * 4 + ["note", "", "", ""]


def test_a_row_of_several_codes_is_not_held_against_one_text(two: Run) -> None:
    told = ask(two, ["HCPCS,Description", "A0001,Bandage of cotton", "A0001; E0001,Quarterly zinc hydraulics"])
    assert [row["own_description"] for row in told] == ["", ""]


def test_a_code_that_had_ended_is_told_as_ended_whatever_else_changed(two: Run) -> None:
    (row,) = ask(two, ["HCPCS", "J0002"])
    assert (row["status"], row["level"], row["last_valid_day"]) == ("ended before", "act", "2024-12-31")
    assert "last valid day 2024-12-31" in row["what_happened"]


def test_an_ended_modifier_is_told_beside_codes_of_any_code_set(two: Run) -> None:
    told = ask(two, ["HCPCS", "A0001-MA", "70450-MA", "A0001-KX", "70450-KX"])
    assert [(row["level"], row["last_valid_day"]) for row in told] == [("act", "")] * 2 + [("", "")] * 2
    assert ["MA: Ended already: last valid day 2024-12-31." in row["what_happened"] for row in told[:2]] == [True, True]
    assert [row["modifiers"] for row in told] == ["MA", "MA", "KX", "KX"]


def test_a_code_among_other_words_is_read_and_said_to_be(two: Run) -> None:
    told = ask(two, ["HCPCS", "A0001", "A0001 BOX", "J0001 (OLD)", "A0001 plus J0001"])
    assert [row["status"] for row in told] == ["unchanged", "unchanged", "discontinued", "unchanged"]
    assert [row["level"] for row in told] == ["", "review", "act", "review"]
    assert all("Of this cell only" in row["what_happened"] for row in told[1:])


def test_codes_from_standard_input(two: Run) -> None:
    outcome = two("impact", "-", "2025", "2025-10", given=b"J0001\nA0001\nj0009\n")
    assert outcome.code == 0
    assert re.search(r"1  discontinued\n +1  not found\n +1  unchanged\n", outcome.out)
    assert re.search(r"J0001 +act +Discontinued: last valid day 2025-03-31", outcome.out)
    assert outcome.err == ""


@pytest.mark.parametrize("column", ["New HCPCS", "new hcpcs", "2", "B"])
def test_the_column_is_named_by_heading_number_or_letter(two: Run, column: str) -> None:
    lines = ["Old HCPCS,New HCPCS", "A0001,J0001", "E0001,A0001"]
    told = ask(two, lines, "--column", column)
    assert [row["code"] for row in told] == ["J0001", "A0001"]


def test_two_columns_of_codes_are_not_chosen_between(two: Run) -> None:
    Path("list.csv").write_text("HCPCS 1,HCPCS 2,Patient\nA0001,J0001,Jane Roe\nE0001,A0001,John Doe\n")
    outcome = two("impact", "list.csv", "2025", "2025-10")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        "error: list.csv: column 1, 'HCPCS 1' and column 2, 'HCPCS 2' both hold codes: "
        "say with --column which is meant\n"
    )


def test_a_list_without_codes_says_where_it_looked(two: Run) -> None:
    Path("list.csv").write_text("Patient,Note\nJane Roe,well\nJohn Doe,unwell\n")
    outcome = two("impact", "list.csv", "2025", "2025-10", "-o", "result.csv")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(r"error: list\.csv: no column holds HCPCS codes \(\d rows .*--column.*\n", outcome.err)
    assert "Roe" not in outcome.err
    assert not Path("result.csv").exists()


def test_a_release_that_is_not_stored(two: Run) -> None:
    Path("list.csv").write_text("HCPCS\nA0001\n")
    outcome = two("impact", "list.csv", "2025", "2024")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err.startswith("error: 2024 is not stored")
    assert outcome.err.count("\n") == 1


def test_no_other_cell_is_told(two: Run) -> None:
    lines = ["Patient,HCPCS,Diagnosis", "Jane Roe,J0001,Gout", "John Doe,J000I,Rash", "Max Poe,look it up,Cough"]
    Path("list.csv").write_text("\n".join(lines))
    outcome = two("impact", "list.csv", "2025", "2025-10")
    assert outcome.code == 0
    assert re.search(r"Roe|Doe|Poe|Gout|Rash|Cough|look it up", outcome.out + outcome.err) is None
    assert re.search(r"J0001 .*\n(.*\n)*? +row 2\n", outcome.out)


def test_nothing_is_stored(two: Run, home: Home) -> None:
    def content() -> dict[Path, str]:
        files = [path for path in home.folder.rglob("*") if path.is_file()]
        return {path: hashlib.sha256(path.read_bytes()).hexdigest() for path in files}

    Path("list.csv").write_text("Patient,HCPCS\nJane Roe,J0001\n")
    before = content()
    assert two("impact", "list.csv", "2025", "2025-10", "-o", "result.json").code == 0
    assert content() == before
    assert {path.name for path in Path().iterdir()} == {"list.csv", "result.json"}


@pytest.mark.parametrize(
    ("codes", "level", "code"),
    [
        ("J0001", "act", 1),
        ("E0001", "act", 0),
        ("E0001", "review", 1),
        ("E0001", "note", 1),
        ("A0001", "note", 0),
        ("99213\nA0001", "note", 0),
        ("J0009", "act", 1),
        ("A0001\nA0001 BOX", "review", 1),
        ("A0001-MA", "act", 1),
        ("A0001\n70450-MA", "act", 1),
    ],
)
def test_fail_on(two: Run, codes: str, level: str, code: int) -> None:
    Path("list.csv").write_text(f"HCPCS\n{codes}\n")
    outcome = two("impact", "list.csv", "2025", "2025-10", "--fail-on", level, "-o", "result.csv")
    assert (outcome.code, Path("result.csv").exists()) == (code, True)


def test_a_policy_levels_waives_and_fails(two: Run) -> None:
    Path("tracker.toml").write_text(
        """
        fail_on = "act"

        [[level]]
        event = "description-reworded"
        level = "note"

        [[waiver]]
        event = "code-discontinued"
        codes = ["J0001"]
        reason = "off our formulary"
        until = 2099-12-31
        """
    )
    told = ask(two, ["HCPCS", "J0001"])  # ends with 0, though the policy says to fail on act
    assert (told[0]["status"], told[0]["level"]) == ("discontinued", "")
    assert "(waived: off our formulary)" in told[0]["what_happened"]
    assert told[0]["what_to_do"] == ""
    Path("list.csv").write_text("HCPCS\nJ0002\n")
    assert two("impact", "list.csv", "2025", "2025-10").code == 1


def test_a_list_that_changes_while_it_is_read_is_refused(stored: Stored, take_in: Import, tmp_path: Path) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", OLD)
    take_in("HCPC2025_OCT_ANWEB.txt", NEW)
    (path := tmp_path / "list.csv").write_text("HCPCS\nA0001\nE0001\n")
    view = impact(stored, lambda shape: open_list(path, shape), "2025", "2025-10", policy=EMPTY, today=NOW.date())
    assert len(list(view.rows())) == 2
    with path.open("a") as file:
        file.write("J0001\n")
    with pytest.raises(SourceError, match=r"list\.csv was changed while it was read: run the command again"):
        list(view.rows())


def test_nothing_half_written_of_a_list_that_changes(two: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    (path := Path("list.csv")).write_text("HCPCS\nA0001\nE0001\n")

    def changed(*arguments: Any, **named: Any) -> Any:
        view = answered(*arguments, **named)
        path.write_text("HCPCS\nA0001\n")
        return view

    monkeypatch.setattr("tracker.app.impact.answered", changed)
    outcome = two("impact", "list.csv", "2025", "2025-10", "-o", "result.csv")
    assert outcome.code == 3
    assert "error: list.csv was changed while it was read: run the command again" in outcome.err
    assert {one.name for one in Path().iterdir()} == {"list.csv"}


# ---------------------------------------------------------------- what may go wrong meanwhile


def test_a_list_that_is_cut_off_while_it_is_counted_is_refused(two: Run, stored: Stored, tmp_path: Path) -> None:
    (path := tmp_path / "list.csv").write_text("HCPCS\nA0001\nE0001\n")

    def opened(shape: CodeShape) -> UserList:
        source = open_list(path, shape)
        rows = list(source.rows())  # what was read of it before
        path.write_text("HCPCS\n")
        return replace(source, read=lambda: iter(rows), plain=None)

    with pytest.raises(SourceError, match=r"list\.csv was changed while it was read: run the command again"):
        impact(stored, opened, "2025", "2025-10", policy=EMPTY, today=NOW.date())


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_command_that_is_stopped_leaves_nothing_of_the_list(
    two: Run, stored: Stored, name: str, tmp_path: Path
) -> None:
    (tmp_path / "list.csv").write_text("HCPCS\n" + "A0001\n" * 2_000_000)
    (out := tmp_path / "out").mkdir()
    options = [tmp_path / "list.csv", "2025", "2025-10", "-o", out / "result.csv", "--home", stored.home.folder]
    program = [sys.executable, "-c", "from tracker.cli import main; main()", "impact", *map(str, options)]
    with subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as running:
        while running.poll() is None and not list(out.iterdir()):
            time.sleep(0.01)
        assert [path.suffix for path in out.iterdir()] == [".draft"]
        running.send_signal(getattr(signal, name))
        _, told = running.communicate()
    assert (running.returncode, told) == (3, "error: interrupted: tracker releases shows what is stored\n")
    assert list(out.iterdir()) == []


def test_the_list_on_standard_input_is_not_written_over(two: Run, stored: Stored) -> None:
    (path := Path("list.csv")).write_text("HCPCS\nA0001\n")
    program = [sys.executable, "-c", "from tracker.cli import main; main()", "impact", "-", "2025", "2025-10"]
    with path.open() as given:
        done = subprocess.run(
            [*program, "-o", path, "--home", stored.home.folder],
            stdin=given,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (done.returncode, path.read_text()) == (3, "HCPCS\nA0001\n")
    assert done.stderr == "error: list.csv is the list itself, which stays as it is: name another file with -o\n"


def test_releases_in_the_wrong_order_are_told(two: Run) -> None:
    Path("list.csv").write_text("HCPCS\nA0001\n")
    assert "2025-10 is newer than 2025: this leads back in time" in two("impact", "list.csv", "2025-10", "2025").out


def test_nothing_but_withdrawn_releases_is_told_as_such(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", OLD)
    assert run("withdraw", "2025@1", "--reason", "x").code == 0
    for command in ("valid A0001 --on 2025-01-01", "history A0001", "show A0001"):
        assert run(*command.split()).err == "error: all stored releases are withdrawn: import one again\n"
    Path("list.csv").write_text("HCPCS\nA0001\n")
    assert run("impact", "list.csv", "2025@1", "2025@1").code == 0


@pytest.mark.parametrize(
    "code", ["", " ", "\udcff\udcfe", "A" * 100_000, "../../etc", "'; DROP TABLE release; --", "%s{0}"]
)
@pytest.mark.parametrize("command", [["valid", "--on", "2025-01-01"], ["show"], ["history"]], ids=lambda one: one[0])
def test_what_is_no_code_is_one_sentence(two: Run, command: list[str], code: str) -> None:
    name, *options = command
    outcome = two(name, *options, "--", code)
    assert outcome.code == 3
    assert re.fullmatch(r"error: .+\n", outcome.err)
    assert "defect" not in outcome.err
    assert len(outcome.err) < 300
