"""What differs between two snapshots, inside both coverages and nowhere else."""

from __future__ import annotations

import random
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import CODES, FIELDS, MADE_UP, diff_between, diff_of, record, release, snapshot, snapshots
from tracker.diff.compare import compare, why_revised
from tracker.model import Change, Diff, FieldChange, Record, Release, Snapshot, Status, Value


def told(diff: Diff) -> dict[str, str]:
    """Return the changes in few words: `{"A0001": "changed text, prices +11 -22"}`."""
    return {change.code: " ".join(filter(None, (change.status, _fields(change)))) for change in diff.changes}


def _fields(change: Change) -> str:
    said = ", ".join(
        " ".join([field.field, *(f"+{value}" for value in field.came), *(f"-{value}" for value in field.went)])
        for field in change.fields
    )
    return f"{said} (administrative)" if change.administrative else said


def outside(diff: Diff) -> dict[str, int]:
    """Return what was not compared, the zeros left out."""
    numbers = diff.not_compared
    codes = {"codes_old": numbers.codes_old, "codes_new": numbers.codes_new}
    return {name: number for name, number in codes.items() if number} | dict(numbers.fields)


CHECKOUT = Path(__file__).parents[2]
OLD, NEW = "2025", "2026"
PLAIN = record("A0001", text="one")


