"""The command line: options, progress, exit codes, and no work.

Exit codes: 0 done · 1 done, and what was asked to be told of is so · 2 command line not understood ·
3 not done, and why. What takes time to import is imported in the command that uses it.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.errors import TrackerError
from tracker.model import Facet, Format, Kind, Level, Selection

if TYPE_CHECKING:
    from tracker.app.import_release import Imported
    from tracker.app.stored import Stored
    from tracker.model import Release
    from tracker.report.text import Line
    from tracker.report.view import ReportView

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


def _known_events(names: list[str] | None) -> list[str] | None:
    from tracker.hcpcs.event_list import EVENTS

    for name in names or ():
        if name not in EVENTS:
            raise typer.BadParameter(f"{name} is no event; the events are: {', '.join(EVENTS)}")
    return names


def _print_version(asked: bool) -> None:
    if asked:
        from tracker import __version__

        typer.echo(__version__)
        raise typer.Exit


Home = Annotated[Path | None, typer.Option("--home", readable=False, help=_HOME_HELP, callback=_home)]
Administrative = Annotated[
    bool, typer.Option("--administrative", help="List codes that changed in nothing but action code and date.")
]
FailOn = Annotated[
    Level | None, typer.Option(help="End with 1 if an event that no policy waives is of this level or more serious.")
]
_FORMAT_HELP = "text, json, csv, html, markdown or xlsx; else as the file's ending says."
Old = Annotated[str, typer.Argument(help="The older side: a label, or a revision (2025@1).")]
New = Annotated[str, typer.Argument(help="The newer side.")]
Everything = Annotated[bool, typer.Option("--all", help="On a terminal, show all instead of the first 50 a group.")]


@app.callback()
def _tracker(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", readable=False, help=_HOME_HELP)] = None,
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
            readable=False,  # what cannot be read is one sentence of ours
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
    old: Old,
    new: New,
    output_format: Annotated[Format | None, typer.Option("--format", help=_FORMAT_HELP)] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    facet: Annotated[list[Facet] | None, typer.Option(help="Only changed fields of this facet; repeatable.")] = None,
    codes: Annotated[
        list[str] | None, typer.Option(help="Only these codes, or a pattern: J1940,J1300 or 'J*'.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only procedures, or only modifiers.")] = None,
    events: Annotated[
        list[str] | None, typer.Option(help="Only this event, by its id; repeatable.", callback=_known_events)
    ] = None,
    level: Annotated[Level | None, typer.Option(help="Only events of this level or a more serious one.")] = None,
    administrative: Administrative = False,
    everything: Everything = False,
    fail_on: FailOn = None,
    home: Home = None,
) -> None:
    """Say what changed between two releases, and what it means."""
    from tracker.app.write_report import load_policy, render_as, view_releases, write_file

    chosen = _format_of(output, output_format)
    patterns = tuple(pattern for given in codes or () for pattern in given.split(",") if pattern)
    selection = Selection(frozenset(facet or ()), patterns, kind, frozenset(events or ()), level)
    with _stored(home) as stored:
        policy = load_policy(_here(), stored.home)
        view = view_releases(
            stored,
            old,
            new,
            policy=policy,
            today=_today(),
            selection=selection,
            administrative=administrative,
        )
    if output is not None:
        write_file(output, render_as(view, chosen), stored.home)
        typer.echo(f"written: {output}", err=True)
    elif chosen is Format.TEXT:
        from tracker.report.text import lines

        _print(lines(view, _limit(everything)))
    else:
        _show(render_as(view, chosen))
    _fail_if_reached(view, fail_on or policy.fail_on)


@app.command(epilog="Example: tracker report 2025 2026 -o notes.html -o notes.xlsx")
def report(
    old: Old,
    new: New,
    outputs: Annotated[
        list[Path] | None,
        typer.Option("--output", "-o", help="Write to this file: .html, .md, .xlsx, .csv, .json or .txt; repeatable."),
    ] = None,
    output_format: Annotated[Format | None, typer.Option("--format", help=_FORMAT_HELP)] = None,
    written: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="The report's day: shown, and the one that policies hold on."
        ),
    ] = None,
    template: Annotated[Path | None, typer.Option(help="Your own Jinja2 template; see docs/templates.md.")] = None,
    administrative: Administrative = False,
    fail_on: FailOn = None,
    home: Home = None,
) -> None:
    """Write the release notes: what changed, what it means, and what to do first."""
    from tracker.app.write_report import load_policy, render_as, view_releases, write_file

    files = [(path, _format_of(path, output_format)) for path in outputs or ()]
    if template and Format.XLSX in {output_format, *(chosen for _, chosen in files)}:
        raise typer.BadParameter("--template writes text: not with --format xlsx or an .xlsx file")
    day = written.date() if written else None
    with _stored(home) as stored:
        policy = load_policy(_here(), stored.home)
        view = view_releases(
            stored, old, new, policy=policy, today=day or _today(), administrative=administrative, written=day
        )
    rendered = [(path, render_as(view, chosen, template)) for path, chosen in files]
    for path, data in rendered:
        write_file(path, data, stored.home)
        typer.echo(f"written: {path}", err=True)
    if not files:
        _show(render_as(view, output_format or Format.TEXT, template))
    _fail_if_reached(view, fail_on or policy.fail_on)


@app.command(epilog="Example: tracker audit 2018 2019 --transactions 2019-Alpha-Numeric-HCPCS-File.zip")
def audit(
    old: Old,
    new: New,
    transactions: Annotated[
        Path | None, typer.Option(help="CMS's own transaction report of NEW, or the zip that holds it.")
    ] = None,
    everything: Everything = False,
    home: Home = None,
) -> None:
    """Hold the publisher's action codes and dates, or its own report, against what changed."""
    from tracker.app.audit import audit_releases
    from tracker.report import listing

    with _stored(home) as stored:
        _print(listing.findings(audit_releases(stored, old, new, transactions), _limit(everything)))


