"""DeepDiff on two whole releases: `deepdiff_alone.py OLD.csv NEW.csv` prints the counts as JSON."""

from __future__ import annotations

import csv
import json
import sys
from pathlib import Path

from deepdiff import DeepDiff


def read(path: str) -> dict[str, dict[str, str]]:
    """Return the rows by code, each by column."""
    with Path(path).open(encoding="utf-8", newline="") as file:
        return {row["HCPC"]: row for row in csv.DictReader(file)}


old, new = map(read, sys.argv[1:])
touched = len(DeepDiff(old, new, threshold_to_diff_deeper=0).affected_root_keys)
added, removed = len(new.keys() - old.keys()), len(old.keys() - new.keys())
print(json.dumps({"added": added, "removed": removed, "changed": touched - added - removed}))
