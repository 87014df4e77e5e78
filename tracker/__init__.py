"""Keep every HCPCS release as a versioned snapshot and say what changed between any two."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from tracker.api import Tracker

__version__ = "0.1.0"


def open(home: Path | str | None = None) -> Tracker:  # noqa: A001 - tracker.open says what it does
    """Return the stored releases of a home: of a folder, else of the one that the command line would work in.

    See `tracker.api` for what can be asked of it.
    """
    from tracker.api import Tracker, find_home

    return Tracker(find_home(home))
