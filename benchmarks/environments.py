"""The environments in which tracker and its peers are measured, below `.work`."""

from __future__ import annotations

import re
import shutil
import sys
import tomllib
from hashlib import sha512
from importlib import metadata
from pathlib import Path

from measure import BenchError, call

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
WORK = HERE / ".work"
TRACKER = WORK / "tracker"
PEERS, FRAMES, NODE = WORK / "peers", WORK / "frames", WORK / "node"
NODE_DAFF = "daff@1.4.2"
NODE_DAFF_SHA512 = (
    "adc5d30c984816697194fd9d024670bbf22260dd72233d5da433f60ee0269d3d"
    "97228a5b04ad48891c49e57ecb583fdeffe626705175c2f56c7a59ff3192c424"
)


def make_environments(*, peers: bool = True) -> None:
    """Make tracker's environment and the peers', or bring them up to date.

    They are apart because DeepDiff imports what it finds of polars, pandas and numpy, for tracker as for itself.
    """
    make_tracker()
    if peers:
        environment(PEERS, (HERE / "requirements-peers.txt").read_text(encoding="utf-8"))
        environment(FRAMES, (HERE / "requirements-frames.txt").read_text(encoding="utf-8"))
        _install_node_daff()


def make_tracker(folder: Path = TRACKER, *more: str) -> None:
    """Make an environment with tracker as users install it, or bring it up to date.

    From the wheel, with the pinned libraries and nothing of the development tools.

    Args:
        folder: where.
        more: packages of requirements.txt, such as `psycopg-binary`, that it has besides.
    """
    environment(folder, runtime_pins(*more))
    wheels = WORK / "wheels"
    shutil.rmtree(wheels, ignore_errors=True)
    call(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", wheels)
    _pip(folder, "--no-deps", "--no-index", "--force-reinstall", *wheels.iterdir())


def environment(folder: Path, pins: str) -> None:
    """Make an environment with the pinned packages, unless it is there and has them."""
    stamp, told = folder / "made-for", f"{sys.version}\n{pins}"
    if stamp.is_file() and stamp.read_text(encoding="utf-8") == told:
        return
    print(f"making {folder.relative_to(ROOT)} …", file=sys.stderr)
    call(sys.executable, "-m", "venv", "--clear", folder)
    file = folder / "requirements.txt"
    file.write_text(pins, encoding="utf-8")
    _pip(folder, "--no-deps", "--require-hashes", "--only-binary", ":all:", "-r", file)
    stamp.write_text(told, encoding="utf-8")


def runtime_pins(*more: str) -> str:
    """Return those parts of the project's requirements.txt that tracker needs to run, and those named `more`."""
    parts = re.split(r"\n(?=\S)", (ROOT / "requirements.txt").read_text(encoding="utf-8"))
    pins = {_name(part): part for part in parts}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted, todo = set[str](), [*map(_name, project["dependencies"]), *more]
    while todo:
        name = todo.pop()
        if name in pins and name not in wanted:
            wanted.add(name)
            todo += _needed_by(name)
    return "".join(f"{pins[name].strip()}\n" for name in sorted(wanted))


def node_daff() -> Path:
    """Return daff for Node, which is there if npm was."""
    return NODE / "node_modules" / ".bin" / "daff"


def _needed_by(name: str) -> list[str]:
    try:
        lines = metadata.requires(name) or []
    except metadata.PackageNotFoundError:  # another system's
        return []
    return [_name(line) for line in lines if "extra ==" not in line]


def _name(requirement: str) -> str:
    return re.split(r"[^\w.-]", requirement, maxsplit=1)[0].lower().replace("_", "-")


def _install_node_daff() -> None:
    """Install daff for Node, if there is npm and not yet daff."""
    npm = shutil.which("npm")
    if npm is None or node_daff().exists():
        return
    NODE.mkdir(exist_ok=True)
    call(npm, "pack", "--silent", "--pack-destination", NODE, NODE_DAFF)
    package = NODE / f"{NODE_DAFF.replace('@', '-')}.tgz"
    if sha512(package.read_bytes()).hexdigest() != NODE_DAFF_SHA512:
        raise BenchError(f"{package} is not the {NODE_DAFF} that is expected")
    call(npm, "install", "--silent", "--offline", "--no-save", "--no-package-lock", "--prefix", NODE, package)


def _pip(folder: Path, *options: str | Path) -> None:
    call(folder / "bin" / "python", "-m", "pip", "-qq", "--disable-pip-version-check", "install", *options)
