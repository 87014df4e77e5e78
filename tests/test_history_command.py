"""`tracker history` as a user types it: what it prints, what it writes, how it ends."""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support import Outcome, record_text, values
from tracker import cli
from tracker.hcpcs.catalogue import FIELDS

SNAPSHOTS = Path(__file__).parents[1] / "snapshots"


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Run:
    """Run a command with a home that holds the bundled excerpts."""
    monkeypatch.setenv("TRACKER_HOME", str(tmp_path / "home"))
    monkeypatch.chdir(tmp_path)

    def run_command(*arguments: str | Path) -> Outcome:
        monkeypatch.setattr(sys, "argv", ["tracker", *map(str, arguments)])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        gc.enable()
        told = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    assert run_command("import", SNAPSHOTS / "2025.r1.jsonl", SNAPSHOTS / "2026.r1.jsonl").code == 0
    return run_command


def test_a_code_in_any_case_is_told_from_its_begin_to_its_end(run: Run) -> None:
    outcome = run("history", " j1940")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out == (
        "J1940  procedure\n"
        "  Injection, furosemide, up to 20 mg\n"
        "\n"
        "  ended        from 1982-01-01 to 2025-03-31, its last valid day\n"
        "  successor    J1938  suggested, 20 units for 1: same drug (furosemide), starts the day after, "
        "1 mg instead of up to 20 mg\n"
        "  releases     in 2025@1 (an excerpt), 2026@1 (an excerpt)\n"
        "\n"
        "Lives\n"
        "  1982-01-01 to 2025-03-31  ended  Furosemide injection\n"
        "\n"
        "Timeline\n"
        "  2025     First seen: valid from 1982-01-01.\n"
        "           Injection, furosemide, up to 20 mg\n"
        "           nothing is stored between 2025 and 2026: what changed in between shows up at 2026\n"
        "  2026     in effect from 2025-04-01\n"
        "           act     Discontinued: last valid day 2025-03-31.\n"
        "                   → J1938  suggested\n"
    )


@pytest.mark.parametrize("name", ["termination_date", "Termination Date", "termination-date"])
def test_the_field_that_is_asked_for_may_be_spelled_in_words(run: Run, name: str) -> None:
    assert run("history", "J1940", "--field", name).out.splitlines()[-3:] == [
        "  field             since                            value",
        "  termination date  2026, in effect from 2025-04-01  2025-03-31",
        "                                                     before: (none)",
    ]


def test_several_fields_or_all_may_be_asked_for(run: Run) -> None:
    several = run("history", "J1940", "--field", "betos", "--field", "coverage_code").out
    assert several.index("coverage code") < several.index("betos")
    everything = run("history", "J1940", "--field", "all").out
    assert all(f"  {name.replace('_', ' ')}  " in everything for name in FIELDS)


def test_what_is_no_field_and_no_format_ends_with_2(run: Run) -> None:
    outcome = run("history", "J1940", "--field", "colour")
    assert outcome.code == 2
    assert "colour is no field; the fields are: all, long_description, short_description" in outcome.err
    for arguments in (("--format", "csv"), ("-o", "history.xlsx")):
        outcome = run("history", "J1940", *arguments)
        assert outcome.code == 2
        assert "a history is no table" in outcome.err
        assert "choose text, json, html, markdown" in outcome.err
        assert outcome.out == ""


def test_an_unknown_code_is_one_sentence(run: Run) -> None:
    outcome = run("history", "J194O")
    assert outcome == (
        3,
        "",
        "error: J194O is in no stored release: 2025@1 (an excerpt), 2026@1 (an excerpt); did you mean J1940?\n",
    )


@pytest.mark.parametrize(("name", "begin"), [("h.html", "<!doctype html>"), ("h.md", "# HCPCS J1940"), ("h.json", "{")])
def test_a_file_says_by_its_ending_what_it_is(run: Run, tmp_path: Path, name: str, begin: str) -> None:
    outcome = run("history", "J1940", "-o", name)
    assert outcome == (0, "", f"written: {name}\n")
    first = (tmp_path / name).read_bytes()
    assert first.decode().startswith(begin)
    run("history", "J1940", "-o", name)
    assert (tmp_path / name).read_bytes() == first


def test_json_goes_to_standard_output(run: Run) -> None:
    content = json.loads(run("history", "J1940", "--format", "json").out)
    assert (content["code"], content["state"]) == ("J1940", "ended")


def test_administrative_steps_may_be_asked_for(run: Run, tmp_path: Path) -> None:
    for label, letter in (("2018", "A"), ("2019", "N")):
        path = tmp_path / f"HCPC{label}.txt"
        path.write_bytes(record_text({"J1300": values("J1300", ACTION_CD=letter)}))
        assert run("import", path, "--complete").code == 0
    assert "unchanged, but for action effective date or action code in 2019" in run("history", "J1300").out
    assert "Action code N instead of A." in run("history", "J1300", "--administrative").out
