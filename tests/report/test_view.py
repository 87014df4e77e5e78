"""What a report shows: counts, sections, their order and their words."""

from __future__ import annotations

import re
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import (
    FIELDS,
    MADE_UP,
    diff_between,
    diff_of,
    explained,
    record,
    release,
    snapshot,
    snapshots,
    view_of,
)
from tracker.hcpcs.event_list import EVENTS
from tracker.model import (
    Change,
    Event,
    Facet,
    Kind,
    Level,
    Problem,
    Record,
    Selection,
    Severity,
    Snapshot,
    Status,
    Value,
)
from tracker.report.view import Counts, Section, amount, build_view, count, decode, describe, title

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


def sections(old: list[Record], new: list[Record], *, administrative: bool = False) -> list[tuple[str, dict[str, str]]]:
    """Return the sections as a reader meets them: title, and the codes with the fields that are shown."""
    view = view_of(diff_between(old, new), administrative=administrative)
    return [
        (
            section.title,
            {entry.change.code: " ".join(field.field for field in entry.fields) for entry in section.entries},
        )
        for section in view.sections
    ]


def test_sections_in_the_order_of_the_events_modifiers_apart() -> None:
    assert sections(OLD, NEW) == [
        ("Came", {"D0001": "", "D0002": ""}),
        ("Ended", {"A0002": "letter_day last_day letter"}),
        ("Text", {"A0001": "text", "A0002": "text"}),
        ("Price", {"A0001": "prices"}),
        ("Dates", {"C0002": "last_day"}),
        ("Letter", {"A0001": "letter"}),
        ("Gone", {"B0001": ""}),
        ("Modifiers: came", {"ZZ": ""}),
        ("Modifiers: text", {"A1": "text"}),
    ]


def test_administrative_changes_are_shown_when_asked_for() -> None:
    assert dict(sections(OLD, NEW, administrative=True))["Letter"] == {"A0001": "letter", "C0001": "letter"}


def test_events_of_one_section_stand_in_one_entry() -> None:
    both = (Event("came", Level.NOTE, "a"), Event("gone", Level.ACT, "b"), Event("came", Level.REVIEW, "c"))
    diff = diff_between([], [record("A0001")])
    diff = replace(diff, changes=(replace(diff.changes[0], events=both),))
    first, second = build_view(MADE_UP, diff).sections
    assert [(entry.events, entry.level) for entry in first.entries] == [((both[0], both[2]), Level.REVIEW)]
    assert [(entry.events, entry.level) for entry in second.entries] == [((both[1],), Level.ACT)]


def test_sections_are_parted_by_first_letter_with_the_ranges_name() -> None:
    view = view_of(diff_between([], [record(code) for code in ("A0001", "A0002", "B0001", "X0001", "A1", "ZZ")]))
    procedures, modifiers = view.sections
    assert [(part.letter, part.title, len(part.entries)) for part in procedures.ranges] == [
        ("A", "Apples", 2), ("B", "Bread", 1), ("X", "", 1)
    ]  # fmt: skip
    assert [(part.letter, part.title, len(part.entries)) for part in modifiers.ranges] == [("", "", 2)]


@pytest.mark.parametrize(
    ("kind", "anchor"),
    [(Kind.PROCEDURE, "added-and-ended-in-between"), (Kind.MODIFIER, "modifiers-added-and-ended-in-between")],
)
def test_a_section_has_a_name_for_links(kind: Kind, anchor: str) -> None:
    assert Section("Added and ended in between", kind, ()).anchor == anchor


def test_no_two_sections_have_one_anchor() -> None:
    names = {row.section for row in EVENTS.values()}
    anchors = {Section(name, kind, ()).anchor for name in names for kind in Kind}
    assert len(anchors) == 2 * len(names)
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)*", anchor) for anchor in anchors)


def test_counts() -> None:
    assert count(MADE_UP, explained(diff_between(OLD, NEW))) == Counts(
        old=6,
        new=8,
        added=3,
        added_ended=1,
        removed=1,
        ended=1,
        changed=5,
        administrative=1,
        fields={"text": 3, "letter_day": 1, "last_day": 2, "letter": 3, "prices": 1},
        levels={Level.ACT: 2, Level.REVIEW: 6, Level.NOTE: 4},
        events={"came": 3, "ended": 1, "retold": 3, "repriced": 1, "dated": 1, "lettered": 2, "gone": 1},
        waived=0,
        letters={"A": 2, "B": 1, "C": 1, "D": 2, "modifiers": 2},
    )


