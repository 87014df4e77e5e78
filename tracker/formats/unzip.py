"""Zips, and workbooks, which are zips too: their members, read no further than their list says, and their damage.

Python's zipfile reads the list. The members are unpacked here, in blocks, because zipfile unpacks as much as is there
before it looks at the size that was told: a few kilobytes of bzip2 become gigabytes.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from tracker.errors import SourceError
from tracker.limits import MEMBERS, UNPACKED_SIZE, Limit

DAMAGED: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    struct.error,
    zlib.error,
)
"""What Python's zipfile raises for a damaged file."""

_BLOCK: Final = 1024 * 1024
_LISTED: Final = b"PK\x01\x02"
_LOCAL: Final = struct.Struct("<4s5H3I2H")
_CENTRAL: Final = struct.Struct("<4s6H3I5H2I")
_END: Final = struct.Struct("<4s4H2IH")
_METHODS: Final = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})


class Zip:
    """An open zip.

    Args:
        name: the file's name, for messages.
        data: its content.
        size: the most that all its members may unpack to.

    Raises:
        SourceError: it has too many members, two of one name, or unpacks to too much. Damage raises one of `DAMAGED`,
            which the caller tells.
    """

    def __init__(self, name: str, data: bytes, size: Limit = UNPACKED_SIZE) -> None:
        if data.count(_LISTED) > MEMBERS.value:  # each costs memory as soon as the list is read
            raise SourceError(f"{name} has more members than can be read {MEMBERS.hint}")
        self._name = name
        self._data = memoryview(data)
        self._zip = zipfile.ZipFile(io.BytesIO(data))
        members = self._zip.infolist()
        unpacked = sum(member.file_size for member in members)
        if unpacked > size.value:
            raise SourceError(f"{name} would unpack to {unpacked:,} bytes, more than a list of codes has {size.hint}")
        if sum(member.compress_size for member in members) > len(data):
            raise zipfile.BadZipFile("its members overlap")
        twice = [member for member, number in Counter(self._zip.namelist()).items() if number > 1]
        if twice:
            raise SourceError(f"{name} holds two members of the name {base_name(twice[0])}: pack it again")

    def names(self) -> list[str]:
        """Return the names of all members."""
        return self._zip.namelist()

    def read(self, member: str) -> bytes:
        """Return the content of a member."""
        return b"".join(self.blocks(member))

    def blocks(self, member: str) -> Iterator[bytes]:
        """Yield the content of a member in blocks; its size and checksum are proven at the end.

        Raises:
            SourceError: it is protected, or packed in a way that is not read.
        """
        info = self._zip.getinfo(member)
        if info.flag_bits & 1:
            message = f"{self._name}: {base_name(member)} is protected by a password"
            raise SourceError(f"{message}: unpack the zip and import the file in it")
        if info.compress_type not in _METHODS:
            message = f"{self._name}: {base_name(member)} is packed by method {info.compress_type}, which is not read"
            raise SourceError(f"{message}: unpack the zip and import the file in it")
        packed = self._packed(info)
        size = checksum = 0
        for block in _inflated(packed) if info.compress_type == zipfile.ZIP_DEFLATED else _pieces(packed):
            size += len(block)
            if size > info.file_size:
                raise zipfile.BadZipFile(f"{base_name(member)} is longer than its header says")
            checksum = zlib.crc32(block, checksum)
            yield block
        if (size, checksum) != (info.file_size, info.CRC):
            raise zipfile.BadZipFile(f"{base_name(member)} has another size or checksum than its header says")

    def packed_again(self, members: Iterable[str], added: Mapping[str, bytes]) -> bytes:
        """Return a zip of some members, as they are packed, for a library that might read this one otherwise.

        Args:
            members: their names. All `blocks` of them must have been read: that proves them.
            added: further members.
        """
        again, listed = io.BytesIO(), io.BytesIO()

        def add(name: bytes, method: int, checksum: int, size: int, packed: bytes | memoryview) -> None:
            told = (20, 0x800, method, 0, 0x21, checksum, len(packed), size, len(name), 0)
            listed.write(_CENTRAL.pack(_LISTED, 20, *told, 0, 0, 0, 0, again.tell()) + name)
            again.write(_LOCAL.pack(b"PK\x03\x04", *told) + name)
            again.write(packed)

        infos = [self._zip.getinfo(member) for member in members]
        for info in infos:
            add(info.filename.encode(), info.compress_type, info.CRC, info.file_size, self._packed(info))
        for name, content in added.items():
            add(name.encode(), zipfile.ZIP_STORED, zlib.crc32(content), len(content), content)
        number, size, begin = len(infos) + len(added), listed.tell(), again.tell()
        again.write(listed.getvalue())
        again.write(_END.pack(b"PK\x05\x06", 0, 0, number, number, size, begin, 0))
        return again.getvalue()

    def _packed(self, info: zipfile.ZipInfo) -> memoryview:
        """Return a member's bytes as they stand in the file."""
        with self._zip.open(info):
            pass  # it holds the two headers of the member against each other
        *_, name, extra = _LOCAL.unpack_from(self._data, info.header_offset)
        begin = info.header_offset + _LOCAL.size + name + extra
        packed = self._data[begin : begin + info.compress_size]
        if len(packed) < info.compress_size:
            raise zipfile.BadZipFile(f"{base_name(info.filename)} is cut off")
        return packed


def _pieces(data: memoryview) -> Iterator[bytes]:
    for place in range(0, len(data), _BLOCK):
        yield bytes(data[place : place + _BLOCK])


def _inflated(packed: memoryview) -> Iterator[bytes]:
    unpacker = zlib.decompressobj(-zlib.MAX_WBITS)
    for piece in _pieces(packed):
        rest, full = piece, True
        while rest or full:
            block = unpacker.decompress(rest, _BLOCK)
            rest, full = unpacker.unconsumed_tail, len(block) == _BLOCK
            if block:
                yield block
            if unpacker.eof:
                break
        if unpacker.eof:
            break
    if not unpacker.eof:
        raise EOFError("a member is cut off")


def base_name(member: str) -> str:
    """Return a member's name without its folders."""
    return member.replace("\\", "/").rsplit("/", 1)[-1]
