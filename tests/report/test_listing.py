"""Lists of releases, of problems, and one record."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date

from tests.made_up import FIELDS, MADE_UP, record, release
from tracker.model import Finding, Note, Oddity, Problem, Severity, Sifted
from tracker.report import listing
from tracker.report.text import Line


def told(lines: Iterable[Line]) -> list[str]:
    return list(map(str, lines))


def problem(severity: Severity = Severity.WARNING, message: str = "odd", code: str = "", field: str = "") -> Problem:
    return Problem(severity, message, "a.txt", "line 12", code, field)


ODDITY = Oddity(
    "last-day-blank",
    frozenset({("2025", "a.txt")}),
    frozenset({("A0001", "last_day", "")}),
    Severity.WARNING,
    "The last day is blank.",
    "It always was.",
)


def sifted(
    new: Iterable[Problem], alike: Iterable[Problem] = (), known: Iterable[Problem] = (), oddity: Oddity = ODDITY
) -> Sifted:
    """Return problems sifted, the explained ones by one oddity."""
    explained = [{oddity: found} if (found := tuple(some)) else {} for some in (alike, known)]
    return Sifted(tuple(new), *explained)


def test_releases() -> None:
    stored = [
        release("2025", 8642, source_name="a.zip", published=date(2024, 12, 17), withdrawn="wrong file"),
        release(
            "2025", 8, revision=10, complete=False, source_name="b c.csv", source_format="table", remark="laid over"
        ),
    ]
    assert told(listing.releases(stored, {"2025@10"})) == [
        "release  means   effective   published   codes  extent    digest        source",
        "2025@1           2025-01-01  2024-12-17  8,642  complete  cdcdcdcdcdcd  a.zip (zip) - withdrawn: wrong file",
        "2025@10  = 2025  2025-01-01  not known       8  excerpt   cdcdcdcdcdcd  b c.csv (table) - laid over",
    ]


def test_summary() -> None:
    counts = {"codes": 1234, "procedure": 1200, "modifier": 34}
    assert listing.summary(release("2025-10", counts=counts, published=date(2025, 9, 1))) == (
        "2025-10@1: 1,234 codes (1,200 procedures, 34 modifiers), complete, effective 2025-10-01, "
        "published 2025-09-01, digest cdcdcdcdcdcd"
    )
    assert listing.summary(release("2025", 1, complete=False)) == (
        "2025@1: 1 code (0 procedures, 0 modifiers), excerpt, effective 2025-01-01, digest cdcdcdcdcdcd"
    )


def test_kinds_of_problems_the_most_serious_first_with_some_of_their_codes() -> None:
    found = [problem(Severity.NOTE, "a note")]
    found += [problem(code=f"A{number:04}", field="last_day") for number in range(1200)]
    found += [problem(Severity.ERROR, "wrong", code) for code in ("B1", "A1", "B1")]
    assert told(listing.problem_kinds(sifted(found))) == [
        "       3 error   (B1, A1): wrong",
        "   1,200 warning last day (A0000, A0001, A0002, A0003, A0004, …): odd",
        "       1 note    a note",
    ]


def test_many_kinds_of_problems_are_cut_short() -> None:
    found = [problem(message=f"kind {number}") for number in range(7)]
    assert told(listing.problem_kinds(sifted(found)))[-2:] == ["       1 warning kind 4", "  … and more: 2"]
    assert len(told(listing.problem_kinds(sifted(found)))) == listing.SOME + 1
    assert told(listing.problem_kinds(sifted([]))) == []


def test_kinds_of_new_problems_come_before_those_that_are_known() -> None:
    blank = problem(message="blank", code="A0001", field="last_day")
    found = sifted([problem(Severity.NOTE, "a note")], [blank], [problem(Severity.ERROR, "wrong", "B1"), blank])
    assert told(listing.problem_kinds(found)) == [
        "       1 note    a note",
        "       1 warning last day (A0001): blank (known of other files)",
        "       1 error   (B1): wrong (known)",
        "       1 warning last day (A0001): blank (known)",
    ]


def test_shares_of_problems_that_are_new_and_known() -> None:
    some, many = [problem()], [problem()] * 1200
    assert listing.shares(sifted([], known=many)) == "none new, 1,200 known"
    assert listing.shares(sifted(some)) == "1 new, none known"
    assert listing.shares(sifted([], many)) == "1,200 new (all of them known of other files), none known"
    assert listing.shares(sifted(some, many, some)) == "1,201 new (1,200 of them known of other files), 1 known"


def test_problems_say_where_and_what() -> None:
    found = [
        Problem(Severity.WARNING, "blank", "b.xlsx", "cell AT17", "A0001", "last_day"),
        Problem(Severity.ERROR, "no date", "a.txt", "line 3", "A0001", "last_day", "2025|13|01"),
        Problem(Severity.NOTE, "only some columns", "a.csv"),
    ]
    assert told(listing.problems(sifted(found), None)) == [
        "warning b.xlsx, cell AT17: A0001 last_day: blank",
        "error   a.txt, line 3: A0001 last_day: no date [2025|13|01]",
        "note    a.csv: only some columns",
    ]
    assert told(listing.problems(sifted(found), 1))[1:] == ["… and 2 more: --all"]
    assert len(told(listing.problems(sifted(found), 3))) == 3


def test_known_problems_follow_with_what_is_known_of_them() -> None:
    blanks = [problem(message="blank", code=f"A000{number}", field="last_day") for number in range(1, 8)]
    found = sifted([problem(message="new")], blanks[:1], blanks)
    new, *rest = told(listing.problems(found, None))
    assert new == "warning a.txt, line 12: new"
    known = [
        "",
        "Known (7)",
        "  last-day-blank  7: A0001, A0002, A0003, A0004, A0005, …",
        "    The last day is blank. It always was.",
    ]
    assert rest == [
        "",
        "New here, known of other files (1)",
        "  last-day-blank  1: A0001",
        "    The last day is blank. It always was.",
        *known,
    ]
    full = told(listing.problems(sifted([], known=blanks), None, everything=True))
    assert full[: len(known)] == known
    assert full[len(known)] == "    warning a.txt, line 12: A0001 last_day: blank"
    assert len(full) == len(known) + len(blanks)


def test_problems_as_json_say_what_explains_each() -> None:
    blank = problem(message="blank", code="A0001", field="last_day")
    found = sifted([problem(message="new")], [blank], [blank])
    content = listing.problems_as_json(release(), found)
    assert content["counts"] == {"problems": 3, "new": 2, "alike": 1, "known": 1}
    assert content["oddities"] == [
        {"id": "last-day-blank", "what": "The last day is blank.", "reason": "It always was."}
    ]
    problems = content["problems"]
    assert isinstance(problems, list)
    assert [(one["message"], one["known"], one["oddity"]) for one in problems] == [
        ("new", False, None),
        ("blank", False, "last-day-blank"),
        ("blank", True, "last-day-blank"),
    ]
    assert problems[1]["severity"] == "warning"


def test_findings_by_kind_with_what_the_span_explains() -> None:
    found = [
        Finding("silent", "A0001", "text changed, and the action code is N.", "it took effect on 2025-04-01"),
        Finding("late", "ZZ", "Effective 2025-01-01."),
        Finding("silent", "B0001", "short changed, and the action code is N."),
    ]
    assert told(listing.findings(found, None)) == [
        "late (1)",
        "  ZZ     Effective 2025-01-01.",
        "",
        "silent (2, 1 of them explained by the span between the releases)",
        "  A0001  text changed, and the action code is N. Explained: it took effect on 2025-04-01.",
        "  B0001  short changed, and the action code is N.",
        "",
    ]
    assert told(listing.findings(found, 1))[5] == "  … and 1 more: --all"
    assert told(listing.findings([], None)) == ["The publisher's word and what changed agree."]


def test_a_record_has_every_field_with_its_label_and_meaning() -> None:
    content = record("A0001", ["letter_day", "short"], text="one", short="in part", letter="N", remark="0088")
    header = release("2025", fields=FIELDS.keys() - {"prices"})
    notes = [Note("0088", "READ THIS"), Note("one", "NOT THIS")]
    assert told(listing.record(MADE_UP, header, content, notes)) == [
        "A0001  procedure in 2025@1, effective 2025-01-01",
        "  Text        one",
        "  Short Text  in part (known in part)",
        "  Letter      N (nothing done)",
        "  Remark      0088 (READ THIS)",
        "  not known   Letter Day, Price",
        "  empty       First Day, Last Day",
    ]


def test_a_record_of_an_excerpt_says_so() -> None:
    told_of = told(listing.record(MADE_UP, release(complete=False), record("A1"), []))
    assert told_of[0] == "A1  modifier in 2025@1 (an excerpt), effective 2025-01-01"


def test_a_record_without_a_value() -> None:
    assert told(listing.record(MADE_UP, release(fields=[]), record("A1"), []))[1].startswith("  not known")
    every = {name: "x" for name, field in FIELDS.items() if not field.repeated} | {"prices": ("11", "00")}
    full = told(listing.record(MADE_UP, release(), record("A1", **every), []))
    assert len(full) == 1 + len(FIELDS)
    assert full[7] == "  Price       11 (by the hour), 00"
