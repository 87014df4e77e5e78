"""The code lists decode what CMS writes."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from tracker.hcpcs import code_lists
from tracker.hcpcs.catalogue import COLUMNS, FIELDS

LISTS = {name: value for name, value in vars(code_lists).items() if name.isupper()}


@pytest.mark.parametrize(
    ("column", "value", "meaning"),
    [
        ("PRICE1", "51", "Drugs"),
        ("PRICE4", "36", "Capped rental DME (price subject to floors and ceilings)"),
        ("MULT_PI", "A", "Not applicable as HCPCS priced under one methodology"),
        ("LABCERT1", "010", "Histocompatibility testing"),
        ("COV", "S", "Non-covered by Medicare statute"),
        ("ASC_GRP", "YY", "Approved to be performed in an ambulatory surgical center"),
        ("OPPS", "280", "Bunion procedures"),
        ("BETOS", "Z2", "Undefined codes"),
        ("TOS5", "R", "Rental of DME"),
        ("ACTION CD", "N", "No maintenance for this code"),
    ],
)
def test_a_value_means_what_the_record_layout_says(column: str, value: str, meaning: str) -> None:
    meanings = COLUMNS[column].meanings
    assert meanings is not None
    assert meanings[value] == meaning


def test_every_list_is_used_by_a_field() -> None:
    assert {id(field.meanings) for field in FIELDS.values() if field.meanings} == {id(one) for one in LISTS.values()}


@pytest.mark.parametrize("name", LISTS)
def test_values_and_meanings_are_clean(name: str) -> None:
    meanings: Mapping[str, str] = LISTS[name]
    for value, meaning in meanings.items():
        assert value == value.strip().upper()
        assert value.isalnum()
        assert meaning
        assert meaning == " ".join(meaning.split())


def test_every_action_of_a_release_is_known() -> None:
    assert set(code_lists.ACTION) == set("ABCDFNPRST")
