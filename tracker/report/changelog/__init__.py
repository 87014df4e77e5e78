"""All steps between two releases for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Final, cast

from tracker.model import Format
from tracker.report.changelog.view import ChangelogView

Renderer = Callable[[ChangelogView], bytes]

_MODULES: Final[Mapping[Format, str]] = {
    Format.TEXT: "text",
    Format.JSON: "json",
    Format.CSV: "table",
    Format.HTML: "html",
    Format.MARKDOWN: "markdown",
    Format.XLSX: "workbook",
}


def render(view: ChangelogView, report_format: Format) -> bytes:
    """Return a view as a file of the given format. Only that format's libraries are imported."""
    renderer = cast("Renderer", import_module(f"tracker.report.changelog.{_MODULES[report_format]}").render)
    return renderer(view)
