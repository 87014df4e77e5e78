"""Texts that attack do no harm in a history, as in the release notes: see `tests/report/test_hostile_text.py`."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import pytest

from tests.report.histories import eventful, view_of
from tests.report.test_hostile_text import ATTACKS, HARMLESS, ODD, squeezed, structure_and_text
from tracker.model import Format
from tracker.report.history import FORMATS, render
from tracker.report.history.view import HistoryView
from tracker.report.view import visible


def with_fields(view: HistoryView) -> HistoryView:
    """Return the same history, asked where its values come from."""
    asked = view_of(view.history, fields=["text", "short", "prices", "remark"])
    return replace(asked, asked=view.asked, found=view.found)


VIEWS = {"timeline": eventful, "fields": lambda text: with_fields(eventful(text))}


@pytest.mark.parametrize("text", ATTACKS.values(), ids=ATTACKS)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("kind", VIEWS)
def test_a_text_changes_nothing_but_the_text(form: Format, text: str, kind: str) -> None:
    harmless, _ = structure_and_text(form, render(VIEWS[kind](HARMLESS), form))
    structure, shown = structure_and_text(form, render(VIEWS[kind](text), form))
    assert structure == harmless
    wanted = json.dumps(text, ensure_ascii=False)[1:-1] if form is Format.JSON else text
    assert squeezed(visible(wanted)) in squeezed(shown)


@pytest.mark.parametrize("text", ODD.values(), ids=ODD)
@pytest.mark.parametrize("form", [form for form in FORMATS if form is not Format.JSON])
def test_characters_that_show_nothing_are_shown_and_do_nothing(form: Format, text: str) -> None:
    harmless, _ = structure_and_text(form, render(eventful(HARMLESS), form))
    structure, shown = structure_and_text(form, render(eventful(text), form))
    assert structure == harmless
    assert squeezed(visible(text)) in squeezed(shown)
    assert not re.search("[\x00-\x08\x0e-\x1f\x7f-\x9f\u2028\u202e\u2066\ufeff]", shown)
