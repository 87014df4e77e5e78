"""What a change means: every event by a smallest example, and the laws that hold for all of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.made_up import diff_of, record, snapshot
from tracker.diff.wording import reword
from tracker.hcpcs.catalogue import FIELDS, HCPCS
from tracker.hcpcs.event_list import EVENTS
from tracker.hcpcs.events import Context, explain
from tracker.model import Change, Diff, Event, Facet, Level, Record, Status, Value

Values = Mapping[str, Value]
Doubts = Mapping[tuple[str, str], str]

CODE = "J0012"
PLAIN: Values = {
    "long_description": "Injection, madeupine, 5 mg",
    "short_description": "Injection madeupine",
    "added_date": "2010-01-01",
    "action_effective_date": "2010-01-01",
    "action_code": "N",
    "coverage_code": "C",
    "pricing_indicators": ("51",),
    "types_of_service": ("1", "P"),
}
ENDED: Values = {**PLAIN, "termination_date": "2024-12-31", "action_code": "D", "action_effective_date": "2025-01-01"}
DANCE = "Home visit by a dance therapist for the assessment of posture"


def changed(base: Values, **values: Value | None) -> Values:
    """Return a record's values with others; None empties a field."""
    return {name: value for name, value in {**base, **values}.items() if value is not None}


def diff_with_events(
    old: Iterable[Record],
    new: Iterable[Record],
    *,
    labels: tuple[str, str] = ("2025", "2026"),
    doubts: Doubts | None = None,
) -> Diff:
    before, after = snapshot(labels[0], *old, fields=FIELDS), snapshot(labels[1], *new, fields=FIELDS)
    by_code = [{one.code: one for one in side.records} for side in (before, after)]
    context = Context(reword, by_code[0].get, by_code[1].get, doubts or {})
    return explain(diff_of(before, after, HCPCS), context)


def change_of(
    old: Values | None,
    new: Values | None,
    *,
    code: str = CODE,
    others: Mapping[str, str] | None = None,
    labels: tuple[str, str] = ("2025", "2026"),
    doubts: Mapping[str, str] | None = None,
) -> Change:
    """Return the one change between two releases; `others` are codes with their descriptions in both."""
    beside = [record(other, long_description=text) for other, text in (others or {}).items()]
    sides = [[*beside, record(code, **values)] if values else beside for values in (old, new)]
    told = {(code, field): words for field, words in (doubts or {}).items()}
    (change,) = diff_with_events(*sides, labels=labels, doubts=told).changes
    return change


def told(change: Change) -> list[str]:
    """Return the events in few words: `["code-added-and-ended act", "coverage-changed act: coverage_code"]`."""
    return [
        " ".join((event.id, f"{event.level}:" if event.fields else event.level, *event.fields))
        for event in change.events
    ]


LIFE = "termination_date action_code action_effective_date"
PAYMENT = " ".join(name for name, field in FIELDS.items() if field.facet is Facet.PAYMENT)

