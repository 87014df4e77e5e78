"""A list as Markdown."""

from __future__ import annotations

from dataclasses import replace

from tests.report.lists.list_views import chargemaster, empty, found, many
from tracker.report.lists.markdown import render
from tracker.report.lists.view import ListView


def text_of(view: ListView) -> str:
    return b"".join(render(view)).decode()


def test_the_summary() -> None:
    assert text_of(chargemaster()).startswith(
        """\
# What 2025 → 2026 means for chargemaster.xlsx

|  |  |
| --- | --- |
| old | 2025@1: 8,642 codes, complete |
| new | 2026@1: 8,700 codes, complete |
| codes | column 2, 'HCPCS' |

## Counts

- **3** discontinued
- **1** reused
- **1** changed
- **2** unchanged
- **1** not found
- **2** not in this code set
- **2** no code
- Note: 2026@1 is an excerpt: what it does not hold cannot be told
- Note: row 10 is blank, and was passed over

## Discontinued (1)

| Code | Level | What | Rows |
| --- | --- | --- | --- |
| J0002 | act | Discontinued: last valid day 2025-03-31. Injection, pear juice, up to 20 mg<br>→ J0003 """
    )
    assert "\n| review | No code could be read. | 12 rows |\n" in text_of(chargemaster())


def test_all_rows_with_the_columns_that_any_fills() -> None:
    text = text_of(replace(chargemaster(), groups=()))
    head, _, first, second, *_ = text[text.index("## All rows (12)\n\n") :].splitlines()[2:]
    assert head.startswith("| Row | Charge | HCPCS | Description | Price | Unit | Department | Since | Active | Code |")
    assert first == (
        "| 2 | 1001 | A0001 | Apple | 1.5 | each | Kitchen | 2020-01-01 | TRUE | A0001 |  | unchanged |  |  |  |  |  |"
        "  | Apple, each |  |  |"
    )
    assert "Apple &#124; red" in text
    assert "Your description" in head
    modest = replace(chargemaster(), rows=lambda: list(chargemaster().rows())[:1])
    table = text_of(modest).split("## All rows")[1].splitlines()
    assert table[2].endswith("| Active | Code | Status | New description |")
    assert second != first


def test_a_search_has_no_numbers_and_says_nothing_twice() -> None:
    assert text_of(found()).endswith(
        """
- Note: no description has aple: searched for apple

## All rows (2)

| Code | Status | Last valid day | Score | Description |
| --- | --- | --- | --- | --- |
| A0001 | current |  | 1 | Apple, each |
| A0002 | ended | 2024-12-31 | 0.75 | Apple, dried |
"""
    )


def test_a_list_without_rows() -> None:
    assert text_of(empty()).endswith("- **0** rows\n\n## All rows (0)\n")


def test_a_long_group_is_folded() -> None:
    text = text_of(many(3))
    assert "<details>\n<summary>200 entries</summary>\n\n| Code | Level |" in text
    assert "<details>" not in text_of(chargemaster())
