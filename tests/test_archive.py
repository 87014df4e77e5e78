"""What is stored comes back as it was, and what was changed after that is not believed."""

from __future__ import annotations

import errno
import io
import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import FIELDS, MADE_UP, record, snapshots
from tests.made_up import snapshot as make_snapshot
from tracker import archive
from tracker.diff.compare import compare
from tracker.errors import ArchiveError
from tracker.model import Facet, Field, Note, Problem, Release, Sealed, SealedRecord, Severity, Snapshot

CHECKOUT = Path(__file__).parents[1]
Change = Callable[[Release], Release]

PROBLEMS = (
    Problem(Severity.WARNING, "blank", "a.txt", "", "ZZ", "last_day", "|"),
    Problem(Severity.NOTE, "only some columns", "a.txt", "line 12"),
)
NOTES = (Note("0088", "READ “THIS”"), Note("0017", ""))
SNAPSHOT = replace(
    make_snapshot(
        "2025-10",
        record("A0001", text="größer, \"each\" \\ 'so'", last_day="2025-12-31"),
        record("A1", ["text", "remark"], prices=("22", "00")),
        record("ZZ"),
        complete=False,
        absent=["B0001", "A0002"],
        fields=["text", "prices", "last_day", "letter"],
    ),
    problems=PROBLEMS,
    notes=NOTES,
)


def file_of(sealed: Sealed) -> bytes:
    return b"".join(archive.lines(sealed))


def whole(sealed: Sealed) -> Sealed:
    """Return what was sealed with all its records in memory, to be compared and asked."""
    return replace(sealed, records=tuple(sealed.records))


def seal(snapshot: Snapshot) -> Sealed:
    return whole(archive.seal(snapshot))


def parse(data: bytes) -> Sealed:
    lines = io.BytesIO(data).readlines()
    return whole(archive.parse("2025-10.r1.jsonl", lines, lines[1:]))


def records_of(sealed: Sealed) -> list[SealedRecord]:
    return list(sealed.records)


SEALED = seal(SNAPSHOT)
FILE = file_of(SEALED)
LINES = FILE.splitlines(keepends=True)


# ---------------------------------------------------------------- there and back

kept = st.builds(
    lambda one, problems, notes: replace(one, problems=tuple(problems), notes=tuple(notes)),
    snapshots(),
    st.lists(st.sampled_from(PROBLEMS)),
    st.lists(st.sampled_from(NOTES)),
)


@given(kept)
def test_what_is_sealed_comes_back(snapshot: Snapshot) -> None:
    sealed = seal(snapshot)
    found = parse(file_of(sealed))
    assert found == sealed
    assert archive.decode_header(found.header) == found.release
    assert (
        Snapshot(
            replace(found.release, counts=snapshot.release.counts, digest=snapshot.release.digest),
            tuple(archive.decode_record(one.line) for one in found.records),
            tuple(map(archive.decode_problem, found.problems)),
            tuple(map(archive.decode_note, found.notes)),
        )
        == snapshot
    )


TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"))
"""NUL is in no value that a reader yields, and PostgreSQL has no place for it."""


@given(TEXT, TEXT, st.lists(TEXT.filter(bool), min_size=1))
def test_any_text_comes_back(text: str, message: str, values: list[str]) -> None:
    content = record("A1", text=text, prices=tuple(values))
    sealed = seal(replace(SNAPSHOT, records=(content,), notes=(Note("1", message),)))
    found = parse(file_of(sealed))
    assert archive.decode_record(records_of(found)[0].line) == content
    assert archive.decode_note(found.notes[0]) == Note("1", message)


