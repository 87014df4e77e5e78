"""A list answered for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from tracker.model import Format
from tracker.report import renderer_of
from tracker.report.lists.view import ListView


def render(view: ListView, report_format: Format) -> Iterator[bytes]:
    """Yield a view as a file of the given format, piece by piece.

    Raises:
        TrackerError: the list has more rows than the format can show.
    """
    renderer: Callable[[ListView], Iterator[bytes]] = renderer_of(__name__, report_format)
    return renderer(view)
