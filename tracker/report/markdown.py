"""The report as Markdown, for GitHub, GitLab and wikis: tables, long sections folded by letter.

Every text from outside is escaped: it can open no table cell, link, mention, issue reference, formula, emoji or
HTML element. Words that went stand in ~~strikes~~, words that came are **bold**.
"""

from __future__ import annotations

import html
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from itertools import groupby
from string import punctuation
from typing import Final

from tracker.report import rows as r
from tracker.report.rows import Cell, Marked, Row
from tracker.report.view import Range, ReportView, Section, amount, visible, words

FOLDED: Final = 30
"""A section of more codes is folded, range by range."""

MOST_CODES: Final = 20
"""Codes that are named for one kind of problem."""

_TASK: Final = (r.DAY, r.CODE, r.DESCRIPTION, r.WHAT, r.TO_DO, r.INSTEAD, r.OWNER, r.DECISION, r.DONE)
_SECTION: Final = (r.CODE, r.LEVEL, r.ACTED, r.WHAT, r.DESCRIPTION, r.NAME, r.FIELD, r.OLD, r.NEW, r.INSTEAD, r.WAIVED)
_PROBLEM: Final = (r.RELEASE, r.SEVERITY, r.FIELD, r.WHAT, r.NUMBER, r.CODES)
_FINDING: Final = (r.FINDING, r.CODE, r.WHAT, r.EXPLAINED)

# What Markdown, its tables, GitHub's formulas and HTML make something of. The backslash and the bar are written
# as entities, for table parsers do not agree on how many backslashes make a bar.
_NO_WIDTH: Final = "\u200b"
_ESCAPES: Final = str.maketrans(
    {
        **{sign: f"\\{sign}" for sign in "`*_[]~#"},
        **{sign: f"&#{ord(sign)};" for sign in f"\\|$\t{_NO_WIDTH}"},
        "&": "&amp;",
        "<": "&lt;",
        ">": "&gt;",
        "\n": "<br>",
    }
)

_REFERENCE: Final = re.compile(
    r"(?:(?<!\w)@|@(?=[\w-]+\.\w|[0-9a-f]{7})|#(?=\w)|\bGH-|\bwww(?=\.)|\bmailto:|\bxmpp:|:(?=//)|:(?=[\w+-]+:))(?=\S)",
    re.IGNORECASE,
)
"""Where GitHub finds mentions, issues, addresses and emoji. It looks for most of them in the finished page, where
escapes are gone: a space without width parts them."""


def render(view: ReportView) -> bytes:
    """Return a view as Markdown in UTF-8."""
    return "\n\n".join(_blocks(view)).encode() + b"\n"


def escape(text: str) -> str:
    """Return a text as Markdown that shows exactly it, in one line."""
    return _REFERENCE.sub(rf"\g<0>{_NO_WIDTH}", visible(text)).translate(_ESCAPES)


def _blocks(view: ReportView) -> Iterator[str]:
    """Yield the report's paragraphs, tables and headings."""
    yield from _head(view)
    yield from _counts(view)
    if view.tasks:
        yield f"## To act on ({len(view.tasks):,})"
        yield table(list(r.task_rows(view)), _TASK)
    for section in view.sections:
        yield from section_blocks(view, section)
    if not view.diff.changes:
        yield f"Nothing changed in what {'was selected and ' if view.selection else ''}could be compared."
    for title, found, headings in (
        ("Data quality", list(r.problem_rows(view, MOST_CODES)), _PROBLEM),
        ("Audit: the publisher's word against what changed", list(r.audit_rows(view)), _FINDING),
    ):
        if found:
            yield f"## {title} ({len(found):,})"
            drawn = table(found, headings)
            yield drawn if len(found) <= FOLDED else fold(f"{len(found):,} findings", drawn)


def _head(view: ReportView) -> Iterator[str]:
    yield f"# {escape(r.heading(view))}"
    if view.written:
        yield f"Written {view.written}."
    facts = list(r.release_facts(view))
    yield table(
        [{"": name, r.OLD: old, r.NEW: new} for name, old, new in facts if not _is_digest(old)], ("", r.OLD, r.NEW)
    )
    yield "\n".join(f"- {name}: old `{old}`, new `{new}`" for name, old, new in facts if _is_digest(old))


def _is_digest(cell: Cell) -> bool:
    """Whether a cell is a sha256 in hex: too wide for a table."""
    return isinstance(cell, str) and re.fullmatch("[0-9a-f]{64}", cell) is not None


