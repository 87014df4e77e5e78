"""What makes everyday use easy: `tracker` alone, spellings of labels, near words, completion, `search`, `doctor`."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support import Outcome, only_on, record_text, values
from tests.test_cli import command, without_privilege
from tracker import cli
from tracker.hcpcs.event_list import EVENTS
from tracker.model import Facet, Format

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command in an empty folder, with an empty home beside it."""
    (tmp_path / "folder").mkdir()
    monkeypatch.chdir(tmp_path / "folder")
    monkeypatch.setenv("TRACKER_HOME", str(tmp_path / "home"))

    def run_command(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tracker", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        told = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    yield run_command
    import gc

    gc.enable()


@pytest.fixture
def excerpts(run: Run) -> Run:
    assert run("import", SNAPSHOTS / "2025.r1.jsonl", SNAPSHOTS / "2026.r1.jsonl").code == 0
    return run


def take_in(run: Run, folder: Path, *names: str) -> None:
    for name in names:
        (path := folder / name).write_bytes(
            record_text({"A1": values("A1"), "J1940": values("J1940", LONG_DESCRIPTION=name)})
        )
        assert run("import", path, "--complete").code == 0


# ---------------------------------------------------------------- tracker alone


def next_steps(outcome: Outcome) -> list[str]:
    _, _, steps = outcome.out.partition("\nNext\n")
    return [re.split(r"  +", line.strip())[0] for line in steps.splitlines()]


def test_alone_with_nothing_stored_it_says_how_to_get_a_release(run: Run, database: str | None, tmp_path: Path) -> None:
    outcome = run()
    assert (outcome.code, outcome.err) == (0, "")
    place = tmp_path / "home" if database is None else "the database "
    assert outcome.out.startswith(f"Nothing is stored yet in {place}")
    assert next_steps(outcome) == ["tracker fetch latest", "tracker import FILE", "tracker --help"]
    assert not (tmp_path / "home").exists()


def test_alone_it_shows_what_is_stored_and_what_to_do_next(run: Run, tmp_path: Path) -> None:
    run("import", SNAPSHOTS / "2025.r1.jsonl")
    outcome = run()
    assert outcome.out.splitlines()[1] == "  2025     effective 2025-01-01       35 codes  excerpt"
    assert next_steps(outcome) == ["tracker fetch latest", "tracker search TEXT", "tracker show CODE"]
    run("import", SNAPSHOTS / "2026.r1.jsonl")
    steps = next_steps(run("--home", tmp_path / "home"))
    assert steps == ["tracker diff 2025 2026", "tracker impact LIST 2025 2026", "tracker valid CODE --on DATE"]
    assert run(*steps[0].split()[1:]).code == 0


def test_alone_it_shows_the_newest_of_many(run: Run, tmp_path: Path) -> None:
    take_in(run, tmp_path, *(f"HCPC{year}.txt" for year in range(2017, 2025)))
    lines = run().out.splitlines()
    assert [line.split()[0] for line in lines[1:7]] == ["2019", "2020", "2021", "2022", "2023", "2024"]
    assert lines[7] == "  … and 2 older ones: tracker releases"


# ---------------------------------------------------------------- labels


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("previous", "latest"),
        ("2025-01", "Jan 2026"),
        ("2025Q1", "2026-Q1"),
        ("PREVIOUS", "01/2026"),
        ("2025", "latest"),
    ],
)
def test_a_release_is_named_in_many_ways(excerpts: Run, old: str, new: str) -> None:
    outcome = excerpts("diff", old, new)
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == excerpts("diff", "2025", "2026").out


def test_an_import_takes_the_same_spellings_but_no_latest(run: Run, tmp_path: Path) -> None:
    (path := tmp_path / "codes.txt").write_bytes(record_text({"A1": values("A1")}))
    assert "stored 2026-04@1" in run("import", path, "--complete", "--release", "apr 2026").out
    outcome = run("import", path, "--complete", "--release", "latest")
    assert outcome.code == 3
    assert "'latest' is not a release label" in outcome.err


