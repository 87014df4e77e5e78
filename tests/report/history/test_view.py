"""What a history shows: the head, the lives, the timeline, and where values come from."""

from __future__ import annotations

import pytest

from tests.made_up import FIELDS, release
from tests.report.histories import absent, history, in_part, life, seen, view_of
from tracker.model import Basis, Ending, Level, Predecessor, Successor
from tracker.report.history.view import HistoryView, Moment, Shown

PLAIN = {"text": "Bread", "short": "Br", "first_day": "2010-01-01"}
SAME = [seen(label, **PLAIN) for label in ("2017", "2018", "2019", "2020", "2020-04")]


def told(view: HistoryView) -> list[tuple[str, str, str]]:
    return [(moment.label, moment.text, moment.when) for moment in view.timeline]


def only_step(view: HistoryView) -> Moment:
    (moment,) = (moment for moment in view.timeline if moment.events)
    return moment


def sides(shown: Shown) -> tuple[str, str, str]:
    return shown.field, str(shown.old), str(shown.new)


# ---------------------------------------------------------------- the head


def test_the_head_says_what_the_code_is_and_how_it_stands() -> None:
    view = view_of(history(seen("2017", text="Bread, old"), seen("2018", text="Bread, new", short="Br")))
    assert (view.meaning, view.state) == ("Bread, new", "valid")
    assert view.standing == "from 2010-01-01, without an end in 2018@1"
    assert not view.ended
    assert view_of(history(seen("2017", short="Br"))).meaning == "Br"
    assert view_of(history(seen("2017"))).meaning == ""


@pytest.mark.parametrize(
    ("last", "ending", "state", "standing"),
    [
        ("2017-12-31", Ending.ENDED, "ended", "from 2010-01-01 to 2017-12-31, its last valid day"),
        ("2018-01-01", Ending.ENDED, "ends", "from 2010-01-01 to 2018-01-01, its last valid day"),
    ],
)
def test_an_end_is_past_or_ahead_of_the_newest_release(last: str, ending: Ending, state: str, standing: str) -> None:
    sightings = seen("2017", **PLAIN), seen("2018", **PLAIN)
    view = view_of(history(*sightings, lives=[life(*sightings, first="2010-01-01", last=last, ending=ending)]))
    assert (view.state, view.standing, view.ended) == (state, standing, True)


def test_a_code_that_left_says_since_when() -> None:
    held = seen("2017", **PLAIN)
    ended = life(held, first="2010-01-01", last="2013-12-31", ending=Ending.ENDED)
    view = view_of(history(held, absent("2018"), absent("2019"), lives=[ended]))
    assert view.standing == "from 2010-01-01 to 2013-12-31, its last valid day; not in the file since 2018"
    gone = life(held, first="2010-01-01", last="2017-12-31", ending=Ending.GONE)
    view = view_of(history(held, absent("2018"), lives=[gone]))
    assert view.state == "gone"
    assert view.standing == (
        "from 2010-01-01; 2017@1 holds it last, and it left without ever having got a last valid day"
    )


def test_a_second_life_is_told_apart() -> None:
    one, two = seen("2017", **PLAIN), seen("2018", **PLAIN)
    reused = life(one, first="2010-01-01", last="2017-12-31", ending=Ending.REUSED)
    view = view_of(history(one, two, lives=[reused, life(two, first="2018-01-01")]))
    assert (view.state, view.standing) == (
        "valid",
        "from 2018-01-01, without an end in 2018@1; it stood for something else before",
    )
    ended = life(one, first="2010-01-01", last="2016-12-31", ending=Ending.ENDED)
    view = view_of(history(one, two, lives=[ended, life(two, first="2018-01-01", again=True)]))
    assert (view.state, view.standing) == ("valid again", "from 2018-01-01, without an end in 2018@1")


def test_what_no_release_tells_is_said() -> None:
    part = in_part("2018", "text", text="Bread")
    view = view_of(history(part, lives=[life(part)]))
    assert view.standing == "from a day not known; 2018@1 does not tell whether it ended"
    unknown = seen("2018", "last_day", text="Bread")
    assert "does not tell whether it ended" in view_of(history(unknown)).standing


def test_the_releases_that_were_asked_are_told() -> None:
    silent = release("2019", complete=False)
    sightings = absent("2017"), in_part("2018", "text"), seen("2020")
    view = view_of(
        history(*sightings), releases=[*(one.release for one in sightings[:2]), silent, sightings[2].release]
    )
    assert view.found == "in 2018@1 (an excerpt), 2020@1; not in 2017@1; not told by 2019@1 (an excerpt)"
    assert [(one.release.label, one.holds) for one in view.asked] == [
        ("2017", False),
        ("2018", True),
        ("2019", None),
        ("2020", True),
    ]


def test_many_releases_in_a_row_are_not_named_one_by_one() -> None:
    labels = [f"{year}{quarter}" for year in (2021, 2022, 2023) for quarter in ("", "-04", "-07", "-10")]
    view = view_of(history(*(seen(label, **PLAIN) for label in labels)))
    assert view.found == "in 2021@1 to 2023-10@1 (12 releases)"
    assert view.timeline[-1].text == "unchanged in 2021-04 to 2023-10 (11 releases)"


