"""The known oddities of CMS's files, written down with their reasons, so that a new one stands out. Pure.

An oddity is known of the very files, codes and values that are named here: the same in another file is new
there, and somebody has to look at it. `docs/oddities.md` is written from this list, and a test holds it against
the files themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tracker.model import Cell, Oddity, Problem, Severity, Sifted

if TYPE_CHECKING:
    from collections.abc import Iterable

_TEXT_2017, _BOOK_2017 = "HCPC17_CONTR_ANWEB.txt", "HCPC17_CONTR_ANWEB.xlsx"
_TEXT_2018, _BOOK_2018 = "HCPC2018_CONTR_ANWEB_disc.txt", "HCPC2018_CONTR_ANWEB_disc.xlsx"
_TEXT_2019, _BOOK_2019 = "HCPC2019_CONTR_ANWEB.txt", "HCPC2019_CONTR_ANWEB.xlsx"
_TEXT_2020, _BOOK_2020 = "HCPC2020_ANWEB_w_disclaimer.txt", "HCPC2020_ANWEB_w_disclaimer.xls"
_BOOK_2025, _BOOK_2025_10 = "HCPC2025_JAN_ANWEB_12172024.xlsx", "HCPC2025_OCT_ANWEB_v3.xlsx"

_WITHOUT_ACTION_DATE: Final = """
    A0130 A0180 A0190 A0200 A0210 A4580 A4590 A4635 A4640 C1883 E0500 E0565 G0118 L0810 L0820 L0830 L1080 L1310 L2250
    L2260 L2270 L2280 L2300 L2310 L2335 L2340 L2350 L2360 L2375 L2380 L2385 L2390 L2395 L2520 L2530 L2540 L2550 L5632
    L5636 L5638 L5640 L5642 L5643 L5644 L5647 L5649 L5651 L5652 L5653 L5654 L5655 L5656 L5658 L5670 L5672 L5680 L5682
    L5684 L5686 L5688 L5690 L5692 L5694 L5696 L5697 L5698 L5710 L5712 L5714 L5716 L5718 L5722 L5724 L5726 L5728 L5780
    L5850 L5910 L5940 L5950 L5960 L6615 L6623 L6625 L6628 L6629 L6630 L6632 L6635 L6637 L6641 L6642 L6645 L6650 L6655
    L6660 L6665 L6670 L6672 L6680 L6682 L6684 L6686 L6689 L6690 L6691 V2102 V2109 V2209 V2210 V2219 V2303 V2314 V2502
    V2522
