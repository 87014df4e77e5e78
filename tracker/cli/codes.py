"""Commands about single codes."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import Home, app, open_home, print_lines, release_labels


@app.command(epilog="Example: tracker show J1940 --on 2025-03-31")
def show(
    code: Annotated[str, typer.Argument(help="A code or modifier, in any case.")],
    release: Annotated[
        str | None,
        typer.Option(help="Label or revision; else the newest that holds the code.", autocompletion=release_labels),
    ] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="As it was in force on a date of service: 2025-03-31.")
    ] = None,
    home: Home = None,
) -> None:
    """Show one record: every field labelled, coded values decoded."""
    if release and on:
        raise typer.BadParameter("a record is shown of a --release, or as it was in force --on a day")
    from tracker.app.show import find_record
    from tracker.app.valid import record_on
    from tracker.hcpcs.catalogue import HCPCS
    from tracker.lists.days import parse_day
    from tracker.report import listing, validity

    day = parse_day(on) if on else None
    with open_home(home) as stored:
        if day:
            revision, record, answer = record_on(stored, code, day)
            print_lines(validity.lines(HCPCS, answer, ()))
        else:
            revision, record = find_record(stored, code, release)
        print_lines(listing.record(HCPCS, revision.release, record, stored.notes(revision)))
