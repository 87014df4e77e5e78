"""Finding codes by words, however they are spelled, and the codes nearest to a mistyped one."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import MADE_UP, record
from tracker.app.stored import open_stored
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Record
from tracker.search import Found, Index, Nearest, Status, near, stem, tokens

DAY = date(2025, 10, 1)
RECORDS = (
    record("A4351", text="Intermittent urinary catheter; straight tip, each", short="Straight tip urine catheter"),
    record("A4353", text="Intermittent urinary catheter, with insertion supplies", short="Intermittent urinary cath"),
    record("A4338", text="Indwelling catheter; foley type, two-way latex", short="Indwelling catheter latex"),
    record("E0275", text="Bed pan, standard, metal or plastic", short="Bed pan standard"),
    record("E0950", text="Wheelchair accessory, tray, each", short="Tray"),
    record("E1092", text="Wide wheel chair, detachable arms", short="Wheelchair wide"),
    record("J0585", text="Injection, onabotulinumtoxina, 1 unit", short="Injection,onabotulinumtoxina"),
    record("J1938", text="Injection, furosemide, 1 mg", short="Inj, furosemide, 1 mg"),
    record("J1940", text="Injection, furosemide, up to 20 mg", short="Furosemide injection", last_day="2025-03-31"),
    record("J3420", text="Injection, vitamin b-12 cyanocobalamin, up to 1000 mcg", short="Vitamin b12 injection"),
    record("J7030", text="Infusion, normal saline solution, 1000 cc", short="Normal saline solution infus"),
    record("J7050", text="Infusion, normal saline solution, 250 cc", short="Normal saline solution infus"),
    record("J9250", text="Methotrexate sodium, 5,000 mg; other than j1938", short="Methotrexate sodium inj"),
    record("L5970", text="All lower extremity prostheses, foot, external keel", short="Foot external keel sach foot"),
    record("LT", text="Left side", short="Left side"),
)


def search(text: str, records: Iterable[Record] = RECORDS) -> Found:
    return Index(MADE_UP, records, DAY).search(text)


def codes(found: Found) -> list[str]:
    return [hit.record.code for hit in found.hits]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("Injection, furosemide, up to 20 mg", ["injection", "furosemide", "up", "to", "20", "mg"]),
        ("5,000 .50 2.0 007", ["5000", "0.5", "2", "007"]),
        ("20mg x-ray B-12 b12", ["20", "mg", "x", "ray", "b", "12", "b12"]),
        ("1,2 and 1,234,567.80", ["1", "2", "and", "1234567.8"]),
        ("Woman's, Sjögren’s", ["womans", "sjogrens"]),
        ("… -- !", []),
    ],
)
def test_a_text_is_its_words_and_numbers(text: str, words: list[str]) -> None:
    assert tokens(text) == words


@pytest.mark.parametrize(
    ("plural", "singular"),
    [
        ("catheters", "catheter"), ("crutches", "crutch"), ("boxes", "box"), ("batteries", "battery"),
        ("grams", "gm"), ("cc", "ml"), ("micrograms", "mcg"),
    ],
)  # fmt: skip
def test_a_plural_and_another_spelling_of_a_unit_are_the_same_word(plural: str, singular: str) -> None:
    assert stem(plural) == stem(singular)


@pytest.mark.parametrize("word", ["apparatus", "dialysis", "glass", "gas", "pus"])
def test_not_every_s_is_a_plural(word: str) -> None:
    assert stem(word) == word


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("furosemide", ["J1938", "J1940"]),
        ("furosemid injection", ["J1938", "J1940"]),
        ("INJECTION FUROSEMIDE", ["J1938", "J1940"]),
        ("furosemide 20mg", ["J1940"]),
        ("inj furosemide", ["J1938", "J1940"]),
        ("urinary catheter", ["A4351", "A4353"]),
        ("catheters, urinary", ["A4351", "A4353"]),
        ("intermitent cathater", ["A4351", "A4353"]),
        ("catheter tip intermittent", ["A4351"]),
        ("foley", ["A4338"]),
        ("two way", ["A4338"]),
        ("wheelchair", ["E1092", "E0950"]),
        ("wheel chairs", ["E1092", "E0950"]),
        ("wheel-chair", ["E1092", "E0950"]),
        ("bedpan", ["E0275"]),
        ("b12", ["J3420"]),
        ("vitamin b 12", ["J3420"]),
        ("botulinum", ["J0585"]),
        ("saline 250 ml", ["J7050"]),
        ("prosthetic foot", ["L5970"]),
        ("methotrexate 5000 mg", ["J9250"]),
        ("left", ["LT"]),
        ("zofran", []),
        ("", []),
    ],
)
def test_words_find_codes_the_best_first(text: str, expected: list[str]) -> None:
    assert codes(search(text))[: len(expected) or None] == expected


def test_what_holds_much_less_than_the_best_is_no_hit() -> None:
    assert codes(search("furosemide injection")) == ["J1938", "J1940"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J1940", ["J1940"]),
        ("j1940 ", ["J1940"]),
        ("J19", ["J1938", "J1940"]),
        ("j19*", ["J1938", "J1940"]),
        ("J1938", ["J1938", "J9250"]),  # which names it
        ("lt", ["LT"]),
        ("J194O", ["J1940"]),
        ("J9140", ["J1940"]),
        ("Z9999", []),
    ],
)
def test_a_code_its_begin_and_a_mistyped_one_find_codes(text: str, expected: list[str]) -> None:
    assert codes(search(text)) == expected


def test_a_hit_says_whether_it_can_be_billed_on_the_day() -> None:
    statuses = {hit.record.code: hit.status for hit in search("furosemide").hits}
    assert statuses == {"J1938": Status.CURRENT, "J1940": Status.ENDED}
    on_the_last_day = Index(MADE_UP, RECORDS, date(2025, 3, 31)).search("J1940")
    assert [hit.status for hit in on_the_last_day.hits] == [Status.CURRENT]


def test_of_equals_the_current_one_comes_first_then_the_code() -> None:
    same = {"text": "Injection, plicamycin", "short": "Plicamycin"}
    hits = search(
        "plicamycin", [record("J3", **same), record("J1", **same, last_day="2024-12-31"), record("J2", **same)]
    )
    assert codes(hits) == ["J2", "J3", "J1"]


def test_what_a_misspelled_word_was_read_as_is_told_and_what_is_not_there() -> None:
    found = search("intermitent zofran catheter")
    assert found.read_as == {"intermitent": ("intermittent",)}
    assert found.missing == ("zofran",)
    assert set(codes(found)) == {"A4351", "A4353"}


def test_the_order_of_the_records_does_not_matter() -> None:
    few = RECORDS[:2] + RECORDS[7:9]
    found = {tuple(codes(search("injection catheter 20", order))) for order in permutations(few)}
    assert len(found) == 1


@given(st.text())
def test_any_text_is_searched_for_without_complaint(text: str) -> None:
    found = search(text)
    scores = [hit.score for hit in found.hits]
    assert scores == sorted(scores, reverse=True)
    assert all(0 <= score <= 100 for score in scores)


# ---------------------------------------------------------------- mistyped codes

VALID = ("A0130", "J1094", "J1938", "J1940", "J1945", "J2940", "L0450", "Q2041", "S0012", "T1", "TL", "LT")


@pytest.mark.parametrize(
    ("code", "meant"),
    [
        ("J194O", ("J1940",)),
        (" jl940", ("J1940",)),
        ("JI94O", ("J1940",)),
        ("5OO12", ("S0012",)),
        ("LO450", ("L0450",)),
        ("Q2O4I", ("Q2041",)),
        ("J9140", ("J1940",)),
        ("J1904", ("J1940", "J1094")),
        ("1J940", ("J1940",)),
        ("J1949", ("J1940", "J1945")),
        ("J194", ("J1940", "J1945", "J1094")),
        ("J19400", ("J1940",)),
        ("X1940", ("J1940",)),
        ("J8888", ()),
        ("XX", ()),
        ("", ()),
        ("J1940", ("J1945", "J2940")),  # never itself
    ],
)
def test_the_nearest_codes_the_likeliest_first(code: str, meant: tuple[str, ...]) -> None:
    assert near(code, VALID) == meant


def test_no_more_than_asked_for() -> None:
    assert Nearest(VALID).to("J1904", limit=1) == ("J1940",)


@given(st.sampled_from(VALID), st.text(alphabet="AJLOQSTI01245", min_size=1, max_size=6))
def test_only_valid_codes_are_offered_and_one_look_alike_always_is(code: str, typed: str) -> None:
    nearest = Nearest(VALID)
    assert set(nearest.to(typed)) <= set(VALID) - {typed}
    mistyped = code.replace("0", "O").replace("1", "I")
    assert mistyped == code or code in nearest.to(mistyped)


# ---------------------------------------------------------------- a real release


@pytest.fixture(scope="module")
def october(releases_home: Home) -> Index:
    with open_stored(releases_home) as stored:
        revision = stored.find("2025-10")
        return Index(HCPCS, stored.records(revision), revision.release.effective_date)


@pytest.mark.parametrize(
    ("text", "code", "place"),
    [
        ("furosemid injection", "J1938", 1),
        ("furosemide 20 mg", "J1940", 2),
        ("intermitent catheter", "A4351", 3),
        ("intermittent cathater straight tip", "A4351", 1),
        ("folley catheter", "A4338", 3),
        ("wheel chair lightweight", "K0003", 1),
        ("pembrolizumib", "J9271", 1),
        ("botulinum toxin", "J0585", 5),
        ("rituximab 10mg", "J9312", 1),
        ("acetominophen", "J0131", 1),
        ("oxigen concentrater", "E1390", 2),
        ("portable oxygen concentrator", "E1392", 1),
        ("cpap", "E0601", 1),
        ("hospital bed semi electric", "E0260", 5),
        ("xray portable", "Q0092", 2),
        ("bedpan", "E0275", 2),
        ("vitamin b12", "J3420", 1),
        ("normal saline 1000 ml", "J7030", 3),
        ("glucose test strips", "A4253", 2),
        ("folding walkers", "E0143", 3),
        ("prosthetic foot", "L5970", 5),
        ("left side", "LT", 1),
        ("tens two lead", "E0720", 1),
        ("ceftriaxone", "J0696", 1),
    ],
)
def test_real_questions_find_the_right_code(october: Index, text: str, code: str, place: int) -> None:
    assert code in codes(october.search(text))[:place]


def test_a_begin_finds_all_codes_that_have_it(october: Index) -> None:
    found = codes(october.search("j19"))
    assert len(found) > 20
    assert all(code.startswith("J19") for code in found)
