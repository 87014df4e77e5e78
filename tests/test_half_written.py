"""A file that is asked for is written whole or not at all, by every command and in every format.

Where writing fails in the middle, what stood there is the same to the byte, and nothing else lies beside it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.app.conftest import Run, home, run  # noqa: F401 - fixtures
from tests.support import only_on, record_text, values
from tracker.home import Home
from tracker.model import ExportFormat, Format

pytestmark = only_on("sqlite", "where a table comes from changes nothing of how it is written")

REPORT = [one.endings[0] for one in Format]
EXPORT = [one.value for one in ExportFormat]
COMMANDS: dict[str, tuple[list[str], list[str]]] = {
    "diff": (["diff", "2025", "2026"], REPORT),
    "report": (["report", "2025", "2026"], REPORT),
    "changelog": (["changelog", "2025", "2026"], REPORT),
    "history": (["history", "J1940"], ["txt", "json", "html", "md"]),
    "search": (["search", "description"], REPORT),
    "impact": (["impact", "list.csv", "2025", "2026"], REPORT),
    "valid": (["valid", "--list", "list.csv"], REPORT),
    "export": (["export", "2025", "2026"], EXPORT),
    "export changes": (["export", "--changes", "2025", "2026"], EXPORT),
    "export validity": (["export", "--validity"], EXPORT),
}
EVERYWHERE = [(name, ending) for name, (_, endings) in COMMANDS.items() for ending in endings]
OLD = b"what stood there"


@pytest.fixture
def folder(run: Run, tmp_path: Path) -> Path:  # noqa: F811
    """Give the folder of commands, with a list in it, beside a home with two releases."""
    codes = [f"J{number:04}" for number in range(1900, 2000)]
    for label, changed in (("2025", {}), ("2026", {"COV": "D", "LONG_DESCRIPTION": "Another text"})):
        path = tmp_path / f"{label}.txt"
        path.write_bytes(record_text({code: values(code, **changed) for code in codes}))
        assert run("import", path, "--release", label, "--complete").code == 0
    rows = "".join(f"{code},2026-01-01,x\n" for code in codes)
    (tmp_path / "folder" / "list.csv").write_text(f"Code,Day,Own\n{rows}")
    return tmp_path / "folder"


def content(folder: Path) -> dict[str, bytes]:
    """Return all that lies in a folder, hidden files too."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


class Broken:
    """Pieces that stop in the middle, as where a renderer has a defect or a row cannot be read."""

    def __init__(self, pieces: bytes | Iterator[bytes]) -> None:
        self.pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        whole = self.pieces if isinstance(self.pieces, bytes) else b"".join(self.pieces)
        yield whole[: len(whole) // 2]
        raise ArithmeticError("in the middle")


@pytest.fixture
def break_writing(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let the content of a file whose name says so stop in its middle."""

    def broken() -> None:
        from tracker.app import write_report

        write = write_report.write_files

        def write_broken(files: Iterator[tuple[Path, bytes | Iterator[bytes]]], place: Home) -> None:
            write(((path, Broken(data) if "broken" in path.name else data) for path, data in files), place)

        monkeypatch.setattr(write_report, "write_files", write_broken)

    return broken


@pytest.mark.parametrize("name", COMMANDS)
def test_what_stood_there_stays_where_rendering_fails(
    run: Run,  # noqa: F811
    folder: Path,
    break_writing: Callable[[], None],
    name: str,
) -> None:
    """Of several files too: none is written if one fails, wherever it stands among them."""
    command, endings = COMMANDS[name]
    for ending in endings:
        (folder / f"broken.{ending}").write_bytes(OLD)
    before = content(folder)
    break_writing()
    for ending in endings:
        for files in ([f"new.{ending}", f"broken.{ending}"], [f"broken.{ending}", f"b.{ending}"]):
            outcome = run(*command, *(word for file in files for word in ("-o", file)))
            assert outcome.code == 3
            assert "in the middle" in outcome.err
            assert "written: " not in outcome.err
            assert content(folder) == before
    assert run(*command, "-o", f"whole.{endings[0]}").code == 0


DRIVER = """
import json, resource, sys
sys.path.insert(0, sys.argv[1])
import tempfile
from tracker.cli import main
def limited(most):
    resource.setrlimit(resource.RLIMIT_FSIZE, (most, resource.RLIM_INFINITY))
for arguments, most in json.loads(sys.argv[2]):
    sys.argv = ["tracker", *arguments]
    limited(most)
    try:
        main()
    except SystemExit as stop:
        limited(resource.RLIM_INFINITY)
        print("\\nended", stop.code)
"""


def test_what_stood_there_stays_where_the_disk_is_full(folder: Path) -> None:
    """Every command and format, with room for the begin of a file."""
    given = []
    for name, ending in EVERYWHERE:
        given.append(([*COMMANDS[name][0], "-o", f"old.{ending}"], 60))
    endings = {ending for _, ending in EVERYWHERE}
    for ending in endings:
        (folder / f"old.{ending}").write_bytes(OLD)
    before = content(folder)
    done = subprocess.run(
        [sys.executable, "-c", DRIVER, str(Path(__file__).parents[1]), json.dumps(given)],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    ends = [line for line in done.stdout.splitlines() if line.startswith("ended ")]
    told = done.stderr.splitlines()
    assert "a defect in tracker" not in done.stderr, done.stderr
    assert "written: " not in done.stderr
    assert ends == ["ended 3"] * len(given)
    assert len(told) == len(given), [line for line in told if not line.startswith("error: ")]
    assert content(folder) == before


@pytest.mark.parametrize("name", COMMANDS)
def test_nothing_is_written_into_what_is_stored(run: Run, folder: Path, name: str) -> None:  # noqa: F811
    stored = folder.parent / "home"
    before = content(stored / "snapshots"), (stored / "tracker.db").read_bytes()
    command, endings = COMMANDS[name]
    (folder / "link.html").symlink_to(stored / "snapshots" / "2025.r1.jsonl")
    for target in (stored / "snapshots" / "2025.r1.jsonl", stored / "snapshots" / "new", stored / "tracker.db"):
        outcome = run(*command, "--format", _format(name, endings), "-o", f"first.{endings[0]}", "-o", target)
        assert outcome.code == 3
        assert "belongs to what is stored" in outcome.err
    assert run(*command, "--format", _format(name, endings), "-o", "link.html").code == 3
    assert (content(stored / "snapshots"), (stored / "tracker.db").read_bytes()) == before
    assert sorted(content(folder)) == ["link.html", "list.csv"]


def _format(name: str, endings: list[str]) -> str:
    return endings[1] if name.startswith("export") else "json"


def test_one_file_that_is_named_twice_is_written(run: Run, folder: Path) -> None:  # noqa: F811
    outcome = run("diff", "2025", "2026", "-o", "a.csv", "-o", "./a.csv")
    assert outcome.code == 0
    assert (folder / "a.csv").read_bytes() == run("diff", "2025", "2026", "--format", "csv").out.encode()
    assert sorted(content(folder)) == ["a.csv", "list.csv"]
