"""A history as one HTML page that needs nothing else, and no script: the template is `templates/history.html.j2`."""

from __future__ import annotations

from typing import Final

from tracker.report import page as pages
from tracker.report.history.view import Asked, HistoryView
from tracker.report.view import words

PAGE: Final = "history.html.j2"

_HOLDING: Final = {True: ("in", ""), False: ("out", "does not hold it"), None: ("mute", "does not speak of it")}
"""Whether a release holds a code -> the class of its entry, and what is said of it."""


def render(view: HistoryView) -> bytes:
    """Return a history as one HTML page in UTF-8."""
    environment = pages.environment(PAGE, ("style.css", "history.css"))
    environment.globals |= {"view": view, "words": words, "holding": _holding, "words_for": _words_for}
    return environment.get_template(PAGE).render().encode()


def _holding(asked: Asked) -> str:
    return _HOLDING[asked.holds][0]


def _words_for(asked: Asked) -> str:
    told = (_HOLDING[asked.holds][1], "" if asked.release.complete else "an excerpt")
    return ", ".join(filter(None, told))
