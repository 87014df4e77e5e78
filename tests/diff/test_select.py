"""A part of a diff."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given

from tests.made_up import CODES, MADE_UP, diff_between, diff_of, record, snapshot, snapshots
from tracker.diff.select import EVERYTHING, Selection, select
from tracker.model import Facet, Kind, Snapshot, Status

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


@given(snapshots("2025"), snapshots("2026"))
def test_the_parts_make_the_whole(old: Snapshot, new: Snapshot) -> None:
    diff = diff_of(old, new)
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
