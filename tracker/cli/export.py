"""The command that writes what is stored as tables for other programs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer

from tracker.cli.shared import (
    Home,
    app,
    here,
    open_home,
    outputs_option,
    release_labels,
    show_pieces,
    today,
    write_files,
)
from tracker.model import ExportFormat


@app.command(
    epilog="Example: tracker export 2026 -o 2026.xlsx · tracker export --changes 2025 2026 --format jsonl · "
    "tracker export --all -o releases.parquet"
)
def export(
    releases: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[RELEASE…]",
            help="Whose records: labels or revisions (2025, 2025-10@2), one behind the other.",
            autocompletion=release_labels,
        ),
    ] = None,
    everything: Annotated[
        bool, typer.Option("--all", help="The records of all releases, one behind the other.")
    ] = False,
    changes: Annotated[
        tuple[str, str] | None,
        typer.Option(metavar="OLD NEW", help="What changed between two releases, a row a field."),
    ] = None,
    validity: Annotated[
        bool, typer.Option("--validity", help="On which days each code was valid, a row a span of days.")
    ] = False,
    outputs: Annotated[list[Path] | None, outputs_option(".parquet, .csv, .jsonl or .xlsx")] = None,
    wanted: Annotated[
        ExportFormat | None, typer.Option("--format", help="Else as the file's ending says; without a file, csv.")
    ] = None,
    home: Home = None,
) -> None:
    """Write records, changes or valid days as a table with a column for each field."""
    from tracker.app.export import export_changes, export_records, export_validity
    from tracker.app.write_report import load_policy, view_releases
    from tracker.report.export import render

    if sum(map(bool, (releases, everything, changes, validity))) != 1:
        raise typer.BadParameter("say which: RELEASE (2026), --all, --changes OLD NEW or --validity, one of them")
    files = [(output, _format(output, wanted)) for output in outputs or ()]
    shown = None if files else _format(None, wanted)
    with open_home(home) as stored:
        diff = None
        if changes:
            policy = load_policy(here(), stored.home)
            diff = view_releases(stored, *changes, policy=policy, today=today()).diff

        def written(chosen: ExportFormat) -> Iterator[bytes]:
            """Return the table as a file: its rows are made while they are written, so once for each file."""
            if diff is not None:
                table = export_changes(diff)
            else:
                table = export_validity(stored) if validity else export_records(stored, releases or ())
            return render(table, chosen)

        write_files(files, written, stored.home)
        if shown:
            show_pieces(written(shown))


def _format(output: Path | None, wanted: ExportFormat | None) -> ExportFormat:
    ending = output.suffix.removeprefix(".").lower() if output else ExportFormat.CSV.value
    chosen = wanted or next((one for one in ExportFormat if one.value == ending), None)
    if chosen is None:
        raise typer.BadParameter(f"{output}: say --format, or end in .parquet, .csv, .jsonl or .xlsx")
    if output is None and not chosen.is_text:
        raise typer.BadParameter(f"{chosen.value} is not for a terminal or pipe: say -o FILE")
    return chosen
