"""What fuzzing begins with: small files of every format, made up, and cut out of CMS's own where these are at hand."""

from __future__ import annotations

import io
import json
import os
import struct
import zipfile
from collections.abc import Iterator, Sequence
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from tests.fake_publisher import page_of, release_zip
from tests.fuzz.mutations import sealed
from tests.hcpcs.builders import (
    LENGTHY,
    STYLES,
    TWO,
    csv_of,
    sheet_of,
    sheet_rows,
    table_of,
    text_of,
    workbook_of,
    zip_of,
)
from tests.support import FILES, values

ROOT: Final = Path(__file__).parents[2]
OLD, NEW = ("2025.r1.jsonl", "2026.r1.jsonl")
"""The bundled snapshot files."""

RECORDS: Final = {
    **TWO,
    "A4206": values("A4206", PRICE2="52", TOS2="9", TERM_DT="20251231", ACTION_CD="D"),
    "E0100": values("E0100", STATUTE="1861", XREF1="E0105", CIM1="60-3", LABCERT1="010"),
    "Q2041": values("Q2041", LONG_DESCRIPTION=f"{LENGTHY} at 50 mg/m\xb2", ADD_DT="20250101"),
}
_FROM_CMS: Final = 12
"""Records of CMS's own that a cut-out has."""


@cache
def _releases() -> dict[str, bytes]:
    """Return CMS's own files by label, where they are at hand."""
    folder = os.environ.get("TRACKER_RELEASES")
    return {label: (Path(folder) / file).read_bytes() for label, file in FILES.items()} if folder else {}


def _members(ending: str) -> Iterator[bytes]:
    for data in _releases().values():
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            for name in bundle.namelist():
                if "anweb" in name.lower() and name.lower().endswith(ending) and "orrection" not in name:
                    yield bundle.read(name)


def records() -> list[bytes]:
    """Return text records: a few lines of each width."""
    own = [text_of(RECORDS).encode("cp1252", "replace"), text_of(TWO, width=293, further=0).encode()]
    cut_outs = [_cut_out(text.splitlines(keepends=True)) for text in _members(".txt")]
    return [*own, b"A notice\r\n\r\n" + own[0], *[text for text in cut_outs if text][-3:]]


