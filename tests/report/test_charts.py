"""Charts: their numbers and their place in time."""

from __future__ import annotations

import re

import pytest

from tracker.report.charts import Bar, bars, columns, over_time


def told(days: list[str], begin: str = "2025-01-01") -> list[tuple[str, int]]:
    return [(bar.label, bar.number) for bar in over_time(days, begin)]


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        ([], []),
        (["one", "", "2025"], []),
        (["1999-01-01"], [("before 2025-01", 1)]),
        (["2025-01-01", "2025-03-31", "2025-03-01"], [("2025-01", 1), ("2025-02", 0), ("2025-03", 2)]),
        (["2024-12-31", "2025-02-01"], [("before 2025-01", 1), ("2025-01", 0), ("2025-02", 1)]),
    ],
)
def test_days_by_month(days: list[str], expected: list[tuple[str, int]]) -> None:
    assert told(days) == expected


def test_a_long_time_is_told_by_quarter_or_year() -> None:
    assert told(["2025-01-01", "2029-12-31"])[0] == ("2025 Q1", 1)
    assert told(["2025-01-01", "2029-12-31"])[-1] == ("2029 Q4", 1)
    assert [label for label, _ in told(["2025-01-01", "2045-12-31"])] == [str(year) for year in range(2025, 2046)]
    assert len(told(["2025-01-01", "9999-12-31"])) <= 105, "a day in a far future is no reason for 8,000 bars"


def test_bars_are_as_long_as_their_numbers() -> None:
    drawn = bars([Bar("a & b", 10, "act"), Bar("c", 5), Bar("d", 0)], "what <it> shows")
    assert re.findall(r'width="([\d.]+)%" height="5"', drawn) == ["100", "100.0", "100", "50.0", "100", "0.0"]
    assert "a &amp; b" in drawn
    assert 'aria-label="what &lt;it&gt; shows"' in drawn
    assert 'class="act"' in drawn


def test_columns_stand_side_by_side_and_carry_as_many_labels_as_have_room() -> None:
    few = columns([Bar("A", 1), Bar("modifiers", 2, tick="mod")], "x")
    assert re.findall(r">(\w+)</text>", few) == ["1", "A", "2", "mod"]
    many = columns([Bar(f"2025-{month:02}", month) for month in range(1, 27)], "x")
    assert 4 <= len(re.findall(r">2025-\d\d</text>", many)) <= 8
    assert many.count("<title>") == 26


def test_no_rows_make_an_empty_chart() -> None:
    assert "<rect" not in bars([], "x") + columns([], "x")
