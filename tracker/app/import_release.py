"""Import: a file becomes a stored revision, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from hashlib import sha256
from pathlib import Path

from tracker import __version__, archive
from tracker.app.checks import doubts, require_whole
from tracker.app.stored import Stored
from tracker.app.withdraw import withdraw
from tracker.diff.compare import why_revised
from tracker.errors import SourceError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import effective_date, parse_label
from tracker.hcpcs.normalise import normalise
from tracker.hcpcs.readers import recognise
from tracker.model import Problem, RawRelease, Record, Release, Sealed, Snapshot, Source
from tracker.store.writer import Writer

SOURCE_SIZE = 1024 * 1024 * 1024
"""The largest file that is read. CMS's largest has 5 MB; a full table of a code set a hundred times as large fits."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of a file; None where the file is to tell."""

    label: str | None = None
    published: date | None = None
    complete: bool | None = None
    again: bool = False


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
    """Import a file, or a folder of sheets, of snapshot files or of releases.

    The sheets of one release in a folder make one revision. `now` becomes the time of import.

    Raises:
        SourceError: the file cannot be read as a release.
        RefusedError: storing it would mislead: half a release that looks whole.
        ArchiveError, StoreError: it cannot be stored. Nothing is, in any of these cases.
    """
    if not path.is_dir():
        return [_import_file(stored, path, options, now)]
    paths = sorted(entry for entry in path.iterdir() if entry.is_file() and not entry.name.startswith("."))
    if not paths:
        raise SourceError(f"{path}: there is no file in this folder")
    snapshots = archive.files(path)
    if snapshots:
        withdrawn = archive.withdrawals(path)
        found = []
        for key, file in snapshots.items():
            imported = _import_file(stored, file, options, now)
            if key in withdrawn and imported.stored:
                withdraw(stored, imported.release.name, withdrawn[key], now)
            found.append(imported)
        return found
    read = [_read_source(file) for file in paths]
    sheets = [(raw, source) for raw, source in read if raw.amends]
    others = [_store(stored, raw, source, options, now) for raw, source in read if not raw.amends]
    labels = sorted({_label(raw, source, options) for raw, source in sheets})
    return others + [
        _store(stored, *_merge(path.name, [pair for pair in sheets if _label(*pair, options) == label]), options, now)
        for label in labels
    ]


def _import_file(stored: Stored, path: Path, options: Options, now: datetime) -> Imported:
    data = _bytes(path)
    if archive.is_snapshot(data):
        return _store_snapshot(stored, archive.parse(path.name, data))
    label = parse_label(options.label) if options.label else None
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
    return _store(stored, *_read_source(path, data), options, now)


def _bytes(path: Path) -> bytes:
    try:
        if path.stat().st_size > SOURCE_SIZE:
            raise SourceError(f"{path}: {path.stat().st_size:,} bytes are more than any release has")
        return path.read_bytes()
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror}") from error


def _read_source(path: Path, data: bytes | None = None) -> tuple[RawRelease, Source]:
    data = _bytes(path) if data is None else data
    raw = recognise.read(path.name, data)
    return raw, Source(path.name, len(data), sha256(data).hexdigest(), raw.format)


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
    label = options.label or raw.label
    if label is None:
        raise SourceError(
            f"{source.name}: its name does not tell the release: say --release 2026, or 2026-04 for April"
        )
    return parse_label(label)


def _store(stored: Stored, raw: RawRelease, source: Source, options: Options, now: datetime) -> Imported:
    """Normalise and store what a reader found, as the next revision of its label."""
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
    snapshot = Snapshot(release, normalised.records, normalised.problems, raw.notes)
    with _writing(stored) as write:
        base = stored.current(label)
        if raw.amends and base is not None:
            snapshot = amend(stored.snapshot(base), snapshot)
        elif snapshot.release.complete:
            require_whole(snapshot, _neighbours(stored, snapshot.release), insisted=options.complete is True)
        imported = write(archive.seal(snapshot), snapshot.records)
    return replace(imported, problems=snapshot.problems)


def _store_snapshot(stored: Stored, sealed: Sealed) -> Imported:
    """Store a snapshot file of another home: the same content, under the next revision of its label."""
    release = sealed.release
    label = parse_label(release.label)
    if (release.code_set, release.label, release.effective_date) != (HCPCS.name, label, effective_date(label)):
        raise SourceError(f"{release.source.name}: {release.name} of {release.code_set} is no release of {HCPCS.name}")
    with _writing(stored) as write:
        imported = write(sealed, [archive.decode_record(record.line) for record in sealed.records])
    return replace(imported, problems=tuple(map(archive.decode_problem, sealed.problems)))


@contextmanager
def _writing(stored: Stored) -> Iterator[Callable[[Sealed, Sequence[Record]], Imported]]:
    """Hold the write lock, with what is stored read anew under it, and hand out the one way to store a snapshot.

    The archive file is on the disk, under its name, before the database commits; an error takes both back.
    """
    with archive.draft(stored.home.snapshots) as draft, stored.store.importing() as writer:
        stored.refresh()
        yield lambda sealed, records: _write(stored, writer, draft, sealed, records)
    stored.refresh()


def _write(stored: Stored, writer: Writer, draft: archive.Draft, sealed: Sealed, records: Sequence[Record]) -> Imported:
    release = sealed.release
    earlier = [revision.release for revision in stored.labelled(release.label)]
    same = next((one for one in earlier if one.digest == release.digest and one.withdrawn is None), None)
    if same is not None:
        return Imported(same, stored=False)
    taken = [*archive.files(stored.home.snapshots), *((one.label, one.revision) for one in earlier)]
    number = max((number for label, number in taken if label == release.label), default=0) + 1
    release = replace(release, revision=number)
    sealed = replace(sealed, release=release, header=archive.encode_header(release))
    stamp = draft.write(archive.lines(sealed))
    writer.insert(sealed, stamp)
    draft.publish(archive.file_name(release.label, number))
    return Imported(
        release,
        stored=True,
        reason=why_revised(earlier[-1], release) if earlier else "",
        warnings=doubts(release, records, [revision.release for revision in stored.revisions]),
    )


def _neighbours(stored: Stored, release: Release) -> list[Snapshot]:
    """Return the complete releases nearest in time: the latest up to this one, and the earliest after it."""
    complete = [revision for revision in stored.currents() if revision.release.complete]
    before = [found for found in complete if found.release.effective_date <= release.effective_date]
    after = [found for found in complete if found.release.effective_date > release.effective_date]
    return [stored.snapshot(found) for found in (*before[-1:], *after[:1])]


def amend(base: Snapshot, sheets: Snapshot) -> Snapshot:
    """Lay the records of sheets over a stored snapshot: complete if that was.

    A field that only one of the two had stays unknown in the other's records.
    """
    fields = base.release.fields | sheets.release.fields
    laid = {record.code: _in(fields, base.release.fields, record) for record in base.records}
    over = {record.code: _in(fields, sheets.release.fields, record) for record in sheets.records}
    release = replace(
        sheets.release,
        complete=base.release.complete or sheets.release.complete,
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
