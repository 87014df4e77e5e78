"""The publisher's page and files, read from a real server that misbehaves."""

from __future__ import annotations

import json
import re
import shutil
import ssl
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import pytest

from tests import fake_publisher
from tests.fake_publisher import PAGE, Fault, Server, page_of, release_zip
from tracker import __version__
from tracker.errors import PublisherError
from tracker.publisher import INDEX, Limits, Link, Publisher, file_name

LIMITS = Limits(size=1_000_000, seconds=5, silence=2, attempts=4, wait=0.001, longest=2)
NAME = "january-2025-alpha-numeric-hcpcs-file.zip"
ZIP = release_zip("HCPC2025_JAN_ANWEB_12172024", padding=100_000)
BY_HAND = f"by hand: open .*/quarterly-update in a browser, download {NAME}, and run: tracker import {NAME}$"


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    with fake_publisher.running() as running:
        yield running


@pytest.fixture
def path(server: Server) -> str:
    return server.offer(NAME, ZIP)


@pytest.fixture
def publisher(server: Server) -> Iterator[Publisher]:
    with Publisher(server.index, LIMITS) as opened:
        yield opened


def link(publisher: Publisher) -> Link:
    (found,) = publisher.links(NAME)
    return found


def names(links: list[Link]) -> list[str]:
    return [link.name for link in links]


# ---------------------------------------------------------------- the page


def test_the_page_of_cms_is_read_unless_another_is_named() -> None:
    with Publisher() as publisher:
        assert publisher.index == INDEX
    assert re.fullmatch(r"https://www\.cms\.gov/.*/quarterly-update", INDEX)


def test_a_page_gives_the_releases_it_links_and_nothing_else(server: Server, publisher: Publisher) -> None:
    server.files[PAGE] = page_of(
        {
            "/files/zip/april-2026-alpha-numeric-hcpcs-file-0.zip": "April 2026",
            "files/zip/October-2025-Alpha-Numeric-HCPCS-Files.ZIP": "October 2025",
            "/apps/ama/license.asp?file=/files/zip/july-2025-alpha-numeric-hcpcs-file.zip": "July 2025",
            "/files/zip/january-2025-update.zip?x=1#y": "January 2025\n Alpha-Numeric HCPCS File",
            "/files/zip/april-2026-alpha-numeric-hcpcs-file-0.zip#again": "April 2026 again",
            "/hcpcs/2024-alpha-numeric-hcpcs-file": "2024",
            "/files/zip/2025-record-layout.zip": "Alpha-Numeric HCPCS record layout",
            "/files/zip/HCPC25_NOC codes.zip": "NOC codes",
            "/files/document/2025-alpha.pdf": "How alphas are made",
        }
    )
    found = publisher.links(NAME)
    assert [(link.address.removeprefix(server.url), link.is_zip) for link in found] == [
        ("/files/zip/april-2026-alpha-numeric-hcpcs-file-0.zip", True),
        ("/files/zip/October-2025-Alpha-Numeric-HCPCS-Files.ZIP", True),
        ("/files/zip/july-2025-alpha-numeric-hcpcs-file.zip", True),
        ("/files/zip/january-2025-update.zip", True),
        ("/hcpcs/2024-alpha-numeric-hcpcs-file", False),
    ]
    assert server.asked(PAGE)[0]["User-Agent"] == f"tracker/{__version__}"


def test_a_base_address_counts(server: Server, publisher: Publisher) -> None:
    server.files[PAGE] = b'<base href="/there/"><a href="hcpcs-2025.zip">2025</a>'
    assert [link.address for link in publisher.links(NAME)] == [f"{server.url}/there/hcpcs-2025.zip"]