def test_what_comes_before_and_after_is_told_with_units() -> None:
    found = view_of(
        history(
            *SAME,
            successors=[
                Successor("B0001", Basis.SUGGESTED, 0.5, 20.0, "same drug"),
                Successor("B0002", Basis.DECLARED, 1.0, None, "cross reference"),
            ],
            predecessors=[Predecessor("C0001", Basis.DECLARED, 1.0, "cross reference")],
        )
    )
    assert [(one.code, one.text) for one in found.successors] == [
        ("B0001", "suggested, 20 units for 1: same drug"),
        ("B0002", "declared: cross reference"),
    ]
    assert [(one.code, one.text) for one in found.predecessors] == [("C0001", "declared: cross reference")]


def test_an_ended_code_without_a_successor_says_so() -> None:
    ended = life(SAME[0], first="2010-01-01", last="2013-12-31", ending=Ending.ENDED)
    assert [(one.code, one.text) for one in view_of(history(SAME[0], lives=[ended])).successors] == [("", "none found")]
    assert view_of(history(SAME[0])).successors == ()


def test_a_code_that_no_release_holds_has_no_view() -> None:
    with pytest.raises(ValueError, match="no release holds A0001"):
        view_of(history(absent("2017")))


# ---------------------------------------------------------------- lives


def test_lives_are_told_in_a_line_each() -> None:
    one, two = seen("2017", text="Bread, long", short="Br"), seen("2018", text="Cake, long", short="Ca")
    lives = [life(one, last="2017-12-31", ending=Ending.REUSED), life(two, first="2018-01-01", again=True)]
    view = view_of(history(one, two, lives=lives))
    assert [(one.days, one.word, one.meaning) for one in view.lives] == [
        ("? to 2017-12-31", "reused", "Br"),
        ("from 2018-01-01", "valid again", "Ca"),
    ]


# ---------------------------------------------------------------- the timeline


def test_releases_without_a_change_are_one_line() -> None:
    assert told(view_of(history(*SAME))) == [
        ("2017", "First seen: valid from 2010-01-01.", ""),
        ("2018", "unchanged in 2018, 2019, 2020, 2020-04", ""),
    ]
    assert view_of(history(*SAME)).timeline[0].meaning == "Bread"


def test_the_first_sighting_may_be_of_an_ended_or_a_reactivated_code() -> None:
    ended = seen("2017", **PLAIN, last_day="2013-12-31")
    found = history(ended, lives=[life(ended, first="2010-01-01", last="2013-12-31", ending=Ending.ENDED)])
    assert told(view_of(found))[0][1] == "First seen: valid from 2010-01-01, last valid day 2013-12-31."
    again = history(SAME[0], lives=[life(SAME[0], first="2016-07-01", again=True)])
    assert told(view_of(again))[0][1] == (
        "First seen: valid again from 2016-07-01; when it had ended before, no stored release tells."
    )
    assert told(view_of(history(SAME[0], lives=[life(SAME[0])])))[0][1] == "First seen: valid from a day not known."


def test_a_gap_is_told_where_something_shows_up_behind_it() -> None:
    changed = seen("2025", text="Cake", short="Br", first_day="2010-01-01")
    gaps = {"2020-04@1": "2020", "2025@1": "2020-04"}
    found = told(view_of(history(*SAME, changed), gaps=gaps))
    assert found[1:] == [
        ("2018", "unchanged in 2018, 2019, 2020, 2020-04; nothing is stored between 2020 and 2020-04", ""),
        ("", "nothing is stored between 2020-04 and 2025: what changed in between shows up at 2025", ""),
        ("2025", "", "in effect by 2025-01-01"),
    ]
    many = {f"{label}@1": "x" for label in ("2018", "2019", "2020")}
    assert told(view_of(history(*SAME), gaps=many))[1][1].endswith("; not every release in between is stored")


def test_a_code_that_came_left_and_came_back() -> None:
    sightings = (
        absent("2016"),
        absent("2017"),
        seen("2018", **PLAIN),
        absent("2019"),
        absent("2020"),
        seen("2025", **PLAIN),
    )
    view = view_of(history(*sightings))
    assert told(view) == [
        ("2016", "not in the file in 2016, 2017", ""),
        ("2018", "", "in effect from 2010-01-01"),
        ("2019", "", "gone by 2019-01-01"),
        ("2020", "not in the file", ""),
        ("2025", "Back in the file, as if it had never left.", ""),
    ]
    assert [moment.level for moment in view.timeline] == [None, Level.REVIEW, Level.ACT, None, None]


