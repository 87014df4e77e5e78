"""What takes an ended code's place: declared and followed, else suggested with care; and how many units of it."""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.hcpcs.conftest import ReadRelease
from tracker import archive
from tracker.hcpcs import likeness
from tracker.hcpcs import successors as room
from tracker.hcpcs.doses import billing_units, read_doses
from tracker.hcpcs.successors import Candidates, successors
from tracker.model import Basis, Kind, Record, Successor, Value

Records = Mapping[str, Record]
Case = tuple[str, str, str]
"""Code, description, and the day on which it ended or started."""


def record(
    code: str, text: str = "", *, added: str = "2010-01-01", ended: str = "", refers: Iterable[str] = ()
) -> Record:
    values: dict[str, Value] = {"long_description": text or f"Made-up thing {code.lower()}", "added_date": added}
    if ended:
        values["termination_date"] = ended
    if refers:
        values["cross_references"] = tuple(refers)
    return Record(code, Kind.MODIFIER if len(code) < 5 else Kind.PROCEDURE, values)


def among(*records: Record) -> dict[str, Record]:
    return {one.code: one for one in records}


def found(ended: Record, *others: Record, on: date | None = None) -> tuple[Successor, ...]:
    """Ask with all other records as candidates."""
    return successors(ended, Candidates(others), among(ended, *others).get, on=on)


def declared(ended: Record, *others: Record, on: date | None = None) -> list[tuple[str, float, str]]:
    answer = successors(ended, Candidates([]), among(ended, *others).get, on=on)
    assert {one.basis for one in answer} <= {Basis.DECLARED}
    return [(one.code, one.score, one.why) for one in answer]


# Billing units