@pytest.mark.parametrize(
    ("label", "sentence"),
    [
        ("2024", "2024 is not stored; stored: 2025, 2026; tracker fetch 2024, or tracker import FILE, adds it"),
        ("2025Q3", "2025-07 is not stored; stored: 2025, 2026; tracker fetch 2025-07, or tracker import FILE, adds it"),
        ("2025-05", "'2025-05' is not a release label: .*; in that month 2025-04 is in effect"),
        ("latst", "'latst' is not a release label: .*; did you mean latest?"),
        ("202", "'202' is not a release label: .*; did you mean 2025 or 2026?"),
        ("latest@1", "'latest' is not a release label: .*; did you mean latest?"),
    ],
)
def test_a_wrong_label_is_one_sentence_with_what_is_near(excerpts: Run, label: str, sentence: str) -> None:
    outcome = excerpts("diff", label, "2026")
    assert (outcome.code, outcome.out) == (3, "")
    pattern = re.escape(sentence).replace(r"\.\*", ".*")
    assert re.fullmatch(f"error: {pattern}\n", outcome.err)


def test_the_nearest_of_many_labels_are_named(run: Run, tmp_path: Path) -> None:
    take_in(run, tmp_path, *(f"HCPC{year}.txt" for year in range(2011, 2019)))
    assert "of those stored the nearest: 2011, 2012, 2013, 2014, 2015;" in run("problems", "2012-07").err


def test_there_is_no_previous_release_of_one(run: Run) -> None:
    assert "error: nothing is stored in " in run("diff", "previous", "latest").err
    run("import", SNAPSHOTS / "2025.r1.jsonl")
    assert run("diff", "previous", "latest").err == (
        "error: there is no release before 2025: tracker import FILE adds one\n"
    )


def test_withdrawing_the_latest_asks_which_revision(excerpts: Run) -> None:
    outcome = excerpts("withdraw", "latest", "--reason", "x")
    assert (outcome.code, outcome.err) == (3, "error: say which revision of 2026 is to be withdrawn: 2026@1\n")
    for name in ("2025@1", "2026@1"):
        assert excerpts("withdraw", name, "--reason", "x").code == 0
    assert excerpts("problems", "latest").err == "error: all stored releases are withdrawn: import one again\n"


# ---------------------------------------------------------------- near codes, commands, options


@pytest.mark.parametrize(
    ("arguments", "end"),
    [
        ("show J194O", "J194O is in no stored release: 2026@1 (an excerpt), 2025@1 (an excerpt); did you mean J1940?"),
        (
            "show j9140 --release 2025",
            "J9140 is not in 2025@1 (an excerpt); and in no other stored release; did you mean J1940?",
        ),
        ("show J1938 --release 2025", "J1938 is not in 2025@1 (an excerpt); it is in 2026"),
        ("show X0000", "X0000 is in no stored release: 2026@1 (an excerpt), 2025@1 (an excerpt)"),
    ],
)
def test_a_mistyped_code_is_offered_its_neighbours(excerpts: Run, arguments: str, end: str) -> None:
    assert excerpts(*arguments.split()) == (3, "", f"error: {end}\n")


@pytest.mark.parametrize(
    ("arguments", "near"),
    [
        ("dif 2025 2026", "Did you mean 'diff'?"),
        ("docter", "Did you mean 'doctor'?"),
        ("diff 2025 2026 --facets x", "--facet"),
        ("search wound --covrage C", "--coverage"),
        ("diff 2025 2026 --facet dat", "'dates'"),
        ("diff 2025 2026 --level atc", "'act', 'review', 'note'"),
        ("search wound --status curent", "'current', 'ended', 'all'"),
        ("search wound --coverage Q", "C (Carrier judgment), D (Special coverage"),
        ("search wound --letter JJ", "say one letter, such as J"),
        ("search wound --limit 0", "--limit"),
        ("search", "TEXT"),
        ("search ' '", "say what to search for"),
        ("search wound -o found.doc", ".doc names no format"),
        ("doctor --format csv", "'text', 'json'"),
    ],
)
def test_a_wrong_word_of_a_command_line_names_the_right_ones(run: Run, arguments: str, near: str) -> None:
    outcome = run(*(word.strip("'") or " " for word in arguments.replace("' '", "''").split()))
    assert (outcome.code, outcome.out) == (2, "")
    assert near in " ".join(outcome.err.split())
    assert "Traceback" not in outcome.err


