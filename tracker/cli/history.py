"""The command about the life of one code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tracker.cli.shared import Home, app, format_of, open_home, print_lines, show_bytes
from tracker.model import Format

_ALL: Final = "all"


def field_names(incomplete: str) -> list[str]:
    """Complete the name of a field."""
    from tracker.hcpcs.catalogue import FIELDS

    return [name for name in (_ALL, *FIELDS) if name.startswith(incomplete)]


def _known_fields(names: list[str] | None) -> list[str] | None:
    """Return the fields that are named, in the catalogue's order; refuse what is none."""
    from tracker.hcpcs.catalogue import FIELDS

    asked = {name.strip().lower().replace(" ", "_").replace("-", "_") for name in names or ()}
    for name in sorted(asked - FIELDS.keys() - {_ALL}):
        raise typer.BadParameter(f"{name} is no field; the fields are: {_ALL}, {', '.join(FIELDS)}")
    return [name for name in FIELDS if name in asked or _ALL in asked]


@app.command(epilog="Example: tracker history J1940 --field coverage_code")
def history(
    code: Annotated[str, typer.Argument(help="A code or modifier, in any case.")],
    fields: Annotated[
        list[str] | None,
        typer.Option(
            "--field",
            help="Say since when this field has its value, and what it was before: a name, or all; repeatable.",
            callback=_known_fields,
            autocompletion=field_names,
        ),
    ] = None,
    output_format: Annotated[
        Format | None, typer.Option("--format", help="text, json, html or markdown; else as the file's ending says.")
    ] = None,
    output: Annotated[Path | None, typer.Option("--output", "-o", help="Write to this file.")] = None,
    administrative: Annotated[
        bool, typer.Option("--administrative", help="Show changes of nothing but action code and date one by one.")
    ] = False,
    home: Home = None,
) -> None:
    """Tell the life of a code over all stored releases: when it came, changed, ended, and what takes its place."""
    from tracker.app.history import view_history
    from tracker.app.write_report import write_file
    from tracker.report.history import FORMATS, render

    chosen = format_of(output, output_format)
    if chosen not in FORMATS:
        raise typer.BadParameter(f"a history is no table and has no {chosen}: choose {', '.join(FORMATS)}")
    with open_home(home) as stored:
        view = view_history(stored, code, fields=fields or (), administrative=administrative)
        place = stored.home
    if output is not None:
        write_file(output, render(view, chosen), place)
        typer.echo(f"written: {output}", err=True)
    elif chosen is Format.TEXT:
        from tracker.report.history.text import lines

        print_lines(lines(view))
    else:
        show_bytes(render(view, chosen))
