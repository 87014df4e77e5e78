"""Days are read as people and programs write them, and never guessed."""

from __future__ import annotations

from datetime import UTC, date, datetime, time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lists.test_codes import CELLS
from tracker.errors import TrackerError
from tracker.formats.cells import Cell
from tracker.lists.days import DateOrder, order_told_by, parse_day, read_day

DAY = date(2025, 3, 31)
MDY, DMY, YMD = DateOrder.MDY, DateOrder.DMY, DateOrder.YMD


@pytest.mark.parametrize("order", DateOrder)
@pytest.mark.parametrize(
    "cell",
    [
        *(DAY, datetime(2025, 3, 31, tzinfo=UTC), datetime(2025, 3, 31, 23, 59, tzinfo=UTC)),
        *("2025-03-31", " 2025-03-31 ", "2025-3-31", "2025/03/31", "2025.03.31", "20250331", 20250331.0, 20250331),
        *(
            "2025-03-31 08:15",
            "2025-03-31T00:00:00Z",
            "2025-03-31T23:30:00-05:00",
            "20250331 08:15",
            "31MAR2025:08:15:00",
        ),
        *("31-Mar-2025", "31 March 2025", "31MAR2025", "31-Mar-25", "31. mar 2025"),
        *("Mar 31, 2025", "March 31 2025", "mar-31-2025"),
    ],
)
def test_a_day_that_can_mean_one_day_is_read_in_any_order(cell: Cell, order: DateOrder) -> None:
    assert read_day(cell, order) == DAY


@pytest.mark.parametrize(
    ("cell", "mdy", "dmy", "ymd"),
    [
        ("03/31/2025", DAY, None, DAY),
        ("3/31/25", DAY, None, DAY),
        ("03-31-2025", DAY, None, DAY),
        ("3/31/2025 8:15:00 AM", DAY, None, DAY),
        ("31/03/2025", None, DAY, DAY),
        ("31.03.2025", None, DAY, DAY),
        ("31.3.25", None, DAY, DAY),
        ("03/04/2025", date(2025, 3, 4), date(2025, 4, 3), None),
        ("03.04.2025", date(2025, 3, 4), date(2025, 4, 3), None),
        ("3/3/2025", date(2025, 3, 3), date(2025, 3, 3), date(2025, 3, 3)),
        ("1/2/68", date(2068, 1, 2), date(2068, 2, 1), None),
        ("1/2/69", date(1969, 1, 2), date(1969, 2, 1), None),
    ],
)
def test_a_date_with_its_year_last_is_read_in_the_order_that_was_found(
    cell: str, mdy: date | None, dmy: date | None, ymd: date | None
) -> None:
    assert [read_day(cell, order) for order in (MDY, DMY, YMD)] == [mdy, dmy, ymd]


@pytest.mark.parametrize(
    "cell",
    [
        *("", "  ", "N/A", "2025-02-30", "20251340", "13/13/2025", "0000-00-00", "1899-12-31", "2101-01-01"),
        *("2025", "March 2025", "25-03-31", "2025-03/31", "45747", "J1940", "Mittwoch 3, 2025", "2025-W13-1"),
        *(45747.0, 1.0, 0.0, True, time(8, 15), float("nan"), float("inf"), 20250331.5),
        "2025-03-31" + " " * 40 + "8",
    ],
)
def test_what_is_no_day_is_none(cell: Cell) -> None:
    assert [read_day(cell, order) for order in DateOrder] == [None, None, None]


@pytest.mark.parametrize("cell", [45747.0, 45747, 45747.34])
def test_excels_count_of_days_is_read_where_it_is_allowed(cell: float) -> None:
    assert read_day(cell, YMD, serials=True) == DAY


@pytest.mark.parametrize("cell", ["45747", 12.5, 99213.0])
def test_a_text_or_another_number_is_no_count_of_days(cell: Cell) -> None:
    assert read_day(cell, YMD, serials=True) is None


@pytest.mark.parametrize(
    ("cell", "orders"),
    [
        ("03/31/2025", {MDY}),
        ("31/03/2025", {DMY}),
        ("03/04/2025", {MDY, DMY}),
        ("03/03/2025", set()),
        ("2025-03-31", None),
        (DAY, None),
        (20250331.0, None),
    ],
)
def test_a_date_tells_its_order_or_does_not(cell: Cell, orders: set[DateOrder] | None) -> None:
    assert order_told_by(cell) == orders


@pytest.mark.parametrize("typed", ["2025-03-31", "20250331", "3/31/2025", "31/3/2025", "31.03.2025", " Mar 31, 2025 "])
def test_a_day_is_typed_as_people_type_it(typed: str) -> None:
    assert parse_day(typed) == DAY


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("03/04/2025", r"03/04/2025 can be read in two ways: write 2025-03-04 or 2025-04-03"),
        ("3.4.25", r"3\.4\.25 can be read in two ways: write 2025-03-04 or 2025-04-03"),
        ("soon", r"'soon' is no day: write it as 2025-03-31"),
        ("2025-02-30", r"'2025-02-30' is no day"),
        ("", r"'' is no day"),
        ("x" * 1000, r"'x{40}' is no day"),
    ],
)
def test_a_typed_day_that_is_none_or_two_is_told(typed: str, message: str) -> None:
    with pytest.raises(TrackerError, match=rf"^{message}"):
        parse_day(typed)


@given(CELLS, st.sampled_from(DateOrder), st.booleans())
def test_every_cell_is_a_day_or_none(cell: Cell, order: DateOrder, serials: bool) -> None:
    day = read_day(cell, order, serials=serials)
    assert day is None or type(day) is date
    if isinstance(cell, str):
        order_told_by(cell)


@given(st.dates(date(1970, 1, 1), date(2068, 12, 31)))
def test_a_day_that_was_written_is_read_back(day: date) -> None:
    for pattern in ("%Y-%m-%d", "%Y%m%d", "%d-%b-%Y", "%B %d, %Y", "%d%b%y"):
        assert read_day(day.strftime(pattern), YMD) == day
    for pattern in ("%m/%d/%Y", "%m/%d/%y", "%m-%d-%Y"):
        assert read_day(day.strftime(pattern), MDY) == day
    for pattern in ("%d/%m/%Y", "%d.%m.%Y", "%d.%m.%y"):
        assert read_day(day.strftime(pattern), DMY) == day
