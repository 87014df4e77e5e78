"""pandas: `pandas_join.py diff OLD.csv NEW.csv` · `store FOLDER OLD.csv NEW.csv` · `stored FOLDER` (from Parquet).

`diff` and `stored` print the counts as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd  # type: ignore[import-not-found,import-untyped,unused-ignore]  # in an environment of its own

command, *paths = sys.argv[1:]
if command == "stored":
    old, new = (pd.read_parquet(Path(paths[0]) / name) for name in ("old.parquet", "new.parquet"))
else:
    old, new = (pd.read_csv(path, dtype=str, keep_default_na=False).set_index("HCPC") for path in paths[-2:])
if command == "store":
    folder = Path(paths[0])
    folder.mkdir()
    old.to_parquet(folder / "old.parquet")
    new.to_parquet(folder / "new.parquet")
else:
    added, removed = new.loc[new.index.difference(old.index)], old.loc[old.index.difference(new.index)]
    both = old.index.intersection(new.index)
    before, after = old.loc[both], new.loc[both]
    differs = (before != after).any(axis=1)
    changed = before[differs].join(after[differs], rsuffix=" new")
    print(json.dumps({"added": len(added), "removed": len(removed), "changed": len(changed)}))
