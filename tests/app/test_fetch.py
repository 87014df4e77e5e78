"""Releases from the publisher's page: which link is taken, what is stored of it, and whether there is news."""

from __future__ import annotations

import json
import re
import zipfile
from collections.abc import Iterator
from hashlib import sha256
from io import BytesIO
from pathlib import Path

import pytest

from tests import fake_publisher
from tests.fake_publisher import PAGE, TWO, Fault, Server, page_of, release_zip
from tests.support import NOW, record_text, values
from tracker import archive
from tracker.app import checks
from tracker.app.fetch import Checked, State, check, choose, fetch, offers
from tracker.app.import_release import Imported, Options, import_path
from tracker.app.stored import Stored, open_stored
from tracker.app.withdraw import withdraw
from tracker.errors import ArchiveError, PublisherError, RefusedError, SourceError, TrackerError, UnknownReleaseError
from tracker.home import Home
from tracker.publisher import Limits, Publisher

LIMITS = Limits(seconds=5, silence=2, attempts=2, wait=0.001, longest=1)
JANUARY = "january-2025-alpha-numeric-hcpcs-file.zip"
OCTOBER = "october-2025-alpha-numeric-hcpcs-file.zip"


@pytest.fixture(autouse=True)
def few_codes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a release be whole with the two codes that these have."""
    monkeypatch.setattr(checks, "WHOLE", 1)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with fake_publisher.running() as running:
        yield running


@pytest.fixture
def publisher(server: Server) -> Iterator[Publisher]:
    with Publisher(server.index, LIMITS) as opened:
        yield opened


def take_in(stored: Stored, publisher: Publisher, label: str) -> Imported:
    (offer,) = choose(publisher, offers(publisher, label), label)
    return fetch(stored, publisher, offer, NOW, lambda _come, _size: None)[1]


def files(home: Home) -> list[str]:
    """Return the names of what lies in a home beside its index, which there is none of with a shared database."""
    paths = (*home.folder.iterdir(), *home.snapshots.iterdir())
    return sorted(path.name for path in paths if path not in (home.snapshots, home.index))


def states(checked: list[Checked]) -> dict[str, str]:
    return {one.label: str(one.state) for one in checked}


# ---------------------------------------------------------------- what the page offers


def test_releases_are_told_by_the_name_of_the_file_else_by_the_words(server: Server, publisher: Publisher) -> None:
    server.files[PAGE] = page_of(
        {
            "/files/zip/october-2026-alpha-numeric-hcpcs-file.zip": "October 2062 Alpha-Numeric HCPCS File (ZIP)",
            "/files/zip/2025-hcpcs-alpha-numeric-file-april.zip": "",
            "/files/zip/hcpcs.zip": "July 2025 Alpha-Numeric HCPCS File (ZIP, 2.4 MB) - Updated 09/10/2026",
            "/files/zip/january-2024-alpha-numeric-hcpcs-file-updated-12-17-2023.zip": "",
            "/files/zip/alpha-numeric-hcpcs-file.zip": "the newest Alpha-Numeric HCPCS File",
            "/hcpcs/2023-alpha-numeric-hcpcs-file": "2023 Alpha-Numeric HCPCS File",
        }
    )
    assert list(offers(publisher)) == ["2023", "2024", "2025-04", "2025-07", "2026-10"]


@pytest.mark.parametrize(
    ("links", "taken"),
    [
        ({"{}.zip": "", "{}-0.zip": ""}, "{}-0.zip"),
        ({"{}-1.zip": "", "{}-0.zip": "", "{}.zip": ""}, "{}-1.zip"),
        ({"{}.zip": "", "{}_updated.zip": ""}, "{}_updated.zip"),
        ({"{}.zip": "Updated 01/06/2025", "{}-0.zip": "Updated 12/17/2024"}, "{}.zip"),
        ({"{}.zip": "Updated 13/45/2025", "{}-0.zip": ""}, "{}-0.zip"),
        ({"HCPC2025_JAN_ANWEB_v4.zip": "", "HCPC2025_JAN_ANWEB_v3.zip": ""}, "HCPC2025_JAN_ANWEB_v4.zip"),
        (
            {"HCPC2025_JAN_ANWEB_12172024.zip": "", "HCPC2025_JAN_ANWEB_01062025.zip": ""},
            "HCPC2025_JAN_ANWEB_01062025.zip",
        ),
        ({"a/{}.zip": "", "b/{}.zip": ""}, "a/{}.zip"),
        ({"pages/{}": "", "{}.zip": ""}, "{}.zip"),
    ],
)
def test_of_several_issues_the_newest_is_taken(
    server: Server, publisher: Publisher, links: dict[str, str], taken: str
) -> None:
    name = JANUARY.removesuffix(".zip")
    server.files[PAGE] = page_of({f"/{link.format(name)}": words for link, words in links.items()})
    newest, *others = offers(publisher)["2025"].links
    assert newest.address == f"{server.url}/{taken.format(name)}"
    assert len(others) == len(links) - 1


def test_offers_are_chosen_by_label_since_or_as_the_latest(server: Server, publisher: Publisher) -> None:
    for name in (OCTOBER, "january-2024-alpha-numeric-hcpcs-file.zip", JANUARY):
        server.offer(name, b"")
    offered = offers(publisher)
    assert [offer.label for offer in choose(publisher, offered, "latest")] == ["2025-10"]
    assert [offer.label for offer in choose(publisher, offered, "2025-01")] == ["2025"]
    assert [offer.label for offer in choose(publisher, offered, since="2025")] == ["2025", "2025-10"]
    with pytest.raises(UnknownReleaseError, match=r"update offers no 2026-04; it offers: 2024, 2025, 2025-10$"):
        choose(publisher, offered, "2026-04")
    with pytest.raises(UnknownReleaseError, match=r"offers no release since 2027; it offers"):
        choose(publisher, offered, since="2027")


# ---------------------------------------------------------------- fetching


def test_a_release_is_stored_with_where_it_came_from(
    server: Server, publisher: Publisher, stored: Stored, home: Home
) -> None:
    data = release_zip("HCPC2025_JAN_ANWEB_12172024")
    path = server.offer(JANUARY, data)
    release = take_in(stored, publisher, "2025").release
    source = release.source
    assert (release.name, release.mark, release.complete) == ("2025@1", "12172024", True)
    assert (source.name, source.size, source.sha256) == (JANUARY, len(data), sha256(data).hexdigest())
    assert (source.format, source.address) == ("zip", server.url + path)
    assert archive.read(home.snapshots / "2025.r1.jsonl").release.source == source
    assert not take_in(stored, publisher, "2025").stored
    assert files(home) == ["2025.r1.jsonl"]


def test_a_release_on_a_page_of_its_own_is_found(server: Server, publisher: Publisher, stored: Stored) -> None:
    server.files[PAGE] = page_of({"/hcpcs/2025-alpha-numeric-hcpcs-file": "2025"})
    server.offer(OCTOBER, b"no")
    data = release_zip("HCPC2025_JAN_ANWEB")
    server.files |= {
        "/hcpcs/2025-alpha-numeric-hcpcs-file": page_of({OCTOBER: "", f"{JANUARY}": ""}),
        f"/hcpcs/{JANUARY}": data,
        PAGE: page_of({"/hcpcs/2025-alpha-numeric-hcpcs-file": "2025"}),
    }
    assert take_in(stored, publisher, "2025").release.source.address == f"{server.url}/hcpcs/{JANUARY}"
    server.files["/hcpcs/2025-alpha-numeric-hcpcs-file"] = page_of({OCTOBER: ""})
    with pytest.raises(PublisherError, match=r"2025-alpha-numeric-hcpcs-file links no zip of 2025$"):
        take_in(stored, publisher, "2025")


def test_a_folder_of_zips_is_fetched_from_as_well(tmp_path: Path, stored: Stored) -> None:
    (folder := tmp_path / "zips").mkdir()
    (folder / "hcpcs-2025.zip").write_bytes(release_zip("HCPC2025_JAN_ANWEB"))
    with Publisher(str(folder)) as publisher:
        imported = take_in(stored, publisher, "latest")
        assert (imported.release.name, imported.release.source.address) == ("2025@1", "")
        assert states(check(stored, publisher)) == {"2025": "same"}


@pytest.mark.parametrize(
    "fault",
    [
        fake_publisher.status(403),
        fake_publisher.status(500),
        fake_publisher.reset,
        fake_publisher.truncated(1),
        fake_publisher.html,
        fake_publisher.endless,
        fake_publisher.redirect("https://elsewhere.example/x.zip"),
        fake_publisher.redirect("?again"),
        lambda handler: handler.answer(200, b"no zip"),
        lambda handler: handler.answer(200, bytes(900)),
    ],
)
def test_nothing_is_left_of_what_could_not_be_downloaded(
    server: Server, stored: Stored, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: Fault
) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    path = server.offer(JANUARY, release_zip("HCPC2025_JAN_ANWEB"))
    server.faults[path] = [fault] * 9
    with (
        Publisher(server.index, Limits(size=100_000, attempts=2, wait=0.001)) as publisher,
        pytest.raises(PublisherError, match=f"by hand: open .* run: tracker import {JANUARY}$"),
    ):
        take_in(stored, publisher, "2025")
    assert files(home) == []
    assert list(temporary.iterdir()) == []


def test_nothing_is_left_of_what_holds_no_release(
    server: Server, publisher: Publisher, stored: Stored, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (temporary := tmp_path / "temporary").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    file = BytesIO()
    with zipfile.ZipFile(file, "w") as bundle:
        bundle.writestr("letter.txt", "Dear all")
    server.offer(JANUARY, file.getvalue())
    with pytest.raises(SourceError, match="the zip holds no HCPCS records"):
        take_in(stored, publisher, "2025")
    server.offer(JANUARY, release_zip("HCPC2025_OCT_ANWEB"))
    with pytest.raises(RefusedError, match=f"/{JANUARY} holds 2025-10, and the page calls it 2025: nothing was stored"):
        take_in(stored, publisher, "2025")
    monkeypatch.setattr(checks, "WHOLE", 3)
    server.offer(JANUARY, release_zip("HCPC2025_JAN_ANWEB"))
    with pytest.raises(RefusedError, match="no whole release has fewer"):
        take_in(stored, publisher, "2025")
    assert files(home) == []
    assert list(temporary.iterdir()) == []


def test_no_place_for_a_download_is_told(
    server: Server, publisher: Publisher, stored: Stored, home: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.tempdir", "/nowhere")
    server.offer(JANUARY, release_zip("HCPC2025_JAN_ANWEB"))
    with pytest.raises(
        PublisherError, match=r"No such file or directory\): nothing was stored; make room .* in TMPDIR$"
    ):
        take_in(stored, publisher, "2025")
    assert files(home) == []


# ---------------------------------------------------------------- checking


@pytest.fixture
def october(server: Server, publisher: Publisher, stored: Stored) -> str:
    """Store October, as it was issued first; return its path."""
    path = server.offer(OCTOBER, release_zip("HCPC2025_OCT_ANWEB_v3"))
    take_in(stored, publisher, "2025-10")
    return path


def found(stored: Stored, publisher: Publisher, *labels: str) -> tuple[str, str]:
    (checked,) = check(stored, publisher, labels)
    return str(checked.state), checked.why


def test_what_is_stored_is_no_news(server: Server, publisher: Publisher, stored: Stored, october: str) -> None:
    server.requests.clear()
    (checked,) = check(stored, publisher)
    size = len(server.files[october])
    assert checked == Checked(
        "2025-10",
        State.SAME,
        "the same size and mark as 2025-10@1",
        "2025-10@1",
        server.url + october,
        size,
        "v3",
    )
    assert [headers["Range"] for headers in server.asked(october)] == ["bytes=-65536"]


@pytest.mark.parametrize(
    ("mark", "padding", "why"),
    [
        ("v4", 0, "mark v4 instead of v3 (2025-10@1)"),
        ("09172025", 0, "mark 09172025 instead of v3 (2025-10@1)"),
        ("v3", 7, "{} bytes instead of {} (2025-10@1)"),
    ],
)
def test_a_re_issue_is_news(
    server: Server, publisher: Publisher, stored: Stored, october: str, mark: str, padding: int, why: str
) -> None:
    before = len(server.files[october])
    server.files[october] = release_zip(f"HCPC2025_OCT_ANWEB_{mark}", padding=padding)
    sizes = (f"{len(server.files[october]):,}", f"{before:,}")
    assert found(stored, publisher) == ("re-issued", why.format(*sizes))
    if mark == "v4":
        assert sizes[0] == sizes[1], "the mark tells it, not the size"


def test_another_day_in_the_names_is_news_though_the_size_is_the_same(
    server: Server, publisher: Publisher, stored: Stored
) -> None:
    path = server.offer("january-2026-alpha-numeric-hcpcs-file.zip", release_zip("HCPC2026_JAN_ANWEB_12082025"))
    take_in(stored, publisher, "2026")
    assert found(stored, publisher) == ("same", "the same size and mark as 2026@1")
    server.files[path] = release_zip("HCPC2026_JAN_ANWEB_01122026")
    assert found(stored, publisher) == ("re-issued", "mark 01122026 instead of 12082025 (2026@1)")


def test_an_older_issue_than_the_stored_one_is_no_news(
    server: Server, publisher: Publisher, stored: Stored, october: str
) -> None:
    server.files[october] = release_zip("HCPC2025_OCT_ANWEB_v2")
    assert found(stored, publisher) == ("same", "mark v2, and 2025-10@1 has a later one, v3")


def test_a_server_that_knows_no_parts_is_asked_for_the_size_alone(
    server: Server, publisher: Publisher, stored: Stored, october: str
) -> None:
    server.ranges = False
    assert found(stored, publisher) == ("same", "the same size as 2025-10@1")
    server.files[october] = release_zip("HCPC2025_OCT_ANWEB_v3", padding=1)
    assert found(stored, publisher)[0] == "re-issued"
    server.announces = False
    assert found(stored, publisher)[0] == "unknown"


@pytest.mark.parametrize(
    ("name", "state"),
    [
        ("HCPC2025_OCT_ANWEB_v3.txt", "same"),
        ("HCPC2025_OCT_ANWEB_v2.txt", "re-issued"),
        ("HCPC2025_OCT_ANWEB_disc.txt", "re-issued"),
        ("HCPC2025_OCT_ANWEB.txt", "unknown"),
    ],
)
def test_a_text_that_was_stored_alone_is_compared_by_its_mark(
    server: Server, publisher: Publisher, stored: Stored, tmp_path: Path, name: str, state: str
) -> None:
    data = release_zip("HCPC2025_OCT_ANWEB_v3")
    server.offer(OCTOBER, data)
    (path := tmp_path / name).write_bytes(zipfile.ZipFile(BytesIO(data)).read("HCPC2025_OCT_ANWEB_v3.txt"))
    import_path(stored, path, Options(complete=True), NOW)
    assert found(stored, publisher)[0] == state


def test_a_withdrawn_revision_is_no_news(publisher: Publisher, stored: Stored, october: str) -> None:
    withdraw(stored, "2025-10@1", "wrong", NOW)
    assert found(stored, publisher, "2025-10")[0] == "same"


def test_newer_releases_are_news_and_older_ones_are_not(
    server: Server, publisher: Publisher, stored: Stored, october: str
) -> None:
    server.offer(JANUARY, b"")
    for month in ("january", "april"):
        server.offer(f"{month}-2026-alpha-numeric-hcpcs-file.zip", release_zip(f"HCPC2026_{month[:3]}_ANWEB"))
    assert states(check(stored, publisher)) == {"2025-10": "same", "2026": "new", "2026-04": "new"}
    assert states(check(stored, publisher, ["2026-04", "2017"])) == {"2017": "not-offered", "2026-04": "new"}


def test_where_nothing_whole_is_stored_the_latest_is_news(
    server: Server, publisher: Publisher, stored: Stored, tmp_path: Path
) -> None:
    for month in ("january", "april"):
        server.offer(f"{month}-2026-alpha-numeric-hcpcs-file.zip", release_zip(f"HCPC2026_{month[:3]}_ANWEB"))
    (path := tmp_path / "HCPC2026_JAN_ANWEB.txt").write_bytes(record_text(TWO))
    import_path(stored, path, Options(complete=False), NOW)
    assert states(check(stored, publisher)) == {"2026-04": "new"}
    assert states(check(stored, publisher, ["2026"])) == {"2026": "new"}


def test_one_file_that_cannot_be_read_stops_no_other(
    server: Server, publisher: Publisher, stored: Stored, october: str
) -> None:
    path = server.offer("january-2026-alpha-numeric-hcpcs-file.zip", b"")
    server.faults[path] = [fake_publisher.status(403)]
    *_, failed = checked = check(stored, publisher)
    assert states(checked) == {"2025-10": "same", "2026": "not-checked"}
    assert "answers 403 Forbidden; by hand" in failed.why


def test_a_zip_packed_anew_around_the_same_records_is_news_once(
    server: Server, publisher: Publisher, stored: Stored, home: Home, october: str
) -> None:
    server.files[october] = release_zip("HCPC2025_OCT_ANWEB_v4", padding=9)
    assert found(stored, publisher)[0] == "re-issued"
    assert not take_in(stored, publisher, "2025-10").stored
    assert found(stored, publisher) == ("same", "the same size and mark as 2025-10@1")
    memory = home.folder / "fetched.json"
    assert list(json.loads(memory.read_text())) == ["2025-10"]
    memory.write_text("[1]")
    assert found(stored, publisher)[0] == "re-issued", "it may be damaged or deleted"
    take_in(stored, publisher, "2025-10")
    assert found(stored, publisher)[0] == "same"


def test_what_was_re_issued_becomes_a_revision(
    server: Server, publisher: Publisher, stored: Stored, october: str
) -> None:
    server.files[october] = release_zip("HCPC2025_OCT_ANWEB_v4", {**TWO, "J1940": values("J1940", COV="D")})
    imported = take_in(stored, publisher, "2025-10")
    assert (imported.release.name, imported.reason) == ("2025-10@2", "re-issued")
    assert found(stored, publisher)[0] == "same"


def test_checking_writes_nothing(server: Server, publisher: Publisher, home: Home, tmp_path: Path) -> None:
    server.offer(JANUARY, release_zip("HCPC2025_JAN_ANWEB"))
    with open_stored(home) as stored:
        assert states(check(stored, publisher)) == {"2025": "new"}
    assert not home.folder.exists()


def test_a_memory_that_cannot_be_written_is_told(
    server: Server, publisher: Publisher, stored: Stored, home: Home, october: str
) -> None:
    (home.folder / "fetched.json").mkdir()
    server.files[october] = release_zip("HCPC2025_OCT_ANWEB_v3", padding=9)
    with pytest.raises(ArchiveError, match=r"fetched\.json: Is a directory"):
        take_in(stored, publisher, "2025-10")
    assert files(home) == ["2025-10.r1.jsonl", "fetched.json"]


@pytest.mark.parametrize("words", ["Octember 2025", "2025-13"])
def test_what_is_no_label_is_told(server: Server, publisher: Publisher, stored: Stored, words: str) -> None:
    server.offer(JANUARY, b"")
    with pytest.raises(TrackerError, match=re.escape(words)):
        check(stored, publisher, [words])
