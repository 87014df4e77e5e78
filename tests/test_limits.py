"""Limits have one place, can be lifted, and docs/limits.md lists them: TRACKER_WRITE_DOCS=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tracker.errors import TrackerError
from tracker.limits import ALL, MEMBERS, SOURCE_SIZE, shown

PAGE = Path(__file__).parents[1] / "docs/limits.md"

HEAD = """# Limits

What is larger than anything of its kind is refused in one sentence, before it takes memory, disk or hours: a zip bomb,
a file of one line, a server that never ends. The sentence names the variable that lifts the limit:

```console
$ TRACKER_LIMIT_SOURCE_SIZE=4GiB tracker import whole.txt --release 2026
```

A value is a number above zero, of bytes also with `KiB`, `MiB` or `GiB`. What a report or export may hold is limited by
its format (a sheet of Excel has 1,048,576 rows) and is no setting; nor are the 131,072 characters of a cell in CSV,
which are Python's own bound.

| variable | limit | of what | why |
|---|---|---|---|
"""


def page() -> str:
    return HEAD + "".join(
        f"| `{limit.variable}` | {shown(limit.default, limit.unit)} | {limit.what} | {limit.reason} |\n"
        for limit in ALL
    )


def test_the_page_lists_all_limits() -> None:
    if os.environ.get("TRACKER_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()


@pytest.mark.parametrize(
    ("told", "value"),
    [("", 1024**3), ("5", 5), ("4GiB", 4 * 1024**3), (" 3 mib ", 3 * 1024**2), ("7KiB", 7 * 1024)],
)
def test_a_limit_is_what_the_user_says_when_it_is_asked_for(
    told: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_LIMIT_SOURCE_SIZE", told)
    assert SOURCE_SIZE.value == value


@pytest.mark.parametrize("told", ["0", "-1", "4GB", "much", "1.5GiB", "9" * 16, "٤"])
def test_a_value_that_is_none_is_one_sentence_that_names_the_variable(
    told: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRACKER_LIMIT_SOURCE_SIZE", told)
    with pytest.raises(
        TrackerError, match=r"^TRACKER_LIMIT_SOURCE_SIZE is .*: write a number of bytes above zero, such"
    ):
        assert SOURCE_SIZE.value


def test_only_bytes_have_units(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_LIMIT_MEMBERS", "4KiB")
    with pytest.raises(TrackerError, match=r"^TRACKER_LIMIT_MEMBERS is '4KiB': write a number of members above zero"):
        assert MEMBERS.value


def test_what_is_refused_says_how_to_lift_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRACKER_LIMIT_MEMBERS", "1000")
    assert MEMBERS.hint == "(the limit is 1,000 members; TRACKER_LIMIT_MEMBERS lifts it)"
    assert SOURCE_SIZE.hint == "(the limit is 1 GiB; TRACKER_LIMIT_SOURCE_SIZE lifts it)"
