"""Small releases in CMS's text format, for tests that import them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from tracker.app.import_release import Imported, Options, import_path
from tracker.app.stored import open_stored
from tracker.hcpcs.catalogue import COLUMNS
from tracker.home import Home

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)

FILES = {
    "2017": "2017/2017-Alpha-Numeric-HCPCS-File.zip",
    "2018": "2018/2018-Alpha-Numeric-HCPCS-File.zip",
    "2019": "2019/2019-Alpha-Numeric-HCPCS-File.zip",
    "2020": "2020/2020-Alpha-Numeric-HCPCS-File.zip",
    "2025": "2025/hcpcs-2025.zip",
    "2025-10": "2025-10/HCPC2025_OCT_ANWEB_v3.xlsx",
}
"""CMS's own releases, in the folder that `releases_dir` gives."""

Values = Mapping[str, str]
Release = Mapping[str, Values]
Import = Callable[..., Imported]


def only_on(kind: str, reason: str) -> pytest.MarkDecorator:
    """Keep a test to `sqlite` or `postgresql`; the reason is for whoever reads the test."""
    return pytest.mark.parametrize("database_kind", [kind], indirect=True, scope="session")


class Outcome(NamedTuple):
    """How a command ended, and what it printed."""

    code: int
    out: str
    err: str


def take_in(home: Home, releases_dir: Path, labels: Iterable[str]) -> None:
    """Import CMS's own releases."""
    with open_stored(home, to_write=True) as stored:
        for label in labels:
            (imported,) = import_path(stored, releases_dir / FILES[label], Options(), NOW)
            assert (imported.release.name, imported.release.complete) == (f"{label}@1", True)
            assert imported.warnings == ()


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
