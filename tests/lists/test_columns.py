"""Columns are found by what they hold, and two that are equally good are never chosen between."""

from __future__ import annotations

import io
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.lists.samples import SHAPE, Table, csv_of, list_of, workbook_of
from tracker.errors import SourceError
from tracker.formats.cells import Cell
from tracker.lists.codes import CodeShape
from tracker.lists.columns import find_column, find_day_column, find_description_column
from tracker.lists.days import DateOrder
from tracker.lists.source import read_list

Column = tuple[str, Sequence[Cell]]

CODES: Column = ("HCPCS", ["J1940", "A4206-JW", "99213", "", "J194O", "q2041"])
PRICES: Column = ("Price", ["12345", "10000", "99.50", "99213", "1.00", "20.0"])
ZIPS: Column = ("Zip Code", ["12345", "90210", "10001", "60601", "33101", "73301"])
REVENUE: Column = ("Revenue Code", ["0250", "0636", "0250", "0270", "0510", "0636"])
NDCS: Column = ("NDC", ["00409610204", "00143978501", "00409610204", "63323028025", "00409-6102-04", ""])
IDS: Column = ("Charge ID", ["A1234", "B2345", "A4206", "C4567", "D5678", "E6789"])
STATES: Column = ("State Code", ["GA", "CA", "GA", "TX", "GA", "NY"])
ITEMS: Column = ("Item", ["Pump", "Syringe", "Visit", "Ward", "Pump", "Cells"])
PROSE: Column = (
    "HCPCS note",
    ["see J1940", "J1940 replaces J1938, bill both", "A4206 is not paid", "y", "x", "J7799 if none"],
)
CPT: Column = ("CPT", ["99213", "99214", "0042T", "99215", "", "71046"])
OLD: Column = ("Old HCPCS", ["J1938", "A4207", "E0100", "J1941", "J1945", "Q2041"])
NEW: Column = ("Replacement", ["J1938", "A4207", "E0100", "J1941", "J1945", "Q2041"])


def table(*columns: Column) -> Table:
    return [[heading for heading, _ in columns], *zip(*(cells for _, cells in columns), strict=True)]


@pytest.mark.parametrize("other", [PRICES, ZIPS, REVENUE, NDCS, IDS, STATES, PROSE, CPT], ids=lambda column: column[0])
@pytest.mark.parametrize("heading", ["HCPCS", "Kode", ""])
def test_the_column_of_codes_is_found_by_its_content(other: Column, heading: str) -> None:
    codes = (heading, CODES[1])
    for columns, place in (((other, codes, ITEMS), 1), ((codes, ITEMS, other), 0)):
        found = find_column(list_of(table(*columns)), None, SHAPE)
        assert found.column == place
        told = f"column {place + 1}, '{heading}'" if heading else f"column {place + 1}"
        assert found.why == f"codes are in {told} (found by its content: 4 of 6 rows hold a code)"


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ((OLD, CODES), 1),
        ((NEW, ("HCPCS", OLD[1])), 1),
        ((("Code", NEW[1]), ("Procedure code", OLD[1])), 1),
        ((("Item", NEW[1]), ("Code", OLD[1])), 1),
    ],
)
def test_a_heading_breaks_a_tie(columns: Sequence[Column], place: int) -> None:
    found = find_column(list_of(table(*columns)), None, SHAPE)
    assert found.column == place
    assert "found by its content and its heading" in found.why or CODES in columns


@pytest.mark.parametrize(
    ("columns", "both"),
    [
        ((("HCPCS 1", OLD[1]), PRICES, ("HCPCS 2", NEW[1])), "column 1, 'HCPCS 1' and column 3, 'HCPCS 2'"),
        ((("This", OLD[1]), ("That", NEW[1])), "column 1, 'This' and column 2, 'That'"),
        ((OLD, ("New HCPCS", NEW[1])), "column 1, 'Old HCPCS' and column 2, 'New HCPCS'"),
    ],
)
def test_two_columns_that_are_equally_good_are_named(columns: Sequence[Column], both: str) -> None:
    with pytest.raises(
        SourceError, match=rf"^standard input: {both} both hold codes: say with --column which is meant$"
    ):
        find_column(list_of(table(*columns)), None, SHAPE)


