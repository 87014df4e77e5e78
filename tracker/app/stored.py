"""The stored snapshots of a home: the archive and the index that follows it, opened as one thing."""

from __future__ import annotations

from bisect import bisect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import chain, groupby
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tracker import archive
from tracker.app.together import follow, restore, rows_of
from tracker.diff.compare import of_one_issue
from tracker.errors import ArchiveError, StoreError, UnknownReleaseError
from tracker.hcpcs.catalogue import HCPCS, foreign_code
from tracker.hcpcs.labels import mark_order, parse_label
from tracker.home import Home, find_home
from tracker.model import Note, Problem, Record, Release, Snapshot
from tracker.store.database import UnusableError, damaged
from tracker.store.store import Store, StoredRelease

if TYPE_CHECKING:
    from tracker.search import Nearest
    from tracker.store.writer import Writer

RELATIVE: Final = {"latest": 1, "previous": 2}
"""Words that mean a stored release by its place from the end."""

NEAR: Final = 3
"""How many stored labels on each side of a missing one are named."""


@dataclass(frozen=True, slots=True)
class Revision:
    """A stored revision: its header, its id in the database, and whether that takes it for current."""

    id: int
    release: Release
    marked: bool = False


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
        try:
            return [_revision(row) for row in self.store.releases(HCPCS.name)]
        except ArchiveError as error:
            if self.home.database_url is not None:
                raise
            raise damaged(str(self.home.index), str(error)) from error

    def refresh(self) -> None:
        """Read the list of revisions anew, after a change or under the write lock."""
        for name in ("revisions", "codes", "_nearest"):
            self.__dict__.pop(name, None)

    @cached_property
    def codes(self) -> frozenset[str]:
        """The codes that any release holds."""
        return frozenset(self.store.codes(HCPCS.name))

    @cached_property
    def _nearest(self) -> Nearest:
        from tracker.search import Nearest

        return Nearest(self.codes)

    def current(self, label: str) -> Revision | None:
        """Return the revision that a bare label means, or None."""
        return current(self.labelled(label))

    def labelled(self, label: str) -> list[Revision]:
        """Return the revisions of one label, in the order of import."""
        return [revision for revision in self.revisions if revision.release.label == label]

    def find(self, reference: str) -> Revision:
        """Return the revision that `2025`, `2025-10@2`, `latest` or `previous` means.

        `latest` is the newest whole release by its effective date, and the revision that its bare label means;
        `previous` the whole one before it. Excerpts count where no release is whole.

        Raises:
            UnknownReleaseError: it is no label, or not stored, or all its revisions are withdrawn.
        """
        if back := RELATIVE.get(reference.strip().lower()):
            return self._from_the_end(back)
        name, at, number = reference.partition("@")
        try:
            label = parse_label(name)
        except UnknownReleaseError as error:
            raise UnknownReleaseError(f"{error}{self._perhaps(name)}") from error
        revisions = self.labelled(label)
        if at:
            for revision in revisions:
                if str(revision.release.revision) == number:
                    return revision
            names = ", ".join(revision.release.name for revision in revisions)
            message = f"{reference} is not stored; {f'stored: {names}' if names else self._list_labels(label)}"
            raise UnknownReleaseError(message)
        found_revision = current(revisions)
        if found_revision is None and revisions:
            message = (
                f"all revisions of {label} are withdrawn: name one ({revisions[-1].release.name}), or import it again"
            )
            raise UnknownReleaseError(message)
        if found_revision is None:
            message = f"{label} is not stored; {self._list_labels(label)}"
            raise UnknownReleaseError(message)
        return found_revision

    def currents(self) -> list[Revision]:
        """Return the revision that each bare label means, oldest release first."""
        by_label = groupby(self.revisions, key=lambda revision: revision.release.label)
        found = (current(list(revisions)) for _, revisions in by_label)
        return sorted(filter(None, found), key=lambda revision: revision.release.effective_date)

    @contextmanager
    def writing(self) -> Iterator[Writer]:
        """Hold the write lock, with what is stored read anew under it. At the end the database is told what is current.

        Which revision a bare label means is more than SQL can find out, and the views of the database need it.
        """
        try:
            with self.store.importing() as writer:
                self.refresh()
                yield writer
                self.refresh()
                writer.set_current(HCPCS.name, [revision.id for revision in self.currents()])
        finally:
            self.refresh()

    def mark_current(self) -> None:
        """Tell the database what is current, where it is wrong about that and may be written.

        It is after a migration, when it was brought up to the archive, and when the rule is another one.
        """
        meant = {revision.id for revision in self.currents()}
        if meant != {revision.id for revision in self.revisions if revision.marked}:
            with suppress(StoreError), self.writing():
                pass

    def snapshot(self, revision: Revision) -> Snapshot:
        """Return a whole snapshot."""
        return Snapshot(revision.release, self.records(revision), self.problems(revision), tuple(self.notes(revision)))

    def records(self, revision: Revision) -> Iterator[Record]:
        """Yield the records of a revision by code."""
        return map(archive.decode_record, self.store.records(revision.id))

    def spans(self, revision: Revision) -> Iterator[tuple[str, tuple[str, str]]]:
        """Yield the codes of a revision, in no order, each with its first and last valid day as they stand there."""
        for code, first, last in self.store.values(revision.id, HCPCS.added, HCPCS.ended):
            yield code, (first or "", last or "")

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
    def place(self) -> str:
        """Where the releases are: the home's folder, or a shared database by its name and host."""
        return str(self.home.folder) if self.home.database_url is None else self.store.name

    @property
    def nothing_stored(self) -> str:
        """What to say, and to do, where nothing is stored."""
        other = "--home" if self.home.database_url is None else "TRACKER_DATABASE_URL"
        return (
            f"nothing is stored in {self.place} yet ({other} names another place): run tracker fetch latest, or "
            "download a release from cms.gov (HCPCS quarterly update) and run: tracker import FILE"
        )

    def _from_the_end(self, back: int) -> Revision:
        stored = whole_or_all(self.currents())
        if len(stored) >= back:
            return stored[-back]
        if stored:
            message = f"there is no release before {stored[0].release.label}: tracker import FILE adds one"
        else:
            message = self.nothing_to_ask
        raise UnknownReleaseError(message)

    def perhaps(self, code: str) -> str:
        """Say what a code may be that no release holds: of others, or meant for one of these; or nothing."""
        if foreign := foreign_code(code):
            return f"; it is {foreign}, and no release here holds those"
        found = self._nearest.to(code)
        return f"; did you mean {' or '.join(found)}?" if found else ""

    def _perhaps(self, name: str) -> str:
        """Say which stored label, or other word for a release, what is no label may have been meant for."""
        from difflib import get_close_matches

        begun = name.strip().lower()
        labels = dict.fromkeys(revision.release.label for revision in self.revisions)
        meant = [label for label in labels if begun and label.startswith(begun)] or get_close_matches(begun, RELATIVE)
        return f"; did you mean {' or '.join(meant[:NEAR])}?" if meant else ""

    @property
    def nothing_to_ask(self) -> str:
        """What to say where no bare label means anything."""
        return "all stored releases are withdrawn: import one again" if self.revisions else self.nothing_stored

    def _list_labels(self, missing: str) -> str:
        """Say which labels are stored, or if they are many the nearest to a missing one, and how to add it."""
        labels = sorted({revision.release.label for revision in self.revisions})
        if not labels:
            return self.nothing_stored
        place = bisect(labels, missing)  # 2025 < 2025-04 < 2026: labels sort by day
        some = labels if len(labels) <= 2 * NEAR else labels[max(place - NEAR, 0) : place + NEAR]
        which = "stored" if some == labels else "of those stored the nearest"
        return f"{which}: {', '.join(some)}; tracker fetch {missing}, or tracker import FILE, adds it"


