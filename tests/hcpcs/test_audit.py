"""The publisher's own word on a change, and the change itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import diff_of, record, snapshot
from tracker.hcpcs.audit import audit, compare_with_report
from tracker.hcpcs.catalogue import FIELDS, HCPCS
from tracker.model import Diff, Facet, Finding, Record, Value

Values = Mapping[str, Value]

PLAIN: Values = {
    "long_description": "one",
    "short_description": "o",
    "added_date": "2010-01-01",
    "action_effective_date": "2010-01-01",
    "action_code": "N",
    "coverage_code": "C",
    "betos": "Z2",
}
CODE = "A0001"
SPAN = "it took effect on 2025-04-01, in a cycle between the two releases"


def diff_between(old: list[Record], new: list[Record], published: date | None = None) -> Diff:
    diff = diff_of(snapshot("2025", *old, fields=FIELDS), snapshot("2026", *new, fields=FIELDS), HCPCS)
    return replace(diff, old=replace(diff.old, published_date=published))


def changed(letter: str, day: str = "2026-01-01", /, **values: Value) -> Values:
    return {**PLAIN, "action_code": letter, "action_effective_date": day, **values}


def findings(new: Values, old: Values = PLAIN, published: date | None = None) -> list[tuple[str, str, str]]:
    diff = diff_between([record(CODE, **old)], [record(CODE, **new)], published)
    found = audit(diff)
    assert all(one.code == CODE for one in found)
    return [(one.kind, one.text, one.explained) for one in found]


# ---------------------------------------------------------------- silent


@pytest.mark.parametrize(
    ("new", "expected"),
    [
        (changed("N", "2010-01-01"), []),
        (changed("N"), []),  # the letter's date is administrative
        (
            changed("N", "2010-01-01", betos="Z1"),
            [("silent", "betos changed, and the action code is N.", "")],
        ),
        (
            changed("N", "2026-01-01", betos="Z1", long_description="two"),
            [("silent", "long description, betos changed, and the action code is N.", "")],
        ),
        (
            changed("N", "2025-04-01", coverage_code="D"),
            [("silent", "coverage_code changed, and the action code is N.", SPAN)],
        ),
        (
            changed("N", "2025-01-01", coverage_code="D"),  # the older release's own cycle
            [("silent", "coverage_code changed, and the action code is N.", "")],
        ),
    ],
)
def test_silent(new: Values, expected: list[tuple[str, str, str]]) -> None:
    told = [(kind, text.replace("_", " "), explained) for kind, text, explained in expected]
    assert findings(new) == told


def test_an_unknown_or_missing_letter_says_nothing() -> None:
    without = {name: value for name, value in changed("N", betos="Z1").items() if name != "action_code"}
    assert findings(without) == []
    assert findings(changed("Q", betos="Z1")) == []


# ---------------------------------------------------------------- unfounded and mislabelled

# Letter -> a change that it claims; CMS's record layout says what each letter stands for.
CLAIMS: dict[str, Values] = {
    "B": {"coverage_code": "D"},
    "C": {"long_description": "two"},
    "D": {"termination_date": "2025-12-31"},
    "F": {"coverage_code": "D"},
    "P": {"pricing_indicators": ("00",)},
    "S": {"short_description": "t"},
    "T": {"betos": "Z1"},
}


@pytest.mark.parametrize("letter", CLAIMS)
def test_a_letter_that_tells_the_change_is_right(letter: str) -> None:
    assert findings(changed(letter, **CLAIMS[letter])) == []
    assert findings(changed(letter, **CLAIMS[letter], processing_note="0017")) == []


def test_a_reactivation_is_told_by_its_letter() -> None:
    old = {**changed("D", "2025-01-01"), "termination_date": "2024-12-31"}
    assert findings(changed("R"), old) == []


@pytest.mark.parametrize("letter", [*CLAIMS, "R"])
def test_a_letter_that_claims_what_is_not_there_is_unfounded(letter: str) -> None:
    """Of this cycle: the letter is a new one, or its day is."""
    text = f"The action code {letter} claims a change that is not there."
    assert findings(changed(letter, "2010-01-01")) == [("unfounded", text, "")]
    assert findings(changed(letter), changed(letter, "2025-01-01")) == [("unfounded", text, "")]


def test_an_addition_is_no_claim_about_a_field() -> None:
    assert findings(changed("A")) == []


@pytest.mark.parametrize(
    ("letter", "values", "text"),
    [
        ("C", {"coverage_code": "D"}, "The action code is C, and what changed is: coverage code."),
        (
            "C",
            {"coverage_code": "D", "short_description": "t"},
            "The action code is C, and what changed is: short description, coverage code.",
        ),
        ("F", {"long_description": "two"}, "The action code is F, and what changed is: long description."),
        ("P", {"betos": "Z1"}, "The action code is P, and what changed is: betos."),
        ("T", {"pricing_indicators": ("00",)}, "The action code is T, and what changed is: pricing indicators."),
        ("S", {"long_description": "two"}, "The action code is S, and what changed is: long description."),
        ("D", {"coverage_code": "D"}, "The action code is D, and what changed is: coverage code."),
    ],
)
def test_a_letter_that_tells_another_change_is_mislabelled(letter: str, values: Values, text: str) -> None:
    assert findings(changed(letter, **values)) == [("mislabelled", text, "")]
    assert findings(changed(letter, "2025-04-01", **values)) == [("mislabelled", text, SPAN)]


@pytest.mark.parametrize(
    ("letter", "values"),
    [
        ("C", {"short_description": "t"}),
        ("B", {"short_description": "t"}),
        ("D", {"cross_references": ("J1938",), "long_description": "two", "short_description": "t"}),
    ],
)
def test_what_a_letter_usually_hides_does_not_contradict_it(letter: str, values: Values) -> None:
    assert findings(changed(letter, **values)) == []


# ---------------------------------------------------------------- late

PUBLISHED = date(2024, 12, 17)


@pytest.mark.parametrize(
    ("day", "late"), [("2024-12-16", True), ("2024-12-17", False), ("2024-12-18", False), ("170401", False)]
)
def test_late_is_what_took_effect_before_the_older_release_was_published(day: str, late: bool) -> None:
    expected = [("late", f"Effective {day}, before 2025@1 was published on 2024-12-17.", "")] if late else []
    assert findings(changed("C", day, long_description="two"), published=PUBLISHED) == expected
    assert findings(changed("C", day, long_description="two")) == []


def test_a_day_that_stood_there_before_is_not_late() -> None:
    old, new = changed("C", "2024-01-01"), changed("C", "2024-01-01", long_description="two")
    assert findings(new, old, PUBLISHED) == []


def test_a_letter_alone_is_not_late() -> None:
    assert findings(changed("N", "2024-01-01"), changed("A", "2010-01-01"), PUBLISHED) == []


def test_what_is_silent_may_be_late_too() -> None:
    kinds = [kind for kind, _, _ in findings(changed("N", "2024-12-01", betos="Z1"), published=PUBLISHED)]
    assert kinds == ["silent", "late"]


# ---------------------------------------------------------------- laws


def test_codes_that_came_or_went_are_not_audited() -> None:
    assert audit(diff_between([record("A0001", **changed("C"))], [record("B0001", **changed("C"))], PUBLISHED)) == ()


def test_findings_stand_by_code() -> None:
    codes = ["A0001", "A1", "B0001", "ZZ"]
    diff = diff_between(
        [record(code, **PLAIN) for code in codes], [record(code, **changed("N", betos="Z1")) for code in codes[::-1]]
    )
    assert [one.code for one in audit(diff)] == codes


_FACETS = sorted({field.facet for field in FIELDS.values()} - {Facet.ACTION, Facet.DATES})


@given(st.sampled_from("ABCDFNPRST"), st.sets(st.sampled_from([n for n, f in FIELDS.items() if f.facet in _FACETS])))
def test_a_record_is_silent_or_wrong_about_itself_and_never_both(letter: str, names: set[str]) -> None:
    values: dict[str, Value] = {name: ("x",) if FIELDS[name].repeated else "x" for name in names}
    kinds = [kind for kind, _, _ in findings(changed(letter, **values))]
    assert len(kinds) <= 1
    assert (kinds == ["silent"]) is (letter == "N" and bool(names))
    assert letter != "A" or not kinds
    assert "unfounded" not in kinds or not names


# ---------------------------------------------------------------- CMS's own report


def disagreements(told: Mapping[str, str], old: list[Record], new: list[Record]) -> list[tuple[str, str, str]]:
    found = compare_with_report(diff_between(old, new), told)
    assert all(one.kind == "report" for one in found)
    return [(one.code, one.text, one.explained) for one in found]


SAME = record("A0001", **PLAIN)


@pytest.mark.parametrize(
    ("letter", "old", "new", "text"),
    [
        ("N", SAME, SAME, ""),
        ("N", SAME, record("A0001", **changed("N")), ""),
        (
            "N",
            SAME,
            record("A0001", **changed("N", betos="Z1", long_description="two")),
            "CMS's report says N (no change), and this changed: long description, betos.",
        ),
        ("A", None, record("A0001", **changed("A")), ""),
        ("D", None, record("A0001", **changed("D", termination_date="2025-06-30")), ""),
        ("D", None, record("A0001", **changed("D")), "Added, and CMS's report says D."),
        ("N", None, record("A0001", **changed("A")), "Added, and CMS's report says N."),
        ("A", SAME, SAME, "CMS's report says A (add), and the older release holds the code already."),
        (
            "A",
            SAME,
            record("A0001", **changed("A", betos="Z1")),
            "CMS's report says A (add), and the older release holds the code already.",
        ),
        ("C", SAME, record("A0001", **changed("C", long_description="two")), ""),
        (
            "C",
            SAME,
            record("A0001", **changed("C", betos="Z1")),
            "CMS's report says C, and nothing of that kind changed.",
        ),
        ("C", SAME, SAME, "CMS's report says C, and nothing of that kind changed."),
        ("D", SAME, record("A0001", **changed("D", termination_date="2025-12-31")), ""),
        (None, SAME, SAME, ""),
        (None, SAME, record("A0001", **changed("C")), ""),
        (None, SAME, None, ""),
        (None, None, record("A0001", **changed("A")), "Not in CMS's report."),
        (None, SAME, record("A0001", **changed("C", betos="Z1")), "Not in CMS's report."),
    ],
)
def test_the_report_and_what_changed(letter: str | None, old: Record | None, new: Record | None, text: str) -> None:
    found = disagreements({"A0001": letter} if letter else {}, [old] if old else [], [new] if new else [])
    assert found == ([("A0001", text, "")] if text else [])


def test_a_change_of_a_cycle_in_between_is_explained() -> None:
    new = record("A0001", **changed("N", "2025-04-01", betos="Z1"))
    assert disagreements({"A0001": "N"}, [SAME], [new]) == [
        ("A0001", "CMS's report says N (no change), and this changed: betos.", SPAN)
    ]


def test_a_code_that_went_and_stands_in_the_report_is_told() -> None:
    """It cannot be a change to a code that the newer release does not hold."""
    assert [code for code, _, _ in disagreements({"A0001": "C"}, [SAME], [])] == ["A0001"]


def test_disagreements_stand_by_code() -> None:
    told = {"ZZ": "A", "A1": "C", "B0001": "A"}
    old = [record(code, **PLAIN) for code in ("A1", "B0001", "ZZ")]
    found = compare_with_report(diff_between(old, old), told)
    assert [one.code for one in found] == ["A1", "B0001", "ZZ"]
    assert found[0] == Finding("report", "A1", "CMS's report says C, and nothing of that kind changed.")