def test_the_form_is_canonical() -> None:
    """Other programs, and later ones of ours, rely on these very bytes."""
    header, *rest = FILE.decode().splitlines()
    assert rest == [
        r"""{"record":{"code":"A0001","kind":"procedure","last_day":"2025-12-31","text":"größer, \"each\" \\ 'so'"}}""",
        '{"record":{"code":"A1","kind":"modifier","prices":["22","00"],"unknown":["remark","text"]}}',
        '{"record":{"code":"ZZ","kind":"modifier"}}',
        '{"problem":{"code":"ZZ","field":"last_day","file":"a.txt","message":"blank","raw":"|","severity":"warning"}}',
        '{"problem":{"file":"a.txt","message":"only some columns","severity":"note","where":"line 12"}}',
        '{"note":{"number":"0088","text":"READ “THIS”"}}',
        '{"note":{"number":"0017","text":""}}',
        f'{{"seal":{{"sha256":"{sha256(b"".join(LINES[:-1])).hexdigest()}"}}}}',
    ]
    assert header == (
        '{"tracker_snapshot":{"absent":["A0002","B0001"],"code_set":"made-up","complete":false,'
        '"counts":{"codes":3,"modifier":2,"notes":2,"problems":2,"procedure":1},'
        f'"digest":"{SEALED.release.digest}","effective_date":"2025-10-01",'
        '"fields":["last_day","letter","prices","text"],"format":2,"imported_at":"2026-01-02T03:04:05+00:00",'
        '"label":"2025-10","mark":null,"program":"0","published_date":null,"remark":"","revision":1,'
        f'"source":{{"format":"zip","name":"made up","sha256":"{"ab" * 32}","size":1}}}}}}'
    )


def test_digests_are_those_of_the_stored_bytes() -> None:
    for line, sealed in zip(LINES[1:4], SEALED.records, strict=True):
        assert sealed.digest == sha256(line.removesuffix(b"\n")).digest()
    content = (
        '{"absent":["A0002","B0001"],"code_set":"made-up","complete":false,'
        '"fields":["last_day","letter","prices","text"]}\n'
    ) + "".join(f"{one.code} {one.digest.hex()}\n" for one in SEALED.records)
    assert SEALED.release.digest == sha256(content.encode()).hexdigest()


def test_the_address_of_a_download_is_kept() -> None:
    release = SEALED.release
    downloaded = replace(release, source=replace(release.source, address="https://a.example/a.zip"))
    assert archive.decode_header(archive.encode_header(downloaded)) == downloaded
    assert archive.decode_header(archive.encode_header(release)).source.address == ""


def test_unknown_fields_are_told_beside_the_line() -> None:
    assert [one.unknown for one in SEALED.records] == ["", "remark text", ""]
    assert [one.unknown for one in parse(FILE).records] == ["", "remark text", ""]


@pytest.mark.parametrize(
    ("change", "same"),
    [
        (lambda one: replace(one, label="2026", revision=7, effective_date=date(2026, 1, 1)), True),
        (lambda one: replace(one, imported_at="2030-01-01T00:00:00+00:00", program="9", remark="x", mark="v2"), True),
        (lambda one: replace(one, source=replace(one.source, name="b.xlsx", format="workbook")), True),
        (lambda one: replace(one, source=replace(one.source, address="https://a.example/a.zip")), True),
        (lambda one: replace(one, published_date=date(2025, 1, 1), withdrawn="wrong"), True),
        (lambda one: replace(one, code_set="other"), False),
        (lambda one: replace(one, complete=True), False),
        (lambda one: replace(one, absent=frozenset({"A0002"})), False),
        (lambda one: replace(one, fields=one.fields | {"remark"}), False),
    ],
)
def test_the_digest_is_the_contents(change: Change, same: bool) -> None:
    other = seal(replace(SNAPSHOT, release=change(SNAPSHOT.release), problems=(), notes=()))
    assert (other.release.digest == SEALED.release.digest) is same


def test_a_field_that_the_catalogue_gains_changes_no_digest_and_no_diff() -> None:
    """What was stored yesterday is proven, and compared, by a program that knows one field more."""
    new_field = Field("colour", "Colour", ("COLOUR",), Facet.NOTE, 0, 1)
    later = replace(MADE_UP, fields={"colour": new_field, **FIELDS})
    old, new = (
        seal(make_snapshot(label, record("A0001", text=text), record("A1", letter=text)))
        for label, text in (("2025", "one"), ("2026", "two"))
    )
    found = [parse(file_of(one)) for one in (old, new)]
    assert [one.release.digest for one in found] == [old.release.digest, new.release.digest]
    sides = [[archive.decode_record(record.line) for record in one.records] for one in found]
    before, after = (
        compare(code_set, found[0].release, found[1].release, sides[0], sides[1]) for code_set in (MADE_UP, later)
    )
    assert after.changes == before.changes
    assert after.not_compared.fields == {"colour": 2}
    assert before.not_compared.fields == {}
    sealed_again = seal(Snapshot(found[0].release, tuple(sides[0])))
    assert sealed_again.release.digest == old.release.digest


