"""A user's policy: what the file may say, what its mistakes are called, and what it does to a diff."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.made_up import CODES, MADE_UP, diff_between, diff_of, explained, record, snapshots
from tracker.errors import PolicyError
from tracker.hcpcs.catalogue import HCPCS
from tracker.model import Diff, Event, Facet, Level, Snapshot
from tracker.policy import EMPTY, LevelRule, Policy, Waiver, apply, facet_of, find, parse, reaches, read, remarks

TODAY = date(2026, 3, 1)
PAGE = Path(__file__).parents[1] / "docs/policy.md"

DIFF = explained(
    diff_between(
        [
            record("A0001", text="one", letter="A"),
            record("A0002", prices=("11",)),
            record("B0001", text="goes"),
            record("B0002", text="ends"),
            record("ZZ", text="one"),
        ],
        [
            record("A0001", text="two", letter="N"),
            record("A0002", prices=("22",)),
            record("B0002", text="ends", last_day="2025-12-31", letter="D"),
            record("B0003", text="came"),
            record("ZZ", text="two"),
        ],
    )
)
LEVELS = {
    ("A0001", "retold"): "review",
    ("A0001", "lettered"): "note",
    ("A0002", "repriced"): "note",
    ("B0001", "gone"): "act",
    ("B0002", "ended"): "act",
    ("B0003", "came"): "review",
    ("ZZ", "retold"): "review",
}


def parsed(text: str) -> Policy:
    return parse(text, "tracker.toml", MADE_UP)


def levels(diff: Diff) -> dict[tuple[str, str], str]:
    return {(change.code, event.id): str(event.level) for change in diff.changes for event in change.events}


def waived(diff: Diff) -> dict[tuple[str, str], str]:
    return {(change.code, event.id): event.waived for change in diff.changes for event in change.events if event.waived}


def test_the_diff_of_these_tests() -> None:
    assert levels(DIFF) == LEVELS


# Where the file is


def test_the_nearest_file_upward_counts_then_that_of_the_home(tmp_path: Path) -> None:
    here, home = tmp_path / "a/b/c", tmp_path / "home"
    here.mkdir(parents=True)
    home.mkdir()
    assert find(here, home) is None
    for folder in (home, tmp_path, here.parent, here):
        (folder / "tracker.toml").touch()
        assert find(here, home) == folder / "tracker.toml"


def test_a_folder_of_that_name_is_told_and_not_passed_over(tmp_path: Path) -> None:
    (tmp_path / "here/tracker.toml").mkdir(parents=True)
    (tmp_path / "tracker.toml").touch()
    found = find(tmp_path / "here", tmp_path)
    assert found == tmp_path / "here/tracker.toml"
    with pytest.raises(PolicyError, match="the policy cannot be read: it is no file"):
        read(found, HCPCS)


def test_read(tmp_path: Path) -> None:
    path = tmp_path / "tracker.toml"
    path.write_bytes(b'\xef\xbb\xbffail_on = "act"\r\n\r\n[[level]]\r\ncodes = ["A*"]\r\nlevel = "note"\r\n')
    assert read(path, MADE_UP) == Policy((LevelRule(Level.NOTE, codes=("A*",), line=3),), (), Level.ACT)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    path = tmp_path / "tracker.toml"
    with pytest.raises(PolicyError, match=rf"^{re.escape(str(path))}: the policy cannot be read: No such file"):
        read(path, MADE_UP)
    path.write_bytes(b'[[level]]\nreason = "\xfcber"\n')
    with pytest.raises(PolicyError, match=rf"^{re.escape(str(path))}, line 2: the policy is not UTF-8 text"):
        read(path, MADE_UP)


def test_a_folder_that_cannot_be_looked_into_is_passed_over(tmp_path: Path) -> None:
    (tmp_path / "tracker.toml").touch()
    assert find(tmp_path / ("x" * 300), tmp_path) == tmp_path / "tracker.toml"


# What it may say


def test_a_whole_policy() -> None:
    text = """
fail_on = "review"

[[level]] # the first one
event = "repriced"
facet = "payment"
codes = ["a*", " ZZ "]
level = "act"

[[waiver]]
event = "ended"
codes = [
    "B0002", # and no other
]
reason = '''
not on our
list'''
until = 2026-12-31