def _format_of(output: Path | None, asked: Format | None = None) -> Format:
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


def _today() -> date:
    """Return the day as of which waivers hold; reports that are to be the same tomorrow say `--date`."""
    return datetime.now().astimezone().date()


def _fail_if_reached(view: ReportView, level: Level | None) -> None:
    """End with 1, after all is written, if what was asked to be told of is so."""
    from tracker.policy import reaches

    if level is not None and reaches(view.diff, level):
        raise typer.Exit(1)


def _show(data: bytes) -> None:
    """Write a rendered report to standard output."""
    sys.stdout.flush()
    sys.stdout.buffer.write(data)


def _limit(everything: bool) -> int | None:
    from tracker.report.text import TERMINAL_LIMIT

    return None if everything or not sys.stdout.isatty() else TERMINAL_LIMIT


@contextmanager
def _stored(home: Path | None, *, to_write: bool = False) -> Iterator[Stored]:
    from tracker.app.stored import locate, open_stored

    with open_stored(locate(home, os.environ, _here()), to_write=to_write) as stored:
        for notice in stored.notices:
            _warn(notice)
        yield stored


def _here() -> Path:
    try:
        return Path.cwd()
    except FileNotFoundError as error:
        raise TrackerError("the current folder is there no more: change to one that is") from error


def _warn(sentence: str) -> None:
    """Say one sentence in one line, whatever names it holds."""
    typer.echo(f"warning: {' '.join(sentence.split())}", err=True)


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
        typer.echo(f"already stored: {listing.summary(release)}{_meant(stored, release)}")
        return
    typer.echo(f"stored {listing.summary(release)}")
    if imported.reason:
        told = f"{imported.reason}: revision {release.revision} of {release.label}, the earlier ones stay"
        typer.echo(f"  {told}{_meant(stored, release)}")
    if imported.problems:
        number = amount(len(imported.problems), "problem")
        typer.echo(f"  {number}, by kind; tracker problems {release.name} lists them:")
        _print(listing.problem_kinds(imported.problems))
    for warning in imported.warnings:
        _warn(warning)


def _meant(stored: Stored, release: Release) -> str:
    """Say which revision the bare label means, where that is in question."""
    meant = stored.current(release.label)
    return f"; {release.label} means {meant.release.name}" if meant and len(stored.labelled(release.label)) > 1 else ""


_STYLES = {
    "heading": "bold",
    "code": "bold cyan",
    "act": "bold red",
    "old": "red",
    "new": "green",
    "dim": "dim",
    "": "",
}


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
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # it was closed, and nobody listens
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")  # the same bytes, whatever the locale
    try:
        try:
            app()
        finally:
            sys.stdout.flush()
    except TrackerError as error:
        _fail(str(error))
    except KeyboardInterrupt:
        _fail("interrupted: tracker releases shows what is stored")
    except BrokenPipeError:
        _silence()
        raise SystemExit(0) from None
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        _silence()  # click turned it into an end with 1, and nobody listens: nothing is wrong
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("TRACKER_TRACEBACK"):
            raise
        # Every other disk's errors are told as TrackerErrors where they happen.
        if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
            _silence()
            _fail(f"the output cannot be written ({error.strerror}); tracker releases shows what is stored")
        _fail(
            f"a defect in tracker, not in what you did: {type(error).__name__}: {error}; TRACKER_TRACEBACK=1 shows more"
        )


_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def _silence() -> None:
    """Let what is still to be written go nowhere, so that Python does not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str) -> None:
    """Say one sentence in one line, whatever names it holds, and end."""
    with suppress(OSError):
        typer.echo(f"error: {' '.join(sentence.split())}", err=True)
    raise SystemExit(3)
