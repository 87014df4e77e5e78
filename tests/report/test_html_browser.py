"""The HTML page in a browser: Debian's Chromium, driven by Playwright. No bound here is a time."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.report.html_views import hostile, many, small
from tracker.report.html import render
from tracker.report.view import ReportView

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Locator, Page

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

Open = Callable[..., "Page"]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM.exists():
        pytest.skip(f"{CHROMIUM} is not installed")
    with playwright.sync_playwright() as running:
        started = running.chromium.launch(executable_path=str(CHROMIUM), args=list(ARGUMENTS))
        yield started
        started.close()


@pytest.fixture
def show(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """Open a view's page from a file; at the end nothing may have been complained of or asked for."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def opened(view: ReportView, anchor: str = "", *, script: bool = True, width: int = 1300, scheme: str = "") -> Page:
        path = tmp_path / "notes.html"
        path.write_bytes(render(view))
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            java_script_enabled=script,
            color_scheme="dark" if scheme == "dark" else "light",
        )
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: complaints.append(message.text))
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("dialog", lambda dialog: complaints.append(dialog.message))
        url = path.as_uri()
        page.on("request", lambda request: complaints.append(request.url) if not request.url.startswith(url) else None)
        page.goto(f"{url}#{anchor}" if anchor else url)
        return page

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


def codes(page: Page) -> list[str]:
    """The codes of the entries that can be seen, in their order."""
    return visible(page.locator(".e > :first-child"))


def visible(found: Locator) -> list[str]:
    """The texts of what is not hidden, also of what the browser passes over because it is far from the window."""
    texts: list[str] = found.evaluate_all("all => all.filter(one => one.checkVisibility()).map(one => one.textContent)")
    return [" ".join(text.split()) for text in texts]


def search(page: Page, text: str) -> list[str]:
    page.fill("#search", text)
    settle(page)
    return codes(page)


def settle(page: Page) -> None:
    """Wait until what was asked for is drawn."""
    page.evaluate("() => new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")


# ---------------------------------------------------------------- search and filters


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["A0001", "J1938", "J1940", "J1941", "B0001", "C0001", "B0001", "C0002", "A1"]),
        ("j1938", ["J1938", "J1940"]),
        ("FUROSEMIDE mg", ["J1938", "J1940"]),
        ("per 10 slices", ["B0001"]),
        ("per 20 slices", ["B0001", "B0001"]),
        ("wheels", ["C0001"]),
        ("repriced", ["B0001"]),
        ("99213", ["J1940"]),
        ("furosemide bread", []),
        (".*", []),
    ],
)
def test_search(show: Open, text: str, expected: list[str]) -> None:
    page = show(small())
    assert search(page, text) == expected
    told = f"{len(expected)} of 9 entries" if text else "9 entries"
    assert page.inner_text("#shown") == told
    assert page.get_attribute("#shown", "aria-live") == "polite"


def test_a_search_reaches_the_list_of_what_to_do_and_hides_what_it_does_not(show: Open) -> None:
    page = show(small())
    search(page, "j1941")
    assert visible(page.locator(".t th")) == ["J1941"]
    assert visible(page.locator("h2")) == ["To do first 1", "Ended 1"]
    assert page.locator('nav a[href="#came"] span').inner_text() == "0"
    page.click("#everything")
    settle(page)
    assert len(codes(page)) == 9
    assert page.locator("#compared").is_visible()
    assert page.input_value("#search") == ""


def test_filters(show: Open) -> None:
    page = show(small())
    page.uncheck("[value=act]")
    page.uncheck("[value=review]")
    settle(page)
    assert codes(page) == ["B0001"]
    page.check("[value=act]")
    page.check("[value=review]")
    page.select_option("#event", label="Ended (2)")
    settle(page)
    assert codes(page) == ["J1940", "J1941"]
    page.select_option("#event", "")
    page.select_option("#letter", "A")
    settle(page)
    assert codes(page) == ["A0001"]
    page.select_option("#letter", "modifiers")
    settle(page)
    assert codes(page) == ["A1"]
    page.select_option("#letter", "J")
    assert search(page, "1 mg") == ["J1938", "J1940"]


# ---------------------------------------------------------------- links


def test_a_link_to_a_code_leads_to_it(show: Open) -> None:
    page = show(many(2000), "B00700")
    box = page.locator("#B00700").bounding_box()
    assert box is not None
    assert 0 <= box["y"] < 450
    page.click("#B00700 h4 a")
    assert page.url.endswith("#B00700")


