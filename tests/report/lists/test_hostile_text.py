"""The user's own cells go through as they are: for the rest see `tests/report/hostile.py`."""

from __future__ import annotations

import csv
import io
import json

import pytest

from tests.report.hostile_views import list_with
from tracker.model import Format
from tracker.report.lists import render

UNCHANGED = (Format.CSV, Format.JSON, Format.XLSX)
"""Formats in which the user's own cells are not touched."""


@pytest.mark.parametrize("text", ["=1+1", "@x", "+1", "-1", "<b>", "a|b", "0088", "1E5", "https://a.example", "x\ty"])
@pytest.mark.parametrize("form", UNCHANGED)
def test_the_users_own_cells_are_not_touched(form: Format, text: str) -> None:
    data = b"".join(render(list_with(text), form))
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
