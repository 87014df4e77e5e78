"""Inputs that are nearly right: seeds with a few things changed in them, by what their format is made of.

A zip or workbook is changed in what its members hold and packed again, a snapshot file value by value and sealed again,
a database by its pages and by statements; else nearly nothing would get past the first check. Each is changed byte by
byte as well.
"""

from __future__ import annotations

import io
import json
import re
import sqlite3
import warnings
import zipfile
from collections import Counter
from collections.abc import Callable, Sequence
from enum import StrEnum
from hashlib import sha256
from random import Random
from typing import Any, Final

Change = Callable[[bytes, Random], bytes]

INTERESTING: Final = (
    *(b"0", b"-1", b"1", b"00", b"255", b"65536", b"2147483648", b"4294967295", b"9223372036854775808", b"1e309"),
    *(b"9" * 4301, b"nan", b"0x10", b"1_000", b"\xc2\xb2", b"\xd9\xa3", b"20250229", b"99991231", b"0000-00-00"),
    *(b"\0", b"\r", b"\n", b"\r\n", b"\x1a", b"\x1c", b"\x85", b"\xa0", b"\xff\xfe", b"\xfe\xff", b"\xef\xbb\xbf"),
    *(b"\xed\xa0\x80", b"\xe2\x80\xae", b"\xe2\x80\xa8", b"\xef\xbf\xbd", b"\xf0\x9f\x92\x89", b"\xcc\x81"),
    *(b'"', b"'", b'"""', b",", b";", b"\t", b"|", b"\\", b"{", b"[" * 1200, b"../", b"/etc/passwd", b"=1+1", b"#REF!"),
)
"""Pieces on which programs stumble: numbers at the edge of a type, line ends, marks, halves of characters, quotes."""

_NUMBER: Final = re.compile(rb"\d+")
_LONGEST: Final = 256 * 1024
"""Bytes of the longest input that is made: enough for every limit of a line or a sheet that is not about size alone."""


class Shape(StrEnum):
    """What an input is made of."""

    BYTES = "bytes"
    ZIP = "zip"
    SNAPSHOT = "snapshot"
    SQLITE = "sqlite"


def mutate(
    data: bytes,
    random: Random,
    shape: Shape,
    words: Sequence[bytes] = (),
    others: Sequence[bytes] = (),
    change: Change | None = None,
) -> bytes:
    """Return an input with one to five things changed in it.

    Args:
        data: the input.
        random: chooses what is changed.
        shape: what the input is made of.
        words: what means something to its reader.
        others: inputs of the same reader, of which pieces may be taken.
        change: changes bytes; ours by default.
    """

    def own(piece: bytes, chance: Random) -> bytes:
        return _bytes(piece, chance, words, others)

    change = change or own
    deep = {Shape.ZIP: _zip, Shape.SNAPSHOT: _snapshot, Shape.SQLITE: _sqlite}.get(shape)
    for _ in range(random.choice((1, 1, 1, 2, 3, 5))):
        data = deep(data, random, change) if deep and random.random() < 0.85 else change(data, random)
    return data[:_LONGEST]


# ---------------------------------------------------------------- bytes


def _bytes(data: bytes, random: Random, words: Sequence[bytes], others: Sequence[bytes]) -> bytes:
    begin = random.randrange(len(data) + 1)
    end = min(len(data), begin + random.choice((1, 1, 2, 4, 16, 64, 512)))
    piece: bytes
    match random.randrange(11):
        case 0 if begin < end:  # another bit
            return data[:begin] + bytes([data[begin] ^ 1 << random.randrange(8)]) + data[begin + 1 :]
        case 1:  # another byte
            return data[:begin] + bytes([random.randrange(256)]) + data[end:]
        case 2:  # cut out
            return data[:begin] + data[end:]
        case 3:  # cut off
            return data[:begin]
        case 4:  # repeated
            return data[:end] + data[begin:end] * random.choice((1, 2, 20, 300)) + data[end:]
        case 5:  # moved
            place = random.randrange(len(data) + 1)
            return data[:place] + data[begin:end] + data[place:]
        case 6 if others:  # spliced
            piece = random.choice(others)
            place = random.randrange(len(piece) + 1)
            return data[:begin] + piece[place : place + random.choice((8, 64, 512, 65536))]
        case 7 if numbers := list(_NUMBER.finditer(data[begin : begin + 4096])):  # another number
            number = random.choice(numbers)
            return data[: begin + number.start()] + random.choice(INTERESTING) + data[begin + number.end() :]
        case 8:  # lines changed
            return _lines(data, random)
        case _:  # a word that means something
            piece = random.choice((*words, *INTERESTING) if random.random() < 0.6 or not words else words)
            return data[:begin] + piece + data[random.choice((begin, end)) :]


