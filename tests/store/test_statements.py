"""Values reach the database as bound parameters only, and no name in a statement comes from what was read."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final

import pytest
from sqlalchemy import inspect

import tracker
from tests.support import NOW, record_text, values
from tracker.api import Tracker
from tracker.app.import_release import Options, import_path
from tracker.app.stored import open_stored
from tracker.app.verify import verify
from tracker.app.withdraw import withdraw
from tracker.errors import StoreError, TrackerError
from tracker.home import Home
from tracker.model import Sealed, SealedRecord
from tracker.store.store import Store
from tracker.store.tables import metadata

MakeSealed = Callable[..., Sealed]
PACKAGE = Path(tracker.__file__).parent

SQL: Final = re.compile(
    r"\s*(SELECT|INSERT|UPDATE|DELETE|COPY|WITH|ANALYZE|VACUUM|PRAGMA|BEGIN|SET|CREATE|DROP|ALTER|ATTACH|TRUNCATE|GRANT)"
    r"\b[^a-z]"
)
"""How our statements begin: with a verb in capitals, and something else than a sentence behind it."""

MADE_OF_OUR_WORDS: Final = {
    "ANALYZE {table.name}": "a table of tables.py",
    "COPY {table.name} ({columns}) FROM STDIN": "a table of tables.py, and a constant of writer.py",
    "INSERT INTO {table.name} ({columns}) VALUES ({marks})": "as above; the marks are question marks",
    "SELECT * FROM {view} LIMIT 0": "a view of store.py's constant VIEWS",
    "SET LOCAL lock_timeout = '{WAIT_SECONDS}s'": "a number of database.py; a setting takes no parameter",
    "SELECT pg_advisory_xact_lock({ADVISORY_LOCK})": "a number of database.py",
}
"""The statements that have places, and what goes into them: never anything that was read."""


def made_up(source: str) -> Iterator[str]:
    """Yield the statements of a module that are put together: with places, added to, filled in, or joined."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.JoinedStr():
                text = "".join(
                    str(part.value) if isinstance(part, ast.Constant) else f"{{{ast.unparse(part.value)}}}"
                    for part in node.values
                    if isinstance(part, ast.Constant | ast.FormattedValue)
                )
                if SQL.match(text) and "{" in text:
                    yield text
            case ast.BinOp(left=ast.Constant(value=str(text)), op=ast.Add() | ast.Mod()) if SQL.match(text):
                yield ast.unparse(node)
            case ast.Call(func=ast.Attribute(value=ast.Constant(value=str(text)))) if SQL.match(text):
                yield ast.unparse(node)


def places(source: str) -> Iterator[ast.Call]:
    """Yield the calls of a module that let a driver run a statement."""
    names = {"execute", "executemany", "executescript", "exec_driver_sql", "copy_expert"}
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Call) and getattr(node.func, "attr", "") in names:
            yield node


