"""A list as a page: what is in it. How a browser shows it is another test."""

from __future__ import annotations

import re
from dataclasses import replace
from html import unescape

from tests.report.lists.list_views import ADDED, OWN, chargemaster, empty, found, many, view_of
from tracker.model import Level
from tracker.report.lists.html import MOST_POINTS, render
from tracker.report.lists.view import Answer, Column, ListRow, ListView


def page_of(view: ListView) -> str:
    return b"".join(render(view)).decode()


def table_of(page: str) -> list[list[str]]:
    """The cells of all rows of the table, its head among them."""
    table = page[page.index('<div class="table"') :]
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", table, re.DOTALL)
    cells = ([unescape(re.sub("<[^>]*>", "", cell)) for cell in re.split(r"</t[dh]>", row)[:-1]] for row in rows)
    return list(cells)


def test_all_rows_are_there() -> None:
    view = chargemaster()
    whose, header, *rows = table_of(page_of(view))
    assert whose == ["", "Your list", "Added"]
    assert header == ["Row", *OWN, *(column.title for column in ADDED)]
    assert [row[0] for row in rows] == [str(row.number) for row in view.rows()]
    assert rows[1][1:10] == [
        "1002",
        "j0002 ",
        "Pear juice, inj.",
        "12",
        "20 mg",
        "Pharmacy",
        "2019-07-01",
        "TRUE",
        "J0002",
    ]
    assert {len(row) for row in rows} == {len(header)}


def test_columns_that_nothing_fills_are_left_out() -> None:
    view = replace(chargemaster(), rows=lambda: list(chargemaster().rows())[:1], length=1)
    _, header, _ = table_of(page_of(view))
    assert header == ["Row", *OWN, "Code", "Status", "New description"]


def test_the_summary_stands_before_the_rows() -> None:
    page = page_of(chargemaster())
    told = [
        "<b>3</b> discontinued",
        "column 2, &#39;HCPCS&#39;",
        "row 10 is blank, and was passed over",
        'rows <a href="#r3">3</a>, <a href="#r4">4</a> and <a href="#r13">13</a>',
        'rows <a href="#r6">6</a>, <a href="#r17">17</a>, <a href="#r19">19</a> and 37 more',
        "12 rows",
        '<tr class="none" data-v="',
    ]
    places = [page.index(text) for text in told]
    assert places == sorted(places)


def test_a_search() -> None:
    page = page_of(found())
    header, *rows = table_of(page)
    assert header == ["Code", "Status", "Last valid day", "Score", "Description"]
    assert rows == [
        ["A0001", "current", "", "1", "Apple, each"],
        ["A0002", "ended", "2024-12-31", "0.75", "Apple, dried"],
    ]
    assert "Best first" not in page
    assert 'name="level"' not in page


def test_a_list_without_rows() -> None:
    page = page_of(empty())
    assert "There are no rows." in page
    assert "<table><colgroup>" not in page
    assert 'id="filters"' not in page


def test_a_long_group_is_folded() -> None:
    page = page_of(many(5))
    seen, folded = page.split('<details class="rest">')
    assert seen.count('<div class="e act">') == MOST_POINTS
    assert folded.split("</details>")[0].count('<div class="e act">') == 200 - MOST_POINTS
    assert "<summary>170 more</summary>" in folded
    assert '<details class="rest">' not in page_of(chargemaster())


def test_a_verdict_can_be_chosen_whatever_its_column_is_called() -> None:
    added = (Column("code", "Code"), Column("valid", "Valid"))
    rows = (
        ListRow(2, ("x",), Answer(("A0001", "no"), Level.ACT)),
        ListRow(3, ("y",), Answer(("A0002", "yes"))),
        ListRow(4, ("z",), Answer(("A0002", "yes"))),
    )
    page = page_of(view_of(rows, columns=("HCPCS",), added=added))
    assert '<label for="verdict">Valid</label>' in page
    assert re.findall(r'<option value="(\d*)">([^<]*)', page) == [("", "all"), ("0", "yes (2)"), ("1", "no (1)")]
    assert '<tr class="act" data-v="1" id="r2">' in page
    assert "<td><b>no</b></td>" in page


def test_the_page_needs_nothing_else() -> None:
    page = page_of(chargemaster())
    assert re.search(r"(?:src|href)\s*=\s*['\"](?!#)", page) is None
    assert "url(" not in page
    assert "@import" not in page
    assert "style=" not in page, "the policy lets no style of a single element apply"