@pytest.mark.parametrize(
    "columns",
    [
        (PRICES, ZIPS),
        (REVENUE, NDCS),
        (PROSE, STATES),
        (("Item", CPT[1]), PRICES),
        (("Charge ID", ["B1234", "B2345", "B3456"]), ("Price", ["1", "2", "3"])),
    ],
)
def test_a_list_without_codes_is_told_what_was_looked_for(columns: Sequence[Column]) -> None:
    rows = len(columns[0][1])
    message = rf"no column holds HCPCS codes \({rows} rows were looked at\): name it with --column, one of column 1, '"
    with pytest.raises(SourceError, match=message) as told:
        find_column(list_of(table(*columns)), None, SHAPE)
    cells = [str(cell) for _, column in columns for cell in column if len(str(cell)) > 3]
    assert not any(cell in str(told.value) for cell in cells)


@pytest.mark.parametrize("heading", ["CPT", "HCPCS", "Procedure Code", "proc_code", "Code"])
def test_codes_of_another_set_alone_are_taken_where_the_heading_says_so(heading: str) -> None:
    found = find_column(list_of(table(ZIPS, (heading, CPT[1]))), None, SHAPE)
    assert (found.column, found.why.count("5 of 6 rows hold a code")) == (1, 1)


def test_a_column_of_few_codes_is_taken_where_the_heading_says_so() -> None:
    codes = ["J1940", *(f"{number}" for number in range(1_000_000, 1_000_015))]
    with pytest.raises(SourceError, match="no column holds HCPCS codes"):
        find_column(list_of(table(("Item", codes), ("N", [*codes[1:], "1"]))), None, SHAPE)
    assert find_column(list_of(table(("HCPCS", codes), ("N", [*codes[1:], "1"]))), None, SHAPE).column == 0


def test_a_home_that_knows_few_codes_finds_the_column_too() -> None:
    shape = CodeShape(frozenset({"J1940"}), SHAPE.code, SHAPE.foreign, SHAPE.names)
    codes = ["J1940", *(f"K{number:04}" for number in range(50)), *(f"{number}" for number in range(99200, 99250))]
    others = [str(number) for number in range(12000, 12101)]
    assert find_column(list_of(table(("Zip", others), ("Kode", codes))), None, shape).column == 1


@pytest.mark.parametrize(
    "text", ["J1940\nJ194O\n", "99213\n99214\n", "JW\nKX\n", "Modifier\nJW\nGA\n", "Z0001\nZ0002\n"]
)
def test_a_list_of_one_column_is_that_column(text: str) -> None:
    assert find_column(list_of(text), None, SHAPE).column == 0


def test_modifiers_alone_are_no_codes_beside_others() -> None:
    rows = table(("Place", STATES[1]), CODES, ("Mod", ["JW", "KX", "25", "", "", "GA"]))
    assert find_column(list_of(rows), None, SHAPE).column == 1


NAMED = list_of([["Code", "Price", "B", "Proc\nCode", "Code", "7"], ["J1940", "1", "2", "3", "A4206", "4"]])


@pytest.mark.parametrize(
    ("wanted", "column"),
    [("price", 1), (" PRICE ", 1), ("B", 2), ("proc code", 3), ("7", 5), ("2", 1), ("d", 3), ("F", 5)],
)
def test_a_column_is_asked_for_by_heading_number_or_letter(wanted: str, column: int) -> None:
    found = find_column(NAMED, wanted, SHAPE)
    assert found.column == column
    assert found.why.startswith(f"codes are in column {column + 1}, ")
    assert "(as asked for: " in found.why


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ("code", r"2 columns are headed 'code': say --column 1 or 5"),
        (
            "HCPCS",
            r"has no column 'HCPCS': say --column with one of column 1, 'Code', column 2, 'Price', column 3, 'B'",
        ),
        ("0", "has no column '0'"),
        ("8", "has no column '8'"),
        ("G", "has no column 'G'"),
        ("", "has no column ''"),
        ("\u00b2", "has no column"),
        ("9" * 5000, "has no column"),
    ],
)
def test_a_column_that_is_not_there_or_there_twice_is_told(wanted: str, message: str) -> None:
    with pytest.raises(SourceError, match=rf"^standard input:? {message}"):
        find_column(NAMED, wanted, SHAPE)


