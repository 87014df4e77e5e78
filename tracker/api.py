"""The verbs of the command line for Python: the same answers, as values.

    import tracker

    with tracker.open() as home:
        for change in home.diff("2025", "2026").changes:
            print(change.code, [event.id for event in change.events])
        print(home.valid("J1940", "2025-03-31").verdict)

Stable: what stands here keeps its name, its parameters and what it returns until a new major version; so do the
fields of the values in `tracker.model`, to which new ones may be added. Everything else is free to change.

Every error that is not a mistake in the calling program is a `tracker.errors.TrackerError`, whose text is one sentence.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from datetime import UTC, date, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

from tracker.app.stored import Stored, locate, open_stored
from tracker.errors import TrackerError
from tracker.home import Home
from tracker.model import (
    Diff,
    Finding,
    Format,
    History,
    Problem,
    Record,
    Release,
    Selection,
    Validity,
)
from tracker.report.lists.view import ListView
from tracker.search import Hit

Day = date | str
"""A day, or its ISO text."""


class Tracker:
    """The stored releases of a home. Make one with `tracker.open`.

    In a `with` statement the home stays open, which suits many questions; else each call opens and closes it.
    """

    def __init__(self, home: Home) -> None:
        self._home = home
        self._stack = ExitStack()
        self._stored: Stored | None = None

    def __enter__(self) -> Self:
        """Open the home, and keep it open."""
        self._stored = self._stack.enter_context(open_stored(self._home))
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the home."""
        self._stored = None
        self._stack.close()

    @property
    def folder(self) -> Path:
        """The home's folder."""
        return self._home.folder

    # Releases

    def import_(
        self,
        path: Path | str,
        *,
        release: str | None = None,
        published: Day | None = None,
        again: bool = False,
        strict: bool = False,
    ) -> list[Release]:
        """Store the releases of a file or folder, and return them: the stored ones where nothing is new.

        Args:
            path: a CMS zip, text or workbook; a table, sheets, or snapshot files.
            release: the label, where the file's name does not tell it: `2026`, `2026-04`.
            published: the day on which it was published.
            again: read a file anew that is stored already.
            strict: refuse a release with errors that no known oddity explains.
        """
        from tracker.app.import_release import Options, import_path

        options = Options(release, _day(published) if published else None, None, again, strict=strict)
        with open_stored(self._home, to_write=True) as stored:
            found = import_path(stored, Path(path), options, datetime.now(UTC))
        if self._stored is not None:
            self._stored.refresh()
        return [imported.release for imported in found]

    def releases(self) -> list[Release]:
        """Return all stored revisions, by label and revision, the withdrawn ones included."""
        with self._opened() as stored:
            return [revision.release for revision in stored.revisions]

    def release(self, name: str) -> Release:
        """Return the release that `2025`, `2025-10@2`, `latest` or `previous` means."""
        with self._opened() as stored:
            return stored.find(name).release

    def problems(self, release: str) -> list[Problem]:
        """Return what was odd in a release when it was read."""
        with self._opened() as stored:
            return stored.problems(stored.find(release))

    def verify(self) -> list[str]:
        """Prove all that is stored, and return what differs, a sentence each."""
        from tracker.app.verify import verify

        return [*verify(self._home).differences]

    # Changes

    def diff(self, old: str, new: str, selection: Selection | None = None) -> Diff:
        """Return what changed between two releases, with events and successors, or the selected part of it."""
        from tracker.app.compare import compare_releases

        with self._opened() as stored:
            return compare_releases(stored, old, new, selection or Selection())

    def report(self, old: str, new: str, format: Format | str = Format.HTML) -> bytes:  # noqa: A002 - what it is
        """Return the release notes in a format: `html`, `markdown`, `xlsx`, `csv`, `json` or `text`."""
        from tracker.app.write_report import load_policy, render_as, view_releases

        with self._opened() as stored:
            policy = load_policy(self._home.folder, self._home)
            view = view_releases(stored, old, new, policy=policy, today=_today())
        return render_as(view, _format(format))

    def audit(self, old: str, new: str) -> Sequence[Finding]:
        """Return where the publisher's action codes and dates, and what changed, do not agree."""
        from tracker.app.audit import audit_releases

        with self._opened() as stored:
            return audit_releases(stored, old, new, None)

    def changelog(self, first: str, last: str, format: Format | str = Format.HTML) -> bytes:  # noqa: A002 - what it is
        """Return all steps between two releases, and what only they tell, in a format, as `report` has them."""
        from tracker.app.changelog import view_changelog
        from tracker.app.write_report import load_policy
        from tracker.report.changelog import render

        with self._opened() as stored:
            policy = load_policy(self._home.folder, self._home)
            view = view_changelog(stored, first, last, policy=policy, today=_today())
        return render(view, _format(format))

    # Codes

    def search(self, text: str, *, release: str | None = None) -> Sequence[Hit]:
        """Return the codes whose descriptions hold such words, best first; of the newest whole release, or another."""
        from tracker.app.search import find_codes

        with self._opened() as stored:
            return find_codes(stored, text, release)[1].hits

    def show(self, code: str, *, release: str | None = None, on: Day | None = None) -> Record:
        """Return a code's record: of a release, as it was in force on a day, or of the newest release that holds it."""
        from tracker.app.show import find_record
        from tracker.app.valid import record_on

        with self._opened() as stored:
            return record_on(stored, code, _day(on))[1] if on else find_record(stored, code, release)[1]

    def valid(self, code: str, on: Day, *, known_on: Day | None = None) -> Validity:
        """Say whether a code was valid on a day, with what meaning, and what proves it."""
        from tracker.app.typed import typed
        from tracker.app.valid import Judge

        with self._opened() as stored:
            return Judge(stored, _day(known_on) if known_on else None).ask(typed(stored, code)[0], _day(on)).validity

    def history(self, code: str) -> History:
        """Return the life of a code over all stored releases."""
        from tracker.app.history import history_of
        from tracker.app.lives import Lives
        from tracker.app.typed import typed

        with self._opened() as stored:
            return history_of(Lives(stored), stored, typed(stored, code)[0])

    # Lists

    def impact(self, path: Path | str, old: str, new: str, *, column: str | None = None) -> ListView:
        """Say of each row of a list of codes what two releases mean for it. The rows are read from the file anew."""
        from tracker.app.impact import impact
        from tracker.app.write_report import load_policy
        from tracker.lists.source import open_list

        with self._opened() as stored:
            policy = load_policy(self._home.folder, self._home)
            return impact(
                stored,
                lambda shape: open_list(Path(path), shape),
                old,
                new,
                policy=policy,
                today=_today(),
                column=column,
            )

    @contextmanager
    def _opened(self) -> Iterator[Stored]:
        if self._stored is not None:
            yield self._stored
            return
        with open_stored(self._home) as stored:
            yield stored


def find_home(home: Path | str | None) -> Home:
    """Return the home of a folder; without one, the home that the command line would work in."""
    return locate(Path(home) if home is not None else None, os.environ, Path.cwd())


def _day(day: Day) -> date:
    from tracker.lists.days import parse_day

    return parse_day(day) if isinstance(day, str) else day


def _today() -> date:
    return datetime.now().astimezone().date()


def _format(name: Format | str) -> Format:
    """Return a format by its name, or by the ending of its files."""
    found = next((one for one in Format if name in {one, one.value, *one.endings}), None)
    if found is None:
        raise TrackerError(f"{name} is no format: choose {', '.join(Format)}")
    return found
