"""The changelog in each format: it says all, escapes all, and is the same bytes every time."""

from __future__ import annotations

import csv
import html
import io
import json
import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from openpyxl import load_workbook
from referencing import Registry, Resource

from tests.made_up import record
from tests.report.changelog.changelogs import changelog, small
from tests.report.hostile import Page, squeezed, structure_and_text
from tests.support import only_on
from tracker.app.changelog import view_changelog
from tracker.app.stored import open_stored
from tracker.home import Home
from tracker.model import Format
from tracker.policy import EMPTY
from tracker.report.changelog import render
from tracker.report.changelog.text import lines
from tracker.report.changelog.view import ChangelogView, Sort, build_changelog
from tracker.report.json import render as render_step
from tracker.report.table import COLUMNS
from tracker.report.table import render as render_table

CHECKOUT = Path(__file__).parents[3]
Content = dict[str, Any]


def text_of(view: ChangelogView, form: Format) -> str:
    return structure_and_text(form, render(view, form))[1]


@pytest.mark.parametrize("form", [Format.TEXT, Format.HTML, Format.MARKDOWN, Format.XLSX])
def test_every_format_for_people_says_the_same(form: Format) -> None:
    shown = squeezed(text_of(small(), form))
    for told in (
        "2018 → 2019",
        "2018 → 2020, directly",
        "2018@1: 5 codes, complete, effective 2018-01-01, from made up",
        "something to know",
        "Added and ended",
        "Valid from 2018-07-01 to 2019-06-30.",
        "Ended in between (last valid day 2018-12-31); in 2020 it has no end.",
        "Text: another one in 2019; prices 11 in 2018, 22 in 2019, 11, 22 in 2020.",
        "covered up in between: another letter day or letter of 2 codes",
        "Modifiers: text",
        "came",
    ):
        assert squeezed(told) in shown, told


def test_text() -> None:
    told = render(small(), Format.TEXT).decode()
    head, _, rest = told.partition("\n\n")
    table, _, rest = rest.partition("  note  ")
    assert head.splitlines() == [
        "2018 → 2020, step by step",
        "  2018@1: 5 codes, complete, effective 2018-01-01, from made up",
        "  2019@1: 6 codes, complete, effective 2019-01-01, from made up",
        "  2020@1: 6 codes, complete, effective 2020-01-01, from made up",
    ]
    assert [line.split() for line in table.splitlines()] == [
        ["added", "removed", "ended", "changed", "act", "review", "note"],
        ["2018", "→", "2019", "1", "0", "1", "4", "1", "3", "3"],
        ["2019", "→", "2020", "0", "0", "1", "4", "1", "1", "4"],
        ["2018", "→", "2020,", "directly", "1", "0", "0", "2", "0", "2", "1"],
    ]
    assert (
        "Changed more than once (1)  A value stood in between that is neither in 2018 nor in 2020.\n"
        "  B0001  Text: another one in 2019; prices 11 in 2018, 22 in 2019, 11, 22 in 2020. Bread\n"
        "         2018 → 2019  review  Its text is another one. Its price is another one.\n"
        "         old  [-Bread-]\n"
        "         new  {+White bread+}\n"
    ) in rest
    assert rest.endswith(
        "By code (4)\n"
        "  A0001  2018 → 2019 ended\n"
        "  A0002  2018 → 2019 came · 2019 → 2020 ended\n"
        "  B0001  2018 → 2019 retold · 2019 → 2020 retold\n"
        "  ZZ     2018 → 2019 retold\n"
    )


def test_a_terminal_is_shown_some_of_each() -> None:
    codes = [f"A{number:04}" for number in range(4)]
    view = changelog(*([record(code, text=text) for code in codes] for text in ("one two", "one three", "one two")))
    told = "".join(f"{line}\n" for line in lines(view, 3))
    assert told.count("  … and 1 more: --all\n") == 4  # the missed, two steps, the codes
    assert "--all" not in render(view, Format.TEXT).decode()


