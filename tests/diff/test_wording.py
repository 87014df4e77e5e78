"""Two texts, what kind of change it is, and the words in which they differ."""

from __future__ import annotations

import itertools
import time

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tracker.diff.wording import edits, reword
from tracker.model import Edit, Wording


def marked(old: str, new: str) -> str:
    """Return both texts in one: what went in `[-…-]`, what came in `{+…+}`."""
    return "".join(
        part.old
        if part.old == part.new
        else (f"[-{part.old}-]" if part.old else "") + (f"{{+{part.new}+}}" if part.new else "")
        for part in edits(old, new)
    )


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ("", "", ""),
        ("", "new", "{+new+}"),
        ("old", "", "[-old-]"),
        ("the same", "the same", "the same"),
        ("one two", "one three", "one [-two-]{+three+}"),
        ("Case Matters", "case matters", "[-Case Matters-]{+case matters+}"),
        ("a b c d", "a x y d", "a [-b c-]{+x y+} d"),
        ("device, each", "device, sterile, each", "device, {+sterile, +}each"),
        ("each", "each.", "each{+.+}"),
        ("one  two", "one two", "one[-  -]{+ +}two"),
        # numbers are whole
        ("bp 140/90 mm", "bp 130/80 mm", "bp [-140/90-]{+130/80+} mm"),
        ("up to 0.5 mg", "up to 0.25 mg", "up to [-0.5-]{+0.25+} mg"),
        ("up to .5 mg", "up to .25 mg", "up to [-.5-]{+.25+} mg"),
        ("per 1,000 units", "per 10,000 units", "per [-1,000-]{+10,000+} units"),
        ("per 250,000 iu", "per 250 iu", "per [-250,000-]{+250+} iu"),
        ("1.5 ml", "1.5 mg", "1.5 [-ml-]{+mg+}"),
        ("g0101, 99 or 5", "g0101, 98 or 5", "g0101, [-99-]{+98+} or 5"),
        ("ends in 5.", "ends in 6.", "ends in [-5-]{+6+}."),
        # punctuation that is meaning
        ("ldl = 190", "ldl <= 190", "ldl {+<+}= 190"),
        ("10% or more", "10 or more", "10[-%-] or more"),
        ("w/o stand", "w/ stand", "w/[-o-] stand"),
        ("müßig", "mußig", "[-müßig-]{+mußig+}"),
    ],
)
def test_edits(old: str, new: str, expected: str) -> None:
    assert marked(old, new) == expected


words = st.lists(st.sampled_from(["a", "b", "1,000", ".5", "140/90", ",", ".", " ", "  ", "(x)", "ü"])).map("".join)


@given(st.text() | words, st.text() | words)
def test_the_old_sides_make_the_old_text_and_the_new_sides_the_new(old: str, new: str) -> None:
    found = edits(old, new)
    assert "".join(edit.old for edit in found) == old
    assert "".join(edit.new for edit in found) == new
    assert all(edit.old or edit.new for edit in found)
    assert all(edit.old == edit.new for edit in found) is (old == new)


@given(words, words)
def test_what_is_alike_and_what_differs_take_turns(old: str, new: str) -> None:
    kinds = [edit.old == edit.new for edit in edits(old, new)]
    assert all(one != other for one, other in itertools.pairwise(kinds))


numbers = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(1000, 10**7).map("{:,}".format),
    st.decimals(0, 1000, places=2).map(str),
    st.integers(1, 99).map(".{}".format),
    st.tuples(st.integers(0, 300), st.integers(0, 300)).map("{0[0]}/{0[1]}".format),
)


@given(numbers, numbers)
def test_numbers_are_whole(old: str, new: str) -> None:
    expected = [Edit("up to ", "up to "), Edit(old, new), Edit(" mg", " mg")]
    if old != new:
        assert list(edits(f"up to {old} mg", f"up to {new} mg")) == expected


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b a, " * 1000, "a, " * 1250),
        ("a " * 2500, "a " * 2400),
        (" ".join(str(i % 7) for i in range(2500)), " ".join(str(i % 11) for i in range(2500))),
        ("x" * 5000, "x" * 4999 + "y"),
        ("." * 5000, "." * 4990 + "!"),
    ],
    ids=["periods", "one word", "numbers", "one long word", "points"],
)
def test_texts_that_repeat_themselves_take_no_minutes(old: str, new: str) -> None:
    """The first pair took three minutes once."""
    found = edits(old, new)
    assert "".join(edit.old for edit in found) == old
    assert "".join(edit.new for edit in found) == new


