"""Made-up histories, for the tests of the formats."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date
from itertools import pairwise

from tests.made_up import MADE_UP, explained, record, release
from tracker.diff.compare import compare
from tracker.model import (
    Basis,
    Ending,
    History,
    Life,
    Predecessor,
    Release,
    Sighting,
    Step,
    Successor,
    Value,
)
from tracker.report.history.view import HistoryView, build_view

CODE = "A0001"
SUCCESSORS = (Successor("B0001", Basis.SUGGESTED, 0.5, 20.0, "same drug"),)


def seen(label: str, *unknown: str, **values: Value) -> Sighting:
    """Return a complete release that holds the code."""
    return Sighting(release(label), record(CODE, unknown, **values))


def in_part(label: str, *fields: str, **values: Value) -> Sighting:
    """Return an excerpt that holds the code and has some fields only."""
    return Sighting(release(label, complete=False, fields=fields), record(CODE, **values))


def absent(label: str) -> Sighting:
    return Sighting(release(label), None)


def life(
    *sightings: Sighting, first: str = "", last: str = "", ending: Ending | None = None, again: bool = False
) -> Life:
    begin, end = (date.fromisoformat(day) if day else None for day in (first, last))
    return Life(begin, end, ending, again, sightings)


def steps(sightings: Sequence[Sighting]) -> Iterator[Step]:
    """Yield what changed, a code that comes back compared with what it was."""
    held: Sighting | None = None
    for old, new in pairwise(sightings):
        held = old if old.record else held
        one = held if held and new.record else old
        before, after = ([side.record] if side.record else [] for side in (one, new))
        for change in explained(compare(MADE_UP, one.release, new.release, before, after)).changes:
            ends = any(MADE_UP.events[event.id].ends for event in change.events)
            yield Step(one.release, new.release, replace(change, successors=SUCCESSORS if ends else ()))


def history(
    *sightings: Sighting,
    lives: Sequence[Life] = (),
    successors: Sequence[Successor] = (),
    predecessors: Sequence[Predecessor] = (),
) -> History:
    """Return the history of sightings; unless lives are given, of one that has no end."""
    holding = [sighting for sighting in sightings if sighting.record]
    found = tuple(lives) or (life(*holding, first="2010-01-01"),)
    return History(CODE, sightings, tuple(steps(sightings)), found, tuple(successors), tuple(predecessors))


def view_of(
    told: History,
    *,
    releases: Sequence[Release] = (),
    gaps: Mapping[str, str] | None = None,
    fields: Iterable[str] = (),
    administrative: bool = False,
) -> HistoryView:
    asked = releases or [sighting.release for sighting in told.sightings]
    return build_view(MADE_UP, told, asked, gaps=gaps, fields=fields, administrative=administrative)


def eventful(text: str = "Bread, per slice") -> HistoryView:
    """Return a history in which much happens; `text` is wherever one from outside can be."""
    first = seen("2018", text=text, short=text, first_day="2010-01-01", letter="C", prices=("11",))
    sightings = (
        absent("2017"),
        first,
        seen("2019", text=text, short=text, first_day="2010-01-01", letter="N", prices=("11",)),
        seen("2020", text=f"new {text}", short=text, first_day="2010-01-01", letter="N", prices=(text, "22")),
        absent("2020-04"),
        seen("2020-07", text=text, first_day="2010-01-01", last_day="2025-03-31", remark=text),
    )
    ended = life(*sightings[1:4], sightings[5], first="2010-01-01", last="2025-03-31", ending=Ending.ENDED)
    return view_of(
        history(
            *sightings,
            lives=[life(first, first="2009-01-01", last="2009-12-31", ending=Ending.REUSED), ended],
            successors=[
                Successor("B0001", Basis.SUGGESTED, 0.5, 20.0, text),
                Successor("B0002", Basis.DECLARED, 1.0, None, text),
            ],
            predecessors=[Predecessor("C0001", Basis.DECLARED, 1.0, text)],
        ),
        releases=[*(sighting.release for sighting in sightings), release("2025", complete=False)],
        gaps={"2020-07@1": "2020-04"},
    )