# What happened -> what it is called, with level and evidence. 2025 -> 2026.
CASES: dict[str, tuple[Values | None, Values | None, list[str]]] = {
    "came": (None, changed(PLAIN, added_date="2026-01-01"), ["code-added review"]),
    "came and ended": (
        None,
        changed(PLAIN, added_date="2025-04-01", termination_date="2025-06-30", action_code="D"),
        ["code-added-and-ended act"],
    ),
    "gone without an end": (PLAIN, None, ["code-withdrawn act"]),
    "gone after its end": (ENDED, None, ["code-purged note"]),
    "ended": (
        PLAIN,
        changed(PLAIN, termination_date="2025-12-31", action_code="D", action_effective_date="2026-01-01"),
        [f"code-discontinued act: {LIFE}"],
    ),
    "ended, and nothing else is said": (
        PLAIN,
        changed(PLAIN, termination_date="2025-12-31"),
        ["code-discontinued act: termination_date"],
    ),
    "the end moved": (
        ENDED,
        changed(ENDED, termination_date="2025-12-31", action_effective_date="2026-01-01"),
        ["code-end-moved act: termination_date action_effective_date"],
    ),
    "valid again, by the letter": (
        ENDED,
        changed(PLAIN, action_code="R", action_effective_date="2020-01-01"),
        [f"code-reactivated act: {LIFE}"],
    ),
    "valid again, by a later day": (
        ENDED,
        changed(PLAIN, action_code="N", action_effective_date="2025-10-01"),
        [f"code-reactivated act: {LIFE}"],
    ),
    "valid again, by the letter alone": (
        changed(ENDED, action_code="R"),
        changed(PLAIN, action_code="R", action_effective_date="2025-01-01"),
        ["code-reactivated act: termination_date"],
    ),
    "the end taken back": (
        ENDED,
        PLAIN,
        [f"history-rewritten act: {LIFE}"],
    ),
    "the end taken back, under the same day": (
        ENDED,
        changed(ENDED, termination_date=None),
        ["history-rewritten act: termination_date"],
    ),
    "another meaning": (
        PLAIN,
        changed(PLAIN, long_description=DANCE, short_description="Dance therapy visit"),
        ["code-reused act: long_description short_description"],
    ),
    "another meaning under the same short description": (
        PLAIN,
        changed(PLAIN, long_description=DANCE),
        ["code-reused act: long_description"],
    ),
    "another quantity": (
        PLAIN,
        changed(PLAIN, long_description="Injection, madeupine, 10 mg"),
        ["description-quantity act: long_description"],
    ),
    "other words": (
        PLAIN,
        changed(PLAIN, long_description="Injection, madeupine, not otherwise specified, 5 mg"),
        ["description-reworded review: long_description"],
    ),
    "another form": (
        PLAIN,
        changed(PLAIN, long_description="Injection, Madeupine,  5 mg"),
        ["description-editorial note: long_description"],
    ),
    "a description that came": (
        changed(PLAIN, long_description=None, short_description=None),
        PLAIN,
        ["description-reworded review: long_description", "short-description-reworded note: short_description"],
    ),
    "a description that went": (
        PLAIN,
        changed(PLAIN, long_description=None),
        ["description-reworded review: long_description"],
    ),
    "another short description": (
        PLAIN,
        changed(PLAIN, short_description="Dance visit posture"),
        ["short-description-replaced review: short_description"],
    ),
    "another quantity in the short description": (
        changed(PLAIN, short_description="Madeupine 5 mg"),
        changed(PLAIN, short_description="Madeupine 10 mg"),
        ["short-description-quantity review: short_description"],
    ),
    "other words in the short description": (
        PLAIN,
        changed(PLAIN, short_description="Injection of madeupine drug"),
        ["short-description-reworded note: short_description"],
    ),
    "another form of the short description": (
        PLAIN,
        changed(PLAIN, short_description="INJECTION MADEUPINE"),
        ["short-description-editorial note: short_description"],
    ),
    "coverage": (PLAIN, changed(PLAIN, coverage_code="S"), ["coverage-changed act: coverage_code"]),
    "payment": (
        PLAIN,
        changed(
            PLAIN, pricing_indicators=("00",), multiple_pricing="A", asc_group="YY", asc_date="2026-01-01",
            mog_group="001", mog_policy="1", mog_date="2026-01-01", anesthesia_units="1",
        ),
        [f"payment-changed review: {PAYMENT}"],
    ),
    "classification": (
        PLAIN,
        changed(PLAIN, betos="O1E", types_of_service=("1",)),
        ["classification-changed review: betos types_of_service"],
    ),
    "a cross reference": (
        PLAIN,
        changed(PLAIN, cross_references=("J1938",)),
        ["cross-reference-changed review: cross_references"],
    ),
    "references": (
        PLAIN,
        changed(PLAIN, cim_references=("1",), mcm_references=("2",), statute="1861", lab_certifications=("010",)),
        ["reference-changed note: cim_references mcm_references statute lab_certifications"],
    ),
    "a processing note": (PLAIN, changed(PLAIN, processing_note="0017"), ["note-changed note: processing_note"]),
    "a later day": (
        PLAIN,
        changed(PLAIN, added_date="2025-04-01", action_effective_date="2026-01-01"),
        ["effective-date-changed review: added_date action_effective_date"],
    ),
    "a day of the next quarter": (
        PLAIN,
        changed(PLAIN, action_effective_date="2026-04-01"),
        ["effective-in-future note: action_effective_date"],
    ),
    "a later day that lies before the older release": (
        PLAIN,
        changed(PLAIN, action_effective_date="2024-10-01"),
        ["effective-retroactive act: action_effective_date"],
    ),
    "a day in mid-quarter": (
        PLAIN,
        changed(PLAIN, action_effective_date="2025-08-15"),
        ["effective-retroactive act: action_effective_date"],
    ),
    "an earlier day": (
        PLAIN,
        changed(PLAIN, added_date="2009-11-15"),
        ["history-rewritten act: added_date"],
    ),
    "one day earlier, one later": (
        PLAIN,
        changed(PLAIN, added_date="2009-11-15", action_effective_date="2026-01-01"),
        ["effective-date-changed review: action_effective_date", "history-rewritten act: added_date"],
    ),
    "a day that is none": (
        changed(PLAIN, added_date="170401"),
        PLAIN,
        ["effective-date-changed review: added_date"],
    ),
    "a day that went": (
        PLAIN,
        changed(PLAIN, added_date=None),
        ["effective-date-changed review: added_date"],
    ),
    "another letter": (PLAIN, changed(PLAIN, action_code="C"), ["action-code-changed note: action_code"]),
    "the letter that went": (PLAIN, changed(PLAIN, action_code=None), ["action-code-changed note: action_code"]),
    "the letter fell back": (changed(PLAIN, action_code="C"), PLAIN, ["administrative note: action_code"]),
    "much at once": (
        PLAIN,
        changed(
            PLAIN, long_description="Injection, madeupine, 10 mg", coverage_code="D", action_code="C",
            action_effective_date="2026-01-01", types_of_service=("1",), processing_note="0017",
        ),
        [
            "description-quantity act: long_description",
            "coverage-changed act: coverage_code",
            "classification-changed review: types_of_service",
            "note-changed note: processing_note",
            "effective-date-changed review: action_effective_date",
            "action-code-changed note: action_code",
        ],
    ),
}  # fmt: skip