def test_one_word_in_a_very_long_text_is_still_found() -> None:
    before, after = "the device or the part, " * 100, ", each, without the battery or the case" * 100
    assert edits(f"{before}old{after}", f"{before}new{after}") == (
        Edit(before, before),
        Edit("old", "new"),
        Edit(after, after),
    )


EDITORIAL = [
    # as the publisher did
    ("arthrograpy", "arthrography"),
    ("any diagnosis`", "any diagnosis"),
    ("shore a 35 durometer or higher), each", "shore a 35 durometer (or higher), each"),
    ("within 12 month reporting period", "within 12-month reporting period"),
    ("ribs, or other general orthopaedic impairment", "ribs or other general orthopedic impairment"),
    ("treatment area,single port", "treatment area, single port"),
    ("sampling (eg, aspiration[s])", "sampling (e.g., aspiration[s])"),
    ("(female reproductive organs)", "[female reproductive organs]"),
    ("Current smokers (e.g., cigar)", "Current smoker (e.g., cigar)"),
    ("Erythropoetic stimulating agent", "Erythropoietic stimulating agent"),
    ("Fentanyl citrate injeciton", "Fentanyl citrate injection"),
    ("Inj ronzanolixizum-noli 1 mg", "Inj rozanolixizum-noli 1 mg"),
    ("Rafscrs ki no scor no surv", "Rafs crs ki no scor no surv"),
    ("Remis 12m not phq-9 score <5", "Remis12m not phq-9 score <5"),
    # typography
    ("Device, EACH", "device,  each"),
    ("bp 6 \u2013 10 weeks", "bp 6-10 weeks"),
    ("patient\u2019s choice", "patient's choice"),
    ("non-sterile", "non sterile"),
    ("in-patient", "inpatient"),
    ("used in-home", "used in home"),
    ("30 mm hg", "30 mmhg"),
    ("a & b", "a and b"),
    # the same, written otherwise
    ("1mg", "1 mg"),
    (".5 mg", "0.5 mg"),
    ("1,000 units", "1000 units"),
    ("two-way", "2-way"),
    ("at twelve months", "at 12 months"),
    ("10 gm lipids", "10 grams lipids"),
    ("per square centimeter", "per sq. cm"),
    ("less than 5", "<5"),
    ("greater than or equal to 5", "\u2265 5"),
    ("no more than 5", "<= 5"),
    ("10 percent", "10%"),
    ("Inj foo, 1 mg", "Injection, foo, 1 mg"),
    ("w/ stand", "with stand"),
    ("randomised tumour", "randomized tumor"),
    ("therapies", "therapy"),
]

QUANTITY = [
    ("bp is greater than 140/90 mm hg", "bp is greater than 130/80 mm hg"),
    ("test result = 190 mg/dl", "test result <= 190 mg/dl"),
    ("furosemide, up to 20 mg", "furosemide, 1 mg"),
    ("furosemide, up to 20 mg", "furosemide, 20 mg"),
    ("per 10 units", "per 1 unit"),
    ("within 7 business days", "within 7 days"),
    ("up to 1 month post-surgery", "up to 30 days post-surgery"),
    ("within three hours (<= 180 minutes)", "within 4.5 hours (<= 270 minutes)"),
    ("lvef < 40% or lvsd", "current or prior lvef <= 40% or lvsd"),
    ("score +/- 0.5 diopters", "score +/- 1.0 diopters"),
    ("age 65 or older", "age 66 or older"),
    ("66 years of age and older", "66 - 80 years of age"),
    ("stocking, 40-50 mmhg, each", "stocking, 40 mmhg or greater, each"),
    ("one or more landmarks", "two or more landmarks"),
    ("30 minutes or more", "30 minutes or less"),
    ("more than 5 days", "no more than 5 days"),
    ("older than 65", "younger than 65"),
    ("over 65", "under 65"),
    ("1.5 ml", "1.5 mg"),
    ("5 mg/ml", "5 mg/dl"),
    ("5 mg", "5 mcg"),
    ('pad, 6"', "pad, 6'"),
    ("pad 4x4", "pad 4x5"),
    ("10%", "10"),
    ("-0.5", "0.5"),
    ("20 mg of a, 10 mg of b", "10 mg of a, 20 mg of b"),
    ("on 01/01/2018", "on 02/01/2018"),
    ("per dose", "per vial"),
    ("device, each", "device, per pair"),
    ("1 10 mg", "110 mg"),
    ("6-10 mev", "610 mev"),
    ("Lvef <40%", "Lvef <=40%"),
    ("Fs odi 6-20wk postop > 22", "Fs odi 6-20wk postop <= 22"),
    ("Bk pain vas 9-20mo > 3", "Bk pain vas 9-15mo > 3"),
]