def test_a_step_has_its_events_and_their_values() -> None:
    old = seen("2018", text="Bread, white", short="Br", first_day="2010-01-01", prices=("11",), remark="one")
    new = seen("2019", text="Bread, brown", first_day="2011-01-01", prices=("11", "22"), remark="two")
    moment = only_step(view_of(history(old, new)))
    assert (moment.label, moment.when, moment.level) == ("2019", "in effect by 2019-01-01", Level.REVIEW)
    retold, repriced, dated = moment.events
    assert retold.text == "Its text is another one."
    assert [sides(one) for one in retold.texts] == [("text", "Bread, white", "Bread, brown"), ("short", "Br", "(none)")]
    assert retold.texts[0].marks
    assert [text for text, differs in retold.texts[0].old.pieces if differs] == ["white"]
    assert (repriced.text, repriced.level) == ("Repriced.", Level.NOTE)  # its values tell the rest
    assert [sides(one) for one in repriced.values] == [
        ("prices", "11 (by the hour)", "11 (by the hour), 22 (by the mile)"),
        ("remark", "one", "two"),
    ]
    assert (dated.text, dated.values) == ("A day is another one.", ())  # a day is told by its sentence


def test_the_day_of_a_step_is_the_publishers_where_it_tells_one() -> None:
    def when(old: dict[str, str], new: dict[str, str]) -> str:
        return only_step(view_of(history(seen("2018", **PLAIN | old), seen("2019", **PLAIN | new)))).when

    later, earlier = {"letter_day": "2018-07-01"}, {"letter_day": "2018-01-01"}
    assert when(earlier, {**later, "text": "Cake"}) == "in effect from 2018-07-01"
    assert when({}, {**later, "text": "Cake"}) == "in effect from 2018-07-01"
    assert when(later, {**earlier, "text": "Cake"}) == "in effect by 2019-01-01"  # the day of an older action
    assert when({}, {"last_day": "2018-12-31", **later}) == "in effect from 2019-01-01"
    assert when({"last_day": "2018-12-31"}, {"text": "Cake"}) == "in effect by 2019-01-01"


def test_an_end_names_its_successors() -> None:
    moment = only_step(view_of(history(seen("2018", **PLAIN), seen("2019", **PLAIN, last_day="2018-12-31"))))
    assert moment.level is Level.ACT
    assert [(one.code, one.text) for one in moment.instead] == [("B0001", "suggested")]


def test_administrative_steps_are_left_out_unless_they_are_asked_for() -> None:
    letters = [seen(f"20{17 + number}", **PLAIN, letter=letter) for number, letter in enumerate("ANN")]
    assert told(view_of(history(*letters)))[1:] == [
        ("2018", "unchanged in 2018, 2019, but for letter day or letter in 2018", ""),
    ]
    asked = view_of(history(*letters), administrative=True)
    assert told(asked)[1:] == [("2018", "", "in effect by 2018-01-01"), ("2019", "unchanged", "")]
    assert [event.text for event in asked.timeline[1].events] == ["Its letter is another one."]


# ---------------------------------------------------------------- where values come from


def test_a_value_comes_from_the_last_step_that_changed_it() -> None:
    sightings = (
        seen("2017", **PLAIN, letter="N"),
        seen("2018", **PLAIN, letter="C", letter_day="2018-01-01"),
        seen("2019", **PLAIN, letter="C", letter_day="2018-01-01"),
    )
    letter, text, remark = view_of(history(*sightings), fields=["letter", "text", "remark"]).origins
    assert (letter.field, letter.value, letter.since) == (
        "letter",
        "C (text changed)",
        "2018, in effect from 2018-01-01",
    )
    assert (letter.before, letter.former, letter.current) == ("N (nothing done)", "N", "C")
    assert (text.value, text.since, text.before) == ("Bread", "2017 or earlier", "")
    assert (remark.value, remark.current) == ("(none)", None)


def test_a_value_that_came_with_the_code_came_when_it_was_added() -> None:
    sightings = absent("2017"), seen("2018", **PLAIN), seen("2019", **PLAIN)
    (text,) = view_of(history(*sightings), fields=["text"]).origins
    assert (text.since, text.before) == ("2018, when it was added", "")


def test_releases_that_do_not_tell_a_field_are_named() -> None:
    part = in_part("2018", "text", text="Bread")
    sightings = seen("2017", "remark", **PLAIN), part, seen("2019", "remark", **PLAIN)
    text, short, remark = view_of(history(*sightings), fields=["text", "short", "remark"]).origins
    assert text.unknown == ()
    assert (short.value, short.since, short.unknown) == ("Br", "2017 or earlier", ("2018@1",))
    assert (remark.value, remark.since, remark.unknown) == ("not known", "", ("2017@1", "2018@1", "2019@1"))


def test_a_field_that_only_later_releases_tell_is_as_early_as_these() -> None:
    part = in_part("2017", "text", text="Bread")
    (short,) = view_of(history(part, seen("2018", **PLAIN)), fields=["short"]).origins
    assert short.since == "2018 or earlier"


def test_all_fields_may_be_asked() -> None:
    origins = view_of(history(*SAME), fields=FIELDS).origins
    assert [one.field for one in origins] == list(FIELDS)
