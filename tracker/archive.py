r"""The archive: one text file a snapshot, written once, read by any tool, and proven by its digests.

`snapshots/2025-10.r2.jsonl` is UTF-8 with LF line ends. Each line is one JSON object with one key:

    {"tracker_snapshot":{"absent":[],"code_set":"hcpcs","complete":true,"counts":{…},"digest":"…",…}}
    {"record":{"action_code":"N","action_effective_date":"2002-07-01","code":"A1","kind":"modifier",…}}
    {"problem":{"code":"A0130","field":"action_effective_date","file":"…","message":"…",…}}
    {"note":{"number":"0088","text":"…"}}
    {"seal":{"sha256":"…"}}

Lines are canonical JSON (keys sorted, no blanks, no `\u` escapes), records in the byte order of their codes. A
record's digest is the sha256 of its line without the line end; a snapshot's covers code set, completeness,
absent codes and fields, then every record's digest: equal digests, equal content, wherever it came from. The seal
covers all bytes before its line, and so the rest too: dates, names, problems, notes. Format 1 had none. Digests
are checked on the stored bytes, never by rendering again, so that a later program reads and proves what an earlier
one wrote.

A withdrawal is a file of its own beside the snapshot (`2025-10.r2.withdrawn.json`): nothing is overwritten.
"""

from __future__ import annotations

import errno
import io
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import date
from hashlib import sha256
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, cast

from tracker import disk
from tracker.errors import ArchiveError, UnreadableError
from tracker.formats.lines import bounded
from tracker.limits import SNAPSHOT_LINE_SIZE
from tracker.model import (
    Kind,
    Note,
    Problem,
    Record,
    Release,
    Sealed,
    SealedRecord,
    Severity,
    Snapshot,
    Source,
)

if TYPE_CHECKING:
    from hashlib import _Hash

FORMAT: Final = 2
"""Version of the file format. A reader refuses a later one; an earlier one it reads for ever."""

_WITHOUT_SEAL: Final = 1
PREFIX: Final = b'{"tracker_snapshot":{'
_BUFFER: Final = 1024 * 1024
_FILE: Final = re.compile(r"([0-9][0-9-]*)\.r([1-9][0-9]{0,5})\.jsonl")
_WITHDRAWAL: Final = re.compile(r"([0-9][0-9-]*)\.r([1-9][0-9]{0,5})\.withdrawn\.json")
_CODE: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z./-]*")
_NAME: Final = re.compile(r"[a-z][a-z0-9_]*")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_RECORD_KEYS: Final = frozenset({"code", "kind", "unknown"})


# ---------------------------------------------------------------- values <-> lines


def seal(snapshot: Snapshot, spool: BinaryIO | None = None) -> Sealed:
    """Render a snapshot as the lines of its file, with its counts and all digests, its own included.

    The records are taken once, one after the other. Their lines go to the end of `spool`, which must stay open while
    they are needed; without one they stay in memory.
    """
    spool = io.BytesIO() if spool is None else spool
    records = _SealedRecords(snapshot.release, _Rest(spool, spool.seek(0, os.SEEK_END)))
    kinds: Counter[str] = Counter()
    for record in snapshot.records:
        unknown = sorted(record.unknown)
        line = _record_line(record, unknown).encode()
        spool.write(line + b"\n")
        records.add(record.code, sha256(line).digest(), " ".join(unknown))
        kinds[record.kind.value] += 1
    counts = {"codes": kinds.total(), "problems": len(snapshot.problems), "notes": len(snapshot.notes), **kinds}
    release = replace(snapshot.release, counts=counts, digest=records.digest)
    return Sealed(
        release,
        encode_header(release),
        records,
        tuple(_line("problem", _filled(asdict(problem))) for problem in snapshot.problems),
        tuple(_line("note", asdict(note)) for note in snapshot.notes),
    )


