"""What is here, what is wrong with it, and what to do next: the program, its home, what is stored."""

from __future__ import annotations

import os
import platform
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from importlib import metadata
from pathlib import Path
from typing import Final

from tracker import __version__, archive, policy
from tracker.app.stored import locate, open_stored
from tracker.app.verify import damaged_files, faults
from tracker.errors import ArchiveError, PolicyError, StoreError
from tracker.hcpcs.catalogue import HCPCS
from tracker.hcpcs.labels import effective_date, label_on, labels_between
from tracker.home import Home
from tracker.model import Release
from tracker.store.migrate import HEAD

MIB: Final = 1 << 20
IN_MEMORY: Final = "the database in memory"
"""What the store calls itself where the index could not be used."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What is here.

    `found_by` says why this is the home. `database` is where the database is: a file, or a name and a host; `tables`
    the version of its tables. `means` gives the revision that each bare label means; `missing` are the releases
    between the oldest and the newest whole one that are not stored whole.
    """

    version: str
    python: str
    platform: str
    home: str
    found_by: str
    writable: bool
    free_disk_mib: int
    database_kind: str
    database: str
    tables: str
    psycopg: str | None
    policy: str | None
    releases: int
    revisions: int
    means: Mapping[str, str]
    missing: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Checkup:
    """What is here, and a sentence for each thing that is wrong: what it is, and what to do."""

    facts: Facts
    problems: tuple[str, ...]


def examine(explicit: Path | None, environment: Mapping[str, str], here: Path, today: date) -> Checkup:
    """Look at the program, at the home that is named or found, and at all that is stored in it.

    Every snapshot file is read and its digests are checked.

    Raises:
        TrackerError: no home can be told.
    """
    home = locate(explicit, environment, here)
    own = home.database_url is None
    database = str(home.index) if own else "not reached"
    told: list[str] = []
    releases: list[Release] = []
    revisions, opened = 0, False
    try:
        with open_stored(home) as stored:
            releases = [revision.release for revision in stored.currents()]
            revisions, opened = len(stored.revisions), True
            told += (*stored.notices, *faults(stored.store))
            if not own:
                database = stored.store.name
            elif stored.store.name == IN_MEMORY and revisions and not told:
                told.append(
                    f"{home.index} lacks some of what is stored and cannot be written, so that every command reads it "
                    "anew: run tracker releases once with the right to write"
                )
    except (ArchiveError, StoreError) as error:
        told.append(str(error))
    damaged = [error for error in _damaged(home) if not any(one.startswith(error) for one in told)]
    policy_file = policy.find(here, home.folder)
    whole = [release.label for release in releases if release.complete]
    facts = Facts(
        version=__version__,
        python=platform.python_version(),
        platform=platform.platform(),
        home=str(home.folder),
        found_by=_found_by(home, explicit, environment, here),
        writable=os.access(_standing(home.folder), os.W_OK),
        free_disk_mib=shutil.disk_usage(_standing(home.folder)).free // MIB,
        database_kind="SQLite" if own else "PostgreSQL",
        database=database,
        tables=HEAD,
        psycopg=_version_of("psycopg"),
        policy=str(policy_file) if policy_file else None,
        releases=len(releases),
        revisions=revisions,
        means={release.label: release.name for release in releases},
        missing=tuple(label for label in labels_between(whole[0], whole[-1]) if label not in whole) if whole else (),
    )
    judged = judge(facts, whole[-1] if whole else None, label_on(today)) if opened else ()
    return Checkup(facts, (*told, *damaged, *_of_the_policy(policy_file), *judged))


def judge(facts: Facts, newest: str | None, in_effect: str) -> Iterator[str]:
    """Say what is wrong with what is stored.

    `newest` is the newest whole release, None if there is none; `in_effect` the one that is in effect today.
    """
    if not facts.writable:
        yield f"{facts.home} cannot be written: nothing can be imported (--home names another place)"
    if not facts.revisions:
        yield "nothing is stored: tracker fetch latest, or tracker import FILE"
    elif not facts.releases:
        yield "all stored releases are withdrawn: tracker fetch latest, or tracker import FILE"
    elif newest is None:
        yield "only excerpts are stored, and they tell nothing of other codes: tracker fetch latest"
    elif effective_date(newest) < effective_date(in_effect):
        yield f"{in_effect} is in effect, and the newest whole release stored is {newest}: tracker fetch latest"


def next_commands(labels: Sequence[str], today: date) -> list[tuple[str, str]]:
    """Return the three commands that are most useful where these releases are stored, and what each is for.

    `labels` stand in the order of their days.
    """
    if not labels:
        return [
            ("tracker fetch latest", "download the newest release from cms.gov"),
            ("tracker import FILE", "take in a release that you have: CMS's zip, workbook or text"),
            ("tracker --help", "see all commands"),
        ]
    newest = labels[-1]
    if len(labels) == 1:
        behind = effective_date(newest) < effective_date(label_on(today))
        other = "latest" if behind else label_on(effective_date(newest) - timedelta(days=1))
        return [
            (f"tracker fetch {other}", "download another release, to compare with this one"),
            ("tracker search TEXT", "find codes by words of their descriptions"),
            ("tracker show CODE", "see all that is known of a code"),
        ]
    older = labels[-2]
    return [
        (f"tracker diff {older} {newest}", "see what changed, and what it means"),
        (f"tracker impact LIST {older} {newest}", "see what of it concerns a list of yours"),
        ("tracker valid CODE --on DATE", "see whether a code could be billed on a day"),
    ]


def _damaged(home: Home) -> list[str]:
    """Return what is wrong with each snapshot file that is not what its digests say."""
    try:
        return [str(error) for error in damaged_files(home).values()]
    except ArchiveError as error:
        return [str(error)]


def _of_the_policy(path: Path | None) -> Iterator[str]:
    try:
        if path:
            policy.read(path, HCPCS)
    except PolicyError as error:
        yield str(error)


def _found_by(home: Home, explicit: Path | None, environment: Mapping[str, str], here: Path) -> str:
    if explicit:
        return "--home"
    if environment.get("TRACKER_HOME"):
        return "TRACKER_HOME"
    if home.folder in (here, *here.parents) and archive.holds_snapshots(home.snapshots):
        return "the nearest folder upward with snapshots"
    return "your data folder"


def _standing(folder: Path) -> Path:
    """Return the folder, or as much of its path as is there already."""
    return next((up for up in (folder, *folder.parents) if up.exists()), Path("/"))


def _version_of(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None
