"""Whether a code was valid on a day: small releases, and CMS's own at every boundary.

What is expected of CMS's own releases was read in the text records and workbooks themselves.
"""

from __future__ import annotations

import json
import re

import pytest

from tests.app.conftest import Run
from tests.support import Import, values
from tracker.home import Home


def first_line(run: Run, *arguments: object) -> str:
    """Return the answer itself; any answer ends with 0, and says nothing else aloud."""
    outcome = run("valid", *arguments)
    assert (outcome.code, outcome.err) == (0, "")
    return outcome.out.splitlines()[0]


# ---------------------------------------------------------------- CMS's own releases


@pytest.mark.parametrize(
    ("code", "day", "verdict", "meaning"),
    [
        # reused: a macular exam, from 2018-04-01 a bridge payment
        ("G9890", "2017-12-31", "no", ""),
        ("G9890", "2018-01-01", "yes", "Dilated macular exam"),
        ("G9890", "2018-02-01", "yes", "Dilated macular exam"),
        ("G9890", "2018-03-31", "yes", "Dilated macular exam"),
        ("G9890", "2018-04-01", "yes", "Bridge payment"),
        ("G9890", "2018-05-01", "yes", "Bridge payment"),
        ("G9891", "2018-03-31", "yes", "Documentation of medical reason"),
        ("G9891", "2018-04-01", "yes", "Mdpp session"),
        # reused without a new added date: only text and action date tell
        ("CS", "2010-12-31", "no", ""),
        ("CS", "2011-01-01", "yes", "Item or service related"),
        ("CS", "2020-02-29", "yes", "Item or service related"),
        ("CS", "2020-03-01", "yes", "Cost-sharing waived"),
        # ended and reactivated
        ("J0570", "2016-12-31", "no", ""),
        ("J0570", "2017-01-01", "yes", "Buprenorphine implant"),
        ("J0570", "2024-12-31", "yes", "Buprenorphine implant"),
        ("J0570", "2025-01-01", "no", ""),
        ("J0570", "2025-09-30", "no", ""),
        ("J0570", "2025-10-01", "yes", "Buprenorphine implant"),
        # gone without a last valid day
        ("G9976", "2017-12-31", "no", ""),
        ("G9976", "2018-01-01", "yes", "Documentation of patient reason"),
        ("G9976", "2018-12-31", "yes", "Documentation of patient reason"),
        ("G9976", "2019-01-01", "no", ""),
        ("G9977", "2018-12-31", "yes", "Dilated macular exam was not"),
        ("G9977", "2019-01-01", "no", ""),
        # left out of 2019, and back as if nothing had been
        ("DA", "2010-12-31", "no", ""),
        ("DA", "2011-01-01", "yes", "Oral health assessment"),
        ("DA", "2018-12-31", "yes", "Oral health assessment"),
        ("DA", "2019-06-01", "yes", "Oral health assessment"),
        ("DA", "2020-01-01", "yes", "Oral health assessment"),
        # retroactive, and ends that are no quarter's end
        ("C9803", "2020-02-29", "no", ""),
        ("C9803", "2020-03-01", "yes", "Hospital outpatient clinic visit"),
        ("C9803", "2023-12-31", "yes", "Hospital outpatient clinic visit"),
        ("C9803", "2024-01-01", "no", ""),
        ("G2023", "2020-02-29", "no", ""),
        ("G2023", "2020-03-01", "yes", "Specimen collection"),
        ("G2023", "2023-05-11", "yes", "Specimen collection"),
        ("G2023", "2023-05-12", "no", ""),
        ("C9058", "2019-11-14", "no", ""),
        ("C9058", "2019-11-15", "yes", "Injection, pegfilgrastim-bmez"),
        ("C9058", "2020-06-30", "yes", "Injection, pegfilgrastim-bmez"),
        ("C9058", "2020-07-01", "no", ""),
        ("M0239", "2021-04-16", "yes", "Intravenous infusion, bamlanivimab"),
        ("M0239", "2021-04-17", "no", ""),
        ("M1145", "2022-02-27", "yes", "Most favored nation"),
        ("M1145", "2022-02-28", "no", ""),
        ("M0245", "2023-12-13", "yes", "Intravenous infusion, bamlanivimab and"),
        ("M0245", "2023-12-14", "no", ""),
        ("G0154", "2016-02-29", "yes", "Direct skilled nursing"),
        ("G0154", "2016-03-01", "no", ""),
        ("J1940", "2025-03-31", "yes", "Injection, furosemide, up to 20 mg"),
        ("J1940", "2025-04-01", "no", ""),
        ("J1938", "2025-03-31", "no", ""),
        ("J1938", "2025-04-01", "yes", "Injection, furosemide, 1 mg"),
        # added and ended between two stored releases
        ("C9300", "2025-03-31", "no", ""),
        ("C9300", "2025-04-01", "yes", "Injection, indigotindisulfonate"),
        ("C9300", "2025-06-30", "yes", "Injection, indigotindisulfonate"),
        ("C9300", "2025-07-01", "no", ""),
        # added in mid-quarter
        ("M0237", "2025-01-23", "no", ""),
        ("M0237", "2025-01-24", "yes", "Intravenous infusion, tocilizumab"),
        # codes that are used again from before the first stored release on
        ("J9380", "2023-06-30", "no", ""),
        ("J9380", "2023-07-01", "yes", "Injection, teclistamab"),
        ("Q2041", "2018-03-31", "no", ""),
        ("Q2041", "2018-04-01", "yes", "Axicabtagene ciloleucel"),
        # the publisher's wrong text of 2018 ends no life
        ("G9637", "2015-12-31", "no", ""),
        ("G9637", "2016-01-01", "yes", "Final reports with documentation"),
        ("G9637", "2018-06-01", "yes", "At least two orders"),
        ("G9637", "2019-01-01", "yes", "Final reports with documentation"),
        ("G9638", "2018-06-01", "yes", "At least two orders"),
        # purged from the file of 2018, four years after the end
        ("C1204", "2013-09-30", "no", ""),
        ("C1204", "2013-10-01", "yes", "Technetium tc 99m"),
        ("C1204", "2013-12-31", "yes", "Technetium tc 99m"),
        ("C1204", "2014-01-01", "no", ""),
        # behind the newest release: only what has ended is known
        ("J0570", "2025-12-31", "yes", "Buprenorphine implant"),
        ("J0570", "2026-01-01", "cannot tell", ""),
        ("J1940", "2026-01-01", "no", ""),
        ("A0021", "2099-01-01", "cannot tell", ""),
        ("E0101", "2025-06-01", "no", ""),
        ("E0101", "2026-01-01", "cannot tell", ""),
    ],
)
def test_boundaries(run: Run, releases_home: Home, code: str, day: str, verdict: str, meaning: str) -> None:
    outcome = run("valid", code.lower(), "--on", day, "--home", releases_home.folder)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith(f"{code} on {day}: {verdict}\n")
    told = re.search(r"^  meaning +(.*)", outcome.out, re.MULTILINE)
    assert (told[1] if told else "").startswith(meaning)
    assert bool(told) == (verdict == "yes")
    assert ("  proven by  " in outcome.out) == (verdict != "cannot tell")
    assert ("  to be sure " in outcome.out) == (verdict == "cannot tell")