class _SealedRecords(Iterable[SealedRecord]):
    """The sealed records of a snapshot, whose lines stand in a file: memory holds their codes only.

    `lines` yields the file's lines from the first record on, anew at each iteration; only one goes on at a time. Each
    proves anew that they are what they were.
    """

    def __init__(self, release: Release, lines: Iterable[bytes]) -> None:
        self._begin = _begin_digest(release)
        self._content = self._begin.copy()
        self._lines = lines
        self._codes: list[str] = []
        self._unknown: dict[str, str] = {}

    def add(self, code: str, digest: bytes, unknown: str) -> None:
        _digest_record(self._content, code, digest)
        self._codes.append(code)
        if unknown:
            self._unknown[code] = unknown

    @property
    def digest(self) -> str:
        """The digest of the snapshot's content."""
        return self._content.hexdigest()

    def __iter__(self) -> Iterator[SealedRecord]:
        content = self._begin.copy()
        for code, line in zip(self._codes, self._lines, strict=False):
            record = line.removesuffix(b"\n")
            digest = sha256(record).digest()
            _digest_record(content, code, digest)
            yield SealedRecord(code, digest, record.decode(errors="replace"), self._unknown.get(code, ""))
        if content.hexdigest() != self.digest:
            raise ArchiveError("a snapshot file was changed while it was read: run the command again")


@dataclass(frozen=True, slots=True)
class _Rest(Iterable[bytes]):
    """The lines of an open file from a place on."""

    file: BinaryIO
    begin: int

    def __iter__(self) -> Iterator[bytes]:
        self.file.seek(self.begin)
        return iter(self.file)


def content_digest(release: Release, records: Iterable[SealedRecord]) -> str:
    """Return the digest (hex) of a snapshot's content: what it covers, and its records' digests by code."""
    content = _begin_digest(release)
    for record in records:
        _digest_record(content, record.code, record.digest)
    return content.hexdigest()


def _digest_record(content: _Hash, code: str, digest: bytes) -> None:
    content.update(f"{code} {digest.hex()}\n".encode())


def _begin_digest(release: Release) -> _Hash:
    head = {
        "absent": sorted(release.absent),
        "code_set": release.code_set,
        "complete": release.complete,
        "fields": sorted(release.fields),
    }
    return sha256(f"{_canonical(head)}\n".encode())


def encode_header(release: Release) -> str:
    """Return the first line of a release's file, in the format of today."""
    source = asdict(release.source)
    if not release.source.address:
        del source["address"]  # the header of a file that nobody downloaded is as it was before there were addresses
    header = {
        "absent": sorted(release.absent),
        "code_set": release.code_set,
        "complete": release.complete,
        "counts": dict(release.counts),
        "digest": release.digest,
        "effective_date": release.effective_date.isoformat(),
        "fields": sorted(release.fields),
        "format": FORMAT,
        "imported_at": release.imported_at,
        "label": release.label,
        "mark": release.mark,
        "program": release.program,
        "published_date": release.published_date.isoformat() if release.published_date else None,
        "remark": release.remark,
        "revision": release.revision,
        "source": source,
    }
    return _line("tracker_snapshot", header)


def decode_header(line: str, file: str = "the index") -> Release:
    """Return the release of a header line.

    Raises:
        ArchiveError: the line is no header, or one of a later format. `file` names it in the message.
    """
    try:
        header = json.loads(line)["tracker_snapshot"]
        if header["format"] > FORMAT:
            message = f"{file} was written by a newer tracker (format {header['format']}): update tracker to read it"
            raise UnreadableError(message)
        source = header["source"]
        label, revision = _line_of(header["label"]), _number(header["revision"])
        if not _FILE.fullmatch(file_name(label, revision)):
            raise ValueError(label)  # it shall not lead out of the archive's folder
        return Release(
            code_set=_line_of(header["code_set"]),
            label=label,
            revision=revision,
            effective_date=date.fromisoformat(header["effective_date"]),
            complete=_yes_or_no(header["complete"]),
            fields=frozenset(_texts(header["fields"], _NAME)),
            source=Source(
                _line_of(source["name"]),
                _number(source["size"]),
                _line_of(source["sha256"]),
                _line_of(source["format"]),
                _line_of(source.get("address", "")),
            ),
            counts={_line_of(sort): _number(count) for sort, count in header["counts"].items()},
            digest=_line_of(header["digest"]),
            imported_at=_line_of(header["imported_at"]),
            program=_line_of(header["program"]),
            published_date=None if header["published_date"] is None else date.fromisoformat(header["published_date"]),
            mark=None if header["mark"] is None else _line_of(header["mark"]),
            absent=frozenset(_texts(header["absent"], _CODE)),
            remark=_line_of(header["remark"]),
        )
    except _NOT_OURS as error:
        message = f"{file}, line 1: no header of a snapshot file: restore the file from a copy"
        raise ArchiveError(message) from error


