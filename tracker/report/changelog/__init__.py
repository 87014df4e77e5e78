"""All steps between two releases for a reader: one view, and one renderer a format."""

from __future__ import annotations

from collections.abc import Callable

from tracker.model import Format
from tracker.report import renderer_of
from tracker.report.changelog.view import ChangelogView


def render(view: ChangelogView, report_format: Format) -> bytes:
    """Return a view as a file of the given format."""
    renderer: Callable[[ChangelogView], bytes] = renderer_of(__name__, report_format)
    return renderer(view)
