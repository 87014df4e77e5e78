"""What a report shows: counts, groups, their order and their words."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import FIELDS, MADE_UP, diff_between, diff_of, record, release, snapshot, snapshots, view_of
from tracker.model import Facet, Kind, Record, Snapshot, Status, Value
from tracker.report.view import Counts, count, decode, describe

OLD = [
    record("A1", text="one", letter="A"),
    record("A0001", text="one", prices=("11",), letter="A"),
    record("A0002", text="ends", letter="A", letter_day="2025-01-01"),
    record("B0001", text="gone"),
    record("C0001", text="same", letter="A"),
    record("C0002", text="same", last_day="2024-12-31"),
]
NEW = [
    record("A1", text="two", letter="A"),
    record("A0001", text="two", prices=("22",), letter="N"),
    record("A0002", text="ended", letter="D", letter_day="2026-01-01", last_day="2025-12-31"),
    record("C0001", text="same", letter="N"),
    record("C0002", text="same"),
    record("D0001", text="new", first_day="2026-01-01"),
    record("D0002", text="new", first_day="2025-04-01", last_day="2025-06-30"),
    record("ZZ", text="new"),
]


def groups(old: list[Record], new: list[Record], *, administrative: bool = False) -> list[tuple[str, dict[str, str]]]:
    """Return the groups as a reader meets them: title, and the codes with the fields that are shown."""
    view = view_of(diff_between(old, new), administrative=administrative)
    return [
        (
            group.title,
            {entry.change.code: " ".join(field.field for field in entry.fields) for entry in group.entries},
        )
        for group in view.groups
    ]


def test_groups_in_their_order_modifiers_apart() -> None:
    assert groups(OLD, NEW) == [
        ("Added (2, 1 of them ended already)", {"D0001": "", "D0002": ""}),
        ("Removed (1)", {"B0001": ""}),
        ("Ended (1)", {"A0002": "text letter_day last_day letter"}),
        ("Description (2)", {"A0001": "text", "A0002": "text"}),
        ("Dates (1)", {"C0002": "last_day"}),
        ("Action (1)", {"A0001": "letter"}),
        ("Payment (1)", {"A0001": "prices"}),
        ("Modifiers: added (1)", {"ZZ": ""}),
        ("Modifiers: description (1)", {"A1": "text"}),
    ]


def test_administrative_changes_are_shown_when_asked_for() -> None:
    titles = dict(groups(OLD, NEW, administrative=True))
    assert titles["Action (2)"] == {"A0001": "letter", "C0001": "letter"}
    assert "Action (1)" not in titles


def test_counts() -> None:
    assert count(MADE_UP, diff_between(OLD, NEW)) == Counts(
        old=6,
        new=8,
        added=3,
        added_ended=1,
        removed=1,
        ended=1,
        changed=5,
        administrative=1,
        fields={"text": 3, "letter_day": 1, "last_day": 2, "letter": 3, "prices": 1},
    )


def test_fields_are_counted_in_the_catalogues_order() -> None:
    assert list(count(MADE_UP, diff_between(OLD, NEW)).fields) == ["text", "letter_day", "last_day", "letter", "prices"]


def test_another_end_is_a_date_that_changed_and_no_end() -> None:
    old, new = record("A0001", last_day="2025-03-31"), record("A0001", last_day="2025-06-30")
    assert groups([old], [new]) == [("Dates (1)", {"A0001": "last_day"})]
    assert groups([new], [record("A0001")]) == [("Dates (1)", {"A0001": "last_day"})]


def test_nothing_changed() -> None:
    view = view_of(diff_between(OLD, OLD))
    assert view.groups == ()
    assert view.remarks == ()


def test_large_numbers_are_grouped() -> None:
    new = [record(f"A{number:04}") for number in range(1234)]
    assert [title for title, _ in groups([], new)] == ["Added (1,234)"]


@given(snapshots("2025"), snapshots("2026"), st.booleans())
def test_every_change_is_shown_once_in_every_facet_or_hidden_as_administrative(
    old: Snapshot, new: Snapshot, administrative: bool
) -> None:
    diff = diff_of(old, new)
    view = view_of(diff, administrative=administrative)
    assert all(group.entries for group in view.groups)
    assert all(entry.change.kind is group.kind for group in view.groups for entry in group.entries)
    shown = [(entry.change.code, group.name) for group in view.groups for entry in group.entries]
    assert len(shown) == len(set(shown))
    for change in diff.changes:
        names = {name for code, name in shown if code == change.code}
        if change.status is not Status.CHANGED:
            assert names == {change.status.value}
        elif change.administrative and not administrative:
            assert names == set()
        else:
            facets = {MADE_UP.fields[field.field].facet.value for field in change.fields}
            assert names - {"ended"} <= facets
            assert names
            assert "ended" in names or names == facets
    for group in view.groups:
        assert all(one.change.code < other.change.code for one, other in pairwise(group.entries))
    order = {name: place for place, name in enumerate(["added", "removed", "ended", *Facet])}
    places = [(group.kind is Kind.MODIFIER, order[group.name]) for group in view.groups]
    assert places == sorted(places)


# ---------------------------------------------------------------- remarks


def remarks(old: Snapshot, new: Snapshot) -> list[str]:
    return list(view_of(diff_of(old, new)).remarks)


def test_remarks_of_the_caller_come_first() -> None:
    diff = diff_of(snapshot("2026"), snapshot("2025"))
    view = view_of(diff, remarks=["only codes that match: J*"])
    assert view.remarks == ("only codes that match: J*", "2026 is newer than 2025: this leads back in time")


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        (snapshot("2025"), snapshot("2026"), []),
        (snapshot("2025-10"), snapshot("2026"), []),
        (snapshot("2025-10"), snapshot("2025"), ["2025-10 is newer than 2025: this leads back in time"]),
        (
            snapshot("2025", record("A1")),
            snapshot("2026", complete=False),
            ["2026@1 is an excerpt: 1 code of 2025@1 could not be compared"],
        ),
        (
            snapshot("2025", complete=False),
            snapshot("2026", record("A1"), record("A2")),
            ["2025@1 is an excerpt: 2 codes of 2026@1 could not be compared"],
        ),
        (
            snapshot("2025", record("A1"), record("A2", ["short"]), fields=FIELDS.keys() - {"text", "last_day"}),
            snapshot("2026", record("A1"), record("A2")),
            [
                "not known on one side or both, and not compared, for 2 codes: text, last day",
                "not known on one side or both, and not compared, for 1 code: short",
            ],
        ),
        (
            snapshot("2025", record("A1", letter="A"), record("A2", letter="A")),
            snapshot("2026", record("A1", letter="N"), record("A2", letter="N")),
            ["administrative: 2 codes changed in letter day and letter alone"],
        ),
        (
            snapshot("2025", record("A1", letter="A")),
            snapshot("2026", record("A1", letter="N")),
            ["administrative: 1 code changed in letter day and letter alone"],
        ),
    ],
)
def test_remarks(old: Snapshot, new: Snapshot, expected: list[str]) -> None:
    assert remarks(old, new) == expected


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("letter", None, "(none)"),
        ("letter", "N", "N (nothing done)"),
        ("letter", "Q", "Q"),
        ("text", "N", "N"),
        ("prices", (), "(none)"),
        ("prices", ("11", "00", "22"), "11 (by the hour), 00, 22 (by the mile)"),
    ],
)
def test_decode(name: str, value: Value | None, expected: str) -> None:
    assert decode(MADE_UP, name, value) == expected


def test_describe() -> None:
    assert describe(release("2025", 8642, source_name="a.zip")) == (
        "2025@1: 8,642 codes, complete, effective 2025-01-01, from a.zip"
    )
    assert describe(release("2025-10", 3, complete=False, revision=2, withdrawn="wrong file")) == (
        "2025-10@2: 3 codes, excerpt, effective 2025-10-01, from made up, withdrawn (wrong file)"
    )
