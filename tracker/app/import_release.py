"""Import: a file becomes a stored revision, whole or not at all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import lru_cache
from hashlib import sha256
from heapq import merge
from operator import attrgetter
from pathlib import Path
from typing import BinaryIO

from tracker import __version__, archive
from tracker.app.checks import Neighbour, Span, Spans, doubts, hold_against, require_explained, require_whole, truncated
from tracker.app.files import opened
from tracker.app.stored import Stored
from tracker.app.together import require_ours
from tracker.app.withdraw import hide
from tracker.diff.compare import why_revised
from tracker.errors import ArchiveError, RefusedError, SourceError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import effective_date, parse_label
from tracker.hcpcs.normalise import normalise
from tracker.hcpcs.readers import recognise
from tracker.model import Problem, RawRelease, Record, Release, Sealed, Snapshot, Source
from tracker.store.writer import Writer

_BLOCK = 1024 * 1024
_NO_CHARACTER = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff]")


@dataclass(frozen=True, slots=True)
class Options:
    """What the user said of a file; None where the file is to tell.

    `address`: where it was downloaded from. `strict`: refuse it if it has errors that no known oddity explains.
    """

    label: str | None = None
    published: date | None = None
    complete: bool | None = None
    again: bool = False
    address: str = ""
    strict: bool = False


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
        RefusedError: storing it would mislead: half of a release that looks whole, or unexplained errors (`strict`).
        ArchiveError, StoreError: it cannot be stored. Nothing is, in any of these cases.
    """
    paths = _files_in(path)
    if paths is None:
        return [_import_file(stored, path, options, now)]
    if archive.files(path):
        return _import_archive(stored, path, options, now)
    with archive.spool(stored.home.snapshots) as spool:
        sheets: list[tuple[RawRelease, Source]] = []
        found: list[_Found] = []
        for file in paths:
            with opened(file) as content:
                source = _source(file, content)
                raw = recognise.read(source.name, content)
                source = replace(source, format=raw.format)
                if raw.amends:
                    sheets.append((raw, source))
                else:
                    found.append(_seal(_snapshot(raw, source, options, now), spool))
        for label in sorted({_label(*pair, options) for pair in sheets}):
            merged = _merge(_name(path), [pair for pair in sheets if _label(*pair, options) == label])
            found.append(_seal(_snapshot(*merged, options, now), spool, amends=True))
        with _writing(stored, options) as writing:
            return [writing.store(one, options, spool) for one in found]


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
    with _writing(stored, options) as writing:
        for key, file in archive.files(folder).items():
            with opened(file):
                imported = writing.store_sealed(archive.read(file), withdrawn=key in withdrawn)
            if key in withdrawn and imported.stored:
                writing.hide(imported.release, withdrawn[key], now)
            found.append(imported)
    return found


def _import_file(stored: Stored, path: Path, options: Options, now: datetime) -> Imported:
    with opened(path) as content:
        is_snapshot = archive.is_snapshot(content.read(len(archive.PREFIX)))
    if is_snapshot:
        _require_no_options(path, options)
        with _writing(stored, options) as writing, opened(path):
            return writing.store_sealed(archive.read(path))
    with archive.spool(stored.home.snapshots) as spool:
        with opened(path) as content:
            source = _source(path, content)
            same = _stored_already(stored, source, options)
            if same is not None:
                if options.strict:
                    require_explained(same, stored.problems(stored.find(same.name)))
                return Imported(same, stored=False)
            raw = recognise.read(source.name, content)
            snapshot = _snapshot(raw, replace(source, format=raw.format, address=options.address), options, now)
            found = _seal(snapshot, spool, amends=raw.amends)
        with _writing(stored, options) as writing:
            return writing.store(found, options, spool)


def _stored_already(stored: Stored, source: Source, options: Options) -> Release | None:
    """Return the release that was read from the very same file, if it is what the options ask for."""
    label = None if options.label is None else parse_label(options.label)
    for revision in stored.revisions:
        release = revision.release
        if (
            release.source.sha256 == source.sha256
            and release.withdrawn is None
            and label in (None, release.label)
            and options.complete in (None, release.complete)
            and not options.again
        ):
            return release
    return None


