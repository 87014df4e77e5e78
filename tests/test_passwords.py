"""A shared database's password is told to its server alone: no output, file, table, error or cause of one holds it.

Passwords stand between two marks, so that a piece of one is found as well as the whole.
"""

from __future__ import annotations

import gc
import io
import shlex
import sys
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import make_url

from tests.support import Outcome, only_on
from tests.test_help_examples import EXAMPLES, files
from tracker import api, cli
from tracker.errors import StoreError
from tracker.home import Home
from tracker.store.database import connect

made = files  # the fixture: what the commands' examples need

FIRST, LAST = "Qb7xV", "Zk9wJ"
SPECIAL = "".join(chr(number) for number in range(0x20, 0x7F) if not chr(number).isalnum()) + "\t\n%00%2F%zz%é\u202e"
COMMANDS = [
    *(str(example.values[0]).strip() for example in EXAMPLES),
    *("tracker", "tracker doctor --format json", "tracker releases", "tracker problems 2025"),
    *(
        "tracker show NONE",
        "tracker diff 1999 2025",
        "tracker import nowhere.zip",
        "tracker withdraw 2018@7 --reason x",
    ),
]

Run = Callable[[str], Outcome]


def finds(text: str | bytes) -> bool:
    """Whether a text holds a mark of the password; it may be packed in a zip, as a workbook is."""
    data = text.encode("utf-8", "surrogatepass") if isinstance(text, str) else text
    if data.startswith(b"PK"):
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            data += b"".join(bundle.read(name) for name in bundle.namelist())
    return FIRST.encode() in data or LAST.encode() in data


def told(error: BaseException | None) -> str:
    """Return all that an error tells: its last line in a traceback, its values, and those of its causes."""
    words = ""
    while error is not None:
        words += "".join(traceback.format_exception_only(error)) + f" {error.args!r}"
        error = error.__cause__ or error.__context__
    return words


def test_the_marks_are_found_where_they_are() -> None:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as bundle:
        bundle.writestr("x", f"a{FIRST}" * 99)
    assert finds(packed.getvalue())
    assert finds(f"x{LAST}")
    cause = ValueError(f"x{FIRST}")
    error = StoreError("x")
    error.__context__ = cause
    assert finds(told(error))
    assert not finds("Qb7 Zk9")


# ---------------------------------------------------------------- where the database cannot be reached

PLACES = (
    "postgresql://me:{}@127.0.0.1:1/codes",
    "postgresql+psycopg://me:{}@127.0.0.1:1/codes",
    "postgres://me:{}@[::1]:1/codes",
    "postgresql://127.0.0.1:1/codes?user=me&password={}",
    "postgresql://127.0.0.1:1/codes?password={}&user=me",
    "postgresql://me:{}@/codes?host=/nowhere",
    "postgresql://me:{}@127.0.0.1:1",
    "postgresql://me:{}@127.0.0.1:port/codes",
    "postgresql://me:{}@127.0.0.1:1/codes?sslmode=wrong",
    "postgresql://127.0.0.1:1/codes?user=me&sslmode={}",
    "postgresql://127.0.0.1:1/codes?user=me&connect_timeout={}",
    "postgresql://127.0.0.1:1/codes?user=me&target_session_attrs={}",
    "postgresql://127.0.0.1:1/codes?user=me&service={}",
    "postgresql://127.0.0.1:1/codes?user=me&options={}",
    "postgresql://127.0.0.1:1/codes?user=me&channel_binding={}",
    "postgresql://127.0.0.1:1/codes?{}=1",
    "postgresql://127.0.0.1:1/codes?{}",
    "postgresql://127.0.0.1:1/codes&password={}",
    "postgresql://127.0.0.1:1/codes;password={}",
    "mysql://me:{}@127.0.0.1:1/codes",
    "me:{}@127.0.0.1:1/codes",
    "{}",
    "://me:{}@127.0.0.1:1/codes",
    "host=127.0.0.1 port=1 user=me password={}",
)


@pytest.mark.parametrize("place", PLACES)
@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(middle=st.text(st.characters(codec="utf-8"), max_size=9), as_it_is=st.booleans())
@example(middle=SPECIAL, as_it_is=False)
@example(middle=SPECIAL, as_it_is=True)
@example(middle="@", as_it_is=True)
@example(middle="/", as_it_is=True)
@example(middle="?x=", as_it_is=True)
@example(middle="#", as_it_is=True)
@example(middle=":", as_it_is=True)
@example(middle="%", as_it_is=True)
@example(middle="[", as_it_is=True)
@example(middle="@h/d?password=", as_it_is=True)
def test_no_error_holds_a_piece_of_a_url(tmp_path: Path, place: str, middle: str, as_it_is: bool) -> None:
    password = FIRST + middle + LAST
    url = place.format(password if as_it_is else quote(password, safe=""))
    with pytest.raises(StoreError) as caught:
        api.Tracker(Home(tmp_path, url)).releases()
    assert not finds(told(caught.value))


