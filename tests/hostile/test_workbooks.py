"""Workbooks that are made to harm: every one ends in a result or one sentence, within the memory of `conftest`."""

from __future__ import annotations

import io
import re
import struct
import zipfile

import pytest

from tests.hostile.conftest import Reading
from tests.hostile.crafted import BOOK, PARTS, SHARED, SHEET, STRINGS, deflated, workbook_with, zeros

READ = "read: J1940; "
LAUGHS = "<!DOCTYPE sst [<!ENTITY a0 'ha'>" + "".join(
    f"<!ENTITY a{number} '{f'&a{number - 1};' * 10}'>" for number in range(1, 12)
)


def test_the_plain_workbook_is_read(reading: Reading) -> None:
    assert reading(workbook_with()).startswith(READ)
    assert reading(workbook_with(), kind="list") == "read: 1 rows"


@pytest.mark.parametrize(
    ("part", "old"),
    [(STRINGS, "J1940"), (SHEET, "<v>2</v>"), (BOOK, "Records"), ("xl/_rels/workbook.xml.rels", "rId1")],
)
def test_entities_are_never_expanded(reading: Reading, part: str, old: str) -> None:
    """The billion laughs, and a file of this machine."""
    for declared, used in ((f"{LAUGHS}]>", "&a11;"), ("<!DOCTYPE x [<!ENTITY a SYSTEM 'file:///etc/passwd'>]>", "&a;")):
        data = workbook_with(added={part: declared + PARTS[part].replace(old, used)})
        told = reading(data)
        assert told.startswith("refused: ")
        assert "root:" not in told
        assert reading(data, kind="list").startswith("refused: ")


def test_a_document_type_of_elsewhere_is_not_fetched(reading: Reading) -> None:
    for part in (STRINGS, SHEET, BOOK):
        data = workbook_with(added={part: f"<!DOCTYPE x SYSTEM 'http://127.0.0.1:9/x.dtd'>{PARTS[part]}"})
        assert "declares a document type" in reading(data)


def test_links_to_other_workbooks_are_not_followed(reading: Reading) -> None:
    link = '<c r="B2" t="str"><f>[1]Sheet1!A1</f><v>D</v></c>'
    relation = '<Relationship Id="rId1" Type="externalLinkPath" Target="file:///etc/passwd" TargetMode="External"/>'
    data = workbook_with(
        SHEET,
        '<c r="B2" t="s"><v>3</v></c>',
        link,
        {
            "xl/externalLinks/externalLink1.xml": '<externalLink><externalBook r:id="rId1"/></externalLink>',
            "xl/externalLinks/_rels/externalLink1.xml.rels": f"<Relationships>{relation}</Relationships>",
        },
    )
    assert reading(data).startswith(READ)


def cell(reference: str, tag: str = "c") -> str:
    return f'<row r="3"><{tag} r="{reference}"><v>1</v></{tag}></row></sheetData>'


@pytest.mark.parametrize("tag", ["c", "x:c"])
@pytest.mark.parametrize("reference", ["XFD1048576", "ZZZZZ9", "A99999999", "BIGBIG1", "A99999999999999999999"])
def test_a_cell_that_is_far_away_is_refused_before_it_is_laid_out(reading: Reading, reference: str, tag: str) -> None:
    data = workbook_with(SHEET, "</sheetData>", cell(reference, tag))
    told = reading(data)
    assert "too far for a list of codes: delete the cells far from" in told or "cannot be read" in told
    assert reading(data, kind="list").startswith("refused: ")


def test_a_million_columns_are_refused(reading: Reading) -> None:
    wide = "".join("<c><v>1</v></c>" for _ in range(1_000_000))
    assert "reaches to column BDWGN and row 3, too far" in reading(
        workbook_with(SHEET, "</sheetData>", f'<row r="3">{wide}</row></sheetData>'), CELLS="2000000"
    )


