"""After a power cut, only what was synced is sure to be there; all else is there or not, file by file.

`power.py` says which states a home can then be in, moment by moment, and why. From each of them a home has to go on.
"""

from __future__ import annotations

import json
import random
import re
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.faults.cases import ON_BOTH, ON_SQLITE, Case
from tests.faults.harness import Begin, Note, Place, Trace, times
from tests.faults.outcome import Outcome
from tests.faults.tracer import Event

STORING = [one for one in ON_BOTH if re.search("import|withdraw|rebuild-archive", str(one.id))]
REPORTING = [one for one in ON_SQLITE if re.search("report|export", str(one.id))]


@pytest.mark.parametrize(("database_kind", "case"), ON_SQLITE, indirect=["database_kind"], scope="session")
def test_a_home_goes_on_after_a_power_cut(
    case: Case, outcome: Outcome, begin: Begin, tmp_path: Path, record_property: Note
) -> None:
    broken = begin()
    ended = broken.run(*case.arguments, trace=Trace(states=tmp_path / "states"))
    assert ended.code == 0, ended.err
    states = json.loads((tmp_path / "states/states.json").read_text())
    chance = random.Random(case.name)  # noqa: S311 - the same every time
    chosen = chance.sample(states, min(times(1), len(states)))
    record_property("faults", len(chosen))
    for state in chosen:
        restore(broken, state["tree"], tmp_path / "states")
        with outcome.saying(f"power cut {state['moment']}: {sorted(path.name for path in broken.home.rglob('*'))}"):
            outcome.require(broken)


def restore(place: Place, tree: Mapping[str, str | None], contents: Path) -> None:
    """Give a place the files that a power cut left."""
    for root in (place.home, place.reports):
        for path in sorted(root.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()
        if root.exists():
            root.rmdir()
    for name, digest in sorted(tree.items()):
        path = Path(name)
        if digest is None:
            path.mkdir(parents=True, exist_ok=True)
        else:
            path.write_bytes((contents / digest).read_bytes())


@pytest.mark.parametrize(("database_kind", "case"), STORING, indirect=["database_kind"], scope="session")
def test_a_file_is_synced_and_named_durably_before_the_database_commits(
    case: Case, database_kind: str, outcome: Outcome
) -> None:
    place, events = outcome.after, outcome.events
    # On SQLite what commits is that the journal goes; nothing is sent to a server after the commit but the end.
    commits = [at for at, event in enumerate(events) if event == Event("unlink", f"{place.home}/tracker.db-journal")]
    sent = [at for at, event in enumerate(events) if event.call == "send"]
    commit = commits[-1] if database_kind == "sqlite" else sent[-2]
    drafts = {event.path for event in events if event.call == "create" and event.path.startswith(str(place.snapshots))}
    assert drafts
    for draft in drafts:
        calls = [(at, event.call) for at, event in enumerate(events) if event.path == draft]
        written = max(at for at, call in calls if call == "write")
        (synced,) = (at for at, call in calls if call == "sync")
        named = min(at for at, call in calls if call in ("link", "rename"))
        (folder_synced, *_) = (at for at in range(named, len(events)) if events[at] == ("sync", str(place.snapshots)))
        assert written < synced < named < folder_synced
        if case.name != "import-restores":  # which writes back first, in a transaction of its own
            assert folder_synced < commit


@pytest.mark.parametrize(("database_kind", "case"), REPORTING, indirect=["database_kind"], scope="session")
def test_a_report_is_synced_before_it_gets_its_name(case: Case, outcome: Outcome) -> None:
    place, events = outcome.after, outcome.events
    drafts = {event.path for event in events if event.call == "create"}
    assert len(drafts) == len([one for one in case.arguments if one.startswith("-o")])
    for draft in drafts:
        calls = [event.call for event in events if event.path == draft]
        assert calls[-2:] == ["sync", "rename"]
        assert Event("sync", str(place.reports)) in events[events.index(Event("rename", draft)) :]
