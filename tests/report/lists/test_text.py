"""A list as text."""

from __future__ import annotations

from dataclasses import replace

from tests.report.lists.list_views import DISCONTINUED, chargemaster, found, many, view_of
from tracker.report.lists.text import lines, render
from tracker.report.lists.view import Group, ListView, Point


def text_of(view: ListView) -> str:
    return b"".join(render(view)).decode()


def test_a_chargemaster() -> None:
    assert text_of(chargemaster()) == (
        """\
What 2025 → 2026 means for chargemaster.xlsx
  old    2025@1: 8,642 codes, complete
  new    2026@1: 8,700 codes, complete
  codes  column 2, 'HCPCS'

Counts
       3  discontinued
       1  reused
       1  changed
       2  unchanged
       1  not found
       2  not in this code set
       2  no code
  note  2026@1 is an excerpt: what it does not hold cannot be told
  note  row 10 is blank, and was passed over

Discontinued (1)
  J0002  act     Discontinued: last valid day 2025-03-31. Injection, pear juice, up to 20 mg
                 → J0003  suggested, 20 units for 1: same juice, starts the day after
                 → J0004  declared: cross reference
                 Stop billing it after its last valid day; choose what takes its place.
                 rows 3, 4 and 13

Reused for something else (1)
  C0005  act     Reused. Cart with two wheels
                 row 5

Changed (1)
  B0006  review  Reworded: sliced → sliced or whole.
                 rows 6, 17, 19 and 37 more

In neither release (1)
  Z9999  review  In neither release.
                 Perhaps Z9998?
                 row 7

Not readable as codes (1)
  review  No code could be read.
          12 rows
"""
    )


def test_a_search_has_neither_rows_nor_levels() -> None:
    assert text_of(found()) == (
        """\
Codes for: aple
  release  2026@1: 8,700 codes, complete

Counts
       2  found
       1  current
       1  ended
  note  no description has aple: searched for apple

Best first (2)
  A0001  current: Apple, each
  A0002  ended: Apple, dried
"""
    )


def test_what_there_is_nothing_of_is_not_mentioned() -> None:
    view = view_of((), facts=(), counts=())
    assert text_of(view) == "What 2025 → 2026 means for chargemaster.xlsx\n"
    assert text_of(replace(view, remarks=("all is well",))) == f"{text_of(view)}\n  note  all is well\n"


def test_a_terminal_is_shown_some_points_of_a_group() -> None:
    view = many(10)
    told = [str(line) for line in lines(view, 3)]
    assert told[told.index("Discontinued (200)") + 1][:7] == "  J0000"
    assert sum(line.startswith("  J0") for line in told) == 3
    assert told[-1] == "  … and 197 more: --all"
    assert "--all" not in text_of(view)
    assert text_of(view).count("\n  J0") == 200


def test_a_code_and_a_level_stand_in_columns_of_their_own() -> None:
    """So that a terminal that folds a line begins the next one where its text begins."""
    (line, *_) = [line for line in lines(chargemaster()) if str(line).startswith("  J0002")]
    assert line.indent == 17
    assert [style for _, style in line.pieces] == ["code", "act", ""]
    plain = Point("", None, ("something", "more of it"))
    other = replace(DISCONTINUED, code="J0002-JW-RT-LT")
    view = view_of((), groups=(Group("Kinds", (plain, other)),))
    told = text_of(view).splitlines()
    assert told[-7:-4] == [
        f"{'':26}something",
        f"{'':26}more of it",
        "  J0002-JW-RT-LT  act     Discontinued: last valid day 2025-03-31. Injection, pear juice, up to 20 mg",
    ]


def test_large_numbers_stay_in_their_column() -> None:
    view = view_of((), counts=((12, "odd"), (12_345_678, "even")))
    assert text_of(view).splitlines()[-2:] == ["          12  odd", "  12,345,678  even"]