@pytest.mark.parametrize(
    ("old", "new", "units"),
    [
        ("Injection, furosemide, up to 20 mg", "Injection, furosemide, 1 mg", 20),
        ("Injection, eculizumab, 10 mg", "Injection, eculizumab, 2 mg", 5),
        ("Injection, famotidine, 20 mg", "Injection, famotidine, 0.25 mg", 80),
        ("Testosterone pellet, 75 mg", "Testosterone pellet, implant, 75 mg", 1),
        ("Injection, vancomycin hcl, 500 mg", "Injection, vancomycin hydrochloride, 10 mg", 50),
        ("Injection, naloxone hydrochloride, per 1 mg", "Injection, naloxone, not otherwise specified, 0.01 mg", 100),
        ("Injection, nafcillin sodium, 2 grams", "Injection, nafcillin sodium, 20 mg", 100),
        ("Injection, tagraxofusp-erzs, 10 mcg", "Injection, tagraxofusp-erzs, 10 micrograms", 1),
        ("Made-up, 1 mg", "Made-up, 10 mcg", 100),
        ("Injection, cefiderocol, 5 mg", "Injection, cefiderocol, 10 mg", 0.5),
        ("Injection, dexrazoxane, 0.1 mg", "Injection, dexrazoxane, 0.3mg", 1 / 3),
        ("Injection, dexamethasone 9%, intraocular, 1 mcg", "Dexamethasone 9 percent, 1 microgram", 1),
        ("Lutetium lu 177, dotatate, therapeutic, 1 mci", "Lutetium lu 177, dotatate, 1 millicurie", 1),
        ("Made-up, per 100 microcuries", "Made-up, 1 millicurie", 0.1),
        ("Injection, factor viii (jivi), 1 i.u.", "Factor viii (jivi), per iu", 1),
        ("Injection, heparin, per 1,000 units", "Injection, heparin, 10 units", 100),
        ("Injection, penicillin, 1 million units", "Injection, penicillin, 100,000 units", 10),
        ("Artificial saliva, 30 ml", "Artificial saliva, 1 cc", 30),
        ("Procenta, per 200 mg", "Procenta, per 100 mg", 2),
        ("Epifix or epicord, per square centimeter", "Epifix, per sq cm", 1),
        ("Foam sheet, per 250 square centimeters, each", "Foam sheet, per 250 sq. cm., each", 1),
        ("Platelets, pheresis, each unit", "Platelets, each", 1),
        # Concentrations are no doses; mentioned codes and percentages neither.
        ("Phenylephrine and ketorolac, 4 ml vial", "Phenylephrine 10.16 mg/ml and ketorolac 2.88 mg/ml, 1 ml", 4),
        ("Made-up amnion (25 mg per cc); per 0.5 cc", "Made-up amnion, 1 ml", 0.5),
        ("Vancomycin (x), not therapeutically equivalent to j3370, 500 mg", "Vancomycin (x), 250 mg", 2),
        # Combinations tell only if all their doses agree.
        ("Cabotegravir and rilpivirine, 2mg/3mg", "Cabotegravir and rilpivirine, 2 mg/3 mg", 1),
        ("Made-up and other, 2 mg/3 mg", "Made-up and other, 1 mg/1.5 mg", 2),
        ("Made-up and other, 2 mg/3 mg", "Made-up and other, 1 mg/3 mg", None),
        ("Imipenem 4 mg, cilastatin 4 mg and relebactam 2 mg", "Imipenem, 10 mg", None),
        ("Injection, rituximab and hyaluronidase, 10 mg", "Injection, rituximab 10 mg and hyaluronidase", 1),
        # Nothing to reckon with.
        ("Injection, chloroprocaine, per 30 ml", "Injection, chloroprocaine, per 1 mg", None),
        ("Injection, mannitol, 25% in 50 ml", "Injection, mannitol, 1 ml", None),
        ("Injection, pantoprazole, per vial", "Injection, pantoprazole, 40 mg", None),
        ("Injection, fidanacogene, per therapeutic dose", "Injection, fidanacogene, per therapeutic dose", None),
        ("Hexaminolevulinate, 100 mg, per study dose", "Hexaminolevulinate, 100 mg", None),
        ("Bcg (intravesical) per instillation", "Bcg live intravesical instillation, 1 mg", None),
        ("Tisagenlecleucel, up to 250 million cells", "Tisagenlecleucel, up to 600 million cells", None),
        ("Penile contracture device, manual", "Penile contracture device, manual", None),
        ("Supplies, 1 month supply = 1 unit of service", "Supplies, 1 unit of service", None),
        ("Made-up, 10 units", "Made-up, 10 iu", None),
        ("Made-up, 0 mg", "Made-up, 1 mg", None),
        ("Made-up, 1 mg", "Made-up, 0 mg", None),
        ("", "Made-up, 1 mg", None),
    ],
)
def test_units(old: str, new: str, units: float | None) -> None:
    answer = billing_units(old, new)
    assert answer == units
    assert isinstance(answer, int) == (units is not None and float(units).is_integer())


amounts = st.builds(
    "{}{} {}".format,
    st.integers(1, 10**6),
    st.sampled_from(["", ".5", ".25", ".01"]),
    st.sampled_from(["mg", "mcg", "g", "ml", "units", "million units", "iu", "mci"]),
)


@given(amounts, amounts)
def test_units_there_and_back_are_one(one: str, other: str) -> None:
    there = read_doses(f"Made-up, {one}").units(read_doses(f"Made-up, up to {other}"))
    back = read_doses(f"Made-up, up to {other}").units(read_doses(f"Made-up, {one}"))
    assert (there is None) == (back is None)
    if there is not None and back is not None:
        assert there * back == 1


@given(st.text(max_size=60), st.text(max_size=60))
def test_no_text_breaks_the_reckoning(one: str, other: str) -> None:
    billing_units(f"{one} 1 mg {other}", f"{other} {'9' * 500} mg 2 mg{one}")
    found(record("J0001", one, ended="2025-03-31"), record("J0002", other, added="2025-04-01"))


# Declared


def test_a_declared_code_that_can_be_billed() -> None:
    (one,) = found(
        record("C9053", "Injection, crizanlizumab-tmca, 1 mg", ended="2020-06-30", refers=["J0791"]),
        record("J0791", "Injection, crizanlizumab-tmca, 5 mg", added="2020-07-01"),
    )
    assert one == Successor("J0791", Basis.DECLARED, 1.0, 0.2, "CMS's cross reference")