# ---------------------------------------------------------------- every command


@pytest.fixture
def run(made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    """Run a command as a user types it; a defect, which this makes every traceback of, is told with all its causes."""
    monkeypatch.setenv("TRACKER_TRACEBACK", "1")

    def run_command(command: str) -> Outcome:
        monkeypatch.setattr(sys, "argv", shlex.split(command))
        code, defect = 0, ""
        try:
            cli.main()
        except SystemExit as stop:
            code = int(stop.code or 0)
        except Exception as error:  # noqa: BLE001
            code, defect = 3, told(error)
        gc.enable()
        printed = capsys.readouterr()
        return Outcome(code, printed.out, printed.err + defect)

    return run_command


def leaks(folder: Path, url: str) -> list[str]:
    """Return what holds the password: files of a folder, and rows of the database."""
    found = [
        str(path)
        for path in folder.rglob("*")
        if finds(str(path.name)) or (path.is_file() and finds(path.read_bytes()))
    ]
    database = connect(url)
    for (name,) in [*database.rows("SELECT tablename FROM pg_tables WHERE schemaname = current_schema()")]:
        found += [name for (row,) in database.rows(f"SELECT CAST(t AS text) FROM {name} t") if finds(row)]  # noqa: S608
    database.close()
    return found + [database.name] * finds(database.name)


@only_on("postgresql", "a SQLite file has no password")
@pytest.mark.parametrize("way", ["the URL", "the URL's options", "PGPASSWORD", "a password file", "a service"])
def test_no_command_tells_the_password_of_a_database_that_answers(
    made: Path, database: str, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    password = FIRST + "\"'!&%@:/? \\$é" + LAST
    url, secrets = make_url(database), tmp_path.parent / f"{tmp_path.name}-secrets"
    secrets.mkdir()
    match way:
        case "the URL":
            url = url.set(password=password)
        case "the URL's options":
            url = url.update_query_dict({"password": password})
        case "PGPASSWORD":
            monkeypatch.setenv("PGPASSWORD", password)
        case "a password file":
            (secrets / "pgpass").write_text(f"*:*:*:*:{FIRST}{LAST}\n", encoding="utf-8")
            (secrets / "pgpass").chmod(0o600)
            monkeypatch.setenv("PGPASSFILE", str(secrets / "pgpass"))
        case _:
            (secrets / "services").write_text(f"[codes]\npassword={FIRST}{LAST}\n", encoding="utf-8")
            monkeypatch.setenv("PGSERVICEFILE", str(secrets / "services"))
            url = url.update_query_dict({"service": "codes"})
    monkeypatch.setenv("TRACKER_DATABASE_URL", url.render_as_string(hide_password=False))
    commands = COMMANDS if way == "the URL" else ["tracker doctor", "tracker releases", "tracker show NONE"]
    outcomes = {command: run(command) for command in commands}
    assert [command for command, outcome in outcomes.items() if finds(outcome.out + outcome.err)] == []
    assert {command: outcome for command, outcome in outcomes.items() if "reached" in outcome.err} == {}
    assert leaks(made, url.render_as_string(hide_password=False)) == []


@only_on("postgresql", "a SQLite file has no password")
def test_no_command_tells_the_password_of_a_database_that_does_not_answer(
    made: Path, database: str, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    for place in PLACES:
        for middle in ("", "@", "%2"):
            monkeypatch.setenv("TRACKER_DATABASE_URL", place.format(FIRST + middle + LAST))
            commands = COMMANDS if place == PLACES[0] else [COMMANDS[0], "tracker doctor --format json"]
            for command in commands:
                outcome = run(command)
                assert not finds(outcome.out + outcome.err), (command, place)
                assert "defect" not in outcome.err
    assert leaks(made, database) == []


@only_on("postgresql", "a SQLite file has no password")
def test_no_defect_tells_the_password(made: Path, database: str, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    url = make_url(database).set(password=FIRST + LAST).render_as_string(hide_password=False)
    monkeypatch.setenv("TRACKER_DATABASE_URL", url)

    def fail(*_: object, **__: object) -> None:
        raise LookupError("a defect")

    for place in (
        "tracker.app.stored.Stored.currents",
        "tracker.store.database.PostgreSQL.rows",
        "sqlalchemy.create_engine",
    ):
        with monkeypatch.context() as patch:
            patch.setattr(place, fail)
            for command in ("tracker releases", "tracker doctor", "tracker diff 2025 2026"):
                outcome = run(command)
                assert "LookupError" in outcome.err, (command, place)
                assert not finds(outcome.out + outcome.err)
