"""The publisher's page and the files that it links: the one room that uses the network.

CMS lists its releases on a page, as links to zips. A link may be relative, lead through a licence page
(`/apps/ama/license.asp?file=/files/zip/…`) or to a page of its own for a release; beside the releases stand
corrections and other zips. What of all this may change stands in the constants below. Instead of CMS's page, a mirror's
may be read, a page saved as a file, or a folder of zips.

Only https is spoken, with certificates checked, and only to the publisher's own hosts; plain http to this machine
alone. No cookie is kept, no password but that of the page's address is sent, and that to its own host alone. Nothing is
written: what is downloaded is returned once it is whole.
"""

from __future__ import annotations

import html
import io
import logging
import re
import socket
import ssl
import zipfile
import zlib
from calendar import month_name
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from http.cookiejar import CookieJar, DefaultCookiePolicy
from pathlib import Path
from threading import TIMEOUT_MAX, Timer
from typing import Any, Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
import tenacity

from tracker import __version__
from tracker.errors import PublisherError
from tracker.formats.decoding import decode
from tracker.formats.unzip import DAMAGED, base_name
from tracker.limits import (
    DOWNLOAD_SECONDS,
    DOWNLOAD_SIZE,
    MEMBERS,
    PAGE_SIZE,
    RETRY_SECONDS,
    SILENCE_SECONDS,
    UNPACKED_SIZE,
    Limit,
)

T = TypeVar("T")

INDEX: Final = "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system/quarterly-update"
DOMAIN: Final = "cms.gov"
"""Links and redirects of CMS's page may lead to any host of it; those of another page only to that page's host. Either
way, to no other port than the page's own or the usual one."""
_FILE: Final = "{month}-{year}-alpha-numeric-hcpcs-file.zip"
_PAGE: Final = re.compile(r"alpha[\W_]*numeric", re.IGNORECASE)
_RELEASE: Final = re.compile(rf"{_PAGE.pattern}|anweb|^hcpcs?[\W_]*\d", re.IGNORECASE)
_NO_RELEASE: Final = re.compile(
    r"correction|trans(?:action|[\W_])|layout|noc[\W_]|crosswalk|index|table[\W_]of|notes", re.IGNORECASE
)
"""In the name of a zip, else in the words of its link: it is a release, or stands beside one."""

