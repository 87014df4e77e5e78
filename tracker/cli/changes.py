"""Commands about what changed between two releases."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.shared import (
    Administrative,
    Everything,
    FailOn,
    Home,
    New,
    Old,
    OutputFormat,
    Outputs,
    app,
    event_ids,
    fail_if_reached,
    files_of,
    here,
    known_events,
    limit,
    open_home,
    print_lines,
    show_bytes,
    today,
    write_files,
)
from tracker.model import Facet, Format, Kind, Level, Selection


@app.command(epilog="Example: tracker diff 2025 2026 --facet description --codes 'J*'")
def diff(
    old: Old,
    new: New,
    output_format: OutputFormat = None,
    outputs: Outputs = None,
    facet: Annotated[list[Facet] | None, typer.Option(help="Only changed fields of this facet; repeatable.")] = None,
    codes: Annotated[
        list[str] | None, typer.Option(help="Only these codes, or a pattern: J1940,J1300 or 'J*'.")
    ] = None,
    kind: Annotated[Kind | None, typer.Option(help="Only procedures, or only modifiers.")] = None,
    events: Annotated[
        list[str] | None,
        typer.Option(help="Only this event, by its id; repeatable.", callback=known_events, autocompletion=event_ids),
    ] = None,
    level: Annotated[Level | None, typer.Option(help="Only events of this level or a more serious one.")] = None,
    administrative: Administrative = False,
    everything: Everything = False,
    fail_on: FailOn = None,
    home: Home = None,
) -> None:
    """Say what changed between two releases, and what it means."""
    from tracker.app.write_report import load_policy, render_as, view_releases

    files = files_of(outputs, output_format)
    patterns = tuple(pattern for given in codes or () for pattern in given.split(",") if pattern)
    selection = Selection(frozenset(facet or ()), patterns, kind, frozenset(events or ()), level)
    with open_home(home) as stored:
        policy = load_policy(here(), stored.home)
        view = view_releases(
            stored,
            old,
            new,
            policy=policy,
            today=today(),
            selection=selection,
            administrative=administrative,
        )
    if files:
        write_files(files, lambda chosen: render_as(view, chosen), stored.home)
    elif output_format in {None, Format.TEXT}:
        from tracker.report.text import lines

        print_lines(lines(view, limit(everything)))
    else:
        show_bytes(render_as(view, output_format))
    fail_if_reached(view, fail_on or policy.fail_on)


@app.command(epilog="Example: tracker report 2025 2026 -o notes.html -o notes.xlsx")
def report(
    old: Old,
    new: New,
    outputs: Outputs = None,
    output_format: OutputFormat = None,
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
    from tracker.app.write_report import load_policy, render_as, view_releases

    files = files_of(outputs, output_format)
    if template and Format.XLSX in {output_format, *(chosen for _, chosen in files)}:
        raise typer.BadParameter("--template writes text: not with --format xlsx or an .xlsx file")
    day = written.date() if written else None
    with open_home(home) as stored:
        policy = load_policy(here(), stored.home)
        view = view_releases(
            stored, old, new, policy=policy, today=day or today(), administrative=administrative, written=day
        )
    write_files(files, lambda chosen: render_as(view, chosen, template), stored.home)
    if not files:
        show_bytes(render_as(view, output_format or Format.TEXT, template))
    fail_if_reached(view, fail_on or policy.fail_on)


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

    with open_home(home) as stored:
        print_lines(listing.findings(audit_releases(stored, old, new, transactions), limit(everything)))
