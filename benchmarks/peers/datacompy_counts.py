"""datacompy without its report: `datacompy_counts.py OLD.csv NEW.csv` prints the counts as JSON."""

from __future__ import annotations

import json
import sys

import datacompy  # type: ignore[import-not-found]  # in an environment of its own
import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]

old, new = (pd.read_csv(path, dtype=str, keep_default_na=False) for path in sys.argv[1:])
compared = datacompy.PandasCompare(old, new, join_columns="HCPC")
changed = compared.all_mismatch()
added, removed = len(compared.df2_unq_rows), len(compared.df1_unq_rows)
print(json.dumps({"added": added, "removed": removed, "changed": len(changed)}))
