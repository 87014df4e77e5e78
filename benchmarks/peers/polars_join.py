"""polars: `polars_join.py diff OLD.csv NEW.csv` · `store FOLDER OLD.csv NEW.csv` · `stored FOLDER` (from Parquet).

`diff` and `stored` print the counts as JSON.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import polars as pl  # type: ignore[import-not-found,unused-ignore]  # in an environment of its own

command, *paths = sys.argv[1:]
if command == "stored":
    old, new = (pl.read_parquet(Path(paths[0]) / name) for name in ("old.parquet", "new.parquet"))
else:
    old, new = (pl.read_csv(path, infer_schema=False, empty_string_is_null=False) for path in paths[-2:])
if command == "store":
    folder = Path(paths[0])
    folder.mkdir()
    old.write_parquet(folder / "old.parquet")
    new.write_parquet(folder / "new.parquet")
else:
    added, removed = new.join(old, on="HCPC", how="anti"), old.join(new, on="HCPC", how="anti")
    differs = pl.any_horizontal(pl.col(name) != pl.col(f"{name}_right") for name in old.columns if name != "HCPC")
    changed = old.join(new, on="HCPC").filter(differs)
    print(json.dumps({"added": len(added), "removed": len(removed), "changed": len(changed)}))
