"""Make the index anew from the archive, and what the archive has lost from the database."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from tracker import archive, disk
from tracker.app.stored import brought_up, open_stored
from tracker.app.together import Key, follow, not_as_stored, restore, rows_of
from tracker.errors import ArchiveError
from tracker.home import Home
from tracker.store.database import DamagedError
from tracker.store.store import Store


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What was done, and what could not be mended, a sentence each."""

    done: tuple[str, ...]
    left: tuple[str, ...]


def rebuild(home: Home) -> Rebuilt:
    """Mend a home.

    Snapshot files that are missing, or not what was stored, are written anew from the database, if that can prove its
    copy; what stood there is set aside. Then the index is made anew from the archive, in one transaction; what cannot
    be read of the old one, or has it alone, is kept beside it. A shared database takes in the releases that only the
    archive has.

    Raises:
        ArchiveError: the archive cannot be read or written; UnreadableError, if one of its files may be good.
        StoreError: the database cannot be reached or written, or is a newer program's. Nothing that was there is lost,
            in any of these cases.
    """
    archive.make_folder(home.snapshots)
    if not os.access(home.folder, os.W_OK):
        raise ArchiveError(f"{home.folder} is read-only for you: nothing was made anew")
    try:
        return _own(home) if home.database_url is None else _shared(home)
    except OSError as error:
        raise ArchiveError(f"{home.folder}: {error.strerror or error}: the index was not made anew") from error


def _shared(home: Home) -> Rebuilt:
    with open_stored(home) as stored:
        store = stored.store
        done, left = restore(home, store, not_as_stored(home, store))
        rows = rows_of(store)
        lacking = {key: path for key, path in archive.files(home.snapshots).items() if key not in rows}
        if lacking:
            left += follow(store, lacking, archive.withdrawals(home.snapshots))
        taken = rows_of(store).keys() - rows.keys()
        stored.refresh()
        stored.mark_current()
    return Rebuilt((*done, *(f"{name} was taken into {store.name}" for name in _names(taken))), tuple(left))


def _own(home: Home) -> Rebuilt:
    done: list[str] = []
    left: list[str] = []
    held: dict[Key, int] = {}
    whole = True
    if home.index.exists():
        try:
            with Store.open(home.index) as store:
                held = {key: row.id for key, row in rows_of(store).items()}
                whole = not store.made_otherwise()
                done, left = restore(home, store, not_as_stored(home, store))
        except DamagedError:  # it is what is to be mended
            whole = False
    disk.remove_stale_drafts(home.folder)
    draft = disk.draft_of(home.index)
    try:
        with Store.open(draft) as store:
            files = archive.files(home.snapshots)
            first = sorted(files, key=lambda key: (key not in held, key))  # a new one gets no id that is another's
            follow(store, {key: files[key] for key in first}, archive.withdrawals(home.snapshots), held)
            left += brought_up(home, store).notices
            gone = held.keys() - rows_of(store).keys()
            if gone or not whole:
                kept = disk.aside(home.index)
                shutil.copyfile(home.index, kept)
                done.append(f"{home.index} cannot be read whole, or holds more: it is kept as {kept.name}")
                left += (
                    f"{name} was stored, and no file that can be trusted has it: restore its snapshot file from a "
                    f"copy, or import its source again; what is left of it is in {kept.name}"
                    for name in _names(gone)
                )
            _put_in_place(store, home.index)
    finally:
        for path in (draft, _journal(draft)):
            path.unlink(missing_ok=True)
    return Rebuilt(tuple(done), tuple(left))


def _put_in_place(store: Store, index: Path) -> None:
    try:
        store.copy_to(index)
    except DamagedError:  # so much that it cannot be written over
        for path in (_journal(index), index):  # a journal alone would be applied to what comes next
            path.unlink(missing_ok=True)
        store.copy_to(index)


def _journal(database: Path) -> Path:
    return database.with_name(f"{database.name}-journal")


def _names(keys: Iterable[Key]) -> list[str]:
    return [f"{label}@{revision}" for label, revision in sorted(keys)]
