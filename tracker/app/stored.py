"""The stored snapshots of a home: the archive and the index that follows it, opened as one thing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import groupby
from pathlib import Path

from tracker import archive
from tracker.errors import ArchiveError, UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import mark_order, parse_label
from tracker.home import Home, find_home
from tracker.model import Note, Problem, Record, Release, Sealed, Snapshot
from tracker.store.database import UnusableError
from tracker.store.store import Store, StoredRelease


@dataclass(frozen=True, slots=True)
class Revision:
    """A stored revision: its header, and its id in the database."""

    id: int
    release: Release


class Stored:
    """The stored snapshots of a home. Open it with `open_stored`.

    `notices` are sentences that the person at the keyboard should see, such as a missing archive file.
    """

    def __init__(self, home: Home, store: Store, notices: list[str]) -> None:
        self.home = home
        self.store = store
        self.notices = notices

    @cached_property
    def revisions(self) -> list[Revision]:
        """All stored revisions, by label and revision, the withdrawn ones included."""
        return [_revision(row) for row in self.store.releases(HCPCS.name)]

    def refresh(self) -> None:
        """Read the list of revisions anew, after a change or under the write lock."""
        self.__dict__.pop("revisions", None)

    def current(self, label: str) -> Revision | None:
        """Return the revision that a bare label means, or None."""
        return current(self.labelled(label))

    def labelled(self, label: str) -> list[Revision]:
        """Return the revisions of one label, in the order of import."""
        return [revision for revision in self.revisions if revision.release.label == label]

    def find(self, reference: str) -> Revision:
        """Return the revision that `2025` or `2025-10@2` means.

        Raises:
            UnknownReleaseError: it is no label, or not stored, or all its revisions are withdrawn.
        """
        name, _, number = reference.partition("@")
        label = parse_label(name)
        revisions = self.labelled(label)
        if number:
            for revision in revisions:
                if str(revision.release.revision) == number:
                    return revision
            names = ", ".join(revision.release.name for revision in revisions)
            message = f"{reference} is not stored; {f'stored: {names}' if names else self._list_labels()}"
            raise UnknownReleaseError(message)
        found_revision = current(revisions)
        if found_revision is None and revisions:
            message = (
                f"all revisions of {label} are withdrawn: name one ({revisions[-1].release.name}), or import it again"
            )
            raise UnknownReleaseError(message)
        if found_revision is None:
            message = f"{label} is not stored; {self._list_labels()}"
            raise UnknownReleaseError(message)
        return found_revision

    def currents(self) -> list[Revision]:
        """Return the revision that each bare label means, oldest release first."""
        by_label = groupby(self.revisions, key=lambda revision: revision.release.label)
        found = (current(list(revisions)) for _, revisions in by_label)
        return sorted(filter(None, found), key=lambda revision: revision.release.effective_date)

    def snapshot(self, revision: Revision) -> Snapshot:
        """Return a whole snapshot."""
        return Snapshot(
            revision.release, tuple(self.records(revision)), tuple(self.problems(revision)), tuple(self.notes(revision))
        )

    def records(self, revision: Revision) -> Iterator[Record]:
        """Yield the records of a revision by code."""
        return map(archive.decode_record, self.store.records(revision.id))

    def record(self, revision: Revision, code: str) -> Record | None:
        """Return the record of a code in a revision, or None if it holds none."""
        line = self.store.record(revision.id, code)
        return archive.decode_record(line) if line else None

    def problems(self, revision: Revision) -> list[Problem]:
        """Return the problems that were met when the revision was read."""
        return [archive.decode_problem(line) for line in self.store.problems(revision.id)]

    def notes(self, revision: Revision) -> list[Note]:
        """Return the publisher's processing notes that came with the revision."""
        return [archive.decode_note(line) for line in self.store.notes(revision.id)]

    @property
    def nothing_stored(self) -> str:
        """What to say, and to do, where nothing is stored."""
        return (
            f"nothing is stored in {self.home.folder} yet: download a release from cms.gov (HCPCS quarterly "
            "update) and run: tracker import FILE"
        )

    def _list_labels(self) -> str:
        labels = ", ".join(dict.fromkeys(revision.release.label for revision in self.revisions))
        return f"stored: {labels}; tracker import FILE adds a release" if labels else self.nothing_stored


