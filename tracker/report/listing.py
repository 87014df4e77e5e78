"""Lists for a reader: the stored releases, a release's problems, one record."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict
from itertools import chain, groupby
from typing import Any

from tracker.model import CodeSet, Facet, Finding, Note, Oddity, Problem, Record, Release, Sifted
from tracker.report.text import Line
from tracker.report.view import amount, decode, words

SOME = 5
"""How many kinds of problems an import shows, and how many codes of each."""


def releases(stored: Sequence[Release], meant: Collection[str]) -> Iterator[Line]:
    """Yield a table of releases. `meant` are the names of the revisions that bare labels mean."""
    rows = [("release", "means", "effective", "published", "codes", "extent", "digest", "source")]
    rows += [
        (
            release.name,
            f"= {release.label}" if release.name in meant else "",
            release.effective_date.isoformat(),
            release.published_date.isoformat() if release.published_date else "not known",
            f"{release.codes:,}",
            "complete" if release.complete else "excerpt",
            release.digest[:12],
            _origin(release),
        )
        for release in stored
    ]
    widths = [max(len(row[place]) for row in rows) for place in range(len(rows[0]) - 1)]
    for number, row in enumerate(rows):
        cells = [
            cell.rjust(width) if place == _CODES else cell.ljust(width)
            for place, (cell, width) in enumerate(zip(row, widths, strict=False))
        ]
        yield Line((("  ".join((*cells, row[-1])), "" if number else "heading"),))


_CODES = 4
"""The place of the column of numbers."""


def _origin(release: Release) -> str:
    told = [release.source.name, f"({release.source.format})"]
    if release.remark:
        told.append(f"- {release.remark}")
    if release.withdrawn is not None:
        told.append(f"- withdrawn: {release.withdrawn}")
    return " ".join(told)


def summary(release: Release) -> str:
    """Return what an import stored, in one sentence."""
    counts = release.counts
    published = f", published {release.published_date}" if release.published_date else ""
    return (
        f"{release.name}: {amount(release.codes, 'code')} ({amount(counts.get('procedure', 0), 'procedure')}, "
        f"{amount(counts.get('modifier', 0), 'modifier')}), {'complete' if release.complete else 'excerpt'}, "
        f"effective {release.effective_date}{published}, digest {release.digest[:12]}"
    )


def problem_kinds(found: Sifted) -> Iterator[Line]:
    """Yield a line for each kind of problem, new ones first, then the most serious: how often, and in which codes."""
    told = [
        (kind, list(problems), known)
        for some, known in (
            (found.new, ""),
            (_all(found.alike), " (known of other files)"),
            (_all(found.known), " (known)"),
        )
        for kind, problems in groupby(sorted(some, key=_kind), key=_kind)
    ]
    for (_, severity, field, message), problems, known in told[:SOME]:
        codes = _codes(problems)
        about = " ".join(part for part in (words(field), f"({codes})" if codes else "") if part)
        text = f"{about}: {message}{known}" if about else f"{message}{known}"
        yield Line(((f"  {len(problems):>6,} {severity:<8}", "code"), (text, "")), 17)
    if len(told) > SOME:
        yield Line(((f"  … and more: {len(told) - SOME}", "dim"),))


def _all(explained: Mapping[Oddity, Sequence[Problem]]) -> list[Problem]:
    return list(chain.from_iterable(explained.values()))


def _kind(problem: Problem) -> tuple[int, str, str, str]:
    order = {"error": 0, "warning": 1, "note": 2}
    return order[problem.severity], problem.severity, problem.field, problem.message


def _codes(problems: Iterable[Problem]) -> str:
    """Return some of the codes that problems are about."""
    codes = list(dict.fromkeys(problem.code for problem in problems if problem.code))
    return ", ".join(codes[:SOME]) + (", …" if len(codes) > SOME else "")


def shares(found: Sifted) -> str:
    """Return how many of a release's problems are new, and how many known: `none new, 120 known`."""
    alike, known = len(_all(found.alike)), len(_all(found.known))
    new = len(found.new) + alike
    some = "all" if alike == new else f"{alike:,}"
    of_these = f" ({some} of them known of other files)" if alike else ""
    return f"{f'{new:,}' if new else 'none'} new{of_these}, {f'{known:,}' if known else 'none'} known"