# ---------------------------------------------------------------- search


def test_search_shows_the_best_first_with_what_can_be_billed(excerpts: Run) -> None:
    outcome = excerpts("search", "furosemid", "injection")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.startswith("Codes for: furosemid injection\n")
    assert [line for line in outcome.out.splitlines() if line.startswith("  J")] == [
        "  J1938  current: Injection, furosemide, 1 mg",
        "  J1940  ended, last valid day 2025-03-31: Injection, furosemide, up to 20 mg",
    ]
    assert "J1940" not in excerpts("search", "furosemid", "--status", "current").out
    assert "J1938" not in excerpts("search", "furosemid", "--release", "previous").out


def test_search_shows_so_many_and_all_if_asked(excerpts: Run) -> None:
    assert len(re.findall("^  J", excerpts("search", "injection", "--limit", "2").out, re.MULTILINE)) == 2
    everything = excerpts("search", "injection", "--limit", "2", "--all").out
    assert len(re.findall("^  [A-Z][0-9]", everything, re.MULTILINE)) > 5


def test_search_writes_every_format(excerpts: Run, tmp_path: Path) -> None:
    for one in Format:
        path = tmp_path / f"found.{one.endings[0]}"
        outcome = excerpts("search", "furosemide", "-o", path)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", f"written: {path}\n")
        assert path.stat().st_size > 100
    rows = json.loads((tmp_path / "found.json").read_text())["rows"]
    assert [(row["code"], row["status"], row["last_valid_day"]) for row in rows] == [
        ("J1938", "current", None),
        ("J1940", "ended", "2025-03-31"),
    ]
    assert excerpts("search", "furosemide", "--format", "csv").out == (tmp_path / "found.csv").read_text()


# ---------------------------------------------------------------- doctor


def test_doctor_ends_with_1_and_says_what_to_do(run: Run, tmp_path: Path) -> None:
    outcome = run("doctor")
    assert (outcome.code, outcome.err) == (1, "")
    assert re.search(rf"^  home +{tmp_path}/home$", outcome.out, re.MULTILINE)
    assert re.search("^  found by +TRACKER_HOME$", outcome.out, re.MULTILINE)
    assert outcome.out.endswith("\nproblem  nothing is stored: tracker fetch latest, or tracker import FILE\n")


def test_doctor_ends_with_0_where_nothing_is_wrong(run: Run, tmp_path: Path) -> None:
    take_in(run, tmp_path, "HCPC2098.txt", "HCPC2098_APR.txt")
    outcome = run("doctor", "--format", "json")
    content = json.loads(outcome.out)
    assert (outcome.code, content["problems"]) == (0, [])
    assert content["facts"]["means"] == {"2098": "2098@1", "2098-04": "2098-04@1"}
    told = run("doctor")
    assert told.code == 0
    assert told.out.endswith("\n\nNothing is wrong.\n")
    assert re.search(r"^  means +2098@1, 2098-04@1$", told.out, re.MULTILINE)


def test_doctor_tells_many_missing_releases_in_one_line(run: Run, tmp_path: Path) -> None:
    take_in(run, tmp_path, "HCPC2019.txt", "HCPC2024_OCT.txt")
    told = run("doctor").out
    assert re.search(r"^  missing +2020, 2020-04, 2020-07, 2020-10, 2021, … 2024-07 \(19\)$", told, re.MULTILINE)


