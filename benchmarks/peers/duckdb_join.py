"""DuckDB: `duckdb_join.py diff OLD.csv NEW.csv` · `store DATABASE OLD.csv NEW.csv` · `stored DATABASE`.

`diff` and `stored` fetch all rows that were added, removed or changed, both sides whole, and print the counts as JSON.
"""

from __future__ import annotations

import json
import sys

import duckdb  # type: ignore[import-not-found,unused-ignore]  # in an environment of its own

command, *paths = sys.argv[1:]
connection = duckdb.connect(paths[0] if command != "diff" else ":memory:", read_only=command == "stored")
if command != "stored":
    for table, path in zip(("old", "new"), paths[-2:], strict=True):
        query = f"CREATE TABLE {table} AS FROM read_csv(?, all_varchar = true)"
        connection.execute(query, [path])
if command != "store":
    names = [row[0] for row in connection.execute("DESCRIBE old").fetchall() if row[0] != "HCPC"]
    differs = " OR ".join(f'old."{name}" IS DISTINCT FROM new."{name}"' for name in names)
    found = {
        "added": "FROM new ANTI JOIN old USING (HCPC)",
        "removed": "FROM old ANTI JOIN new USING (HCPC)",
        "changed": f"SELECT old.*, new.* FROM old JOIN new USING (HCPC) WHERE {differs}",  # noqa: S608
    }
    print(json.dumps({name: len(connection.execute(query).fetchall()) for name, query in found.items()}))
connection.close()
