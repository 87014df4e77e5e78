"""Hold the publisher to account for what it says of its own changes."""

from __future__ import annotations

from pathlib import Path

from tracker.app.compare import compare_releases
from tracker.app.files import read_bytes
from tracker.app.stored import Stored
from tracker.hcpcs.audit import audit, compare_with_report
from tracker.hcpcs.readers import transactions
from tracker.model import Finding


def audit_releases(stored: Stored, old: str, new: str, report: Path | None = None) -> tuple[Finding, ...]:
    """Return where action codes and dates, or CMS's transaction report, differ from what changed.

    Raises:
        UnknownReleaseError: one of the releases is not stored.
        SourceError: the report cannot be read. Nothing of it is stored.
    """
    diff = compare_releases(stored, old, new)
    if report is None:
        return audit(diff)
    return compare_with_report(diff, transactions.read(report.name, read_bytes(report)))
