"""Commands for finding one's way: search the codes, look after the home, and what is said when none is named."""

from __future__ import annotations

from typing import Annotated

import typer

from tracker.cli.shared import (
    Home,
    OutputFormat,
    Outputs,
    app,
    files_of,
    open_home,
    print_lines,
    release_labels,
    show_pieces,
    write_files,
)
from tracker.model import Format, Kind
from tracker.search import Status


def _letter(value: str) -> str:
    if value and not (len(value) == 1 and value.isascii() and value.isalnum()):
        raise typer.BadParameter(f"{value} is not what a code begins with: say one letter, such as J")
    return value.upper()


def _coverage(value: str) -> str:
    from tracker.hcpcs.code_lists import COVERAGE

    if value and value.upper() not in COVERAGE:
        meanings = ", ".join(f"{code} ({meaning})" for code, meaning in COVERAGE.items())
        raise typer.BadParameter(f"{value} is no coverage code; the coverage codes are: {meanings}")
    return value.upper()


def _words(text: list[str]) -> list[str]:
    if not "".join(text).strip():
        raise typer.BadParameter("say what to search for: words of a description, a code, or the begin of one")
    return text


@app.command(epilog="Example: tracker search furosemid injection --status current")
def search(
    text: Annotated[
        list[str],
        typer.Argument(metavar="TEXT…", callback=_words, help="Words of a description, a code, or the begin of one."),
    ],
    release: Annotated[
        str | None,
        typer.Option(help="Label or revision; else the newest whole release.", autocompletion=release_labels),
    ] = None,
    status: Annotated[
        Status, typer.Option(help="Only codes that are current, or ended, in that release.")
    ] = Status.ALL,
    letter: Annotated[str, typer.Option(help="Only codes that begin with this letter.", callback=_letter)] = "",
    coverage: Annotated[
        str, typer.Option(help="Only codes with this coverage code: C, D, I, M or S.", callback=_coverage)
    ] = "",
    kind: Annotated[Kind | None, typer.Option(help="Only procedures, or only modifiers.")] = None,
    limit: Annotated[int, typer.Option(min=1, help="Show so many, the best.")] = 20,
    everything: Annotated[bool, typer.Option("--all", help="Show all that were found.")] = False,
    output_format: OutputFormat = None,
    outputs: Outputs = None,
    home: Home = None,
) -> None:
    """Find codes by words of their descriptions, however they are spelled."""
    from tracker.app.search import Wanted, view_found
    from tracker.report.lists import render

    files = files_of(outputs, output_format)
    wanted = Wanted(status, letter, coverage, kind, None if everything else limit)
    with open_home(home) as stored:
        view = view_found(stored, " ".join(text), wanted, release)
    if files:
        write_files(files, lambda chosen: render(view, chosen), stored.home)
    elif output_format in {None, Format.TEXT}:
        from tracker.report.lists.text import lines

        print_lines(lines(view, None))
    else:
        show_pieces(render(view, output_format))