def test_a_link_to_a_code_that_a_filter_hides_takes_the_filter_away(show: Open) -> None:
    page = show(small())
    assert search(page, "bread") == ["B0001", "B0001"]
    page.evaluate("location.hash = 'J1940'")
    page.locator("#J1940").wait_for()
    assert len(codes(page)) == 9


def test_a_link_to_a_code_that_did_not_change_says_so(show: Open) -> None:
    page = show(small(), "J9999%")
    settle(page)
    assert page.inner_text("#shown") == "J9999% is not among the changes listed here"


def test_every_link_leads_somewhere(show: Open) -> None:
    page = show(small())
    missing = (
        "() => [...document.links].filter(a => !document.getElementById(decodeURIComponent(a.hash.slice(1)))).length"
    )
    assert page.evaluate(missing) == 0


# ---------------------------------------------------------------- old and new


def test_old_and_new_inline_or_side_by_side(show: Open) -> None:
    page = show(small())
    changed = page.locator("#B0001")
    assert changed.locator(".d").is_visible()
    assert (changed.locator(".d").text_content() or "").count("slices") == 1
    page.check("[value=side]", force=True)
    changed.scroll_into_view_if_needed()
    changed.locator(".pair").wait_for()
    old, new = changed.locator(".pair > p").all()
    assert old.inner_text() == "old\nBread, sliced, per 10 slices"
    assert new.inner_text() == "new\nBread, sliced or whole, per 20 slices"
    left, right = old.bounding_box(), new.bounding_box()
    assert left
    assert right
    assert left["y"] == right["y"]
    assert left["x"] < right["x"]
    assert not changed.locator(".d").is_visible()
    assert search(page, "per 10 slices") == ["B0001"]
    page.check("[value=inline]", force=True)
    assert changed.locator(".d").is_visible()
    assert not old.is_visible()


def test_marked_words_are_told_without_colour(show: Open) -> None:
    page = show(small())
    style = "name => getComputedStyle(document.querySelector(`#B0001 ${name}`)).textDecorationLine"
    assert page.evaluate(style, "del") == "line-through"
    assert page.evaluate(style, "ins") == "underline"
    before = "name => getComputedStyle(document.querySelector(`#B0001 ${name}`), '::before').content"
    assert page.evaluate(before, "del") == '"[removed: "'
    assert page.evaluate(before, "ins") == '"[added: "'


# ---------------------------------------------------------------- keyboard and eyes


def test_the_keyboard_reaches_everything(show: Open) -> None:
    page = show(small())
    focused = "() => document.activeElement.id || document.activeElement.className"
    page.keyboard.press("Tab")
    assert page.evaluate(focused) == "skip"
    assert page.locator(".skip").bounding_box() is not None
    page.keyboard.press("Enter")
    assert page.evaluate(focused) == "content"
    page.keyboard.press("/")
    assert page.evaluate(focused) == "search"
    page.keyboard.type("j1940")
    settle(page)
    assert codes(page) == ["J1940"]
    page.keyboard.press("Escape")
    settle(page)
    assert len(codes(page)) == 9
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.value") == "act"
    page.keyboard.press("Space")
    settle(page)
    assert "J1940" not in codes(page)
    assert page.evaluate("() => getComputedStyle(document.activeElement).outlineStyle") == "solid"


CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = (colour) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const linear = (c) => (c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
    const [x, y, z] = [r, g, b].map((c) => linear(c / 255));
    return 0.2126 * x + 0.7152 * y + 0.0722 * z;
  };
  const behind = (element) => {
    for (let one = element; one; one = one.parentElement) {
      const colour = rgb(getComputedStyle(one).backgroundColor);
      if (colour[3]) return colour;
    }
    return [255, 255, 255, 255];
  };
  const found = [];
  for (const element of document.querySelectorAll("body *")) {
    const own = [...element.childNodes].some((node) => node.nodeType === 3 && node.data.trim());
    const disabled = element.closest("svg, script, noscript, option, [hidden], nav .none");
    if (!own || disabled || !element.checkVisibility()) continue;
    const [one, two] = [light(rgb(getComputedStyle(element).color)), light(behind(element))].sort((a, b) => b - a);
    const ratio = (one + 0.05) / (two + 0.05);
    if (ratio < 4.5) found.push(`${element.outerHTML.slice(0, 80)} ${ratio.toFixed(2)}`);
  }
  return found;
}
"""


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_contrast_is_enough_for_everyone(show: Open, scheme: str) -> None:
    page = show(small(), scheme=scheme)
    assert page.evaluate(CONTRAST) == []


def test_light_and_dark(show: Open) -> None:
    paper = "() => getComputedStyle(document.documentElement).backgroundColor"
    light, dark = (show(small(), scheme=scheme).evaluate(paper) for scheme in ("light", "dark"))
    assert light == "rgb(255, 255, 255)"
    assert dark != light


@pytest.mark.parametrize("width", [320, 390, 700, 1000, 1600])
def test_no_width_needs_scrolling_sideways(show: Open, width: int) -> None:
    page = show(hostile(), width=width)
    assert page.evaluate("() => document.documentElement.scrollWidth - innerWidth") <= 0


@pytest.mark.parametrize("width", [1000, 1200, 1300])
def test_the_names_of_levels_stand_in_one_line(show: Open, width: int) -> None:
    """Also beside a bar for scrolling, which takes some of the room."""
    page = show(many(300), width=width)
    page.evaluate("() => { document.querySelector('.side').style.width = '230px'; }")
    labels = page.locator(".levels label")
    assert labels.count() == 3
    heights = labels.evaluate_all("all => all.map(one => one.getBoundingClientRect().height)")
    assert max(heights) < 35
    assert len(set(labels.evaluate_all("all => all.map(one => one.getBoundingClientRect().top)"))) == 1


# ---------------------------------------------------------------- paper, and no script


def test_print_shows_everything_but_the_controls(show: Open) -> None:
    page = show(small(), scheme="dark")
    page.emulate_media(media="print")
    assert not page.locator(".side").is_visible()
    assert page.locator("#J1940").is_visible()
    assert page.evaluate("() => getComputedStyle(document.documentElement).backgroundColor") == "rgb(255, 255, 255)"
    pdf = page.pdf(prefer_css_page_size=True)
    assert pdf.startswith(b"%PDF")
    assert 3 <= len(re.findall(rb"/Type\s*/Page\b", pdf)) <= 9


def test_print_shows_what_is_folded(show: Open) -> None:
    page = show(small())
    page.emulate_media(media="print")
    assert page.get_by_text("ab" * 32).first.is_visible()


def test_without_a_script_everything_can_be_read(show: Open) -> None:
    page = show(small(), script=False)
    assert codes(page) == ["A0001", "J1938", "J1940", "J1941", "B0001", "C0001", "B0001", "C0002", "A1"]
    assert visible(page.locator(".t th")) == ["B0001", "J1940", "J1941", "C0002"]
    assert not page.locator("#filters").is_visible()
    assert page.locator("nav").is_visible()
    page.locator("#compared summary").click()
    assert page.get_by_text("ab" * 32).first.is_visible()
    page.click('nav a[href="#quality"]')
    assert page.url.endswith("#quality")


# ---------------------------------------------------------------- texts that attack, and many changes


def test_hostile_texts_run_nothing(show: Open) -> None:
    page = show(hostile())
    assert page.locator("script").count() == 1
    assert page.locator("img, iframe, object, embed, link, base").count() == 0
    assert search(page, "<script>alert(1)</script>") != []
    assert "␛[31mred" in page.inner_text("main")
    for shown in ("gnp.exe", "isolated"):
        assert search(page, shown) != []
    page.check("[value=side]", force=True)
    settle(page)


def test_ten_thousand_changes(show: Open) -> None:
    view = many(10_000)
    page = show(view)
    total = sum(len(section.entries) for section in view.sections)
    assert page.inner_text("#shown") == f"{total:,} entries"
    drawn = "all => all.filter(one => one.checkVisibility({contentVisibilityAuto: true})).length"
    assert page.locator(".e").evaluate_all(drawn) < total / 20, "the browser passes over what is far from the window"
    page.fill("#search", "b03333")
    settle(page)
    assert page.inner_text("#shown") == f"2 of {total:,} entries"
    assert page.evaluate("() => document.documentElement.scrollHeight") < 3000
    page.fill("#search", "")
    settle(page)
    assert page.inner_text("#shown") == f"{total:,} entries"
    assert page.evaluate("() => document.documentElement.scrollHeight") > 100_000
