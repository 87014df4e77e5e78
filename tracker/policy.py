"""A user's policy (`tracker.toml`): other levels for events, and waivers. docs/policy.md explains it.

    fail_on = "act"

    [[level]]
    event = "payment-changed"
    codes = ["J*"]
    level = "act"

    [[waiver]]
    event = "code-discontinued"
    codes = ["J1940"]
    reason = "no longer on our formulary"
    until = 2026-12-31

Pure but for `find` and `read`; the day with which a waiver's last day is compared is passed in. A mistake
ends in one sentence that names file, line and key.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from fnmatch import translate
from functools import lru_cache
from pathlib import Path
from typing import Final, NoReturn, TypeAlias

from tracker.errors import PolicyError
from tracker.limits import POLICY_SIZE
from tracker.model import Change, CodeSet, Diff, Event, Facet, Level

FILE_NAME: Final = "tracker.toml"

_LISTED: Final = 5
_RANKS: Final = {level: rank for rank, level in enumerate(reversed(Level))}

_Path: TypeAlias = tuple[str | int, ...]  # ("waiver", 1, "until"): until in the second [[waiver]]


@dataclass(frozen=True, slots=True)
class LevelRule:
    """Events that get another level: those that meet every condition which is not empty."""

    level: Level
    event: str = ""
    facet: Facet | None = None
    codes: tuple[str, ...] = ()
    reason: str = ""
    line: int = 0

    def meets(self, code_set: CodeSet, code: str, event: Event) -> bool:
        """Whether the rule is about this event of this code."""
        return (
            self.event in ("", event.id)
            and (not self.codes or _matches(self.codes, code))
            and self.facet in (None, facet_of(code_set, event))
        )


@dataclass(frozen=True, slots=True)
class Waiver:
    """Events that are set aside, with the reason, up to and including the day `until`."""

    event: str
    codes: tuple[str, ...]
    reason: str
    until: date
    line: int = 0

    def meets(self, code: str, event: Event) -> bool:
        """Whether the waiver is about this event of this code, in force or not."""
        return self.event == event.id and _matches(self.codes, code)

    def in_force(self, today: date) -> bool:
        """Whether its last day has not passed."""
        return today <= self.until


@dataclass(frozen=True, slots=True)
class Policy:
    """What a policy file says. Later rules and waivers win over earlier ones."""

    levels: tuple[LevelRule, ...] = ()
    waivers: tuple[Waiver, ...] = ()
    fail_on: Level | None = None


EMPTY: Final = Policy()


def find(here: Path, home: Path) -> Path | None:
    """Return the policy file that counts: the nearest one from `here` upward, else the home's, else None."""
    folders = (here, *here.parents, home)
    return next((path for folder in folders if _is_there(path := folder / FILE_NAME)), None)


def read(path: Path, code_set: CodeSet) -> Policy:
    """Return the policy in a file.

    Raises:
        PolicyError: the file cannot be read, or something in it is not right.
    """
    try:
        if path.exists() and not path.is_file():
            raise PolicyError(f"{path}: the policy cannot be read: it is no file")
        if path.exists() and path.stat().st_size > POLICY_SIZE.value:
            raise PolicyError(f"{path}: the policy cannot be read: nobody wrote it by hand {POLICY_SIZE.hint}")
        data = path.read_bytes()
    except OSError as error:
        raise PolicyError(f"{path}: the policy cannot be read: {error.strerror}") from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise PolicyError(f"{path}, line {line}: the policy is not UTF-8 text: save it as UTF-8") from error
    return parse(text, str(path), code_set)


def parse(text: str, file: str, code_set: CodeSet) -> Policy:
    """Return the policy in a text; `file` is what messages call it.

    Raises:
        PolicyError: something in it is not right.
    """
    import tomllib

    try:
        content, lines = tomllib.loads(text), _lines(text)
    except (ValueError, RecursionError) as error:  # not only TOMLDecodeError: a number can have too many digits
        raise _not_toml(text, file, error) from error
    top = _Table(file, lines, (), content, ("fail_on", "level", "waiver"))
    return Policy(
        tuple(_level_rule(table, code_set) for table in top.tables("level", _LEVEL_KEYS)),
        tuple(_waiver(table, code_set) for table in top.tables("waiver", _WAIVER_KEYS)),
        Level(top.choice("fail_on", tuple(Level))) if "fail_on" in content else None,
    )