[[level]]
facet = "description"
level = "note"
reason = "we show our own texts"
"""
    assert parsed(text) == Policy(
        levels=(
            LevelRule(Level.ACT, "repriced", Facet.PAYMENT, ("A*", "ZZ"), line=4),
            LevelRule(Level.NOTE, "", Facet.DESCRIPTION, (), "we show our own texts", line=20),
        ),
        waivers=(Waiver("ended", ("B0002",), "not on our list", date(2026, 12, 31), line=10),),
        fail_on=Level.REVIEW,
    )


@pytest.mark.parametrize("text", ["", "\n\n# nothing yet\n", "level = []\nwaiver = []"])
def test_nothing_said_is_the_empty_policy(text: str) -> None:
    assert parsed(text) == EMPTY


LEVEL = '[[level]]\nevent = "ended"\nlevel = "note"\n'
WAIVER = '[[waiver]]\nevent = "ended"\ncodes = ["B0002"]\nreason = "why"\nuntil = 2026-12-31\n'

KEYS = "there are fail_on, level, waiver"
LEVEL_KEYS = "there are event, facet, codes, level, reason"
WAIVER_KEYS = "there are event, codes, reason, until"
LEVELS_ARE = "there are act, review, note"
FACETS_ARE = "there are description, dates, action, coverage, payment, classification, reference, note"
A_LIST = 'a list of codes and patterns in quotes has to stand here: codes = ["J1940", "J3*"]'
A_DAY = "a day without quotes and time has to stand here, not"
NO_CODE = "is no code and no pattern: put each into quotes of its own"
A_REASON = "a waiver needs a reason; reports show it"
ALL = 'codes = ["*"] means all'
TABLES = "line 1, level: each begins with a line [[level]], in two brackets"

MISTAKES = {
    # keys that there are not
    'levels = "act"': f'line 1, levels: there is no such key (did you mean "level"?); {KEYS}',
    "\n\nx = 1": f"line 3, x: there is no such key; {KEYS}",
    f'{LEVEL}code = ["A"]': f'line 4, code of [[level]]: there is no such key (did you mean "codes"?); {LEVEL_KEYS}',
    f"{WAIVER}\nexpires = 2026-12-31": f"line 7, expires of [[waiver]]: there is no such key; {WAIVER_KEYS}",
    f'{WAIVER}facet = "action"': f"line 6, facet of [[waiver]]: there is no such key; {WAIVER_KEYS}",
    f"{LEVEL}\n[level.extra]\nx = 1": f"line 5, extra of [[level]]: there is no such key; {LEVEL_KEYS}",
    '"a\\nb" = 1': f"line 1, a\\nb: there is no such key; {KEYS}",
    f"{'x' * 60} = 1": f"line 1, {'x' * 38} …: there is no such key; {KEYS}",
    # values of another kind
    "fail_on = true": 'line 1, fail_on: a text in quotes has to stand here, not True: fail_on = "…"',
    'level = "act"': TABLES,
    'level = ["act"]': TABLES,
    "[level.extra]": TABLES,
    '\n[waiver]\nevent = "ended"': "line 2, waiver: each begins with a line [[waiver]], in two brackets",
    "[[level]]\nevent = [1]": 'line 2, event of [[level]]: a text in quotes has to stand here, not [1]: event = "…"',
    f"{LEVEL}reason = 3": 'line 4, reason of [[level]]: a text in quotes has to stand here, not 3: reason = "…"',
    '[[level]]\ncodes = "A*"': f"line 2, codes of [[level]]: {A_LIST}",
    '[[level]]\ncodes = ["A", 1]': f"line 2, codes of [[level]]: {A_LIST}",
    WAIVER.replace("2026-12-31", '"2026"'): f"line 5, until of [[waiver]]: {A_DAY} 2026: until = 2026-12-31",
    WAIVER.replace("-31", "-31T10:00:00"): (
        f"line 5, until of [[waiver]]: {A_DAY} 2026-12-31 10:00:00: until = 2026-12-31"
    ),
    # values that there are not
    'fail_on = "warn"': f'line 1, fail_on: there is no level "warn"; {LEVELS_ARE}',
    LEVEL.replace("note", "ACT"): (
        f'line 3, level of [[level]]: there is no level "ACT" (did you mean "act"?); {LEVELS_ARE}'
    ),
    '[[level]]\nfacet = "Payments"': (
        f'line 2, facet of [[level]]: there is no facet "Payments" (did you mean "payment"?); {FACETS_ARE}'
    ),
    LEVEL.replace("ended", "reprised"): (
        'line 2, event of [[level]]: there is no event "reprised" (did you mean "repriced"?); docs/events.md lists them'
    ),
    '[[waiver]]\nevent = "xyz"': 'line 2, event of [[waiver]]: there is no event "xyz"; docs/events.md lists them',
    # what is empty
    'fail_on = ""': "line 1, fail_on: it is empty: write something, or leave the line out",
    f'{LEVEL}reason = " "': "line 4, reason of [[level]]: it is empty: write something, or leave the line out",
    WAIVER.replace("why", "\t"): f"line 4, reason of [[waiver]]: it is empty: {A_REASON}",
    "[[level]]\ncodes = []": f"line 2, codes of [[level]]: the list is empty: name codes or patterns; {ALL}",
    '[[level]]\ncodes = ["A", ""]': f'line 2, codes of [[level]]: "" {NO_CODE}',
    '[[level]]\ncodes = ["A1, A2"]': f'line 2, codes of [[level]]: "A1, A2" {NO_CODE}',
    # what is missing
    '[[level]]\nevent = "ended"': (
        "line 1, level of [[level]]: it is missing: name the level to give: act, review, note"
    ),
    f'{LEVEL}[[level]]\nlevel = "act"': (
        "line 4, event of [[level]]: it is missing, and so are facet and codes: say which events get the level"
    ),
    f"{LEVEL}{WAIVER}[[waiver]]": "line 9, event of [[waiver]]: it is missing: say which event is waived",
    '[[waiver]]\nevent = "ended"': f"line 1, codes of [[waiver]]: it is missing: say for which codes; {ALL}",
    WAIVER.replace('reason = "why"\n', ""): f"line 1, reason of [[waiver]]: it is missing: {A_REASON}",
    f"{WAIVER}\n{WAIVER.replace('until = 2026-12-31', '')}": (
        "line 7, until of [[waiver]]: it is missing: a waiver needs a last day: until = 2026-12-31"
    ),
}


@pytest.mark.parametrize(("text", "sentence"), MISTAKES.items())
def test_a_mistake_is_named_with_file_line_and_key(text: str, sentence: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    assert str(caught.value) == f"tracker.toml, {sentence}"


HINT = "; text stands in quotes, a day does not: until = 2026-12-31"
NOT_TOML = {
    "fail_on = act": ("line 1, fail_on", HINT),
    WAIVER.replace("12-31", "02-30"): ("line 5, until", HINT),
    f'{LEVEL}codes = [\n"A",\nreason = "b"\n': ("line 4, codes", HINT),
    f'{LEVEL}"codes" = ["A"': ('line 4, "codes"', ""),
    f"{LEVEL}[[waiver]\n": ("line 4", ""),
    f'{LEVEL}reason = """one\ntwo': ("line 4, reason", ""),
    f'{LEVEL}event = "came"\n': ("line 4, event", ""),
    f'{LEVEL}event = "came"': ("line 4, event", ""),
    f"{LEVEL}x = {'[' * 20_000}": ("line 4, x", ""),
    f"{LEVEL}x = {'1' * 5_000}": ("line 4, x", ""),
}


