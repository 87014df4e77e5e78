"""The README shows what the program prints."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

CHECKOUT = Path(__file__).parents[1]
README = (CHECKOUT / "README.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"^```console\n\$ (.+?)\n(.*?)^```", README, re.MULTILINE | re.DOTALL)


def test_there_is_an_example() -> None:
    assert [command for command, _ in EXAMPLES] == ["tracker diff 2025 2026", "tracker valid J1940 --on 2025-04-01"]


@pytest.mark.parametrize(("command", "shown"), EXAMPLES)
def test_an_example_prints_what_is_shown(command: str, shown: str, tmp_path: Path) -> None:
    """A line `…` stands for any lines, an `…` at a line's end for the rest of it."""
    environment = {"TRACKER_HOME": str(tmp_path)}
    program = [sys.executable, "-c", "from tracker.cli import main; main()"]
    subprocess.run([*program, "import", CHECKOUT / "snapshots"], env=environment, check=True, capture_output=True)
    done = subprocess.run(
        [*program, *shlex.split(command)[1:]], env=environment, check=True, capture_output=True, text=True
    )
    pattern = "".join(
        r"(?:.*\n)*?" if line.strip() == "…" else re.escape(line).replace("…", ".*") + r"\n"
        for line in shown.splitlines()
    )
    assert re.fullmatch(pattern + r"(?:.*\n)*", done.stdout)


def test_every_command_of_the_readme_exists() -> None:
    help_text = subprocess.run(
        [sys.executable, "-c", "from tracker.cli import main; main()", "--help"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    commands = set(re.findall(r"^  (\w+)  +", help_text, re.MULTILINE))
    assert commands == set(re.findall(r"(?<=tracker )[a-z]+(?=[ `])", README)) & commands
    assert len(commands) == 19
