"""`tracker fetch` and `tracker check` as a user, or cron, types them: what they print, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests import fake_publisher
from tests.fake_publisher import PAGE, TWO, Server, release_zip
from tests.support import Outcome
from tracker import cli
from tracker.app import checks
from tracker.app.fetch import State
from tracker.publisher import Limits

JANUARY = "january-2025-alpha-numeric-hcpcs-file.zip"
APRIL = "april-2025-alpha-numeric-hcpcs-file.zip"


Run = Callable[..., Outcome]


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """Serve January and April 2025, waiting hardly at all between attempts."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setattr(checks, "WHOLE", 1)
    limits = Limits(attempts=2, wait=0.001)
    monkeypatch.setattr("tracker.publisher.Limits", lambda: limits)
    with fake_publisher.running() as running:
        running.offer(JANUARY, release_zip("HCPC2025_JAN_ANWEB_12172024"))
        running.offer(APRIL, release_zip("HCPC2025_APR_ANWEB_v3"))
        yield running


@pytest.fixture
def run(
    server: Server,
    tmp_path: Path,
    database: str | None,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Run a command against the server, with an empty home."""
    monkeypatch.setenv("TRACKER_HOME", str(tmp_path / "home"))

    def run_command(*arguments: str) -> Outcome:
        index = () if "--index" in arguments else ("--index", server.index)
        monkeypatch.setattr(sys, "argv", ["tracker", *arguments, *index])
        with pytest.raises(SystemExit) as stop:
            cli.main()
        import gc

        gc.enable()
        told = capsys.readouterr()
        return Outcome(int(stop.value.code or 0), told.out, told.err)

    return run_command


def reissue(server: Server) -> None:
    server.files[f"/files/zip/{APRIL}"] = release_zip("HCPC2025_APR_ANWEB_v4", {**TWO, "A1": {**TWO["A1"], "COV": "D"}})


def stored(tmp_path: Path) -> list[str]:
    return sorted(path.name for path in (tmp_path / "home" / "snapshots").glob("*"))


def test_fetch_says_what_it_took_and_what_it_stored(run: Run, server: Server) -> None:
    server.offer("april-2025-alpha-numeric-hcpcs-file-0.zip", release_zip("HCPC2025_APR_ANWEB_v4"))
    outcome = run("fetch", "2025-04")
    assert (outcome.code, outcome.err) == (0, "")
    first, second, *_ = outcome.out.splitlines()
    assert first == (
        f"2025-04: {server.url}/files/zip/april-2025-alpha-numeric-hcpcs-file-0.zip "
        f"(the newest; the page also links {APRIL})"
    )
    assert second.startswith("stored 2025-04@1: 2 codes (1 procedure, 1 modifier), complete, effective 2025-04-01")


@pytest.mark.parametrize(
    ("asked", "names"),
    [
        (["latest"], ["2025-04.r1.jsonl"]),
        (["2025-01"], ["2025.r1.jsonl"]),
        (["--all-since", "2020"], ["2025-04.r1.jsonl", "2025.r1.jsonl"]),
    ],
)
def test_fetch_stores_what_was_asked_for(run: Run, tmp_path: Path, asked: list[str], names: list[str]) -> None:
    assert run("fetch", *asked).code == 0
    assert stored(tmp_path) == names


def test_fetching_all_downloads_what_is_missing(run: Run, server: Server) -> None:
    run("fetch", "2025")
    server.requests.clear()
    outcome = run("fetch", "--all-since", "2025")
    assert outcome.out.startswith("2025     nothing new: the same size and mark as 2025@1\n2025-04: http://127.0.0.1")
    assert len(server.asked(f"/files/zip/{JANUARY}")) == 1


def test_of_many_one_that_fails_stops_no_other(run: Run, server: Server, tmp_path: Path) -> None:
    server.faults[f"/files/zip/{JANUARY}"] = [fake_publisher.status(403)] * 9
    outcome = run("fetch", "--all-since", "2025")
    assert outcome.code == 3
    assert stored(tmp_path) == ["2025-04.r1.jsonl"]
    warning, error = outcome.err.splitlines()
    assert warning.startswith("warning: 2025: http://127.0.0.1")
    assert f"answers 403 Forbidden; by hand: open {server.index} in a browser, download {JANUARY}, and run" in warning
    assert error == "error: 2025 could not be taken in: the warnings above say why"


def test_a_release_that_is_not_offered_is_told(run: Run, server: Server) -> None:
    assert run("fetch", "2026") == (3, "", f"error: {server.index} offers no 2026; it offers: 2025, 2025-04\n")


@pytest.mark.parametrize("command", ["fetch 2026-04", "check"])
def test_a_page_that_cannot_be_read_ends_with_3(run: Run, server: Server, command: str) -> None:
    server.faults[PAGE] = [fake_publisher.status(403)]
    outcome = run(*command.split())
    name = "april-2026-alpha-numeric-hcpcs-file.zip" if "2026" in command else "MONTH-YEAR-alpha-numeric-hcpcs-file.zip"
    assert (outcome.code, outcome.out) == (3, "")
    assert outcome.err == (
        f"error: {server.index}: answers 403 Forbidden; by hand: open {server.index} in a browser, download {name}, "
        f"and run: tracker import {name}\n"
    )


@pytest.mark.parametrize("arguments", ["fetch", "fetch 2025 --all-since 2020", "check --format xml"])
def test_a_command_line_that_is_not_understood_ends_with_2(run: Run, arguments: str) -> None:
    assert run(*arguments.split()).code == 2


def test_check_ends_with_0_where_nothing_is_new(run: Run) -> None:
    run("fetch", "--all-since", "2025")
    outcome = run("check")
    assert (outcome.code, outcome.err) == (0, "")
    assert outcome.out.splitlines() == [
        "2025     nothing new: the same size and mark as 2025@1",
        "2025-04  nothing new: the same size and mark as 2025-04@1",
    ]


def test_check_ends_with_1_where_there_is_news(run: Run, server: Server, tmp_path: Path) -> None:
    run("fetch", "2025")
    outcome = run("check")
    assert (outcome.code, outcome.err) == (1, "")
    assert outcome.out.splitlines() == [
        "2025     nothing new: the same size and mark as 2025@1",
        "2025-04  new: not stored; tracker fetch 2025-04 takes it in",
    ]
    run("fetch", "2025-04")
    reissue(server)
    told = "2025-04  re-issued: mark v4 instead of v3 (2025-04@1); tracker fetch 2025-04 takes it in\n"
    assert run("check", "2025-04") == (1, told, "")
    assert stored(tmp_path) == ["2025-04.r1.jsonl", "2025.r1.jsonl"]


def test_check_ends_with_3_where_something_could_not_be_checked(run: Run, server: Server) -> None:
    run("fetch", "--all-since", "2025")
    server.faults[f"/files/zip/{JANUARY}"] = [fake_publisher.status(403)] * 2
    outcome = run("check")
    assert (outcome.code, outcome.err) == (3, "error: 2025 could not be checked: the lines above say why\n")
    assert outcome.out.startswith("2025     not checked: http://127.0.0.1")
    assert "2025-04  nothing new" in outcome.out
    reissue(server)
    assert run("check").code == 1, "news come first"


def test_check_for_a_program(run: Run, server: Server) -> None:
    run("fetch", "2025")
    outcome = run("check", "--format", "json", "2025", "2025-04", "2017")
    assert (outcome.code, outcome.err) == (1, "")
    sizes = {name: len(server.files[f"/files/zip/{name}"]) for name in (JANUARY, APRIL)}
    assert json.loads(outcome.out) == {
        "schema": 1,
        "index": server.index,
        "news": True,
        "releases": [
            {
                "label": "2017",
                "state": "not-offered",
                "why": "the page does not offer it",
                "stored": None,
                "address": None,
                "size": None,
                "mark": None,
            },
            {
                "label": "2025",
                "state": "same",
                "why": "the same size and mark as 2025@1",
                "stored": "2025@1",
                "address": f"{server.url}/files/zip/{JANUARY}",
                "size": sizes[JANUARY],
                "mark": "12172024",
            },
            {
                "label": "2025-04",
                "state": "new",
                "why": "not stored",
                "stored": None,
                "address": f"{server.url}/files/zip/{APRIL}",
                "size": sizes[APRIL],
                "mark": "v3",
            },
        ],
    }


def test_check_takes_the_news_in(run: Run, server: Server, tmp_path: Path) -> None:
    run("fetch", "2025-04")
    reissue(server)
    outcome = run("check", "--import")
    assert outcome.code == 1
    assert outcome.out.startswith("2025-04  re-issued: mark v4 instead of v3 (2025-04@1)\n2025-04: http://127.0.0.1:")
    assert "stored 2025-04@2: 2 codes" in outcome.out
    assert "re-issued: revision 2 of 2025-04, the earlier ones stay; 2025-04 means 2025-04@2" in outcome.out
    assert run("check", "--import").code == 0
    outcome = run("check", "--import", "--format", "json", "2025")
    assert (outcome.code, json.loads(outcome.out)["news"]) == (1, True)
    assert stored(tmp_path) == ["2025-04.r1.jsonl", "2025-04.r2.jsonl", "2025.r1.jsonl"]


def test_news_that_cannot_be_taken_in_end_with_3(run: Run, server: Server, tmp_path: Path) -> None:
    server.files[f"/files/zip/{APRIL}"] = release_zip("HCPC2025_JUL_ANWEB")
    outcome = run("check", "--import")
    assert outcome.code == 3
    assert "holds 2025-07, and the page calls it 2025-04: nothing was stored" in outcome.err
    assert stored(tmp_path) == []


def test_a_password_is_printed_nowhere(run: Run, server: Server) -> None:
    index = server.index.replace("http://", "http://user:s3cret@")
    told = [run("fetch", "2025", "--index", index), run("check", "--index", index)]
    told += [run("check", "--format", "json", "--index", index), run("fetch", "2031", "--index", index)]
    server.faults[PAGE] = [fake_publisher.status(401)]
    told.append(run("check", "--index", index))
    assert [outcome.code for outcome in told] == [0, 1, 1, 3, 3]
    assert "s3cret" not in str(told)


def test_a_folder_is_fetched_from_without_the_network(run: Run, server: Server, tmp_path: Path) -> None:
    (folder := tmp_path / "zips").mkdir()
    (folder / JANUARY).write_bytes(server.files[f"/files/zip/{JANUARY}"])
    outcome = run("fetch", "latest", "--index", str(folder))
    assert (outcome.code, outcome.out.splitlines()[0]) == (0, f"2025: {folder / JANUARY}")
    assert run("check", "--index", str(folder)).code == 0
    assert server.requests == []


def test_the_documented_json_is_what_is_printed(run: Run) -> None:
    text = (Path(__file__).parents[1] / "docs" / "fetching.md").read_text(encoding="utf-8")
    documented = json.loads(text.partition("```json\n")[2].partition("```")[0])
    printed = json.loads(run("check", "--format", "json").out)
    assert list(printed) == list(documented)
    assert list(printed["releases"][0]) == list(documented["releases"][0])
    (states,) = (line for line in text.splitlines() if line.startswith("| `state` |"))
    assert [state for state in State if f"`{state}`" not in states] == []
