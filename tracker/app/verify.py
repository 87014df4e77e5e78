"""Prove what is stored: every digest, from the records to the files, and archive and database against each other."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from tracker import archive, disk
from tracker.app.stored import Stored, open_stored
from tracker.app.together import Key, StoredLines, read, rows_of
from tracker.errors import ArchiveError, StoreError
from tracker.home import Home
from tracker.model import Sealed
from tracker.store.store import Store, StoredRelease


@dataclass(frozen=True, slots=True)
class Verified:
    """What was proven, and what was not.

    Counts are of what was looked at: releases and their records in the database, files and their bytes in the archive.
    `differences` has a sentence for each thing that is not as it should be; `remarks` for what is no fault: copies that
    lie elsewhere, files that were set aside.
    """

    archive: str
    database: str
    releases: int
    records: int
    files: int
    bytes: int
    differences: tuple[str, ...]
    remarks: tuple[str, ...]


def verify(home: Home, tell: Callable[[str], None] = lambda _: None) -> Verified:
    """Prove all that is stored in a home; nothing but what every command takes into the index is written.

    Args:
        home: the home.
        tell: is called with the name of each release before it is proven.

    Raises:
        ArchiveError: the archive's folder cannot be read.
        StoreError: the shared database cannot be reached.
    """
    with open_stored(home) as stored:
        store = stored.store
        differences = [*stored.notices, *_not_used(stored), *faults(store)]
        rows, files = rows_of(store), archive.files(home.snapshots)
        withdrawals, unread = _withdrawals(home)
        differences += unread
        records = 0
        for key, row in rows.items():
            tell(f"{row.label}@{row.revision}")
            found, differ = _prove(store, row, files.get(key), withdrawals.get(key))
            records += found
            differences += differ
        for key in sorted(files.keys() - rows.keys()):
            differences += _alone(stored, files[key], key)
        return Verified(
            archive=str(home.snapshots),
            database=store.name,
            releases=len(rows),
            records=records,
            files=len(files),
            bytes=sum(_size(path) for path in files.values()),
            differences=tuple(dict.fromkeys(_without_repetition(differences))),
            remarks=tuple(_remarks(stored, rows, files)),
        )


def damaged_files(home: Home) -> dict[Key, ArchiveError]:
    """Return what is wrong with each snapshot file that is not what its digests and its name say.

    Raises:
        ArchiveError: the archive's folder cannot be read.
    """
    found = {}
    for key, path in archive.files(home.snapshots).items():
        try:
            read(path, key)
        except ArchiveError as error:
            found[key] = error
    return found


def faults(store: Store) -> list[str]:
    """Return what a database finds wrong with its own pages, keys, tables and views."""
    try:
        return list(store.faults())
    except StoreError as error:
        return [str(error)]


def _not_used(stored: Stored) -> Iterator[str]:
    """Yield that there is an index which could not even be opened, so that the archive was read into memory."""
    index = stored.home.index
    unused = stored.home.database_url is None and stored.store.name != str(index) and os.path.lexists(index)
    if unused and not (index.is_file() and os.access(index, os.R_OK)):
        yield f"{index} cannot be read, and is no use: move it away, and it will be made anew"


def _withdrawals(home: Home) -> tuple[Mapping[Key, str], list[str]]:
    try:
        return archive.withdrawals(home.snapshots), []
    except ArchiveError as error:
        return {}, [str(error)]


def _prove(store: Store, row: StoredRelease, path: Path | None, withdrawn: str | None) -> tuple[int, list[str]]:
    """Return how many records a release has in the database, and what differs in it, and from its file."""
    name, number = f"{row.label}@{row.revision}", 0
    differences: list[str] = []
    try:
        kept = StoredLines(store, row)
        sealed = archive.parse(f"{store.name}, {name}", kept, kept.records)
        number = sealed.release.codes
        differences += _columns(store, row, sealed)
        if path is not None:
            differences += _file(store, kept, path)
    except (ArchiveError, StoreError) as error:
        differences.append(str(error) if isinstance(error, ArchiveError) else f"{name}: {error}")
        if path is not None:
            differences += _own_faults(path, (row.label, row.revision))
    if path is not None and row.withdrawn != withdrawn:
        differences.append(
            f"{name} is {'withdrawn' if row.withdrawn else 'not withdrawn'} in {store.name}, and "
            f"{'withdrawn' if withdrawn else 'not withdrawn'} in {path.parent}"
        )
    return number, differences


def _columns(store: Store, row: StoredRelease, sealed: Sealed) -> Iterator[str]:
    """Yield where the columns that the database is asked by do not say what the lines beside them say."""
    name, release = f"{store.name}, {row.label}@{row.revision}", sealed.release
    told = (row.label, row.revision, row.digest, *store.columns(row.id))
    header = (
        *(release.label, release.revision, release.digest, release.code_set),
        *(release.effective_date.isoformat(), release.complete, release.codes, release.source.sha256),
    )
    if told != header:
        yield f"{name}: the columns of the release are not what its header says"
    for ours, theirs in zip_longest(sealed.records, store.sealed(row.id)):
        if ours != theirs:
            code = ours.code if ours else "more records than it has"
            yield f"{name}: the columns of {code} are not what its record says"
            return


def _file(store: Store, kept: StoredLines, path: Path) -> Iterator[str]:
    """Yield where a snapshot file is not, line by line, what the database has."""
    key = (kept.row.label, kept.row.revision)
    if own := list(_own_faults(path, key)):
        yield from own
        return
    with archive.reading(path) as file:
        for number, (ours, theirs) in enumerate(zip_longest(file, kept), 1):
            if ours != theirs:
                yield f"{path}, line {number} is not what {store.name} has"
                return


def _own_faults(path: Path, key: Key) -> Iterator[str]:
    try:
        read(path, key)
    except ArchiveError as error:
        yield str(error)


def _alone(stored: Stored, path: Path, key: Key) -> Iterator[str]:
    """Yield what is to be said of a file that the database does not know."""
    own = list(_own_faults(path, key))
    yield from own or [f"{path} is not in {stored.store.name}: tracker rebuild takes it in"]


def _without_repetition(differences: list[str]) -> Iterator[str]:
    """Yield the sentences but those that another one begins with: a notice says of a file what is done about it."""
    for one in differences:
        if not any(other != one and other.startswith(one) for other in differences):
            yield one


def _remarks(stored: Stored, rows: Mapping[Key, StoredRelease], files: Mapping[Key, Path]) -> Iterator[str]:
    folder = stored.home.snapshots
    elsewhere = sorted(rows.keys() - files.keys())
    if stored.home.database_url is not None and elsewhere:
        names = ", ".join(f"{label}@{revision}" for label, revision in elsewhere)
        yield f"no copy in {folder}, which is no fault: {names}; tracker rebuild writes them"
    known = {path.name for path in files.values()}
    left = [path for path in _in(folder) if "jsonl" in path.name and path.name not in known]
    left += [path for path in _in(stored.home.folder) if disk.ASIDE in path.name]
    if left:
        yield f"not used: {', '.join(str(path) for path in left)}"


def _in(folder: Path) -> list[Path]:
    try:
        return sorted(folder.iterdir())
    except OSError:
        return []


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
