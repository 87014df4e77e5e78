"""Compare two stored releases."""

from __future__ import annotations

from tracker import archive
from tracker.app.stored import Stored
from tracker.diff.compare import compare
from tracker.diff.select import EVERYTHING, Selection, select
from tracker.hcpcs.catalogue import HCPCS
from tracker.model import Diff


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
    return select(diff, selection, HCPCS)
