"""CMS's transaction reports: a letter for each code."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.hcpcs.builders import workbook_of, zip_of
from tests.support import FILES
from tracker.errors import SourceError
from tracker.hcpcs.readers import transactions

NOTICE = ["Note regarding coverage and payment indicators for codes in CMS’ 2020 HCPCS Update", "", ""]
KEY = [["Action Codes", ""], ["A", "Add"], ["B", "Change in both Coverage & Long Description"], ["N", "No Change"]]
ROWS = [
    ["HCPC/MOD", "ACTION CD", "SHORT DESCRIPTION"],
    ["A1", "No Change", "Dressing for one wound"],
    ["J1940", "Discontinued", "Furosemide injection"],
    ["J1938", "ADD", "Furosemide injection"],
]
TOLD = {"A1": "N", "J1940": "D", "J1938": "A"}


def report(rows: Sequence[Sequence[object]] = ROWS) -> bytes:
    return workbook_of(rows)


def test_a_report_has_a_letter_for_each_code() -> None:
    assert transactions.read("trans.xlsx", report()) == TOLD


def test_notice_header_and_key_are_no_codes() -> None:
    data = workbook_of([NOTICE, [], *ROWS], {"Action Code Key": KEY, "Changes by Action Code": [NOTICE, *ROWS[::-1]]})
    assert transactions.read("trans.xlsx", data) == TOLD


# Every spelling of the reports of 2018 to 2025, and those of the keys.
@pytest.mark.parametrize(
    ("words", "letter"),
    [
        ("ADD", "A"),
        ("Add", "A"),
        (" Add ", "A"),
        ("Discontinued", "D"),
        ("Discontinue", "D"),
        ("Re-activated", "R"),
        ("Reactivated", "R"),
        ("No Change", "N"),
        ("No change", "N"),
        ("Change in both Coverage & Long Description", "B"),
        ("Coverage and Long Desc Change", "B"),
        ("Coverage and Long Description Change", "B"),
        ("Long Description Change", "C"),
        ("Change in Long Description", "C"),
        ("Short Description Change", "S"),
        ("Change in Short Description", "S"),
        ("Payment Change", "P"),
        ("Change in Payment", "P"),
        ("Coverage Change", "F"),
        ("Change in Coverage", "F"),
        ("Miscellaneous change (BETOS or Type of Service)", "T"),
    ],
)
def test_the_words_for_each_letter(words: str, letter: str) -> None:
    assert transactions.read("trans.xlsx", report([["J1940", words]])) == {"J1940": letter}


@pytest.mark.parametrize(
    "row", [["J1940", "perhaps"], ["J1940", ""], ["J1940"], ["j1940", "ADD"], ["99213", "ADD"], ["Address", "ADD"]]
)
def test_a_row_that_is_no_code_with_a_known_word_is_passed_over(row: list[str]) -> None:
    assert transactions.read("trans.xlsx", report([*ROWS, row])) == TOLD


@pytest.mark.parametrize("name", ["HCPC2019_Trans_Alpha.xlsx", "folder/HCPC18_TRANS_Report.XLSX"])
def test_the_report_is_found_in_its_zip(name: str) -> None:
    beside = {"trans/HCPC2019_CONTR_ANWEB.xlsx": b"not this one", "notes.txt": b"x", "__MACOSX/._Trans.xlsx": b"x"}
    data = zip_of({**beside, name: report()})
    assert transactions.read("2019.zip", data) == TOLD


def test_a_protected_report_says_so() -> None:
    data = bytearray(zip_of({"trans.xlsx": report()}))
    for place in (data.index(b"PK\3\4") + 6, data.rindex(b"PK\1\2") + 8):
        data[place] |= 1
    with pytest.raises(SourceError, match="protected by a password"):
        transactions.read("a.zip", bytes(data))


BAD = {
    "empty.xlsx": (b"", "cannot be read"),
    "text.xlsx": (b"J1940,ADD\n", "cannot be read"),
    "cut.xlsx": (report()[:2000], "cannot be read|holds no transaction report"),
    "cut.zip": (zip_of({"trans.xlsx": report()})[:2000], "cannot be read"),
    "other.zip": (zip_of({"HCPC2019_CONTR_ANWEB.xlsx": report()}), "holds no transaction report"),
    "text.zip": (zip_of({"Trans_Report.txt": b"J1940 ADD"}), "holds no transaction report"),
    "bad.zip": (zip_of({"Trans.xlsx": b"no workbook"}), "cannot be read"),
    "records.xlsx": (workbook_of([["HCPC", "LONG DESCRIPTION"], ["J1940", "Injection"]]), "no code with its kind"),
    "nothing.xlsx": (workbook_of([]), "no code with its kind"),
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_report_is_one_sentence_that_names_the_file(name: str) -> None:
    data, sentence = BAD[name]
    with pytest.raises(SourceError, match=sentence) as caught:
        transactions.read(name, data)
    assert "\n" not in str(caught.value)
    assert str(caught.value).startswith((name, "Trans.xlsx"))


# Release -> codes by letter, counted in the report's own sheet.
REAL = {
    "2018": {"N": 6231, "A": 152, "P": 64, "C": 50, "D": 40, "S": 19, "F": 2},
    "2019": {"N": 6372, "A": 228, "C": 94, "D": 49, "P": 47, "S": 8, "B": 1, "F": 1},
    "2020": {"N": 6648, "A": 250, "D": 99, "C": 70, "P": 10, "S": 2},
    "2025": {"N": 8321, "A": 168, "D": 91, "C": 57, "P": 2, "S": 2, "T": 1},
}


@pytest.mark.parametrize("label", REAL)
def test_cms_own_reports(releases_dir: Path, label: str) -> None:
    path = releases_dir / FILES[label]
    told = transactions.read(path.name, path.read_bytes())
    assert {letter: list(told.values()).count(letter) for letter in REAL[label]} == REAL[label]
    assert set(told.values()) == set(REAL[label])
    with zipfile.ZipFile(io.BytesIO(path.read_bytes())) as bundle:
        (member,) = [name for name in bundle.namelist() if "trans" in name.lower() and name.endswith(".xlsx")]
        assert transactions.read(member, bundle.read(member)) == told


def test_a_release_without_a_report_says_so(releases_dir: Path) -> None:
    path = releases_dir / FILES["2025-10"]
    with pytest.raises(SourceError, match="no code with its kind of change in it"):
        transactions.read(path.name, path.read_bytes())