def decode_record(line: str) -> Record:
    """Return the record of a record line, which was proven when it was taken in.

    Raises:
        ArchiveError: the index that kept it was damaged since; so do `decode_problem` and `decode_note`.
    """
    try:
        fields: dict[str, Any] = json.loads(line)["record"]
        return Record(
            fields["code"],
            Kind(fields["kind"]),
            {
                name: tuple(value) if isinstance(value, list) else value
                for name, value in fields.items()
                if name not in _RECORD_KEYS
            },
            frozenset(fields.get("unknown", ())),
        )
    except _NOT_OURS as error:
        raise ArchiveError(_DAMAGED) from error


def decode_problem(line: str) -> Problem:
    """Return the problem of a problem line."""
    try:
        fields: dict[str, Any] = json.loads(line)["problem"]
        return Problem(**{**fields, "severity": Severity(fields["severity"])})
    except _NOT_OURS as error:
        raise ArchiveError(_DAMAGED) from error


def decode_note(line: str) -> Note:
    """Return the note of a note line."""
    try:
        return Note(**json.loads(line)["note"])
    except _NOT_OURS as error:
        raise ArchiveError(_DAMAGED) from error


_NOT_OURS: Final = (ValueError, KeyError, TypeError, AttributeError, RecursionError)
"""What Python raises where JSON is none, or holds something else than we write."""

_DAMAGED: Final = "the index holds a damaged line: tracker rebuild makes it anew from the archive"


def _text(value: object) -> str:
    """Return a text that can be stored: half of a surrogate pair cannot, nor NUL, and JSON may hold both."""
    if not isinstance(value, str):
        raise TypeError
    if "\0" in value:
        raise ValueError(value)
    if not value.isascii():
        value.encode()
    return value


def _line_of(value: object) -> str:
    """Return a text that is printed as it is: without control characters."""
    text = _text(value)
    if _CONTROL.search(text):
        raise ValueError(text)
    return text


def _texts(value: object, shape: re.Pattern[str] | None = None) -> list[str]:
    if not isinstance(value, list):
        raise TypeError
    texts = [_text(one) for one in value]
    if shape is not None and not all(map(shape.fullmatch, texts)):
        raise ValueError(texts)
    return texts


def _number(value: object) -> int:
    if type(value) is not int or not 0 <= value < 2**63:
        raise TypeError
    return value


def _yes_or_no(value: object) -> bool:
    if not isinstance(value, bool):
        raise TypeError
    return value


def _record_line(record: Record, unknown: list[str]) -> str:
    fields: dict[str, object] = {**record.values, "code": record.code, "kind": record.kind}
    if unknown:
        fields["unknown"] = unknown
    return _line("record", fields)


def _line(key: str, value: Mapping[str, object]) -> str:
    return _canonical({key: value})


_canonical: Final = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":")).encode


def _filled(values: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("\0", "\N{REPLACEMENT CHARACTER}") for name, value in values.items() if value != ""}


# ---------------------------------------------------------------- files


def file_name(label: str, revision: int) -> str:
    """Return the name of a revision's file: `2025-10.r2.jsonl`."""
    return f"{label}.r{revision}.jsonl"


def is_snapshot(data: bytes) -> bool:
    """Whether a file's first bytes are those of a snapshot file."""
    return data.startswith(PREFIX)


def files(folder: Path) -> dict[tuple[str, int], Path]:
    """Return the snapshot files of an archive folder by label and revision; none if there is no folder.

    Raises:
        ArchiveError: the folder cannot be read.
    """
    return _named(folder, _FILE)


