"""The values that the rooms of tracker hand to each other.

Frozen dataclasses and enums only; this module imports nothing of ours. A release flows through them
one way: a reader gives `RawRecord`s, normalising gives a `Snapshot`, the archive seals it (`Sealed`),
the store keeps it, and comparing two of them gives a `Diff`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import TypeAlias

Value: TypeAlias = str | tuple[str, ...]
"""A field's value: text (dates as ISO `YYYY-MM-DD`), or for a repeated field its texts in slot order."""


class Kind(StrEnum):
    """What a record describes."""

    PROCEDURE = "procedure"
    MODIFIER = "modifier"


class Facet(StrEnum):
    """The groups of fields that a reader asks for together, in the order of a report."""

    DESCRIPTION = "description"
    DATES = "dates"
    ACTION = "action"
    COVERAGE = "coverage"
    PAYMENT = "payment"
    CLASSIFICATION = "classification"
    REFERENCE = "reference"
    NOTE = "note"


class Severity(StrEnum):
    """How much a problem takes from a value.

    `note`: something was odd, and the stored value is sure. `warning`: the value is doubtful or not
    known. `error`: the value is stored as it was found and cannot be right.
    """

    NOTE = "note"
    WARNING = "warning"
    ERROR = "error"


class Status(StrEnum):
    """What happened to a code between two snapshots."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"


class Level(StrEnum):
    """How much an event asks of a reader: `act` (a claim can be refused or paid wrongly), `review`, `note`."""

    ACT = "act"
    REVIEW = "review"
    NOTE = "note"


class Wording(StrEnum):
    """What happened to a text.

    `editorial`: case, white space, typography or spelling alone. `quantity`: a number, unit, dose, limit or
    comparison. `reworded`: other words, the same subject. `replaced`: another subject.
    """

    EDITORIAL = "editorial"
    QUANTITY = "quantity"
    REWORDED = "reworded"
    REPLACED = "replaced"


class Basis(StrEnum):
    """Who names a successor: the publisher's cross reference, or our comparison of descriptions."""

    DECLARED = "declared"
    SUGGESTED = "suggested"


class Verdict(StrEnum):
    """Whether a code was valid on a day. `cannot tell`: what is stored does not say."""

    YES = "yes"
    NO = "no"
    CANNOT_TELL = "cannot tell"


class Ending(StrEnum):
    """Why a code's life ended. `gone`: it left the release without ever having got a last valid day."""

    ENDED = "ended"
    REUSED = "reused"
    GONE = "gone"


class Format(StrEnum):
    """What a report can be written as."""

    TEXT = "text"
    JSON = "json"
    CSV = "csv"
    HTML = "html"
    MARKDOWN = "markdown"
    XLSX = "xlsx"

    @property
    def endings(self) -> tuple[str, ...]:
        """The endings of file names that mean this format."""
        return {Format.TEXT: ("txt", "text"), Format.MARKDOWN: ("md", "markdown")}.get(self, (self.value,))


class ExportFormat(StrEnum):
    """What a table can be written as; the names are the files' endings."""

    PARQUET = "parquet"
    CSV = "csv"
    JSONL = "jsonl"
    XLSX = "xlsx"

    @property
    def is_text(self) -> bool:
        """Whether a terminal or pipe may be given it."""
        return self in {ExportFormat.CSV, ExportFormat.JSONL}


@dataclass(frozen=True, slots=True)
class Field:
    """One row of a field catalogue.

    `columns` are the publisher's column names, one a slot; more than one makes the field *repeated*.
    `position` is the zero-based begin of the first slot in a text record and `width` one slot's width.
    `label` is the name on a per-code sheet, and what people are shown. `required` fields are never
    blank at the publisher's: a blank one is a value that the source lost. `zero_filled` values have as
    many digits as `width`: shorter ones lost their leading zeros. `meanings` decodes a coded value; None
    where any text is allowed.
    """

    name: str
    label: str
    columns: tuple[str, ...]
    facet: Facet
    position: int
    width: int
    is_date: bool = False
    required: bool = False
    zero_filled: bool = False
    meanings: Mapping[str, str] | None = field(default=None, repr=False)

    @property
    def repeated(self) -> bool:
        """Whether a record may carry several values."""
        return len(self.columns) > 1


