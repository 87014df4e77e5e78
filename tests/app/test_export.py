"""What is exported can be read by the programs it is meant for."""

from __future__ import annotations

import csv
import io
import json
import pickle
import re
import subprocess
import sys
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from tests.app.conftest import Run
from tests.support import Import, values
from tracker.app.export import export_changes, export_records, export_validity
from tracker.app.stored import Stored
from tracker.app.write_report import load_policy, view_releases
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import ExportFormat
from tracker.report.export import BATCH, Sort, Table, render

DOC = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")


@pytest.fixture
def releases(take_in: Import) -> None:
    take_in("2025.txt", {"J1940": values("J1940"), "A1": values("A1", LONG_DESCRIPTION="-1 unit")}, label="2025")
    changed = values("J1940", PRICE1="00", PRICE2="13", TERM_DT="20251231", SHORT_DESCRIPTION="Ünit; 1")
    take_in("2026.txt", {"J1940": changed, "A1": values("A1", LONG_DESCRIPTION="-1 unit")}, label="2026")


def whole(table: Table, wanted: ExportFormat) -> bytes:
    return b"".join(render(table, wanted))


def query(path: Path, statement: str) -> list[tuple[Any, ...]]:
    """Ask DuckDB, in a process of its own: at its end it tells standard error of leaks that are no matter of ours."""
    code = "import duckdb, pickle, sys; found = duckdb.execute(sys.argv[1], [sys.argv[2]]).fetchall();"
    code += "sys.stdout.buffer.write(pickle.dumps(found))"
    done = subprocess.run([sys.executable, "-c", code, statement, path], check=True, capture_output=True)
    found: list[tuple[Any, ...]] = pickle.loads(done.stdout)  # noqa: S301 - our own
    return found


def test_duckdb_reads_records_as_what_they_are(stored: Stored, releases: None, tmp_path: Path) -> None:
    path = tmp_path / "all.parquet"
    path.write_bytes(whole(export_records(stored, ()), ExportFormat.PARQUET))
    statement = """
        SELECT label, current, code, pricing_indicators, termination_date, added_date, statute, unknown
        FROM read_parquet(?) WHERE code = 'J1940' ORDER BY effective_date
    """
    assert query(path, statement) == [
        ("2025", True, "J1940", ["51"], None, date(2010, 1, 1), None, []),
        ("2026", True, "J1940", ["00", "13"], date(2025, 12, 31), date(2010, 1, 1), None, []),
    ]
    described = {name: kind for name, kind, *_ in query(path, "DESCRIBE SELECT * FROM read_parquet(?)")}
    assert list(described)[-len(HCPCS.fields) - 1 : -1] == list(HCPCS.fields)
    assert {described[name] for name, field in HCPCS.fields.items() if field.is_date} == {"DATE"}
    assert {described[name] for name, field in HCPCS.fields.items() if field.repeated} == {"VARCHAR[]"}


def test_parquet_says_which_releases_are_in_it(stored: Stored, releases: None, tmp_path: Path) -> None:
    path = tmp_path / "2026.parquet"
    path.write_bytes(whole(export_records(stored, ["2026"]), ExportFormat.PARQUET))
    statement = "SELECT decode(value) FROM parquet_kv_metadata(?) WHERE decode(key) = 'tracker_releases'"
    ((text,),) = query(path, statement)
    (told,) = json.loads(text)
    assert (told["name"], told["digest"]) == ("2026@1", stored.find("2026").release.digest)
    assert "imported" not in text


@pytest.mark.parametrize("wanted", ExportFormat)
def test_the_same_releases_give_the_same_bytes(stored: Stored, releases: None, wanted: ExportFormat) -> None:
    makers: list[Callable[[], Table]] = [lambda: export_records(stored, ()), lambda: export_validity(stored)]
    for make in makers:
        first = whole(make(), wanted)
        assert first
        assert whole(make(), wanted) == first