@only_on("sqlite", "deletes and locks the index")
@pytest.mark.parametrize("state", ["current", "behind"])
def test_doctor_tells_of_a_home_that_cannot_be_written(run: Run, tmp_path: Path, state: str) -> None:
    take_in(run, tmp_path, "HCPC2098.txt")
    home = tmp_path / "home"
    if state == "behind":
        (home / "tracker.db").unlink()
    folders = [home / "snapshots", home]
    for path in (*home.glob("*.db"), *folders):
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        done = subprocess.run([*without_privilege(), *command("doctor")], capture_output=True, text=True, check=False)
    finally:
        for folder in folders[::-1]:
            folder.chmod(0o755)
    problems = re.findall("^problem  (.*)$", done.stdout, re.MULTILINE)
    assert (done.returncode, done.stderr) == (1, "")
    assert problems[-1] == f"{home} cannot be written: nothing can be imported (--home names another place)"
    assert [problem.startswith(f"{home}/tracker.db lacks some of what is stored") for problem in problems[:-1]] == (
        [True] if state == "behind" else []
    )


# ---------------------------------------------------------------- completion


def complete(words: str, **environment: str) -> list[str]:
    """Return what bash is offered for the last word."""
    done = subprocess.run(
        [sys.executable, "-c", "import sys; sys.argv = ['tracker']; from tracker.cli import main; main()"],
        env={
            **os.environ,
            **environment,
            "_TRACKER_COMPLETE": "complete_bash",
            "COMP_WORDS": words,
            "COMP_CWORD": str(len(words.split(" ")) - 1),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@pytest.mark.parametrize(
    ("words", "offered"),
    [
        ("tracker diff ", ["2025", "2026", "latest", "previous"]),
        ("tracker diff 2025 20", ["2025", "2026"]),
        ("tracker report 2025 l", ["latest"]),
        ("tracker diff 2025@", ["2025@1"]),
        ("tracker problems 2026", ["2026"]),
        ("tracker withdraw 2026@", ["2026@1"]),
        ("tracker show J1940 --release p", ["previous"]),
        ("tracker search wound --release 2025", ["2025"]),
        ("tracker search wound --status c", ["current"]),
        ("tracker diff 2025 2026 --events code-re", ["code-reactivated", "code-reused"]),
        ("tracker diff 2025 2026 --events ", list(EVENTS)),
        ("tracker diff 2025 2026 --facet ", list(Facet)),
        ("tracker doc", ["doctor"]),
    ],
)
def test_a_shell_is_offered_what_may_follow(excerpts: Run, words: str, offered: list[str]) -> None:
    assert complete(words) == offered


@only_on("sqlite", "two homes with one database hold the same")
def test_completion_knows_the_home_that_is_named(excerpts: Run, tmp_path: Path) -> None:
    shutil.copytree(tmp_path / "home", tmp_path / "other")
    (tmp_path / "other/snapshots/2025.r1.jsonl").unlink()
    assert complete(f"tracker --home {tmp_path}/other diff 20") == ["2026"]
    assert complete(f"tracker diff --home {tmp_path}/other 20") == ["2026"]


def test_completion_is_silent_whatever_is_wrong(tmp_path: Path) -> None:
    assert complete("tracker diff 2", TRACKER_HOME=str(tmp_path / "nowhere")) == []
    assert complete("tracker diff 2", TRACKER_HOME="~no-such-user/home") == []
    (tmp_path / "snapshots").write_text("no folder")
    assert complete("tracker diff 2", TRACKER_HOME=str(tmp_path)) == []


def test_completion_opens_no_database() -> None:
    code = (
        "import os, sys; sys.argv = ['tracker']\n"
        "os.environ |= {'_TRACKER_COMPLETE': 'complete_bash', 'COMP_WORDS': 'tracker diff ', 'COMP_CWORD': '2'}\n"
        "from tracker.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'sqlalchemy', 'rich', 'rapidfuzz', 'httpx'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"
