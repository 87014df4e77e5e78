"""Show one record of a stored release."""

from __future__ import annotations

from tracker.app.stored import Revision, Stored
from tracker.app.typed import typed
from tracker.errors import UnknownReleaseError
from tracker.model import Record


def find_record(stored: Stored, code: str, reference: str | None) -> tuple[Revision, Record]:
    """Return a code's record in a release, or in the newest release that holds it.

    Raises:
        UnknownReleaseError: the release is not stored, or no stored release holds the code.
    """
    code, _ = typed(stored, code)
    newest_first = stored.currents()[::-1]
    places = [stored.find(reference)] if reference else newest_first
    for revision in places:
        record = stored.record(revision, code)
        if record is not None:
            return revision, record
    if not places:
        raise UnknownReleaseError(stored.nothing_to_ask)
    where = [revision.release.label for revision in newest_first if stored.record(revision, code)]
    found = f"it is in {', '.join(where)}" if where else "and in no other stored release"
    told = ", ".join(f"{place.release.name}{'' if place.release.complete else ' (an excerpt)'}" for place in places)
    raise UnknownReleaseError(
        (f"{code} is not in {told}; {found}" if reference else f"{code} is in no stored release: {told}")
        + ("" if where else stored.perhaps(code))
    )
