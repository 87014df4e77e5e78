"""The report as Markdown, read as GitHub's flavour is."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from tests.made_up import MADE_UP, diff_between, diff_of, explained, record, snapshots, view_of
from tracker.model import Basis, Edit, Event, Finding, Problem, Rewording, Severity, Snapshot, Successor, Wording
from tracker.report.markdown import FOLDED, escape, render
from tracker.report.view import ReportView, build_view, visible

MARKDOWN = MarkdownIt("commonmark").enable(["table", "strikethrough"])


def told(view: ReportView) -> str:
    return render(view).decode()


def section(view: ReportView, title: str) -> list[str]:
    """Return the lines of a section."""
    _, found = told(view).split(f"\n## {title}\n\n")
    return found.split("\n\n## ")[0].rstrip("\n").split("\n")


def test_a_report() -> None:
    old = [
        record("A1", text="one"),
        record("B0001", text="ends", short="e"),
        record("C0001", text="costs", prices=("11",)),
    ]
    new = [
        record("A1", text="one two"),
        record("B0001", text="ends", short="e", last_day="2025-12-31"),
        record("C0001", text="costs", prices=("11", "22")),
        record("C0002", text="new", first_day="2026-01-01"),
    ]
    diff = explained(diff_between(old, new))
    successor = Successor("C0002", Basis.SUGGESTED, 0.9, 20.0, "same")
    changes = [replace(one, successors=(successor,)) if one.code == "B0001" else one for one in diff.changes]
    view = build_view(
        MADE_UP,
        replace(diff, changes=tuple(changes)),
        remarks=["something to know"],
        problems={"2025@1": [Problem(Severity.WARNING, "odd", "f", code="A1", field="text")]},
        audit=[Finding("silent", "A0001", "said nothing")],
        written=date(2026, 2, 3),
    )
    assert (
        told(view)
        == f"""\
# MADE-UP 2025 → 2026

Written 2026-02-03.

|  | Old | New |
| --- | --- | --- |
| Release | 2025@1 | 2026@1 |
| Effective | 2025-01-01 | 2026-01-01 |
| Codes | 3 | 4 |
| Extent | complete | complete |
| File | made up | made up |
| Format | zip | zip |
| Size in bytes | 1 | 1 |

- SHA-256 of the file: old `{"ab" * 32}`, new `{"ab" * 32}`
- Digest of the content: old `{"cd" * 32}`, new `{"cd" * 32}`

## Counts

- Events: act **1** · review **2** · note **1**
- Codes: added **1** · removed **0** · ended **1** · changed **3**
- Changed fields: text 1 · last day 1 · prices 1
- Note: something to know

| Event | Level | Number | Meaning |
| --- | --- | --- | --- |
| came | review | 1 | It is new. |
| ended | act | 1 | It has a last day. |
| retold | review | 1 | Its text is another one. |
| repriced | note | 1 | Its price is another one. |

| Range | Number |
| --- | --- |
| B: Bread | 1 |
| C: Cars | 2 |
| modifiers | 1 |

## To act on (1)

| Day | Code | Description | What happened | What to do | What instead | Owner | Decision | Done |
| --- | --- | --- | --- | --- | --- | --- | --- | --- |
| 2025-12-31 | B0001 | ends | It has a last day. | Stop using it. | C0002 (suggested, 20 units for 1): same |  |  |  |

## Came (1)

| Code | What happened | Description |
| --- | --- | --- |
| C0002 | It is new. | new |

## Ended (1)

| Code | What happened | Description | What instead |
| --- | --- | --- | --- |
| B0001 | It has a last day. | ends | C0002 (suggested, 20 units for 1): same |

## Price (1)

| Code | Description | Field | Old | New |
| --- | --- | --- | --- | --- |
| C0001 | costs | prices | 11 (by the hour) | 11 (by the hour)<br>**22 (by the mile)** |

## Modifiers: text (1)

| Code | What happened | Field | Old | New |
| --- | --- | --- | --- | --- |
| A1 | Its text is another one. | text | one | one **two** |

## Data quality (1)

| Release | Severity | Field | What happened | Number | Codes |
| --- | --- | --- | --- | --- | --- |
| 2025@1 | warning | text | odd | 1 | A1 |