TRANSPOSED = {"J0102": DANCE}


@pytest.mark.parametrize("case", CASES)
def test_an_event(case: str) -> None:
    old, new, expected = CASES[case]
    assert told(change_of(old, new)) == expected


def test_every_event_has_an_example() -> None:
    found = {line.split()[0] for _, _, expected in CASES.values() for line in expected}
    found |= {event.id for event in change_of(PLAIN, {**PLAIN, "long_description": DANCE}, others=TRANSPOSED).events}
    assert found == set(EVENTS)


def test_a_level_is_that_of_the_list_where_nothing_is_in_doubt() -> None:
    for old, new, _ in CASES.values():
        assert all(event.level is EVENTS[event.id].level for event in change_of(old, new).events)


def test_only_what_is_to_be_acted_on_has_advice_and_all_of_it_has() -> None:
    assert {name for name, kind in EVENTS.items() if kind.advice} == {
        name for name, kind in EVENTS.items() if kind.level is Level.ACT
    }
    assert all(kind.meaning.endswith(".") for kind in EVENTS.values())


ACT = """
    code-discontinued code-added-and-ended code-withdrawn code-reused code-reactivated code-end-moved history-rewritten
    description-quantity description-replaced coverage-changed effective-retroactive
"""
REVIEW = """
    code-added description-reworded payment-changed classification-changed cross-reference-changed
    effective-date-changed short-description-quantity short-description-replaced
"""


