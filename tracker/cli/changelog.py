"""The command about all steps between two releases."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from tracker.cli.shared import (
    Administrative,
    Everything,
    FailOn,
    Home,
    OutputFormat,
    Outputs,
    app,
    fail_if_reached,
    files_of,
    here,
    limit,
    open_home,
    print_lines,
    release_labels,
    show_bytes,
    today,
    write_files,
)
from tracker.model import Format


@app.command(epilog="Example: tracker changelog 2025 2026 -o changes.html -o changes.xlsx")
def changelog(
    first: Annotated[
        str,
        typer.Argument(
            help="The release to begin with: a label, or a revision (2025@1).", autocompletion=release_labels
        ),
    ],
    last: Annotated[
        str, typer.Argument(help="The release to end with, later than FIRST.", autocompletion=release_labels)
    ],
    outputs: Outputs = None,
    output_format: OutputFormat = None,
    written: Annotated[
        datetime | None,
        typer.Option(
            "--date", formats=["%Y-%m-%d"], help="The changelog's day: shown, and the one that policies hold on."
        ),
    ] = None,
    administrative: Administrative = False,
    everything: Everything = False,
    fail_on: FailOn = None,
    home: Home = None,
) -> None:
    """Say what changed release by release, and what FIRST beside LAST does not tell."""
    from tracker.app.changelog import view_changelog
    from tracker.app.write_report import load_policy
    from tracker.report.changelog import render

    files = files_of(outputs, output_format)
    day = written.date() if written else None
    with open_home(home) as stored:
        policy = load_policy(here(), stored.home)
        view = view_changelog(
            stored, first, last, policy=policy, today=day or today(), administrative=administrative, written=day
        )
    write_files(files, lambda chosen: render(view, chosen), stored.home)
    if not files and output_format in (None, Format.TEXT):
        from tracker.report.changelog.text import lines

        print_lines(lines(view, limit(everything)))
    elif not files:
        show_bytes(render(view, output_format or Format.TEXT))
    for step in view.steps:
        fail_if_reached(step, fail_on or policy.fail_on)
