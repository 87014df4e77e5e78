"""The publisher's page and the files that it links: the one room that uses the network.

CMS lists its releases on a page, as links to zips. A link may be relative, lead through a licence page
(`/apps/ama/license.asp?file=/files/zip/…`) or to a page of its own for a release; beside the releases stand
corrections and other zips. What of all this may change stands in the constants below. Instead of CMS's page, a mirror's
may be read, a page saved as a file, or a folder of zips.

Only https is spoken, with certificates checked, and only to the publisher's own hosts; plain http to this machine
alone. Nothing is written: what is downloaded is returned once it is whole.
"""

from __future__ import annotations

import io
import re
import time
import zipfile
from calendar import month_name
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from html.parser import HTMLParser
from ipaddress import ip_address
from pathlib import Path
from typing import Final, Self, TypeVar
from urllib.parse import unquote, urlsplit

import httpx
import tenacity

from tracker import __version__
from tracker.errors import PublisherError
from tracker.formats.decoding import decode
from tracker.formats.unzip import DAMAGED, SIZE, base_name

T = TypeVar("T")

INDEX: Final = "https://www.cms.gov/medicare/coding-billing/healthcare-common-procedure-system/quarterly-update"
DOMAIN: Final = "cms.gov"
"""Links and redirects of CMS's page may lead to any host of it; those of another page only to that page's host."""
_FILE: Final = "{month}-{year}-alpha-numeric-hcpcs-file.zip"
_PAGE: Final = re.compile(r"alpha[\W_]*numeric", re.IGNORECASE)
_RELEASE: Final = re.compile(rf"{_PAGE.pattern}|anweb|^hcpcs?[\W_]*\d", re.IGNORECASE)
_NO_RELEASE: Final = re.compile(
    r"correction|trans(?:action|[\W_])|layout|noc[\W_]|crosswalk|index|table[\W_]of|notes", re.IGNORECASE
)
"""In the name of a zip, else in the words of its link: it is a release, or stands beside one."""

_HOST: Final = re.compile(r"[\w.:-]+")
_REDIRECTS: Final = 5
"""CMS needs one; browsers stop at twenty."""
_TAIL: Final = 64 * 1024
"""Bytes from a zip's end in which its list of members is looked for. CMS's need 1,000, and 22 at least are the end."""
_HTML: Final = "a web page came instead of the zip, perhaps a licence to accept"
_PASSING: Final = frozenset({408, 425, 429, 500, 502, 503, 504})
"""Answers of a server that may be another one in a moment."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How much is asked for, and for how long.

    `size`: bytes of a zip; CMS's largest has 3 million. `page`: bytes of a page; CMS's has 0.2 million. `seconds`: for
    a page or file, all attempts together; the largest takes a minute on a slow line. `silence`: seconds without a word
    from the server. `attempts`, `wait`: how often, and how long before the second one; the waits double. `longest`:
    a server that asks for a longer wait is not waited for.
    """

    size: int = 100 * 1024 * 1024
    page: int = 10 * 1024 * 1024
    seconds: float = 600
    silence: float = 30
    attempts: int = 4
    wait: float = 1
    longest: float = 60