@pytest.mark.parametrize(("level", "names"), [(Level.ACT, ACT), (Level.REVIEW, REVIEW)])
def test_levels(level: Level, names: str) -> None:
    assert {name for name, kind in EVENTS.items() if kind.level is level} == set(names.split())


# ---------------------------------------------------------------- the words


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ("came", "Added: valid from 2026-01-01."),
        ("came and ended", "Added 2025-04-01, last valid day 2025-06-30."),
        ("gone without an end", "Gone from the release without ever having got a last valid day."),
        ("gone after its end", "Left the release; it had ended: last valid day 2024-12-31."),
        ("ended", "Discontinued: last valid day 2025-12-31."),
        ("the end moved", "Last valid day 2025-12-31 instead of 2024-12-31."),
        ("valid again, by a later day", "Valid again from 2025-10-01; it had ended: last valid day 2024-12-31."),
        (
            "the end taken back",
            "The end on 2024-12-31 was taken back without a reactivation: valid as if it had never ended.",
        ),
        ("another quantity", "Quantity: 5 → 10."),
        ("a description that went", "The text went."),
        ("coverage", "Coverage code S instead of C."),
        ("classification", "Betos O1E instead of none; types of service: P went."),
        ("a cross reference", "Cross references: J1938 came."),
        ("another letter", "Action code C instead of N."),
        ("the letter that went", "Action code none instead of N."),
        ("a day that went", "Added date none instead of 2010-01-01."),
        ("an earlier day", "Added date 2009-11-15 instead of 2010-01-01."),
        (
            "a later day",
            "Added date 2025-04-01 instead of 2010-01-01; action effective date 2026-01-01 instead of 2010-01-01.",
        ),
    ],
)
def test_the_words_of_an_event(case: str, expected: str) -> None:
    old, new, _ = CASES[case]
    assert [event.text for event in change_of(old, new).events] == [expected]


def test_a_day_that_is_not_known_is_called_so() -> None:
    new = changed(PLAIN, added_date=None)
    assert change_of(None, new).events[0].text == "Added: valid from a day not known."
    ended = changed(new, termination_date="2025-06-30")
    assert change_of(None, ended).events[0].text == "Added on a day not known, last valid day 2025-06-30."
    again = changed(PLAIN, action_code="R", action_effective_date=None)
    assert change_of(ENDED, again).events[0].text.startswith("Valid again from a day not known; ")


def test_many_words_are_cut_short() -> None:
    old = changed(PLAIN, long_description="Injection, madeupine, " + "a " * 100 + "5 mg")
    new = changed(PLAIN, long_description="Injection, madeupine, " + "b " * 100 + "10 mg")
    (event,) = change_of(old, new).events
    assert len(event.text) < 120
    assert " …" in event.text


# ---------------------------------------------------------------- retroactive


def retroactive(change: Change) -> list[str]:
    """Return the words of the events that stand beside a life event."""
    assert all(event.fields == () for event in change.events if event.id == "effective-retroactive")
    return [event.text for event in change.events if event.id == "effective-retroactive"]


BEFORE_OLD, BEFORE_NEW = "before 2025 took effect.", "before 2026 took effect."


