"""The publisher's room against a hostile network: real TLS, hosts that lie, bodies without end, passwords."""

from __future__ import annotations

import gzip
import io
import logging
import re
import shutil
import socket
import ssl
import subprocess
import time
import traceback
import tracemalloc
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests import fake_publisher
from tests.fake_publisher import PAGE, Fault, Handler, Server, page_of, release_zip
from tracker.errors import PublisherError
from tracker.publisher import INDEX, Limits, Link, Publisher

LIMITS = Limits(size=1_000_000, page=1_000_000, seconds=5, silence=2, attempts=2, wait=0.001, longest=2)
QUICK = Limits(seconds=0.3, silence=2, attempts=2, wait=0.001)
NAME = "january-2025-alpha-numeric-hcpcs-file.zip"
ZIP = release_zip("HCPC2025_JAN_ANWEB_12172024")
CMS = ("www.cms.gov", 443)


# ---------------------------------------------------------------- a server with certificates


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an authority and what it signs: NAME.pem with NAME.key, of www.cms.gov unless the name says otherwise."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("openssl, which makes certificates, is not installed")
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "cms.ext").write_text("subjectAltName=DNS:www.cms.gov,DNS:files.cms.gov,DNS:mirror.example")
    (folder / "elsewhere.ext").write_text("subjectAltName=DNS:elsewhere.example")
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"

    def run(command: str) -> None:
        subprocess.run([openssl, *command.split()], check=True, capture_output=True, cwd=folder)

    for authority in ("authority", "unknown"):
        run(f"req -x509 {key} -days 2 -subj /CN=authority -keyout {authority}.key -out {authority}.pem")
    for name, authority, extension, days in (
        ("good", "authority", "cms", 2),
        ("wrong-host", "authority", "elsewhere", 2),
        ("expired", "authority", "cms", -1),
        ("unknown-authority", "unknown", "cms", 2),
    ):
        run(f"req -new {key} -subj /CN=www.cms.gov -keyout {name}.key -out {name}.csr")
        run(
            f"x509 -req -in {name}.csr -CA {authority}.pem -CAkey {authority}.key -CAcreateserial -days {days} "
            f"-extfile {extension}.ext -out {name}.pem"
        )
    run(f"req -x509 {key} -days 2 -subj /CN=www.cms.gov -addext subjectAltName=DNS:www.cms.gov "
        "-keyout self-signed.key -out self-signed.pem")  # fmt: skip
    return folder