@pytest.mark.parametrize(("text", "where", "hint"), [(text, *told) for text, told in NOT_TOML.items()])
def test_what_is_not_toml_is_named_by_the_statement(text: str, where: str, hint: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parsed(text)
    assert re.fullmatch(rf"tracker\.toml, {where}: this is not TOML \([a-z].+\){re.escape(hint)}", str(caught.value))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ('# [[level]]\n[[level]]\nlevel = "act"', 2),
        (f'{LEVEL}reason = """\n[[level]]\n"""\n[[level]]\nlevel = "act"', 7),
        (f"{LEVEL}reason = '''\n[[level]]''''\n[[level]]\nlevel = \"act\"", 6),
        (f'{LEVEL}reason = """\\"""\n[[level]]"""""\n[[level]]\nlevel = "act"', 6),
        (f'{LEVEL}reason = "# [[level]] \\" \'"\n[[level]]\nlevel = "act"', 5),
        (f"{LEVEL}reason = '\"\"\"#'\n[[level]]\nlevel = 'act'", 5),
        (f'{LEVEL}codes = [ # "\n  "[[A]]", # ]\n]\n\n[[level]]\nlevel = "act"', 8),
        (f'{LEVEL}{WAIVER}  [["level"]] # [\n\nlevel = "act"', 9),
        ("level = [\n{event = 'ended', level = 'act'},\n{level = 'act'},\n]", 1),
        (LEVEL.replace("\n", "\r\n") + '[[level]]\r\nlevel = "act"', 4),
    ],
)
def test_the_line_of_a_table(text: str, line: int) -> None:
    with pytest.raises(PolicyError, match=rf"^tracker\.toml, line {line}, event of \[\[level\]\]: it is missing"):
        parsed(text)