@pytest.mark.parametrize(
    ("day", "expected"),
    [
        ("2024-06-27", BEFORE_OLD),
        ("2024-10-01", BEFORE_OLD),  # a quarter's first day, and too early all the same
        ("2024-12-31", BEFORE_OLD),
        ("2025-01-01", ""),
        ("2025-01-02", BEFORE_NEW),
        ("2025-02-01", BEFORE_NEW),  # the first of a month that begins no quarter
        ("2025-04-01", ""),
        ("2025-07-01", ""),
        ("2025-10-01", ""),
        ("2025-10-15", BEFORE_NEW),
        ("2025-12-31", BEFORE_NEW),
        ("2026-01-01", ""),
        ("2026-02-15", ""),  # announced
        ("170401", ""),
    ],
)
def test_a_retroactive_day(day: str, expected: str) -> None:
    """Of an addition the first day counts, of an end the day after the last one."""
    words = [f"Added with effect from {day}, {expected}"] if expected else []
    assert retroactive(change_of(None, changed(PLAIN, added_date=day))) == words
    if day == "170401":
        return
    last = date.fromordinal(date.fromisoformat(day).toordinal() - 1).isoformat()
    words = [f"Ended with effect from {day}, {expected}"] if expected else []
    assert retroactive(change_of(PLAIN, changed(PLAIN, termination_date=last))) == words
    assert (
        retroactive(change_of(changed(PLAIN, termination_date="2030-12-31"), {**PLAIN, "termination_date": last}))
        == words
    )
    both = changed(PLAIN, added_date="2025-01-01", termination_date=last)
    assert retroactive(change_of(None, both)) == words


def test_a_code_that_came_and_ended_too_early_is_retroactive_twice() -> None:
    change = change_of(None, changed(PLAIN, added_date="2024-02-03", termination_date="2024-03-04"))
    assert told(change) == ["effective-retroactive act", "effective-retroactive act", "code-added-and-ended act"]
    assert retroactive(change) == [
        "Added with effect from 2024-02-03, before 2025 took effect.",
        "Ended with effect from 2024-03-05, before 2025 took effect.",
    ]


def test_what_is_retroactive_depends_on_the_two_releases() -> None:
    new = changed(PLAIN, added_date="2025-08-15")
    assert retroactive(change_of(None, new, labels=("2025", "2025-07"))) == []
    assert retroactive(change_of(None, new, labels=("2025", "2025-10")))[0].endswith("before 2025-10 took effect.")
    assert retroactive(change_of(None, new, labels=("2025-10", "2026")))[0].endswith("before 2025-10 took effect.")


@pytest.mark.parametrize(("old", "new"), [(ENDED, None), (PLAIN, None), (ENDED, changed(PLAIN, action_code="R"))])
def test_what_went_or_came_back_is_not_called_retroactive(old: Values, new: Values | None) -> None:
    assert retroactive(change_of(old, new)) == []


# ---------------------------------------------------------------- another meaning, or another code's text


@pytest.mark.parametrize(
    ("old", "new"),
    [(PLAIN["long_description"], DANCE), (DANCE, PLAIN["long_description"])],
    ids=["took the text of another code", "got its own text back"],
)
@pytest.mark.parametrize("text", [DANCE, DANCE.replace("a dance", "one dance")])
def test_a_text_of_a_code_with_transposed_digits_is_an_error_and_no_reuse(old: Value, new: Value, text: str) -> None:
    sides = [changed(PLAIN, long_description=side, short_description=f"About {side}"[:12]) for side in (old, new)]
    change = change_of(*sides, others={"J0102": text})
    assert change.events[0].id == "description-replaced"
    assert change.events[0].text.startswith("Replaced: the text reads like that of J0102, whose digits are transposed")
    assert change.events[0].fields == ("long_description",)
    assert change.events[1].fields == ("short_description",)


@pytest.mark.parametrize(
    ("code", "other"),
    [
        ("J0012", "J0021"),  # transposed, and about something else
        ("J0012", "J2010"),  # two digits that are no neighbours
        ("J0012", "J0013"),
        ("J0022", "J0022"),
    ],
)
def test_a_text_of_any_other_code_is_a_reuse(code: str, other: str) -> None:
    text = "Wheelchair accessory, headrest, each" if (code, other) == ("J0012", "J0021") else DANCE
    others = {other: text} if other != code else {}
    change = change_of(PLAIN, {**PLAIN, "long_description": DANCE}, code=code, others=others)
    assert [event.id for event in change.events] == ["code-reused"]