def _cut_out(lines: list[bytes]) -> bytes:
    """Return some records of a text, with all lines of their descriptions."""
    begins = [place for place, line in enumerate(lines) if line[10:11] in (b"3", b"7")]
    some = begins[:: max(1, len(begins) // _FROM_CMS)]
    return b"".join(b"".join(lines[place : begins[begins.index(place) + 1]]) for place in some[:-1])


@cache
def _rows_of_cms() -> list[list[str]]:
    """Return the header and some rows of CMS's own workbook."""
    from tracker.formats import spreadsheet
    from tracker.formats.cells import text

    for label in ("2025-10",) if _releases() else ():
        (rows, *_) = spreadsheet.sheets(label, _releases()[label], text).values()
        found = [list(cells) for _, cells in rows]
        header = next(place for place, cells in enumerate(found) if "HCPC" in cells)
        return [found[header], *found[header + 300 : header + 300 + _FROM_CMS]]
    return []


def workbooks() -> list[bytes]:
    """Return workbooks with records in one sheet."""
    rows = table_of(RECORDS)
    notice = [["Level II HCPCS"], [], *rows]
    typed = [[int(cell) if cell.isdecimal() and cell[0] != "0" else cell for cell in row] for row in rows]
    own = [workbook_of(rows), workbook_of(notice, {"Notes": [["x"]]}), workbook_of(typed)]
    return [*own, workbook_of(_rows_of_cms())] if _rows_of_cms() else own


def old_workbooks() -> list[bytes]:
    """Return workbooks as they were before 2007 (`.xls`)."""
    rows = table_of(RECORDS)
    return [
        xls_of(rows),
        xls_of([["HCPC", "LONG DESCRIPTION"], ["J1940", "Injection"]]),
        xls_of(_rows_of_cms() or rows),
    ]


def tables() -> list[bytes]:
    """Return CSV files with CMS's column names."""
    rows = table_of(RECORDS)
    few = [["HCPC", "TERM DT"], ["J1940", "20251231"], ["A4206", ""]]
    own = [csv_of(rows), csv_of(rows, ";"), csv_of(few, "\t"), csv_of(_rows_of_cms())]
    return [text.encode() for text in own if text] + [b"\xff\xfe" + csv_of(rows).encode("utf-16-le")]


def sheets() -> list[bytes]:
    """Return per-code sheets in every style, and what their text is saved as besides."""
    own = [sheet_of(sheet_rows(), style) for style in STYLES]
    page = "<html><body><table><tr><td>HCPCS Code</td><td>J1940</td></tr></table></body></html>"
    return [text.encode() for text in (*own, sheet_of(sheet_rows("JW")), page)] + [b"%PDF-1.7\n1 0 obj\n"]


def zips() -> list[bytes]:
    """Return CMS's zips: text, workbook and notes."""
    name = "HCPC2025_JAN_ANWEB_12172024"
    notes = b"0001--THESE CODES (82585) PERTAIN TO   *\r\nTHE ANALYTE.    *\r\n0002--OTHER *\r\n"
    text, book = records()[0], workbooks()[0]
    whole = {f"{name}.txt": text, f"{name}.xlsx": book, "proc_notes_JAN2025.txt": notes, "x_Corrections.txt": b"none"}
    return [zip_of(whole), zip_of({f"{name}.txt": records()[-1]}), zip_of({f"a/{name}.xlsx": book}, 0)]


def transactions() -> list[bytes]:
    """Return transaction reports."""
    rows = [["HCPC/MOD", "ACTION CD"], ["A1", "No Change"], ["J1940", "Discontinued"], ["J1938", "ADD"]]
    return [workbook_of(rows), zip_of({"2025_Trans_Report.xlsx": workbook_of([["Notice"], [], *rows])})]


@cache
def snapshots() -> tuple[bytes, ...]:
    """Return snapshot files: cut-outs of the bundled ones, one of them with problems and notes."""
    own = tuple(_few(name) for name in (OLD, NEW))
    problem = {"file": "x", "message": "odd", "severity": "warning", "where": "line 1", "code": "J1940"}
    more = [{"problem": problem}, {"note": {"number": "0001", "text": "A note."}}]
    told = own[0] + b"".join(json.dumps(one).encode() + b"\n" for one in more)
    unsealed = told.replace(b'"format":1', b'"format":2') + b'{"seal":{"sha256":""}}\n'
    return (*own, sealed(told), sealed(unsealed))


def _few(name: str) -> bytes:
    header, *lines = (ROOT / "snapshots" / name).read_bytes().splitlines(keepends=True)
    return sealed(b"".join([header, *[line for line in lines if line.startswith(b'{"record"')][:8]]))


def lists() -> list[bytes]:
    """Return users' lists as texts."""
    rows = [
        ["Dept", "HCPCS", "Description", "Price", "DOS", "Modifier"],
        ["12", "J1940", "FUROSEMIDE INJ", "12.50", "03/31/2025", "JW"],
        ["12", "j1940-jw", "", "$1,000.00", "2025-04-01", ""],
        ["13", "HCPCS:A4206", "Syringe, 1cc", "3", "4/13/25", "KX"],
        ["13", "99213", "visit", "80", "20250405", "25"],
        ["", "J194O", 'a "quoted" text, with\na line', "", "31-Mar-2025", "XX"],
    ]
    codes = "J1940\nA4206\nE0100 \nJ1940, J1938\nJ1940-J1945\n"
    own = [csv_of(rows), csv_of(rows[1:], "\t"), csv_of(rows, ";"), codes, "code\n" + codes]
    return [
        *(text.encode() for text in own),
        csv_of(rows).encode("utf-16"),
        "HCPCS;Beträge\nJ1940;1,5\n".encode("cp1252"),
    ]


def list_workbooks() -> list[bytes]:
    """Return users' lists as workbooks."""
    from datetime import date

    rows: Sequence[Sequence[object]] = [
        ["HCPCS", "Description", "Price", "Date of service"],
        ["J1940", "FUROSEMIDE", 12.5, date(2025, 3, 31)],
        ["A4206", "Syringe", 3, date(2025, 4, 1)],
        [99213, "visit", True, "04/13/2025"],
    ]
    return [workbook_of(rows), workbook_of(rows, {"Cover": [["Charges of 2025"]]})]


def policies() -> list[bytes]:
    """Return policy files."""
    whole = """# ours
fail_on = "act"

[[level]]
event = "payment-changed"
codes = ["J*", 'A4206']
level = "act"
reason = \"\"\"several
lines\"\"\"

[[level]]
facet = "coverage"
level = "note"

[[waiver]]
event = "code-discontinued"
codes = ["J1940"]
reason = "no longer on our formulary"
until = 2026-12-31
"""
    return [whole.encode(), b'fail_on = "review"\n', b'level = [{event = "code-added", level = "note"}]\n']


def responses() -> list[bytes]:
    """Return what a publisher's server sends: a page, a redirect, zips, and answers of every kind."""
    links = {
        "/files/zip/january-2025-alpha-numeric-hcpcs-file.zip": "January 2025 Alpha-Numeric HCPCS File (ZIP)",
        "/apps/ama/license.asp?file=/files/zip/2024-alpha-numeric-hcpcs-file.zip": "2024 Alpha-Numeric HCPCS File",
        "/medicare/2020-alpha-numeric-hcpcs-file": "2020 Alpha-Numeric HCPCS File",
    }
    page, file = page_of(links), release_zip("HCPC2025_JAN_ANWEB_12172024")
    part = {"Content-Range": f"bytes {len(file) - 500}-{len(file) - 1}/{len(file)}", "ETag": '"abc"'}
    chunked = b"%x\r\n%s\r\n0\r\n\r\n" % (len(page), page)
    return [
        _answer("200 OK", {"Content-Type": "text/html; charset=utf-8", "Content-Length": str(len(page))}, page),
        _answer("200 OK", {"Transfer-Encoding": "chunked"}, chunked),
        _answer("200 OK", {"Content-Type": "application/zip", "Content-Length": str(len(file))}, file),
        _answer("206 Partial Content", {**part, "Content-Length": "500"}, file[-500:]),
        _answer("302 Found", {"Location": "https://www.cms.gov/files/zip/x.zip", "Content-Length": "0"}),
        _answer("301 Moved", {"Location": "http://elsewhere.example:99999/", "Content-Length": "0"}),
        _answer("503 Busy", {"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT", "Content-Length": "2"}, b"no"),
        _answer("200 OK", {"Content-Encoding": "gzip", "Set-Cookie": "a=b"}, b"\x1f\x8b\x08\0\0\0\0\0"),
        _answer("407 Auth", {"WWW-Authenticate": 'Digest realm="x", nonce="y"', "Content-Length": "0"}),
    ]


def _answer(status: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    return f"HTTP/1.1 {status}\r\n{head}\r\n".encode() + body


def typed() -> list[bytes]:
    """Return what people type: labels, days, codes, file names, words."""
    told = (
        *("2025", "2025-10", "2025Q4", "Q2 2026", "April 2026", "04/2026", "latest", "previous", "2025-10@2", "2025@1"),
        *("2025-03-31", "3/31/2025", "31.03.25", "31-Mar-2025", "20250331", "J1940", "j1940-jw", "HCPCS:J1940"),
        *("J1940 - J1945", "J1940, A4206", "99213-25", "JW", "furosemide injection", "HCPC2025_JAN_ANWEB_12172024.txt"),
        *("october-2025-alpha-numeric-hcpcs-file (1).zip", "HCPC17_CONTR_ANWEB.txt", "10-2025.csv", "ndc"),
    )
    return [text.encode() for text in told]


def templates() -> list[bytes]:
    """Return templates of users."""
    own = """{% extends "report.html.j2" %}{% block content %}{{ super() }}{% endblock %}"""
    loop = """{% for section in view.sections %}{% for part in section.ranges %}{% for entry in part.entries %}
{{ entry.change.code }} {{ words("long_description") }} {{ title(entry.change)|upper }} {{ entry.events[0].text }}
{% for field in entry.fields %}{{ field.old }} {{ decode(field.field, field.new) }} {{ marked(field) }}{% endfor %}
{% endfor %}{% endfor %}{% endfor %}"""
    return [b"{{ view.diff.old.label }} {{ heading }} {{ 1 + 1 }}", own.encode(), loop.encode()]


def withdrawals() -> list[bytes]:
    """Return the file that withdraws a revision."""
    return [b'{"withdrawal":{"reason":"wrong file","withdrawn_at":"2026-01-02T03:04:05+00:00"}}\n']


# ---------------------------------------------------------------- .xls


def xls_of(rows: Sequence[Sequence[str]]) -> bytes:
    """Write a workbook in the format of 1997, of texts alone: records of BIFF8 in a compound file."""

    def record(kind: int, data: bytes) -> bytes:
        return struct.pack("<HH", kind, len(data)) + data

    def text(cell: str) -> bytes:
        return struct.pack("<HB", len(cell), 1) + cell.encode("utf-16-le")

    begin = struct.pack("<HHHHII", 0x600, 5, 0, 0, 0, 0)
    cells = b"".join(
        record(0x204, struct.pack("<HHH", row, column, 0) + text(cell[:500]))
        for row, line in enumerate(rows)
        for column, cell in enumerate(line)
        if cell
    )
    sheet = record(0x809, begin[:2] + b"\x10\0" + begin[4:]) + cells + record(0x0A, b"")
    head, end = record(0x809, begin) + record(0x42, struct.pack("<H", 1200)), record(0x0A, b"")
    name = struct.pack("<BB", 7, 0) + b"Records"
    place = len(head) + 4 + 6 + len(name) + len(end)
    return _compound(head + record(0x85, struct.pack("<IBB", place, 0, 0) + name) + end + sheet)


def _compound(stream: bytes) -> bytes:
    """Write a compound file that holds one stream, `Workbook`."""
    sector, free, last, table = 512, 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
    stream = stream.ljust(max(4096, -(-len(stream) // sector) * sector), b"\0")
    count = len(stream) // sector
    tables = -(-(count + 2 + count // 100) // 128)
    chain = [*range(1, count), last, last, *[table] * tables]  # the stream, the directory, the table itself
    chain += [free] * (tables * 128 - len(chain))
    where = [count + 1 + number for number in range(tables)]
    header = bytes.fromhex("d0cf11e0a1b11ae1") + bytes(16) + struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, count, 0, 4096, last, 0, last, 0)
    header += struct.pack("<109I", *islice((*where, *[free] * 109), 109))

    def entry(name: str, kind: int, child: int, begin: int, size: int) -> bytes:
        title = f"{name}\0".encode("utf-16-le")
        links = struct.pack("<HBBIII", len(title) if name else 0, kind, 1, free, free, child)
        return title.ljust(64, b"\0") + links + bytes(36) + struct.pack("<IQ", begin, size)

    folder = entry("Root Entry", 5, 1, last, 0) + entry("Workbook", 2, free, 0, len(stream))
    return header + stream + folder.ljust(sector, b"\0") + struct.pack(f"<{len(chain)}I", *chain)
