"""Import: a file becomes a stored revision, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from tracker import __version__, archive
from tracker.app.checks import doubts, require_whole, truncated
from tracker.app.files import read_bytes
from tracker.app.stored import Stored, require_ours
from tracker.app.withdraw import hide
from tracker.diff.compare import why_revised
from tracker.errors import RefusedError, SourceError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import effective_date, parse_label
from tracker.hcpcs.normalise import normalise
from tracker.hcpcs.readers import recognise
from tracker.model import Problem, RawRelease, Record, Release, Sealed, Snapshot, Source
from tracker.store.writer import Writer

_NO_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of a file; None where the file is to tell. `address`: where it was downloaded from."""

    label: str | None = None
    published: date | None = None
    complete: bool | None = None
    again: bool = False
    address: str = ""


@dataclass(frozen=True, slots=True)
class Imported:
    """The outcome for one file: the revision that holds its content now, and what should be said aloud.

    `stored` is False if it was stored already. `reason` says why an earlier revision was not enough.
    """

    release: Release
    stored: bool
    reason: str = ""
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()


def import_path(stored: Stored, path: Path, options: Options, now: datetime) -> list[Imported]:
    """Import a file, or a folder of sheets, of snapshot files or of releases: all of it, or nothing.

    The sheets of one release in a folder make one revision. `now` becomes the time of import.

    Raises:
        SourceError: the file cannot be read as a release.
        RefusedError: storing it would mislead: half of a release that looks whole.
        ArchiveError, StoreError: it cannot be stored. Nothing is, in any of these cases.
    """
    paths = _files_in(path)
    if paths is None:
        return [_import_file(stored, path, options, now)]
    if archive.files(path):
        return _import_archive(stored, path, options, now)
    read = [_read_source(file) for file in paths]
    sheets = [pair for pair in read if pair[0].amends]
    labels = sorted({_label(raw, source, options) for raw, source in sheets})
    merged = [_merge(_name(path), [pair for pair in sheets if _label(*pair, options) == label]) for label in labels]
    snapshots = [
        (_snapshot(raw, source, options, now), raw.amends)
        for raw, source in [*(pair for pair in read if not pair[0].amends), *merged]
    ]
    with _writing(stored) as writing:
        return [writing.store(snapshot, options, amends=amends) for snapshot, amends in snapshots]


def _files_in(folder: Path) -> list[Path] | None:
    """Return the files of a folder; None if it is a file itself."""
    try:
        if not folder.is_dir():
            return None
        paths = sorted(entry for entry in folder.iterdir() if entry.is_file() and not entry.name.startswith("."))
    except OSError as error:
        raise SourceError(f"{folder}: {error.strerror}") from error
    if not paths:
        raise SourceError(f"{folder}: there is no file in this folder")
    return paths


def _import_archive(stored: Stored, folder: Path, options: Options, now: datetime) -> list[Imported]:
    """Import all snapshot files of a folder, and that some of them were withdrawn."""
    _require_no_options(folder, options)
    withdrawn = archive.withdrawals(folder)
    found = []
    with _writing(stored) as writing:
        for key, file in archive.files(folder).items():
            imported = writing.store_sealed(archive.parse(file.name, read_bytes(file)))
            if key in withdrawn and imported.stored:
                writing.hide(imported.release, withdrawn[key], now)
            found.append(imported)
    return found


def _import_file(stored: Stored, path: Path, options: Options, now: datetime) -> Imported:
    data = read_bytes(path)
    if archive.is_snapshot(data):
        _require_no_options(path, options)
        sealed = archive.parse(path.name, data)
        with _writing(stored) as writing:
            return writing.store_sealed(sealed)
    label = None if options.label is None else parse_label(options.label)
    digest = sha256(data).hexdigest()
    for revision in stored.revisions:
        release = revision.release
        if (
            release.source.sha256 == digest
            and release.withdrawn is None
            and label in (None, release.label)
            and options.complete in (None, release.complete)
            and not options.again
        ):
            return Imported(release, stored=False)
    raw, source = _read_source(path, data)
    snapshot = _snapshot(raw, replace(source, address=options.address), options, now)
    with _writing(stored) as writing:
        return writing.store(snapshot, options, amends=raw.amends)