def test_what_is_found_does_not_hang_on_the_whole_list() -> None:
    rows = [["Item", "HCPCS"], *(["x", ""] for _ in range(6000)), *(["y", "J1940"] for _ in range(20_000))]
    found = find_column(list_of(rows), None, SHAPE)
    assert found.column == 1
    assert " of a sample of " in found.why


# ---------------------------------------------------------------- descriptions

OFFICIAL = {
    "J1940": ("Injection, furosemide, up to 20 mg", "Furosemide injection"),
    "A4206": ("Syringe with needle, sterile, 1 cc or less, each", "1 cc sterile syringe&needle"),
    "Q2041": ("Axicabtagene ciloleucel, up to 200 million cells", "Axicabtagene ciloleucel car+"),
}
TEXTS: Column = (
    "What",
    ["INJ FUROSEMIDE 20MG", "SYRINGE W/NDL STERILE", "OFFICE VISIT", "ROOM", "INJ FUROSEMIDE", "Axicabtagene"],
)
GROUPS: Column = ("Description of department", ["Pharmacy", "Supplies", "Clinic", "Ward", "Pharmacy", "Oncology"])


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ((GROUPS, CODES, TEXTS), 2),
        ((TEXTS, CODES, GROUPS, PRICES), 0),
        ((CODES, TEXTS, ("Description", TEXTS[1])), 2),
        ((CODES, GROUPS, PRICES), None),
        ((CODES,), None),
    ],
)
def test_the_lists_own_descriptions_are_found(columns: Sequence[Column], place: int | None) -> None:
    user_list = list_of(table(*columns))
    assert find_description_column(user_list, columns.index(CODES), lambda code: OFFICIAL.get(code, ()), SHAPE) == place


# ---------------------------------------------------------------- days


def days(*columns: Column) -> Table:
    rows = max(len(cells) for _, cells in columns)
    return table(("HCPCS", ["J1940"] * rows), *columns)


AMERICAN = ["03/04/2025", "03/31/2025", "1/2/2025"]
EUROPEAN = ["04/03/2025", "31/03/2025", "2/1/2025"]
UNDECIDED = ["03/04/2025", "5/5/2025", "1/2/2025"]
ISO = ["2025-03-04", "", "2025-03-31"]


@pytest.mark.parametrize(
    ("cells", "order", "told"),
    [
        (AMERICAN, DateOrder.MDY, "3 of 3 rows hold a day; read month first, as row 3 shows"),
        (EUROPEAN, DateOrder.DMY, "3 of 3 rows hold a day; read day first, as row 3 shows"),
        (ISO, DateOrder.YMD, "2 of 3 rows hold a day"),
        (["03.04.2025", "1.2.25"], DateOrder.DMY, "2 of 2 rows hold a day; read day first, as dates with dots are"),
        (["03.31.2025", "1.2.25"], DateOrder.MDY, "2 of 2 rows hold a day; read month first, as row 2 shows"),
        (["5/5/2025", "6/6/2025", "20250301"], DateOrder.YMD, "3 of 3 rows hold a day"),
    ],
)
def test_the_order_of_dates_is_found_and_said(cells: list[str], order: DateOrder, told: str) -> None:
    found = find_day_column(list_of(days(("DOS", cells))), None, 0)
    assert (found.column, found.order, found.serials) == (1, order, False)
    assert found.why == f"dates of service are in column 2, 'DOS' (found by its content: {told})"


def test_an_order_that_nothing_shows_is_asked_for() -> None:
    user_list = list_of(days(("DOS", UNDECIDED)))
    with pytest.raises(
        SourceError,
        match=r"^standard input: the dates in column 2, 'DOS' could be read month first or day first: say --date-order "
        r"mdy \(month first\) or --date-order dmy \(day first\)$",
    ):
        find_day_column(user_list, None, 0)
    found = find_day_column(user_list, None, 0, DateOrder.MDY)
    assert (found.order, found.why.endswith("3 of 3 rows hold a day; read month first)")) == (DateOrder.MDY, True)


