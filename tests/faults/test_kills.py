"""A program that is killed leaves a release whole or not at all, and the next run leaves nothing of the killed one.

A command is killed before a system call that changes a file or tells the database something: those calls alone decide
what is left. `TRACKER_FAULTS=1000` tries that many of them for each command, or all.
"""

from __future__ import annotations

import signal

import pytest

from tests.faults.cases import ON_BOTH, Case, moments
from tests.faults.harness import Begin, Note, Trace, times
from tests.faults.outcome import Outcome


@pytest.mark.parametrize(("database_kind", "case"), ON_BOTH, indirect=["database_kind"], scope="session")
def test_a_command_that_is_killed_is_done_or_was_never_begun(
    case: Case, outcome: Outcome, begin: Begin, record_property: Note
) -> None:
    chosen = moments(outcome.events, times(1), case.name)
    record_property("faults", len(chosen))
    for at in chosen:
        broken = begin()
        ended = broken.run(*case.arguments, trace=Trace(at))
        assert ended.code == -signal.SIGKILL
        with outcome.saying(f"killed before event {at} of {len(outcome.events)}: {' '.join(ended.events[-1])}"):
            outcome.require(broken)
