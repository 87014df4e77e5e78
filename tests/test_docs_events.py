"""docs/events.md is written from the list of events, with an example each: TRACKER_WRITE_DOCS=1 writes it anew.

That needs CMS's releases (`releases_dir`). Without them, the examples from the two bundled excerpts are
found again and those from other releases taken as the page has them.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support import FILES, NOW, Release, record_text, values
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import CodeSet, Facet, Level
from tracker.policy import facet_of

CHECKOUT = Path(__file__).parents[1]
PAGE = CHECKOUT / "docs/events.md"

BUNDLED = ("2025", "2026")
"""Two excerpts that every checkout holds."""

# Event -> old and new release, and the code that shows it: a bundled one, where these have one.
WHERE = {
    "code-added": (*BUNDLED, "J1938"),
    "code-discontinued": (*BUNDLED, "J1940"),
    "code-reactivated": (*BUNDLED, "J0570"),
    "code-reused": ("2018", "2019", "G9890"),
    "description-replaced": ("2017", "2018", "G9637"),
    "description-quantity": (*BUNDLED, "G9790"),
    "description-reworded": (*BUNDLED, "A4351"),
    "description-editorial": ("2017", "2018", "G0259"),
    "short-description-replaced": ("2019", "2020", "J7313"),
    "short-description-quantity": (*BUNDLED, "G9790"),
    "short-description-reworded": (*BUNDLED, "E1811"),
    "short-description-editorial": ("2020", "2025", "J1944"),
    "coverage-changed": (*BUNDLED, "G9919"),
    "payment-changed": (*BUNDLED, "A4453"),
    "classification-changed": (*BUNDLED, "E0765"),
    "cross-reference-changed": ("2017", "2018", "C9140"),
    "reference-changed": (*BUNDLED, "E0765"),
    "note-changed": ("2017", "2018", "A4575"),
    "effective-retroactive": (*BUNDLED, "G0567"),
    "effective-date-changed": (*BUNDLED, "A4351"),
    "code-added-and-ended": (*BUNDLED, "C9304"),
    "code-withdrawn": ("2018", "2019", "G9976"),
    "code-purged": ("2017", "2018", "J1441"),
    "history-rewritten": ("2018", "2019", "G9637"),
    "action-code-changed": (*BUNDLED, "A4351"),
    "administrative": (*BUNDLED, "C1739"),
}

# What no release at hand shows: the made-up record before and after.
MADE_UP = {
    "code-end-moved": (
        values("J0001", TERM_DT="20251231", ACTION_CD="D"),
        values("J0001", TERM_DT="20260331", ACTION_CD="D"),
    ),
    "effective-in-future": (
        values("J0002", ACTION_CD="C", ACT_EFF_DT="20250101"),
        values("J0002", ACTION_CD="C", ACT_EFF_DT="20260401"),
    ),
}
MADE_UP_CODES = dict(zip(MADE_UP, ("J0001", "J0002"), strict=True))


@dataclass(frozen=True, slots=True)
class Example:
    """An event that was found: where, the facet of what proves it, and its sentence."""

    where: str
    facet: Facet
    text: str


HEAD = """# Events

Every change of a code between two releases becomes one or more events. Each changed field is evidence of exactly one
event of its code. The ids are permanent: scripts, `tracker.toml` and JSON name them.

| level | means | events |
|---|---|---|
"""

LEVELS = {
    Level.ACT: "a claim can be refused or paid wrongly",
    Level.REVIEW: "someone must read it",
    Level.NOTE: "good to know",
}

REST = """
These are the usual levels; a [policy](policy.md) can give others. The *facet* is the group of fields that proves the
event; a policy can name it. An event whose evidence is in doubt, because a field has a problem in one of the releases,
is a note, and its sentence says why.

A date is *retroactive* if it lies before the older release's effective date, or is no first day of a quarter and lies
before the newer one's; of an end, the day after the last valid one counts.

