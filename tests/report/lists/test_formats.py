"""What holds for a list in every format."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from tests.report.lists.list_views import chargemaster, empty, found, many
from tracker.errors import TrackerError
from tracker.model import Format
from tracker.report.lists import render
from tracker.report.lists.view import MOST_ON_PAGE, ListRow, ListView

VIEWS = {view.__name__: view for view in (chargemaster, found, empty)}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("form", Format)
def test_the_same_list_gives_the_same_bytes(form: Format, view: Callable[[], ListView]) -> None:
    first, second = (b"".join(render(view(), form)) for _ in range(2))
    assert first == second
    assert first != b""


@pytest.mark.parametrize("form", Format)
def test_pieces_of_a_long_list_are_bytes_and_no_row_is_lost(form: Format) -> None:
    pieces = list(render(many(5000), form))
    assert all(isinstance(piece, bytes) for piece in pieces)
    if form in {Format.CSV, Format.JSON}:
        assert len(pieces) > 2
        assert all(f"{place:07}".encode() in b"".join(pieces) for place in range(5000))


@pytest.mark.parametrize("form", [form for form in Format if form is not Format.TEXT])
def test_an_error_in_a_row_is_the_callers(form: Format) -> None:
    view = many(10)

    def rows() -> Iterator[ListRow]:
        yield from view.rows()
        raise TrackerError("list.csv was changed while it was read")

    with pytest.raises(TrackerError, match=r"^list\.csv was changed while it was read$"):
        b"".join(render(replace(view, rows=rows), form))


@pytest.mark.parametrize("form", [Format.HTML, Format.MARKDOWN])
def test_a_page_has_a_limit(form: Format) -> None:
    assert MOST_ON_PAGE == 20_000
    expected = r"^20,001 rows are more than a page can show \(20,000\): write \.csv or \.xlsx$"
    with pytest.raises(TrackerError, match=expected):
        render(many(MOST_ON_PAGE + 1), form)


def test_a_sheet_has_a_limit() -> None:
    expected = r"^1,048,576 rows are more than a sheet can hold \(1,048,575\): write \.csv$"
    with pytest.raises(TrackerError, match=expected):
        render(many(1_048_576), Format.XLSX)
    columns = tuple(f"c{place}" for place in range(16_384))
    with pytest.raises(TrackerError, match=r"^16,397 columns are more than a sheet can hold \(16,384\): write \.csv$"):
        render(replace(empty(), columns=columns), Format.XLSX)


@pytest.mark.parametrize("form", [Format.TEXT, Format.CSV, Format.JSON])
def test_the_other_formats_have_none(form: Format) -> None:
    view = replace(many(3), length=10_000_000)
    assert b"".join(render(view, form)) != b""
