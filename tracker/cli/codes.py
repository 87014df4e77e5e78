"""Commands about single codes."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import Home, app, open_home, print_lines


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

    with open_home(home) as stored:
        revision, record = find_record(stored, code, release)
        print_lines(listing.record(HCPCS, revision.release, record, stored.notes(revision)))