def test_texts_are_guarded_and_lists_are_one_text_in_csv(run: Run, releases: None) -> None:
    done = run("export", "2026")
    assert done.code == 0
    record, other = csv.DictReader(io.StringIO(done.out))
    assert (record["code"], record["long_description"], record["current"]) == ("A1", "'-1 unit", "yes")
    assert (other["pricing_indicators"], other["termination_date"]) == ("00; 13", "2025-12-31")
    assert other["short_description"] == "Ünit; 1"


def test_every_file_that_is_named_is_written(run: Run, releases: None, tmp_path: Path) -> None:
    assert run("export", "2026", "-o", "one.csv", "-o", "two.jsonl").err == "written: one.csv\nwritten: two.jsonl\n"
    one, two = ((tmp_path / "folder" / name).read_text(encoding="utf-8") for name in ("one.csv", "two.jsonl"))
    assert one == run("export", "2026").out
    assert two == run("export", "2026", "--format", "jsonl").out


def test_json_lines_have_lists_and_all_columns(run: Run, releases: None) -> None:
    first, second = map(json.loads, run("export", "2026", "--format", "jsonl").out.splitlines())
    assert list(first) == list(second)
    assert (first["long_description"], second["pricing_indicators"], second["statute"]) == (
        "-1 unit",
        ["00", "13"],
        None,
    )


def test_a_workbook_has_texts_and_days(run: Run, releases: None, tmp_path: Path) -> None:
    assert run("export", "2026", "-o", "2026.xlsx").err == "written: 2026.xlsx\n"
    sheet = openpyxl.load_workbook(tmp_path / "folder" / "2026.xlsx").active
    assert sheet is not None
    headings, first, second = (tuple(cell for cell in row) for row in sheet.iter_rows())
    place = {cell.value: number for number, cell in enumerate(headings)}
    assert (first[place["long_description"]].value, first[place["long_description"]].data_type) == ("-1 unit", "s")
    assert second[place["pricing_indicators"]].value == "00; 13"
    assert second[place["termination_date"]].value == datetime(2025, 12, 31)  # noqa: DTZ001 - a cell has no zone


def test_changes_are_those_of_diff(run: Run, stored: Stored, releases: None, tmp_path: Path) -> None:
    assert run("export", "--changes", "2025", "2026", "-o", "changes.parquet").code == 0
    statement = "SELECT code, status, administrative, field, old, new, event, level FROM read_parquet(?)"
    found = query(tmp_path / "folder" / "changes.parquet", statement)
    listed = csv.DictReader(io.StringIO(run("diff", "2025", "2026", "--format", "csv").out))
    named = ("code", "status", "administrative", "field", "old", "new", "event", "level")
    told = [tuple(row[name] for name in named) for row in listed]
    assert [(c, s, "yes" if a else "no", f, o or "", n or "", e, v) for c, s, a, f, o, n, e, v in found] == told
    assert ("termination_date", None, "2025-12-31") in [row[3:6] for row in found]


def test_added_and_removed_codes_have_their_fields(stored: Stored, take_in: Import) -> None:
    take_in("2025.txt", {"A1": values("A1")}, label="2025")
    take_in("2026.csv.txt", {"A1": values("A1"), "A2": values("A2")}, label="2026")
    policy = load_policy(Path(), stored.home)
    diff = view_releases(stored, "2025", "2026", policy=policy, today=date(2026, 1, 1)).diff
    rows = list(export_changes(diff).rows)
    assert {row[4] for row in rows} == {"added"}
    assert ("pricing_indicators", "payment", None, "51") in {row[6:10] for row in rows}


def test_validity_is_that_of_valid(run: Run, releases: None, tmp_path: Path) -> None:
    assert run("export", "--validity", "-o", "validity.parquet").code == 0
    statement = "SELECT code, description, valid_from, valid_to, ending FROM read_parquet(?) ORDER BY code"
    assert query(tmp_path / "folder" / "validity.parquet", statement) == [
        ("A1", "-1 unit", date(2010, 1, 1), None, None),
        ("J1940", "Description of j1940", date(2010, 1, 1), date(2025, 12, 31), "ended"),
    ]