@dataclass(frozen=True, slots=True)
class Link:
    """A link to a zip, or to a page that may link one: where it leads, and its words."""

    target: httpx.URL | Path
    words: str = ""

    @property
    def name(self) -> str:
        """The base name of what it leads to, fit to be a file's."""
        path = self.target.name if isinstance(self.target, Path) else base_name(self.target.path.rstrip("/"))
        return re.sub(r"[^\w.() -]", "_", path)[-100:]

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
        try:
            if re.match("[a-z]+://", index, re.IGNORECASE):
                page = httpx.URL(index)
                self._auth = httpx.BasicAuth(page.username, page.password) if page.userinfo else None
                self._page = page.copy_with(userinfo=b"")
            else:
                self._folder = Path(index).expanduser()
        except (httpx.InvalidURL, RuntimeError) as error:  # the text may hold a piece of a password
            raise PublisherError("--index names no page: write https://HOST/PATH, or a file or folder") from error
        self._domain = DOMAIN if _within(self._page.host, DOMAIN) else self._page.host

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if "_client" in self.__dict__:
            self._client.close()

    @cached_property
    def _client(self) -> httpx.Client:
        try:
            return httpx.Client(headers={"User-Agent": f"tracker/{__version__}"}, timeout=self._limits.silence)
        except (httpx.InvalidURL, ImportError, OSError, ValueError) as error:  # the text may hold a proxy's password
            raise PublisherError(
                "the proxy or the certificates that this system names cannot be used: look at HTTPS_PROXY, ALL_PROXY, "
                "SSL_CERT_FILE and SSL_CERT_DIR"
            ) from error

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
                    tail = b"".join(self._chunks(response, link.name, _TAIL, time.monotonic() + self._limits.seconds))
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
        parser = _Links()
        parser.feed(decode(data))
        parser.close()
        seen = set()
        for address, words in parser.found:
            try:
                link = Link(_beside(folder, address) or self._target(url, parser.base, address), words)
            except (httpx.InvalidURL, ValueError):
                continue
            ours = isinstance(link.target, Path) or _within(link.target.host, self._domain)
            if ours and link.target not in seen:
                seen.add(link.target)
                yield link

    def _target(self, url: httpx.URL, base: str, address: str) -> httpx.URL:
        """Return where a link leads, past a licence page that names the zip."""
        page = url.join(base)
        target = page.join(address)
        zips = (value for _, value in target.params.multi_items() if value.lower().endswith(".zip"))
        target = page.join(next(zips, address)).copy_with(fragment=None, userinfo=b"")
        return target if _is_loopback(target.host) or target.scheme != "http" else target.copy_with(scheme="https")

    def _read_page(self, url: httpx.URL, wanted: str) -> tuple[bytes, httpx.URL]:
        def attempt() -> tuple[bytes, httpx.URL]:
            with self._open(url, wanted, {}) as response:
                deadline = time.monotonic() + self._limits.seconds
                return b"".join(self._chunks(response, wanted, self._limits.page, deadline)), response.url

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
        deadline = time.monotonic() + self._limits.seconds

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
                for chunk in self._chunks(response, name, self._limits.size, deadline, len(come)):
                    come.extend(chunk)
                    told(len(come), size)
            if (partial or size is None) and not _is_html(come) and (damage := _damage(bytes(come))) is not None:
                come.clear()
                raise _PassingError(f"sends a zip that is not whole ({damage})")
            return bytes(come)

        return self._persist(attempt, name)

    def _chunks(
        self, response: httpx.Response, name: str, limit: int, deadline: float, come: int = 0
    ) -> Iterator[bytes]:
        """Yield a body as it comes, as long as it keeps to the limits of size and time."""
        too_long = f"is longer than {limit:,} bytes, which no release is"
        if come + (_length(response) or 0) > limit:
            raise self._failed(_shown(response.url), too_long, name)
        for chunk in response.iter_bytes():
            come += len(chunk)
            if come > limit:
                raise self._failed(_shown(response.url), too_long, name)
            if time.monotonic() > deadline:
                raise self._failed(_shown(response.url), f"took longer than {self._limits.seconds:g} seconds", name)
            yield chunk

    # ------------------------------------------------------------ the network

    @contextmanager
    def _open(self, url: httpx.URL, name: str, headers: Mapping[str, str]) -> Iterator[httpx.Response]:
        """Open an address, following redirects within the publisher's domain."""
        for _ in range(_REDIRECTS + 1):
            self._require_allowed(url, name)
            # The user's password is for the host that it was written for, and for no other.
            auth = self._auth if _origin(url) == _origin(self._page) else None
            with self._client.stream("GET", url, headers=headers, auth=auth) as response:
                if response.next_request is None:
                    self._require_good(response, name)
                    yield response
                    return
                url = response.next_request.url.copy_with(userinfo=b"")
        raise self._failed(_shown(url), f"redirects more than {_REDIRECTS} times", name)

    def _require_allowed(self, url: httpx.URL, name: str) -> None:
        if not _HOST.fullmatch(url.host):
            raise self._failed(self.index, "is no address, or leads to none", name)
        if not _within(url.host, self._domain):
            raise self._failed(self.index, f"leads to {url.host}, away from {self._domain}", name)
        if url.scheme != "https" and not (url.scheme == "http" and _is_loopback(url.host)):
            raise self._failed(_shown(url), "is not https, and nothing else is trusted", name)

    def _require_good(self, response: httpx.Response, name: str) -> None:
        status = response.status_code
        answer = f"answers {status} {response.reason_phrase}".strip()
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
        try:
            return retrying(attempt)
        except _PassingError as error:
            raise self._failed(self._page.host, str(error), name) from error
        # The last two: of a host or port that is none.
        except (httpx.RequestError, OverflowError, UnicodeError) as error:
            what = str(error) or type(error).__name__
            raise self._failed(self._page.host, f"cannot be reached or breaks off ({what})", name) from error

    def _failed(self, where: str, what: str, name: str) -> PublisherError:
        """Return the error that says what happened, and what to do by hand."""
        return PublisherError(
            f"{where}: {what}; by hand: open {_shown(self._page)} in a browser, download {name}, and run: "
            f"tracker import {name}"
        )