def test_many_sheets_share_one_limit(reading: Reading) -> None:
    """Each is a large rectangle of two cells."""
    ids = range(1, 9)
    sheets = "".join(f'<sheet name="S{one}" sheetId="{one}" r:id="rId{one}"/>' for one in ids)
    relations = "".join(f'<Relationship Id="rId{one}" Type="x" Target="worksheets/sheet{one}.xml"/>' for one in ids)
    far = PARTS[SHEET].replace("</sheetData>", '<row r="1040000"><c r="P1040000"><v>1</v></c></row></sheetData>')
    data = workbook_with(
        added={
            BOOK: re.sub("<sheet .*/>", sheets, PARTS[BOOK]),
            "xl/_rels/workbook.xml.rels": re.sub("<Relationship .*/>", relations, PARTS["xl/_rels/workbook.xml.rels"]),
            **{f"xl/worksheets/sheet{one}.xml": far for one in ids},
        }
    )
    assert "the sheet 'S2' reaches to column P and row 1,040,000, too far" in reading(data)


def test_sheets_of_one_part_or_one_name_are_told(reading: Reading) -> None:
    twice = '<sheet name="Records" sheetId="1" r:id="rId1"/><sheet name="{}" sheetId="2" r:id="{}"/>'
    sheet = '<sheet name="Records" sheetId="1" r:id="rId1"/>'
    for name, relation in (("Other", "rId1"), ("Records", "rId1")):
        assert "two sheets of the workbook are one" in reading(workbook_with(BOOK, sheet, twice.format(name, relation)))
    two = workbook_with(BOOK, 'r:id="rId1"', 'r:id="rId1" x:id="rId1"')
    assert reading(two).startswith("refused: ")


@pytest.mark.parametrize("counted", ["99999999999", "9223372036854775807", "99999999999999999999"])
def test_a_count_of_shared_texts_that_lies_takes_no_memory(reading: Reading, counted: str) -> None:
    """calamine would ask for the memory of as many as are told, and end the process."""
    told = reading(workbook_with(STRINGS, 'uniqueCount="4"', f'uniqueCount="{counted}"'))
    assert "it counts more shared texts than it has" in told


def test_a_long_text_that_many_cells_share_is_refused(reading: Reading) -> None:
    """A megabyte of text in three thousand cells would be three gigabytes."""
    cells = "".join(f'<c r="{letter}{row}" t="s"><v>3</v></c>' for row in range(3, 1003) for letter in "ABC")
    data = workbook_with(SHEET, "</sheetData>", f"<row>{cells}</row></sheetData>", {STRINGS: long_text(1024**2)})
    assert "the texts of the sheet 'Records' are more than a list of codes has" in reading(data)
    few = workbook_with(added={STRINGS: long_text(1024**2)})
    assert reading(few, kind="list") == "read: 1 rows"


def test_a_long_text_that_no_cell_shares_is_no_reason_to_refuse(reading: Reading) -> None:
    cells = "".join(f'<row r="{row}"><c r="B{row}" t="s"><v>1</v></c></row>' for row in range(3, 1003))
    strings = PARTS[STRINGS].replace("</sst>", f"<si><t>{'x' * 1024**2}</t></si></sst>")
    for layout in (strings, strings.replace("<si>", "<si >"), strings.replace("<si>", "<si><rPh><t>x</t></rPh>")):
        data = workbook_with(SHEET, "</sheetData>", f"{cells}</sheetData>", {STRINGS: layout})
        assert reading(data, kind="list") == "read: 1001 rows"


def test_texts_that_can_be_counted_in_two_ways_count_as_the_longest(reading: Reading) -> None:
    """calamine passes over an empty one, so that the numbers behind it mean others."""
    cells = "".join(f'<row r="{row}"><c r="B{row}" t="s"><v>1</v></c></row>' for row in range(3, 1003))
    strings = PARTS[STRINGS].replace("<si><t>HCPC", "<si></si><si><t>HCPC")
    strings = strings.replace("</sst>", f"<si><t>{'x' * 1024**2}</t></si></sst>")
    told = reading(workbook_with(SHEET, "</sheetData>", f"{cells}</sheetData>", {STRINGS: strings}))
    assert "are more than a list of codes has" in told


def long_text(length: int) -> str:
    return PARTS[STRINGS].replace(SHARED[3], "D" + "x" * length)


def test_dimensions_and_merged_ranges_that_lie_change_nothing(reading: Reading) -> None:
    for reach in ("A1:XFD1048576", "A1", "ZZZ1:A99999999", "B2:A1", ""):
        data = workbook_with(SHEET, "<sheetData>", f'<dimension ref="{reach}"/><sheetData>')
        assert reading(data).startswith((READ, "refused: "))
    merged = '<mergeCell ref="A1:XFD1048576"/>' * 100_000
    data = workbook_with(SHEET, "</sheetData>", f"</sheetData><mergeCells>{merged}</mergeCells>")
    assert reading(data).startswith(READ)