def test_the_answer_names_what_proves_it_and_what_to_bill_instead(run: Run, releases_home: Home) -> None:
    outcome = run("valid", "J1940", "--on", "2025-04-01", "--home", releases_home.folder)
    assert outcome.out.splitlines()[1:3] == [
        "  why          ended: its last valid day was 2025-03-31",
        "  proven by    2025-10@1: 8,846 codes, complete, effective 2025-10-01, from HCPC2025_OCT_ANWEB_v3.xlsx",
    ]
    assert "  instead      J1938 (suggested, 20 units for 1): same drug (furosemide)" in outcome.out
    declared = run("valid", "C9058", "--on", "2020-07-01", "--home", releases_home.folder)
    assert re.search(r"^  instead +Q5120 \(declared", declared.out, re.MULTILINE)


def test_what_a_file_left_out_is_told_beside_the_answer(run: Run, releases_home: Home) -> None:
    def note(code: str, day: str) -> str:
        outcome = run("valid", code, "--on", day, "--home", releases_home.folder)
        told = re.search(r"^  note +(.*(?:\n {10,}.*)*)", outcome.out, re.MULTILINE)
        return " ".join(told[1].split()) if told else ""

    assert note("DA", "2019-06-01") == "2019@1 does not hold it; 2025-10@1 has it as if it had never left"
    assert note("DA", "2018-06-01") == ""
    assert note("C9803", "2020-03-01") == "2020@1 does not hold it; 2025-10@1 has it valid from 2020-03-01"
    assert note("E0101", "2025-06-01") == "did you mean E0110?"


