"""No command uses the network but `fetch` and `check`, and no module does when it is imported.

All modules are imported and all commands run, with the examples of their own help, where every socket is forbidden: an
audit hook, which Python's own calls cannot pass, writes each attempt down and refuses it. Where the system allows it,
all of it happens in an empty network as well, for what is not Python's.
"""

from __future__ import annotations

import json
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.support import only_on
from tests.test_help_examples import COMMANDS, EXAMPLES, TOLD_OF, files

CHECKOUT = Path(__file__).parents[1]
NETWORK = {"fetch", "check"}
MORE = (
    "tracker",
    "tracker --help",
    "tracker doctor --format json",
    "tracker report 2025 2026 -o more.html -o more.xlsx -o more.md -o more.csv -o more.json",
    "tracker export 2026 -o more.parquet",
    "tracker export 2026 -o more.xlsx",
    "tracker releases",
)
"""What the examples leave out: all formats, and what imports the most."""

RUNNER = """
import importlib, io, json, pkgutil, shlex, sys

attempts = []

def refuse(event, arguments):
    if event.startswith(("socket.", "http.client.", "urllib.", "ftplib.", "smtplib.", "webbrowser.")):
        attempts.append(event)
        raise PermissionError(f"forbidden here: {event}")

sys.addaudithook(refuse)
import tracker

names = [module.name for module in pkgutil.walk_packages(tracker.__path__, "tracker.")]
for name in names:
    if name != "tracker.__main__":
        importlib.import_module(name)
found = {"modules": names, "on import": attempts[:], "commands": {}}

from tracker import cli, publisher
from tracker.app import checks

checks.WHOLE = 1  # so that small releases are taken for whole ones
once = publisher.Limits(attempts=1)
publisher.Limits = lambda: once
commands, report = sys.argv[1:]
for command in json.loads(commands):
    attempts.clear()
    sys.argv = shlex.split(command)
    sys.stdout, sys.stderr = (io.TextIOWrapper(io.BytesIO(), write_through=True) for _ in "12")
    try:
        cli.main()
    except SystemExit as stop:
        code = stop.code or 0
    told = sys.stderr.buffer.getvalue().decode()
    sys.stdout, sys.stderr = sys.__stdout__, sys.__stderr__
    found["commands"][command] = {"code": code, "told": told, "attempts": attempts[:]}
with open(report, "w") as file:
    json.dump(found, file)
"""


@dataclass(frozen=True)
class Ran:
    """How a command ended, what it said on standard error, and what of the network it tried to use."""

    code: int
    told: str
    attempts: list[str]


made = files  # the fixture: what the examples need


@only_on("sqlite", "a shared database is reached by the network; that is what it is for")
def test_nothing_but_fetch_and_check_uses_the_network(made: Path, database_kind: str) -> None:
    examples = [str(example.values[0]).strip() for example in EXAMPLES]
    assert {shlex.split(example)[1] for example in examples} == set(COMMANDS), "every command is tried"
    (runner := made / "runner.py").write_text(RUNNER, encoding="utf-8")
    report = made / "report.json"
    command = [*empty_network(), sys.executable, str(runner), json.dumps([*examples, *MORE]), str(report)]
    done = subprocess.run(command, cwd=made, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(report.read_text(encoding="utf-8"))

    sources = {path.relative_to(CHECKOUT) for path in (CHECKOUT / "tracker").rglob("*.py")} - {
        Path("tracker/__init__.py")
    }
    assert {name.replace(".", "/") for name in found["modules"]} == {
        str(path.parent if path.name == "__init__.py" else path.with_suffix("")) for path in sources
    }
    assert found["on import"] == []

    commands = {name: Ran(**ran) for name, ran in found["commands"].items()}
    offline = {name: ran for name, ran in commands.items() if not NETWORK & set(shlex.split(name)[1:2])}
    assert {name: ran.attempts for name, ran in offline.items() if ran.attempts} == {}
    told_of = {**TOLD_OF, "tracker doctor --format json": 1}
    assert {name: ran for name, ran in offline.items() if ran.code != told_of.get(name, 0)} == {}

    online = {name: ran for name, ran in commands.items() if name not in offline}
    assert {shlex.split(name)[1] for name in online} == NETWORK
    for ran in online.values():
        assert "socket.getaddrinfo" in ran.attempts, "else this test could not fail"
        assert ran.code == 3
        assert "www.cms.gov: cannot be reached or breaks off" in ran.told


def empty_network() -> list[str]:
    """Return the words before a command that give it a network with nobody in it; none where the system forbids it."""
    unshare = shutil.which("unshare")
    words = [unshare, "--map-root-user", "--net"] if unshare else []
    allowed = words and subprocess.run([*words, "true"], capture_output=True, check=False).returncode == 0
    return words if allowed else []
