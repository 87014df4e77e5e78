r"""Fuzz the readers of the program, guided by which of its lines an input reaches.

    python tests/fuzz/guided.py                           all targets, a minute each
    python tests/fuzz/guided.py --seconds 600 workbook    one of them, for longer
    python tests/fuzz/guided.py --runs 2000               so many inputs each

Each target runs in a process of its own, whose memory is limited. Inputs that reach something new are kept in
`.fuzz/TARGET/corpus` and begin the next run; those that end in a defect in `.fuzz/TARGET/defects`, one for each place
in the program, with the traceback beside it. Ends with 1 if there was any.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
import traceback
from collections import Counter
from dataclasses import asdict, dataclass, field
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Final, NoReturn

ROOT: Final = Path(__file__).parents[2]
WORK: Final = ROOT / ".fuzz"

MEMORY: Final = 1024 * 1024 * 1024
"""Bytes that a process may come to have above what it begins with."""

_SILENCE: Final = 60
"""Seconds after which a process is ended that neither Python nor an alarm can stop."""

_OWN: Final = 0.7
"""The share of inputs that are changed by what their format is made of; the others libFuzzer changes."""


@dataclass
class Told:
    """What came of a target: how many inputs ended in what, and what was most."""

    target: str
    inputs: int = 0
    results: int = 0
    refused: int = 0
    seconds: float = 0
    slowest: float = 0
    memory: int = 0
    defects: list[str] = field(default_factory=list)

    def row(self) -> str:
        """Return the row of the table."""
        return (
            f"{self.target:<14} {self.inputs:>10,} {self.results:>10,} {self.refused:>10,} {len(self.defects):>8,} "
            f"{self.inputs / (self.seconds or 1):>9,.0f} {self.slowest:>9.3f} {self.memory / 2**20:>8,.0f}"
        )


HEAD: Final = (
    f"{'target':<14} {'inputs':>10} {'results':>10} {'refused':>10} {'defects':>8} {'inputs/s':>9} {'slowest s':>9} "
    f"{'peak MiB':>8}"
)


def main() -> int:
    """Run the targets one after the other and print what came of each."""
    parser = argparse.ArgumentParser(description="Fuzz the readers of the program, guided by coverage.")
    parser.add_argument("targets", nargs="*", metavar="TARGET", help="all of them if none is named")
    parser.add_argument("--seconds", type=float, default=60, help="for each target (60)")
    parser.add_argument("--runs", type=int, default=0, help="inputs for each target, if these come sooner")
    parser.add_argument("--seed", type=int, default=0, help="of the changes; 0 takes another one each time")
    parser.add_argument("--work", type=Path, default=WORK, help="where inputs are kept (.fuzz)")
    parser.add_argument("--alone", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.alone:
        _fuzz(asked.targets[0], asked.seconds, asked.runs, asked.seed, asked.work)
    sys.path.insert(0, str(ROOT))
    from tests.fuzz.targets import TARGETS

    unknown = [name for name in asked.targets if name not in TARGETS]
    if unknown:
        parser.error(f"there is no target {unknown[0]}; there are {', '.join(TARGETS)}")
    print(HEAD, flush=True)
    told = []
    for name in asked.targets or TARGETS:
        told.append(_started(name, asked))
        print(told[-1].row(), flush=True)
    for one in told:
        for defect in one.defects:
            print(f"\n{one.target}: {defect}")
    print(f"\n{sum(one.inputs for one in told):,} inputs, {sum(len(one.defects) for one in told):,} defects")
    return 1 if any(one.defects for one in told) else 0


def _started(name: str, asked: argparse.Namespace) -> Told:
    """Run a target in a process of its own; one that dies is a defect, and its last input is kept."""
    folder = asked.work / name
    for part in ("corpus", "defects"):
        (folder / part).mkdir(parents=True, exist_ok=True)
    options = ("--seconds", str(asked.seconds), "--runs", str(asked.runs), "--seed", str(asked.seed))
    command = [sys.executable, __file__, "--alone", name, *options, "--work", str(asked.work)]
    told_file = folder / "told.json"
    told_file.unlink(missing_ok=True)
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    with (folder / "log").open("w") as log:
        ended = subprocess.run(command, stdout=log, stderr=log, check=False, cwd=ROOT, env=environment)
    told = Told(**json.loads(told_file.read_text())) if told_file.exists() else Told(name)
    if ended.returncode:
        told.defects.append(f"the process died ({ended.returncode}) by {folder / 'last'}; {folder / 'log'} says more")
    return told


def _fuzz(name: str, seconds: float, runs: int, seed: int, work: Path) -> NoReturn:
    """Fuzz one target until its time or number of inputs is over; end the process."""
    import atheris

    sys.path.insert(0, str(ROOT))
    with atheris.instrument_imports(include=["tracker"]):  # to the end: much is imported where it is used
        from tests.fuzz.mutations import mutate
        from tests.fuzz.targets import TARGETS, End, end_of

        target, folder = TARGETS[name], work / name
        seeds = list(target.seeds())
        for data in seeds:
            end_of(target, data)
            (folder / "corpus" / sha256(data).hexdigest()[:16]).write_bytes(data)
        grown = _in_use()
        resource.setrlimit(resource.RLIMIT_AS, (grown + MEMORY, grown + MEMORY))
        told, ends, begin = Told(name), Counter[str](), time.monotonic()
        last = folder / "last"

        def one(data: bytes) -> None:
            last.write_bytes(data)  # if it ends the process, here it is
            before = time.process_time()
            try:
                ends[end_of(target, data)] += 1
            except BaseException as error:
                if isinstance(error, KeyboardInterrupt):
                    raise
                _keep(folder, data, error, told)
            told.inputs += 1
            told.slowest = max(told.slowest, time.process_time() - before)
            told.seconds = time.monotonic() - begin
            is_over = told.seconds >= seconds or 0 < runs <= told.inputs
            if is_over or not told.inputs % 500:
                told.results, told.refused = ends[End.RESULT], ends[End.REFUSED]
                told.memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
                (folder / "told.json").write_text(json.dumps(asdict(told)))
            if is_over:
                sys.stderr.flush()
                os._exit(0)

        def changed(data: bytes, longest: int, number: int) -> bytes:
            random = Random(number)
            data = data or random.choice(seeds)
            if random.random() < _OWN:
                return mutate(data, random, target.shape, target.words, seeds)[:longest]
            return mutate(
                data, random, target.shape, change=lambda piece, _: bytes(atheris.Mutate(piece, len(piece) + 64))
            )[:longest]

        options = [f"-seed={seed}"] if seed else []
        limits = [f"-timeout={_SILENCE}", "-rss_limit_mb=0", "-max_len=262144", "-print_final_stats=0"]
        where = [f"-artifact_prefix={folder}/defects/", str(folder / "corpus")]
        atheris.Setup([sys.argv[0], *options, *limits, *where], one, custom_mutator=changed)
        atheris.Fuzz()
    sys.exit(1)  # libFuzzer found nothing more to do, which it never says


def _keep(folder: Path, data: bytes, error: BaseException, told: Told) -> None:
    """Keep an input that ended in a defect, the shortest for each place in the program."""
    frames = traceback.extract_tb(error.__traceback__)
    ours = [frame for frame in frames if "/tracker/" in frame.filename] or frames
    place = f"{type(error).__name__} at {Path(ours[-1].filename).name}:{ours[-1].lineno}"
    if isinstance(error, AssertionError):
        place += f", {Path(frames[-1].filename).name}:{frames[-1].lineno}"
    path = folder / "defects" / sha256(place.encode()).hexdigest()[:12]
    if place not in [defect.partition(" by ")[0] for defect in told.defects]:
        told.defects.append(f"{place} by {path}")
    elif path.exists() and path.stat().st_size <= len(data):
        return
    path.write_bytes(data)
    path.with_suffix(".txt").write_text("".join(traceback.format_exception(error)), errors="replace")


def _in_use() -> int:
    """Return the bytes of address space that the process has."""
    return int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()


if __name__ == "__main__":
    sys.exit(main())
