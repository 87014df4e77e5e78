"""The report as lines of text."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given

from tests.made_up import MADE_UP, diff_between, diff_of, record, snapshot, snapshots, view_of
from tracker.model import Basis, Diff, Event, Level, Record, Selection, Snapshot, Successor
from tracker.report.text import Line, lines, render
from tracker.report.view import amount_of_units, build_view


def told(diff: Diff, limit: int | None = None, *, administrative: bool = False) -> list[str]:
    """Return the lines below the head: from the first section on."""
    found = list(map(str, lines(view_of(diff, administrative=administrative), limit)))
    return found[found.index("", 4) + 1 :] if "" in found[4:] else []


def changed(old: Record, new: Record) -> list[str]:
    return told(diff_between([old], [new]))


def test_the_head_says_what_is_compared_and_how_much_changed() -> None:
    diff = diff_of(
        snapshot("2025", record("A0001", ["remark"], text="one"), record("A0002", text="a", letter="A")),
        snapshot(
            "2025-10",
            record("A0001", text="two"),
            record("A0002", text="a", letter="N"),
            record("A0003", last_day="2025-06-30"),
            complete=False,
        ),
    )
    assert list(map(str, lines(view_of(diff))))[:14] == [
        "2025 → 2025-10",
        "  old  2025@1: 2 codes, complete, effective 2025-01-01, from made up",
        "  new  2025-10@1: 3 codes, excerpt, effective 2025-10-01, from made up",
        "",
        "Counts",
        "  events    act 0 · review 2 · note 1",
        "       1  added, 1 of them ended already",
        "       0  removed",
        "       0  ended",
        "       2  changed, 1 of them administrative",
        "  by field  text 1 · letter 1",
        "  note  not known on one side or both, and not compared, for 1 code: remark",
        "  note  administrative: 1 code changed in nothing but letter day or letter",
        "",
    ]


def test_the_day_of_writing_is_told_where_it_is_known() -> None:
    view = build_view(MADE_UP, diff_between([], []), written=date(2026, 2, 1))
    assert str(list(lines(view))[1]) == "  written  2026-02-01"


def test_two_revisions_of_one_release_are_told_apart() -> None:
    diff = diff_of(snapshot("2025"), snapshot("2025", revision=2))
    assert next(map(str, lines(view_of(diff)))) == "2025@1 → 2025@2"


def test_nothing_changed() -> None:
    assert told(diff_between([record("A1")], [record("A1")])) == ["Nothing changed in what could be compared."]
    view = build_view(MADE_UP, diff_between([], []), selection=Selection(codes=("X*",)))
    assert str(list(lines(view))[-1]) == "Nothing changed in what was selected and could be compared."


def test_codes_that_came_ended_and_went_have_their_level_their_events_and_their_name() -> None:
    diff = diff_between(
        [record("B0001", text="gone", short="g"), record("C0001", text="old", short="o"), record("C0002", text="a")],
        [
            record("A0001", text="new", short="n"),
            record("A0002", short="n"),
            record("A0003"),
            record("C0001", text="old", short="o", last_day="2025-12-31"),
            record("C0002", text="b", last_day="2025-12-31"),
            record("ZZ", text="new"),
        ],
    )
    assert told(diff) == [
        "Came (3)",
        "  A0001  review  It is new. new",
        "  A0002  review  It is new. n",
        "  A0003  review  It is new.",
        "",
        "Ended (2)",
        "  C0001  act     It has a last day. old",
        "  C0002  act     It has a last day. b",
        "",
        "Text (1)",
        "  C0002  review  Its text is another one.",
        "         old  [-a-]",
        "         new  {+b+}",
        "",
        "Gone (1)",
        "  B0001  act     It is not there any more. gone",
        "",
        "Modifiers: came (1)",
        "  ZZ     review  It is new. new",
    ]


def test_words_that_went_and_came_are_marked() -> None:
    assert changed(record("A0001", text="bp 140/90 or more", short="x"), record("A0001", text="bp 130/80 or more")) == [
        "Text (1)",
        "  A0001  review  Its text is another one.",
        "         old  bp [-140/90-] or more",
        "         new  bp {+130/80+} or more",
        "         old  x",
    ]


def test_values_are_decoded() -> None:
    """Days and letters are told by their event's sentence."""
    assert changed(
        record("A0001", text="its text", short="it", letter="N", last_day="2025-03-31", prices=("00", "11")),
        record("A0001", text="its text", short="it", letter="C", last_day="2025-06-30", prices=("11", "22")),
    ) == [
        "Price (1)",
        "  A0001  note    prices  -00  +22 (by the mile)  [00, 11] → [11, 22]",
        "",
        "Dates (1)",
        "  A0001  note    A day is another one. it",
        "",
        "Letter (1)",
        "  A0001  note    Its letter is another one. it",
    ]


def test_a_list_that_came_or_went_as_a_whole() -> None:
    assert changed(record("A0001"), record("A0001", prices=("22",)))[-1] == (
        "  A0001  note    prices  +22 (by the mile)  [] → [22]"
    )


