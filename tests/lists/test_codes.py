"""Codes are read as people write them, and nothing else is taken for one."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.lists.samples import SHAPE
from tracker.formats.cells import Cell
from tracker.lists.codes import Coded, CodeKind, CodeShape, read_codes

J1940 = Coded("J1940")


def unreadable(code: str = "") -> tuple[Coded, ...]:
    return (Coded(code, kind=CodeKind.UNREADABLE),)


def foreign(code: str, system: str, *modifiers: str) -> Coded:
    return Coded(code, modifiers, CodeKind.FOREIGN, system)


@pytest.mark.parametrize(
    "cell",
    [
        *("J1940", "j1940", " j1940 \n", "\xa0J1940\xa0", "(J1940)", "J1940.", "*J1940"),
        *("'J1940", "\u2018J1940\u2019", '"J1940"', '="J1940"'),
        *("HCPCS:J1940", "HCPCS: J1940", "HCPCS J1940", "hcpcs code j1940", "CPT/HCPCS J1940", "HCPCS#J1940"),
    ],
)
def test_a_code_is_read_in_whatever_way_it_is_written(cell: str) -> None:
    assert read_codes(cell, SHAPE) == (J1940,)


@pytest.mark.parametrize(
    ("cell", "modifiers"),
    [
        *((f"J1940{between}JW", ("JW",)) for between in "- :,/;_"),
        ("J1940JW", ("JW",)),
        ("j1940jw", ("JW",)),
        ("J1940 - JW", ("JW",)),
        ("J1940\u2013JW", ("JW",)),
        ("J1940 JW KX", ("JW", "KX")),
        ("J1940JWKX", ("JW", "KX")),
        ("J1940-JW-KX-25-GA", ("JW", "KX", "25", "GA")),
        ("J1940JWKX25GA", ("JW", "KX", "25", "GA")),
        ("J1940:25:JW", ("25", "JW")),
        ("J194025", ("25",)),
        ("J1940-A1", ("A1",)),
        ("J1940, JW", ("JW",)),
    ],
)
def test_modifiers_are_kept_apart_and_in_order(cell: str, modifiers: tuple[str, ...]) -> None:
    assert read_codes(cell, SHAPE) == (Coded("J1940", modifiers),)


@pytest.mark.parametrize(
    ("cell", "repaired"),
    [
        ("\uff2a\uff11\uff19\uff14\uff10", "characters that cannot be seen or only look alike were put right"),
        ("J19\u200b40", "characters that cannot be seen or only look alike were put right"),
        ("\ufeffJ1940", "characters that cannot be seen or only look alike were put right"),
        ("J1940.0", "the '.0' behind it was left off"),
        ("J-1940", "it was written J-1940"),
        ("j 1940", "it was written J 1940"),
    ],
)
def test_what_was_put_right_is_told(cell: str, repaired: str) -> None:
    assert read_codes(cell, SHAPE) == (Coded("J1940", repaired=repaired),)


@pytest.mark.parametrize(
    ("cell", "codes"),
    [
        ("J1940, J1941", (J1940, Coded("J1941"))),
        ("J1940;J1941", (J1940, Coded("J1941"))),
        ("J1940/J1941", (J1940, Coded("J1941"))),
        ("J1940 J1941", (J1940, Coded("J1941"))),
        ("J1940\nJ1941", (J1940, Coded("J1941"))),
        ("A4206-J1940", (Coded("A4206"), J1940)),
        ("J1941-J1940", (Coded("J1941"), J1940)),
        ("J1940-JW, 99213-25", (Coded("J1940", ("JW",)), foreign("99213", "CPT", "25"))),
        ("J1940-J1945", (Coded("J1940-J1945", kind=CodeKind.RANGE),)),
        ("J1940 \u2013 J1945", (Coded("J1940-J1945", kind=CodeKind.RANGE),)),
        ("j1940 to j1945", (Coded("J1940-J1945", kind=CodeKind.RANGE),)),
        ("HCPCS J1940 through J1945", (Coded("J1940-J1945", kind=CodeKind.RANGE),)),
        ("99213-99215, J1940", (Coded("99213-99215", (), CodeKind.RANGE, "CPT"), J1940)),
    ],
)
def test_several_codes_of_a_cell_are_all_read_and_a_range_is_one(cell: str, codes: tuple[Coded, ...]) -> None:
    assert read_codes(cell, SHAPE) == codes


@pytest.mark.parametrize(
    ("cell", "code"),
    [
        ("99213", foreign("99213", "CPT")),
        (99213.0, foreign("99213", "CPT")),
        (99213, foreign("99213", "CPT")),
        ("0042T", foreign("0042T", "CPT")),
        ("CPT 99213", foreign("99213", "CPT")),
        ("99213-25", foreign("99213", "CPT", "25")),
        ("D0120", foreign("D0120", "CDT")),
        ("Q9999", Coded("Q9999")),  # looks like a code; whether there is one is not asked here
        ("A1234KX", Coded("A1234", ("KX",))),
        ("JW", Coded("JW")),
        ("25", Coded("25")),
        (25.0, Coded("25")),
    ],
)
def test_codes_of_other_sets_unknown_codes_and_modifiers_alone_are_told_apart(cell: Cell, code: Coded) -> None:
    assert read_codes(cell, SHAPE) == (code,)


def test_a_code_that_is_known_is_no_other_sets_code() -> None:
    shape = CodeShape(frozenset({"D0120"}), SHAPE.code, SHAPE.foreign, SHAPE.names)
    assert read_codes("D0120", shape) == (Coded("D0120"),)


@pytest.mark.parametrize(
    "cell", ["", " ", "\xa0", "-", "--", "\u2014", "N/A", "n/a", "#N/A", "None", "null", "?", "...", float("nan")]
)
def test_a_blank_is_nothing(cell: Cell) -> None:
    assert read_codes(cell, SHAPE) == (Coded(kind=CodeKind.NONE),)


@pytest.mark.parametrize(
    "cell",
    [
        *(1.0, 0.0, 12.5, 1234567, float("inf"), True, date(2025, 3, 31), datetime(2025, 3, 31, tzinfo=UTC)),
        *("0250", "12.50", "12345.00", "1234567", "12345678901", "0143-9785-01", "12345-6789", "123-45-6789", "Z9"),
        *("2025-03-31", "03/31/2025", "555-123-4567", "Furosemide", "Müller", "HCPCS", "=1+1", "J", "$1,200.00"),
        "Patients who got furosemide by J1940 last year, or J1941",
    ],
)
def test_what_is_no_code_is_unreadable_and_not_handed_on(cell: Cell) -> None:
    assert read_codes(cell, SHAPE) == unreadable()


@pytest.mark.parametrize(
    ("cell", "meant"),
    [
        *(("J194O", "J194O"), ("j194o", "J194O"), ("J19400", "J19400"), ("J194", "J194"), ("1940J1", "1940J1")),
        *(("J1940-X", "J1940"), ("J1940 EACH", "J1940"), ("see J1940", "J1940"), ("A12345", "A12345")),
        *(("B123456", "B123456"), ("J1940, what", "J1940")),
    ],
)
def test_a_damaged_code_is_handed_on_as_it_is(cell: str, meant: str) -> None:
    assert read_codes(cell, SHAPE) == unreadable(meant)


CELLS = st.one_of(
    st.text(max_size=60),
    st.text("J1940AWKX25 -,:/.'=\xa0\u200b\uff2a", max_size=30),
    st.floats(),
    st.integers(),
    st.booleans(),
    st.dates(),
    st.datetimes(),
    st.times(),
    st.timedeltas(),
)


@given(CELLS)
@example("ﷺ" * 30)
@example("J1940-" * 10_000)
def test_every_cell_is_read_as_something(cell: Cell) -> None:
    for coded in read_codes(cell, SHAPE):
        assert re.fullmatch(r"|[A-Z0-9]{2}|[A-Z0-9]{4,7}|[A-Z0-9]{5}-[A-Z0-9]{5}", coded.code)
        assert all(re.fullmatch("[A-Z0-9]{2}", modifier) for modifier in coded.modifiers)
        assert (coded.kind is CodeKind.NONE) <= (coded.code == "")


@given(
    st.sampled_from([*sorted(code for code in SHAPE.known if len(code) == 5), "99213", "D0120", "Q9999"]),
    st.lists(st.sampled_from(["JW", "KX", "25", "A1"]), max_size=4),
    st.sampled_from(["", "-", " ", ":", "/"]),
)
def test_what_was_read_is_read_again_as_the_same(code: str, modifiers: list[str], between: str) -> None:
    (coded,) = read_codes(between.join([code, *modifiers]).lower(), SHAPE)
    if coded.kind is CodeKind.UNREADABLE:  # 9921325 is a number
        assert between == ""
        return
    assert (coded.code, coded.modifiers) == (code, tuple(modifiers))
    assert read_codes("-".join([coded.code, *coded.modifiers]), SHAPE) == (coded,)
