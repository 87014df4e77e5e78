"""Whole reports, byte for byte: `golden/<case>/` holds two made-up releases and what their diff must look like.

A change of the reports is made visible by `TRACKER_WRITE_GOLDEN=1 pytest tests/test_golden.py` and `git diff`.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.support import NOW
from tracker.app.compare import compare_releases
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.app.write_report import view_diff
from tracker.diff.select import EVERYTHING
from tracker.home import Home
from tracker.model import Format
from tracker.report import render

GOLDEN = Path(__file__).parent / "golden"
ENDINGS = {Format.TEXT: "txt", Format.JSON: "json", Format.CSV: "csv"}


@pytest.mark.parametrize("case", sorted(path.name for path in GOLDEN.iterdir()))
def test_golden(case: str, empty_home: Home) -> None:
    folder = GOLDEN / case
    with open_stored(empty_home, to_write=True) as stored:
        for name, label in (("old.csv", "2025"), ("new.csv", "2026")):
            import_path(stored, folder / name, Options(label, complete=case == "whole"), NOW)
        view = view_diff(stored, compare_releases(stored, "2025", "2026"), EVERYTHING, administrative=True)
    for report_format, ending in ENDINGS.items():
        expected = folder / f"diff.{ending}"
        found = render(view, report_format)
        if os.environ.get("TRACKER_WRITE_GOLDEN") == "1":
            expected.write_bytes(found)
        assert found.decode() == expected.read_bytes().decode()
