"""The rooms of the house, and who may import whom.

    model, errors, disk, limits <- formats
                  <- hcpcs, archive, store, diff, report, home, policy, lists, search, publisher
                  <- app <- api, cli

A room is a module or folder of `tracker`. The rooms in the middle do not know each other: they meet in
`model` and in `app`. Imports inside functions count as well.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "tracker"

MIDDLE = ("hcpcs", "archive", "store", "diff", "report", "home", "policy", "lists", "search", "publisher")
BASE = ("", "model", "errors", "disk", "limits", "formats")  # "" is tracker/__init__.py, which holds the version
MAY_IMPORT: dict[str, set[str]] = {
    "": {"api"},
    "model": set(),
    "errors": {"model"},
    "disk": set(),
    "limits": {"errors"},
    "formats": {"formats", "errors", "limits"},
    **{room: {room, *BASE} for room in MIDDLE},
    "app": {"app", *MIDDLE, *BASE},
    "api": {"app", *MIDDLE, *BASE},
    "cli": {"cli", "app", *MIDDLE, *BASE},
    "__main__": {"cli"},
}

DATABASE = {"alembic", "psycopg", "sqlalchemy", "sqlite3"}

PURE = (
    *("hcpcs/normalise.py", "hcpcs/oddities.py", "hcpcs/events.py", "hcpcs/successors.py", "hcpcs/lives.py"),
    *("search.py", "diff/**/*.py", "report/**/*.py"),
)
IMPURE_MODULES = DATABASE | {"os", "pathlib", "shutil", "socket", "subprocess", "tempfile", "time", "urllib"}
IMPURE_CALLS = {"input", "now", "open", "print", "today", "utcnow"}


def modules(*patterns: str) -> list[Path]:
    folder = ROOT / PACKAGE
    return sorted({path.relative_to(ROOT) for pattern in patterns for path in folder.glob(pattern)})


def imports(source: str, path: Path) -> Iterator[str]:
    """The dotted names that a module imports; `from a import b` gives `a.b`, relative ones made absolute."""
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            # One level up from a module, and from an __init__ alike, is the folder that it stands in.
            above = path.parent.parts[: len(path.parent.parts) - node.level + 1] if node.level else ()
            module = ".".join([*above, *([node.module] if node.module else [])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def room(path: Path) -> str:
    """`tracker/hcpcs/readers/sheet.py` is in `hcpcs`, `tracker/home.py` is `home`."""
    name = path.parts[1].removesuffix(".py")
    return "" if name == "__init__" else name


def wrong_directions(source: str, path: Path) -> list[str]:
    here = room(path)
    wrong = []
    for name in imports(source, path):
        package, *rest = name.split(".")
        # `from tracker import __version__` names no room, but tracker itself.
        there = rest[0] if rest and rest[0] in MAY_IMPORT else ""
        if package == PACKAGE and there not in MAY_IMPORT[here]:
            wrong.append(f"{path} imports {name}")
    return wrong


def database_imports(source: str, path: Path) -> list[str]:
    if room(path) == "store":
        return []
    return [f"{path} imports {name}" for name in imports(source, path) if name.split(".")[0] in DATABASE]


def impurities(source: str, path: Path) -> list[str]:
    """What reaches for a file, the clock, a database or the terminal."""
    names = [name for name in imports(source, path) if name.split(".")[0] in IMPURE_MODULES]
    found = [f"{path} imports {name}" for name in names]
    for node in ast.walk(ast.parse(source, str(path))):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=called) | ast.Attribute(attr=called) if called in IMPURE_CALLS:
                    found.append(f"{path}:{node.lineno} calls {called}()")
                case _:
                    pass
    return found


def test_every_module_has_a_room() -> None:
    assert {room(path) for path in modules("**/*.py")} <= set(MAY_IMPORT), "a new room needs its row here"


@pytest.mark.parametrize("path", modules("**/*.py"), ids=str)
def test_imports_go_one_way(path: Path) -> None:
    assert wrong_directions((ROOT / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize("path", modules("**/*.py"), ids=str)
def test_the_database_stays_in_the_store(path: Path) -> None:
    assert database_imports((ROOT / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize("path", modules(*PURE), ids=str)
def test_the_middle_is_pure(path: Path) -> None:
    assert impurities((ROOT / path).read_text(encoding="utf-8"), path) == []


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (wrong_directions, "tracker/model.py", "from tracker.errors import TrackerError"),
        (wrong_directions, "tracker/diff/compare.py", "from tracker.hcpcs import catalogue"),
        (wrong_directions, "tracker/diff/compare.py", "import tracker.hcpcs.catalogue"),
        (wrong_directions, "tracker/diff/compare.py", "from tracker import store"),
        (wrong_directions, "tracker/diff/compare.py", "from ..store import tables"),
        (wrong_directions, "tracker/diff/__init__.py", "from ..store import tables"),
        (wrong_directions, "tracker/hcpcs/readers/sheet.py", "from ... import home"),
        (wrong_directions, "tracker/report/view.py", "def f():\n    from tracker.app import compare"),
        (wrong_directions, "tracker/app/compare.py", "from tracker.cli import main"),
        (database_imports, "tracker/app/compare.py", "import sqlalchemy as sa"),
        (database_imports, "tracker/home.py", "from sqlalchemy.engine import Engine"),
        (impurities, "tracker/report/html.py", "from pathlib import Path"),
        (impurities, "tracker/report/html.py", "import os.path"),
        (impurities, "tracker/report/html.py", "from datetime import datetime\nat = datetime.now()"),
        (impurities, "tracker/report/html.py", "def f(path):\n    return path.open()"),
        (impurities, "tracker/diff/compare.py", "text = open('notes.txt').read()"),
    ],
)
def test_rules_see_what_they_forbid(rule: Callable[[str, Path], list[str]], path: str, source: str) -> None:
    assert rule(source, Path(path)) != []


@pytest.mark.parametrize(
    ("rule", "path", "source"),
    [
        (wrong_directions, "tracker/diff/compare.py", "from tracker import __version__, model"),
        (wrong_directions, "tracker/hcpcs/readers/sheet.py", "from ..catalogue import FIELDS"),
        (wrong_directions, "tracker/app/compare.py", "from tracker.diff import compare"),
        (wrong_directions, "tracker/store/migrate.py", "import alembic.command"),
        (database_imports, "tracker/store/tables.py", "from sqlalchemy import Table"),
        (impurities, "tracker/report/html.py", "from importlib.resources import files"),
        (impurities, "tracker/report/workbook.py", "from datetime import date\nfrom io import BytesIO"),
    ],
)
def test_rules_allow_the_rest(rule: Callable[[str, Path], list[str]], path: str, source: str) -> None:
    assert rule(source, Path(path)) == []
