"""The HTML page as a file: its structure, what stands in it, and that no text can break out of its place."""

from __future__ import annotations

import re
from base64 import b64encode
from collections import Counter
from dataclasses import replace
from datetime import date
from hashlib import sha256
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given

from tests.made_up import diff_between, diff_of, record, snapshots, view_of
from tests.report.html_views import HOSTILE, hostile, many, small
from tracker.errors import TrackerError
from tracker.model import Snapshot
from tracker.report.html import OWN_IDS, render, render_template
from tracker.report.view import ReportView, visible

VOID = {"meta", "input", "br", "col"}
ELEMENTS = set(
    re.findall(
        r"\w+",
        """html head meta title style noscript script body header main nav section footer form fieldset legend label
        input select option button details summary figure figcaption svg rect text table colgroup col thead tbody tr
        th td ul li div p span a b i em strong small code kbd time del ins br h1 h2 h3 h4""",
    )
)
ATTRIBUTES = set(
    re.findall(
        r"[\w-]+",
        """id class href lang charset name content http-equiv type value checked for placeholder autocomplete
        spellcheck hidden open tabindex role scope colspan datetime data-e data-letter x y width height rx""",
    )
)


BLOCKS = {"p", "div", "td", "th", "li", "h1", "h2", "h3", "h4", "summary", "details", "br"}