REWORDED = [
    ("extension/flexion device", "extension and flexion device"),
    ("swing and/or stance phase", "swing and stance phase"),
    ("with joint", "without joint"),
    ("left knee", "right knee"),
    ("unilateral hip orthosis", "bilateral hip orthosis"),
    ("not required", "required"),
    ("in active patients", "inactive patients"),
    ("not able", "notable"),
    ("with in 30 days", "within 30 days"),
    ("replacement", "replacement, each"),
    ("Parenteral solution, per 10 grams", "Parenteral solution, not otherwise specified, 10 grams"),
    # other words for all we know
    ("abduction pillow", "adduction pillow"),
    ("facial mask", "fascial mask"),
    ("discectomy/laminotomy", "discectomy/laminectomy"),
    ("Installation, ciprofloxacin", "Instillation, ciprofloxacin"),
    ("test, hand", "tests, hands"),
    ("cm2 pad", "cm\u00b2 pad"),
    # names and codes are no quantities
    ("when s9330 is billed", "when s9331 is billed"),
    ("in addition to g0204 or g0206)", "in addition to 77065 or 77066)"),
    ("code 99213, per day", "code 99214, per day"),
    ("phq-2 score", "phq-9 score"),
    ("for pt1, mitotic rate", "mitotic rate"),
    ("utilizing drug tests", "utilizing (1) drug tests, and (2) standards"),
    ("done for the following", "done for one of the following"),
    # nobody knows what the sign was
    ("result of 70?189 mg/dl", "result of 70-189 mg/dl"),
    ("born in the years 1945-?1965", "born in the years 1945 to 1965"),
    # the same quantity in other words
    ("not performed (less than 39 weeks gestation)", "not performed (<39 weeks of gestation)"),
    ("6 to 20 weeks", "6-20 weeks"),
    ("1.0 mg", "1 mg"),
    # brackets say what belongs together
    ("(a or b) and c", "a or (b and c)"),
    # short texts have what there is room for
    ("Pemetrexed injection", "Inj. pemetrexed nos 10mg"),
    ("Path report sent", "Pathology report sent"),
    ("Inj., treanda 1 mg", "Inj, bendamustine hcl, 1mg"),
    ("Prescribed oxygen <1 lpm", "Stationary o2 @ rest < 1 lpm"),
    ("", "Something"),
]

REPLACED = [
    (
        "Final reports with documentation of one or more dose reduction techniques (e.g., automated exposure control)",
        "At least two orders for the same high-risk medication",
    ),
    (
        "Dilated macular exam performed, including the level of macular degeneration severity",
        "Bridge payment: a one-time payment for the first medicare diabetes prevention program core session",
    ),
    (
        (
            "Item or service related, in whole or in part, to an illness, injury, or condition that was caused by or "
            "exacerbated by the effects, direct or indirect, of the 2010 oil spill in the gulf of mexico, including "
            "but not limited to subsequent clean-up activities"
        ),
        (
            "Cost-sharing waived for specified covid-19 testing-related services that result in and order for or "
            "administration of a covid-19 test and/or used for cost-sharing waived preventive services furnished via "
            "telehealth in rural health clinics and federally qualified health centers during the covid-19 public "
            "health emergency"
        ),
    ),
    ("Injection, oxytetracycline hcl, up to 50 mg", "Injection, teclistamab-cqyv, 0.5 mg"),
    ("Injection, pembrolizumab, 1 mg", "Injection, teclistamab-cqyv, 1 mg"),
    ("Gulf oil 2010 spill related", "Cost share waiver covid-19"),
    ("Mac exam perf", "Em bridge payment"),
]

CASES = [
    (old, new, wording)
    for wording, pairs in zip(Wording, (EDITORIAL, QUANTITY, REWORDED, REPLACED), strict=True)
    for old, new in pairs
]


@pytest.mark.parametrize(("old", "new", "wording"), CASES)
def test_wording(old: str, new: str, wording: Wording) -> None:
    assert reword(old, new).wording is wording
    assert reword(new, old).wording is wording