def test_a_page_of_a_release_is_followed(server: Server, publisher: Publisher) -> None:
    server.files[PAGE] = page_of({"/hcpcs/2024-alpha-numeric-hcpcs-file": "2024 Alpha-Numeric HCPCS File"})
    server.files["/hcpcs/2024-alpha-numeric-hcpcs-file"] = page_of({"/files/zip/hcpcs-2024.zip": "the file"})
    page = link(publisher)
    assert names(publisher.linked(page, NAME)) == ["hcpcs-2024.zip"]
    server.files["/hcpcs/2024-alpha-numeric-hcpcs-file"] = b"<p>moved</p>"
    with pytest.raises(PublisherError, match=f"2024-alpha-numeric-hcpcs-file: there is no link .*{BY_HAND}"):
        publisher.linked(page, NAME)


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (fake_publisher.status(403), "answers 403 Forbidden"),
        (fake_publisher.status(404), "answers 404 Not Found"),
        (lambda handler: handler.answer(200, b"<html>Under construction</html>"), "there is no link to a release"),
        (lambda handler: handler.answer(200, b""), "there is no link to a release"),
        (lambda handler: handler.answer(200, b"PK\x03\x04\x00\xff" * 9), "there is no link to a release"),
        (fake_publisher.redirect("https://elsewhere.example/"), "leads to elsewhere.example, away from 127.0.0.1"),
        (fake_publisher.redirect("ftp://127.0.0.1/x"), "ftp://127.0.0.1/x: is not https"),
        (fake_publisher.redirect("http://[x"), "is no address, or leads to none"),
    ],
)
def test_a_page_that_cannot_be_read_says_what_to_do_by_hand(
    server: Server, publisher: Publisher, fault: Fault, told: str
) -> None:
    server.faults[PAGE] = [fault]
    with pytest.raises(PublisherError, match=f"{re.escape(told)}.*{BY_HAND}"):
        publisher.links(NAME)
    assert len(server.requests) == 1


def test_a_loop_of_redirects_ends(server: Server, publisher: Publisher) -> None:
    server.faults[PAGE] = [fake_publisher.redirect(PAGE)] * 20
    with pytest.raises(PublisherError, match="redirects more than 5 times"):
        publisher.links(NAME)
    assert len(server.requests) == 6


def test_a_page_without_end_is_not_read(server: Server) -> None:
    server.faults[PAGE] = [fake_publisher.endless]
    with (
        Publisher(server.index, Limits(page=100_000)) as publisher,
        pytest.raises(PublisherError, match="100,000 bytes"),
    ):
        publisher.links(NAME)


def test_nobody_there_is_told(server: Server) -> None:
    with fake_publisher.running() as gone:
        index = gone.index
    with Publisher(index, LIMITS) as publisher, pytest.raises(PublisherError) as error:
        publisher.links(NAME)
    assert re.search(f"127.0.0.1: cannot be reached or breaks off .*refused.*{BY_HAND}", str(error.value))


@pytest.mark.parametrize(
    "index", ["http://www.cms.gov/quarterly-update", "http://mirror.example/quarterly-update", "ftp://127.0.0.1/x"]
)
def test_only_https_is_spoken_but_to_this_machine(index: str) -> None:
    with Publisher(index, LIMITS) as publisher, pytest.raises(PublisherError, match="is not https"):
        publisher.links(NAME)


def test_links_of_plain_http_are_made_https(server: Server, tmp_path: Path) -> None:
    (page := tmp_path / "page.html").write_bytes(page_of({f"http://www.cms.gov/files/zip/{NAME}": "x"}))
    with Publisher(str(page)) as publisher:
        assert link(publisher).address == f"https://www.cms.gov/files/zip/{NAME}"


@pytest.mark.parametrize("index", ["https://me:pa/ss@mirror.example/", "~no-such-user-here/x"])
def test_what_is_no_page_is_told_without_repeating_it(index: str) -> None:
    with pytest.raises(PublisherError, match=r"^--index names no page: write https://HOST/PATH,"):
        Publisher(index)


