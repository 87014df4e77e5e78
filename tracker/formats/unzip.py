"""What CMS's zips and workbooks, which are zips too, have in common: members, and damage."""

from __future__ import annotations

import lzma
import struct
import zipfile
import zlib
from typing import Final

from tracker.errors import SourceError

SIZE: Final = 256 * 1024 * 1024
"""The most that is unpacked: of a release's zip a member, of a workbook all parts. CMS's have 5 and 16 million bytes; a
zip bomb has no end."""

DAMAGED: Final = (
    zipfile.BadZipFile,
    zipfile.LargeZipFile,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
    struct.error,
    zlib.error,
    lzma.LZMAError,
)
"""What Python's zipfile raises for a damaged file."""


def unpack(name: str, bundle: zipfile.ZipFile, member: str) -> bytes:
    """Return a member of a zip.

    Raises:
        SourceError: it is protected, or a zip bomb.
    """
    info = bundle.getinfo(member)
    if info.flag_bits & 1:
        message = f"{name}: {base_name(member)} is protected by a password: unpack the zip and import the file in it"
        raise SourceError(message)
    if info.file_size > SIZE:
        message = f"{name}: {base_name(member)} would unpack to {info.file_size:,} bytes: this is no CMS release"
        raise SourceError(message)
    return bundle.read(info)


def base_name(member: str) -> str:
    """Return a member's name without its folders."""
    return member.replace("\\", "/").rsplit("/", 1)[-1]
