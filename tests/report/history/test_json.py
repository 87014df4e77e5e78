"""A history as JSON, and its published schema."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource

from tests.report.histories import eventful, history, in_part, seen, view_of
from tests.support import NOW, only_on
from tracker.app.history import view_history
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.hcpcs.catalogue import FIELDS
from tracker.home import Home
from tracker.model import Basis, Ending, Format
from tracker.report.history import render
from tracker.report.history.json import SCHEMA
from tracker.report.history.view import HistoryView

CHECKOUT = Path(__file__).parents[3]
Content = dict[str, Any]
RequireValid = Callable[[object], None]


def content_of(view: HistoryView) -> Content:
    content: Content = json.loads(render(view, Format.JSON))
    return content


def test_the_whole_of_a_small_history() -> None:
    sightings = seen("2018", text="Bread"), seen("2019", text="Cake", prices=("11",))
    content = content_of(view_of(history(*sightings), fields=["text", "prices", "remark"]))
    releases = content.pop("releases")
    assert [(one["release"]["label"], one["holds"]) for one in releases] == [("2018", True), ("2019", True)]
    (step,) = content.pop("steps")
    change = step.pop("change")
    assert step == {"old": "2018@1", "new": "2019@1", "effective": None}
    assert [event["id"] for event in change["events"]] == ["retold", "repriced"]
    assert change["fields"] == [
        {"field": "text", "facet": "description", "old": "Bread", "new": "Cake"},
        {"field": "prices", "facet": "payment", "old": [], "new": ["11"]},
    ]
    origin: Content = {"effective": None, "unknown": []}
    assert content == {
        "schema": 1,
        "code": "A0001",
        "kind": "procedure",
        "state": "valid",
        "lives": [
            {
                "first": "2010-01-01",
                "last": None,
                "ending": None,
                "reactivated": False,
                "releases": ["2018@1", "2019@1"],
            }
        ],
        "successors": [],
        "predecessors": [],
        "seen": "2019@1",
        "record": {"code": "A0001", "kind": "procedure", "text": "Cake", "prices": ["11"]},
        "fields": [
            {"field": "text", "value": "Cake", "came": "changed", "release": "2019@1", "before": "Bread", **origin},
            {"field": "prices", "value": ["11"], "came": "changed", "release": "2019@1", "before": [], **origin},
            {"field": "remark", "value": None, "came": "first", "release": "2018@1", "before": None, **origin},
        ],
    }


def test_all_is_told_whatever_was_asked_for() -> None:
    whole = content_of(eventful())
    assert len(whole["steps"]) == 5  # the administrative one among them
    assert [one["holds"] for one in whole["releases"]] == [False, True, True, True, False, True, None]
    assert [one["ending"] for one in whole["lives"]] == ["reused", "ended"]
    assert [(one["code"], one["units"]) for one in whole["successors"]] == [("B0001", 20), ("B0002", None)]
    assert whole["predecessors"] == [{"code": "C0001", "basis": "declared", "score": 1.0, "why": "Bread, per slice"}]
    assert whole["fields"] == []
    asked = content_of(view_of(eventful().history, fields=["text"]))
    assert asked["steps"] == whole["steps"]
    assert asked["fields"][0]["effective"] == "2025-04-01"


def test_what_is_not_known_is_null() -> None:
    part = in_part("2018", "text", text="Bread")
    (origin,) = content_of(view_of(history(part), fields=["short"]))["fields"]
    assert origin == {
        "field": "short",
        "value": None,
        "came": None,
        "release": None,
        "effective": None,
        "before": None,
        "unknown": ["2018@1"],
    }


def test_one_line_a_row_and_the_same_bytes_again() -> None:
    written = render(eventful(), Format.JSON)
    assert written == render(eventful(), Format.JSON)
    assert written.endswith(b"}\n")
    lines = written.decode().splitlines()
    assert sum(line.startswith('{"old":') for line in lines) == 5
    assert sum(line.startswith('{"first":') for line in lines) == 2


# ---------------------------------------------------------------- the published schema


@pytest.fixture(scope="module")
def schema() -> Content:
    content: Content = json.loads((CHECKOUT / "docs/history.schema.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="module")
def validator(schema: Content) -> Draft202012Validator:
    """Give a validator that finds the diff's schema, which lies beside the history's."""
    Draft202012Validator.check_schema(schema)
    beside = json.loads((CHECKOUT / "docs/diff.schema.json").read_text(encoding="utf-8"))
    registry = Registry().with_resource("diff.schema.json", Resource.from_contents(beside))
    return Draft202012Validator(schema, registry=registry, format_checker=FormatChecker(["date"]))


@pytest.fixture(scope="module")
def require_valid(validator: Draft202012Validator) -> RequireValid:
    return validator.validate


def test_the_schema_names_the_models_words(schema: Content) -> None:
    definitions = schema["$defs"]
    assert schema["properties"]["schema"]["const"] == SCHEMA
    assert definitions["life"]["properties"]["ending"]["enum"] == [*Ending, None]
    assert definitions["predecessor"]["properties"]["basis"]["enum"] == list(Basis)


def test_everything_in_the_schema_is_described(schema: Content) -> None:
    def undescribed(place: str, part: Content) -> Iterator[str]:
        for name, content in part.get("properties", {}).items():
            own = content.get("$ref", "").startswith("#/$defs/")
            target = schema["$defs"][content["$ref"].rpartition("/")[2]] if own else content
            beside = content.get("$ref", "").startswith("diff.schema.json")
            if not (content.get("description") or target.get("description") or beside):
                yield f"{place}/{name}"

    places = {"": schema, **schema["$defs"]}
    assert [one for place, part in places.items() for one in undescribed(place, part)] == []


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stored]:
    """Give the excerpts that come with the source."""
    with open_stored(Home(tmp_path_factory.mktemp("home")), to_write=True) as stored:
        for name in ("2025.r1.jsonl", "2026.r1.jsonl"):
            import_path(stored, CHECKOUT / "snapshots" / name, Options(), NOW)
        yield stored


def test_the_bundled_excerpts_follow_the_schema(require_valid: RequireValid, small: Stored) -> None:
    codes = {record.code for revision in small.currents() for record in small.records(revision)}
    assert len(codes) > 40
    for code in codes:
        require_valid(content_of(view_history(small, code, fields=FIELDS)))


@only_on("sqlite", "the database changes nothing of what is rendered, and a schema is slow to hold against it")
def test_cms_own_releases_follow_the_schema(require_valid: RequireValid, releases_home: Home) -> None:
    states = set()
    with open_stored(releases_home) as stored:
        for code in ("J1940", "J1938", "G9890", "J1440", "J0570", "DA", "G9976", "C1204", "G9637", "C9487", "S3854"):
            content = content_of(view_history(stored, code, fields=FIELDS))
            require_valid(content)
            states.add(content["state"])
    assert states == {"valid", "valid again", "ended", "gone"}


@pytest.fixture
def valid(small: Stored) -> Content:
    return content_of(view_history(small, "J1940", fields=["coverage_code"]))


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "j1940"},
        {"state": "reused"},
        {"releases": []},
        {"lives": []},
        {"seen": "2025"},
        {"fields": None},
        {"other": 1},
    ],
)
def test_the_schema_is_strict(validator: Draft202012Validator, valid: Content, wrong: Content) -> None:
    assert validator.is_valid(valid)
    assert not validator.is_valid(valid | wrong)
    for name in valid:
        assert not validator.is_valid({key: value for key, value in valid.items() if key != name})


@pytest.mark.parametrize(
    ("member", "wrong"),
    [
        ("releases", {"holds": "yes"}),
        ("releases", {"name": "2025@1"}),
        ("lives", {"first": "2025-02-30"}),
        ("lives", {"ending": None, "last": "2025-03-31"}),
        ("lives", {"ending": "ended", "last": None}),
        ("lives", {"ending": "over"}),
        ("lives", {"releases": []}),
        ("steps", {"old": "2025"}),
        ("steps", {"effective": "soon"}),
        ("steps", {"change": {}}),
        ("fields", {"field": "colour"}),
        ("fields", {"came": "later"}),
        ("fields", {"value": 1}),
        ("fields", {"unknown": ["2025"]}),
    ],
)
def test_the_schema_is_strict_on_rows(
    validator: Draft202012Validator, valid: Content, member: str, wrong: Content
) -> None:
    assert not validator.is_valid(valid | {member: [valid[member][0] | wrong]})