def test_a_chain_is_followed() -> None:
    chain = (
        record("Q9989", ended="2017-12-31", refers=["Q0002"]),
        record("Q0002", ended="2019-12-31", refers=["J3358"]),
        record("J3358"),
    )
    steps = "by way of Q9989, which itself ended 2017-12-31, then Q0002, which itself ended 2019-12-31"
    assert declared(record("C9487", ended="2017-06-30", refers=["Q9989"]), *chain) == [
        ("J3358", 1.0, f"CMS's cross reference {steps}")
    ]


def test_what_leads_nowhere_is_told() -> None:
    ended = record("C0001", ended="2020-12-31", refers=["J0009", "77067", "0888T", "D0120", "J0002"])
    assert declared(ended, record("J0002", ended="2022-03-31")) == [
        ("77067", 0.8, "CMS's cross reference: a CPT code, outside this file"),
        ("0888T", 0.8, "CMS's cross reference: a CPT code, outside this file"),
        ("D0120", 0.8, "CMS's cross reference: a CDT code, outside this file"),
        ("J0009", 0.3, "CMS's cross reference: not known in this release"),
        ("J0002", 0.1, "CMS's cross reference: itself ended 2022-03-31, nothing declared after it"),
    ]


def test_a_loop_ends() -> None:
    first = record("C0001", ended="2020-12-31", refers=["C0002"])
    assert declared(first, record("C0002", ended="2021-12-31", refers=["C0001"])) == [
        ("C0002", 0.1, "CMS's cross reference: itself ended 2021-12-31, nothing declared after it")
    ]
    others = (
        record("C0002", ended="2021-12-31", refers=["C0003", "C0002"]),
        record("C0003", ended="2022-12-31", refers=["C0002", "J0001"]),
        record("J0001"),
    )
    assert [code for code, *_ in declared(first, *others)] == ["J0001"]
    (answer,) = declared(first, others[0], record("C0003", ended="2022-12-31", refers=["C0002"]))
    assert answer[:2] == ("C0003", 0.1)
    assert answer[2].endswith(": itself ended 2022-12-31, what is declared after it leads back")


def test_of_a_range_the_codes_that_the_release_holds() -> None:
    held = (record("A0030"), record("A0033"), record("A0040"))
    for span in ("A0030-A0035", "A0030-0035", "A0030 to A0035"):
        answer = declared(record("A0021", ended="2020-12-31", refers=[span]), *held)
        assert [code for code, *_ in answer] == ["A0030", "A0033"]


def test_a_code_whose_end_is_still_to_come_can_be_billed() -> None:
    ended = record("C0001", ended="2025-03-31", refers=["J0001"])
    follower = record("J0001", ended="2025-12-31")
    assert declared(ended, follower, on=date(2025, 10, 1)) == [("J0001", 1.0, "CMS's cross reference")]
    assert declared(ended, follower, on=date(2026, 1, 1))[0][1] == 0.1


def test_nothing_is_suggested_beside_a_declared_code() -> None:
    twin = record("J0002", "Injection, madeupine, 1 mg", added="2025-04-01")
    for reference in ("J0001", "99492"):
        ended = record("C0001", "Injection, madeupine, 1 mg", ended="2025-03-31", refers=[reference])
        assert [one.code for one in found(ended, twin, record("J0001"))] == [reference]


def test_a_mistyped_reference_gives_way_to_a_suggestion() -> None:
    """In CMS's files C9468 refers to J7023, which never was; J7203 is meant."""
    text = "Injection, factor ix, (antihemophilic factor, recombinant), glycopegylated, (rebinyn), 1 iu"
    first, second = found(
        record("C9468", text.replace("(rebinyn)", "rebinyn"), ended="2018-12-31", refers=["J7023"]),
        record("J7203", text, added="2019-01-01"),
    )
    assert (first.code, first.basis, first.units) == ("J7203", Basis.SUGGESTED, 1)
    assert (second.code, second.basis, second.units) == ("J7023", Basis.DECLARED, None)


