"""Where a home is: the folder that holds the archive (`snapshots/`) and its index (`tracker.db`)."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from tracker.errors import TrackerError


@dataclass(frozen=True, slots=True)
class Home:
    """A home: `folder` need not exist yet. `database_url` is set where a shared database is the truth."""

    folder: Path
    database_url: str | None = None

    @property
    def snapshots(self) -> Path:
        """The archive's folder."""
        return self.folder / "snapshots"

    @property
    def index(self) -> Path:
        """The SQLite file, which may be deleted at any time: it is made anew from the archive."""
        return self.folder / "tracker.db"

    def holds(self, path: Path) -> bool:
        """Whether a path, links followed, leads into the archive or to the index (or its journals)."""
        target = Path(os.path.realpath(path))
        index = (self.index.with_name(f"{self.index.name}{ending}") for ending in ("", "-journal", "-wal", "-shm"))
        return any(_is_same(up, self.snapshots) for up in (target, *target.parents)) or any(
            _is_same(target, file) for file in index
        )


def find_home(
    explicit: Path | None, environment: Mapping[str, str], here: Path, holds_snapshots: Callable[[Path], bool]
) -> Home:
    """Return the home to work in.

    That is: the folder named on the command line, else by `TRACKER_HOME`, else the nearest one upward of
    `here` whose `snapshots/` folder `holds_snapshots`, else the user's data folder.
    `TRACKER_DATABASE_URL` names a shared database.

    Raises:
        TrackerError: the folder begins with `~NAME`, and there is no such user.
    """
    folder = explicit or (Path(environment["TRACKER_HOME"]) if environment.get("TRACKER_HOME") else None)
    folder = folder or next((up for up in (here, *here.parents) if holds_snapshots(up / "snapshots")), None)
    if folder is None:
        from platformdirs import user_data_path

        folder = user_data_path("tracker", appauthor=False)
    try:
        folder = folder.expanduser().absolute()
    except RuntimeError as error:
        message = f"{folder}: there is no user of that name: name the home's folder in full"
        raise TrackerError(message) from error
    return Home(folder, environment.get("TRACKER_DATABASE_URL") or None)


def _is_same(one: Path, other: Path) -> bool:
    try:
        return one.samefile(other)
    except OSError:  # one of them is not there yet
        return os.path.realpath(one) == os.path.realpath(other)