PIECES = st.sampled_from(
    [
        *LEVEL.splitlines(),
        *WAIVER.splitlines(),
        '"""', "'''", '"', "'", "[", "]", "{", "}", "[[", "]]", "=", ",", ".", "#", "\\", "\n", "\r", "\r\n",
        "\ufeff", "\0",
        "level", "waiver", "codes", "event", "until", "1", "-1", "1e400", "inf", "true", "1979-05-27T07:32:00Z",
        "07:32:00", "0x1F", "[level.a]", "level.a = 1", "fail_on.x = {}", "waiver = [{}]",
    ]
)  # fmt: skip


@given(st.text() | st.lists(PIECES | st.text(max_size=3), max_size=30).map("\n".join) | st.lists(PIECES).map("".join))
def test_no_text_raises_anything_but_our_sentence(text: str) -> None:
    told = None
    try:
        parsed(text)
    except PolicyError as error:
        told = str(error)
    if told is not None:
        found = re.match(r"tracker\.toml, line (\d+)(, .+)?: ", told)
        assert found
        assert 1 <= int(found[1]) <= text.count("\n") + 1
        assert told.isprintable()


DAYS = st.dates(TODAY - timedelta(days=3), TODAY + timedelta(days=3))
PATTERNS = st.lists(st.sampled_from([*CODES, "*", "A*", "?0001", "[AB]*", "X*"]), min_size=1, max_size=3).map(tuple)
EVENTS = st.sampled_from(list(MADE_UP.events))
RULES = st.builds(
    LevelRule, st.sampled_from(Level), EVENTS | st.just(""), st.sampled_from([None, *Facet]), PATTERNS, st.just("")
)
REASONS = st.text(st.characters(codec="utf-8", exclude_categories=["C", "Z"]), min_size=1)
WAIVERS = st.builds(Waiver, EVENTS, PATTERNS, REASONS, DAYS)
POLICIES = st.builds(Policy, st.lists(RULES).map(tuple), st.lists(WAIVERS).map(tuple), st.sampled_from([None, *Level]))


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def written(entry: LevelRule | Waiver) -> list[str]:
    """Return the keys that both have."""
    texts = [f"{key} = {quoted(value)}" for key, value in (("event", entry.event), ("reason", entry.reason)) if value]
    return [*texts, "codes = [", *(f"  {quoted(code)}," for code in entry.codes), "]"]


@given(POLICIES, st.lists(st.sampled_from(["", "# [[level]] '''", '  # """ [[waiver]]']), max_size=3))
def test_what_is_written_is_read_with_its_lines(policy: Policy, between: list[str]) -> None:
    lines = [f'fail_on = "{policy.fail_on}"'] if policy.fail_on else []
    rules, waivers = [], []
    for rule in policy.levels:
        lines += [*between, "[[level]]"]
        rules.append(replace(rule, line=len(lines)))
        lines += [f'level = "{rule.level}"', *written(rule), *between]
        lines += [f'facet = "{rule.facet}"'] if rule.facet else []
    for waiver in policy.waivers:
        lines += [*between, "[[waiver]]"]
        waivers.append(replace(waiver, line=len(lines)))
        lines += [*written(waiver), *between, f"until = {waiver.until}"]
    found = parsed("\n".join(lines))
    assert found == Policy(tuple(rules), tuple(waivers), policy.fail_on)


# Levels


@pytest.mark.parametrize(
    ("conditions", "met"),
    [
        ('event = "retold"', ["A0001", "ZZ"]),
        ('facet = "payment"', ["A0002"]),
        ('facet = "description"', ["A0001", "ZZ"]),
        ('facet = "dates"', ["B0001", "B0002", "B0003"]),
        ('facet = "action"', ["A0001"]),
        ('codes = ["b*"]', ["B0001", "B0002", "B0003"]),
        ('codes = ["?0001", "ZZ"]', ["A0001", "B0001", "ZZ"]),
        ('codes = ["*"]', ["A0001", "A0002", "B0001", "B0002", "B0003", "ZZ"]),
        ('codes = ["A"]', []),
        ('event = "retold"\ncodes = ["A*"]', ["A0001"]),
        ('facet = "description"\ncodes = ["Z*"]', ["ZZ"]),
        ('facet = "payment"\nevent = "retold"', []),
    ],
)
def test_conditions_hold_together(conditions: str, met: list[str]) -> None:
    (rule,) = parsed(f'[[level]]\n{conditions}\nlevel = "note"').levels
    assert met == sorted(
        {change.code for change in DIFF.changes for event in change.events if rule.meets(MADE_UP, change.code, event)}
    )


