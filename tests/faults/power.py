"""What a power cut would leave of some folders, at each moment of a command.

Of a file only that is sure which was in it when it was last synced; of a folder, the names that it had then. What was
written since is there or not, each file and each folder by itself. (That half of a write is there is not tried: our
files carry digests, and SQLite's journal is made for it.)
"""

from __future__ import annotations

import json
import os
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Final

from tests.faults.tracer import Event

Names = dict[str, int]
"""The names in a folder, each with its file's number."""

MOST_STATES: Final = 64
"""How many states of one moment are looked at."""


class Recorder:
    """Notes what is sure while a command runs, and what could be found after a power cut at each of its events."""

    def __init__(self, roots: tuple[str, ...], output: Path) -> None:
        self._roots = roots
        self._output = output
        self._numbers: dict[int, int] = {}  # a file that is made may get the number of one that was removed
        self._made = 0
        self._folders, self._contents = self._look()
        self._sure_folders, self._sure_contents = dict(self._folders), dict(self._contents)
        self._kept: dict[str, bytes] = {}
        self._states: dict[str, dict[str, object]] = {}

    def before(self, event: Event) -> None:
        """Take down what a power cut before the event could leave."""
        self._folders, self._contents = self._look()
        self._take_down(f"before {event.call} {event.path}")

    def after(self, event: Event) -> None:
        """Note what the event made sure."""
        try:
            inode = Path(event.path).stat().st_ino
        except OSError:  # a file without a name
            return
        if event.call == "create":
            self._made += 1
            self._numbers[inode] = -self._made
        elif event.call == "sync":
            self._folders, self._contents = self._look()
            if event.path in self._folders:
                self._sure_folders[event.path] = self._folders[event.path]
            else:
                number = self._numbers.get(inode, inode)
                self._sure_contents[number] = self._contents[number]

    def write(self) -> None:
        """Write down all states: `states.json`, and each content under its digest."""
        self._folders, self._contents = self._look()
        self._take_down("at the end")
        self._output.mkdir(parents=True)
        for digest, content in self._kept.items():
            (self._output / digest).write_bytes(content)
        (self._output / "states.json").write_text(json.dumps(list(self._states.values())))

    def _look(self) -> tuple[dict[str, Names], dict[int, bytes]]:
        folders: dict[str, Names] = {}
        contents: dict[int, bytes] = {}
        waiting = [Path(root) for root in self._roots]
        while waiting:
            folder = waiting.pop()
            if not folder.exists():
                continue
            names: Names = {}
            for entry in os.scandir(folder):
                number = names[entry.name] = self._numbers.get(entry.inode(), entry.inode())
                if entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))
                else:
                    contents[number] = Path(entry.path).read_bytes()
            folders[str(folder)] = names
        return folders, contents

    def _take_down(self, moment: str) -> None:
        folders = [path for path, names in self._folders.items() if self._sure_folders.get(path, {}) != names]
        files = [
            number for number, content in self._contents.items() if self._sure_contents.get(number, b"") != content
        ]
        unsure: list[str | int] = [*folders, *files]
        choices = product((False, True), repeat=len(unsure))
        for choice, _ in zip(choices, range(MOST_STATES), strict=False):
            kept = {one for one, is_kept in zip(unsure, choice, strict=True) if is_kept}
            tree: dict[str, str | None] = {}
            for root in self._roots:
                self._add(root, kept, tree)
            self._states.setdefault(json.dumps(tree, sort_keys=True), {"moment": moment, "tree": tree})

    def _add(self, folder: str, kept: set[str | int], tree: dict[str, str | None]) -> None:
        """Add the files below a folder, by path, each with the digest of what is in it; a folder has None."""
        if folder not in self._folders and folder not in self._sure_folders:
            return
        tree[folder] = None
        names = (self._folders if folder in kept else self._sure_folders).get(folder, {})
        for name, number in names.items():
            path = f"{folder}/{name}"
            if path in self._folders or path in self._sure_folders:
                self._add(path, kept, tree)
                continue
            content = (self._contents if number in kept else self._sure_contents).get(number, b"")
            digest = sha256(content).hexdigest()
            self._kept[digest] = content
            tree[path] = digest
