"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path
from typing import TypeVar

import pytest

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.fixture(scope="session")
def releases_dir() -> Path:
    """The folder of CMS's own release files, which are not part of the project."""
    folder = os.environ.get("TRACKER_RELEASES")
    if not folder:
        pytest.skip("set TRACKER_RELEASES to a folder with CMS's release zips")
    return Path(folder)


# With TRACKER_NO_SKIPS=1 a skipped test fails, one that is expected to fail does not: a run that is to
# prove something must not pass because something was missing.


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    return fail_if_skipped((yield))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    return fail_if_skipped((yield))


def fail_if_skipped(report: Report) -> Report:
    if os.environ.get("TRACKER_NO_SKIPS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}, but TRACKER_NO_SKIPS is set: nothing may be skipped"
    return report
