"""Withdraw: hide a wrong revision from bare labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tracker import archive
from tracker.app.stored import Stored
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.labels import parse_label
from tracker.model import Release


def withdraw(stored: Stored, reference: str, reason: str, now: datetime) -> Release:
    """Hide a revision from bare labels. Nothing is deleted: `LABEL@N` still means it.

    Raises:
        UnknownReleaseError: the revision is not stored, not named by its number, or withdrawn already.
        ArchiveError, StoreError: it cannot be written down.
    """
    if "@" not in reference:
        names = ", ".join(revision.release.name for revision in stored.labelled(parse_label(reference)))
        raise UnknownReleaseError(f"say which revision of {reference} is to be withdrawn: {names or 'none is stored'}")
    with archive.draft(stored.home.snapshots) as draft, stored.store.importing() as writer:
        stored.refresh()
        revision = stored.find(reference)
        release = revision.release
        if release.withdrawn is not None:
            raise UnknownReleaseError(f"{release.name} is withdrawn already: {release.withdrawn}")
        draft.write([archive.withdrawal_line(reason, now.isoformat(timespec="seconds"))])
        writer.withdraw(revision.id, reason)
        draft.publish(archive.withdrawal_name(release.label, release.revision))
    stored.refresh()
    return replace(release, withdrawn=reason)
