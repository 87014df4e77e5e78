"""The report as JSON, and its published schema."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from tests.made_up import (
    FIELDS,
    MADE_UP,
    diff_between,
    diff_of,
    explained,
    record,
    snapshot,
    snapshots,
    view_of,
)
from tests.support import NOW
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.app.write_report import view_diff
from tracker.diff.select import EVERYTHING
from tracker.hcpcs.catalogue import FIELDS as HCPCS_FIELDS
from tracker.hcpcs.event_list import EVENTS
from tracker.home import Home
from tracker.model import (
    Basis,
    Diff,
    Event,
    Facet,
    Finding,
    Format,
    Kind,
    Level,
    Selection,
    Snapshot,
    Status,
    Successor,
)
from tracker.report import render as render_as
from tracker.report.json import SCHEMA, render
from tracker.report.view import build_view

CHECKOUT = Path(__file__).parents[2]
Content = dict[str, Any]


def content_of(diff: Diff) -> Content:
    content: Content = json.loads(render(view_of(diff)))
    return content


def test_the_whole_of_a_small_diff() -> None:
    diff = diff_of(
        snapshot("2025", record("A0001", ["remark"], text="one", prices=("00", "11")), record("B0001", text="gone")),
        snapshot("2025-10", record("A0001", prices=("11",), last_day="2025-12-31"), record("ZZ", text="new")),
    )
    source = {"name": "made up", "format": "zip", "size": 1, "sha256": "ab" * 32}
    side = {"revision": 1, "complete": True, "digest": "cd" * 32, "source": source}
    assert content_of(diff) == {
        "schema": 1,
        "old": {"label": "2025", "effective_date": "2025-01-01", **side},
        "new": {"label": "2025-10", "effective_date": "2025-10-01", **side},
        "counts": {
            "old": 2,
            "new": 2,
            "added": 1,
            "added_ended": 0,
            "removed": 1,
            "ended": 1,
            "changed": 1,
            "administrative": 0,
            "fields": {"text": 1, "last_day": 1, "prices": 1},
            "levels": {"act": 2, "review": 2, "note": 1},
            "events": {"came": 1, "ended": 1, "retold": 1, "repriced": 1, "gone": 1},
            "waived": 0,
        },
        "remarks": ["not known on one side or both, and not compared, for 1 code: remark"],
        "selection": None,
        "not_compared": {"codes_old": 0, "codes_new": 0, "fields": {"remark": 1}},
        "audit": [],
        "changes": [
            {
                "code": "A0001",
                "kind": "procedure",
                "status": "changed",
                "administrative": False,
                "fields": [
                    {"field": "text", "facet": "description", "old": "one", "new": None},
                    {"field": "last_day", "facet": "dates", "old": None, "new": "2025-12-31"},
                    {"field": "prices", "facet": "payment", "old": ["00", "11"], "new": ["11"]},
                ],
                "events": [
                    {"id": "ended", "level": "act", "text": "It has a last day.", "fields": ["last_day"]},
                    {"id": "retold", "level": "review", "text": "Its text is another one.", "fields": ["text"]},
                    {"id": "repriced", "level": "note", "text": "Its price is another one.", "fields": ["prices"]},
                ],
                "successors": [],
                "record": {"code": "A0001", "kind": "procedure", "last_day": "2025-12-31", "prices": ["11"]},
            },
            {
                "code": "B0001",
                "kind": "procedure",
                "status": "removed",
                "administrative": False,
                "fields": [],
                "events": [{"id": "gone", "level": "act", "text": "It is not there any more.", "fields": []}],
                "record": {"code": "B0001", "kind": "procedure", "text": "gone"},
            },
            {
                "code": "ZZ",
                "kind": "modifier",
                "status": "added",
                "administrative": False,
                "fields": [],
                "events": [{"id": "came", "level": "review", "text": "It is new.", "fields": []}],
                "record": {"code": "ZZ", "kind": "modifier", "text": "new"},
            },
        ],
    }


def test_a_list_that_is_not_there_is_empty_and_what_is_not_known_is_named() -> None:
    (change,) = content_of(
        diff_between([record("A0001")], [record("A0001", ["text", "remark"], prices=("11",))]),
    )["changes"]
    assert change["fields"] == [{"field": "prices", "facet": "payment", "old": [], "new": ["11"]}]
    assert change["record"]["unknown"] == ["remark", "text"]


def test_events_successors_and_findings_are_told_whole() -> None:
    ended = Event("ended", Level.REVIEW, "It ends.", ("last_day",), waived="agreed")
    successors = (
        Successor("B0001", Basis.DECLARED, 1.0, None, "cross reference"),
        Successor("B0002", Basis.SUGGESTED, 0.8, 20, "same drug"),
    )
    diff = diff_between([record("A0001")], [record("A0001", last_day="2025-12-31")])
    diff = replace(diff, changes=tuple(replace(one, events=(ended,), successors=successors) for one in diff.changes))
    findings = [Finding("silent", "A0001", "last day changed."), Finding("late", "ZZ", "Effective early.", "why")]
    content = json.loads(render(build_view(MADE_UP, diff, audit=findings)))
    (change,) = content["changes"]
    assert change["events"] == [
        {"id": "ended", "level": "review", "text": "It ends.", "fields": ["last_day"], "waived": "agreed"}
    ]
    assert change["successors"] == [
        {"code": "B0001", "basis": "declared", "score": 1.0, "units": None, "why": "cross reference"},
        {"code": "B0002", "basis": "suggested", "score": 0.8, "units": 20, "why": "same drug"},
    ]
    assert content["audit"] == [
        {"kind": "silent", "code": "A0001", "text": "last day changed.", "explained": ""},
        {"kind": "late", "code": "ZZ", "text": "Effective early.", "explained": "why"},
    ]
    assert content["counts"]["waived"] == 1


def test_what_was_asked_for_is_told() -> None:
    selection = Selection(
        frozenset({Facet.PAYMENT, Facet.DATES}), ("j*", "A1"), Kind.MODIFIER, frozenset({"gone", "came"}), Level.REVIEW
    )
    content = json.loads(render(build_view(MADE_UP, diff_between([], []), selection=selection)))
    assert content["selection"] == {
        "facets": ["dates", "payment"],
        "codes": ["j*", "A1"],
        "kind": "modifier",
        "events": ["came", "gone"],
        "level": "review",
    }


def test_nothing_changed() -> None:
    assert content_of(diff_between([], []))["changes"] == []


@given(snapshots("2025"), snapshots("2026"))
def test_one_line_a_change_and_the_same_bytes_again(old: Snapshot, new: Snapshot) -> None:
    diff = diff_of(old, new)
    written = render(view_of(diff))
    lines = [line.rstrip(",") for line in written.decode().split("\n") if line.startswith('{"code":')]
    assert [json.loads(line)["code"] for line in lines] == [change.code for change in diff.changes]
    assert [json.loads(line) for line in lines] == json.loads(written)["changes"]
    assert written.endswith(b"}\n")
    assert written == render(view_of(diff_of(old, new)))


@given(snapshots("2025"), snapshots("2026"))
def test_all_of_the_diff_is_in_it(old: Snapshot, new: Snapshot) -> None:
    diff = explained(diff_of(old, new))
    content = content_of(diff)
    counts = content["counts"]
    by_status = {status: [one for one in content["changes"] if one["status"] == status] for status in Status}
    assert {status: counts[status] for status in Status} == {status: len(found) for status, found in by_status.items()}
    for change, one in zip(diff.changes, content["changes"], strict=True):
        assert [field["field"] for field in one["fields"]] == [field.field for field in change.fields]
        for field, said in zip(change.fields, one["fields"], strict=True):
            nothing: object = [] if FIELDS[field.field].repeated else None
            for value, told in ((field.old, said["old"]), (field.new, said["new"])):
                assert told == (nothing if value is None else list(value) if isinstance(value, tuple) else value)
        assert [event["id"] for event in one["events"]] == [event.id for event in change.events]
        assert ("successors" in one) is any(event.id == "ended" for event in change.events)
    events = [event for one in content["changes"] for event in one["events"]]
    assert counts["events"] == dict(Counter(event["id"] for event in events))
    assert counts["levels"] == dict.fromkeys(Level, 0) | Counter(event["level"] for event in events)


@pytest.mark.parametrize("text", ['=HYPERLINK("a","b")', "a|b \\ 'c' \"d\"", "x" * 5000, "ü → \u2028", "</script>"])
def test_hostile_texts_come_back(text: str) -> None:
    (change,) = content_of(diff_between([], [record("A1", text=text, prices=(text,))]))["changes"]
    assert change["record"]["text"] == text
    assert change["record"]["prices"] == [text]


# ---------------------------------------------------------------- the published schema


@pytest.fixture(scope="session")
def schema() -> Content:
    content: Content = json.loads((CHECKOUT / "docs/diff.schema.json").read_text(encoding="utf-8"))
    return content


@pytest.fixture(scope="session")
def require_valid(schema: Content) -> Callable[[object], None]:
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema, format_checker=FormatChecker(["date"])).validate


@pytest.fixture
def bundled(tmp_path: Path) -> Path:
    """Give a home with the two excerpts that come with the source."""
    (tmp_path / "snapshots").mkdir()
    for name in ("2025.r1.jsonl", "2026.r1.jsonl"):
        shutil.copy(CHECKOUT / "snapshots" / name, tmp_path / "snapshots")
    return tmp_path


def test_the_schema_names_the_catalogues_fields(schema: Content) -> None:
    definitions = schema["$defs"]
    names = list(HCPCS_FIELDS)
    repeated = [name for name, field in HCPCS_FIELDS.items() if field.repeated]
    properties = definitions["record"]["properties"]
    assert definitions["field_name"]["enum"] == names
    assert list(properties) == ["code", "kind", *names, "unknown"]
    assert [name for name in names if "minItems" in properties[name]] == repeated
    assert definitions["field_change"]["if"]["properties"]["field"]["enum"] == repeated
    assert {
        case["then"]["properties"]["facet"]["const"]: case["if"]["properties"]["field"]["enum"]
        for case in definitions["field_change"]["allOf"]
    } == {facet: [name for name in names if HCPCS_FIELDS[name].facet is facet] for facet in Facet}


def test_the_schema_names_the_models_words(schema: Content) -> None:
    definitions = schema["$defs"]
    assert definitions["facet"]["enum"] == list(Facet)
    assert definitions["kind"]["enum"] == list(Kind)
    assert definitions["level"]["enum"] == list(Level)
    assert list(definitions["counts"]["properties"]["levels"]["properties"]) == list(Level)
    assert definitions["selection"]["properties"]["kind"]["enum"] == [*Kind, None]
    assert definitions["selection"]["properties"]["level"]["enum"] == [*Level, None]
    assert definitions["successor"]["properties"]["basis"]["enum"] == list(Basis)
    assert definitions["change"]["properties"]["status"]["enum"] == list(Status)
    assert schema["properties"]["schema"]["const"] == SCHEMA


def test_the_schema_names_the_events(schema: Content) -> None:
    definitions = schema["$defs"]
    assert definitions["event_id"]["enum"] == list(EVENTS)
    added, removed, ends = definitions["change"]["allOf"]
    assert ends["if"]["properties"]["events"]["contains"]["properties"]["id"]["enum"] == [
        name for name, kind in EVENTS.items() if kind.ends
    ]
    of_one_side = {
        name
        for one in (added, removed)
        for name in one["then"]["properties"]["events"]["items"]["properties"]["id"]["enum"]
    }
    never = definitions["change"]["then"]["properties"]["events"]["items"]["properties"]["id"]["not"]["enum"]
    assert of_one_side - set(never) == {"effective-retroactive"}
    assert set(never) < of_one_side <= set(EVENTS)


def test_everything_in_the_schema_is_described(schema: Content) -> None:
    def undescribed(place: str, part: Content) -> Iterator[str]:
        for name, content in part.get("properties", {}).items():
            target = schema["$defs"][content["$ref"].rpartition("/")[2]] if "$ref" in content else {}
            if not content.get("description") and not target.get("description"):
                yield f"{place}/{name}"
            yield from undescribed(f"{place}/{name}", content)

    places = {"": schema, **schema["$defs"]}
    assert [one for place, part in places.items() for one in undescribed(place, part)] == []


def test_the_bundled_excerpts_follow_the_schema(require_valid: Callable[[object], None], bundled: Path) -> None:
    for sides in (("2025", "2026"), ("2026", "2025"), ("2025", "2025")):
        command = [sys.executable, "-c", "from tracker.cli import main; main()", "diff", *sides]
        done = subprocess.run([*command, "--format", "json", "--home", bundled], capture_output=True, check=True)
        content = json.loads(done.stdout)
        require_valid(content)
        assert len(content["changes"]) == (0 if sides == ("2025", "2025") else 42)


def test_a_part_of_a_diff_follows_the_schema(require_valid: Callable[[object], None], bundled: Path) -> None:
    with open_stored(Home(bundled)) as stored:
        for selection in (
            Selection(frozenset({Facet.DESCRIPTION, Facet.PAYMENT})),
            Selection(codes=("J*",)),
            Selection(kind=Kind.MODIFIER),
            Selection(events=frozenset({"effective-retroactive", "code-added"})),
            Selection(level=Level.ACT),
            Selection(frozenset({Facet.ACTION}), ("j*",), Kind.PROCEDURE, frozenset({"code-discontinued"}), Level.ACT),
        ):
            diff = compare_releases(stored, "2025", "2026", selection)
            content = json.loads(render_as(view_diff(stored, diff, selection), Format.JSON))
            require_valid(content)
            assert content["selection"]
            assert bool(content["changes"]) is (selection != Selection(kind=Kind.MODIFIER))


def test_cms_own_releases_follow_the_schema(
    require_valid: Callable[[object], None], releases_dir: Path, tmp_path: Path
) -> None:
    files = sorted(
        path for path in releases_dir.rglob("*") if path.suffix in {".zip", ".xlsx"} and "Corrections" not in path.name
    )
    with open_stored(Home(tmp_path), to_write=True) as stored:
        labels = sorted(import_path(stored, path, Options(), NOW)[0].release.label for path in files)
        assert len(labels) > 1
        for old, new in pairwise(labels):
            diff = compare_releases(stored, old, new)
            require_valid(json.loads(render_as(view_diff(stored, diff, EVERYTHING), Format.JSON)))


VALID: Content = {
    "code": "A0001",
    "kind": "procedure",
    "status": "changed",
    "administrative": False,
    "fields": [{"field": "betos", "facet": "classification", "old": "Z2", "new": None}],
    "events": [{"id": "classification-changed", "level": "review", "text": "Betos went.", "fields": ["betos"]}],
    "record": {"code": "A0001", "kind": "procedure"},
}
SUCCESSOR: Content = {"code": "J1938", "basis": "suggested", "score": 0.9, "units": 20, "why": "same drug"}
ENDED: Content = {
    **VALID,
    "fields": [{"field": "termination_date", "facet": "dates", "old": None, "new": "2025-03-31"}],
    "events": [
        {"id": "code-discontinued", "level": "act", "text": "It ends.", "fields": ["termination_date"], "waived": "x"},
        {"id": "effective-retroactive", "level": "act", "text": "Since long.", "fields": []},
    ],
    "successors": [SUCCESSOR, {**SUCCESSOR, "code": "53854", "basis": "declared", "units": None}],
}
ADDED: Content = {
    **VALID,
    "status": "added",
    "fields": [],
    "events": [{"id": "code-added", "level": "review", "text": "It came.", "fields": []}],
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "a0001"},
        {"kind": "drug"},
        {"status": "ended"},
        {"status": "added"},
        {"status": "removed", "fields": [], "administrative": True},
        {"other": 1},
        {"record": {"code": "A0001", "kind": "procedure", "colour": "red"}},
        {"record": {"code": "A0001", "kind": "procedure", "pricing_indicators": "00"}},
        {"record": {"code": "A0001", "kind": "procedure", "pricing_indicators": []}},
        {"record": {"code": "A0001", "kind": "procedure", "betos": ""}},
        {"record": {"code": "A0001", "kind": "procedure", "unknown": ["colour"]}},
        {"fields": [{"field": "colour", "facet": "classification", "old": "Z2", "new": None}]},
        {"fields": [{"field": "betos", "facet": "payment", "old": "Z2", "new": None}]},
        {"fields": [{"field": "betos", "facet": "classification", "old": None, "new": None}]},
        {"fields": [{"field": "betos", "facet": "classification", "old": ["Z2"], "new": None}]},
        {"fields": [{"field": "betos", "facet": "classification", "old": 2, "new": None}]},
        {"fields": [{"field": "types_of_service", "facet": "classification", "old": "1", "new": []}]},
        {"fields": [{"field": "types_of_service", "facet": "classification", "old": [], "new": []}]},
        {"fields": [{"field": "types_of_service", "facet": "classification", "old": None, "new": ["1"]}]},
    ],
)
def test_the_schema_is_strict(schema: Content, wrong: Content) -> None:
    validator = Draft202012Validator({"$ref": "#/$defs/change", "$defs": schema["$defs"]})
    assert validator.is_valid(VALID)
    assert not validator.is_valid(VALID | wrong)


def events(**changed: object) -> Content:
    return {"events": [{**VALID["events"][0], **changed}]}


@pytest.mark.parametrize(
    ("change", "wrong"),
    [
        (VALID, {"events": []}),
        (VALID, events(id="betos-changed")),
        (VALID, events(level="urgent")),
        (VALID, events(text="")),
        (VALID, events(fields=["colour"])),
        (VALID, events(fields=["betos", "betos"])),
        (VALID, events(waived="")),
        (VALID, events(other=1)),
        (VALID, events(id="code-added", fields=[])),
        (VALID, events(id="code-purged", fields=[])),
        (VALID, {"successors": []}),
        (ADDED, {"events": [*ADDED["events"], *VALID["events"]]}),
        (ADDED, {"events": [{**ADDED["events"][0], "fields": ["betos"]}]}),
        (ADDED, {"events": [{**ADDED["events"][0], "id": "code-purged"}]}),
        (ADDED, {"events": [{**ADDED["events"][0], "id": "code-added-and-ended"}]}),
        (ADDED, {"status": "removed"}),
        (ENDED, {"events": VALID["events"]}),
        (ENDED, {"successors": [{**SUCCESSOR, "basis": "guessed"}]}),
        (ENDED, {"successors": [{**SUCCESSOR, "score": 1.1}]}),
        (ENDED, {"successors": [{**SUCCESSOR, "units": 0}]}),
        (ENDED, {"successors": [{**SUCCESSOR, "units": "20"}]}),
        (ENDED, {"successors": [{**SUCCESSOR, "why": ""}]}),
        (ENDED, {"successors": [{**SUCCESSOR, "other": 1}]}),
        (ENDED, {"successors": None}),
    ],
)
def test_the_schema_is_strict_on_events_and_successors(schema: Content, change: Content, wrong: Content) -> None:
    validator = Draft202012Validator({"$ref": "#/$defs/change", "$defs": schema["$defs"]})
    assert validator.is_valid(change)
    assert not validator.is_valid(change | wrong)
    assert not validator.is_valid({name: value for name, value in change.items() if name != "events"})


def test_an_ended_code_has_successors_or_says_that_there_are_none(schema: Content) -> None:
    validator = Draft202012Validator({"$ref": "#/$defs/change", "$defs": schema["$defs"]})
    assert validator.is_valid(ENDED | {"successors": []})
    assert not validator.is_valid({name: value for name, value in ENDED.items() if name != "successors"})


def test_a_changed_code_without_a_field_stands_only_in_a_part(
    require_valid: Callable[[object], None], schema: Content
) -> None:
    """A retroactive end has no field of its own."""
    content = json.loads(render(view_of(diff_between([], []))))
    selection = {"facets": [], "codes": [], "kind": None, "events": ["effective-retroactive"], "level": None}
    retroactive = {**VALID, "fields": [], "events": [ENDED["events"][1]]}
    require_valid(content | {"changes": [retroactive], "selection": selection})
    assert not Draft202012Validator(schema).is_valid(content | {"changes": [retroactive]})


def test_a_sides_header_is_strict(require_valid: Callable[[object], None], schema: Content) -> None:
    content = json.loads(render(view_of(diff_between([], []))))
    require_valid(content)
    validator = Draft202012Validator(schema, format_checker=FormatChecker(["date"]))
    side = content["old"]
    for wrong in (
        {"label": "2025-02"},
        {"revision": 0},
        {"effective_date": "2025-02-30"},
        {"digest": "x"},
        {"complete": "yes"},
        {"source": {**side["source"], "path": "/home"}},
    ):
        assert not validator.is_valid(content | {"old": side | wrong})
    for name in content:
        assert not validator.is_valid({key: value for key, value in content.items() if key != name})
    counts: Content = content["counts"]
    for name in counts:
        assert not validator.is_valid(content | {"counts": {key: counts[key] for key in counts if key != name}})
    wrong_counts: tuple[Content, ...] = (
        {"levels": {"act": 0, "review": 0}},
        {"levels": {**counts["levels"], "urgent": 1}},
        {"events": {"code-added": 0}},
        {"events": {"no-such": 1}},
        {"waived": -1},
    )
    for one in wrong_counts:
        assert not validator.is_valid(content | {"counts": counts | one})


def test_a_selection_and_a_finding_are_strict(require_valid: Callable[[object], None], schema: Content) -> None:
    content = json.loads(render(view_of(diff_between([], []))))
    validator = Draft202012Validator(schema)
    selection: Content = {"facets": [], "codes": [], "kind": None, "events": [], "level": None}
    wrong_selections: tuple[Content, ...] = (
        {},
        {"facets": ["colour"]},
        {"codes": [""]},
        {"kind": "drug"},
        {"events": ["no-such"]},
        {"level": "urgent"},
        {"codes": ["J*"], "other": 1},
    )
    for one in wrong_selections:
        assert not validator.is_valid(content | {"selection": selection | one})
    require_valid(content | {"selection": selection | {"level": "act"}})
    finding: Content = {"kind": "silent", "code": "A0001", "text": "x", "explained": ""}
    require_valid(content | {"audit": [finding]})
    wrong_findings: tuple[Content, ...] = (
        {"kind": "report"},
        {"code": ""},
        {"text": ""},
        {"explained": None},
        {"x": 1},
    )
    for one in wrong_findings:
        assert not validator.is_valid(content | {"audit": [finding | one]})
    assert not validator.is_valid(content | {"imported_at": "now"})
