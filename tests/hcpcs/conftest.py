"""CMS's own releases, read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tests.hcpcs.builders import Normalised, normalise
from tests.support import FILES
from tracker.hcpcs.readers import recognise
from tracker.model import RawRelease

ReadRelease = Callable[[str], tuple[RawRelease, Normalised]]


@pytest.fixture(scope="session")
def read_release(releases_dir: Path) -> ReadRelease:
    """Give a function that reads and normalises the release of a label."""

    @cache
    def read(label: str) -> tuple[RawRelease, Normalised]:
        path = releases_dir / FILES[label]
        with path.open("rb") as file:
            raw = recognise.read(path.name, file)
            return raw, normalise(raw)

    return read
