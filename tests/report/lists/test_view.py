"""What all renderers of lists share."""

from __future__ import annotations

from datetime import date, datetime, time
from itertools import count

import pytest

from tests.report.lists.list_views import chargemaster, empty, found
from tracker.errors import TrackerError
from tracker.formats.cells import Cell
from tracker.report.lists.view import (
    Answer,
    Point,
    Remembered,
    filled,
    groups_beside_rows,
    is_numbered,
    refuse_more,
    shown,
    told_rows,
)


@pytest.mark.parametrize(
    ("number", "rows", "expected"),
    [
        (0, (), ""),
        (0, (0,), ""),
        (1, (), "1 row"),
        (1200, (), "1,200 rows"),
        (1, (2,), "row 2"),
        (2, (2, 5), "rows 2 and 5"),
        (3, (2, 5, 1009), "rows 2, 5 and 1,009"),
        (40, (2, 5, 9), "rows 2, 5, 9 and 37 more"),
        (2, (7,), "rows 7 and 1 more"),
    ],
)
def test_which_rows_a_point_is_about(number: int, rows: tuple[int, ...], expected: str) -> None:
    assert told_rows(Point("A0001", None, ("x",), number, rows)) == expected


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        ("", ""),
        ("0088", "0088"),
        (12.0, "12"),
        (12.5, "12.5"),
        (-4.0, "-4"),
        (True, "TRUE"),
        (False, "FALSE"),
        (date(2025, 3, 31), "2025-03-31"),
        (datetime(2025, 3, 31), "2025-03-31"),  # noqa: DTZ001
        (datetime(2025, 3, 31, 8, 30), "2025-03-31 08:30:00"),  # noqa: DTZ001
        (time(9, 15), "09:15:00"),
    ],
)
def test_what_a_cell_shows(cell: Cell, expected: str) -> None:
    assert shown(cell) == expected


def test_equal_rows_share_what_is_made_of_their_answer() -> None:
    numbers = count(1)
    remembered = Remembered(lambda _: next(numbers))
    one, other = Answer(("a",)), Answer(("a",))
    assert [remembered(one), remembered(other), remembered(one), remembered(other)] == [1, 2, 1, 2]


def test_more_answers_than_are_remembered_are_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.report.lists.view._MOST_REMEMBERED", 2)
    remembered = Remembered(lambda answer: answer.cells[0])
    answers = [Answer((str(place),)) for place in range(5)]
    assert [remembered(answer) for answer in answers * 2] == ["0", "1", "2", "3", "4"] * 2


def test_a_search_has_no_numbers_and_its_groups_say_what_its_rows_say() -> None:
    assert (is_numbered(chargemaster()), is_numbered(found())) == (True, False)
    assert groups_beside_rows(chargemaster()) == chargemaster().groups
    assert groups_beside_rows(found()) == ()


def test_columns_that_no_row_fills() -> None:
    view = found()
    assert filled(view, list(view.rows())) == [0, 1, 2, 3, 4]
    assert filled(view, list(view.rows())[:1]) == [0, 1, 3, 4]
    assert filled(empty(), []) == []


def test_too_many_rows_are_one_sentence() -> None:
    refuse_more(chargemaster(), 12, "a page can show", "write .csv")
    with pytest.raises(TrackerError, match=r"^12 rows are more than a page can show \(11\): write \.csv$"):
        refuse_more(chargemaster(), 11, "a page can show", "write .csv")
