"""Small releases in CMS's text format, for tests that import them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from tracker.app.import_release import Imported
from tracker.hcpcs.catalogue import COLUMNS

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

Values = Mapping[str, str]
Release = Mapping[str, Values]
Import = Callable[..., Imported]


def values(code: str, **changed: str) -> dict[str, str]:
    """Return the columns of a plain record; keywords name columns, an underscore standing for a blank."""
    plain = {
        "LONG DESCRIPTION": f"Description of {code.lower()}",
        "SHORT DESCRIPTION": f"Short {code.lower()}",
        "PRICE1": "51",
        "MULT_PI": "A",
        "COV": "C",
        "BETOS": "O1E",
        "TOS1": "1",
        "ADD DT": "20100101",
        "ACT EFF DT": "20100101",
        "ACTION CD": "N",
    }
    by_spelling = {column.replace(" ", "_"): column for column in COLUMNS}
    return plain | {by_spelling[name]: value for name, value in changed.items()}


def record_text(release: Release) -> bytes:
    """Render records as CMS's text: 320 characters a line, no description longer than one line."""
    lines = []
    for code, columns in release.items():
        line = [" "] * 320
        kind = "7" if len(code) == 2 else "3"
        line[:11] = f"{code:>5}00100{kind}"
        for column, value in columns.items():
            field = COLUMNS[column]
            begin = field.position + field.columns.index(column) * field.width
            line[begin : begin + field.width] = value.ljust(field.width)
        lines.append("".join(line) + "\r\n")
    return "".join(lines).encode("cp1252")
