"""A home to import small releases into."""

from __future__ import annotations

import gc
import io
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import NOW, Import, Outcome, Release, record_text
from tracker import cli
from tracker.app.import_release import Imported, Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.home import Home


@pytest.fixture
def home(tmp_path: Path, database: str | None) -> Home:
    return Home(tmp_path / "home", database)


@pytest.fixture
def stored(home: Home) -> Iterator[Stored]:
    with open_stored(home, to_write=True) as opened:
        yield opened


@pytest.fixture
def take_in(stored: Stored, tmp_path: Path) -> Import:
    """Import records as a complete text release, or as what the options say."""

    def import_records(name: str, release: Release, **options: object) -> Imported:
        path = tmp_path / name
        path.write_bytes(record_text(release))
        asked = Options(**{"complete": True, **options})  # type: ignore[arg-type]
        (imported,) = import_path(stored, path, asked, NOW)
        return imported

    return import_records


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path, home: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command as a user types it, in an empty folder; bytes under `given` are its standard input."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("TRACKER_HOME", str(home.folder))

    def run_command(*arguments: object, given: bytes = b"") -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tracker", *map(str, arguments)])
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(given)))
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capfd.readouterr()
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    yield run_command
    gc.enable()
