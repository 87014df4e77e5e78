"""docs/oddities.md is written from the list of known oddities: TRACKER_WRITE_DOCS=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.hcpcs.oddities import ODDITIES
from tracker.model import Oddity

PAGE = Path(__file__).parents[1] / "docs/oddities.md"

HEAD = """# Known oddities

CMS's files are not without faults. Whatever is odd in one becomes a *problem* of the release when the file is read:
stored with it, counted, and listed by `tracker problems RELEASE`. Problems that were looked at once are written down
here with their reasons, so that a new one stands out:

- *known*: this file, code, field and value are on this page;
- *known of other files*: code, field and value are on this page, but of another file, as when CMS's next workbook lacks
  the same dates again. Such a problem is new, and no surprise;
- *new*: all others. They stand first, a line each.

`tracker import --strict` refuses a release with *errors* (values that cannot be right, and are stored as they were
found) that are not known of its very file; nothing is stored then. Warnings (a value is doubtful, or not known) and
notes (the stored value is sure) do not hinder it. `tracker problems RELEASE --format json` is for scripts: its `counts`
say how many problems are `known` and `new`, and how many of the new ones are `alike` (known of other files); each
problem says whether it is `known`, and names its `oddity`.

That a problem is known changes nothing else: the value stays in doubt, and reports say so. `tracker doctor` looks at
the home, and not at problems of releases.

| release | file | oddities |
|---|---|---|
"""

REST = """
## What raises no problem

Read as it should be, or not to be told from what is right:

- G0503's long description goes on in a second row of the workbooks of 2019 and 2020, which is joined to the first.
- A question mark stands where a dash was in two long descriptions of 2017 to 2020, `1945?1965` in G9448 and `70?189` in
  G9676, and in seven more of 2020, `6 ? 20 weeks` in G2136 and the like. In 2025 all are mended.
- The workbooks write the sequence number with four digits, the texts with five. It is not stored.

## A new oddity

Look at what `tracker problems RELEASE` lists as new: in the file itself, and in the releases before and after. Can it
be explained? Then add it to `tracker/hcpcs/oddities.py`, by a pull request: an id, the release and the file's name as
CMS has it, the codes with field and value as the problem names them, the gravest severity that it explains, and a
reason that somebody else can verify. `TRACKER_WRITE_DOCS=1 make test` writes this page anew. With `TRACKER_RELEASES`
set, the tests hold the list against the files themselves: each of its cells must stand there, and all problems must be
listed.
What cannot be explained stays new: tell CMS.
"""


def oddities_markdown() -> str:
    files = sorted({file for oddity in ODDITIES for file in oddity.files})
    rows = [
        f"| {release} | `{file}` | {', '.join(_link(one) for one in ODDITIES if (release, file) in one.files)} |\n"
        for release, file in files
    ]
    return "".join((HEAD, *rows, *map(_section, ODDITIES), REST))


def _link(oddity: Oddity) -> str:
    return f"[`{oddity.id}`](#{oddity.id})"


def _section(oddity: Oddity) -> str:
    """Describe one oddity: severity and fields, what and why, then its codes by the value that stands there."""
    severity = {"note": "a note", "warning": "a warning", "error": "an error"}[oddity.severity]
    values: dict[tuple[str, str], list[str]] = {}
    for code, field, value in sorted(oddity.cells):
        values.setdefault((field, value), []).append(code)
    told = [
        f"- `{field}` {f'`{value.strip()}`' if value else 'blank'}: {' '.join(codes)}\n"
        for (field, value), codes in sorted(values.items())
    ]
    return f"\n## `{oddity.id}`\n\nat most {severity} · {oddity.what} {oddity.reason}\n\n{''.join(told)}"


def test_the_page_is_what_the_list_says() -> None:
    if os.environ.get("TRACKER_WRITE_DOCS"):
        PAGE.write_text(oddities_markdown(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == oddities_markdown()