@pytest.mark.parametrize(
    ("name", "value"), [("HTTPS_PROXY", "nonsense://me:secret@proxy.example"), ("SSL_CERT_FILE", "/nowhere/x.pem")]
)
def test_a_system_that_names_a_wrong_proxy_or_certificate_is_told(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    with Publisher() as publisher, pytest.raises(PublisherError, match="look at HTTPS_PROXY") as error:
        publisher.links(NAME)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize(
    "index", ["https:///x", "https://[x", "https://127.0.0.1:99999/", f"https://{'a' * 64}.example/"]
)
def test_an_address_that_leads_nowhere_is_told(index: str) -> None:
    with Publisher(index, LIMITS) as publisher, pytest.raises(PublisherError, match=r"is no address|cannot be reached"):
        publisher.links(NAME)


def test_certificates_are_checked(server: Server, path: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes a certificate, is not installed")
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = f"req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -keyout {key} -out {certificate}"
    alternative = ["-addext", "subjectAltName=DNS:localhost"]
    subprocess.run([openssl, *made.split(), *alternative], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    index = f"https://localhost:{server.server_port}{PAGE}"
    with Publisher(index, LIMITS) as publisher, pytest.raises(PublisherError, match=f"self-signed.*{BY_HAND}"):
        publisher.links(NAME)
    assert server.requests == []
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    with Publisher(index, LIMITS) as publisher:
        assert publisher.download(link(publisher)) == ZIP


def test_nothing_else_uses_the_network() -> None:
    network = re.compile(r"^\s*(?:import|from) (?:http|httpx|socket|ssl|tenacity|urllib\.request)\b", re.MULTILINE)
    package = Path(__file__).parents[1] / "tracker"
    found = [path.name for path in package.rglob("*.py") if network.search(path.read_text(encoding="utf-8"))]
    assert found == ["publisher.py"]


# ---------------------------------------------------------------- pages and files of this machine


def test_a_folder_gives_its_zips(tmp_path: Path) -> None:
    for name in ("hcpcs-2025.zip", "2018-HCPCS-Alpha-Numeric-Corrections.zip", "HCPC2025.txt", "photos.zip"):
        (tmp_path / name).write_bytes(ZIP)
    with Publisher(str(tmp_path)) as publisher:
        (found,) = publisher.links(NAME)
        assert (found.name, found.address, found.place) == ("hcpcs-2025.zip", "", str(tmp_path / "hcpcs-2025.zip"))
        assert publisher.download(found) == ZIP
        assert publisher.look(found).size == len(ZIP)


def test_a_saved_page_leads_to_the_publisher_and_to_zips_beside_it(tmp_path: Path) -> None:
    (tmp_path / "a b").mkdir()
    for name in ("a b/hcpcs-2024.zip", NAME):
        (tmp_path / name).write_bytes(ZIP)
    (page := tmp_path / "page.html").write_bytes(
        page_of({f"/files/zip/{NAME}": "x", NAME: "x", "a%20b/hcpcs-2024.zip": "x", "hcpcs-2023.zip": "x"})
    )
    with Publisher(str(page)) as publisher:
        assert [link.place for link in publisher.links(NAME)] == [
            f"https://www.cms.gov/files/zip/{NAME}",
            str(tmp_path / NAME),
            str(tmp_path / "a b/hcpcs-2024.zip"),
            INDEX.replace("quarterly-update", "hcpcs-2023.zip"),
        ]


def test_a_folder_without_releases_is_told(tmp_path: Path) -> None:
    with Publisher(str(tmp_path)) as publisher, pytest.raises(PublisherError, match=f"no zip of a release.*{BY_HAND}"):
        publisher.links(NAME)
    with Publisher(str(tmp_path / "x")) as publisher, pytest.raises(PublisherError, match=r"No such file .*: --index"):
        publisher.links(NAME)


# ---------------------------------------------------------------- downloading


@pytest.mark.parametrize(
    "faults",
    [
        [],
        [fake_publisher.status(500)],
        [fake_publisher.status(503), fake_publisher.reset, fake_publisher.status(502)],
        [fake_publisher.status(429, Retry_After="0")],
        [fake_publisher.status(429, Retry_After="soon")],
        [fake_publisher.redirect("?again")],
        [fake_publisher.gzipped],
    ],
)
def test_a_zip_is_downloaded_whole(server: Server, path: str, publisher: Publisher, faults: list[Fault]) -> None:
    server.faults[path] = [*faults]
    told: list[tuple[int, int | None]] = []
    assert publisher.download(link(publisher), lambda come, size: told.append((come, size))) == ZIP
    assert told[-1][0] == len(ZIP)
    assert server.faults[path] == []


def test_a_server_that_asks_to_wait_is_given_the_time(
    server: Server, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    waits: list[float] = []
    monkeypatch.setattr("tenacity.nap.time.sleep", waits.append)
    at = format_datetime(datetime.now(UTC) + timedelta(seconds=55), usegmt=True)
    server.faults[path] = [fake_publisher.status(429, Retry_After="7"), fake_publisher.status(503, Retry_After=at)]
    with Publisher(server.index) as publisher:
        assert publisher.download(link(publisher)) == ZIP
    assert waits[0] == 7
    assert waits[1] > 10


def test_a_server_that_asks_to_come_back_tomorrow_is_left_alone(
    server: Server, path: str, publisher: Publisher
) -> None:
    server.faults[path] = [fake_publisher.status(429, Retry_After="86400")]
    with pytest.raises(PublisherError, match="answers 429 Too Many Requests, to come back in 86,400 seconds; by hand"):
        publisher.download(link(publisher))
    assert len(server.asked(path)) == 1


def test_a_transfer_that_breaks_is_taken_up_where_it_broke(server: Server, path: str, publisher: Publisher) -> None:
    server.faults[path] = [fake_publisher.truncated(40_000), fake_publisher.truncated(30_000)]
    assert publisher.download(link(publisher)) == ZIP
    asked = server.asked(path)
    assert [headers.get("Range") for headers in asked] == [None, "bytes=40000-", "bytes=70000-"]
    assert asked[1]["If-Range"].startswith('"')


def test_a_file_that_changes_meanwhile_is_read_from_its_beginning(
    server: Server, path: str, publisher: Publisher
) -> None:
    other = release_zip("HCPC2025_JAN_ANWEB_01062025")

    def change(handler: fake_publisher.Handler) -> None:
        fake_publisher.truncated(40_000)(handler)
        server.files[path] = other

    server.faults[path] = [change]
    assert publisher.download(link(publisher)) == other
    assert [headers.get("Range") for headers in server.asked(path)] == [None, "bytes=40000-"]


def test_a_server_that_knows_no_parts_sends_all_again(server: Server, path: str, publisher: Publisher) -> None:
    server.ranges = False
    server.faults[path] = [fake_publisher.truncated(40_000)]
    assert publisher.download(link(publisher)) == ZIP


def test_a_server_that_sends_another_part_than_asked_is_asked_anew(
    server: Server, path: str, publisher: Publisher
) -> None:
    def wrong_part(handler: fake_publisher.Handler) -> None:
        handler.answer(206, ZIP[5:], {"Content-Range": f"bytes 5-{len(ZIP) - 1}/{len(ZIP)}", "ETag": '"x"'})

    server.faults[path] = [fake_publisher.truncated(40_000), wrong_part]
    assert publisher.download(link(publisher)) == ZIP
    assert "Range" not in server.asked(path)[-1]


def test_parts_that_do_not_fit_together_are_thrown_away(server: Server, path: str, publisher: Publisher) -> None:
    def zeros(handler: fake_publisher.Handler) -> None:
        rest = len(ZIP) - 40_000
        handler.answer(206, bytes(rest), {"Content-Range": f"bytes 40000-{len(ZIP) - 1}/{len(ZIP)}", "ETag": '"x"'})

    server.faults[path] = [fake_publisher.truncated(40_000), zeros]
    assert publisher.download(link(publisher)) == ZIP


def test_a_length_that_is_not_announced_is_told_by_the_zip(server: Server, path: str, publisher: Publisher) -> None:
    server.announces = False
    server.faults[path] = [fake_publisher.truncated(40_000)]
    assert publisher.download(link(publisher)) == ZIP


@pytest.mark.parametrize(
    ("fault", "told", "times"),
    [
        (fake_publisher.status(403), "answers 403 Forbidden", 1),
        (fake_publisher.status(404), "answers 404 Not Found", 1),
        (fake_publisher.status(500), "answers 500 Internal Server Error", 4),
        (fake_publisher.reset, "cannot be reached or breaks off", 4),
        (fake_publisher.redirect("http://127.0.0.1:x/"), "cannot be reached or breaks off", 4),
        (fake_publisher.truncated(0), "cannot be reached or breaks off", 4),
        (fake_publisher.html, "a web page came instead of the zip, perhaps a licence to accept", 1),
        (lambda handler: handler.answer(200, b"no zip"), "this is no whole zip", 1),
        (lambda handler: handler.answer(200, ZIP[:-50]), "this is no whole zip", 1),
        (lambda handler: handler.answer(200, ZIP.replace(b"Description", b"DESCRIPTION")), "Bad CRC-32", 1),
        (fake_publisher.endless, "is longer than 1,000,000 bytes, which no release is", 1),
        (lambda handler: handler.answer(200, bytes(1_000_001)), "is longer than 1,000,000 bytes", 1),
        (fake_publisher.redirect("http://localhost/x.zip"), "leads to localhost, away from 127.0.0.1", 1),
    ],
)
def test_what_is_no_whole_zip_is_told(
    server: Server, path: str, publisher: Publisher, fault: Fault, told: str, times: int
) -> None:
    found = link(publisher)
    server.faults[path] = [fault] * 9
    with pytest.raises(PublisherError, match=f"{re.escape(told)}.*{BY_HAND}"):
        publisher.download(found)
    assert len(server.asked(path)) == times


def test_a_slow_drip_is_given_up(server: Server, path: str) -> None:
    server.faults[path] = [fake_publisher.drip]
    with (
        Publisher(server.index, Limits(seconds=0.2)) as publisher,
        pytest.raises(PublisherError, match=r"took longer than 0\.2 seconds"),
    ):
        publisher.download(link(publisher))


def test_a_server_that_falls_silent_is_given_up(server: Server, path: str) -> None:
    def silent(handler: fake_publisher.Handler) -> None:
        time.sleep(0.3)

    server.faults[path] = [silent] * 2
    with (
        Publisher(server.index, Limits(silence=0.05, attempts=2, wait=0.001)) as publisher,
        pytest.raises(PublisherError, match="cannot be reached or breaks off"),
    ):
        publisher.download(link(publisher))


# ---------------------------------------------------------------- looking


def test_a_look_reads_the_end_alone(server: Server, path: str, publisher: Publisher) -> None:
    glimpse = publisher.look(link(publisher))
    assert (glimpse.size, (glimpse.members or ())[0]) == (len(ZIP), "HCPC2025_JAN_ANWEB_12172024.txt")
    assert [headers["Range"] for headers in server.asked(path)] == ["bytes=-65536"]


@pytest.mark.parametrize(("announces", "size"), [(True, len(ZIP)), (False, None)])
def test_a_look_at_a_server_without_parts_tells_what_it_can(
    server: Server, path: str, publisher: Publisher, announces: bool, size: int | None
) -> None:
    found = link(publisher)
    server.ranges, server.announces = False, announces
    assert publisher.look(found).size == size
    assert publisher.look(found).members is None


@pytest.mark.parametrize(
    ("fault", "told"),
    [
        (fake_publisher.html, "a web page came instead"),
        (fake_publisher.status(403), "answers 403"),
        (
            lambda handler: handler.answer(206, b"x" * 9, {"Content-Range": "bytes 0-8/9"}),
            "this is no whole zip",
        ),
    ],
)
def test_a_look_at_no_zip_is_told(server: Server, path: str, publisher: Publisher, fault: Fault, told: str) -> None:
    found = link(publisher)
    server.faults[path] = [fault]
    with pytest.raises(PublisherError, match=told):
        publisher.look(found)


# ---------------------------------------------------------------- passwords


def test_a_password_goes_to_its_host_alone_and_into_no_message(server: Server, path: str) -> None:
    index = server.index.replace("http://", "http://user:s3cret@") + "?token=t0ken"
    with Publisher(index, LIMITS) as publisher:
        found = link(publisher)
        publisher.download(found)
        assert all(headers["Authorization"] == "Basic dXNlcjpzM2NyZXQ=" for _, headers in server.requests)
        told = [publisher.index, found.address, found.place]
        for fault in (
            fake_publisher.status(401),
            fake_publisher.status(500),
            fake_publisher.reset,
            fake_publisher.html,
            fake_publisher.redirect("https://user:s3cret@elsewhere.example/?token=t0ken"),
            fake_publisher.redirect("ftp://user:s3cret@127.0.0.1/?token=t0ken"),
        ):
            for call, where in ((lambda: publisher.links(NAME), PAGE), (lambda: publisher.download(found), path)):
                server.faults[where] = [fault] * 4
                with pytest.raises(PublisherError) as error:
                    call()
                told.append(str(error.value))
                server.faults.clear()
    assert not re.search("s3cret|t0ken|user:|dXNlcj", json.dumps(told))


def test_the_likely_name_of_a_file() -> None:
    assert file_name(2026, 4) == "april-2026-alpha-numeric-hcpcs-file.zip"
    assert file_name() == "MONTH-YEAR-alpha-numeric-hcpcs-file.zip"


def test_a_device_is_no_page() -> None:
    with (
        Publisher("/dev/zero") as publisher,
        pytest.raises(PublisherError, match="is a device or a pipe: --index names"),
    ):
        publisher.links(NAME)