"""
_BLANK: Final = ""
_CUT_OFF: Final = (
    " focused treatment strategies;  monitoring of patient outcomes using validated rating scales; and relapse "
    "prevention planning with patients as they achieve remission of symptoms and/or other treatment"
)
"""Where the workbook of January 2025 ends G0503: its last 200 characters, as a problem keeps them."""


def _cells(field: str, values: dict[str, str]) -> frozenset[Cell]:
    """Return the cells of one field; `values` by codes, which blanks separate."""
    return frozenset((code, field, value) for codes, value in values.items() for code in codes.split())


ODDITIES: Final = (
    Oddity(
        "action-date-blank",
        frozenset(
            {
                ("2019", _BOOK_2019),
                ("2020", _TEXT_2020),
                ("2020", _BOOK_2020),
                ("2025", _BOOK_2025),
                ("2025-10", _BOOK_2025_10),
            }
        ),
        _cells("action_effective_date", {_WITHOUT_ACTION_DATE: _BLANK}),
        Severity.WARNING,
        "The action effective date of 115 old codes is blank.",
        "CMS's workbooks lack it since 2019, and so does the text of 2020; the texts of 2018, 2019 and January 2025 "
        "have the day on which the code was added, under action N.",
    ),
    Oddity(
        "action-date-blank-a5513",
        frozenset({("2019", _TEXT_2019), ("2019", _BOOK_2019)}),
        _cells("action_effective_date", {"A5513": _BLANK}),
        Severity.WARNING,
        "The action effective date of A5513 is blank.",
        "Both files of 2019 lack it beside action B; the files since 2020 have 2019-01-01.",
    ),
    Oddity(
        "action-date-blank-c9600",
        frozenset({("2025", _BOOK_2025), ("2025-10", _BOOK_2025_10)}),
        _cells("action_effective_date", {"C9600": _BLANK}),
        Severity.WARNING,
        "The action effective date of C9600 is blank.",
        "The workbooks of 2025 lack it; the text of January 2025 has the day on which the code was added, 2013-01-01.",
    ),
    Oddity(
        "action-date-blank-j8560",
        frozenset({("2025-10", _BOOK_2025_10)}),
        _cells("action_effective_date", {"J8560": _BLANK}),
        Severity.WARNING,
        "The action effective date of J8560 is blank.",
        "All files before have 1997-01-01, which is not the day on which the code was added: a blank date cannot be "
        "told from the added one.",
    ),
    Oddity(
        "action-date-differs",
        frozenset({("2017", _BOOK_2017)}),
        _cells("action_effective_date", {"L5638 L5640": "19860101", "L5643": "19880101"}),
        Severity.WARNING,
        "The workbook has another action effective date than the text.",
        "The text is wrong: whatever file has a date since has the workbook's, on which the code was added.",
    ),
    Oddity(
        "cells-shifted",
        frozenset({("2018", _TEXT_2018), ("2018", _BOOK_2018)}),
        _cells("asc_group", {"C9488 C9745 C9746 C9747 C9748": "20"})
        | _cells("asc_date", {"C9488": "170401", "C9745 C9746 C9747": "170701", "C9748": "180101"}),
        Severity.ERROR,
        "The first two digits of the ASC date stand in the ASC group.",
        "Both files of the re-issue of March 2018 have the date two places too far left, over the group; those still "
        "paid have the group YY and the very date in 2019.",
    ),
    Oddity(
        "description-cut-off",
        frozenset({("2025", _BOOK_2025)}),
        _cells("long_description", {"G0503": _CUT_OFF}),
        Severity.WARNING,
        "The long description of G0503 lacks its end.",
        "The workbooks of 2019 and 2020 have its last 58 characters in a second row, and that of January 2025 lacks "
        "this row; the text has it whole.",
    ),
    Oddity(
        "type-of-service-rental",
        frozenset({("2019", _BOOK_2019), ("2025", _BOOK_2025)}),
        _cells("types_of_service", {"E0210 E0776": "R"}),
        Severity.NOTE,
        "The fourth type of service, R (rental), is blank in the text.",
        "The workbooks of 2019 and 2025 have it, as both files of 2017 and 2020 do; both of 2018 lack it.",
    ),
)
"""All known oddities by id. Ids are permanent: scripts name them."""

_RANKS: Final = tuple(Severity)


def explain(release: str, problem: Problem) -> Oddity | None:
    """Return the known oddity that a problem comes from; None if it is new.

    Our words for a problem play no part: the archive keeps those of the program that read the file.

    Args:
        release: the label of the release: `2025-10`.
        problem: one of its problems.
    """
    return next((one for one in ODDITIES if (release, problem.file) in one.files and _fits(one, problem)), None)


def resembles(problem: Problem) -> Oddity | None:
    """Return the oddity that would explain a problem if it were known of its file as well."""
    return next((one for one in ODDITIES if _fits(one, problem)), None)


def _fits(oddity: Oddity, problem: Problem) -> bool:
    cell = (problem.code, problem.field, problem.raw)
    return cell in oddity.cells and _RANKS.index(problem.severity) <= _RANKS.index(oddity.severity)


def sift(release: str, problems: Iterable[Problem]) -> Sifted:
    """Tell the new problems of a release from those that are known, each in the order of the problems."""
    new: list[Problem] = []
    alike: dict[Oddity, list[Problem]] = {}
    known: dict[Oddity, list[Problem]] = {}
    for problem in problems:
        if (oddity := explain(release, problem)) is not None:
            known.setdefault(oddity, []).append(problem)
        elif (oddity := resembles(problem)) is not None:
            alike.setdefault(oddity, []).append(problem)
        else:
            new.append(problem)
    return Sifted(new, alike, known)