@pytest.mark.parametrize(
    ("name", "digest"),
    [
        ("2025.r1.jsonl", "aff83c13d2b075314e0bc52b8be4584d6d70ed3458b537b5ba65e8242f62dcb0"),
        ("2026.r1.jsonl", "c15f262a5ce3"),
    ],
)
def test_the_first_files_ever_written_are_still_read_and_written_alike(name: str, digest: str) -> None:
    path = CHECKOUT / "snapshots" / name
    found = archive.read(path)
    assert found.release.digest.startswith(digest)
    again = seal(Snapshot(found.release, tuple(archive.decode_record(one.line) for one in found.records)))
    assert again.release.digest == found.release.digest
    assert file_of(found) == path.read_bytes(), "format 1 has no seal"


# ---------------------------------------------------------------- what was changed is not believed


def believed(data: bytes) -> bool:
    try:
        parse(data)
    except ArchiveError:
        return False
    return True


@given(st.integers(0, len(FILE) - 1), st.integers(1, 255))
def test_another_byte_is_always_seen(place: int, distance: int) -> None:
    data = bytearray(FILE)
    data[place] = (data[place] + distance) % 256
    assert not believed(bytes(data))


@given(st.integers(0, len(FILE)), st.binary(min_size=1, max_size=4))
def test_bytes_that_came_in_are_always_seen(place: int, inserted: bytes) -> None:
    assert not believed(FILE[:place] + inserted + FILE[place:])


@given(st.integers(0, len(FILE) - 1))
def test_a_byte_that_is_gone_is_always_seen(place: int) -> None:
    assert not believed(FILE[:place] + FILE[place + 1 :])


@given(st.integers(0, len(FILE) - 1))
def test_a_file_that_is_cut_off_is_always_seen(place: int) -> None:
    assert not believed(FILE[:place])


@pytest.mark.parametrize("size", [len(LINES[0]) - 1, len(LINES[0]) + 5, len(FILE) - 1])
def test_a_file_that_is_cut_off_is_called_so(size: int) -> None:
    with pytest.raises(ArchiveError, match="the file is cut off: restore it from a copy"):
        parse(FILE[:size])


@pytest.mark.parametrize("place", range(len(LINES)))
def test_a_line_that_is_gone_or_stands_twice_is_always_seen(place: int) -> None:
    assert not believed(b"".join(LINES[:place] + LINES[place + 1 :]))
    assert not believed(b"".join(LINES[:place] + LINES[place : place + 1] + LINES[place:]))


def test_a_record_behind_a_problem_is_named() -> None:
    with pytest.raises(ArchiveError, match="line 5: ZZ does not follow problems and notes: restore the file"):
        parse(b"".join((*LINES[:3], LINES[4], LINES[3], *LINES[5:])))


def test_records_are_read_from_the_file_whenever_they_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "2025-10.r1.jsonl"
    path.write_bytes(FILE)
    found = archive.read(path)
    assert tuple(found.records) == tuple(found.records) == SEALED.records
    path.unlink()
    with pytest.raises(ArchiveError, match="No such file"):
        list(found.records)


