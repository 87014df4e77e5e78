"""Texts that attack do no harm in any format: in users' cells, headings and file names, in what is said of a row.

The same list is rendered with harmless words and with the attack everywhere. Its structure must not differ, and the
attack must be readable in it.
"""

from __future__ import annotations

import csv
import io
import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.report.lists.list_views import rows_of
from tests.report.test_hostile_text import ATTACKS, HARMLESS, ODD, squeezed, structure_and_text
from tracker.model import Format, Level
from tracker.report.lists import render
from tracker.report.lists.view import Answer, Column, Group, ListView, Point
from tracker.report.view import visible

EVERYWHERE = {**ATTACKS, **ODD, "half a character": "a\ud800b", "a bar at the end": "x|", "spaces": "  x  "}
UNCHANGED = (Format.CSV, Format.JSON, Format.XLSX)
"""Formats in which the user's own cells are not touched."""


def view_with(text: str) -> ListView:
    """Return a list that has a text wherever one from outside can be."""
    told = Answer((text, f"told {text}", Level.ACT, text), Level.ACT)
    point = Point(text, Level.ACT, (text, f"more {text}"), 2, (2, 3))
    return ListView(
        title=text,
        facts=((text, text), ("file", f"{text}.csv")),
        counts=((2, text),),
        remarks=(text,),
        groups=(Group(text, (point, Point("", None, (text,)))),),
        columns=(text, f"other {text}"),
        added=(
            Column("code", "Code"),
            Column("what_happened", text),
            Column("level", "Level"),
            Column("status", f"Status {text}"),
        ),
        rows=lambda: iter(rows_of([(2, (text, "plain"), told), (3, (f"own {text}", text), told)])),
        length=2,
    )


def drawn(form: Format, text: str) -> tuple[object, str]:
    data = b"".join(render(view_with(text), form))
    if form is Format.CSV:  # the user's own formulas stay, and are theirs
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert not [cell for row in rows[1:] for cell in row[2:] if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]
        return [len(row) for row in rows], "\n".join(cell for row in rows for cell in row)
    if form is Format.JSON:
        whole = json.loads(data)
        own = [list(row["own"].values()) for row in whole["rows"]]
        return [len(whole), [len(row) for row in own], *map(len, whole["rows"])], "\n".join(
            [whole["title"], *whole["columns"], *own[0], *own[1], whole["rows"][0]["what_happened"]]
        )
    structure, text = structure_and_text(form, data)
    # openpyxl does not take these escapes back where a text stands in its cell; Excel does.
    return structure, text.replace("_x005F_", "_") if form is Format.XLSX else text


@pytest.mark.parametrize("text", EVERYWHERE.values(), ids=EVERYWHERE)
@pytest.mark.parametrize("form", Format)
def test_a_text_changes_nothing_but_the_text(form: Format, text: str) -> None:
    harmless, _ = drawn(form, HARMLESS)
    structure, shown = drawn(form, text)
    assert structure == harmless
    expected = text.encode("utf-8", "backslashreplace").decode() if form is Format.CSV else text
    told = expected if form in {Format.CSV, Format.JSON} else visible(expected)
    assert squeezed(told) in squeezed(shown)
    if form not in UNCHANGED:
        assert not any(sign in shown for sign in "\x00\x1b\x9b\u202e\u2066\ufeff\u2028")


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(exclude_characters="\t"), min_size=1, max_size=30))
def test_any_text_in_any_format(text: str) -> None:
    """But for a tab, which is shown as one."""
    for form in Format:
        harmless, _ = drawn(form, HARMLESS)
        structure, _ = drawn(form, text)
        assert structure == harmless


@pytest.mark.parametrize("text", ["=1+1", "@x", "+1", "-1", "<b>", "a|b", "0088", "1E5", "https://a.example", "x\ty"])
@pytest.mark.parametrize("form", UNCHANGED)
def test_the_users_own_cells_are_not_touched(form: Format, text: str) -> None:
    data = b"".join(render(view_with(text), form))
    if form is Format.CSV:
        rows = list(csv.reader(io.StringIO(data.decode(), newline="")))
        assert [rows[1][0], rows[2][1]] == [text, text]
    elif form is Format.JSON:
        assert [list(row["own"].values()) for row in json.loads(data)["rows"]] == [
            [text, "plain"],
            [f"own {text}", text],
        ]
    else:
        from openpyxl import load_workbook

        cells = [load_workbook(io.BytesIO(data))["List"][name] for name in ("A2", "B3")]
        assert [(cell.value, cell.data_type) for cell in cells] == [(text, "s")] * 2
