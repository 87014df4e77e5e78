"""The history of a code for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast

from tracker.model import Format
from tracker.report.history.view import HistoryView

Renderer = Callable[[HistoryView], bytes]

_MODULES: Final[Mapping[Format, str]] = {
    Format.TEXT: "text",
    Format.JSON: "json",
    Format.HTML: "html",
    Format.MARKDOWN: "markdown",
}

FORMATS: Final = tuple(_MODULES)
"""What a history can be written as: it is a story, and no table."""


def render(view: HistoryView, report_format: Format) -> bytes:
    """Return a view as a file of one of `FORMATS`. Only that format's libraries are imported."""
    renderer = cast("Renderer", import_module(f"tracker.report.history.{_MODULES[report_format]}").render)
    return renderer(view)