@pytest.mark.parametrize(
    ("old", "new", "expected", "not_compared"),
    [
        pytest.param(snapshot(OLD), snapshot(NEW), {}, {}, id="nothing"),
        pytest.param(snapshot(OLD, PLAIN), snapshot(NEW, PLAIN), {}, {}, id="the same"),
        pytest.param(snapshot(OLD), snapshot(NEW, PLAIN), {"A0001": "added"}, {}, id="added"),
        pytest.param(snapshot(OLD, PLAIN), snapshot(NEW), {"A0001": "removed"}, {}, id="removed"),
        pytest.param(
            snapshot(OLD, PLAIN),
            snapshot(NEW, record("A0001", text="two")),
            {"A0001": "changed text"},
            {},
            id="changed",
        ),
        pytest.param(
            snapshot(OLD, PLAIN),
            snapshot(NEW, record("A0001", text="one", last_day="2025-12-31")),
            {"A0001": "changed last_day"},
            {},
            id="a value where there was none",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", text="one", remark="0088")),
            snapshot(NEW, record("A0001", text="one", remark="88")),
            {"A0001": "changed remark"},
            {},
            id="a text is no number",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", remark="x", text="one")),
            snapshot(NEW, record("A0001", text="two", remark="y")),
            {"A0001": "changed text, remark"},
            {},
            id="fields in the catalogue's order",
        ),
        pytest.param(
            snapshot(OLD, record("B0001", text="one"), record("A1", text="one")),
            snapshot(NEW, record("ZZ", text="one"), record("A0001", text="one")),
            {"A0001": "added", "A1": "removed", "B0001": "removed", "ZZ": "added"},
            {},
            id="codes in byte order",
        ),
        # lists
        pytest.param(
            snapshot(OLD, record("A0001", prices=("11", "22"))),
            snapshot(NEW, record("A0001", prices=("22", "11"))),
            {},
            {},
            id="another order of a list",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", prices=("00", "11"))),
            snapshot(NEW, record("A0001", prices=("33", "11", "22"))),
            {"A0001": "changed prices +33 +22 -00"},
            {},
            id="values that came and went, in slot order",
        ),
        pytest.param(
            snapshot(OLD, record("A0001")),
            snapshot(NEW, record("A0001", prices=("11", "00"))),
            {"A0001": "changed prices +11 +00"},
            {},
            id="a list where there was none",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", prices=("11", "00"))),
            snapshot(NEW, record("A0001")),
            {"A0001": "changed prices -11 -00"},
            {},
            id="a list that is gone",
        ),
        # administrative
        pytest.param(
            snapshot(OLD, record("A0001", letter="A", letter_day="2025-01-01")),
            snapshot(NEW, record("A0001", letter="N", letter_day="2026-01-01")),
            {"A0001": "changed letter_day, letter (administrative)"},
            {},
            id="administrative",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", letter="A", text="one")),
            snapshot(NEW, record("A0001", letter="N", text="two")),
            {"A0001": "changed text, letter"},
            {},
            id="administrative, and more",
        ),
        # codes and coverage
        pytest.param(
            snapshot(OLD, PLAIN),
            snapshot(NEW, complete=False),
            {},
            {"codes_old": 1},
            id="an excerpt takes nothing away",
        ),
        pytest.param(
            snapshot(OLD, complete=False),
            snapshot(NEW, PLAIN),
            {},
            {"codes_new": 1},
            id="what an excerpt lacks is not new",
        ),
        pytest.param(
            snapshot(OLD, PLAIN),
            snapshot(NEW, complete=False, absent=["A0001", "B0001"]),
            {"A0001": "removed"},
            {},
            id="known to be absent from the new",
        ),
        pytest.param(
            snapshot(OLD, complete=False, absent=["A0001"]),
            snapshot(NEW, PLAIN, complete=False),
            {"A0001": "added"},
            {},
            id="known to be absent from the old",
        ),
        pytest.param(
            snapshot(OLD, PLAIN, complete=False),
            snapshot(NEW, record("A0001", text="two"), complete=False),
            {"A0001": "changed text"},
            {},
            id="two excerpts of one code",
        ),
        # fields and coverage
        pytest.param(
            snapshot(OLD, PLAIN, fields=["remark", "short"]),
            snapshot(NEW, record("A0001", text="two", remark="x"), fields=["text", "remark"]),
            {"A0001": "changed remark"},
            dict.fromkeys(FIELDS.keys() - {"remark"}, 1),
            id="a field that one side had not",
        ),
        pytest.param(
            snapshot(OLD, PLAIN, fields=["text"]),
            snapshot(NEW, record("B0001", text="two")),
            {"A0001": "removed", "B0001": "added"},
            {},
            id="no code in both, no field not compared",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", ["text"]), record("B0001", text="one")),
            snapshot(NEW, record("A0001", text="one", remark="x"), record("B0001", text="one")),
            {"A0001": "changed remark"},
            {"text": 1},
            id="a value that one side lost",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", ["text"], text="in part")),
            snapshot(NEW, record("A0001", ["text", "remark"], text="other")),
            {},
            {"text": 1, "remark": 1},
            id="known in part is not known",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", ["text"])),
            snapshot(NEW, record("A0001", ["text"])),
            {},
            {"text": 1},
            id="lost on both sides, and counted once",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", ["text"])),
            snapshot(NEW),
            {"A0001": "removed"},
            {},
            id="unknown fields of a removed code are not counted",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", ["gone"], text="one", gone="x")),
            snapshot(NEW, record("A0001", text="one", other="y")),
            {},
            {},
            id="fields that the catalogue does not know",
        ),
        # two files of one issue
        pytest.param(
            snapshot(OLD, record("A0001", text="one", remark="x", prices=("11",)), source_format="text"),
            snapshot(OLD, record("A0001", text="two", prices=("22", "11")), source_format="workbook"),
            {"A0001": "changed text"},
            {"prices": 1, "remark": 1},
            id="between two files of one issue a blank is no value",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", prices=("11", "00")), source_format="text"),
            snapshot(OLD, record("A0001", prices=("11", "22")), source_format="workbook"),
            {"A0001": "changed prices +22 -00"},
            {},
            id="two files of one issue that contradict each other",
        ),
        pytest.param(
            snapshot(OLD, PLAIN, source_format="text"),
            snapshot(OLD, record("B0001", text="one"), source_format="workbook"),
            {"A0001": "removed", "B0001": "added"},
            {},
            id="two files of one issue with different codes",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", remark="x"), source_format="text"),
            snapshot(NEW, record("A0001"), source_format="workbook"),
            {"A0001": "changed remark"},
            {},
            id="two files of two releases",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", remark="x"), source_format="text", mark="v1"),
            snapshot(OLD, record("A0001"), source_format="workbook", mark="v2"),
            {"A0001": "changed remark"},
            {},
            id="two files of two issues",
        ),
        pytest.param(
            snapshot(OLD, record("A0001", remark="x"), source_format="zip"),
            snapshot(OLD, record("A0001"), source_format="sheet"),
            {"A0001": "changed remark"},
            {},
            id="a sheet laid over a release",
        ),
    ],
)
def test_compare(old: Snapshot, new: Snapshot, expected: dict[str, str], not_compared: dict[str, int]) -> None:
    diff = diff_of(old, new)
    assert told(diff) == expected
    assert list(told(diff)) == sorted(expected)
    assert outside(diff) == not_compared
    assert (diff.old, diff.new) == (old.release, new.release)


def test_the_record_of_a_change_is_the_new_one_and_of_a_removed_code_the_old_one() -> None:
    new = record("A0001", text="two")
    assert [change.record for change in diff_between([PLAIN], [new]).changes] == [new]
    assert [change.record for change in diff_between([PLAIN], []).changes] == [PLAIN]
    (field,) = diff_between([PLAIN], [new]).changes[0].fields
    assert field == FieldChange("text", "one", "two")


