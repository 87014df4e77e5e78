"""A list answered for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from typing import Final, cast

from tracker.model import Format
from tracker.report.lists.view import ListView

Renderer = Callable[[ListView], Iterator[bytes]]

_MODULES: Final[Mapping[Format, str]] = {
    Format.TEXT: "text",
    Format.JSON: "json",
    Format.CSV: "table",
    Format.HTML: "html",
    Format.MARKDOWN: "markdown",
    Format.XLSX: "workbook",
}


def render(view: ListView, report_format: Format) -> Iterator[bytes]:
    """Yield a view as a file of the given format, piece by piece. Only that format's libraries are imported.

    Raises:
        TrackerError: the list has more rows than the format can show.
    """
    renderer = cast("Renderer", import_module(f"tracker.report.lists.{_MODULES[report_format]}").render)
    return renderer(view)