def test_counts_stand_in_the_order_of_their_lists() -> None:
    counts = count(MADE_UP, explained(diff_between(OLD, NEW)))
    assert list(counts.fields) == ["text", "letter_day", "last_day", "letter", "prices"]
    assert list(counts.events) == list(MADE_UP.events)
    assert list(counts.levels) == list(Level)
    assert list(counts.letters) == ["A", "B", "C", "D", "modifiers"]


def test_every_level_is_counted_also_where_nothing_reaches_it() -> None:
    assert count(MADE_UP, diff_between([], [])).levels == dict.fromkeys(Level, 0)


def test_another_end_is_a_date_that_changed_and_no_end() -> None:
    old, new = record("A0001", last_day="2025-03-31"), record("A0001", last_day="2025-06-30")
    for pair in ((old, new), (new, record("A0001"))):
        assert sections([pair[0]], [pair[1]]) == [("Dates", {"A0001": "last_day"})]
        assert count(MADE_UP, diff_between([pair[0]], [pair[1]])).ended == 0


def test_nothing_changed() -> None:
    view = view_of(diff_between(OLD, OLD))
    assert (view.sections, view.tasks, view.remarks) == ((), (), ())


@given(snapshots("2025"), snapshots("2026"), st.booleans())
def test_every_event_is_shown_once_or_hidden_as_administrative(
    old: Snapshot, new: Snapshot, administrative: bool
) -> None:
    view = view_of(diff_of(old, new), administrative=administrative)
    assert all(section.ranges for section in view.sections)
    assert all(part.entries for section in view.sections for part in section.ranges)
    assert all(entry.change.kind is section.kind for section in view.sections for entry in section.entries)
    shown = [
        (entry.change.code, event.id)
        for section in view.sections
        for entry in section.entries
        for event in entry.events
        if MADE_UP.events[event.id].section == section.name
    ]
    assert sorted(shown) == sorted(
        (change.code, event.id)
        for change in view.diff.changes
        for event in change.events
        if administrative or not change.administrative
    )
    for section in view.sections:
        assert all(one.change.code < other.change.code for one, other in pairwise(section.entries))
        for entry in section.entries:
            proof = [name for event in entry.events for name in event.fields]
            assert sorted(field.field for field in entry.fields) == sorted(proof)
    order = list(dict.fromkeys(row.section for row in MADE_UP.events.values()))
    places = [(section.kind is Kind.MODIFIER, order.index(section.name)) for section in view.sections]
    assert places == sorted(set(places))


# ---------------------------------------------------------------- what to do first


def tasks(*changes: Change) -> list[tuple[str, str, str]]:
    diff = replace(diff_between([], []), changes=changes)
    return [
        (task.day, task.change.code, " ".join(event.id for event in task.events))
        for task in build_view(MADE_UP, diff).tasks
    ]


def change_of(code: str, *events: Event, **values: Value) -> Change:
    content = record(code, **values)
    return Change(code, content.kind, Status.ADDED, content, events=events)


ACT = Event("gone", Level.ACT, "It went.")


def test_tasks_are_what_is_to_be_acted_on_by_day_and_code() -> None:
    assert tasks(
        change_of("A0001", ACT),
        change_of("A0002", Event("retold", Level.REVIEW, "x")),
        change_of("A0003", ACT, last_day="2025-06-30", letter_day="2025-01-01", first_day="2024-01-01"),
        change_of("A0004", ACT, Event("retold", Level.NOTE, "x"), letter_day="2025-03-01", first_day="2024-01-01"),
        change_of("B0001", ACT, first_day="2025-03-01"),
    ) == [
        ("2025-03-01", "A0004", "gone"),
        ("2025-03-01", "B0001", "gone"),
        ("2025-06-30", "A0003", "gone"),
        ("", "A0001", "gone"),
    ]


def test_what_is_waived_is_counted_told_and_no_task() -> None:
    waived = replace(ACT, waived="agreed with the clinic")
    changes = (change_of("A0001", waived), change_of("A0002", waived, Event("ended", Level.ACT, "x")))
    assert tasks(*changes) == [("", "A0002", "ended")]
    view = build_view(MADE_UP, replace(diff_between([], []), changes=changes))
    assert (view.counts.waived, view.counts.levels[Level.ACT]) == (2, 3)
    assert "waived by policy: 2 events" in view.remarks
    assert [entry.change.code for section in view.sections for entry in section.entries] == ["A0002", "A0001", "A0002"]


def test_a_task_says_what_to_do_once() -> None:
    events = (ACT, Event("ended", Level.ACT, "x"), ACT, Event("came", Level.ACT, "without advice"))
    (task,) = build_view(MADE_UP, replace(diff_between([], []), changes=(change_of("A1", *events),))).tasks
    assert task.advice == ("Ask where it went.", "Stop using it.")


