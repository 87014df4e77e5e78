"""The store's one statement behind a code's history: `statement_calls.py PLACE CODE …`, in tracker's environment.

PLACE is an index (`tracker.db`) or the URL of a PostgreSQL database. Prints the median of the seconds.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from statistics import median

from tracker.store.store import Store

place, *codes = sys.argv[1:]
seconds = []
with Store.open(place if "://" in place else Path(place)) as store:
    for code in (codes[0], *codes):
        begin = time.perf_counter()
        store.versions_of("hcpcs", code)
        seconds.append(time.perf_counter() - begin)
print(median(seconds[1:]))
