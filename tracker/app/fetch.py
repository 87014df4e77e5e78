"""Releases from the publisher's page: what it offers, taking it in, and whether there is news of what is stored."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from enum import StrEnum
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from tracker.app.import_release import Imported, Options, import_path
from tracker.app.stored import Stored
from tracker.errors import ArchiveError, PublisherError, RefusedError, UnknownReleaseError
from tracker.formats.unzip import base_name
from tracker.hcpcs.labels import NameHints, effective_date, mark_order, name_hints, parse_label
from tracker.publisher import Glimpse, Link, Publisher, Told, file_name

LATEST: Final = "latest"

_DAY: Final = re.compile(r"(\d{1,2})[-/._](\d{1,2})[-/._]((?:19|20)\d\d)")
_SINCE: Final = re.compile(r"[\W_]*(?:updated?|posted|revised)(?![a-z])(.*)", re.IGNORECASE | re.DOTALL)
_NUMBER: Final = re.compile(r"-(\d)\.zip$", re.IGNORECASE)
_NOT_RECORDS: Final = re.compile(r"correction|trans", re.IGNORECASE)
_NEVER: Final = date.min


@dataclass(frozen=True, slots=True)
class Offer:
    """A release that the page offers, and the links to it, the newest issue first."""

    label: str
    links: tuple[Link, ...]


class State(StrEnum):
    """What is known of a release that was checked."""

    SAME = "same"
    REISSUED = "re-issued"
    NEW = "new"
    NOT_OFFERED = "not-offered"
    UNKNOWN = "unknown"
    FAILED = "not-checked"

    @property
    def is_news(self) -> bool:
        """Whether there is something to take in."""
        return self in (State.REISSUED, State.NEW)

    @property
    def words(self) -> str:
        """The state, as a reader is told."""
        return {
            "same": "nothing new",
            "not-offered": "not offered",
            "unknown": "cannot tell",
            "not-checked": "not checked",
        }.get(self, self.value)


@dataclass(frozen=True, slots=True)
class Checked:
    """What a check of one release found: `why` in words; what is stored of it, and what is offered."""

    label: str
    state: State
    why: str
    stored: str | None = None
    address: str | None = None
    size: int | None = None
    mark: str | None = None


@dataclass(frozen=True, slots=True)
class _Known:
    """A file of the publisher's whose content is stored. `size` is None where it was not the zip."""

    release: str
    size: int | None
    mark: str | None


def offers(publisher: Publisher, wanted: str = LATEST) -> dict[str, Offer]:
    """Return what the page offers by label, the oldest release first.

    Args:
        publisher: the page.
        wanted: the release that is looked for, if it is one: the sentence of an error names its file.
    """
    links: dict[str, list[Link]] = {}
    for link in publisher.links(_likely_name(wanted)):
        label = _label(link)
        if label is not None:
            links.setdefault(label, []).append(link)
    return {label: _offer(label, found) for label, found in sorted(links.items())}


def choose(
    publisher: Publisher, offered: Mapping[str, Offer], wanted: str | None = None, since: str | None = None
) -> list[Offer]:
    """Return the offers that are asked for: one label, `latest`, or all since a release.

    Raises:
        UnknownReleaseError: the page does not offer it; the sentence says what it does.
    """
    if since is not None:
        first = effective_date(parse_label(since))
        chosen = [offer for label, offer in offered.items() if effective_date(label) >= first]
    elif wanted is not None and is_latest(wanted):
        chosen = list(offered.values())[-1:]
    else:
        chosen = [offer for label, offer in offered.items() if label == parse_label(wanted or "")]
    if not chosen:
        asked = wanted or f"release since {since}"
        raise UnknownReleaseError(f"{publisher.index} offers no {asked}; it offers: {', '.join(offered) or 'none'}")
    return chosen


def is_latest(wanted: str) -> bool:
    """Whether what is asked for is the newest release."""
    return wanted.strip().lower() == LATEST