@pytest.mark.parametrize(("level", "shown"), [(Level.ACT, True), (Level.REVIEW, True), (Level.NOTE, False)])
def test_an_administrative_change_is_hidden_only_if_nobody_need_read_it(level: Level, shown: bool) -> None:
    """C9600 from 2020 to 2025: the action code fell back to N, and its day to 2013."""
    diff = diff_between([record("A0001", letter="A")], [record("A0001", letter="N")])
    (change,) = diff.changes
    events = (Event("lettered", Level.NOTE, "x"), Event("dated", level, "y"))
    view = build_view(MADE_UP, replace(diff, changes=(replace(change, events=events),)))
    assert view.counts.administrative == 1
    assert view.counts.levels[level] >= 1
    assert bool(view.sections) is bool(view.counts.letters) is shown
    assert len(view.tasks) == (level is Level.ACT)


# ---------------------------------------------------------------- data quality


def problem(severity: Severity, message: str, code: str = "", field: str = "") -> Problem:
    return Problem(severity, message, "a.txt", "line 1", code, field)


def test_problems_are_told_by_release_and_kind_the_most_serious_first() -> None:
    view = build_view(
        MADE_UP,
        diff_between([], []),
        problems={
            "2025@1": [
                problem(Severity.NOTE, "odd"),
                problem(Severity.WARNING, "blank", "B1", "text"),
                problem(Severity.ERROR, "wrong", "A1", "text"),
                problem(Severity.WARNING, "blank", "A1", "text"),
                problem(Severity.WARNING, "blank", "A1", "text"),
                problem(Severity.WARNING, "blank", "A1", "short"),
            ],
            "2026@1": [problem(Severity.ERROR, "wrong", "A1", "text")],
        },
    )
    assert [(kind.release, kind.severity, kind.field, kind.codes, kind.number) for kind in view.problems] == [
        ("2025@1", "error", "text", ("A1",), 1),
        ("2025@1", "warning", "short", ("A1",), 1),
        ("2025@1", "warning", "text", ("B1", "A1"), 3),
        ("2025@1", "note", "", (), 1),
        ("2026@1", "error", "text", ("A1",), 1),
    ]


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
            ["administrative: 2 codes changed in nothing but letter day or letter"],
        ),
        (
            snapshot("2025", record("A1", letter="A")),
            snapshot("2026", record("A1", letter="N")),
            ["administrative: 1 code changed in nothing but letter day or letter"],
        ),
    ],
)
def test_remarks(old: Snapshot, new: Snapshot, expected: list[str]) -> None:
    assert remarks(old, new) == expected


@pytest.mark.parametrize(
    ("selection", "expected"),
    [
        (Selection(), []),
        (
            Selection(frozenset({Facet.PAYMENT, Facet.DESCRIPTION})),
            ["only changed fields of: description, payment (codes added or removed are left out, and not counted)"],
        ),
        (Selection(codes=("J*", "A1")), ["only codes that match: J*, A1"]),
        (Selection(kind=Kind.MODIFIER), ["only modifiers"]),
        (Selection(events=frozenset({"retold", "came"})), ["only events: came, retold"]),
        (Selection(level=Level.REVIEW), ["only events of level review or more serious"]),
        (
            Selection(codes=("J*",), kind=Kind.PROCEDURE, level=Level.ACT),
            ["only codes that match: J*", "only procedures", "only events of level act or more serious"],
        ),
    ],
)
def test_a_part_says_what_it_is_a_part_of(selection: Selection, expected: list[str]) -> None:
    view = build_view(MADE_UP, diff_between([], []), remarks=["first"], selection=selection)
    assert view.remarks == ("first", *expected)
    assert view.selection == selection


# ---------------------------------------------------------------- words


@pytest.mark.parametrize(
    ("values", "brief", "expected"),
    [
        ({"text": "one", "short": "o"}, False, "one"),
        ({"text": "one", "short": "o"}, True, "o"),
        ({"short": "o"}, False, "o"),
        ({"text": "one"}, True, "one"),
        ({}, False, ""),
    ],
)
def test_a_code_is_named_by_its_best_or_its_briefest_text(values: dict[str, Value], brief: bool, expected: str) -> None:
    assert title(MADE_UP, change_of("A1", **values), brief=brief) == expected


@pytest.mark.parametrize(("number", "expected"), [(0, "0 codes"), (1, "1 code"), (2, "2 codes"), (8642, "8,642 codes")])
def test_amount(number: int, expected: str) -> None:
    assert amount(number, "code") == expected


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
