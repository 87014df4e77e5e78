"""Lists for the tests of their renderers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime, time

from tracker.formats.cells import Cell
from tracker.model import Level
from tracker.report.lists.view import Answer, Column, Group, ListRow, ListView, Point

ADDED = (
    Column("code", "Code"),
    Column("modifiers", "Modifiers"),
    Column("status", "Status"),
    Column("level", "Level"),
    Column("events", "Events"),
    Column("what_happened", "What happened"),
    Column("last_valid_day", "Last valid day"),
    Column("successors", "Successors"),
    Column("billing_units", "Billing units"),
    Column("new_description", "New description"),
    Column("what_to_do", "What to do"),
    Column("own_description", "Your description"),
)
OWN = ("Charge", "HCPCS", "Description", "Price", "Unit", "Department", "Since", "Active")


def answer(level: Level | None = None, **cells: Cell) -> Answer:
    """Make an answer; keywords name columns, what is left out is empty."""
    named = {"level": level or "", **cells}
    return Answer(tuple(named.get(column.name, "") for column in ADDED), level)


VALID = answer(code="A0001", status="unchanged", new_description="Apple, each")
ENDED = answer(
    Level.ACT,
    code="J0002",
    status="discontinued",
    events="code-discontinued",
    what_happened="Discontinued: last valid day 2025-03-31.",
    last_valid_day=date(2025, 3, 31),
    successors="J0003; J0004",
    billing_units=20.0,
    new_description="Injection, pear juice, up to 20 mg",
    what_to_do="Stop billing it after its last valid day; choose what takes its place.",
)
MODIFIED = replace(ENDED, cells=(ENDED.cells[0], "JW", *ENDED.cells[2:]))
REUSED = answer(
    Level.ACT,
    code="C0005",
    status="reused",
    events="code-reused",
    what_happened="Reused: it stands for something else since 2025-01-01.",
    new_description="Cart with two wheels",
    what_to_do="Do not bill it for what it was before.",
)
REWORDED = answer(
    Level.REVIEW,
    code="B0006",
    status="changed",
    events="description-reworded",
    what_happened="Reworded: sliced → sliced or whole.",
    new_description="Bread, sliced or whole",
    own_description="the text of 2025, which has changed",
)
UNKNOWN = answer(Level.REVIEW, code="Z9999", status="not found", what_happened="In neither release.")
FOREIGN = answer(code="99213", status="not in this code set", what_happened="CPT: not in this code set")
NOTHING = answer(status="no code")

MOMENT = datetime(2024, 5, 6, 8, 30)  # noqa: DTZ001 - a workbook knows no time zones
ROWS: tuple[tuple[int, Sequence[Cell], Answer], ...] = (
    (2, ("1001", "A0001", "Apple", 1.5, "each", "Kitchen", date(2020, 1, 1), True), VALID),
    (3, ("1002", "j0002 ", "Pear juice, inj.", 12.0, "20 mg", "Pharmacy", date(2019, 7, 1), True), ENDED),
    (4, ("1003", "J0002-JW", "Pear juice, wasted", 12.0, "20 mg", "Pharmacy", date(2019, 7, 1), True), MODIFIED),
    (5, ("1004", "C0005", "Cereal", 3.25, "box", "Kitchen", "", False), REUSED),
    (6, ("1005", "B0006", "Bread, sliced", 2.0, "loaf", "Kitchen", date(2021, 10, 1), True), REWORDED),
    (7, ("1006", "Z9999", "Typo", 1.0, "each", "", "", False), UNKNOWN),
    (8, ("1007", "99213", "Office visit", 95.0, "visit", "Clinic", MOMENT, True), FOREIGN),
    (9, ("0088", "", "=1+1", -4.0, "+1", "@here", time(9, 15), False), NOTHING),
    (11, ("1009", 97110.0, "Exercise", 40.0, "15 min", "Rehab", "", True), FOREIGN),
    (12, ("1010", "a0001", "Apple | red", 1.5, "each", "Kitchen", "", True), VALID),
    (13, ("1011", "HCPCS:J0002", "Pear juice", 12.0, "20 mg", "Pharmacy", "", True), ENDED),
    (14, ("1012", "", "", "", "", "", "", ""), NOTHING),
)

DISCONTINUED = Point(
    "J0002",
    Level.ACT,
    (
        "Discontinued: last valid day 2025-03-31. Injection, pear juice, up to 20 mg",
        "→ J0003  suggested, 20 units for 1: same juice, starts the day after",
        "→ J0004  declared: cross reference",
        "Stop billing it after its last valid day; choose what takes its place.",
    ),
    3,
    (3, 4, 13),
)


def rows_of(content: Iterable[tuple[int, Sequence[Cell], Answer]]) -> tuple[ListRow, ...]:
    return tuple(ListRow(number, tuple(cells), told) for number, cells, told in content)


def view_of(rows: Sequence[ListRow], columns: Sequence[str] = OWN, **more: object) -> ListView:
    """Make a view of some rows of the chargemaster's kind."""
    made = ListView(
        title="What 2025 → 2026 means for chargemaster.xlsx",
        facts=(
            ("old", "2025@1: 8,642 codes, complete"),
            ("new", "2026@1: 8,700 codes, complete"),
            ("codes", "column 2, 'HCPCS'"),
        ),
        counts=((len(rows), "rows"),),
        remarks=(),
        groups=(),
        columns=tuple(columns),
        added=ADDED,
        rows=lambda: iter(rows),
        length=len(rows),
    )
    return replace(made, **more)  # type: ignore[arg-type]


