"""A diff rendered for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from tracker.model import Format
from tracker.report import json, table, text
from tracker.report.view import ReportView

Renderer = Callable[[ReportView], bytes]


RENDERERS: Final[Mapping[Format, Renderer]] = {
    Format.TEXT: text.render,
    Format.JSON: json.render,
    Format.CSV: table.render,
}
