"""CMS's transaction reports: every code of a release with its kind of change in words.

A workbook, alone or in the release's zip. The header differs from year to year (`HCPCS/Modifier Code` and `Type
of Change`, `HCPC/MOD` and `ACTION CD`) and stands below a notice; no old value and no date is told. Nothing of
it is stored: it is compared with what changed, and forgotten.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from tracker.errors import SourceError
from tracker.formats import spreadsheet
from tracker.formats.cells import text
from tracker.formats.unzip import DAMAGED, Zip

_CODE: Final = re.compile(r"[A-Z0-9]{2}|[A-Z]\d{4}")
_REPORT: Final = re.compile(r"(^|/)(?!\.)[^/]*trans[^/]*\.xlsx?$", re.IGNORECASE)
_LETTERS: Final = (
    ("A", r"add\b"),
    ("D", r"discontinue"),
    ("R", r"re-?activate"),
    ("N", r"no change"),
    ("B", r"(?=.*coverage)(?=.*long)"),
    ("C", r".*long"),
    ("S", r".*short"),
    ("P", r".*payment"),
    ("T", r"misc"),
    ("F", r".*coverage"),
)
"""Action code -> how a report names it, in the order in which the patterns are tried."""


def read(name: str, data: bytes) -> Mapping[str, str]:
    """Return the action code that CMS's report gives to each code of a release.

    Raises:
        SourceError: the file is no transaction report, and no zip that holds one.
    """
    try:
        name, data = _workbook(name, data)
    except DAMAGED as error:
        raise SourceError(f"{name}: the zip cannot be read ({error}): download it again") from error
    rows = (cells for sheet in spreadsheet.sheets(name, data, text).values() for _, cells in sheet if len(cells) > 1)
    told = ((cells[0].strip(), _letter(cells[1])) for cells in rows)
    found = {code: letter for code, letter in told if letter and _CODE.fullmatch(code)}
    if not found:
        raise SourceError(f"{name}: no code with its kind of change in it: give CMS's transaction report, or its zip")
    return found


def _workbook(name: str, data: bytes) -> tuple[str, bytes]:
    """Return the workbook, with its name, that stands alone or in a zip. An old one (.xls) is no zip itself."""
    if not data.startswith(b"PK"):
        return name, data
    zipped = Zip(name, data)
    members = zipped.names()
    if "[Content_Types].xml" in members:
        return name, data
    for member in members:
        if _REPORT.search(member):
            return member, zipped.read(member)
    raise SourceError(f"{name}: the zip holds no transaction report (a workbook with `Trans` in its name)")


def _letter(words: str) -> str | None:
    told = words.strip().lower()
    return next((letter for letter, pattern in _LETTERS if re.match(pattern, told)), None)
