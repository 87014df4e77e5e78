"""What must be so of a place where a command was broken off."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Self

from tests.faults.cases import Case
from tests.faults.harness import Place, Trace
from tests.faults.tracer import Event


@dataclass(frozen=True)
class Outcome:
    """What a command makes of a place if nothing happens to it."""

    case: Case
    before: Place
    after: Place
    listed_before: list[list[str]]
    listed_after: list[list[str]]
    events: list[Event]

    @classmethod
    def of(cls, case: Case, before: Place, after: Place, untouched: Place) -> Self:
        """Run a command to its end in one copy of a place, and list what is stored in another."""
        code, _, err, events = after.run(*case.arguments, trace=Trace())
        assert (code, len(events) > 0) == (0, True), err
        after.require_clean()
        return cls(case, before, after, listed(untouched), listed(after), events)

    def require(self, place: Place) -> None:
        """Require that a place holds each release whole or not at all, and that the command then succeeds."""
        self.require_whole(place)
        code, _, err, _ = place.run(*self.case.arguments)
        assert code == 0 or (self.case.done_already and self.case.done_already in err), err
        place.require_clean()
        assert place.files() == self.after.files()
        assert place.content() == self.after.content()

    def require_whole(self, place: Place) -> None:
        """Require that a place is proven, each release whole or not at all, and each report the old or the new one."""
        if not self.case.mends:
            place.require_clean(copies_may_be_ahead=True)
        lines = listed(place)
        assert [line for line in lines if line not in self.listed_before + self.listed_after] == []
        assert min(len(self.listed_before), len(self.listed_after)) <= len(lines)
        assert [name for name, content in self._reports() if (place.reports / name).read_bytes() not in content] == []

    def _reports(self) -> Iterator[tuple[str, set[bytes]]]:
        for path in self.before.reports.iterdir():
            yield path.name, {path.read_bytes(), (self.after.reports / path.name).read_bytes()}

    @contextmanager
    def saying(self, what: str) -> Iterator[None]:
        """Say in a failure what had happened to the command."""
        try:
            yield
        except AssertionError as error:
            error.add_note(what)
            raise


def listed(place: Place) -> list[list[str]]:
    """Return the words of each line about a stored release."""
    return [line.split() for line in place.run("releases").out.splitlines() if line[0].isdigit()]
