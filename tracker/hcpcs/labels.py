"""Release labels, and what CMS's file names tell: label, publisher's mark, day of publication.

The file names of ten years have no one pattern. What they share: the year stands behind `HCPC` or alone
(`HCPC17_CONTR_ANWEB`, `october-2025-alpha-numeric-hcpcs-file`), a quarter is named by its month (in users'
own names also as we label it, `2025-10`, or as `2025_Q4`), and whatever follows `ANWEB` is the publisher's mark
of the issue (`12172024`, `v3`, `disc`). A name that tells two releases, or a month without one, tells none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from tracker.errors import UnknownReleaseError

_QUARTERS: Final = ("01", "04", "07", "10")
_MONTHS: Final = {
    word: f"{number:02}"
    for number, words in enumerate(
        (
            "jan january q1", "feb february", "mar march", "apr april q2", "may", "jun june", "jul july q3",
            "aug august", "sep sept september", "oct october q4", "nov november", "dec december",
        ),
        start=1,
    )
    for word in words.split()
}  # fmt: skip
_LABELS: Final = tuple(
    re.compile(form.replace("YEAR", "(?P<year>(?:19|20)[0-9]{2})"))
    for form in (
        "YEAR",
        "YEAR[-/](?P<month>0[1-9]|1[0-2])",  # 2026-04, 2026/04
        "(?P<month>0[1-9]|1[0-2])/YEAR",
        "YEAR[-/ ]?(?P<month>q[1-4]|[a-z]+)",  # 2026q2, 2026-apr, 2026 april
        "(?P<month>q[1-4]|[a-z]+)[-/ ]?YEAR",
    )
)
_YEAR: Final = re.compile(r"(?:hcpcs?)?((?:19|20)\d\d)(q[1-4])?|hcpcs?(\d\d)")
_NUMBER: Final = re.compile(r"\d\d?")
QUARTERLY: Final = 2020
"""The first year in which CMS published more than one release."""
_CENTURY: Final = 49
"""The last two-digit year that is one of this century."""


@dataclass(frozen=True, slots=True)
class NameHints:
    """What a file name tells of the release in it; None where it does not."""

    label: str | None = None
    mark: str | None = None
    published: date | None = None


def parse_label(text: str) -> str:
    """Return the label as it is stored: `2026` for `2026` and `2026-01`, `2026-04` for itself.

    Other spellings: `2026Q2`, `2026-Q2`, `Q2 2026`, `April 2026`, `2026-apr`, `04/2026`, in any case.

    Raises:
        UnknownReleaseError: the text is no year or quarter.
    """
    words = " ".join(text.lower().split())
    found = next((match.groupdict() for form in _LABELS if (match := form.fullmatch(words))), {"year": "", "month": ""})
    year, told = found["year"], found.get("month", "01")
    month = _MONTHS.get(told, told)
    if month in _QUARTERS:
        return year if month == "01" else f"{year}-{month}"
    message = (
        f"{text!r} is not a release label: write the year (2026) for January, "
        "or 2026-04, 2026-07, 2026-10 for a later quarter"
    )
    if month in _MONTHS.values():
        message += f"; in that month {label_on(date(int(year), int(month), 1))} is in effect"
    raise UnknownReleaseError(message)


def effective_date(label: str) -> date:
    """Return the day on which the release takes effect: the first of its quarter."""
    year, _, month = label.partition("-")
    return date(int(year), int(month or "1"), 1)


def label_on(day: date) -> str:
    """Return the label of the release in effect on a day: `2025-10` for 2025-11-20."""
    return parse_label(f"{day.year}-{(day.month - 1) // 3 * 3 + 1:02}")


def labels_between(first: str, last: str) -> list[str]:
    """Return the labels of all releases from one to another, both included: one a year, and four since 2020."""
    begin, end = effective_date(first), effective_date(last)
    days = (date(year, month, 1) for year in range(begin.year, end.year + 1) for month in map(int, _QUARTERS))
    return [label_on(day) for day in days if begin <= day <= end and (day.month == 1 or day.year >= QUARTERLY)]


def name_hints(name: str) -> NameHints:
    """Return what a file's or zip member's name tells.

    `HCPC2025_JAN_ANWEB_12172024.txt` -> 2025, mark `12172024`, published 2024-12-17.
    """
    stem = re.sub(r"\s*\(\d+\)$", "", PurePosixPath(name).stem)  # `… (1)` is a browser's second copy
    tokens = re.split(r"[^A-Za-z0-9]+", stem)
    words = [token.lower() for token in tokens if token]
    end = words.index("anweb") if "anweb" in words else len(words)
    mark = "_".join(words[end + 1 :]) or None
    return NameHints(_label(words[:end], words[end + 1 :]), mark, _mark_date(mark))


def _label(words: list[str], marks: list[str]) -> str | None:
    """Return the label that the words of a name tell; of the publisher's marks only a quarter counts."""
    years = set()
    months = {_MONTHS[word] for word in words if word in _MONTHS}
    months |= {_MONTHS[word] for word in marks if _MONTHS.get(word) in _QUARTERS}
    for before, word, after in zip(["", *words], words, [*words[1:], ""], strict=False):
        match = _YEAR.fullmatch(word)
        if match is None:
            continue
        if _NUMBER.fullmatch(before):
            return None  # `10-2025`, or the end of a day
        years.add(match[1] or f"{20 if int(match[3]) <= _CENTURY else 19}{match[3]}")
        months |= {_MONTHS[match[2]]} if match[2] else set()
        months |= {after} if _NUMBER.fullmatch(after) else set()
    month = months.pop() if months else "01"
    if len(years) != 1 or months or month not in _QUARTERS:
        return None
    return parse_label(f"{years.pop()}-{month}")


def mark_order(mark: str | None) -> tuple[str, int] | None:
    """Return a mark's style and its place within that style, or None where marks do not tell the order.

    `12172024` -> ("date", 20241217); `v3` -> ("version", 3). Only marks of one style can be compared.
    """
    day = _mark_date(mark)
    if day is not None:
        return "date", day.year * 10_000 + day.month * 100 + day.day
    version = re.fullmatch(r"v(\d{1,4})", mark or "")
    return ("version", int(version[1])) if version else None


def _mark_date(mark: str | None) -> date | None:
    match = re.fullmatch(r"(\d\d)(\d\d)((?:19|20)\d\d)", mark or "")
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[1]), int(match[2]))
    except ValueError:
        return None
