"""The history of a code over stored releases: small ones, and CMS's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

from tests.support import NOW, Import, values
from tracker.app.history import history_of, view_history
from tracker.app.import_release import Options, import_path
from tracker.app.lives import Lives
from tracker.app.stored import Stored, open_stored
from tracker.errors import UnknownReleaseError
from tracker.home import Home
from tracker.model import Basis, History, Status

FUROSEMIDE = "Injection, furosemide, up to 20 mg"


def events(history: History) -> dict[str, set[str]]:
    """Return the ids of the events by the label of the release at which they show up."""
    return {step.new.label: {event.id for event in step.change.events} for step in history.steps}


def spans(history: History) -> list[str]:
    return [
        f"{'again ' if life.reactivated else ''}{life.first} {life.last or '-'} {life.ending or 'open'}"
        for life in history.lives
    ]


# ---------------------------------------------------------------- small releases


def small(stored: Stored, code: str) -> History:
    return history_of(Lives(stored), stored, code)


def test_steps_lead_from_release_to_release(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2018.txt", {"J1940": values("J1940")})
    take_in("HCPC2019.txt", {"J1940": values("J1940"), "J1941": values("J1941", ADD_DT="20190101")})
    take_in("HCPC2020.txt", {"J1940": values("J1940", COV="S"), "J1941": values("J1941", ADD_DT="20190101")})
    history = small(stored, "J1940")
    assert [(step.old.name, step.new.name) for step in history.steps] == [("2019@1", "2020@1")]
    assert events(history) == {"2020": {"coverage-changed"}}
    assert events(small(stored, "J1941")) == {"2019": {"code-added"}}


def test_a_release_that_lacks_a_column_hides_no_change(stored: Stored, take_in: Import, tmp_path: Path) -> None:
    take_in("HCPC2018.txt", {"J1940": values("J1940", COV="C")})
    (path := tmp_path / "HCPC2019.csv").write_text("HCPC,LONG DESCRIPTION\nJ1940,Description of j1940\n")
    import_path(stored, path, Options(), NOW)
    take_in("HCPC2020.txt", {"J1940": values("J1940", COV="S")})
    history = small(stored, "J1940")
    assert [sighting.release.label for sighting in history.sightings] == ["2018", "2019", "2020"]
    (step,) = history.steps
    assert (step.old.name, step.new.name, step.change.status) == ("2019@1", "2020@1", Status.CHANGED)
    assert step.old.fields == {"long_description"}
    assert [(one.field, one.old, one.new) for one in step.change.fields] == [("coverage_code", "C", "S")]


def test_a_code_that_comes_back_is_compared_with_what_it_was(stored: Stored, take_in: Import) -> None:
    others = {f"A{number:04}": values(f"A{number:04}") for number in range(500)}
    take_in("HCPC2018.txt", {**others, "J1940": values("J1940"), "J1": values("J1")})
    take_in("HCPC2019.txt", others)
    take_in("HCPC2020.txt", {**others, "J1940": values("J1940", COV="S"), "J1": values("J1")})
    assert events(small(stored, "J1940")) == {"2019": {"code-withdrawn"}, "2020": {"coverage-changed"}}
    assert events(small(stored, "J1")) == {"2019": {"code-withdrawn"}}


def test_a_gap_between_releases_is_told_before_what_shows_up_behind_it(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2019.txt", {"J1940": values("J1940")})
    take_in("HCPC2020.txt", {"J1940": values("J1940"), "J1941": values("J1941")})
    take_in("HCPC2020_JUL.txt", {"J1940": values("J1940", COV="S"), "J1941": values("J1941")})
    timeline = view_history(stored, " j1940 ").timeline
    assert [(moment.label, moment.text) for moment in timeline] == [
        ("2019", "First seen: valid from 2010-01-01."),
        ("2020", "unchanged"),
        ("", "nothing is stored between 2020 and 2020-07: what changed in between shows up at 2020-07"),
        ("2020-07", ""),
    ]


def test_an_unknown_code_is_told_with_those_that_may_have_been_meant(stored: Stored, take_in: Import) -> None:
    take_in("HCPC2018.txt", {"J1940": values("J1940"), "A4550": values("A4550")})
    take_in("HCPC2019.txt", {"A4550": values("A4550")}, complete=False)
    with pytest.raises(UnknownReleaseError) as error:
        view_history(stored, "j194o")
    assert str(error.value) == "J194O is in no stored release: 2018@1, 2019@1 (an excerpt); did you mean J1940?"
    with pytest.raises(
        UnknownReleaseError,
        match=r"^99213 is in no stored release: .*; it is a CPT code, and no release here holds those$",
    ):
        view_history(stored, "99213")
    with pytest.raises(UnknownReleaseError, match=r"^Z9 is in no stored release: [^;]*$"):
        view_history(stored, "Z9")


def test_nothing_is_stored(stored: Stored) -> None:
    with pytest.raises(UnknownReleaseError, match="nothing is stored"):
        view_history(stored, "J1940")


# ---------------------------------------------------------------- CMS's own releases


@pytest.fixture(scope="module")
def tell(releases_home: Home) -> Iterator[Callable[[str], History]]:
    """Give a function that tells the history of a code over CMS's releases of 2017 to 2025."""
    with open_stored(releases_home) as stored:
        lives = Lives(stored)
        yield lambda code: history_of(lives, stored, code)