def file_name(year: int | None = None, month: int = 1) -> str:
    """Return the name that CMS gives the zip of a release, of which year and month are known or not."""
    return _FILE.format(month=month_name[month].lower() if year else "MONTH", year=year or "YEAR")


class _Links(HTMLParser):
    """The links of a page in its order: address and words; `base` is what its addresses are relative to."""

    def __init__(self) -> None:
        super().__init__()
        self.base = ""
        self.found: list[tuple[str, str]] = []
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        address = dict(attrs).get("href")
        if tag == "base":
            self.base = address or ""
        elif tag == "a":
            self._inside = bool(address)
            self.found += [(address.strip(), "")] if address else []

    def handle_data(self, data: str) -> None:
        if self._inside:
            address, words = self.found[-1]
            self.found[-1] = (address, words + data)

    def handle_endtag(self, tag: str) -> None:
        self._inside = self._inside and tag != "a"


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
        return "CERTIFICATE" not in str(error).upper() and not isinstance(error, httpx.UnsupportedProtocol)
    return isinstance(error, _PassingError)


def _shown(url: httpx.URL) -> str:
    """Return an address without what may be secret: user, password, query."""
    return str(url.copy_with(userinfo=b"", query=None, fragment=None))


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _length(response: httpx.Response) -> int | None:
    """Return how many bytes the body will have, unpacked, if the server says so."""
    length = response.headers.get("Content-Length", "")
    return int(length) if length.isdecimal() and "Content-Encoding" not in response.headers else None


def _range(response: httpx.Response) -> tuple[int | None, int | None]:
    """Return where a part begins, and how long the whole is."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", ""))
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
    except (TypeError, ValueError):
        return 0


def _is_html(data: bytes | bytearray) -> bool:
    return data[:256].lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<")


def _damage(data: bytes) -> str | None:
    """Say what is wrong with a zip, every member being read; None if nothing is."""
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as bundle:
            if sum(member.file_size for member in bundle.infolist()) > 4 * SIZE:
                return "it would unpack to more than any release has"
            for member in bundle.infolist():
                if not member.flag_bits & 1:  # of what is protected, import says so
                    with bundle.open(member) as file:
                        while file.read(1024 * 1024):
                            pass
    except DAMAGED as error:
        return str(error)
    return None
