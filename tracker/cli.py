"""The command line: options, progress, exit codes, and no work.

Exit codes: 0 done · 1 done, and what was asked to be told of is so · 2 command line not understood ·
3 not done, and why. What takes time to import is imported in the command that uses it.
"""

from __future__ import annotations

import atexit
import gc
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.errors import TrackerError
from tracker.model import Facet, Format, Kind

if TYPE_CHECKING:
    from tracker.app.import_release import Imported
    from tracker.app.stored import Stored
    from tracker.report.text import Line

app = typer.Typer(
    help="Keep every HCPCS release as a versioned snapshot, and say what changed between any two.",
    epilog="Start with: tracker import FILE, then: tracker diff 2025 2026",
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)

_HOME_HELP = "Folder with the archive (snapshots/); else TRACKER_HOME, the nearest one upward, your data folder."


def _home(context: typer.Context, value: Path | None) -> Path | None:
    """Let `--home` stand before or behind the command."""
    return value or context.obj


def _print_version(asked: bool) -> None:
    if asked:
        from tracker import __version__

        typer.echo(__version__)
        raise typer.Exit


Home = Annotated[Path | None, typer.Option("--home", help=_HOME_HELP, callback=_home)]
Everything = Annotated[bool, typer.Option("--all", help="On a terminal, show all instead of the first 50 a group.")]


@app.callback()
def _tracker(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", help=_HOME_HELP)] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    context.obj = home


@app.command("import", epilog="Example: tracker import hcpcs-2025.zip")
def import_(
    paths: Annotated[
        list[Path],
        typer.Argument(
            metavar="FILE…",
            help="CMS zip, text or workbook; CSV or XLSX with CMS's column names; a per-code sheet or a folder of "
            "them; a snapshot file or a folder of them.",
        ),
    ],
    release: Annotated[
        str | None, typer.Option(help="The release in the file, where its name does not tell: 2026, 2026-04.")
    ] = None,
    published: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Day on which it was published.")
    ] = None,
    complete: Annotated[
        bool | None,
        typer.Option("--complete/--excerpt", help="Whether the file holds all codes of the release, or some."),
    ] = None,
    again: Annotated[bool, typer.Option("--again", help="Read a file anew that is stored already.")] = False,
    home: Home = None,
) -> None:
    """Store a release, or another revision of one, in the archive."""
    from tracker.app.import_release import Options, import_path

    options = Options(release, published.date() if published else None, complete, again)
    with _stored(home, to_write=True) as stored:
        for path in paths:
            with _working(f"Reading {path.name}"):
                results = import_path(stored, path, options, datetime.now(UTC))
            for imported in results:
                _tell_imported(stored, imported)


@app.command(epilog="Example: tracker releases")
def releases(home: Home = None) -> None:
    """List the stored releases, and which revision each bare label means."""
    from tracker.report import listing

    with _stored(home) as stored:
        if not stored.revisions:
            typer.echo(stored.nothing_stored)
            return
        meant = {revision.release.name for revision in stored.currents()}
        _print(listing.releases([revision.release for revision in stored.revisions], meant))


@app.command(epilog="Example: tracker problems 2025")
def problems(
    release: Annotated[str, typer.Argument(help="A label, or a revision: 2025, 2025-10@2.")],
    everything: Everything = False,
    home: Home = None,
) -> None:
    """List what was odd in a release: file, line or cell, code, field, and what was done about it."""
    from tracker.report import listing
    from tracker.report.view import amount

    with _stored(home) as stored:
        revision = stored.find(release)
        found = stored.problems(revision)
        typer.echo(f"{amount(len(found), 'problem')} in {revision.release.name}")
        _print(listing.problems(found, _limit(everything)))


@app.command(epilog='Example: tracker withdraw 2025@1 --reason "wrong file"')
def withdraw(
    release: Annotated[str, typer.Argument(help="The revision, with its number: 2025@1.")],
    reason: Annotated[str, typer.Option(help="Why; it is kept and shown.")],
    home: Home = None,
) -> None:
    """Hide a wrong revision from bare labels. Nothing is deleted."""
    from tracker.app.withdraw import withdraw as withdraw_revision

    with _stored(home, to_write=True) as stored:
        withdrawn = withdraw_revision(stored, release, reason, datetime.now(UTC))
        meant = stored.current(withdrawn.label)
        now = (
            f"{withdrawn.label} now means {meant.release.name}"
            if meant
            else f"no revision of {withdrawn.label} is left"
        )
        typer.echo(f"{withdrawn.name} is withdrawn; {now}")


