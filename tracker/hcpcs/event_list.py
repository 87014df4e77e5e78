"""The list of events: every meaning that a change of a HCPCS code can have.

Ids are permanent: scripts and policies name them. The order, and the sections, are those of a report.
`docs/events.md` is written from this list.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tracker.model import EventKind, Level

if TYPE_CHECKING:
    from collections.abc import Mapping

_ACT, _REVIEW, _NOTE = Level.ACT, Level.REVIEW, Level.NOTE

# fmt: off
_ROWS: Final = (
    EventKind("code-added", _REVIEW, "Added",
              "The code is new in the release."),
    EventKind("code-discontinued", _ACT, "Discontinued",
              "The code has got a last valid day. There is no grace period: a later date of service is refused.",
              "Stop billing it after the last valid day; decide what to bill instead.", ends=True),
    EventKind("code-end-moved", _ACT, "Discontinued",
              "The last valid day of a code that had one is another day now.",
              "Move the end in your systems to the new last valid day.", ends=True),
    EventKind("code-reactivated", _ACT, "Reactivated",
              "The code had ended and is valid again.",
              "Open it again from that day; look at claims that you held back or billed otherwise."),
    EventKind("code-reused", _ACT, "Reused",
              "The code stands for something else now: what was coded with it before means another thing.",
              "Check every place that uses the code: orders, contracts, edits and reports mean the old thing."),
    EventKind("description-replaced", _ACT, "Description",
              "The long description is another one, and seems to belong to another code: the publisher's error, "
              "or its repair.",
              "Do not recode yet: ask the publisher, and watch the corrections."),
    EventKind("description-quantity", _ACT, "Description",
              "A number, unit, dose, limit or comparison in the long description changed.",
              "Check billing units, limits and order sets against the new quantity."),
    EventKind("description-reworded", _REVIEW, "Description",
              "The long description says something in other words, or something more or less."),
    EventKind("description-editorial", _NOTE, "Description",
              "Case, white space, typography or spelling of the long description changed; what is billed did not."),
    EventKind("short-description-replaced", _REVIEW, "Short description",
              "The short description has hardly a word in common with the former one."),
    EventKind("short-description-quantity", _REVIEW, "Short description",
              "A number, unit or comparison in the short description changed."),
    EventKind("short-description-reworded", _NOTE, "Short description",
              "The short description says it in other words."),
    EventKind("short-description-editorial", _NOTE, "Short description",
              "Case, white space, typography or spelling of the short description changed."),
    EventKind("coverage-changed", _ACT, "Coverage",
              "Medicare covers the code otherwise than before.",
              "Check coverage edits and notices to beneficiaries."),
    EventKind("payment-changed", _REVIEW, "Payment",
              "Pricing indicators, payment group or base units changed."),
    EventKind("classification-changed", _REVIEW, "Classification",
              "The type of service or the BETOS category changed."),
    EventKind("cross-reference-changed", _REVIEW, "References",
              "The codes that the publisher refers to from this one changed."),
    EventKind("reference-changed", _NOTE, "References",
              "References to manuals, statute or laboratory certifications changed."),
    EventKind("note-changed", _NOTE, "References",
              "Another processing note belongs to the code."),
    EventKind("effective-retroactive", _ACT, "Retroactive or in mid-quarter",
              "What happened takes effect before the older release did, or in mid-quarter before the newer one: "
              "claims that were right when they were made may not be.",
              "Look at claims with dates of service since that day."),
    EventKind("effective-in-future", _NOTE, "Effective dates",
              "The action takes effect after the newer release does."),
    EventKind("effective-date-changed", _REVIEW, "Effective dates",
              "The day from which the record's last action applies, or the added date, is a later one."),
    EventKind("code-added-and-ended", _ACT, "Added and ended in between",
              "The code came and got its last valid day between the two releases: who reads only these two never "
              "sees it valid.",
              "Check claims of those days; bill the successor after the last valid day.", ends=True),
    EventKind("code-withdrawn", _ACT, "Gone",
              "The code is not in the release any more, and never got a last valid day.",
              "Treat it as not billable until the publisher explains; check the corrections."),
    EventKind("code-purged", _NOTE, "Gone",
              "The code is not in the release any more; its last valid day had passed."),
    EventKind("history-rewritten", _ACT, "Corrections to history",
              "A date was moved backwards, or an end taken back without a reactivation.",
              "Look at claims between the former and the new date."),
    EventKind("action-code-changed", _NOTE, "Action code",
              "The publisher's letter for the kind of change is another one."),
    EventKind("administrative", _NOTE, "Action code",
              "The publisher's letter fell back to N (no maintenance), as it does in the cycle after a change."),
)
# fmt: on

EVENTS: Final[Mapping[str, EventKind]] = {row.id: row for row in _ROWS}