def test_from_a_dead_end_the_search_goes_on() -> None:
    first, second = found(
        record("C9487", "Ustekinumab, for intravenous injection, 1 mg", ended="2017-06-30", refers=["Q9989"]),
        record("Q9989", "Ustekinumab, for intravenous injection, 2 mg", added="2017-07-01", ended="2018-12-31"),
        record("J3358", "Ustekinumab, for intravenous injection, 4 mg", added="2019-01-01"),
    )
    assert (first.code, first.basis, first.units) == ("J3358", Basis.SUGGESTED, 0.25)
    assert first.why == (
        "by way of Q9989, which itself ended 2018-12-31: same drug (ustekinumab), starts the day after, 4 mg instead "
        "of 2 mg"
    )
    assert (second.code, second.basis) == ("Q9989", Basis.DECLARED)


# Suggested: code, description and end of the old one; code, description and first day of the new one


@pytest.mark.parametrize(
    ("old", "new", "why"),
    [
        (
            ("J1940", "Injection, furosemide, up to 20 mg", "2025-03-31"),
            ("J1938", "Injection, furosemide, 1 mg", "2025-04-01"),
            "same drug (furosemide), starts the day after, 1 mg instead of up to 20 mg",
        ),
        (
            ("S0189", "Testosterone pellet, 75 mg", "2025-12-31"),
            ("J1073", "Testosterone pellet, implant, 75 mg", "2026-01-01"),
            "same drug (testosterone), starts the day after, 75 mg as before",
        ),
        (
            ("J3370", "Injection, vancomycin hcl, 500 mg", "2025-06-30"),
            ("J3373", "Injection, vancomycin hydrochloride, 10 mg", "2025-07-01"),
            "same drug (vancomycin), starts the day after, 10 mg instead of 500 mg",
        ),
        (
            ("C9173", "Injection, filgrastim-txid (nypozi), biosimilar, 1 microgram", "2025-06-30"),
            ("Q5148", "Injection, filgrastim-txid (nypozi), biosimilar, 1 microgram", "2025-04-01"),
            "same drug (filgrastim), started 2025-04-01, before the end, 1 microgram as before",
        ),
        (
            ("C9275", "Injection, hexaminolevulinate hydrochloride, 100 mg, per study dose", "2018-12-31"),
            ("A9589", "Instillation, hexaminolevulinate hydrochloride, 100 mg", "2019-01-01"),
            "same drug (hexaminolevulinate), instillation instead of injection, starts the day after, 100 mg as before",
        ),
        (
            ("C9069", "Injection, belantamab mafodontin-blmf, 0.5 mg", "2021-03-31"),
            ("J9037", "Injection, belantamab mafodotin-blmf, 0.5 mg", "2021-04-01"),
            "same drug (belantamab mafodontin), starts the day after, 0.5 mg as before",
        ),
        (
            ("C9043", "Injection, levoleucovorin, 1 mg", "2019-12-31"),
            ("J0642", "Injection, levoleucovorin (khapzory), 1 mg", "2019-10-01"),
            "same drug (levoleucovorin), only for (khapzory), started 2019-10-01, before the end, 1 mg as before",
        ),
        (
            ("J0173", "Injection, epinephrine (belcher), not therapeutically equivalent to j0171, 0.1 mg",
             "2025-06-30"),
            ("J0165", "Injection, epinephrine, not otherwise specified, 0.1 mg", "2025-07-01"),
            "same drug (epinephrine), no longer for (belcher) alone, starts the day after, 0.1 mg as before",
        ),
        (
            ("C9159", "Injection, prothrombin complex concentrate (human), balfaxar, per i.u.", "2024-03-31"),
            ("J7165", "Injection, prothrombin complex concentrate, human-lans, per i.u.", "2024-04-01"),
            "similar drug (prothrombin complex concentrate), starts the day after, per i.u. as before",
        ),
        (
            ("J0611", "Injection, calcium gluconate (wg critical care), per 10 ml", "2023-03-31"),
            ("J0613", "Injection, calcium gluconate (wg critical care), 10 mg", "2023-04-01"),
            "same drug (calcium gluconate), starts the day after, 10 mg instead of 10 ml",
        ),
        (
            ("C9081", "Idecabtagene vicleucel, up to 460 million autologous anti-bcma cells", "2021-12-31"),
            ("Q2055", "Idecabtagene vicleucel, up to 510 million b-cell maturation antigen cells", "2022-01-01"),
            "same drug (idecabtagene vicleucel), starts the day after",
        ),
        (
            ("Q4231", "Corplex p, per cc", "2025-03-31"),
            ("A2035", "Corplex p or theracor p or allacor p, per milligram", "2025-04-01"),
            "same product (corplex p), starts the day after, per milligram instead of per cc",
        ),
        (
            ("S4988", "Penile contracture device, manual, greater than 3 lbs traction force", "2025-03-31"),
            ("E0201", "Penile contracture device, manual, greater than 3 lbs traction force", "2025-04-01"),
            "same words, starts the day after",
        ),
        (
            ("K1006", "Suction pump, home model, electric, for use with external urine management system",
             "2023-12-31"),
            ("E2001", "Suction pump, home model, electric, for use with external urine and/or fecal management system",
             "2024-01-01"),
            'almost the same words (with "fecal"), starts the day after',
        ),
        (
            ("K1017", "Monthly supplies for use of device coded at k1016", "2023-12-31"),
            ("A4541", "Monthly supplies for use of device coded at e0733", "2024-01-01"),
            "same words but for the code they mention, starts the day after",
        ),
        (
            ("G9738", "Patient refused to participate", "2020-12-31"),
            ("G2209", "Patient refused to participate", "2021-01-15"),
            "same words, starts 14 days after the end",
        ),
    ],
)  # fmt: skip
def test_suggested(old: Case, new: Case, why: str) -> None:
    (one,) = found(record(old[0], old[1], ended=old[2]), record(new[0], new[1], added=new[2]))
    assert (one.code, one.basis, one.why) == (new[0], Basis.SUGGESTED, why)
    assert 0.75 <= one.score <= 0.95


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("J1020 Injection, methylprednisolone acetate, 20 mg",
         "J2919 Injection, methylprednisolone sodium succinate, 5 mg"),
        ("J9250 Methotrexate sodium, 5 mg", "J8611 Methotrexate (jylamvo), oral, 2.5 mg"),
        ("J0135 Injection, adalimumab, 20 mg", "Q5140 Injection, adalimumab-fkjp, biosimilar, 1 mg"),
        ("Q5139 Injection, eculizumab-aeeb (bkemv), biosimilar, 10 mg",
         "Q5151 Injection, eculizumab-aagh (epysqli), biosimilar, 2 mg"),
        ("J3371 Injection, vancomycin hcl (mylan), 500 mg",
         "J3375 Injection, vancomycin hydrochloride (xellia), 10 mg"),
        ("J0610 Injection, calcium gluconate, per 10 ml", "J0618 Injection, calcium chloride, 2 mg"),
        ("J1810 Injection, droperidol and fentanyl citrate, up to 2 ml", "J3010 Injection, fentanyl citrate, 0.1 mg"),
        ("C9465 Hyaluronan or derivative, durolane, for intra-articular injection, per dose",
         "J7329 Hyaluronan or derivative, trivisc, for intra-articular injection, 1 mg"),
        ("J8501 Aprepitant, oral, 5 mg", "J0185 Injection, aprepitant, 1 mg"),
        ("Q4210 Axolotl graft, per square centimeter", "Q4383 Axolotl graft ultra, per square centimeter"),
        ("L8010 Breast prosthesis, mastectomy sleeve", "L8033 Nipple prosthesis, custom fabricated"),
        ("K1032 Non-pneumatic sequential compression garment, full leg",
         "K1031 Non-pneumatic compression controller without calibrated gradient pressure"),
        ("G8883 Biopsy results reviewed, communicated and tracked",
         "G8884 Biopsy results not reviewed and communicated"),
        ("G9739 Patient unable to complete the general orthopedic prom at initial evaluation",
         "M1149 Patient unable to complete the neck prom at initial evaluation"),
        ("M0239 Intravenous infusion, bamlanivimab-xxxx, includes infusion and post monitoring",
         "M0245 Intravenous infusion, bamlanivimab and etesevimab, includes infusion and post monitoring"),
        ("G2131 Patients 81 years and older with a diagnosis of frailty",
         "M1290 Patients 66 years and older with a diagnosis of frailty"),
        ("A1 Dressing for one wound", "A2 Dressing for one wound"),
    ],
)  # fmt: skip
def test_rather_nothing(old: str, new: str) -> None:
    (old_code, old_text), (new_code, new_text) = (one.split(" ", 1) for one in (old, new))
    ended, started = record(old_code, old_text, ended="2024-12-31"), record(new_code, new_text, added="2025-01-01")
    assert found(ended, started) == ()