def fetch(
    stored: Stored, publisher: Publisher, offer: Offer, now: datetime, told: Told, *, strict: bool = False
) -> tuple[Link, Imported]:
    """Download the newest issue of a release and import it; return the link that was taken, and the outcome.

    Raises:
        PublisherError: it cannot be downloaded whole.
        RefusedError: it holds another release than the page says, storing it would mislead, or it has unexplained
            errors (`strict`).
        SourceError, ArchiveError, StoreError: as `import_path`. Nothing is stored, in any of these cases.
    """
    link = _taken(publisher, offer)
    data = publisher.download(link, told)
    try:
        with TemporaryDirectory(prefix="tracker-") as folder:
            path = Path(folder) / link.name
            path.write_bytes(data)
            glimpse = publisher.look(Link(path))
            hints = _hints(glimpse)
            if hints.label not in (None, offer.label):
                raise RefusedError(
                    f"{link.place} holds {hints.label}, and the page calls it {offer.label}: nothing was stored; if "
                    f"it is what you want, download it in a browser and run: tracker import {link.name}"
                )
            options = Options(label=offer.label, address=link.address, strict=strict)
            (imported,) = import_path(stored, path, options, now)
    except OSError as error:  # the archive's and the index's errors are told where they happen
        raise PublisherError(
            f"{link.name}: there is no place for the download while it is read ({error.strerror}): nothing was stored; "
            "make room in the folder for temporary files, or name another in TMPDIR"
        ) from error
    if not imported.stored:
        _remember(stored, offer.label, _Known(imported.release.name, glimpse.size, hints.mark))
    return link, imported


def check(stored: Stored, publisher: Publisher, labels: Sequence[str] = ()) -> list[Checked]:
    """Say whether the page has news of releases; without labels, of all whole ones that are stored, and newer ones.

    Raises:
        PublisherError: the page cannot be read. What goes wrong with one release is told of that one.
    """
    offered = offers(publisher)
    whole = [revision.release.label for revision in stored.revisions if revision.release.complete]
    asked = {parse_label(label) for label in labels}
    if not asked:
        newest = max(whole, default=None)
        newer = [label for label in offered if newest is None or label > newest]
        asked = {*whole, *(newer if newest else newer[-1:])}
    return [_check(stored, publisher, label, offered.get(label)) for label in sorted(asked)]


def check_offer(stored: Stored, publisher: Publisher, offer: Offer) -> Checked:
    """Say whether there is news in one offer."""
    return _check(stored, publisher, offer.label, offer)


def _check(stored: Stored, publisher: Publisher, label: str, offer: Offer | None) -> Checked:
    known = _known(stored, label)
    meant = stored.current(label)
    name = meant.release.name if meant and meant.release.complete else None
    if offer is None:
        return Checked(label, State.NOT_OFFERED, "the page does not offer it", name)
    try:
        link = _taken(publisher, offer)
        glimpse = publisher.look(link)
    except PublisherError as error:
        return Checked(label, State.FAILED, str(error), name)
    mark = _hints(glimpse).mark
    state, why = _compare(known, glimpse, mark)
    return Checked(label, state, why, name, link.address or str(link.target), glimpse.size, mark)


def _compare(known: Sequence[_Known], glimpse: Glimpse, mark: str | None) -> tuple[State, str]:
    """Compare what is offered with all that is stored of the release, whole or withdrawn.

    A zip is the same if size and mark are; where only the text or the workbook is stored, the mark alone tells.
    """
    if not known:
        return State.NEW, "not stored"
    same = next((one for one in known if _is_same(one, glimpse, mark)), None)
    if same is not None:
        told = [word for word, tells in (("size", same.size), ("mark", mark)) if tells]
        return State.SAME, f"the same {' and '.join(told)} as {same.release}"
    last = next((one for one in reversed(known) if one.size is not None), known[-1])
    mine, its = mark_order(last.mark), mark_order(mark)
    if mine and its and mine[0] == its[0] and mine > its:
        return State.SAME, f"mark {mark}, and {last.release} has a later one, {last.mark}"
    if glimpse.members is not None and mark != last.mark and (last.size is not None or (mark and last.mark)):
        return State.REISSUED, f"mark {mark or 'none'} instead of {last.mark or 'none'} ({last.release})"
    if glimpse.size is not None and last.size is not None and glimpse.size != last.size:
        return State.REISSUED, f"{glimpse.size:,} bytes instead of {last.size:,} ({last.release})"
    return State.UNKNOWN, f"what is offered and {last.release} have nothing by which they can be compared"


