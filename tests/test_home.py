"""Where the home is."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from platformdirs import user_data_path

from tracker.errors import TrackerError
from tracker.home import Home, find_home


def no(_: Path) -> bool:
    return False


def test_a_home_names_its_archive_and_its_index() -> None:
    home = Home(Path("/data"))
    assert (home.snapshots, home.index) == (Path("/data/snapshots"), Path("/data/tracker.db"))


def test_a_home_holds_its_archive_and_its_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    home = Home(tmp_path / "home")
    (tmp_path / "way").symlink_to("home")
    monkeypatch.chdir(tmp_path)
    for there in (False, True):
        for path in ("home/snapshots/x.txt", "home/snapshots", "way/tracker.db", "home/../home/tracker.db-journal"):
            assert home.holds(Path(path)), (path, there)
        for path in ("home/report.html", "home/snapshots.txt", "tracker.db", "home/tracker.db.bak", "home"):
            assert not home.holds(Path(path)), (path, there)
        home.snapshots.mkdir(parents=True, exist_ok=True)
        home.index.touch()


def test_the_folder_on_the_command_line_comes_first(tmp_path: Path) -> None:
    found = find_home(tmp_path / "a", {"TRACKER_HOME": str(tmp_path / "b")}, tmp_path, lambda _: True)
    assert found == Home(tmp_path / "a")


def test_then_the_environment(tmp_path: Path) -> None:
    found = find_home(None, {"TRACKER_HOME": str(tmp_path / "b")}, tmp_path, lambda _: True)
    assert found == Home(tmp_path / "b")


def test_then_the_nearest_archive_upward(tmp_path: Path) -> None:
    archives = {tmp_path / "snapshots", tmp_path / "a/b/snapshots"}
    for here, expected in (("a/b/c/d", "a/b"), ("a/b", "a/b"), ("a", "."), (".", ".")):
        assert find_home(None, {"TRACKER_HOME": ""}, tmp_path / here, archives.__contains__) == Home(
            tmp_path / expected
        )


def test_else_the_users_data_folder(tmp_path: Path) -> None:
    assert find_home(None, {}, tmp_path, no) == Home(user_data_path("tracker", appauthor=False))


def test_the_home_is_absolute_and_may_begin_with_a_tilde(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "me"))
    assert find_home(Path("a"), {}, tmp_path, no).folder == Path(os.path.realpath(tmp_path)) / "a"
    assert find_home(None, {"TRACKER_HOME": "~/codes"}, tmp_path, no).folder == tmp_path / "me/codes"


def test_a_tilde_and_a_user_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(TrackerError, match=r"^~nobody-of-that-name/x: there is no user"):
        find_home(Path("~nobody-of-that-name/x"), {}, tmp_path, no)


def test_a_shared_database_is_named_by_the_environment(tmp_path: Path) -> None:
    assert (
        find_home(tmp_path, {"TRACKER_DATABASE_URL": "postgresql://x"}, tmp_path, no).database_url == "postgresql://x"
    )
    assert find_home(tmp_path, {"TRACKER_DATABASE_URL": ""}, tmp_path, no).database_url is None