def test_the_release_to_import_is_named(run: Run, releases_home: Home) -> None:
    outcome = run("valid", "A0021", "--on", "2026-05-01", "--home", releases_home.folder)
    assert "import the release of 2026-04: tracker fetch 2026-04" in " ".join(outcome.out.split())


def test_json(run: Run, releases_home: Home) -> None:
    outcome = run("valid", "J1940", "--on", "2025-04-01", "--format", "json", "--home", releases_home.folder)
    told = json.loads(outcome.out)
    assert (outcome.code, outcome.err) == (0, "")
    assert told["successors"][0] | {"why": "", "score": 1} == {
        "code": "J1938",
        "basis": "suggested",
        "score": 1,
        "units": 20.0,
        "why": "",
    }
    assert (told["code"], told["day"], told["verdict"], told["known_on"]) == ("J1940", "2025-04-01", "no", None)
    assert (told["first_valid_day"], told["last_valid_day"]) == ("1982-01-01", "2025-03-31")
    assert (told["proof"]["name"], told["proof"]["complete"], told["missing"]) == ("2025-10@1", True, None)
    assert told["description"] is None
    told = json.loads(
        run("valid", "G9890", "--on", "2018-02-01", "--format", "json", "--home", releases_home.folder).out
    )
    assert (told["verdict"], told["last_valid_day"], told["described_by"]) == ("yes", "2018-03-31", "2018@1")
    assert told["description"].startswith("Dilated macular exam")


# ---------------------------------------------------------------- made-up releases


@pytest.fixture
def stored_small(take_in: Import, run: Run) -> Run:
    """Store January and April 2025: one code ends, one has ended before anybody was told, one is added."""
    january = {
        "A0001": values("A0001"),
        "J1940": values("J1940", LONG_DESCRIPTION="Injection, furosemide, up to 20 mg"),
        "M0220": values("M0220"),
        "KX": values("KX"),
    }
    ended = {"ACTION CD": "D", "ACT EFF DT": "20250401", "TERM DT": "20250331"}
    april = {
        **january,
        "J1938": values("J1938", ADD_DT="20250401", ACT_EFF_DT="20250401", ACTION_CD="A"),
        "J1940": {**january["J1940"], **ended},
        "M0220": {**january["M0220"], **ended, "ACT EFF DT": "20241213", "TERM DT": "20241212"},
    }
    take_in("HCPC2025_JAN_ANWEB_12172024.txt", january)
    take_in("HCPC2025_APR_ANWEB_03102025.txt", april)
    return run


@pytest.mark.parametrize(
    ("code", "day", "known_on", "verdict"),
    [
        ("J1940", "2025-03-31", "2025-03-09", "yes"),
        ("J1940", "2025-03-31", "2025-03-10", "yes"),
        ("J1940", "2025-04-01", "2025-03-09", "cannot tell"),
        ("J1940", "2025-04-01", "2025-03-10", "no"),
        # the end was published three months after the day from which it holds
        ("M0220", "2025-01-15", "2025-03-09", "yes"),
        ("M0220", "2025-01-15", "2025-03-10", "no"),
        ("M0220", "2024-12-12", "2025-03-10", "yes"),
        ("J1938", "2025-04-01", "2025-03-10", "yes"),
        ("J1938", "2025-02-01", "2025-03-09", "no"),
    ],
)
def test_known_on(stored_small: Run, code: str, day: str, known_on: str, verdict: str) -> None:
    assert first_line(stored_small, code, "--on", day, "--known-on", known_on) == f"{code} on {day}: {verdict}"


def test_known_on_before_anything_was_published(stored_small: Run) -> None:
    outcome = stored_small("valid", "J1940", "--on", "2025-01-15", "--known-on", "2024-12-16")
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == "error: nothing that is stored was known on 2024-12-16: the earliest is of 2024-12-17\n"