@pytest.mark.parametrize("change", [lambda data: data.replace(b"22", b"33"), lambda data: data[:500]])
def test_a_file_that_changes_after_it_was_proven_is_noticed_when_it_is_stored(
    tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    """Its records are read once more, and proven once more: size and time of change may well be the same."""
    path = tmp_path / "2025-10.r1.jsonl"
    path.write_bytes(FILE)
    found = archive.read(path)
    path.write_bytes(change(FILE))
    with pytest.raises(ArchiveError, match="was changed while it was read: run the command again"):
        list(found.records)


def test_a_spool_holds_the_lines_of_many_snapshots(tmp_path: Path) -> None:
    other = replace(SNAPSHOT, records=[record("B0001", text="ü"), record("B0002")], problems=())
    with archive.spool(tmp_path) as spool:
        first, second = archive.seal(SNAPSHOT, spool), archive.seal(other, spool)
        for _ in range(2):
            assert (whole(first), whole(second)) == (SEALED, seal(other))
        assert not archive.holds_snapshots(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("place", range(len(LINES)))
def test_a_line_with_another_end_is_always_seen(place: int) -> None:
    """Git can be told to change the line ends of text files."""
    changed = [line.replace(b"\n", b"\r\n") if number == place else line for number, line in enumerate(LINES)]
    assert not believed(b"".join(changed))
    assert not believed(FILE.replace(b"\n", b"\r\n"))


def modifier(code: str) -> str:
    return f'{{"record":{{"code":"{code}","kind":"modifier"}}}}'


def with_records(*lines: str) -> bytes:
    """Return a file with these record lines, all digests right."""
    found = [json.loads(line).get("record", {}) for line in lines]
    sealed = [
        SealedRecord(str(one.get("code")), sha256(line.encode()).digest(), line)
        for one, line in zip(found, lines, strict=True)
    ]
    release = replace(SEALED.release, digest=archive.content_digest(SEALED.release, sealed))
    return "".join(f"{line}\n" for line in (archive.encode_header(release), *lines)).encode()


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ([modifier("B1"), modifier("A1")], "line 3: A1 does not follow B1"),
        ([modifier("A1"), modifier("A1")], "line 3: A1 does not follow A1"),
        (['{"record":{"code":"A1","kind":"drug"}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":1,"kind":"modifier"}}'], "line 2: no record, problem or note"),
        (['{"record":{"kind":"modifier"}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","unknown":5}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","unknown":[5]}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","unknown":"text"}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","text":5}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","text":null}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","text":["x",5]}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","text":"\\ud800"}}'], "line 2: no record, problem or note"),
        (['{"record":{"code":"A1","kind":"modifier","a b":"x"}}'], "line 2: no record, problem or note"),
        ([modifier("A1\\n")], "line 2: no record, problem or note"),
        ([modifier("\\u001b[2J")], "line 2: no record, problem or note"),
        ([modifier("")], "line 2: no record, problem or note"),
        (['{"problem":{"severity":"note","message":5,"file":"x"}}'], "line 2: no record, problem or note"),
        (['{"note":{"number":1,"text":"x"}}'], "line 2: no record, problem or note"),
        (['{"remark":{}}'], "line 2: no record, problem or note"),
        (['{"problem":{"message":"x"}}'], "line 2: no record, problem or note"),
        (['{"note":{"number":"1","text":"x","colour":"red"}}'], "line 2: no record, problem or note"),
    ],
)
def test_a_line_that_cannot_be_is_named(lines: list[str], expected: str) -> None:
    with pytest.raises(ArchiveError, match=rf"^2025-10\.r1\.jsonl, {expected}"):
        parse(with_records(*lines))


@pytest.mark.parametrize(
    "line", ["", "[]", "5", "{}", modifier("\\ud800"), '{"record":[]}', '{"record":{},"note":{}}', "{", "[" * 100_000]
)
def test_a_line_that_is_no_json_object_of_ours_is_named(line: str) -> None:
    with pytest.raises(ArchiveError, match="line 3: no record, problem or note"):
        parse(b"".join((*LINES[:2], line.encode() + b"\n", *LINES[2:])))


def header_with(**changed: object) -> bytes:
    """Return a file of the format that had no seal, with another header."""
    header = json.loads(LINES[0])
    header["tracker_snapshot"] |= {"format": 1, **changed}
    return json.dumps(header).encode() + b"\n" + b"".join(LINES[1:-1])


def test_a_file_of_the_first_format_needs_no_seal() -> None:
    assert parse(header_with()).release == SEALED.release


def test_a_seal_where_the_format_has_none_is_refused() -> None:
    with pytest.raises(ArchiveError, match="it was changed after it was stored"):
        parse(header_with() + LINES[-1])


def test_a_problem_behind_a_note_is_refused() -> None:
    """What is read is written again with the same bytes, so that there is one order only."""
    problem, note = LINES[5:7]
    with pytest.raises(ArchiveError, match="line 6: a problem does not follow a note"):
        parse(b"".join([*LINES[:4], note, problem]))