class Case(NamedTuple):
    """What is known of a code: its lives, and by release the events beyond action code and date."""

    code: str
    spans: list[str]
    events: dict[str, set[str]]


ADDED, ADDED_AND_ENDED = {"code-added"}, {"code-added-and-ended"}
ENDED = {"code-discontinued"}
RETROACTIVE = {"effective-retroactive"}
MOVED = {"effective-date-changed"}

CASES = [
    # furosemide got another billing unit, and so another code
    Case("J1940", ["1982-01-01 2025-03-31 ended"], {"2025-10": ENDED}),
    Case("J1938", ["2025-04-01 - open"], {"2025-10": ADDED}),
    Case("S0032", ["2000-01-01 2025-03-31 ended"], {"2025-10": ENDED}),
    Case("J2290", ["2025-01-01 - open"], {"2025": ADDED}),
    # active again
    Case(
        "J0570",
        ["2017-01-01 2024-12-31 ended", "again 2025-10-01 - open"],
        {"2025": {*ENDED, "payment-changed"}, "2025-10": {"code-reactivated"}},
    ),
    # reused: the added date tells it, or not even that
    *(
        Case(
            code,
            ["2018-01-01 2018-03-31 reused", "2018-04-01 - open"],
            {"2018": ADDED, "2019": {"code-reused", "classification-changed", *MOVED}},
        )
        for code in ("G9890", "G9891")
    ),
    Case("CS", ["2011-01-01 2020-02-29 reused", "2020-03-01 - open"], {"2025": {"code-reused", *RETROACTIVE}}),
    Case(
        "J1440",
        ["1994-01-01 2013-12-31 ended", "2023-07-01 - open"],
        {
            "2018": {"code-purged"},
            "2025": {
                "code-reused",
                "code-reactivated",
                "coverage-changed",
                "payment-changed",
                "classification-changed",
                "reference-changed",
                *MOVED,
            },
        },
    ),
    # reused between two releases of which neither tells it
    Case("J9380", ["2023-07-01 - open"], {"2025": ADDED}),
    Case("Q2041", ["2018-04-01 - open"], {"2019": ADDED}),
    # gone without a word, one of them for a year
    Case("DA", ["2011-01-01 - open"], {"2019": {"code-withdrawn"}}),
    *(
        Case(code, ["2018-01-01 2018-12-31 gone"], {"2018": ADDED, "2019": {"code-withdrawn"}})
        for code in ("G9976", "G9977")
    ),
    # the text of another code for a year, and back
    *(
        Case(
            code,
            ["2016-01-01 - open"],
            {
                "2018": {"description-replaced", "short-description-replaced", "action-code-changed", *MOVED},
                "2019": {
                    "description-replaced",
                    "short-description-replaced",
                    "history-rewritten",
                    "administrative",
                },
            },
        )
        for code in ("G9637", "G9638")
    ),
    # retroactive
    Case("C9803", ["2020-03-01 2023-12-31 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    Case("G2023", ["2020-03-01 2023-05-11 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    Case("C9058", ["2019-11-15 2020-06-30 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    # the end is no quarter's
    Case("M0239", ["2020-11-09 2021-04-16 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    Case("Q0239", ["2020-11-09 2021-04-16 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    Case("M1145", ["2021-01-01 2022-02-27 ended"], {"2025": {*ADDED_AND_ENDED, *RETROACTIVE}}),
    # a chain of successors
    Case("C9487", ["2017-04-01 2017-06-30 ended"], {"2018": ADDED_AND_ENDED}),
    Case("Q9989", ["2017-07-01 2017-12-31 ended"], {"2018": ADDED_AND_ENDED}),
    Case("J3358", ["2018-01-01 - open"], {"2018": ADDED}),
    # cut off in the workbook, whole all the same
    Case("G0503", ["2017-01-01 2017-12-31 ended"], {"2018": {*ENDED, "cross-reference-changed"}, "2019": MOVED}),
    # left four years after its end
    Case("C1204", ["2013-10-01 2013-12-31 ended"], {"2018": {"code-purged"}}),
    # ended before the earliest release, active again since: only the letter R tells it
    Case("S3854", ["again 2016-07-01 - open"], {}),
]


@pytest.mark.parametrize("case", CASES, ids=[case.code for case in CASES])
def test_the_lives_and_events_of_codes_that_are_known(tell: Callable[[str], History], case: Case) -> None:
    history = tell(case.code)
    assert spans(history) == case.spans
    told = events(history)
    real = {label: found - {"administrative"} for label, found in told.items()}
    expected = {label: found - {"administrative"} for label, found in case.events.items()}
    assert {label: found for label, found in real.items() if found} == expected
    assert all("administrative" in told[label] for label, found in case.events.items() if "administrative" in found)


@pytest.mark.parametrize(
    ("code", "successor", "basis", "units"),
    [
        ("J1940", "J1938", Basis.SUGGESTED, 20),
        ("C9487", "J3358", Basis.DECLARED, 1),
        ("Q9989", "J3358", Basis.DECLARED, 1),
        ("S0032", "J2290", Basis.SUGGESTED, 100),
        ("C9058", "Q5120", Basis.DECLARED, None),
    ],
)
def test_what_takes_the_place_of_ended_codes(
    tell: Callable[[str], History], code: str, successor: str, basis: Basis, units: float | None
) -> None:
    (found,) = tell(code).successors
    assert (found.code, found.basis) == (successor, basis)
    if units is not None:
        assert found.units == units
    assert [one.basis for one in tell(successor).predecessors if one.code == code] == [basis]


def test_codes_that_are_valid_have_no_successor_and_may_have_several_predecessors(
    tell: Callable[[str], History],
) -> None:
    assert tell("J1938").successors == ()
    assert [one.code for one in tell("J3358").predecessors] == ["C9487", "Q9989"]
    assert [one.code for one in tell("J9380").predecessors] == ["C9148"]
    assert tell("DA").predecessors == ()


def test_the_whole_of_a_history_is_told_in_a_few_lines(releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        view = view_history(stored, "j1940")
    assert (view.meaning, view.state) == (FUROSEMIDE, "ended")
    assert view.standing == "from 1982-01-01 to 2025-03-31, its last valid day"
    assert [(moment.label, moment.when) for moment in view.timeline] == [
        ("2017", ""),
        ("2018", ""),
        ("", ""),
        ("2025-10", "in effect from 2025-04-01"),
    ]


def test_where_values_come_from(releases_home: Home) -> None:
    fields = ["coverage_code", "termination_date", "asc_group", "cross_references"]
    with open_stored(releases_home) as stored:
        told = {
            (code, one.field): (one.value, one.since, one.before)
            for code in ("J0570", "C9487")
            for one in view_history(stored, code, fields=fields).origins
        }
    assert told["J0570", "coverage_code"] == ("C (Carrier judgment)", "2017 or earlier", "")
    assert told["J0570", "termination_date"] == ("(none)", "2025-10, in effect from 2025-10-01", "2024-12-31")
    assert told["J0570", "asc_group"][::2] == (
        "(none)",
        "YY (Approved to be performed in an ambulatory surgical center)",
    )
    assert told["C9487", "cross_references"] == ("Q9989", "2018, when it was added", "")
