"""Write a diff as a report, to a file or as bytes for standard output."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final

from tracker import disk
from tracker import policy as policies
from tracker.app.compare import compare_releases
from tracker.app.files import read_bytes
from tracker.app.stored import Stored
from tracker.diff.compare import why_revised
from tracker.diff.select import EVERYTHING, select
from tracker.errors import TrackerError
from tracker.hcpcs.audit import audit
from tracker.hcpcs.catalogue import HCPCS
from tracker.home import Home
from tracker.model import Diff, Facet, Format, Selection, Status
from tracker.report import render
from tracker.report.view import ReportView, amount, build_view


def load_policy(here: Path, home: Home) -> policies.Policy:
    """Return the policy that holds here: of the nearest `tracker.toml` upward, else of the home's; else none.

    Raises:
        PolicyError: the file has a mistake.
    """
    path = policies.find(here, home.folder)
    return policies.read(path, HCPCS) if path else policies.EMPTY


def view_releases(
    stored: Stored,
    old: str,
    new: str,
    *,
    policy: policies.Policy,
    today: date,
    selection: Selection = EVERYTHING,
    administrative: bool = False,
    written: date | None = None,
) -> ReportView:
    """Compare two releases, apply a policy as of a day, and return what is selected, ready to be drawn.

    Raises:
        UnknownReleaseError: one of the releases is not stored.
    """
    whole = policies.apply(policy, compare_releases(stored, old, new), HCPCS, today)
    return view_diff(
        stored,
        select(whole, selection, HCPCS),
        selection,
        remarks=[
            f"{remark} (in all, whatever is selected)" if selection else remark
            for remark in policies.remarks(policy, whole, HCPCS, today)
        ],
        administrative=administrative,
        written=written,
    )


def view_diff(
    stored: Stored,
    diff: Diff,
    selection: Selection = EVERYTHING,
    *,
    remarks: Iterable[str] = (),
    administrative: bool = False,
    written: date | None = None,
) -> ReportView:
    """Return a diff ready to be drawn; `selection` is what it was reduced to.

    Where that left only some fields of a change, there is no audit: the publisher's word is about all of them.
    """
    return build_view(
        HCPCS,
        diff,
        remarks=[*_remarks(stored, diff, selection), *remarks],
        problems={release.name: stored.problems(stored.find(release.name)) for release in (diff.old, diff.new)},
        audit=() if selection.facets or selection.events or selection.level else audit(diff),
        administrative=administrative or Facet.ACTION in selection.facets,
        written=written,
        selection=selection,
    )


def render_as(view: ReportView, report_format: Format, template: Path | None = None) -> bytes:
    """Return a view as a file of the given format, or as a user's own template draws it.

    Raises:
        TrackerError: the template cannot be read, or has a mistake.
    """
    if template is None:
        return render(view, report_format)
    from tracker.report.html import render_template

    try:
        text = read_bytes(template).decode()
    except UnicodeDecodeError as error:
        raise TrackerError(f"{template}: the template is not UTF-8 text: save it as UTF-8") from error
    return render_template(view, text, template.name)


def write_files(files: Iterable[tuple[Path, bytes | Iterable[bytes]]], home: Home) -> None:
    """Write files, each whole, and all or none: beside their places first, piece by piece, then under their names.

    A link stays a link. A device or pipe (`/dev/stdout`) is written to, and never replaced by a file; that is done
    when all files are written, before they get their names.

    Args:
        files: each file with its content, or the pieces of it. Whatever making them raises goes on to the caller,
            and nothing is left.
        home: where nothing may be written over.

    Raises:
        TrackerError: one cannot be written, or is a place in the archive or index of `home`. Files that stood
            there are left as they were.
    """
    path = None

    def plain() -> Iterator[tuple[Path, Iterable[bytes]]]:
        nonlocal path
        devices = []
        for path, data in files:
            pieces = (data,) if isinstance(data, bytes) else data
            if home.holds(path):
                told = "belongs to what is stored, and a report is not written over it: name another file"
                raise TrackerError(f"{path} {told}")
            if path.exists() and not path.is_file():
                devices.append((path, pieces))
            else:
                yield Path(os.path.realpath(path)), pieces
        for path, pieces in devices:
            with path.open("wb") as file:
                file.writelines(pieces)

    try:
        disk.replace_all(plain())
    except OSError as error:
        raise TrackerError(f"{path}: {error.strerror or error}: the report was not written") from error


def _remarks(stored: Stored, diff: Diff, selection: Selection) -> Iterator[str]:
    """Say what two revisions of one release have to do with each other, and which is the better one."""
    if diff.old.label == diff.new.label and diff.old.revision != diff.new.revision:
        yield f"{_revised(diff)}{' in what was selected' if selection else ''}"
    for release in {release.name: release for release in (diff.old, diff.new)}.values():
        meant = stored.current(release.label)
        if meant is not None and meant.release.name != release.name:
            yield f"{release.label} by itself means {meant.release.name}, not {release.name}"


_VALUES: Final = {
    Facet.DESCRIPTION: "description",
    Facet.DATES: "date",
    Facet.ACTION: "action code",
    Facet.COVERAGE: "coverage code",
    Facet.PAYMENT: "payment value",
    Facet.CLASSIFICATION: "classification",
    Facet.REFERENCE: "reference",
    Facet.NOTE: "processing note",
}
"""What a changed value of each facet is called."""


def _revised(diff: Diff) -> str:
    """Return why a release has two revisions, and what that changed: `re-issued: 1 description, 2 coverage codes`."""
    earlier, later = sorted((diff.old, diff.new), key=lambda release: release.revision)
    why, nothing = {
        "amended": ("amended by sheets", "nothing changed"),
        "read again": ("read again by a newer program", "nothing changed"),
        "an excerpt": (f"{later.name} is an excerpt", "no value differs"),
        "the whole release": (f"{later.name} is the whole release", "no value differs"),
        "other file format": (
            f"other file format ({earlier.source.format}, {later.source.format})",
            "no value differs",
        ),
        "re-issued": ("re-issued", "nothing changed"),
    }[why_revised(earlier, later)]
    codes = Counter(change.status for change in diff.changes)
    came, went = (Status.ADDED, Status.REMOVED) if diff.old is earlier else (Status.REMOVED, Status.ADDED)
    values = Counter(HCPCS.fields[field.field].facet for change in diff.changes for field in change.fields)
    told = [
        *(
            f"{amount(codes[status], 'code')} {verb}"
            for status, verb in ((came, "added"), (went, "gone"))
            if codes[status]
        ),
        *(amount(values[facet], noun) for facet, noun in _VALUES.items() if values[facet]),
    ]
    return f"{why}: {', '.join(told) or nothing}"