def test_the_same_measure_in_other_words_is_not_mistaken_for_a_neighbours() -> None:
    """M1009 to M1015 got one new text in 2020; M1001 shares a word or two with it."""
    old = {"long_description": "Patient treatment and final evaluation complete"}
    new = {"long_description": "Discharge/discontinuation of the episode of care documented in the medical record"}
    plan = (
        "Plan of care to address moderate to severe pain documented on or before the date of the second visit with a "
        "clinician"
    )
    for code, other in (("M1010", "M1001"), ("M1011", "M1101")):
        assert told(change_of(old, new, code=code, others={other: plan})) == ["code-reused act: long_description"]


# ---------------------------------------------------------------- doubts


def test_a_doubtful_field_makes_a_note_with_the_problems_words() -> None:
    new = changed(PLAIN, asc_group="YY", asc_date="2026-01-01", coverage_code="S")
    change = change_of(PLAIN, new, doubts={"asc_date": "cells are shifted (2025@1)"})
    assert told(change) == ["coverage-changed act: coverage_code", "payment-changed note: asc_group asc_date"]
    assert change.events[1].text == (
        "Asc group YY instead of none; asc date 2026-01-01 instead of none. In doubt: cells are shifted (2025@1)."
    )


def test_the_same_words_are_told_once() -> None:
    new = changed(PLAIN, asc_group="YY", asc_date="2026-01-01", mog_group="001")
    doubts = {"asc_group": "shifted", "asc_date": "shifted", "mog_group": "cut off"}
    assert change_of(PLAIN, new, doubts=doubts).events[0].text.endswith(" In doubt: shifted; cut off.")


@pytest.mark.parametrize(
    ("case", "field"),
    [
        ("ended", "termination_date"),
        ("another meaning", "short_description"),
        ("an earlier day", "added_date"),
        ("another letter", "action_code"),
    ],
)
def test_doubt_lowers_events_of_every_kind(case: str, field: str) -> None:
    old, new, _ = CASES[case]
    (event,) = change_of(old, new, doubts={field: "blurred"}).events
    assert event.level is Level.NOTE
    assert event.text.endswith(". In doubt: blurred.")


def test_a_doubt_about_what_did_not_change_changes_nothing() -> None:
    old, new, _ = CASES["ended"]
    doubts = {"coverage_code": "blurred", "long_description": "blurred"}
    assert change_of(old, new, doubts=doubts) == change_of(old, new)


# ---------------------------------------------------------------- successors


@pytest.mark.parametrize(
    ("case", "expected"), [("ended", True), ("came and ended", True), ("the end moved", True), ("coverage", False)]
)
def test_a_code_that_ended_gets_its_successors(case: str, expected: bool) -> None:
    old, new, _ = CASES[case]
    assert new is not None
    named = {**new, "cross_references": ("J0099",)}
    change = change_of({**old, "cross_references": ("J0099",)} if old else None, named, others={"J0099": DANCE})
    assert [one.code for one in change.successors] == (["J0099"] if expected else [])


# ---------------------------------------------------------------- laws

_DAYS = ["2010-01-01", "2024-12-31", "2025-03-31", "2025-06-15", "2025-10-01", "2026-01-01", "2026-04-01", "170401"]
_TEXTS = ["Injection, madeupine, 5 mg", "Injection, madeupine, 10 mg", "injection madeupine 5 mg", DANCE, "5 mg", "≤"]
_CODES = ("J0012", "J0021", "J0102", "A1", "1A")


