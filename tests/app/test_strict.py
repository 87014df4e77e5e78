"""`import --strict`: a release with errors that no known oddity explains is refused, and nothing is stored."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest

from tests.app.conftest import Run
from tests.fake_publisher import release_zip
from tests.hcpcs.builders import sheet_of, sheet_rows
from tests.support import FILES, NOW, Import, record_text, values
from tracker.app import checks
from tracker.app.import_release import Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.errors import RefusedError
from tracker.hcpcs.oddities import sift
from tracker.home import Home

GOOD = {"A1": values("A1"), "J1940": values("J1940")}
WRONG = GOOD | {"J2": values("J2", COV="Q"), "J3": values("J3", TERM_DT="20251399")}
DOUBTFUL = GOOD | {"J1": values("J1", ACT_EFF_DT="")}
SHIFTED = {"C9488": values("C9488", ASC_GRP="20", ASC_DT="170401")}
STRICT = Options(complete=True, strict=True)


def test_a_release_with_new_errors_is_refused_and_the_first_are_named(take_in: Import, stored: Stored) -> None:
    told = (
        "HCPC2025.txt has 2 errors that no known oddity explains (J2 coverage_code in HCPC2025.txt, line 3; "
        "J3 termination_date in HCPC2025.txt, line 4): take it in without --strict and look with tracker problems "
        "2025, or tell the publisher"
    )
    with pytest.raises(RefusedError, match=re.escape(told)):
        take_in("HCPC2025.txt", WRONG, strict=True)
    assert (stored.revisions, list(stored.home.snapshots.iterdir())) == ([], [])


def test_of_many_errors_some_are_named(take_in: Import) -> None:
    many = {f"J{number:04}": values(f"J{number:04}", COV="Q") for number in range(4)}
    with pytest.raises(RefusedError, match=r"4 errors .*J0002 coverage_code in HCPC2025.txt, line 3; …\): take it in"):
        take_in("HCPC2025.txt", many, strict=True)


def test_warnings_and_known_errors_do_not_hinder(take_in: Import) -> None:
    assert take_in("HCPC2025.txt", DOUBTFUL, strict=True).release.name == "2025@1"
    known = take_in("HCPC2018_CONTR_ANWEB_disc.txt", SHIFTED, strict=True, complete=False)
    assert (known.release.name, len(known.problems)) == ("2018@1", 2)


def test_a_known_error_in_another_file_or_release_is_new(take_in: Import) -> None:
    with pytest.raises(RefusedError, match=r"C9488 asc_group in HCPC2018_CONTR_ANWEB_v2.txt, line 1; C9488 asc_date"):
        take_in("HCPC2018_CONTR_ANWEB_v2.txt", SHIFTED, strict=True)
    with pytest.raises(RefusedError, match="2 errors"):
        take_in("HCPC2018_CONTR_ANWEB_disc.txt", SHIFTED, strict=True, label="2019")


def test_what_is_stored_already_is_held_to_the_same(take_in: Import) -> None:
    take_in("HCPC2025.txt", WRONG)
    with pytest.raises(RefusedError, match="J2 coverage_code"):
        take_in("HCPC2025.txt", WRONG, strict=True)
    with pytest.raises(RefusedError, match="J2 coverage_code"):
        take_in("HCPC2025.txt", WRONG, strict=True, again=True)
    assert not take_in("HCPC2025.txt", WRONG).stored


def test_of_a_folder_all_is_stored_or_nothing(stored: Stored, tmp_path: Path) -> None:
    folder = tmp_path / "several"
    folder.mkdir()
    (folder / "HCPC2024.txt").write_bytes(record_text(GOOD))
    (folder / "HCPC2025.txt").write_bytes(record_text(WRONG))
    with pytest.raises(RefusedError, match=r"HCPC2025\.txt has 2 errors"):
        import_path(stored, folder, STRICT, NOW)
    stored.refresh()
    assert (stored.revisions, list(stored.home.snapshots.iterdir())) == ([], [])


def test_a_zip(stored: Stored, tmp_path: Path) -> None:
    path = tmp_path / "2025.zip"
    path.write_bytes(release_zip("HCPC2025_JAN_ANWEB_12172024", WRONG))
    with pytest.raises(RefusedError, match=r"2025.zip has 2 errors .*in HCPC2025_JAN_ANWEB_12172024.txt, line 3"):
        import_path(stored, path, STRICT, NOW)
    assert stored.revisions == []


def test_snapshot_files_and_a_folder_of_them(take_in: Import, stored: Stored, tmp_path: Path) -> None:
    take_in("HCPC2024.txt", GOOD)
    take_in("HCPC2025.txt", WRONG)
    folder = tmp_path / "snapshots"
    shutil.copytree(stored.home.snapshots, folder)
    with open_stored(Home(tmp_path / "other"), to_write=True) as other:
        for path in (folder, folder / "2025.r1.jsonl"):
            with pytest.raises(RefusedError, match="2 errors that no known oddity explains"):
                import_path(other, path, Options(strict=True), NOW)
            other.refresh()
            assert (other.revisions, list(other.home.snapshots.iterdir())) == ([], [])
        (imported,) = import_path(other, folder / "2024.r1.jsonl", Options(strict=True), NOW)
        assert imported.stored


def test_a_sheet_over_a_release_with_errors_is_stored_once_it_mends_the_last(
    take_in: Import, stored: Stored, tmp_path: Path
) -> None:
    take_in("HCPC2025.txt", WRONG)
    folder = tmp_path / "sheets"
    folder.mkdir()
    (folder / "J2.txt").write_text(sheet_of(sheet_rows("J2")), encoding="utf-8")
    asked = Options(label="2025", strict=True)
    with pytest.raises(RefusedError, match=r"1 error that no known oddity explains \(J3 termination_date"):
        import_path(stored, folder, asked, NOW)
    (folder / "J3.txt").write_text(sheet_of(sheet_rows("J3")), encoding="utf-8")
    (imported,) = import_path(stored, folder, asked, NOW)
    assert (imported.release.name, imported.problems) == ("2025@2", ())


def test_the_command_ends_with_3_and_what_is_new_stands_out(run: Run, home: Home, tmp_path: Path) -> None:
    path = tmp_path / "HCPC2018_CONTR_ANWEB_disc.txt"
    path.write_bytes(record_text(SHIFTED | WRONG))
    refused = run("import", path, "--complete", "--strict")
    assert (refused.code, refused.out) == (3, "")
    assert refused.err.startswith("error: HCPC2018_CONTR_ANWEB_disc.txt has 2 errors that no known oddity explains (")
    assert "2018 is not stored" in run("problems", "2018").err
    told = run("import", path, "--complete").out
    assert "  4 problems, 2 new, 2 known, by kind; tracker problems 2018@1 lists them:\n" in told
    assert told.index("coverage code (J2)") < told.index("asc group (C9488)")
    first, *rest = run("problems", "2018").out.splitlines()
    assert first == "4 problems in 2018@1: 2 new, 2 known"
    assert [line.split(":")[1] for line in rest[:2]] == [" J2 coverage_code", " J3 termination_date"]
    assert rest[2:5] == ["", "Known (2)", "  cells-shifted  2: C9488"]
    assert "asc_date" not in run("problems", "2018").out
    assert "line 1: C9488 asc_date: cells are shifted" in run("problems", "2018", "--all").out
    content = json.loads(run("problems", "2018", "--format", "json").out)
    assert (content["release"], content["counts"]) == ("2018@1", {"problems": 4, "new": 2, "alike": 0, "known": 2})


def test_stored_problems_of_the_releases_are_all_known(releases_home: Home) -> None:
    with open_stored(releases_home) as stored:
        found = {
            revision.release.label: sift(revision.release.label, stored.problems(revision))
            for revision in stored.revisions
        }
    assert {label: (sifted.new, sifted.alike) for label, sifted in found.items()} == dict.fromkeys(FILES, ([], {}))
    known = {label: sum(map(len, sifted.known.values())) for label, sifted in found.items()}
    assert known == {"2017": 3, "2018": 10, "2019": 118, "2020": 115, "2025": 119, "2025-10": 117}


def test_the_release_with_shifted_cells_passes_as_itself_only(stored: Stored, releases_dir: Path) -> None:
    path = releases_dir / FILES["2018"]
    with pytest.raises(RefusedError, match="10 errors that no known oddity explains"):
        import_path(stored, path, Options(label="2019", strict=True), NOW)
    (imported,) = import_path(stored, path, Options(strict=True), NOW)
    assert imported.stored


def test_what_is_fetched(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "WHOLE", 1)
    folder = tmp_path / "mirror"
    folder.mkdir()
    (folder / "january-2025-alpha-numeric-hcpcs-file.zip").write_bytes(
        release_zip("HCPC2025_JAN_ANWEB_12172024", WRONG)
    )
    refused = run("fetch", "latest", "--strict", "--index", folder)
    assert refused.code == 3
    assert "has 2 errors that no known oddity explains (J2 coverage_code in HCPC2025_JAN" in refused.err
    assert "nothing is stored" in run("releases").out