@pytest.mark.parametrize("form", Format)
def test_nothing_changed_and_one_step(form: Format) -> None:
    for releases in (([record("A0001", text="x")],) * 3, ([record("A0001", text="x")], [record("A0001", text="y")])):
        view = changelog(*releases)
        assert view.missed == ()
        assert render(view, form)


@pytest.mark.parametrize("form", Format)
def test_the_same_changelog_is_the_same_bytes(form: Format) -> None:
    assert render(small(), form) == render(small(), form)


@pytest.mark.parametrize("form", [Format.TEXT, Format.HTML, Format.MARKDOWN, Format.XLSX])
def test_a_day_is_shown_if_one_is_given(form: Format) -> None:
    view = small()
    dated = replace(view, direct=replace(view.direct, written=date(2026, 2, 3)))
    assert "2026-02-03" in text_of(dated, form)
    assert "2026-02-03" not in text_of(view, form)


# ---------------------------------------------------------------- for programs


def test_the_table_is_that_of_each_step() -> None:
    view = small()
    rows = list(csv.DictReader(io.StringIO(render(view, Format.CSV).decode(), newline="")))
    single = [
        row for step in view.steps for row in csv.DictReader(io.StringIO(render_table(step).decode(), newline=""))
    ]
    assert rows == single
    assert {(row["old_release"], row["new_release"]) for row in rows} == {("2018@1", "2019@1"), ("2019@1", "2020@1")}
    assert tuple(rows[0]) == COLUMNS


def test_json_holds_the_steps_as_diff_writes_them() -> None:
    view = small()
    content = json.loads(render(view, Format.JSON))
    assert content["steps"] == [json.loads(render_step(step)) for step in view.steps]
    assert content["direct"] == json.loads(render_step(view.direct))
    assert (content["first"]["label"], content["last"]["label"]) == ("2018", "2020")
    assert content["remarks"] == list(view.remarks)
    assert [(one["sort"], one["code"], one["why"]) for one in content["missed"]] == [
        ("added-and-ended", "A0002", "Valid from 2018-07-01 to 2019-06-30."),
        ("ended-and-back", "A0001", "Ended in between (last valid day 2018-12-31); in 2020 it has no end."),
        ("changed-twice", "B0001", "Text: another one in 2019; prices 11 in 2018, 22 in 2019, 11, 22 in 2020."),
    ]
    (_, ended, changed) = content["missed"]
    assert [(step["old"], step["new"]) for step in ended["steps"]] == [("2018@1", "2019@1"), ("2019@1", "2020@1")]
    assert "successors" in ended
    assert "successors" not in changed
    assert changed["steps"][0]["fields"][0] == {
        "field": "text", "facet": "description", "old": "Bread", "new": "White bread"
    }  # fmt: skip
    assert content["codes"][1] == {
        "code": "A0002",
        "kind": "procedure",
        "steps": [
            {"old": "2018@1", "new": "2019@1", "events": ["came"]},
            {"old": "2019@1", "new": "2020@1", "events": ["ended"]},
        ],
    }


