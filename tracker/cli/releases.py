"""Commands about the stored releases: take one in, list them, take one out of use."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.shared import (
    Home,
    TextOrJson,
    app,
    limit,
    open_home,
    print_lines,
    release_labels,
    say,
    show_json,
    warn,
    working,
)

if TYPE_CHECKING:
    from tracker.app.import_release import Imported
    from tracker.app.stored import Stored
    from tracker.model import Release


Strict = Annotated[bool, typer.Option("--strict", help="Refuse a release with errors that no known oddity explains.")]


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
    strict: Strict = False,
    home: Home = None,
) -> None:
    """Store a release, or another revision of one, in the archive."""
    from tracker.app.import_release import Options, import_path

    options = Options(release, published.date() if published else None, complete, again, strict=strict)
    with open_home(home, to_write=True) as stored:
        for path in paths:
            with working(f"Reading {path.name}"):
                results = import_path(stored, path, options, datetime.now(UTC))
            for imported in results:
                tell_imported(stored, imported)


@app.command(epilog="Example: tracker releases")
def releases(home: Home = None) -> None:
    """List the stored releases, and which revision each bare label means."""
    from tracker.report import listing

    with open_home(home) as stored:
        if not stored.revisions:
            say(stored.nothing_stored)
            return
        meant = {revision.release.name for revision in stored.currents()}
        print_lines(listing.releases([revision.release for revision in stored.revisions], meant))


@app.command(epilog="Example: tracker problems 2025")
def problems(
    release: Annotated[
        str, typer.Argument(help="A label, or a revision: 2025, 2025-10@2.", autocompletion=release_labels)
    ],
    everything: Annotated[bool, typer.Option("--all", help="List the known ones too, a line each.")] = False,
    output_format: Annotated[
        TextOrJson, typer.Option("--format", help="As text, or as JSON for a program.")
    ] = TextOrJson.TEXT,
    home: Home = None,
) -> None:
    """List what was odd in a release, and what was done about it: what is new first, then what is known, and why."""
    from tracker.hcpcs.oddities import sift
    from tracker.report import listing
    from tracker.report.view import amount

    with open_home(home) as stored:
        revision = stored.find(release)
        found = stored.problems(revision)
    sifted = sift(revision.release.label, found)
    if output_format is TextOrJson.JSON:
        show_json(listing.problems_as_json(revision.release, sifted))
        return
    told = f": {listing.shares(sifted)}" if found else ""
    say(f"{amount(len(found), 'problem')} in {revision.release.name}{told}")
    print_lines(listing.problems(sifted, limit(everything), everything=everything))


@app.command(epilog='Example: tracker withdraw 2025@1 --reason "wrong file"')
def withdraw(
    release: Annotated[
        str, typer.Argument(help="The revision, with its number: 2025@1.", autocompletion=release_labels)
    ],
    reason: Annotated[str, typer.Option(help="Why; it is kept and shown.")],
    home: Home = None,
) -> None:
    """Hide a wrong revision from bare labels. Nothing is deleted."""
    from tracker.app.withdraw import withdraw as withdraw_revision

    with open_home(home, to_write=True) as stored:
        withdrawn = withdraw_revision(stored, release, reason, datetime.now(UTC))
        meant = stored.current(withdrawn.label)
        now = (
            f"{withdrawn.label} now means {meant.release.name}"
            if meant
            else f"no revision of {withdrawn.label} is left"
        )
        say(f"{withdrawn.name} is withdrawn; {now}")


def tell_imported(stored: Stored, imported: Imported) -> None:
    """Say what became of one file: stored or not, why, and what was odd in it."""
    from tracker.hcpcs.oddities import sift
    from tracker.report import listing
    from tracker.report.view import amount

    release = imported.release
    if not imported.stored:
        say(f"already stored: {listing.summary(release)}{_meant(stored, release)}")
        return
    say(f"stored {listing.summary(release)}")
    if imported.reason:
        told = f"{imported.reason}: revision {release.revision} of {release.label}, the earlier ones stay"
        say(f"  {told}{_meant(stored, release)}")
    if imported.problems:
        number, found = amount(len(imported.problems), "problem"), sift(release.label, imported.problems)
        say(f"  {number}, {listing.shares(found)}, by kind; tracker problems {release.name} lists them:")
        print_lines(listing.problem_kinds(found))
    for warning in imported.warnings:
        warn(warning)


def _meant(stored: Stored, release: Release) -> str:
    """Say which revision the bare label means, where that is in question."""
    meant = stored.current(release.label)
    return f"; {release.label} means {meant.release.name}" if meant and len(stored.labelled(release.label)) > 1 else ""