def _lines(data: bytes, random: Random) -> bytes:
    lines = data.split(b"\n")
    one, other = random.randrange(len(lines)), random.randrange(len(lines))
    match random.randrange(4):
        case 0:
            lines[one], lines[other] = lines[other], lines[one]
        case 1:
            del lines[one]
        case 2:
            lines.insert(one, lines[other])
        case _:
            lines[one] = lines[one][: random.randrange(len(lines[one]) + 1)] + lines[other]
    return b"\n".join(lines)


# ---------------------------------------------------------------- zips


def _zip(data: bytes, random: Random, change: Change) -> bytes:
    """Change what a member holds, or is called, and pack all again; what cannot be unpacked is changed as bytes."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            members = [(info.filename, bundle.read(info)) for info in bundle.infolist() if info.file_size < _LONGEST]
    except Exception:  # noqa: BLE001 - it was damaged before
        return change(data, random)
    if not members:
        return change(data, random)
    place = random.randrange(len(members))
    name, content = members[place]
    match random.randrange(12):
        case 0:
            del members[place]
        case 1:
            members.append((random.choice(members)[0], content))
        case 2:
            members[place] = (change(name.encode(), random).decode("utf-8", "replace"), content)
        case 3:
            members.append((f"{name}.zip", data))
        case _:
            members[place] = (name, change(content, random))
    packed = io.BytesIO()
    try:
        with zipfile.ZipFile(packed, "w", random.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as bundle:
            for name, content in members:
                info = zipfile.ZipInfo(name or "x")
                info.external_attr = random.choice((0o644, 0o644, 0o644, 0o120777)) << 16  # now and then a link
                info.compress_type = bundle.compression
                with warnings.catch_warnings(action="ignore"):  # a name that stands twice
                    bundle.writestr(info, content)
    except (ValueError, UnicodeError):
        return change(data, random)
    return packed.getvalue()


# ---------------------------------------------------------------- snapshot files


def _snapshot(data: bytes, random: Random, change: Change) -> bytes:
    """Change a value, a key or a line of a snapshot file; mostly its digest and its seal are made right again."""
    lines = data.split(b"\n")
    place = random.choice((0, random.randrange(len(lines)), random.randrange(len(lines))))
    try:
        content = json.loads(lines[place])
    except (ValueError, RecursionError):
        return change(data, random)
    if random.random() < 0.2:
        lines = _lines(data, random).split(b"\n")
    else:
        lines[place] = _canonical(_other_value(content, random, change))
    return sealed(b"\n".join(lines)) if random.random() < 0.8 else b"\n".join(lines)


def _other_value(content: Any, random: Random, change: Change) -> Any:
    """Return JSON with a value of it changed, by its type or to another one."""
    if isinstance(content, dict) and content and random.random() < 0.85:
        key = random.choice(list(content))
        match random.randrange(12):
            case 0:
                return {other: value for other, value in content.items() if other != key}
            case 1:
                return {**content, _text(key, random, change): content[key]}
            case _:
                return {**content, key: _other_value(content[key], random, change)}
    if isinstance(content, list) and content and random.random() < 0.85:
        place = random.randrange(len(content))
        return [*content[:place], _other_value(content[place], random, change), *content[place + 1 :]]
    if isinstance(content, str) and random.random() < 0.7:
        return _text(content, random, change)
    if isinstance(content, int) and random.random() < 0.5:
        return random.choice((0, 1, -1, content + 1, 2**63, 2**64, 10**400, True, 1.5, float("nan"), float("inf")))
    others: tuple[Any, ...] = (None, True, 0, -1, 1.5, "", "\ud800", "a\nb", [], [""], [[]], {}, {"": ""}, "x" * 70_000)
    return random.choice((*others, [content], {"x": content}))


def _text(text: str, random: Random, change: Change) -> str:
    return change(text.encode("utf-8", "surrogatepass"), random).decode("utf-8", "replace")


def _canonical(content: Any) -> bytes:
    text = json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return text.encode("utf-8", "surrogatepass")


def sealed(data: bytes) -> bytes:
    """Return a snapshot file with counts, digest and seal that are right for its lines, as its format says them."""
    try:
        *lines, _ = data.split(b"\n")
        contents = [json.loads(line) for line in lines]
        header = contents[0]["tracker_snapshot"]
        head = {"absent": sorted(header["absent"]), "code_set": header["code_set"], "complete": header["complete"]}
        digest = sha256(_canonical({**head, "fields": sorted(header["fields"])}) + b"\n")
        kinds: Counter[str] = Counter()
        for line, content in zip(lines[1:], contents[1:], strict=True):
            if record := content.get("record"):
                digest.update(f"{record['code']} {sha256(line).hexdigest()}\n".encode())
                kinds[record["kind"]] += 1
        counts = {"codes": kinds.total(), **{f"{key}s": sum(key in one for one in contents) for key in _OTHERS}}
        header |= {"digest": digest.hexdigest(), "counts": counts | kinds}
        lines[0] = _canonical({"tracker_snapshot": header})
        if "seal" in contents[-1]:
            body = b"".join(line + b"\n" for line in lines[:-1])
            lines[-1] = _canonical({"seal": {**contents[-1]["seal"], "sha256": sha256(body).hexdigest()}})
    except Exception:  # noqa: BLE001 - it is no snapshot file any more
        return data
    return b"".join(line + b"\n" for line in lines)


_OTHERS: Final = ("problem", "note")


# ---------------------------------------------------------------- databases


def _sqlite(data: bytes, random: Random, change: Change) -> bytes:
    """Change the pages of a database, or what its tables hold."""
    if random.random() < 0.35:
        return _stated(data, random, change)
    size = 4096
    pages = [data[place : place + size] for place in range(0, len(data), size)] or [b""]
    one, other = random.randrange(len(pages)), random.randrange(len(pages))
    match random.randrange(6):
        case 0:
            pages[one] = pages[other]
        case 1:
            pages[one] = bytes(size)
        case 2:
            pages = pages[: one + 1]
        case 3:  # the header of the file, or of a page
            head = bytearray(pages[one])
            if head:
                head[random.randrange(min(100 if one == 0 else 12, len(head)))] = random.choice((0, 1, 2, 5, 127, 255))
            pages[one] = bytes(head)
        case _:
            pages[one] = change(pages[one], random)[:size].ljust(size, b"\0")
    return b"".join(pages)


def _stated(data: bytes, random: Random, change: Change) -> bytes:
    """Change rows, or the tables themselves, by a statement; what is no database is changed as bytes."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    try:
        connection.deserialize(data)
        names = "SELECT name FROM sqlite_master WHERE type = 'table'"
        table = random.choice([name for (name,) in connection.execute(names)])
        columns = [row[1] for row in connection.execute(f'PRAGMA table_info("{table}")')]
        column = random.choice(columns)
        match random.randrange(8):
            case 0:
                connection.execute(f'DELETE FROM "{table}"')
            case 1:
                connection.execute(f'DROP TABLE "{table}"')
            case 2:
                connection.execute(f'ALTER TABLE "{table}" RENAME COLUMN "{column}" TO "other"')
            case _:
                (value,) = random.choice(connection.execute(f'SELECT "{column}" FROM "{table}"').fetchall() or [(b"",)])
                raw = value.encode("utf-8", "replace") if isinstance(value, str) else str(value).encode()
                texts = (None, -1, 2**63 - 1, 1.5, "", value, change(raw, random).decode("utf-8", "replace"), raw)
                connection.execute("PRAGMA ignore_check_constraints = on")
                connection.execute(f'UPDATE OR IGNORE "{table}" SET "{column}" = ?', (random.choice(texts),))
        return bytes(connection.serialize())
    except (sqlite3.Error, IndexError, UnicodeError, MemoryError):  # the last: of nothing at all
        return change(data, random)
    finally:
        connection.close()