def problems(found: Sifted, limit: int | None, *, everything: bool = False) -> Iterator[Line]:
    """Yield the new problems, a line each; then those that are known, by what is known of them.

    Args:
        found: the problems of a release.
        limit: how many of the new ones are shown.
        everything: show the known ones too, a line each.
    """
    for problem in found.new[:limit]:
        yield _problem(problem)
    if limit is not None and len(found.new) > limit:
        yield Line(((f"… and {len(found.new) - limit:,} more: --all", "dim"),))
    for title, explained in (("New here, known of other files", found.alike), ("Known", found.known)):
        if not explained:
            continue
        yield Line(())
        yield Line(((f"{title} ({len(_all(explained)):,})", "heading"),))
        for oddity, of_it in explained.items():
            about = f"{len(of_it):,}: {_codes(of_it)}"
            yield Line(((f"  {oddity.id}", "code"), (f"  {about}", "")), 4)
            yield Line(((f"    {oddity.what} {oddity.reason}", "dim"),), 4)
            for problem in of_it if everything else ():
                yield _problem(problem, "    ")


def _problem(problem: Problem, margin: str = "") -> Line:
    """Return a problem's line: where it stands, what it concerns, what was done about it."""
    place = ", ".join(part for part in (problem.file, problem.where) if part)
    about = " ".join(part for part in (problem.code, problem.field) if part)
    raw = f" [{problem.raw}]" if problem.raw else ""
    told = ": ".join(part for part in (place, about, problem.message) if part)
    return Line(((f"{margin}{problem.severity:<8}", "code"), (f"{told}{raw}", "")), len(margin) + 8)


def problems_as_json(release: Release, found: Sifted) -> dict[str, object]:
    """Return a release's problems for a program: how many, each with what explains it, and what is known.

    `alike` are those of the new ones that are known of other files.
    """
    sorts = ((False, {None: found.new}), (False, found.alike), (True, found.known))
    told = [
        {**asdict(problem), "known": known, "oddity": oddity.id if oddity else None}
        for known, explained in sorts
        for oddity, of_it in explained.items()
        for problem in of_it
    ]
    alike, known = len(_all(found.alike)), len(_all(found.known))
    return {
        "schema": 1,
        "release": release.name,
        "counts": {"problems": len(told), "new": len(found.new) + alike, "alike": alike, "known": known},
        "problems": told,
        "oddities": [
            {"id": oddity.id, "what": oddity.what, "reason": oddity.reason}
            for oddity in dict.fromkeys((*found.alike, *found.known))
        ],
    }


def findings(found: Sequence[Finding], limit: int | None) -> Iterator[Line]:
    """Yield the findings of an audit by kind: how many, how many the span explains, and each of them."""
    for kind, group in groupby(sorted(found, key=lambda one: one.kind), key=lambda one: one.kind):
        of_kind = list(group)
        explained = sum(bool(one.explained) for one in of_kind)
        told = f", {explained:,} of them explained by the span between the releases" if explained else ""
        yield Line(((f"{kind} ({len(of_kind):,}{told})", "heading"),))
        for one in of_kind[:limit]:
            reason = f" Explained: {one.explained}." if one.explained else ""
            yield Line(((f"  {one.code:<7}", "code"), (f"{one.text}{reason}", "")), 9)
        if limit is not None and len(of_kind) > limit:
            yield Line(((f"  … and {len(of_kind) - limit:,} more: --all", "dim"),))
        yield Line(())
    if not found:
        yield Line((("The publisher's word and what changed agree.", ""),))


