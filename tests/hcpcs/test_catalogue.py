"""The field catalogue agrees with itself and with CMS's record layout."""

from __future__ import annotations

import pytest

from tracker.hcpcs.catalogue import COLUMNS, FIELDS, HCPCS, KEY_COLUMNS
from tracker.model import Facet

NAMES = (
    "long_description short_description added_date action_effective_date termination_date action_code coverage_code "
    "pricing_indicators multiple_pricing asc_group asc_date mog_group mog_policy mog_date anesthesia_units betos "
    "types_of_service cim_references mcm_references statute lab_certifications cross_references processing_note"
)


def slot(column: str) -> tuple[int, int]:
    """Return the first and last place of a column in a text record, counted from one as CMS does."""
    field = COLUMNS[column]
    begin = field.position + field.columns.index(column) * field.width
    return begin + 1, begin + field.width


def test_field_names_are_permanent() -> None:
    assert " ".join(FIELDS) == NAMES


def test_a_workbook_has_48_columns() -> None:
    assert len(COLUMNS) + len(KEY_COLUMNS) == 48
    assert COLUMNS.keys().isdisjoint(KEY_COLUMNS)


@pytest.mark.parametrize(
    ("column", "begin", "end"),
    [
        ("LONG DESCRIPTION", 12, 91),
        ("PRICE1", 120, 121),
        ("PRICE4", 126, 127),
        ("MCM2", 155, 162),
        ("LABCERT8", 202, 204),
        ("XREF5", 225, 229),
        ("BETOS", 257, 259),
        ("TOS1", 261, 261),
        ("TERM DT", 285, 292),
        ("ACTION CD", 293, 293),
    ],
)
def test_columns_stand_where_the_record_layout_has_them(column: str, begin: int, end: int) -> None:
    assert slot(column) == (begin, end)


def test_the_slots_fill_a_record_and_never_overlap() -> None:
    taken = [place for column in COLUMNS for begin, end in [slot(column)] for place in range(begin, end + 1)]
    assert len(taken) == len(set(taken))
    assert set(range(12, 294)) - set(taken) == {260}


def test_each_field_has_one_label_and_each_facet_a_field() -> None:
    assert len({field.label for field in FIELDS.values()}) == len(FIELDS)
    assert {field.facet for field in FIELDS.values()} == set(Facet)


@pytest.mark.parametrize("field", FIELDS.values(), ids=str)
def test_a_fields_traits_fit_together(field: object) -> None:
    row = next(row for row in FIELDS.values() if row is field)
    assert FIELDS[row.name] is row
    assert row.repeated == (len(row.columns) > 1)
    assert not row.is_date or (row.width == 8 and row.meanings is None)
    assert not (row.required and row.repeated)
    assert all(0 < len(value) <= row.width for value in row.meanings or ())
    assert not row.zero_filled or all(len(value) == row.width for value in row.meanings or ())


def test_the_code_set_names_its_own_fields() -> None:
    assert HCPCS.fields is FIELDS
    assert {*HCPCS.administrative, *HCPCS.title, HCPCS.added, HCPCS.ended} <= FIELDS.keys()
    assert FIELDS[HCPCS.added].is_date
    assert FIELDS[HCPCS.ended].is_date
