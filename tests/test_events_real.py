"""What the changes of CMS's own releases mean: the known cases by name, and the laws on all of them."""

from __future__ import annotations

import json
import shutil
from collections import Counter
from collections.abc import Callable, Iterator
from functools import cache
from itertools import combinations, pairwise
from pathlib import Path

import pytest

from tests.support import FILES
from tracker.app.audit import audit_releases
from tracker.app.compare import compare_releases
from tracker.app.stored import open_stored
from tracker.app.write_report import view_diff
from tracker.hcpcs.audit import audit
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.event_list import EVENTS
from tracker.home import Home
from tracker.model import Basis, Change, Diff, Event, Format, Level, Selection, Status
from tracker.report import render

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"
PAIRS = list(pairwise(FILES))

Compare = Callable[[str, str], Diff]


@pytest.fixture(scope="module")
def compared(releases_home: Home) -> Compare:
    """Give a function that compares two of CMS's own releases."""

    @cache
    def compare(old: str, new: str) -> Diff:
        with open_stored(releases_home) as stored:
            return compare_releases(stored, old, new)

    return compare


@pytest.fixture(scope="module")
def bundled(tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home with the two excerpts that come with the source."""
    home = Home(tmp_path_factory.mktemp("excerpts"))
    home.snapshots.mkdir()
    for label in ("2025", "2026"):
        shutil.copy(SNAPSHOTS / f"{label}.r1.jsonl", home.snapshots)
    return home


@pytest.fixture(scope="module")
def excerpts(bundled: Home) -> Diff:
    with open_stored(bundled) as stored:
        return compare_releases(stored, "2025", "2026")


def change_of(diff: Diff, code: str) -> Change:
    (change,) = [change for change in diff.changes if change.code == code]
    return change


def told(diff: Diff, code: str) -> dict[str, list[str]]:
    """Return the events of a code with the fields that prove them."""
    return {event.id: list(event.fields) for event in change_of(diff, code).events}


def event_of(diff: Diff, code: str, kind: str) -> Event:
    (event,) = [event for event in change_of(diff, code).events if event.id == kind]
    return event


def codes(diff: Diff, kind: str) -> set[str]:
    return {change.code for change in diff.changes for event in change.events if event.id == kind}


def all_events(diff: Diff) -> Iterator[Event]:
    return (event for change in diff.changes for event in change.events)


# ---------------------------------------------------------------- the known cases


@pytest.mark.parametrize("code", ["G9890", "G9891"])
def test_a_code_in_use_became_another_one_in_2018(compared: Compare, code: str) -> None:
    """The added date moved with the meaning, and the action code says A."""
    diff = compared("2018", "2019")
    assert told(diff, code) == {
        "code-reused": ["long_description", "short_description"],
        "classification-changed": ["betos"],
        "effective-date-changed": ["added_date", "action_effective_date"],
    }
    assert event_of(diff, code, "code-reused").level is Level.ACT


def test_a_modifier_became_another_one_in_2020(compared: Compare) -> None:
    """Same added date, action code C: only the text tells."""
    assert told(compared("2020", "2025"), "CS") == {
        "code-reused": ["long_description", "short_description"],
        "effective-retroactive": ["action_effective_date"],
    }


@pytest.mark.parametrize(("code", "other"), [("G9637", "G9367"), ("G9638", "G9368")])
def test_a_text_was_replaced_by_a_neighbours_and_restored(compared: Compare, code: str, other: str) -> None:
    for pair in (("2017", "2018"), ("2018", "2019")):
        event = event_of(compared(*pair), code, "description-replaced")
        assert f"the text reads like that of {other}, whose digits are transposed" in event.text
        assert (event.level, event.fields) == (Level.ACT, ("long_description",))
        assert "code-reused" not in told(compared(*pair), code)
    back = told(compared("2018", "2019"), code)
    assert back["history-rewritten"] == ["action_effective_date"]
    assert back["administrative"] == ["action_code"]


def test_no_other_text_was_mistaken_for_a_neighbours(compared: Compare, excerpts: Diff) -> None:
    found = {pair: codes(compared(*pair), "description-replaced") for pair in combinations(FILES, 2)}
    both = {"G9637", "G9638"}
    assert {pair: names for pair, names in found.items() if names} == {
        pair: both for pair in found if (pair[0] == "2018") is not (pair[1] == "2018")
    }
    assert codes(excerpts, "description-replaced") == set()


def test_three_codes_went_without_a_word(compared: Compare) -> None:
    diff = compared("2018", "2019")
    assert codes(diff, "code-withdrawn") == {"G9976", "G9977", "DA"}
    assert {one.level for one in all_events(diff) if one.id == "code-withdrawn"} == {Level.ACT}
    assert codes(diff, "code-purged") == set()


def test_what_had_ended_in_2013_was_purged_in_2018(compared: Compare) -> None:
    diff = compared("2017", "2018")
    assert len(codes(diff, "code-purged")) == 107
    assert codes(diff, "code-withdrawn") == set()
    assert all("last valid day 2013-" in event.text for event in all_events(diff) if event.id == "code-purged")
    for pair in PAIRS[1:]:
        assert codes(compared(*pair), "code-purged") == set()


def test_a_code_was_reactivated(compared: Compare, excerpts: Diff) -> None:
    for diff in (compared("2025", "2025-10"), excerpts):
        assert codes(diff, "code-reactivated") == {"J0570"}
        assert told(diff, "J0570") == {"code-reactivated": ["termination_date", "action_code", "action_effective_date"]}
        event = event_of(diff, "J0570", "code-reactivated")
        assert event.text == "Valid again from 2025-10-01; it had ended: last valid day 2024-12-31."


def test_a_code_came_and_ended_with_a_successor(excerpts: Diff) -> None:
    change = change_of(excerpts, "C9304")
    assert [(event.id, event.level, event.text) for event in change.events] == [
        ("code-added-and-ended", Level.ACT, "Added 2025-04-01, last valid day 2025-06-30.")
    ]
    (successor,) = change.successors
    assert (successor.code, successor.basis, successor.score) == ("J7172", Basis.DECLARED, 1.0)


@pytest.mark.parametrize("code", ["M0248", "Q0244"])
def test_a_code_ended_before_the_older_release_took_effect(excerpts: Diff, code: str) -> None:
    assert told(excerpts, code) == {
        "code-discontinued": ["termination_date", "action_effective_date"],
        "effective-retroactive": [],
    }
    event = event_of(excerpts, code, "effective-retroactive")
    assert event.text == "Ended with effect from 2024-12-13, before 2025 took effect."


def test_a_limit_changed(excerpts: Diff) -> None:
    assert event_of(excerpts, "G9790", "description-quantity") == Event(
        "description-quantity", Level.ACT, "Quantity: 140/90 → 130/80.", ("long_description",)
    )


@pytest.mark.parametrize(
    ("code", "life"),
    [("C9488", None), ("C9745", None), ("C9746", None), ("C9747", None), ("C9748", "code-discontinued")],
)
def test_shifted_cells_are_a_problem_of_the_data(compared: Compare, code: str, life: str | None) -> None:
    diff = compared("2018", "2019")
    event = event_of(diff, code, "payment-changed")
    assert (event.level, event.fields) == (Level.NOTE, ("asc_group", "asc_date"))
    assert "In doubt: cells are shifted: asc_group and asc_date together hold the date 20" in event.text
    assert event.text.endswith("(2018@1).")
    if life:
        assert event_of(diff, code, life).level is Level.ACT


def test_what_else_is_in_doubt(compared: Compare) -> None:
    """In 2017 the text had an old action date for three codes, and the workbook the right one."""
    doubtful = {
        pair: {change.code for change in compared(*pair).changes for event in change.events if "In doubt" in event.text}
        for pair in PAIRS
    }
    assert doubtful == {
        ("2017", "2018"): {"L5638", "L5640", "L5643"},
        ("2018", "2019"): {"C9488", "C9745", "C9746", "C9747", "C9748"},
        ("2019", "2020"): set(),
        ("2020", "2025"): set(),
        ("2025", "2025-10"): set(),
    }


def test_a_code_was_added_long_before_its_release(excerpts: Diff) -> None:
    assert told(excerpts, "G0567") == {"code-added": [], "effective-retroactive": []}
    event = event_of(excerpts, "G0567", "effective-retroactive")
    assert (event.level, event.text) == (Level.ACT, "Added with effect from 2024-06-27, before 2025 took effect.")


@pytest.mark.parametrize(
    ("code", "successor", "units"),
    [
        ("S0028", "J1308", 80),
        ("J1300", "J1299", 5),
        ("J1940", "J1938", 20),
        ("S4988", "E0201", None),
        ("S0189", "J1073", 1),
    ],
)
def test_an_ended_code_has_a_successor_and_its_units(
    excerpts: Diff, code: str, successor: str, units: float | None
) -> None:
    change = change_of(excerpts, code)
    assert change.events[0].id == "code-discontinued"
    best = change.successors[0]
    assert (best.code, best.units) == (successor, units)
    assert best.why


# ---------------------------------------------------------------- laws


@pytest.mark.parametrize("pair", list(combinations(FILES, 2)) + [pair[::-1] for pair in PAIRS], ids="-".join)
def test_every_changed_field_is_evidence_of_exactly_one_event(compared: Compare, pair: tuple[str, str]) -> None:
    diff = compared(*pair)
    for change in diff.changes:
        require_lawful(change)
    require_counted(diff)


def test_the_excerpts_are_lawful_too(bundled: Home) -> None:
    with open_stored(bundled) as stored:
        for pair in (("2025", "2026"), ("2026", "2025")):
            diff = compare_releases(stored, *pair)
            for change in diff.changes:
                require_lawful(change)
            require_counted(diff)


def require_lawful(change: Change) -> None:
    claimed = [name for event in change.events for name in event.fields]
    assert sorted(claimed) == sorted(field.field for field in change.fields), change.code
    assert change.events
    assert [event.id for event in change.events] == sorted(
        (event.id for event in change.events), key=list(EVENTS).index
    )
    ends = any(EVENTS[event.id].ends for event in change.events)
    assert ends or not change.successors
    assert all(one.code != change.code for one in change.successors)
    for event in change.events:
        assert event.level is (Level.NOTE if "In doubt:" in event.text else EVENTS[event.id].level)
        assert event.fields or event.id == "effective-retroactive" or change.status is not Status.CHANGED
        assert "None" not in event.text
        assert "_" not in event.text.partition(" In doubt: ")[0]


def require_counted(diff: Diff) -> None:
    """The life events are the counts that CMS's files were counted to have."""
    numbers = Counter(event.id for event in all_events(diff))
    by_status = Counter(change.status for change in diff.changes)
    assert numbers["code-added"] + numbers["code-added-and-ended"] == by_status[Status.ADDED]
    assert numbers["code-withdrawn"] + numbers["code-purged"] == by_status[Status.REMOVED]
    ended = [
        field for change in diff.changes for field in change.fields if field.field == HCPCS.ended and field.old is None
    ]
    assert numbers["code-discontinued"] == len(ended)


LIVES = {
    ("2017", "2018"): {"code-added": 154, "code-added-and-ended": 14, "code-discontinued": 29, "code-purged": 107},
    ("2018", "2019"): {"code-added": 228, "code-added-and-ended": 16, "code-discontinued": 33, "code-withdrawn": 3},
    ("2019", "2020"): {"code-added": 268, "code-added-and-ended": 11, "code-discontinued": 89},
    ("2025", "2025-10"): {"code-added": 197, "code-added-and-ended": 7, "code-discontinued": 54, "code-reactivated": 1},
}


@pytest.mark.parametrize("pair", LIVES, ids="-".join)
def test_life_events(compared: Compare, pair: tuple[str, str]) -> None:
    numbers = Counter(event.id for event in all_events(compared(*pair)))
    lives = [name for name in EVENTS if name.startswith("code-") and name != "code-reused"]
    assert {name: numbers[name] for name in lives if numbers[name]} == LIVES[pair]


# No release at hand moves an end to another day, or holds a change that takes effect after it: the re-issue of
# March 2018 names codes of July, but only added ones. tests/hcpcs/test_events.py has an example of both.
UNSEEN = {"code-end-moved", "effective-in-future"}


def test_every_event_occurs_in_real_data_but_two(compared: Compare, excerpts: Diff) -> None:
    diffs = [*(compared(*pair) for pair in combinations(FILES, 2)), excerpts]
    assert set(EVENTS) - {event.id for diff in diffs for event in all_events(diff)} == UNSEEN
    assert set(EVENTS) - {event.id for pair in PAIRS for event in all_events(compared(*pair))} == UNSEEN


# ---------------------------------------------------------------- the audit

SILENT = {
    ("2017", "2018"): 21,
    ("2018", "2019"): 24,
    ("2019", "2020"): 5,
    ("2025", "2025-10"): 146,
}


@pytest.mark.parametrize("pair", SILENT, ids="-".join)
def test_silent_changes(compared: Compare, pair: tuple[str, str]) -> None:
    silent = [one for one in audit(compared(*pair)) if one.kind == "silent"]
    assert len(silent) == SILENT[pair]
    # Annual releases follow each other; from January to October two cycles lie between.
    explained = sum(bool(one.explained) for one in silent)
    assert explained == (57 if pair == ("2025", "2025-10") else 0)


def test_what_silent_means(compared: Compare) -> None:
    found = {one.code: one.text for one in audit(compared("2018", "2019")) if one.kind == "silent"}
    assert found["E0210"] == "types of service changed, and the action code is N."
    assert found["G9637"] == "long description, short description changed, and the action code is N."


def test_late_changes_are_told_where_the_day_of_publication_is_known(compared: Compare) -> None:
    late = {pair: [one.code for one in audit(compared(*pair)) if one.kind == "late"] for pair in PAIRS}
    assert {pair: len(found) for pair, found in late.items() if found} == {("2025", "2025-10"): 20}


def test_no_letter_of_an_annual_release_contradicts_its_change(compared: Compare) -> None:
    kinds = {one.kind for pair in PAIRS for one in audit(compared(*pair))}
    assert kinds == {"silent", "late"}


# Release -> the one before it that is at hand, where CMS's own report on it and the changes differ, and how many of
# these differences the span between the two releases explains.
REPORTS = {
    "2018": ("2017", {"N (no change)": 21, "Added": 2}, 0),
    "2019": ("2018", {"N (no change)": 24, "Added": 4, "A (add)": 4}, 2),
    "2020": ("2019", {"N (no change)": 5, "Added": 18}, 0),
    "2025": ("2020", {"N (no change)": 705, "Added": 1355, "nothing of that kind": 1}, 1998),
}


@pytest.mark.parametrize("label", REPORTS)
def test_cms_own_report(releases_home: Home, releases_dir: Path, label: str) -> None:
    before, expected, explained = REPORTS[label]
    with open_stored(releases_home) as stored:
        stored_before = [one.release for one in stored.revisions]
        found = audit_releases(stored, before, label, releases_dir / FILES[label])
        stored.refresh()
        assert [one.release for one in stored.revisions] == stored_before
    words = ("Added", "N (no change)", "A (add)", "nothing of that kind", "Not in")
    assert Counter(next(word for word in words if word in one.text) for one in found) == expected
    assert sum(bool(one.explained) for one in found) == explained
    assert {one.kind for one in found} == {"report"}
    assert [one.code for one in found] == sorted(one.code for one in found)


def test_what_cms_calls_added_was_there_before(releases_home: Home, releases_dir: Path) -> None:
    """The 2018 file is the re-issue of March: it had QQ and VM already, and G9890 and G9891 for something else."""
    with open_stored(releases_home) as stored:
        found = audit_releases(stored, "2018", "2019", releases_dir / FILES["2019"])
    assert {one.code for one in found if "A (add)" in one.text} == {"G9890", "G9891", "QQ", "VM"}


# ---------------------------------------------------------------- determinism


def test_the_same_bytes_again(releases_home: Home, compared: Compare) -> None:
    for pair in (("2018", "2019"), ("2025", "2025-10")):
        with open_stored(releases_home) as stored:
            again = compare_releases(stored, *pair)
            assert again == compared(*pair)
            first, second = (render(view_diff(stored, diff), Format.JSON) for diff in (again, compared(*pair)))
            assert first == second


@pytest.mark.parametrize("level", Level)
def test_a_level_is_a_part_of_the_whole(releases_home: Home, compared: Compare, level: Level) -> None:
    selection = Selection(level=level)
    with open_stored(releases_home) as stored:
        part = compare_releases(stored, "2018", "2019", selection)
        content = json.loads(render(view_diff(stored, part, selection), Format.JSON))
    whole = Counter(event.level for event in all_events(compared("2018", "2019")))
    worse = list(Level)[: list(Level).index(level) + 1]
    assert content["counts"]["levels"] == {one: whole[one] if one in worse else 0 for one in Level}
    assert content["selection"]["level"] == level
    assert content["audit"] == []
