"""doltlite, SQLite with versions: a table of codes, a commit a release.

`doltlite_commits.py store DATABASE CSV …` · `stored DATABASE` prints the counts of the last commit's diff as JSON ·
`ask DATABASE CODE …` prints the seconds that one code's history takes once the program runs, and how many versions
the codes have.
"""

from __future__ import annotations

import doltlite  # type: ignore[import-not-found,unused-ignore]  # isort: skip  # before sqlite3, whose library it replaces

import csv
import json
import sqlite3
import sys
import time
from pathlib import Path
from statistics import median

assert doltlite  # noqa: S101  imported for what it does


def store(database: str, *paths: str) -> None:
    """Commit one CSV file after the other, writing the rows that differ from the one before."""
    connection = sqlite3.connect(database, isolation_level=None)
    before: dict[str, list[str]] = {}
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        after = {row[0]: row for row in rows}
        if not before:
            names = ", ".join(f'"{name}" TEXT' for name in header[1:])
            connection.execute(f'CREATE TABLE codes ("{header[0]}" TEXT PRIMARY KEY, {names})')
        connection.execute("BEGIN")
        connection.executemany('DELETE FROM codes WHERE "HCPC" = ?', ([code] for code in before if code not in after))
        written = (row for code, row in after.items() if before.get(code) != row)
        connection.executemany(f"REPLACE INTO codes VALUES ({', '.join('?' * len(header))})", written)  # noqa: S608
        connection.execute("COMMIT")
        connection.execute("SELECT dolt_commit('-A', '-m', ?)", [path]).fetchall()
        before = after
    connection.close()


def stored(database: str) -> None:
    """Fetch all rows that the last commit added, removed or changed, both sides whole."""
    connection = sqlite3.connect(database)
    commits = [row[0] for row in connection.execute("SELECT commit_hash FROM dolt_log LIMIT 2")]
    query = "SELECT * FROM dolt_diff_codes WHERE to_commit = ? AND from_commit = ?"
    cursor = connection.execute(query, commits)
    kind = [column[0] for column in cursor.description].index("diff_type")
    kinds = [row[kind] for row in cursor]
    print(
        json.dumps({name: kinds.count(name.replace("changed", "modified")) for name in ("added", "removed", "changed")})
    )
    connection.close()


def ask(database: str, *codes: str) -> None:
    """Ask for each code's versions over all commits."""
    connection = sqlite3.connect(database)
    query = 'SELECT * FROM dolt_history_codes WHERE "HCPC" = ?'
    names = [column[0] for column in connection.execute(query, codes[:1]).description]
    own = [place for place, name in enumerate(names) if name not in {"commit_hash", "committer", "commit_date"}]
    seconds, versions = [], 0
    for code in (codes[0], *codes):
        begin = time.perf_counter()
        rows = connection.execute(query, [code]).fetchall()
        told = {tuple(row[place] for place in own) for row in rows}
        seconds.append(time.perf_counter() - begin)
        versions += len(told)
    print(json.dumps({"seconds": median(seconds[1:]), "versions": versions}))
    connection.close()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    {"store": store, "stored": stored, "ask": ask}[command](*arguments)