def _named(folder: Path, pattern: re.Pattern[str]) -> dict[tuple[str, int], Path]:
    try:
        paths = sorted(folder.iterdir())
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        message = f"{folder}: {error.strerror}"
        raise ArchiveError(message) from error
    matches = [(path, match) for path in paths if (match := pattern.fullmatch(path.name))]
    return dict(sorted(((match[1], int(match[2])), path) for path, match in matches))


def holds_snapshots(folder: Path) -> bool:
    """Whether a folder holds a file that begins as a snapshot file does, and that we may read."""
    try:
        found = files(folder)
    except ArchiveError:
        return False
    for path in found.values():
        with suppress(OSError), _open(path) as file:
            if is_snapshot(file.read(len(PREFIX))):
                return True
    return False


def stamp(path: Path) -> str:
    """Return what changes when a file does: its size and time of change. Equal stamps: not touched since.

    A file that cannot be looked at, such as a link that leads nowhere, has the stamp of no file: "".
    """
    try:
        status = path.stat()
    except OSError:
        return ""
    return f"{status.st_size}:{status.st_mtime_ns}"


def read(path: Path) -> Sealed:
    """Read a snapshot file and prove it. Its records are read from it anew each time they are asked for.

    Raises:
        ArchiveError: the file cannot be read, is no snapshot file, or its content is not what its digest says.
    """
    with reading(path) as file:
        lines = bounded(path.name, file, SNAPSHOT_LINE_SIZE, UnreadableError)
        return parse(path.name, lines, _Records(path))


@contextmanager
def reading(path: Path) -> Iterator[BinaryIO]:
    """Open a file of the archive.

    Raises:
        ArchiveError: there is no file.
        UnreadableError: there may be a good one, which cannot be read.
    """
    try:
        with _open(path) as file:
            yield file
    except OSError as error:
        message = f"{path}: {error.strerror}"
        raise (ArchiveError if error.errno in _NO_FILE else UnreadableError)(message) from error


_NO_FILE: Final = {errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.EINVAL}
"""What says that in a file's place there is nothing, a folder, a link that leads nowhere, or a pipe."""


@dataclass(frozen=True, slots=True)
class _Records(Iterable[bytes]):
    """The lines of a snapshot file behind its header."""

    path: Path

    def __iter__(self) -> Iterator[bytes]:
        with reading(self.path) as file:
            file.readline()
            yield from file


def _open(path: Path) -> BinaryIO:
    """Open a file to read it; what is no file, and may have no end, such as a pipe, is not opened."""
    mode = path.stat().st_mode
    if not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)):
        raise OSError(errno.EINVAL, "this is no file")
    return path.open("rb")


def parse(name: str, lines: Iterable[bytes], records: Iterable[bytes] = ()) -> Sealed:
    """Prove the lines of a snapshot file called `name`, which are taken once.

    Args:
        name: the file's name, for messages.
        lines: its lines, with their ends.
        records: the lines from the first record on, for whoever asks for the records.

    Raises:
        ArchiveError: as `read`.
    """
    seal = sha256()
    decoded = _decoded(name, lines, seal)
    header = next(decoded, "")
    release = decode_header(header, name)
    sealed = _SealedRecords(release, records)
    rest: dict[str, list[str]] = {"problem": [], "note": []}
    kinds: Counter[str] = Counter()
    code, unchanged = "", None
    for number, line in enumerate(decoded, 2):
        key, fields = _parse_line(name, number, line)
        if unchanged is not None:
            message = f"{name}, line {number}: something follows the seal: restore the file from a copy"
            raise ArchiveError(message)
        if key == "seal":
            unchanged = _is_sealed(header) and line == _seal_line(seal)
            continue
        if key != "record":
            if key == "problem" and rest["note"]:
                message = f"{name}, line {number}: a problem does not follow a note: restore the file from a copy"
                raise ArchiveError(message)
            rest[key].append(line)
            continue
        if rest["problem"] or rest["note"] or code >= fields["code"]:
            before = "problems and notes" if rest["problem"] or rest["note"] else code
            message = f"{name}, line {number}: {fields['code']} does not follow {before}: restore the file"
            raise ArchiveError(message)
        code = fields["code"]
        sealed.add(code, sha256(line.encode()).digest(), " ".join(fields.get("unknown", ())))
        kinds[fields["kind"]] += 1
    if unchanged is None and _is_sealed(header):
        raise _cut_off(name)
    if sealed.digest != release.digest or unchanged is False:
        message = f"{name}: its content is not what its digest says: it was changed after it was stored; restore it"
        raise ArchiveError(message)
    found = {"codes": kinds.total(), "problems": len(rest["problem"]), "notes": len(rest["note"]), **kinds}
    for sort, number in found.items():  # problems and notes are no content, and the digest does not prove them
        if release.counts.get(sort) != number:
            message = f"{name}: holds {number} {sort}, and its header counts another number: restore it from a copy"
            raise ArchiveError(message)
    return Sealed(release, header, sealed, tuple(rest["problem"]), tuple(rest["note"]))


