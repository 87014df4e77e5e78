"""The report as CSV."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import FIELDS, MADE_UP, diff_between, diff_of, explained, record, snapshots, view_of
from tracker.model import Diff, Event, Level, Snapshot, Status, Value
from tracker.report.table import COLUMNS, render
from tracker.report.view import build_view

Row = dict[str, str]


def rows(diff: Diff) -> list[Row]:
    return list(csv.DictReader(io.StringIO(render(view_of(diff)).decode(), newline="")))


def test_one_row_a_field() -> None:
    diff = diff_between(
        [record("A0001", text="one", prices=("00", "11")), record("B0001", text="gone"), record("ZZ", letter="A")],
        [record("A0001", text="two", prices=("2 2", "11")), record("C0001", short="n"), record("ZZ", letter="N")],
    )
    assert render(view_of(diff)).decode() == (
        "code,kind,status,administrative,field,facet,old,new,event,level,old_release,new_release\n"
        "A0001,procedure,changed,no,text,description,one,two,retold,review,2025@1,2026@1\n"
        "A0001,procedure,changed,no,prices,payment,00; 11,2 2; 11,repriced,note,2025@1,2026@1\n"
        "B0001,procedure,removed,no,text,description,gone,,gone,act,2025@1,2026@1\n"
        "C0001,procedure,added,no,short,description,,n,came,review,2025@1,2026@1\n"
        "ZZ,modifier,changed,yes,letter,action,A,N,lettered,note,2025@1,2026@1\n"
    )


def test_nothing_changed_leaves_the_header() -> None:
    assert render(view_of(diff_between([], []))).decode() == ",".join(COLUMNS) + "\n"


@pytest.mark.parametrize(
    "text", ['=HYPERLINK("http://a","b")', "+1", "-1", "@SUM(A1)", "\tx", "=", "-, each", "=1|'x'"]
)
def test_a_formula_is_led_by_an_apostrophe(text: str) -> None:
    (row,) = rows(diff_between([record("A1", text=text, prices=("1",))], [record("A1", text="x", prices=("1",))]))
    assert row["old"] == f"'{text}"
    (row,) = rows(diff_between([record("A1")], [record("A1", prices=(text, "11"))]))
    assert row["new"] == f"'{text}; 11"


@pytest.mark.parametrize(
    "text", ['say "each", or not', "a|b", "x" * 5000, "a; b", "ü → \u2028", "'quoted'", "1 - 2 = -1"]
)
def test_other_texts_stand_as_they_are(text: str) -> None:
    (row,) = rows(diff_between([record("A1", text=text)], [record("A1", text="x")]))
    assert row["old"] == text


def cell(value: Value | None) -> str:
    return value if isinstance(value, str) else "; ".join(value or ())


def unguarded(text: str) -> str:
    return text[1:] if text[:2] in {f"'{sign}" for sign in "=+-@\t\r"} else text


@given(snapshots("2025"), snapshots("2026"))
def test_the_table_says_what_the_diff_says(old: Snapshot, new: Snapshot) -> None:
    diff = explained(diff_of(old, new))
    expected = []
    for change in diff.changes:
        if change.status is Status.CHANGED:
            pairs = [(field.field, cell(field.old), cell(field.new)) for field in change.fields]
        else:
            filled = [(name, cell(change.record.values[name])) for name in FIELDS if name in change.record.values]
            added = change.status is Status.ADDED
            pairs = [(name, *(("", text) if added else (text, ""))) for name, text in filled]
        expected += [(change.code, change.kind, change.status, change.administrative, *pair) for pair in pairs]
    assert [
        (
            row["code"],
            row["kind"],
            row["status"],
            row["administrative"] == "yes",
            row["field"],
            unguarded(row["old"]),
            unguarded(row["new"]),
        )
        for row in rows(diff)
    ] == expected
    assert all(row["facet"] == FIELDS[row["field"]].facet for row in rows(diff))
    events = {change.code: change.events for change in diff.changes}
    for row in rows(diff):
        (event,) = [one for one in events[row["code"]] if not one.fields or row["field"] in one.fields]
        assert (row["event"], row["level"]) == (event.id, event.level)


def test_a_field_that_proves_nothing_that_was_asked_for_is_of_no_event() -> None:
    diff = diff_between([record("A1", text="one", remark="x")], [record("A1", text="two", remark="y")])
    event = Event("retold", Level.REVIEW, "Its text is another one.", ("text",))
    diff = replace(diff, changes=tuple(replace(change, events=(event,)) for change in diff.changes))
    found = csv.DictReader(io.StringIO(render(build_view(MADE_UP, diff)).decode(), newline=""))
    assert [(row["field"], row["event"], row["level"]) for row in found] == [
        ("text", "retold", "review"),
        ("remark", "", ""),
    ]


@given(st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), min_size=1))
def test_any_text_comes_back(text: str) -> None:
    """Normalising drops the control characters."""
    (row,) = rows(diff_between([], [record("A0001", text=text)]))
    assert (row["new"] == f"'{text}") is text.startswith(("=", "+", "-", "@"))
    assert row["new"].removeprefix("'") == text.removeprefix("'")