@pytest.mark.parametrize(
    ("added", "suggested"),
    [("2023-06-30", False), ("2024-09-01", True), ("2025-01-01", True), ("2025-12-31", True), ("2026-01-10", False)],
)
def test_what_starts_at_another_time_is_no_successor(added: str, suggested: bool) -> None:
    ended = record("S0001", "Injection, madeupine, 1 mg", ended="2024-12-31")
    assert bool(found(ended, record("J0001", "Injection, madeupine, 2 mg", added=added))) == suggested


def test_without_a_day_the_words_alone_decide_and_that_is_told() -> None:
    gone = record("S0001", "Injection, madeupine, 1 mg")
    (one,) = found(gone, record("J0001", "Injection, madeupine, 2 mg", added="2025-01-01"))
    assert one.score == 0.85
    assert "not known" in one.why


def test_an_ended_candidate_leads_on_or_is_dropped() -> None:
    ended = record("S1090", "Mometasone furoate sinus implant, 370 micrograms", ended="2019-09-30")
    between = record("J7401", "Mometasone furoate sinus implant, 10 micrograms", added="2019-10-01", ended="2021-03-31")
    assert found(ended, between) == ()
    last = record("J7402", "Mometasone furoate sinus implant, (sinuva), 10 micrograms", added="2021-04-01")
    (one,) = found(ended, between, last)
    assert (one.code, one.units) == ("J7402", 37)
    assert one.why.startswith("by way of J7401, which itself ended 2021-03-31: same drug (mometasone furoate sinus)")
    (one,) = found(ended, replace(between, values={**between.values, "cross_references": ("J0001",)}), record("J0001"))
    assert (one.code, one.basis) == ("J0001", Basis.SUGGESTED)


