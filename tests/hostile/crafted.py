"""Zips and workbooks made part by part, as nobody's program makes them."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Mapping

from tests.hcpcs.builders import TWO, text_of

TEXT = "HCPC2026_JAN_ANWEB.txt"
RECORDS = text_of(TWO).encode("cp1252")
BOMB = 512 * 1024**2
"""Bytes that a bomb unpacks to: more than the limit."""


def member(name: bytes, packed: bytes, *, method: int = 8, crc: int = 0, size: int = 0, flags: int = 0) -> bytes:
    """Return a member with the headers that are told."""
    told = struct.pack("<5H3I2H", 20, flags, method, 0, 33, crc, len(packed), size, len(name), 0)
    return b"PK\3\4" + told + name + packed


def listed(local: bytes, offset: int, *, mode: int = 0) -> bytes:
    """Return the line of a zip's list for a member."""
    told, length = local[4:30], struct.unpack_from("<H", local, 26)[0]
    rest = struct.pack("<3H2I", 0, 0, 0, mode << 16, offset) + local[30 : 30 + length]
    return b"PK\1\2" + struct.pack("<H", 3 << 8 | 20) + told + rest


def zip_from(members: list[bytes], lines: list[bytes] | None = None) -> bytes:
    """Return a zip of members as they are, and the lines of its list, else the true ones."""
    data, offsets = b"", []
    for local in members:
        offsets.append(len(data))
        data += local
    if lines is None:
        lines = [listed(local, offset) for local, offset in zip(members, offsets, strict=True)]
    central = b"".join(lines)
    return data + central + struct.pack("<4s4H2IH", b"PK\5\6", 0, 0, len(lines), len(lines), len(central), len(data), 0)


def deflated(data: bytes) -> bytes:
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return packer.compress(data) + packer.flush()


def zeros(size: int) -> bytes:
    """Return that many blanks, deflated: a thousandth of the size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    million = packer.compress(b" " * 1024**2) + packer.flush(zlib.Z_FULL_FLUSH)  # which stands for itself
    return million * (size // 1024**2) + packer.flush()


def whole(name: str, data: bytes) -> bytes:
    """Return an honest member."""
    return member(name.encode(), deflated(data), crc=zlib.crc32(data), size=len(data))


# ---------------------------------------------------------------- workbooks

_SPREADSHEET = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006/relationships"

CELLS = '<row r="1"><c r="A1" t="s"><v>0</v></c><c r="B1" t="s"><v>1</v></c></row>'
RECORD = '<row r="2"><c r="A2" t="s"><v>2</v></c><c r="B2" t="s"><v>3</v></c></row>'
SHARED = ("HCPC", "COV", "J1940", "D")
PARTS = {
    "[Content_Types].xml": "<Types/>",
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" Type="{_RELATIONS}/officeDocument" '
    'Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_SPREADSHEET}" xmlns:r="{_RELATIONS}"><sheets><sheet name="Records" '
    'sheetId="1" r:id="rId1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}"><Relationship Id="rId1" '
    f'Type="{_RELATIONS}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
    "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{_SPREADSHEET}"><sheetData>{CELLS}{RECORD}</sheetData></worksheet>',
    "xl/sharedStrings.xml": f'<sst xmlns="{_SPREADSHEET}" uniqueCount="4">'
    + "".join(f"<si><t>{text}</t></si>" for text in SHARED)
    + "</sst>",
}
"""A workbook with one record: J1940."""

SHEET, STRINGS, BOOK = "xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "xl/workbook.xml"


def workbook_with(part: str = "", old: str = "", new: str = "", added: Mapping[str, str] | None = None) -> bytes:
    """Return the workbook with a text of a part replaced, and parts added or (empty ones) left out."""
    parts = {**PARTS, **(added or {})}
    if part:
        assert old in parts[part]
        parts[part] = parts[part].replace(old, new)
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as book:
        for name, content in parts.items():
            if content:
                book.writestr(name, content)
    return file.getvalue()
