"""Views for the tests of the HTML page."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from tests.made_up import MADE_UP, record, release
from tracker.diff.wording import edits
from tracker.model import (
    Basis,
    Change,
    Diff,
    Event,
    FieldChange,
    Finding,
    Level,
    NotCompared,
    Problem,
    Record,
    Rewording,
    Severity,
    Status,
    Successor,
    Value,
    Wording,
)
from tracker.report.view import ReportView, build_view

HOSTILE = (
    "<script>alert(1)</script>",
    "</style><img src=x onerror=alert(1)>",
    '" onmouseover="alert(1)" x="',
    "' onfocus='alert(1)",
    "{{ 7 * 7 }}{% raw %}",
    '=HYPERLINK("http://a.example/","press")',
    "a | b",
    "\x1b[31mred\x1b[0m\x07\x00",
    "pay \u202e100 gnp.exe\u202c \u2066isolated\u2069 \u200bzero\u200d \ufeff\u2028",
    "half a character \ud800 and \U000e0041 tags",
    "-->]]><!--",
    "x" * 5000,
    "long words " * 450,
)
"""Texts that attack."""


def change(
    code: str, status: Status, *events: Event, old: Record | None = None, new: Record | None = None, **more: object
) -> Change:
    """Make a change of a code from its two records; a changed text has its differing words."""
    fields = [
        _field(name, old.values.get(name), new.values.get(name))
        for name in MADE_UP.fields
        if old and new and old.values.get(name) != new.values.get(name)
    ]
    shown = new or old or record(code)
    return replace(Change(code, shown.kind, status, shown, tuple(fields), events=events), **more)  # type: ignore[arg-type]


def _field(name: str, old: Value | None, new: Value | None) -> FieldChange:
    if isinstance(old, tuple) or isinstance(new, tuple):
        before, after = tuple(old or ()), tuple(new or ())
        came, went = (tuple(set(one) - set(other)) for one, other in ((after, before), (before, after)))
        return FieldChange(name, old, new, tuple(sorted(came)), tuple(sorted(went)))
    both = name in MADE_UP.title and old and new
    rewording = Rewording(Wording.REWORDED, 0.8, edits(str(old), str(new))) if both else None
    return FieldChange(name, old, new, rewording=rewording)


def event(name: str, text: str, *fields: str, level: Level | None = None, waived: str = "") -> Event:
    return Event(name, level or MADE_UP.events[name].level, text, fields, waived)


def small() -> ReportView:
    """A view with something of everything."""
    ended = {"last_day": "2025-03-31", "letter": "D", "letter_day": "2025-04-01"}
    short = "Furosemide injection"
    old = record("J1940", text="Injection, furosemide, up to 20 mg", short=short, letter="N", letter_day="2010-01-01")
    was = record("B0001", text="Bread, sliced, per 10 slices", prices=("11", "22"), first_day="2010-01-01")
    now = record("B0001", text="Bread, sliced or whole, per 20 slices", prices=("22", "33"), first_day="2010-01-01")
    reused = FieldChange(
        "text", "Cart with two wheels", "Grain", rewording=Rewording(Wording.REPLACED, 0.0, edits("Cart", "Grain"))
    )
    changes = (
        change("A0001", Status.ADDED, event("came", "Added: valid from 2026-01-01."), new=_new("A0001", "An apple")),
        change(
            "A1",
            Status.CHANGED,
            event("retold", "Reworded.", "text"),
            old=record("A1", text="one line"),
            new=record("A1", text="two lines"),
        ),
        change(
            "B0001",
            Status.CHANGED,
            event("retold", "Reworded: 10 → 20.", "text", level=Level.ACT),
            event("repriced", "prices: 33 came, 11 went.", "prices", waived="we do not bill <it>"),
            old=was,
            new=now,
        ),
        replace(
            change("C0001", Status.CHANGED, event("retold", "Replaced.", "text"), new=_new("C0001", "Grain")),
            fields=(reused,),
        ),
        change("C0002", Status.REMOVED, event("gone", "Gone without a last day."), old=_new("C0002", "A small car")),
        change(
            "J1938", Status.ADDED, event("came", "Added: valid from 2025-04-01."), new=_new("J1938", "Furosemide, 1 mg")
        ),
        change(
            "J1940",
            Status.CHANGED,
            event("ended", "Ended: last day 2025-03-31.", "last_day", "letter", "letter_day"),
            old=old,
            new=record("J1940", text="Injection, furosemide, up to 20 mg", short=short, **ended),
            successors=(
                Successor("J1938", Basis.SUGGESTED, 0.95, 20.0, "same drug (furosemide), starts the day after"),
                Successor("99213", Basis.DECLARED, 0.8, None, "cross reference; CPT, outside this file"),
            ),
        ),
        change(
            "J1941",
            Status.CHANGED,
            event("ended", "Ended: last day 2025-03-31.", "last_day", "letter", "letter_day"),
            old=record("J1941", text="Another injection", letter="N", letter_day="2010-01-01"),
            new=record("J1941", text="Another injection", **ended),
        ),
        change(
            "V0001",
            Status.CHANGED,
            event("lettered", "Letter N instead of C.", "letter"),
            old=record("V0001", text="Only the letter", letter="C"),
            new=record("V0001", text="Only the letter", letter="N"),
            administrative=True,
        ),
    )
    outside = NotCompared(2, 3, {"remark": 4})
    diff = Diff(release("2025", 8, source_name="old.zip"), release("2026", 9, complete=False), changes, outside)
    problems = {
        "2025@1": [
            Problem(Severity.WARNING, "blank, and never blank", "old.txt", "line 7", f"A{number:04}", "letter_day")
            for number in range(12)
        ],
        "2026@1": [],
    }
    audit = (
        Finding("silent", "B0001", "text, prices changed, and the letter is N.", "it took effect on 2025-07-01"),
        Finding("late", "J1940", "Effective 2025-04-01, before 2025@1 was published."),
    )
    return build_view(MADE_UP, diff, remarks=["only codes that match: *"], problems=problems, audit=audit)


def _new(code: str, text: str) -> Record:
    return record(code, text=text, short=text[:12], first_day="2026-01-01", letter_day="2026-01-01")


def hostile() -> ReportView:
    """A view in which every text that comes from outside attacks."""
    attack = " ".join(HOSTILE)
    texts = (*HOSTILE, attack)
    changes = []
    for number, text in enumerate(texts):
        code = f"A{number:04}"
        changes += [
            change(code, Status.ADDED, event("came", text), new=record(code, text=text, letter_day=text)),
            change(
                f"B{number:04}",
                Status.CHANGED,
                event("retold", text, "text", waived=text),
                event("repriced", text, "prices", "remark"),
                event("ended", text, "last_day"),
                old=record(f"B{number:04}", text="plain", short=text, prices=(text,), remark=text),
                new=record(f"B{number:04}", text=text, short="plain", prices=("11",), remark="R", last_day=text),
                successors=(Successor(text, Basis.DECLARED, 1.0, 2.5, text),),
            ),
        ]
    codes = [*changes, *(change(f"C{text}", Status.REMOVED, event("gone", text), old=record(text)) for text in texts)]
    old = release("2025", 1, source_name=attack, mark=attack, remark=attack, withdrawn=attack)
    diff = Diff(old, release("2026", 1, source_name=attack), tuple(codes), NotCompared(1, 1, {"text": 1}))
    problem = Problem(Severity.ERROR, attack, attack, attack, attack, "text", attack)
    finding = Finding(attack, attack, attack, attack)
    return build_view(MADE_UP, diff, remarks=[attack], problems={attack: [problem]}, audit=[finding])


def many(number: int) -> ReportView:
    """A view of so many changes, with texts about as long as CMS's."""
    words = (
        "injection, catheter, for intermittent use; straight tip, with or without coating (teflon, silicone), each, "
        "includes all supplies and accessories, per treatment, not otherwise specified, per 10 milligrams "
    )
    changes = []
    for place in range(number):
        code = f"{'ABCJ'[place * 4 // number]}{place:05}"
        text = f"{words[place % 90 :]}{place}"
        new = record(code, text=text, short=text[:28], letter_day=f"2025-{place % 12 + 1:02}-01")
        match place % 5:
            case 0 | 1:
                changes.append(change(code, Status.ADDED, event("came", "Added: valid from 2025-01-01."), new=new))
            case 2:
                old = record(code, text=text.replace("tip", "point").replace("10", "20"), short=text[:28])
                retold = event("retold", "Reworded: tip → point.", "text")
                changes.append(change(code, Status.CHANGED, retold, old=old, new=new))
            case 3:
                old = record(code, text=text, short=text[:28], prices=("11",))
                repriced = event("repriced", "Price 11 went.", "prices")
                dated = event("dated", "Letter day 2025-01-01 instead of none.", "letter_day")
                changes.append(change(code, Status.CHANGED, repriced, dated, old=old, new=new))
            case _:
                day = f"2025-{place % 12 + 1:02}-28"
                ended = event("ended", f"Ended: last day {day}.", "last_day")
                last = replace(new, values={**new.values, "last_day": day})
                found = (Successor(changes[-4].code, Basis.SUGGESTED, 0.9, 10.0, "same drug, starts the day after"),)
                changes.append(change(code, Status.CHANGED, ended, old=new, new=last, successors=found))
    diff = Diff(release("2025", number), release("2026", number), tuple(changes), NotCompared())
    return build_view(MADE_UP, diff, written=date(2026, 1, 2))