## Audit: the publisher's word against what changed (1)

| Finding | Code | What happened | Explained by |
| --- | --- | --- | --- |
| silent | A0001 | said nothing |  |
"""
    )


def test_nothing_changed() -> None:
    assert told(view_of(diff_between([], []))).endswith("\n\nNothing changed in what could be compared.\n")


def test_a_long_section_is_folded_by_range() -> None:
    many = [record(f"{letter}{number:04}", text="t") for letter in "AZ" for number in range(FOLDED)]
    found = section(view_of(diff_between([], many)), f"Came ({2 * FOLDED})")
    assert found[:8] == [
        "<details>",
        f"<summary><b>A: Apples</b> ({FOLDED} codes)</summary>",
        "",
        "| Code | What happened | Description |",
        "| --- | --- | --- |",
        "| A0000 | It is new. | t |",
        "| A0001 | It is new. | t |",
        "| A0002 | It is new. | t |",
    ]
    assert [line for line in found if line.startswith("<summary>")][
        1
    ] == f"<summary><b>Z</b> ({FOLDED} codes)</summary>"
    assert found.count("</details>") == 2
    short = section(view_of(diff_between([], many[:FOLDED])), f"Came ({FOLDED})")
    assert short[0].startswith("| Code")


def test_many_modifiers_are_folded_in_one() -> None:
    view = view_of(diff_between([], [record(f"{one}{other}", text="t") for one in "ABCDEF" for other in "ABCDEF"]))
    assert section(view, "Modifiers: came (36)")[1] == "<summary><b>Modifiers: came</b> (36 codes)</summary>"


def test_a_changed_day_is_a_sentence_and_told_once() -> None:
    old, new = record("A0001", first_day="2025-01-01", letter_day="2025-01-01"), record("A0001")
    assert section(view_of(diff_between([old], [new])), "Dates (1)")[2:] == ["| A0001 | A day is another one. |"]


def test_a_waived_event_says_why() -> None:
    diff = explained(diff_between([record("A0001", text="one")], [record("A0001", text="two")]))
    (change,) = diff.changes
    waived = tuple(replace(event, waived="we know | it") for event in change.events)
    view = build_view(MADE_UP, replace(diff, changes=(replace(change, events=waived),)))
    assert section(view, "Text (1)")[-1].endswith("| we know &#124; it |")


def marked(*edits: tuple[str, str]) -> tuple[str, str]:
    """Return the old and the new text as they are marked."""
    old, new = ("".join(edit[side] for edit in edits) for side in (0, 1))
    diff = explained(diff_between([record("A0001", text=old)], [record("A0001", text=new)]))
    (change,) = diff.changes
    rewording = Rewording(Wording.REWORDED, 0.5, tuple(Edit(*edit) for edit in edits))
    fields = (replace(change.fields[0], rewording=rewording),)
    line = section(build_view(MADE_UP, replace(diff, changes=(replace(change, fields=fields),))), "Text (1)")[-1]
    *_, before, after, _ = line.split(" | ") if line.count(" | ") > 4 else (*line.removesuffix(" |").split(" | "), "")
    return before, after


@pytest.mark.parametrize(
    ("edits", "old", "new"),
    [
        ([("bp ", "bp "), ("140/90", "130/80"), (" up", " up")], "bp ~~140/90~~ up", "bp **130/80** up"),
        ([("one ", "one "), ("two", "three")], "one ~~two~~", "one **three**"),
        ([("a", "a"), (" b ", " c "), ("d", "d")], "a ~~b~~ d", "a **c** d"),
        ([("catheter", "catheter"), (", sterile", "; clean"), (" x", " x")], "catheter<del>, sterile</del> x",
         "catheter<strong>; clean</strong> x"),
        ([("no", "no"), ("-plan", "-go"), ("t", "t")], "no<del>-plan</del>t", "no<strong>-go</strong>t"),
        ([("x ", "x "), ("(a)", "(b)"), ("y", "y")], "x <del>(a)</del>y", "x <strong>(b)</strong>y"),
        ([("x ", "x "), ("(a)", "(b)"), (" y", " y")], "x ~~(a)~~ y", "x **(b)** y"),
        ([("x", "x"), ("~~a~~", "**b**")], r"x<del>\~\~a\~\~</del>", r"x<strong>\*\*b\*\*</strong>"),
        ([("a b", "a b"), (" ", ""), ("c", "c")], "a b c", "a bc"),
        ([("a ", "a "), ("b", "c"), (" d", " e")], "a ~~b d~~", "a **c e**"),
    ],
)  # fmt: skip
def test_words_that_differ_are_marked_by_signs_where_these_count(
    edits: list[tuple[str, str]], old: str, new: str
) -> None:
    assert marked(*edits) == (old, new)


PIECES = st.text("ab ,-*_~(&|\\`<é", max_size=4)


@given(st.lists(st.tuples(PIECES, PIECES), min_size=1, max_size=6))
def test_marks_stand_where_the_words_differ(edits: list[tuple[str, str]]) -> None:
    old, new = ("".join(edit[side] for edit in edits) for side in (0, 1))
    assume(old != new and old and new and old == old.strip() and new == new.strip())
    for text, side, opens, closes in zip(
        marked(*edits), (0, 1), ("s_open", "strong_open"), ("s_close", "strong_close"), strict=True
    ):
        shown, mark = [], False
        (token,) = MARKDOWN.parseInline(text)
        for child in token.children or ():
            if child.type == opens or child.content in {"<del>", "<strong>"}:
                mark = True
            elif child.type == closes or child.content in {"</del>", "</strong>"}:
                mark = False
            else:
                shown += [(letter, mark) for letter in child.content if letter != " "]
        assert shown == [(letter, edit[0] != edit[1]) for edit in edits for letter in edit[side] if letter != " "]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_an_escaped_text_shows_itself(text: str) -> None:
    (token,) = MARKDOWN.parseInline(f"x{escape(text)}x")
    children = token.children or []
    assert {child.type for child in children} <= {"text", "text_special", "html_inline"}
    assert {child.content for child in children if child.type == "html_inline"} <= {"<br>"}
    shown = "".join("\n" if child.type == "html_inline" else child.content for child in children)
    assert shown.replace("\u200b", "") == f"x{visible(text)}x"
    assert "\n" not in escape(text)
    assert "|" not in escape(text)


@pytest.mark.parametrize(
    "text",
    ["@user", "(@org/team)", "me@a.example", "#123", "GH-1", "org/repo#1", "http://a", "www.a", "mailto:a", ":smile:"],
)
def test_what_github_would_link_is_parted(text: str) -> None:
    assert "&#8203;" in escape(text)


@pytest.mark.parametrize("text", ["2025@1", "2025-10@2 is", "a: b", "10:1", "1/2", "www", "up to 20 mg", "e.g., 5%"])
def test_what_it_would_not_is_left_alone(text: str) -> None:
    assert escape(text) == text


def test_rows_are_as_wide_as_their_table() -> None:
    text = 'a | b \\| c \n d ` e " < '
    view = view_of(
        diff_between([record("A0001", text=text)], [record("A0001", text=f"{text}x"), record("B0001", text=text)])
    )
    for table in re.findall(r"(?:^\|.*\n)+", told(view), re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


@given(snapshots("2025"), snapshots("2026"))
def test_the_page_names_every_code_of_every_section(old: Snapshot, new: Snapshot) -> None:
    view = view_of(diff_of(old, new), administrative=True)
    assert render(view) == render(view)
    for part in view.sections:
        lines = section(view, f"{part.title} ({len(part.entries)})")
        codes = [line.split(" | ")[0].removeprefix("| ") for line in lines if re.match(r"\| [A-Z]+\d*[A-Z]* \|", line)]
        assert list(dict.fromkeys(codes)) == [entry.change.code for entry in part.entries]


def test_events_of_one_code_stand_one_a_line() -> None:
    diff = explained(diff_between([], [record("A0001", text="t")]))
    (change,) = diff.changes
    events = (*change.events, Event("came", change.events[0].level, "And again."))
    view = build_view(MADE_UP, replace(diff, changes=(replace(change, events=events),)))
    assert section(view, "Came (1)")[-1] == "| A0001 | It is new.<br>And again. | t |"
