"""What tracker costs beside its peers, each run as a whole process: `make bench`. See README.md."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import sha512
from importlib import metadata
from pathlib import Path
from statistics import median

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / ".work"
TRACKER, PEERS, DATA = WORK / "tracker", WORK / "peers", WORK / "data"
DATACOMPY, NODE = WORK / "datacompy", WORK / "node"
REAL_ZIP, REAL_WORKBOOK = "hcpcs-2025.zip", "HCPC2025_OCT_ANWEB_v3.xlsx"
RUNS, QUICK_RUNS = 11, 3
SIZES = (900, 10_000)
"""How many codes change in the releases on which reports are written."""

ROWS = 1_000_000
"""Rows of the lists that are answered."""

REPORT_RUNS, SLOW = 5, 20
"""Runs of a report, and seconds from which on the first run is the only one."""

ENDINGS = ("html", "xlsx", "md", "csv", "json", "txt")
PEERS_PAGES = ("daff", "node-daff", "datacompy", "datacompy-all")
NODE_DAFF = "daff@1.4.2"
NODE_DAFF_SHA512 = (
    "adc5d30c984816697194fd9d024670bbf22260dd72233d5da433f60ee0269d3d"
    "97228a5b04ad48891c49e57ecb583fdeffe626705175c2f56c7a59ff3192c424"
)
MIB = 1024 * 1024
PEAK_UNIT = 1 if sys.platform == "darwin" else 1024
"""Bytes in which the system counts a process's peak memory."""


class BenchError(Exception):
    """Something that was to be measured does not work."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Two releases: how tracker calls them, the files that it imports, and what the peers read."""

    name: str
    labels: tuple[str, str]
    sources: tuple[Path, Path]
    folder: Path

    @property
    def home(self) -> Path:
        """A home in which both releases are stored."""
        return self.folder / "home"

    @property
    def tables(self) -> tuple[Path, Path]:
        """The releases as CSV files."""
        return self.folder / f"{self.labels[0]}.csv", self.folder / f"{self.labels[1]}.csv"

    @property
    def database(self) -> Path:
        """The releases as two tables of a SQLite file."""
        return self.folder / "join.db"


@dataclass(slots=True)
class Measure:
    """One program at one work, and what its runs took: wall seconds, processor seconds, MiB at most.

    `writes` are the files that it makes, if their size matters.
    """

    work: str
    program: str
    command: Sequence[str | Path]
    prepare: Callable[[], None] | None = None
    writes: Sequence[Path] = ()
    seconds: list[float] = field(default_factory=list)
    processor: list[float] = field(default_factory=list)
    peaks: list[float] = field(default_factory=list)

    def run(self) -> None:
        """Run the program once, and note what it took."""
        if self.prepare is not None:
            self.prepare()
        output = WORK / "output"
        seconds, processor, peak, code = map(
            float, _call(sys.executable, "-I", "-S", HERE / "once.py", output, *self.command).split()
        )
        if code:
            said = output.read_text(encoding="utf-8", errors="replace")
            raise BenchError(f"{' '.join(map(str, self.command))} ended with {code:.0f}:\n{said}")
        self.seconds.append(seconds)
        self.processor.append(processor)
        self.peaks.append(peak * PEAK_UNIT / MIB)

    @property
    def size(self) -> float:
        """MiB of the files written."""
        return sum(path.stat().st_size for path in self.writes) / MIB

    def forget(self) -> None:
        """Forget the runs up to here."""
        for noted in (self.seconds, self.processor, self.peaks):
            noted.clear()


# ---------------------------------------------------------------- environments


