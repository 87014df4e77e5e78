"""Reading the files that a user names."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from tracker.errors import SourceError
from tracker.limits import SOURCE_SIZE


def read_bytes(path: Path) -> bytes:
    """Return the content of a user's file.

    Raises:
        SourceError: as `opened`.
    """
    with opened(path) as file:
        return file.read()


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a user's file, whose content may then be read piece by piece.

    Raises:
        SourceError: it cannot be read, is no file, or is larger than `SOURCE_SIZE`; or it was changed while it was
            read.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise SourceError(f"{path} is no file, but a device or a pipe: write it to a file first")
        if status.st_size > SOURCE_SIZE.value:
            raise SourceError(f"{path}: {status.st_size:,} bytes are more than any release has {SOURCE_SIZE.hint}")
        with path.open("rb") as file:
            try:
                yield file
            except Exception as error:
                _require_unchanged(path, status, error)  # what was made of half of it means nothing
                raise
        _require_unchanged(path, status)
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def _require_unchanged(path: Path, before: os.stat_result, error: Exception | None = None) -> None:
    after = path.stat()
    if (after.st_size, after.st_mtime_ns) != (before.st_size, before.st_mtime_ns):
        raise SourceError(f"{path} was changed while it was read: run the command again") from error
