"""What differs between two snapshots, inside both coverages and nowhere else.

No word of any code set stands here: which fields are administrative, or end a code, the code set says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace

from tracker.model import (
    Change,
    CodeSet,
    Diff,
    FieldChange,
    NotCompared,
    Record,
    Release,
    Status,
    Value,
)


def compare(
    code_set: CodeSet,
    old: Release,
    new: Release,
    old_records: Iterable[Record],
    new_records: Iterable[Record],
    unknown_in_both: Mapping[str, int] | None = None,
) -> Diff:
    """Compare two snapshots.

    Args:
        code_set: whose fields are compared.
        old: the older side's header.
        new: the newer side's header.
        old_records: the old records that the new side does not hold in the very same version; giving all
            of them changes nothing but the time it takes.
        new_records: likewise.
        unknown_in_both: field -> number of records that both sides hold in the same version and that do
            not know the field.

    A code that only one side holds is added or removed if the other side covers it. A blank is a value
    only within a coverage; between two files of one release it is none (see `of_one_issue`).
    """
    before = {record.code: record for record in old_records}
    after = {record.code: record for record in new_records}
    compared = code_set.fields.keys() & old.fields & new.fields
    fields = [name for name in code_set.fields if name in compared]
    one_issue = of_one_issue(old, new)
    changes = []
    outside_old = outside_new = 0
    unknown = Counter(unknown_in_both or {})
    for code in sorted(before.keys() | after.keys()):
        was, now = before.get(code), after.get(code)
        if was and now:
            outside = was.unknown | now.unknown | (_lost(fields, was, now) if one_issue else frozenset())
            unknown.update(outside)
            differing = _differences((name for name in fields if name not in outside), was, now)
            if differing:
                administrative = code_set.administrative.issuperset(change.field for change in differing)
                changes.append(Change(code, now.kind, Status.CHANGED, now, differing, administrative))
        elif now:
            if old.complete or code in old.absent:
                changes.append(Change(code, now.kind, Status.ADDED, now))
            else:
                outside_new += 1
        elif was:
            if new.complete or code in new.absent:
                changes.append(Change(code, was.kind, Status.REMOVED, was))
            else:
                outside_old += 1
    in_both = old.codes - sum(code not in after for code in before)
    for name in code_set.fields.keys() - compared:
        unknown[name] = in_both
    not_compared = NotCompared(
        outside_old, outside_new, {name: unknown[name] for name in code_set.fields if unknown[name]}
    )
    return Diff(old, new, _with_comings_and_goings(changes), not_compared)


def why_revised(earlier: Release, later: Release) -> str:
    """Return, in words, why one release has two revisions.

    `amended`: sheets were laid over. `read again`: the same file, by a newer program. `an excerpt`, `the whole
    release`: one of the two is not complete. `other file format`: text, workbook or zip of one issue.
    `re-issued`: anything else, such as another mark of the publisher's.
    """
    if later.source.format == "sheet":
        return "amended"
    if later.source.sha256 == earlier.source.sha256:
        return "read again"
    if not later.complete:
        return "an excerpt"
    if not earlier.complete:
        return "the whole release"
    return "other file format" if of_one_issue(earlier, later) else "re-issued"


def of_one_issue(old: Release, new: Release) -> bool:
    """Whether the two are one issue of one release, read from files of different formats.

    Of one issue the publisher writes several files, and each loses some values that the other has (116
    dates in the 2019 workbook, two types of service in its text). That a value stands in one file only is a
    fact about the files, not about the release: blanks are no values between these two.
    """
    formats = {old.source.format, new.source.format}
    same = (old.code_set, old.label, old.mark) == (new.code_set, new.label, new.mark)
    return same and len(formats) > 1 and "sheet" not in formats


def _lost(fields: Iterable[str], was: Record, now: Record) -> frozenset[str]:
    """Return the fields of which one side has nothing, or only some of the other's values."""
    pairs = ((name, was.values.get(name), now.values.get(name)) for name in fields)
    return frozenset(name for name, old, new in pairs if old != new and _is_part(old, new))


def _is_part(old: Value | None, new: Value | None) -> bool:
    if isinstance(old, tuple) and isinstance(new, tuple):
        return set(old) < set(new) or set(new) < set(old)
    return old is None or new is None


def _differences(fields: Iterable[str], was: Record, now: Record) -> tuple[FieldChange, ...]:
    return tuple(
        _field_change(name, old, new)
        for name in fields
        if (old := was.values.get(name)) != (new := now.values.get(name))
        and not (isinstance(old, tuple) and isinstance(new, tuple) and set(old) == set(new))
    )


def _field_change(name: str, old: Value | None, new: Value | None) -> FieldChange:
    """Return how a field differs; where one side has no values of a repeated one, all of the other's came or went."""
    if isinstance(new, tuple) and not old:
        return FieldChange(name, old, new, came=new)
    if isinstance(old, tuple) and not new:
        return FieldChange(name, old, new, went=old)
    return FieldChange(name, old, new)


def _with_comings_and_goings(changes: list[Change]) -> tuple[Change, ...]:
    """Say for each repeated field that both sides have which of its values came and which went.

    DeepDiff finds out, in one call for all of them: it is imported only where there is such a field.
    """
    lists = {
        f"{change.code} {field.field}": field
        for change in changes
        for field in change.fields
        if isinstance(field.old, tuple) and isinstance(field.new, tuple)
    }
    if not lists:
        return tuple(changes)
    from deepdiff import DeepDiff  # slow to import, and many diffs do not need it

    tree = DeepDiff(
        {key: set(field.old or ()) for key, field in lists.items()},
        {key: set(field.new or ()) for key, field in lists.items()},
        view="tree",
    )
    came = {(item.up.path(output_format="list")[0], item.t2) for item in tree.get("set_item_added", ())}
    went = {(item.up.path(output_format="list")[0], item.t1) for item in tree.get("set_item_removed", ())}

    def told(code: str, field: FieldChange) -> FieldChange:
        key = f"{code} {field.field}"
        if key not in lists:
            return field
        return replace(
            field,
            came=tuple(value for value in field.new or () if (key, value) in came),
            went=tuple(value for value in field.old or () if (key, value) in went),
        )

    codes = {key.rpartition(" ")[0] for key in lists}
    return tuple(
        replace(change, fields=tuple(told(change.code, field) for field in change.fields))
        if change.code in codes
        else change
        for change in changes
    )
