"""Measuring whole processes: in turn, how often, and what each run took."""

from __future__ import annotations

import math
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
OUTPUT, ERRORS = HERE / ".work" / "output", HERE / ".work" / "errors"
"""What the program that ran last printed."""

MIB = 1024 * 1024
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts a process's peak memory."""


class BenchError(Exception):
    """Something that was to be measured does not work."""


@dataclass(slots=True)
class Measure:
    """One program at one work, and what its runs took: wall seconds, processor seconds, MiB at most.

    `writes` are the files that it makes, if their size matters; `size` is what the last run wrote, in MiB. `answer`
    reads, out of what the program printed, that on which all programs have to agree; `told` is that answer. `inside`
    reads out of it the seconds that count, those of a call inside the process. `floor`: does the least that the work
    can be.
    """

    work: str
    program: str
    command: Sequence[str | Path]
    prepare: Callable[[], object] | None = None
    writes: Sequence[Path] = ()
    answer: Callable[[str], str] | None = None
    inside: Callable[[str], float] | None = None
    floor: bool = False
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)
    told: str = ""
    size: float = 0.0

    def run(self) -> None:
        """Run the program once, and note what it took."""
        if self.prepare is not None:
            self.prepare()
        once = (sys.executable, "-I", "-S", HERE / "once.py", OUTPUT, ERRORS)
        seconds, processor, peak, code = map(float, call(*once, *self.command).split())
        if code:
            said = "".join(path.read_text(encoding="utf-8", errors="replace") for path in (OUTPUT, ERRORS))
            raise BenchError(f"{' '.join(map(str, self.command))} ended with {code:.0f}:\n{said}")
        if self.inside is not None:
            seconds = processor = self.inside(OUTPUT.read_text(encoding="utf-8"))
        if self.answer is not None and not self.told:
            self.told = self.answer(OUTPUT.read_text(encoding="utf-8"))
        self.seconds.append(seconds)
        self.processor.append(processor)
        self.peaks.append(peak * PEAK_UNIT / MIB)
        self.size = size_of(*self.writes)

    def forget(self) -> None:
        """Forget the runs up to here."""
        for noted in (self.seconds, self.processor, self.peaks):
            noted.clear()


def call(*command: str | Path) -> str:
    """Run a command that is not measured, and return what it prints."""
    done = subprocess.run(command, cwd=HERE.parent, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def size_of(*paths: Path) -> float:
    """Return the MiB of files, and of the files in folders."""
    files = [file for path in paths for file in ([path] if path.is_file() else path.rglob("*"))]
    return sum(file.stat().st_size for file in files) / MIB


def run_in_turn(
    found: Sequence[Measure], runs: int, *, slow: float = math.inf, known: Mapping[str, str] | None = None
) -> None:
    """Run everything in turn. The first turn, which waited for the disk, counts for what is slow anyway.

    Args:
        found: what is run.
        runs: how often, after the first turn.
        slow: seconds from which on the first run is the only one.
        known: by work, the answer that is known to be true.

    Raises:
        BenchError: a program failed, or the programs do not agree, and measuring them would compare different works.
    """
    for one in found:
        one.run()
    require_agreement(found, known or {})
    often = [one for one in found if one.seconds[0] < slow]
    for one in often:
        one.forget()
    for _ in range(runs):
        for one in often:
            one.run()


def require_agreement(found: Sequence[Measure], known: Mapping[str, str]) -> None:
    """Raise a `BenchError` if two programs give different answers to one work, or one that is known to be wrong."""
    for work in dict.fromkeys(one.work for one in found):
        told = {one.program: one.told for one in found if one.work == work and one.told}
        if work in known:
            told["as made"] = known[work]
        if len(set(told.values())) > 1:
            answers = "; ".join(f"{program}: {answer}" for program, answer in told.items())
            raise BenchError(f"{work}: the programs do not agree: {answers}")
