"""Withdraw: hide a wrong revision from bare labels."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

from tracker import archive
from tracker.app.stored import Revision, Stored
from tracker.errors import UnknownReleaseError
from tracker.model import Release
from tracker.store.writer import Writer


def withdraw(stored: Stored, reference: str, reason: str, now: datetime) -> Release:
    """Hide a revision from bare labels. Nothing is deleted: `LABEL@N` still means it.

    Raises:
        UnknownReleaseError: the revision is not stored, not named by its number, or withdrawn already.
        ArchiveError, StoreError: it cannot be written down.
    """
    try:
        reason = archive.one_line(reason)
    except ValueError as error:
        raise UnknownReleaseError("say in words why it is withdrawn: the reason is kept and shown") from error
    if "@" not in reference:
        label = stored.find(reference).release.label
        names = ", ".join(revision.release.name for revision in stored.labelled(label))
        raise UnknownReleaseError(f"say which revision of {label} is to be withdrawn: {names}")
    with archive.draft(stored.home.snapshots) as draft, stored.writing() as writer:
        revision = stored.find(reference)
        release = revision.release
        if release.withdrawn is not None:
            raise UnknownReleaseError(f"{release.name} is withdrawn already: {release.withdrawn}")
        hide(writer, draft, revision, reason, now)
        draft.publish()
    return replace(release, withdrawn=reason)


def hide(writer: Writer, draft: archive.Draft, revision: Revision, reason: str, now: datetime) -> None:
    """Write a withdrawal down in the index and beside the snapshot, both as part of what is being written."""
    name = archive.withdrawal_name(revision.release.label, revision.release.revision)
    if not draft.is_taken(name):  # as in a home that is moved into a shared database
        draft.write(name, [archive.withdrawal_line(reason, now.isoformat(timespec="seconds"))])
    writer.withdraw(revision.id, reason)