def _require_no_options(path: Path, options: Options) -> None:
    if (options.label, options.published, options.complete) != (None, None, None):
        raise RefusedError(
            f"{path} is a snapshot file or a folder of them, which say themselves what they hold: leave out --release, "
            "--published, --complete and --excerpt"
        )


def _source(path: Path, content: BinaryIO) -> Source:
    """Return what is known of a file before it is read as a release; `content` is left at its begin."""
    digest = sha256()
    while block := content.read(_BLOCK):
        digest.update(block)
    size = content.tell()
    content.seek(0)
    return Source(_name(path), size, digest.hexdigest(), "")


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
        records=tuple(sorted(records, key=attrgetter("code"))),
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
    problems = [*normalised.problems]

    def records() -> Iterator[Record]:
        for record, found in normalised.records:
            problems.extend(found)
            yield record

    return Snapshot(release, records(), problems, raw.notes)


@dataclass(frozen=True, slots=True)
class _Found:
    """A release that was read: sealed, with what is looked at before it is stored.

    `amends`: its records are to be laid over those of the stored release.
    """

    sealed: Sealed
    spans: Spans
    problems: tuple[Problem, ...]
    amends: bool = False


def _seal(snapshot: Snapshot, spool: BinaryIO, *, amends: bool = False) -> _Found:
    """Take the records of a snapshot, one after the other, to the spool."""
    spans: dict[str, Span] = {}

    def watched() -> Iterator[Record]:
        for record in snapshot.records:
            spans[record.code] = _span(record)
            yield record

    sealed = archive.seal(replace(snapshot, records=watched()), spool)
    return _Found(sealed, spans, tuple(snapshot.problems), amends)


def _span(record: Record) -> Span:
    values = record.values
    return _shared((str(values.get(HCPCS.added, "")), str(values.get(HCPCS.ended, ""))))


@lru_cache(maxsize=65_536)
def _shared(span: Span) -> Span:
    """Return an equal span, one for all that are: a release has few."""
    return span


@contextmanager
def _writing(stored: Stored, options: Options) -> Iterator[_Writing]:
    """Hold the write lock, with what is stored read anew under it; all that is stored meanwhile is, or nothing.

    The archive files are on the disk, under their names, before the database commits; an error takes both back.
    """
    with archive.draft(stored.home.snapshots) as draft, stored.writing() as writer:
        yield _Writing(stored, writer, draft, options.strict)
        draft.publish()


