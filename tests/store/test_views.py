"""The views for analysts say what tracker says, on both databases."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.support import NOW, Release, record_text, values
from tracker import archive, model
from tracker.app import checks
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.lives import Lives
from tracker.app.stored import Stored, open_stored
from tracker.app.withdraw import withdraw
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Diff, Kind, Record, Snapshot, Source, Status, Value
from tracker.store.database import connect
from tracker.store.migrate import migrations_folder

DOC = (Path(__file__).parents[2] / "docs" / "analysts.md").read_text(encoding="utf-8")
VIEWS = ("hcpcs_record", "hcpcs_validity", "hcpcs_change")
REUSED = {"CS", "G9890", "G9891", *(f"M{number}" for number in range(1009, 1016)), "Q4158"}
"""The codes of CMS's releases that docs/analysts.md names: they have one span in the view, and two lives."""


@pytest.fixture
def home(place: Path | str, tmp_path: Path) -> Home:
    return Home(place.parent) if isinstance(place, Path) else Home(tmp_path / "home", place)


@pytest.fixture
def stored(home: Home, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stored]:
    monkeypatch.setattr(checks, "LACKING", 1)  # of few codes, one that is gone is a large share
    with open_stored(home, to_write=True) as opened:
        yield opened


def take_in(stored: Stored, folder: Path, label: str, release: Release, *, complete: bool = True) -> str:
    path = folder / f"{label}.txt"
    path.write_bytes(record_text(release))
    (imported,) = import_path(stored, path, Options(label, complete=complete), NOW)
    return imported.release.name


def rows(stored: Stored, statement: str, **named: object) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in stored.store._database.rows(statement, **named)]


def current(stored: Stored) -> list[str]:
    found = rows(stored, "SELECT label, revision FROM release WHERE current ORDER BY label, revision")
    return [f"{label}@{revision}" for label, revision in found]


def text(value: Value | None) -> str | None:
    return "; ".join(value) if isinstance(value, tuple) else value


def told(diff: Diff) -> set[tuple[str | None, ...]]:
    """Return the rows that the view should have."""
    found: set[tuple[str | None, ...]] = set()
    for change in diff.changes:
        about = (change.code, change.kind.value, change.status.value)
        if change.status is Status.CHANGED:
            found |= {(*about, field.field, text(field.old), text(field.new)) for field in change.fields}
        else:
            sides = {name: text(value) for name, value in change.record.values.items()}
            added = change.status is Status.ADDED
            found |= {(*about, name, *((None, side) if added else (side, None))) for name, side in sides.items()}
    return found


def assert_changes_agree(stored: Stored) -> int:
    whole = [revision.release.label for revision in stored.currents() if revision.release.complete]
    everything = 0
    for old, new in pairwise(whole):
        statement = """
            SELECT code, kind, status, field, old_value, new_value FROM hcpcs_change
            WHERE old_label = :old AND new_label = :new
        """
        found = rows(stored, statement, old=old, new=new)
        assert set(found) == told(compare_releases(stored, old, new))
        assert len(found) == len(set(found))
        everything += len(found)
    assert rows(stored, "SELECT count(*) FROM hcpcs_change") == [(everything,)]
    return everything


def spans(stored: Stored, codes: Iterable[str]) -> tuple[Mapping[str, list[Any]], Mapping[str, list[Any]]]:
    """Return for each code the spans of the view, and those that its lives tell, of the codes that are asked for."""
    view: dict[str, list[Any]] = {}
    for code, first, last in rows(stored, "SELECT code, valid_from, valid_to FROM hcpcs_validity ORDER BY 1, 2"):
        view.setdefault(code, []).append((first, last))
    lives = Lives(stored)
    return view, {
        code: [(life.first and str(life.first), life.last and str(life.last)) for life in lives.of(code)[1]]
        for code in codes
    }


# What is current


def test_the_database_knows_what_a_bare_label_means(stored: Stored, home: Home, tmp_path: Path) -> None:
    take_in(stored, tmp_path, "2024", {"A1": values("A1"), "A2": values("A2")})
    take_in(stored, tmp_path, "2025", {"A1": values("A1")}, complete=False)
    assert current(stored) == ["2024@1", "2025@1"]
    take_in(stored, tmp_path, "2025", {"A1": values("A1"), "A2": values("A2")})
    assert current(stored) == ["2024@1", "2025@2"]  # the whole one, not the excerpt
    take_in(stored, tmp_path, "2025", {"A1": values("A1", COV="D"), "A2": values("A2")})
    assert current(stored) == ["2024@1", "2025@3"]  # issued again
    withdraw(stored, "2025@3", "wrong file", NOW)
    withdraw(stored, "2024@1", "wrong file", NOW)
    assert current(stored) == ["2025@2"]
    with open_stored(home) as opened:
        assert current(opened) == ["2025@2"]


