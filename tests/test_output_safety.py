"""What commands print, with hostile texts stored, in file names and on the command line: nothing of it does anything.

What they write to files is held by `tests/report/hostile.py`.
"""

from __future__ import annotations

import csv
import io
import json
import os
import pty
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.app.conftest import Run, home, run  # noqa: F401 - fixtures
from tests.report.hostile import HIDDEN
from tests.support import only_on, values

pytestmark = only_on("sqlite", "what is printed does not depend on the database")

ATTACK = (
    "\x1b[31mred\x1b]0;title\x07 \x1b]8;;http://a.example\x1b\\x \x9b31m \u202eabc\u2066 \u200b\U000e0041\n"
    " [bold]x[/bold]"
)
IN_TEXT = "Bread \u202egnp.exe\u2066 \u2028 [bold]x[/bold] [link=http://a.example]y[/link] \U000e0041 \u061c =1+1"
"""What reading leaves of an attack: it drops controls."""

NAME = f"HCPC {ATTACK.replace('/', '|')}.csv"

POLICY = f"""
[[waiver]]
event = "coverage-changed"
until = 2999-12-31
codes = ["J1940"]
reason = {json.dumps("because " + IN_TEXT, ensure_ascii=False)}
"""

COMMANDS: tuple[list[str], ...] = (
    ["releases"],
    ["diff", "2025", "2026"],
    ["diff", "2025", "2026", "--format", "json"],
    ["diff", "2025", "2026", "--format", "csv"],
    ["report", "2025", "2026"],
    ["report", "2025", "2026", "--format", "html"],
    ["report", "2025", "2026", "--format", "markdown"],
    ["changelog", "2025", "2026"],
    ["history", "J1940"],
    ["show", "J1940"],
    ["search", "bread"],
    ["search", ATTACK],
    ["problems", "2025"],
    ["problems", "2025", "--format", "json"],
    ["export", "2025"],
    ["export", "2025", "--format", "jsonl"],
    ["valid", "J1940", "--on", "2026-01-01"],
    ["impact", "LIST", "2025", "2026"],
    ["impact", "LIST", "2025", "2026", "--format", "csv"],
    ["valid", "--list", "LIST", "--on", "2026-01-01"],
    ["audit", "2025", "2026"],
    ["doctor"],
    ["doctor", "--format", "json"],
    ["verify"],
    ["verify", "--format", "json"],
    ["rebuild"],
    [],
    # what is wrong
    ["impact", ATTACK, "2025", "2026"],
    ["diff", ATTACK, "2026"],
    ["diff", "2025", "2026", "-o", f"{ATTACK}.doc"],
    ["diff", "2025", "2026", f"--{ATTACK}"],
    ["search", "x", "--letter", ATTACK],
    [ATTACK],
    ["show", ATTACK],
    ["import", ATTACK],
    ["import", "BAD"],
    ["diff", "2025", "2026", "-o", ATTACK],
    ["diff", "2025", "2026", "--format", "xlsx"],
)

DRIVER = """
import json, sys
sys.path.insert(0, sys.argv[1])
from tracker.cli import main
for arguments in json.loads(sys.argv[2]):
    sys.argv = ["tracker", *arguments]
    try:
        main()
    except SystemExit:
        pass
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
"""

PROGRAMS_OWN = re.compile(r"\x1b\[[0-9;]*m|\x1b\[\?25[lh]|\x1b\[[0-9]*[KAG]|\r")
"""Colours, and what makes a line of progress go."""


@pytest.fixture
def hostile(run: Run, tmp_path: Path) -> Path:  # noqa: F811
    """Give a folder with a list whose name attacks, beside a home in which everything does."""
    (folder := tmp_path / "folder" / "in").mkdir()
    plain = values("J1940", LONG_DESCRIPTION=IN_TEXT)
    for name, label, records in (
        (NAME, "2025", {"J1940": plain, "J1941": plain}),
        (f"wrong {NAME}", "2026", {"J1940": {**plain, "LONG DESCRIPTION": f"{IN_TEXT} and butter"}, "J1941": plain}),
        (NAME, "2026", {"J1940": {**plain, "LONG DESCRIPTION": f"New {IN_TEXT}", "COV": "D"}, "J1941": plain}),
    ):
        text = io.StringIO()
        writer = csv.DictWriter(text, ["HCPC", *plain])
        writer.writeheader()
        writer.writerows({"HCPC": code, **record} for code, record in records.items())
        (folder / name).write_text(text.getvalue(), encoding="utf-8")
        outcome = run("import", folder / name, "--release", label, "--complete")
        assert outcome.code == 0, outcome.err
        assert not HIDDEN.search(outcome.out + outcome.err)
    assert run("withdraw", "2026@1", "--reason", ATTACK).code == 0
    (folder / "tracker.toml").write_text(POLICY, encoding="utf-8")
    (folder / f"{NAME}.csv").write_text(f"Code,{IN_TEXT}\nJ1940,{IN_TEXT}\nJ1941,=1+1\n", encoding="utf-8")
    (folder / f"bad {NAME}").write_bytes(b"\x1b[31m\xff\x00 no release")
    return folder