def _require_no_options(path: Path, options: Options) -> None:
    if (options.label, options.published, options.complete) != (None, None, None):
        raise RefusedError(
            f"{path} is a snapshot file or a folder of them, which say themselves what they hold: leave out --release, "
            "--published, --complete and --excerpt"
        )


def _read_source(path: Path, data: bytes | None = None) -> tuple[RawRelease, Source]:
    data = read_bytes(path) if data is None else data
    raw = recognise.read(_name(path), data)
    return raw, Source(_name(path), len(data), sha256(data).hexdigest(), raw.format)


def _name(path: Path) -> str:
    """Return a file's name as it is stored and printed; what is no character, or none to print, is replaced."""
    return _NO_CHARACTER.sub("\N{REPLACEMENT CHARACTER}", path.absolute().name)


def _merge(folder: str, sheets: list[tuple[RawRelease, Source]]) -> tuple[RawRelease, Source]:
    """Make one source of the sheets of one release in a folder."""
    first = sheets[0][0]
    records = [record for raw, _ in sheets for record in raw.records]
    places: dict[str, str] = {}
    for record in records:
        if record.code in places:
            raise SourceError(
                f"{record.code} has two sheets, {places[record.code]} and {record.file}: keep one of them"
            )
        places[record.code] = record.file
    merged = replace(
        first,
        records=tuple(records),
        columns=frozenset.intersection(*(raw.columns for raw, _ in sheets)),
        problems=tuple(problem for raw, _ in sheets for problem in raw.problems),
    )
    digest = sha256("".join(sorted(source.sha256 for _, source in sheets)).encode()).hexdigest()
    return merged, Source(folder, sum(source.size for _, source in sheets), digest, first.format)


def _label(raw: RawRelease, source: Source, options: Options) -> str:
    label = raw.label if options.label is None else options.label
    if label is None:
        raise SourceError(
            f"{source.name}: its name does not tell the release: say --release 2026, or 2026-04 for April"
        )
    return parse_label(label)


def _snapshot(raw: RawRelease, source: Source, options: Options, now: datetime) -> Snapshot:
    """Normalise what a reader found."""
    if raw.amends and options.complete:
        raise RefusedError(f"{source.name}: sheets of single codes are never a whole release: leave out --complete")
    label = _label(raw, source, options)
    normalised = normalise(raw)
    release = Release(
        code_set=HCPCS.name,
        label=label,
        revision=0,
        effective_date=effective_date(label),
        complete=raw.complete if options.complete is None else options.complete,
        fields=normalised.fields,
        source=source,
        counts={},
        digest="",
        imported_at=now.isoformat(timespec="seconds"),
        program=__version__,
        published_date=options.published or raw.published,
        mark=raw.mark,
    )
    return Snapshot(release, normalised.records, normalised.problems, raw.notes)


@contextmanager
def _writing(stored: Stored) -> Iterator[_Writing]:
    """Hold the write lock, with what is stored read anew under it; all that is stored meanwhile is, or nothing.

    The archive files are on the disk, under their names, before the database commits; an error takes both back.
    """
    try:
        with archive.draft(stored.home.snapshots) as draft, stored.store.importing() as writer:
            stored.refresh()
            yield _Writing(stored, writer, draft)
            draft.publish()
    finally:
        stored.refresh()


