"""What is here: the program without a command, and `doctor`."""

from __future__ import annotations

import os
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.shared import HOME_HELP, Home, TextOrJson, app, here, open_home, print_lines, show_json, today, working


def _print_version(asked: bool) -> None:
    if asked:
        from tracker import __version__

        typer.echo(__version__)
        raise typer.Exit


@app.callback(invoke_without_command=True)
def _tracker(
    context: typer.Context,
    home: Annotated[Path | None, typer.Option("--home", readable=False, help=HOME_HELP)] = None,
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    context.obj = home
    if context.invoked_subcommand is None:
        _overview(home)


def _overview(home: Path | None) -> None:
    """Show the stored releases, and what to do next."""
    from tracker.app.doctor import next_commands
    from tracker.report import listing

    with open_home(home) as stored:
        releases = [revision.release for revision in stored.currents()]
        commands = next_commands([release.label for release in releases], today())
        print_lines(listing.overview(stored.place, releases, commands))


@app.command(epilog="Example: tracker doctor")
def doctor(
    output_format: Annotated[
        TextOrJson, typer.Option("--format", help="As text, or as JSON for a program.")
    ] = TextOrJson.TEXT,
    home: Home = None,
) -> None:
    """Say what is here and what is wrong with it; end with 1 if something is."""
    from tracker.app.doctor import examine

    with working("Reading what is stored"):
        found = examine(home, os.environ, here(), today())
    if output_format is TextOrJson.JSON:
        show_json(asdict(found))
    else:
        from tracker.report import listing

        print_lines(listing.checkup(asdict(found.facts), found.problems))
    if found.problems:
        raise typer.Exit(1)