def test_dates_of_both_orders_are_told_by_their_rows() -> None:
    message = r"column 2, 'DOS' are mixed: in row 3 the month comes first, in row 4 the day: correct them, or say"
    with pytest.raises(SourceError, match=message):
        find_day_column(list_of(days(("DOS", ["1/2/2025", "03/31/2025", "31/03/2025"]))), None, 0)


@pytest.mark.parametrize(
    ("columns", "place"),
    [
        ((("Birth date", ISO), ("Service date", ISO)), 2),
        ((("Birth date", ISO), ("Date", ISO)), 2),
        ((("Service from", ISO), ("Service to", ISO)), 1),
        ((("Thru", ISO), ("Admitted", ISO), ("From", ISO)), 3),
        ((("To DOS", ISO), ("From DOS", ISO)), 2),
        ((("Paid", ISO), ("Tag", ISO), ("MRN", ["20250301", "7", "8"])), 2),
        ((("N", ["1", "2", "3"]), ("", ISO)), 2),
    ],
)
def test_the_column_of_the_dates_of_service_is_found(columns: Sequence[Column], place: int) -> None:
    assert find_day_column(list_of(days(*columns)), None, 0).column == place


def test_two_columns_of_dates_are_named() -> None:
    columns = (("Admitted", ISO), ("Discharged", ISO))
    message = (
        r"^standard input: column 2, 'Admitted' and column 3, 'Discharged' both hold dates: say with --date-column"
    )
    with pytest.raises(SourceError, match=message):
        find_day_column(list_of(days(*columns)), None, 0)
    assert find_day_column(list_of(days(*columns)), "discharged", 0).column == 2


@pytest.mark.parametrize(
    "column", [("DOB", ISO), ("Paid date", ISO), ("N", ["1", "2", "3"]), ("DOS", ["soon", "2025", "-"])]
)
def test_a_list_without_dates_of_service_is_told(column: Column) -> None:
    message = (
        r"no column holds dates of service \(3 rows were looked at\): name it with --date-column, one of column 1, '"
    )
    with pytest.raises(SourceError, match=message):
        find_day_column(list_of(days(column)), None, 0)


def test_numbers_are_excels_days_only_among_a_workbooks_dates() -> None:
    mixed: Column = ("DOS", [date(2025, 3, 31), 45747, date(2025, 3, 30)])
    found = find_day_column(list_of(workbook_of({"Claims": days(mixed)})), None, 0)
    assert (found.column, found.serials, found.order) == (1, True, DateOrder.YMD)
    numbers = ("DOS", [45745, 45746, 45747])
    with pytest.raises(SourceError, match="no column holds dates of service"):
        find_day_column(list_of(workbook_of({"Claims": days(numbers)})), None, 0)


HEADINGS = st.sampled_from(["HCPCS", "Code", "DOS", "Date", "", "Old code", "Zip", "From"])
CELLS = st.sampled_from(["J1940", "99213", "JW", "2025-03-31", "3/4/25", "Jane Secret", "", "12.50"])


@given(st.lists(HEADINGS, min_size=1, max_size=4), st.lists(st.lists(CELLS, min_size=1, max_size=4), max_size=6))
def test_no_sentence_holds_a_cell(headings: list[str], rows: list[list[str]]) -> None:
    told = []
    try:
        user_list = read_list(io.BytesIO(csv_of([headings, *rows]).encode()), SHAPE)
        told += [*user_list.remarks, user_list.places()]
        codes = find_column(user_list, None, SHAPE)
        told.append(codes.why)
        told.append(find_day_column(user_list, None, codes.column).why)
    except SourceError as error:
        told.append(str(error))
    if any(heading in ("HCPCS", "Code", "DOS", "Date") for heading in headings):
        assert not any(secret in sentence for sentence in told for secret in ("Jane Secret", "3/4/25", "J1940"))