def record(code_set: CodeSet, release: Release, content: Record, notes: Iterable[Note]) -> Iterator[Line]:
    """Yield one record, every field labelled and decoded, then what is empty or not known."""
    extent = "" if release.complete else " (an excerpt)"
    where = f"  {content.kind} in {release.name}{extent}, effective {release.effective_date}"
    yield Line(((content.code, "heading"), (where, "dim")))
    texts = {note.number: note.text for note in notes}
    filled = [field for field in code_set.fields.values() if field.name in content.values]
    width = max((len(field.label) for field in filled), default=0) + 2
    for field in filled:
        value = content.values[field.name]
        told = decode(code_set, field.name, value)
        if isinstance(value, str) and value in texts and field.facet is Facet.NOTE:
            told = f"{value} ({texts[value]})"
        partly = " (known in part)" if field.name in content.unknown or field.name not in release.fields else ""
        yield Line(((f"  {field.label:<{width}}", "dim"), (f"{told}{partly}", "")), width + 2)
    missing = [field for field in code_set.fields.values() if field.name not in content.values]
    unknown = [field.label for field in missing if field.name in content.unknown or field.name not in release.fields]
    empty = [field.label for field in missing if field.label not in unknown]
    for label, labels in (("not known", unknown), ("empty", empty)):
        if labels:
            yield Line(((f"  {label:<{width}}", "dim"), (", ".join(labels), "dim")), width + 2)


def overview(place: str, stored: Sequence[Release], commands: Iterable[tuple[str, str]]) -> Iterator[Line]:
    """Yield the newest of the releases that bare labels mean, and what to do next: a command, and what it is for."""
    yield Line(((f"{'Stored' if stored else 'Nothing is stored yet'} in {place}", "heading"),))
    for release in stored[-NEWEST:]:
        extent = "complete" if release.complete else "excerpt"
        told = f"effective {release.effective_date}  {release.codes:>7,} codes  {extent}"
        yield Line(((f"  {release.label:<9}", "code"), (told, "")))
    if len(stored) > NEWEST:
        yield Line(((f"  … and {amount(len(stored) - NEWEST, 'older one')}: tracker releases", "dim"),))
    yield Line(())
    yield Line((("Next", "heading"),))
    rows = list(commands)
    width = max(len(command) for command, _ in rows)
    for command, purpose in rows:
        yield Line(((f"  {command:<{width}}", "code"), (f"  {purpose}", "dim")), width + 4)


NEWEST = 6
"""How many releases an overview shows."""


def checkup(facts: Mapping[str, object], found: Sequence[str]) -> Iterator[Line]:
    """Yield what is here, a line a fact, then what is wrong, a line a problem."""
    width = max(map(len, facts)) + 2
    for name, value in facts.items():
        yield Line(((f"  {words(name):<{width}}", "dim"), (_told(value), "")), width + 2)
    yield Line(())
    if not found:
        yield Line((("Nothing is wrong.", ""),))
    for sentence in found:
        yield Line((("problem", "act"), (f"  {sentence}", "")), 9)


def verified(facts: Mapping[str, Any]) -> Iterator[Line]:
    """Yield what was proven, a line a fact, what is no fault, then what differs, a line a difference."""
    told = {
        "archive": f"{facts['archive']}: {amount(facts['files'], 'file')}, {facts['bytes']:,} bytes",
        "database": (
            f"{facts['database']}: {amount(facts['releases'], 'release')}, {amount(facts['records'], 'record')}"
        ),
    }
    for name, value in told.items():
        yield Line(((f"  {name:<10}", "dim"), (value, "")), 12)
    for remark in facts["remarks"]:
        yield Line((("  remark    ", "dim"), (remark, "")), 12)
    yield Line(())
    if not facts["differences"]:
        yield Line((("All is proven: every digest, and archive and database say the same.", ""),))
    for sentence in facts["differences"]:
        yield Line((("differs", "act"), (f"  {sentence}", "")), 9)
    if facts["differences"]:
        yield Line((("tracker rebuild mends what the other side can prove.", ""),))


def _told(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if not isinstance(value, Mapping | tuple):
        return str(value or "none")
    several = [str(one) for one in (value.values() if isinstance(value, Mapping) else value)]
    if len(several) > 2 * SOME:
        return f"{', '.join(several[:SOME])}, … {several[-1]} ({len(several)})"
    return ", ".join(several) or "none"
