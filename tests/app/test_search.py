"""Which release is searched, what of the hits is asked for, and what is said beside them."""

from __future__ import annotations

import pytest

from tests.support import Import, values
from tracker.app.search import Wanted, find_codes, view_found
from tracker.app.stored import Stored
from tracker.errors import UnknownReleaseError
from tracker.model import Format, Kind
from tracker.report.lists import render
from tracker.report.lists.view import ListView
from tracker.search import Status

FUROSEMIDE = {
    "J1940": values("J1940", LONG_DESCRIPTION="Injection, furosemide, up to 20 mg", TERM_DT="20250331", COV="D"),
    "J1938": values("J1938", LONG_DESCRIPTION="Injection, furosemide, 1 mg", COV="D"),
    "J1941": values("J1941", LONG_DESCRIPTION="Injection, furosemide (furoscix), 20 mg", TERM_DT="20251231"),
    "A1": values("A1", LONG_DESCRIPTION="Dressing for one wound"),
    "A4351": values("A4351", LONG_DESCRIPTION="Intermittent urinary catheter"),
}


@pytest.fixture
def october(take_in: Import, stored: Stored) -> Stored:
    take_in("HCPC2025_OCT.txt", FUROSEMIDE)
    return stored


def found(view: ListView) -> list[str]:
    return [str(row.answer.cells[0]) for row in view.rows()]


def test_a_code_is_current_as_of_the_release(october: Stored) -> None:
    view = view_found(october, "furosemide", Wanted(), None)
    rows = [dict(zip((column.name for column in view.added), row.answer.cells, strict=True)) for row in view.rows()]
    assert [(row["code"], row["status"], row["last_valid_day"]) for row in rows] == [
        ("J1938", "current", ""),
        ("J1941", "current", "2025-12-31"),
        ("J1940", "ended", "2025-03-31"),
    ]
    assert rows[0]["long_description"] == "Injection, furosemide, 1 mg"
    assert rows[0]["coverage_code"] == "D"
    assert view.counts == ((3, "found"), (2, "current"), (1, "ended"))
    assert view.facts[0][1].startswith("2025-10@1: 5 codes, complete")
    assert view.remarks == ()


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        (Wanted(status=Status.CURRENT), ["J1938", "J1941"]),
        (Wanted(status=Status.ENDED), ["J1940"]),
        (Wanted(coverage="D"), ["J1938", "J1940"]),
        (Wanted(letter="J"), ["J1938", "J1941", "J1940"]),
        (Wanted(letter="A"), []),
        (Wanted(kind=Kind.MODIFIER), []),
        (Wanted(limit=1), ["J1938"]),
        (Wanted(limit=9), ["J1938", "J1941", "J1940"]),
        (Wanted(status=Status.CURRENT, coverage="D", limit=1), ["J1938"]),
    ],
)
def test_a_part_of_the_hits_is_asked_for(october: Stored, wanted: Wanted, expected: list[str]) -> None:
    view = view_found(october, "furosemide", wanted, None)
    assert found(view) == found(view) == expected
    assert view.length == len(expected)


def test_what_was_asked_for_is_told(october: Stored) -> None:
    wanted = Wanted(Status.CURRENT, "J", "D", Kind.PROCEDURE, 5)
    told = "current · procedures · codes that begin with J · coverage D (Special coverage instructions apply)"
    assert ("only", told) in view_found(october, "furosemide", wanted, None).facts


@pytest.mark.parametrize(
    ("text", "wanted", "remark"),
    [
        ("intermitent", Wanted(), "intermitent was not found; it was read as intermittent"),
        ("j194o", Wanted(), "J194O was not found; it was read as J1940"),
        ("furosemide lasix", Wanted(), "no description has a word like lasix"),
        (
            "lasix",
            Wanted(),
            "no description has a word like lasix: drugs stand under their generic names, few under their brands",
        ),
        ("furosemide", Wanted(limit=2), "the best 2 of 3: --all shows all"),
        ("furosemide", Wanted(letter="Q"), "3 were found, and none of them is of the kind asked for"),
        ("…", Wanted(), "nothing found: search for words of a description, or the begin of a code (J19)"),
    ],
)
def test_what_a_reader_would_wonder_at_is_told(october: Stored, text: str, wanted: Wanted, remark: str) -> None:
    assert view_found(october, text, wanted, None).remarks == (remark,)


def test_a_code_of_others_is_told_apart(october: Stored) -> None:
    remarks = view_found(october, " 99213", Wanted(), None).remarks
    assert remarks == (
        "99213 looks like a CPT code, and the releases hold none of those",
        "no description has a word like 99213",
    )


def test_the_newest_whole_release_is_searched_unless_another_is_named(take_in: Import, october: Stored) -> None:
    take_in("HCPC2025.txt", {**FUROSEMIDE, "A1": values("A1", LONG_DESCRIPTION="Dressing for two wounds")})
    take_in("HCPC2026.txt", {"J1938": FUROSEMIDE["J1938"]}, complete=False)
    assert find_codes(october, "furosemide")[0].release.name == "2025-10@1"
    assert find_codes(october, "furosemide", "2025")[0].release.name == "2025@1"
    assert find_codes(october, "furosemide", "latest")[0].release.name == "2025-10@1"
    view = view_found(october, "furosemide", Wanted(), "2026")
    assert found(view) == ["J1938"]
    assert view.remarks == ("2026@1 is an excerpt: there are codes that it does not hold",)


def test_an_excerpt_is_searched_where_there_is_no_more(take_in: Import, stored: Stored) -> None:
    take_in("HCPC2025.txt", FUROSEMIDE, complete=False)
    assert find_codes(stored, "furosemide")[0].release.name == "2025@1"


def test_nothing_stored_says_what_to_do(stored: Stored) -> None:
    with pytest.raises(UnknownReleaseError, match=r"nothing is stored in .* tracker import FILE"):
        find_codes(stored, "furosemide")


@pytest.mark.parametrize("report_format", list(Format))
@pytest.mark.parametrize("text", ["furosemide", "lasix"])
def test_every_format_draws_the_result_of_a_search(october: Stored, report_format: Format, text: str) -> None:
    data = b"".join(render(view_found(october, text, Wanted(), None), report_format))
    assert data == b"".join(render(view_found(october, text, Wanted(), None), report_format))
    if report_format is not Format.XLSX:
        assert (b"J1941" in data) is (text == "furosemide")


def test_every_database_gives_the_same(october: Stored) -> None:
    view = view_found(october, "injection furosemid", Wanted(), None)
    assert found(view) == ["J1938", "J1941", "J1940"]
    assert [row.answer.cells[4] for row in view.rows()] == [91, 91, 88]