The examples are from CMS's own releases, 2017 to October 2025, and from the two excerpts in the checkout, 2025 → 2026,
where `tracker diff 2025 2026 --codes J1940` shows them. Two are made up, because no release at hand has such an event.
"""


def events_markdown(code_set: CodeSet, examples: Mapping[str, Example]) -> str:
    """Write the page: the levels, then a section of a report after the other."""
    parts = [HEAD]
    for level, means in LEVELS.items():
        ids = (f"[`{kind.id}`](#{kind.id})" for kind in code_set.events.values() if kind.level is level)
        parts.append(f"| `{level}` | {means} | {', '.join(ids)} |\n")
    parts.append(REST)
    for section, kinds in itertools.groupby(code_set.events.values(), key=lambda kind: kind.section):
        parts.append(f"\n## {section}\n")
        for kind in kinds:
            example = examples[kind.id]
            advice = f" **What to do:** {kind.advice}" if kind.advice else ""
            parts.append(
                f"\n### `{kind.id}`\n\nlevel `{kind.level}` · facet `{example.facet}`\n\n{kind.meaning}{advice}\n\n"
                f"```text\n{example.where}  {example.text}\n```\n"
            )
    return "".join(parts)


def examples_of(page: str) -> dict[str, Example]:
    """Read the examples off a page."""
    found = re.findall(
        r"^### `(\S+)`\n\nlevel `\w+` · facet `(\w+)`\n\n.+\n\n```text\n(.+?  \S+)  (.+)\n```\n", page, re.MULTILINE
    )
    return {event: Example(where, Facet(facet), text) for event, facet, where, text in found}


def examples_in(stored: Stored, events: Iterable[str], where: str, old: str, new: str, code: str) -> dict[str, Example]:
    (change,) = (change for change in compare_releases(stored, old, new).changes if change.code == code)
    found = {event.id: Example(f"{where}  {code}", facet_of(HCPCS, event), event.text) for event in change.events}
    return {event: found[event] for event in events}


def real(stored: Stored, *, bundled: bool) -> dict[str, Example]:
    """Find the examples in the bundled excerpts again, or those in other releases."""
    found: dict[str, Example] = {}
    for event, (old, new, code) in WHERE.items():
        if ((old, new) == BUNDLED) is bundled:
            found |= examples_in(stored, [event], f"{old} → {new}", old, new, code)
    return found


@pytest.fixture(scope="module")
def at_hand(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Example]:
    """Give the examples that every checkout can find: in the bundled excerpts, and the made-up ones."""
    folder = tmp_path_factory.mktemp("events")
    with open_stored(Home(folder / "bundled"), to_write=True) as stored:
        import_path(stored, CHECKOUT / "snapshots", Options(), NOW)
        found = real(stored, bundled=True)
    with open_stored(Home(folder / "made-up"), to_write=True) as stored:
        for label, side in (("2025", 0), ("2026", 1)):
            path = folder / f"{label}.txt"
            release: Release = {MADE_UP_CODES[event]: sides[side] for event, sides in MADE_UP.items()}
            path.write_bytes(record_text(release))
            import_path(stored, path, Options(label=label, complete=True), NOW)
        for event, code in MADE_UP_CODES.items():
            found |= examples_in(stored, [event], "made up", "2025", "2026", code)
    return found


def assert_written(page: str) -> None:
    if os.environ.get("TRACKER_WRITE_DOCS"):
        PAGE.write_text(page, encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page


def test_every_event_has_an_example() -> None:
    assert sorted([*WHERE, *MADE_UP]) == sorted(HCPCS.events)


def test_every_section_stands_in_one_place() -> None:
    sections = [section for section, _ in itertools.groupby(kind.section for kind in HCPCS.events.values())]
    assert len(sections) == len(set(sections))


def test_the_page_in_the_releases(at_hand: dict[str, Example], releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        page = events_markdown(HCPCS, {**at_hand, **real(stored, bundled=False)})
    assert_written(page)


def test_what_is_made_up_is_in_no_release(releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        for old, new in itertools.pairwise(FILES):
            found = {event.id for change in compare_releases(stored, old, new).changes for event in change.events}
            assert not found & set(MADE_UP)


def test_the_page_without_the_releases(at_hand: dict[str, Example]) -> None:
    written = examples_of(PAGE.read_text(encoding="utf-8"))
    elsewhere = {event: where for event, where in WHERE.items() if where[:2] != BUNDLED}
    assert {event: written[event].where for event in elsewhere} == {
        event: f"{old} → {new}  {code}" for event, (old, new, code) in elsewhere.items()
    }
    assert_written(events_markdown(HCPCS, {**written, **at_hand}))


def test_an_event_has_the_same_facet_wherever_it_occurs(releases_home: Home) -> None:
    written = examples_of(PAGE.read_text(encoding="utf-8"))
    with open_stored(releases_home) as stored:
        for old, new in itertools.pairwise(FILES):
            for change in compare_releases(stored, old, new).changes:
                for event in change.events:
                    assert facet_of(HCPCS, event) is written[event.id].facet
