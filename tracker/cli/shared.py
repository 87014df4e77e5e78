"""What all commands share: the application, options, progress, and what is printed."""

from __future__ import annotations

import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, TypeVar

import typer

from tracker.errors import TrackerError
from tracker.model import Format, Level

if TYPE_CHECKING:
    from tracker.app.stored import Stored
    from tracker.home import Home as Place
    from tracker.report.text import Line
    from tracker.report.view import ReportView

T = TypeVar("T")

app = typer.Typer(
    help="Keep every HCPCS release as a versioned snapshot, and say what changed between any two.",
    epilog="Start with: tracker import FILE, then: tracker diff 2025 2026",
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

HOME_HELP = "Folder with the archive (snapshots/); else TRACKER_HOME, the nearest one upward, your data folder."


def _home(context: typer.Context, value: Path | None) -> Path | None:
    """Let `--home` stand before or behind the command."""
    return value or context.obj


def known_events(names: list[str] | None) -> list[str] | None:
    """Refuse what is no event's id."""
    from tracker.hcpcs.event_list import EVENTS

    for name in names or ():
        if name not in EVENTS:
            raise typer.BadParameter(f"{name} is no event; the events are: {', '.join(EVENTS)}")
    return names


def release_labels(context: typer.Context, incomplete: str) -> list[str]:
    """Complete what means a stored release: a label, `latest` or `previous`; behind an `@`, a revision.

    It reads the names of the snapshot files alone, which takes no time; whatever is wrong is another command's to say.
    """
    with suppress(Exception):
        from tracker import archive
        from tracker.home import find_home

        named = context.params.get("home") or context.find_root().params.get("home")
        home = find_home(Path(named) if named else None, os.environ, Path.cwd(), archive.holds_snapshots)
        found = archive.files(home.snapshots)
        revisions = [f"{label}@{revision}" for label, revision in found] if "@" in incomplete else []
        labels = [*dict.fromkeys(label for label, _ in found), "latest", "previous"]
        return [word for word in (*labels, *revisions) if word.startswith(incomplete.lower())]
    return []


def event_ids(incomplete: str) -> list[str]:
    """Complete the id of an event."""
    from tracker.hcpcs.event_list import EVENTS

    return [name for name in EVENTS if name.startswith(incomplete)]


Home = Annotated[Path | None, typer.Option("--home", readable=False, help=HOME_HELP, callback=_home)]
Administrative = Annotated[
    bool, typer.Option("--administrative", help="List codes that changed in nothing but action code and date.")
]
FailOn = Annotated[
    Level | None, typer.Option(help="End with 1 if an event that no policy waives is of this level or more serious.")
]


def _no_dash(outputs: list[Path] | None) -> list[Path] | None:
    """Refuse `-`, which elsewhere means standard output: that is where everything goes that has no file."""
    if Path("-") in (outputs or ()):
        raise typer.BadParameter("- is no file: leave out -o to write to standard output")
    return outputs


def outputs_option(endings: str) -> Any:
    """Return the option that names the files to write; `endings` are those that it may have."""
    return typer.Option("--output", "-o", callback=_no_dash, help=f"Write to this file: {endings}; repeatable.")


Outputs = Annotated[list[Path] | None, outputs_option(".html, .md, .xlsx, .csv, .json or .txt")]
OutputFormat = Annotated[
    Format | None,
    typer.Option("--format", help="text, json, csv, html, markdown or xlsx; else as the file's ending says."),
]
Old = Annotated[
    str,
    typer.Argument(
        help="The older side: a label (2025, 2025-10, Oct 2025), a revision (2025@1), latest or previous.",
        autocompletion=release_labels,
    ),
]
New = Annotated[str, typer.Argument(help="The newer side.", autocompletion=release_labels)]
Everything = Annotated[bool, typer.Option("--all", help="On a terminal, show all instead of the first 50 a group.")]


class TextOrJson(StrEnum):
    """How a command tells what it found."""

    TEXT = "text"
    JSON = "json"


def format_of(output: Path | None, asked: Format | None = None) -> Format:
    """Return the format that was asked for, else the one that a file's ending names.

    Raises:
        typer.BadParameter: the ending names none.
    """
    ending = output.suffix.removeprefix(".").lower() if output else ""
    named = next((one for one in Format if ending in one.endings), None if ending else Format.TEXT)
    chosen = asked or named
    if chosen is None:
        raise typer.BadParameter(f"{output}: .{ending} names no format: say --format, or end in .html, .xlsx, .csv, …")
    return chosen


def files_of(outputs: list[Path] | None, asked: Format | None) -> list[tuple[Path, Format]]:
    """Return the files that are to be written, each with its format."""
    return [(path, format_of(path, asked)) for path in outputs or ()]


def write_files(files: Iterable[tuple[Path, T]], render: Callable[[T], bytes | Iterable[bytes]], home: Place) -> None:
    """Render and write all files: a mistake leaves none of them."""
    from tracker.app.write_report import write_files as write_all

    named = list(files)
    with working(f"Writing {', '.join(path.name for path, _ in named)}") if named else nullcontext():
        write_all(((path, render(chosen)) for path, chosen in named), home)
    for path, _ in named:
        say(f"written: {path}", err=True)


def today() -> date:
    """Return the day as of which waivers hold; reports that are to be the same tomorrow say `--date`."""
    return datetime.now().astimezone().date()


def fail_if_reached(view: ReportView, level: Level | None) -> None:
    """End with 1, after all is written, if what was asked to be told of is so."""
    from tracker.policy import reaches

    if level is not None and reaches(view.diff, level):
        raise typer.Exit(1)


def show_bytes(*pieces: bytes) -> None:
    """Write a rendered report to standard output."""
    show_pieces(pieces)


def show_json(content: object) -> None:
    """Write what a command found as JSON to standard output."""
    from tracker.report.table import to_bytes

    show_bytes(to_bytes(json.dumps(content, indent=2, ensure_ascii=False) + "\n"))


def show_pieces(pieces: Iterable[bytes]) -> None:
    """Write a report to standard output while it is rendered; to a terminal, so that it does nothing there.

    Raises:
        TrackerError: a workbook is to be shown on a terminal.
    """
    sys.stdout.flush()
    sys.stdout.buffer.writelines(map(_for_eyes, pieces) if sys.stdout.isatty() else pieces)


def _for_eyes(piece: bytes) -> bytes:
    from tracker.report.view import visible

    if piece.startswith(_ZIP):
        raise TrackerError("a workbook is not for a terminal: name a file with -o")
    return visible(piece.decode()).encode()


_ZIP: Final = b"PK\x03\x04"
"""How a workbook begins."""


def limit(everything: bool) -> int | None:
    """Return how many entries of a group are shown: on a terminal not all, unless they are asked for."""
    from tracker.report.text import TERMINAL_LIMIT

    return None if everything or not sys.stdout.isatty() else TERMINAL_LIMIT


@contextmanager
def open_home(home: Path | None, *, to_write: bool = False) -> Iterator[Stored]:
    """Open the home that is named, or found, and say what the person at the keyboard should know of it."""
    from tracker.app.stored import locate, open_stored

    with open_stored(locate(home, os.environ, here()), to_write=to_write) as stored:
        for notice in stored.notices:
            warn(notice)
        yield stored


def here() -> Path:
    """Return the current folder."""
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise TrackerError("the current folder is there no more: change to one that is") from error


def warn(sentence: str) -> None:
    """Say on standard error what the person at the keyboard should know."""
    say(f"warning: {sentence}", err=True)


def say(sentence: str, *, err: bool = False) -> None:
    """Say a sentence in one line, whatever names it holds."""
    typer.echo(in_one_line(sentence), err=err)


def in_one_line(sentence: str) -> str:
    """Return a sentence without anything that could do something to a terminal."""
    from tracker.report.view import visible

    return visible(_LINE_END.sub(" ", sentence))


_LINE_END: Final = re.compile(r"[\t\n\v\f\r\x85\u2028\u2029]\s*")
"""What would begin another line, or move what follows."""


@contextmanager
def working(what: str) -> Iterator[Callable[[str], None]]:
    """Show on a terminal that something is being done; what is handed out says what else, as time goes by."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.text import Text

    from tracker.report.view import visible

    def line(told: str) -> Text:
        return Text(visible(f"{told} …"))

    with Console(stderr=True).status(line(what)) as status:
        yield lambda told: status.update(line(told))


_STYLES = {
    "heading": "bold",
    "code": "bold cyan",
    "act": "bold red",
    "old": "red",
    "new": "green",
    "dim": "dim",
    "": "",
}


def print_lines(lines: Iterable[Line]) -> None:
    """Print lines: plain to a pipe; coloured and folded to a terminal."""
    if not sys.stdout.isatty():
        sys.stdout.writelines(f"{line}\n" for line in lines)
        return
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, color_system=None if os.environ.get("NO_COLOR") else "auto")
    for line in lines:
        text = Text.assemble(*((piece, _STYLES[style]) for piece, style in line.pieces))
        head, body = text[: line.indent], text[line.indent :]
        for number, part in enumerate(body.wrap(console, max(console.width - line.indent, 20))):
            console.print(Text(" " * line.indent) + part if number else head + part, soft_wrap=True)
