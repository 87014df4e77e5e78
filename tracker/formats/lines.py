"""The lines of a text, none of which is held before it is known that it has an end."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, AnyStr

from tracker.errors import SourceError, TrackerError
from tracker.limits import Limit


def bounded(name: str, file: IO[AnyStr], limit: Limit, error: type[TrackerError] = SourceError) -> Iterator[AnyStr]:
    """Yield the lines of an open file, with their ends, from where it stands.

    Raises:
        TrackerError: a line is longer than the limit; the kind of `error`.
    """
    most = limit.value
    number = 0
    while line := file.readline(most + 1):
        number += 1
        if len(line) > most:
            raise error(f"{name}, line {number:,}: the line has no end where any line of its kind has one {limit.hint}")
        yield line