class Telephone:
    """Leads every connection to one server, whatever host is asked for, and notes what was dialled."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self.dialled: list[tuple[str, int]] = []
        self._connect = socket.create_connection

    def connect(self, address: tuple[str, int], *rest: Any, **options: Any) -> socket.socket:
        self.dialled.append(address)
        return self._connect(("127.0.0.1", self.server.server_port), *rest, **options)


@pytest.fixture
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


@pytest.fixture
def server(no_proxy: None) -> Iterator[Server]:
    with fake_publisher.running() as running:
        running.offer(NAME, ZIP)
        yield running


@pytest.fixture
def cms(server: Server, certificates: Path, monkeypatch: pytest.MonkeyPatch) -> Telephone:
    """Let the server be www.cms.gov, its subdomains and mirror.example, with a good certificate."""
    return secured(server, certificates, "good", monkeypatch)


def secured(server: Server, certificates: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> Telephone:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificates / f"{name}.pem", certificates / f"{name}.key")
    server.socket = context.wrap_socket(server.socket, server_side=True)
    monkeypatch.setenv("SSL_CERT_FILE", str(certificates / "authority.pem"))
    telephone = Telephone(server)
    monkeypatch.setattr(socket, "create_connection", telephone.connect)
    return telephone


def link(publisher: Publisher) -> Link:
    (found,) = publisher.links(NAME)
    return found


ZIP_PATH = f"{fake_publisher.ZIPS}/{NAME}"


# ---------------------------------------------------------------- certificates


def test_cms_is_read_where_its_certificate_is_good(cms: Telephone) -> None:
    with Publisher(INDEX.replace("/medicare", PAGE + "?/medicare"), LIMITS) as publisher:
        assert publisher.download(link(publisher)) == ZIP
    assert set(cms.dialled) == {CMS}


@pytest.mark.parametrize(
    ("certificate", "why"),
    [
        ("self-signed", "self-signed certificate"),
        ("unknown-authority", "unable to get local issuer certificate|self-signed certificate"),
        ("wrong-host", "Hostname mismatch, certificate is not valid for 'www.cms.gov'"),
        ("expired", "certificate has expired"),
    ],
)
def test_a_certificate_that_proves_nothing_is_refused_at_once(
    server: Server, certificates: Path, monkeypatch: pytest.MonkeyPatch, certificate: str, why: str
) -> None:
    telephone = secured(server, certificates, certificate, monkeypatch)
    with Publisher(f"https://www.cms.gov{PAGE}", LIMITS) as publisher, pytest.raises(PublisherError) as error:
        publisher.links(NAME)
    assert re.match(
        rf"www\.cms\.gov: shows a certificate that is not trusted \((?:{why})\); if your own network's proxy does, "
        "name its certificate in SSL_CERT_FILE; by hand: open ",
        str(error.value),
    )
    assert telephone.dialled == [CMS]
    assert server.requests == [], "nothing was asked, and no password sent"


def test_where_no_authority_is_named_those_of_the_world_count(cms: Telephone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with Publisher(f"https://www.cms.gov{PAGE}", LIMITS) as publisher, pytest.raises(PublisherError, match="trusted"):
        publisher.links(NAME)


# ---------------------------------------------------------------- where links and redirects may lead

AWAY = [
    "https://127.0.0.1/x.zip",
    "https://localhost/x.zip",
    "https://[::1]/x.zip",
    "https://169.254.169.254/latest/x.zip",
    "https://2130706433/x.zip",
    "https://0x7f.1/x.zip",
    "https://www.cms.gov@evil.example/x.zip",
    "https://www.cms.gov:secret@evil.example/x.zip",
    "https://www.cms.gov%2f@evil.example/x.zip",
    "https://www.cms.gov%40evil.example/x.zip",
    "https://www.cms.gov\\@evil.example/x.zip",
    "https://evil.example\\.cms.gov/x.zip",
    "https://evil.example%00.cms.gov/x.zip",
    "https://evil.example%2f.cms.gov/x.zip",
    "https://evil.example#.cms.gov/x.zip",
    "https://evil.example?.cms.gov/x.zip",
    "https://evil.example;.cms.gov/x.zip",
    "https://www.cms.gov:8443/x.zip",
    "https://www.cms.gov:22/x.zip",
    "https://www.cms.gov:99999/x.zip",
    "https://www.cms.gov./x.zip",
    "https://www.cms.gov.evil.example/x.zip",
    "https://evilcms.gov/x.zip",
    "https://gov/x.zip",
    "https://.cms.gov.evil.example/x.zip",
    "https://www.cms.gοv/x.zip",  # a Greek o
    "//evil.example/x.zip",
    "file:///etc/x.zip",
    "ftp://www.cms.gov/x.zip",
    "gopher://www.cms.gov/x.zip",
    "unix://www.cms.gov/x.zip",
]


@pytest.mark.parametrize("address", [*AWAY, "http://www.cms.gov/x.zip", "http://127.0.0.1/x.zip", "https://[x/"])
def test_a_redirect_away_from_cms_or_from_https_is_refused(cms: Telephone, address: str) -> None:
    with Publisher(f"https://www.cms.gov{PAGE}", LIMITS) as publisher:
        found = link(publisher)
        cms.server.faults[ZIP_PATH] = [fake_publisher.redirect(address.encode().decode("latin-1"))] * 2
        with pytest.raises(PublisherError, match=r"away from cms\.gov|is not https|is no address|breaks off"):
            publisher.download(found)
    assert set(cms.dialled) == {CMS}
    assert "/x.zip" not in {path for path, _ in cms.server.requests}


@pytest.mark.parametrize("address", AWAY)
def test_a_link_away_from_cms_is_never_asked_for(cms: Telephone, address: str) -> None:
    cms.server.files[PAGE] = page_of({address.replace("x.zip", NAME): "January 2025", f"/there/{NAME}": "January 2025"})
    with Publisher(f"https://www.cms.gov{PAGE}", LIMITS) as publisher:
        for found in publisher.links(NAME):
            with pytest.raises(PublisherError, match=r"answers 404|is not https|is no address"):
                publisher.download(found)
    assert set(cms.dialled) == {CMS}


@pytest.mark.parametrize(
    ("index", "address", "allowed"),
    [
        ("https://www.cms.gov", "https://files.cms.gov/there.zip", True),
        ("https://www.cms.gov", "https://www.cms.gov:443/there.zip", True),
        ("https://mirror.example", "https://mirror.example/there.zip", True),
        ("https://mirror.example", "https://files.mirror.example/there.zip", False),
        ("https://mirror.example", "https://www.cms.gov/there.zip", False),
        ("https://mirror.example:8443", "https://mirror.example/there.zip", True),
        ("https://mirror.example:8443", "https://mirror.example:8444/there.zip", False),
    ],
)
def test_a_redirect_stays_with_the_publisher_and_takes_no_password_along(
    cms: Telephone, index: str, address: str, allowed: bool
) -> None:
    cms.server.files["/there.zip"] = ZIP
    with Publisher(index.replace("//", "//user:s3cret@") + PAGE, LIMITS) as publisher:
        found = link(publisher)
        cms.server.faults[ZIP_PATH] = [fake_publisher.redirect(address)]
        if allowed:
            assert publisher.download(found) == ZIP
        else:
            with pytest.raises(PublisherError, match="away from "):
                publisher.download(found)
    asked = cms.server.asked("/there.zip")
    assert len(asked) == allowed
    assert all("Authorization" in headers for headers in cms.server.asked(ZIP_PATH))
    same = httpx.URL(index).copy_with(path="/") == httpx.URL(address).copy_with(path="/")
    assert [("Authorization" in headers) for headers in asked] == [same] * allowed


# ---------------------------------------------------------------- bodies without end


@pytest.mark.parametrize("announces", [True, False])
def test_a_bomb_of_gzip_goes_off_in_small_pieces(server: Server, announces: bool) -> None:
    bomb = gzip.compress(bytes(100_000_000), 9)
    server.announces = announces
    server.faults[PAGE] = [lambda handler: handler.answer(200, bomb, {"Content-Encoding": "gzip"})]
    with Publisher(server.index, LIMITS) as publisher:
        tracemalloc.start()
        try:
            with pytest.raises(PublisherError, match="is longer than 1,000,000 bytes, which no release is"):
                publisher.links(NAME)
            assert tracemalloc.get_traced_memory()[1] < 20_000_000
        finally:
            tracemalloc.stop()


@pytest.mark.parametrize("packed", ["br", "zstd", "deflate", "gzip, gzip", "compress", "x" * 500])
def test_what_was_not_asked_for_is_not_unpacked(server: Server, packed: str) -> None:
    server.faults[PAGE] = [lambda handler: handler.answer(200, zlib.compress(b"x"), {"Content-Encoding": packed})]
    with Publisher(server.index, LIMITS) as publisher, pytest.raises(PublisherError, match="packed in a way that was"):
        publisher.links(NAME)
    assert [headers["Accept-Encoding"] for _, headers in server.requests] == ["gzip"]


def test_what_is_no_gzip_is_told(server: Server) -> None:
    server.faults[PAGE] = [lambda handler: handler.answer(200, b"no gzip", {"Content-Encoding": "gzip"})] * 2
    with Publisher(server.index, LIMITS) as publisher, pytest.raises(PublisherError, match="what cannot be unpacked"):
        publisher.links(NAME)
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    ("compression", "told"),
    [
        (zipfile.ZIP_DEFLATED, "unpack to more than any release has"),
        (zipfile.ZIP_BZIP2, "packed as no release is"),
        (zipfile.ZIP_LZMA, "packed as no release is"),
    ],
)
def test_a_bomb_in_a_zip_is_not_set_off(
    server: Server, monkeypatch: pytest.MonkeyPatch, compression: int, told: str
) -> None:
    monkeypatch.setenv("TRACKER_LIMIT_UNPACKED_SIZE", "8MiB")
    with zipfile.ZipFile(packed := io.BytesIO(), "w", compression) as bundle:
        bundle.writestr("HCPC2025_JAN_ANWEB.txt", bytes(8_000_000))
        if compression == zipfile.ZIP_DEFLATED:
            bundle.writestr("another.txt", bytes(8_000_000))
    with Publisher(server.index, LIMITS) as publisher:
        found = link(publisher)
        server.files[ZIP_PATH] = packed.getvalue()
        with pytest.raises(PublisherError, match=told):
            publisher.download(found)


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": f"bytes 0-{'9' * 5000}/{'9' * 5000}"},
        {"Content-Range": "bytes 0-9/*"},
        {"Retry-After": "9" * 5000},
        {"Retry-After": "Mon, 01 Jan 99999999999 00:00:00 GMT"},
        {"Retry-After": "-1"},
        {"Location": "http://[" + "x" * 60_000},
        {"Content-Type": "text/html; charset=" + "x" * 60_000},
        {"Set-Cookie": "a=" + "x" * 60_000},
        {"ETag": "\x80\xff"},
    ],
    ids=lambda headers: next(iter(headers)) + " " + next(iter(headers.values()))[:12],
)
@pytest.mark.parametrize("status", [200, 206, 302, 503])
def test_no_header_makes_a_defect(server: Server, status: int, headers: dict[str, str]) -> None:
    def odd(handler: Handler) -> None:
        handler.answer(status, ZIP[:9], headers)

    with Publisher(server.index, LIMITS) as publisher:
        found = link(publisher)
        for call in (publisher.download, publisher.look):
            server.faults[ZIP_PATH] = [odd] * 2
            sentence = ""
            try:
                call(found)
            except PublisherError as error:
                sentence = str(error)
            assert len(sentence) < 1000


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 " + b"x" * 90_000 + b"\r\n\r\n",
        b"HTTP/1.1 403 \x1b[2J" + b"\xff" * 9_000 + b"\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\nxxxxxx",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 30_000,
        b"HTTP/1.1 101 Switching Protocols\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 1000,
        b"HTTP/1.1 999 What\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/9.9 200 OK\r\n\r\n",
        b"\x16\x03\x01\x02\x00\x01",
    ],
    ids=lambda answer: repr(answer[:30]),
)
def test_what_is_no_answer_is_told_in_a_sentence(server: Server, answer: bytes) -> None:
    def odd(handler: Handler) -> None:
        handler.wfile.write(answer)
        handler.close_connection = True

    server.faults[PAGE] = [odd] * 2
    with Publisher(server.index, LIMITS) as publisher, pytest.raises(PublisherError) as error:
        publisher.links(NAME)
    assert re.match(r"\S+: (cannot be reached or breaks off|answers|there is no link)", str(error.value))
    assert len(str(error.value)) < 1000
    assert str(error.value).isprintable()


# ---------------------------------------------------------------- answers that never end


def dripping(begin: bytes, drop: bytes) -> Fault:
    """Send a beginning, then a drop every now and then, as long as somebody listens (3 seconds at most)."""

    def drip(handler: Handler) -> None:
        handler.wfile.write(begin)
        for _ in range(150):
            handler.wfile.write(drop)
            time.sleep(0.02)
        handler.close_connection = True

    return drip


OK = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n"
LINK = f'<a href="{NAME}">2025</a>'.encode()
DRIPS = {
    "the status": dripping(b"", b"H"),
    "headers": dripping(OK, b"X: y\r\n"),
    "one header": dripping(OK + b"X: ", b"y"),
    "a hundred answers before the answer": dripping(b"", b"HTTP/1.1 103 Early Hints\r\n\r\n"),
    "a body": dripping(OK + b"Content-Length: 1000\r\n\r\n", b"x"),
    "a body whose end is not announced": dripping(OK + b"\r\n" + LINK, b" "),
    "the length of a piece": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n", b"0"),
    "headers after the body": dripping(OK + b"Transfer-Encoding: chunked\r\n\r\n1\r\nx\r\n0\r\n", b"X: y\r\n"),
    "gzip of nothing": dripping(
        OK + b"Content-Encoding: gzip\r\n\r\n" + gzip.compress(b"")[:10], b"\x00\x00\x00\xff\xff"
    ),
}


@pytest.mark.parametrize("drip", DRIPS.values(), ids=DRIPS)
def test_a_server_that_sends_drop_by_drop_is_left_when_the_time_is_over(server: Server, drip: Fault) -> None:
    server.faults[PAGE] = [drip] * 4
    with Publisher(server.index, QUICK) as publisher, pytest.raises(PublisherError) as error:
        publisher.links(NAME)
    assert str(error.value).startswith(
        "127.0.0.1: took longer than 0.3 seconds (TRACKER_LIMIT_DOWNLOAD_SECONDS lifts the limit); by hand: open "
    )


@pytest.mark.parametrize("drip", ["headers", "a body"])
def test_the_time_is_kept_on_a_connection_that_is_used_again_and_after_redirects(server: Server, drip: str) -> None:
    with Publisher(server.index, QUICK) as publisher:
        found = link(publisher)
        server.faults[ZIP_PATH] = [fake_publisher.redirect("?again"), DRIPS[drip]]
        with pytest.raises(PublisherError, match="took longer"):
            publisher.download(found)
        assert publisher.download(found) == ZIP, "the next exchange has its own time"


def test_the_time_is_kept_through_tls(cms: Telephone) -> None:
    cms.server.faults[PAGE] = [DRIPS["headers"]]
    with (
        Publisher(f"https://www.cms.gov{PAGE}", QUICK) as publisher,
        pytest.raises(PublisherError, match="took longer"),
    ):
        publisher.links(NAME)


def test_redirects_and_waits_count_against_the_time(server: Server) -> None:
    server.faults[PAGE] = [fake_publisher.status(503, Retry_After="2")] * 9
    limits = Limits(seconds=1, attempts=9, wait=0.001)
    with Publisher(server.index, limits) as publisher, pytest.raises(PublisherError, match="answers 503"):
        publisher.links(NAME)
    assert len(server.requests) == 1


@pytest.mark.parametrize("drop", [b"", b"\x16", b"HTTP/1.1 200"])
def test_a_proxy_or_handshake_that_never_comes_to_its_end_is_left(
    monkeypatch: pytest.MonkeyPatch, no_proxy: None, drop: bytes
) -> None:
    with fake_publisher.listening(drop) as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://user:s3cret@127.0.0.1:{port}")
        for index in (f"https://www.cms.gov{PAGE}", f"https://localhost:{port}{PAGE}"):
            limits = Limits(seconds=0.3, silence=0.2, attempts=2, wait=0.001)
            with Publisher(index, limits) as publisher, pytest.raises(PublisherError) as error:
                publisher.links(NAME)
            assert re.search("took longer|cannot be reached", str(error.value))
            assert "s3cret" not in str(error.value)


# ---------------------------------------------------------------- what is told to whom


def test_a_server_is_told_nothing_that_it_did_not_ask_to_know(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".netrc").write_text("machine 127.0.0.1 login user password s3cret\ndefault login x password s3cret\n")
    (tmp_path / ".netrc").chmod(0o600)
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("NETRC", str(tmp_path / ".netrc"))
    page, cookies = server.files[PAGE], {"Set-Cookie": "session=s3cret; Path=/"}
    server.faults[PAGE] = [lambda handler: handler.answer(200, page, cookies)] * 2
    with Publisher(server.index, LIMITS) as publisher:
        publisher.download(link(publisher))
        publisher.look(link(publisher))
    told = {name for _, headers in server.requests for name in headers}
    assert told == {"Host", "Accept", "Accept-Encoding", "Connection", "User-Agent", "Range"}
    assert "s3cret" not in str(server.requests)


def test_this_machine_is_spoken_to_past_any_proxy(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    with fake_publisher.running() as proxy:
        for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        with Publisher(server.index.replace("//", "//user:s3cret@"), LIMITS) as publisher:
            publisher.download(link(publisher))
        assert proxy.requests == [], "a password for this machine would have been sent to another in plain text"


def told(error: BaseException | None) -> str:
    """Return all that an error tells, as a traceback shows it and as its causes hold it."""
    words = "".join(traceback.format_exception(error)) if error else ""
    while error is not None:
        words += f"{error} {error!r} "
        error = error.__cause__ or error.__context__
    return words


SECRET = "s3cret"  # noqa: S105
PROXIES = [
    f"http://user:{SECRET}@127.0.0.1:9",
    f"http://user:{SECRET}@nowhere.invalid:8080",
    f"http://user:{SECRET}@127.0.0.1:99999",
    f"http://user:{SECRET}@127.0.0.1:{SECRET}",
    f"http://user:{SECRET}/x@127.0.0.1:9",
    f"http://user:{SECRET}#x@127.0.0.1:9",
    f"http://user:{SECRET}?x@127.0.0.1:9",
    f"http://user:{SECRET}%zz@127.0.0.1:9",
    f"http://user:[{SECRET}@127.0.0.1:9",
    f"http://user:{SECRET}@[127.0.0.1:9",
    f"http://us er:{SECRET}\x7f@127.0.0.1:9",
    f"socks5://user:{SECRET}@127.0.0.1:9",
    f"socks4://user:{SECRET}@127.0.0.1:9",
    f"ftp://user:{SECRET}@127.0.0.1:9",
    f"user:{SECRET}@127.0.0.1:9",
    f"://user:{SECRET}@127.0.0.1:9",
]


@pytest.mark.parametrize("proxy", PROXIES)
@pytest.mark.parametrize("name", ["HTTPS_PROXY", "ALL_PROXY", "https_proxy"])
def test_no_error_holds_a_proxys_password(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture, no_proxy: None, name: str, proxy: str
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv(name, proxy)
    with Publisher("https://www.cms.gov/x", LIMITS) as publisher, pytest.raises(PublisherError) as error:
        publisher.links(NAME)
    assert SECRET not in told(error.value) + caplog.text


def test_no_error_holds_the_password_that_a_proxy_refuses(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    monkeypatch.setenv("HTTPS_PROXY", server.url.replace("//", f"//user:{SECRET}@"))
    monkeypatch.setattr(Handler, "do_CONNECT", fake_publisher.status(407), raising=False)
    with Publisher("https://www.cms.gov/x", LIMITS) as publisher, pytest.raises(PublisherError, match="407") as error:
        publisher.links(NAME)
    assert SECRET not in told(error.value) + caplog.text


@pytest.mark.parametrize(
    "index",
    [
        f"https://user:{SECRET}@127.0.0.1:9/x?token={SECRET}",
        f"https://user:{SECRET}@127.0.0.1:{SECRET}/",
        f"https://user:{SECRET}/x@127.0.0.1:9/",
        f"https://user:[{SECRET}@127.0.0.1:9/",
        f"https://user:{SECRET}\x01@127.0.0.1:9/",
        f"https://user:{SECRET}@ⅰ\u0301.\ud800/",
        f"http://user:{SECRET}@mirror.example/",
        f"ftp://user:{SECRET}@127.0.0.1/",
        f"https://user:{SECRET}@/",
        f"https://user:{SECRET}@{'a' * 70_000}/",
    ],
)
def test_no_error_holds_the_password_of_an_address(
    no_proxy: None, caplog: pytest.LogCaptureFixture, index: str
) -> None:
    caplog.set_level(logging.DEBUG)
    with pytest.raises(PublisherError) as error, Publisher(index, LIMITS) as publisher:
        publisher.links(NAME)
    assert SECRET not in told(error.value).replace(index, "") + caplog.text


def test_nothing_of_an_address_but_its_place_is_logged(server: Server, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    server.faults[PAGE] = [fake_publisher.redirect(f"{PAGE}?token={SECRET}")]
    index = server.index.replace("//", f"//user:{SECRET}@") + f"?token={SECRET}"
    with Publisher(index, LIMITS) as publisher:
        publisher.download(link(publisher))
    assert len(server.requests) == 3
    assert SECRET not in caplog.text


# ---------------------------------------------------------------- names, and pages that mean no good


@pytest.mark.parametrize(
    ("address", "name"),
    [
        ("/x/..%2f..%2fetc%2fhcpcs-2025.zip", "hcpcs-2025.zip"),
        ("/x/..%5c..%5chcpcs-2025.zip", "hcpcs-2025.zip"),
        ("/x/hcpcs-2025%00%0a%1b[2J.zip", "hcpcs-2025___[2J.zip".replace("[", "_")),
        ("/x/hcpcs-2025;$(rm -rf ~)`id`.zip", "hcpcs-2025__(rm -rf _)_id_.zip"),
        ("/x/hcpcs-2025\u202egpj.zip", "hcpcs-2025_gpj.zip"),
        ("/x/hcpcs-2025%ed%a0%80.zip", None),
        ("/x/" + "é" * 300 + "-hcpcs-2025-alpha-numeric.zip", "_" * 71 + "-hcpcs-2025-alpha-numeric.zip"),
    ],
)
def test_a_files_name_is_fit_to_be_one(server: Server, tmp_path: Path, address: str, name: str | None) -> None:
    server.files[PAGE] = page_of({address: "Alpha-Numeric HCPCS File"})
    with Publisher(server.index, LIMITS) as publisher:
        found = link(publisher)
        if name is not None:
            assert found.name == name
        (tmp_path / found.name).write_bytes(ZIP)
    assert [path.name for path in tmp_path.iterdir()] == [found.name]


def test_the_name_that_a_server_gives_a_file_is_not_used(server: Server) -> None:
    headers = {"Content-Disposition": 'attachment; filename="../../../etc/cron.d/x"'}
    server.faults[ZIP_PATH] = [lambda handler: handler.answer(200, ZIP, headers)]
    with Publisher(server.index, LIMITS) as publisher:
        found = link(publisher)
        assert publisher.download(found) == ZIP
        assert found.name == NAME


HOSTILE = {
    "unclosed tags": "<a ",
    "unclosed quotes": "<a href='",
    "nested quotes": "<a href=\"<a href='",
    "unclosed comments": "<!--",
    "marked sections": "<![",
    "declarations": "<!x [",
    "instructions": "<?",
    "scripts": "<script>",
    "ends": "</a",
    "references": "&#9",
    "a long number": "9",
    "words in pieces": "x<b>",
    "blanks": " ",
    "attributes": "<a x=1 " + "y=2 " * 9,
    "NUL": "\0<\0",
    "less than": "<",
}


@pytest.mark.parametrize("before", ["", f'<a href="{NAME}">', "<a href=&#", f"<a href={NAME}>&#"])
@pytest.mark.parametrize("piece", HOSTILE.values(), ids=HOSTILE)
def test_no_page_takes_longer_than_its_length(tmp_path: Path, piece: str, before: str) -> None:
    (page := tmp_path / "page.html").write_text(before + piece * (500_000 // len(piece)), encoding="utf-8")
    with Publisher(str(page)) as publisher:
        names: set[str] = set()
        with suppress(PublisherError):
            names = {found.name for found in publisher.links(NAME)}
        assert names <= {NAME}


def test_a_page_of_too_many_links_is_no_page_of_releases(server: Server) -> None:
    server.files[PAGE] = b"".join(b"<a href=hcpcs-2025-%d.zip>" % number for number in range(10_001))
    with Publisher(server.index, LIMITS) as publisher, pytest.raises(PublisherError, match="a page of 10,001 links"):
        publisher.links(NAME)


@pytest.mark.parametrize(
    ("page", "address"),
    [
        (f"<A CLASS=x HREF = '{NAME}' >", NAME),
        (f'<a title="a > b" href={NAME}>x</a>', NAME),
        (f"<a title=it's href={NAME}>x</a>", NAME),
        (f'<a\nhref=\n"{NAME}"\n>x</a>', NAME),
        (f"<a href='{NAME}' href=other.zip>x</a>", NAME),
        (f"<a href={NAME}/>x", f"{NAME}/"),
        (f"<a/href={NAME}>x", NAME),
        (f"<!-- <a href=no-hcpcs.zip> --><a href={NAME}>", NAME),
        (f"<script>'<a href=no.zip>'</script><style>a</style><a href={NAME}>", NAME),
        (f"<a href='{NAME}?a=1&amp;b=2'>", f"{NAME}?a=1&b=2"),
        (f"<a data-href=other.zip title=' href=other.zip' href={NAME}>", NAME),
        (f"<area href=other.zip><abbr href=other.zip><a href={NAME}>", NAME),
    ],
)
def test_links_are_found_as_a_browser_finds_them(tmp_path: Path, page: str, address: str) -> None:
    (file := tmp_path / "page.html").write_text(page, encoding="utf-8")
    with Publisher(str(file)) as publisher:
        assert [str(found.target) for found in publisher.links(NAME)] == [str(httpx.URL(INDEX).join(address))]


def test_the_words_of_a_link_are_those_up_to_its_end(tmp_path: Path) -> None:
    (file := tmp_path / "page.html").write_text(
        "no <a href=x.zip>Alpha-<b>Numeric</b> HCPCS &amp; File</a> no <a name=y>no</a> <a href=z.zip>HCPCS 2025 alpha "
        "numeric<p>2025</a>no",
        encoding="utf-8",
    )
    with Publisher(str(file)) as publisher:
        assert [found.words for found in publisher.links(NAME)] == [
            "Alpha-Numeric HCPCS & File",
            "HCPCS 2025 alpha numeric2025",
        ]