def current(revisions: Iterable[Revision]) -> Revision | None:
    """Return which revision of one label its bare label means; None if all are withdrawn.

    A complete one before an excerpt; then the later publisher's mark, of two of the same style; else the
    later import.
    """
    best: Revision | None = None
    for revision in revisions:
        if revision.release.withdrawn is None and (best is None or not _beats(best.release, revision.release)):
            best = revision
    return best


def _beats(earlier: Release, later: Release) -> bool:
    if earlier.complete != later.complete:
        return earlier.complete
    mine, its = mark_order(earlier.mark), mark_order(later.mark)
    return mine is not None and its is not None and mine[0] == its[0] and mine > its


def locate(explicit: Path | None, environment: Mapping[str, str], here: Path) -> Home:
    """Return the home to work in: see `find_home`."""
    return find_home(explicit, environment, here, archive.holds_snapshots)


@contextmanager
def open_stored(home: Home, *, to_write: bool = False) -> Iterator[Stored]:
    """Open the stored snapshots of a home, the index brought up to the archive if it lacks something.

    A home that cannot be written is read all the same: what its index lacks is taken into memory. With
    `to_write` the home is made if there is none, and must be writable.

    Raises:
        ArchiveError: a snapshot file that the index lacks cannot be trusted.
        StoreError: the database cannot be opened, or was made by a newer tracker.
    """
    if to_write:
        archive.make_folder(home.snapshots)
    if home.database_url:
        with Store.open(home.database_url) as store:
            yield Stored(home, store, [])
        return
    files, withdrawals = archive.files(home.snapshots), archive.withdrawals(home.snapshots)
    with _open_index(home, files, to_write=to_write) as store:
        rows = _rows(store)
        notices = [
            f"{home.snapshots / archive.file_name(*key)} is missing: the index's copy is used; restore the file"
            for key in rows.keys() - files.keys()
        ]
        if all(_is_current(rows.get(key), path, withdrawals.get(key)) for key, path in files.items()):
            yield Stored(home, store, notices)
            return
        try:
            _follow(store, files, withdrawals)
        except UnusableError:
            if to_write:
                raise
        else:
            yield Stored(home, store, notices)
            return
    with Store.in_memory() as memory:
        memory.copy_from(home.index)
        _follow(memory, files, withdrawals)
        yield Stored(home, memory, notices)


Key = tuple[str, int]
"""Label and revision."""


def _open_index(home: Home, files: Mapping[Key, Path], *, to_write: bool) -> Store:
    """Open the index; in memory where nothing is stored yet, or where it would have to be written and cannot."""
    if not to_write and not files and not home.index.exists():
        return Store.in_memory()
    try:
        return Store.open(home.index)
    except UnusableError:
        if to_write:
            raise
        return Store.in_memory()


def _rows(store: Store) -> dict[Key, StoredRelease]:
    return {(row.label, row.revision): row for row in store.releases(HCPCS.name)}


def _revision(row: StoredRelease) -> Revision:
    release = archive.decode_header(row.header)
    return Revision(row.id, replace(release, withdrawn=row.withdrawn))


def _is_current(row: StoredRelease | None, path: Path, withdrawn: str | None) -> bool:
    return row is not None and row.archive_stamp == archive.stamp(path) and row.withdrawn == withdrawn


def _follow(store: Store, files: Mapping[Key, Path], withdrawals: Mapping[Key, str]) -> None:
    """Take into the index what it lacks, under the write lock: another program may have done so meanwhile."""
    with store.importing() as writer:
        rows = _rows(store)
        for key, path in files.items():
            row, withdrawn, stamp = rows.get(key), withdrawals.get(key), archive.stamp(path)
            if row is not None and _is_current(row, path, withdrawn):
                continue
            if row is not None and row.archive_stamp == stamp:
                writer.withdraw(row.id, withdrawn)
                continue
            sealed = _read(path, key)
            if row is not None:
                writer.delete(row.id)
            writer.withdraw(writer.insert(sealed, stamp), withdrawn)


def _read(path: Path, key: Key) -> Sealed:
    sealed = archive.read(path)
    if (sealed.release.label, sealed.release.revision) != key:
        message = f"{path}: holds {sealed.release.name}, which is not what its name says: give it its name back"
        raise ArchiveError(message)
    return sealed
