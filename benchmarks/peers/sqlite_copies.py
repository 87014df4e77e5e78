"""Releases as plain copies, all rows of each in one SQLite table: what keeping everything costs.

`sqlite_copies.py store DATABASE CSV …` · `ask DATABASE CODE …` prints the seconds that one code's history takes once
the program runs, and how many versions the codes have.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
import time
from pathlib import Path
from statistics import median


def store(database: str, *paths: str) -> None:
    """Store CSV files by code and release, so that one code's rows lie side by side."""
    connection = sqlite3.connect(database)
    for path in paths:
        with Path(path).open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        names = ", ".join(f'"{name}" TEXT' for name in header)
        key = f'"{header[0]}", release'
        connection.execute(
            f"CREATE TABLE IF NOT EXISTS copies (release TEXT, {names}, PRIMARY KEY ({key})) WITHOUT ROWID"
        )
        placeholders = ", ".join("?" * (1 + len(header)))
        label = Path(path).stem
        connection.executemany(f"INSERT INTO copies VALUES ({placeholders})", ((label, *row) for row in rows))  # noqa: S608
    connection.commit()
    connection.close()


def ask(database: str, *codes: str) -> None:
    """Ask for each code's rows over all releases."""
    connection = sqlite3.connect(f"file:{database}?mode=ro", uri=True)
    seconds, versions = [], 0
    for code in (codes[0], *codes):
        begin = time.perf_counter()
        rows = connection.execute('SELECT * FROM copies WHERE "HCPC" = ? ORDER BY release', [code]).fetchall()
        told = {row[1:] for row in rows}
        seconds.append(time.perf_counter() - begin)
        versions += len(told)
    print(json.dumps({"seconds": median(seconds[1:]), "versions": versions}))
    connection.close()


if __name__ == "__main__":
    command, *arguments = sys.argv[1:]
    (store if command == "store" else ask)(*arguments)