def test_known_on_where_the_day_of_publication_is_not_known(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"J1940": values("J1940")})
    outcome = run("valid", "J1940", "--on", "2025-01-15", "--known-on", "2025-01-01")
    assert outcome.out.startswith("J1940 on 2025-01-15: yes\n")
    assert "on which day 2025@1 was published is not known: taken as known since 2025-01-01" in " ".join(
        outcome.out.split()
    )
    assert run("valid", "J1940", "--on", "2025-01-15", "--known-on", "2024-12-31").code == 3


def test_known_on_asks_the_revision_of_that_day(take_in: Import, run: Run) -> None:
    take_in("HCPC2026_JAN_ANWEB_12082025.txt", {"J1940": values("J1940"), "A0001": values("A0001")})
    ended = values("J1940", ACTION_CD="D", ACT_EFF_DT="20260101", TERM_DT="20251231")
    take_in("HCPC2026_JAN_ANWEB_01122026.txt", {"J1940": ended, "A0001": values("A0001")})
    assert first_line(run, "J1940", "--on", "2026-01-05", "--known-on", "2026-01-11").endswith(": yes")
    assert first_line(run, "J1940", "--on", "2026-01-05", "--known-on", "2026-01-12").endswith(": no")
    assert first_line(run, "J1940", "--on", "2026-01-05").endswith(": no")


def test_an_excerpt_cannot_tell_of_other_codes(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"J1940": values("J1940")}, complete=False)
    assert first_line(run, "J1940", "--on", "2025-02-01").endswith(": yes")
    outcome = run("valid", "J1941", "--on", "2025-02-01")
    assert outcome.out.startswith("J1941 on 2025-02-01: cannot tell\n  why          only excerpts are stored")
    assert "import the release of 2025:" in outcome.out


def test_a_gap_between_releases_cannot_tell_when_a_code_left(take_in: Import, run: Run) -> None:
    others = {f"A{number:04}": values(f"A{number:04}") for number in range(500)}
    take_in("HCPC2018.txt", {**others, "J1940": values("J1940")})
    take_in("HCPC2020.txt", others)
    assert first_line(run, "J1940", "--on", "2018-12-31").endswith(": yes")
    outcome = run("valid", "J1940", "--on", "2019-06-01")
    assert outcome.out.startswith("J1940 on 2019-06-01: cannot tell\n")
    assert "2018@1 holds it and 2020@1 does not: it left in between" in outcome.out
    assert "import the release of 2019:" in outcome.out
    assert first_line(run, "J1940", "--on", "2020-01-01").endswith(": no")


def test_words_that_changed_in_a_gap_are_told(take_in: Import, run: Run) -> None:
    take_in("HCPC2018.txt", {"A0001": values("A0001", LONG_DESCRIPTION="Cotton bandage, small")})
    take_in("HCPC2020.txt", {"A0001": values("A0001", LONG_DESCRIPTION="Cotton bandage, for one wound")})
    outcome = run("valid", "A0001", "--on", "2019-06-01")
    assert outcome.out.startswith("A0001 on 2019-06-01: yes\n")
    assert "Cotton bandage, small (as 2018@1 has it)" in outcome.out
    assert "reworded between 2018@1 and 2020@1: 2019, which would tell, is not stored" in outcome.out
    assert "reworded" not in run("valid", "A0001", "--on", "2018-06-01").out


def test_a_code_reactivated_before_all_that_is_stored(take_in: Import, run: Run) -> None:
    again = values("J0570", ADD_DT="20170101", ACT_EFF_DT="20251001", ACTION_CD="R")
    take_in("HCPC2025_OCT.txt", {"J0570": again})
    answers = {
        day: first_line(run, "J0570", "--on", day).rpartition(": ")[2]
        for day in ("2016-12-31", "2020-01-01", "2025-09-30", "2025-10-01")
    }
    assert list(answers.values()) == ["no", "cannot tell", "cannot tell", "yes"]


@pytest.mark.parametrize(("typed", "day"), [("3/31/2025", "2025-03-31"), ("31.03.2025", "2025-03-31")])
def test_a_day_that_can_only_be_one_is_understood(stored_small: Run, typed: str, day: str) -> None:
    assert first_line(stored_small, "j1940", "--on", typed) == f"J1940 on {day}: yes"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ("03/04/2025", "error: 03/04/2025 can be read in two ways: write 2025-03-04 or 2025-04-03\n"),
        ("2025-02-30", "error: '2025-02-30' is no day: write it as 2025-03-31\n"),
        ("soon", "error: 'soon' is no day: write it as 2025-03-31\n"),
    ],
)
@pytest.mark.parametrize("option", ["--on", "--known-on"])
def test_a_day_that_is_none_or_two(stored_small: Run, option: str, typed: str, told: str) -> None:
    days = {"--on": "2025-03-31", option: typed}
    outcome = stored_small("valid", "J1940", *(word for pair in days.items() for word in pair))
    assert outcome == (3, "", told)