class Page(HTMLParser):
    """A page as a browser reads it: elements in their order with attributes and the text directly inside."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.open: list[tuple[str, int]] = []
        self.declarations: list[str] = []
        self.feed(data.decode())
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs)
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")
        if tag in BLOCKS:
            self.handle_data(" ")
        if tag not in VOID:
            self.open.append((tag, len(self.elements) - 1))

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.texts.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for _, place in self.open:
            self.texts[place] += data

    def handle_decl(self, decl: str) -> None:
        self.declarations.append(decl)

    def handle_comment(self, data: str) -> None:
        pytest.fail(f"a comment: {data[:80]}")

    def all(self, tag: str, **wanted: str) -> list[str]:
        """The texts of elements; keywords name attributes, `class_` one of the classes."""
        return [self.texts[place] for place in self._places(tag, wanted)]

    def attributes(self, tag: str, **wanted: str) -> list[dict[str, str]]:
        return [self.elements[place][1] for place in self._places(tag, wanted)]

    def _places(self, tag: str, wanted: dict[str, str]) -> list[int]:
        class_ = wanted.pop("class_", None)
        return [
            place
            for place, (name, attributes) in enumerate(self.elements)
            if name == tag
            and all(attributes.get(key) == value for key, value in wanted.items())
            and (class_ is None or class_ in attributes.get("class", "").split())
        ]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]

    @property
    def links(self) -> list[str]:
        return [attributes["href"] for _, attributes in self.elements if "href" in attributes]


def page(view: ReportView) -> Page:
    return Page(render(view))


def entry(found: Page, name: str) -> str:
    (text,) = found.all("div", id=name)
    return " ".join(text.split())


def check(found: Page) -> None:
    """What holds for every page."""
    assert found.declarations == ["doctype html"]
    assert {tag for tag, _ in found.elements} <= ELEMENTS
    names = {name for _, attributes in found.elements for name in attributes}
    assert {name for name in names if not name.startswith("aria-")} <= ATTRIBUTES
    assert [name for name, number in Counter(found.ids).items() if number > 1] == []
    assert [name for name in found.ids if not name or re.search(r"\s", name)] == []
    assert {link[0] for link in found.links} == {"#"}
    assert {link[1:] for link in found.links} <= set(found.ids)
    for name in ("aria-labelledby", "aria-describedby", "for"):
        assert {attributes[name] for _, attributes in found.elements if name in attributes} <= set(found.ids)
    levels = [int(tag[1]) for tag, _ in found.elements if re.fullmatch("h[1-6]", tag)]
    assert levels.count(1) == 1
    assert levels[0] == 1
    assert all(later <= earlier + 1 for earlier, later in pairwise(levels))
    for landmark in ("header", "main", "footer"):
        assert len(found.all(landmark)) == 1
    assert len(found.all("script")) == 1


# ---------------------------------------------------------------- what it is


@pytest.mark.parametrize("view", [small(), hostile(), many(100), view_of(diff_between([], []))])
def test_every_page_is_sound(view: ReportView) -> None:
    check(page(view))


@given(snapshots("2025"), snapshots("2026"))
def test_any_diff_makes_a_sound_page(old: Snapshot, new: Snapshot) -> None:
    view = view_of(diff_of(old, new), administrative=True)
    found = page(view)
    check(found)
    shown = {entry.change.code for section in view.sections for entry in section.entries}
    assert shown <= set(found.ids)


def test_the_page_needs_nothing_else() -> None:
    found = page(small())
    assert not [attributes for _, attributes in found.elements if "src" in attributes or "style" in attributes]
    (style, _) = found.all("style")
    assert "url(" not in style
    assert "@import" not in style
    assert not re.search(r"fetch|XMLHttpRequest|innerHTML|eval|https?:", found.all("script")[0])


def test_its_policy_lets_nothing_run_but_its_own_script_and_style() -> None:
    found = page(small())
    (attributes,) = found.attributes("meta", **{"http-equiv": "Content-Security-Policy"})
    rules = dict(rule.strip().split(" ", 1) for rule in attributes["content"].split(";"))

    def sources(tag: str) -> str:
        digests = (b64encode(sha256(text.encode()).digest()).decode() for text in found.all(tag))
        return " ".join(f"'sha256-{digest}'" for digest in digests)

    assert rules == {
        "default-src": "'none'",
        "script-src": sources("script"),
        "style-src": sources("style"),
        "base-uri": "'none'",
        "form-action": "'none'",
    }


def test_the_same_view_gives_the_same_bytes_and_no_day_but_its_own() -> None:
    view = small()
    assert render(view) == render(view)
    today = date.today().isoformat()  # noqa: DTZ011 - whatever day it is here
    assert today not in render(view).decode()
    assert "2031-05-06" in page(replace(view, written=date(2031, 5, 6))).all("p", class_="eyebrow")[0]


def test_entries_are_small() -> None:
    number = 900
    size = len(render(many(number))) - len(render(many(1)))
    assert size / number < 1000


# ---------------------------------------------------------------- what stands in it


def test_sections_in_their_order() -> None:
    view = small()
    headings = [" ".join(text.split()) for text in page(view).all("h2")]
    sections = [f"{section.title} {len(section.entries)}" for section in view.sections]
    ends = ["Data quality", "Audit: the publisher's own word"]
    assert headings == ["What was compared", "Counts", f"To do first {len(view.tasks)}", *sections, *ends]
    assert any(heading.startswith("Modifiers: ") for heading in headings)


def test_it_opens_with_what_was_compared() -> None:
    (compared,) = page(small()).all("section", id="compared")
    for text in (
        "2025@1",
        "2026@1",
        "2025-01-01",
        "2026-01-01",
        "old.zip",
        "ab" * 32,
        "cd" * 32,
        "excerpt",
        "complete",
    ):
        assert text in compared
    assert "only codes that match: *" in compared


def test_the_list_of_what_to_do_first() -> None:
    view = small()
    found = page(view)
    (act,) = found.all("section", id="act")
    assert found.all("tr", class_="t")[0].split()[0] == view.tasks[0].change.code
    for column in ("Owner", "Decision", "Done"):
        assert column in act
    told = " ".join(act.split())
    assert "2025-03-31 Ended: last day 2025-03-31. 2 codes Stop using it." in told
    assert "J1940 Injection, furosemide, up to 20 mg J1938 20 units for 1 suggested (0.95): same drug" in told
    assert "99213 declared: cross reference; CPT, outside this file" in told
    assert "J1941 Another injection none found" in told
    assert [row for row in found.all("tr", class_="t") if "C0002" in row]


def test_words_are_marked() -> None:
    found = page(small())
    text = entry(found, "B0001")
    assert "Reworded: 10 → 20." in text, "the level is not the usual one: the sentence tells why"
    html = render(small()).decode()
    assert "Bread, sliced<ins> or whole</ins>, per <del>10</del><ins>20</ins> slices" in html


def test_a_text_that_was_replaced_stands_whole_on_both_sides() -> None:
    assert "old Cart with two wheels new Grain" in entry(page(small()), "C0001")


def test_values_are_decoded_and_waivers_shown() -> None:
    text = entry(page(small()), "B0001-price")
    assert "prices 11 (by the hour) 33 11, 22 → 22, 33" in text
    assert "waived Repriced: we do not bill <it>" in text


def test_a_code_in_several_sections_has_links_to_all_of_them() -> None:
    found = page(small())
    assert "also: Price" in entry(found, "B0001")
    assert "also: Text" in entry(found, "B0001-price")
    assert {"#B0001", "#B0001-price"} <= set(found.links)


def test_an_ended_code_names_its_successor_or_that_there_is_none() -> None:
    found = page(small())
    assert "→ J1938 20 units for 1 suggested (0.95): same drug" in entry(found, "J1940")
    assert "#J1938" in found.links
    assert "successor: none found" in entry(found, "J1941")


def test_administrative_changes_are_counted_and_absent() -> None:
    found = page(small())
    assert "V0001" not in found.ids
    assert "(1 of them administrative)" in found.all("p", class_="lede")[0]
    assert "Without 1 event of administrative changes" in found.all("section", id="counts")[0]


def test_charts_have_a_name_and_a_table_behind() -> None:
    found = page(small())
    names = [attributes["aria-label"] for attributes in found.attributes("svg", role="img")]
    assert len(names) == 3
    assert len(set(names)) == 3
    (counts,) = found.all("section", id="counts")
    assert counts.count("As a table") == 3
    tables = [" ".join(text.split()) for text in found.all("table") if "Number" in text]
    assert any(text.startswith("Event Number Came 2") for text in tables)
    assert any("J 3" in text for text in tables)
    assert any("2026-01 " in text for text in tables)


def test_it_ends_with_data_quality_and_audit() -> None:
    found = page(small())
    (quality,), (audit,) = found.all("section", id="quality"), found.all("section", id="audit")
    told = " ".join(quality.split())
    assert "only in 2025@1; 2026@1 is an excerpt and says nothing of them 2" in told
    assert "remark: not known on one side or both 4" in told
    assert "2025@1 warning letter day: blank, and never blank 12 A0000 A0001" in told
    assert "4 more codes" in told
    assert "only codes that match: *" in told
    told = " ".join(audit.split())
    assert "Late 1 1 code" in told
    assert "Silent 1 1 code, 1 explained by the time between the releases" in told
    assert "it took effect on 2025-07-01" in told


def test_without_a_script_the_page_says_everything_and_offers_no_dead_control() -> None:
    view = small()
    html = re.sub(r"<script>.*</script>", "", render(view).decode(), flags=re.DOTALL)
    found = Page(html.encode())
    for section in view.sections:
        for one in section.entries:
            assert any(one.change.code in text for text in found.all("div", class_="e"))
    assert (
        found.all("noscript") == ["<style>.js{display:none!important}</style>"] or ".js{display:none!important}" in html
    )
    assert [attributes["id"] for attributes in found.attributes("form", class_="js")] == ["filters"]
    assert not [
        attributes for tag, attributes in found.elements if "hidden" in attributes and tag not in {"button", "p"}
    ]


def test_nothing_changed() -> None:
    found = page(view_of(diff_between([], [])))
    assert any("Nothing changed in what could be compared." in text for text in found.all("p"))
    assert found.all("form") == []
    old, new = record("A0001", text="x", letter="C"), record("A0001", text="x", letter="N")
    assert any("administrative alone" in text for text in page(view_of(diff_between([old], [new]))).all("p"))


# ---------------------------------------------------------------- text that attacks


def test_hostile_texts_are_shown_and_harmless() -> None:
    data = render(hostile())
    text = data.decode()
    shown = "".join(Page(data).all("main"))
    for attack in HOSTILE:
        assert visible(attack) in shown
    assert not re.search(
        "[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]", text
    )
    assert "␛[31mred" in shown
    assert "pay [U+202E]100 gnp.exe" in shown
    assert "{{ 7 * 7 }}{% raw %}" in shown


# ---------------------------------------------------------------- own templates


def examples() -> list[str]:
    text = (Path(__file__).parents[2] / "docs" / "templates.md").read_text(encoding="utf-8")
    return re.findall(r"```jinja\n(.*?)```", text, re.DOTALL)


def test_the_documented_examples_work() -> None:
    lists, framed = (template.replace("code-discontinued", "ended") for template in examples())
    lists = lists.replace("description-quantity", "retold").replace('"Description"', '"Text"')
    letter = " ".join(Page(render_template(small(), lists)).all("li")[0].split())
    assert letter == (
        "J1940, Injection, furosemide, up to 20 mg: last valid day 2025-03-31. "
        "Bill J1938, 20 units for 1 (suggested: same drug (furosemide), starts the day after). "
        "Bill 99213 (declared: cross reference; CPT, outside this file)."
    )
    assert "<p>B0001: Bread, sliced<ins> or whole</ins>, per" in render_template(small(), lists).decode()
    found = Page(render_template(small(), framed))
    check(found)
    assert "Example Hospital, chargemaster" in found.all("header")[0]
    assert [text.strip() for text in found.all("footer")] == ["Questions: extension 4711."]


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{{ heading }}\n{% for x in %}\n", r"my\.j2, line 2: .*"),
        ("a\nb\n{{ view.nothing }}", r"my\.j2, line 3: .*has no attribute 'nothing'"),
        ("a\n{{ missing }}", r"my\.j2, line 2: 'missing' is undefined"),
        ("\n\n{{ 1 // 0 }}", r"my\.j2, line 3: .*zero"),
        ("{{ view.__class__.__mro__ }}", r"my\.j2, line 1: access to attribute '__class__' .* is unsafe"),
        (
            "{% include 'other.j2' %}",
            r"my\.j2, line 1: a template reaches no other file, and this one names 'other\.j2'",
        ),
        ("{{ words.__globals__ }}", r"my\.j2, line 1: .*unsafe"),
        ("{{ view.diff.__init__ }}", r"my\.j2, line 1: .*unsafe"),
        ("{% for x in range(10000000) %}{% endfor %}", r"my\.j2, line 1: .*[Rr]ange.*"),
        ("{{ decode('nothing', '1') }}", r"my\.j2, line 1: .*nothing.*"),
    ],
)
def test_a_mistake_in_a_template_is_one_sentence_with_its_line(template: str, expected: str) -> None:
    with pytest.raises(TrackerError) as caught:
        render_template(small(), template, "my.j2")
    assert re.fullmatch(expected, str(caught.value)), str(caught.value)


def test_what_a_template_prints_is_escaped_and_visible() -> None:
    view = replace(small(), remarks=("<b>\x1b\u202e",))
    assert render_template(view, "{{ view.remarks[0] }}{{ view.written }}|") == "&lt;b&gt;␛[U+202E]|".encode()
    plain = "{% autoescape false %}{{ view.remarks[0] }}{% endautoescape %}"
    assert render_template(view, plain) == "<b>␛[U+202E]".encode()


def test_the_functions_of_a_template() -> None:
    template = (
        "{% set change = view.tasks[0].change %}{{ title(change, brief=true) }}; {{ words('a_b') }}; "
        "{{ amount(1234, 'code') }}; {{ 1234|number }}; {{ units(20.0) }}; {{ decode('letter', 'N') }}; "
        "{{ describe(view.diff.old) }}"
    )
    assert (
        render_template(small(), template)
        .decode()
        .endswith(
            "; a b; 1,234 codes; 1,234; 20 units for 1; N (nothing done); "
            "2025@1: 8 codes, complete, effective 2025-01-01, from old.zip"
        )
    )


def test_the_templates_own_ids_are_kept_free() -> None:
    view = view_of(diff_between([], []))
    template = (Path(__file__).parents[2] / "tracker" / "report" / "templates" / "report.html.j2").read_text()
    own = {name for name in re.findall(r' id="([^"]*)"', template) if "{" not in name}
    assert own == set(OWN_IDS)
    assert set(page(view).ids) <= own
