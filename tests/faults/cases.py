"""Commands to break off, each with the home in which it is run."""

from __future__ import annotations

import random
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

import pytest
from sqlalchemy import make_url

from tests.faults.harness import Place
from tests.faults.tracer import Event
from tests.store.older import REVISIONS, make_older
from tests.support import record_text, values
from tracker.store.database import connect

CODES: Final = 60


def text_of(year: int, codes: int = CODES) -> bytes:
    """Return a release in CMS's text format; each year says something else of every code, and adds one."""
    records = {
        f"J{number:04}": values(
            f"J{number:04}",
            LONG_DESCRIPTION=f"Injection, made-up medicine {number}, {year} mg",
            ADD_DT=f"{max(2020, 2025 + number - codes)}0101",
            ACT_EFF_DT=f"{year}0101",
        )
        for number in range(codes + year - 2024)
    }
    return record_text(records)


def with_two_releases(place: Place) -> None:
    """Let a place hold two releases and the files of two more, and old reports."""
    place.reports.mkdir(parents=True)
    place.home.mkdir()
    for year in (2025, 2026, 2027):
        (place.folder / f"HCPC{year}.txt").write_bytes(text_of(year))
    for year in (2025, 2026):
        place.must("import", f"HCPC{year}.txt", "--complete")
    with zipfile.ZipFile(place.folder / "hcpcs-2027.zip", "w") as bundle:
        bundle.writestr("HCPC2027_ANWEB.txt", text_of(2027))
    (place.folder / "several").mkdir()
    for year in (2027, 2028, 2029):
        (place.folder / f"several/HCPC{year}.txt").write_bytes(text_of(year))
    for ending in ("html", "xlsx", "csv", "json", "md", "parquet"):
        (place.reports / f"old.{ending}").write_bytes(b"An old report, which somebody still needs.\n" * 500)


def without_anything(place: Place) -> None:
    """Let a place have no home yet."""
    with_two_releases(place)
    for path in (place.home / "tracker.db", *place.snapshots.iterdir()):
        path.unlink(missing_ok=True)
    place.snapshots.rmdir()
    place.home.rmdir()


def with_a_file_lost(place: Place) -> None:
    """Let the archive have lost a file that the database still has."""
    with_two_releases(place)
    (place.snapshots / "2025.r1.jsonl").unlink()


def with_the_index_lost(place: Place) -> None:
    """Let the index be lost."""
    with_two_releases(place)
    (place.home / "tracker.db").unlink()


def with_tables_of(revision: str) -> Callable[[Place], None]:
    """Return what lets a place have two releases in a database as an earlier program made it."""

    def prepare(place: Place) -> None:
        with_two_releases(place)
        if place.url is None:
            index, newest = place.home / "tracker.db", place.folder / "newest.db"
            index.rename(newest)
            make_older(index, revision, newest)
            newest.unlink()
            return
        database = connect(place.url)
        database.core.exec_driver_sql("ALTER SCHEMA public RENAME TO newest")
        database.core.exec_driver_sql("CREATE SCHEMA public")
        newest_url = make_url(place.url).update_query_dict({"options": "-csearch_path=newest"})
        make_older(place.url, revision, newest_url.render_as_string(hide_password=False))
        database.core.exec_driver_sql("DROP SCHEMA newest CASCADE")
        database.close()

    return prepare


@dataclass(frozen=True)
class Case:
    """A command, and the place in which it is run."""

    name: str
    arguments: tuple[str, ...]
    prepare: Callable[[Place], None] = with_two_releases
    databases: tuple[str, ...] = ("sqlite", "postgresql")
    done_already: str = ""
    """What a second run says that finds its work done, if that is no success."""
    mends: bool = False
    """Whether the place is not in order before the command."""


CASES: Final = (
    Case("import-text", ("import", "HCPC2027.txt", "--complete")),
    Case("import-zip", ("import", "hcpcs-2027.zip", "--complete")),
    Case("import-folder", ("import", "several", "--complete")),
    Case("import-first", ("import", "HCPC2025.txt", "--complete"), without_anything, ("sqlite",)),
    Case("import-restores", ("import", "HCPC2027.txt", "--complete"), with_a_file_lost, ("sqlite",), mends=True),
    Case("withdraw", ("withdraw", "2026@1", "--reason", "wrong file"), done_already="withdrawn already"),
    Case("index-follows", ("releases",), with_the_index_lost, ("sqlite",)),
    Case("rebuild-index", ("rebuild",), with_the_index_lost, ("sqlite",)),
    Case("rebuild-archive", ("rebuild",), with_a_file_lost, mends=True),
    *(Case(f"migrate-from-{one}", ("releases",), with_tables_of(one)) for one in REVISIONS[:-1]),
    Case("report", ("report", "2025", "2026", *(f"-oreports/old.{one}" for one in ("html", "xlsx", "csv")))),
    Case("export-csv", ("export", "2026", "-o", "reports/old.csv")),
    Case("export-parquet", ("export", "--changes", "2025", "2026", "-o", "reports/old.parquet")),
)

ON_BOTH: Final = [
    pytest.param(kind, case, id=f"{kind}-{case.name}")
    for kind in ("sqlite", "postgresql")
    for case in CASES
    if kind in case.databases
]
"""All commands on each database on which they mean something, to parametrize `database_kind` and `case`."""

ON_SQLITE: Final = [pytest.param("sqlite", case, id=case.name) for case in CASES]
"""All commands on SQLite."""


def moments(events: Sequence[Event], number: int, seed: str) -> list[int]:
    """Return some of the events by their numbers: those that begin something else, then others by chance."""
    begins = [at for at, event in enumerate(events) if at == 0 or event != events[at - 1]]
    others = sorted(set(range(len(events))) - set(begins))
    chance = random.Random(seed)  # noqa: S311 - the same every time
    chosen = chance.sample(begins, min(number, len(begins)))
    return sorted(chosen + chance.sample(others, min(number - len(chosen), len(others))))