def test_a_day_that_is_none_is_empty_in_parquet_and_told_in_csv(tmp_path: Path) -> None:
    table = Table("days", date(2026, 1, 1), {"day": Sort.DAY}, [(date(2026, 1, 1),), ("20260231",), (None,)])
    path = tmp_path / "days.parquet"
    path.write_bytes(whole(table, ExportFormat.PARQUET))
    assert query(path, "SELECT day FROM read_parquet(?)") == [(date(2026, 1, 1),), (None,), (None,)]
    assert whole(table, ExportFormat.CSV).decode() == 'day\n2026-01-01\n20260231\n""\n'


@pytest.mark.parametrize("wanted", [ExportFormat.PARQUET, ExportFormat.CSV, ExportFormat.JSONL])
def test_rows_are_written_while_they_are_made(wanted: ExportFormat) -> None:
    made = 0

    def rows() -> Any:
        nonlocal made
        for made in range(1, 3 * BATCH + 1):
            yield (made,)

    pieces = render(Table("long", date(2026, 1, 1), {"number": Sort.NUMBER}, rows()), wanted)
    assert next(pieces)
    assert made <= BATCH + 1
    assert list(pieces)
    assert made == 3 * BATCH


@pytest.mark.parametrize("wanted", ExportFormat)
def test_an_empty_table_is_a_table(wanted: ExportFormat, tmp_path: Path) -> None:
    path = tmp_path / f"empty.{wanted}"
    path.write_bytes(whole(Table("empty", date(2026, 1, 1), {"code": Sort.TEXT}, ()), wanted))
    if wanted is ExportFormat.PARQUET:
        assert query(path, "SELECT count(code) FROM read_parquet(?)") == [(0,)]
    if wanted is ExportFormat.XLSX:
        assert [[cell.value for cell in row] for row in openpyxl.load_workbook(path).active.iter_rows()] == [["code"]]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("arguments", "code", "told"),
    [
        ([], 2, "say which"),
        (["2026", "--all"], 2, "say which"),
        (["2026", "-o", "x.html"], 2, r"x\.html: say --format"),
        (["2026", "--format", "parquet"], 2, "say -o FILE"),
        (["2031"], 3, "2031 is not stored"),
        (["--changes", "2025", "2031"], 3, "2031 is not stored"),
    ],
)
def test_what_cannot_be_exported_is_told(
    run: Run, releases: None, tmp_path: Path, arguments: list[str], code: int, told: str
) -> None:
    done = run("export", *arguments)
    assert done.code == code
    assert re.search(told, " ".join(done.err.replace("│", " ").split()))
    assert list((tmp_path / "folder").iterdir()) == []


def test_nothing_stored_is_told(run: Run) -> None:
    done = run("export", "--all")
    assert (done.code, "nothing is stored" in done.err) == (3, True)


def test_without_pyarrow_it_is_told_how_to_get_it(
    run: Run, releases: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    done = run("export", "2026", "-o", "2026.parquet")
    assert done.code == 3
    assert done.err == (
        "error: Parquet needs the package pyarrow, which tracker[arrow] brings: pip install 'tracker[arrow]'\n"
    )
    assert list((tmp_path / "folder").iterdir()) == []


def test_the_docs_commands_and_python_work(run: Run, home: Home, releases: None, tmp_path: Path) -> None:
    commands = re.findall(r"^    tracker (export .*?) +#", DOC, re.MULTILINE)
    assert len(commands) == 5
    assert [run(*command.split()).code for command in commands] == [0] * 5
    (code,) = re.findall(r"```python\n(.*?)```", DOC, re.DOTALL)
    shown = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=tmp_path / "folder", encoding="utf-8"
    ).stdout
    assert re.search("2025 *│ *2 ", shown)
    assert re.search("2026 *│ *1 ", shown)