@dataclass(frozen=True, slots=True)
class EventKind:
    """One row of a code set's list of events: what it is called, how much it asks, where a report shows it.

    `section` is the report's heading for it; events of one section stand together. `meaning` explains it to
    a reader who meets it for the first time; `advice` says what to do about an event of level `act`.
    `ends`: after it, somebody asks what to bill instead.
    """

    id: str
    level: Level
    section: str
    meaning: str
    advice: str = ""
    ends: bool = False


@dataclass(frozen=True, slots=True)
class CodeSet:
    """What the middle rooms need to know of a code set: its fields, and which of them mean what.

    `administrative`: the fields that the publisher resets as a matter of routine; a change in these alone is
    called administrative. `added`, `ended`: the fields that hold the first and the last valid day; `acted`: the
    day from which the record's last action applies. `title`: the fields that name a code for a reader, best
    first. `events`: the list of events by id, in the order of a report. `ranges`: what the codes of a first
    letter are about.
    """

    name: str
    fields: Mapping[str, Field]
    administrative: frozenset[str]
    added: str
    ended: str
    acted: str
    title: tuple[str, ...]
    events: Mapping[str, EventKind]
    ranges: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Problem:
    """Something odd that a reader met: where, and what was done about it.

    `where` is `line 12`, `cell AT17` or empty; `raw` is the value as it stood in the file.
    """

    severity: Severity
    message: str
    file: str
    where: str = ""
    code: str = ""
    field: str = ""
    raw: str = ""


Cell: TypeAlias = tuple[str, str, str]
"""What stands in one place of a release: code, field, and the value as it stood in the file."""


@dataclass(frozen=True, slots=True)
class Oddity:
    """Something odd that is known of the publisher's files, with its reason: it explains their problems.

    It belongs to `files` (label of the release, and name of the file) and to `cells` of theirs, and to nothing else.
    It explains a problem of its severity or a lesser one: how serious it is depends on whether the other file of the
    release has the value. `what` says what stands in the files, `reason` why, and how that is known.
    """

    id: str
    files: frozenset[tuple[str, str]]
    cells: frozenset[Cell]
    severity: Severity
    what: str
    reason: str


@dataclass(frozen=True, slots=True)
class Sifted:
    """A release's problems: new ones apart from those that an oddity explains.

    `alike`: the very code, field and value are known, but of another file, so they are new here, and no surprise.
    """

    new: Sequence[Problem]
    alike: Mapping[Oddity, Sequence[Problem]]
    known: Mapping[Oddity, Sequence[Problem]]


@dataclass(frozen=True, slots=True)
class Note:
    """A processing note of the publisher: number and text."""

    number: str
    text: str


@dataclass(frozen=True, slots=True)
class RawRecord:
    """One code as a reader found it: texts under the publisher's column names, blanks left out.

    `line` is the one-based line of a text, or row of a workbook, in `file`.
    """

    code: str
    kind: Kind
    values: Mapping[str, str]
    file: str
    line: int


@dataclass(frozen=True, slots=True)
class RawRelease:
    """What a reader found in one source.

    `records` come by code. Those of a large file are read anew each time they are asked for, while it is open.
    `columns` are those that the source had, filled or not. `label`, `mark` and `published` are None
    where the source does not tell. `amends`: the records are to be laid over the stored release.
    `letters` are a workbook's column letters (`AT`) by column name; a text has none.
    """

    format: str
    records: Iterable[RawRecord]
    columns: frozenset[str]
    complete: bool
    amends: bool = False
    label: str | None = None
    mark: str | None = None
    published: date | None = None
    notes: tuple[Note, ...] = ()
    problems: tuple[Problem, ...] = ()
    letters: Mapping[str, str] = field(default_factory=dict)

    def where(self, record: RawRecord, column: str) -> str:
        """Where the value of `column` stands: `cell AT17`, or `line 17` where there are no cells."""
        letter = self.letters.get(column)
        return f"cell {letter}{record.line}" if letter else f"line {record.line}"


