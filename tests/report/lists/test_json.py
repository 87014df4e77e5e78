"""A list as JSON, and its published schema."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from tests.report.lists.list_views import ADDED, OWN, VALID, answer, chargemaster, empty, found, many, view_of
from tracker.model import Level
from tracker.report.lists.json import SCHEMA, render, unique
from tracker.report.lists.view import Group, ListRow, ListView, Point

Content = dict[str, Any]


def content_of(view: ListView) -> Content:
    content: Content = json.loads(b"".join(render(view)))
    return content


@pytest.fixture(scope="module")
def schema() -> Content:
    path = Path(__file__).parents[3] / "docs" / "list.schema.json"
    content: Content = json.loads(path.read_text(encoding="utf-8"))
    Draft202012Validator.check_schema(content)
    return content


@pytest.mark.parametrize("view", [chargemaster, found, empty, lambda: many(3000)])
def test_lists_are_of_the_published_schema(schema: Content, view: Callable[[], ListView]) -> None:
    content = content_of(view())
    assert content["schema"] == SCHEMA == schema["properties"]["schema"]["const"]
    assert [error.message for error in Draft202012Validator(schema).iter_errors(content)] == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"schema": 2},
        {"title": ""},
        {"facts": [{"name": "old"}]},
        {"counts": [{"number": -1, "what": "rows"}]},
        {"remarks": [""]},
        {"groups": [{"title": "x"}]},
        {"columns": ["a", "a"]},
        {"added": [{"name": "row", "title": "Row"}]},
        {"rows": [{"row": 0, "own": {}, "level": None}]},
        {"rows": [{"row": 1, "own": {}}]},
        {"rows": [{"row": 1, "own": {"a": []}, "level": None}]},
        {"rows": [{"row": 1, "own": {}, "level": "urgent"}]},
        {"rows": [{"row": 1, "own": {}, "level": None, "status": ""}]},
        {"other": 1},
    ],
)
def test_the_schema_is_strict(schema: Content, wrong: Content) -> None:
    content = content_of(chargemaster())
    assert not Draft202012Validator(schema).is_valid(content | wrong)


def test_a_row() -> None:
    content = content_of(chargemaster())
    assert content["columns"] == list(OWN)
    assert content["added"] == [{"name": column.name, "title": column.title} for column in ADDED]
    row = content["rows"][1]
    assert row["row"] == 3
    assert row["own"] == {
        "Charge": "1002",
        "HCPCS": "j0002 ",
        "Description": "Pear juice, inj.",
        "Price": 12,
        "Unit": "20 mg",
        "Department": "Pharmacy",
        "Since": "2019-07-01",
        "Active": True,
    }
    told = {name: value for name, value in row.items() if name not in {"row", "own"}}
    assert told == {
        "level": "act",
        "code": "J0002",
        "modifiers": None,
        "status": "discontinued",
        "events": "code-discontinued",
        "what_happened": "Discontinued: last valid day 2025-03-31.",
        "last_valid_day": "2025-03-31",
        "successors": "J0003; J0004",
        "billing_units": 20,
        "new_description": "Injection, pear juice, up to 20 mg",
        "what_to_do": "Stop billing it after its last valid day; choose what takes its place.",
        "own_description": None,
    }


def test_the_summary() -> None:
    content = content_of(chargemaster())
    assert content["counts"][0] == {"number": 3, "what": "discontinued"}
    assert content["facts"][2] == {"name": "codes", "text": "column 2, 'HCPCS'"}
    assert content["groups"][2] == {
        "title": "Changed",
        "points": [
            {
                "code": "B0006",
                "level": "review",
                "lines": ["Reworded: sliced → sliced or whole."],
                "number": 40,
                "rows": [6, 17, 19],
            }
        ],
    }
    assert content["groups"][4]["points"][0]["code"] is None


def test_a_search_has_no_own_cells_and_no_numbers() -> None:
    (first, _) = content_of(found())["rows"]
    assert (first["row"], first["own"], first["level"], first["score"]) == (None, {}, None, 1)
    zero = Group("Best first", (Point("A0001", None, ("x",), 0, (0,)),))
    assert content_of(replace(found(), groups=(zero,)))["groups"][0]["points"][0]["rows"] == []


def test_a_row_is_a_line() -> None:
    lines = b"".join(render(many(4500))).decode().splitlines()
    begin = lines.index('"rows":[') + 1
    for place, line in enumerate(lines[begin:-1]):
        assert json.loads(line.removesuffix(","))["row"] == place + 2
    assert lines[-1] == "]}"
    assert len(lines) == begin + 4500 + 1


def test_the_level_of_a_row_is_the_answers() -> None:
    """Also where no column says it."""
    rows = (ListRow(2, ("x",), answer(Level.ACT)), ListRow(3, ("x",), VALID))
    assert [row["level"] for row in content_of(view_of(rows, columns=("HCPCS",)))["rows"]] == ["act", None]


@pytest.mark.parametrize(
    ("headings", "expected"),
    [
        (["a", "b"], ["a", "b"]),
        (["a", "a", "a"], ["a", "a (2)", "a (3)"]),
        (["a", "a", "a (2)"], ["a", "a (3)", "a (2)"]),
        (["a (2)", "a", "a"], ["a (2)", "a", "a (3)"]),
        (["", "x", ""], ["column A", "x", "column C"]),
        (["", "column A"], ["column A (2)", "column A"]),
        (["A", "a"], ["A", "a"]),
    ],
)
def test_headings_become_names(headings: list[str], expected: list[str]) -> None:
    assert unique(headings) == expected


@given(st.lists(st.sampled_from(["", "a", "a (2)", "a (3)", "column A", "b"]), max_size=8))
def test_names_are_unique_and_the_first_of_a_heading_keeps_it(headings: list[str]) -> None:
    names = unique(headings)
    assert len(set(names)) == len(names) == len(headings)
    assert all(names[headings.index(heading)] == heading for heading in set(headings) - {""})


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        (1.0, 1),
        (1.5, 1.5),
        (-0.0, 0),
        (1e300, 1e300),
        (float("nan"), None),
        (float("inf"), None),
        (True, True),
        (0, 0),
        ("", ""),
        ("0088", "0088"),
        (timedelta(hours=25), "1 day, 1:00:00"),
    ],
)
def test_a_cell_of_the_user(cell: Any, expected: object) -> None:
    (row,) = content_of(view_of((ListRow(2, (cell,), VALID),), columns=("x",)))["rows"]
    assert row["own"] == {"x": expected}
    assert type(row["own"]["x"]) is type(expected)


@given(st.text(), st.text())
def test_any_text_comes_back(own: str, told: str) -> None:
    """Half a character too: JSON can hold it."""
    view = view_of((ListRow(2, (own,), answer(code=told)),), columns=(own,), title=told)
    content = content_of(view)
    assert content["title"] == told
    assert content["rows"][0]["own"] == {own or "column A": own}
    assert content["rows"][0]["code"] == (told or None)
