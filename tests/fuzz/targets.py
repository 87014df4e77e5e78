"""The readers of the program as targets for fuzzing.

A target takes bytes, and ends in a result or a `TrackerError`. Anything else is a defect: any other exception, more
time or memory than the input is worth, and a result that contradicts itself.
"""

from __future__ import annotations

import io
import os
import shutil
import signal
import ssl
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpcore
import httpx

from tests.fuzz import seeds
from tests.fuzz.mutations import Shape
from tests.hcpcs.builders import HEADER
from tracker import archive
from tracker import policy as policies
from tracker.app.compare import compare_releases
from tracker.app.history import view_history
from tracker.app.impact import impact
from tracker.app.lives import Lives
from tracker.app.search import find_codes
from tracker.app.show import find_record
from tracker.app.stored import Stored, open_stored
from tracker.app.typed import typed
from tracker.app.valid import Judge
from tracker.app.valid_list import valid_list
from tracker.app.verify import verify
from tracker.app.write_report import view_diff
from tracker.diff.compare import compare
from tracker.diff.wording import reword
from tracker.errors import TrackerError
from tracker.hcpcs.catalogue import FIELDS, HCPCS
from tracker.hcpcs.events import Context, explain
from tracker.hcpcs.labels import effective_date, name_hints, parse_label
from tracker.hcpcs.normalise import normalise
from tracker.hcpcs.readers import recognise
from tracker.hcpcs.readers import transactions as reports
from tracker.home import Home
from tracker.lists.codes import CodeShape
from tracker.lists.days import DateOrder, parse_day
from tracker.lists.source import read_list
from tracker.lists.table import UserList
from tracker.model import Diff, Problem, RawRelease, Record, Release, Snapshot, Source
from tracker.publisher import Limits, Link, Publisher
from tracker.report.html import render_template
from tracker.report.lists.view import ListView
from tracker.report.view import ReportView

SECONDS: Final = 5.0
"""Processor time that an input may take. The slowest known one takes a tenth."""

_TODAY: Final = date(2026, 1, 2)
_LABEL: Final = "2025"
_KEPT: Final = ExitStack()
"""Holds the folders and homes that all inputs share, as long as the process runs."""


@dataclass(frozen=True, slots=True)
class Target:
    """A reader: `read` takes an input; `seeds` are good ones, `words` what means something in them.

    `pace` is how many inputs a short run can try.
    """

    name: str
    read: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    shape: Shape = Shape.BYTES
    words: tuple[bytes, ...] = ()
    pace: int = 300


class End(StrEnum):
    """How an input ended; a defect ends in an exception."""

    RESULT = "result"
    REFUSED = "refused"


class TooSlowError(BaseException):
    """An input took too much time. It is no `Exception`, so that nobody takes it for damage of a file."""


