"""Which reader a file needs: told by its content, never by its ending."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO, Final

from tracker.errors import SourceError
from tracker.formats.decoding import decode
from tracker.formats.unzip import DAMAGED, Zip
from tracker.hcpcs.labels import name_hints
from tracker.hcpcs.readers import bundle, record_text, sheet, table, workbook
from tracker.limits import TABLE_SIZE
from tracker.model import RawRelease

_ZIP: Final = b"PK\x03\x04"
_OLE: Final = b"\xd0\xcf\x11\xe0"
_ACCEPTED: Final = (
    "tracker reads CMS zips, record texts and workbooks, CSV and XLSX with CMS's column names, per-code sheets, "
    "and its own snapshot files"
)
_FOREIGN: Final = {
    b"%PDF": "a PDF",
    b"{\\rtf": "an RTF document",
    b"\x1f\x8b": "a gzip file",
    b"7z\xbc\xaf": "a 7z file",
}


def read(name: str, file: BinaryIO) -> RawRelease:
    """Read a file of any known format; label, mark and day of publication from its name where it tells.

    Args:
        name: the file's base name.
        file: its content, from the begin. It must stay open while the records are taken.

    Raises:
        SourceError: the file is empty, of no known format, or damaged.
    """
    raw = _read(name, file)
    hints = name_hints(name)
    return replace(
        raw,
        label=raw.label or hints.label,
        mark=raw.mark or hints.mark,
        published=raw.published or hints.published,
    )


def _read(name: str, file: BinaryIO) -> RawRelease:
    head = file.read(record_text.PREAMBLE)
    file.seek(0)
    for magic, what in _FOREIGN.items():
        if head.startswith(magic):
            message = f"{name} is {what}, which holds no records that can be read: {_ACCEPTED}"
            raise SourceError(message)
    if not head.startswith((_OLE, _ZIP)) and record_text.holds_records(head):
        return record_text.read(name, file)
    data = file.read(TABLE_SIZE.value + 1)
    if len(data) > TABLE_SIZE.value:
        raise SourceError(
            f"{name} is no text with CMS's records, and larger than any other file of them {TABLE_SIZE.hint}"
        )
    if not data.strip():
        message = f"{name} is empty: download it again"
        raise SourceError(message)
    if data.startswith(_OLE) or (data.startswith(_ZIP) and _is_workbook(name, data)):
        return workbook.read(name, data)
    if data.startswith(_ZIP):
        return bundle.read(name, data)
    if b"\0" in data[:4096] and not data.startswith((b"\xff\xfe", b"\xfe\xff")):
        message = f"{name} is in no format that can be read: {_ACCEPTED}"
        raise SourceError(message)
    text = decode(data)
    if sheet.is_sheet(text):
        return sheet.read(name, text)
    found = table.read_csv(name, text)
    if found is None:
        message = (
            f"{name} holds no HCPCS records: no record line, no header with CMS's column names (HCPC, …), no row "
            f"'HCPCS Code'; {_ACCEPTED}"
        )
        raise SourceError(message)
    return found


def _is_workbook(name: str, data: bytes) -> bool:
    """Whether a zip is an Office document, by the one member that all of these have."""
    try:
        return "[Content_Types].xml" in Zip(name, data).names()
    except DAMAGED:
        return False
