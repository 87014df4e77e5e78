"""A list's page in a browser: search, filters, links, narrow windows, paper. No bound here is a time."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

import pytest

from tests.report.hostile import ATTACKS, ODD
from tests.report.hostile_views import list_with
from tests.report.lists.list_views import OWN, ROWS, VALID, chargemaster, found, many, view_of
from tests.report.test_html_browser import ARGUMENTS, CHROMIUM, CONTRAST, settle
from tracker.report.lists.html import render
from tracker.report.lists.view import ListRow, ListView

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]

ALL_OF_THEM = " ".join((*ATTACKS.values(), *ODD.values()))
EVERY_ROW = [str(number) for number, _, _ in ROWS]


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Open a list's page from a file; at the end nothing may have been complained of or asked for."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    path = tmp_path_factory.mktemp("page") / "list.html"
    complaints: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))

        def opened(
            view: ListView, anchor: str = "", *, script: bool = True, width: int = 1300, scheme: str = "light"
        ) -> Page:
            path.write_bytes(b"".join(render(view)))
            context = browser.new_context(
                java_script_enabled=script, viewport={"width": width, "height": 900}, color_scheme=scheme
            )
            page: Page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
            url = path.as_uri()
            page.on("request", lambda one: None if one.url.startswith(url) else complaints.append(one.url))
            page.goto(f"{url}#{anchor}" if anchor else url)
            return page

        yield opened
        browser.close()
    assert complaints == []


def rows(page: Page) -> list[str]:
    """The first cells of the rows that are not hidden."""
    script = "all => all.filter(one => !one.closest('[hidden]')).map(one => one.cells[0].textContent)"
    texts: list[str] = page.locator("#rows tbody tr").evaluate_all(script)
    return texts


def search(page: Page, text: str) -> list[str]:
    page.fill("#search", text)
    settle(page)
    return rows(page)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", EVERY_ROW),
        ("juice 1003", ["4"]),
        ("DISCONTINUED", ["3", "4", "13"]),
        ("apple | red", ["12"]),
        ("=1+1", ["9"]),
        ("2024-05-06", ["8"]),
        ("juice bread", []),
        (".*", []),
    ],
)
def test_search(show: Open, text: str, expected: list[str]) -> None:
    page = show(chargemaster())
    assert search(page, text) == expected
    assert page.inner_text("#shown") == (f"{len(expected)} of 12 rows" if text else "12 rows")
    assert page.locator("#everything").is_visible() is bool(text)


def test_filters(show: Open) -> None:
    page = show(chargemaster())
    page.uncheck("[value=none]")
    settle(page)
    assert rows(page) == ["3", "4", "5", "6", "7", "13"]
    page.uncheck("[value=review]")
    page.select_option("#verdict", label="reused (1)")
    settle(page)
    assert rows(page) == ["5"]
    page.click("#everything")
    settle(page)
    assert rows(page) == EVERY_ROW
    assert page.is_checked("[value=none]")
    page.select_option("#verdict", label="discontinued (3)")
    assert search(page, "1011") == ["13"]


def test_a_link_leads_to_its_row_also_when_a_filter_hides_it(show: Open) -> None:
    page = show(chargemaster())
    assert search(page, "bread") == ["6"]
    page.click('.o a[href="#r13"]')
    page.locator("#r13").wait_for()
    assert rows(page) == EVERY_ROW
    assert page.locator("#r13").evaluate("one => one.matches(':target')")
    far = show(many(5000), "r4001")
    for _ in range(3):
        settle(far)
    box = far.locator("#r4001").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 900


def test_the_keyboard_reaches_the_search_and_the_table(show: Open) -> None:
    page = show(chargemaster())
    page.keyboard.press("/")
    page.keyboard.type("1003")
    settle(page)
    assert rows(page) == ["4"]
    page.keyboard.press("Escape")
    settle(page)
    assert rows(page) == EVERY_ROW
    page.locator(".table").focus()
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"


def test_the_head_of_the_table_and_the_number_of_the_row_stay_in_sight(show: Open) -> None:
    page = show(many(500))
    page.locator(".table").scroll_into_view_if_needed()
    page.evaluate("() => document.querySelector('.table').scrollTo(900, 3000)")
    settle(page)
    table = page.locator(".table").bounding_box()
    head = page.locator("thead th", has_text="HCPCS").bounding_box()
    shown = page.locator("tbody tr").evaluate_all(
        "(all, box) => all.find(one => one.getBoundingClientRect().y > box.y + 100).cells[0].getBoundingClientRect().x",
        table,
    )
    assert table
    assert head
    assert abs(head["y"] - table["y"]) < 60
    assert abs(shown - table["x"]) < 3


def test_columns_stand_under_their_headings(show: Open) -> None:
    page = show(chargemaster())
    lefts = "all => all.map(one => Math.round(one.getBoundingClientRect().x))"
    header = page.locator("thead tr:last-child > *").evaluate_all(lefts)
    assert len(header) == 21
    for row in ("#r2", "#r14"):
        assert page.locator(f"{row} > *").evaluate_all(lefts) == header
    whose = page.locator(".whose > *").evaluate_all(lefts)
    assert whose == [header[0], header[1], header[1 + len(OWN)]]


def test_a_reader_of_screens_finds_a_table(show: Open) -> None:
    """Though its rows are laid out as a grid."""
    told = show(found()).locator(".table").aria_snapshot()
    assert "table" in told
    assert 'columnheader "Last valid day"' in told
    assert 'cell "2024-12-31"' in told
    assert 'rowheader "2"' in show(chargemaster()).locator(".table").aria_snapshot()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_for_everyone(show: Open, scheme: str) -> None:
    page = show(chargemaster(), scheme=scheme)
    assert page.evaluate(CONTRAST) == []


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1600])
def test_no_width_needs_scrolling_sideways_but_the_tables(show: Open, width: int) -> None:
    views = [chargemaster(), found(), list_with("x" * 5000), list_with(ALL_OF_THEM)]
    for view in views:
        page = show(view, width=width)
        assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


def test_no_cell_reaches_into_the_next(show: Open) -> None:
    wide = ("日本語" * 12, "W" * 300, "@" * 32, "five words of a text", "", "1", "", "")
    page = show(view_of((ListRow(2, wide, VALID),)))
    over = "all => all.filter(one => one.scrollWidth > one.clientWidth + 1).map(one => one.textContent)"
    assert page.locator("#r2 > *").evaluate_all(over) == []


def test_print_shows_every_row_and_no_controls(show: Open) -> None:
    page = show(chargemaster(), scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator("#filters").is_visible()
    assert page.locator("#r14").is_visible()
    assert page.get_by_text("rows 3, 4 and 13").is_visible()
    assert page.evaluate("() => document.querySelector('.table').scrollWidth - document.body.clientWidth") <= 0
    pdf = page.pdf(prefer_css_page_size=True)
    assert 2 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 4


def test_print_shows_what_is_folded(show: Open) -> None:
    page = show(many(50))
    page.emulate_media(media="print")
    assert page.get_by_text("J0199").first.is_visible()


def test_without_a_script_everything_can_be_read(show: Open) -> None:
    page = show(chargemaster(), script=False)
    assert rows(page) == EVERY_ROW
    assert not page.locator("#filters").is_visible()
    assert page.locator("#r14").is_visible()
    page.click('.o a[href="#r13"]')
    assert page.url.endswith("#r13")


def test_hostile_texts_run_nothing(show: Open) -> None:
    page = show(list_with(ALL_OF_THEM))
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, link, base").count() == 0
    assert search(page, "<script>alert(1)</script>") == ["2", "3"]
    assert "␛[31mred" in page.inner_text("#rows")


def test_twenty_thousand_rows(show: Open) -> None:
    page = show(replace(many(20_000), groups=()))
    assert page.inner_text("#shown") == "20,000 rows"
    drawn = "all => all.filter(one => one.checkVisibility({contentVisibilityAuto: true})).length"
    assert page.locator("tbody tr").evaluate_all(drawn) < 500, "the browser passes over what is far from the window"
    assert search(page, "0012345") == ["12347"]
    assert page.evaluate("() => document.querySelector('.table').scrollHeight") < 900
    assert len(search(page, "")) == 20_000
    page.evaluate("() => document.querySelector('.table').scrollTo(0, 400_000)")
    settle(page)
    assert page.locator("tbody tr").evaluate_all(drawn) < 500
