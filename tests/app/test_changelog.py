"""All steps between two stored releases: which they are, what is missing between them, and what CMS's own tell."""

from __future__ import annotations

from datetime import date

import pytest

from tests.support import Import, values
from tracker.app.changelog import view_changelog
from tracker.app.stored import Stored, open_stored
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Level
from tracker.policy import EMPTY, parse
from tracker.report.changelog.view import ChangelogView, event_words, step_name

TODAY = date(2026, 1, 1)


def changelog(stored: Stored, first: str, last: str) -> ChangelogView:
    return view_changelog(stored, first, last, policy=EMPTY, today=TODAY)


def steps(view: ChangelogView) -> list[tuple[str, str]]:
    return [(step.diff.old.name, step.diff.new.name) for step in view.steps]


def missed(view: ChangelogView, sort: str) -> dict[str, str]:
    return {one.code: one.why for found in view.missed if found.sort == sort for one in found.found}


@pytest.fixture
def year(stored: Stored, take_in: Import) -> Stored:
    """Store the quarters of a year but one, and the next January."""
    plain = {"J0001": values("J0001")}
    april = values("C9999", ADD_DT="20250401", ACT_EFF_DT="20250401", ACTION_CD="A")
    ended = {**april, "TERM DT": "20250930", "ACT EFF DT": "20251001", "ACTION CD": "D"}
    take_in("HCPC2025_JAN_ANWEB.txt", plain)
    take_in("HCPC2025_APR_ANWEB.txt", {**plain, "C9999": april})
    take_in("HCPC2025_OCT_ANWEB_v3.txt", {**plain, "C9999": ended})
    take_in("HCPC2025_OCT_ANWEB_v4.txt", {"J0001": values("J0001", COV="D"), "C9999": ended})
    take_in("HCPC2026_JAN_ANWEB.txt", {**plain, "C9999": ended, "J0002": values("J0002", ADD_DT="20260101")})
    return stored


def test_a_changelog_goes_through_all_releases_that_labels_mean(year: Stored) -> None:
    view = changelog(year, "2025", "2026")
    assert steps(view) == [("2025@1", "2025-04@1"), ("2025-04@1", "2025-10@2"), ("2025-10@2", "2026@1")]
    assert (view.direct.diff.old.name, view.direct.diff.new.name) == ("2025@1", "2026@1")
    assert steps(changelog(year, "2025-04", "2025-10")) == [("2025-04@1", "2025-10@2")]
    single = changelog(year, "2025-04", "2025-10")
    assert single.direct is single.steps[0]


def test_a_code_that_came_in_april_and_ended_in_september_shows_up(year: Stored) -> None:
    view = changelog(year, "2025", "2026")
    assert missed(view, "added-and-ended") == {"C9999": "Valid from 2025-04-01 to 2025-09-30."}
    (found,) = view.missed[0].found
    assert [(step_name(moment.step), moment.entry.events[0].text) for moment in found.moments] == [
        ("2025 → 2025-04", "Added: valid from 2025-04-01."),
        ("2025-04 → 2025-10", "Discontinued: last valid day 2025-09-30."),
    ]
    assert missed(view, "changed-back") == {"J0001": "Coverage code: in 2026 again as in 2025."}


def test_releases_that_are_not_stored_are_told(year: Stored) -> None:
    assert changelog(year, "2025", "2026").remarks[0] == (
        "2025-04 → 2025-10: 1 release in between not stored (2025-07): one step tells all of them"
    )
    assert not any("not stored" in remark for remark in changelog(year, "2025", "2025-04").remarks)


def test_until_2019_there_was_one_release_a_year(stored: Stored, take_in: Import) -> None:
    for label in ("2017", "2018", "2025"):
        take_in(f"HCPC{label}.txt", {"J0001": values("J0001", LONG_DESCRIPTION=f"As of {label}")})
    assert changelog(stored, "2017", "2025").remarks == (
        "2018 → 2025: 21 releases in between not stored (2019 to 2024-10): one step tells all of them",
    )


def test_an_end_may_be_a_revision(year: Stored) -> None:
    view = changelog(year, "2025-04", "2025-10@1")
    assert steps(view) == [("2025-04@1", "2025-10@1")]
    assert "2025-10 by itself means 2025-10@2, not 2025-10@1" in view.steps[0].remarks


@pytest.mark.parametrize(
    ("first", "last", "sentence"),
    [
        ("2026", "2025", "2026 is later than 2025: run tracker changelog 2025 2026"),
        ("2025", "2025", "a changelog leads from one release to a later one, and both are 2025"),
        ("2025", "2025-01", "a changelog leads from one release to a later one, and both are 2025"),
        (
            "2025-10@1",
            "2025-10",
            "a changelog leads from one release to a later one, and both are 2025-10: tracker diff 2025-10@1 2025-10@2",
        ),
        ("2025", "2025-07", "2025-07 is not stored; "),
    ],
)
def test_ends_that_make_no_changelog_are_one_sentence(year: Stored, first: str, last: str, sentence: str) -> None:
    with pytest.raises(UnknownReleaseError) as raised:
        changelog(year, first, last)
    assert str(raised.value).startswith(sentence)
    assert "\n" not in str(raised.value)


