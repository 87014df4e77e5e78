"""Every output of the program, with a text wherever one from outside can be."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from tests.made_up import MADE_UP, record, release
from tests.report.histories import eventful
from tests.report.histories import view_of as history_of
from tests.report.hostile import FORMULA, structure_and_text
from tests.report.lists.list_views import rows_of
from tracker.model import (
    Basis,
    Change,
    Diff,
    Edit,
    Event,
    FieldChange,
    Finding,
    Format,
    Kind,
    Level,
    NotCompared,
    Problem,
    Rewording,
    Severity,
    Status,
    Successor,
    Wording,
)
from tracker.report import changelog, history, lists
from tracker.report import render as render_report
from tracker.report.changelog.view import ChangelogView, build_changelog
from tracker.report.history.view import HistoryView
from tracker.report.lists.view import Answer, Column, Group, ListView, Point
from tracker.report.view import ReportView, build_view


def report_with(text: str) -> ReportView:
    """Return a view that has a text wherever one from outside can be."""
    rewording = Rewording(
        Wording.REWORDED, 0.5, (Edit("same ", "same "), Edit(text, f"new {text}"), Edit(" end", " end"))
    )
    retold = FieldChange("text", f"same {text} end", f"same new {text} end", rewording=rewording)
    short = FieldChange("short", None, text)
    priced = FieldChange("prices", ("11", text), ("11",), went=(text,))
    remarked = FieldChange("remark", text, None)
    ended = FieldChange("last_day", None, "2025-12-31")
    successors = (
        Successor("B0001", Basis.SUGGESTED, 0.5, 20.0, text),
        Successor("B0002", Basis.DECLARED, 1.0, None, text),
    )
    events = (
        Event("ended", Level.ACT, text, ("last_day",)),
        Event("retold", Level.REVIEW, text, ("text", "short"), waived=text),
        Event("repriced", Level.NOTE, text, ("prices", "remark")),
    )
    fields = (retold, short, ended, priced, remarked)
    new = record("A0001", text=str(retold.new), short=text, last_day="2025-12-31", prices=("11",))
    changes = (
        Change("A0001", Kind.PROCEDURE, Status.CHANGED, new, fields, False, events, successors),
        added("A1", text),
        added("B0001", text),
        Change(
            "C0001",
            Kind.PROCEDURE,
            Status.REMOVED,
            record("C0001", text=text),
            events=(Event("gone", Level.ACT, text),),
        ),
    )
    sides = [
        release(label, 3, source_name=text, mark=text, remark=text, withdrawn=text, counts={"codes": 3})
        for label in ("2025", "2026")
    ]
    return build_view(
        MADE_UP,
        Diff(sides[0], sides[1], changes, NotCompared(1, 2, {"short": 3})),
        remarks=[text],
        problems={"2025@1": [Problem(Severity.WARNING, text, text, "line 1", "A0001", "short", text)]},
        audit=[Finding("silent", "A0001", text, text)],
    )


def added(code: str, text: str) -> Change:
    kind = Kind.MODIFIER if len(code) == 2 else Kind.PROCEDURE
    came = Event("came", Level.REVIEW, text)
    return Change(code, kind, Status.ADDED, record(code, text=text, short="s"), events=(came,))


def changelog_with(text: str) -> ChangelogView:
    """Return a changelog that has a text wherever one from outside can be."""
    first = report_with(text)
    diff = first.diff
    back = tuple(
        replace(
            change,
            fields=tuple(FieldChange(field.field, field.new, field.old) for field in change.fields),
            successors=(),
            events=tuple(Event("retold", Level.REVIEW, text, event.fields, text) for event in change.events),
        )
        for change in diff.changes
        if change.status is Status.CHANGED
    )
    gone = Change(
        "A1", Kind.MODIFIER, Status.REMOVED, record("A1", text=text), events=(Event("gone", Level.ACT, text),)
    )
    last = replace(release("2027", 3, source_name=text, mark=text, remark=text), counts={"codes": 3})
    second = build_view(MADE_UP, Diff(diff.new, last, (*back, gone), NotCompared()), remarks=[text])
    told = (*diff.changes[2:], Change("C0002", Kind.PROCEDURE, Status.ADDED, record("C0002", text=text), events=(
        Event("came", Level.REVIEW, text),
    )))  # fmt: skip
    direct = build_view(MADE_UP, Diff(diff.old, last, told, NotCompared()), remarks=[text])
    return build_changelog([first, second], direct, remarks=[text])


def with_fields(view: HistoryView) -> HistoryView:
    """Return the same history, asked where its values come from."""
    asked = history_of(view.history, fields=["text", "short", "prices", "remark"])
    return replace(asked, asked=view.asked, found=view.found)


def list_with(text: str) -> ListView:
    """Return a list that has a text wherever one from outside can be."""
    told = Answer((text, f"told {text}", Level.ACT, text), Level.ACT)
    point = Point(text, Level.ACT, (text, f"more {text}"), 2, (2, 3))
    return ListView(
        title=text,
        facts=((text, text), ("file", f"{text}.csv")),
        counts=((2, text),),
        remarks=(text,),
        groups=(Group(text, (point, Point("", None, (text,)))),),
        columns=(text, f"other {text}"),
        added=(
            Column("code", "Code"),
            Column("what_happened", text),
            Column("level", "Level"),
            Column("status", f"Status {text}"),
        ),
        rows=lambda: iter(rows_of([(2, (text, "plain"), told), (3, (f"own {text}", text), told)])),
        length=2,
    )


def found_with(text: str) -> ListView:
    """Return the result of a search, which has no columns of its own."""
    view = list_with(text)
    return replace(view, columns=(), rows=lambda: (row._replace(number=0, cells=()) for row in view.rows()))


def drawn_list(form: Format, data: bytes) -> tuple[object, str]:
    """Return structure and text of a list, whose own cells are the user's in the formats for programs."""
    if form is Format.CSV:
        rows = list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))
        assert not [cell for row in rows[1:] for cell in row[2:] if FORMULA.match(cell)]
        return [len(row) for row in rows], "\n".join(cell for row in rows for cell in row)
    if form is Format.JSON:
        whole = json.loads(data)
        own = [list(row["own"].values()) for row in whole["rows"]]
        structure: object = [len(whole), [len(row) for row in own], *map(len, whole["rows"])]
        texts = [whole["title"], *whole["columns"], *own[0], *own[1], whole["rows"][0]["what_happened"]]
        return structure, "\n".join(json.dumps(text, ensure_ascii=False)[1:-1] for text in texts)
    structure, shown = structure_and_text(form, data)
    # These two no XML can hold: they are written as Excel does, and this reader does not take them back.
    return structure, shown.replace("_xFFFE_", "\ufffe").replace("_xFFFF_", "\uffff")


@dataclass(frozen=True)
class Output:
    """An output: what renders a text, in which formats, and what reads it.

    `own`: the formats in which the user's own cells stand untouched.
    """

    render: Callable[[str, Format], bytes]
    formats: tuple[Format, ...] = tuple(Format)
    read: Callable[[Format, bytes], tuple[object, str]] = structure_and_text
    own: tuple[Format, ...] = ()


OUTPUTS: Mapping[str, Output] = {
    "report": Output(lambda text, form: render_report(report_with(text), form)),
    "changelog": Output(lambda text, form: changelog.render(changelog_with(text), form)),
    "history": Output(lambda text, form: history.render(eventful(text), form), history.FORMATS),
    "fields": Output(lambda text, form: history.render(with_fields(eventful(text)), form), history.FORMATS),
    "list": Output(
        lambda text, form: b"".join(lists.render(list_with(text), form)),
        read=drawn_list,
        own=(Format.CSV, Format.JSON, Format.XLSX),
    ),
    "search": Output(lambda text, form: b"".join(lists.render(found_with(text), form))),
}