def apply(policy: Policy, diff: Diff, code_set: CodeSet, today: date) -> Diff:
    """Return the diff with the policy's levels, and with its reason at each event that it waives.

    The diff should be whole, not a selection of it: else waivers look unused that are not.
    """
    if not policy.levels and not policy.waivers:
        return diff
    in_force: dict[str, list[Waiver]] = {}
    for waiver in reversed(policy.waivers):
        if waiver.in_force(today):
            in_force.setdefault(waiver.event, []).append(waiver)

    def applied(change: Change, event: Event) -> Event:
        met = (waiver.reason for waiver in in_force.get(event.id, ()) if waiver.meets(change.code, event))
        level, waived = _level(policy, code_set, change.code, event), next(met, event.waived)
        same = (level, waived) == (event.level, event.waived)
        return event if same else replace(event, level=level, waived=waived)

    changes = (
        replace(change, events=tuple(applied(change, event) for event in change.events)) for change in diff.changes
    )
    return replace(diff, changes=tuple(changes))


def remarks(policy: Policy, diff: Diff, code_set: CodeSet, today: date) -> tuple[str, ...]:
    """Return what a report of the diff has to say of the policy: sentences. The events waived are counted elsewhere.

    The diff is the one that `apply` returned.
    """
    return tuple(_remarks(policy, diff, code_set, today))


def reaches(diff: Diff, level: Level) -> bool:
    """Whether an event that is not waived has this level or a higher one. Administrative changes count as well."""
    return any(
        not event.waived and _RANKS[event.level] >= _RANKS[level] for change in diff.changes for event in change.events
    )


def facet_of(code_set: CodeSet, event: Event) -> Facet:
    """Return the one facet to which an event belongs: that of the first field that proves it.

    An event without fields tells of a code that came or went, or of a day: its facet is `dates`. The end of a
    code, too, is proven by a date first; so a rule about `action` is about the publisher's letters alone.
    """
    return code_set.fields[event.fields[0]].facet if event.fields else Facet.DATES


def _level(policy: Policy, code_set: CodeSet, code: str, event: Event) -> Level:
    """Return the level that the last rule about an event gives it.

    A note that is more by the list of events rests on a value in doubt. It stays a note: a policy weighs
    what changed, and here it is not sure that anything did.
    """
    if event.level is Level.NOTE and code_set.events[event.id].level is not Level.NOTE:
        return event.level
    met = (rule.level for rule in reversed(policy.levels) if rule.meets(code_set, code, event))
    return next(met, event.level)


def _remarks(policy: Policy, diff: Diff, code_set: CodeSet, today: date) -> Iterator[str]:
    events = [(change.code, event) for change in diff.changes for event in change.events]
    usual = code_set.events
    moved = sum(
        event.level is not usual[event.id].level and any(rule.meets(code_set, code, event) for rule in policy.levels)
        for code, event in events
    )
    if moved:
        yield f"policy: {_amount(moved, 'event')} at another level than the usual one"
    met: dict[Waiver, list[Event]] = {
        waiver: [event for code, event in events if waiver.meets(code, event)] for waiver in policy.waivers
    }
    expired = [waiver for waiver in policy.waivers if not waiver.in_force(today)]
    if expired:
        again = {id(event): event for waiver in expired for event in met[waiver] if not event.waived}
        verb = "counts" if len(again) == 1 else "count"
        told = f": {_amount(len(again), 'event')} {verb} again" if again else ""
        yield f"policy: {_amount(len(expired), 'waiver')} expired ({_listed(expired, last_day=True)}){told}"
    unused = [waiver for waiver in policy.waivers if waiver.in_force(today) and not met[waiver]]
    if unused:
        yield f"policy: {_amount(len(unused), 'waiver')} in force but without an event here ({_listed(unused)})"


def _listed(waivers: Sequence[Waiver], *, last_day: bool = False) -> str:
    told = [
        f"{waiver.event} of {', '.join(waiver.codes)}, line {waiver.line}"
        + (f", until {waiver.until}" if last_day else "")
        for waiver in waivers[:_LISTED]
    ]
    return "; ".join(told) + (f"; and {len(waivers) - _LISTED:,} more" if len(waivers) > _LISTED else "")