@dataclass(frozen=True, slots=True)
class _Writing:
    """What stores snapshots, while the write lock is held."""

    stored: Stored
    writer: Writer
    draft: archive.Draft
    strict: bool

    def store(self, found: _Found, options: Options, spool: BinaryIO) -> Imported:
        """Store what was read, as the next revision of its label; sheets laid over the current one."""
        base = self.stored.current(found.sealed.release.label) if found.amends else None
        if base is not None:
            records = tuple(archive.decode_record(record.line) for record in found.sealed.records)
            sheets = Snapshot(found.sealed.release, records, found.problems)
            found = _seal(amend(self.stored.snapshot(base), sheets), spool)
        neighbours = self._neighbours(found)
        if base is None and found.sealed.release.complete:
            _require_right(self.stored, found, neighbours, options)
        return self._insert(found, neighbours)

    def store_sealed(self, sealed: Sealed, *, withdrawn: bool = False) -> Imported:
        """Store a snapshot file of another home: the same content, under the next revision of its label."""
        require_ours(sealed.release.source.name, sealed.release)
        spans = {record.code: _span(archive.decode_record(record.line)) for record in sealed.records}
        found = _Found(sealed, spans, tuple(map(archive.decode_problem, sealed.problems)))
        return self._insert(found, self._neighbours(found), withdrawn=withdrawn)

    def hide(self, release: Release, reason: str, now: datetime) -> None:
        """Withdraw what was stored just now."""
        hide(self.writer, self.draft, self.stored.find(release.name), reason, now)
        self.stored.refresh()

    def _neighbours(self, found: _Found) -> list[Neighbour]:
        """Return the complete releases nearest to a complete one: the latest up to its day, the earliest after it."""
        release = found.sealed.release
        if not release.complete:
            return []
        complete = [revision for revision in self.stored.currents() if revision.release.complete]
        before = [one for one in complete if one.release.effective_date <= release.effective_date]
        after = [one for one in complete if one.release.effective_date > release.effective_date]
        return [
            hold_against(release, found.spans, one.release, self.stored.spans(one))
            for one in (*before[-1:], *after[:1])
        ]

    def _next(self, release: Release, earlier: Sequence[Release]) -> tuple[int, Path]:
        """Return the number of the next revision, and its file in the archive.

        A shared database alone counts its revisions. There a file that holds this very content is its copy already: a
        home that is moved into the database has it, and so has an import that was stopped before it was committed.
        """
        home = self.stored.home
        files = archive.files(home.snapshots)
        taken = [one.revision for one in earlier]
        if home.database_url is None:
            taken += [number for label, number in files if label == release.label]
        number = max(taken, default=0) + 1
        while (key := (release.label, number)) in files and not _holds(files[key], release):
            number += 1
        return number, files.get(key, home.snapshots / archive.file_name(*key))

    def _insert(self, found: _Found, neighbours: Sequence[Neighbour], *, withdrawn: bool = False) -> Imported:
        sealed, release = found.sealed, found.sealed.release
        if self.strict and not withdrawn:
            require_explained(release, found.problems)
        earlier = [revision.release for revision in self.stored.labelled(release.label)]
        twins = [one for one in earlier if one.digest == release.digest]
        same = next((one for one in twins if one.withdrawn is None or withdrawn), None)
        if same is not None:
            return Imported(same, stored=False, problems=found.problems)
        number, copy = self._next(release, earlier)
        stamp = archive.stamp(copy)
        if stamp:
            sealed = archive.read(copy)
            release = sealed.release
        else:
            release = replace(release, revision=number)
            sealed = replace(sealed, release=release, header=archive.encode_header(release))
            stamp = self.draft.write(copy.name, archive.lines(sealed))
        self.writer.insert(sealed, stamp)
        self.stored.refresh()
        return Imported(
            release,
            stored=True,
            reason=why_revised(earlier[-1], release) if earlier else "",
            problems=found.problems,
            warnings=(
                *doubts(release, found.spans, [revision.release for revision in self.stored.revisions]),
                *truncated(release, neighbours),
            ),
        )


def _holds(file: Path, release: Release) -> bool:
    try:
        return archive.read(file).release.digest == release.digest
    except ArchiveError:
        return False


def _require_right(stored: Stored, found: _Found, neighbours: Iterable[Neighbour], options: Options) -> None:
    """Refuse what seems complete and is not; if it is another release's content, say that instead."""
    release = found.sealed.release
    try:
        require_whole(release, neighbours, insisted=options.complete is True)
    except RefusedError as error:
        twin = next((one.release for one in stored.revisions if one.release.digest == release.digest), None)
        if twin is None or twin.label == release.label:
            raise
        name = release.source.name
        raise RefusedError(f"{name} has the very content of {twin.name}: it is no {release.label}") from error


def amend(base: Snapshot, sheets: Snapshot) -> Snapshot:
    """Lay the records of sheets over a stored snapshot: complete if that was, whatever is said of the sheets.

    A field that only one of the two had stays unknown in the other's records.
    """
    fields = base.release.fields | sheets.release.fields
    over = {record.code: _in(fields, sheets.release.fields, record) for record in sheets.records}
    kept = (_in(fields, base.release.fields, record) for record in base.records if record.code not in over)
    release = replace(
        sheets.release,
        complete=base.release.complete,
        fields=fields,
        absent=base.release.absent - over.keys(),
        mark=base.release.mark,
        published_date=sheets.release.published_date or base.release.published_date,
        remark=f"{len(over)} of its records laid over {base.release.name}",
    )
    problems = [*(problem for problem in base.problems if problem.code not in over), *sheets.problems]
    return Snapshot(release, merge(kept, over.values(), key=attrgetter("code")), problems, sheets.notes or base.notes)


def _in(fields: frozenset[str], had: frozenset[str], record: Record) -> Record:
    return record if fields == had else replace(record, unknown=record.unknown | (fields - had))