def _cut_off(name: str) -> ArchiveError:
    return ArchiveError(f"{name}: the file is cut off: restore it from a copy")


def _decoded(name: str, lines: Iterable[bytes], seal: _Hash) -> Iterator[str]:
    """Yield lines as text, without their ends; `seal` has taken in those before the last one yielded.

    A header without an end is yielded before it is refused.
    """
    begin, ended = 0, True
    for line in lines:
        ended = line.endswith(b"\n")
        if begin and not ended:
            raise _cut_off(name)
        try:
            yield line.decode().removesuffix("\n")
        except UnicodeDecodeError as error:
            message = f"{name}: not UTF-8 at byte {begin + error.start}: restore the file from a copy"
            raise ArchiveError(message) from error
        begin += len(line)
        seal.update(line)
    if not ended:
        raise _cut_off(name)


def _parse_line(name: str, number: int, line: str) -> tuple[str, dict[str, Any]]:
    try:
        ((key, fields),) = json.loads(line).items()
        if key == "record" and _CODE.fullmatch(fields["code"]):
            Kind(fields["kind"])
            _texts(fields.get("unknown", []), _NAME)
            _texts(list(fields), _NAME)
            for value in fields.values():
                if not isinstance(value, str):
                    _texts(value)
                elif not value.isascii() or "\0" in value:
                    _text(value)
            return key, fields
        if key in ("problem", "note"):
            (decode_problem if key == "problem" else decode_note)(line)
            _texts(list(fields.values()))
            return key, fields
        if key == "seal":
            return key, {}
    except (ArchiveError, *_NOT_OURS):
        pass
    message = f"{name}, line {number}: no record, problem or note: restore the file from a copy"
    raise ArchiveError(message)


