"""The commands as a user types them: what they print, what they leave behind, how they end."""

from __future__ import annotations

import json
import os
import pty
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.main import get_command

from tests.hcpcs.builders import workbook_of
from tests.support import Outcome, only_on, record_text, values
from tracker import __version__, cli

CHECKOUT = Path(__file__).parents[1]
SNAPSHOTS = CHECKOUT / "snapshots"
TWO = {"A1": values("A1"), "J1940": values("J1940")}


Run = Callable[..., Outcome]


@pytest.fixture
def run(
    tmp_path: Path, database: str | None, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Iterator[Run]:
    """Run a command in an empty folder, with an empty home beside it."""
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
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


def test_every_command_has_help_with_an_example_that_names_it() -> None:
    commands = get_command(cli.app).commands  # type: ignore[attr-defined]
    assert set(commands) == {
        "import",
        "verify",
        "rebuild",
        "releases",
        "problems",
        "withdraw",
        "show",
        "diff",
        "report",
        "audit",
        "changelog",
        "history",
        "search",
        "doctor",
        "impact",
        "valid",
        "fetch",
        "check",
        "export",
    }
    for name, command in commands.items():
        assert command.help
        assert f"tracker {name}" in command.epilog


def test_the_version_is_told(run: Run) -> None:
    assert run("--version") == (0, f"{__version__}\n", "")


def test_help_is_printed_on_standard_output(run: Run) -> None:
    outcome = run("diff", "--help")
    assert outcome.code == 0
    assert "--administrative" in outcome.out
    assert "Example: tracker diff 2025 2026" in outcome.out


@pytest.mark.parametrize(
    "arguments",
    [
        "dif 2025 2026",
        "diff 2025",
        "diff 2025 2026 --facet x",
        "diff 2025 2026 --events x",
        "diff 2025 2026 --level x",
        "diff 2025 2026 -o notes.doc",
        "report 2025",
        "report 2025 2026 -o notes.doc",
        "report 2025 2026 -o notes.html -o notes.doc",
        "report 2025 2026 --date 2026",
        "report 2025 2026 --format pdf",
        "audit 2025",
    ],
)
def test_a_command_line_that_is_not_understood_ends_with_2(run: Run, arguments: str) -> None:
    outcome = run(*arguments.split())
    assert outcome.code == 2
    assert "Traceback" not in outcome.err


def test_nothing_stored_says_what_to_do(run: Run, tmp_path: Path) -> None:
    outcome = run("diff", "2025", "2026")
    assert (outcome.code, outcome.out) == (3, "")
    assert re.fullmatch(r"error: 2025 is not stored; nothing is stored in .* run: tracker import FILE\n", outcome.err)
    assert "nothing is stored" in run("releases").out
    assert not (tmp_path / "home").exists()


def test_import_says_what_it_stored(run: Run, tmp_path: Path) -> None:
    path = tmp_path / "HCPC2025_JAN_ANWEB_12172024.txt"
    path.write_bytes(record_text({**TWO, "J2": values("J2", COV="Q", ACT_EFF_DT="")}))
    outcome = run("import", path, "--complete")
    assert outcome.code == 0
    first, *rest = outcome.out.splitlines()
    assert first.startswith(
        "stored 2025@1: 3 codes (1 procedure, 2 modifiers), complete, effective 2025-01-01, "
        "published 2024-12-17, digest "
    )
    assert rest[0] == "  2 problems, 2 new, none known, by kind; tracker problems 2025@1 lists them:"
    assert re.search(r"1 error +coverage code \(J2\): not in the field's code list", outcome.out)
    assert re.search(r"1 warning action effective date \(J2\): blank", outcome.out)
    listed = run("problems", "2025").out
    assert "HCPC2025_JAN_ANWEB_12172024.txt, line 3: J2 coverage_code: not in the field's code list" in listed
    assert listed.startswith("2 problems in 2025@1: 2 new, none known\nerror   ")


def test_importing_again_stores_nothing(run: Run, tmp_path: Path) -> None:
    (path := tmp_path / "HCPC2025.txt").write_bytes(record_text(TWO))
    run("import", path, "--complete")
    outcome = run("import", path)
    assert outcome.code == 0
    assert outcome.out.startswith("already stored: 2025@1: 2 codes")


def test_releases_shows_what_a_bare_label_means(run: Run, tmp_path: Path) -> None:
    run("import", SNAPSHOTS / "2025.r1.jsonl")
    (path := tmp_path / "HCPC2025.txt").write_bytes(record_text(TWO))
    told = run("import", path, "--complete").out
    assert "revision 2 of 2025, the earlier ones stay; 2025 means 2025@2" in told
    lines = run("releases").out.splitlines()
    assert [re.split(r"  +", line)[0] for line in lines] == ["release", "2025@1", "2025@2"]
    assert "= 2025" not in lines[1]
    assert "= 2025" in lines[2]
    assert "complete" in lines[2]
    run("withdraw", "2025@2", "--reason", "wrong file")
    lines = run("releases").out.splitlines()
    assert "= 2025" in lines[1]
    assert lines[2].endswith("withdrawn: wrong file")


def test_withdraw_wants_a_revision(excerpts: Run) -> None:
    outcome = excerpts("withdraw", "2025", "--reason", "x")
    assert (outcome.code, outcome.err) == (3, "error: say which revision of 2025 is to be withdrawn: 2025@1\n")
    assert excerpts("withdraw", "2025@1", "--reason", "x").out == "2025@1 is withdrawn; no revision of 2025 is left\n"
    assert excerpts("withdraw", "2025@1", "--reason", "y").code == 3


def test_show_labels_and_decodes_every_field(excerpts: Run) -> None:
    told = excerpts("show", "j1940").out
    assert told.startswith("J1940  procedure in 2026@1 (an excerpt), effective 2026-01-01\n")
    for line in (
        r"Code Description +Injection, furosemide, up to 20 mg",
        r"Termination Date +2025-03-31",
        r"Coverage Code +D \(Special coverage instructions apply\)",
        r"Type Of Service Code +1 \(Medical care\), P \(Lump sum",
        r"empty +.*Cross Reference Code",
    ):
        assert re.search(rf"^  {line}", told, re.MULTILINE), line
    assert re.search(r"^  Termination Date ", excerpts("show", "J1940", "--release", "2025").out, re.MULTILINE) is None
    assert re.search(r"^  not known .*Multiple Pricing", excerpts("show", "A4295").out, re.MULTILINE)


def test_show_says_where_a_code_is(excerpts: Run) -> None:
    outcome = excerpts("show", "J1938", "--release", "2025")
    assert outcome.code == 3
    assert outcome.err == "error: J1938 is not in 2025@1 (an excerpt); it is in 2026\n"


def test_diff_of_the_bundled_excerpts(excerpts: Run) -> None:
    told = excerpts("diff", "2025", "2026").out
    for line in (
        "      15  added, 2 of them ended already",
        "      13  ended",
        "      27  changed",
        "  events    act 23 · review 49 · note 10",
        "  C9304  act     Added 2025-04-01, last valid day 2025-06-30. Injection, marstacimab-hncq, 0.5 mg",
        "         → J7172  declared, 1 unit for 1: CMS's cross reference",
        "  J1940  act     Discontinued: last valid day 2025-03-31. Injection, furosemide, up to 20 mg",
        "  J9270  act     Discontinued: last valid day 2025-12-31. Injection, plicamycin, 2.5 mg",
        "  G9790  act     Quantity: 140/90 → 130/80.",
        "         old  Most recent bp is greater than [-140/90-] mm hg, or blood pressure not documented",
        "         new  Most recent bp is greater than {+130/80+} mm hg, or blood pressure not documented",
        "  G9919  act     coverage code  C (Carrier judgment) → I (Not payable by Medicare)",
        "  E0765  note    statute  (none) → 1861(n)",
    ):
        assert line in told.splitlines()
    assert re.search(r"^         → J1938  suggested, 20 units for 1: same drug \(furosemide\)", told, re.MULTILINE)
    assert re.findall(r"^([A-Z][\w -]+) \(", told, re.MULTILINE) == [
        "Added", "Discontinued", "Reactivated", "Description", "Short description", "Coverage", "Payment",
        "Classification", "References", "Retroactive or in mid-quarter", "Effective dates",
        "Added and ended in between", "Action code",
    ]  # fmt: skip
    assert "\x1b" not in told


@only_on("sqlite", "deletes the index")
def test_the_same_diff_twice_and_with_a_new_index(excerpts: Run, tmp_path: Path) -> None:
    outcomes = [excerpts("diff", "2025", "2026", "--format", "json").out]
    (tmp_path / "home/tracker.db").unlink()
    outcomes += [excerpts("diff", "2025", "2026", "--format", "json").out for _ in range(2)]
    assert outcomes[0] == outcomes[1] == outcomes[2]


def test_diff_backwards_says_so(excerpts: Run) -> None:
    told = excerpts("diff", "2026", "2025").out
    assert "  note  2026 is newer than 2025: this leads back in time" in told.splitlines()
    assert "Gone (15)" in told
    assert "Corrections to history (26)" in told


def test_diff_of_a_part(excerpts: Run) -> None:
    told = excerpts(
        "diff", "2025", "2026", "--facet", "description", "--facet", "coverage", "--codes", "g*", "--kind", "procedure",
        "--format", "json",
    )  # fmt: skip
    content = json.loads(told.out)
    assert {change["code"] for change in content["changes"]} == {"G9790", "G9919"}
    facets = {field["facet"] for change in content["changes"] for field in change["fields"]}
    assert facets == {"description", "coverage"}
    assert content["counts"]["changed"] == 2
    assert content["counts"]["old"] == 35
    assert content["selection"] == {
        "facets": ["description", "coverage"], "codes": ["g*"], "kind": "procedure", "events": [], "level": None
    }  # fmt: skip


def test_diff_of_some_events_or_levels(excerpts: Run) -> None:
    told = excerpts("diff", "2025", "2026", "--events", "code-reactivated", "--events", "effective-retroactive").out
    assert re.findall(r"^  ([A-Z]\w{4})  ", told, re.MULTILINE) == ["J0570", "G0567", "M0248", "Q0244"]
    assert "  note  only events: code-reactivated, effective-retroactive" in told.splitlines()
    told = excerpts("diff", "2025", "2026", "--level", "act", "--codes", "J1940,g9790", "--codes", "A*").out
    assert re.findall(r"^  ([A-Z]\w{4})  (\w+)", told, re.MULTILINE) == [("J1940", "act"), ("G9790", "act")]
    assert "  events    act 2 · review 0 · note 0" in told.splitlines()
    assert "  note  only events of level act or more serious" in told.splitlines()
    outcome = excerpts("diff", "2025", "2026", "--events", "code-gone")
    assert (outcome.code, outcome.out) == (2, "")
    assert "code-gone is no event; the events are: code-added, code-discontinued," in " ".join(outcome.err.split())


def test_the_facet_action_lists_administrative_changes(run: Run, tmp_path: Path) -> None:
    for label, letter in (("2025", "A"), ("2026", "N")):
        (path := tmp_path / f"HCPC{label}.txt").write_bytes(record_text({"J1940": values("J1940", ACTION_CD=letter)}))
        run("import", path, "--complete")
    line = "  J1940  note    Action code N instead of A. Short j1940"
    for options, listed in ([], False), (["--administrative"], True), (["--facet", "action"], True):
        told = run("diff", "2025", "2026", *options).out
        assert "1  changed, 1 of them administrative" in told
        assert (line in told.splitlines()) is listed


def test_a_report_in_several_formats_at_once(excerpts: Run, tmp_path: Path) -> None:
    paths = [tmp_path / name for name in ("a.json", "b.csv", "c.txt", "d.text")]
    outcome = excerpts("report", "2025", "2026", *(part for path in paths for part in ("-o", path)))
    assert (outcome.code, outcome.out) == (0, "")
    assert outcome.err.splitlines() == [f"written: {path}" for path in paths]
    assert paths[2].read_bytes() == paths[3].read_bytes()
    assert excerpts("report", "2025", "2026").out == paths[2].read_text() == excerpts("diff", "2025", "2026").out
    assert excerpts("report", "2025", "2026", "--format", "csv").out == paths[1].read_text()


def test_diff_and_report_write_the_same_json(excerpts: Run, tmp_path: Path) -> None:
    path, other = tmp_path / "x.json", tmp_path / "y.json"
    assert excerpts("report", "2025", "2026", "-o", path).code == 0
    assert excerpts("diff", "2025", "2026", "--format", "json").out == path.read_text()
    assert excerpts("diff", "2025", "2026", "-o", other).code == 0
    assert other.read_bytes() == path.read_bytes()
    (change,) = [one for one in json.loads(path.read_text())["changes"] if one["code"] == "J1940"]
    assert [event["id"] for event in change["events"]] == ["code-discontinued"]
    assert [(one["code"], one["basis"], one["units"]) for one in change["successors"]] == [("J1938", "suggested", 20)]


def test_the_day_of_a_report_is_told_by_its_date_alone(excerpts: Run) -> None:
    plain = excerpts("report", "2025", "2026").out
    dated = excerpts("report", "2025", "2026", "--date", "2026-02-01").out
    assert "  written  2026-02-01\n" in dated
    assert dated.replace("  written  2026-02-01\n", "") == plain


def test_a_changelog_of_the_bundled_excerpts(excerpts: Run) -> None:
    told = excerpts("changelog", "2025", "2026")
    assert told.code == 0
    assert told.out.startswith("2025 → 2026, step by step\n")
    assert "Added and ended (2)" in told.out
    assert excerpts("diff", "2025", "2026").out in told.out
    assert excerpts("changelog", "2026", "2025").err == (
        "error: 2026 is later than 2025: run tracker changelog 2025 2026\n"
    )


def test_a_changelog_in_several_formats_at_once(excerpts: Run, tmp_path: Path) -> None:
    files = [tmp_path / f"changes.{ending}" for ending in ("html", "md", "xlsx", "csv", "json", "txt")]
    outcome = excerpts("changelog", "2025", "2026", "--date", "2026-02-03", *(f"-o{path}" for path in files))
    assert outcome.code == 0
    assert outcome.err == "".join(f"written: {path}\n" for path in files)
    assert outcome.out == ""
    shown = excerpts("changelog", "2025", "2026", "--date", "2026-02-03")
    assert files[-1].read_text(encoding="utf-8") == shown.out
    assert "  written  2026-02-03\n" in shown.out
    assert excerpts("changelog", "2025", "2026", "--format", "csv").out == files[3].read_text(encoding="utf-8")


def test_a_changelog_fails_on_what_any_step_holds(excerpts: Run) -> None:
    assert excerpts("changelog", "2025", "2026", "--fail-on", "act", "--format", "json").code == 1
    Path("tracker.toml").write_text('fail_on = "act"\n', encoding="utf-8")
    assert excerpts("changelog", "2025", "2026").code == 1


def test_several_files_at_once(excerpts: Run) -> None:
    for command in ("diff 2025 2026", "history J1940", "search furosemide"):
        files = [Path(f"told.{ending}") for ending in ("html", "md", "json")]
        outcome = excerpts(*command.split(), *(f"-o{path}" for path in files))
        assert outcome.err == "".join(f"written: {path}\n" for path in files)
        assert [path.stat().st_size > 0 for path in files] == [True] * 3
        for path in files:
            path.unlink()


def test_audit_tells_what_was_not_told(excerpts: Run) -> None:
    told = excerpts("audit", "2025", "2026")
    assert told.code == 0
    lines = told.out.splitlines()
    assert "silent (21, 18 of them explained by the span between the releases)" in lines
    assert "  M0248  Effective 2024-12-13, before 2025@1 was published on 2024-12-17." in lines
    assert excerpts("audit", "2025", "2025").out == "The publisher's word and what changed agree.\n"


def test_audit_against_a_report_stores_nothing(excerpts: Run, tmp_path: Path) -> None:
    rows = [["HCPC", "ACTION CD"], ["J1940", "Discontinued"], ["J1938", "No Change"]]
    (path := tmp_path / "trans.xlsx").write_bytes(workbook_of(rows))
    before = excerpts("releases").out
    told = excerpts("audit", "2025", "2026", "--transactions", path).out
    assert "  J1938  Added, and CMS's report says N. Explained: it took effect on 2025-04-01, in a cycle" in told
    assert "  J1308  Not in CMS's report." in told
    assert "J1940" not in told
    assert excerpts("releases").out == before
    for name, sentence in (("none.xlsx", "No such file"), ("bad.xlsx", "the workbook cannot be read")):
        if name == "bad.xlsx":
            (tmp_path / name).write_bytes(b"no report")
        outcome = excerpts("audit", "2025", "2026", "--transactions", tmp_path / name)
        assert outcome.code == 3
        assert re.fullmatch(rf"error: .*{name}: {sentence}.*\n", outcome.err)


def test_json_and_csv_go_to_a_file(excerpts: Run, tmp_path: Path) -> None:
    for name, options in (("a.json", []), ("b.csv", []), ("c.dat", ["--format", "csv"])):
        path = tmp_path / name
        outcome = excerpts("diff", "2025", "2026", "-o", path, *options)
        assert (outcome.code, outcome.out, outcome.err) == (0, "", f"written: {path}\n")
    assert json.loads((tmp_path / "a.json").read_text())["counts"]["added"] == 15
    assert (tmp_path / "b.csv").read_bytes() == (tmp_path / "c.dat").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == ["a.json", "b.csv", "c.dat"]


def test_a_file_that_cannot_be_written_is_one_sentence(excerpts: Run, tmp_path: Path) -> None:
    outcome = excerpts("diff", "2025", "2026", "-o", tmp_path / "no/such/folder.json")
    assert outcome.code == 3
    assert re.fullmatch(r"error: .*folder.json: No such file or directory: the report was not written\n", outcome.err)


@only_on("sqlite", "two homes with one database hold the same")
def test_the_home_may_be_named_before_or_behind_the_command(run: Run, tmp_path: Path) -> None:
    run("import", SNAPSHOTS / "2025.r1.jsonl", "--home", tmp_path / "other")
    assert "2025@1" in run("--home", tmp_path / "other", "releases").out
    assert "2025@1" not in run("releases").out


def test_two_revisions_say_why_they_differ(run: Run, tmp_path: Path) -> None:
    for mark, coverage in (("v3", "C"), ("v4", "D")):
        path = tmp_path / f"HCPC2025_OCT_ANWEB_{mark}.txt"
        path.write_bytes(record_text({**TWO, "J1940": values("J1940", COV=coverage)}))
        run("import", path, "--complete")
    told = run("diff", "2025-10@1", "2025-10@2").out
    assert told.startswith("2025-10@1 → 2025-10@2\n")
    assert "  note  re-issued: 1 coverage code\n" in told
    assert "2025-10 by itself means 2025-10@2, not 2025-10@1" in told


BAD = {
    "empty.txt": (b"", "is empty"),
    "x.pdf": (b"%PDF-1.7 and so on", "is a PDF"),
    "truncated.zip": (b"PK\x03\x04" + b"\x00" * 200, "the zip cannot be read"),
    "HCPC2025_cut.txt": (record_text({**TWO, "J2000": values("J2000")})[:-200], "cut off in the middle"),
    "hcpcs-2026.csv": (b"HCPC,COV\nJ1940,C\nJ1941,C\nJ1940,C\n", "J1940 stands twice, in line 2 and in line 4: "),
    "sheet.txt": (b"Code Description\tno code\tx\n", "has: none"),
    "prose.txt": (b"Dear colleague,\nplease find attached\n", "holds no HCPCS records"),
}


@pytest.mark.parametrize("name", BAD)
def test_bad_input_is_one_sentence_and_stores_nothing(run: Run, tmp_path: Path, name: str) -> None:
    data, sentence = BAD[name]
    (path := tmp_path / name).write_bytes(data)
    outcome = run("import", path)
    assert outcome.code == 3
    assert sentence in outcome.err
    assert outcome.err.startswith("error: ")
    assert outcome.err.count("\n") == 1
    assert name in outcome.err
    assert list((tmp_path / "home/snapshots").iterdir()) == []


def test_a_defect_is_one_sentence_too(excerpts: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tracker.report.view.build_view", None)
    monkeypatch.setattr("tracker.app.write_report.build_view", None)
    outcome = excerpts("diff", "2025", "2026")
    assert outcome.code == 3
    assert outcome.err.startswith("error: a defect in tracker, not in what you did: TypeError")
    assert outcome.err.count("\n") == 1


# ---------------------------------------------------------------- as a process of its own


def command(*arguments: str | Path) -> list[str]:
    return [sys.executable, "-c", "from tracker.cli import main; main()", *map(str, arguments)]


def without_privilege() -> list[str]:
    """Return what to put before a command so that a folder's mode stops it, also where the tests run as root."""
    if os.geteuid() != 0:
        return []
    if shutil.which("setpriv") is None:
        pytest.skip("as root, a read-only folder needs the program setpriv")
    dropped = "-dac_override,-dac_read_search"
    return ["setpriv", "--bounding-set", dropped, "--inh-caps", dropped]


@only_on("sqlite", "deletes and locks the index")
@pytest.mark.parametrize("state", ["missing", "behind", "current"])
def test_a_read_only_home_can_be_read_and_not_written(excerpts: Run, tmp_path: Path, state: str) -> None:
    home = tmp_path / "home"
    expected = excerpts("diff", "2025", "2026").out
    if state == "missing":
        (home / "tracker.db").unlink()
    elif state == "behind":
        second = home / "snapshots/2026.r1.jsonl"
        shutil.move(second, tmp_path)
        (home / "tracker.db").unlink()
        excerpts("releases")
        shutil.move(tmp_path / second.name, second)
    (path := tmp_path / "HCPC2027.txt").write_bytes(record_text(TWO))
    folders = [home / "snapshots", home]
    for folder in (*home.glob("*.db"), *folders):
        folder.chmod(0o555 if folder.is_dir() else 0o444)
    try:
        read = subprocess.run(
            [*without_privilege(), *command("diff", "2025", "2026")], capture_output=True, text=True, check=False
        )
        written = subprocess.run(
            [*without_privilege(), *command("import", path, "--complete")], capture_output=True, text=True, check=False
        )
    finally:
        for folder in folders[::-1]:
            folder.chmod(0o755)
    assert (read.returncode, read.stdout, read.stderr) == (0, expected, "")
    assert written.returncode == 3
    assert re.fullmatch(r"error: .*(read-only|may be written|readonly).*\n", written.stderr)
    assert sorted(one.name for one in (home / "snapshots").iterdir()) == ["2025.r1.jsonl", "2026.r1.jsonl"]


def test_a_full_disk_is_one_sentence_and_leaves_nothing(excerpts: Run, tmp_path: Path) -> None:
    many = {f"J{number:04}": values(f"J{number:04}") for number in range(2000)}
    (path := tmp_path / "HCPC2027.txt").write_bytes(record_text(many))
    limited = (
        "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, 200_000))\n"
        "from tracker.cli import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", limited, "import", str(path), "--complete"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert re.fullmatch(r"error: .*(disk is full|disk failed).*\n", done.stderr)
    assert sorted(one.name for one in (tmp_path / "home/snapshots").iterdir()) == ["2025.r1.jsonl", "2026.r1.jsonl"]
    assert excerpts("diff", "2025", "2026").code == 0
    assert excerpts("import", path, "--complete").code == 0


def test_a_terminal_gets_colour_folds_and_the_first_fifty(run: Run, tmp_path: Path) -> None:
    old = {f"J{number:04}": values(f"J{number:04}") for number in range(60)}
    text = "which is told at much greater length than a narrow terminal is wide"
    new = {
        code: values(code, COV="D", LONG_DESCRIPTION=f"{record['LONG DESCRIPTION']}, {text}")
        for code, record in old.items()
    }
    for name, release in (("HCPC2025.txt", old), ("HCPC2026.txt", new)):
        (path := tmp_path / name).write_bytes(record_text(release))
        run("import", path, "--complete")
    told = on_terminal(command("diff", "2025", "2026"), columns=50)
    plain = re.sub(r"\x1b\[[0-9;]*m", "", told)
    assert "\x1b[" in told
    assert "Coverage (60)" in plain
    assert plain.count("… and 10 more: --all") == 2
    assert max(map(len, plain.splitlines())) <= 50
    everything = on_terminal(command("diff", "2025", "2026", "--all"), columns=50)
    assert "--all" not in everything
    assert "J0059" in everything
    assert "\x1b[3" not in on_terminal(command("diff", "2025", "2026"), columns=50, NO_COLOR="1")


def on_terminal(arguments: list[str], columns: int, **environment: str) -> str:
    """Run a command whose output is a terminal of so many columns, and return what it wrote there."""
    ours, theirs = pty.openpty()
    settings = {**os.environ, "COLUMNS": str(columns), "TERM": "xterm-256color", **environment}
    with subprocess.Popen(arguments, stdout=theirs, stderr=theirs, stdin=subprocess.DEVNULL, env=settings) as process:
        os.close(theirs)
        chunks = []
        while True:
            try:
                chunk = os.read(ours, 65536)
            except OSError:  # the other end is closed
                break
            if not chunk:
                break
            chunks.append(chunk)
        os.close(ours)
    assert process.returncode == 0
    return b"".join(chunks).decode().replace("\r\n", "\n")


def test_a_closed_pipe_is_no_error(excerpts: Run) -> None:
    assert excerpts("releases").code == 0
    reader, writer = os.pipe()
    os.close(reader)
    with subprocess.Popen(command("diff", "2025", "2026"), stdout=writer, stderr=subprocess.PIPE, text=True) as process:
        os.close(writer)
        assert process.communicate()[1] == ""
    assert process.returncode == 0


def test_what_was_stored_is_not_denied_when_the_output_is_full(run: Run, tmp_path: Path) -> None:
    (path := tmp_path / "HCPC2025.txt").write_bytes(record_text(TWO))
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            command("import", path, "--complete"), stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )
    assert done.returncode == 3
    assert re.fullmatch(r"error: the output cannot be written .*; tracker releases shows what is stored\n", done.stderr)
    assert "2025@1" in run("releases").out


def test_nobody_need_listen(run: Run, tmp_path: Path) -> None:
    (path := tmp_path / "HCPC2025.txt").write_bytes(record_text(TWO))
    for arguments in (["import", path, "--complete"], ["releases"], ["diff", "2025", "2025", "--format", "json"]):
        closing = f"import os; os.close(1); os.close(2); os.execv({sys.executable!r}, {command(*arguments)!r})"
        assert subprocess.run([sys.executable, "-c", closing], check=False).returncode == 0
    assert "2025@1" in run("releases").out


def test_a_folder_that_is_gone_is_one_sentence(excerpts: Run, tmp_path: Path) -> None:
    (gone := tmp_path / "gone").mkdir()
    leaving = f"import os; os.rmdir({str(gone)!r}); os.execv({sys.executable!r}, {command('releases')!r})"
    done = subprocess.run([sys.executable, "-c", leaving], cwd=gone, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (3, "error: the current folder is there no more: change to one that is\n")


def test_a_name_of_two_lines_is_told_in_one(run: Run) -> None:
    outcome = run("import", "no\nsuch file")
    assert outcome == (3, "", "error: no such file: No such file or directory\n")


@pytest.mark.parametrize("name", ["snapshots/2025.r1.jsonl", "tracker.db"])
@pytest.mark.parametrize("written", ["diff", "report"])
def test_no_report_is_written_over_what_is_stored(excerpts: Run, tmp_path: Path, written: str, name: str) -> None:
    (tmp_path / "home" / name).touch()  # with a shared database there need be no index
    if name == "tracker.db":
        (tmp_path / "home" / name).touch()  # a shared database leaves none
    before = (tmp_path / "home" / name).read_bytes()
    outcome = excerpts(written, "2025", "2026", "--format", "json", "-o", tmp_path / "home" / name)
    assert outcome.code == 3
    assert "belongs to what is stored" in outcome.err
    assert (tmp_path / "home" / name).read_bytes() == before


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys; sys.argv = ['tracker', '--help']\n"
        "from tracker.cli import main\n"
        "try: main()\n"
        "finally: print(sorted({'sqlalchemy', 'alembic', 'rich', 'deepdiff', 'python_calamine'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_report_is_written_whole_or_not_at_all(excerpts: Run, tmp_path: Path) -> None:
    (template := tmp_path / "t.j2").write_text("{% include '/etc/passwd' %}")
    (standing := tmp_path / "a.txt").write_text("standing")
    outcome = excerpts("report", "2025", "2026", "-o", standing, "--template", template)
    assert (outcome.code, standing.read_text()) == (3, "standing")
    assert outcome.err == "error: t.j2, line 1: a template reaches no other file, and this one names '/etc/passwd'\n"
    assert excerpts("report", "2025", "2026", "-o", tmp_path / "a.xlsx", "--template", template).code == 2


@pytest.mark.parametrize("option", ["--template", "--transactions"])
def test_what_is_no_file_is_not_read(excerpts: Run, tmp_path: Path, option: str) -> None:
    os.mkfifo(pipe := tmp_path / "pipe")
    outcome = excerpts("report" if option == "--template" else "audit", "2025", "2026", option, pipe)
    assert outcome.code == 3
    assert "is no file, but a device or a pipe" in outcome.err


@pytest.mark.parametrize("make", [lambda path: path.mkdir(), lambda path: path.symlink_to("gone.toml")])
def test_a_policy_that_cannot_be_read_is_not_passed_over(excerpts: Run, make: Callable[[Path], None]) -> None:
    make(Path("tracker.toml"))
    outcome = excerpts("diff", "2025", "2026", "--fail-on", "act")
    assert outcome.code == 3
    assert "tracker.toml: the policy cannot be read" in outcome.err
