"""Zips that are made to harm: every one ends in a result or one sentence, within the memory of `conftest`."""

from __future__ import annotations

import bz2
import io
import lzma
import zipfile
import zlib

import pytest

from tests.hcpcs.builders import TWO, text_of
from tests.hostile.conftest import Reading
from tests.hostile.crafted import BOMB, RECORDS, TEXT, deflated, listed, member, whole, zeros, zip_from

READ = "read: A1, J1940; 0 problems"
OTHER = text_of({"J1940": TWO["J1940"]}).encode()


def test_the_plain_zip_is_read(reading: Reading) -> None:
    assert reading(zip_from([whole(TEXT, RECORDS)])) == READ


def test_a_bomb_is_refused_by_what_it_says(reading: Reading) -> None:
    told = reading(zip_from([whole(TEXT, RECORDS), member(b"b.txt", zeros(BOMB), size=BOMB)]))
    assert "would unpack to 536,8" in told
    assert "TRACKER_LIMIT_UNPACKED_SIZE lifts it" in told


@pytest.mark.parametrize("method", [8, 12, 14])
def test_a_bomb_that_lies_about_its_size_is_refused(reading: Reading, method: int) -> None:
    """Python's zipfile unpacks all of it before it looks at the size."""
    if method == 8:
        packed = zeros(8 * BOMB)
    elif method == 12:
        packer = bz2.BZ2Compressor()
        packed = b"".join(packer.compress(bytes(1024**2)) for _ in range(4)) + packer.flush()
    else:
        packed = b"\x09\x04\x05\0" + lzma.compress(bytes(1024**2), lzma.FORMAT_ALONE)
    told = reading(zip_from([member(TEXT.encode(), packed, method=method, size=1000)]))
    assert "is longer than its header says" in told or f"is packed by method {method}, which is not read" in told


def test_a_bomb_of_overlapping_members_is_refused(reading: Reading) -> None:
    """A hundred members are one: each unpacks to three megabytes, and all together to a third of a gigabyte."""
    local = member(b"a.txt", zeros(3 * 1024**2), size=3 * 1024**2)
    lines = [listed(local.replace(b"a.txt", b"%05d" % number), 0) for number in range(100)]
    assert reading(zip_from([local], lines)).startswith("refused: ")
    few = [listed(local.replace(b"a.txt", b"%05d" % number), 0) for number in range(50)]
    assert "its members overlap" in reading(zip_from([local], few))


def test_a_zip_that_holds_itself_is_not_followed(reading: Reading) -> None:
    inner = zip_from([whole(TEXT, RECORDS)])
    for _ in range(50):
        inner = zip_from([whole("inner.zip", inner)])
    assert "the zip holds no HCPCS records" in reading(inner)


def test_a_zip_in_a_zip_is_no_records(reading: Reading) -> None:
    assert "the zip holds no HCPCS records" in reading(zip_from([whole("in.zip", zip_from([whole(TEXT, RECORDS)]))]))
    assert reading(zip_from([whole("in.zip", zip_from([whole(TEXT, OTHER)])), whole(TEXT, RECORDS)])) == READ


def test_ten_thousand_members_are_refused_and_four_thousand_read(reading: Reading) -> None:
    many = [whole(f"notes/{number}.doc", b"x") for number in range(10_000)]
    told = "has more members than can be read (the limit is 4,096 members; TRACKER_LIMIT_MEMBERS lifts it)"
    assert told in reading(zip_from(many))
    assert reading(zip_from([*many[:4000], whole(TEXT, RECORDS)])) == READ
    assert reading(zip_from([*many, whole(TEXT, RECORDS)]), MEMBERS="20000") == READ


@pytest.mark.parametrize("folder", ["../../../etc/", "/etc/", "C:\\Windows\\", "..\\..\\", "a/\u202e/"])
def test_a_members_folder_leads_nowhere(reading: Reading, folder: str) -> None:
    """Nothing is unpacked to the disk; a record names its file without folders."""
    assert reading(zip_from([whole(folder + TEXT, RECORDS)])) == READ


