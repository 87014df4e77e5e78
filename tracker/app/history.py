"""The history of a code over the stored releases."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import timedelta
from itertools import pairwise

from tracker.app.lives import Lives
from tracker.app.replacements import Replacements
from tracker.app.stored import Stored
from tracker.app.typed import typed
from tracker.diff.compare import compare
from tracker.diff.wording import reword
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.hcpcs.lives import filled, until
from tracker.model import History, Sighting, Step
from tracker.report.history.view import HistoryView, build_view


def view_history(stored: Stored, code: str, *, fields: Iterable[str] = (), administrative: bool = False) -> HistoryView:
    """Return the history of a code, in any case, ready to be drawn.

    Args:
        stored: the stored snapshots.
        code: the code.
        fields: the fields of which is asked where their values come from.
        administrative: show administrative changes one by one.

    Raises:
        UnknownReleaseError: nothing is stored, or no stored release holds the code.
    """
    lives, code = Lives(stored), typed(stored, code)[0]
    history = history_of(lives, stored, code)
    if not history.lives:
        raise UnknownReleaseError(f"{code} is in no stored release: {_asked(lives)}{stored.perhaps(code)}")
    releases = [sighting.release for sighting in history.sightings]
    gaps = {
        new.name: old.label for old, new in pairwise(releases) if until(old) + timedelta(days=1) < new.effective_date
    }
    return build_view(HCPCS, history, lives.releases, gaps=gaps, fields=fields, administrative=administrative)


def _asked(lives: Lives) -> str:
    return ", ".join(f"{one.name}{'' if one.complete else ' (an excerpt)'}" for one in lives.releases)


def history_of(lives: Lives, stored: Stored, code: str) -> History:
    """Return the history of a code, in upper case; without sightings that hold it if no release does."""
    sightings, found = lives.of(code)
    last = next((seen for seen in reversed(sightings) if seen.record), None)
    if last is None or last.record is None:
        return History(code, sightings, (), (), (), ())
    replacements = Replacements(stored, lives.newest)
    steps = tuple(_steps(lives, sightings, replacements))
    return History(code, sightings, steps, found, replacements.after(last.record), replacements.before(last.record))


def _steps(lives: Lives, sightings: Iterable[Sighting], replacements: Replacements) -> Iterator[Step]:
    """Yield what changed from sighting to sighting.

    Each is compared with all that was known before: a release that had not all fields, or lost a value, hides no
    change. A code that comes back is compared with what it was when it was last seen.
    """
    known: Sighting | None = None
    for old, new in _pairs(sightings):
        known = filled(old, known) if known else old
        before, after = ([seen.record] if seen.record else [] for seen in (known, new))
        diff = compare(HCPCS, known.release, new.release, before, after)
        if diff.changes:
            context = Context(reword, lives.lookup(old.release), lives.lookup(new.release), {})
            (change,) = explain(diff, context, replacements.candidates).changes
            yield Step(old.release, new.release, change)


def _pairs(sightings: Iterable[Sighting]) -> Iterator[tuple[Sighting, Sighting]]:
    """Yield each sighting with the one before it, or of a code that comes back with the last that held it.

    Where neither holds it, there is nothing to compare.
    """
    last: Sighting | None = None
    for old, new in pairwise(sightings):
        last = old if old.record else last
        if old.record or new.record:
            yield (last, new) if last and new.record else (old, new)