_HOST: Final = re.compile(r"[\w.:-]+", re.ASCII)
_LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
"""This machine: spoken to without encryption, and therefore past any proxy."""
_REDIRECTS: Final = 5
"""CMS needs one; browsers stop at twenty."""
_TAIL: Final = 64 * 1024
"""Bytes from a zip's end in which its list of members is looked for. CMS's need 1,000, and 22 at least are the end."""
_LINKS: Final = 10_000
"""Links of a page; CMS's has 300."""
_ADDRESS: Final = 2_000
"""Characters of a link's address; servers take no longer ones."""
_WORDS: Final = 300
"""Characters of a link's words, and of what the network says went wrong; more is no sentence."""
_NAME: Final = 100
"""Characters of a file's name; systems take 255 bytes."""
_PIECE: Final = 64 * 1024
"""Bytes that are unpacked at once of what comes packed: a thousandth of it could have been sent."""
_HTML: Final = "a web page came instead of the zip, perhaps a licence to accept"
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server that may be another one in a moment."""

# Each alternative takes all that it has looked at, to the end of the page if nothing closes it, so that the time goes
# with the length of a page: Python's own parser needs minutes for 100 KB of "<a ", and fails at "<![". The last two are
# a tag, in which a quote counts only behind a "=", and what stands between tags.
_TOKEN: Final = re.compile(
    r"""<!--(?:[^-]++|-(?!->))*+
    |<(script|style)\b(?:[^<]++|<(?!/\1\b))*+
    |<(?P<tag>/?[a-z][^\s/>]*+)(?P<attributes>(?:[^>=]++|=\s*+(?:"[^"]*+"?|'[^']*+'?)?)*+)
    |>?(?P<text>[^<]++)""",
    re.IGNORECASE | re.VERBOSE,
)
_ATTRIBUTE: Final = re.compile(r"""([^\s=/>]++)(?:\s*+=\s*+(?:"([^"]*+)|'([^']*+)|([^\s>"']++)))?""")


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked for, and for how long; the reasons stand in `tracker.limits`.

    `size`: bytes of a zip. `page`: bytes of a page. `seconds`: for a page or file, all attempts together. `silence`:
    seconds without a word from the server. `attempts`, `wait`: how often, and how long before the second one; the waits
    double. `longest`: a server that asks for a longer wait is not waited for.
    """

    size: int = field(default_factory=lambda: DOWNLOAD_SIZE.value)
    page: int = field(default_factory=lambda: PAGE_SIZE.value)
    seconds: float = field(default_factory=lambda: DOWNLOAD_SECONDS.value)
    silence: float = field(default_factory=lambda: SILENCE_SECONDS.value)
    attempts: int = 4
    wait: float = 1
    longest: float = field(default_factory=lambda: RETRY_SECONDS.value)


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a zip, or to a page that may link one: where it leads, and its words."""

    target: httpx.URL | Path
    words: str = ""

    @property
    def name(self) -> str:
        """The base name of what it leads to, fit to be a file's."""
        path = self.target.name if isinstance(self.target, Path) else base_name(self.target.path.rstrip("/"))
        return re.sub(r"[^\w.() -]", "_", path, flags=re.ASCII)[-_NAME:]

    @property
    def is_zip(self) -> bool:
        """Whether it leads to a zip, by its name."""
        return self.name.lower().endswith(".zip")

    @property
    def address(self) -> str:
        """The address as it is shown and kept: without user, password and query; empty for a file of this machine."""
        return "" if isinstance(self.target, Path) else _shown(self.target)

    @property
    def place(self) -> str:
        """Where it is, for messages."""
        return self.address or str(self.target)


@dataclass(frozen=True, slots=True)
class Glimpse:
    """What can be told of a zip without downloading it: its size, and its members' names; None where it cannot."""

    size: int | None
    members: tuple[str, ...] | None


Told = Callable[[int, int | None], None]
"""Is told how many bytes have come, and of how many if that is known."""


class _PassingError(Exception):
    """Something that may be gone in a moment; `after` are the seconds that the server asked to wait."""

    def __init__(self, what: str, after: float = 0) -> None:
        super().__init__(what)
        self.after = after


class _Deadline:
    """The end of an exchange with a server, kept whatever the server does.

    The library's timeouts are for the silence between two pieces of an answer: a server that sends a byte of a header
    now and then meets none of them. So a timer shuts the connections, and whoever waits for one of them is told.

    Args:
        seconds: how long the exchange may take.
        connections: the open ones; one that is opened later is given to `hold`.
    """

    def __init__(self, seconds: float, connections: list[socket.socket]) -> None:
        self.passed = False
        self._connections = connections
        self._timer = Timer(min(seconds, TIMEOUT_MAX), self._pass)
        self._timer.daemon = True

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def hold(self, connection: socket.socket) -> None:
        """Let a new connection end with the others."""
        self._connections.append(connection)
        if self.passed:
            self._shut(connection)

    def _pass(self) -> None:
        self.passed = True
        for connection in [*self._connections]:
            self._shut(connection)

    @staticmethod
    def _shut(connection: socket.socket) -> None:
        with suppress(OSError):  # it is closed already
            socket.socket.shutdown(connection, socket.SHUT_RDWR)  # past TLS, whose good-bye could block


class Publisher:
    """A page of releases, and what it links. Use it in a `with`.

    Args:
        index: the page's address; or a page, or a folder of zips, on this machine.
        limits: how much, and how long.

    Raises:
        PublisherError: the address is none. So do all methods, if a page or file cannot be read; the sentence
            says what to do by hand.
    """

    def __init__(self, index: str = INDEX, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._auth: httpx.BasicAuth | None = None
        self._page = httpx.URL(INDEX)
        self._folder: Path | None = None
        self._connections: list[socket.socket] = []
        self._deadline = _Deadline(0, self._connections)
        self._asked = ""
        understood = True
        try:
            if re.match("[a-z]+://", index, re.IGNORECASE):
                page = httpx.URL(index)
                self._auth = httpx.BasicAuth(page.username, page.password) if page.userinfo else None
                self._page = page.copy_with(userinfo=b"")
            else:
                self._folder = Path(index).expanduser()
        except (httpx.InvalidURL, RuntimeError, UnicodeError):
            understood = False
        if not understood:  # outside of the except, because the error's text may hold a piece of a password
            raise PublisherError("--index names no page: write https://HOST/PATH, or a file or folder")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        for library in ("httpx", "httpcore"):  # they would log whole addresses, queries too
            logging.getLogger(library).setLevel(logging.WARNING)
        # Of pages, gzip is what every server knows, and what can be unpacked bit by bit.
        headers = {"User-Agent": f"tracker/{__version__}", "Accept-Encoding": "gzip"}
        no_cookies = CookieJar(DefaultCookiePolicy(allowed_domains=[]))
        direct = {f"all://[{host}]" if ":" in host else f"all://{host}": None for host in _LOOPBACK}
        client = None
        with suppress(httpx.InvalidURL, ImportError, OSError, ValueError):
            client = httpx.Client(headers=headers, cookies=no_cookies, timeout=self._limits.silence, mounts=direct)
        if client is None:  # not "from error", because its text may hold the proxy's password
            raise PublisherError(
                "the proxy or the certificates that this system names cannot be used: look at HTTPS_PROXY, ALL_PROXY, "
                "SSL_CERT_FILE and SSL_CERT_DIR"
            )
        return client

    @property
    def index(self) -> str:
        """The page or folder, as it is shown."""
        return str(self._folder or _shown(self._page))

    def links(self, wanted: str) -> list[Link]:
        """Return the page's links to zips of releases, and to pages of releases, in its order.

        Args:
            wanted: the name of the file that is looked for, for the sentence that says what to do by hand.
        """
        links = self._on_disk(self._folder) if self._folder else self._on_page(*self._read_page(self._page, wanted))
        found = [link for link in links if _is_release(link)]
        if not found and self._folder and self._folder.is_dir():
            what = (
                "there is no zip of a release in it (folders in it are not searched; tracker import takes other files)"
            )
            raise self._failed(self.index, what, wanted)
        if not found:
            raise self._failed(self.index, "there is no link to a release in it", wanted)
        return found

    def linked(self, page: Link, wanted: str) -> list[Link]:
        """Return the links to zips of releases on a page that the index links."""
        links = self._on_page(*self._read_page(httpx.URL(page.address), wanted))
        found = [link for link in links if link.is_zip and _is_release(link)]
        if not found:
            raise self._failed(page.address, "there is no link to a release in it", wanted)
        return found

    def download(self, link: Link, told: Told = lambda _come, _all: None) -> bytes:
        """Return the content of a zip, whole: all that the server announced, and every member as it was packed.

        A transfer that breaks is taken up where it broke, if the server can and the file is still the same.
        """
        if isinstance(link.target, Path):
            data = self._read_file(link.target)
        else:
            data = self._transfer(link.target, link.name, told)
        if _is_html(data):
            raise self._failed(link.place, _HTML, link.name)
        if (damage := _damage(data)) is not None:
            raise self._failed(link.place, f"this is no whole zip ({damage})", link.name)
        return data

    def look(self, link: Link) -> Glimpse:
        """Return what a zip's end tells: the list of its members stands there."""
        if isinstance(link.target, Path):
            data = self._read_file(link.target)
            return self._glimpse(link, len(data), data)
        url = link.target

        def attempt() -> Glimpse:
            headers = {"Range": f"bytes=-{_TAIL}", "Accept-Encoding": "identity"}
            with self._open(url, link.name, headers) as response:
                if "html" in response.headers.get("Content-Type", ""):
                    raise self._failed(link.place, _HTML, link.name)
                if response.status_code == httpx.codes.PARTIAL_CONTENT:
                    size = _range(response)[1]
                    if size is None or size > self._limits.size:
                        return Glimpse(size, None)
                    tail = b"".join(self._chunks(response, link.name, _TAIL, DOWNLOAD_SIZE))
                    return self._glimpse(link, size, tail.rjust(size, b"\0"))
                return Glimpse(_length(response), None)

        return self._persist(attempt, link.name)

    def _glimpse(self, link: Link, size: int, data: bytes) -> Glimpse:
        try:
            with zipfile.ZipFile(io.BytesIO(data)) as bundle:
                return Glimpse(size, tuple(bundle.namelist()))
        except DAMAGED as error:
            raise self._failed(link.place, f"this is no whole zip ({error})", link.name) from error

    # ------------------------------------------------------------ pages

    def _on_disk(self, path: Path) -> list[Link]:
        try:
            if path.is_dir():
                return [link for file in sorted(path.iterdir()) if file.is_file() and (link := Link(file)).is_zip]
            if path.exists() and not path.is_file():
                raise PublisherError(f"{path} is a device or a pipe: --index names a page or a folder of zips")
            if path.stat().st_size > self._limits.page:
                raise PublisherError(f"{path}: more than a page has: name a page or a folder of zips")
            return list(self._on_page(path.read_bytes(), self._page, path.parent))
        except OSError as error:
            raise PublisherError(f"{path}: {error.strerror}: --index names a page or a folder of zips") from error

    def _on_page(self, data: bytes, url: httpx.URL, folder: Path | None = None) -> Iterator[Link]:
        """Yield a page's links, each target once; those of a page in a folder to zips in it lead there."""
        base, found = _links(decode(data))
        if len(found) > _LINKS:
            raise PublisherError(f"{_shown(url)}: a page of {len(found):,} links is no page of releases")
        seen = set()
        for address, words in found:
            try:
                link = Link(_beside(folder, address) or self._target(url, base, address), words)
            except (httpx.InvalidURL, ValueError, OSError):  # the last: a name that is too long for a file's
                continue
            if (isinstance(link.target, Path) or self._is_ours(link.target)) and link.target not in seen:
                seen.add(link.target)
                yield link

    def _target(self, url: httpx.URL, base: str, address: str) -> httpx.URL:
        """Return where a link leads, past a licence page that names the zip."""
        page = url.join(base)
        target = page.join(address)
        zips = (value for _, value in target.params.multi_items() if value.lower().endswith(".zip"))
        target = page.join(next(zips, address)).copy_with(fragment=None, userinfo=b"")
        return target if _host(target) in _LOOPBACK or target.scheme != "http" else target.copy_with(scheme="https")

    def _read_page(self, url: httpx.URL, wanted: str) -> tuple[bytes, httpx.URL]:
        def attempt() -> tuple[bytes, httpx.URL]:
            with self._open(url, wanted, {}) as response:
                return b"".join(self._chunks(response, wanted, self._limits.page, PAGE_SIZE)), response.url

        return self._persist(attempt, wanted)

    # ------------------------------------------------------------ files

    def _read_file(self, path: Path) -> bytes:
        try:
            if path.stat().st_size > self._limits.size:
                raise PublisherError(f"{path}: {path.stat().st_size:,} bytes are more than any release has")
            return path.read_bytes()
        except OSError as error:
            raise PublisherError(f"{path}: {error.strerror}") from error

    def _transfer(self, url: httpx.URL, name: str, told: Told) -> bytes:
        come, validator = bytearray(), ""

        def attempt() -> bytes:
            nonlocal validator
            headers = {"Accept-Encoding": "identity"}
            if come and validator:
                headers |= {"Range": f"bytes={len(come)}-", "If-Range": validator}
            with self._open(url, name, headers) as response:
                partial = response.status_code == httpx.codes.PARTIAL_CONTENT
                begin, size = _range(response) if partial else (0, _length(response))
                if not partial:
                    come.clear()
                elif begin != len(come):
                    come.clear()
                    raise _PassingError("sends another part of the file than was asked for")
                validator = _validator(response)
                for chunk in self._chunks(response, name, self._limits.size, DOWNLOAD_SIZE, len(come)):
                    come.extend(chunk)
                    told(len(come), size)
            if (partial or size is None) and not _is_html(come) and (damage := _damage(bytes(come))) is not None:
                come.clear()
                raise _PassingError(f"sends a zip that is not whole ({damage})")
            return bytes(come)

        return self._persist(attempt, name)

    def _chunks(
        self, response: httpx.Response, name: str, limit: int, lifted_by: Limit, come: int = 0
    ) -> Iterator[bytes]:
        """Yield a body as it comes, unpacked, as long as it keeps to the limit of its size."""
        too_long = f"is longer than {limit:,} bytes, which no release is ({lifted_by.variable} lifts the limit)"
        if come + (_length(response) or 0) > limit:
            raise self._failed(_shown(response.url), too_long, name)
        packed = response.headers.get("Content-Encoding", "identity").strip().lower()
        if packed not in ("identity", "gzip"):
            raise self._failed(_shown(response.url), "comes packed in a way that was not asked for", name)
        for chunk in response.iter_raw() if packed == "identity" else _unpacked(response.iter_raw()):
            come += len(chunk)
            if come > limit:
                raise self._failed(_shown(response.url), too_long, name)
            yield chunk

    # ------------------------------------------------------------ the network

    @contextmanager
    def _open(self, url: httpx.URL, name: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Open an address, following redirects within the publisher's domain."""
        told = {"trace": self._trace}
        for _ in range(_REDIRECTS + 1):
            self._require_allowed(url, name)
            # The user's password is for the host that it was written for, and for no other.
            auth = self._auth if _origin(url) == _origin(self._page) else None
            self._asked = _host(url)
            with self._client.stream("GET", url, headers=headers, auth=auth, extensions=told) as response:
                if response.next_request is None:
                    self._require_good(response, name)
                    yield response
                    return
                url = response.next_request.url.copy_with(userinfo=b"")
        raise self._failed(_shown(url), f"redirects more than {_REDIRECTS} times", name)

    def _trace(self, _event: str, told: Mapping[str, Any]) -> None:
        """Learn of each connection that the library opens."""
        asked = getattr(told.get("return_value"), "get_extra_info", None)  # a stream has it
        if asked is not None:
            self._deadline.hold(asked("socket"))

    def _require_allowed(self, url: httpx.URL, name: str) -> None:
        if not _HOST.fullmatch(_host(url)):
            raise self._failed(self.index, "is no address, or leads to none", name)
        if not self._is_ours(url):
            where = url.netloc.decode("ascii")
            raise self._failed(self.index, f"leads to {where}, away from {self._own}", name)
        if url.scheme != "https" and not (url.scheme == "http" and _host(url) in _LOOPBACK):
            raise self._failed(_shown(url), "is not https, and nothing else is trusted", name)

    @property
    def _own(self) -> str:
        """The domain, or the one host, that links and redirects may lead to."""
        host = _host(self._page)
        return DOMAIN if _within(host, DOMAIN) else host

    def _is_ours(self, url: httpx.URL) -> bool:
        known = _within(_host(url), DOMAIN) if self._own == DOMAIN else _host(url) == self._own
        return known and url.port in (None, self._page.port)

    def _require_good(self, response: httpx.Response, name: str) -> None:
        status = response.status_code
        answer = f"answers {status} {httpx.codes.get_reason_phrase(status)}".strip()
        if status in _PASSING:
            after = _seconds(response.headers.get("Retry-After", ""))
            if after > self._limits.longest:
                raise self._failed(_shown(response.url), f"{answer}, to come back in {after:,.0f} seconds", name)
            raise _PassingError(answer, after)
        if status not in (httpx.codes.OK, httpx.codes.PARTIAL_CONTENT):
            raise self._failed(_shown(response.url), answer, name)

    def _persist(self, attempt: Callable[[], T], name: str) -> T:
        """Try until it works, the server says no, or there is no attempt or time left."""
        limits = self._limits
        backoff = tenacity.wait_exponential(limits.wait, limits.longest) + tenacity.wait_random(0, limits.wait)

        def wait(state: tenacity.RetryCallState) -> float:
            error = state.outcome.exception() if state.outcome else None
            return max(backoff(state), error.after if isinstance(error, _PassingError) else 0)

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception(_passes),
            stop=tenacity.stop_after_attempt(limits.attempts) | tenacity.stop_before_delay(limits.seconds),
            wait=wait,
            reraise=True,
        )
        self._deadline = _Deadline(limits.seconds, self._connections)
        failure: Exception | None = None
        with self._deadline:
            try:
                result = retrying(attempt)
            # The last three: of an address that a redirect names, or of a host or port, that is none.
            except (_PassingError, httpx.RequestError, httpx.InvalidURL, OverflowError, UnicodeError) as error:
                failure = error
        if self._deadline.passed:  # also where it broke an answer off that looks whole
            too_slow = f"took longer than {limits.seconds:g} seconds ({DOWNLOAD_SECONDS.variable} lifts the limit)"
            raise self._failed(self._asked, too_slow, name) from failure
        if failure is not None:
            raise self._failed(self._asked, _words(failure), name) from failure
        return result

    def _failed(self, where: str, what: str, name: str) -> PublisherError:
        """Return the error that says what happened, and what to do by hand."""
        return PublisherError(
            f"{where}: {what}; by hand: open {_shown(self._page)} in a browser, download {name}, and run: "
            f"tracker import {name}"
        )


def file_name(year: int | None = None, month: int = 1) -> str:
    """Return the name that CMS gives the zip of a release, of which year and month are known or not."""
    return _FILE.format(month=month_name[month].lower() if year else "MONTH", year=year or "YEAR")


def _links(page: str) -> tuple[str, list[tuple[str, str]]]:
    """Return what a page's addresses are relative to, and its links in its order: address and words."""
    base, found, inside = "", list[tuple[str, list[str]]](), False
    for token in _TOKEN.finditer(page):
        tag = (token["tag"] or "").lower()
        if inside and token["text"]:
            found[-1][1].append(token["text"])
        elif tag == "/a":
            inside = False
        elif tag in ("a", "base"):
            address = _href(token["attributes"])
            if tag == "base":
                base = address
            elif inside := bool(address):
                found.append((address, []))
    return base, [(address, html.unescape("".join(words)[:_WORDS])) for address, words in found]


def _href(attributes: str) -> str:
    """Return where a tag leads; "" if nowhere, or if the address is longer than any is."""
    for match in _ATTRIBUTE.finditer(attributes):
        name, *values = match.groups(default="")
        if name.lower() == "href":
            address = "".join(values)
            return html.unescape(address).strip() if len(address) <= _ADDRESS else ""
    return ""


def _is_release(link: Link) -> bool:
    """Whether a link leads to a release, or to a page of one: by the name of its target, else by its words."""
    pattern = _RELEASE if link.is_zip else _PAGE
    telling = next(filter(pattern.search, (link.name, link.words)), None)
    return telling is not None and not _NO_RELEASE.search(telling)


def _beside(folder: Path | None, address: str) -> Path | None:
    """Return the zip that a relative link of a page in a folder leads to, if it lies there."""
    link = urlsplit(address)
    if folder is None or link.scheme or link.netloc or link.path.startswith("/"):
        return None  # a saved page's /files/zip/… is the publisher's, and no file that happens to have its name
    path = folder / unquote(link.path)
    return path if path.suffix.lower() == ".zip" and path.is_file() else None


def _passes(error: BaseException) -> bool:
    """Whether it is worth another attempt. A certificate that is not trusted now will not be in a second."""
    if isinstance(error, httpx.RequestError):
        return _distrust(error) is None and not isinstance(error, httpx.UnsupportedProtocol)
    return isinstance(error, _PassingError)


def _distrust(error: BaseException | None) -> str | None:
    """Return why a certificate is not trusted, if that is the cause of an error."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return error.verify_message
        error = error.__cause__ or error.__context__
    return None


def _words(failure: Exception) -> str:
    """Say why there is no answer."""
    if isinstance(failure, _PassingError):
        return str(failure)
    distrust = _distrust(failure)
    if distrust is not None:
        return (
            f"shows a certificate that is not trusted ({distrust.rstrip('.')}); if your own network's proxy does, name "
            "its certificate in SSL_CERT_FILE"
        )
    return f"cannot be reached or breaks off ({(str(failure) or type(failure).__name__)[:_WORDS]})"


def _shown(url: httpx.URL) -> str:
    """Return an address without what may be secret: user, password, query."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _host(url: httpx.URL) -> str:
    """Return the host as it is asked for: the same letters, whatever alphabet it was written in."""
    return url.raw_host.decode("ascii")


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, _host(url), url.port


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _length(response: httpx.Response) -> int | None:
    """Return how many bytes the body will have, unpacked, if the server says so."""
    length = response.headers.get("Content-Length", "")
    return int(length) if re.fullmatch(r"\d{1,18}", length) and "Content-Encoding" not in response.headers else None


def _range(response: httpx.Response) -> tuple[int | None, int | None]:
    """Return where a part begins, and how long the whole is."""
    match = re.fullmatch(r"bytes (\d{1,18})-\d{1,18}/(\d{1,18}|\*)", response.headers.get("Content-Range", ""))
    if match is None:
        return None, None
    return int(match[1]), int(match[2]) if match[2] != "*" else None


def _validator(response: httpx.Response) -> str:
    """Return by what the server knows this very file again, so that a part of it can be asked for; else ""."""
    tag = response.headers.get("ETag", "")
    if "Content-Encoding" in response.headers or tag.startswith("W/"):
        return ""
    return str(tag or response.headers.get("Last-Modified", ""))


def _seconds(retry_after: str) -> float:
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        return max(0, (parsedate_to_datetime(retry_after) - datetime.now(UTC)).total_seconds())
    except (TypeError, ValueError, OverflowError):
        return 0


def _unpacked(packed: Iterator[bytes]) -> Iterator[bytes]:
    """Yield what gzip packed, a piece at a time: a bomb goes off in small pieces, and is noticed."""
    unpacker = zlib.decompressobj(wbits=31)
    try:
        for chunk in packed:
            rest = chunk
            while rest and not unpacker.eof:
                yield unpacker.decompress(rest, _PIECE)
                rest = unpacker.unconsumed_tail
    except zlib.error as error:
        raise _PassingError("sends what cannot be unpacked") from error


def _is_html(data: bytes | bytearray) -> bool:
    return data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _damage(data: bytes) -> str | None:
    """Say what is wrong with a zip, every member being read; None if nothing is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            members = bundle.infolist()
            if len(members) > MEMBERS.value or sum(member.file_size for member in members) > UNPACKED_SIZE.value:
                return "it would unpack to more than any release has"
            if any(member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for member in members):
                return "it is packed as no release is"  # and Python cannot unpack that bit by bit
            for member in members:
                if not member.flag_bits & 1:  # of what is protected, import says so
                    with bundle.open(member) as file:
                        while file.read(1024 * 1024):
                            pass
    except DAMAGED as error:
        return str(error)
    return None