def make_environments(*, reports: bool) -> None:
    """Make tracker's environment and the peers', or bring them up to date.

    They are apart because deepdiff imports what it finds, and tracker is measured as users install it: from
    the wheel, with the pinned libraries and nothing of the development tools.
    """
    _environment(TRACKER, _runtime_pins())
    wheels = WORK / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    _call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels)
    _pip(TRACKER, "--no-deps", "--no-index", "--force-reinstall", *wheels.iterdir())
    _environment(PEERS, (HERE / "requirements.txt").read_text(encoding="utf-8"))
    if reports:
        _environment(DATACOMPY, (HERE / "requirements-datacompy.txt").read_text(encoding="utf-8"))
        _install_node_daff()


def _runtime_pins() -> str:
    """Return those parts of the project's requirements.txt that tracker needs to run."""
    parts = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    pins = {_name(part): part for part in parts}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, todo = set[str](), [_name(line) for line in project["dependencies"]]
    while todo:
        name = todo.pop()
        if name in pins and name not in wanted:
            wanted.add(name)
            todo += _needed_by(name)
    return "".join(f"{pins[name].strip()}\n" for name in sorted(wanted))


def _needed_by(name: str) -> list[str]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # another system's
        return []
    return [_name(line) for line in lines if "extra ==" not in line]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _environment(folder: Path, pins: str) -> None:
    """Make an environment with the pinned packages, unless it is there and has them."""
    stamp, told = folder / "made-for", f"{sys.version}\n{pins}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == told:
        return
    print(f"making {folder.relative_to(ROOT)} …", file=sys.stderr)
    _call(sys.executable, "-m", "venv", "--clear", folder)
    file = folder / "requirements.txt"
    file.write_text(pins, encoding="utf-8")
    _pip(folder, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", file)
    stamp.write_text(told, encoding="utf-8")


def _install_node_daff() -> None:
    """Install daff for Node, if there is npm and not yet daff."""
    npm = shutil.which("npm")
    if npm is None or _node_daff().exists():
        return
    NODE.mkdir(exist_ok=True)
    _call(npm, "pack", "--silent", "--pack-destination", NODE, NODE_DAFF)
    package = NODE / f"{NODE_DAFF.replace('@', '-')}.tgz"
    if sha512(package.read_bytes()).hexdigest() != NODE_DAFF_SHA512:
        raise BenchError(f"{package} is not the {NODE_DAFF} that is expected")
    _call(npm, "install", "--silent", "--offline", "--no-save", "--no-package-lock", "--prefix", NODE, package)


def _node_daff() -> Path:
    return NODE / "node_modules" / ".bin" / "daff"


def _pip(folder: Path, *options: str | Path) -> None:
    _call(folder / "bin" / "python", "-m", "pip", "-qq", "--disable-pip-version-check", "install", *options)


# ---------------------------------------------------------------- data


def make_data(releases: Path | None) -> list[Pair]:
    """Make what is measured: two made-up releases, and with `releases` two real ones as well."""
    shutil.rmtree(DATA, ignore_errors=True)
    folder = DATA / "made-up"
    folder.mkdir(parents=True)
    _call(TRACKER / "bin" / "python", HERE / "data.py", "made-up", folder)
    texts = folder / "HCPC2025_JAN_ANWEB_v1.txt", folder / "HCPC2026_JAN_ANWEB_v1.txt"
    pairs = [Pair("made-up", ("2025", "2026"), texts, folder)]
    _store(pairs[0])
    if releases is not None:
        folder = DATA / "real"
        folder.mkdir()
        sources = _find(releases, REAL_ZIP), _find(releases, REAL_WORKBOOK)
        pairs.append(Pair("real", ("2025", "2025-10"), sources, folder))
        _store(pairs[1])
    return pairs


def make_report_data() -> list[Pair]:
    """Make the made-up releases on which reports are written, small and large."""
    shutil.rmtree(DATA, ignore_errors=True)
    pairs = []
    for changes in SIZES:
        folder = DATA / f"{changes:,} changes"
        folder.mkdir(parents=True)
        _call(TRACKER / "bin" / "python", HERE / "data.py", "notes", folder, str(changes))
        texts = folder / "HCPC2025_JAN_ANWEB_v1.txt", folder / "HCPC2026_JAN_ANWEB_v1.txt"
        pairs.append(Pair(folder.name, ("2025", "2026"), texts, folder))
        _store(pairs[-1])
    return pairs


def _store(pair: Pair) -> None:
    """Store a pair's releases as tracker does, and as two tables."""
    for source in pair.sources:
        _call(TRACKER / "bin" / "tracker", "import", source, "--home", pair.home)
    if not pair.tables[0].exists():
        snapshots = [pair.home / "snapshots" / f"{label}.r1.jsonl" for label in pair.labels]
        _call(TRACKER / "bin" / "python", HERE / "data.py", "csv", *snapshots, pair.folder)
    _call(PEERS / "bin" / "python", HERE / "sqlite_join.py", "store", pair.database, *pair.tables)


def _find(folder: Path, name: str) -> Path:
    found = next(folder.rglob(name), None)
    if found is None:
        raise BenchError(f"{folder} does not hold {name}: unset TRACKER_RELEASES to do without it")
    return found


# ---------------------------------------------------------------- what is run


def diff_commands(pair: Pair) -> dict[str, list[str | Path]]:
    """Return each program's command for the diff of a pair, ours first; each prints JSON."""
    return {
        "tracker": [TRACKER / "bin" / "tracker", "diff", *pair.labels, "--format", "json", "--home", pair.home],
        "csv-diff": [PEERS / "bin" / "csv-diff", *pair.tables, "--key", "HCPC", "--json"],
        "bare SQLite join": [PEERS / "bin" / "python", HERE / "sqlite_join.py", "diff", pair.database],
    }


def require_agreement(pair: Pair) -> str:
    """Return the counts of added, removed and changed codes on which all programs agree.

    Raises:
        BenchError: they do not, and measuring them would compare different works.
    """
    counts = {program: _counts(json.loads(_call(*command))) for program, command in diff_commands(pair).items()}
    known = pair.folder / "counts.json"
    if known.is_file():
        counts["as made"] = _counts(json.loads(known.read_text(encoding="utf-8")))
    return _agreed(pair, counts)


def _agreed(pair: Pair, counts: Mapping[str, str]) -> str:
    if len(set(counts.values())) > 1:
        told = "; ".join(f"{program}: {count}" for program, count in counts.items())
        raise BenchError(f"the {pair.name} releases differ by what each program says: {told}")
    return counts["tracker"]


def _counts(answer: Mapping[str, object]) -> str:
    counted = answer.get("counts", answer)
    if not isinstance(counted, dict):
        raise BenchError(f"no counts in {answer}")
    numbers = {key: counted[key] for key in ("added", "removed", "changed")}
    return ", ".join(f"{len(n) if isinstance(n, list) else n:,} {key}" for key, n in numbers.items())


def measures(pairs: Sequence[Pair]) -> list[Measure]:
    """Return everything that is run, by work; tracker is the first of each work."""
    found = [
        Measure("start-up", "tracker --help", [TRACKER / "bin" / "tracker", "--help"]),
        Measure("start-up", "python -c pass", [TRACKER / "bin" / "python", "-c", "pass"]),
    ]
    empty = WORK / "empty"
    sources = [("made-up text", pairs[0].sources[0])]
    if len(pairs) > 1:
        sources += [("real zip", pairs[1].sources[0]), ("real workbook", pairs[1].sources[1])]
    for what, source in sources:
        command: list[str | Path] = [TRACKER / "bin" / "tracker", "import", source, "--home", empty]
        found.append(Measure(f"import, {what}", "tracker", command, lambda: shutil.rmtree(empty, ignore_errors=True)))
    for pair in pairs:
        found += [Measure(f"diff, {pair.name}", program, command) for program, command in diff_commands(pair).items()]
    return found


def report_measures(pair: Pair) -> list[Measure]:
    """Return each report on a pair; tracker's HTML is the first, because the peers write HTML."""
    work = f"report, {pair.name}"
    tracker: list[str | Path] = [TRACKER / "bin" / "tracker", "report", *pair.labels, "--home", pair.home]
    ours = {f"tracker, {ending}": [_report(pair, "tracker", ending)] for ending in ENDINGS}
    ours["tracker, all six at once"] = [_report(pair, "at-once", ending) for ending in ENDINGS]
    found = [
        Measure(work, program, [*tracker, *(part for path in paths for part in ("-o", path))], writes=paths)
        for program, paths in ours.items()
    ]
    daff: list[str | Path] = ["--id", "HCPC", *pair.tables, "--output"]
    datacompy: list[str | Path] = [DATACOMPY / "bin" / "python", HERE / "datacompy_report.py", *pair.tables]
    pages = [_report(pair, name) for name in PEERS_PAGES]
    commands: dict[str, list[str | Path]] = {
        "daff, Python": [PEERS / "bin" / "daff", *daff, pages[0]],
        "daff, Node": [_node_daff(), *daff, pages[1]],
        "datacompy, 10 rows a column": [*datacompy, pages[2]],
        "datacompy, all rows": [*datacompy, pages[3], "1000000"],
    }
    for page, (program, command) in zip(pages, commands.items(), strict=True):
        found.append(Measure(work, program, command, writes=[page]))
    return [one for one in found if Path(one.command[0]).exists()]  # Node's daff may be missing


def list_measures(pair: Pair) -> list[Measure]:
    """Return what answers lists, beside a mere copy of them."""
    chargemaster, claims = pair.folder / "chargemaster.csv", pair.folder / "claims.csv"
    tracker, answered, home = TRACKER / "bin" / "tracker", pair.folder / "answered.csv", ("--home", pair.home)
    commands: dict[tuple[str, str], list[str | Path]] = {
        ("impact", "tracker"): [tracker, "impact", chargemaster, *pair.labels, "-o", answered, *home],
        ("impact", "copy, Python's csv"): [sys.executable, HERE / "csv_copy.py", chargemaster, answered],
        ("valid --list", "tracker"): [tracker, "valid", "--list", claims, "-o", answered, *home],
        ("valid --list", "copy, Python's csv"): [sys.executable, HERE / "csv_copy.py", claims, answered],
    }
    return [
        Measure(f"{what}, {ROWS:,} rows", program, command, writes=[answered])
        for (what, program), command in commands.items()
    ]


def _report(pair: Pair, program: str, ending: str = "html") -> Path:
    return pair.folder / f"{program}.{ending}"


def require_reports_agree(pair: Pair) -> str:
    """Return the counts of codes on which all reports on a pair agree.

    Raises:
        BenchError: they do not, and measuring them would compare different works.
    """
    answers: dict[str, Mapping[str, object]] = {
        "as made": json.loads((pair.folder / "counts.json").read_text(encoding="utf-8")),
        "tracker": json.loads(_report(pair, "tracker", "json").read_text(encoding="utf-8"))["counts"],
    }
    kinds = {"added": ("add", "new but not in old"), "removed": ("remove", "old but not in new")}
    kinds["changed"] = ("modify", "some compared columns unequal")
    for program in PEERS_PAGES:
        path = _report(pair, program)
        if path.exists():
            page = path.read_text(encoding="utf-8")
            rows = re.compile(r"Number of rows (?:in|with) (.*): ([\d,]+)")
            told = {what: int(number.replace(",", "")) for what, number in rows.findall(page)}
            answers[program] = {
                kind: told.get(words, page.count(f'<tr class="{mark}">')) for kind, (mark, words) in kinds.items()
            }
    return _agreed(pair, {program: _counts(answer) for program, answer in answers.items()})


def table(found: Iterable[Measure]) -> str:
    """Return the measures as a table."""
    rows = [("work", "program", "median s", "min to max", "to tracker", "processor s", "peak MiB", "size MiB")]
    ours: dict[str, Measure] = {}
    for one in found:
        base = ours.setdefault(one.work, one)
        wall = median(one.seconds)
        span = f"{min(one.seconds):.3f} to {max(one.seconds):.3f}"
        ratio = f"{wall / median(base.seconds):.2f}"
        size = f"{one.size:.2f}" if one.writes else ""
        more = f"{median(one.processor):.3f}", f"{max(one.peaks):.0f}", size
        rows.append((one.work, one.program, f"{wall:.3f}", span, ratio, *more))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return "\n".join([lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]])