def test_a_symbolic_link_is_a_member_of_a_few_bytes(reading: Reading) -> None:
    local = whole(TEXT, b"/etc/passwd")
    assert "the zip holds no HCPCS records" in reading(zip_from([local], [listed(local, 0, mode=0o120777)]))


def test_an_encrypted_member_is_told(reading: Reading) -> None:
    for flags in (1, 1 | 1 << 6):
        local = member(TEXT.encode(), deflated(RECORDS), crc=zlib.crc32(RECORDS), size=len(RECORDS), flags=flags)
        assert f"{TEXT} is protected by a password: unpack the zip" in reading(zip_from([local]))


@pytest.mark.parametrize("method", [1, 6, 9, 93, 95, 98, 99])
def test_a_method_that_is_not_known_is_told(reading: Reading, method: int) -> None:
    assert f"is packed by method {method}, which is not read" in reading(
        zip_from([member(TEXT.encode(), RECORDS, method=method, size=len(RECORDS))])
    )


def honest(size: int = len(RECORDS), crc: int = zlib.crc32(RECORDS), extra: bytes = b"") -> bytes:
    return member(TEXT.encode(), deflated(RECORDS) + extra, crc=crc, size=size)


@pytest.mark.parametrize(
    ("local", "line"),
    [
        (honest(size=len(RECORDS) - 1), None),
        (honest(size=len(RECORDS) + 1), None),
        (honest(crc=1), None),
        (honest(), listed(honest(), 5)),
        (honest(), listed(honest(), 2**31)),
        (honest(), listed(honest(), 2**32 - 1)),
        (honest(), listed(honest(size=2**32 - 1), 0)),
        (honest(), listed(honest(extra=bytes(1000)), 0)),
        (honest(), listed(honest().replace(TEXT.encode(), TEXT.replace("2026", "2025").encode()), 0)),
        (member(TEXT.encode(), b"", size=0), None),
        (member(TEXT.encode(), b"\xff" * 100, size=100), None),
        (member(TEXT.encode(), RECORDS, method=0, crc=zlib.crc32(RECORDS), size=len(RECORDS) + 1), None),
    ],
    ids=range(12),
)
def test_headers_that_lie_are_told(reading: Reading, local: bytes, line: bytes | None) -> None:
    assert reading(zip_from([local], None if line is None else [line])).startswith("refused: ")


def test_two_members_of_one_name_are_told(reading: Reading) -> None:
    """Two programs would read two releases out of it."""
    told = reading(zip_from([whole(TEXT, RECORDS), whole(TEXT, OTHER)]))
    assert f"holds two members of the name {TEXT}" in told


def test_zip64_is_read_and_its_lies_are_told(reading: Reading) -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as bundle, bundle.open(TEXT, "w", force_zip64=True) as inside:
        inside.write(RECORDS)
    assert reading(file.getvalue()) == READ
    end = b"PK\6\6" + bytes(8) + b"\x2d\0\x2d\0" + bytes(8) + b"\xff" * 32
    end += b"PK\6\7" + bytes(4) + b"\xff" * 8 + b"\1\0\0\0"
    plain = zip_from([whole(TEXT, RECORDS)])
    at = plain.rindex(b"PK\5\6")
    assert reading(plain[:at] + end + b"PK\5\6" + b"\xff" * 16 + b"\0\0").startswith("refused: ")
    for size in (2**32 - 1, 2**63 - 1, 2**64 - 1):
        extra = b"\1\0\x10\0" + size.to_bytes(8, "little") * 2
        local = honest()
        line = listed(local, 0)
        line = line[:20] + b"\xff" * 8 + line[28:30] + len(extra).to_bytes(2, "little") + line[32:] + extra
        assert reading(zip_from([local], [line])).startswith("refused: ")


def test_a_name_that_is_no_text_is_told_or_read(reading: Reading) -> None:
    for name in (b"\xff\xfe\0.txt", b"a\nb\x1b[31m.txt", b"\xed\xa0\x80.txt", b""):
        for flags in (0, 0x800):
            local = member(name, deflated(RECORDS), crc=zlib.crc32(RECORDS), size=len(RECORDS), flags=flags)
            assert reading(zip_from([local])).startswith(("read: ", "refused: "))