@dataclass(frozen=True, slots=True)
class Record:
    """One code in a snapshot.

    `values` holds the filled fields only. A missing field is empty, unless it is in `unknown` (the
    source lost its value) or outside the release's `fields` (the source did not have all of it). A
    value that is there all the same is known in part: it is shown, and never compared.
    """

    code: str
    kind: Kind
    values: Mapping[str, Value]
    unknown: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Source:
    """The file that a snapshot was read from: base name, size in bytes, sha256 in hex, format.

    `address` is where it was downloaded from, or empty.
    """

    name: str
    size: int
    sha256: str
    format: str
    address: str = ""


@dataclass(frozen=True, slots=True)
class Release:
    """The header of a snapshot: which revision of which release, what it covers, where it came from.

    `complete` releases speak of every code. An excerpt speaks of its own records' codes and of
    `absent`, the codes known not to be in the release. `fields` are those that the source had.
    `digest` is the sha256 (hex) of the content; `imported_at` an ISO time with offset.
    `withdrawn` is the reason why bare labels pass over this revision, or None; it is not part of the
    snapshot file.
    """

    code_set: str
    label: str
    revision: int
    effective_date: date
    complete: bool
    fields: frozenset[str]
    source: Source
    counts: Mapping[str, int]
    digest: str
    imported_at: str
    program: str
    published_date: date | None = None
    mark: str | None = None
    absent: frozenset[str] = frozenset()
    remark: str = ""
    withdrawn: str | None = None

    @property
    def name(self) -> str:
        """The unambiguous name: `2025-10@2`."""
        return f"{self.label}@{self.revision}"

    @property
    def codes(self) -> int:
        """How many records the snapshot holds."""
        return self.counts["codes"]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The content of one revision; `records` come by code, and may come once.

    `problems` are all there when the records have come: those of a record come with it.
    """

    release: Release
    records: Iterable[Record]
    problems: Sequence[Problem] = ()
    notes: tuple[Note, ...] = ()


@dataclass(frozen=True, slots=True)
class SealedRecord:
    """A record as it is stored: `line` is its archive line, `digest` the sha256 of that line's bytes.

    `unknown` repeats the names of its unknown fields, sorted and joined by a space, so that the store
    can count them without parsing lines.
    """

    code: str
    digest: bytes
    line: str
    unknown: str = ""


@dataclass(frozen=True, slots=True)
class Sealed:
    """A snapshot as it is stored: the exact lines of its archive file, without line ends.

    `records` stand in a file, and are read anew each time they are asked for: memory need not hold a release.
    """

    release: Release
    header: str
    records: Iterable[SealedRecord]
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Edit:
    """A stretch of two texts: alike in both, or what stood in the old one and what stands in the new."""

    old: str
    new: str


@dataclass(frozen=True, slots=True)
class Rewording:
    """How one text became another: its class, how alike the two are (0 to 1), and the words that differ."""

    wording: Wording
    similarity: float
    edits: tuple[Edit, ...]


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field that differs.

    For a repeated field, `came` and `went` name the values that did; for a description, `rewording` says
    how it was changed.
    """

    field: str
    old: Value | None
    new: Value | None
    came: tuple[str, ...] = ()
    went: tuple[str, ...] = ()
    rewording: Rewording | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """What a change means: a stable id, a level, one sentence, and the changed fields that prove it.

    `waived` is the reason for which a policy sets the event aside, or empty.
    """

    id: str
    level: Level
    text: str
    fields: tuple[str, ...] = ()
    waived: str = ""


@dataclass(frozen=True, slots=True)
class Successor:
    """What may take an ended code's place.

    `score` (0 to 1) says how sure it is; a declared successor that can be billed has 1. `units`: how many
    of the new code bill one of the old, None where the descriptions do not tell. `why`: in words.
    """

    code: str
    basis: Basis
    score: float
    units: float | None
    why: str