def test_a_failed_import_changes_nothing_of_it(stored: Stored, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    take_in(stored, tmp_path, "2025", {"A1": values("A1")})

    def fail(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("tracker.archive.Draft.publish", fail)
    with pytest.raises(KeyboardInterrupt):
        take_in(stored, tmp_path, "2025", {"A1": values("A1", COV="D")})
    assert current(stored) == ["2025@1"]


def test_an_opening_mends_what_is_wrong(stored: Stored, home: Home, tmp_path: Path) -> None:
    take_in(stored, tmp_path, "2025", {"A1": values("A1")})
    stored.store._database.core.exec_driver_sql("UPDATE release SET current = NOT current")
    assert current(stored) == []
    with open_stored(home) as opened:
        assert current(opened) == ["2025@1"]


def test_an_index_that_was_deleted_knows_it_again(tmp_path: Path) -> None:
    home = Home(tmp_path / "home")
    with open_stored(home, to_write=True) as stored:
        take_in(stored, tmp_path, "2025", {"A1": values("A1")})
        take_in(stored, tmp_path, "2025", {"A1": values("A1", COV="D")})
    home.index.unlink()
    with open_stored(home) as opened:
        assert current(opened) == ["2025@2"]


def test_a_database_of_before_gets_the_views_and_keeps_its_releases(
    place: Path | str, home: Home, tmp_path: Path
) -> None:
    with open_stored(home, to_write=True) as stored:
        take_in(stored, tmp_path, "2025", {"A1": values("A1"), "A2": values("A2")})
    database = connect(place)
    for view in VIEWS:
        database.core.exec_driver_sql(f"DROP VIEW {view}")
    database.core.exec_driver_sql("ALTER TABLE release DROP COLUMN current")
    database.core.exec_driver_sql("UPDATE alembic_version SET version_num = '0001_releases'")
    database.close()

    with open_stored(home) as stored:
        assert current(stored) == ["2025@1"]
        assert rows(stored, "SELECT code FROM hcpcs_record WHERE current ORDER BY code") == [("A1",), ("A2",)]


# hcpcs_record


def test_the_views_have_the_columns_that_the_doc_tells(stored: Stored) -> None:
    for view in VIEWS:
        section = DOC.partition(f"### {view}")[2].partition("###")[0]
        columns = re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)
        if view == "hcpcs_record":
            place = columns.index("long_description")
            columns[place : place + 1] = list(HCPCS.fields)
        result = stored.store._database.core.exec_driver_sql(f"SELECT * FROM {view}")  # noqa: S608
        assert list(result.keys()) == columns


def test_the_migration_knows_the_fields_and_which_are_repeated() -> None:
    config = Config()
    config.set_main_option("script_location", str(migrations_folder()))
    module = ScriptDirectory.from_config(config).get_revision("0002_views").module
    assert list(module.FIELDS) == list(HCPCS.fields)
    assert {name for name, field in HCPCS.fields.items() if field.repeated} == module.REPEATED


def test_a_record_has_its_values_in_columns(stored: Stored, tmp_path: Path) -> None:
    record = values("A1", PRICE1="00", PRICE2="13", LONG_DESCRIPTION="It's “so”; a; b")
    take_in(stored, tmp_path, "2025", {"A1": record})
    statement = """
        SELECT label, revision, effective_date, published_date, complete, withdrawn, current, code, kind,
            long_description, pricing_indicators, types_of_service, added_date, statute, unknown
        FROM hcpcs_record
    """
    about = ("2025", 1, "2025-01-01", None, 1, 0, 1, "A1", "modifier")
    assert rows(stored, statement) == [(*about, "It's “so”; a; b", "00; 13", "1", "2010-01-01", None, None)]


def test_a_text_in_a_repeated_field_is_one_value(stored: Stored, tmp_path: Path) -> None:
    """A snapshot file that somebody made may have one."""
    path = tmp_path / "2025.jsonl"
    source = Source("a.csv", 1, "00", "table")
    release = model.Release(
        "hcpcs", "2025", 1, date(2025, 1, 1), False, frozenset(HCPCS.fields), source, {}, "", "", ""
    )
    records = [Record("A1", Kind.MODIFIER, {"pricing_indicators": "51"})]
    path.write_bytes(b"".join(archive.lines(archive.seal(Snapshot(release, records)))))
    import_path(stored, path, Options(), NOW)
    assert rows(stored, "SELECT pricing_indicators FROM hcpcs_record") == [("51",)]


def test_what_is_not_known_is_told(stored: Stored, tmp_path: Path) -> None:
    table = tmp_path / "codes.csv"
    table.write_text("HCPC,LONG DESCRIPTION,COV,ADD DT\nJ1940,Furosemide,D,20100101\nJ1941,Other,,\n", encoding="utf-8")
    import_path(stored, table, Options("2025"), NOW)
    found = dict(rows(stored, "SELECT code, unknown FROM hcpcs_record"))
    known = {"long_description", "coverage_code", "added_date"}
    assert found["J1940"].split("; ") == sorted(HCPCS.fields.keys() - known)
    assert found["J1941"].split("; ") == sorted(HCPCS.fields.keys() - {"long_description"})


# hcpcs_change


def test_changes_are_those_of_diff(stored: Stored, tmp_path: Path) -> None:
    old = {
        "A1": values("A1", PRICE1="11", PRICE2="13"),
        "A2": values("A2", ACT_EFF_DT=""),  # lost: required fields are never blank at the publisher's
        "A3": values("A3"),
        "A4": values("A4", COV="D"),
        "A6": values("A6", TERM_DT="20241231"),
    }
    new = {
        "A1": values("A1", PRICE1="13", PRICE2="11"),  # another order
        "A2": values("A2", ACT_EFF_DT="20250101", COV="D"),
        "A4": values("A4", COV="C", PRICE2="13"),
        "A5": values("A5"),
        "A6": values("A6"),
    }
    take_in(stored, tmp_path, "2024", old)
    take_in(stored, tmp_path, "2025", new)
    take_in(stored, tmp_path, "2025-04", {"A9": values("A9")}, complete=False)
    take_in(stored, tmp_path, "2025-07", old)
    assert assert_changes_agree(stored) > 0
    by_code = rows(stored, "SELECT code, field FROM hcpcs_change WHERE new_label = '2025' AND status = 'changed'")
    assert set(by_code) == {
        ("A2", "coverage_code"),
        ("A4", "coverage_code"),
        ("A4", "pricing_indicators"),
        ("A6", "termination_date"),
    }


# hcpcs_validity


def test_spans_are_those_of_the_lives(stored: Stored, tmp_path: Path) -> None:
    ended = values("A2", TERM_DT="20241231")
    releases: dict[str, dict[str, Mapping[str, str]]] = {
        "2018": {"A1": values("A1"), "A2": values("A2"), "A3": values("A3"), "A7": values("A7")},
        "2019": {"A1": values("A1", ADD_DT="20110101"), "A2": ended, "A6": values("A6", ADD_DT="20190101")},
        "2020": {"A1": values("A1", ADD_DT="20110101"), "A2": ended, "A3": values("A3"), "A5": values("A5")},
        "2025": {
            "A1": values("A1", ADD_DT="20110101", TERM_DT="20250331"),
            "A2": values("A2", ACTION_CD="R", ACT_EFF_DT="20250401"),
            "A3": values("A3"),
            "A5": values("A5", ACTION_CD="R", ACT_EFF_DT="20200101"),
            "A7": values("A7", ADD_DT="20250101", ACT_EFF_DT="20250101"),
        },
    }
    for label, release in releases.items():
        take_in(stored, tmp_path, label, release)
    view, lives = spans(stored, stored.codes)
    assert view == lives
    assert view["A2"] == [("2010-01-01", "2024-12-31"), ("2025-04-01", None)]  # reactivated
    assert view["A6"] == [("2019-01-01", "2019-12-31")]  # dropped, without a last day
    assert view["A7"] == [("2010-01-01", "2018-12-31"), ("2025-01-01", None)]  # dropped, and added anew


def test_of_cms_releases_the_views_say_what_tracker_says(releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        assert assert_changes_agree(stored) > 10_000
        # A server is asked code by code for a minute: there every tenth will do.
        asked = sorted(stored.codes)[:: 1 if stored.home.database_url is None else 10]
        view, lives = spans(stored, {*asked, *REUSED})
        assert view.keys() == stored.codes
        assert {code for code in lives if view[code] != lives[code]} == REUSED
        assert all(name in DOC for name in ("CS", "G9890", "G9891", "M1009 to M1015", "Q4158"))


# The doc


@pytest.mark.parametrize("query", re.findall(r"```sql\n(.*?)```", DOC, re.DOTALL))
def test_the_queries_of_the_doc_find_something(stored: Stored, tmp_path: Path, query: str) -> None:
    take_in(stored, tmp_path, "2025", {"J1940": values("J1940"), "J1941": values("J1941")})
    take_in(stored, tmp_path, "2025-10", {"J1940": values("J1940", TERM_DT="20250930"), "J1941": values("J1941")})
    take_in(stored, tmp_path, "2026", {"J1940": values("J1940", TERM_DT="20250930"), "J1941": values("J1941")})
    assert rows(stored, query)
