"""Old workbooks (`.xls`), read in a process of their own.

A damaged one can make calamine ask for any amount of memory, or go in circles: then Rust ends the process, and no
exception reaches Python. So it is another process that ends, with little memory and time to waste. It is given the file
and prints the sheets as lines of JSON.
"""

from __future__ import annotations

import io
import json
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from tempfile import TemporaryFile
from typing import Any, Final

from tracker.errors import SourceError
from tracker.formats.cells import Cell
from tracker.limits import OLD_WORKBOOK_MEMORY, OLD_WORKBOOK_SECONDS

_MAIN: Final = (
    "import sys; memory, *sys.path = sys.argv[1:]; from tracker.formats.old_workbook import main; main(int(memory))"
)
_DAYS: Final[dict[str, Callable[[Any], Cell]]] = {
    "datetime": datetime.fromisoformat,
    "date": date.fromisoformat,
    "time": time.fromisoformat,
    "timedelta": lambda seconds: timedelta(seconds=seconds),
}


@dataclass(slots=True)
class OldSheet:
    """A sheet, laid out from its first to its last cell."""

    name: str
    hidden: bool
    start: tuple[int, int] | None
    end: tuple[int, int] | None
    laid_out: list[list[Cell]] = field(default_factory=list, repr=False)

    def iter_rows(self) -> Iterator[list[Cell]]:
        """Yield the rows."""
        return iter(self.laid_out)


def read(name: str, data: bytes) -> list[OldSheet]:
    """Return the sheets of an old workbook.

    Raises:
        SourceError: it cannot be read, or takes more memory or time than its like.
    """
    command = [sys.executable, "-I", "-S", "-c", _MAIN, str(OLD_WORKBOOK_MEMORY.value), *sys.path]
    with TemporaryFile() as told:
        try:
            subprocess.run(  # noqa: S603 - our own command
                command,
                input=data,
                stdout=told,
                stderr=subprocess.DEVNULL,
                timeout=OLD_WORKBOOK_SECONDS.value,
                check=True,
            )
        except subprocess.TimeoutExpired as error:
            message = f"{name}: the workbook takes too long to be read {OLD_WORKBOOK_SECONDS.hint}"
            raise SourceError(f"{message}: is it whole? Save it anew as .xlsx") from error
        except (subprocess.CalledProcessError, OSError) as error:
            why = error.strerror if isinstance(error, OSError) else "it is damaged, or asks for too much memory"
            message = (
                f"{name}: the workbook cannot be read ({why} {OLD_WORKBOOK_MEMORY.hint}): is it whole, and without"
            )
            raise SourceError(f"{message} a password? Save it anew as .xlsx") from error
        told.seek(0)
        return _sheets(name, told)


def _sheets(name: str, lines: Iterable[bytes]) -> list[OldSheet]:
    sheets: list[OldSheet] = []
    for line in map(json.loads, lines):
        match line:
            case {"error": why}:
                message = f"{name}: the workbook cannot be read ({why}): is it whole, and without a password?"
                raise SourceError(message)
            case {"sheet": title, "hidden": hidden, "start": start, "end": end}:
                sheets.append(OldSheet(title, hidden, start and tuple(start), end and tuple(end)))
            case _:
                sheets[-1].laid_out.append([_cell(cell) if type(cell) is list else cell for cell in line])
    return sheets


def _cell(told: list[Any]) -> Cell:
    sort, value = told
    return _DAYS[sort](value)


# ---------------------------------------------------------------- the other process


def main(memory: int) -> None:
    """Read a workbook from standard input, in a limited memory, and print its sheets."""
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    data = sys.stdin.buffer.read()
    with suppress(ImportError, OSError, ValueError):  # Windows has no such limit
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(data))
        for listed in workbook.sheets_metadata:
            if listed.typ is not SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(listed.name)
            hidden = listed.visible is not SheetVisibleEnum.Visible
            _say({"sheet": sheet.name, "hidden": hidden, "start": sheet.start, "end": sheet.end})
            for row in sheet.iter_rows():
                _say([cell.replace("\0", "\ufffd") if isinstance(cell, str) else cell for cell in row])
    except BaseException as error:  # noqa: BLE001 - calamine's Rust panics
        _say({"error": str(error)})
    sys.stdout.flush()


def _say(line: object) -> None:
    sys.stdout.write(_line(line) + "\n")


def _line(line: object) -> str:
    return json.dumps(line, default=_plain)


def _plain(cell: object) -> list[object]:
    if isinstance(cell, timedelta):
        return ["timedelta", cell.total_seconds()]
    if isinstance(cell, (date, time)):
        return [type(cell).__name__, cell.isoformat()]
    raise TypeError(type(cell))
