"""Release labels, and what CMS's file names tell: label, publisher's mark, day of publication.

The file names of ten years have no one pattern. What they share: the year stands behind `HCPC` or alone
(`HCPC17_CONTR_ANWEB`, `october-2025-alpha-numeric-hcpcs-file`), a quarter is named by its month (in users'
own names also as we label it, `2025-10`), and whatever follows `ANWEB` is the publisher's mark of the issue
(`12172024`, `v3`, `disc`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final

from tracker.errors import UnknownReleaseError

_MONTHS: Final = {"jan": "01", "apr": "04", "jul": "07", "oct": "10"}
_QUARTER: Final = re.compile(r"(?<!\d)(?:19|20)\d\d[-_](01|04|07|10)(?!\d)")
_LABEL: Final = re.compile(r"((?:19|20)\d\d)(?:-(01|04|07|10))?")
_YEAR: Final = re.compile(r"(?:hcpcs?)?((?:19|20)\d\d)|hcpcs?(\d\d)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class NameHints:
    """What a file name tells of the release in it; None where it does not."""

    label: str | None = None
    mark: str | None = None
    published: date | None = None


def parse_label(text: str) -> str:
    """Return the label as it is stored: `2026` for `2026` and `2026-01`, `2026-04` for itself.

    Raises:
        UnknownReleaseError: the text is no year or quarter.
    """
    match = _LABEL.fullmatch(text.strip())
    if match is None:
        message = (
            f"{text!r} is not a release label: write the year (2026) for January, "
            "or 2026-04, 2026-07, 2026-10 for a later quarter"
        )
        raise UnknownReleaseError(message)
    year, month = match.groups()
    return year if month in (None, "01") else f"{year}-{month}"


def effective_date(label: str) -> date:
    """Return the day on which the release takes effect: the first of its quarter."""
    year, _, month = label.partition("-")
    return date(int(year), int(month or "1"), 1)


def label_on(day: date) -> str:
    """Return the label of the release in effect on a day: `2025-10` for 2025-11-20."""
    return parse_label(f"{day.year}-{(day.month - 1) // 3 * 3 + 1:02}")


def name_hints(name: str) -> NameHints:
    """Return what a file's or zip member's name tells.

    `HCPC2025_JAN_ANWEB_12172024.txt` -> 2025, mark `12172024`, published 2024-12-17.
    """
    stem = re.sub(r"\s*\(\d+\)$", "", PurePosixPath(name).stem)  # `… (1)` is a browser's second copy
    tokens = re.split(r"[^A-Za-z0-9]+", stem)
    year = next((m[1] or f"20{m[2]}" for m in map(_YEAR.fullmatch, tokens) if m), None)
    number = _QUARTER.search(stem)
    month = next((_MONTHS[token[:3].lower()] for token in tokens if _is_quarter(token)), number[1] if number else "01")
    lowered = [token.lower() for token in tokens]
    rest = tokens[lowered.index("anweb") + 1 :] if "anweb" in lowered else []
    mark = "_".join(token for token in rest if token).lower() or None
    return NameHints(parse_label(f"{year}-{month}") if year else None, mark, _mark_date(mark))


def mark_order(mark: str | None) -> tuple[str, int] | None:
    """Return a mark's style and its place within that style, or None where marks do not tell the order.

    `12172024` -> ("date", 20241217); `v3` -> ("version", 3). Only marks of one style can be compared.
    """
    day = _mark_date(mark)
    if day is not None:
        return "date", day.year * 10_000 + day.month * 100 + day.day
    version = re.fullmatch(r"v(\d{1,4})", mark or "")
    return ("version", int(version[1])) if version else None


def _is_quarter(token: str) -> bool:
    return re.fullmatch(r"(jan|apr|jul|oct)[a-z]*", token, re.IGNORECASE) is not None


def _mark_date(mark: str | None) -> date | None:
    match = re.fullmatch(r"(\d\d)(\d\d)((?:19|20)\d\d)", mark or "")
    if match is None:
        return None
    try:
        return date(int(match[3]), int(match[1]), int(match[2]))
    except ValueError:
        return None
