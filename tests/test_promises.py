"""What docs/promises.md says, as far as no other test holds it; and every test that it names is there."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.report.html_views import small
from tests.support import record_text, values
from tests.test_architecture import imports
from tracker.errors import TrackerError
from tracker.report.html import render_template

ROOT = Path(__file__).parents[1]
MODULES = sorted((ROOT / "tracker").rglob("*.py"))

# ---------------------------------------------------------------- nothing that is read is executed

EXECUTES = {"eval", "exec", "compile", "__import__", "execfile"}
"""Built-in functions that make a program of a text."""

UNPACKS = {"pickle", "marshal", "shelve", "dill", "yaml", "code", "codeop", "runpy", "ctypes", "pty"}
"""Modules that make more of what they read than values."""

STARTS = {"subprocess", "multiprocessing"}
STARTED = {"tracker/formats/old_workbook.py": "reads an .xls in a process of its own, which may fail alone"}
"""Who starts another program, and why."""


def found_in(path: Path, source: str) -> list[str]:
    tree = ast.parse(source)
    calls = [node.func for node in ast.walk(tree) if isinstance(node, ast.Call)]
    modules = {name.split(".")[0] for name in imports(source, path)}
    found = [call.id for call in calls if isinstance(call, ast.Name) and call.id in EXECUTES]
    found += [call.attr for call in calls if isinstance(call, ast.Attribute) and call.attr in {"system", "popen"}]
    found += sorted(modules & UNPACKS)
    if str(path) not in STARTED:
        found += sorted(modules & STARTS)
    return found


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_module_makes_a_program_of_what_it_reads(path: Path) -> None:
    assert found_in(path.relative_to(ROOT), path.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize(
    "source",
    ["eval('1')", "exec(text)", "import pickle", "from yaml import load", "import subprocess", "os.system('ls')"],
)
def test_the_rule_sees_what_it_forbids(source: str) -> None:
    assert found_in(Path("tracker/lists/table.py"), source) != []


ESCAPES = [
    "{{ ''.__class__.__mro__[1].__subclasses__() }}",
    "{{ view.__class__.__init__.__globals__ }}",
    "{{ view.sections.__class__.__base__.__subclasses__() }}",
    "{{ heading.__globals__['__builtins__'] }}",
    "{{ title.__func__.__globals__ }}",
    "{{ cycler.__init__.__globals__.os.popen('id').read() }}",
    "{{ lipsum.__globals__['os'].system('id') }}",
    "{{ joiner.__init__.__globals__ }}",
    "{{ namespace.__init__.__globals__ }}",
    "{{ self._TemplateReference__context }}",
    "{{ self.__init__.__globals__ }}",
    "{{ (view|attr('__class__')).__mro__ }}",
    "{{ view|attr('__init__')|attr('__globals__') }}",
    "{{ '{0.__class__.__mro__}'.format(view) }}",
    "{{ '{v.__init__.__globals__}'.format_map({'v': view}) }}",
    "{{ ('%c' % 95 ~ '_class__') and view['__class__'] }}",
    "{{ [].append.__self__.__class__.__base__ }}",
    "{% for one in view.sections %}{{ one.__dict__.clear() }}{% endfor %}{{ view.__dict__ }}",
    "{% include '/etc/passwd' %}",
    "{% include '../../../../etc/passwd' %}",
    "{% import 'os' as os %}{{ os.system('id') }}",
    "{% extends '/etc/passwd' %}",
    "{{ view.sections.append(1) }}",
    "{{ view.diff.not_compared.fields.update({'x': 1}) }}",
]


@pytest.mark.parametrize("template", ESCAPES)
def test_no_template_reaches_out_of_its_sandbox(template: str) -> None:
    """It ends in one sentence, or prints nothing of what it reached for."""
    try:
        out = render_template(small(), template).decode()
    except TrackerError as error:
        out = str(error).partition(": ")[2]
        assert out
        assert "\n" not in out
    assert not re.search(r"<class|<function|<module|&lt;(class|function|module)|root:|uid=|builtins", out), out


# ---------------------------------------------------------------- the same inputs give the same outputs

WORLDS: list[dict[str, str]] = [
    {"PYTHONHASHSEED": "1", "TZ": "UTC", "LC_ALL": "C", "COLUMNS": "80"},
    {"PYTHONHASHSEED": "4711", "TZ": "Pacific/Kiritimati", "LC_ALL": "C.UTF-8", "COLUMNS": "200", "PYTHONUTF8": "1"},
    {"PYTHONHASHSEED": "0", "TZ": "America/New_York", "LC_ALL": "POSIX", "COLUMNS": "40", "TERM": "xterm-256color"},
]
OLD = {code: values(code) for code in ("A1", "J0001", "J0002", "J0003")}
NEW = {
    **{code: OLD[code] for code in ("A1", "J0003")},
    "J0001": values("J0001", LONG_DESCRIPTION="Another, 10 mg", ACTION_CD="C", COV="D"),
    "J0004": values("J0004", ACTION_CD="A", ADD_DT="20260101", ACT_EFF_DT="20260101"),
    "J0002": values("J0002", TERM_DT="20251231", ACTION_CD="D", ACT_EFF_DT="20260101"),
}
FORMATS = ("txt", "json", "csv", "html", "md", "xlsx")


def made_in(world: dict[str, str], folder: Path) -> dict[str, bytes]:
    """Import two releases with the command line, in a world of its own, and return all that comes out."""
    folder.mkdir()
    for name, release in (("HCPC2025.txt", OLD), ("HCPC2026.txt", NEW)):
        (folder / name).write_bytes(record_text(release))
    (folder / "list.csv").write_text("HCPCS,amount\nJ0001,1\nJ0002,2\n")
    environment = {**os.environ, **world, "TRACKER_HOME": str(folder / "home")}
    environment.pop("TRACKER_DATABASE_URL", None)

    def run(*arguments: str) -> bytes:
        program = [sys.executable, "-c", "from tracker.cli import main; main()", *arguments]
        return subprocess.run(program, check=True, cwd=folder, env=environment, stdout=subprocess.PIPE).stdout

    run("import", "--complete", "HCPC2025.txt", "HCPC2026.txt")
    out = {
        "diff": run("diff", "2025", "2026"),
        "show": run("show", "J0001"),
        "history": run("history", "J0001"),
        "problems": run("problems", "2026"),
        "audit": run("audit", "2025", "2026"),
        "releases": run("releases"),
        "validity": run("export", "--validity"),
    }
    files = [f"report.{ending}" for ending in FORMATS]
    run("report", "2025", "2026", "--date", "2026-01-05", *(part for name in files for part in ("-o", name)))
    run("impact", "list.csv", "2025", "2026", "-o", "impact.xlsx")
    for path in (*map(Path, files), Path("impact.xlsx")):
        out[path.name] = (folder / path).read_bytes()
    imported_at = re.compile(rb'"imported_at":"[^"]*"')
    for path in (folder / "home" / "snapshots").iterdir():
        stored = imported_at.sub(b"", path.read_bytes())
        out[path.name] = b"".join(line for line in stored.splitlines() if not line.startswith(b'{"seal"'))
    return out


def test_the_same_inputs_give_the_same_bytes_everywhere(tmp_path: Path) -> None:
    """Whatever the clock, the time zone, the language, the terminal's width and the order of Python's sets."""
    first, *others = (made_in(world, tmp_path / str(number)) for number, world in enumerate(WORLDS))
    for other in others:
        assert [name for name in first if first[name] != other[name]] == []


# ---------------------------------------------------------------- the page itself


def test_every_test_that_the_page_names_is_there() -> None:
    page = (ROOT / "docs" / "promises.md").read_text(encoding="utf-8")
    named = re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", page)
    assert len(named) > 30
    for file, test in named:
        source = (ROOT / file).read_text(encoding="utf-8")
        assert not test or re.search(rf"^def {test}\(", source, re.MULTILINE), f"{file}::{test}"
