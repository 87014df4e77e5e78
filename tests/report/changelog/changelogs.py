"""Changelogs of made-up releases, for the tests of the changelog."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import pairwise

from tests.made_up import MADE_UP, diff_of, explained, record, snapshot
from tracker.model import Diff, FieldChange, Record, Snapshot, Wording
from tracker.report.changelog.view import ChangelogView, build_changelog
from tracker.report.view import ReportView, build_view

LABELS = ("2018", "2019", "2020", "2021", "2022")


def changelog(*releases: Iterable[Record], administrative: bool = False, remarks: Sequence[str] = ()) -> ChangelogView:
    """Return the changelog of complete releases of these records, one a year from 2018."""
    found = [snapshot(label, *records) for label, records in zip(LABELS, releases, strict=False)]
    return changelog_of(*found, administrative=administrative, remarks=remarks)


def changelog_of(*releases: Snapshot, administrative: bool = False, remarks: Sequence[str] = ()) -> ChangelogView:
    steps = [_view(old, new, administrative=administrative) for old, new in pairwise(releases)]
    direct = _view(releases[0], releases[-1], administrative=administrative) if len(steps) > 1 else steps[0]
    return build_changelog(steps, direct, remarks=remarks, administrative=administrative)


def _view(old: Snapshot, new: Snapshot, *, administrative: bool) -> ReportView:
    return build_view(MADE_UP, _replaced(explained(diff_of(old, new))), administrative=administrative)


def _replaced(diff: Diff) -> Diff:
    """Call a text replaced that shares no word with the one before."""
    return replace(
        diff,
        changes=tuple(replace(change, fields=tuple(map(_is_other, change.fields))) for change in diff.changes),
    )


def _is_other(field: FieldChange) -> FieldChange:
    if field.rewording is None or set(str(field.old).split()) & set(str(field.new).split()):
        return field
    return replace(field, rewording=replace(field.rewording, wording=Wording.REPLACED))


def small() -> ChangelogView:
    """A changelog with something of everything."""
    plain = record("C0001", text="A car", prices=("11",))
    return changelog(
        [
            record("A0001", text="Red apple"),
            record("B0001", text="Bread", prices=("11",), letter="N"),
            record("C0002", text="A bus", letter="N"),
            plain,
            record("ZZ", text="Note"),
        ],
        [
            record("A0001", text="Red apple", last_day="2018-12-31"),
            record("A0002", text="Green apple", first_day="2018-07-01"),
            record("B0001", text="White bread", prices=("22",), letter="C"),
            record("C0002", text="A bus", letter="C"),
            plain,
            record("ZZ", text="Sign"),
        ],
        [
            record("A0001", text="Red apple"),
            record("A0002", text="Green apple", first_day="2018-07-01", last_day="2019-06-30"),
            record("B0001", text="Bread", prices=("11", "22"), letter="N"),
            record("C0002", text="A bus", letter="N"),
            plain,
            record("ZZ", text="Sign"),
        ],
        remarks=["something to know"],
    )
