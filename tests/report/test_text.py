"""The report as lines of text."""

from __future__ import annotations

from hypothesis import given

from tests.made_up import diff_between, diff_of, record, snapshot, snapshots, view_of
from tracker.model import Diff, Record, Snapshot
from tracker.report.text import Line, lines, render


def told(diff: Diff, limit: int | None = None, *, administrative: bool = False) -> list[str]:
    """Return the lines below the head: from the first group on."""
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
    assert list(map(str, lines(view_of(diff))))[:13] == [
        "2025 → 2025-10",
        "  old  2025@1: 2 codes, complete, effective 2025-01-01, from made up",
        "  new  2025-10@1: 3 codes, excerpt, effective 2025-10-01, from made up",
        "",
        "Counts",
        "       1  added, 1 of them ended already",
        "       0  removed",
        "       0  ended",
        "       2  changed, 1 of them administrative",
        "  by field  text 1 · letter 1",
        "  note  not known on one side or both, and not compared, for 1 code: remark",
        "  note  administrative: 1 code changed in letter day and letter alone",
        "",
    ]


def test_two_revisions_of_one_release_are_told_apart() -> None:
    diff = diff_of(snapshot("2025"), snapshot("2025", revision=2))
    assert next(map(str, lines(view_of(diff)))) == "2025@1 → 2025@2"


def test_nothing_changed() -> None:
    assert told(diff_between([record("A1")], [record("A1")])) == ["Nothing changed in what could be compared."]


def test_added_removed_and_ended_codes_have_their_days_and_their_name() -> None:
    diff = diff_between(
        [
            record("B0001", text="gone", last_day="2013-12-31"),
            record("B0002", short="gone"),
            record("C0001", text="old"),
            record("C0002", text="old"),
        ],
        [
            record("A0001", text="new", short="n", first_day="2026-01-01"),
            record("A0002", short="n", first_day="2025-04-01", last_day="2025-06-30"),
            record("A0003"),
            record("C0001", text="old", last_day="2025-12-31"),
            record("C0002", text="old"),
            record("ZZ", text="new", first_day="2026-01-01"),
        ],
    )
    assert told(diff) == [
        "Added (3, 1 of them ended already)",
        "  A0001  from 2026-01-01  new",
        "  A0002  from 2025-04-01 to 2025-06-30  n",
        "  A0003  first day not known",
        "",
        "Removed (2)",
        "  B0001  last valid day 2013-12-31  gone",
        "  B0002  without an end  gone",
        "",
        "Ended (1)",
        "  C0001  last valid day 2025-12-31  old",
        "",
        "Modifiers: added (1)",
        "  ZZ     from 2026-01-01  new",
    ]


def test_words_that_went_and_came_are_marked() -> None:
    assert changed(record("A0001", text="bp 140/90 or more", short="x"), record("A0001", text="bp 130/80 or more")) == [
        "Description (1)",
        "  A0001  text",
        "         old  bp [-140/90-] or more",
        "         new  bp {+130/80+} or more",
        "         short",
        "         x → (none)",
    ]


def test_values_are_decoded() -> None:
    assert changed(
        record("A0001", letter="N", last_day="2025-03-31", prices=("00", "11")),
        record("A0001", letter="C", last_day="2025-06-30", prices=("11", "22")),
    ) == [
        "Dates (1)",
        "  A0001  last day  2025-03-31 → 2025-06-30",
        "",
        "Action (1)",
        "  A0001  letter  N (nothing done) → C (text changed)",
        "",
        "Payment (1)",
        "  A0001  prices  -00  +22 (by the mile)  [00, 11] → [11, 22]",
    ]


def test_a_list_that_came_or_went_as_a_whole() -> None:
    assert changed(record("A0001"), record("A0001", prices=("22",)))[-1] == (
        "  A0001  prices  +22 (by the mile)  [] → [22]"
    )


def test_administrative_changes_are_told_when_asked_for() -> None:
    diff = diff_between([record("A0001", letter="A")], [record("A0001", letter="N")])
    assert told(diff) == []
    assert told(diff, administrative=True) == ["Action (1)", "  A0001  letter  A → N (nothing done)"]


def test_at_most_so_many_codes_a_group() -> None:
    many = [record(f"A{number:04}", first_day="2026-01-01") for number in range(1300)]
    assert told(diff_between([], [*many, record("A1")]), 2) == [
        "Added (1,300)",
        "  A0000  from 2026-01-01",
        "  A0001  from 2026-01-01",
        "  … and 1,298 more: --all",
        "",
        "Modifiers: added (1)",
        "  A1     first day not known",
    ]
    assert len(told(diff_between([], many))) == 1301
    assert told(diff_between([], many[:2]), 2)[-1] == "  A0001  from 2026-01-01"


def test_hostile_texts_stand_as_they_are() -> None:
    long = "x, " * 1666 + "=HYPERLINK(1)"
    text = "=HYPERLINK(\"http://a\") | 'quoted' [bold]{+not new+}[/bold] ü→\u2028"
    _, _, old, new = changed(record("A0001", text=text), record("A0001", text=long))
    assert old.removeprefix("         old  ").replace("[-", "").replace("-]", "") == text
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
