"""The examples in the commands' help work as they stand there."""

from __future__ import annotations

import re
import shlex
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest
from typer.main import get_command

from tests.fake_publisher import release_zip, running
from tests.hcpcs.builders import workbook_of, zip_of
from tests.support import record_text, values
from tracker import cli, publisher
from tracker.app import checks

CHECKOUT = Path(__file__).parents[1]
COMMANDS = get_command(cli.app).commands  # type: ignore[attr-defined]
EXAMPLES = [
    pytest.param(example, id=f"{name} {number}" if number else name)
    for name, command in COMMANDS.items()
    for number, example in enumerate(re.findall(r"tracker [^·]+", command.epilog))
]
TOLD_OF = {"tracker check --format json": 1, "tracker doctor": 1}
"""Those that end with 1 here: there is a newer release, and only excerpts are stored."""


@pytest.fixture
def files(tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Give a folder with the files that the examples name, a home with releases, and a publisher's page."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TRACKER_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(checks, "WHOLE", 1)  # so that small releases are taken for whole ones
    records = {code: values(code, ADD_DT="20150101") for code in ("A1", "J1940")}
    (tmp_path / "hcpcs-2025.zip").write_bytes(release_zip("HCPC2025_JAN_ANWEB_12172024", records))
    report = workbook_of([["HCPCS/Modifier Code", "Type of Change"], ["J1940", "ADD"]])
    (tmp_path / "2019-Alpha-Numeric-HCPCS-File.zip").write_bytes(zip_of({"HCPC2019_Trans_Report.xlsx": report}))
    (tmp_path / "chargemaster.csv").write_text("Item,HCPCS\n1,J1940\n2,99213\n", encoding="utf-8")
    (tmp_path / "claims.csv").write_text("HCPCS,DOS\nJ1940,2025-03-31\nJ1940,2025-04-01\n", encoding="utf-8")
    run("import", str(CHECKOUT / "snapshots"))
    for year in ("2018", "2019"):
        (tmp_path / f"{year}.txt").write_bytes(record_text(records))
        run("import", f"{year}.txt", "--release", year, "--excerpt")
    with running() as server:
        server.offer("october-2026-alpha-numeric-hcpcs-file.zip", release_zip("HCPC2026_OCT_ANWEB_v1", records))
        monkeypatch.setattr(publisher, "INDEX", server.index)
        yield tmp_path


def run(*arguments: str) -> int:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sys, "argv", ["tracker", *arguments])
        with pytest.raises(SystemExit) as stop:
            cli.main()
    import gc

    gc.enable()
    return int(stop.value.code or 0)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_does_what_it_says(
    files: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    capsys.readouterr()
    arguments = shlex.split(example)[1:]
    assert run(*arguments) == TOLD_OF.get(example.strip(), 0)
    told = capsys.readouterr()
    assert told.out or told.err
    assert "error" not in told.err
    outputs = [value for option, value in pairwise(arguments) if option == "-o"]
    assert all((files / output).stat().st_size for output in outputs)


def test_every_command_has_an_example() -> None:
    assert {name for name, command in COMMANDS.items() if f"tracker {name}" not in command.epilog} == set()
