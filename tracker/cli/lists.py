"""Commands about a user's own codes: what two releases mean for a list, and whether codes were valid on a day."""

from __future__ import annotations

import os
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from tracker.cli.shared import (
    Everything,
    FailOn,
    Home,
    New,
    Old,
    OutputFormat,
    Outputs,
    app,
    files_of,
    here,
    limit,
    open_home,
    print_lines,
    show_bytes,
    show_pieces,
    today,
    working,
    write_files,
)
from tracker.errors import TrackerError
from tracker.lists.days import DateOrder
from tracker.model import Format

if TYPE_CHECKING:
    from tracker.app.own_list import Opener
    from tracker.home import Home as Place
    from tracker.report.lists.view import ListView

_COLUMN_HELP = "its heading, number or letter; else it is found by its content."
Sheet = Annotated[str | None, typer.Option(help="The sheet of a workbook; else the one that holds codes.")]


@app.command(epilog="Example: tracker impact chargemaster.csv 2025 2026 -o result.xlsx")
def impact(
    list_: Annotated[
        Path,
        typer.Argument(
            metavar="LIST",
            readable=False,  # what cannot be read is one sentence of ours
            allow_dash=True,
            help="Your own list: CSV, TSV, XLSX or XLS; - reads codes from standard input.",
        ),
    ],
    old: Old,
    new: New,
    outputs: Outputs = None,
    output_format: OutputFormat = None,
    column: Annotated[str | None, typer.Option(help=f"The column with the codes: {_COLUMN_HELP}")] = None,
    sheet: Sheet = None,
    everything: Everything = False,
    fail_on: FailOn = None,
    home: Home = None,
) -> None:
    """Say what two releases mean for the codes of your own list. Nothing of the list is stored."""
    from tracker.app.impact import impact as impact_of
    from tracker.app.own_list import reaches
    from tracker.app.write_report import load_policy

    files = files_of(outputs, output_format)
    with open_home(home) as stored:
        policy = load_policy(here(), stored.home)
        with working(f"Reading {list_}"):
            view = impact_of(
                stored, _opener(list_, sheet, files), old, new, policy=policy, today=today(), column=column
            )
        _tell(view, files, output_format, stored.home, everything=everything)
    level = fail_on or policy.fail_on
    if level is not None and reaches(view, level):
        raise typer.Exit(1)


@app.command(epilog="Example: tracker valid J1940 --on 2025-03-31")
def valid(
    code: Annotated[str | None, typer.Argument(help="A code or modifier, in any case: J1940, J1940-JW.")] = None,
    on: Annotated[
        str | None, typer.Option(metavar="DATE", help="The date of service: 2025-03-31. With a list: of all rows.")
    ] = None,
    known_on: Annotated[
        str | None, typer.Option(metavar="DATE", help="Answer as what had been published by this day told it.")
    ] = None,
    list_: Annotated[
        Path | None,
        typer.Option(
            "--list", metavar="FILE", readable=False, allow_dash=True, help="A list of codes and days: CSV, XLSX, …"
        ),
    ] = None,
    code_column: Annotated[
        str | None, typer.Option("--code-column", "--column", help=f"The list's column with the codes: {_COLUMN_HELP}")
    ] = None,
    date_column: Annotated[str | None, typer.Option(help=f"The column with the days: {_COLUMN_HELP}")] = None,
    date_order: Annotated[
        DateOrder | None, typer.Option(help="What comes first in 03/04/2025, where the column does not tell: mdy, dmy.")
    ] = None,
    sheet: Sheet = None,
    outputs: Outputs = None,
    output_format: OutputFormat = None,
    everything: Everything = False,
    home: Home = None,
) -> None:
    """Say whether a code was valid on a date of service, with what meaning, and what proves it."""
    if (code is None) == (list_ is None):
        raise typer.BadParameter("name a code with --on DATE, or a list with --list FILE")
    from tracker.app.typed import typed
    from tracker.app.valid import Judge
    from tracker.hcpcs.catalogue import HCPCS
    from tracker.lists.days import parse_day
    from tracker.report import validity

    day = None if on is None else parse_day(on, date_order)
    known = None if known_on is None else parse_day(known_on, date_order)
    if list_ is not None:
        from tracker.app.valid_list import valid_list

        files = files_of(outputs, output_format)
        with open_home(home) as stored:
            with working(f"Reading {list_}"):
                view = valid_list(
                    stored,
                    _opener(list_, sheet, files),
                    known_on=known,
                    code_column=code_column,
                    date_column=date_column,
                    date_order=date_order,
                    on=day,
                )
            _tell(view, files, output_format, stored.home, everything=everything)
        return
    if day is None:
        raise typer.BadParameter("say the date of service: --on 2025-03-31")
    if code_column or date_column or sheet:
        raise typer.BadParameter("--code-column, --date-column and --sheet are of a --list")
    if outputs or output_format not in {None, Format.TEXT, Format.JSON}:
        raise typer.BadParameter("one code is answered as text or with --format json; files are written of a --list")
    with open_home(home) as stored:
        judge = Judge(stored, known)
        asked, modifiers = typed(stored, str(code))
        rulings = [judge.ask(one, day) for one in (asked, *modifiers)]
    if output_format is Format.JSON:
        answers = [(ruling.validity, ruling.successors) for ruling in rulings]
        show_bytes(validity.to_json(HCPCS, answers, known))
    else:
        for ruling in rulings:
            print_lines(validity.lines(HCPCS, ruling.validity, ruling.successors))


def _opener(path: Path, sheet: str | None, files: list[tuple[Path, Format]]) -> Opener:
    """Return what opens a list once it is known what a code looks like; the answers go to other files."""
    is_stream = str(path) == "-"
    if is_stream and sys.stdin is None:
        raise TrackerError("there is nothing on standard input: name the list's file")
    for output, _ in files:
        with suppress(OSError, ValueError):  # what is not there is not the list, and what cannot be read says so later
            if os.path.samestat(output.stat(), os.fstat(sys.stdin.fileno()) if is_stream else path.stat()):
                raise TrackerError(f"{output} is the list itself, which stays as it is: name another file with -o")
    from tracker.lists.source import open_list, read_list

    if is_stream:
        return lambda shape: read_list(sys.stdin.buffer, shape, sheet)
    return lambda shape: open_list(path, shape, sheet)


def _tell(
    view: ListView, files: list[tuple[Path, Format]], output_format: Format | None, place: Place, *, everything: bool
) -> None:
    """Write the files; show the summary, or without a file what was asked for."""
    from tracker.report.lists import render
    from tracker.report.lists.text import lines

    write_files(files, lambda chosen: render(view, chosen), place)
    if files or output_format in {None, Format.TEXT}:
        print_lines(lines(view, limit(everything)))
    else:
        show_pieces(render(view, output_format))
