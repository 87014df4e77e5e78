"""Files written whole or not at all: beside their place first, synced, then under their name.

A draft is called `.PROCESS.NAME.draft` after the program that writes it, so that the next one can tell, and remove,
what a program left behind that was killed. A database's draft may have a journal.
"""

from __future__ import annotations

import os
import re
import stat
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

_DRAFT: Final = re.compile(r"\.([0-9]{1,9})\.(.+)\.draft(?:-journal)?")


ASIDE: Final = ".aside"
"""How the name of a file ends that is kept, and not used."""


def draft_of(target: Path) -> Path:
    """Return where this program writes what is to stand in `target`."""
    return target.with_name(f".{os.getpid()}.{target.name}.draft")


def write(path: Path, pieces: Iterable[bytes], mode: int | None = None) -> None:
    """Write a file, and wait until its content is on the disk.

    Args:
        path: the file; what stands in it is gone.
        pieces: its content.
        mode: its permissions; None leaves them to the umask.

    Raises:
        OSError: it cannot be written. Whatever making the pieces raises goes on to the caller.
    """
    with path.open("wb") as file:
        if mode is not None:
            path.chmod(mode)
        file.writelines(pieces)
        file.flush()
        os.fsync(file.fileno())


def replace(target: Path, pieces: Iterable[bytes]) -> None:
    """Write a file whole, or leave what stands there as it is, its permissions too.

    Raises:
        OSError: it cannot be written. Whatever making the pieces raises goes on to the caller; no draft is left.
    """
    replace_all([(target, pieces)])


def replace_all(files: Iterable[tuple[Path, Iterable[bytes]]]) -> None:
    """Write several files whole, or leave what stands in all their places: none gets its name before all are written.

    Raises:
        OSError: as `replace`.
    """
    drafts: dict[Path, Path] = {}
    try:
        for target, pieces in files:
            remove_stale_drafts(target.parent, target.name)
            drafts[target] = draft_of(target)
            write(drafts[target], pieces, stat.S_IMODE(target.stat().st_mode) if target.exists() else None)
        for target, draft in drafts.items():
            draft.replace(target)
    except BaseException:
        for draft in drafts.values():
            with suppress(OSError):
                draft.unlink(missing_ok=True)
        raise
    for folder in {target.parent for target in drafts}:
        with suppress(OSError):  # the files are whole and have their names
            sync_folder(folder)


def give_name(draft: Path, target: Path) -> None:
    """Rename a file, but never over another: a link is refused where the name is taken, a renaming is not.

    Raises:
        FileExistsError: the name is taken.
        OSError: the file cannot be renamed.
    """
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a file system that has no links
        if os.path.lexists(target):
            raise FileExistsError(target) from None
        draft.rename(target)
    else:
        with suppress(OSError):
            draft.unlink()


def aside(path: Path) -> Path:
    """Return a free name for a file that is not to be used any more: `2025.r1.jsonl.aside`."""
    number, free = 1, path.with_name(f"{path.name}{ASIDE}")
    while os.path.lexists(free):
        number += 1
        free = path.with_name(f"{path.name}{ASIDE}{number}")
    return free


def remove_stale_drafts(folder: Path, name: str | None = None) -> None:
    """Remove the drafts in a folder, of all files or of one, whose programs do not run any more."""
    with suppress(OSError):
        for path in folder.iterdir():
            match = _DRAFT.fullmatch(path.name)
            if match and name in (None, match[2]) and not _runs(int(match[1])):
                with suppress(OSError):
                    path.unlink(missing_ok=True)


def _runs(process: int) -> bool:
    if sys.platform == "win32":
        return False  # there an open file cannot be removed, and os.kill would end the process
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):  # it runs, and is another user's; or it is no process's number
        return True
    return True


def make_folder(folder: Path) -> None:
    """Make a folder, and those above it, durably; do nothing if it is there.

    Raises:
        OSError: it cannot be made.
    """
    missing = [up for up in (folder, *folder.parents) if not up.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for made in missing:
        sync_folder(made.parent)


def sync_folder(folder: Path) -> None:
    """Make a change of names in a folder durable. Windows has no handle of a folder to sync, and needs none."""
    with suppress(PermissionError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