def _is_same(one: _Known, glimpse: Glimpse, mark: str | None) -> bool:
    if one.size is None:
        return mark is not None and one.mark == mark
    return one.size == glimpse.size and (glimpse.members is None or one.mark == mark)


def _taken(publisher: Publisher, offer: Offer) -> Link:
    """Return the link to the newest issue, which may stand on a page of its own."""
    best = offer.links[0]
    if best.is_zip:
        return best
    found = publisher.linked(best, _likely_name(offer.label))
    ours = [link for link in found if _label(link) == offer.label]
    if not ours:
        raise PublisherError(f"{best.address} links no zip of {offer.label}")
    return _offer(offer.label, ours).links[0]


def _offer(label: str, links: Iterable[Link]) -> Offer:
    """Order the links to a release: zips before pages, then the latest issue first, then as on the page."""
    return Offer(label, tuple(sorted(links, key=lambda link: (link.is_zip, *_issue(link)), reverse=True)))


def _issue(link: Link) -> tuple[date, int]:
    """Return what name and words tell of an issue: the day that they name, and the number, by which it is the later.

    `…-file.zip` is followed by `…-file-0.zip`, then `…-file-1.zip`; `…_updated` follows the plain name as well.
    """
    hints = name_hints(link.name)
    days = [day for text in (link.name, link.words) for match in _DAY.finditer(text) if (day := _date(match))]
    days += [hints.published] if hints.published else []
    number, version = _NUMBER.search(link.name), mark_order(hints.mark)
    if number:
        return max(days, default=_NEVER), int(number[1]) + 1
    updated = version[1] if version and version[0] == "version" else bool(_SINCE.search(link.name))
    return max(days, default=_NEVER), int(updated)


def _date(match: re.Match[str]) -> date | None:
    try:
        return date(int(match[3]), int(match[1]), int(match[2]))
    except ValueError:
        return None


def _label(link: Link) -> str | None:
    """Return the release that a link's name tells, else its words; a day of publication in them is not its."""
    name = link.name.removesuffix(".zip")
    found = (name_hints(re.sub(r"[./]", " ", _SINCE.sub("", words))).label for words in (name, link.words))
    return next(filter(None, found), None)


def _likely_name(wanted: str) -> str:
    if is_latest(wanted):
        return file_name()
    day = effective_date(parse_label(wanted))
    return file_name(day.year, day.month)


def _hints(glimpse: Glimpse) -> NameHints:
    """Return what the names in a zip tell, of the text before the workbook, as its reader does."""
    names = [base_name(member) for member in glimpse.members or ()]
    records = [name for name in names if "anweb" in name.lower() and not _NOT_RECORDS.search(name)]
    return name_hints(min(records, key=lambda name: not name.lower().endswith(".txt"), default=""))


# ---------------------------------------------------------------- files whose content is stored already


def _known(stored: Stored, label: str) -> list[_Known]:
    found = [
        _Known(release.name, release.source.size if release.source.format == "zip" else None, release.mark)
        for release in (revision.release for revision in stored.labelled(label))
        if release.complete and release.source.format != "sheet"
    ]
    return [*_remembered(stored).get(label, ()), *found]


def _memory(stored: Stored) -> Path:
    """Return the file that keeps size and mark of zips whose content was stored already when they were fetched.

    Without it, a zip that CMS packed anew around the same records would be news for ever. It may be deleted.
    """
    return stored.home.folder / "fetched.json"


def _remembered(stored: Stored) -> dict[str, list[_Known]]:
    try:
        told = json.loads(_memory(stored).read_text(encoding="utf-8"))
        return {label: [_Known(**one) for one in files] for label, files in told.items()}
    except (OSError, ValueError, TypeError, AttributeError):
        return {}


def _remember(stored: Stored, label: str, file: _Known) -> None:
    if any((one.size, one.mark) == (file.size, file.mark) for one in _known(stored, label)):
        return
    known = _remembered(stored)
    known.setdefault(label, []).append(file)
    path = _memory(stored)
    draft = path.with_suffix(f".{os.getpid()}.draft")
    text = json.dumps({key: [asdict(one) for one in files] for key, files in known.items()}, indent=1)
    try:
        draft.write_text(f"{text}\n", encoding="utf-8")
        draft.replace(path)
    except OSError as error:
        draft.unlink(missing_ok=True)
        raise ArchiveError(f"{path}: {error.strerror}") from error