def test_two_thousand_lists_without_a_value_in_common() -> None:
    """DeepDiff gives up on things that have too little in common, unless they are laid out with care."""
    codes = [f"A{number:04}" for number in range(2000)]
    diff = diff_between(
        [record(code, prices=("00", code)) for code in codes], [record(code, prices=("11", "22")) for code in codes]
    )
    assert len(diff.changes) == 2000
    for change in diff.changes:
        (field,) = change.fields
        assert (field.came, field.went) == (("11", "22"), ("00", change.code))


def test_deepdiff_is_imported_for_lists_alone() -> None:
    code = (
        "import sys; from tests.made_up import diff_between, record as r;"
        "diff_between([r('A1', text='x', prices=('11',))], [r('A1', text='y', prices=('11',))]);"
        "print('deepdiff' in sys.modules);"
        "diff_between([r('A1', prices=('11',))], [r('A1', prices=('22',))]);"
        "print('deepdiff' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=CHECKOUT)
    assert done.stdout.split() == ["False", "True"]


# ---------------------------------------------------------------- laws

both = st.tuples(snapshots(OLD), snapshots(NEW))
of_one_issue = st.tuples(snapshots(OLD), snapshots(OLD)).map(
    lambda pair: (with_format(pair[0], "text"), with_format(pair[1], "workbook"))
)


def with_format(one: Snapshot, source_format: str) -> Snapshot:
    source = replace(one.release.source, format=source_format)
    return replace(one, release=replace(one.release, source=source))


def covers(one: Release, code: str) -> bool:
    return one.complete or code in one.absent


def by_code(one: Snapshot) -> dict[str, Record]:
    return {content.code: content for content in one.records}


def as_set(value: Value | None) -> object:
    return frozenset(value) if isinstance(value, tuple) else value


def applied(diff: Diff, records: dict[str, Record]) -> dict[str, Record]:
    result = dict(records)
    for change in diff.changes:
        match change.status:
            case Status.ADDED:
                result[change.code] = change.record
            case Status.REMOVED:
                del result[change.code]
            case Status.CHANGED:
                was = result[change.code]
                values = {**was.values, **{field.field: field.new for field in change.fields}}
                filled = {name: value for name, value in values.items() if value is not None}
                result[change.code] = replace(was, values=filled)
    return result


@given(snapshots())
def test_nothing_differs_from_itself(one: Snapshot) -> None:
    assert diff_of(one, one).changes == ()


@given(st.tuples(snapshots(OLD, whole=True), snapshots(NEW, whole=True)))
def test_applying_a_diff_to_the_old_side_gives_the_new_one(pair: tuple[Snapshot, Snapshot]) -> None:
    old, new = pair
    result = applied(diff_of(old, new), by_code(old))
    assert {code: {name: as_set(value) for name, value in one.values.items()} for code, one in result.items()} == {
        code: {name: as_set(value) for name, value in one.values.items()} for code, one in by_code(new).items()
    }


@given(both)
def test_applying_a_diff_gives_the_new_side_inside_the_coverage(pair: tuple[Snapshot, Snapshot]) -> None:
    old, new = pair
    before, after = by_code(old), by_code(new)
    result = applied(diff_of(old, new), before)
    for code in CODES:
        if code in before and code in after:
            unknown = before[code].unknown | after[code].unknown
            for name in (old.release.fields & new.release.fields) - unknown:
                assert as_set(result[code].values.get(name)) == as_set(after[code].values.get(name))
        elif code in after:
            assert result.get(code) == (after[code] if covers(old.release, code) else None)
        elif code in before:
            assert (code in result) is not covers(new.release, code)


@given(both)
def test_nothing_outside_the_coverage_is_told_and_all_of_it_is_counted(pair: tuple[Snapshot, Snapshot]) -> None:
    old, new = pair
    before, after = by_code(old), by_code(new)
    diff = diff_of(old, new)
    for change in diff.changes:
        assert change.status is not Status.ADDED or covers(old.release, change.code)
        assert change.status is not Status.REMOVED or covers(new.release, change.code)
        for field in change.fields:
            assert field.field in old.release.fields & new.release.fields
            assert field.field not in before[change.code].unknown | after[change.code].unknown
    in_both = before.keys() & after.keys()
    assert diff.not_compared.codes_old == sum(not covers(new.release, code) for code in before.keys() - in_both)
    assert diff.not_compared.codes_new == sum(not covers(old.release, code) for code in after.keys() - in_both)
    assert diff.not_compared.fields == {
        name: number
        for name in FIELDS
        if (
            number := sum(
                name not in old.release.fields & new.release.fields
                or name in before[code].unknown | after[code].unknown
                for code in in_both
            )
        )
    }


@given(both | of_one_issue, st.randoms(use_true_random=False))
def test_the_order_of_input_is_irrelevant(pair: tuple[Snapshot, Snapshot], chance: random.Random) -> None:
    old, new = pair
    old_records, new_records = ([*one.records] for one in pair)
    chance.shuffle(old_records)
    chance.shuffle(new_records)
    assert compare(MADE_UP, old.release, new.release, old_records, new_records) == diff_of(old, new)


@given(both | of_one_issue)
def test_the_differing_records_are_enough(pair: tuple[Snapshot, Snapshot]) -> None:
    old, new = pair
    alike = [one for one in old.records if one in new.records]
    unknown = Counter(name for one in alike for name in one.unknown)
    old_only, new_only = ([one for one in side.records if one not in alike] for side in pair)
    assert compare(MADE_UP, old.release, new.release, old_only, new_only, unknown) == diff_of(old, new)


@given(both | of_one_issue)
def test_swapping_the_sides_inverts_the_diff(pair: tuple[Snapshot, Snapshot]) -> None:
    old, new = pair
    there, back = diff_of(old, new), diff_of(new, old)
    swapped = {Status.ADDED: Status.REMOVED, Status.REMOVED: Status.ADDED, Status.CHANGED: Status.CHANGED}

    def inverted(field: FieldChange) -> FieldChange:
        return FieldChange(field.field, field.new, field.old, field.went, field.came)

    assert [(one.code, one.status, one.fields, one.administrative) for one in back.changes] == [
        (one.code, swapped[one.status], tuple(map(inverted, one.fields)), one.administrative) for one in there.changes
    ]
    numbers = there.not_compared
    assert back.not_compared == replace(numbers, codes_old=numbers.codes_new, codes_new=numbers.codes_old)


@given(snapshots(OLD), st.randoms(use_true_random=False))
def test_lists_are_compared_as_sets(one: Snapshot, chance: random.Random) -> None:
    def shuffled(value: Value) -> Value:
        return tuple(chance.sample(value, len(value))) if isinstance(value, tuple) else value

    mixed = [
        replace(content, values={name: shuffled(value) for name, value in content.values.items()})
        for content in one.records
    ]
    assert compare(MADE_UP, one.release, one.release, one.records, mixed).changes == ()


@given(both | of_one_issue)
def test_what_came_and_went_is_the_difference_of_the_lists(pair: tuple[Snapshot, Snapshot]) -> None:
    for change in diff_of(*pair).changes:
        for field in change.fields:
            if FIELDS[field.field].repeated:
                old, new = (field.old or ()), (field.new or ())
                assert field.came == tuple(value for value in new if value not in old)
                assert field.went == tuple(value for value in old if value not in new)
            else:
                assert field.came == field.went == ()


@given(both)
def test_administrative_is_what_touches_nothing_else(pair: tuple[Snapshot, Snapshot]) -> None:
    for change in diff_of(*pair).changes:
        touched = {field.field for field in change.fields}
        assert change.administrative == bool(touched and touched <= MADE_UP.administrative)


@given(of_one_issue)
def test_two_files_of_one_issue_differ_only_where_both_have_something(pair: tuple[Snapshot, Snapshot]) -> None:
    for change in diff_of(*pair).changes:
        for field in change.fields:
            assert field.old
            assert field.new
            assert not FIELDS[field.field].repeated or (field.came and field.went)


# ---------------------------------------------------------------- two revisions


@pytest.mark.parametrize(
    ("earlier", "later", "expected"),
    [
        (release(), release(source_format="sheet", sha256="other"), "amended"),
        (release(mark="v1"), release(mark="v1"), "read again"),
        (release(mark="v1"), release(mark="v2", sha256="other"), "re-issued"),
        (release(), release(sha256="other"), "re-issued"),
        (
            release(source_format="text", mark="v1"),
            release(source_format="workbook", mark="v1", sha256="x"),
            "other file format",
        ),
        (
            release(source_format="text", mark="v1"),
            release(source_format="workbook", mark="v2", sha256="x"),
            "re-issued",
        ),
    ],
)
def test_why_revised(earlier: Release, later: Release, expected: str) -> None:
    assert why_revised(earlier, later) == expected
