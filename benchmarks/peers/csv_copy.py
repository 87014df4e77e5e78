"""The floor under every answered list: a CSV file read and written, with as many columns more.

`csv_copy.py LIST COPY`
"""

from __future__ import annotations

import csv
import sys

ADDED = 12


def copy(source: str, target: str) -> None:
    """Copy the rows, one by one."""
    with (
        open(source, encoding="utf-8", newline="") as lines,  # noqa: PTH123  pathlib would be measured too
        open(target, "w", encoding="utf-8", newline="") as file,  # noqa: PTH123
    ):
        csv.writer(file).writerows((*row, *[""] * ADDED) for row in csv.reader(lines))


if __name__ == "__main__":
    copy(*sys.argv[1:])
