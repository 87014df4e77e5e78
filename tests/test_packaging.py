"""The wheel, tried as its user meets it: installed, and run in an empty folder."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from zipfile import ZipFile

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("hatchling") is None:
        pytest.skip("hatchling, which builds the wheel, is not installed")
    folder = tmp_path_factory.mktemp("wheel")
    run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    (built,) = folder.iterdir()
    return built


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The scripts folder of an environment that has the wheel, and this environment's libraries."""
    if find_spec("ensurepip") is None:
        pytest.skip("this Python cannot make a virtual environment with pip")
    folder = tmp_path_factory.mktemp("installed")
    run(sys.executable, "-m", "venv", folder)
    where = {"base": str(folder), "platbase": str(folder)}
    scripts = Path(sysconfig.get_path("scripts", "venv", where))
    run(scripts / "python", "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", wheel)
    # Last, else pip would find the checkout's tracker installed. A folder named in a .pth file comes after
    # the wheel's, and its own .pth files, the checkout's among them, are not read.
    libraries = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    own = Path(sysconfig.get_path("purelib", "venv", where))
    (own / "libraries.pth").write_text("\n".join(sorted(libraries)), encoding="utf-8")
    return scripts


def test_wheel_holds_the_package_whole_and_the_migrations_inside_it(wheel: Path) -> None:
    names = {name for name in ZipFile(wheel).namelist() if ".dist-info/" not in name}

    migrations = {f"tracker/store/migrations/{path}" for path in files(ROOT / "alembic")}
    assert "tracker/store/migrations/env.py" in migrations
    assert names == {f"tracker/{path}" for path in files(ROOT / "tracker")} | migrations


def test_installed_package_is_the_wheels(installed: Path, tmp_path: Path) -> None:
    done = run(installed / "python", "-c", "import tracker; print(tracker.__file__)", cwd=tmp_path)

    assert Path(done.stdout.strip()).is_relative_to(installed.parent)


def test_diff_in_an_empty_folder_says_what_to_import(installed: Path, tmp_path: Path) -> None:
    home, data, here = (tmp_path / name for name in ("home", "data", "here"))
    for folder in (home, data, here):
        folder.mkdir()
    environment = {name: value for name, value in clean_environment().items() if name != "TRACKER_HOME"}
    environment |= {"HOME": str(home), "XDG_DATA_HOME": str(data)}

    done = subprocess.run(
        [installed / "tracker", "diff", "2025", "2026"],
        cwd=here,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 3, done.stderr
    assert done.stdout == ""
    assert "2025" in done.stderr
    assert "tracker import" in done.stderr
    assert "Traceback" not in done.stderr
    left = [path for folder in (home, data, here) for path in folder.rglob("*")]
    assert left == [], "asking must not leave anything behind"


def files(folder: Path) -> set[str]:
    """The files of a folder that belong into the wheel, relative to it."""
    found = (path.relative_to(folder) for path in folder.rglob("*") if path.is_file())
    return {path.as_posix() for path in found if "__pycache__" not in path.parts}


def clean_environment() -> dict[str, str]:
    """This environment, without what would let the checkout's modules in."""
    return {name: value for name, value in os.environ.items() if name not in {"PYTHONPATH", "PYTHONHOME"}}


def run(*command: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    done = subprocess.run(command, cwd=cwd, env=clean_environment(), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done
