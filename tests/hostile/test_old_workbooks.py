"""Old workbooks (`.xls`) that are made to harm: they end the process that reads them, and no other."""

from __future__ import annotations

import struct
import sys
from datetime import date, datetime, time, timedelta
from pathlib import Path

import pytest

from tests.hostile.conftest import Reading
from tracker.errors import SourceError
from tracker.formats import old_workbook
from tracker.formats.cells import Cell
from tracker.formats.old_workbook import OldSheet
from tracker.formats.spreadsheet import open_sheets

END, FAT, FREE = 0xFFFFFFFE, 0xFFFFFFFD, 0xFFFFFFFF


def container(stream: bytes) -> bytes:
    """Return an OLE container whose one stream is a workbook's: at least 4,096 bytes, so that it has sectors."""
    stream = stream.ljust(4096, b"\0")
    stream += bytes(-len(stream) % 512)
    count = len(stream) // 512
    sectors = [FAT, END, *range(3, count + 2), END]
    table = struct.pack(f"<{len(sectors)}I", *sectors).ljust(512, b"\xff")
    head = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16) + struct.pack("<5H6x", 0x3E, 3, 0xFFFE, 9, 6)
    head += struct.pack("<10I", 0, 1, 1, 0, 4096, END, 0, END, 0, 0) + b"\xff" * 432
    return (
        head
        + table
        + entry("Root Entry", 5, END, 0, child=1)
        + entry("Workbook", 2, 2, len(stream))
        + bytes(256)
        + stream
    )


def entry(name: str, sort: int, begin: int, size: int, child: int = FREE) -> bytes:
    text = name.encode("utf-16-le")
    told = text.ljust(64, b"\0") + struct.pack("<HBB3I", len(text) + 2, sort, 1, FREE, FREE, child)
    return told + bytes(36) + struct.pack("<IQ", begin, size)


def record(number: int, data: bytes) -> bytes:
    return struct.pack("<2H", number, len(data)) + data


def old_workbook_of(*cells: tuple[int, int]) -> bytes:
    """Return a workbook of one sheet with the number 1 in some cells: zero-based row and column."""
    begin = record(0x809, struct.pack("<8H", 0x600, 5, 0, 0, 0, 0, 0, 0))
    name = b"Records"
    bound = record(0x85, struct.pack("<IHBB", len(begin) + 4 + 8 + len(name) + 4, 0, len(name), 0) + name)
    book = begin + bound + record(0x0A, b"")
    sheet = record(0x809, struct.pack("<8H", 0x600, 0x10, 0, 0, 0, 0, 0, 0))
    sheet += b"".join(record(0x203, struct.pack("<3Hd", *cell, 0, 1.0)) for cell in cells)
    return container(book + sheet + record(0x0A, b""))


def test_the_plain_one_is_read() -> None:
    (sheet,) = open_sheets("list.xls", old_workbook_of((0, 0), (2, 1)))
    assert (sheet.name, sheet.hidden, list(sheet.rows())) == ("Records", False, [(1, [1.0, ""]), (3, ["", 1.0])])


@pytest.mark.parametrize("cells", [((0, 0), (65_535, 65_535)), ((65_535, 0), (0, 65_535))])
def test_cells_that_are_far_apart_end_the_other_process_alone(
    reading: Reading, cells: tuple[tuple[int, int], ...]
) -> None:
    """calamine asks for 137 GB for them, and Rust ends the process that cannot have them."""
    told = reading(old_workbook_of(*cells))
    assert "it is damaged, or asks for too much memory (the limit is 2 GiB" in told
    assert "TRACKER_LIMIT_OLD_WORKBOOK_MEMORY lifts it" in told
    assert reading(old_workbook_of(*cells), kind="list").startswith("refused: ")


@pytest.mark.parametrize("step", [0, 1])
def test_damage_anywhere_is_one_sentence(reading: Reading, step: int) -> None:
    data = old_workbook_of((0, 0), (2, 1))
    for place in range(24 + step, 1200, 291):
        for value in (b"\0\0\0\0", b"\xff\xff\xff\xff"):
            assert reading(data[:place] + value + data[place + 4 :]).startswith("refused: ")


def test_a_chain_of_sectors_in_a_circle_is_told(reading: Reading) -> None:
    data = bytearray(old_workbook_of((0, 0)))
    for sector in (0, 1, 2, 5):
        circle = bytearray(data)
        circle[512 + sector * 4 : 516 + sector * 4] = struct.pack("<I", sector)
        assert reading(bytes(circle), OLD_WORKBOOK_SECONDS="5").startswith("refused: ")


def test_one_that_takes_too_long_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    slow = tmp_path / "python"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(sys, "executable", str(slow))
    monkeypatch.setenv("TRACKER_LIMIT_OLD_WORKBOOK_SECONDS", "1")
    with pytest.raises(SourceError, match=r"^a.xls: the workbook takes too long .*TRACKER_LIMIT_OLD_WORKBOOK_SECONDS"):
        old_workbook.read("a.xls", b"")


def test_the_other_process_looks_for_nothing_in_the_current_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What lies beside a file that somebody sent is never executed."""
    (tmp_path / "json.py").write_text("raise SystemExit('executed')\n")
    monkeypatch.chdir(tmp_path)
    assert len(old_workbook.read("a.xls", old_workbook_of((0, 0)))) == 1


def test_cells_of_all_types_come_back_as_they_were() -> None:
    cells: list[Cell] = [
        "text",
        "\x1b[31m",
        1.5,
        True,
        date(2026, 1, 1),
        datetime(2026, 1, 1, 12),  # noqa: DTZ001
        time(1, 2),
        timedelta(days=2.5),
    ]
    lines = [
        b'{"sheet": "S", "hidden": true, "start": [0, 0], "end": [0, 7]}',
        old_workbook._line(cells).encode(),
    ]
    (sheet,) = old_workbook._sheets("a.xls", lines)
    assert sheet == OldSheet("S", hidden=True, start=(0, 0), end=(0, 7), laid_out=[cells])
