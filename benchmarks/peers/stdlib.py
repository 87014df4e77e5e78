"""The floor under every diff from files: Python's csv, a dict a release, compared. `stdlib.py OLD.csv NEW.csv`."""

from __future__ import annotations

import csv
import json
import sys


def read(path: str) -> dict[str, list[str]]:
    """Return the rows by the code in their first column."""
    with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123  pathlib would be measured too
        rows = csv.reader(file)
        next(rows)
        return {row[0]: row for row in rows}


old, new = map(read, sys.argv[1:])
added = [row for code, row in new.items() if code not in old]
removed = [row for code, row in old.items() if code not in new]
changed = [(old[code], row) for code, row in new.items() if code in old and old[code] != row]
print(json.dumps({"added": len(added), "removed": len(removed), "changed": len(changed)}))