@pytest.mark.parametrize("path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: str(path.relative_to(PACKAGE)))
def test_statements_are_constants_or_made_of_our_own_words(path: Path) -> None:
    assert set(made_up(path.read_text())) <= MADE_OF_OUR_WORDS.keys()


def test_each_statement_that_is_allowed_to_be_put_together_is_there() -> None:
    found = {text for path in PACKAGE.rglob("*.py") for text in made_up(path.read_text())}
    assert found == MADE_OF_OUR_WORDS.keys()


def test_only_the_store_lets_a_driver_run_statements() -> None:
    rooms = {path.parent.name for path in PACKAGE.rglob("*.py") if list(places(path.read_text()))}
    assert rooms == {"store"}


@pytest.mark.parametrize(
    "source",
    [
        "rows(f'SELECT * FROM release WHERE label = {label!r}')",
        "rows('SELECT * FROM release WHERE label = ' + label)",
        "rows('DELETE FROM release WHERE label = %s' % label)",
        "rows('SELECT * FROM {}'.format(name))",
        "rows(' SELECT '.join(names))",
        'QUERY = f"""\n    SELECT payload FROM {name}"""',
    ],
)
def test_the_rule_sees_what_it_forbids(source: str) -> None:
    assert len(list(made_up(source))) == 1


# ---------------------------------------------------------------- what goes in comes out

HOSTILE: Final = (
    "'; DROP TABLE release; --",
    '"; DELETE FROM record_version; --',
    "') UNION SELECT payload FROM release_note --",
    ":name :release_id :code :: ::text",
    "%s %(name)s %% ?1 $1 {} {0} {name}",
    "back\\slash \\' \\x00 \\N \\.",
    "$$; DROP TABLE release; $$",
    "E'\\'' /* comment */ # -- ;",
    "tab\there, line\nand return\r\nend",
    "50% of \u00b5g \u2014 \U0001f489 \u202e",
)


def tables(store: Store) -> set[str]:
    return set(inspect(store._database.core).get_table_names())


def test_a_store_gives_back_what_it_was_given(store: Store, make_sealed: MakeSealed) -> None:
    before = tables(store)
    lines = {code: json.dumps({"record": {"code": code}}) for code in sorted(HOSTILE, key=str.encode)}
    records = tuple(SealedRecord(code, sha256(line.encode()).digest(), line, code) for code, line in lines.items())
    sealed = make_sealed(HOSTILE[0], {}, problems=HOSTILE, notes=HOSTILE[::-1], code_set=HOSTILE[1])
    sealed = Sealed(sealed.release, HOSTILE[2], records, sealed.problems, sealed.notes)
    with store.importing() as writer:
        number = writer.insert(sealed, HOSTILE[3])
        writer.withdraw(number, HOSTILE[4])
    (release,) = store.releases(HOSTILE[1])
    assert (release.label, release.header, release.archive_stamp, release.withdrawn) == (
        *(HOSTILE[0], HOSTILE[2]),
        *(HOSTILE[3], HOSTILE[4]),
    )
    assert list(store.sealed(number)) == list(records)
    assert (tuple(store.problems(number)), tuple(store.notes(number))) == (HOSTILE, HOSTILE[::-1])
    assert store.codes(HOSTILE[1]) == [record.code for record in records]
    for record in records:
        assert store.record(number, record.code) == record.line
        assert store.versions_of(HOSTILE[1], record.code) == [(number, record.line)]
    for words in HOSTILE[2:]:
        assert store.releases(words) == []
        assert store.versions_of(words, words) == []
    with store.importing() as writer:
        writer.delete(number)
    assert tables(store) == before >= set(metadata.tables)


def test_a_nul_is_stored_as_it_is_or_refused_in_a_sentence(store: Store, make_sealed: MakeSealed) -> None:
    try:
        with store.importing() as writer:
            writer.insert(make_sealed("2026", {"A1": "x"}), "be\0tween")
    except StoreError as error:
        assert "NUL" in str(error).upper()  # noqa: PT017 - either may happen
        assert store.releases("hcpcs") == []
    else:
        assert [release.archive_stamp for release in store.releases("hcpcs")] == ["be\0tween"]


@pytest.mark.parametrize("words", HOSTILE)
def test_names_descriptions_reasons_and_questions_are_only_words(words: str, empty_home: Home, tmp_path: Path) -> None:
    home = empty_home
    name = f"{words.replace('/', '')} 2025.txt"
    text = " ".join(words.encode("cp1252", "ignore").decode("cp1252").split())
    for year in (2025, 2026):
        path = tmp_path / (name if year == 2025 else "HCPC2026.txt")
        records = {code: values(code, LONG_DESCRIPTION=text, ACT_EFF_DT=f"{year}0101") for code in ("A1", "J0001")}
        path.write_bytes(record_text(records))
        with open_stored(home, to_write=True) as stored:
            import_path(stored, path, Options(str(year), complete=True), NOW)
    with open_stored(home, to_write=True) as stored:
        withdraw(stored, "2026@1", words, NOW)

    with Tracker(home) as opened:
        assert opened.show("J0001", release="2025").values["long_description"] == text
        told = {release.label: (release.source.name, release.withdrawn) for release in opened.releases()}
        assert told["2025"][0] == re.sub(r"[\x00-\x1f]", "\N{REPLACEMENT CHARACTER}", name)
        assert told["2026"][1] == " ".join(words.split())
        for ask in (opened.show, opened.history, opened.search, opened.problems, opened.release):
            with suppress(TrackerError):  # there is none of that name
                ask(words)
        with suppress(TrackerError):
            opened.diff(words, words)
        with suppress(TrackerError):
            opened.valid(words, "2025-01-01")
    with open_stored(home) as stored:
        assert tables(stored.store) >= set(metadata.tables)
        assert len(stored.revisions) == 2
    assert verify(home).differences == ()