def test_a_split_names_all_parts_and_the_best_stands_alone() -> None:
    parts = (
        record("Q4186", "Epifix, per square centimeter", added="2025-01-01"),
        record("Q4187", "Epicord, per square centimeter", added="2025-01-01"),
    )
    ended = record("Q4131", "Epifix or epicord, per square centimeter", ended="2024-12-31")
    assert [one.code for one in found(ended, *parts)] == ["Q4186", "Q4187"]
    makers = (
        record("J2312", "Injection, naloxone hydrochloride, not otherwise specified, 0.01 mg", added="2025-07-01"),
        record("J2313", "Injection, naloxone hydrochloride (zimhi), 0.01 mg", added="2025-07-01"),
    )
    for code, maker in (("J2312", ""), ("J2313", " (zimhi)")):
        ended = record("J2310", f"Injection, naloxone hydrochloride{maker}, 1 mg", ended="2025-06-30")
        assert [one.code for one in found(ended, *makers)] == [code]


def test_three_at_most() -> None:
    parts = [record(f"J000{n}", f"Injection, madeupine (maker{n}), 1 mg", added="2025-01-01") for n in range(5)]
    assert len(found(record("J0010", "Injection, madeupine, 1 mg", ended="2024-12-31"), *parts)) == 3


def test_measures_with_the_same_words_cannot_be_told_apart() -> None:
    ended = record("G9718", "Hospice services provided to patient any time", ended="2022-12-31")
    text = "Hospice services for patient provided any time"
    first, second = (record(code, text, added="2023-01-01") for code in ("M1159", "M1191"))
    assert len(found(ended, first)) == 1
    assert found(ended, first, second) == ()