def on_a_terminal(folder: Path, commands: list[list[str]], **environment: str) -> str:
    """Return what a terminal gets of commands, standard error with it."""
    leader, follower = pty.openpty()
    arguments = [sys.executable, "-c", DRIVER, str(Path(__file__).parents[1]), json.dumps(commands)]
    env = {**os.environ, "TERM": "xterm-256color", "COLUMNS": "100", **environment}
    with subprocess.Popen(arguments, stdin=follower, stdout=follower, stderr=follower, cwd=folder, env=env) as running:
        os.close(follower)
        told = b""
        while piece := _read(leader):
            told += piece
        os.close(leader)
    assert running.returncode == 0
    return told.decode()


def _read(terminal: int) -> bytes:
    try:
        return os.read(terminal, 1 << 16)
    except OSError:  # the other end is closed
        return b""


def commands(folder: Path) -> list[list[str]]:
    names = {"LIST": f"{NAME}.csv", "BAD": f"bad {NAME}"}
    return [[names.get(word, word) for word in command] for command in COMMANDS]


@pytest.mark.parametrize("colour", [True, False])
def test_a_terminal_gets_nothing_but_the_programs_own_colours(hostile: Path, colour: bool) -> None:
    told = on_a_terminal(hostile, commands(hostile), **({} if colour else {"NO_COLOR": "1"}))
    assert "a defect in tracker" not in told
    assert "Bread [U+202E]gnp.exe" in re.sub(r"\s+", " ", PROGRAMS_OWN.sub("", told))
    assert told.count("[bold]x[/bold]") > 40
    assert "because Bread" in told
    assert ("\x1b[1m" in told) is colour
    plain = PROGRAMS_OWN.sub("", told)
    assert HIDDEN.findall(plain) == []
    assert "\x07" not in plain


def test_what_is_said_is_one_harmless_line_each(
    run: Run,  # noqa: F811
    hostile: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(hostile)
    for command in commands(hostile):
        outcome = run(*command)
        assert not HIDDEN.search(outcome.err.replace("\n", "")), command
        assert "Traceback" not in outcome.err, command
        assert "a defect" not in outcome.err, command
        assert len(outcome.err.splitlines()) <= (4 if outcome.code == 2 else 1), outcome.err
        shown = command[command.index("--format") + 1] if "--format" in command else "text"
        if shown in {"text", "html"} and command[:1] != ["export"]:
            assert not HIDDEN.search(outcome.out), command
        elif shown == "json":
            json.loads(outcome.out)


def test_programs_get_the_texts_themselves(run: Run, hostile: Path) -> None:  # noqa: F811
    """JSON Lines hold what is stored; CSV too, but for the guard; JSON of a report likewise."""
    kept = json.loads(run("export", "2025", "--format", "jsonl").out.splitlines()[0])["long_description"]
    assert "\u202egnp.exe" in kept
    (row, _) = csv.DictReader(io.StringIO(run("export", "2025").out, newline=""))
    assert row["long_description"] == kept
    changes = json.loads(run("diff", "2025", "2026", "--format", "json").out)
    assert "\u202eabc" in changes["new"]["source"]["name"]
    (change,) = [one for one in changes["changes"] if one["code"] == "J1940"]
    assert kept in [field["old"] for field in change["fields"]]


@pytest.mark.parametrize(
    "command",
    [
        ["diff", "2025", "2026"],
        ["report", "2025", "2026"],
        ["changelog", "2025", "2026"],
        ["history", "J1940"],
        ["search", "bread"],
        ["impact", "list.csv", "2025", "2026"],
        ["valid", "--list", "list.csv"],
        ["export", "2025"],
    ],
)
def test_a_dash_is_no_file(run: Run, command: list[str], tmp_path: Path) -> None:  # noqa: F811
    outcome = run(*command, "-o", "-")
    assert (outcome.code, outcome.out) == (2, "")
    assert "- is no file: leave out -o to write to standard output" in " ".join(outcome.err.split())
    assert list((tmp_path / "folder").iterdir()) == []
