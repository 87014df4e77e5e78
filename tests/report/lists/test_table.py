"""A list as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.report.lists.list_views import ADDED, OWN, ROWS, VALID, answer, chargemaster, empty, found, rows_of, view_of
from tracker.report.lists.table import added_names, render
from tracker.report.lists.view import Answer, Column, ListRow, ListView

NAMES = [column.name for column in ADDED]


def rows(view: ListView) -> list[list[str]]:
    data = b"".join(render(view)).decode()
    return list(csv.reader(io.StringIO(data, newline=""), strict=True))


def test_own_columns_first_then_what_is_added() -> None:
    told = (
        'Discontinued: last valid day 2025-03-31.,2025-03-31,J0003; J0004,20,"Injection, pear juice, up to 20 mg",'
        "Stop billing it after its last valid day; choose what takes its place.,"
    )
    assert b"".join(render(chargemaster())).decode().splitlines()[:3] == [
        f"{','.join(OWN)},{','.join(NAMES)}",
        '1001,A0001,Apple,1.5,each,Kitchen,2020-01-01,TRUE,A0001,,unchanged,,,,,,,"Apple, each",,',
        '1002,j0002 ,"Pear juice, inj.",12,20 mg,Pharmacy,2019-07-01,TRUE,J0002,,discontinued,act,code-discontinued,'
        + told,
    ]
    assert len(rows(chargemaster())) == 1 + len(ROWS)
    assert {len(row) for row in rows(chargemaster())} == {len(OWN) + len(ADDED)}


def test_a_list_without_rows_has_its_header() -> None:
    assert rows(empty()) == [[*OWN, *NAMES]]


def test_a_search_has_nothing_but_what_was_found() -> None:
    assert b"".join(render(found())).decode() == (
        "code,status,last_valid_day,score,long_description\n"
        'A0001,current,,1,"Apple, each"\n'
        'A0002,ended,2024-12-31,0.75,"Apple, dried"\n'
    )


@pytest.mark.parametrize("heading", ["status", "Status", " LEVEL "])
def test_a_heading_that_stands_there_already_gives_ours_a_prefix(heading: str) -> None:
    view = view_of((), columns=("HCPCS", heading))
    assert added_names(view) == [f"tracker_{name}" for name in NAMES]
    assert rows(view) == [["HCPCS", heading, *added_names(view)]]


def test_our_own_file_can_be_answered_again_and_again() -> None:
    view = view_of((), columns=("HCPCS", *NAMES))
    assert added_names(view) == [f"tracker_{name}" for name in NAMES]
    again = view_of((), columns=(*view.columns, *added_names(view)))
    assert added_names(again) == [f"tracker_tracker_{name}" for name in NAMES]


def test_headings_stay_as_they_are() -> None:
    headings = ("", "Price", "Price", '=1+"1"', "two\r\nlines")
    assert rows(view_of((), columns=headings))[0] == [*headings, *NAMES]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\tx", "\rx"])
def test_formulas_of_the_user_stay_and_ours_are_led_by_an_apostrophe(text: str) -> None:
    row = ListRow(2, (text,), answer(code=text, billing_units=-2.0))
    (_, found_row) = rows(view_of((row,), columns=("HCPCS",)))
    assert found_row[0] == text
    assert found_row[1] == f"'{text}"
    assert found_row[1 + NAMES.index("billing_units")] == "-2"


@pytest.mark.parametrize("cells", [("",), ("", ""), ("x",)])
def test_a_row_of_empty_cells_is_a_row(cells: Sequence[str]) -> None:
    row = ListRow(2, tuple(cells), VALID)
    assert rows(view_of((row,), columns=["a", "b"][: len(cells)]))[1][: len(cells)] == list(cells)


def test_half_a_character_is_written_out() -> None:
    row = ListRow(2, ("\ud800",), answer(code="\udfff"))
    assert rows(view_of((row,), columns=("HCPCS",)))[1][:2] == ["\\ud800", "\\udfff"]


TEXTS = st.text(st.characters(exclude_categories=["Cs"]))


@given(st.lists(st.lists(TEXTS, min_size=3, max_size=3)), st.lists(TEXTS, min_size=2, max_size=2))
def test_any_text_of_the_user_comes_back(own: list[list[str]], told: list[str]) -> None:
    added = (Column("one", "One"), Column("two", "Two"))
    view = view_of(
        rows_of((number, cells, Answer(tuple(told))) for number, cells in enumerate(own, 2)),
        columns=("a", "b", "c"),
        added=added,
    )
    _, *found_rows = rows(view)
    assert [row[:3] for row in found_rows] == own
    for row in found_rows:
        for cell, text in zip(row[3:], told, strict=True):
            assert cell in {text, f"'{text}"}
            assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
