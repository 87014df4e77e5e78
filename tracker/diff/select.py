"""A part of a diff: some facets, some codes, one kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from typing import Final

from tracker.model import Change, CodeSet, Diff, Facet, Kind, Status


@dataclass(frozen=True, slots=True)
class Selection:
    """What is asked for; empty or None means everything.

    `codes` are patterns (`J*`, `A4?5?`) or codes, in any case. With `facets`, only changed codes are
    asked for, and of these only the fields of those facets: a code that is added or removed has no old
    or new value to show.
    """

    facets: frozenset[Facet] = frozenset()
    codes: tuple[str, ...] = ()
    kind: Kind | None = None

    def __bool__(self) -> bool:
        return bool(self.facets or self.codes or self.kind)


EVERYTHING: Final = Selection()


def select(diff: Diff, selection: Selection, code_set: CodeSet) -> Diff:
    """Return the part of a diff that is asked for. What was not compared stays as it is."""
    if not selection:
        return diff
    patterns = [pattern.upper() for pattern in selection.codes]
    facets = {name: field.facet for name, field in code_set.fields.items()}
    chosen = (
        _facets(change, selection.facets, facets)
        for change in diff.changes
        if selection.kind in (None, change.kind)
        and (not patterns or any(fnmatchcase(change.code, pattern) for pattern in patterns))
    )
    return replace(diff, changes=tuple(change for change in chosen if change is not None))


def _facets(change: Change, asked: frozenset[Facet], facets: Mapping[str, Facet]) -> Change | None:
    if not asked:
        return change
    fields = tuple(field for field in change.fields if facets[field.field] in asked)
    return replace(change, fields=fields) if change.status is Status.CHANGED and fields else None