@contextmanager
def _watched(seconds: float) -> Iterator[None]:
    def ring(*_: object) -> None:
        raise TooSlowError(f"more than {seconds:g} seconds of processor time")

    before = signal.signal(signal.SIGPROF, ring)
    signal.setitimer(signal.ITIMER_PROF, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        signal.signal(signal.SIGPROF, before)


def end_of(target: Target, data: bytes, seconds: float = SECONDS) -> End:
    """Give an input to a target and return how it ended.

    Raises:
        BaseException: it ended in a defect.
    """
    try:
        with _watched(seconds):
            target.read(data)
    except TrackerError as error:
        message = str(error)
        assert message.strip(), "an error without a sentence"
        return End.REFUSED
    return End.RESULT


@contextmanager
def _sure(what: str) -> Iterator[None]:
    """Turn a refusal into a defect: what was read without one has to be good for all that follows."""
    try:
        yield
    except TrackerError as error:
        raise AssertionError(f"{what}: {error}") from error


# ---------------------------------------------------------------- releases


def _release(name: str) -> Callable[[bytes], None]:
    def read(data: bytes) -> None:
        with io.BytesIO(data) as file:
            raw = recognise.read(name, file)
            records = [record.code for record in raw.records]
            assert records == sorted(set(records)), "codes are not in order, or stand twice"
            snapshot = _normalised(raw)
        _require_sound(snapshot)

    return read


def _normalised(raw: RawRelease) -> Snapshot:
    normalised = normalise(raw)
    problems, records = [*normalised.problems], []
    for record, found in normalised.records:
        records.append(record)
        problems += found
    label = raw.label or _LABEL
    release = Release(
        HCPCS.name, label, 1, effective_date(label), raw.complete, normalised.fields, Source("x", 1, "", raw.format),
        {}, "", "", "0", raw.published, raw.mark,
    )  # fmt: skip
    return Snapshot(release, tuple(records), tuple(problems), raw.notes)


def _require_sound(snapshot: Snapshot) -> None:
    """Hold what was read against what is promised of it: sealed, stored, read again and compared, it stays itself."""
    with _sure("what was read cannot be stored"):
        sealed = archive.seal(snapshot)
        lines = list(archive.lines(sealed))
        again = archive.parse("again", lines, lines[1:])
        assert again.release.digest == sealed.release.digest
        records = [archive.decode_record(record.line) for record in again.records]
        assert records == list(snapshot.records)
        assert [archive.decode_note(line) for line in again.notes] == list(snapshot.notes)
    _require_known(snapshot.problems)
    assert not compare(HCPCS, sealed.release, sealed.release, records, records).changes
    assert {name for record in records for name in (*record.values, *record.unknown)} <= FIELDS.keys()
    _explain(sealed.release, records)


def _require_known(problems: Iterable[Problem]) -> None:
    for problem in problems:
        assert problem.field in ("", *FIELDS), f"a problem names the field {problem.field!r}"
        assert problem.file, "a problem without a file"
        assert problem.message


def _explain(release: Release, records: Sequence[Record]) -> None:
    """Say what the difference to a good release means, in both directions."""
    base, others = _base()
    mine, its = ({record.code: record for record in some} for some in (records, others))
    for old, new, before, after in ((base, release, its, mine), (release, base, mine, its)):
        diff = compare(HCPCS, old, new, before.values(), after.values())
        explain(diff, Context(reword, before.get, after.get, {}))


@cache
def _base() -> tuple[Release, tuple[Record, ...]]:
    """Return a good release, with the codes that the seeds have."""
    snapshot = _normalised(recognise.read("HCPC2024_ANWEB.txt", io.BytesIO(seeds.records()[0])))
    changed = [replace(record, values={**record.values, "coverage_code": "I"}) for record in snapshot.records]
    return archive.seal(replace(snapshot, records=changed)).release, tuple(changed)


def _transactions(data: bytes) -> None:
    told = reports.read("HCPC2025_Trans.xlsx", data)
    assert told
    assert set(told.values()) <= set("ABCDFNPRST")


# ---------------------------------------------------------------- archive and index


def _snapshot(data: bytes) -> None:
    lines = data.splitlines(keepends=True) if b"\r" not in data else io.BytesIO(data).readlines()
    sealed = archive.parse("2025.r1.jsonl", lines, lines[1:])
    with _sure("a proven file cannot be read"):
        assert list(archive.lines(sealed)) == lines
        records = tuple(archive.decode_record(record.line) for record in sealed.records)
        list(map(archive.decode_problem, sealed.problems))
        list(map(archive.decode_note, sealed.notes))
        assert archive.content_digest(sealed.release, sealed.records) == sealed.release.digest
        archive.parse("again", archive.lines(archive.seal(Snapshot(sealed.release, records))))


def _folder() -> Path:
    """Return an empty folder, in memory where there is such a place."""
    memory = Path("/dev/shm")  # noqa: S108 - as /tmp, but no disk has to be waited for
    where = memory if os.access(memory, os.W_OK) else None
    return Path(_KEPT.enter_context(TemporaryDirectory(prefix="tracker-fuzz-", dir=where)))


@cache
def _home() -> Home:
    """Return a home with two releases and its index, which inputs overwrite."""
    home = Home(_folder())
    home.snapshots.mkdir()
    for name, data in zip((seeds.OLD, seeds.NEW), seeds.snapshots(), strict=False):
        (home.snapshots / name).write_bytes(data)
        os.utime(home.snapshots / name, (0, 0))  # the index keeps it, and is to be the same each time
    with open_stored(home):
        pass
    shutil.copy(home.index, home.index.with_suffix(".good"))
    return home


@contextmanager
def _with_file(home: Home, path: Path, data: bytes) -> Iterator[None]:
    """Put an input in a file's place, beside an index that was good before."""
    before = (path.read_bytes(), path.stat()) if path.exists() else None
    shutil.copy(home.index.with_suffix(".good"), home.index)
    path.write_bytes(data)
    stamp = path.stat()
    os.utime(path, ns=(stamp.st_atime_ns, 1))  # no input has the stamp of another one
    try:
        yield
    finally:
        if before is None:
            path.unlink()
        else:
            path.write_bytes(before[0])
            os.utime(path, ns=(before[1].st_atime_ns, before[1].st_mtime_ns))
        for journal in home.folder.glob("tracker.db-*"):
            journal.unlink()


def _ask(home: Home) -> tuple[object, ...]:
    """Ask a home all that is to be asked of it."""
    with open_stored(home) as stored:
        names = [revision.release.name for revision in stored.revisions]
        for revision in stored.revisions:
            _require_known(stored.problems(revision))
            stored.notes(revision)
        diffs = [
            compare_releases(stored, *pair) for pair in (("2025", "2026@1"), ("latest", "latest"), ("latest", "2025"))
        ]
        assert not diffs[1].changes, "a release differs from itself"
        history = view_history(stored, "A1")
        judged = Judge(stored).ask("A4206", date(2025, 5, 1))
        return names, [diff.changes for diff in diffs], history, judged, sorted(stored.codes), Lives(stored).newest


def _archived(data: bytes) -> None:
    home = _home()
    with _with_file(home, home.snapshots / seeds.NEW, data):
        _ask(home)


def _withdrawal(data: bytes) -> None:
    home = _home()
    with _with_file(home, home.snapshots / "2026.r1.withdrawn.json", data):
        _ask(home)


def index_of_home() -> bytes:
    """Return the index of the home, as it is when nothing is wrong with it."""
    return _home().index.with_suffix(".good").read_bytes()


@cache
def _answers() -> tuple[object, ...]:
    """Return what the home answers while nothing is wrong with it."""
    return _ask(_home())


def _index(data: bytes) -> None:
    _answers()
    home = _home()
    files = {path: path.read_bytes() for path in home.snapshots.iterdir()}
    try:
        with _with_file(home, home.index, data):
            assert _ask(home) == _answers() or verify(home).differences, "a wrong answer, and nothing is wrong"
    finally:
        assert {path: path.read_bytes() for path in home.snapshots.iterdir()} == files, "reading changed the archive"


# ---------------------------------------------------------------- what people bring and type


@cache
def _stored() -> Stored:
    """Return the bundled releases, open."""
    home = Home(_folder())
    shutil.copytree(seeds.ROOT / "snapshots", home.snapshots, ignore=shutil.ignore_patterns("README.md"))
    for path in home.snapshots.iterdir():
        if path.name not in (seeds.OLD, seeds.NEW):
            path.unlink()
    return _KEPT.enter_context(open_stored(home))


def _list(data: bytes) -> None:
    stored = _stored()

    def opened(shape: CodeShape) -> UserList:
        return read_list(io.BytesIO(data), shape)

    views: list[Callable[[], ListView]] = [
        lambda: impact(stored, opened, "2025", "2026", policy=policies.EMPTY, today=_TODAY),
        lambda: valid_list(stored, opened, date_order=DateOrder.MDY),
        lambda: valid_list(stored, opened, code_column="1", on=date(2025, 5, 1)),
    ]
    refused: list[TrackerError] = []
    for view in views:
        try:
            _require_answered(view())
        except TrackerError as error:
            refused.append(error)
    if len(refused) == len(views):
        raise refused[0]


def _require_answered(view: ListView) -> None:
    with _sure("a list that was answered cannot be read again"):
        rows = list(view.rows())
    assert len(rows) == view.length
    assert all(len(row.cells) == len(view.columns) for row in rows)
    assert all(len(row.answer.cells) == len(view.added) for row in rows)


def _policy(data: bytes) -> None:
    path = _policy_file()
    path.write_bytes(data)
    policy = policies.read(path, HCPCS)
    diff = policies.apply(policy, _diff(), HCPCS, _TODAY)
    for remark in policies.remarks(policy, diff, HCPCS, _TODAY):
        assert remark.isprintable()
    if policy.fail_on:
        policies.reaches(diff, policy.fail_on)


@cache
def _policy_file() -> Path:
    return _folder() / policies.FILE_NAME


@cache
def _diff() -> Diff:
    return compare_releases(_stored(), "2025", "2026")


def _typed(data: bytes) -> None:
    """Take a text for everything that may be typed; refused where all refuse it."""
    text, stored = os.fsdecode(data), _stored()
    hints = name_hints(text)
    assert hints.label is None or parse_label(hints.label) == hints.label
    ways: list[Callable[[], object]] = [
        lambda: effective_date(parse_label(text)),
        lambda: stored.find(text),
        lambda: parse_day(text),
        lambda: typed(stored, text),
        lambda: find_record(stored, text, None),
        lambda: view_history(stored, text),
        lambda: Judge(stored).ask(typed(stored, text)[0], date(2025, 5, 1)),
        lambda: find_codes(stored, text),
    ]
    refused: list[TrackerError] = []
    for way in ways:
        try:
            way()
        except TrackerError as error:
            refused.append(error)
    if len(refused) == len(ways):
        raise refused[0]


def _template(data: bytes) -> None:
    try:
        render_template(_view(), data.decode("utf-8", "replace"), "own.html")
    except TooSlowError as error:  # how long a template takes is up to who wrote it, who names it on the command line
        raise TrackerError("the template takes too long") from error


@cache
def _view() -> ReportView:
    return view_diff(_stored(), _diff())


# ---------------------------------------------------------------- the network


def _response(data: bytes) -> None:
    """Let a publisher's server say the same to every request, whatever is asked."""
    limits = Limits(size=1024 * 1024, page=256 * 1024, seconds=2, silence=1, attempts=2, wait=0, longest=0)
    link = Link(httpx.URL("https://www.cms.gov/files/zip/january-2025-alpha-numeric-hcpcs-file.zip"))
    refused: list[TrackerError] = []
    ways: list[Callable[[Publisher], object]] = [
        lambda publisher: [publisher.linked(page, "x.zip") for page in publisher.links("x.zip")[:2]],
        lambda publisher: publisher.look(link),
        lambda publisher: publisher.download(link),
    ]
    for way in ways:
        with Publisher(limits=limits) as publisher:
            publisher.__dict__["_client"] = _client(data)
            try:
                way(publisher)
            except TrackerError as error:
                refused.append(error)
    if len(refused) == len(ways):
        raise refused[0]


def _client(data: bytes) -> httpx.Client:
    """Return a client whose connections hold these bytes and nothing else."""
    pieces = [data[place : place + 1000] for place in range(0, len(data), 1000)]
    transport, context = _transport()
    transport._pool = httpcore.ConnectionPool(context, network_backend=httpcore.MockBackend(pieces))
    return httpx.Client(transport=transport)


@cache
def _transport() -> tuple[httpx.HTTPTransport, ssl.SSLContext]:
    """Return what takes long to make: no certificate is looked at, for there is no connection."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    return httpx.HTTPTransport(verify=context), context


# ---------------------------------------------------------------- all of them

_XML: Final = tuple(
    word.encode()
    for word in (
        *('<c r="A1" t="e"><v>#N/A</v></c>', '<c r="XFD1048576"><v>1</v></c>', '<c r="A1"><f>1+1</f></c>', "<row>"),
        *(
            '<row r="0"><c r="A0"/></row>',
            "<!DOCTYPE x [<!ENTITY a 'aaaa'>]>",
            "&a;",
            "&#0;",
            't="s"',
            't="d"',
            "</row>",
        ),
        *('<mergeCell ref="A1:Z9"/>', 's="99"', "<is><t>", "]]>", '<dimension ref="A1:XFD1048576"/>', 'state="hidden"'),
        *('<externalReference r:id="rId9"/>', 'Target="../../x"', 'Target="/xl/worksheets/sheet1.xml"', "rId1"),
    )
)
_COLUMNS: Final = tuple(name.encode() for name in (*HEADER[:8], "TERM DT", "XREF1", "RECID", "HCPCS CODE", "20251231"))
_CODES: Final = (b"J1940", b"A4206", b"JW", b"99213", b"D0120", b"J194O", b"J1940-J1945", b"HCPCS:", b"A1")

TARGETS: Final = {
    target.name: target
    for target in (
        Target(
            "records", _release("HCPC2025_JAN_ANWEB.txt"), seeds.records, words=(b"   A1", b"00100", b"3", b"J19400")
        ),
        Target("workbook", _release("HCPC2025_OCT_ANWEB_v3.xlsx"), seeds.workbooks, Shape.ZIP, (*_XML, *_COLUMNS), 120),
        Target("old-workbook", _release("HCPC2020_ANWEB.xls"), seeds.old_workbooks, pace=12),
        Target(
            "zip", _release("hcpcs-2025.zip"), seeds.zips, Shape.ZIP, (*_XML, *_COLUMNS, b"PK\x01\x02", b"a/../b"), 150
        ),
        Target("table", _release("codes-2025.csv"), seeds.tables, words=(*_COLUMNS, b'"', b'""', b"J1940,", b"#N/A")),
        Target(
            "sheet",
            _release("J1940.txt"),
            seeds.sheets,
            words=(b"HCPCS Code\t", b"| **", b"&#8203;", b"2026-04", b"#1"),
        ),
        Target(
            "transactions", _transactions, seeds.transactions, Shape.ZIP, (*_XML, b"Discontinued", b"Trans"), pace=60
        ),
        Target("snapshot", _snapshot, seeds.snapshots, Shape.SNAPSHOT, (b'"record":', b'"unknown":["betos"],')),
        Target(
            "archive", _archived, lambda: seeds.snapshots()[1:2], Shape.SNAPSHOT, (b'"unknown":[],', b"A1"), pace=40
        ),
        Target(
            "withdrawal", _withdrawal, seeds.withdrawals, words=(b'"reason":', b"null", b"\\ud800", b"\\n"), pace=40
        ),
        Target("index", _index, lambda: [index_of_home()], Shape.SQLITE, (b"record", b"SQLite format 3\0"), pace=50),
        Target("list", _list, seeds.lists, words=(*_CODES, b"3/4/2025", b"2025-13-01", b"HCPCS,", b'"a\nb"'), pace=60),
        Target("list-workbook", _list, seeds.list_workbooks, Shape.ZIP, (*_XML, *_CODES), pace=40),
        Target(
            "policy", _policy, seeds.policies, words=(b"[[level]]", b"[[waiver]]", b"until = ", b"'''", b"codes.a = 1")
        ),
        Target(
            "response",
            _response,
            seeds.responses,
            words=(b"HTTP/1.1 ", b"Location: ", b"\r\n\r\n", b"<a href="),
            pace=60,
        ),
        Target("typed", _typed, seeds.typed, words=(*_CODES, b"2025", b"-10", b"Q4", b"@2", b"OCT", b"ANWEB"), pace=60),
        Target(
            "template", _template, seeds.templates, words=(b"{{ view", b"{% for x in ", b"|", b"{% endfor %}"), pace=60
        ),
    )
}
"""Every reader, by name."""