def test_what_follows_the_seal_is_refused() -> None:
    for line in (LINES[-2], LINES[-1]):
        with pytest.raises(ArchiveError, match="line 10: something follows the seal: restore the file"):
            parse(FILE + line)


def test_what_is_no_content_is_sealed_too() -> None:
    for old, new in (
        (b'"remark":""', b'"remark":"x"'),
        (b'"message":"blank"', b'"message":"black"'),
        (b"THIS", b"THAT"),
    ):
        assert old in FILE
        with pytest.raises(ArchiveError, match="it was changed after it was stored; restore it"):
            parse(FILE.replace(old, new))


def test_a_file_of_a_later_format_is_refused_with_what_to_do() -> None:
    with pytest.raises(ArchiveError, match=r"was written by a newer tracker \(format 3\): update tracker"):
        parse(header_with(format=archive.FORMAT + 1))


@pytest.mark.parametrize(
    "changed",
    [
        {"format": "1"},
        {"format": None},
        {"effective_date": "2025-02-30"},
        {"effective_date": 5},
        {"source": {"name": "x"}},
        {"source": None},
        {"counts": None},
        {"counts": 5},
        {"fields": 5},
        {"fields": [[]]},
        {"absent": None},
        {"label": "../2025"},
        {"label": ""},
        {"revision": "1/../../x"},
        {"revision": "1"},
        {"revision": 0},
        {"revision": 10**7},
        {"revision": True},
        {"absent": ["A1", 5]},
        {"absent": ["\ud800"]},
        {"absent": ["A1\n"]},
        {"fields": "text"},
        {"mark": 5},
        {"mark": "v1\x1b[2J"},
        {"complete": "yes"},
        {"published_date": ""},
        {"remark": None},
        {"digest": 5},
        {"counts": {"codes": "3"}},
        {"source": {"name": 5, "size": 1, "sha256": "", "format": "zip"}},
        {"source": {"name": "a\nb", "size": 1, "sha256": "", "format": "zip"}},
        {"source": {"name": "a", "size": "1", "sha256": "", "format": "zip"}},
        {"source": {"name": "a", "size": 1, "sha256": "", "format": "zip", "address": 5}},
        {"source": {"name": "a", "size": 1, "sha256": "", "format": "zip", "address": "a\x1b[2J"}},
    ],
)
def test_a_header_that_cannot_be_is_refused(changed: dict[str, object]) -> None:
    with pytest.raises(ArchiveError, match="line 1: no header of a snapshot file"):
        parse(header_with(**changed))


@pytest.mark.parametrize("data", [b"", b"\n", b"{}\n", b"[]\n", b"PK\3\4", b'{"tracker_snapshot":{}}\n', b"null\n"])
def test_a_file_without_a_header_is_refused(data: bytes) -> None:
    with pytest.raises(ArchiveError, match="line 1: no header"):
        parse(data)


@pytest.mark.parametrize(
    ("counts", "sort"),
    [({"codes": 4}, "codes"), ({"problems": 1}, "problems"), ({"notes": 3}, "notes"), ({"modifier": 3}, "modifier")],
)
def test_counts_that_are_not_so_are_refused(counts: dict[str, int], sort: str) -> None:
    with pytest.raises(ArchiveError, match=f"holds . {sort}, and its header counts another number"):
        parse(header_with(counts={**SEALED.release.counts, **counts}))


def test_a_file_that_is_not_utf_8_is_refused() -> None:
    with pytest.raises(ArchiveError, match=f"not UTF-8 at byte {len(FILE)}"):
        parse(FILE + b"\xff\n")


def test_what_is_no_file_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "2025.r1.jsonl"
    os.mkfifo(path)
    assert not archive.holds_snapshots(tmp_path)
    with pytest.raises(ArchiveError, match="this is no file"):
        archive.read(path)
    path.unlink()
    path.symlink_to("nowhere")
    assert archive.stamp(path) == ""
    with pytest.raises(ArchiveError, match="No such file"):
        archive.read(path)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match=r"none\.jsonl: No such file"):
        archive.read(tmp_path / "none.jsonl")
    with pytest.raises(ArchiveError, match="Is a directory"):
        archive.read(tmp_path)


# ---------------------------------------------------------------- files and folders


