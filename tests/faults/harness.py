"""Homes to break, the commands that are broken off in them, and what must be so afterwards."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple, Self

from sqlalchemy import make_url

from tests.faults.tracer import Event
from tracker.store.database import connect

CHECKOUT: Final = Path(__file__).parents[2]
TIMES: Final = int(os.environ.get("TRACKER_FAULTS", "0"))
"""How many faults are tried of each kind and command; 0 for the few of every day."""


def times(few: int) -> int:
    """Return how many faults to try: a few, or as many as were asked for."""
    return TIMES or few


class Ended(NamedTuple):
    """How a command ended: its exit code, or minus the number of a signal; what it said, and what it did to files."""

    code: int
    out: str
    err: str
    events: list[Event]


class Driver:
    """The process that runs commands; see `driver.py`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "tests.faults.driver"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=CHECKOUT,
            env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(CHECKOUT)},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._process.communicate()

    def run(self, request: Mapping[str, Any]) -> Ended:
        """Run one command."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ended(answer["code"], answer["out"], answer["err"], [Event(*event) for event in answer["events"]])


@dataclass(frozen=True)
class Trace:
    """What is to happen to a command at one of its events: see `driver.py`."""

    at: int | None = None
    error: int = 0
    stays: bool = False
    reads: bool = False
    calls: tuple[str, ...] = ()
    states: Path | None = None


@dataclass(frozen=True)
class Place:
    """A folder with a home in it, and all that its commands read and write; `url` names a shared database."""

    driver: Driver
    folder: Path
    url: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def home(self) -> Path:
        """The home."""
        return self.folder / "home"

    @property
    def reports(self) -> Path:
        """The folder of reports."""
        return self.folder / "reports"

    @property
    def snapshots(self) -> Path:
        """The archive's folder."""
        return self.home / "snapshots"

    def run(
        self,
        *arguments: str | Path,
        trace: Trace | None = None,
        seconds: float | None = None,
        prepare: str = "",
    ) -> Ended:
        """Run a command.

        Args:
            arguments: the command.
            trace: the fault that is to happen to it; without, it is not followed.
            seconds: after which it is killed from outside.
            prepare: Python that the command's process runs first.
        """
        traced = None
        if trace is not None:
            traced = {
                "roots": [str(self.home), str(self.reports)],
                "at": trace.at,
                "error": trace.error,
                "stays": trace.stays,
                "reads": trace.reads,
                "calls": trace.calls,
                "states": str(trace.states) if trace.states else "",
            }
        environment = {"TRACKER_HOME": str(self.home), **self.environment}
        if self.url is not None:
            environment["TRACKER_DATABASE_URL"] = self.url
        return self.driver.run(
            {
                "arguments": [str(argument) for argument in arguments],
                "environment": environment,
                "folder": str(self.folder),
                "trace": traced,
                "seconds": seconds,
                "prepare": prepare,
            }
        )

    def must(self, *arguments: str | Path) -> str:
        """Run a command that has to succeed without a word of warning, and return what it printed."""
        code, out, err, _ = self.run(*arguments)
        assert (code, err) == (0, ""), f"tracker {' '.join(map(str, arguments))}: {code}\n{out}{err}"
        return out

    def files(self) -> list[str]:
        """Return the names of all files and folders in home and reports."""
        return sorted(
            str(path.relative_to(self.folder)) for root in (self.home, self.reports) for path in root.rglob("*")
        )

    def content(self) -> dict[str, bytes]:
        """Return what is in all files of archive and reports, by name; the time of import is left out."""
        files = [*self.snapshots.glob("*"), *self.reports.rglob("*")]
        return {str(path.relative_to(self.folder)): _TIME.sub(b"", path.read_bytes()) for path in sorted(files)}

    def require_clean(self, *, copies_may_be_ahead: bool = False) -> None:
        """Require that archive and database hold the same, and each what its digests say.

        Beside a shared database the archive is a copy. It is written before the database commits; so if the importer is
        killed between the two, `copies_may_be_ahead` of it, until the next run.
        """
        code, out, err, _ = self.run("verify")
        told = [line for line in out.splitlines() if line.startswith("differs")]
        if copies_may_be_ahead and self.url is not None:
            told = [line for line in told if not _AHEAD.search(line)]
            code = code if told else 0
        assert (code, told, err) == (0, [], ""), out


_AHEAD: Final = re.compile(r" is not in the database |is not withdrawn in the database .*, and withdrawn in ")
_TIME: Final = re.compile(rb'"(imported_at|withdrawn_at|seal)":("[^"]*"|\{[^}]*\})')


@dataclass(frozen=True)
class Server:
    """A PostgreSQL server, of which each place has a database."""

    url: str

    def make(self, name: str, like: str | None = None) -> str:
        """Make a database, empty or like another one, and return its URL; what had its name is dropped."""
        database = connect(self.url)
        database.core.exec_driver_sql(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        database.core.exec_driver_sql(f"CREATE DATABASE {name}{f' TEMPLATE {like}' if like else ''}")
        database.close()
        return make_url(self.url).set(database=name).render_as_string(hide_password=False)


Copy = Callable[[str], Place]
Begin = Callable[[], Place]
Note = Callable[[str, object], None]
"""Notes with a test's result how many faults it tried (`record_property`)."""


def copied(place: Place, name: str, server: Server | None) -> Place:
    """Return a place with the same content as another one, beside it under another name; what had it is gone."""
    folder = place.folder.with_name(name)
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(place.folder, folder)
    if place.url is None:
        return replace(place, folder=folder)
    assert server is not None
    return replace(place, folder=folder, url=server.make(name, make_url(place.url).database))
