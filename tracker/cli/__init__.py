"""The command line: options, progress, exit codes, and no work.

Exit codes: 0 done · 1 done, and what was asked to be told of is so · 2 command line not understood ·
3 not done, and why. What takes time to import is imported in the command that uses it.
"""

from __future__ import annotations

import atexit
import errno
import gc
import io
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType

from typer._click.exceptions import ClickException  # typer has no name of its own for it

from tracker.cli import changelog, changes, codes, doctor, export, history, lists, publisher, releases, search, verify
from tracker.cli.shared import app, in_one_line, say
from tracker.errors import TrackerError

__all__ = [
    "app",
    "changelog",
    "changes",
    "codes",
    "doctor",
    "export",
    "history",
    "lists",
    "main",
    "publisher",
    "releases",
    "search",
    "verify",
]


def main() -> None:
    """Run the command line. Errors that are no defects end in one sentence on standard error."""
    gc.disable()  # a command lives too short to be worth collecting after: 0.04 s of a diff
    atexit.register(gc.freeze)  # nor at its end, where Python would look at every object once more: 0.06 s
    _open_streams()
    try:
        with _stoppable():
            try:
                raise SystemExit(app(standalone_mode=False))
            finally:
                sys.stdout.flush()
    except ClickException as error:
        error.message = in_one_line(error.message)  # it may say again what was typed
        error.show()
        raise SystemExit(error.exit_code) from None
    except TrackerError as error:
        _fail(str(error))
    except _Interrupted:
        _fail("interrupted: tracker releases shows what is stored")
    except BrokenPipeError:
        _silence()
        raise SystemExit(0) from None
    except SystemExit as stop:
        if not isinstance(stop.__context__, BrokenPipeError):
            raise
        _silence()  # click turned it into an end with 1, and nobody listens: nothing is wrong
        raise SystemExit(0) from None
    except Exception as error:
        if os.environ.get("TRACKER_TRACEBACK"):
            raise
        # Every other disk's errors are told as TrackerErrors where they happen.
        if isinstance(error, OSError) and error.errno in _UNWRITABLE and error.filename is None:
            _silence()
            _fail(f"the output cannot be written ({error.strerror}); tracker releases shows what is stored")
        _fail(
            f"a defect in tracker, not in what you did: {type(error).__name__}: {error}; TRACKER_TRACEBACK=1 shows more"
        )


def _open_streams() -> None:
    """Give the outputs that were closed a place where nobody listens, and the others the same bytes in all locales."""
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")


class _Interrupted(BaseException):
    """Somebody asked the program to stop. The library would take a `KeyboardInterrupt` for itself."""


@contextmanager
def _stoppable() -> Iterator[None]:
    """Stop as after an error when asked to, so that what is half-written is taken back."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise _Interrupted

    names = ("SIGINT", "SIGTERM", "SIGHUP")
    before = {number: signal.signal(number, interrupt) for name in names if (number := getattr(signal, name, None))}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


_UNWRITABLE = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO, errno.EBADF}


def _silence() -> None:
    """Let what is still to be written go nowhere, so that Python does not try again at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _fail(sentence: str) -> None:
    """Say one sentence in one line, whatever names it holds, and end."""
    with suppress(OSError):
        say(f"error: {sentence}", err=True)
    raise SystemExit(3)
