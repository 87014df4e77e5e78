"""The limits of what the program reads, each with its reason. docs/limits.md lists them.

A file that is larger than anything of its kind is refused before it takes memory, disk or hours. Whoever has such a
file lifts the limit: `TRACKER_LIMIT_SOURCE_SIZE=4GiB`. The environment is read when a limit is asked for, and never on
import.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from typing import Final

from tracker.errors import TrackerError

_PREFIX: Final = "TRACKER_LIMIT_"
_UNITS: Final = {"": 1, "KIB": 1024, "MIB": 1024**2, "GIB": 1024**3}
_NUMBER: Final = re.compile(r"([0-9]{1,15})\s*(|[KMG]iB)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit: its name, its value unless the user says another, of what unit, what is limited, and why so."""

    name: str
    default: int
    unit: str
    what: str
    reason: str

    @property
    def variable(self) -> str:
        """The environment variable that sets it."""
        return _PREFIX + self.name

    @property
    def value(self) -> int:
        """What it is now.

        Raises:
            TrackerError: the user's value is no number above zero.
        """
        told = os.environ.get(self.variable, "").strip()
        if not told:
            return self.default
        match = _NUMBER.fullmatch(told)
        number = int(match[1]) * _UNITS[match[2].upper()] if match else 0
        if not number or (match and match[2] and self.unit != BYTES):
            form = "1000000 or 4GiB (KiB, MiB)" if self.unit == BYTES else "1000"
            raise TrackerError(f"{self.variable} is {told!r}: write a number of {self.unit} above zero, such as {form}")
        return number

    @property
    def hint(self) -> str:
        """What a message says behind what it refused: the limit, and how to lift it."""
        return f"(the limit is {shown(self.value, self.unit)}; {self.variable} lifts it)"


def shown(value: int, unit: str) -> str:
    """Return a limit as people read it: `256 MiB`, `600 seconds`."""
    if unit == BYTES:
        for name, size in (("GiB", 1024**3), ("MiB", 1024**2), ("KiB", 1024)):
            if value % size == 0:
                return f"{value // size:,} {name}"
    return f"{value:,} {unit}"


BYTES: Final = "bytes"

# ---------------------------------------------------------------- releases

SOURCE_SIZE: Final = Limit(
    "SOURCE_SIZE",
    1024**3,
    BYTES,
    "a file to import, or to read as a report or template",
    "CMS's largest has 5 MB; a full table of a code set a hundred times as large fits",
)
TABLE_SIZE: Final = Limit(
    "TABLE_SIZE",
    256 * 1024**2,
    BYTES,
    "a file to import that is read whole: a zip, workbook, table or sheet; only text records are read piece by piece",
    "CMS's largest has 3 MB",
)
ROWS: Final = Limit(
    "ROWS",
    1_048_576,
    "rows",
    "a table or workbook to import",
    "Excel's sheets have no more, CMS's 8,900; the records of a table are held in memory, 0.5 to 4 KB each",
)
OTHER_LINES: Final = Limit(
    "OTHER_LINES",
    100_000,
    "lines",
    "what stands in a file beside its records",
    "CMS's files have some dozen; each is told as a problem, and held in memory",
)
LINE_SIZE: Final = Limit(
    "LINE_SIZE",
    1024**2,
    BYTES,
    "a line of text records, of a table, or of a user's list",
    "a record's has 320, a list's some hundred; a file without line ends would be held whole",
)
SHEET_SIZE: Final = Limit(
    "SHEET_SIZE",
    1024**2,
    "characters",
    "a per-code sheet",
    "the known ones have 6,700; a longer text is something else",
)

# ---------------------------------------------------------------- zips and workbooks

UNPACKED_SIZE: Final = Limit(
    "UNPACKED_SIZE",
    256 * 1024**2,
    BYTES,
    "all members of a zip or workbook to import, unpacked, and the text that a workbook's cells share",
    "CMS's have 10 and 16 million; a zip bomb has no end",
)
MEMBERS: Final = Limit(
    "MEMBERS",
    4096,
    "members",
    "a zip or workbook",
    "CMS's zips have ten; a workbook has two for each sheet; each costs memory before anything is read",
)
CELLS: Final = Limit(
    "CELLS",
    16 * 1_049_999,
    "cells",
    "all sheets of a workbook, laid out as rectangles",
    "a release of CMS has 424,656, a list of a million rows may have 16 columns; each takes 32 bytes, filled or not",
)
OLD_WORKBOOK_MEMORY: Final = Limit(
    "OLD_WORKBOOK_MEMORY",
    2 * 1024**3,
    BYTES,
    "the memory of the process that reads an old workbook (.xls)",
    "the largest sheet that the format allows takes 1.5 GiB; a damaged file asks for any amount",
)
OLD_WORKBOOK_SECONDS: Final = Limit(
    "OLD_WORKBOOK_SECONDS",
    120,
    "seconds",
    "reading an old workbook (.xls)",
    "CMS's takes one; a damaged file may lead in circles",
)

# ---------------------------------------------------------------- users' lists, and what lies in a home

LIST_SIZE: Final = Limit(
    "LIST_SIZE",
    4 * 1024**3,
    BYTES,
    "a user's list as text, which is read piece by piece",
    "ten million rows of a hundred characters are a quarter of it",
)
LIST_WORKBOOK_SIZE: Final = Limit(
    "LIST_WORKBOOK_SIZE",
    1024**3,
    BYTES,
    "a user's list as workbook, packed as well as unpacked, or on standard input",
    "it is held in memory; a million rows of 16 columns unpack to half of it",
)
COLUMNS: Final = Limit(
    "COLUMNS",
    16_384,
    "columns",
    "a user's list, or a table to import",
    "Excel's sheets have no more; every column is looked at for codes",
)
SNAPSHOT_LINE_SIZE: Final = Limit(
    "SNAPSHOT_LINE_SIZE",
    16 * 1024**2,
    BYTES,
    "a line of a snapshot file",
    "a record's has 2,000; the first one names all codes that are known to be absent, ten bytes each",
)
POLICY_SIZE: Final = Limit(
    "POLICY_SIZE",
    1024**2,
    BYTES,
    "a policy file (tracker.toml)",
    "it is written by hand; ten thousand waivers fit",
)

# ---------------------------------------------------------------- the publisher

DOWNLOAD_SIZE: Final = Limit(
    "DOWNLOAD_SIZE", 100 * 1024**2, BYTES, "a zip that is downloaded", "CMS's largest has 3 million"
)
PAGE_SIZE: Final = Limit("PAGE_SIZE", 10 * 1024**2, BYTES, "the publisher's page", "CMS's has 0.2 million")
DOWNLOAD_SECONDS: Final = Limit(
    "DOWNLOAD_SECONDS",
    600,
    "seconds",
    "a page or download, all attempts together",
    "the largest takes a minute on a slow line",
)
SILENCE_SECONDS: Final = Limit(
    "SILENCE_SECONDS",
    30,
    "seconds",
    "the wait for a word from the publisher's server",
    "it answers within one",
)
RETRY_SECONDS: Final = Limit(
    "RETRY_SECONDS",
    60,
    "seconds",
    "the pause that the publisher's server may ask for",
    "who has to wait longer runs the command again later",
)

ALL: Final = tuple(limit for limit in globals().copy().values() if isinstance(limit, Limit))
"""All limits, in the order in which they are shown."""