def test_a_day_in_the_future(stored_small: Run) -> None:
    outcome = stored_small("valid", "A0001", "--on", "2031-02-01")
    assert outcome.out.startswith("A0001 on 2031-02-01: cannot tell\n")
    assert "import the release of 2031:" in outcome.out


def test_a_code_that_nobody_knows(stored_small: Run) -> None:
    outcome = stored_small("valid", "J1904", "--on", "2025-02-01")
    assert outcome.code == 0
    assert outcome.out.startswith("J1904 on 2025-02-01: no\n  why          in no stored release")
    assert "did you mean J1940?" in outcome.out


def test_a_code_that_is_none(stored_small: Run) -> None:
    outcome = stored_small("valid", "J194O", "--on", "2025-02-01")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(r"error: 'J194O' is no code: .*; did you mean J1940\?\n", outcome.err)


@pytest.mark.parametrize(("code", "system"), [("99213", "CPT"), ("0377T", "CPT"), ("d0120", "CDT")])
def test_codes_of_other_code_sets(stored_small: Run, code: str, system: str) -> None:
    outcome = stored_small("valid", code, "--on", "2025-02-01")
    assert outcome.code == 0
    assert outcome.out.startswith(f"{code.upper()} on 2025-02-01: cannot tell\n")
    assert f"a {system} code: not in this code set" in outcome.out
    assert "to be sure" not in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        ["valid"],
        ["valid", "J1940"],
        ["valid", "J1940", "--list", "claims.csv", "--on", "2025-02-01"],
        ["valid", "J1940", "--on", "2025-02-01", "-o", "answer.csv"],
        ["valid", "J1940", "--on", "2025-02-01", "--format", "html"],
    ],
)
def test_a_command_line_that_is_not_understood(stored_small: Run, arguments: list[str]) -> None:
    outcome = stored_small(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert "Error: Invalid value: " in outcome.err


def test_nothing_stored(run: Run) -> None:
    outcome = run("valid", "J1940", "--on", "2025-02-01")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(r"error: .*nothing is stored in .*tracker import FILE.*\n", outcome.err)


def test_a_code_is_read_as_people_type_it(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"A0001": values("A0001"), "KX": values("KX", TERM_DT="20241231")})
    outcome = run("valid", "HCPCS:a0001-KX-25", "--on", "2025-01-02")
    assert [line for line in outcome.out.splitlines() if " on " in line] == [
        "A0001 on 2025-01-02: yes",
        "KX on 2025-01-02: no",
    ]
    told = json.loads(run("valid", "A0001-KX", "--on", "2025-01-02", "--format", "json").out)
    assert (told["verdict"], [one["verdict"] for one in told["modifiers"]]) == ("yes", ["no"])
    assert run("show", "A0001-KX").out.startswith("A0001  procedure")
    assert run("history", "A0001 KX").out.startswith("A0001  procedure")


@pytest.mark.parametrize(("code", "what"), [("99213", "a CPT code"), ("25", "a CPT modifier"), ("D0120", "a CDT code")])
def test_codes_of_others_are_told_as_such(take_in: Import, run: Run, code: str, what: str) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"A0001": values("A0001")})
    assert f"why          {what}: not in this code set" in run("valid", code, "--on", "2025-01-02").out
    assert run("show", code).err.endswith(f"; it is {what}, and no release here holds those\n")


def test_a_record_in_force_says_what_became_of_it(take_in: Import, run: Run) -> None:
    take_in("HCPC2025_JAN_ANWEB.txt", {"A0001": values("A0001")})
    take_in("HCPC2025_OCT_ANWEB.txt", {"A0001": values("A0001", TERM_DT="20250331")})
    outcome = run("show", "a0001", "--on", "2025-03-31")
    assert outcome.out.startswith("A0001 on 2025-03-31: yes\n  why          valid from 2010-01-01 to 2025-03-31\n")
    assert "A0001  procedure in 2025@1" in outcome.out
