"""The floor under every stored diff: two tables in SQLite, joined, nothing understood.

`sqlite_join.py store DATABASE OLD.csv NEW.csv` (or one release alone: the floor under an import) ·
`sqlite_join.py stored DATABASE` prints the counts as JSON.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys


def store(database: str, *paths: str) -> None:
    """Store one or two CSV files as the tables `old` and `new`, by the code in the first column."""
    connection = sqlite3.connect(database)
    for table, path in zip(("old", "new"), paths, strict=False):
        with open(path, encoding="utf-8", newline="") as file:  # noqa: PTH123  pathlib would be measured too
            header, *rows = csv.reader(file)
        names = ", ".join(f'"{name}" TEXT' for name in header[1:])
        connection.execute(f'CREATE TABLE {table} ("{header[0]}" TEXT PRIMARY KEY, {names}) WITHOUT ROWID')
        connection.executemany(f"INSERT INTO {table} VALUES ({', '.join('?' * len(header))})", rows)  # noqa: S608
    connection.commit()
    connection.close()


def stored(database: str) -> None:
    """Fetch all rows that were added, removed or changed, both sides whole."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    key, *names = (row[1] for row in connection.execute("PRAGMA table_info(old)"))
    join = f'"{key}"'
    differs = " OR ".join(f'old."{name}" IS NOT new."{name}"' for name in names)
    found = {
        "added": f"SELECT new.* FROM new LEFT JOIN old USING ({join}) WHERE old.{join} IS NULL",  # noqa: S608
        "removed": f"SELECT old.* FROM old LEFT JOIN new USING ({join}) WHERE new.{join} IS NULL",  # noqa: S608
        "changed": f"SELECT old.*, new.* FROM old JOIN new USING ({join}) WHERE {differs}",  # noqa: S608
    }
    print(json.dumps({name: len(connection.execute(query).fetchall()) for name, query in found.items()}))
    connection.close()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    (store if command == "store" else stored)(*arguments)
