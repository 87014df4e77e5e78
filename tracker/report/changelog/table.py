"""The changelog as CSV: the table of each step, one behind the other; `old_release` and `new_release` name the step."""

from __future__ import annotations

from tracker.report.changelog.view import ChangelogView
from tracker.report.table import render_all


def render(view: ChangelogView) -> bytes:
    """Return all changes of all steps as CSV in UTF-8, with a header row."""
    return render_all(view.steps)