def test_files_are_found_by_their_names(tmp_path: Path) -> None:
    names = ["2025.r10.jsonl", "2025.r2.jsonl", "2025-10.r1.jsonl"]
    others = ["README.md", ".2025.r3.jsonl", "2025.r1.jsonl.bak", "2025.jsonl", "2025.r2.withdrawn.json", ".7.draft"]
    for name in names + others:
        (tmp_path / name).touch()
    assert list(archive.files(tmp_path)) == [("2025", 2), ("2025", 10), ("2025-10", 1)]
    assert {archive.file_name(*key): path.name for key, path in archive.files(tmp_path).items()} == {
        name: name for name in names
    }


def test_where_there_is_no_folder_there_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert archive.files(tmp_path / "none") == archive.files(tmp_path / "file") == {}
    assert not archive.holds_snapshots(tmp_path / "none")


def test_a_folder_holds_snapshots_if_one_of_its_files_begins_as_one(tmp_path: Path) -> None:
    assert not archive.holds_snapshots(tmp_path)
    (tmp_path / "2024.r1.jsonl").write_bytes(b'{"made_by":"another"}\n')
    (tmp_path / "2023.r1.jsonl").mkdir()
    assert not archive.holds_snapshots(tmp_path)
    (tmp_path / "2025.r1.jsonl").write_bytes(FILE)
    assert archive.holds_snapshots(tmp_path)
    assert archive.is_snapshot(FILE)
    assert not archive.is_snapshot(b"")