@dataclass(frozen=True, slots=True)
class _Writing:
    """What stores snapshots, while the write lock is held."""

    stored: Stored
    writer: Writer
    draft: archive.Draft

    def store(self, snapshot: Snapshot, options: Options, *, amends: bool) -> Imported:
        """Store what was read, as the next revision of its label; sheets laid over the current one."""
        base = self.stored.current(snapshot.release.label) if amends else None
        if base is not None:
            snapshot = amend(self.stored.snapshot(base), snapshot)
        neighbours = _neighbours(self.stored, snapshot.release)
        if base is None and snapshot.release.complete:
            _require_right(self.stored, snapshot, neighbours, options)
        return self._insert(archive.seal(snapshot), snapshot, neighbours)

    def store_sealed(self, sealed: Sealed) -> Imported:
        """Store a snapshot file of another home: the same content, under the next revision of its label."""
        require_ours(sealed.release.source.name, sealed.release)
        records = tuple(archive.decode_record(record.line) for record in sealed.records)
        problems = tuple(map(archive.decode_problem, sealed.problems))
        snapshot = Snapshot(sealed.release, records, problems)
        return self._insert(sealed, snapshot, _neighbours(self.stored, sealed.release))

    def hide(self, release: Release, reason: str, now: datetime) -> None:
        """Withdraw what was stored just now."""
        hide(self.writer, self.draft, self.stored.find(release.name), reason, now)
        self.stored.refresh()

    def _insert(self, sealed: Sealed, snapshot: Snapshot, neighbours: Sequence[Snapshot]) -> Imported:
        release = sealed.release
        earlier = [revision.release for revision in self.stored.labelled(release.label)]
        same = next((one for one in earlier if one.digest == release.digest and one.withdrawn is None), None)
        if same is not None:
            return Imported(same, stored=False, problems=snapshot.problems)
        taken = [*archive.files(self.stored.home.snapshots), *((one.label, one.revision) for one in earlier)]
        number = max((number for label, number in taken if label == release.label), default=0) + 1
        release = replace(release, revision=number)
        sealed = replace(sealed, release=release, header=archive.encode_header(release))
        stamp = self.draft.write(archive.file_name(release.label, number), archive.lines(sealed))
        self.writer.insert(sealed, stamp)
        self.stored.refresh()
        return Imported(
            release,
            stored=True,
            reason=why_revised(earlier[-1], release) if earlier else "",
            problems=snapshot.problems,
            warnings=(
                *doubts(release, snapshot.records, [revision.release for revision in self.stored.revisions]),
                *truncated(replace(snapshot, release=release), neighbours),
            ),
        )


def _require_right(stored: Stored, snapshot: Snapshot, neighbours: Iterable[Snapshot], options: Options) -> None:
    """Refuse what seems complete and is not; if it is another release's content, say that instead."""
    try:
        require_whole(snapshot, neighbours, insisted=options.complete is True)
    except RefusedError as error:
        digest = archive.seal(snapshot).release.digest
        twin = next((one.release for one in stored.revisions if one.release.digest == digest), None)
        if twin is None or twin.label == snapshot.release.label:
            raise
        name = snapshot.release.source.name
        raise RefusedError(f"{name} has the very content of {twin.name}: it is no {snapshot.release.label}") from error


def _neighbours(stored: Stored, release: Release) -> list[Snapshot]:
    """Return the complete releases nearest to a complete one: the latest up to its day, the earliest after it."""
    if not release.complete:
        return []
    complete = [revision for revision in stored.currents() if revision.release.complete]
    before = [found for found in complete if found.release.effective_date <= release.effective_date]
    after = [found for found in complete if found.release.effective_date > release.effective_date]
    return [stored.snapshot(found) for found in (*before[-1:], *after[:1])]


def amend(base: Snapshot, sheets: Snapshot) -> Snapshot:
    """Lay the records of sheets over a stored snapshot: complete if that was, whatever is said of the sheets.

    A field that only one of the two had stays unknown in the other's records.
    """
    fields = base.release.fields | sheets.release.fields
    laid = {record.code: _in(fields, base.release.fields, record) for record in base.records}
    over = {record.code: _in(fields, sheets.release.fields, record) for record in sheets.records}
    release = replace(
        sheets.release,
        complete=base.release.complete,
        fields=fields,
        absent=base.release.absent - over.keys(),
        mark=base.release.mark,
        published_date=sheets.release.published_date or base.release.published_date,
        remark=f"{len(over)} of its records laid over {base.release.name}",
    )
    return Snapshot(
        release,
        tuple(record for _, record in sorted({**laid, **over}.items())),
        tuple(problem for problem in base.problems if problem.code not in over) + sheets.problems,
        sheets.notes or base.notes,
    )


def _in(fields: frozenset[str], had: frozenset[str], record: Record) -> Record:
    return record if fields == had else replace(record, unknown=record.unknown | (fields - had))
