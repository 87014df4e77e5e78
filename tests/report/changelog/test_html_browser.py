"""The changelog's page in a browser: search and filters reach the missed codes, the steps and the codes alike."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.report.changelog.changelogs import small
from tests.report.hostile_views import changelog_with
from tests.report.test_html_browser import ARGUMENTS, CHROMIUM
from tracker.report.changelog.html import render
from tracker.report.changelog.view import ChangelogView

if TYPE_CHECKING:
    from collections.abc import Callable

    from playwright.sync_api import Page

    Open = Callable[..., Page]


@pytest.fixture(scope="module")
def show(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Open]:
    """Open a changelog's page from a file; at the end nothing may have been complained of or asked for."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    path = tmp_path_factory.mktemp("page") / "changes.html"
    complaints: list[str] = []
    with playwright.sync_playwright() as running:
        browser = running.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))

        def opened(view: ChangelogView, anchor: str = "", *, script: bool = True) -> Page:
            path.write_bytes(render(view))
            context = browser.new_context(java_script_enabled=script, viewport={"width": 1300, "height": 900})
            page: Page = context.new_page()
            page.on("console", lambda message: complaints.append(message.text))
            page.on("pageerror", lambda error: complaints.append(str(error)))
            page.on("dialog", lambda dialog: complaints.append(dialog.message))
            url = path.as_uri()
            page.on("request", lambda one: None if one.url.startswith(url) else complaints.append(one.url))
            page.goto(f"{url}#{anchor}")
            return page

        yield opened
        browser.close()
    assert complaints == []


def entries(page: Page) -> list[tuple[str, str]]:
    """The section and code of each entry that is not hidden."""
    script = """() => [...document.querySelectorAll(".e")]
        .filter((one) => !one.closest("[hidden]"))
        .map((one) => [one.closest("section").id, one.querySelector("h3, h4").textContent])"""
    return [(section, code) for section, code in page.evaluate(script)]


def test_a_search_finds_a_code_in_all_parts(show: Open) -> None:
    page = show(small())
    page.fill("#search", "a0002")
    page.locator("#shown", has_text="4 of 18 entries").wait_for()
    assert entries(page) == [
        ("missed-added-and-ended", "A0002"),
        ("2019-came", "A0002"),
        ("2020-ended", "A0002"),
        ("codes", "A0002"),
    ]


def test_filters_by_level_and_event(show: Open) -> None:
    page = show(small())
    for level in ("review", "note"):
        page.uncheck(f"[name=level][value={level}]")
    page.locator("#shown", has_text="6 of 18 entries").wait_for()
    assert {section for section, _ in entries(page)} == {
        "missed-added-and-ended", "missed-ended-and-back", "2019-ended", "2020-ended", "codes"
    }  # fmt: skip
    page.select_option("#event", label="Came (1)")
    page.locator("#shown", has_text="2 of 18 entries").wait_for()
    assert entries(page) == [("missed-added-and-ended", "A0002"), ("codes", "A0002")]


def test_a_link_to_a_code_leads_to_its_steps(show: Open) -> None:
    page = show(small(), "A0002")
    page.locator("#A0002 a", has_text="2019 → 2020").click()
    assert page.url.endswith("#2020-A0002")
    assert page.locator("#\\32 020-A0002").is_visible()


def test_without_a_script_all_is_there(show: Open) -> None:
    page = show(small(), script=False)
    assert len(page.locator(".e").all()) == 18
    assert not page.locator("#filters").is_visible()


def test_texts_that_attack_do_nothing(show: Open) -> None:
    page = show(changelog_with("<img src=x onerror=alert(1)></script><script>alert(1)</script>"))
    assert page.locator("img").count() == 0
    assert page.locator("script").count() == 1