@dataclass(frozen=True, slots=True)
class Change:
    """What differs for one code. `record` is the new one; for a removed code the old one.

    `administrative`: nothing but the code set's administrative fields differs.
    """

    code: str
    kind: Kind
    status: Status
    record: Record
    fields: tuple[FieldChange, ...] = ()
    administrative: bool = False
    events: tuple[Event, ...] = ()
    successors: tuple[Successor, ...] = ()


@dataclass(frozen=True, slots=True)
class Sighting:
    """What one release says of one code: its record, or None where it is known not to hold the code."""

    release: Release
    record: Record | None


@dataclass(frozen=True, slots=True)
class Life:
    """A span of days on which a code is valid and stands for one thing.

    `first`, `last` are valid days, inclusive; `first` is None where no release tells it, `last` while there is no
    end. `reactivated`: the code had ended before, and is the same thing again. Of a life that ended with `gone`,
    `last` is the last day of which a release that holds the code speaks. `sightings` are those of this life, oldest
    first.
    """

    first: date | None
    last: date | None
    ending: Ending | None
    reactivated: bool
    sightings: tuple[Sighting, ...]


@dataclass(frozen=True, slots=True)
class Validity:
    """Whether a code was valid on a day, and what proves it.

    `why` is one sentence. `life` is the one that the day lies in, or the nearest that explains the answer.
    `described` is the sighting with the words in force on the day, of a code that was valid. `proof` is the release
    that proves the answer, None where nothing does; `missing` the label of one that would, or empty. `remarks` are
    sentences about how far the answer can be relied on.
    """

    code: str
    day: date
    verdict: Verdict
    why: str
    life: Life | None = None
    described: Sighting | None = None
    proof: Release | None = None
    missing: str = ""
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Predecessor:
    """An ended code in whose place this one is: the release that says so, and how."""

    code: str
    basis: Basis
    score: float
    why: str


@dataclass(frozen=True, slots=True)
class Step:
    """What happened to one code between two stored releases, of which none in between holds it, or speaks of it."""

    old: Release
    new: Release
    change: Change


@dataclass(frozen=True, slots=True)
class History:
    """The life of a code over the stored releases, oldest first.

    `sightings` has one for each release that speaks of the code; `steps` those pairs of neighbours between which it
    changed. `successors` take the place of the code as it is last seen, if that ended.
    """

    code: str
    sightings: tuple[Sighting, ...]
    steps: tuple[Step, ...]
    lives: tuple[Life, ...]
    successors: tuple[Successor, ...]
    predecessors: tuple[Predecessor, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """Where the publisher's own word on a change and the change itself differ.

    `kind` is `silent`, `unfounded`, `mislabelled` or `late`; `explained` says, in words, why the span between
    the two releases accounts for it, or is empty.
    """

    kind: str
    code: str
    text: str
    explained: str = ""


@dataclass(frozen=True, slots=True)
class NotCompared:
    """What fell outside the coverage of the other side.

    `codes_old`, `codes_new`: codes that only one side holds and of which the other says nothing.
    `fields`: field name -> number of codes, held by both, whose field one of the sides does not know.
    """

    codes_old: int = 0
    codes_new: int = 0
    fields: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Diff:
    """All changes between two snapshots, sorted by code, and what could not be compared."""

    old: Release
    new: Release
    changes: tuple[Change, ...]
    not_compared: NotCompared


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a diff is asked for; empty or None means everything.

    `codes` are patterns (`J*`, `A4?5?`) or codes, in any case. `events` are ids, `level` the least serious one
    that is asked for. With `facets`, only changed codes are asked for, and of these only the fields of those
    facets: a code that is added or removed has no old or new value to show.
    """

    facets: frozenset[Facet] = frozenset()
    codes: tuple[str, ...] = ()
    kind: Kind | None = None
    events: frozenset[str] = frozenset()
    level: Level | None = None

    def __bool__(self) -> bool:
        return bool(self.facets or self.codes or self.kind or self.events or self.level)