def _counts(view: ReportView) -> Iterator[str]:
    yield "## Counts"
    levels = " · ".join(f"{level} **{number:,}**" for level, number in view.counts.levels.items())
    codes = " · ".join(f"{name} **{number:,}**" for name, number in r.code_counts(view))
    fields = " · ".join(f"{escape(words(name))} {number:,}" for name, number in view.counts.fields.items())
    told = [f"- Events: {levels}", f"- Codes: {codes}", *([f"- Changed fields: {fields}"] if fields else [])]
    yield "\n".join((*told, *(f"- Note: {escape(remark)}" for remark in view.remarks)))
    events = list(r.event_rows(view))
    if events:
        yield table(events, (r.EVENT, r.LEVEL, r.NUMBER, r.MEANING))
    letters = list(r.letter_rows(view))
    if letters:
        yield table(letters, (r.RANGE, r.NUMBER))


def section_blocks(view: ReportView, section: Section, sign: str = "##") -> Iterator[str]:
    """Yield a section under a heading of this sign: one table, or if that would be long, one a range, each folded."""
    yield f"{sign} {escape(section.title)} ({len(section.entries):,})"
    parts = [(part, _plain_rows(view, part)) for part in section.ranges]
    found = [row for _, rows in parts for row in rows]
    several = len({row[r.LEVEL] for row in found}) > 1
    headings = [name for name in r.columns(found, _SECTION) if name != r.LEVEL or several]
    if len(section.entries) <= FOLDED:
        yield table(found, headings)
        return
    for part, rows in parts:
        name = html.escape(r.range_name(part) or section.title)
        yield fold(f"<b>{name}</b> ({amount(len(part.entries), 'code')})", table(rows, headings))


def _plain_rows(view: ReportView, part: Range) -> list[Row]:
    """Return the rows of a range without what is told twice, so that a page is wide enough for the rest."""
    told = set(map(words, r.told_whole(view)))
    titles = set(map(words, view.code_set.title))
    found = (_plain(row, told, titles) for row in r.range_rows(view, part))
    return [row for row, _ in groupby(found)]


def _plain(row: Row, told: Collection[str], titles: Collection[str]) -> Row:
    """Name a code whole where it came or ended, else briefly, and leave out values that a sentence tells."""
    field = row.get(r.FIELD)
    spare = {r.FIELD, r.OLD, r.NEW} if field in told else set()
    if r.FIRST_DAY in row or r.LAST_DAY in row:
        spare.add(r.NAME)
    elif r.NAME in row or field in titles:
        spare.add(r.DESCRIPTION)
    return {name: cell for name, cell in row.items() if name not in spare}


def fold(summary: str, block: str) -> str:
    """Return a block that opens on a click; blank lines part HTML from Markdown."""
    return f"<details>\n<summary>{summary}</summary>\n\n{block}\n\n</details>"


# Tables


def table(found: Sequence[Row], headings: Sequence[str]) -> str:
    """Return rows as a table."""
    lines = [_line(headings), _line("---" for _ in headings)]
    lines += (_line(_cell(row.get(heading, ""), heading) for heading in headings) for row in found)
    return "\n".join(lines)


def _line(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(cell: Cell, heading: str) -> str:
    if isinstance(cell, Marked):
        return marked(cell)
    if isinstance(cell, str):
        return escape(cell)
    if isinstance(cell, date):
        return cell.isoformat()
    return f"{cell:,g}" if heading == r.UNITS else f"{cell:,.0f}"


def marked(cell: Marked) -> str:
    """Return a text with what differs marked."""
    shown, texts = "", [escape(text) for text, _ in cell.pieces]
    for text, after, (_, differs) in zip(texts, [*texts[1:], ""], cell.pieces, strict=True):
        inner = text.strip()
        if not differs or not inner:
            shown += text
            continue
        lead, trail = text[: len(text) - len(text.lstrip())], text[len(text.rstrip()) :]
        shown += lead
        shown += _mark(inner, shown[-1:], (trail + after)[:1], came=cell.came) + trail
    return shown


def _mark(text: str, before: str, after: str, *, came: bool) -> str:
    """Return a text marked by Markdown's signs, or by HTML where these would not count as such.

    A sign between a letter outside and punctuation inside neither opens nor closes anything.
    """
    opens = text[0].isalnum() or _is_free(before)
    closes = text[-1].isalnum() or _is_free(after)
    if opens and closes:
        return f"**{text}**" if came else f"~~{text}~~"
    return f"<strong>{text}</strong>" if came else f"<del>{text}</del>"


def _is_free(sign: str) -> bool:
    return not sign or sign.isspace() or sign in punctuation
