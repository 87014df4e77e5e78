"""docs/fields.md is written from the field catalogue: TRACKER_WRITE_DOCS=1 writes it anew."""

from __future__ import annotations

import os
from pathlib import Path

from tracker.hcpcs.catalogue import HCPCS

PAGE = Path(__file__).parents[1] / "docs/fields.md"

HEAD = """# Fields

Every field of a record, under the names that it has in different places. The *name* is that of JSON, CSV and snapshot
files, and permanent; in texts its words are parted by blanks. The *columns* are CMS's, in workbooks and in CSV files
that you make: only the code's column (`HCPC`, or `HCPCS`) and one other need be there; what is absent is not known and
not compared. The *label* is that of a per-code sheet, and of `tracker show`. Dates are `YYYYMMDD` or `YYYY-MM-DD`.

| name | facet | columns | label |
|---|---|---|---|
"""

EXAMPLE = """
A small table that can be imported with `tracker import codes.csv --release 2026`:

```csv
HCPC,LONG DESCRIPTION,COV,TERM DT
J1940,"Injection, furosemide, up to 20 mg",D,20250331
J1938,"Injection, furosemide, 1 mg",D,
```
"""


def page() -> str:
    rows = []
    for field in HCPCS.fields.values():
        columns = (
            f"`{field.columns[0]}`" if len(field.columns) == 1 else f"`{field.columns[0]}` to `{field.columns[-1]}`"
        )
        rows.append(f"| `{field.name}` | {field.facet} | {columns} | {field.label} |\n")
    return HEAD + "".join(rows) + EXAMPLE


def test_the_page_is_what_the_catalogue_says() -> None:
    if os.environ.get("TRACKER_WRITE_DOCS"):
        PAGE.write_text(page(), encoding="utf-8")
    assert PAGE.read_text(encoding="utf-8") == page()
