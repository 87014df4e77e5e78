"""The lives of a code, and whether it was valid on a day, from made-up sightings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import record, release
from tracker.diff.compare import compare
from tracker.diff.wording import reword
from tracker.hcpcs.catalogue import FIELDS, HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.hcpcs.lives import filled, lives, release_on, until, valid_on
from tracker.model import Ending, Life, Release, Sighting, Validity, Value, Verdict

CODE = "J0012"
PLAIN: Mapping[str, Value] = {
    "long_description": "Injection, madeupine, 5 mg",
    "short_description": "Injection madeupine",
    "added_date": "2010-01-01",
    "action_effective_date": "2010-01-01",
    "action_code": "N",
}
DANCE = {
    "long_description": "Home visit by a dance therapist for the assessment of posture",
    "short_description": "Dance therapy home visit",
}
ENDED = {"termination_date": "2019-06-30"}
DAY = timedelta(days=1)

YES, NO, CANNOT_TELL = Verdict


def seen(label: str, *unknown: str, **values: Value | None) -> Sighting:
    """Return a complete release that holds the code, with some values; None empties a field."""
    content = {name: value for name, value in {**PLAIN, **values}.items() if value is not None}
    return Sighting(release(label, fields=FIELDS), record(CODE, unknown, **content))


def absent(label: str) -> Sighting:
    return Sighting(release(label, fields=FIELDS), None)


def in_part(label: str, *fields: str, **values: Value) -> Sighting:
    """Return an excerpt that has some fields only."""
    content = {name: value for name, value in {**PLAIN, **values}.items() if name in fields}
    return Sighting(release(label, fields=fields, complete=False), record(CODE, **content))


def became(old: Sighting, new: Sighting) -> frozenset[str]:
    assert old.record
    assert new.record
    diff = compare(HCPCS, old.release, new.release, [old.record], [new.record])
    context = Context(reword, lambda _: None, lambda _: None, {})
    return frozenset(event.id for change in explain(diff, context).changes for event in change.events)


def lives_of(*sightings: Sighting) -> tuple[Life, ...]:
    return lives(sightings, became)


def spans(*sightings: Sighting) -> list[str]:
    """Return the lives in short: `2010-01-01 2019-06-30 ended`."""
    return [_span(life) for life in lives_of(*sightings)]


def _span(life: Life) -> str:
    again = "again " if life.reactivated else ""
    return f"{again}{life.first or '?'} {life.last or '-'} {life.ending or 'open'}"


def ask(day: str, *sightings: Sighting, releases: Sequence[Release] | None = None) -> Validity:
    asked = [sighting.release for sighting in sightings] if releases is None else releases
    return valid_on(CODE, date.fromisoformat(day), sightings, lives_of(*sightings), asked)


# ---------------------------------------------------------------- lives


def test_a_code_that_never_ended_has_one_open_life() -> None:
    (life,) = lives_of(seen("2018"), seen("2019"), seen("2020"))
    assert (life.first, life.last, life.ending, life.reactivated) == (date(2010, 1, 1), None, None, False)
    assert [one.release.name for one in life.sightings] == ["2018@1", "2019@1", "2020@1"]


def test_a_code_that_no_release_holds_has_none() -> None:
    assert lives_of(absent("2018"), absent("2019")) == ()


def test_the_end_may_come_move_and_be_taken_back() -> None:
    ended = seen("2019", **ENDED, action_code="D", action_effective_date="2019-07-01")
    moved = seen("2020", termination_date="2019-09-30", action_code="D", action_effective_date="2019-10-01")
    assert spans(seen("2018"), ended) == ["2010-01-01 2019-06-30 ended"]
    assert spans(seen("2018"), ended, moved) == ["2010-01-01 2019-09-30 ended"]
    taken_back = seen("2020-04", action_effective_date="2010-01-01")
    assert spans(seen("2018"), ended, taken_back) == ["2010-01-01 - open"]


def test_the_added_date_may_be_corrected() -> None:
    assert spans(seen("2018"), seen("2019", added_date="2009-10-01")) == ["2009-10-01 - open"]
    assert spans(seen("2018"), seen("2019", added_date="2011-04-01")) == ["2011-04-01 - open"]


@pytest.mark.parametrize(
    ("days", "begin"),
    [
        ({"added_date": "2018-04-01", "action_effective_date": "2018-04-01"}, "2018-04-01"),  # G9890
        ({"action_effective_date": "2018-03-01"}, "2018-03-01"),  # modifier CS
        ({}, "2019-01-01"),  # nothing but the text tells it
        ({"added_date": "2009-01-01"}, "2019-01-01"),  # no later than the former life
    ],
)
def test_a_reused_code_begins_another_life_and_ends_the_former_the_day_before(days: dict[str, str], begin: str) -> None:
    before = (date.fromisoformat(begin) - DAY).isoformat()
    assert spans(seen("2018"), seen("2019", **DANCE, **days)) == [
        f"2010-01-01 {before} reused",
        f"{begin} - open",
    ]


def test_a_code_reused_after_its_end_keeps_the_end() -> None:
    again = {"added_date": "2023-07-01", "action_effective_date": "2023-07-01"}
    left = (seen("2018", **ENDED), absent("2019"), absent("2020"))
    assert spans(*left, seen("2025", **DANCE, **again)) == ["2010-01-01 2019-06-30 ended", "2023-07-01 - open"]


def test_a_code_reused_after_it_was_gone_was_not_valid_in_between() -> None:
    again = {"added_date": "2023-07-01", "action_effective_date": "2023-07-01"}
    sightings = seen("2018"), absent("2019"), seen("2025", **DANCE, **again)
    assert spans(*sightings) == ["2010-01-01 2018-12-31 gone", "2023-07-01 - open"]
    answer = ask("2020-01-01", *sightings)
    assert (answer.verdict, answer.proof) == (NO, sightings[1].release)
    assert answer.why.endswith("it stands for something else from 2023-07-01")


def test_the_first_day_of_a_second_life_may_be_corrected_but_not_to_before_the_first() -> None:
    reused = seen("2019", **DANCE, added_date="2018-04-01")
    earlier, too_early = (seen("2020", **DANCE, added_date=day) for day in ("2018-02-01", "2009-01-01"))
    assert spans(seen("2018"), reused, earlier) == ["2010-01-01 2018-01-31 reused", "2018-02-01 - open"]
    assert spans(seen("2018"), reused, too_early) == ["2010-01-01 2018-03-31 reused", "2018-04-01 - open"]


def test_a_reactivated_code_begins_another_life_on_the_day_of_its_action() -> None:
    again = seen("2020", action_code="R", action_effective_date="2020-01-01")
    assert spans(seen("2019", **ENDED), again) == ["2010-01-01 2019-06-30 ended", "again 2020-01-01 - open"]


def test_a_reactivation_before_the_end_came_leaves_one_life() -> None:
    again = seen("2020", action_code="R", action_effective_date="2019-05-01")
    assert spans(seen("2019", **ENDED), again) == ["2010-01-01 - open"]


def test_the_added_date_of_a_reactivated_code_is_that_of_its_first_life() -> None:
    again = seen("2020", action_code="R", action_effective_date="2020-01-01")
    corrected = seen("2020-04", action_code="N", action_effective_date="2020-01-01", added_date="2010-04-01")
    assert spans(seen("2019", **ENDED), again, corrected)[1] == "again 2020-01-01 - open"


def test_a_reactivation_may_be_known_from_the_letter_alone() -> None:
    assert spans(seen("2017", action_code="R", action_effective_date="2016-07-01")) == ["again 2016-07-01 - open"]
    assert spans(seen("2017", action_code="R")) == ["2010-01-01 - open"]  # on the very day on which it was added


def test_a_code_that_left_without_a_word_is_gone_after_the_last_day_that_a_release_speaks_of() -> None:
    assert spans(seen("2018"), absent("2019"), absent("2020")) == ["2010-01-01 2018-12-31 gone"]
    assert spans(seen("2025-04"), absent("2025-07")) == ["2010-01-01 2025-06-30 gone"]


def test_a_code_that_comes_back_as_it_was_had_never_left() -> None:
    assert spans(seen("2018"), absent("2019"), seen("2020")) == ["2010-01-01 - open"]
    assert spans(seen("2018"), absent("2019"), seen("2020", **ENDED)) == ["2010-01-01 2019-06-30 ended"]


def test_a_code_that_was_purged_keeps_its_end() -> None:
    assert spans(seen("2018", termination_date="2013-12-31"), absent("2019")) == ["2010-01-01 2013-12-31 ended"]


def test_what_a_release_does_not_tell_takes_nothing_back() -> None:
    ended = seen("2019", **ENDED)
    assert spans(ended, in_part("2020", "long_description")) == ["2010-01-01 2019-06-30 ended"]
    assert spans(ended, seen("2020", "termination_date")) == ["2010-01-01 2019-06-30 ended"]
    assert spans(seen("2019"), in_part("2020", "long_description")) == ["2010-01-01 - open"]


def test_a_release_that_lacks_fields_hides_no_reuse() -> None:
    found = spans(seen("2018"), in_part("2019", "action_code"), seen("2020", **DANCE, added_date="2019-10-01"))
    assert found == ["2010-01-01 2019-09-30 reused", "2019-10-01 - open"]
    again = seen("2020", action_code="R", action_effective_date="2020-01-01")
    found = spans(seen("2018", **ENDED), in_part("2019", "long_description"), again)
    assert found == ["2010-01-01 2019-06-30 ended", "again 2020-01-01 - open"]


def test_a_release_that_lacks_the_added_date_does_not_move_a_first_day() -> None:
    sightings = seen("2018"), seen("2019", **DANCE, action_effective_date="2018-03-01")  # modifier CS
    later = in_part("2020", "long_description", **DANCE), seen("2020-04", **DANCE, action_effective_date="2018-03-01")
    assert spans(*sightings, *later)[1] == "2018-03-01 - open"


def test_a_code_whose_first_day_no_release_tells() -> None:
    assert spans(in_part("2020", "long_description", "termination_date")) == ["? - open"]


def test_filling_takes_what_was_known_and_nothing_else() -> None:
    before = seen("2018", "coverage_code", statute="1861", betos="Z2")
    now = seen("2019", "statute", "coverage_code", betos=None, asc_group="YY")
    both = filled(now, before)
    assert both.record
    assert both.record.values == {**PLAIN, "asc_group": "YY", "statute": "1861"}
    assert both.record.unknown == {"coverage_code"}
    assert filled(now, absent("2018")) == now
    assert filled(absent("2019"), before) == absent("2019")
    part = filled(in_part("2019", "betos"), before)
    assert part.release.fields == FIELDS.keys() - {"coverage_code"}
    assert part.release.name == "2019@1"


# ---------------------------------------------------------------- valid on a day


@pytest.mark.parametrize(
    ("day", "verdict", "why"),
    [
        ("2009-12-31", NO, "not yet: its first valid day is 2010-01-01"),
        ("2010-01-01", YES, "valid from 2010-01-01 to 2019-06-30"),
        ("2019-06-30", YES, "valid from 2010-01-01 to 2019-06-30"),
        ("2019-07-01", NO, "ended: its last valid day was 2019-06-30"),
        ("2031-01-01", NO, "ended: its last valid day was 2019-06-30"),
    ],
)
def test_the_first_and_the_last_day_are_valid(day: str, verdict: Verdict, why: str) -> None:
    answer = ask(day, seen("2018"), seen("2020", **ENDED))
    assert (answer.verdict, answer.why) == (verdict, why)
    assert answer.proof
    assert answer.proof.name == "2020@1"
    assert (answer.described is not None) is (verdict is YES)


@pytest.mark.parametrize(
    ("day", "verdict"), [("2020-12-31", YES), ("2021-01-01", CANNOT_TELL), ("2018-01-01", YES), ("2010-01-01", YES)]
)
def test_a_release_speaks_of_days_up_to_the_next_one(day: str, verdict: Verdict) -> None:
    answer = ask(day, seen("2018"), seen("2020-10"))
    assert answer.verdict is verdict
    assert answer.missing == ("2021" if verdict is CANNOT_TELL else "")
    if verdict is CANNOT_TELL:
        assert answer.why == "valid when last seen, in 2020-10@1, which speaks of days up to 2020-12-31"
        assert answer.proof is None


@pytest.mark.parametrize(
    ("day", "verdict", "why"),
    [
        ("2018-03-31", YES, "valid from 2010-01-01 to 2018-03-31; after that the code stands for something else"),
        ("2018-04-01", YES, "valid from 2018-04-01, without an end"),
    ],
)
def test_a_reused_code_is_told_apart(day: str, verdict: Verdict, why: str) -> None:
    sightings = seen("2018"), seen("2019", **DANCE, added_date="2018-04-01")
    answer = ask(day, *sightings)
    assert (answer.verdict, answer.why) == (verdict, why)
    assert answer.described == sightings[day == "2018-04-01"]


@pytest.mark.parametrize(
    ("day", "verdict", "why"),
    [
        ("2019-06-30", YES, "valid from 2010-01-01 to 2019-06-30"),
        ("2019-07-01", NO, "ended: its last valid day was 2019-06-30; valid again from 2020-01-01"),
        ("2019-12-31", NO, "ended: its last valid day was 2019-06-30; valid again from 2020-01-01"),
        ("2020-01-01", YES, "valid, again, from 2020-01-01, without an end"),
    ],
)
def test_between_two_lives_a_code_is_not_valid(day: str, verdict: Verdict, why: str) -> None:
    answer = ask(day, seen("2019", **ENDED), seen("2020", action_code="R", action_effective_date="2020-01-01"))
    assert (answer.verdict, answer.why) == (verdict, why)


def test_before_a_reactivation_that_only_its_letter_tells_nobody_knows() -> None:
    reactivated = seen("2017", action_code="R", action_effective_date="2016-07-01")
    assert ask("2016-07-01", reactivated).verdict is YES
    answer = ask("2016-06-30", reactivated)
    assert (answer.verdict, answer.missing) == (CANNOT_TELL, "2016")
    assert answer.why == "reactivated from 2016-07-01; when it had ended before, no stored release tells"


@pytest.mark.parametrize(
    ("day", "verdict"),
    [("2018-12-31", YES), ("2019-01-01", CANNOT_TELL), ("2019-12-31", CANNOT_TELL), ("2020-01-01", NO)],
)
def test_a_code_that_is_gone_left_some_day_between_two_releases(day: str, verdict: Verdict) -> None:
    sightings = seen("2018"), absent("2020")
    answer = ask(day, *sightings)
    assert answer.verdict is verdict
    if verdict is NO:
        assert answer.proof == sightings[1].release
    if verdict is CANNOT_TELL:
        assert answer.why == "2018@1 holds it and 2020@1 does not: it left in between"


def test_a_release_that_had_lost_a_code_is_named() -> None:
    sightings = seen("2018"), absent("2019"), seen("2020")
    assert ask("2018-12-31", *sightings).remarks == ()
    answer = ask("2019-06-01", *sightings)
    assert answer.verdict is YES
    assert answer.remarks == ("2019@1 does not hold it; 2020@1 has it as if it had never left",)


def test_a_release_that_does_not_tell_the_end_proves_nothing() -> None:
    part = in_part("2020", "long_description", "added_date")
    answer = ask("2020-02-01", part)
    assert (answer.verdict, answer.why) == (CANNOT_TELL, "2020@1 does not tell whether it ended")
    assert ask("2020-02-01", seen("2020", "termination_date")).verdict is CANNOT_TELL
    whole = seen("2019")
    answer = ask("2019-12-31", whole, part)
    assert (answer.verdict, answer.proof) == (YES, whole.release)
    assert ask("2020-01-01", whole, part).verdict is CANNOT_TELL


def test_a_code_whose_first_day_is_not_told_is_known_from_the_first_release_on() -> None:
    part = in_part("2020", "long_description", "termination_date")
    assert ask("2020-01-01", part).verdict is YES
    answer = ask("2019-12-31", part)
    assert (answer.verdict, answer.why) == (CANNOT_TELL, "no stored release tells its first valid day")


def test_the_words_are_those_of_the_day() -> None:
    sightings = (
        seen("2018"),
        seen("2019", long_description="Injection, madeupine, 10 mg"),
        seen("2020", long_description="Injection, madeupine, 20 mg"),
    )
    for day, place in (("2011-01-01", 0), ("2018-12-31", 0), ("2019-01-01", 1), ("2020-01-01", 2)):
        answer = ask(day, *sightings)
        assert answer.described == sightings[place]
        assert answer.remarks == ()


def test_a_gap_in_which_a_code_was_reworded_is_told() -> None:
    sightings = seen("2018"), seen("2025", long_description="Injection, madeupine, 20 mg")
    assert ask("2018-12-31", *sightings).remarks == ()
    answer = ask("2020-05-01", *sightings)
    assert answer.described == sightings[0]
    assert answer.remarks == ("reworded between 2018@1 and 2025@1: 2020-04, which would tell, is not stored",)
    assert ask("2020-05-01", seen("2018"), seen("2025")).remarks == ()


# ---------------------------------------------------------------- codes that no release holds


@pytest.mark.parametrize(
    ("day", "verdict", "why"),
    [
        ("2012-12-31", CANNOT_TELL, "in no stored release; 2017@1 need not hold what ended before 2013-01-01"),
        ("2013-01-01", NO, "in no stored release; 2017@1, complete, would hold a code that was valid on that day"),
        ("2017-12-31", NO, "in no stored release; 2017@1, complete, would hold a code that was valid on that day"),
        ("2019-01-01", NO, "in no stored release; 2025@1, complete, would hold a code that was valid on that day"),
        ("2025-03-31", NO, "in no stored release; 2025@1, complete, would hold a code that was valid on that day"),
        ("2025-04-01", CANNOT_TELL, "in no stored release; the newest, 2025@1, speaks of days up to 2025-03-31"),
    ],
)
def test_a_complete_release_would_hold_a_code_that_was_valid(day: str, verdict: Verdict, why: str) -> None:
    answer = ask(day, absent("2017"), absent("2025"))
    assert (answer.verdict, answer.why) == (verdict, why)
    assert (answer.proof is not None) is (verdict is NO)
    assert answer.missing == ("" if verdict is NO else release_on(date.fromisoformat(day)))


def test_excerpts_do_not_tell_that_a_code_was_never_there() -> None:
    excerpt = release("2025", complete=False)
    answer = ask("2025-01-01", releases=[excerpt])
    assert (answer.verdict, answer.missing) == (CANNOT_TELL, "2025")
    assert answer.why == "only excerpts are stored, and it is in none of them: 2025@1"
    assert ask("2025-01-01", releases=[]).why == "nothing is stored"
    assert ask("2025-01-01", releases=[replace(excerpt, complete=True)]).verdict is NO


@pytest.mark.parametrize(
    ("label", "last"),
    [("2018", "2018-12-31"), ("2019", "2019-12-31"), ("2020", "2020-03-31"), ("2025-10", "2025-12-31")],
)
def test_releases_were_annual_and_are_quarterly(label: str, last: str) -> None:
    assert until(release(label)).isoformat() == last
    assert release_on(until(release(label))) == label


# ---------------------------------------------------------------- laws

_DAYS = st.none() | st.sampled_from(
    ["2016-01-01", "2017-04-01", "2018-03-31", "2018-07-01", "2019-02-15", "2020-01-01"]
)
_TEXTS = st.sampled_from([PLAIN["long_description"], DANCE["long_description"]])
_FIELDS = ("long_description", "added_date", "termination_date", "action_code", "action_effective_date")


@st.composite
def _sightings(draw: st.DrawFn) -> list[Sighting]:
    """Draw what releases say of a code, whether that makes sense or not."""
    found = []
    for label in draw(st.lists(st.sampled_from(["2017", "2018", "2019", "2020", "2020-04"]), unique=True)):
        if draw(st.integers(0, 4)) == 0:
            found.append(absent(label))
            continue
        names = st.sets(st.sampled_from(_FIELDS), min_size=1)
        fields = draw(st.just(set(FIELDS)) | names)
        values = {
            "long_description": draw(_TEXTS),
            "added_date": draw(_DAYS),
            "action_effective_date": draw(_DAYS),
            "termination_date": draw(_DAYS),
            "action_code": draw(st.sampled_from("NRDA")),
        }
        content = {name: value for name, value in values.items() if value is not None and name in fields}
        header = release(label, fields=fields, complete=len(fields) == len(FIELDS))
        unknown = draw(st.sets(st.sampled_from(_FIELDS), max_size=2)) - content.keys()
        found.append(Sighting(header, record(CODE, unknown, **content)))
    return sorted(found, key=lambda sighting: sighting.release.effective_date)


_SPAN = [date(2015, 12, 1) + number * DAY for number in range(0, 1900, 13)]


def _holds(life: Life, day: date) -> bool:
    return (life.first is None or life.first <= day) and (life.last is None or day <= life.last)


@given(_sightings())
def test_lives_do_not_overlap_and_hold_each_sighting_once(sightings: list[Sighting]) -> None:
    found = lives_of(*sightings)
    boundaries = [day for life in found for day in (life.first, life.last) if day]
    for day in {*_SPAN, *boundaries, *(day + DAY for day in boundaries), *(day - DAY for day in boundaries)}:
        assert sum(_holds(life, day) for life in found) <= 1
    assert [one for life in found for one in life.sightings] == [one for one in sightings if one.record]
    assert all((life.last is None) is (life.ending is None) for life in found)
    assert all(life.ending is not Ending.REUSED for life in found[-1:])


@given(_sightings(), st.sampled_from(_SPAN))
def test_an_answer_agrees_with_the_lives(sightings: list[Sighting], day: date) -> None:
    answer = ask(day.isoformat(), *sightings)
    inside = [life for life in lives_of(*sightings) if _holds(life, day)]
    if answer.verdict is YES:
        assert [answer.life] == inside
        assert answer.described is not None
        assert answer.described.record is not None
    if answer.verdict is NO:
        assert inside == []
    assert (answer.proof is None) is (answer.verdict is CANNOT_TELL)
    assert bool(answer.missing) is (answer.verdict is CANNOT_TELL)
    assert answer.why


# ---------------------------------------------------------------- odd stories


def test_a_code_that_is_gone_and_added_anew_has_two_lives() -> None:
    anew = seen("2024-04", added_date="2024-04-01", action_effective_date="2024-04-01", action_code="A")
    story = seen("2023"), absent("2024"), anew
    assert spans(*story) == ["2010-01-01 2023-03-31 gone", "again 2024-04-01 - open"]
    assert [ask(day, *story).verdict for day in ("2023-02-01", "2024-03-31", "2024-04-01")] == [YES, NO, YES]


def test_a_code_dropped_before_its_announced_end_is_not_known_to_have_stayed_valid() -> None:
    story = seen("2023", termination_date="2023-12-31"), absent("2023-04")
    assert ask("2023-03-31", *story).verdict is YES
    answer = ask("2023-06-01", *story)
    assert answer.verdict is CANNOT_TELL
    assert answer.why == "2023@1 told its last valid day, 2023-12-31; 2023-04@1 does not hold it any more"
    assert ask("2024-01-01", *story).verdict is NO


def test_dates_that_contradict_each_other_prove_nothing() -> None:
    story = (seen("2022", added_date="2022-01-01", termination_date="2021-06-30"),)
    for day in ("2021-07-01", "2022-02-01"):
        answer = ask(day, *story)
        assert answer.verdict is CANNOT_TELL
        assert answer.why == "2022@1 contradicts itself: added 2022-01-01, last valid day 2021-06-30"


def test_a_corrected_first_day_says_what_it_corrected() -> None:
    answer = ask("2019-02-01", seen("2019"), seen("2020", added_date="2019-04-01"))
    assert (answer.verdict, answer.why) == (NO, "not yet: its first valid day is 2019-04-01")
    assert answer.remarks == ("2019@1 had it valid from 2010-01-01; 2020@1 has corrected that",)
