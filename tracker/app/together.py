"""Archive and database kept together: each takes in what it lacks, proven, and changes nothing that it has."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from contextlib import nullcontext, suppress
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path

from tracker import archive, disk
from tracker.errors import ArchiveError, UnknownReleaseError, UnreadableError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import effective_date, parse_label
from tracker.home import Home
from tracker.model import Release, Sealed
from tracker.store.database import DamagedError
from tracker.store.store import Store, StoredRelease

Key = tuple[str, int]
"""Label and revision."""


def rows_of(store: Store) -> dict[Key, StoredRelease]:
    """Return the releases of a database by label and revision."""
    return {(row.label, row.revision): row for row in store.releases(HCPCS.name)}


def follow(
    store: Store, files: Mapping[Key, Path], withdrawals: Mapping[Key, str], ids: Mapping[Key, int] | None = None
) -> list[str]:
    """Take into a database what it lacks, under the write lock: another program may have done so meanwhile.

    A release keeps its id for good, in a database that is made anew that of `ids`: who has it open asks by ids.

    Return what is to be said of files that cannot be trusted: they are passed over, and what the database holds
    of them already was proven when it was taken in.
    """
    ids = ids or {}
    notices = []
    with store.importing() as writer:
        rows = rows_of(store)
        for key, path in files.items():
            row, withdrawn, stamp = rows.get(key), withdrawals.get(key), archive.stamp(path)
            if row is not None and row.archive_stamp == stamp:
                if row.withdrawn != withdrawn:
                    writer.withdraw(row.id, withdrawn)
                continue
            try:
                sealed = read(path, key)
                if row is not None and row.digest != sealed.release.digest:
                    raise _another(path, row, sealed)
            except ArchiveError as error:
                used = "the index's copy is used; tracker rebuild writes the file anew" if row else "it is passed over"
                notices.append(f"{error} ({used})")
                continue
            if row is not None:
                writer.delete(row.id)
            writer.withdraw(writer.insert(sealed, stamp, row.id if row else ids.get(key)), withdrawn)
    return notices


def _another(path: Path, row: StoredRelease, sealed: Sealed) -> ArchiveError:
    """Return the error of a file that was exchanged: a stored release never changes."""
    return ArchiveError(
        f"{path}: holds another release than the one that was stored as {sealed.release.name} (digest "
        f"{sealed.release.digest[:12]}, stored {row.digest[:12]})"
    )


def read(path: Path, key: Key) -> Sealed:
    """Read the snapshot file of a revision, and prove it.

    Raises:
        ArchiveError: it cannot be trusted, or is another revision's.
    """
    sealed = archive.read(path)
    if (sealed.release.label, sealed.release.revision) != key:
        own = path.with_name(archive.file_name(sealed.release.label, sealed.release.revision))
        advice = "move it away" if own.exists() else f"give it its name back, {own.name}"
        message = f"{path}: holds {sealed.release.name}, which is not what its name says: {advice}"
        raise ArchiveError(message)
    require_ours(path.name, sealed.release)
    return sealed


def require_ours(file: str, release: Release) -> None:
    """Refuse what is no release of this code set, or takes effect on another day than its label says.

    Raises:
        ArchiveError: the snapshot file was made by hand, or is of another code set.
    """
    try:
        day = effective_date(parse_label(release.label))
    except UnknownReleaseError:
        day = None
    if (release.code_set, release.effective_date) != (HCPCS.name, day):
        message = (
            f"{file}: {release.name} of {release.code_set}, effective {release.effective_date}, is no release of "
            f"{HCPCS.name}"
        )
        raise ArchiveError(message)


def not_as_stored(home: Home, store: Store) -> set[Key]:
    """Return the revisions whose files are not what the database has: damaged, exchanged, or no files at all.

    The copies of a shared database are the same to the last byte. The file of an own home may say more than its index.

    Raises:
        UnreadableError: a file cannot be read, and may be good.
    """
    rows, found = rows_of(store), set()
    for key, path in archive.files(home.snapshots).items():
        if (row := rows.get(key)) is None:
            continue
        try:
            same = read(path, key).release.digest == row.digest
        except UnreadableError:
            raise
        except ArchiveError:
            same = False
        if same and home.database_url is not None:
            with archive.reading(path) as file, suppress(DamagedError):
                same = all(one == other for one, other in zip_longest(file, StoredLines(store, row)))
        if not same:
            found.add(key)
    return found


def restore(home: Home, store: Store, replaced: Collection[Key] = ()) -> tuple[list[str], list[str]]:
    """Write snapshot files anew from the database, which has their very lines; their digests prove them.

    Those that are missing, and those that are to be `replaced`: these are set aside. Return what was done, and what
    could not be. A shared database is only read: whoever may not write to it can have a home of what it holds.
    """
    own = home.database_url is None
    source = "index" if own else "database"
    done, left = [], []
    with archive.draft(home.snapshots) as draft, store.importing() if own else nullcontext() as writer:
        files, withdrawals = archive.files(home.snapshots), archive.withdrawals(home.snapshots)
        aside: dict[Path, Path] = {}
        for key, row in rows_of(store).items():
            if key in files and key not in replaced:
                continue
            path, lines = home.snapshots / archive.file_name(*key), StoredLines(store, row)
            state = "is not what was stored" if key in files else "is missing"
            try:
                found = archive.parse(path.name, lines).release.name
                wrong = "" if found == f"{row.label}@{row.revision}" else f"it says that it is {found}"
            except (ArchiveError, DamagedError) as error:
                wrong = str(error)
            if wrong:
                left.append(f"{path} {state}, and the {source}'s copy is damaged too ({wrong})")
                continue
            stamp = draft.write(path.name, lines)
            if writer:
                writer.set_stamp(row.id, stamp)
            if row.withdrawn is not None and key not in withdrawals:
                draft.write(archive.withdrawal_name(*key), [archive.withdrawal_line(row.withdrawn, "")])
            if key in files:
                aside[path] = disk.aside(path)
                told = f"was not what was stored: it is set aside as {aside[path].name}"
            else:
                told = "was missing"
            done.append(f"{path} {told}, and is written anew from the {source}")
        for path, name in aside.items():
            path.rename(name)
        draft.publish()
    return done, left


@dataclass(frozen=True, slots=True)
class StoredLines:
    """The lines of a release's file, with their ends, as the database has them; read anew at each iteration.

    From the first line on, or from the first record.
    """

    store: Store
    row: StoredRelease
    begin: int = 0

    @property
    def records(self) -> StoredLines:
        """The lines from the first record on."""
        return replace(self, begin=1)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the lines."""
        release_id = self.row.id
        lines = archive.lines_of(
            self.row.header,
            self.store.records(release_id),
            self.store.problems(release_id),
            self.store.notes(release_id),
        )
        return islice(lines, self.begin, None)
