"""A clock that jumps: what is stored is ordered by what it is and by its revision, never by the time of day."""

from __future__ import annotations

import json
import os

import pytest

from tests.faults.cases import text_of
from tests.faults.harness import Place

AT = """
import sys
from datetime import datetime
class AsDatetime(type):
    def __eq__(cls, other):
        return other is datetime or other is cls
    __hash__ = type.__hash__
class Clock(datetime, metaclass=AsDatetime):
    @classmethod
    def now(cls, tz=None):
        return datetime(*{at}, tzinfo=tz)
for name, module in list(sys.modules.items()):
    if name.startswith("tracker.") and getattr(module, "datetime", None) is datetime:
        module.datetime = Clock
"""
LONG_AGO, FAR_AHEAD = AT.format(at=(1999, 12, 31, 23, 59, 59)), AT.format(at=(2199, 1, 1, 0, 0, 0))
REISSUED = ("import", "HCPC2026_v2.txt", "--release", "2026", "--complete")


@pytest.mark.parametrize("jumps", [(LONG_AGO, FAR_AHEAD), (FAR_AHEAD, LONG_AGO)], ids=["forward", "back"])
def test_a_clock_that_jumps_changes_nothing_but_the_noted_time(jumps: tuple[str, str], place: Place) -> None:
    (place.folder / "HCPC2026_v2.txt").write_bytes(text_of(2026).replace(b"2026 mg", b"2062 mg"))
    before, after = jumps
    assert place.run("import", "HCPC2027.txt", "--complete", prepare=before).code == 0
    assert place.run(*REISSUED, prepare=after).code == 0
    times = [
        json.loads((place.snapshots / name).read_bytes().partition(b"\n")[0])["tracker_snapshot"]["imported_at"][:4]
        for name in ("2027.r1.jsonl", "2026.r2.jsonl")
    ]
    assert times == (["1999", "2199"] if before is LONG_AGO else ["2199", "1999"])
    place.require_clean()
    assert "{+2062+}" in place.must("diff", "2025", "2026")
    assert "{+2027+}" in place.must("diff", "previous", "latest")
    for prepare in jumps:
        assert place.run("withdraw", "2026@2", "--reason", "wrong", prepare=prepare).code in (0, 3)
        assert place.run("verify", prepare=prepare).code == 0
    assert "{+2026+}" in place.must("diff", "2025", "2026")


def test_files_from_the_future_or_long_ago_are_proven_and_read_anew(place: Place) -> None:
    told = place.must("diff", "2025", "2026")
    for day in (0, 2**31, 2**33, 1):  # also a second time backwards
        for path in [*place.snapshots.iterdir(), *place.home.glob("tracker.db")]:
            os.utime(path, (day, day))
        assert place.must("diff", "2025", "2026") == told
        place.require_clean()
