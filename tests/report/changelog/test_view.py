"""What a changelog finds: what the two ends do not tell, and which codes had something happen to them."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given

from tests.made_up import MADE_UP, record, snapshot, snapshots
from tests.report.changelog.changelogs import LABELS, changelog, changelog_of, small
from tracker.model import Kind, Record, Snapshot
from tracker.report.changelog.view import ChangelogView, Sort, code_ranges, event_words, overview, step_name

A = "A0001"


def missed(view: ChangelogView) -> list[tuple[str, str, str]]:
    return [(sort.sort.value, one.code, one.why) for sort in view.missed for one in sort.found]


def one(**values: str | tuple[str, ...]) -> list[Record]:
    return [record(A, **values)]


RED, GREEN = "Red apple", "Green apple"


@pytest.mark.parametrize(
    ("releases", "sort", "why"),
    [
        (
            [[], one(text=RED, first_day="2018-04-01"), one(text=RED, first_day="2018-04-01", last_day="2019-12-31")],
            "added-and-ended",
            "Valid from 2018-04-01 to 2019-12-31.",
        ),
        ([[], one(text=RED, last_day="2018-12-31")], "added-and-ended", "Valid until 2018-12-31."),
        ([[], one(text=RED), []], "added-and-gone", "In 2019 alone."),
        ([[], one(text=RED), one(text=RED), []], "added-and-gone", "From 2019 to 2020."),
        (
            [one(text=RED), one(text=RED, last_day="2018-12-31"), one(text=RED)],
            "ended-and-back",
            "Ended in between (last valid day 2018-12-31); in 2020 it has no end.",
        ),
        (
            [one(text=RED, last_day="2017-12-31"), one(text=RED), one(text=RED, last_day="2019-12-31")],
            "ended-and-back",
            "Valid again in between; ended in 2018 and in 2020.",
        ),
        (
            [[], one(text=RED), one(text=RED, last_day="2019-12-31"), one(text=RED)],
            "ended-and-back",
            "Ended in between (last valid day 2019-12-31); in 2021 it has no end.",
        ),
        ([one(text=RED), [], one(text=RED)], "ended-and-back", "Not in 2019."),
        ([one(text=RED), [], [], one(text=RED)], "ended-and-back", "Not in 2019 to 2020."),
        ([[], one(text=RED), one(text="Green pear")], "reused", "It meant something else in 2019."),
        (
            [one(text=RED), one(text="Green pear"), one(text="Red pear")],
            "reused",
            "It meant something else in 2019.",
        ),
        ([one(text=RED), one(text=GREEN), one(text=RED)], "changed-back", "Text: in 2020 again as in 2018."),
        (
            [one(prices=("11", "22")), one(prices=("33",)), one(prices=("22", "11"))],
            "changed-back",
            "Prices: in 2020 again as in 2018.",
        ),
        (
            [one(prices=("11",)), one(prices=("22",)), one()],
            "changed-twice",
            "Prices 11 in 2018, 22 in 2019, none in 2020.",
        ),
        (
            [one(text=RED), one(text=GREEN), one(text="Sour apple"), one(text="Sweet apple")],
            "changed-twice",
            "Text: another one in 2019 and 2020.",
        ),
        (
            [one(text=RED, remark="1"), one(text=GREEN, remark="2"), one(text=RED, remark="3")],
            "changed-twice",
            "Text: another one in 2019; remark 1 in 2018, 2 in 2019, 3 in 2020.",
        ),
        (
            [one(text=RED, last_day=day) for day in ("2018-01-31", "2018-02-28", "2018-03-31")],
            "changed-twice",
            "Last day 2018-01-31 in 2018, 2018-02-28 in 2019, 2018-03-31 in 2020.",
        ),
        (
            [[], one(text=RED, prices=("11",)), one(text=GREEN, prices=("22",))],
            "added-and-changed",
            "Text: another one in 2019; prices 11 in 2019, 22 in 2020.",
        ),
    ],
)  # fmt: skip
def test_what_the_two_ends_do_not_tell(releases: Sequence[Sequence[Record]], sort: str, why: str) -> None:
    assert missed(changelog(*releases)) == [(sort, A, why)]


@pytest.mark.parametrize(
    "releases",
    [
        [one(text=RED), one(text=GREEN), one(text=GREEN)],
        [one(text=RED), one(text=RED), []],
        [[], one(text=RED), one(text=RED)],
        [one(text=RED), one(text=RED, last_day="2018-12-31"), one(text=RED, last_day="2018-12-31")],
        [[], one(text=RED), one(text=RED, last_day="2020-12-31")],  # still valid in the last release
        [one(text=RED), one(text="Green pear"), one(text="Green pear")],  # reused, and the two ends say so
        [one(text=RED), one(text=GREEN)],
        [one(letter="N"), one(letter="C")],
    ],
)
def test_what_the_two_ends_tell_is_not_missed(releases: Sequence[Sequence[Record]]) -> None:
    assert missed(changelog(*releases)) == []


def test_what_is_missed_tells_the_steps_with_their_own_events() -> None:
    view = changelog(one(text=RED), one(text=RED, last_day="2018-12-31"), one(text=RED, remark="x"))
    ((found,),) = [sort.found for sort in view.missed if sort.sort is Sort.ENDED_AND_BACK]
    told = [(step_name(moment.step), [event.id for event in moment.entry.events]) for moment in found.moments]
    assert told == [("2018 → 2019", ["ended"]), ("2019 → 2020", ["dated"])]
    assert [[field.field for field in moment.entry.fields] for moment in found.moments] == [["last_day"], ["last_day"]]


def test_letters_that_were_covered_up_are_counted_and_listed_if_asked_for() -> None:
    releases = [one(letter="N"), one(letter="C"), one(letter="N")]
    view = changelog(*releases)
    assert missed(view) == []
    (remark,) = view.remarks
    assert remark.startswith("covered up in between: another letter day or letter of 1 code, counted and not listed")
    view = changelog(*releases, administrative=True)
    assert missed(view) == [("administrative", A, "Letter N in 2018, C in 2019, N in 2020.")]
    assert view.remarks == ()


def test_an_excerpt_in_between_that_is_silent_on_a_code() -> None:
    view = changelog_of(
        snapshot("2018", *one(text=RED), record("B0001", text="Bread")),
        snapshot("2019", record("B0001", text="Bread"), complete=False),
        snapshot("2020", *one(text=GREEN), record("B0001", text="Bread"), record("C0001", text="Car")),
    )
    assert missed(view) == [("no-step", A, ""), ("no-step", "C0001", "")]
    (found, _) = view.missed[0].found
    assert [(step_name(moment.step), moment.entry.events[0].id) for moment in found.moments] == [
        ("2018 → 2020", "retold")
    ]


def test_a_field_that_the_release_in_between_does_not_know() -> None:
    view = changelog_of(
        snapshot("2018", *one(text=RED, remark="1")),
        snapshot("2019", record(A, ["remark"], text=GREEN)),
        snapshot("2020", *one(text=GREEN, remark="2")),
    )
    assert missed(view) == [("no-step", A, "")]
    assert [field.field for field in view.missed[0].found[0].moments[0].entry.fields] == ["remark"]


def test_the_overview_has_a_row_a_step_and_one_for_the_two_ends() -> None:
    rows = [(name, list(numbers.items())) for name, numbers in overview(small())]
    assert [name for name, _ in rows] == ["2018 → 2019", "2019 → 2020", "2018 → 2020, directly"]
    assert rows[0][1] == [
        ("added", 1), ("removed", 0), ("ended", 1), ("changed", 4), ("act", 1), ("review", 3), ("note", 3)
    ]  # fmt: skip
    (row,) = overview(changelog(one(text=RED), one(text=GREEN)))
    assert row[0] == "2018 → 2019"


def test_codes_are_rolled_up_over_the_steps() -> None:
    view = small()
    told = {
        code.code: [(step_name(one.step), [event_words(event) for event in one.entry.events]) for one in code.moments]
        for code in view.codes
    }
    assert told == {
        "A0001": [("2018 → 2019", ["ended"])],
        "A0002": [("2018 → 2019", ["came"]), ("2019 → 2020", ["ended"])],
        "B0001": [("2018 → 2019", ["retold"]), ("2019 → 2020", ["retold"])],
        "ZZ": [("2018 → 2019", ["retold"])],
    }
    assert [(letter, [code.code for code in codes]) for letter, codes in code_ranges(view)] == [
        ("A", ["A0001", "A0002"]), ("B", ["B0001"]), ("modifiers", ["ZZ"])
    ]  # fmt: skip


def test_sorts_stand_in_their_order_and_codes_by_kind_and_code() -> None:
    was = [record(code, text=RED) for code in ("ZZ", "B0001", "A0001")]
    view = changelog(was, [record(code, text=GREEN) for code in ("ZZ", "B0001", "A0001")], was)
    assert [(one.code, one.kind) for one in view.missed[0].found] == [
        ("A0001", Kind.PROCEDURE), ("B0001", Kind.PROCEDURE), ("ZZ", Kind.MODIFIER)
    ]  # fmt: skip
    assert [sort.sort for sort in small().missed] == [
        Sort.ADDED_AND_ENDED, Sort.ENDED_AND_BACK, Sort.CHANGED_TWICE
    ]  # fmt: skip


@given(snapshots(LABELS[0], whole=True), snapshots(LABELS[1], whole=True), snapshots(LABELS[2], whole=True))
def test_no_value_that_stood_only_in_between_is_kept_back(first: Snapshot, middle: Snapshot, last: Snapshot) -> None:
    view = changelog_of(first, middle, last, administrative=True)
    told: dict[str, set[str]] = {}
    for sort in view.missed:
        for found in sort.found:
            fields = {field.field for moment in found.moments for field in moment.entry.fields}
            told.setdefault(found.code, set()).update(fields)
    sides = [{record.code: record.values for record in side.records} for side in (first, middle, last)]
    for code in sides[0].keys() & sides[1].keys() & sides[2].keys():
        for name in MADE_UP.fields:
            values = [side[code].get(name) for side in sides]
            old, between, new = (frozenset(value) if isinstance(value, tuple) else value for value in values)
            if between not in (old, new):
                assert name in told[code]


@given(snapshots(LABELS[0]), snapshots(LABELS[1]), snapshots(LABELS[2]))
def test_any_releases_make_a_changelog_of_what_their_steps_say(
    first: Snapshot, middle: Snapshot, last: Snapshot
) -> None:
    view = changelog_of(first, middle, last, administrative=True)
    for sort in view.missed:
        for found in sort.found:
            for moment in found.moments:
                (change,) = [change for change in moment.step.diff.changes if change.code == found.code]
                assert moment.entry.change == change
                assert set(moment.entry.events) <= set(change.events)
    loud = {
        change.code
        for step in view.steps
        for change in step.diff.changes
        if any(event.level != "note" for event in change.events)
    }
    assert {code.code for code in view.codes} == loud
