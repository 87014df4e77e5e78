"""A part of a diff."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import CODES, FIELDS, MADE_UP, diff_between, diff_of, explained, record, snapshot, snapshots
from tracker.diff.select import EVERYTHING, select
from tracker.model import Diff, Event, Facet, Kind, Level, Selection, Snapshot, Status

DIFF = diff_between(
    [
        record("A0001", text="one", letter="A"),
        record("A0002", text="one", prices=("11",)),
        record("B0001", text="gone"),
        record("C0001", letter="A"),
        record("ZZ", text="one"),
    ],
    [
        record("A0001", text="two", letter="N"),
        record("A0002", text="one", prices=("22",)),
        record("B0002", text="new"),
        record("C0001", letter="N"),
        record("ZZ", text="two"),
    ],
)
ALL = ["A0001", "A0002", "B0001", "B0002", "C0001", "ZZ"]


def codes(selection: Selection) -> list[str]:
    return [change.code for change in select(DIFF, selection, MADE_UP).changes]


def test_everything_is_the_diff_itself() -> None:
    assert select(DIFF, EVERYTHING, MADE_UP) is DIFF
    assert [change.code for change in DIFF.changes] == ALL


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["A*"], ["A0001", "A0002"]),
        (["a0001"], ["A0001"]),
        (["b000?", "zz"], ["B0001", "B0002", "ZZ"]),
        (["[BC]*"], ["B0001", "B0002", "C0001"]),
        (["A000"], []),
        (["*"], ALL),
    ],
)
def test_codes(patterns: Iterable[str], expected: list[str]) -> None:
    assert codes(Selection(codes=tuple(patterns))) == expected


@pytest.mark.parametrize(("kind", "expected"), [(Kind.MODIFIER, ["ZZ"]), (Kind.PROCEDURE, ALL[:-1])])
def test_kind(kind: Kind, expected: list[str]) -> None:
    assert codes(Selection(kind=kind)) == expected


def test_facets_leave_the_fields_of_those_facets_and_no_code_that_came_or_went() -> None:
    part = select(DIFF, Selection(frozenset({Facet.DESCRIPTION, Facet.PAYMENT})), MADE_UP)
    assert [(change.code, [field.field for field in change.fields]) for change in part.changes] == [
        ("A0001", ["text"]),
        ("A0002", ["prices"]),
        ("ZZ", ["text"]),
    ]


def test_a_part_of_a_change_is_not_administrative_for_that() -> None:
    part = select(DIFF, Selection(frozenset({Facet.ACTION})), MADE_UP)
    assert [(change.code, change.administrative) for change in part.changes] == [("A0001", False), ("C0001", True)]


# ---------------------------------------------------------------- events and levels

EXPLAINED = explained(
    diff_between(
        [
            record("A0001", text="one", letter="A", remark="x"),
            record("A0002", text="one", prices=("11",)),
            record("B0001", text="gone"),
            record("C0001", letter="A"),
            record("C0002", text="one", letter="A"),
        ],
        [
            record("A0001", text="two", letter="N", remark="x"),
            record("A0002", text="one", prices=("22",)),
            record("B0002", text="new"),
            record("C0001", letter="N"),
            record("C0002", text="two", letter="D", last_day="2025-12-31"),
        ],
    )
)


def told(selection: Selection, diff: Diff = EXPLAINED) -> dict[str, list[str]]:
    """Return what is left of each change: `{"A0001": ["retold text"]}`, then fields that no event claims."""
    return {
        change.code: [
            *(" ".join((event.id, *event.fields)) for event in change.events),
            *(
                field.field
                for field in change.fields
                if not any(field.field in event.fields for event in change.events)
            ),
        ]
        for change in select(diff, selection, MADE_UP).changes
    }


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(events=frozenset({"retold"})), {"A0001": ["retold text"], "C0002": ["retold text"]}),
        (Selection(events=frozenset({"came", "gone"})), {"B0001": ["gone"], "B0002": ["came"]}),
        (Selection(events=frozenset({"lettered"})), {"A0001": ["lettered letter"], "C0001": ["lettered letter"]}),
        (Selection(events=frozenset({"no-such"})), {}),
        (Selection(level=Level.ACT), {"B0001": ["gone"], "C0002": ["ended last_day letter"]}),
        (
            Selection(level=Level.REVIEW),
            {
                "A0001": ["retold text"],
                "B0001": ["gone"],
                "B0002": ["came"],
                "C0002": ["ended last_day letter", "retold text"],
            },
        ),
        (
            Selection(level=Level.NOTE),
            {
                "A0001": ["retold text", "lettered letter"],
                "A0002": ["repriced prices"],
                "B0001": ["gone"],
                "B0002": ["came"],
                "C0001": ["lettered letter"],
                "C0002": ["ended last_day letter", "retold text"],
            },
        ),
        (Selection(events=frozenset({"retold", "ended"}), level=Level.ACT), {"C0002": ["ended last_day letter"]}),
        (Selection(events=frozenset({"repriced"}), level=Level.ACT), {}),
        (Selection(events=frozenset({"retold"}), codes=("a*",)), {"A0001": ["retold text"]}),
        (
            Selection(frozenset({Facet.ACTION})),
            {"A0001": ["lettered letter"], "C0001": ["lettered letter"], "C0002": ["ended letter"]},
        ),
        (Selection(frozenset({Facet.ACTION}), level=Level.ACT), {"C0002": ["ended letter"]}),
        (Selection(frozenset({Facet.PAYMENT}), events=frozenset({"came"})), {}),
    ],
)
def test_events_levels_and_what_proves_them(selection: Selection, expected: dict[str, list[str]]) -> None:
    assert told(selection) == expected


def test_an_event_without_a_field_comes_with_its_code_alone() -> None:
    """A retroactive end has no field of its own: they belong to the end."""
    beside = Event("gone", Level.ACT, "Retroactive.")
    diff = replace(
        EXPLAINED, changes=tuple(replace(one, events=(*one.events, beside)) for one in EXPLAINED.changes[:1])
    )
    assert told(Selection(events=frozenset({"gone"})), diff) == {"A0001": ["gone"]}
    assert told(Selection(frozenset({Facet.DESCRIPTION})), diff) == {"A0001": ["retold text"]}


def test_without_events_nothing_has_the_event_or_level_that_is_asked_for() -> None:
    assert told(Selection(events=frozenset({"retold"})), DIFF) == {}
    assert told(Selection(level=Level.NOTE), DIFF) == {}


@pytest.mark.parametrize(
    "selection",
    [
        Selection(frozenset({Facet.NOTE})),
        Selection(codes=("A*",)),
        Selection(kind=Kind.PROCEDURE),
        Selection(events=frozenset({"x"})),
        Selection(level=Level.NOTE),
    ],
)
def test_each_condition_makes_a_selection(selection: Selection) -> None:
    assert selection
    assert not EVERYTHING


@given(snapshots("2025"), snapshots("2026"))
def test_the_events_make_the_whole(old: Snapshot, new: Snapshot) -> None:
    """Each event is selected once, with the fields that prove it and no other."""
    diff = explained(diff_of(old, new))
    found = [
        (change.code, event, tuple(field.field for field in change.fields))
        for kind in MADE_UP.events
        for change in select(diff, Selection(events=frozenset({kind})), MADE_UP).changes
        for event in change.events
    ]
    order = list(FIELDS)
    assert sorted(found, key=lambda one: one[0]) == sorted(
        (
            (change.code, event, tuple(sorted(event.fields, key=order.index)))
            for kind in MADE_UP.events
            for change in diff.changes
            for event in change.events
            if event.id == kind
        ),
        key=lambda one: one[0],
    )
    assert select(diff, Selection(level=Level.NOTE), MADE_UP) == diff


@given(snapshots("2025"), snapshots("2026"), st.sampled_from(Level))
def test_a_level_leaves_the_events_of_that_level_and_worse(old: Snapshot, new: Snapshot, level: Level) -> None:
    diff = explained(diff_of(old, new))
    worse = list(Level)[: list(Level).index(level) + 1]
    left = [event for change in select(diff, Selection(level=level), MADE_UP).changes for event in change.events]
    assert left == [event for change in diff.changes for event in change.events if event.level in worse]


# ---------------------------------------------------------------- all of it


def test_all_conditions_hold_at_once() -> None:
    assert codes(Selection(frozenset({Facet.DESCRIPTION}), ("A*", "Z*"), Kind.MODIFIER)) == ["ZZ"]


def test_what_was_not_compared_stays() -> None:
    diff = diff_of(
        snapshot("2025", record("A0001", ["remark"], text="one"), record("B0001")),
        snapshot("2026", record("A0001", text="two"), complete=False),
    )
    part = select(diff, Selection(codes=("X*",)), MADE_UP)
    assert part.changes == ()
    assert part.not_compared == diff.not_compared
    assert part.not_compared.codes_old == 1
    assert (part.old, part.new) == (diff.old, diff.new)


@given(snapshots("2025"), snapshots("2026"), st.booleans())
def test_the_parts_make_the_whole(old: Snapshot, new: Snapshot, with_events: bool) -> None:
    diff = explained(diff_of(old, new)) if with_events else diff_of(old, new)
    by_code = [change for code in sorted(CODES) for change in select(diff, Selection(codes=(code,)), MADE_UP).changes]
    assert by_code == list(diff.changes)
    for change in diff.changes:
        if change.status is Status.CHANGED:
            parts = [
                field
                for facet in Facet
                for part in select(diff, Selection(frozenset({facet}), (change.code,)), MADE_UP).changes
                for field in part.fields
            ]
            assert sorted(parts, key=lambda field: field.field) == sorted(change.fields, key=lambda field: field.field)
