"""What all commands share: the application, options, progress, and what is printed."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.errors import TrackerError
from tracker.model import Format, Level

if TYPE_CHECKING:
    from tracker.app.stored import Stored
    from tracker.home import Home as Place
    from tracker.report.text import Line
    from tracker.report.view import ReportView

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
Outputs = Annotated[
    list[Path] | None,
    typer.Option("--output", "-o", help="Write to this file: .html, .md, .xlsx, .csv, .json or .txt; repeatable."),
]
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


def write_files(
    files: list[tuple[Path, Format]], render: Callable[[Format], bytes | Iterable[bytes]], home: Place
) -> None:
    """Render all files, then write them: a mistake leaves none of them."""
    from tracker.app.write_report import write_file

    rendered = [(path, render(chosen)) for path, chosen in files]
    for path, data in rendered:
        write_file(path, data, home)
        typer.echo(f"written: {path}", err=True)


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


def show_pieces(pieces: Iterable[bytes]) -> None:
    """Write a report to standard output while it is rendered."""
    sys.stdout.flush()
    sys.stdout.buffer.writelines(pieces)


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
    """Say one sentence in one line, whatever names it holds."""
    from tracker.report.view import visible

    typer.echo(f"warning: {visible(' '.join(sentence.split()))}", err=True)


@contextmanager
def working(what: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.text import Text

    from tracker.report.view import visible

    with Console(stderr=True).status(Text(visible(f"{what} …"))):
        yield


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

    console = Console(highlight=False)
    for line in lines:
        text = Text.assemble(*((piece, _STYLES[style]) for piece, style in line.pieces))
        head, body = text[: line.indent], text[line.indent :]
        for number, part in enumerate(body.wrap(console, max(console.width - line.indent, 20))):
            console.print(Text(" " * line.indent) + part if number else head + part, soft_wrap=True)