def test_deep_nesting_is_read_or_told(reading: Reading) -> None:
    deep = "<x>" * 500_000
    for part, old in ((SHEET, "<sheetData>"), (STRINGS, "<si>"), (BOOK, "<sheets>")):
        for new in (deep + old, deep + "</x>" * 500_000 + old):
            assert reading(workbook_with(part, old, new)).startswith((READ, "refused: "))


def test_a_tag_or_formula_without_an_end_takes_no_time(reading: Reading) -> None:
    blanks = " " * (8 * 1024**2)
    for new in (f"<c{blanks}", f'<c r="C1"{blanks}/>', f"<!--{blanks}-->", f'<c r="C1"><f>{blanks}</f></c>', blanks):
        told = reading(workbook_with(SHEET, "</sheetData>", f"<row>{new}</row></sheetData>"))
        assert told.startswith((READ, "refused: "))


def test_rows_and_styles_with_numbers_of_any_size_are_read_or_told(reading: Reading) -> None:
    for number in ("0", "-1", "4294967295", "4294967296", "9" * 5000, "1.5", "x", ""):
        for old, new in (
            ('<row r="2"', f'<row r="{number}"'),
            ('r="A2"', f'r="A{number}"'),
            ("<v>2<", f"<v>{number}<"),
        ):
            assert reading(workbook_with(SHEET, old, new)).startswith(("read: ", "refused: "))
        styled = f'<c r="B2" s="{number}" t="s">'
        assert reading(workbook_with(SHEET, '<c r="B2" t="s">', styled)).startswith(("read: ", "refused: "))


def test_a_part_that_unpacks_to_more_than_it_says_is_refused(reading: Reading) -> None:
    """calamine would unpack all of it."""
    data = workbook_with()
    with zipfile.ZipFile(io.BytesIO(data)) as book:
        info = book.getinfo(STRINGS)
    packed = deflated(PARTS[STRINGS].encode())
    assert data.count(packed) == 1
    # In the place of the part's bytes come a gigabyte's; sizes and checksum stay as they are told.
    begin = data.index(packed)
    bomb = zeros(1024**3)
    data = data[:begin] + bomb + data[begin + len(packed) :]
    sized = struct.pack("<I", info.compress_size)
    data = data.replace(struct.pack("<I", info.CRC) + sized, struct.pack("<I", info.CRC) + struct.pack("<I", len(bomb)))
    grown = len(bomb) - len(packed)
    with zipfile.ZipFile(io.BytesIO(workbook_with())) as book:
        end = book.start_dir
    at = data.rindex(b"PK\5\6")
    data = data[: at + 16] + struct.pack("<I", end + grown) + data[at + 20 :]
    assert "longer than its header says" in reading(data)


def test_another_program_cannot_be_shown_another_workbook(reading: Reading) -> None:
    """What calamine gets is what was looked at, whatever else lies in the zip."""
    far = PARTS[SHEET].replace("</sheetData>", cell("XFD1048576"))
    added = {
        "xl/worksheets/other.xml": far,
        "xl/worksheets/_rels/sheet1.xml.rels": '<Relationships><Relationship Target="other.xml"/></Relationships>',
        "xl/workbook.bin": "x",
        "content.xml": "x",
        "_rels/.rels": PARTS["_rels/.rels"].replace("xl/workbook.xml", "xl/other.xml"),
        "xl/other.xml": PARTS[BOOK].replace("rId1", "rId9"),
    }
    assert reading(workbook_with(added=added)).startswith(READ)


def test_parts_that_are_missing_or_no_xml_are_told(reading: Reading) -> None:
    for part in (SHEET, STRINGS, BOOK, "xl/_rels/workbook.xml.rels"):
        for content in ("", "x", "\ufeff", PARTS[part][:-20], "<a/>", "\0"):
            assert reading(workbook_with(added={part: content})).startswith("refused: ")


def test_a_sheet_in_utf_16_is_read_or_told(reading: Reading) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as book:
        for part, content in PARTS.items():
            encoded = f'<?xml version="1.0" encoding="utf-16"?>{content}'.encode("utf-16")
            book.writestr(part, encoded if part == SHEET else content)
    assert reading(file.getvalue()).startswith((READ, "refused: "))