def sizes(pairs: Iterable[Pair]) -> str:
    """Say how large the indexes are, beside what else holds the same two releases."""
    lines = []
    for pair in pairs:
        files = {
            "index": [pair.home / "tracker.db"],
            "archive": (pair.home / "snapshots").iterdir(),
            "bare SQLite tables": [pair.database],
            "CSV": pair.tables,
        }
        told = (f"{what} {sum(path.stat().st_size for path in paths) / MIB:.1f}" for what, paths in files.items())
        lines.append(f"size of both {pair.name} releases in MiB: {', '.join(told)}")
    return "\n".join(lines)


def _call(*command: str | Path) -> str:
    """Run a command that is not measured, and return what it prints."""
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise BenchError(f"{' '.join(map(str, command))} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout


def measure(found: Sequence[Measure], runs: int, *, slow: float = math.inf) -> None:
    """Run everything in turn. The first turn, which waited for the disk, counts for what is slow anyway."""
    for one in found:
        one.run()
    often = [one for one in found if one.seconds[0] < slow]
    for one in often:
        one.forget()
    for _ in range(runs):
        for one in often:
            one.run()


def bench(runs: int, releases: Path | None) -> None:
    """Measure start-up, import and diff, and print."""
    pairs = make_data(releases)
    for pair in pairs:
        print(f"{pair.name} releases: {require_agreement(pair)}, say all programs")
    found = measures(pairs)
    measure(found, runs)
    print(f"\n{table(found)}\n\n{sizes(pairs)}")


def report(runs: int) -> None:
    """Measure the reports, and print."""
    pairs = make_report_data()
    found = [one for pair in pairs for one in report_measures(pair)]
    measure(found, runs, slow=SLOW)
    for pair in pairs:
        print(f"{pair.name}: {require_reports_agree(pair)}, say all reports")
    print(f"\n{table(found)}")


def answer_lists(runs: int) -> None:
    """Measure the answers to long lists, and print."""
    pair = make_data(None)[0]
    _call(TRACKER / "bin" / "python", HERE / "data.py", "lists", pair.tables[0], pair.folder, str(ROWS))
    found = list_measures(pair)
    measure(found, runs)
    print(f"\n{table(found)}")


def main() -> None:
    """Prepare, check that all agree, measure in turn, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help=f"{QUICK_RUNS} runs instead of {RUNS}")
    parser.add_argument("--reports", action="store_true", help=f"the reports alone, {REPORT_RUNS} runs")
    parser.add_argument("--lists", action="store_true", help=f"answers to lists of {ROWS:,} rows alone")
    options = parser.parse_args()
    runs = QUICK_RUNS if options.quick else REPORT_RUNS if options.reports or options.lists else RUNS
    releases = os.environ.get("TRACKER_RELEASES")
    for name in [name for name in os.environ if name.startswith(("TRACKER_", "PYTHON"))]:
        del os.environ[name]  # what is measured is the program as it comes
    WORK.mkdir(exist_ok=True)
    try:
        make_environments(reports=options.reports)
        if options.reports:
            report(runs)
        elif options.lists:
            answer_lists(runs)
        else:
            bench(runs, Path(releases) if releases else None)
    except BenchError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main()