def values_of(name: str) -> st.SearchStrategy[Value]:
    field = FIELDS[name]
    if field.repeated:
        return st.lists(st.sampled_from(["1", "2", "J0021"]), min_size=1, max_size=2, unique=True).map(tuple)
    if field.is_date:
        return st.sampled_from(_DAYS)
    if name in HCPCS.title:
        return st.sampled_from(_TEXTS)
    return st.sampled_from(["N", "C", "R", "D"] if name == "action_code" else ["1", "2"])


@st.composite
def hcpcs_records(draw: st.DrawFn) -> list[Record]:
    codes = draw(st.sets(st.sampled_from(_CODES)))
    values = st.fixed_dictionaries({}, optional={name: values_of(name) for name in FIELDS})
    unknown = st.sets(st.sampled_from(list(FIELDS)), max_size=2)
    return [record(code, draw(unknown), **draw(values)) for code in sorted(codes)]


a_doubt = st.tuples(st.sampled_from(_CODES), st.sampled_from(list(FIELDS)))
two_labels = st.tuples(st.sampled_from(["2025", "2025-07", "2026"]), st.sampled_from(["2025", "2025-10", "2026"]))


@settings(max_examples=300)
@given(hcpcs_records(), hcpcs_records(), two_labels, st.dictionaries(a_doubt, st.just("blurred")))
def test_every_changed_field_is_evidence_of_exactly_one_event(
    old: list[Record], new: list[Record], labels: tuple[str, str], doubts: Doubts
) -> None:
    diff = diff_with_events(old, new, labels=labels, doubts=doubts)
    for change in diff.changes:
        assert change.events
        claimed = [name for event in change.events for name in event.fields]
        assert sorted(claimed) == sorted(field.field for field in change.fields)
        require_lawful(change, doubts)


def require_lawful(change: Change, doubts: Doubts) -> None:
    places = [list(EVENTS).index(event.id) for event in change.events]
    assert all(one <= other for one, other in pairwise(places))
    for event in change.events:
        doubtful = any((change.code, name) in doubts for name in event.fields)
        assert event.level is (Level.NOTE if doubtful else EVENTS[event.id].level)
        assert ("In doubt: blurred." in event.text) is doubtful
        assert event.text[0].isupper() or not event.text[0].isalpha()
        assert event.text.endswith((".", "?"))
        assert event.fields or event.id == "effective-retroactive" or change.status is not Status.CHANGED
    if change.status is not Status.CHANGED:
        lives = {
            Status.ADDED: {"code-added", "code-added-and-ended"},
            Status.REMOVED: {"code-withdrawn", "code-purged"},
        }
        assert len({event.id for event in change.events} & lives[change.status]) == 1
    if change.successors:
        assert any(EVENTS[event.id].ends for event in change.events)
    for field in change.fields:
        assert (field.rewording is not None) is bool(field.field in HCPCS.title and field.old and field.new)


@given(hcpcs_records(), hcpcs_records())
def test_explaining_changes_nothing_but_what_it_adds(old: list[Record], new: list[Record]) -> None:
    before, after = snapshot("2025", *old, fields=FIELDS), snapshot("2026", *new, fields=FIELDS)
    plain, diff = diff_of(before, after, HCPCS), diff_with_events(old, new)
    assert diff.not_compared == plain.not_compared
    for bare, change in zip(plain.changes, diff.changes, strict=True):
        assert (bare.code, bare.kind, bare.status, bare.record, bare.administrative) == (
            change.code, change.kind, change.status, change.record, change.administrative
        )  # fmt: skip
        assert [(one.field, one.old, one.new, one.came, one.went) for one in bare.fields] == [
            (one.field, one.old, one.new, one.came, one.went) for one in change.fields
        ]
    assert diff == diff_with_events(old, new)


def test_an_administrative_change_is_an_administrative_event() -> None:
    """What falls back to N with no other word, as hundreds do every year."""
    change = change_of(changed(PLAIN, action_code="A"), PLAIN)
    assert change.administrative
    assert change.events == (Event("administrative", Level.NOTE, "Action code N instead of A.", ("action_code",)),)
