"""A diff rendered for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any, Final

from tracker.model import Format
from tracker.report.view import ReportView

_MODULES: Final[Mapping[Format, str]] = {
    Format.TEXT: "text",
    Format.JSON: "json",
    Format.CSV: "table",
    Format.HTML: "html",
    Format.MARKDOWN: "markdown",
    Format.XLSX: "workbook",
}


def render(view: ReportView, report_format: Format) -> bytes:
    """Return a view as a file of the given format."""
    renderer: Callable[[ReportView], bytes] = renderer_of(__name__, report_format)
    return renderer(view)


def renderer_of(room: str, report_format: Format) -> Callable[[Any], Any]:
    """Return what a room of reports renders a format with. Only that format's libraries are imported."""
    found: Callable[[Any], Any] = import_module(f"{room}.{_MODULES[report_format]}").render
    return found
