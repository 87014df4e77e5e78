"""Compare two stored releases, and say what each change means."""

from __future__ import annotations

from collections.abc import Callable

from tracker import archive
from tracker.app.stored import Revision, Stored
from tracker.diff.compare import compare
from tracker.diff.select import EVERYTHING, select
from tracker.diff.wording import reword
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.model import Diff, Record, Selection, Severity


def compare_releases(stored: Stored, old: str, new: str, selection: Selection = EVERYTHING) -> Diff:
    """Return what changed between two releases, named by label or revision, or the selected part of it.

    Only records that the two do not hold in the same version leave the database.

    Raises:
        UnknownReleaseError: one of them is not stored.
    """
    before, after = stored.find(old), stored.find(new)
    old_lines, new_lines = stored.store.changed(before.id, after.id)
    diff = compare(
        HCPCS,
        before.release,
        after.release,
        map(archive.decode_record, old_lines),
        map(archive.decode_record, new_lines),
        stored.store.unknown_in_both(before.id, after.id),
    )
    context = Context(reword, _records(stored, before), _records(stored, after), _doubts(stored, before, after))
    return select(explain(diff, context), selection, HCPCS)


def _records(stored: Stored, revision: Revision) -> Callable[[str], Record | None]:
    return lambda code: stored.record(revision, code)


def _doubts(stored: Stored, *revisions: Revision) -> dict[tuple[str, str], str]:
    """Return the problems that leave a value of either release in doubt, by code and field."""
    return {
        (problem.code, problem.field): f"{problem.message} ({revision.release.name})"
        for revision in revisions
        for problem in stored.problems(revision)
        if problem.severity is not Severity.NOTE
    }
