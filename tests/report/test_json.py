"""The report as JSON, and its published schema."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from jsonschema import Draft202012Validator, FormatChecker

from tests.made_up import FIELDS, diff_between, diff_of, record, snapshot, snapshots, view_of
from tests.support import NOW
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.app.write_report import render as render_as
from tracker.app.write_report import view_diff
from tracker.diff.select import EVERYTHING, Selection
from tracker.hcpcs.catalogue import FIELDS as HCPCS_FIELDS
from tracker.home import Home
from tracker.model import Diff, Facet, Format, Kind, Snapshot, Status
from tracker.report.json import SCHEMA, render

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
        },
        "not_compared": {"codes_old": 0, "codes_new": 0, "fields": {"remark": 1}},
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
                "record": {"code": "A0001", "kind": "procedure", "last_day": "2025-12-31", "prices": ["11"]},
            },
            {
                "code": "B0001",
                "kind": "procedure",
                "status": "removed",
                "administrative": False,
                "fields": [],
                "record": {"code": "B0001", "kind": "procedure", "text": "gone"},
            },
            {
                "code": "ZZ",
                "kind": "modifier",
                "status": "added",
                "administrative": False,
                "fields": [],
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
    diff = diff_of(old, new)
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
    assert definitions["change"]["properties"]["status"]["enum"] == list(Status)
    assert schema["properties"]["schema"]["const"] == SCHEMA


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
        ):
            diff = compare_releases(stored, "2025", "2026", selection)
            require_valid(json.loads(render_as(view_diff(stored, diff, selection), Format.JSON)))


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
    "record": {"code": "A0001", "kind": "procedure"},
}


@pytest.mark.parametrize(
    "wrong",
    [
        {"code": "a0001"},
        {"kind": "drug"},
        {"status": "ended"},
        {"fields": []},
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
    assert not validator.is_valid({name: value for name, value in content.items() if name != "counts"})
    assert not validator.is_valid(content | {"imported_at": "now"})