def test_the_last_rule_wins() -> None:
    policy = parsed(
        '[[level]]\ncodes = ["A*", "Z*"]\nlevel = "act"\n'
        '[[level]]\nevent = "retold"\nlevel = "note"\n'
        '[[level]]\ncodes = ["ZZ"]\nlevel = "review"\n'
    )
    assert levels(apply(policy, DIFF, MADE_UP, TODAY)) == LEVELS | {
        ("A0001", "retold"): "note",
        ("A0001", "lettered"): "act",
        ("A0002", "repriced"): "act",
        ("ZZ", "retold"): "review",
    }


def test_an_event_in_doubt_stays_a_note() -> None:
    (change,) = (change for change in DIFF.changes if change.code == "ZZ")
    in_doubt = replace(change, events=(Event("retold", Level.NOTE, "Perhaps.", ("text",)),))
    policy = parsed('[[level]]\nevent = "retold"\nlevel = "act"')
    done = apply(policy, replace(DIFF, changes=(in_doubt,)), MADE_UP, TODAY)
    assert levels(done) == {("ZZ", "retold"): "note"}


def test_an_event_has_one_facet() -> None:
    assert facet_of(HCPCS, Event("code-added", Level.REVIEW, "")) is Facet.DATES
    assert (
        facet_of(HCPCS, Event("code-discontinued", Level.ACT, "", ("termination_date", "action_code"))) is Facet.DATES
    )
    assert facet_of(HCPCS, Event("code-reused", Level.ACT, "", ("long_description",))) is Facet.DESCRIPTION


# Waivers


def test_a_waiver_sets_its_reason_and_no_level() -> None:
    policy = parsed(WAIVER)
    for day, reasons in ((date(2026, 12, 31), {("B0002", "ended"): "why"}), (date(2027, 1, 1), {})):
        done = apply(policy, DIFF, MADE_UP, day)
        assert waived(done) == reasons
        assert levels(done) == LEVELS


def test_the_last_waiver_in_force_wins() -> None:
    later = WAIVER.replace("why", "because").replace("B0002", "B*")
    assert waived(apply(parsed(WAIVER + later), DIFF, MADE_UP, TODAY)) == {("B0002", "ended"): "because"}
    assert waived(apply(parsed(later + WAIVER), DIFF, MADE_UP, TODAY)) == {("B0002", "ended"): "why"}
    expired = later.replace("2026", "2025")
    assert waived(apply(parsed(WAIVER + expired), DIFF, MADE_UP, TODAY)) == {("B0002", "ended"): "why"}


def told(text: str) -> list[str]:
    policy = parsed(text)
    return list(remarks(policy, apply(policy, DIFF, MADE_UP, TODAY), MADE_UP, TODAY))


SEVEN = "; ".join(f"gone of A*, C1, line {line}" for line in (6, 11, 16, 21, 26))
ANOTHER = '[[waiver]]\nevent = "gone"\ncodes = ["A*", "C1"]\nreason = "never used"\nuntil = {until}\n'


@pytest.mark.parametrize(
    ("text", "sentences"),
    [
        ("", []),
        (WAIVER, []),
        (LEVEL, ["policy: 1 event at another level than the usual one"]),
        ('[[level]]\ncodes = ["A*"]\nlevel = "review"', ["policy: 2 events at another level than the usual one"]),
        ('[[level]]\ncodes = ["X*"]\nlevel = "review"', []),
        (
            WAIVER.replace("2026", "2025"),
            ["policy: 1 waiver expired (ended of B0002, line 1, until 2025-12-31): 1 event counts again"],
        ),
        (
            WAIVER + WAIVER.replace("2026", "2025"),
            ["policy: 1 waiver expired (ended of B0002, line 6, until 2025-12-31)"],
        ),
        (
            ANOTHER.format(until="2026-02-28"),
            ["policy: 1 waiver expired (gone of A*, C1, line 1, until 2026-02-28)"],
        ),
        (
            ANOTHER.format(until="2026-03-01"),
            ["policy: 1 waiver in force but without an event here (gone of A*, C1, line 1)"],
        ),
        (
            '[[waiver]]\nevent = "retold"\ncodes = ["*"]\nreason = "x"\nuntil = 2020-01-01\n'
            + ANOTHER.format(until="2026-03-01") * 7,
            [
                "policy: 1 waiver expired (retold of *, line 1, until 2020-01-01): 2 events count again",
                f"policy: 7 waivers in force but without an event here ({SEVEN}; and 2 more)",
            ],
        ),
    ],
)
def test_what_a_report_has_to_say(text: str, sentences: list[str]) -> None:
    assert told(text) == sentences