def whole_or_all(revisions: Sequence[Revision]) -> Sequence[Revision]:
    """Return the complete ones of some revisions; all of them where none is."""
    return [revision for revision in revisions if revision.release.complete] or revisions


def current(revisions: Iterable[Revision]) -> Revision | None:
    """Return which revision of one label its bare label means; None if all are withdrawn.

    A complete one before an excerpt; then the later publisher's mark, of two of the same style; then, of one
    issue, the zip, which has text and workbook, before either of them alone; else the later import.
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
    if mine is not None and its is not None and mine[0] == its[0] and mine != its:
        return mine > its
    return of_one_issue(earlier, later) and earlier.source.format == "zip"


def locate(explicit: Path | None, environment: Mapping[str, str], here: Path) -> Home:
    """Return the home to work in: see `find_home`."""
    return find_home(explicit, environment, here, archive.holds_snapshots)


@contextmanager
def open_stored(home: Home, *, to_write: bool = False) -> Iterator[Stored]:
    """Open the stored snapshots of a home, the index brought up to the archive if it lacks something.

    To read, the archive is enough: where the index cannot be used, it is read into memory. With `to_write` the
    home is made if there is none, and must be writable; snapshot files that are missing are restored.

    A snapshot file that cannot be trusted is passed over with a notice, so that it stops nothing else.

    Raises:
        ArchiveError: the archive's folder cannot be read or made.
        StoreError: the shared database, or with `to_write` the index, cannot be used.
    """
    if home.database_url is not None:
        with Store.open(home.database_url) as store:
            if to_write:
                archive.make_folder(home.snapshots)
            stored = Stored(home, store, [])
            stored.mark_current()
            yield stored
        return
    if to_write:
        archive.make_folder(home.snapshots)
    stored = _open_index(home, to_write=True) if to_write else _open_to_read(home)
    with stored.store:
        yield stored


def _open_index(home: Home, *, to_write: bool = False) -> Stored:
    return brought_up(home, Store.open(home.index), to_write=to_write)


def _open_to_read(home: Home) -> Stored:
    """Open the index; one in memory where nothing is stored yet, or where the index cannot be used."""
    if not archive.files(home.snapshots) and not home.index.exists():
        return Stored(home, Store.in_memory(), [])
    try:
        return _open_index(home)
    except UnusableError:  # it may not be written, and what it holds is good
        with suppress(StoreError):
            return brought_up(home, Store.copy_of(home.index))
        notices = []
    except StoreError as error:
        notices = [f"{error} (until then the archive itself is read)"]
    stored = brought_up(home, Store.in_memory())
    stored.notices[:0] = notices
    return stored


def brought_up(home: Home, store: Store, *, to_write: bool = False) -> Stored:
    """Take into a store what it lacks of the archive; with `to_write`, write back what the archive has lost.

    The store is closed on an error.
    """
    try:
        rows, notices = rows_of(store), []  # before the files: an import puts its file first
        files, withdrawals = archive.files(home.snapshots), archive.withdrawals(home.snapshots)
        if not all(_is_current(rows.get(key), path, withdrawals.get(key)) for key, path in files.items()):
            notices = follow(store, files, withdrawals)
        missing = sorted(rows.keys() - files.keys())
        if missing and to_write:
            notices += chain.from_iterable(restore(home, store))
        else:
            notices += [
                f"{home.snapshots / archive.file_name(*key)} is missing: the index's copy is used, and the next "
                "import, or tracker rebuild, writes the file anew"
                for key in missing
            ]
        stored = Stored(home, store, notices)
        stored.mark_current()  # a header that cannot be read is noticed here
    except BaseException:
        store.close()
        raise
    return stored


def _revision(row: StoredRelease) -> Revision:
    release = archive.decode_header(row.header)
    return Revision(row.id, replace(release, withdrawn=row.withdrawn), bool(row.current))


def _is_current(row: StoredRelease | None, path: Path, withdrawn: str | None) -> bool:
    return row is not None and row.archive_stamp == archive.stamp(path) and row.withdrawn == withdrawn
