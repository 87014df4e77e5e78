"""Known oddities: what explains a problem, and whether the list says what stands in CMS's own files."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest

from tests.hcpcs.builders import normalise
from tests.hcpcs.conftest import ReadRelease
from tests.support import FILES
from tracker.hcpcs.oddities import ODDITIES, explain, resembles, sift
from tracker.hcpcs.readers import recognise
from tracker.model import Problem, Severity

BLANK = Problem(
    Severity.WARNING,
    "any words",
    "HCPC2025_OCT_ANWEB_v3.xlsx",
    "cell AT17",
    "A0130",
    "action_effective_date",
)
SHIFTED = Problem(
    Severity.ERROR, "any words", "HCPC2018_CONTR_ANWEB_disc.txt", "line 1884", "C9488", "asc_date", "170401"
)

KNOWN = {
    "2017": {"action-date-differs": 3},
    "2018": {"cells-shifted": 10},
    "2019": {"action-date-blank": 115, "action-date-blank-a5513": 1, "type-of-service-rental": 2},
    "2020": {"action-date-blank": 115},
    "2025": {
        "action-date-blank": 115,
        "action-date-blank-c9600": 1,
        "type-of-service-rental": 2,
        "description-cut-off": 1,
    },
    "2025-10": {"action-date-blank": 115, "action-date-blank-c9600": 1, "action-date-blank-j8560": 1},
}
"""How many problems of each release come from which oddity."""

ALONE = {
    "2017": {".txt": {}, ".xlsx": {}},
    "2018": {".txt": {"cells-shifted": 10}, ".xlsx": {"cells-shifted": 10}},
    "2019": {
        ".txt": {"action-date-blank-a5513": 1},
        ".xlsx": {"action-date-blank": 115, "action-date-blank-a5513": 1},
    },
    "2020": {".txt": {"action-date-blank": 115}, ".xls": {"action-date-blank": 115}},
    "2025": {".txt": {}, ".xlsx": {"action-date-blank": 115, "action-date-blank-c9600": 1}},
}
"""The same for the text and the workbook of a zip, each by itself."""


def id_of(release: str, problem: Problem) -> str | None:
    oddity = explain(release, problem)
    return oddity.id if oddity else None


def test_a_known_cell_of_a_known_file_is_explained() -> None:
    assert id_of("2025-10", BLANK) == "action-date-blank"
    assert id_of("2025-10", replace(BLANK, message="other words", where="", severity=Severity.NOTE)) == (
        "action-date-blank"
    )
    assert id_of("2018", SHIFTED) == "cells-shifted"


@pytest.mark.parametrize(
    ("release", "problem"),
    [
        ("2026", BLANK),
        ("2025-10", replace(BLANK, file="HCPC2025_OCT_ANWEB_v4.xlsx")),
        ("2025-10", replace(BLANK, code="A0140")),
        ("2025-10", replace(BLANK, field="added_date")),
        ("2025-10", replace(BLANK, raw="20250230")),
        ("2025-10", replace(BLANK, severity=Severity.ERROR)),
        ("2018", replace(SHIFTED, raw="170701")),
        ("2018", replace(SHIFTED, code="C9745")),
        ("2018", replace(SHIFTED, code="", field="", raw="")),
    ],
)
def test_the_like_elsewhere_is_new(release: str, problem: Problem) -> None:
    assert explain(release, problem) is None


def test_what_another_file_has_too_is_told_from_what_none_has() -> None:
    next_book = replace(BLANK, file="HCPC2026_JAN_ANWEB_12082025.xlsx")
    unheard_of = replace(next_book, code="A0140")
    assert resembles(next_book) == explain("2025-10", BLANK)
    assert resembles(unheard_of) is None
    sifted = sift("2026", [next_book, unheard_of])
    assert sifted.new == [unheard_of]
    assert [(one.id, found) for one, found in sifted.alike.items()] == [("action-date-blank", [next_book])]
    assert sifted.known == {}


def test_all_problems_are_sifted_and_keep_their_order() -> None:
    other = replace(BLANK, code="A0180")
    odd = replace(BLANK, code="A0140")
    sifted = sift("2025-10", [odd, other, BLANK, odd])
    assert sifted.new == [odd, odd]
    assert list(sifted.known.values()) == [[other, BLANK]]
    assert sifted.alike == {}


def test_ids_are_apart_and_no_cell_of_a_file_is_explained_twice() -> None:
    assert len({oddity.id for oddity in ODDITIES}) == len(ODDITIES)
    cells = [(file, cell) for oddity in ODDITIES for file in oddity.files for cell in oddity.cells]
    assert len(set(cells)) == len(cells)


# CMS's own files


def of_zip(path: Path) -> Iterator[tuple[str, tuple[Problem, ...]]]:
    """Read the text and the workbook of a zip, each by itself."""
    with zipfile.ZipFile(path) as bundle:
        for name in bundle.namelist():
            if "ANWEB" in name and "Corrections" not in name:
                raw = recognise.read(name, BytesIO(bundle.read(name)))
                yield Path(name).suffix, normalise(raw).problems


def ids(release: str, problems: tuple[Problem, ...]) -> Counter[str]:
    """Count the problems by the oddity that explains them; none is new."""
    sifted = sift(release, problems)
    assert (sifted.new, sifted.alike) == ([], {})
    return Counter({oddity.id: len(found) for oddity, found in sifted.known.items()})


def cells(release: str, problems: tuple[Problem, ...]) -> set[tuple[str, str, tuple[str, str, str]]]:
    return {(release, one.file, (one.code, one.field, one.raw)) for one in problems}


def test_the_list_says_what_stands_in_the_files_and_nothing_else(releases_dir: Path, read_release: ReadRelease) -> None:
    found = set()
    for release, known in KNOWN.items():
        problems = read_release(release)[1].problems
        assert ids(release, problems) == known
        found |= cells(release, problems)
    for release, files in ALONE.items():
        read = dict(of_zip(releases_dir / FILES[release]))
        assert {ending: ids(release, problems) for ending, problems in read.items()} == files
        found |= set().union(*(cells(release, problems) for problems in read.values()))
    assert found == {(*file, cell) for oddity in ODDITIES for file in oddity.files for cell in oddity.cells}


def test_the_reasons_are_true(read_release: ReadRelease) -> None:
    """Zips give the text's value where both files have one."""

    def value(release: str, code: str, field: str) -> object:
        return records[release][code].values.get(field)

    records = {release: {one.code: one for one in read_release(release)[1].records} for release in KNOWN}
    cells = {oddity.id: sorted(oddity.cells) for oddity in ODDITIES}
    for release in ("2018", "2019", "2025"):
        for code, field, _ in cells["action-date-blank"]:
            assert value(release, code, field) == value(release, code, "added_date")
            assert value(release, code, "action_code") == "N"
    assert len(cells["action-date-blank"]) == 115
    assert value("2019", "A5513", "action_code") == "B"
    assert [value(later, "A5513", "action_effective_date") for later in ("2020", "2025", "2025-10")] == 3 * [
        "2019-01-01"
    ]
    assert value("2025", "C9600", "action_effective_date") == value("2025", "C9600", "added_date") == "2013-01-01"
    assert {value(release, "J8560", "action_effective_date") for release in KNOWN} == {"1997-01-01", None}
    assert value("2025", "J8560", "added_date") == "1995-01-01"
    for code, field, wrong in cells["action-date-differs"]:
        right = f"{wrong[:4]}-{wrong[4:6]}-{wrong[6:]}"
        assert [value(release, code, field) == right for release in KNOWN] == [False, True, True, False, True, False]
        assert value("2018", code, "added_date") == right
    paid = [code for code, field, _ in cells["cells-shifted"] if field == "asc_date" and value("2019", code, field)]
    assert paid == ["C9488", "C9745", "C9746", "C9747"]
    assert [str(value("2019", code, "asc_date")).replace("-", "") for code in paid] == [
        f"20{two}" for code, field, two in cells["cells-shifted"] if field == "asc_date" and code in paid
    ]
    assert {value("2019", code, "asc_group") for code in paid} == {"YY"}
    ((code, field, cut),) = cells["description-cut-off"]
    whole = str(value("2025", code, field))
    assert len(whole.partition(" ".join(cut.split()))[2].strip()) == 58
    has_rental = [
        "R" in str(value(release, code, "types_of_service"))
        for release in ("2017", "2018", "2020")
        for code in ("E0210", "E0776")
    ]
    assert has_rental == [True, True, False, False, True, True]


def test_what_raises_no_problem_is_as_the_page_says(read_release: ReadRelease) -> None:
    damaged = {}
    for release in KNOWN:
        texts = {one.code: str(one.values["long_description"]) for one in read_release(release)[1].records}
        damaged[release] = {code for code, text in texts.items() if "?" in text}
        if release <= "2020":
            assert ("1945?1965" in texts["G9448"], "70?189" in texts["G9676"]) == (True, True)
            assert len(texts["G0503"]) == 1247
    assert {release: len(codes) for release, codes in damaged.items()} == {
        **dict.fromkeys(("2017", "2018", "2019"), 2),
        "2020": 9,
        **dict.fromkeys(("2025", "2025-10"), 0),
    }
