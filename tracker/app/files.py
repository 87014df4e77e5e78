"""Reading the files that a user names."""

from __future__ import annotations

import stat
from pathlib import Path

from tracker.errors import SourceError

SOURCE_SIZE = 1024 * 1024 * 1024
"""The largest file that is read. CMS's largest has 5 MB; a full table of a code set a hundred times as large fits."""


def read_bytes(path: Path) -> bytes:
    """Return the content of a user's file.

    Raises:
        SourceError: it cannot be read, is no file, or is larger than `SOURCE_SIZE`.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path} is no file, but a device or a pipe: write it to a file first")
        if status.st_size > SOURCE_SIZE:
            raise SourceError(f"{path}: {status.st_size:,} bytes are more than any release has")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error
