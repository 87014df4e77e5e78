"""Make the index anew from the archive, and what the archive has lost from the database."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

from tracker import archive, disk
from tracker.app.stored import brought_up, open_stored
from tracker.app.together import Key, follow, restore, rows_of
from tracker.app.verify import damaged_files
from tracker.errors import ArchiveError, NewerFormatError
from tracker.home import Home
from tracker.store.database import DamagedError
from tracker.store.store import Store


def rebuild(home: Home) -> list[str]:
    """Mend a home, and return what was done, and what could not be.

    Snapshot files that are missing or damaged are written anew from the database, if that can prove its copy; a damaged
    one is set aside. Then the index is made anew from the archive, in one transaction; what cannot be read of the old
    one is kept beside it. A shared database takes in the releases that only the archive has.

    Raises:
        ArchiveError: the archive cannot be read or written, or has a file of a newer program.
        StoreError: the database cannot be reached or written, or is a newer program's. Nothing that was there is lost,
            in any of these cases.
    """
    archive.make_folder(home.snapshots)
    damaged = _damaged(home)
    try:
        return _shared(home, damaged) if home.database_url is not None else _own(home, damaged)
    except OSError as error:
        raise ArchiveError(f"{home.folder}: {error.strerror or error}: the index was not made anew") from error


def _damaged(home: Home) -> set[Key]:
    """Return the revisions whose files are damaged: files, that is, and no folders or links that lead nowhere."""
    files, damaged = archive.files(home.snapshots), damaged_files(home)
    for error in damaged.values():
        if isinstance(error, NewerFormatError):
            raise error
    return {key for key in damaged if files[key].is_file()}


def _shared(home: Home, damaged: set[Key]) -> list[str]:
    with open_stored(home) as stored:
        done, rows = restore(home, stored.store, damaged), rows_of(stored.store)
        lacking = {key: path for key, path in archive.files(home.snapshots).items() if key not in rows}
        if lacking:
            done += follow(stored.store, lacking, archive.withdrawals(home.snapshots))
        taken = sorted(rows_of(stored.store).keys() - rows.keys())
        stored.refresh()
        stored.mark_current()
    return [*done, *(f"{label}@{revision} was taken into {stored.store.name}" for label, revision in taken)]


def _own(home: Home, damaged: set[Key]) -> list[str]:
    done, needless = [], not home.index.exists()
    if home.index.exists():
        with suppress(DamagedError), Store.open(home.index) as store:  # damage is what is to be mended
            done = restore(home, store, damaged)
            needless = rows_of(store).keys() <= archive.files(home.snapshots).keys()
    if not needless:
        kept = disk.aside(home.index)
        shutil.copyfile(home.index, kept)
        done.append(f"{home.index} cannot be read whole: it is kept as {kept.name}")
    disk.remove_stale_drafts(home.folder)
    draft = disk.draft_of(home.index)
    try:
        with Store.open(draft) as store:
            done += brought_up(home, store).notices
            try:
                store.copy_to(home.index)
            except DamagedError:  # so much that it cannot be written over
                for path in (_journal(home.index), home.index):  # a journal alone would be applied to what comes next
                    path.unlink(missing_ok=True)
                store.copy_to(home.index)
    finally:
        for path in (draft, _journal(draft)):
            path.unlink(missing_ok=True)
    return done


def _journal(database: Path) -> Path:
    return database.with_name(f"{database.name}-journal")
