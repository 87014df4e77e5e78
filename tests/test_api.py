"""The verbs from Python: the same answers as the command line's, as values."""

from __future__ import annotations

import inspect
import re
from datetime import date
from pathlib import Path

import pytest

import tracker
from tracker.api import Tracker
from tracker.errors import TrackerError, UnknownReleaseError
from tracker.model import Format, Verdict

CHECKOUT = Path(__file__).parents[1]


@pytest.fixture
def home(tmp_path: Path, database: str | None) -> Tracker:
    """Give a home with the two bundled excerpts."""
    made = tracker.open(tmp_path / "home")
    labels = [release.label for release in made.import_(CHECKOUT / "snapshots")]
    assert labels == ["2025", "2026"]
    return made


def test_releases_are_named_as_on_the_command_line(home: Tracker) -> None:
    assert [release.name for release in home.releases()] == ["2025@1", "2026@1"]
    assert home.release("latest").name == home.release("2026Q1").name == "2026@1"
    with pytest.raises(UnknownReleaseError, match="2019 is not stored"):
        home.release("2019")


def test_a_diff_has_events_and_successors(home: Tracker) -> None:
    changes = {change.code: change for change in home.diff("2025", "2026").changes}
    assert [event.id for event in changes["J1940"].events] == ["code-discontinued"]
    assert [(one.code, one.units) for one in changes["J1940"].successors] == [("J1938", 20)]


def test_codes_are_asked_for_in_any_case(home: Tracker) -> None:
    assert home.valid("j1940", date(2025, 3, 31)).verdict is Verdict.YES
    assert home.valid("J1940", "2025-04-01").verdict is Verdict.NO
    assert home.history(" j1940 ").lives[0].last == date(2025, 3, 31)
    assert home.show("j1940", on="2025-03-31").values["added_date"] == "1982-01-01"
    assert home.search("furosemid")[0].record.code == "J1938"


def test_reports_come_as_bytes(home: Tracker) -> None:
    assert home.report("2025", "2026", "html").startswith(b"<!doctype html>")
    assert home.report("2025", "2026", Format.CSV).startswith(b"code,kind,status")
    assert home.changelog("2025", "2026", "text").decode().startswith("2025 → 2026")
    assert home.audit("2025", "2026")
    assert home.problems("2026") == []
    assert home.verify() == []


def test_a_list_is_answered(home: Tracker, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("Item,HCPCS\n1,J1940-JW\n2,99213\n", encoding="utf-8")
    view = home.impact(path, "2025", "2026")
    names = [column.name for column in view.added]
    answers = [dict(zip(names, row.answer.cells, strict=True)) for row in view.rows()]
    assert [answer["status"] for answer in answers] == ["discontinued", "not in this code set"]
    assert (answers[0]["modifiers"], answers[0]["successors"]) == ("JW", "J1938")


def test_a_home_may_be_kept_open(home: Tracker, tmp_path: Path) -> None:
    with home as opened:
        assert len(opened.releases()) == 2
        opened.import_(CHECKOUT / "snapshots" / "2025.r1.jsonl")
        assert opened.valid("J1940", "2025-03-31").proof == opened.release("2026")
    assert len(home.releases()) == 2


def test_an_error_is_one_sentence(home: Tracker, tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match="write 2025-03-04 or 2025-04-03"):
        home.valid("J1940", "03/04/2025")
    with pytest.raises(TrackerError, match="no-such-file"):
        home.import_(tmp_path / "no-such-file")
    assert not (tmp_path / "empty").exists()


def test_the_page_about_it_names_every_call() -> None:
    page = (CHECKOUT / "docs" / "api.md").read_text(encoding="utf-8")
    told = {
        name: set(re.findall(r"\w+", parameters))
        for name, parameters in re.findall(r"`(\w+)\(([^)]*)\)`", page)
        if hasattr(Tracker, name)
    }
    calls = {name: call for name, call in vars(Tracker).items() if inspect.isfunction(call) and name[0] != "_"}
    assert told.keys() == calls.keys()
    for name, call in calls.items():
        assert set(inspect.signature(call).parameters) - {"self"} == told[name], name


def test_the_package_says_that_it_is_typed() -> None:
    assert (Path(tracker.__file__).parent / "py.typed").exists()


def test_an_empty_place_holds_nothing(database: str | None, tmp_path: Path) -> None:
    assert tracker.open(tmp_path / "empty").releases() == []
