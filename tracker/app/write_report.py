"""Write a diff as a report, to a file or as bytes for standard output."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from tracker.app.stored import Stored
from tracker.diff.compare import why_revised
from tracker.diff.select import Selection
from tracker.diff.wording import edits
from tracker.errors import TrackerError
from tracker.hcpcs.catalogue import HCPCS
from tracker.model import Diff, Facet, Format
from tracker.report import RENDERERS
from tracker.report.view import ReportView, build_view


def view_diff(stored: Stored, diff: Diff, selection: Selection, *, administrative: bool = False) -> ReportView:
    """Return a diff ready to be drawn; `selection` is what it was reduced to."""
    remarks = [*_remarks(stored, diff), *_selected(selection)]
    return build_view(HCPCS, diff, mark=edits, remarks=remarks, administrative=administrative)


def render(view: ReportView, report_format: Format) -> bytes:
    """Return a view as a file of the given format."""
    return RENDERERS[report_format](view)


def write_file(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: beside its place first, then under its name.

    A link stays a link. A device or pipe (`/dev/stdout`) is written to, and never replaced by a file.

    Raises:
        TrackerError: it cannot be written. A file that stood there is left as it was.
    """
    temporary = None
    try:
        if path.exists() and not path.is_file():
            path.write_bytes(data)
            return
        target = path.resolve()
        temporary = target.with_name(f".{target.name}.{os.getpid()}.draft")
        temporary.write_bytes(data)
        temporary.replace(target)
    except OSError as error:
        if temporary is not None:
            with suppress(OSError):
                temporary.unlink(missing_ok=True)
        raise TrackerError(f"{path}: {error.strerror}: the report was not written") from error


def _remarks(stored: Stored, diff: Diff) -> Iterator[str]:
    """Say what two revisions of one release have to do with each other, and which is the better one."""
    old, new = diff.old, diff.new
    if old.label == new.label and old.revision != new.revision:
        earlier, later = sorted((old, new), key=lambda release: release.revision)
        formats = (
            f" ({earlier.source.format}, {later.source.format})" if earlier.source.format != later.source.format else ""
        )
        yield f"two revisions of one release; {later.name} came in as: {why_revised(earlier, later)}{formats}"
    for release in (old, new) if old.name != new.name else (old,):
        meant = stored.current(release.label)
        if meant is not None and meant.release.name != release.name:
            yield f"{release.label} by itself means {meant.release.name}, not {release.name}"


def _selected(selection: Selection) -> Iterator[str]:
    if selection.facets:
        names = ", ".join(facet.value for facet in Facet if facet in selection.facets)
        yield f"only changed fields of: {names} (codes added or removed are left out)"
    if selection.codes:
        yield f"only codes that match: {', '.join(selection.codes)}"
    if selection.kind:
        yield f"only {selection.kind}s"