def test_a_folder_that_is_closed_to_us_is_one_sentence_or_somebody_elses(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def closed(_: Path) -> Iterator[Path]:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", closed)
    with pytest.raises(ArchiveError, match="Permission denied"):
        archive.files(tmp_path)
    assert not archive.holds_snapshots(tmp_path)


def test_a_stamp_changes_with_the_file(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    os.utime(path, ns=(0, 5))
    before = archive.stamp(path)
    os.utime(path, ns=(7, 5))
    assert archive.stamp(path) == before
    os.utime(path, ns=(0, 6))
    assert archive.stamp(path) != before
    path.write_bytes(b"12")
    os.utime(path, ns=(0, 5))
    assert archive.stamp(path) != before


# ---------------------------------------------------------------- drafts


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_draft_is_seen_by_nobody_until_it_is_published(tmp_path: Path) -> None:
    with archive.draft(tmp_path) as draft:
        stamp = draft.write("2025-10.r1.jsonl", archive.lines(SEALED))
        assert archive.files(tmp_path) == {}
        assert not archive.holds_snapshots(tmp_path)
        draft.publish()
        assert names(tmp_path) == ["2025-10.r1.jsonl"]
    path = tmp_path / "2025-10.r1.jsonl"
    assert path.read_bytes() == FILE
    assert archive.stamp(path) == stamp
    assert whole(archive.read(path)) == SEALED


class StopError(Exception):
    pass


@pytest.mark.parametrize("error", [StopError, KeyboardInterrupt, ArchiveError])
@pytest.mark.parametrize("steps", [0, 1, 2])
def test_an_error_takes_the_file_back(tmp_path: Path, error: type[BaseException], steps: int) -> None:
    (tmp_path / "2025.r1.jsonl").write_bytes(b"another's")
    with pytest.raises(error), archive.draft(tmp_path) as draft:  # noqa: PT012
        if steps > 0:
            draft.write("2025.r2.jsonl", [b"one\n"])
            draft.write("2025.r3.jsonl", [b"two\n"])
        if steps > 1:
            draft.publish()
            assert names(tmp_path) == ["2025.r1.jsonl", "2025.r2.jsonl", "2025.r3.jsonl"]
        raise error
    assert names(tmp_path) == ["2025.r1.jsonl"]
    assert (tmp_path / "2025.r1.jsonl").read_bytes() == b"another's"


def test_nothing_stored_is_overwritten_or_removed(tmp_path: Path) -> None:
    (tmp_path / "2025.r1.jsonl").write_bytes(b"another's")
    with pytest.raises(ArchiveError, match="exists already, and nothing stored is overwritten"):
        publish(tmp_path, "2025.r1.jsonl")
    assert names(tmp_path) == ["2025.r1.jsonl"]
    assert (tmp_path / "2025.r1.jsonl").read_bytes() == b"another's"


@pytest.mark.parametrize("links", [True, False])
def test_a_name_that_is_taken_meanwhile_is_not_taken_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, links: bool
) -> None:
    """Another program may write the file between any look at the folder and the renaming."""
    if not links:

        def no_links(*_: object) -> None:
            raise OSError(errno.EPERM, "Operation not permitted")

        monkeypatch.setattr(os, "link", no_links)
    publish(tmp_path, "2025.r1.jsonl")
    assert names(tmp_path) == ["2025.r1.jsonl"]
    with pytest.raises(ArchiveError, match="exists already"), archive.draft(tmp_path) as draft:  # noqa: PT012
        draft.write("2025.r2.jsonl", [b"mine\n"])
        draft.write("2025.r3.jsonl", [b"mine\n"])
        (tmp_path / "2025.r3.jsonl").symlink_to("nowhere")
        draft.publish()
    assert names(tmp_path) == ["2025.r1.jsonl", "2025.r3.jsonl"]


def test_the_draft_of_a_program_that_runs_is_left_alone(tmp_path: Path) -> None:
    others = [f".{os.getppid()}.2025.r9.jsonl.draft", ".notes.draft", ".1.2025.r1.jsonl.draft"]
    for name in others:
        (tmp_path / name).touch()
    publish(tmp_path)
    assert names(tmp_path) == sorted([*others, "2025.r1.jsonl"])


def publish(folder: Path, name: str = "2025.r1.jsonl") -> None:
    archive.make_folder(folder)
    with archive.draft(folder) as draft:
        draft.write(name, [b"one\n", "zwei ü\n".encode()])
        draft.publish()


def test_drafts_of_a_program_that_was_killed_are_cleaned_up(tmp_path: Path) -> None:
    code = (
        "import os, signal, sys; from pathlib import Path; from tracker import archive\n"
        "with archive.draft(Path(sys.argv[1])) as draft:\n"
        "    draft.write('2025.r1.jsonl', [b'half'])\n"
        "    os.kill(os.getpid(), signal.SIGKILL)\n"
    )
    killed = subprocess.run([sys.executable, "-c", code, tmp_path], check=False, cwd=CHECKOUT)
    assert killed.returncode == -9
    (stale,) = names(tmp_path)
    assert stale.endswith(".draft")
    assert archive.files(tmp_path) == {}
    (tmp_path / ".hidden").touch()
    publish(tmp_path)
    assert names(tmp_path) == [".hidden", "2025.r1.jsonl"]


def test_file_and_folder_are_on_the_disk_before_anything_else_happens(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced = []
    fsync = os.fsync

    def watched(handle: int) -> None:
        synced.append((Path(f"/proc/self/fd/{handle}").readlink().name, names(tmp_path)))
        fsync(handle)

    if not Path("/proc/self/fd").exists():
        pytest.skip("this system does not tell which file a handle is of")
    monkeypatch.setattr(os, "fsync", watched)
    publish(tmp_path)
    draft = f".{os.getpid()}.2025.r1.jsonl.draft"
    assert synced == [(draft, [draft]), (tmp_path.name, ["2025.r1.jsonl"])]
    assert (tmp_path / "2025.r1.jsonl").read_text(encoding="utf-8") == "one\nzwei ü\n"


@pytest.mark.parametrize(
    ("step", "number", "expected"),
    [
        ("the file", errno.ENOSPC, "the disk is full: nothing was stored; make room and run the command again"),
        ("the file", errno.EDQUOT, "the disk is full: nothing was stored; make room and run the command again"),
        ("the file", errno.EROFS, "is read-only for you: nothing was stored; choose another home with --home FOLDER"),
        ("the file", errno.EACCES, "is read-only for you: nothing was stored; choose another home with --home FOLDER"),
        ("the file", errno.EIO, f"{os.strerror(errno.EIO)}: nothing was stored"),
        ("the folder", errno.ENOSPC, "the disk is full: nothing was stored; make room and run the command again"),
        ("the folder", errno.EIO, f"{os.strerror(errno.EIO)}: nothing was stored"),
    ],
)
def test_what_the_disk_refuses_is_one_sentence_and_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str, number: int, expected: str
) -> None:
    left = {"the file": 1, "the folder": 2}[step]

    def failing(_: int) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", failing)
    with pytest.raises(ArchiveError) as caught:
        publish(tmp_path)
    assert str(caught.value).startswith(str(tmp_path))
    assert str(caught.value).endswith(expected)
    assert names(tmp_path) == []


def test_a_full_disk_is_one_sentence_and_leaves_nothing(tmp_path: Path) -> None:
    code = (
        "import resource, sys; from pathlib import Path; from tracker import archive, errors\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))\n"
        "try:\n"
        "    with archive.draft(Path(sys.argv[1])) as draft:\n"
        "        draft.write('2025.r1.jsonl', [b'x' * 1000] * 100)\n"
        "        draft.publish()\n"
        "except errors.ArchiveError as error:\n"
        "    print(error)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, tmp_path], check=True, cwd=CHECKOUT, capture_output=True, text=True
    )
    assert done.stdout == f"{tmp_path}: the disk is full: nothing was stored; make room and run the command again\n"
    assert names(tmp_path) == []


@contextmanager
def read_only(folder: Path) -> Iterator[None]:
    """Make a folder read-only: for root, whom permissions do not stop, by a mount."""
    if os.geteuid():
        folder.chmod(0o555)
    elif subprocess.run(
        ["/bin/mount", "-t", "tmpfs", "-o", "ro", "tmpfs", folder], check=False, capture_output=True
    ).returncode:
        pytest.skip("root may not mount here, and no permission stops root")
    try:
        yield
    finally:
        if os.geteuid():
            folder.chmod(0o755)
        else:
            subprocess.run(["/bin/umount", folder], check=True)


def test_a_read_only_folder_is_one_sentence(tmp_path: Path) -> None:
    folder = tmp_path / "snapshots"
    folder.mkdir()
    with read_only(folder):
        with pytest.raises(ArchiveError, match=r"snapshots is read-only for you: nothing was stored"):
            publish(folder)
        with pytest.raises(ArchiveError, match=r"a is read-only for you: nothing was stored"):
            archive.make_folder(folder / "a")
    assert names(folder) == []


def test_a_folder_is_made_with_those_above_it(tmp_path: Path) -> None:
    for _ in range(2):
        archive.make_folder(tmp_path / "a/b")
    assert (tmp_path / "a/b").is_dir()
    (tmp_path / "file").touch()
    with pytest.raises(ArchiveError, match="File exists: nothing was stored"):
        archive.make_folder(tmp_path / "file")


# ---------------------------------------------------------------- withdrawals


def test_a_withdrawal_is_a_file_beside_the_snapshot(tmp_path: Path) -> None:
    name = archive.withdrawal_name("2025-10", 2)
    assert name == "2025-10.r2.withdrawn.json"
    reason = "wrong file, “v3”"
    line = archive.withdrawal_line(reason, "2026-01-02T03:04:05+00:00")
    (tmp_path / name).write_bytes(line)
    (tmp_path / "2025-10.r2.jsonl").write_bytes(FILE)
    assert archive.withdrawals(tmp_path) == {("2025-10", 2): reason}
    assert list(archive.files(tmp_path)) == [("2025-10", 2)]
    assert line.decode() == (
        '{"withdrawal":{"reason":"wrong file, “v3”","withdrawn_at":"2026-01-02T03:04:05+00:00"}}\n'
    )


@pytest.mark.parametrize(
    "content",
    [
        b"", b"{}", b"[]", b'{"withdrawal":{}}', b'{"withdrawal":5}', b"\xff", b"[" * 100_000,
        b'{"withdrawal":{"reason":5}}', b'{"withdrawal":{"reason":" "}}', b'{"withdrawal":{"reason":"\\ud800"}}',
    ],
)  # fmt: skip
def test_a_withdrawal_that_cannot_be_read_says_what_to_do(tmp_path: Path, content: bytes) -> None:
    (tmp_path / archive.withdrawal_name("2025", 1)).write_bytes(content)
    with pytest.raises(ArchiveError, match=r"2025\.r1\.withdrawn\.json: no withdrawal: restore .* or delete it"):
        archive.withdrawals(tmp_path)