def test_the_subject_is_the_same_if_the_text_opens_as_before() -> None:
    found = reword(
        "Patient had at least one medical visit in each 6 month period of the 24 month measurement period",
        "Patient had two eligible encounters at least 90 days apart",
    )
    assert found.wording is Wording.QUANTITY


WORDS = """
injection up to 5 0.5 .5 10 1,000 140/90 mg ml % units each per not and or with without left < > = <= ( ) , ; - / . ? '
one two device devices patient arthrography arthrograpy s9330 77065 phq-9 b12 (1) (2) non-sterile w/o inj day days 6-10
sq cm centimeter \u00bd \u2013 4x4 less than equal greater
"""
sentences = st.lists(st.sampled_from(WORDS.split()), min_size=1, max_size=12)
texts = sentences.map(" ".join) | sentences.map("".join) | st.text(max_size=40)
digits = st.sampled_from("0123456789")


@given(texts, texts)
def test_swapped_sides_are_of_one_class(old: str, new: str) -> None:
    assume(old != new)
    there, back = reword(old, new), reword(new, old)
    assert there.wording is back.wording
    assert there.similarity == back.similarity
    assert 0 <= there.similarity <= 1
    assert there.edits == edits(old, new)


@given(sentences, st.data())
def test_case_and_white_space_are_editorial(words: list[str], data: st.DataObject) -> None:
    old = " ".join(words)
    new = "".join(
        word.swapcase() + data.draw(st.sampled_from([" ", "  ", "\n", "\t ", "\u00a0"])) for word in words
    ).rstrip()
    assume(old != new)
    found = reword(old, new)
    assert (found.wording, found.similarity) == (Wording.EDITORIAL, 1)


@given(texts, texts, digits, digits)
def test_another_digit_is_never_editorial(before: str, after: str, old: str, new: str) -> None:
    assume(old != new)
    assert reword(before + old + after, before + new + after).wording is not Wording.EDITORIAL


@given(texts, texts, st.permutations("<>=%/+"))
def test_another_sign_is_never_editorial(before: str, after: str, signs: list[str]) -> None:
    old, new, *_ = signs
    assert reword(f"{before} {old} {after}", f"{before} {new} {after}").wording is not Wording.EDITORIAL
    assert reword(f"{before} {old} {after}", f"{before} {after}").wording is not Wording.EDITORIAL


@given(digits, digits, st.sampled_from(["", " "]), st.sampled_from([".", "-", "/", ":", ",", "?", " "]))
def test_what_stands_between_digits_is_never_editorial(first: str, last: str, space: str, sign: str) -> None:
    old, new = f"up to {first}{sign}{space}{last} mg", f"up to {first}{last} mg"
    assert reword(old, new).wording is not Wording.EDITORIAL


WEIGHTY = "no not non and or each per left right with without unilateral bilateral up down daily"


@given(sentences, st.integers(0, 12), st.sampled_from(WEIGHTY.split()))
def test_a_word_that_matters_is_never_editorial(words: list[str], place: int, word: str) -> None:
    old, new = " ".join(words), " ".join([*words[:place], word, *words[place:]])
    assert reword(old, new).wording is not Wording.EDITORIAL


@given(st.integers(0, 1000), st.integers(0, 1000), st.sampled_from(["mg", "units", "%", "minutes or more", "days"]))
def test_another_number_alone_is_a_quantity(old: int, new: int, unit: str) -> None:
    assume(old != new)
    found = reword(f"Device for patients, up to {old} {unit}, each", f"Device for patients, up to {new} {unit}, each")
    assert found.wording is Wording.QUANTITY


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("b a, " * 1000, "a, " * 1250),
        ("1 " * 2500, "2 " * 2500),
        ("(1)" * 1700, "(2)" * 1700),
        (" ".join(f"a{chr(97 + i // 26 % 26)}{chr(97 + i % 26)}" for i in range(1200)), "ab" * 2500),
        ("a-" * 2500, "a- " * 1700),
        ("1," * 2500, "1,1" * 1700),
        ("no more " * 600, "equal to or greater " * 250),
        ("a b " * 1250, "ab " * 1600),
        ("a" * 5000, "a" * 4999),
    ],
    ids=["periods", "numbers", "list items", "unlike words", "hyphens", "commas", "comparisons", "melting", "one word"],
)
def test_to_tell_the_class_of_long_texts_takes_no_minutes(old: str, new: str) -> None:
    started = time.perf_counter()
    assert 0 <= reword(old, new).similarity <= 1
    assert time.perf_counter() - started < 3