def _amount(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _matches(codes: tuple[str, ...], code: str) -> bool:
    return _compiled(codes)(code) is not None


@lru_cache(maxsize=4096)
def _compiled(codes: tuple[str, ...]) -> Callable[[str], re.Match[str] | None]:
    return re.compile("|".join(translate(pattern) for pattern in codes)).match


def _is_there(path: Path) -> bool:
    """Whether something of that name is there: what is no file is to be told, not passed over."""
    try:
        return os.path.lexists(path)
    except OSError:  # a folder upward that may not be looked into
        return False


# What stands in the file.

_LEVEL_KEYS: Final = ("event", "facet", "codes", "level", "reason")
_WAIVER_KEYS: Final = ("event", "codes", "reason", "until")
_QUOTES: Final = "text stands in quotes, a day does not: until = 2026-12-31"


class _Table:
    """One table of the file, its own top among them, and the sentences about its mistakes."""

    def __init__(
        self,
        file: str,
        lines: Mapping[_Path, int],
        path: _Path,
        values: Mapping[str, object],
        keys: tuple[str, ...],
    ) -> None:
        self.file = file
        self.lines = lines
        self.path = path
        self.values = values
        for key in values:
            if key not in keys:
                self.fail(key, f"there is no such key{_near(key, keys)}; there are {', '.join(keys)}")

    @property
    def line(self) -> int:
        """The line of its header."""
        return self.lines.get(self.path, 1)

    def fail(self, key: str, what: str) -> NoReturn:
        """Raise the sentence about a key; a key that is missing stands where the table begins."""
        line = self.lines.get((*self.path, key), self.line)
        place = f" of [[{self.path[0]}]]" if self.path else ""
        raise PolicyError(f"{self.file}, line {line}, {_shown(key)}{place}: {what}")

    def tables(self, key: str, keys: tuple[str, ...]) -> Iterator[_Table]:
        """Yield the tables under a key."""
        values = self.values.get(key, [])
        if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
            self.fail(key, f"each begins with a line [[{key}]], in two brackets")
        for number, value in enumerate(values):
            yield _Table(self.file, self.lines, (key, number), value, keys)

    def text(self, key: str, needed: str = "") -> str:
        """Return a text; empty if it is missing and not `needed`: that says for what."""
        value = self.values.get(key)
        if value is None and not needed:
            return ""
        if value is None:
            self.fail(key, f"it is missing: {needed}")
        if not isinstance(value, str):
            self.fail(key, f'a text in quotes has to stand here, not {_shown(value)}: {key} = "…"')
        if not value.strip():
            self.fail(key, f"it is empty: {needed or 'write something, or leave the line out'}")
        return " ".join(value.split())

    def choice(self, key: str, choices: Collection[str], needed: str = "", see: str = "") -> str:
        """Return one of the choices; empty if it is missing and not `needed`. `see` tells where they are listed."""
        value = self.text(key, needed)
        if value and value not in choices:
            listed = see or f"there are {', '.join(choices)}"
            self.fail(key, f'there is no {_NOUNS.get(key, key)} "{_shown(value)}"{_near(value, choices)}; {listed}')
        return value

    def codes(self, needed: str = "") -> tuple[str, ...]:
        """Return codes and patterns, in capitals; none if the key is missing and not `needed`."""
        value = self.values.get("codes")
        if value is None and not needed:
            return ()
        if value is None:
            self.fail("codes", f"it is missing: {needed}")
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            self.fail("codes", 'a list of codes and patterns in quotes has to stand here: codes = ["J1940", "J3*"]')
        if not value:
            self.fail("codes", 'the list is empty: name codes or patterns; codes = ["*"] means all')
        for one in value:
            if not one.strip() or not one.isprintable() or re.search(r"[\s,;]", one.strip()):
                self.fail("codes", f'"{_shown(one)}" is no code and no pattern: put each into quotes of its own')
        return tuple(one.strip().upper() for one in value)

    def day(self, key: str, needed: str) -> date:
        """Return a date."""
        value = self.values.get(key)
        if value is None:
            self.fail(key, f"it is missing: {needed}")
        if isinstance(value, datetime) or not isinstance(value, date):
            self.fail(key, f"a day without quotes and time has to stand here, not {_shown(value)}: until = 2026-12-31")
        return value


_NOUNS: Final = {"fail_on": "level"}


def _level_rule(table: _Table, code_set: CodeSet) -> LevelRule:
    facet = table.choice("facet", tuple(Facet))
    rule = LevelRule(
        event=_event(table, code_set),
        facet=Facet(facet) if facet else None,
        codes=table.codes(),
        level=Level(table.choice("level", tuple(Level), f"name the level to give: {', '.join(Level)}")),
        reason=table.text("reason"),
        line=table.line,
    )
    if not (rule.event or rule.facet or rule.codes):
        table.fail("event", "it is missing, and so are facet and codes: say which events get the level")
    return rule


def _waiver(table: _Table, code_set: CodeSet) -> Waiver:
    return Waiver(
        event=_event(table, code_set, "say which event is waived"),
        codes=table.codes('say for which codes; codes = ["*"] means all'),
        reason=table.text("reason", "a waiver needs a reason; reports show it"),
        until=table.day("until", "a waiver needs a last day: until = 2026-12-31"),
        line=table.line,
    )


def _event(table: _Table, code_set: CodeSet, needed: str = "") -> str:
    return table.choice("event", tuple(code_set.events), needed, "docs/events.md lists them")


def _near(word: str, words: Iterable[str]) -> str:
    from difflib import get_close_matches

    found = get_close_matches(word.strip().lower(), words, 1)
    return f' (did you mean "{found[0]}"?)' if found else ""


def _shown(value: object, length: int = 40) -> str:
    """Return a key or value as one printable line of a message."""
    text = str(value)
    text = text if text.isprintable() else ascii(text)[1:-1]
    return text if len(text) <= length else f"{text[: length - 2]} …"


# Where it stands: tomllib tells values alone.

_TOKEN: Final = re.compile(
    r"""
    \"{3} (?: \\. | (?!\"{3}) . )* \"{3,5}  # a text of several lines; up to two quotes of its own may end it
    | '{3} .*? '{3,5}
    | " (?: \\. | [^"\\] )* "
    | ' [^']* '
    | \# [^\n]*
    | [\[\]{}\n]
    """,
    re.VERBOSE | re.DOTALL,
)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Yield the statements of a TOML text (headers, and keys with their values), each with its first line.

    A statement ends with the line, unless a text or a bracket is still open.
    """
    begin = depth = 0
    line = 1
    for token in _TOKEN.finditer(text):
        if token[0] in ("[", "{"):
            depth += 1
        elif token[0] in ("]", "}"):
            depth -= 1
        elif token[0] == "\n" and depth == 0:
            statement, begin = text[begin : token.end()], token.end()
            yield line, statement
            line += statement.count("\n")
    yield line, text[begin:]


def _lines(text: str) -> dict[_Path, int]:
    """Return the line of every table and key in a valid TOML text; of what is inside a value, that of its key."""
    import tomllib

    found: dict[_Path, int] = {}
    numbers: dict[str, int] = {}  # how many [[name]] there were
    table: _Path = ()
    for line, statement in _statements(text):
        content = tomllib.loads(statement)
        if statement.lstrip().startswith("["):
            table = _header(content, numbers)
            paths = [table[:end] for end in range(1, len(table) + 1)]
        else:
            paths = [(*table, *path) for path in _paths(content)]
        for path in paths:
            found.setdefault(path, line)
    return found


def _header(content: Mapping[str, object], numbers: dict[str, int]) -> _Path:
    """Return the table that a header opens: the next `[[name]]`, something inside the last one, or `[name]`."""
    names: list[str] = []
    inner: object = content
    while isinstance(inner, dict) and inner:
        ((name, inner),) = inner.items()
        names.append(name)
    first, *rest = names
    if isinstance(inner, list) and not rest:
        numbers[first] = numbers.get(first, 0) + 1
    return (first, numbers[first] - 1, *rest) if first in numbers else (first, *rest)


def _paths(value: object) -> Iterator[_Path]:
    """Yield the way to everything inside a value."""
    pairs: Iterable[tuple[str | int, object]] = ()
    if isinstance(value, dict):
        pairs = value.items()
    elif isinstance(value, list):
        pairs = enumerate(value)
    for key, inner in pairs:
        yield (key,)
        yield from ((key, *path) for path in _paths(inner))


def _not_toml(text: str, file: str, error: Exception) -> PolicyError:
    """Say which statement is no TOML: its first line, and its key. tomllib may stumble only lines later."""
    place = re.search(r" \(at (line (\d+), column \d+|end of document)\)$", str(error))
    if place:
        told = f"{str(error)[0].lower()}{str(error)[1 : place.start()]}, at {place[1]}"
    else:  # a number with thousands of digits, hundreds of brackets
        told = "too many digits or brackets"
    at = int(place[2]) if place and place[2] else text.rstrip().count("\n") + 1  # if each statement alone is right
    line = next((line for line, statement in _statements(text) if not _is_toml(statement)), at)
    key = re.match(r"""\s*([\w.-]+|"[^"]*"|'[^']*')\s*=""", text.split("\n")[line - 1])
    named = f", {_shown(key[1])}" if key else ""
    hint = f"; {_QUOTES}" if told.startswith("invalid") else ""
    return PolicyError(f"{file}, line {line}{named}: this is not TOML ({told}){hint}")


def _is_toml(statement: str) -> bool:
    import tomllib

    try:
        tomllib.loads(statement)
    except (ValueError, RecursionError):
        return False
    return True