def test_one_stored_release_makes_no_changelog(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2025.txt", {"J0001": values("J0001")})
    with pytest.raises(UnknownReleaseError, match=r"^2026 is not stored; "):
        changelog(stored, "2025", "2026")


def test_a_policy_holds_in_every_step(year: Stored) -> None:
    rules = (("code-added", "act"), ("coverage-changed", "note"))
    text = "".join(f'[[level]]\nevent = "{event}"\nlevel = "{level}"\n' for event, level in rules)
    policy = parse(text, "tracker.toml", HCPCS)
    view = view_changelog(year, "2025", "2026", policy=policy, today=TODAY)
    levels = [
        (step_name(step), change.code, event.id, event.level)
        for step in view.steps
        for change in step.diff.changes
        for event in change.events
        if event.id in {"code-added", "coverage-changed"}
    ]
    assert levels == [
        ("2025 → 2025-04", "C9999", "code-added", Level.ACT),
        ("2025-04 → 2025-10", "J0001", "coverage-changed", Level.NOTE),
        ("2025-10 → 2026", "J0001", "coverage-changed", Level.NOTE),
        ("2025-10 → 2026", "J0002", "code-added", Level.ACT),
    ]


def test_an_excerpt_in_between_is_taken_as_it_is(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2025.txt", {"J0001": values("J0001"), "J0002": values("J0002")})
    take_in("HCPC2025_APR.txt", {"J0001": values("J0001")}, complete=False)
    take_in("HCPC2025_OCT.txt", {"J0001": values("J0001"), "J0002": values("J0002", COV="D")})
    view = changelog(stored, "2025", "2025-10")
    assert steps(view) == [("2025@1", "2025-04@1"), ("2025-04@1", "2025-10@1")]
    assert missed(view, "no-step") == {"J0002": ""}
    assert "2025-04@1 is an excerpt: 1 code of 2025@1 could not be compared" in view.steps[0].remarks


@pytest.fixture(scope="module")
def cms(releases_home: Home) -> ChangelogView:
    with open_stored(releases_home) as stored:
        return view_changelog(stored, "2017", "2025-10", policy=EMPTY, today=TODAY, administrative=True)


def test_the_steps_of_cms_own_releases(cms: ChangelogView) -> None:
    assert [step_name(step) for step in cms.steps] == [
        "2017 → 2018", "2018 → 2019", "2019 → 2020", "2020 → 2025", "2025 → 2025-10"
    ]  # fmt: skip
    assert [(step.counts.added, step.counts.ended) for step in cms.steps] == [
        (168, 29), (244, 33), (279, 89), (1563, 382), (204, 54)
    ]  # fmt: skip
    assert [remark for remark in cms.remarks if "not stored" in remark] == [
        "2020 → 2025: 19 releases in between not stored (2020-04 to 2024-10): one step tells all of them",
        "2025 → 2025-10: 2 releases in between not stored (2025-04, 2025-07): one step tells all of them",
    ]


def test_what_a_reader_of_2017_and_2025_10_misses(cms: ChangelogView) -> None:
    assert missed(cms, "ended-and-back") == {
        "DA": "Not in 2019.",
        "J0570": "Ended in between (last valid day 2024-12-31); in 2025-10 it has no end.",
        "J1440": "Not in 2018 to 2020.",
    }
    assert missed(cms, "added-and-gone") == {"G9976": "In 2018 alone.", "G9977": "In 2018 alone."}
    texts = "Long description and short description: in 2025-10 again as in 2017."
    back = missed(cms, "changed-back")
    assert (back["G9637"], back["G9638"]) == (texts, texts)
    reused = missed(cms, "reused")
    assert (reused["G9890"], reused["G9891"]) == ("It meant something else in 2018.",) * 2
    assert missed(cms, "administrative")["A4421"] == "Action code N in 2017, P in 2018, N in 2019."
    assert missed(cms, "no-step") == {}


def test_codes_that_came_and_ended_are_those_that_the_last_release_shows_ended(cms: ChangelogView) -> None:
    """Nothing that was ended in the last release, and not in the first, may be passed over."""
    ended = {
        change.code
        for change in cms.direct.diff.changes
        if change.status == "added" and str(change.record.values.get("termination_date", "9")) < "2025-10-01"
    }
    assert missed(cms, "added-and-ended").keys() == ended
    assert len(ended) == 415


def test_the_roll_up_of_a_code(cms: ChangelogView) -> None:
    (found,) = [one for one in cms.codes if one.code == "J1940"]
    assert [(step_name(one.step), list(map(event_words, one.entry.events))) for one in found.moments] == [
        ("2025 → 2025-10", ["discontinued"])
    ]
