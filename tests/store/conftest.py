"""Stores to test with: each test that asks for `place` runs on a SQLite file and on PostgreSQL."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import date
from hashlib import sha256
from pathlib import Path

import pytest

from tracker.model import Release, Sealed, SealedRecord, Source
from tracker.store.store import Store

MakeSealed = Callable[..., Sealed]


@pytest.fixture
def place(database: str | None, tmp_path: Path) -> Path | str:
    """Give a path or URL where there is no database yet."""
    return tmp_path / "tracker.db" if database is None else database


@pytest.fixture
def store(place: Path | str) -> Iterator[Store]:
    with Store.open(place) as store:
        yield store


@pytest.fixture
def make_sealed() -> MakeSealed:
    """Give a function that makes a small sealed snapshot: code -> text, and code -> unknown fields."""

    def make(
        label: str,
        texts: Mapping[str, str],
        unknown: Mapping[str, str] | None = None,
        *,
        revision: int = 1,
        code_set: str = "hcpcs",
        problems: Sequence[str] = (),
        notes: Sequence[str] = (),
    ) -> Sealed:
        unknown = unknown or {}
        records = []
        for code, text in sorted(texts.items()):
            line = f'{{"code":"{code}","text":"{text}","unknown":"{unknown.get(code, "")}"}}'
            records.append(SealedRecord(code, sha256(line.encode()).digest(), line, unknown.get(code, "")))
        digest = sha256(b"".join(record.digest for record in records)).hexdigest()
        release = Release(
            code_set=code_set,
            label=label,
            revision=revision,
            effective_date=date(2026, 1, 1),
            complete=True,
            fields=frozenset({"text"}),
            source=Source("HCPC2026.zip", 1, "ab" * 32, "zip"),
            counts={"codes": len(records)},
            digest=digest,
            imported_at="2026-01-01T00:00:00+00:00",
            program="0",
        )
        header = f'{{"label":"{label}","revision":{revision}}}'
        return Sealed(release, header, tuple(records), tuple(problems), tuple(notes))

    return make