def chargemaster() -> ListView:
    """A list with something of everything."""
    return view_of(
        rows_of(ROWS),
        counts=(
            (3, "discontinued"),
            (1, "reused"),
            (1, "changed"),
            (2, "unchanged"),
            (1, "not found"),
            (2, "not in this code set"),
            (2, "no code"),
        ),
        remarks=("2026@1 is an excerpt: what it does not hold cannot be told", "row 10 is blank, and was passed over"),
        groups=(
            Group("Discontinued", (DISCONTINUED,)),
            Group(
                "Reused for something else", (Point("C0005", Level.ACT, ("Reused. Cart with two wheels",), 1, (5,)),)
            ),
            Group(
                "Changed", (Point("B0006", Level.REVIEW, ("Reworded: sliced → sliced or whole.",), 40, (6, 17, 19)),)
            ),
            Group(
                "In neither release",
                (Point("Z9999", Level.REVIEW, ("In neither release.", "Perhaps Z9998?"), 1, (7,)),),
            ),
            Group("Not readable as codes", (Point("", Level.REVIEW, ("No code could be read.",), 12),)),
        ),
    )


def found() -> ListView:
    """The result of a search: without columns of its own, and without numbers of rows."""
    hits = (("A0001", "current", "", 1.0, "Apple, each"), ("A0002", "ended", "2024-12-31", 0.75, "Apple, dried"))
    return ListView(
        title="Codes for: aple",
        facts=(("release", "2026@1: 8,700 codes, complete"),),
        counts=((2, "found"), (1, "current"), (1, "ended")),
        remarks=("no description has aple: searched for apple",),
        groups=(
            Group(
                "Best first",
                tuple(Point(code, None, (f"{status}: {text}",)) for code, status, _, _, text in hits),
            ),
        ),
        columns=(),
        added=(
            Column("code", "Code"),
            Column("status", "Status"),
            Column("last_valid_day", "Last valid day"),
            Column("score", "Score"),
            Column("long_description", "Description"),
        ),
        rows=lambda: (ListRow(0, (), Answer(hit)) for hit in hits),
        length=len(hits),
    )


def empty() -> ListView:
    """A list without rows."""
    return view_of(())


def many(number: int) -> ListView:
    """A list of so many rows; equal codes share their answer."""
    answers = [
        replace(one, cells=(f"{one.cells[0]}{place:03}", *one.cells[1:]))
        for place in range(500)
        for one in (VALID, VALID, VALID, ENDED, REWORDED, VALID, FOREIGN, NOTHING)
    ]

    def rows() -> Iterator[ListRow]:
        for place in range(number):
            told = answers[place * 7 % len(answers)]
            cells = (
                f"{place:07}",
                str(told.cells[0]),
                "Injection, pear juice, up to 20 mg, for one who is thirsty",
                f"{place % 997}.50",
                "each",
                "Pharmacy",
                "2019-07-01",
                "yes",
            )
            yield ListRow(place + 2, cells, told)

    points = tuple(
        replace(DISCONTINUED, code=f"J{place:04}", number=number // 100 or 1, rows=(2, 3, 4)) for place in range(200)
    )
    return replace(chargemaster(), groups=(Group("Discontinued", points),), rows=rows, length=number)
