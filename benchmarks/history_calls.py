"""tracker's history of one code, asked in Python: `history_calls.py HOME CODE …`, run in tracker's own environment.

Prints the seconds that one code's history takes once the program runs, and how many versions the codes have.
"""

from __future__ import annotations

import json
import sys
import time
from statistics import median

import tracker
from tracker.model import Record

path, *codes = sys.argv[1:]
seconds, versions = [], 0
with tracker.open(path) as home:
    for code in (codes[0], *codes):
        begin = time.perf_counter()
        history = home.history(code)
        seconds.append(time.perf_counter() - begin)
        told: list[Record] = []
        for sighting in history.sightings:
            if sighting.record is not None and sighting.record not in told:
                told.append(sighting.record)
        versions += len(told)
print(json.dumps({"seconds": median(seconds[1:]), "versions": versions}))
