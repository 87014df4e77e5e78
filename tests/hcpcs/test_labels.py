"""Labels of releases, and what ten years of file names tell."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracker.errors import UnknownReleaseError
from tracker.hcpcs.labels import NameHints, effective_date, label_on, mark_order, name_hints, parse_label

labels = st.builds(
    lambda year, month: f"{year}{month}", st.integers(1900, 2099), st.sampled_from(["", "-04", "-07", "-10"])
)


@pytest.mark.parametrize(
    ("name", "label", "mark", "published"),
    [
        ("HCPC17_CONTR_ANWEB.txt", "2017", None, None),
        ("HCPC17_CONTR_ANWEB", "2017", None, None),
        ("HCPC2018_CONTR_ANWEB_disc.txt", "2018", "disc", None),
        ("HCPC2020_ANWEB_w_disclaimer.xls", "2020", "w_disclaimer", None),
        ("HCPC2023_JAN_ANWEB_v3.xlsx", "2023", "v3", None),
        ("HCPC2025_JAN_ANWEB_12172024.txt", "2025", "12172024", date(2024, 12, 17)),
        ("HCPC2025_OCT_ANWEB_v3.xlsx", "2025-10", "v3", None),
        ("HCPC2025_OCT_ANWEB_v3 (1).xlsx", "2025-10", "v3", None),
        ("HCPC2025_OCT_ANWEB_V4.xlsx", "2025-10", "v4", None),
        ("HCPC2026_JAN_ANWEB_12082025.txt", "2026", "12082025", date(2025, 12, 8)),
        ("HCPC2026_JAN_ANWEB_01122026.txt", "2026", "01122026", date(2026, 1, 12)),
        ("HCPC2026_APR_ANWEB_13452026.txt", "2026-04", "13452026", None),
        ("2017-Alpha-Numeric-HCPCS-File.zip", "2017", None, None),
        ("october-2025-alpha-numeric-hcpcs-file.zip", "2025-10", None, None),
        ("January-2026-alpha-numeric-hcpcs-files.zip", "2026", None, None),
        ("july-2024-alpha-numeric-hcpcs-file.zip", "2024-07", None, None),
        ("hcpcs-2025.zip", "2025", None, None),
        ("folder/HCPC2025_APR_ANWEB.txt", "2025-04", None, None),
        ("2025-10.csv", "2025-10", None, None),
        ("hcpcs_2025_07.xlsx", "2025-07", None, None),
        ("mine 2026-01.csv", "2026", None, None),
        ("2025_Q3.csv", "2025-07", None, None),
        ("hcpcs 2025q1.csv", "2025", None, None),
        ("hcpcs-2025-10-01.csv", "2025-10", None, None),
        ("HCPC2025_10_OCT_ANWEB.txt", "2025-10", None, None),
        ("HCPC2025_JAN_ANWEB_2024-12-17.txt", "2025", "2024_12_17", None),
        ("HCPC2025_JAN_ANWEB_17_DEC_2024.txt", "2025", "17_dec_2024", None),
        ("HCPC49_ANWEB.txt", "2049", None, None),
        ("HCPC99_ANWEB.txt", "1999", None, None),
        ("octopus-2025.csv", "2025", None, None),
        ("records.csv", None, None, None),
        ("proc_notes_JAN2025.txt", None, None, None),
        ("", None, None, None),
    ],
)
def test_a_file_name_tells_label_mark_and_day(
    name: str, label: str | None, mark: str | None, published: date | None
) -> None:
    assert name_hints(name) == NameHints(label, mark, published)


@pytest.mark.parametrize(
    "name",
    [
        "hcpcs-2024-2025.csv",
        "HCPC2025_JAN_and_APR.txt",
        "HCPC2025_JAN_ANWEB_OCT.txt",
        "2025-10_Q3.csv",
        "2025_Q3_OCT.csv",
        "hcpcs-2025-may.csv",
        "september_2025.csv",
        "2025-02.csv",
        "2025_13.csv",
        "2025-7.csv",
        "10-2025.csv",
        "10-01-2025.csv",
        "HCPC17_2018.txt",
        "17-alpha-numeric.zip",
    ],
)
def test_a_name_that_tells_two_releases_or_a_month_without_one_tells_none(name: str) -> None:
    assert name_hints(name).label is None


@pytest.mark.parametrize(
    ("text", "label"),
    [("2026", "2026"), ("2026-01", "2026"), (" 2026-04 ", "2026-04"), ("2025-07", "2025-07"), ("2025-10", "2025-10")],
)
def test_a_label_is_a_year_or_a_quarter(text: str, label: str) -> None:
    assert parse_label(text) == label


@pytest.mark.parametrize(
    "text",
    [
        "2026Q2", "2026-Q2", "2026 q2", "2026/q2", "Q2 2026", "q2-2026", "apr 2026", "April 2026", "APR2026",
        "2026-apr", "2026  april", "04/2026", "2026/04",
    ],
)  # fmt: skip
def test_a_quarter_may_be_spelled_in_other_ways(text: str) -> None:
    assert parse_label(text) == "2026-04"


@pytest.mark.parametrize("text", ["2026Q1", "Jan 2026", "2026-january", "01/2026"])
def test_january_is_the_year(text: str) -> None:
    assert parse_label(text) == "2026"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("2026-02", "2026"),
        ("2026-05", "2026-04"),
        ("May 2026", "2026-04"),
        ("2026-june", "2026-04"),
        ("sept 2026", "2026-07"),
        ("12/2026", "2026-10"),
    ],
)
def test_a_month_without_a_release_tells_which_one_is_in_effect(text: str, label: str) -> None:
    with pytest.raises(UnknownReleaseError, match=f"; in that month {label} is in effect$"):
        parse_label(text)


@pytest.mark.parametrize(
    "text",
    [
        "", "26", "2026-1", "2026-02", "2026-13", "1826", "2026-04-01", "2026Q5", "202604", "04-2026", "2026 04",
        "octopus 2026", "2026-", "٢٠٢٦", "latest", "previous",
    ],
)  # fmt: skip
def test_anything_else_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(UnknownReleaseError, match=r"is not a release label: write the year \(2026\)"):
        parse_label(text)


@pytest.mark.parametrize(
    ("day", "label"),
    [
        (date(2025, 1, 1), "2025"),
        (date(2025, 3, 31), "2025"),
        (date(2025, 4, 1), "2025-04"),
        (date(2025, 9, 30), "2025-07"),
        (date(2025, 11, 20), "2025-10"),
        (date(2025, 12, 31), "2025-10"),
    ],
)
def test_a_day_has_the_release_of_its_quarter(day: date, label: str) -> None:
    assert label_on(day) == label


@given(labels)
def test_a_release_is_in_effect_on_its_effective_date(label: str) -> None:
    assert parse_label(label) == label
    assert label_on(effective_date(label)) == label


@given(st.text())
def test_any_name_is_read_without_complaint(name: str) -> None:
    hints = name_hints(name)
    assert hints.label is None or parse_label(hints.label) == hints.label


@pytest.mark.parametrize(
    ("earlier", "later"), [("12082025", "01122026"), ("v3", "v4"), ("v9", "v10"), ("09172025", "09182025")]
)
def test_marks_of_one_style_have_an_order(earlier: str, later: str) -> None:
    first, second = mark_order(earlier), mark_order(later)
    assert first is not None
    assert second is not None
    assert first[0] == second[0]
    assert first < second


@pytest.mark.parametrize("mark", [None, "", "disc", "w_disclaimer", "13452026", "v", "v3_1"])
def test_other_marks_have_none(mark: str | None) -> None:
    assert mark_order(mark) is None


def test_marks_of_two_styles_cannot_be_compared() -> None:
    dated, numbered = mark_order("12172024"), mark_order("v3")
    assert dated is not None
    assert numbered is not None
    assert dated[0] != numbered[0]
