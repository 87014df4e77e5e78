"""A disk that is full, broken or read-only, and a system that opens no more files: one sentence, and nothing half-done.

The kernel's refusal is put in the place of a system call's answer: of one call, or of all from one on.
"""

from __future__ import annotations

import errno
import random
from itertools import cycle, islice
from typing import NamedTuple

import pytest

from tests.faults.cases import ON_BOTH, Case
from tests.faults.harness import Begin, Ended, Note, Place, Trace, times
from tests.faults.outcome import Outcome, listed
from tests.faults.tracer import Event


class Refusal(NamedTuple):
    """An error, the calls that end with it, and whether all from the first on do."""

    name: str
    error: int
    stays: bool
    calls: tuple[str, ...]


WRITES = ("write", "create", "truncate", "allocate", "mkdir", "link", "rename")
OPENS = ("open", "create")
EVERYTHING = (*WRITES, "unlink", "chmod", "sync", "read", "list", "open")
REFUSALS = (
    Refusal("full", errno.ENOSPC, stays=True, calls=WRITES),
    Refusal("full-for-a-moment", errno.ENOSPC, stays=False, calls=WRITES),
    Refusal("over-quota", errno.EDQUOT, stays=True, calls=WRITES),
    Refusal("broken", errno.EIO, stays=True, calls=EVERYTHING),
    Refusal("broken-for-a-moment", errno.EIO, stays=False, calls=EVERYTHING),
    Refusal("read-only", errno.EROFS, stays=True, calls=(*WRITES, "unlink", "chmod")),
    Refusal("forbidden", errno.EACCES, stays=True, calls=(*OPENS, "mkdir", "link", "rename", "unlink", "chmod")),
    Refusal("too-many-files", errno.EMFILE, stays=True, calls=OPENS),
    Refusal("too-many-files-for-a-moment", errno.ENFILE, stays=False, calls=OPENS),
)


def require_an_honest_end(ended: Ended, outcome: Outcome, place: Place) -> None:
    """Require that a command says in a sentence what stopped it, and that it is so."""
    assert ended.code in (0, 3), ended
    assert "Traceback" not in ended.err
    assert "defect" not in ended.err
    if ended.code == 3:
        assert ended.err.splitlines()[-1].startswith("error: "), ended.err
    if ended.code == 0:
        assert listed(place) == outcome.listed_after
    elif "nothing was stored" in ended.err:
        assert listed(place) == outcome.listed_before


@pytest.mark.parametrize(("database_kind", "case"), ON_BOTH, indirect=["database_kind"], scope="session")
def test_a_disk_that_refuses_leaves_all_as_it_was_or_as_it_shall_be(
    case: Case, outcome: Outcome, begin: Begin, record_property: Note
) -> None:
    chance = random.Random(case.name)  # noqa: S311 - the same every time
    tried: dict[Refusal, list[Event]] = {}
    for refusal in chance.sample(REFUSALS, len(REFUSALS)):
        trace = Trace(error=refusal.error, reads=True, calls=refusal.calls)
        if events := begin().run(*case.arguments, trace=trace).events:  # what could be refused
            tried[refusal] = events
        if len(tried) == times(1):
            break
    number = times(1) if tried else 0
    for refusal, events in islice(cycle(tried.items()), number):
        at = chance.randrange(len(events))
        broken = begin()
        ended = broken.run(*case.arguments, trace=Trace(at, refusal.error, refusal.stays, True, refusal.calls))
        with outcome.saying(f"{refusal.name} from event {at} of {len(events)}: {events[at]}; then {ended}"):
            require_an_honest_end(ended, outcome, broken)
            outcome.require(broken)
    record_property("faults", number)


LIMITED = "import resource; resource.setrlimit(resource.RLIMIT_{what}, ({most}, {most}))"
WRITING = [one for one in ON_BOTH if one.id in ("sqlite-import-text", "postgresql-import-text", "sqlite-report")]


@pytest.mark.parametrize(("database_kind", "case"), WRITING, indirect=["database_kind"], scope="session")
@pytest.mark.parametrize(("what", "least", "most"), [("FSIZE", 0, 90_000), ("NOFILE", 8, 14)], ids=["size", "files"])
def test_the_systems_own_limits_are_met_with_a_sentence(
    case: Case, what: str, least: int, most: int, outcome: Outcome, begin: Begin, record_property: Note
) -> None:
    """Without a tracer between the program and the system: files of so many bytes at most, or so many open."""
    chance = random.Random(f"{case.name} {what}")  # noqa: S311 - the same every time
    for _ in range(times(1)):
        limit = chance.randint(least, most)
        broken = begin()
        ended = broken.run(*case.arguments, prepare=LIMITED.format(what=what, most=limit))
        with outcome.saying(f"RLIMIT_{what} {limit}; then {ended}"):
            require_an_honest_end(ended, outcome, broken)
            outcome.require(broken)
    record_property("faults", times(1))