codes = st.sampled_from([f"C000{number}" for number in range(6)])


@given(
    st.dictionaries(
        codes, st.tuples(st.lists(codes, max_size=3), st.sampled_from(["", "2024-12-31", "2025-03-31"])), min_size=1
    ),
    st.randoms(),
)
def test_any_graph_ends_and_order_changes_nothing(
    graph: dict[str, tuple[list[str], str]], shuffler: random.Random
) -> None:
    records = [
        record(code, "Injection, madeupine, 1 mg", added="2025-01-01", ended=ended, refers=refers)
        for code, (refers, ended) in graph.items()
    ]
    lookup = among(*records).get
    for one in records:
        answer = successors(one, Candidates(records), lookup)
        told = [successor.code for successor in answer]
        assert one.code not in told
        assert len(told) == len(set(told))
        assert [successor.score for successor in answer] == sorted((s.score for s in answer), reverse=True)
        assert all(0 < successor.score <= 1 for successor in answer)
        shuffled = records.copy()
        shuffler.shuffle(shuffled)
        assert successors(one, Candidates(shuffled), lookup) == answer


# The bundled excerpts, and the real releases


def test_the_bundled_excerpts() -> None:
    folder = Path(__file__).parents[2] / "snapshots"
    old, new = (
        {sealed.code: archive.decode_record(sealed.line) for sealed in archive.read(folder / name).records}
        for name in ("2025.r1.jsonl", "2026.r1.jsonl")
    )
    candidates = Candidates(new[code] for code in new.keys() - old.keys())
    answers = {
        code: [(one.code, one.basis.value, one.units) for one in successors(record, candidates, new.get)]
        for code, record in new.items()
        if "termination_date" in record.values
    }
    assert answers == {
        "C9174": [("J9011", "suggested", 1)],
        "C9248": [("J0759", "suggested", 1)],
        "C9304": [("J7172", "declared", 1)],
        "G9038": [],
        "J1300": [("J1299", "suggested", 5)],
        "J1940": [("J1938", "suggested", 20)],
        "J2310": [("J2312", "suggested", 100)],
        "J3370": [("J3373", "suggested", 50)],
        "J9270": [],
        "L8010": [],
        "M0248": [],
        "Q0244": [],
        "S0028": [("J1308", "suggested", 80)],
        "S0189": [("J1073", "suggested", 1)],
        "S4988": [("E0201", "suggested", None)],
    }


def without_references(records: Records) -> dict[str, Record]:
    return {
        code: replace(one, values={name: value for name, value in one.values.items() if name != "cross_references"})
        for code, one in records.items()
    }


