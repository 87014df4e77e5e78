"""Commands about the publisher's page, the only ones that use the network."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.releases import Strict, tell_imported
from tracker.cli.shared import Home, app, open_home, say, warn, working
from tracker.errors import PublisherError, TrackerError

if TYPE_CHECKING:
    from tracker.app.fetch import Checked, Offer
    from tracker.app.stored import Stored
    from tracker.publisher import Publisher, Told

Index = Annotated[
    str | None,
    typer.Option(
        "--index", metavar="URL|PATH", help="Another page than CMS's: a mirror's, a saved one, or a folder of zips."
    ),
]


class CheckFormat(StrEnum):
    """How `check` tells what it found."""

    TEXT = "text"
    JSON = "json"


@app.command(epilog="Example: tracker fetch latest")
def fetch(
    release: Annotated[
        str | None, typer.Argument(help="2026, 2026-04, or latest: the newest that the page offers.")
    ] = None,
    all_since: Annotated[
        str | None, typer.Option("--all-since", metavar="RELEASE", help="All since this one that are not stored yet.")
    ] = None,
    strict: Strict = False,
    index: Index = None,
    home: Home = None,
) -> None:
    """Download a release from CMS's page, and import it."""
    from tracker.app.fetch import LATEST, State, check_offer, choose, offers
    from tracker.publisher import INDEX, Publisher

    if (release is None) == (all_since is None):
        raise typer.BadParameter("say which release: 2026, 2026-04, latest, or --all-since 2020")
    with open_home(home, to_write=True) as stored, Publisher(index or INDEX) as publisher:
        with working(f"Reading {publisher.index}"):
            chosen = choose(publisher, offers(publisher, release or LATEST), release, all_since)
            if all_since:
                found = [(offer, check_offer(stored, publisher, offer)) for offer in chosen]
                for _, checked in found:
                    if checked.state is State.SAME:
                        _tell(checked)
                chosen = [offer for offer, checked in found if checked.state is not State.SAME]
        _take_in(stored, publisher, chosen, strict=strict)


@app.command(epilog="Example: tracker check --format json")
def check(
    labels: Annotated[
        list[str] | None, typer.Argument(metavar="[RELEASE]…", help="Only these; else all stored, and newer ones.")
    ] = None,
    output_format: Annotated[CheckFormat, typer.Option("--format", help="text or json.")] = CheckFormat.TEXT,
    import_: Annotated[bool, typer.Option("--import", help="Take the news in.")] = False,
    index: Index = None,
    home: Home = None,
) -> None:
    """Say whether CMS has re-issued a stored release, or offers a newer one. Ends with 1 if so."""
    from tracker.app.fetch import State, offers
    from tracker.app.fetch import check as check_releases
    from tracker.publisher import INDEX, Publisher

    with open_home(home, to_write=import_) as stored, Publisher(index or INDEX) as publisher:
        with working(f"Reading {publisher.index}"):
            found = check_releases(stored, publisher, labels or ())
        news = [checked.label for checked in found if checked.state.is_news]
        if output_format is CheckFormat.JSON:
            typer.echo(_json(publisher.index, found, news=bool(news)))
        else:
            for checked in found:
                _tell(checked, advise=not import_)
        if import_ and news:
            offered = offers(publisher)
            _take_in(stored, publisher, [offered[label] for label in news], quiet=output_format is CheckFormat.JSON)
    failed = [checked.label for checked in found if checked.state is State.FAILED]
    if news:
        raise typer.Exit(1)
    if failed:
        raise PublisherError(f"{', '.join(failed)} could not be checked: the lines above say why")


def _json(index: str, found: list[Checked], *, news: bool) -> str:
    told = {"schema": 1, "index": index, "news": news, "releases": [asdict(checked) for checked in found]}
    return json.dumps(told, indent=2)


def _tell(checked: Checked, *, advise: bool = False) -> None:
    advice = f"; tracker fetch {checked.label} takes it in" if advise and checked.state.is_news else ""
    say(f"{checked.label:<8} {checked.state.words}: {checked.why}{advice}")


def _take_in(
    stored: Stored, publisher: Publisher, chosen: list[Offer], *, strict: bool = False, quiet: bool = False
) -> None:
    """Fetch one release after the other. Of several, one that fails does not stop the others.

    Raises:
        TrackerError: one of them could not be taken in.
    """
    from tracker.app.fetch import fetch as fetch_release

    failed = []
    for offer in chosen:
        try:
            with _progress(offer.label) as told:
                link, imported = fetch_release(stored, publisher, offer, datetime.now(UTC), told, strict=strict)
        except TrackerError as error:
            if len(chosen) == 1:
                raise
            warn(f"{offer.label}: {error}")
            failed.append(offer.label)
            continue
        if quiet:
            for warning in imported.warnings:
                warn(warning)
            continue
        others = [other.name for other in offer.links if other.is_zip and other != link]
        passed = f" (the newest; the page also links {', '.join(others)})" if others else ""
        say(f"{offer.label}: {link.place}{passed}")
        tell_imported(stored, imported)
    if failed:
        raise TrackerError(f"{', '.join(failed)} could not be taken in: the warnings above say why")


@contextmanager
def _progress(label: str) -> Iterator[Told]:
    """Show on a terminal how much has come."""
    if not sys.stderr.isatty():
        yield lambda _come, _size: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (TextColumn("Downloading {task.description}"), BarColumn(), DownloadColumn(), TimeRemainingColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(label, total=None)
        yield lambda come, size: bar.update(task, completed=come, total=size)