def test_each_value_of_an_event_has_a_line() -> None:
    assert changed(record("A0001", remark="x"), record("A0001", prices=("22",)))[1:] == [
        "  A0001  note    prices  +22 (by the mile)  [] → [22]",
        "                 remark  x → (none)",
    ]


def one_entry(event: Event, successors: tuple[Successor, ...] = ()) -> list[str]:
    """Return the lines of a change of a price and an end, to which a given event belongs."""
    old = record("A0001", short="it", remark="x")
    diff = diff_between([old], [record("A0001", short="it", remark="y", last_day="2025-12-31")])
    changes = tuple(replace(change, events=(event,), successors=successors) for change in diff.changes)
    found = list(map(str, lines(build_view(MADE_UP, replace(diff, changes=changes)))))
    return found[found.index("", 4) + 2 :]


def test_a_level_other_than_its_kinds_comes_with_the_events_words() -> None:
    """An event in doubt, or one whose level a policy moved, says more than its values do."""
    event = Event("repriced", Level.NOTE, "Remark y instead of x.", ("remark",))
    assert one_entry(event) == ["  A0001  note    remark  x → y"]
    assert one_entry(replace(event, level=Level.ACT, text="In doubt: blurred.")) == [
        "  A0001  act     In doubt: blurred.",
        "                 remark  x → y",
    ]


def test_what_is_waived_says_why() -> None:
    assert one_entry(Event("ended", Level.ACT, "It ends.", ("last_day",), waived="not our formulary")) == [
        "  A0001  act     It ends. it",
        "         waived  not our formulary",
    ]


def test_an_ended_code_has_its_successors_and_their_units() -> None:
    successors = (
        Successor("B0001", Basis.DECLARED, 1.0, None, "cross reference"),
        Successor("B0002", Basis.SUGGESTED, 0.9, 20.0, "same drug"),
        Successor("B0003", Basis.SUGGESTED, 0.8, 1.0, "same drug"),
        Successor("B0004", Basis.SUGGESTED, 0.8, 0.5, "same drug"),
    )
    assert one_entry(Event("ended", Level.ACT, "It ends.", ("last_day",)), successors)[1:] == [
        "         → B0001  declared: cross reference",
        "         → B0002  suggested, 20 units for 1: same drug",
        "         → B0003  suggested, 1 unit for 1: same drug",
        "         → B0004  suggested, 0.5 units for 1: same drug",
    ]
    assert len(one_entry(Event("repriced", Level.NOTE, "x", ("remark",)), successors)) == 1


@pytest.mark.parametrize(
    ("units", "expected"),
    [(1, "1 unit for 1"), (20.0, "20 units for 1"), (1.5, "1.5 units for 1"), (1000, "1,000 units for 1")],
)
def test_units_in_words(units: float, expected: str) -> None:
    assert amount_of_units(units) == expected


def test_administrative_changes_are_told_when_asked_for() -> None:
    diff = diff_between([record("A0001", letter="A")], [record("A0001", letter="N")])
    assert told(diff) == []
    assert told(diff, administrative=True) == ["Letter (1)", "  A0001  note    Its letter is another one."]


def test_at_most_so_many_codes_a_section() -> None:
    many = [record(f"A{number:04}") for number in range(1300)]
    assert told(diff_between([], [*many, record("A1")]), 2) == [
        "Came (1,300)",
        "  A0000  review  It is new.",
        "  A0001  review  It is new.",
        "  … and 1,298 more: --all",
        "",
        "Modifiers: came (1)",
        "  A1     review  It is new.",
    ]
    assert len(told(diff_between([], many))) == 1301
    assert told(diff_between([], many[:2]), 2)[-1] == "  A0001  review  It is new."


def test_hostile_texts_stand_as_they_are() -> None:
    long = "x, " * 1666 + "=HYPERLINK(1)"
    text = "=HYPERLINK(\"http://a\") | 'quoted' [bold]{+not new+}[/bold] ü→\u2028"
    _, _, old, new = changed(record("A0001", text=text), record("A0001", text=long))
    assert old.removeprefix("         old  ").replace("[-", "").replace("-]", "") == text.replace("\u2028", "[U+2028]")
    assert new.removeprefix("         new  ").replace("{+", "").replace("+}", "") == long


def test_a_line_is_its_pieces_without_blanks_at_the_end() -> None:
    assert str(Line((("  A0001", "code"), ("  ", "dim"), ("words  ", "")))) == "  A0001  words"
    assert str(Line(())) == ""


@given(snapshots("2025"), snapshots("2026"))
def test_lines_are_plain_and_a_file_has_all_of_them(old: Snapshot, new: Snapshot) -> None:
    view = view_of(diff_of(old, new), administrative=True)
    text = render(view).decode()
    assert text == "".join(f"{line}\n" for line in lines(view))
    assert "\x1b" not in text
    for line in text.split("\n"):
        assert line == line.rstrip()
    for change in view.diff.changes:
        assert f"  {change.code:<7}" in text