def schema_of(name: str) -> Content:
    content: Content = json.loads((CHECKOUT / "docs" / name).read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def require_valid() -> Callable[[object], None]:
    schema, steps = schema_of("changelog.schema.json"), schema_of("diff.schema.json")
    Draft202012Validator.check_schema(schema)
    registry: Registry[Any] = Registry().with_resource("diff.schema.json", Resource.from_contents(steps))
    return Draft202012Validator(schema, registry=registry, format_checker=FormatChecker(["date"])).validate


def test_the_schema_names_the_sorts() -> None:
    sorts = schema_of("changelog.schema.json")["$defs"]["sort"]
    assert sorts["enum"] == [sort.value for sort in Sort]
    assert all(f"{sort.value}: " in sorts["description"] for sort in Sort)


@pytest.fixture(scope="module")
def excerpts() -> Content:
    with open_stored(Home(CHECKOUT)) as stored:
        view = view_changelog(stored, "2025", "2026", policy=EMPTY, today=date(2026, 1, 1), administrative=True)
    content: Content = json.loads(render(view, Format.JSON))
    return content


def test_the_bundled_excerpts_follow_the_schema(require_valid: Callable[[object], None], excerpts: Content) -> None:
    assert excerpts["missed"]
    require_valid(excerpts)


@only_on("sqlite", "the database changes nothing of what is rendered, and a schema is slow to hold against it")
def test_cms_own_releases_follow_the_schema(require_valid: Callable[[object], None], releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        view = view_changelog(stored, "2017", "2025-10", policy=EMPTY, today=date(2026, 1, 1), administrative=True)
    content = json.loads(render(view, Format.JSON))
    assert {one["sort"] for one in content["missed"]} == {sort.value for sort in Sort} - {"no-step"}
    require_valid(content)


@pytest.mark.parametrize("name", ["first", "remarks", "missed", "codes", "direct", "steps"])
def test_the_schema_is_strict(require_valid: Callable[[object], None], excerpts: Content, name: str) -> None:
    with pytest.raises(ValidationError, match=f"'{name}' is a required property"):
        require_valid({key: value for key, value in excerpts.items() if key != name})
    with pytest.raises(ValidationError):
        require_valid(excerpts | {name: [{"other": 1}]})


# ---------------------------------------------------------------- HTML and workbook


def test_a_page_has_each_id_once_and_no_dead_link() -> None:
    page = render(small(), Format.HTML).decode()
    ids = re.findall(r' id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert set(re.findall(r' href="#([^"]*)"', page)) <= set(ids)
    assert {"A0002", "2019-A0002", "2020-A0002", "missed-A0002", "step-2020"} <= set(ids)


def test_a_page_loads_nothing_and_runs_nothing_but_its_own() -> None:
    page = Page(render(small(), Format.HTML))  # its links lead into the page
    assert [name for name, *_ in page.elements if name in {"img", "link", "iframe", "object", "base"}] == []
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', render(small(), Format.HTML).decode())
    assert policy
    assert re.match(r"default-src 'none'; script-src 'sha256-[^']*'; style-src 'sha256-", html.unescape(policy[1]))


def test_a_workbook_has_a_sheet_for_each_list() -> None:
    book = load_workbook(io.BytesIO(render(small(), Format.XLSX)))
    assert book.sheetnames == ["Overview", "Missed", "All changes", "By code", "Act 2019", "Act 2020"]
    rows = {sheet.title: [tuple(cell.value for cell in row) for row in sheet.iter_rows()] for sheet in book}
    assert rows["Missed"][0][:5] == ("Sort", "Code", "In short", "Step", "Level")
    assert [row[:2] for row in rows["Missed"][1:3]] == [("Added and ended", "A0002")] * 2
    assert {row[0] for row in rows["All changes"][1:]} == {"2018 → 2019", "2019 → 2020"}
    assert rows["By code"][:3] == [
        ("Code", "Kind", "2018 → 2019", "2019 → 2020"),
        ("A0001", "procedure", "ended", None),
        ("A0002", "procedure", "came", "ended"),
    ]
    assert rows["Act 2019"][1][1] == "A0001"


def test_a_workbook_has_room_for_many_steps() -> None:
    """Twenty years of quarters are more columns than letters."""
    view = small()
    step, other = view.steps
    many = []
    for number in range(40):
        new = replace(step.diff.new, label=f"20{30 + number}")
        many.append(replace(step if number % 2 else other, diff=replace(step.diff, new=new)))
    book = load_workbook(io.BytesIO(render(build_changelog(many, view.direct), Format.XLSX)))
    assert book["By code"].max_column == 42
    assert book["By code"].auto_filter.ref == f"A1:AP{book['By code'].max_row}"
