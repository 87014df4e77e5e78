"""Whether codes were valid on days, from the stored releases."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, timedelta

from tracker.app.lives import Lives
from tracker.app.replacements import Replacements
from tracker.app.stored import Revision, Stored
from tracker.app.typed import typed
from tracker.errors import UnknownReleaseError
from tracker.hcpcs.catalogue import CODE, MODIFIER, foreign_code
from tracker.model import Ending, Record, Successor, Validity, Verdict


@dataclass(frozen=True, slots=True)
class Ruling:
    """Whether a code was valid on a day; of one that had ended, what took its place."""

    validity: Validity
    successors: tuple[Successor, ...] = ()


class Judge:
    """Says of codes whether they were valid on days, as the stored releases tell it.

    With `known_on`, as what had been published by that day told it.
    """

    def __init__(self, stored: Stored, known_on: date | None = None) -> None:
        self._stored = stored
        self._known_on = known_on
        self.lives = Lives(stored, known_on)
        self._replacements = Replacements(stored, self.lives.newest)

    def ask(self, code: str, day: date) -> Ruling:
        """Answer for a code, in any case.

        Raises:
            UnknownReleaseError: no code of this code set looks like that.
        """
        code = code.strip().upper()
        validity = self.lives.valid_on(code, day)
        if not validity.life and (foreign := foreign_code(code)):
            why = f"{foreign}: not in this code set"
            return Ruling(Validity(code, day, Verdict.CANNOT_TELL, why))
        if not validity.life and not (CODE.fullmatch(code) or MODIFIER.fullmatch(code)):
            raise UnknownReleaseError(
                f"{code!r} is no code: write a letter and four digits (J1940), or a modifier of two "
                f"characters{self._stored.perhaps(code)}"
            )
        return Ruling(
            replace(validity, remarks=(*validity.remarks, *self._remarks(validity))), self._successors(validity)
        )

    def turns(self, code: str) -> tuple[date, ...]:
        """Return the days within a quarter on which the answer for a code can change: where its lives begin and end."""
        _, lives = self.lives.of(code)
        begins = (life.first for life in lives if life.first)
        ends = (life.last + timedelta(days=1) for life in lives if life.last)
        return tuple(sorted({*begins, *ends}))

    def _successors(self, validity: Validity) -> tuple[Successor, ...]:
        life = validity.life
        if validity.verdict is not Verdict.NO or life is None or life.ending is not Ending.ENDED:
            return ()
        record = life.sightings[-1].record
        return self._replacements.after(record) if record and life.last and validity.day > life.last else ()

    def _remarks(self, validity: Validity) -> Iterator[str]:
        if validity.life is None and (near := self._stored.perhaps(validity.code)):
            yield near.removeprefix("; ")
        if self._known_on is None:
            return
        shown = [validity.proof, validity.described.release if validity.described else None]
        for release in {release.name: release for release in shown if release and not release.published_date}.values():
            yield (
                f"on which day {release.name} was published is not known: taken as known since "
                f"{release.effective_date}, when it took effect"
            )


def record_on(stored: Stored, code: str, day: date) -> tuple[Revision, Record, Validity]:
    """Return the record that was in force for a code on a day, the revision that holds it, and the whole answer.

    Raises:
        UnknownReleaseError: the code was not valid on that day, or what is stored cannot tell.
    """
    validity = Judge(stored).ask(typed(stored, code)[0], day).validity
    if validity.described is None or validity.described.record is None:
        told = "cannot tell" if validity.verdict is Verdict.CANNOT_TELL else "not valid"
        raise UnknownReleaseError(
            f"{validity.code} on {day}: {told}: {validity.why}; tracker history {validity.code} shows its life"
        )
    return stored.find(validity.described.release.name), validity.described.record, validity
