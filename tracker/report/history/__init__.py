"""The history of a code for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from tracker.model import Format
from tracker.report import renderer_of
from tracker.report.history.view import HistoryView

FORMATS: Final = (Format.TEXT, Format.JSON, Format.HTML, Format.MARKDOWN)
"""What a history can be written as: it is a story, and no table."""


def render(view: HistoryView, report_format: Format) -> bytes:
    """Return a view as a file of one of `FORMATS`."""
    renderer: Callable[[HistoryView], bytes] = renderer_of(__name__, report_format)
    return renderer(view)
