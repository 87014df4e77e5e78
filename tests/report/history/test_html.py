"""A history as one HTML page: what it says, and that a browser shows it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.histories import eventful, history, seen, view_of
from tests.report.hostile import ATTACKS
from tracker.report.history.html import render
from tracker.report.history.view import HistoryView

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = Path("/usr/bin/chromium")


def test_the_page_needs_nothing_else_and_no_script() -> None:
    page = render(eventful()).decode()
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert 'content="default-src ' in page
    assert page.startswith("<!doctype html>")
    assert render(eventful()) == render(eventful())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=str(CHROMIUM), args=["--no-sandbox", "--disable-gpu"])
        yield started
        started.close()


Open = Callable[..., "Page"]


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a view's page from a file; at the end nothing may have been complained of."""
    complaints: list[str] = []
    contexts = []

    def opened(view: HistoryView, *, width: int = 1300, dark: bool = False) -> Page:
        (path := tmp_path / "history.html").write_bytes(render(view))
        scheme = "dark" if dark else "light"
        context = browser.new_context(viewport={"width": width, "height": 900}, color_scheme=scheme)  # type: ignore[arg-type]
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def texts(page: Page, query: str) -> list[str]:
    return [" ".join(text.split()) for text in page.locator(query).all_inner_texts()]


def test_the_head_and_the_lives(show: Open) -> None:
    page = show(eventful())
    assert page.title() == "MADE-UP A0001: its history"
    assert texts(page, "h1") == ["A0001"]
    assert texts(page, ".meaning") == ["Bread, per slice"]
    assert texts(page, ".state") == ["ends from 2010-01-01 to 2025-03-31, its last valid day"]
    assert texts(page, ".asked li") == [
        "2017@1 does not hold it",
        "2018@1",
        "2019@1",
        "2020@1",
        "2020-04@1 does not hold it",
        "2020-07@1",
        "2025@1 does not speak of it, an excerpt",
    ]
    assert texts(page, ".lives tbody tr") == [
        "2009-01-01 to 2009-12-31 reused Bread, per slice",
        "2010-01-01 to 2025-03-31 ends Bread, per slice",
    ]


def test_the_timeline_names_the_level_in_words(show: Open) -> None:
    page = show(eventful())
    assert texts(page, ".timeline > li > .label") == ["2017", "2018", "2019", "2020", "2020-04", "", "2020-07"]
    (last,) = texts(page, ".timeline > li:last-child")
    assert last.startswith("2020-07 Back in the file, in effect from 2025-04-01 act It has a last day. review Its text")
    assert last.endswith("→ B0001 suggested")
    assert page.locator(".timeline > li.act").count() == 2
    old, new = page.locator(".timeline > li:last-child .pair").first.locator("dd").all()
    assert (old.locator("del").inner_text(), new.locator("ins").count()) == ("new ", 0)


def test_where_values_come_from_stands_in_place_of_the_timeline(show: Open) -> None:
    page = show(view_of(history(seen("2017", text="Bread"), seen("2018", text="Cake")), fields=["text"]))
    assert texts(page, ".fields tbody tr") == ["text Cake 2018, in effect by 2018-01-01 Bread"]
    assert page.locator(".timeline").count() == 0


@pytest.mark.parametrize("width", [320, 700, 1300])
@pytest.mark.parametrize("text", ["Bread, per slice", ATTACKS["long word"]], ids=["short", "long"])
def test_nothing_runs_over_the_edge(show: Open, width: int, text: str) -> None:
    page = show(eventful(text), width=width)
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_texts_can_be_read_on_dark_and_on_light(show: Open) -> None:
    ratio = """() => {
      const rgb = (colour) => colour.match(/[0-9.]+/g).map(Number);
      const light = ([r, g, b]) => [r, g, b].map((one) => one / 255).map((one) =>
        one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
        .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
      const behind = (element) => { for (let one = element; one; one = one.parentElement) {
        const found = rgb(getComputedStyle(one).backgroundColor); if (found.length < 4 || found[3] === 1) return found;
      } return [255, 255, 255]; };
      return Math.min(...[...document.querySelectorAll("main *, header *")]
        .filter((one) => [...one.childNodes].some((node) => node.nodeType === 3 && node.data.trim()))
        .map((one) => [light(rgb(getComputedStyle(one).color)), light(behind(one))].sort((a, b) => b - a))
        .map(([a, b]) => (a + 0.05) / (b + 0.05)));
    }"""
    for dark in (False, True):
        assert show(eventful(), dark=dark).evaluate(ratio) >= 4.5


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
def test_no_text_does_anything(show: Open, text: str) -> None:
    page = show(eventful(text))
    assert page.locator("h1").count() == 1
    assert page.locator("img, a[href^=http]").count() == 0
