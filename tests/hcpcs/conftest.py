"""CMS's own releases, read once."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from tracker.hcpcs.normalise import Normalised, normalise
from tracker.hcpcs.readers import recognise
from tracker.model import RawRelease

ReadRelease = Callable[[str], tuple[RawRelease, Normalised]]

FILES = {
    "2017": "2017/2017-Alpha-Numeric-HCPCS-File.zip",
    "2018": "2018/2018-Alpha-Numeric-HCPCS-File.zip",
    "2019": "2019/2019-Alpha-Numeric-HCPCS-File.zip",
    "2020": "2020/2020-Alpha-Numeric-HCPCS-File.zip",
    "2025": "2025/hcpcs-2025.zip",
    "2025-10": "2025-10/HCPC2025_OCT_ANWEB_v3.xlsx",
}


@pytest.fixture(scope="session")
def read_release(releases_dir: Path) -> ReadRelease:
    """Give a function that reads and normalises the release of a label."""

    @cache
    def read(label: str) -> tuple[RawRelease, Normalised]:
        path = releases_dir / FILES[label]
        raw = recognise.read(path.name, path.read_bytes())
        return raw, normalise(raw)

    return read
