"""Commands that prove and mend what is stored."""

from __future__ import annotations

import os
from dataclasses import asdict
from typing import Annotated

import typer

from tracker.cli.shared import Home, TextOrJson, app, here, print_lines, say, show_json, working


@app.command(epilog="Example: tracker verify")
def verify(
    output_format: Annotated[TextOrJson, typer.Option("--format", help="As text, or as JSON for a program.")] = (
        TextOrJson.TEXT
    ),
    home: Home = None,
) -> None:
    """Prove all that is stored, archive against database; end with 1 if something differs."""
    from tracker.app.stored import locate
    from tracker.app.verify import verify as verify_home

    with working("Proving what is stored") as tell:
        found = verify_home(locate(home, os.environ, here()), lambda name: tell(f"Proving {name}"))
    if output_format is TextOrJson.JSON:
        show_json(asdict(found))
    else:
        from tracker.report import listing

        print_lines(listing.verified(asdict(found)))
    if found.differences:
        raise typer.Exit(1)


@app.command(epilog="Example: tracker rebuild")
def rebuild(home: Home = None) -> None:
    """Make the index anew from the archive, and lost snapshot files from the database; end with 1 if some stay lost."""
    from tracker.app.rebuild import rebuild as rebuild_home
    from tracker.app.stored import locate, open_stored
    from tracker.report.view import amount

    place = locate(home, os.environ, here())
    with working("Making the index anew"):
        rebuilt = rebuild_home(place)
    for sentence in rebuilt.done:
        say(sentence)
    for sentence in rebuilt.left:
        say(f"left  {sentence}")
    with open_stored(place) as stored:
        told = f"{amount(len(stored.revisions), 'release')} in {stored.store.name}"
    say(f"{told}; {'not all could be mended' if rebuilt.left else 'tracker verify proves them'}")
    if rebuilt.left:
        raise typer.Exit(1)