# What an exit code rests on


def test_reaches() -> None:
    assert all(reaches(DIFF, level) for level in Level)
    calm = apply(parsed('[[level]]\ncodes = ["B*"]\nlevel = "review"'), DIFF, MADE_UP, TODAY)
    assert [level for level in Level if reaches(calm, level)] == [Level.REVIEW, Level.NOTE]
    calm = apply(parsed('[[level]]\ncodes = ["*"]\nlevel = "note"'), DIFF, MADE_UP, TODAY)
    assert [level for level in Level if reaches(calm, level)] == [Level.NOTE]
    assert not any(reaches(replace(DIFF, changes=()), level) for level in Level)


def test_what_is_waived_does_not_count() -> None:
    policy = parsed(
        "".join(
            f'[[waiver]]\nevent = "{event}"\ncodes = ["*"]\nreason = "x"\nuntil = 2026-03-01\n'
            for event in MADE_UP.events
        )
    )
    assert not any(reaches(apply(policy, DIFF, MADE_UP, TODAY), level) for level in Level)
    assert all(reaches(apply(policy, DIFF, MADE_UP, date(2026, 3, 2)), level) for level in Level)


# Laws


@given(snapshots("2025"), snapshots("2026"))
def test_an_empty_policy_changes_nothing(old: Snapshot, new: Snapshot) -> None:
    diff = explained(diff_of(old, new))
    assert apply(EMPTY, diff, MADE_UP, TODAY) is diff
    assert remarks(EMPTY, diff, MADE_UP, TODAY) == ()


@given(snapshots("2025"), snapshots("2026"), POLICIES)
def test_twice_is_as_once(old: Snapshot, new: Snapshot, policy: Policy) -> None:
    once = apply(policy, explained(diff_of(old, new)), MADE_UP, TODAY)
    assert apply(policy, once, MADE_UP, TODAY) == once


@given(snapshots("2025"), snapshots("2026"), POLICIES)
def test_a_policy_touches_levels_and_waivers_alone(old: Snapshot, new: Snapshot, policy: Policy) -> None:
    diff = explained(diff_of(old, new))
    done = apply(policy, diff, MADE_UP, TODAY)
    bare = [
        replace(
            after,
            events=tuple(
                replace(event, level=was.level, waived="")
                for event, was in zip(after.events, before.events, strict=True)
            ),
        )
        for after, before in zip(done.changes, diff.changes, strict=True)
    ]
    assert replace(done, changes=tuple(bare)) == diff
    reasons = {waiver.reason for waiver in policy.waivers if waiver.until >= TODAY}
    assert set(waived(done).values()) <= reasons


# docs/policy.md


EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_examples_of_the_page_are_policies(example: str) -> None:
    assert parse(example, "tracker.toml", HCPCS) != EMPTY


def test_the_first_example_shows_every_key() -> None:
    policy = parse(EXAMPLES[0], "tracker.toml", HCPCS)
    assert policy.fail_on
    assert any(rule.event for rule in policy.levels)
    assert any(rule.facet and rule.codes and rule.reason for rule in policy.levels)
    assert policy.waivers


def test_the_page_shows_sentences_that_are_printed() -> None:
    shown = re.findall(r"^error: .*?/tracker\.toml, (line .*)$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert len(shown) == 2
    example = EXAMPLES[0]
    mistakes = [example.replace("code-discontinued", "code-discontinue"), example.replace("until = 2026-12-31\n", "")]
    for text, sentence in zip(mistakes, shown, strict=True):
        with pytest.raises(PolicyError) as caught:
            parse(text, "tracker.toml", HCPCS)
        assert str(caught.value) == f"tracker.toml, {sentence}"
