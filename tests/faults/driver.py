"""Runs commands of the program, each in a process of its own, forked from this one, which has imported all it needs.

So a command takes hundredths of a second, hundreds of them can be killed, and all that such a process does to files is
what the command does. A request is a line of JSON on standard input; its answer is a line on standard output.
"""

from __future__ import annotations

import importlib
import json
import os
import pkgutil
import signal
import sys
import time
import traceback
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, BinaryIO, Final

import tracker
from tests.faults import power, tracer
from tests.faults.tracer import Event

_LIBRARIES: Final = ("alembic.command", "alembic.ddl.sqlite", "alembic.ddl.postgresql", "deepdiff", "jinja2", "psycopg")
_LIBRARIES_OF_WORKBOOKS: Final = ("python_calamine", "xlsxwriter", "sqlalchemy.dialects.postgresql.psycopg")

MOST_SECONDS: Final = 120
"""After which a command that never ends is ended."""

_WITHOUT_NAME: Final = " (deleted)"


def warm() -> None:
    """Import what commands import on their way."""
    for module in pkgutil.walk_packages(tracker.__path__, "tracker."):
        if not module.name.endswith("__main__") and ".migrations" not in module.name:
            importlib.import_module(module.name)
    for name in (*_LIBRARIES, *_LIBRARIES_OF_WORKBOOKS):
        importlib.import_module(name)


def run(request: dict[str, Any]) -> dict[str, Any]:
    """Run a command, with the fault that is asked for, and return how it ended, what it said and what it did."""
    events: list[Event] = []
    with TemporaryFile() as out, TemporaryFile() as err:
        process = os.fork()
        if process == 0:
            _be_the_command(request, out, err)
        try:
            if request["trace"] is None:
                status = _wait(process, request["seconds"])
            else:
                status = _follow(process, request["trace"], events)
        except BaseException:
            os.kill(process, signal.SIGKILL)  # it may be stopped, and would hold our output open
            raise
        told = []
        for file in (out, err):
            file.seek(0)
            told.append(file.read().decode(errors="replace"))
    return {"code": os.waitstatus_to_exitcode(status), "out": told[0], "err": told[1], "events": events}


def _be_the_command(request: dict[str, Any], out: BinaryIO, err: BinaryIO) -> None:
    code = 70
    signal.alarm(MOST_SECONDS)
    try:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        os.chdir(request["folder"])
        for name in ("TRACKER_HOME", "TRACKER_DATABASE_URL"):
            os.environ.pop(name, None)
        os.environ.update(request["environment"])
        sys.argv = ["tracker", *request["arguments"]]
        exec(request["prepare"], {})  # noqa: S102 - our own tests' text
        if request["trace"] is not None:
            tracer.be_followed()
        from tracker.cli import main

        main()
        code = 0
    except SystemExit as stop:
        code = int(stop.code or 0)
    except BaseException:  # noqa: BLE001 - whatever it is, the test shall see it
        traceback.print_exc()
    finally:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):
                code = code or 120
        os._exit(code)


def _wait(process: int, seconds: float | None) -> int:
    if seconds is not None:
        time.sleep(seconds)
        os.kill(process, signal.SIGKILL)
    return os.waitpid(process, 0)[1]


def _follow(process: int, trace: dict[str, Any], events: list[Event]) -> int:
    """Follow a command, and let happen to it what `trace` says.

    `at`: the number of the event at which it is killed (`error` is 0), or which fails; None for none. `stays`: whether
    all behind it fail too. `reads`: whether calls that only read count. `calls`: those that count, if not all do.
    `states`: the folder for what power cuts would leave.
    """
    roots, at, reads = tuple(trace["roots"]), trace["at"], trace["reads"]
    recorder = power.Recorder(roots, Path(trace["states"])) if trace["states"] else None
    hit = False

    def before(_: int, event: Event) -> int | None:
        nonlocal hit
        if (event.call in tracer.READING and not reads) or (trace["calls"] and event.call not in trace["calls"]):
            return None
        if event.path.endswith(_WITHOUT_NAME) and trace["error"] == 0:
            return None  # gone when its program is
        number = len(events)
        events.append(event)
        if recorder:
            recorder.before(event)
        if at is None or number < at or (hit and not trace["stays"]):
            return None
        hit = True
        return int(trace["error"])

    def after(event: Event) -> None:
        if recorder:
            recorder.after(event)

    status = tracer.follow(process, roots, before, after)
    if recorder:
        recorder.write()
    return status


def main() -> None:
    """Answer requests until there is no more."""
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)
    warm()
    for line in sys.stdin:
        answers.write(json.dumps(run(json.loads(line))) + "\n")
        answers.flush()


if __name__ == "__main__":
    main()