def targets(records: Records, code: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """Return where a cross reference ends: codes that can be billed."""
    if code in seen or code not in records:
        return set()
    if "termination_date" not in records[code].values:
        return {code}
    references = records[code].values.get("cross_references", ())
    return {target for reference in references for target in targets(records, reference, seen | {code})}


def measured(records: Records, ended: Iterable[str], added: Iterable[str]) -> tuple[int, list[str], list[str]]:
    """Hide all cross references: how many first suggestions are the declared code, which are not, and which lack."""
    hidden = without_references(records)
    pool = set(added)
    candidates = Candidates(hidden[code] for code in pool)
    right, wrong, none = 0, [], []
    for code in ended:
        references = records[code].values.get("cross_references", ())
        truth = {target for one in references for target in targets(records, one)} & pool
        if truth:
            answer = successors(hidden[code], candidates, hidden.get)
            if not answer:
                none.append(code)
            elif answer[0].code in truth:
                right += 1
            else:
                wrong.append(code)
    return right, wrong, none


# (old, new) -> hidden references found again. All of them are.
PAIRS = {
    ("2017", "2018"): 16,
    ("2018", "2019"): 23,
    ("2019", "2020"): 11,
    ("2020", "2025"): 30,
    ("2025", "2025-10"): 6,
}


@pytest.mark.parametrize("pair", PAIRS)
def test_hidden_references_are_found_again(read_release: ReadRelease, pair: tuple[str, str]) -> None:
    old, new = (among(*read_release(label)[1].records) for label in pair)
    ended = [
        code
        for code, one in new.items()
        if "termination_date" in one.values and not (code in old and "termination_date" in old[code].values)
    ]
    right, wrong, none = measured(new, ended, new.keys() - old.keys())
    assert wrong == []
    assert (right, none) == (PAIRS[pair], [])


def test_references_that_the_rules_were_not_made_on(read_release: ReadRelease) -> None:
    """All that ended before 2017, among all codes of the release: old wordings, and many more candidates."""
    records = among(*read_release("2017")[1].records)
    ended = [code for code, one in records.items() if "termination_date" in one.values]
    near = [code for code in records if str(records[code].values["added_date"]) >= "2014-01-01"]
    right, wrong, none = measured(records, ended, near)
    assert right / (right + len(wrong)) >= 0.95
    assert right / (right + len(wrong) + len(none)) >= 0.85


# Codes without any cross reference: what the trade knows to have replaced them.
KNOWN: dict[tuple[str, str], dict[str, tuple[str, float | None] | None]] = {
    ("2018", "2019"): {
        "J9310": ("J9312", 10), "K0903": ("A5514", 1), "Q2040": ("Q2042", None), "C9468": ("J7203", 1),
    },
    ("2019", "2020"): {
        "C9447": ("J1097", 4), "J1942": ("J1944", 1), "J9031": ("J9030", None), "S1090": ("J7401", 37),
    },
    ("2020", "2025"): {
        "C9080": ("J9247", 1), "C9084": ("J9359", 4 / 3), "C9113": ("J2470", None), "J0135": ("J0139", 20),
        "J0611": ("J0613", None), "J1040": ("J1010", 80), "J2505": ("J2506", 12), "J2930": ("J2919", 25),
        "J8521": ("J8522", 10), "J9070": ("J9075", 20), "J9315": ("J9319", 10), "K0553": ("A4239", None),
        "K1033": ("E0679", None), "Q5131": ("Q5144", 20), "S0020": ("J0665", None), "E2300": ("E2298", None),
        "G0122": None, "G2070": None, "J1840": None, "J2780": None, "J9371": None, "G8883": None, "M0239": None,
    },
    ("2025", "2025-10"): {
        "J0171": ("J0165", 1), "J2311": ("J2313", 100), "J3371": ("J3374", 50), "J9340": ("J9342", 15),
        "Q4231": ("A2035", None), "Q5139": ("Q5152", 5), "S0017": ("J0281", 5), "S0039": ("J2865", None),
        "J1094": None, "J1810": None, "J2503": None, "J9037": None, "L8010": None, "Q0222": None,
    },
}  # fmt: skip


@pytest.mark.parametrize("pair", KNOWN)
def test_known_cases(read_release: ReadRelease, pair: tuple[str, str]) -> None:
    old, new = (among(*read_release(label)[1].records) for label in pair)
    candidates = Candidates(new[code] for code in new.keys() - old.keys())
    answers = {}
    for code in KNOWN[pair]:
        first = next(iter(successors(new[code], candidates, new.get)), None)
        answers[code] = (first.code, first.units) if first else None
    assert answers == KNOWN[pair]


def test_the_thresholds_are_in_order() -> None:
    assert 0 < room.NEAR_THE_BEST < likeness.THRESHOLD < likeness.SERVICE_THRESHOLD < room.CERTAIN < 1