@app.command(epilog="Example: tracker show J1940 --release 2025")
def show(
    code: Annotated[str, typer.Argument(help="A code or modifier, in any case.")],
    release: Annotated[str | None, typer.Option(help="Label or revision; else the newest that holds the code.")] = None,
    home: Home = None,
) -> None:
    """Show one record: every field labelled, coded values decoded."""
    from tracker.app.show import find_record
    from tracker.hcpcs.catalogue import HCPCS
    from tracker.report import listing

    with _stored(home) as stored:
        revision, record = find_record(stored, code, release)
        _print(listing.record(HCPCS, revision.release, record, stored.notes(revision)))


@app.command(epilog="Example: tracker diff 2025 2026 --facet description --codes 'J*'")
def diff(
    old: Annotated[str, typer.Argument(help="The older side: a label, or a revision (2025@1).")],
    new: Annotated[str, typer.Argument(help="The newer side.")],
    output_format: Annotated[Format | None, typer.Option("--format", help="text, json or csv.")] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    facet: Annotated[list[Facet] | None, typer.Option(help="Only changed fields of this facet; repeatable.")] = None,
    codes: Annotated[list[str] | None, typer.Option(help="Only these codes, as a pattern: 'J*'; repeatable.")] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only procedures, or only modifiers.")] = None,
    administrative: Annotated[
        bool, typer.Option("--administrative", help="List codes that differ in action code and date alone.")
    ] = False,
    everything: Everything = False,
    home: Home = None,
) -> None:
    """Say what changed between two releases."""
    from tracker.app.compare import compare_releases
    from tracker.app.write_report import render, view_diff, write_file
    from tracker.diff.select import Selection

    selection = Selection(frozenset(facet or ()), tuple(codes or ()), kind)
    with _stored(home) as stored:
        view = view_diff(
            stored, compare_releases(stored, old, new, selection), selection, administrative=administrative
        )
    chosen = output_format or _format_of(output)
    if output is not None:
        write_file(output, render(view, chosen))
        typer.echo(f"written: {output}", err=True)
    elif chosen is Format.TEXT:
        from tracker.report.text import lines

        _print(lines(view, _limit(everything)))
    else:
        sys.stdout.buffer.write(render(view, chosen))


def _format_of(output: Path | None) -> Format:
    """Return the format that a file's ending names; text if it names none."""
    ending = output.suffix.removeprefix(".").lower() if output else ""
    return Format(ending) if ending in set(Format) else Format.TEXT


def _limit(everything: bool) -> int | None:
    from tracker.report.text import TERMINAL_LIMIT

    return None if everything or not sys.stdout.isatty() else TERMINAL_LIMIT


@contextmanager
def _stored(home: Path | None, *, to_write: bool = False) -> Iterator[Stored]:
    from tracker.app.stored import locate, open_stored

    with open_stored(locate(home, os.environ, Path.cwd()), to_write=to_write) as stored:
        for notice in stored.notices:
            typer.echo(f"warning: {notice}", err=True)
        yield stored


@contextmanager
def _working(what: str) -> Iterator[None]:
    """Show on a terminal that something is being done."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{what} …"):
        yield


def _tell_imported(stored: Stored, imported: Imported) -> None:
    from tracker.report import listing
    from tracker.report.view import amount

    release = imported.release
    if not imported.stored:
        typer.echo(f"already stored: {listing.summary(release)}")
        return
    typer.echo(f"stored {listing.summary(release)}")
    if imported.reason:
        meant = stored.current(release.label)
        told = f"; {release.label} means {meant.release.name}" if meant else ""
        typer.echo(f"  {imported.reason}: revision {release.revision} of {release.label}, the earlier ones stay{told}")
    if imported.problems:
        number = amount(len(imported.problems), "problem")
        typer.echo(f"  {number}, by kind; tracker problems {release.name} lists them:")
        _print(listing.problem_kinds(imported.problems))
    for warning in imported.warnings:
        typer.echo(f"warning: {warning}", err=True)


_STYLES = {"heading": "bold", "code": "bold cyan", "old": "red", "new": "green", "dim": "dim", "": ""}


def _print(lines: Iterable[Line]) -> None:
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


def main() -> None:
    """Run the command line. Errors that are no defects end in one sentence on standard error."""
    gc.disable()  # a command lives too short to be worth collecting after: 0.04 s of a diff
    atexit.register(gc.freeze)  # nor at its end, where Python would look at every object once more: 0.06 s
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8")  # the same bytes into a pipe, whatever the locale
    try:
        app()
    except TrackerError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted: nothing was stored")
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("TRACKER_TRACEBACK"):
            raise
        _fail(
            f"a defect in tracker, not in what you did: {type(error).__name__}: {error}; TRACKER_TRACEBACK=1 shows more"
        )


def _fail(sentence: str) -> None:
    typer.echo(f"error: {sentence}", err=True)
    raise SystemExit(3)