class Draft:
    """Files on their way into the archive: whole on the disk under names that nothing reads."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._waiting: list[Path] = []
        self._published: list[Path] = []

    def write(self, name: str, lines: Iterable[bytes]) -> str:
        """Write the lines of a file, durably, and return the stamp that it will have under its name."""
        target = self._folder / name
        self._waiting.append(target)
        disk.write(disk.draft_of(target), lines)
        return stamp(disk.draft_of(target))

    def is_taken(self, name: str) -> bool:
        """Whether there is a file of that name already."""
        return os.path.lexists(self._folder / name)

    def publish(self) -> None:
        """Give all files their names, durably. None may be taken.

        The last one first: a withdrawal is written behind its snapshot, which without it would be taken for good.
        """
        for target in reversed(self._waiting):
            try:
                disk.give_name(disk.draft_of(target), target)
            except FileExistsError as error:
                message = f"{target} exists already, and nothing stored is overwritten: run the command again"
                raise ArchiveError(message) from error
            self._published.append(target)
        if self._published:
            disk.sync_folder(self._folder)

    def discard(self) -> bool:
        """Remove the files again, published or not; another's file of that name is left alone.

        Return whether nothing is left of them that counts: a disk may refuse that too.
        """
        for path in (*self._published, *map(disk.draft_of, self._waiting)):
            with suppress(OSError):
                path.unlink(missing_ok=True)
        return not any(map(os.path.lexists, self._published))


def make_folder(folder: Path) -> None:
    """Make the archive's folder if there is none, and remove what killed programs left behind in it.

    Raises:
        ArchiveError: it cannot be made.
    """
    try:
        disk.make_folder(folder)
        disk.remove_stale_drafts(folder)
    except OSError as error:
        raise ArchiveError(_not_written(folder, error)) from error


@contextmanager
def spool(folder: Path) -> Iterator[BinaryIO]:
    """Hand out a file without a name beside the archive, for lines on their way into it.

    Raises:
        ArchiveError: as `draft`.
    """
    from tempfile import TemporaryFile

    try:
        with TemporaryFile(dir=folder, buffering=_BUFFER) as file:
            yield cast("BinaryIO", file)
    except OSError as error:
        raise ArchiveError(_not_written(folder, error)) from error


@contextmanager
def draft(folder: Path) -> Iterator[Draft]:
    """Hand out a draft of files. An error inside the `with` removes them, even when they were published.

    Raises:
        ArchiveError: the folder cannot be written, or the disk is full.
    """
    written = Draft(folder)
    try:
        yield written
    except OSError as error:
        if written.discard():
            raise ArchiveError(_not_written(folder, error)) from error
        message = f"{folder}: {error.strerror or error}, half-way: tracker releases shows what is stored"
        raise ArchiveError(message) from error
    except BaseException:
        written.discard()
        raise


def lines(sealed: Sealed) -> Iterator[bytes]:
    """Yield the lines of a snapshot's file, with their ends."""
    return lines_of(sealed.header, (record.line for record in sealed.records), sealed.problems, sealed.notes)


def lines_of(header: str, *rest: Iterable[str]) -> Iterator[bytes]:
    """Yield the lines of a file: the header, what follows it, and the seal if the header's format has one."""
    seal = sha256()
    for text in chain((header,), *rest):
        line = f"{text}\n".encode()
        seal.update(line)
        yield line
    if _is_sealed(header):
        yield f"{_seal_line(seal)}\n".encode()


def _seal_line(seal: _Hash) -> str:
    return _line("seal", {"sha256": seal.hexdigest()})


def _is_sealed(header: str) -> bool:
    return bool(json.loads(header)["tracker_snapshot"]["format"] > _WITHOUT_SEAL)


def withdrawals(folder: Path) -> dict[tuple[str, int], str]:
    """Return the reasons of the withdrawn revisions by label and revision."""
    return {key: _read_withdrawal(path) for key, path in _named(folder, _WITHDRAWAL).items()}


def one_line(reason: str) -> str:
    """Return a reason as one line of text.

    Raises:
        ValueError, TypeError: it says nothing, or is no text that can be written.
    """
    line = " ".join(_text(reason).split())
    if not line:
        raise ValueError(reason)
    return line


def withdrawal_name(label: str, revision: int) -> str:
    """Return the name of the file that withdraws a revision."""
    return f"{label}.r{revision}.withdrawn.json"


def withdrawal_line(reason: str, withdrawn_at: str) -> bytes:
    """Return the one line of the file that withdraws a revision, with its end."""
    return f"{_line('withdrawal', {'reason': reason, 'withdrawn_at': withdrawn_at})}\n".encode()


def _read_withdrawal(path: Path) -> str:
    try:
        with _open(path) as file:
            return one_line(json.loads(file.read().decode())["withdrawal"]["reason"])
    except (OSError, *_NOT_OURS) as error:
        message = f"{path}: no withdrawal: restore the file from a copy, or delete it to take the revision back in"
        raise ArchiveError(message) from error


def _not_written(folder: Path, error: OSError) -> str:
    if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
        return f"{folder}: the disk is full: nothing was stored; make room and run the command again"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"{folder} is read-only for you: nothing was stored; choose another home with --home FOLDER"
    return f"{folder}: {error.strerror or error}: nothing was stored"
