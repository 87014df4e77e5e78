"""The command about the life of one code."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

import typer

from tracker.cli.shared import Home, app, files_of, open_home, outputs_option, print_lines, show_bytes, write_files
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
    outputs: Annotated[list[Path] | None, outputs_option(".html, .md, .json or .txt")] = None,
    administrative: Annotated[
        bool, typer.Option("--administrative", help="Show changes of nothing but action code and date one by one.")
    ] = False,
    home: Home = None,
) -> None:
    """Tell the life of a code over all stored releases: when it came, changed, ended, and what takes its place."""
    from tracker.app.history import view_history
    from tracker.report.history import FORMATS, render

    files, shown = files_of(outputs, output_format), output_format or Format.TEXT
    for chosen in {shown, *(chosen for _, chosen in files)}.difference(FORMATS):
        raise typer.BadParameter(f"a history is no table and has no {chosen}: choose {', '.join(FORMATS)}")
    with open_home(home) as stored:
        view = view_history(stored, code, fields=fields or (), administrative=administrative)
        place = stored.home
    if files:
        write_files(files, lambda chosen: render(view, chosen), place)
    elif shown is Format.TEXT:
        from tracker.report.history.text import lines

        print_lines(lines(view))
    else:
        show_bytes(render(view, shown))
