"""What is installed with tracker is what docs/dependencies.md and requirements.txt say, and nothing else."""

from __future__ import annotations

import re
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
PINS = (ROOT / "requirements.txt").read_text(encoding="utf-8")
NEEDED = PROJECT["project"]["dependencies"]
EXTRAS = [line for lines in PROJECT["project"]["optional-dependencies"].values() for line in lines]
DEVELOPMENT = [*PROJECT["dependency-groups"]["dev"], *PROJECT["build-system"]["requires"]]

PERMISSIVE = {"MIT", "BSD", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0", "PSF-2.0", "ISC", "MPL-2.0"}
ONLY_IN_AN_EXTRA = {"LGPL-3.0-only"}
SPOKEN = {"MIT License": "MIT", "BSD License": "BSD", "ISC License": "ISC", "ISC License (ISCL)": "ISC"}
"""Licences as older packages write them."""


def may_be_needed(requirement: Requirement, extras: Iterable[str]) -> bool:
    """Whether something is needed on any system and Python, with these extras of what asks for it."""
    if requirement.marker is None or "extra" not in str(requirement.marker):
        return True
    return any(requirement.marker.evaluate({"extra": extra}) for extra in extras)


def closure(lines: Iterable[str]) -> dict[str, set[str]]:
    """Return all that requirements bring, by name, and what asks for each."""
    brought: dict[str, set[str]] = {}
    left = [(Requirement(line), "tracker") for line in lines]
    seen = set()
    while left:
        requirement, by = left.pop()
        name = canonicalize_name(requirement.name)
        brought.setdefault(name, set()).add(by)
        if (name, *sorted(requirement.extras)) in seen:
            continue
        seen.add((name, *sorted(requirement.extras)))
        try:
            wanted = metadata.requires(name) or ()
        except metadata.PackageNotFoundError:  # of another system
            continue
        inner = map(Requirement, wanted)
        left += [(one, str(name)) for one in inner if may_be_needed(one, requirement.extras)]
    return brought


def pins() -> dict[str, str]:
    """Return the pinned versions by name."""
    found = re.findall(r"^([\w.-]+)==(\S+)", PINS, re.MULTILINE)
    return {canonicalize_name(name): version for name, version in found}


def pinned(brought: Mapping[str, set[str]]) -> dict[str, set[str]]:
    """Return what of it is pinned: the rest is for older Pythons, and for options that nobody asks for."""
    return {name: by for name, by in brought.items() if name in pins()}


def licence(name: str) -> str:
    """Return a distribution's licence, as its metadata say."""
    about = metadata.metadata(name)
    words = [line for field in ("License-Expression", "License") for line in about.get_all(field) or ()]
    words += [line.rpartition(" :: ")[2] for line in about.get_all("Classifier") or () if line.startswith("License")]
    told = [SPOKEN.get(word, word) for word in words if word and "\n" not in word]
    return told[0] if told else "unknown"


def documented() -> dict[str, list[str]]:
    """Return the rows of the tables in docs/dependencies.md by name: licence, who asks for it, why."""
    text = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line.startswith("| ") and not line.startswith("| package")]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert len({row[0] for row in rows}) == len(rows), "a row for each"
    return {name: rest for name, *rest in rows}


def test_every_package_that_tracker_brings_is_written_down_with_who_asks_for_it() -> None:
    brought = pinned(closure([*NEEDED, *EXTRAS]))
    told = {name: set(by.split(", ")) for name, (_, by, _) in documented().items()}
    assert told == brought


@pytest.mark.parametrize("name", sorted(documented()))
def test_a_licence_is_what_the_package_says_and_permissive(name: str) -> None:
    told, by, why = documented()[name]
    assert why, "a reason for each"
    allowed = PERMISSIVE if name in pinned(closure(NEEDED)) else PERMISSIVE | ONLY_IN_AN_EXTRA
    assert told in allowed, by
    try:
        found = licence(name)
    except metadata.PackageNotFoundError:  # of another system
        return
    assert found == told


def test_what_is_pinned_is_what_is_needed_and_nothing_else() -> None:
    everything = closure([*NEEDED, *EXTRAS, *DEVELOPMENT])
    assert set(pins()) - set(everything) == set(), "nobody asks for these"
    here = {canonicalize_name(one.name) for one in map(Requirement, [*NEEDED, *EXTRAS, *DEVELOPMENT])}
    assert here - set(pins()) == set()
    installed = {canonicalize_name(one.name) for one in metadata.distributions()} & set(everything)
    assert installed - set(pins()) == set()
    assert {name: metadata.version(name) for name in installed} == {name: pins()[name] for name in installed}


def test_every_pin_keeps_to_the_bounds_and_has_hashes() -> None:
    for line in map(Requirement, [*NEEDED, *EXTRAS, *DEVELOPMENT]):
        assert SpecifierSet(str(line.specifier)).contains(pins()[canonicalize_name(line.name)]), line
    blocks = re.split(r"^(?=\w)", PINS, flags=re.MULTILINE)[1:]
    assert len(blocks) == len(pins())
    for block in blocks:
        first, *hashes = block.rstrip().split(" \\\n    ")
        assert re.fullmatch(r"[\w.-]+==[\w.]+( ; .+)?", first)
        assert hashes
        assert all(re.fullmatch(r"--hash=sha256:[0-9a-f]{64}", one) for one in hashes), first


def test_every_direct_dependency_has_its_reason() -> None:
    text = (ROOT / "docs" / "decisions" / "0001-dependencies.md").read_text(encoding="utf-8")
    for line in map(Requirement, [*NEEDED, *EXTRAS]):
        assert re.search(rf"^\| {re.escape(line.name)}\b", text, re.MULTILINE), line.name


ADDRESS = re.compile(r"pypi[.]|python[h]osted|npmjs[.]|index[-]url[ =]+http|/simpl[e]/")  # brackets: not to find itself


def test_no_committed_file_names_a_registry() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True)  # noqa: S607
    files = [ROOT / name for name in listed.stdout.decode().split("\0") if name]
    assert ROOT / "requirements.txt" in files
    texts = {str(path): path.read_text(encoding="utf-8", errors="replace") for path in files if path.is_file()}
    assert {name: found[0] for name, text in texts.items() if (found := ADDRESS.search(text))} == {}
    assert all(map(ADDRESS.search, ("x@pypi" + ".org", "files.python" + "hosted", "--extra-index" + "-url http:")))
